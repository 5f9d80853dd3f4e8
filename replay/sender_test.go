package replay_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/replay"
	"whk/verify"
)

func post(body string) *verify.Delivery {
	return &verify.Delivery{Method: "POST", URL: "/rentman", Header: http.Header{}, Body: []byte(body)}
}

// serveRaw gives every connection to handle and closes it afterwards.
func serveRaw(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			handle(c)
			c.Close()
		}
	}()
	t.Cleanup(func() { ln.Close(); <-done })
	return ln.Addr().String()
}

// capture answers 204 and hands over the raw bytes of each request with a body of n
// bytes.
func capture(t *testing.T, n int) (addr string, got <-chan string) {
	ch := make(chan string, 10)
	return serveRaw(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		var raw strings.Builder
		for !strings.HasSuffix(raw.String(), "\r\n\r\n") {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			raw.WriteString(line)
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		ch <- raw.String() + string(body)
		io.WriteString(c, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
	}), ch
}

func TestSendWritesTheDelivery(t *testing.T) {
	hop := http.Header{
		"Connection": {"close, X-Internal", "x-other"}, "X-Internal": {"1"}, "X-Other": {"2"},
		"Keep-Alive": {"timeout=5"}, "Proxy-Authorization": {"Basic eA=="}, "Proxy-Connection": {"keep-alive"},
		"Te": {"trailers"}, "Trailer": {"X-T"}, "Transfer-Encoding": {"chunked"}, "Upgrade": {"h2c"},
		"Content-Length": {"9999"}, "Host": {"elsewhere.example.com"}, "X-Kept": {"yes"},
	}
	tests := []struct {
		name string
		path string
		d    verify.Delivery
		want string
	}{
		{"nothing is added", "/rentman", verify.Delivery{Method: "POST", Host: "hooks.example.com", Body: []byte("{}")},
			"POST /rentman HTTP/1.1\r\nHost: ADDR\r\nContent-Length: 2\r\n\r\n{}"},
		{"an empty body", "/p", verify.Delivery{Method: "POST"},
			"POST /p HTTP/1.1\r\nHost: ADDR\r\nContent-Length: 0\r\n\r\n"},
		{"a GET", "/ubiqo?lat=1&lon=%202", verify.Delivery{Method: "GET"},
			"GET /ubiqo?lat=1&lon=%202 HTTP/1.1\r\nHost: ADDR\r\n\r\n"},
		{"a GET with a body", "/p", verify.Delivery{Method: "GET", Body: []byte("x")},
			"GET /p HTTP/1.1\r\nHost: ADDR\r\nContent-Length: 1\r\n\r\nx"},
		{"no method means POST", "/p", verify.Delivery{},
			"POST /p HTTP/1.1\r\nHost: ADDR\r\nContent-Length: 0\r\n\r\n"},
		{"every value in its order", "/p", verify.Delivery{Method: "POST", Header: http.Header{"X-A": {"2", "1", "", "2"}, "User-Agent": {"Vendor/1.0"}, "Accept-Encoding": {"gzip"}}},
			"POST /p HTTP/1.1\r\nHost: ADDR\r\nContent-Length: 0\r\nAccept-Encoding: gzip\r\nUser-Agent: Vendor/1.0\r\nX-A: 2\r\nX-A: 1\r\nX-A: \r\nX-A: 2\r\n\r\n"},
		{"several user agents", "/p", verify.Delivery{Method: "POST", Header: http.Header{"User-Agent": {"a", "b"}}},
			"POST /p HTTP/1.1\r\nHost: ADDR\r\nContent-Length: 0\r\nUser-Agent: a\r\nUser-Agent: b\r\n\r\n"},
		{"hop-by-hop headers go", "/p", verify.Delivery{Method: "POST", Header: hop},
			"POST /p HTTP/1.1\r\nHost: ADDR\r\nContent-Length: 0\r\nX-Kept: yes\r\n\r\n"},
		{"names in small letters", "/p", verify.Delivery{Method: "POST", Header: http.Header{"content-length": {"5"}, "transfer-encoding": {"chunked"}, "host": {"x"}, "connection": {"close"}, "x-a": {"1"}}},
			"POST /p HTTP/1.1\r\nHost: ADDR\r\nContent-Length: 0\r\nx-a: 1\r\n\r\n"},
		{"a packed body is not unpacked", "/p", verify.Delivery{Method: "POST", Header: http.Header{"Content-Encoding": {"gzip"}}, Body: []byte("\x1f\x8b\x00\r\n\xff")},
			"POST /p HTTP/1.1\r\nHost: ADDR\r\nContent-Length: 6\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x00\r\n\xff"},
		{"Expect does not hold the body back", "/p", verify.Delivery{Method: "POST", Header: http.Header{"Expect": {"100-continue"}}, Body: []byte("x")},
			"POST /p HTTP/1.1\r\nHost: ADDR\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx"},
		{"the path stays as written", "/a%2Fb/{id}|/../'\"?q=a+b", verify.Delivery{Method: "PUT"},
			"PUT /a%2Fb/{id}|/../'\"?q=a+b HTTP/1.1\r\nHost: ADDR\r\nContent-Length: 0\r\n\r\n"},
		{"a path with two slashes", "//a", verify.Delivery{Method: "PUT"},
			"PUT //a HTTP/1.1\r\nHost: ADDR\r\nContent-Length: 0\r\n\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr, got := capture(t, len(tt.d.Body))
			var s replay.Sender
			defer s.Close()
			before := tt.d.Clone()
			r := s.Send(t.Context(), "http://"+addr+tt.path, &tt.d)
			if r.Outcome != verify.Answered || r.Status != 204 {
				t.Fatalf("%s %d: %s", r.Outcome, r.Status, r.Error)
			}
			if diff := cmp.Diff(tt.want, strings.Replace(<-got, addr, "ADDR", 1)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before.Header, tt.d.Clone().Header); diff != "" {
				t.Errorf("the delivery was changed (-before +after):\n%s", diff)
			}
		})
	}
}

func TestSendTakesCredentialsOfTheURL(t *testing.T) {
	addr, got := capture(t, 0)
	var s replay.Sender
	defer s.Close()
	r := s.Send(t.Context(), "http://user:pass@"+addr+"/p?a=1", post(""))
	if want := "http://" + addr + "/p?a=1"; r.Target != want {
		t.Errorf("Target = %q, want %q without the password", r.Target, want)
	}
	if raw := <-got; !strings.Contains(raw, "Authorization: Basic dXNlcjpwYXNz\r\n") {
		t.Errorf("no credentials in %q", raw)
	}
}

func TestSendKeepsTheAnswer(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Twice"] = []string{"1", "2"}
		w.Header().Set("Date", "")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "short and stout")
	}))
	defer srv.Close()
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var ticks atomic.Int64
	s := replay.Sender{Now: func() time.Time { return start.Add(time.Duration(ticks.Add(1)-1) * time.Second) }}
	defer s.Close()
	got := s.Send(t.Context(), srv.URL+"/p", post("{}"))
	got.Header = http.Header{"X-Twice": got.Header["X-Twice"]}
	want := verify.Result{Target: srv.URL + "/p", At: start, Took: time.Second, Outcome: verify.Answered,
		Status: 418, Header: http.Header{"X-Twice": {"1", "2"}}, Body: []byte("short and stout")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSendCutsLongAnswers(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, strings.Repeat("x", 100))
	}))
	defer srv.Close()
	for _, tt := range []struct {
		limit     int64
		want      int
		truncated bool
	}{{99, 99, true}, {100, 100, false}, {101, 100, false}} {
		s := replay.Sender{MaxAnswer: tt.limit}
		r := s.Send(t.Context(), srv.URL, post(""))
		if len(r.Body) != tt.want || r.Truncated != tt.truncated || r.Outcome != verify.Answered {
			t.Errorf("limit %d: %d bytes, truncated %v, %s", tt.limit, len(r.Body), r.Truncated, r.Outcome)
		}
		s.Close()
	}
}

// leakCheck fails the test when more goroutines are left at its end than there were.
func leakCheck(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		deadline := time.Now().Add(5 * time.Second)
		for runtime.NumGoroutine() > before {
			if time.Now().After(deadline) {
				stacks := make([]byte, 1<<20)
				t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
}

func TestTargetFaults(t *testing.T) {
	readHead := func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			if line, err := r.ReadString('\n'); err != nil || line == "\r\n" {
				return
			}
		}
	}
	hang := func(c net.Conn) { io.Copy(io.Discard, c) } // until the sender gives up
	answer := func(text string, then func(net.Conn)) func(*testing.T) string {
		return func(t *testing.T) string {
			return "http://" + serveRaw(t, func(c net.Conn) {
				readHead(c)
				io.WriteString(c, text)
				if then != nil {
					then(c)
				}
			})
		}
	}
	handler := func(h http.HandlerFunc) func(*testing.T) string {
		return func(t *testing.T) string {
			srv := httptest.NewServer(h)
			t.Cleanup(srv.Close)
			return srv.URL
		}
	}
	var poured atomic.Int64
	var followed atomic.Int64
	tests := []struct {
		name    string
		target  func(*testing.T) string
		want    verify.Outcome
		status  int
		advice  string
		timeout time.Duration
	}{
		{name: "refuses", want: verify.Refused, advice: "is the app running", target: func(t *testing.T) string {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ln.Close()
			return "http://" + ln.Addr().String()
		}},
		{name: "hangs before its answer", target: answer("", hang), want: verify.TimedOut, advice: "answer first", timeout: 50 * time.Millisecond},
		{name: "hangs within its answer", target: answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", hang),
			want: verify.TimedOut, status: 200, advice: "answer first", timeout: 50 * time.Millisecond},
		{name: "closes without an answer", target: answer("", nil), want: verify.Reset, advice: "look for a crash"},
		{name: "resets without an answer", want: verify.Reset, advice: "look for a crash",
			target: answer("", func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) })},
		{name: "closes within its head", target: answer("HTTP/1.1 200 OK\r\nX-Cut: ", nil), want: verify.Reset, advice: "look for a crash"},
		{name: "closes within its body", target: answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", nil),
			want: verify.Reset, status: 200, advice: "look for a crash"},
		{name: "resets within its body", want: verify.Reset, status: 200, advice: "look for a crash",
			target: answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", func(c net.Conn) {
				c.(*net.TCPConn).SetLinger(0)
			})},
		{name: "breaks off its chunks", target: answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", nil),
			want: verify.Reset, status: 200, advice: "look for a crash"},
		{name: "answers 1 GB", want: verify.Answered, status: 200, target: handler(func(w http.ResponseWriter, r *http.Request) {
			piece := make([]byte, 1<<20)
			for range 1 << 10 {
				n, err := w.Write(piece)
				if poured.Add(int64(n)); err != nil {
					return
				}
			}
		})},
		{name: "redirects", want: verify.Answered, status: 302, target: handler(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/followed" {
				followed.Add(1)
			}
			http.Redirect(w, r, "/followed", http.StatusFound)
		})},
		{name: "closes after its answer", target: answer("HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\nbody to the end", nil), want: verify.Answered, status: 500},
		{name: "says 100 continue first", target: answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", nil), want: verify.Answered, status: 204},
		{name: "switches protocols", target: answer("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", hang), want: verify.Answered, status: 101},
		{name: "answers early and does not read", want: verify.Answered, status: 413,
			target: answer("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n", hang)},
		{name: "speaks something else", target: answer("220 mail.example.com \x1b[2J ESMTP\r\n", nil), want: verify.Failed, advice: "is this the right port"},
		{name: "speaks HTTP/2 only", target: answer("\x00\x00\x12\x04\x00\x00\x00\x00\x00\r\n", nil), want: verify.Failed, advice: "is this the right port"},
		{name: "sends an endless head", want: verify.Failed, target: answer("HTTP/1.1 200 OK\r\n", func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, "X-A: "+strings.Repeat("a", 1000)+"\r\n"); err != nil {
					return
				}
			}
		}), advice: "header"},
		{name: "has an untrusted certificate", want: verify.Failed, advice: "-k accepts it", target: func(t *testing.T) string {
			srv := httptest.NewUnstartedServer(http.NotFoundHandler())
			srv.Config.ErrorLog = quiet()
			srv.StartTLS()
			t.Cleanup(srv.Close)
			return srv.URL
		}},
		{name: "does not speak TLS", want: verify.Failed, advice: "use http://", target: func(t *testing.T) string {
			return strings.Replace(handler(http.NotFound)(t), "http:", "https:", 1)
		}},
		{name: "is no URL", want: verify.Failed, advice: "no host", target: func(*testing.T) string { return "http://" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			leakCheck(t)
			s := replay.Sender{Timeout: tt.timeout}
			r := s.Send(t.Context(), tt.target(t), post("{}"))
			t.Cleanup(s.Close)
			if r.Outcome != tt.want || r.Status != tt.status {
				t.Errorf("got %s %d (%s), want %s %d", r.Outcome, r.Status, r.Error, tt.want, tt.status)
			}
			if !strings.Contains(r.Error, tt.advice) || (r.Error == "") != (tt.want == verify.Answered) {
				t.Errorf("error %q, want advice %q", r.Error, tt.advice)
			}
			if strings.ContainsAny(r.Error, "\x1b\n") {
				t.Errorf("error %q carries control characters", r.Error)
			}
		})
	}
	if poured.Load() > 64<<20 {
		t.Errorf("%d MiB of the 1 GB answer were taken", poured.Load()>>20)
	}
	if followed.Load() > 0 {
		t.Error("the redirect was followed")
	}
}

func TestSendIsInterrupted(t *testing.T) {
	leakCheck(t)
	ctx, cancel := context.WithCancel(t.Context())
	addr := serveRaw(t, func(c net.Conn) {
		io.ReadFull(c, make([]byte, 4))
		cancel()
		io.Copy(io.Discard, c)
	})
	var s replay.Sender
	t.Cleanup(s.Close)
	if r := s.Send(ctx, addr, post("{}")); r.Outcome != verify.Interrupted || r.Error == "" {
		t.Errorf("got %s (%s)", r.Outcome, r.Error)
	}
}

// A connection that was kept and then broke must not make net/http send a request
// again that the target has already seen.
func TestSendNeverSendsTwice(t *testing.T) {
	var requests atomic.Int64
	addr := serveRaw(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		for first := true; ; first = false {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			io.Copy(io.Discard, req.Body)
			requests.Add(1)
			if !first {
				return // the second request on a connection gets no answer
			}
			io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
		}
	})
	for _, d := range []*verify.Delivery{
		{Method: "POST", Header: http.Header{"Idempotency-Key": {"1"}}, Body: []byte("{}")},
		{Method: "POST", Header: http.Header{"X-Idempotency-Key": {"1"}}},
		{Method: "GET"},
	} {
		t.Run(d.Method, func(t *testing.T) {
			requests.Store(0)
			var s replay.Sender
			defer s.Close()
			s.Send(t.Context(), addr, d)
			r := s.Send(t.Context(), addr, d)
			if r.Outcome != verify.Reset {
				t.Errorf("got %s %s", r.Outcome, r.Error)
			}
			if n := requests.Load(); n != 2 {
				t.Errorf("the target saw %d requests, want 2", n)
			}
		})
	}
}

func TestSendRefusesInjection(t *testing.T) {
	var connections atomic.Int64
	s := replay.Sender{Dial: func(context.Context, string, string) (net.Conn, error) {
		connections.Add(1)
		return nil, net.ErrClosed
	}}
	header := func(name, value string) verify.Delivery {
		return verify.Delivery{Method: "POST", Header: http.Header{name: {"fine", value}}}
	}
	tests := []struct {
		name   string
		d      verify.Delivery
		target string
		want   string
	}{
		{"a line feed in a value", header("X-A", "hunter2\nX-B: 1"), "/", "header X-A: byte 8 of the value is a line feed"},
		{"a carriage return", header("X-A", "hunter2\r"), "/", "header X-A: byte 8 of the value is a carriage return"},
		{"a NUL", header("X-A", "hunter2\x00"), "/", "header X-A: byte 8 of the value is a NUL"},
		{"another control character", header("X-A", "\x1b"), "/", "0x1B"},
		{"DEL", header("X-A", "\x7f"), "/", "0x7F"},
		{"a blank in a name", header("X A", "1"), "/", `header name "X A"`},
		{"a colon in a name", header("X:A", "1"), "/", `header name "X:A"`},
		{"a line feed in a name", header("X\r\nA", "1"), "/", `header name "X\\x0d\\nA"`},
		{"an empty name", header("", "1"), "/", `header name ""`},
		{"a hop-by-hop header too", header("Connection", "a\r\nb"), "/", "header Connection"},
		{"a blank in the method", verify.Delivery{Method: "GET / HTTP/1.1\r\nX:"}, "/", "method"},
		{"CONNECT", verify.Delivery{Method: "CONNECT"}, "/", "CONNECT opens a tunnel"},
		{"a line feed in the delivery's path", verify.Delivery{Method: "GET", URL: "/a\nb"}, "/", "path: byte 3 is a line feed"},
		{"a blank in the target", verify.Delivery{Method: "GET"}, "/a HTTP/1.1", "%20"},
		{"a line feed in the target", verify.Delivery{Method: "GET"}, "/a\r\nX: 1", "%0D"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := s.Send(t.Context(), "http://127.0.0.1:1"+tt.target, &tt.d)
			if r.Outcome != verify.Failed || !strings.Contains(r.Error, tt.want) {
				t.Errorf("got %s: %q, want %q", r.Outcome, r.Error, tt.want)
			}
			if strings.Contains(r.Error, "hunter2") {
				t.Errorf("%q repeats the value", r.Error)
			}
		})
	}
	if connections.Load() > 0 {
		t.Error("a connection was opened")
	}
}

func TestMetadataAddresses(t *testing.T) {
	resolve := map[string][]string{
		"metadata.example.com": {"169.254.169.254"}, "mapped.example.com": {"::ffff:169.254.169.254"},
		"mixed.example.com": {"192.0.2.1", "169.254.1.1"},
		"2852039166":        {"169.254.169.254"}, "0251.0376.0251.0376": {"169.254.169.254"}, "0xa9fea9fe": {"169.254.169.254"},
		"six.example.com": {"fe80::1%lo"}, "ec2.example.com": {"fd00:ec2::254"},
		"nat64.example.com": {"64:ff9b::a9fe:a9fe"}, "6to4.example.com": {"2002:a9fe:a9fe::1"}, "compatible.example.com": {"::169.254.169.254"},
		"public.example.com": {"192.0.2.1"}, "local.example.com": {"127.0.0.1"}, "unique.example.com": {"fd00:ec2::253"},
	}
	lookup := func(_ context.Context, host string) ([]netip.Addr, error) {
		var addrs []netip.Addr
		for _, s := range append(resolve[host], literal(host)...) {
			addrs = append(addrs, netip.MustParseAddr(s))
		}
		return addrs, nil
	}
	blocked := []string{"metadata.example.com", "mapped.example.com", "2852039166", "0251.0376.0251.0376", "0xa9fea9fe",
		"six.example.com", "ec2.example.com", "nat64.example.com", "6to4.example.com", "compatible.example.com",
		"169.254.0.1", "169.254.255.255", "[fe80::1%25eth0]", "[febf::1]", "[::ffff:a9fe:a9fe]", "[fd00:ec2::254]"}
	allowed := []string{"public.example.com", "local.example.com", "unique.example.com", "[::1]", "127.0.0.1", "10.0.0.1", "[fec0::1]"}

	var dialed []string
	newSender := func(permit bool) *replay.Sender {
		dialed = nil
		return &replay.Sender{AllowMetadata: permit, Lookup: lookup, Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			dialed = append(dialed, address)
			return nil, &net.OpError{Op: "dial", Err: io.ErrNoProgress, Addr: &net.TCPAddr{}}
		}}
	}
	for _, host := range blocked {
		r := newSender(false).Send(t.Context(), "http://"+host+":8080/", post(""))
		if r.Outcome != verify.Failed || !strings.Contains(r.Error, "--allow-metadata") || len(dialed) > 0 {
			t.Errorf("%s: %s %q, dialed %q", host, r.Outcome, r.Error, dialed)
		}
		if newSender(true).Send(t.Context(), "http://"+host+":8080/", post("")); len(dialed) == 0 {
			t.Errorf("%s: not dialed although permitted", host)
		}
	}
	for _, host := range allowed {
		if r := newSender(false).Send(t.Context(), "http://"+host+":8080/", post("")); len(dialed) != 1 {
			t.Errorf("%s: %s %q, dialed %q", host, r.Outcome, r.Error, dialed)
		}
	}
	// The second address of a name is judged as the first is.
	if r := newSender(false).Send(t.Context(), "http://mixed.example.com/", post("")); r.Outcome != verify.Failed || cmp.Diff([]string{"192.0.2.1:80"}, dialed) != "" {
		t.Errorf("mixed: %s %q, dialed %q", r.Outcome, r.Error, dialed)
	}
}

// literal is what a resolver makes of an address: itself.
func literal(host string) []string {
	if a, err := netip.ParseAddr(host); err == nil {
		return []string{a.String()}
	}
	return nil
}

// The real dialer judges too, after the system's resolver and before the first packet.
func TestMetadataAddressesWithTheRealDialer(t *testing.T) {
	s := replay.Sender{Timeout: 2 * time.Second}
	defer s.Close()
	for _, host := range []string{"169.254.169.254", "[::ffff:169.254.169.254]", "[fe80::1]", "[fd00:ec2::254]"} {
		if r := s.Send(t.Context(), "http://"+host+"/latest/meta-data/", post("")); r.Outcome != verify.Failed || !strings.Contains(r.Error, "metadata address") {
			t.Errorf("%s: %s %q", host, r.Outcome, r.Error)
		}
	}
}

// A name that answers differently the second time is judged anew for each connection.
func TestRebinding(t *testing.T) {
	addr, got := capture(t, 0)
	port := netip.MustParseAddrPort(addr).Port()
	answers := []string{"127.0.0.1", "169.254.169.254"}
	s := replay.Sender{Lookup: func(context.Context, string) ([]netip.Addr, error) {
		a := netip.MustParseAddr(answers[0])
		answers = answers[1:]
		return []netip.Addr{a}, nil
	}}
	defer s.Close()
	target := fmt.Sprintf("http://rebind.example.com:%d/", port)
	if r := s.Send(t.Context(), target, post("")); r.Outcome != verify.Answered {
		t.Fatalf("first: %s %s", r.Outcome, r.Error)
	}
	if raw := <-got; !strings.Contains(raw, fmt.Sprintf("Host: rebind.example.com:%d\r\n", port)) {
		t.Errorf("Host is not the target's in %q", raw)
	}
	if r := s.Send(t.Context(), target, post("")); r.Outcome != verify.Failed {
		t.Errorf("second: %s %s", r.Outcome, r.Error)
	}
}

func TestUnknownHost(t *testing.T) {
	s := replay.Sender{Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}}
	if r := s.Send(t.Context(), "http://nowhere.example.com/", post("")); r.Outcome != verify.Failed || !strings.Contains(r.Error, "check its spelling") {
		t.Errorf("%s %q", r.Outcome, r.Error)
	}
}

func TestNoProxyFromTheEnvironment(t *testing.T) {
	addr, got := capture(t, 0)
	t.Setenv("HTTP_PROXY", "http://192.0.2.1:9")
	t.Setenv("http_proxy", "http://192.0.2.1:9")
	s := replay.Sender{Lookup: func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}}
	defer s.Close()
	_, port, _ := net.SplitHostPort(addr)
	if r := s.Send(t.Context(), "http://direct.example.com:"+port, post("")); r.Outcome != verify.Answered {
		t.Fatalf("%s %s", r.Outcome, r.Error)
	}
	<-got
}

func TestInsecureAcceptsAnyCertificate(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 1 || r.TLS == nil || r.TLS.Version < tls.VersionTLS12 {
			t.Errorf("%s, TLS %v", r.Proto, r.TLS)
		}
		body, _ := io.ReadAll(r.Body)
		w.Write(bytes.ToUpper(body))
	}))
	defer srv.Close()
	s := replay.Sender{Insecure: true}
	defer s.Close()
	if r := s.Send(t.Context(), srv.URL, post("secret")); string(r.Body) != "SECRET" {
		t.Errorf("%s %s %q", r.Outcome, r.Error, r.Body)
	}
}
