package replay_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"whk/replay"
	"whk/verify"
	"whk/verify/provider"
)

// connection are the headers that are renewed with each connection, and those that the
// receiver of these tests does not hand on as they were written.
var connection = []string{"Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Host", "Expect"}

// hostile draws deliveries that any decoder or encoder would change.
func hostile(t *rapid.T) *verify.Delivery {
	d := &verify.Delivery{
		Method: rapid.SampledFrom([]string{"POST", "PUT", "PATCH", "DELETE"}).Draw(t, "method"),
		URL:    rapid.SampledFrom([]string{"/rentman", "/rentman?a=1&a=%31&b", "/a%2Fb//c?x=%zz", "/?", "/ä?ö"}).Draw(t, "url"),
		Host:   "hooks.example.com",
		Header: http.Header{},
		Body: rapid.OneOf(
			rapid.SliceOf(rapid.Byte()),
			rapid.Just([]byte("{ \"price\": 1.10,\r\n\"a\":\"\\/\xff\", \"a\": 2 }\n")),
			rapid.Just([]byte("\xef\xbb\xbf{}")),
			rapid.Just([]byte{0, '\r', '\n', 0x1b}),
			rapid.Just([]byte("\x1f\x8b\x08\x00")),
		).Draw(t, "body"),
	}
	value := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune(`"',;=<>%`+"\t ")))).Filter(func(s string) bool {
		return strings.TrimSpace(s) == s && strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) < 0
	})
	names := rapid.SampledFrom([]string{"Content-Type", "Content-Encoding", "X-Twice", "User-Agent", "Accept-Encoding", "Digest", "Authorization", "X-Cn-Signature", "X_odd", "Date"})
	for range rapid.IntRange(0, 6).Draw(t, "headers") {
		name := textproto.CanonicalMIMEHeaderKey(names.Draw(t, "name"))
		d.Header[name] = append(d.Header[name], value.Draw(t, "value"))
	}
	if rapid.Bool().Draw(t, "hop by hop") {
		d.Header["Connection"], d.Header["Te"], d.Header["Proxy-Authorization"] = []string{"close"}, []string{"trailers"}, []string{"Basic x"}
	}
	return d
}

// echo is a receiver that hands over what it gets.
func echo(t *testing.T) (url string, got <-chan *verify.Delivery) {
	t.Helper()
	received := make(chan *verify.Delivery, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		received <- &verify.Delivery{Method: r.Method, URL: r.RequestURI, Host: r.Host, Header: r.Header, Body: body}
	}))
	t.Cleanup(server.Close)
	return server.URL, received
}

// travels is what of the headers goes from end to end.
func travels(h http.Header, but ...string) http.Header {
	kept := h.Clone()
	for _, name := range append(but, connection...) {
		delete(kept, name)
	}
	for name := range kept {
		if strings.HasPrefix(name, "Proxy-") {
			delete(kept, name)
		}
	}
	return kept
}

// What arrives is what was received, byte for byte; signed anew, it differs in the
// signature alone. The delivery that is sent never changes.
func TestReplayedByteForByte(t *testing.T) {
	url, received := echo(t)
	var sender replay.Sender
	defer sender.Close()
	p, err := builtin(t).Lookup("rentman")
	if err != nil {
		t.Fatal(err)
	}
	resigner, err := replay.NewResigner(replay.ResignOptions{Provider: p, Secrets: []verify.Secret{verify.NewSecret("test", "some_secret_key")}})
	if err != nil {
		t.Fatal(err)
	}
	keyring, err := p.Scheme.Bind("", verify.NewSecret("test", "some_secret_key"))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		d := hostile(t)
		before := d.Clone()
		target, err := replay.Target(url, d.URL)
		if err != nil {
			t.Fatal(err)
		}
		sent, resigned := d, rapid.Bool().Draw(t, "resign")
		var but []string
		if resigned {
			made, err := resigner.Make(d, target, true, noon, seeded(1))
			if err != nil {
				t.Fatal(err)
			}
			if made.Edited || !made.Resigned {
				t.Errorf("edited %v, resigned %v", made.Edited, made.Resigned)
			}
			sent = made.Delivery
			target, but = sent.URL, []string{"Digest"}
		}
		if r := sender.Send(t.Context(), target, sent); r.Outcome != verify.Answered || r.Status != http.StatusOK {
			if r.Status == http.StatusBadRequest { // the receiver of the test does not take every query
				t.Skip(r.Status)
			}
			t.Fatalf("%s %d: %s", r.Outcome, r.Status, r.Error)
		}
		got := <-received
		if got.Method != before.Method || got.URL != strings.TrimSuffix(before.URL, "?") && got.URL != before.URL || !bytes.Equal(got.Body, before.Body) {
			t.Errorf("got %s %s %q\nwant %s %s %q", got.Method, got.URL, got.Body, before.Method, before.URL, before.Body)
		}
		if diff := cmp.Diff(travels(before.Header, but...), travels(got.Header, but...), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("headers (-want +got):\n%s", diff)
		}
		if resigned {
			if v := keyring.Check(got, noon); v.Status != verify.Valid {
				t.Errorf("signed anew, it is %s", v)
			}
		}
		if diff := cmp.Diff(before, d, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("the delivery itself changed (-want +got):\n%s", diff)
		}
	})
}

func TestResignerEdits(t *testing.T) {
	p, err := builtin(t).Lookup("rentman")
	if err != nil {
		t.Fatal(err)
	}
	secrets := []verify.Secret{verify.NewSecret("test", "some_secret_key")}
	keyring, err := p.Scheme.Bind("", secrets...)
	if err != nil {
		t.Fatal(err)
	}
	const odd = "{ \"account\": \"old\",\r\n \"price\": 1.10, \"t\":\"\\/ä\" }\n"
	post := func(body string) *verify.Delivery {
		return &verify.Delivery{Method: "POST", URL: "/rentman", Header: http.Header{"Digest": {"sha512=00"}}, Body: []byte(body)}
	}
	tests := []struct {
		name       string
		set, unset []string
		d          *verify.Delivery
		body, url  string
		fails      string
	}{
		{name: "a text", set: []string{"account=new"}, d: post(odd), body: strings.Replace(odd, "old", "new", 1), url: "http://127.0.0.1:3000/rentman"},
		{name: "in its type", set: []string{"price=2.50"}, d: post(odd), body: strings.Replace(odd, "1.10", "2.50", 1), url: "http://127.0.0.1:3000/rentman"},
		{name: "gone", unset: []string{"a"}, d: post(`{"a":1,"b":2}`), body: `{"b":2}`, url: "http://127.0.0.1:3000/rentman"},
		{name: "a query", set: []string{"b=2 3"}, d: &verify.Delivery{Method: "GET", URL: "/hook?a=%31&b=1"}, url: "http://127.0.0.1:3000/hook?a=%31&b=2+3"},
		{name: "what is there", set: []string{"account=old"}, d: post(odd), fails: "account: the event has this already, so that nothing would change"},
		{name: "no JSON", set: []string{"a=1"}, d: post("\x1f\x8b"), fails: "JSON"},
		{name: "another type", set: []string{"price=much"}, d: post(odd), fails: "it is a number"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var edits []replay.Edit
			for _, expression := range tt.set {
				e, err := replay.Set(expression, nil)
				if err != nil {
					t.Fatal(err)
				}
				edits = append(edits, e)
			}
			for _, path := range tt.unset {
				e, err := replay.Unset(path)
				if err != nil {
					t.Fatal(err)
				}
				edits = append(edits, e)
			}
			resigner, err := replay.NewResigner(replay.ResignOptions{Provider: p, Secrets: secrets, Edits: edits})
			if err != nil {
				t.Fatal(err)
			}
			before := tt.d.Clone()
			target, err := replay.Target("3000", tt.d.URL)
			if err != nil {
				t.Fatal(err)
			}
			got, err := resigner.Make(tt.d, target, true, noon, seeded(1))
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("got %v, want an error with %q", err, tt.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(got.Body) != tt.body || got.URL != tt.url {
				t.Errorf("got %s %q, want %s %q", got.URL, got.Body, tt.url, tt.body)
			}
			if v := keyring.Check(got.Delivery, noon); v.Status != verify.Valid {
				t.Errorf("the signature is %s", v)
			}
			if !got.Edited || !got.Resigned {
				t.Errorf("edited %v, resigned %v", got.Edited, got.Resigned)
			}
			if diff := cmp.Diff(before, tt.d); diff != "" {
				t.Errorf("the delivery itself changed (-want +got):\n%s", diff)
			}
		})
	}
	e, err := replay.Change("a=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replay.NewResigner(replay.ResignOptions{Provider: p, Secrets: secrets, Edits: []replay.Edit{e}}); err == nil {
		t.Error("a change of old and new values was taken")
	}
	if _, err := replay.NewResigner(replay.ResignOptions{Provider: p}); !errors.Is(err, replay.ErrNoSecret) {
		t.Errorf("without a secret: %v", err)
	}
}

// A scheme with a time stamp and an id gets fresh ones, and no header of the old
// connection can take the signature away.
func TestResignerIsFresh(t *testing.T) {
	scheme, err := verify.NewScheme(verify.Recipe{Kind: verify.KindHMAC, Algorithm: "sha256", Encoding: "base64", Header: "Webhook-Signature", Value: "v1,{sig}",
		Signed: "{id}.{ts}.{body}", ID: "webhook-id", Timestamp: &verify.Timestamp{Header: "webhook-timestamp", Format: "unix", Tolerance: "5m"}})
	if err != nil {
		t.Fatal(err)
	}
	p := &provider.Provider{Name: "test", Scheme: scheme}
	secret := verify.NewSecret("test", "some_secret_key")
	resigner, err := replay.NewResigner(replay.ResignOptions{Provider: p, Secrets: []verify.Secret{secret}})
	if err != nil {
		t.Fatal(err)
	}
	old := &verify.Delivery{Method: "POST", URL: "/x", Body: []byte("{}"), Header: http.Header{
		"Webhook-Id": {"msg_old"}, "Webhook-Timestamp": {"1"}, "Webhook-Signature": {"v1,AAAA"}, "Connection": {"close, webhook-signature"}, "X-Kept": {"a", "b"}}}
	got, err := resigner.Make(old, "http://127.0.0.1:3000/x", true, noon, seeded(1))
	if err != nil {
		t.Fatal(err)
	}
	keyring, err := scheme.Bind("", secret)
	if err != nil {
		t.Fatal(err)
	}
	if v := keyring.Check(got.Delivery, noon.Add(time.Minute)); v.Status != verify.Valid {
		t.Errorf("the signature is %s", v)
	}
	if got.Header.Get("Webhook-Id") == "msg_old" || got.Header.Get("Webhook-Timestamp") == "1" || got.Header["Connection"] != nil {
		t.Errorf("headers of old: %v", got.Header)
	}
	if diff := cmp.Diff([]string{"a", "b"}, got.Header["X-Kept"]); diff != "" {
		t.Errorf("X-Kept (-want +got):\n%s", diff)
	}
}

// What becomes of a signature is one thing, and what becomes of the body another.
func TestResignerSignatures(t *testing.T) {
	stamped := verify.Recipe{Kind: verify.KindHMAC, Algorithm: "sha256", Encoding: "base64", Header: "Webhook-Signature", Value: "v1,{sig}",
		Signed: "{id}.{ts}.{body}", ID: "webhook-id", Timestamp: &verify.Timestamp{Header: "webhook-timestamp", Tolerance: "5m"}}
	message := verify.Recipe{Kind: verify.KindMessage, Algorithm: "hmac-sha256", Covered: []string{"@method", "content-digest"}}
	inBody := verify.Recipe{Kind: verify.KindHMAC, Algorithm: "sha256", Encoding: "hex", Body: &verify.BodyFields{Sig: "sig", TS: "ts"}, Timestamp: &verify.Timestamp{}, Signed: "{ts}"}
	nothing := verify.Recipe{Kind: verify.KindNone}
	header := func(names ...string) http.Header {
		h := http.Header{"X-Kept": {"a", "b"}}
		for _, name := range names {
			h[name] = []string{"old"}
		}
		return h
	}
	all := []string{"Webhook-Signature", "Webhook-Id", "Webhook-Timestamp", "Signature", "Signature-Input", "Content-Digest"}
	tests := []struct {
		name      string
		recipe    verify.Recipe
		signature replay.Signature
		body      string
		edit      string
		want      string // the body
		left      []string
		made      replay.Made // its flags
	}{
		{"none, with a time stamp and an id", stamped, replay.SignatureNone, `{"a":1}`, "", `{"a":1}`, []string{"Signature", "Signature-Input", "Content-Digest"}, replay.Made{}},
		{"none, of a message", message, replay.SignatureNone, `{"a":1}`, "a=2", `{"a":2}`, []string{"Webhook-Signature", "Webhook-Id", "Webhook-Timestamp"}, replay.Made{Edited: true}},
		{"none, in the body", inBody, replay.SignatureNone, `{"sig":"00","ts":"1","a":1}`, "", `{"sig":"","ts":"1","a":1}`, all, replay.Made{}},
		{"none, in a body without it", inBody, replay.SignatureNone, `{"a":1}`, "", `{"a":1}`, all, replay.Made{}},
		{"none, where there is none", nothing, replay.SignatureNone, `{"a":1}`, "", `{"a":1}`, all, replay.Made{}},
		{"kept", stamped, replay.SignatureKeep, `{"a":1}`, "a=2", `{"a":2}`, all, replay.Made{Edited: true}},
		{"kept and not edited", stamped, replay.SignatureKeep, `{"a":1}`, "", `{"a":1}`, all, replay.Made{}},
		{"new, where there is none", nothing, replay.SignatureNew, `{"a":1}`, "a=2", `{"a":2}`, all, replay.Made{Edited: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			scheme, err := verify.NewScheme(tt.recipe)
			if err != nil {
				t.Fatal(err)
			}
			o := replay.ResignOptions{Provider: &provider.Provider{Name: "test", Scheme: scheme}, Signature: tt.signature}
			if tt.edit != "" {
				edit, err := replay.Set(tt.edit, nil)
				if err != nil {
					t.Fatal(err)
				}
				o.Edits = []replay.Edit{edit}
			}
			resigner, err := replay.NewResigner(o)
			if err != nil {
				t.Fatal(err)
			}
			old := &verify.Delivery{Method: "POST", URL: "/x", Body: []byte(tt.body), Header: header(all...)}
			before := old.Clone()
			got, err := resigner.Make(old, "http://127.0.0.1:3000/x", true, noon, seeded(1))
			if err != nil {
				t.Fatal(err)
			}
			if string(got.Body) != tt.want || got.Edited != tt.made.Edited || got.Resigned {
				t.Errorf("got %s, edited %v, resigned %v; want %s, %v, false", got.Body, got.Edited, got.Resigned, tt.want, tt.made.Edited)
			}
			if diff := cmp.Diff(header(tt.left...), got.Header); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, old); diff != "" {
				t.Errorf("the delivery itself changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResignerOptions(t *testing.T) {
	p, err := builtin(t).Lookup("rentman")
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]replay.ResignOptions{
		"no provider, signed anew": {}, "no provider, none": {Signature: replay.SignatureNone}, "no such thing": {Provider: p, Signature: "old"},
	} {
		if _, err := replay.NewResigner(o); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
	edit, err := replay.Set("a=2", nil)
	if err != nil {
		t.Fatal(err)
	}
	d := &verify.Delivery{Method: "POST", URL: "/x", Body: []byte(`{"a":1}`), Header: http.Header{}}
	resigner, err := replay.NewResigner(replay.ResignOptions{Signature: replay.SignatureKeep, Body: []byte(`{"b":1, "a":0}`), Edits: []replay.Edit{edit}})
	if err != nil {
		t.Fatal(err)
	}
	body, err := resigner.Body(d, true)
	if err != nil || string(body) != `{"b":1, "a":2}` {
		t.Errorf("the body is %s (%v)", body, err)
	}
	for _, other := range []string{"", "not JSON, so that no edit could be made", `{"a":1}`} {
		got, err := resigner.WithBody([]byte(other)).Make(d, "http://127.0.0.1:3000/x", true, noon, seeded(1))
		if err != nil || string(got.Body) != other || got.Edited != (other != string(d.Body)) {
			t.Errorf("with %q: got %+v (%v)", other, got, err)
		}
	}
	if resigner.Secret().Name != "" {
		t.Errorf("it signs with %s", resigner.Secret().Name)
	}
}
