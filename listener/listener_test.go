package listener_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/listener"
	"whk/listener/store"
	"whk/replay"
	"whk/verify"
	"whk/verify/provider"
)

var secret = verify.NewSecret("env RENTMAN_TOKEN", "some_secret_key")

const created = `{"account":"youraccountname","user":null,"eventType":"create","itemType":"Contact","items":[{"id":12014,"ref":"/contacts/12014","parent":null}],"eventDate":"2023-02-02T12:07:01+01:00"}`

// harness is a listener with a real store, on a free port.
type harness struct {
	t     *testing.T
	url   string
	store *store.Store
	l     *listener.Listener
	stop  func()
}

func openStore(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.Open(path, store.Options{Exclusive: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func recogniser(t *testing.T) *listener.Recogniser {
	t.Helper()
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	r := &listener.Recogniser{Set: set, Endpoints: map[string]listener.Endpoint{}, Paths: map[string]string{}}
	for _, p := range set.All() {
		keyring, err := p.Scheme.Bind("", secret)
		if err != nil { // it wants a key and not a text
			keyring, err = p.Scheme.Bind("", p.Scheme.DevelopmentSecret(p.Name))
		}
		if err != nil {
			t.Fatal(err)
		}
		r.Endpoints[p.Name] = listener.Endpoint{Provider: p, Keyring: keyring, Secrets: []verify.Secret{secret}}
		r.Paths["/"+p.Name] = p.Name
	}
	return r
}

func start(t *testing.T, s *store.Store, configure func(*listener.Options)) *harness {
	t.Helper()
	r := recogniser(t)
	o := listener.Options{Log: s, Recognise: r.Recognise, Moment: r.Moment, Accepts: r.Accepts, Admit: r.Admit, Handshake: r.Handshake, Sender: &replay.Sender{},
		Warn: func(text string) { t.Log("warned: " + text) }}
	if configure != nil {
		configure(&o)
	}
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	h := &harness{t: t, url: "http://" + socket.Addr().String(), store: s, l: listener.New(o)}
	served := make(chan error, 1)
	go func() { served <- h.l.Serve(ctx, socket) }()
	stopped := false
	h.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	}
	t.Cleanup(h.stop)
	return h
}

func newHarness(t *testing.T, configure func(*listener.Options)) *harness {
	return start(t, openStore(t, filepath.Join(t.TempDir(), "events.db")), configure)
}

// signed returns a request as Rentman would send it.
func (h *harness) signed(path, body string) *http.Request {
	h.t.Helper()
	r := recogniser(h.t)
	d := &verify.Delivery{Header: http.Header{}, Body: []byte(body)}
	if err := r.Endpoints["rentman"].Keyring.Sign(d, time.Now(), ""); err != nil {
		h.t.Fatal(err)
	}
	request, err := http.NewRequest("POST", h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	request.Header = d.Header
	return request
}

func (h *harness) do(r *http.Request) (int, string, http.Header) {
	h.t.Helper()
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return response.StatusCode, string(body), response.Header
}

func (h *harness) post(path, body string) int {
	h.t.Helper()
	request, err := http.NewRequest("POST", h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	status, _, _ := h.do(request)
	return status
}

func (h *harness) last() *listener.Event {
	h.t.Helper()
	e, err := h.store.Find(h.t.Context(), "last")
	if err != nil {
		h.t.Fatal(err)
	}
	return e
}

func (h *harness) count() int64 {
	h.t.Helper()
	n, err := h.store.Last(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// results waits until event n has so many results.
func (h *harness) results(n int64, want int) []verify.Result {
	h.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		results, err := h.store.Results(h.t.Context(), n)
		if err != nil {
			h.t.Fatal(err)
		}
		if len(results) >= want {
			return results
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("event %d has %d results, want %d", n, len(results), want)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestReceive(t *testing.T) {
	h := newHarness(t, nil)
	tests := []struct {
		name          string
		request       func() *http.Request
		status        int
		event, judged string
	}{
		{"signed", func() *http.Request { return h.signed("/rentman", created) }, 200, "rentman/Contact.create", "valid"},
		{"below the provider's path", func() *http.Request { return h.signed("/rentman/account/7", created) }, 200, "rentman/Contact.create", "valid"},
		{"told by its looks", func() *http.Request { return h.signed("/", created) }, 200, "rentman/Contact.create", "valid"},
		{"no signature", func() *http.Request {
			r := h.signed("/rentman", created)
			r.Header.Del("Digest")
			return r
		}, 200, "rentman/Contact.create", "missing"},
		{"wrong signature", func() *http.Request {
			r := h.signed("/rentman", created)
			r.Body = io.NopCloser(strings.NewReader(created[:len(created)-1] + " "))
			return r
		}, 200, "rentman/unknown", "invalid: wrong value"},
		{"not JSON", func() *http.Request { return h.signed("/rentman", "hello") }, 200, "rentman/unknown", "valid"},
		{"deep nesting", func() *http.Request { return h.signed("/rentman", strings.Repeat("[", 25<<20)) }, 200, "rentman/unknown", "valid"},
		{"nobody knows it", func() *http.Request {
			r, _ := http.NewRequest("PUT", h.url+"/elsewhere", strings.NewReader("x"))
			return r
		}, 200, "unknown/unknown", "unchecked: no provider recognised"},
		{"coordinates by GET", func() *http.Request {
			r, _ := http.NewRequest("GET", h.url+"/ubiqo?lat=1.5&lon=2", nil)
			return r
		}, 200, "ubiqo/gps.coordinate", "unsigned"},
		{"GET without anything where GETs are sent", func() *http.Request {
			r, _ := http.NewRequest("GET", h.url+"/ubiqo", nil)
			return r
		}, 200, "ubiqo/gps.coordinate", "unsigned"},
		{"empty body", func() *http.Request { return h.signed("/rentman", "") }, 200, "rentman/unknown", "valid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := h.count()
			status, _, _ := h.do(tt.request())
			if status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			if got := h.count(); got != before+1 {
				t.Fatalf("%d events stored, want 1", got-before)
			}
			e := h.last()
			if e.FullName() != tt.event || e.Verdict.String() != tt.judged {
				t.Errorf("stored %s %s, want %s %s", e.FullName(), e.Verdict, tt.event, tt.judged)
			}
			if e.Status != tt.status || e.ID == "" || e.At.IsZero() || e.Remote == "" {
				t.Errorf("incomplete event: %+v", e)
			}
		})
	}
}

func TestHealthChecksAreNotStored(t *testing.T) {
	h := newHarness(t, nil)
	for _, method := range []string{"HEAD", "OPTIONS", "GET"} {
		r, _ := http.NewRequest(method, h.url+"/rentman", nil)
		if status, _, _ := h.do(r); status != http.StatusNoContent {
			t.Errorf("%s answered %d, want 204", method, status)
		}
	}
	if n := h.count(); n != 0 {
		t.Errorf("%d events stored, want none", n)
	}
	if got := h.l.Stats().Health; got != 3 {
		t.Errorf("Stats.Health = %d, want 3", got)
	}
}

func TestPathToken(t *testing.T) {
	h := newHarness(t, func(o *listener.Options) {
		r := recogniser(t)
		r.Token = "s3same"
		o.Recognise, o.Admit = r.Recognise, r.Admit
	})
	for path, want := range map[string]int{
		"/cmmshere/s3same": 200, "/cmmshere/s3same/": 200, "/cmmshere": 404, "/cmmshere/other": 404,
		"/s3same": 404, "/": 404, "/nobody/s3same": 404, "/cmmshere/s3same/more": 404,
	} {
		if got := h.post(path, `{"type":"sol.created","object":"event"}`); got != want {
			t.Errorf("POST %s answered %d, want %d", path, got, want)
		}
	}
	if n := h.count(); n != 2 {
		t.Errorf("%d events stored, want the 2 that were admitted", n)
	}
}

// Bytes in are bytes out: in the store and at the forward target.
func TestBytesInAreBytesOut(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	bodies := map[string][]byte{
		"pretty":          []byte("{\r\n\t\"a\" : 20.0,\n  \"b\": \"\\/ \\u00e9 \u00e9\", \"n\": 12345678901234567 }\n"),
		"every byte":      every,
		"ten MiB":         bytes.Repeat(every, 10<<20/256),
		"one byte":        {0},
		"byte order mark": []byte("\ufeff{}"),
	}
	var forwarded atomic.Pointer[verify.Delivery]
	target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		forwarded.Store(&verify.Delivery{Method: r.Method, URL: r.RequestURI, Header: r.Header, Body: body})
	}))
	defer target.Close()
	h := newHarness(t, func(o *listener.Options) { o.Routes = []listener.Route{routeTo(target.URL)} })
	for name, body := range bodies {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s chunked=%v", name, chunked), func(t *testing.T) {
				r, _ := http.NewRequest("POST", h.url+"/rentman?a=%2F&b", bytes.NewReader(body))
				r.Header = http.Header{"X-Twice": {"one", "two", "one"}, "Content-Type": {"application/json"}}
				if chunked {
					r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), -1
				}
				if status, _, _ := h.do(r); status != 200 {
					t.Fatalf("answered %d", status)
				}
				e, got := h.last(), forwarded.Load()
				if !bytes.Equal(e.Delivery.Body, body) || !bytes.Equal(got.Body, body) {
					t.Errorf("%d bytes sent, %d stored, %d forwarded, not all equal", len(body), len(e.Delivery.Body), len(got.Body))
				}
				want := []string{"one", "two", "one"}
				if diff := cmp.Diff(want, e.Delivery.Header["X-Twice"]); diff != "" {
					t.Errorf("stored header (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(want, got.Header["X-Twice"]); diff != "" {
					t.Errorf("forwarded header (-want +got):\n%s", diff)
				}
				if e.Delivery.URL != "/rentman?a=%2F&b" || got.URL != "/rentman?a=%2F&b" {
					t.Errorf("URL stored %q, forwarded %q", e.Delivery.URL, got.URL)
				}
			})
		}
	}
}

func routeTo(url string) listener.Route {
	return listener.Route{Name: url, Target: func(e *listener.Event) string { return url + e.Delivery.URL }}
}

func TestBodyOverTheCapIsRecorded(t *testing.T) {
	h := newHarness(t, func(o *listener.Options) { o.MaxBody = 1000 })
	body := strings.Repeat("x", 1001)
	for _, tt := range []struct {
		name   string
		length int64
		status int
		stored int
		size   int
		cut    string
	}{
		{"announced", 1001, 413, 1, 0, "1001 bytes were announced"},
		{"chunked", -1, 413, 1, 1000, "more came"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := http.NewRequest("POST", h.url+"/rentman", strings.NewReader(body))
			r.ContentLength = tt.length
			if tt.length < 0 {
				r.Body = io.NopCloser(strings.NewReader(body))
			}
			if status, text, _ := h.do(r); status != tt.status || !strings.Contains(text, "1000 bytes") {
				t.Errorf("answered %d %q", status, text)
			}
			e := h.last()
			if e.Status != tt.status || len(e.Delivery.Body) != tt.size || !strings.Contains(e.Cut, tt.cut) {
				t.Errorf("stored %d bytes, status %d, cut %q", len(e.Delivery.Body), e.Status, e.Cut)
			}
			if e.Verdict.Reason != verify.Incomplete {
				t.Errorf("verdict %v, want incomplete", e.Verdict)
			}
		})
	}
	if got := h.post("/rentman", body[:1000]); got != 200 {
		t.Errorf("a body of exactly the cap is answered %d", got)
	}
}

// raw sends bytes over a connection of its own and returns it.
func (h *harness) raw(text string) net.Conn {
	h.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, text); err != nil {
		h.t.Fatal(err)
	}
	return conn
}

func (h *harness) waitCount(want int64) {
	h.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for h.count() < want {
		if time.Now().After(deadline) {
			h.t.Fatalf("%d events stored, want %d", h.count(), want)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestBrokenOffBodiesAreRecorded(t *testing.T) {
	h := newHarness(t, func(o *listener.Options) { o.StallTimeout = 150 * time.Millisecond })
	head := "POST /rentman HTTP/1.1\r\nHost: localhost\r\nContent-Length: 400\r\n\r\n"
	h.raw(head + `{"half":`).Close()
	h.waitCount(1)
	if e := h.last(); e.Cut != "the sender left after 8 of 400 bytes" || string(e.Delivery.Body) != `{"half":` {
		t.Errorf("cut %q with %q", e.Cut, e.Delivery.Body)
	}
	conn := h.raw(head + `{"stalled":`)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestTimeout {
		t.Errorf("answered %d, want 408", response.StatusCode)
	}
	h.waitCount(2)
	if e := h.last(); e.Cut != "the sender stalled after 11 of 400 bytes" {
		t.Errorf("cut %q", e.Cut)
	}
}

// failingLog refuses to keep anything.
type failingLog struct{ *store.Store }

func (failingLog) Append(context.Context, *listener.Event) error {
	return errors.New("no room on the disk")
}

func TestWhatIsNotKeptIsNotAcknowledged(t *testing.T) {
	var warned atomic.Int64
	h := newHarness(t, func(o *listener.Options) {
		o.Log = failingLog{o.Log.(*store.Store)}
		o.Warn = func(string) { warned.Add(1) }
	})
	status, _, header := h.do(h.signed("/rentman", created))
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("answered %d, Retry-After %q", status, header.Get("Retry-After"))
	}
	if warned.Load() != 1 {
		t.Errorf("warned %d times, want once", warned.Load())
	}
}

func TestBodiesInFlightAreBounded(t *testing.T) {
	entered := make(chan struct{})
	h := newHarness(t, func(o *listener.Options) {
		o.MaxInFlight = 100 << 10
		o.Admit = func(path string) bool {
			if path == "/held" {
				close(entered)
			}
			return true
		}
	})
	conn := h.raw("POST /held HTTP/1.1\r\nHost: localhost\r\nContent-Length: 80000\r\n\r\n" + strings.Repeat("x", 70000))
	<-entered
	deadline := time.Now().Add(10 * time.Second)
	for {
		status := h.post("/rentman", strings.Repeat("y", 60000))
		if status == http.StatusServiceUnavailable {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("bodies beyond the bound were received")
		}
	}
	if _, err := io.WriteString(conn, strings.Repeat("x", 10000)); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if got := h.post("/rentman", strings.Repeat("y", 60000)); got != 200 {
		t.Errorf("answered %d after the memory was free again", got)
	}
}

func TestPolicy(t *testing.T) {
	var calls atomic.Int64
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		w.Header()["X-App"] = []string{"one", "two"}
		w.Header().Set("X-Marked", r.Header.Get(listener.VerdictHeader))
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, "thanks")
	}))
	defer target.Close()
	for _, tt := range []struct {
		name   string
		policy listener.Policy
		path   string
		signed bool
		status int
		body   string
		calls  int64
	}{
		{"the app's answer", listener.Policy{}, "/rentman", true, 202, "thanks", 1},
		{"flagged", listener.Policy{OnInvalid: listener.Flag}, "/rentman", false, 202, "thanks", 1},
		{"rejected", listener.Policy{OnInvalid: listener.Reject}, "/rentman", false, 401, "the signature was not accepted\n", 0},
		{"dropped", listener.Policy{OnInvalid: listener.Drop}, "/rentman", false, 200, "", 0},
		{"valid under reject", listener.Policy{OnInvalid: listener.Reject}, "/rentman", true, 202, "thanks", 1},
		{"unsigned under reject", listener.Policy{OnInvalid: listener.Reject}, "/cmmshere", false, 202, "thanks", 1},
		{"own status", listener.Policy{Respond: 503}, "/rentman", true, 503, "", 1},
		{"first ones fail", listener.Policy{FailFirst: 1}, "/rentman", true, 500, "", 1},
		{"queued", listener.Policy{Ack: true}, "/rentman", true, 200, "", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			calls.Store(0)
			h := newHarness(t, func(o *listener.Options) {
				o.Policy, o.Routes = tt.policy, []listener.Route{routeTo(target.URL)}
			})
			r := h.signed(tt.path, created)
			if !tt.signed {
				r.Header.Del("Digest")
			}
			status, body, header := h.do(r)
			if status != tt.status || body != tt.body {
				t.Errorf("answered %d %q, want %d %q", status, body, tt.status, tt.body)
			}
			if tt.calls > 0 {
				if got := h.results(1, 1)[0]; got.Status != 202 || string(got.Body) != "thanks" {
					t.Errorf("recorded %d %q", got.Status, got.Body)
				}
			}
			h.stop()
			if got := calls.Load(); got != tt.calls {
				t.Errorf("the target was called %d times, want %d", got, tt.calls)
			}
			if status == 202 {
				if diff := cmp.Diff([]string{"one", "two"}, header["X-App"]); diff != "" {
					t.Errorf("header passed back (-want +got):\n%s", diff)
				}
				if want := map[bool]string{true: "", false: "missing"}[tt.signed || tt.path == "/cmmshere"]; header.Get("X-Marked") != want {
					t.Errorf("forwarded with mark %q, want %q", header.Get("X-Marked"), want)
				}
			}
		})
	}
}

func TestFailFirstCountsPerProvider(t *testing.T) {
	h := newHarness(t, func(o *listener.Options) { o.Policy.FailFirst = 2 })
	var got []int
	for _, path := range []string{"/rentman", "/rentman", "/cmmshere", "/rentman", "/cmmshere", "/cmmshere"} {
		got = append(got, h.post(path, "{}"))
	}
	if diff := cmp.Diff([]int{500, 500, 500, 200, 500, 200}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

// hang answers nothing until the client leaves, which a server only sees once the body
// has been read.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func TestTargetsThatDoNotAnswer(t *testing.T) {
	hanging := httptest.NewServer(http.HandlerFunc(hang))
	defer hanging.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, tt := range []struct {
		name, url string
		status    int
		outcome   verify.Outcome
	}{
		{"refused", gone.URL, http.StatusBadGateway, verify.Refused},
		{"timed out", hanging.URL, http.StatusGatewayTimeout, verify.TimedOut},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHarness(t, func(o *listener.Options) {
				o.Routes, o.Sender = []listener.Route{routeTo(tt.url)}, &replay.Sender{Timeout: 200 * time.Millisecond}
			})
			if status, _, _ := h.do(h.signed("/rentman", created)); status != tt.status {
				t.Errorf("answered %d, want %d", status, tt.status)
			}
			if got := h.results(1, 1)[0]; got.Outcome != tt.outcome || got.Error == "" {
				t.Errorf("recorded %s (%s), want %s", got.Outcome, got.Error, tt.outcome)
			}
		})
	}
}

// A queue outlives the target and whk: what was acknowledged while nobody was there is
// handed on, once, after both have come back.
func TestQueueSurvivesTargetAndRestart(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "events.db"))
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := socket.Addr().String()
	socket.Close()
	configure := func(o *listener.Options) {
		o.Policy.Ack, o.Routes = true, []listener.Route{routeTo("http://" + address)}
		o.StopTimeout = 200 * time.Millisecond
	}
	h := start(t, s, configure)
	for range 5 {
		if status, _, _ := h.do(h.signed("/rentman", created)); status != 200 {
			t.Fatalf("answered %d", status)
		}
	}
	if got := h.results(1, 1)[0]; got.Outcome != verify.Refused {
		t.Fatalf("recorded %s, want refused", got.Outcome)
	}
	h.stop()

	if socket, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	var calls atomic.Int64
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) })}
	go server.Serve(socket)
	defer server.Close()
	for _, ack := range []bool{true, false} { // the second finds nothing left to do
		h = start(t, s, func(o *listener.Options) { configure(o); o.Policy.Ack = ack })
		for n := int64(1); n <= 5; n++ {
			results := h.results(n, 1)
			for len(results) < 2 && results[len(results)-1].Outcome != verify.Answered {
				results = h.results(n, len(results)+1)
			}
			if got := results[len(results)-1]; got.Status != 200 {
				t.Errorf("event %d: %s %d", n, got.Outcome, got.Status)
			}
		}
		h.stop()
	}
	if got := calls.Load(); got != 5 {
		t.Errorf("the target was called %d times, want 5", got)
	}
	if _, unfinished, err := s.Cursor(t.Context(), "http://"+address); err != nil || unfinished {
		t.Errorf("the queue is left behind: %v %v", unfinished, err)
	}
}

func TestStopDrains(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		w.WriteHeader(http.StatusAccepted)
	}))
	defer target.Close()
	h := newHarness(t, func(o *listener.Options) { o.Routes = []listener.Route{routeTo(target.URL)} })
	status := make(chan int, 1)
	request := h.signed("/rentman", created)
	go func() {
		s, _, _ := h.do(request)
		status <- s
	}()
	<-entered
	stopped := make(chan struct{})
	go func() { h.stop(); close(stopped) }()
	select {
	case <-stopped:
		t.Fatal("stopped while a request was under way")
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	if got := <-status; got != http.StatusAccepted {
		t.Errorf("answered %d, want 202", got)
	}
	<-stopped
}

func TestStopEndsForwardsThatHang(t *testing.T) {
	entered := make(chan struct{})
	target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		hang(nil, r)
	}))
	defer target.Close()
	h := newHarness(t, func(o *listener.Options) {
		o.Routes, o.StopTimeout = []listener.Route{routeTo(target.URL)}, 100*time.Millisecond
	})
	status := make(chan int, 1)
	request := h.signed("/rentman", created)
	go func() {
		s, _, _ := h.do(request)
		status <- s
	}()
	<-entered
	h.stop()
	if got := <-status; got != http.StatusServiceUnavailable {
		t.Errorf("answered %d, want 503", got)
	}
	if got := h.results(1, 1)[0]; got.Outcome != verify.Interrupted {
		t.Errorf("recorded %s, want interrupted", got.Outcome)
	}
}

// A watcher that sleeps through thousands of events still gets every one, in order.
func TestWatcherMissesNothing(t *testing.T) {
	h := newHarness(t, nil)
	w := h.l.Watch(0)
	const events = 5000
	var senders sync.WaitGroup
	for range 8 {
		senders.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for range events / 8 {
				response, err := client.Post(h.url+"/cmmshere", "application/json", strings.NewReader(`{"type":"sol.created"}`))
				if err != nil {
					t.Error(err)
					return
				}
				response.Body.Close()
			}
		})
	}
	senders.Wait()
	h.stop()
	for want := int64(1); ; want++ {
		notice, err := w.Next(t.Context(), 0)
		if errors.Is(err, io.EOF) {
			if want != events+1 {
				t.Errorf("%d events, want %d", want-1, events)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if notice.Event.N != want {
			t.Fatalf("event %d, want %d", notice.Event.N, want)
		}
	}
}
