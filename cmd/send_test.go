package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
	"whk/verify/provider"
)

// shell is a desk with something to read from.
type shell struct {
	*desk
	in    string
	inTTY bool
}

func newShell(t *testing.T) *shell { return &shell{desk: newDesk(t)} }

func (s *shell) run(args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	return s.runUnder(s.t.Context(), args...)
}

func (s *shell) runUnder(ctx context.Context, args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	var out, err bytes.Buffer
	io := IO{In: strings.NewReader(s.in), Out: &out, Err: &err, InTTY: s.inTTY, OutTTY: s.tty, ErrTTY: s.tty, Columns: s.columns, Dir: s.dir,
		Env: func(name string) (string, bool) { value, ok := s.env[name]; return value, ok }}
	code = run(ctx, io, args)
	return out.String(), err.String(), code
}

// file writes a file into the working directory.
func (s *shell) file(name, content string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// receiver is an app under test: it keeps what it gets and answers as it is told.
type testReceiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []*verify.Delivery
	answer func(n int) (status int, body string)
}

func newTestReceiver(t *testing.T, status int, body string) *testReceiver {
	t.Helper()
	r := &testReceiver{answer: func(int) (int, string) { return status, body }}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		content, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		r.got = append(r.got, &verify.Delivery{Method: req.Method, URL: req.RequestURI, Host: req.Host, Header: req.Header, Body: content})
		status, answer := r.answer(len(r.got))
		r.mu.Unlock()
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *testReceiver) deliveries() []*verify.Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*verify.Delivery(nil), r.got...)
}

// last is the newest delivery.
func (r *testReceiver) last(t *testing.T) *verify.Delivery {
	t.Helper()
	got := r.deliveries()
	if len(got) == 0 {
		t.Fatal("nothing was received")
	}
	return got[len(got)-1]
}

// verdict judges a delivery as a receiver with this secret would, or with the
// development secret when it is empty.
func verdict(t *testing.T, name, secret string, d *verify.Delivery) verify.Verdict {
	t.Helper()
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := set.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	s := p.Scheme.DevelopmentSecret(name)
	if secret != "" {
		s = verify.NewSecret("test", secret)
	}
	keyring, err := p.Scheme.Bind("", s)
	if err != nil {
		t.Fatal(err)
	}
	return keyring.Check(d, time.Now())
}

func TestSend(t *testing.T) {
	r := newTestReceiver(t, 200, `{"ok":true}`)
	s := newShell(t)
	s.env["WHK_SECRET_RENTMAN"] = "s3cret-of-the-test"
	stdout, stderr, code := s.run("send", "rentman/contact.create", r.URL)
	if code != codeDone || stderr != "" {
		t.Fatalf("code %d, stderr:\n%s", code, stderr)
	}
	first, rest, _ := strings.Cut(stdout, "\n")
	if want := "sent rentman/Contact.create to " + r.URL + "/rentman, signed (env WHK_SECRET_RENTMAN)"; first != want {
		t.Errorf("got %s, want %s", first, want)
	}
	if !strings.HasPrefix(rest, "  → 200 in ") || !strings.HasSuffix(rest, "\n    {\"ok\":true}\n") {
		t.Errorf("answer: got %q", rest)
	}
	if v := verdict(t, "rentman", "s3cret-of-the-test", r.last(t)); v.Status != verify.Valid {
		t.Errorf("received: %s", v)
	}
}

func TestSendModes(t *testing.T) {
	tests := []struct {
		args []string
		want verify.Verdict // as a receiver with the same secret judges it
		says string
	}{
		{[]string{"rentman/Contact.create"}, verify.Verdict{Status: verify.Valid}, "signed (env WHK_SECRET_RENTMAN)"},
		{[]string{"rentman/Contact.create", "--sign", "wrong"}, verify.Verdict{Status: verify.Invalid, Reason: verify.WrongValue}, "signed with a wrong secret"},
		{[]string{"rentman/Contact.create", "--sign", "missing"}, verify.Verdict{Status: verify.Missing}, "without its signature"},
		{[]string{"rentman/Contact.create", "--sign", "tampered"}, verify.Verdict{Status: verify.Invalid, Reason: verify.WrongValue}, "tampered with after it was signed (env WHK_SECRET_RENTMAN)"},
		{[]string{"rentman/Contact.create", "--sign", "downgrade"}, verify.Verdict{Status: verify.Invalid, Reason: verify.Downgrade}, "signed with a weaker hash (env WHK_SECRET_RENTMAN)"},
		{[]string{"rentman/Contact.create", "--body", "no JSON"}, verify.Verdict{Status: verify.Valid}, "signed (env WHK_SECRET_RENTMAN)"},
		{[]string{"rentman/Contact.create", "--body", ""}, verify.Verdict{Status: verify.Valid}, "signed (env WHK_SECRET_RENTMAN)"},
		{[]string{"rentman/Contact.create", "--set", "account=x"}, verify.Verdict{Status: verify.Valid}, "signed (env WHK_SECRET_RENTMAN)"},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			r := newTestReceiver(t, 204, "")
			s := newShell(t)
			s.env["WHK_SECRET_RENTMAN"] = "s3cret-of-the-test"
			stdout, stderr, code := s.run(append([]string{"send", "--to", r.URL}, tt.args...)...)
			if code != codeDone || stderr != "" {
				t.Fatalf("code %d, stderr:\n%s", code, stderr)
			}
			if !strings.Contains(stdout, tt.says+"\n") {
				t.Errorf("got %q, want it to say %q", stdout, tt.says)
			}
			got := verdict(t, "rentman", "s3cret-of-the-test", r.last(t))
			if got.Status != tt.want.Status || got.Reason != tt.want.Reason {
				t.Errorf("received: %s, want %s", got, tt.want)
			}
		})
	}
}

func TestSendBodies(t *testing.T) {
	tests := []struct {
		name string
		in   string
		args []string
		want string
	}{
		{"text", "", []string{"--body", "a b\n"}, "a b\n"},
		{"empty", "", []string{"--body", ""}, ""},
		{"file", "", []string{"--body", "@body"}, "from a file\n"},
		{"standard input", "from a pipe\r\n", []string{"--body", "-"}, "from a pipe\r\n"},
		{"edited", "", []string{"--body", `{"a": 1}`, "--set", "a=2", "--set", "b=@value"}, `{"a": 2,"b":"7 o'clock"}`},
		{"unset", "", []string{"--body", `{"a": 1, "b": 2}`, "--unset", "a"}, `{"b": 2}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newTestReceiver(t, 200, "")
			s := newShell(t)
			s.in = tt.in
			s.file("body", "from a file\n")
			s.file("value", "7 o'clock")
			if _, stderr, code := s.run(append([]string{"send", "rentman/Contact.create", r.URL}, tt.args...)...); code != codeDone {
				t.Fatalf("code %d, stderr:\n%s", code, stderr)
			}
			if diff := cmp.Diff(tt.want, string(r.last(t).Body)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSendQuery(t *testing.T) {
	r := newTestReceiver(t, 200, "")
	s := newShell(t)
	stdout, _, code := s.run("send", "ubiqo/gps.coordinate", r.URL+"/in?shop=3", "--variant", "get", "--set", "lat=1.5")
	if code != codeDone || !strings.Contains(stdout, "not signed: UBIQO documents no authentication") {
		t.Fatalf("code %d: %s", code, stdout)
	}
	d := r.last(t)
	lat, _ := d.Query("lat")
	shop, _ := d.Query("shop")
	if d.Method != http.MethodGet || d.Path() != "/in" || shop != "3" || lat != "1.5" || len(d.Body) > 0 {
		t.Errorf("received %s %s with %d bytes", d.Method, d.URL, len(d.Body))
	}
}

func TestSendChange(t *testing.T) {
	r := newTestReceiver(t, 200, "")
	s := newShell(t)
	if _, stderr, code := s.run("send", "ploomes/Contacts.Update", r.URL, "--change", "LegalName=X", "--old", "LegalName=W"); code != codeDone {
		t.Fatalf("code %d, stderr:\n%s", code, stderr)
	}
	body := r.last(t).Body
	for path, want := range map[string]string{"New.LegalName": "X", "Old.LegalName": "W"} {
		if got, _ := provider.Lookup(body, path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

func TestSendEverything(t *testing.T) {
	r := newTestReceiver(t, 200, "")
	s := newShell(t)
	stdout, stderr, code := s.run("send", "*/*", r.URL)
	if code != codeDone {
		t.Fatalf("code %d, stderr:\n%s", code, stderr)
	}
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	all := len(set.Match("*/*"))
	if got := len(r.deliveries()); got != all {
		t.Errorf("received %d deliveries, want %d", got, all)
	}
	if !strings.Contains(stdout, "events of ") || strings.Count(stdout, "→ 200") != all+1 {
		t.Errorf("stdout:\n%s", stdout)
	}
	for _, d := range r.deliveries() {
		name := strings.TrimPrefix(d.Path(), "/")
		if v := verdict(t, name, "", d); v.Status != verify.Valid && v.Status != verify.Unsigned {
			t.Errorf("%s: %s", d.URL, v)
		}
	}
}

func TestSendExitCodes(t *testing.T) {
	failing := newTestReceiver(t, 500, "broken\x1b[31m")
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then is the end of the connection noticed
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	tests := []struct {
		name string
		args []string
		code int
		says string // on stderr
	}{
		{"another status", []string{"rentman/Contact.create", failing.URL}, codeNo, "whk: send rentman/Contact.create: answered 500, expected 2xx\n"},
		{"the status that was asked for", []string{"rentman/Contact.create", failing.URL, "--expect", "500"}, codeDone, ""},
		{"its class", []string{"rentman/Contact.create", failing.URL, "--expect", "5xx"}, codeDone, ""},
		{"one of a list", []string{"rentman/Contact.create", failing.URL, "--expect", "204,500"}, codeDone, ""},
		{"none of a list", []string{"rentman/Contact.create", failing.URL, "--expect", "204,4xx"}, codeNo, "answered 500, expected 204,4xx"},
		{"any", []string{"rentman/Contact.create", failing.URL, "--expect", "any"}, codeDone, ""},
		{"refused", []string{"rentman/Contact.create", gone.URL}, codeNetwork, "starts a receiver there"},
		{"refused is no status", []string{"rentman/Contact.create", gone.URL, "--expect", "any"}, codeNetwork, "connection refused"},
		{"too slow", []string{"rentman/Contact.create", silent.URL, "--request-timeout", "30ms"}, codeNetwork, "whk: send rentman/Contact.create: "},
		{"many of another status", []string{"rentman/Contact.create", failing.URL, "-n", "3"}, codeNo, "whk: send: 3 of 3 events were not answered as expected (2xx)\n"},
		{"many refused", []string{"rentman/Contact.create", gone.URL, "-n", "3"}, codeNetwork, "whk: send: none of 3 events reached "},
		{"a glob of another status", []string{"rentman/Contact.*", failing.URL}, codeNo, "whk: send: 3 of 3 events were not answered as expected (2xx)\n"},

		{"unknown provider", []string{"rentmann/Contact.create"}, codeUsage, "did you mean rentman?"},
		{"unknown event", []string{"rentman/Contct.create"}, codeUsage, "did you mean Contact.create"},
		{"unknown variant", []string{"rentman/Contact.create", "--variant", "nul-user"}, codeUsage, "did you mean null-user?"},
		{"no event", []string{"rentman"}, codeUsage, "such as rentman/Accessory.create"},
		{"nothing at all", nil, codeUsage, "as in: whk send rentman/Contact.create"},
		{"an event that cannot be forged", []string{"cmmshere/con.created"}, codeUsage, "whk: send cmmshere/con.created: the event exists, but cannot be forged: "},
		{"a glob that fits nothing", []string{"rentman/*.gone"}, codeUsage, "no event fits"},
		{"a variant that no event of a glob has", []string{"ubiqo/*", "--variant", "null-user"}, codeUsage, "unknown variant"},
		{"a bad edit", []string{"rentman/Contact.create", "--set", "account"}, codeUsage, `whk: --set "account": expected path=value`},
		{"an edit without a place", []string{"rentman/Contact.create", "--set", "account.x=1"}, codeUsage, "account stands for no object or array"},
		{"an edit without an effect", []string{"rentman/Contact.create", "--set", "eventType=create"}, codeUsage, "nothing would change"},
		{"unset of nothing", []string{"rentman/Contact.create", "--unset", "gone"}, codeUsage, "whk: send rentman/Contact.create: unset gone: there is nothing at this path\n"},
		{"a file that is not there", []string{"rentman/Contact.create", "--body", "@gone"}, codeUsage, "no such file"},
		{"a change where there is none", []string{"rentman/Contact.update", "--change", "a=1"}, codeUsage, "such as ploomes/Contacts.Update"},
		{"a mode without room", []string{"ploomes/Contacts.Update", "--sign", "tampered"}, codeUsage, "ploomes cannot be signed this way (tampered): the key is sent in clear"},
		{"a mode without a signature", []string{"ubiqo/gps.coordinate", "--sign", "wrong"}, codeUsage, "ubiqo cannot be signed this way (wrong)"},
		{"a mode without a name in the header", []string{"cassaincloud/BILL.EDIT", "--sign", "downgrade"}, codeUsage, "cannot be downgraded"},
		{"an unknown mode", []string{"rentman/Contact.create", "--sign", "well"}, codeUsage, "whk: --sign well: expected normal, wrong, missing, tampered or downgrade\n"},
		{"an unknown form", []string{"rentman/Contact.create", "--print", "xml"}, codeUsage, "--print xml: expected http, curl or json"},
		{"two forms", []string{"rentman/Contact.create", "--print", "curl", "--json"}, codeUsage, "--print curl and --json"},
		{"two targets", []string{"rentman/Contact.create", "3000", "--to", "3001"}, codeUsage, "two targets"},
		{"three arguments", []string{"rentman/Contact.create", "3000", "3001"}, codeUsage, "expected an event and a target"},
		{"no count", []string{"rentman/Contact.create", "-n", "0"}, codeUsage, "--count 0: expected a number from 1"},
		{"a bad rate", []string{"rentman/Contact.create", "--rate", "fast"}, codeUsage, `"fast": expected requests a second (100/s, 100) or a minute (90/m)`},
		{"a bad expectation", []string{"rentman/Contact.create", "--expect", "ok"}, codeUsage, `"ok": expected a status (200), a class (2xx), a list of both (200,4xx), or any`},
		{"an editor without a terminal", []string{"rentman/Contact.create", "--edit"}, codeUsage, "--body @FILE sends a file"},
		{"standard input twice", []string{"rentman/Contact.create", "--body", "-", "--secret-stdin"}, codeUsage, "standard input can be one of them"},
		{"one secret for several providers", []string{"*/*", "--secret-stdin"}, codeUsage, "several providers"},
		{"a bad target", []string{"rentman/Contact.create", "ftp://localhost/"}, codeUsage, `scheme "ftp" is not supported`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShell(t)
			stdout, stderr, code := s.run(append([]string{"send"}, tt.args...)...)
			if code != tt.code {
				t.Errorf("code: got %d, want %d\n%s%s", code, tt.code, stdout, stderr)
			}
			if tt.says == "" && stderr != "" || !strings.Contains(stderr, tt.says) {
				t.Errorf("stderr: got %q, want it to say %q", stderr, tt.says)
			}
			if strings.ContainsRune(stdout+stderr, 0x1b) {
				t.Errorf("an escape reached the terminal: %q", stdout+stderr)
			}
			if code == codeUsage && stdout != "" {
				t.Errorf("stdout of a usage error: %q", stdout)
			}
		})
	}
}

func TestSendDevelopmentSecret(t *testing.T) {
	const elsewhere = "https://hooks.example.com/in"
	s := newShell(t)
	_, stderr, code := s.run("send", "rentman/Contact.create", elsewhere)
	if want := "whk: send rentman/Contact.create to https://hooks.example.com/in: it would be signed with the development secret"; code != codeUsage || !strings.HasPrefix(stderr, want) {
		t.Errorf("code %d, stderr: %s", code, stderr)
	}
	for _, args := range [][]string{{"--sign", "wrong"}, {"--sign", "missing"}, {"--secret-dev"}} {
		// Nothing leaves: the command is interrupted before it begins.
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, stderr, code := s.runUnder(ctx, append([]string{"send", "rentman/Contact.create", elsewhere}, args...)...); code != codeInterrupted {
			t.Errorf("%v: code %d, stderr: %s", args, code, stderr)
		}
	}
	if _, stderr, code := s.run("send", "rentman/Contact.create", elsewhere, "--dry-run"); code != codeDone {
		t.Errorf("--dry-run: code %d, stderr: %s", code, stderr)
	}
	s.env["CI"] = "true"
	if _, stderr, code := s.run("send", "rentman/Contact.create"); code != codeUsage || !strings.Contains(stderr, "set WHK_SECRET_RENTMAN") {
		t.Errorf("in CI: code %d, stderr: %s", code, stderr)
	}
	s.env["WHK_SECRET_RENTMAN"] = ""
	if _, stderr, code := s.run("send", "rentman/Contact.create"); code != codeUsage || !strings.Contains(stderr, "empty") {
		t.Errorf("with an empty secret: code %d, stderr: %s", code, stderr)
	}
}

func TestIsLoopback(t *testing.T) {
	tests := map[string]bool{
		"http://localhost:3000/x":           true,
		"http://LOCALHOST./":                true,
		"http://127.0.0.1/":                 true,
		"http://127.8.9.10:1/":              true,
		"https://[::1]:4400/":               true,
		"http://[::ffff:127.0.0.1]/":        true,
		"http://user:pw@localhost/":         true,
		"http://0.0.0.0:3000/":              false,
		"http://127.1/":                     false,
		"http://localhost.example.com/":     false,
		"http://127.0.0.1.example.com/":     false,
		"http://example.com/?127.0.0.1":     false,
		"http://localhost@example.com/":     false,
		"http://10.0.0.1/":                  false,
		"http://[fe80::1]/":                 false,
		"http://example.com\\@localhost/%%": false,
	}
	for target, want := range tests {
		if got := isLoopback(target); got != want {
			t.Errorf("%s: got %t, want %t", target, got, want)
		}
	}
}

func TestSendDefaultTarget(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		yaml string
		want string
	}{
		{name: "the port of whk listen", want: "http://127.0.0.1:4400/rentman"},
		{name: "the listener that started this", env: map[string]string{"WHK_URL": "http://127.0.0.1:5000"}, want: "http://127.0.0.1:5000/rentman"},
		{name: "the listener of the environment", env: map[string]string{"WHK_ADDR": "127.0.0.1:5001"}, want: "http://127.0.0.1:5001/rentman"},
		{name: "a listener for everybody", env: map[string]string{"WHK_ADDR": "0.0.0.0:5002"}, want: "http://127.0.0.1:5002/rentman"},
		{name: "a port that nobody knows", env: map[string]string{"WHK_ADDR": "127.0.0.1:0"}, want: "http://127.0.0.1:4400/rentman"},
		{name: "the listener of the project", yaml: "version: 1\nlisten: {addr: 127.0.0.1:5003}\nproviders:\n  rentman: {path: /hooks/rm}\n", want: "http://127.0.0.1:5003/hooks/rm"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShell(t)
			for name, value := range tt.env {
				s.env[name] = value
			}
			if tt.yaml != "" {
				s.file(".whk.yaml", tt.yaml)
			}
			stdout, stderr, code := s.run("send", "rentman/Contact.create", "--dry-run", "--json", "--jq", ".url")
			if code != codeDone || stdout != tt.want+"\n" {
				t.Errorf("code %d: got %q, want %q\n%s", code, stdout, tt.want, stderr)
			}
		})
	}
}

func TestSendDryRun(t *testing.T) {
	r := newTestReceiver(t, 200, "")
	s := newShell(t)
	s.env["WHK_SECRET_PLOOMES"] = "k3y-of-the-test"
	message, _, code := s.run("send", "ploomes/Contacts.Update", r.URL, "--dry-run")
	if code != codeDone || !strings.HasPrefix(message, "POST /ploomes HTTP/1.1\r\n") || strings.Contains(message, "k3y-of-the-test") {
		t.Errorf("http: code %d, got %q", code, message)
	}
	message, _, _ = s.run("send", "ploomes/Contacts.Update", r.URL, "--dry-run", "--show-secrets")
	if !strings.Contains(message, "\r\nX-Ploomes-Validation-Key: k3y-of-the-test\r\n") {
		t.Errorf("--show-secrets: got %q", message)
	}
	curl, _, _ := s.run("send", "ploomes/Contacts.Update", r.URL, "--dry-run", "--print", "curl")
	if !strings.HasPrefix(curl, "curl ") || !strings.Contains(curl, "$WHK_SECRET_PLOOMES") || strings.Contains(curl, "k3y-of-the-test") {
		t.Errorf("curl: got %q", curl)
	}
	asJSON, _, _ := s.run("send", "ploomes/Contacts.Update", r.URL, "--dry-run", "--print", "json")
	var delivery struct {
		Type, Event, Secret, Sign string
		Schema                    int
	}
	if err := json.Unmarshal([]byte(asJSON), &delivery); err != nil {
		t.Fatalf("%v: %s", err, asJSON)
	}
	if delivery.Type != "delivery" || delivery.Schema != 1 || delivery.Event != "Contacts.Update" || delivery.Secret != "env WHK_SECRET_PLOOMES" || delivery.Sign != "normal" || strings.Contains(asJSON, "k3y-of-the-test") {
		t.Errorf("json: got %s", asJSON)
	}
	if n := len(r.deliveries()); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
	s.tty = true
	if message, _, _ = s.run("send", "rentman/Contact.create", r.URL, "--dry-run", "--body", "a\x1b[31mb", "--color", "never"); strings.ContainsAny(message, "\x1b\r") || !strings.Contains(message, `a\x1b[31mb`) {
		t.Errorf("on a terminal: got %q", message)
	}
}

// TestSendPrintsWhatItSends compares the raw message with what arrives.
func TestSendPrintsWhatItSends(t *testing.T) {
	r := newTestReceiver(t, 200, "fine")
	s := newShell(t)
	stdout, stderr, code := s.run("send", "rentman/Contact.create", r.URL, "--print", "http")
	if code != codeDone {
		t.Fatalf("code %d, stderr:\n%s", code, stderr)
	}
	_, rest, _ := strings.Cut(stdout, "\r\n\r\n")
	if body := string(r.last(t).Body); !strings.HasPrefix(rest, body+"\nsent rentman/Contact.create to ") {
		t.Errorf("got %q after the head, and received %q", rest, body)
	}
}

func TestSendJSON(t *testing.T) {
	r := newTestReceiver(t, 201, "made")
	s := newShell(t)
	stdout, stderr, code := s.run("send", "rentman/Contact.create", r.URL, "--json", "-n", "3", "--expect", "201")
	if code != codeDone || stderr != "" {
		t.Fatalf("code %d, stderr:\n%s", code, stderr)
	}
	var types []string
	for line := range strings.Lines(stdout) {
		var one struct {
			Type       string
			Schema     int
			Status     int
			Body       string
			Sent       int
			AsExpected int `json:"as_expected"`
			Statuses   map[string]int
			Max        float64 `json:"max_ms"`
			Histogram  []struct{ Count int }
		}
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if (one.Schema == 1) != (len(types) == 0) {
			t.Errorf("schema %d in line %d", one.Schema, len(types)+1)
		}
		switch one.Type {
		case "attempt":
			if one.Status != 201 {
				t.Errorf("attempt: %s", line)
			}
		case "summary":
			if one.Sent != 3 || one.AsExpected != 3 || one.Statuses["201"] != 3 || one.Max <= 0 || len(one.Histogram) == 0 {
				t.Errorf("summary: %s", line)
			}
		}
		types = append(types, one.Type)
	}
	if diff := cmp.Diff([]string{"delivery", "attempt", "delivery", "attempt", "delivery", "attempt", "summary"}, types); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
	seen := map[string]bool{}
	for _, d := range r.deliveries() {
		seen[string(d.Body)] = true
	}
	if len(seen) != 3 {
		t.Errorf("%d different bodies of 3", len(seen))
	}
}

func TestSendMany(t *testing.T) {
	r := newTestReceiver(t, 200, "")
	r.answer = func(n int) (int, string) { return map[bool]int{true: 503, false: 200}[n%5 == 0], "" }
	s := newShell(t)
	s.env["TERM"] = "dumb"
	stdout, stderr, code := s.run("send", "rentman/Contact.create", r.URL, "-n", "50", "-c", "4")
	if code != codeNo || stderr != "whk: send: 10 of 50 events were not answered as expected (2xx)\n" {
		t.Errorf("code %d, stderr: %s", code, stderr)
	}
	for _, want := range []string{"sent 50 x rentman/Contact.create to ", "  -> 200 x 40, 503 x 10 in ", "\n  rate     ", "\n  latency  p50 ", "#"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, stdout)
		}
	}
	for _, c := range []byte(stdout) {
		if c >= 0x80 {
			t.Errorf("not ASCII on a dumb terminal:\n%s", stdout)
			break
		}
	}
	for _, d := range r.deliveries() {
		if v := verdict(t, "rentman", "", d); v.Status != verify.Valid {
			t.Errorf("received: %s", v)
		}
	}
}

func TestSendForAWhile(t *testing.T) {
	r := newTestReceiver(t, 200, "")
	s := newShell(t)
	stdout, stderr, code := s.run("send", "rentman/Contact.create", r.URL, "--duration", "100ms", "--rate", "200/s")
	if code != codeDone || !strings.Contains(stdout, " of 200/s asked") {
		t.Errorf("code %d, stdout:\n%s\nstderr:\n%s", code, stdout, stderr)
	}
	if n := len(r.deliveries()); n < 2 || n > 21 {
		t.Errorf("received %d requests in 100 ms at 200 a second", n)
	}
}

func TestSendInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := newTestReceiver(t, 200, "")
	r.answer = func(n int) (int, string) {
		if n == 3 {
			cancel()
		}
		return 200, ""
	}
	s := newShell(t)
	stdout, stderr, code := s.runUnder(ctx, "send", "rentman/Contact.create", r.URL, "-n", "100000")
	if code != codeInterrupted || !strings.HasPrefix(stdout, "sent ") {
		t.Errorf("code %d, stdout:\n%s", code, stdout)
	}
	if stderr != "whk: interrupted: 3 of 100,000 sent, 99,997 left\n" {
		t.Errorf("stderr: %s", stderr)
	}
	one, cancelOne := context.WithCancel(t.Context())
	r.answer = func(int) (int, string) {
		cancelOne()
		return 200, ""
	}
	_, stderr, code = s.runUnder(one, "send", "ploomes/Contacts.*", r.URL)
	if code != codeInterrupted || !strings.HasPrefix(stderr, "whk: interrupted: 1 of ") {
		t.Errorf("one of each: code %d, stderr: %s", code, stderr)
	}
}

func TestSendEdit(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the editor is a shell script")
	}
	r := newTestReceiver(t, 200, "")
	s := newShell(t)
	s.tty, s.inTTY = true, true
	editor := filepath.Join(t.TempDir(), "editor")
	script := "#!/bin/sh\nsed 's/youraccountname/edited/' \"$2\" > \"$2.new\" && mv \"$2.new\" \"$2\"\n"
	if err := os.WriteFile(editor, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	s.env["EDITOR"] = editor + " --wait"
	if _, stderr, code := s.run("send", "rentman/Contact.create", r.URL, "--edit", "--set", "user.id=7"); code != codeDone {
		t.Fatalf("code %d, stderr:\n%s", code, stderr)
	}
	d := r.last(t)
	if !bytes.HasPrefix(d.Body, []byte(`{"account":"edited","user":{"itemType":"Crew","id":7,`)) || bytes.ContainsRune(d.Body, '\n') {
		t.Errorf("received %s", d.Body)
	}
	if v := verdict(t, "rentman", "", d); v.Status != verify.Valid {
		t.Errorf("received: %s", v)
	}
	s.env["EDITOR"] = "false"
	if _, stderr, code := s.run("send", "rentman/Contact.create", r.URL, "--edit"); code != codeUsage || !strings.Contains(stderr, "nothing was sent") {
		t.Errorf("a failing editor: code %d, stderr: %s", code, stderr)
	}
}

func TestSendShowsAnswersSafely(t *testing.T) {
	r := newTestReceiver(t, 200, strings.Repeat("a line of the answer \x1b]0;title\x07\n", 14))
	s := newShell(t)
	s.tty, s.columns = true, 60
	stdout, _, _ := s.run("send", "rentman/Contact.create", r.URL, "--color", "never")
	if strings.ContainsAny(stdout, "\x1b\x07") {
		t.Errorf("an escape reached the terminal: %q", stdout)
	}
	if lines := strings.Split(strings.TrimSpace(stdout), "\n"); len(lines) != 2+answerLines+1 || !strings.Contains(lines[len(lines)-1], "4 lines more") {
		t.Errorf("got %d lines:\n%s", len(lines), stdout)
	}
}

func TestSendMasksSecretsInAnswers(t *testing.T) {
	r := newTestReceiver(t, 401, "expected k3y-of-the-test")
	s := newShell(t)
	s.env["WHK_SECRET_PLOOMES"] = "k3y-of-the-test"
	for _, form := range [][]string{nil, {"--json"}, {"--print", "http"}, {"--print", "curl"}, {"-n", "2", "--json"}} {
		stdout, stderr, _ := s.run(append([]string{"send", "ploomes/Contacts.Update", r.URL}, form...)...)
		if strings.Contains(stdout+stderr, "k3y-of-the-test") {
			t.Errorf("%v shows the secret:\n%s%s", form, stdout, stderr)
		}
	}
}
