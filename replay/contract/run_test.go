package contract_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/replay"
	"whk/replay/contract"
	"whk/verify/provider"
)

func status(r *contract.Report, id string) contract.Status {
	for _, c := range r.Results {
		if c.ID == id {
			return c.Status
		}
	}
	return ""
}

func result(t *testing.T, r *contract.Report, id string) contract.Result {
	t.Helper()
	for _, c := range r.Results {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no result of %s", id)
	return contract.Result{}
}

// An endpoint that says no to everything proves nothing by saying no to bad events.
func TestGate(t *testing.T) {
	for _, code := range []int{500, 401, 403, 404, 503} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			p := lookup(t, "rentman")
			report := test(t, p, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }), nil)
			if report.Open {
				t.Error("the gate is open")
			}
			for _, c := range report.Results {
				if c.Refuses && c.Status != contract.Inconclusive {
					t.Errorf("%s: %s, want inconclusive", c.ID, c.Status)
				}
				if c.Refuses && !strings.Contains(c.Says, "not meaningful") {
					t.Errorf("%s says %q", c.ID, c.Says)
				}
			}
			if got := status(report, "accept.valid"); got != contract.Failed {
				t.Errorf("accept.valid: %s", got)
			}
			if got := report.Verdict(false); got != contract.NotHeld {
				t.Errorf("verdict %s", got)
			}
			if got := result(t, report, "fail.disable-threshold"); got.Status != contract.Noted {
				t.Errorf("fail.disable-threshold: %s %s", got.Status, findings(got))
			}
			if report.Requests > 40 {
				t.Errorf("%d requests to an endpoint that takes none", report.Requests)
			}
		})
	}
}

// The race between looking and remembering is found nearly every time.
func TestRace(t *testing.T) {
	if testing.Short() {
		t.Skip("a hundred runs")
	}
	var found atomic.Int32
	p := lookup(t, "rentman")
	runs := int32(100)
	if raced {
		runs = 20
	}
	for range runs {
		h := &fake{secret: secretsOf(p)[0].Reveal(), check: rentmanCheck}
		racy(h)
		server := httptest.NewServer(h)
		sender := &replay.Sender{Timeout: 5 * time.Second}
		report, err := contract.Run(t.Context(), contract.Options{Provider: p, Target: server.URL + "/hook", Secrets: secretsOf(p), Sender: sender, Events: []string{"Contact.create"},
			Mode: contract.Full, Only: []string{"idem.concurrent"}, Probe: &contract.Probe{URL: server.URL + "/count", Path: "count"}, Settle: 10 * time.Millisecond})
		sender.Close()
		server.Close()
		if err != nil {
			t.Fatal(err)
		}
		if status(report, "idem.concurrent") == contract.Failed && report.Idempotency == "double effect" {
			found.Add(1)
		}
	}
	t.Logf("found in %d of %d runs", found.Load(), runs)
	if found.Load() < runs-1 {
		t.Errorf("found in %d of %d runs", found.Load(), runs)
	}
}

// The verdicts on repeats.
func TestIdempotency(t *testing.T) {
	p := lookup(t, "rentman")
	tests := []struct {
		name   string
		unseen func(*fake, []byte) bool
		probe  bool
		want   string
		status contract.Status
	}{
		{"idempotent", once, true, "idempotent", contract.Passed},
		{"double effect", func(*fake, []byte) bool { return true }, true, "double effect", contract.Failed},
		{"no probe", once, false, "effect not observed", contract.Inconclusive},
		{"answers differ", nil, false, "answers differ", contract.Failed},
		{"nothing to see", func(*fake, []byte) bool { return false }, true, "effect not observed", contract.Inconclusive},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := &fake{secret: secretsOf(p)[0].Reveal(), check: rentmanCheck, unseen: tt.unseen}
			if tt.unseen == nil {
				h.unseen = func(*fake, []byte) bool { return true }
				h.handle = func(f *fake, _ *http.Request, body []byte) int {
					if once(f, body) {
						return 0
					}
					return http.StatusBadRequest
				}
			}
			report := test(t, p, h, func(o *contract.Options) {
				o.Only = []string{"idem.duplicate"}
				if tt.probe {
					o.Probe = &contract.Probe{Path: "count"}
				}
			})
			if report.Idempotency != tt.want || status(report, "idem.duplicate") != tt.status {
				t.Errorf("%q, %s; want %q, %s", report.Idempotency, status(report, "idem.duplicate"), tt.want, tt.status)
			}
		})
	}
}

// Bent bodies find a handler's weak spot, and the failure is made as small as it can be.
func TestFuzzShrinks(t *testing.T) {
	p := lookup(t, "rentman")
	h := &fake{secret: secretsOf(p)[0].Reveal(), check: rentmanCheck, handle: func(_ *fake, _ *http.Request, body []byte) int {
		if event := parsed(body); event != nil {
			if user, there := event["user"]; there {
				if _, ok := user.(map[string]any); !ok && user != nil {
					return http.StatusInternalServerError
				}
			}
		}
		return 0
	}}
	report := test(t, p, h, func(o *contract.Options) {
		o.Only, o.Fuzz, o.Events = []string{"fuzz.body"}, 300, []string{"Contact.create"}
	})
	r := result(t, report, "fuzz.body")
	if r.Status != contract.Failed {
		t.Fatalf("%s: %s", r.Status, findings(r))
	}
	for _, f := range r.Findings {
		body := f.Exchange.Delivery.Body
		var event map[string]json.RawMessage
		if err := json.Unmarshal(body, &event); err != nil || len(event) != 1 || event["user"] == nil {
			t.Errorf("not the smallest body: %s", body)
		}
		if f.Exchange.Outcome != contract.Crashed {
			t.Errorf("outcome %s", f.Exchange.Outcome)
		}
		if rentmanCheck(h, &http.Request{Header: f.Exchange.Delivery.Header}, body) != 0 {
			t.Errorf("the smallest body is not signed: %s", body)
		}
		t.Logf("%s (%s)", body, f.Exchange.Sent)
	}
}

// Equal seeds send equal bodies, and other seeds others.
func TestSeed(t *testing.T) {
	p := lookup(t, "rentman")
	sent := func(seed uint64) []string { // of checks that run side by side
		var mu sync.Mutex
		var bodies []string
		test(t, p, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := readAll(httptest.NewRecorder(), r)
			mu.Lock()
			defer mu.Unlock()
			bodies = append(bodies, string(body))
		}), func(o *contract.Options) {
			o.Only, o.Seed, o.Now = []string{"sig.*", "raw.*", "schema.*"}, seed, func() time.Time { return time.Unix(1_700_000_000, 0) }
		})
		slices.Sort(bodies)
		return bodies
	}
	if diff := cmp.Diff(sent(1), sent(1)); diff != "" {
		t.Errorf("equal seeds (-first +second):\n%s", diff)
	}
	if slices.Equal(sent(1), sent(2)) {
		t.Error("two seeds send the same")
	}
}

// Generated ids can be told from others, for every provider.
func TestReserved(t *testing.T) {
	p := lookup(t, "rentman")
	ids := regexp.MustCompile(`"id":(\d+)`)
	test(t, p, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := readAll(httptest.NewRecorder(), r)
		if bytes.Contains(body, []byte("youraccountname")) && !bytes.Contains(body, []byte("2023-02-02T12:0")) {
			for _, m := range ids.FindAllStringSubmatch(string(body), -1) {
				if n, err := strconv.Atoi(m[1]); err == nil && (n < 500_500 || n > 999_999) {
					t.Errorf("id %d is outside of the range", n)
				}
			}
		}
	}), func(o *contract.Options) { o.Only = []string{"accept.*"} })
}

// No more requests are under way than promised, and a check that probes is alone.
func TestInFlight(t *testing.T) {
	p := lookup(t, "rentman")
	var now, most atomic.Int32
	h := newCareful(t, p)
	report := test(t, p, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(time.Millisecond)
		h.ServeHTTP(w, r)
	}), func(o *contract.Options) {
		o.Mode, o.Skip = contract.Full, map[string]string{"perf": "", "idem.concurrent": ""}
	})
	if most.Load() > contract.InFlight {
		t.Errorf("%d requests at once, %d in all", most.Load(), report.Requests)
	}
	if most.Load() < 2 {
		t.Errorf("nothing runs side by side")
	}
}

// What a user says of the checks holds.
func TestChoice(t *testing.T) {
	p := lookup(t, "rentman")
	h := &fake{secret: secretsOf(p)[0].Reveal()} // verifies nothing
	report := test(t, p, h, func(o *contract.Options) {
		o.Only = []string{"sig.*", "http.options"}
		o.Skip = map[string]string{"sig.huge": "nginx answers it"}
		o.Severity = map[string]contract.Override{"sig.missing": {Severity: contract.Info, Reason: "the proxy checks"}}
		o.Shuffle = true
	})
	var ids []string
	for _, c := range report.Results {
		ids = append(ids, c.ID)
		if ok, _ := path.Match("sig.*", c.ID); !ok && c.ID != "accept.valid" && c.ID != "http.options" {
			t.Errorf("%s ran", c.ID)
		}
	}
	if got := result(t, report, "sig.missing"); got.Severity != contract.Info || got.Reason != "the proxy checks" || got.Status != contract.Failed {
		t.Errorf("sig.missing: %s %s %q", got.Status, got.Severity, got.Reason)
	}
	if got := result(t, report, "sig.huge"); got.Status != contract.Skipped || got.Reason != "nginx answers it" {
		t.Errorf("sig.huge: %s %q", got.Status, got.Reason)
	}
	if got := status(report, "http.options"); got != contract.Passed {
		t.Errorf("a check of another mode that was named: %q", got)
	}
	var want []string
	for _, c := range contract.Catalogue() {
		if slices.Contains(ids, c.ID) {
			want = append(want, c.ID)
		}
	}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("the order of the catalogue (-want +got):\n%s", diff)
	}
}

func TestRefuses(t *testing.T) {
	p := lookup(t, "rentman")
	base := contract.Options{Provider: p, Target: "http://127.0.0.1:1/hook", Secrets: secretsOf(p), Sender: &replay.Sender{}}
	tests := []struct {
		name   string
		change func(*contract.Options)
		want   string
	}{
		{"unknown check", func(o *contract.Options) { o.Only = []string{"sig.mising"} }, `no check is called "sig.mising"`},
		{"unknown skip", func(o *contract.Options) { o.Skip = map[string]string{"x.*": ""} }, `no check is called "x.*"`},
		{"no secret", func(o *contract.Options) { o.Secrets = nil }, replay.ErrNoSecret.Error()},
		{"no event", func(o *contract.Options) { o.Events = []string{"Nothing.*"} }, "no event to send"},
		{"target", func(o *contract.Options) { o.Target = "ftp://x" }, "absolute http or https URL"},
		{"mode", func(o *contract.Options) { o.Mode = "slow" }, "expected quick, full or hostile"},
	}
	for _, tt := range tests {
		o := base
		tt.change(&o)
		if _, err := contract.New(o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestUnreachable(t *testing.T) {
	p := lookup(t, "rentman")
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	report, err := contract.Run(t.Context(), contract.Options{Provider: p, Target: server.URL + "/hook", Secrets: secretsOf(p), Sender: &replay.Sender{}})
	if err != nil {
		t.Fatal(err)
	}
	if report.Verdict(false) != contract.NoWay || report.Unreachable == "" || report.Requests != 1 {
		t.Errorf("%s, %q, %d requests", report.Verdict(false), report.Unreachable, report.Requests)
	}
}

// The addresses that replay refuses are refused here, too, for odd requests as well.
func TestMetadataAddress(t *testing.T) {
	p := lookup(t, "rentman")
	sender := &replay.Sender{Lookup: func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("169.254.169.254")}, nil
	}}
	report, err := contract.Run(t.Context(), contract.Options{Provider: p, Target: "http://hook.example.com/", Secrets: secretsOf(p), Sender: sender})
	if err != nil {
		t.Fatal(err)
	}
	if report.Verdict(false) != contract.NoWay || !strings.Contains(report.Unreachable, "metadata") {
		t.Errorf("%s: %s", report.Verdict(false), report.Unreachable)
	}
	if _, err := sender.Connect(t.Context(), "http://hook.example.com/"); err == nil {
		t.Error("Connect leads to a metadata address")
	}
}

func TestInterrupted(t *testing.T) {
	p := lookup(t, "rentman")
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { cancel(); w.WriteHeader(200) }))
	defer server.Close()
	report, err := contract.Run(ctx, contract.Options{Provider: p, Target: server.URL + "/hook", Secrets: secretsOf(p), Sender: &replay.Sender{}})
	if err != nil {
		t.Fatal(err)
	}
	if report.Verdict(false) != contract.Stopped {
		t.Errorf("verdict %s", report.Verdict(false))
	}
}

// An endpoint that goes away is told once, and nothing is blamed on what comes after.
func TestEndpointDies(t *testing.T) {
	p := lookup(t, "rentman")
	var server *httptest.Server
	h := newCareful(t, p)
	var once sync.Once
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Digest") == "" && r.Method == http.MethodPost {
			once.Do(func() { go server.Close() })
		}
		h.ServeHTTP(w, r)
	}))
	report, err := contract.Run(t.Context(), contract.Options{Provider: p, Target: server.URL + "/hook", Secrets: secretsOf(p), Sender: &replay.Sender{Timeout: time.Second}, Gap: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, c := range report.Results {
		if c.Status == contract.Failed {
			failed++
		}
	}
	if failed == 0 || failed > contract.InFlight+1 {
		t.Errorf("%d checks failed, want those that were under way alone", failed)
	}
}

// Nothing of a report holds the secret but where it is sent.
func TestSecretsStayOut(t *testing.T) {
	p := lookup(t, "ploomes")
	report := test(t, p, &fake{}, func(o *contract.Options) { o.Mode = contract.Full })
	secret := secretsOf(p)[0].Reveal()
	for _, c := range report.Results {
		text := c.Says
		for _, f := range c.Findings {
			text += f.Says
			if f.Exchange != nil {
				text += f.Exchange.Sent + f.Exchange.Came()
			}
		}
		if strings.Contains(text, secret) {
			t.Errorf("%s tells the secret: %s", c.ID, text)
		}
	}
	if report.Secret == secret {
		t.Error("the report names the secret itself")
	}
}

// A careful endpoint stands what attackers send.
func TestHostile(t *testing.T) {
	for _, name := range []string{"rentman", "stripe", "ploomes", "cmmshere"} {
		if raced && name != "rentman" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := lookup(t, name)
			h := newCareful(t, p)
			server := httptest.NewUnstartedServer(h)
			server.Config.ReadTimeout = 2 * time.Second
			server.Start()
			defer server.Close()
			sender := &replay.Sender{Timeout: 10 * time.Second}
			defer sender.Close()
			report, err := contract.Run(t.Context(), contract.Options{Provider: p, Target: server.URL + "/hook", Secrets: secretsOf(p), Sender: sender, Mode: contract.Hostile,
				Only:  []string{"http.stalled-body", "http.too-large", "http.headers-64k", "http.gzip-bomb", "ssrf.*", "inject.*", "schema.deep", "perf.burst", "http.cl-te", "http.te-variants", "http.bare-lf", "http.obs-fold"},
				Stall: 20 * time.Second, Sleep: func(_ context.Context, d time.Duration) { time.Sleep(min(d, time.Millisecond)) }})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range report.Results {
				if c.Status == contract.Failed && c.Severity != contract.Info {
					t.Errorf("%s failed (%s): %s", c.ID, c.Severity, findings(c))
				}
			}
			t.Log(summary(report))
		})
	}
}

// What attackers try is noticed where it works.
func TestHostileFaults(t *testing.T) {
	client := &http.Client{Timeout: time.Second}
	calls := func(body []byte) {
		for _, url := range regexp.MustCompile(`http://127\.0\.0\.1:\d+/whk`).FindAllString(string(body), -1) {
			if resp, err := client.Get(url); err == nil {
				resp.Body.Close()
			}
		}
	}
	tests := []struct {
		name, provider, found string
		handle                func(*fake, *http.Request, []byte) int
	}{
		{"values are called", "cmmshere", "inject.html", func(_ *fake, _ *http.Request, body []byte) int { calls(body); return 0 }},
		{"quotes crash", "cmmshere", "inject.sql", func(_ *fake, _ *http.Request, body []byte) int {
			if bytes.Contains(body, []byte("' OR '1'='1")) {
				return 500
			}
			return 0
		}},
		{"depth crashes", "cmmshere", "schema.deep", func(_ *fake, _ *http.Request, body []byte) int {
			if bytes.Count(body, []byte(`{"a":`)) > 500 {
				return 500
			}
			return 0
		}},
		{"called before it is verified", "rentman", "ssrf.callback", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := lookup(t, tt.provider)
			h := &fake{handle: tt.handle}
			if tt.provider == "rentman" {
				h.secret = secretsOf(p)[0].Reveal()
				h.check = func(f *fake, r *http.Request, body []byte) int { calls(body); return rentmanCheck(f, r, body) }
			}
			report := test(t, p, h, func(o *contract.Options) { o.Mode, o.Only = contract.Hostile, []string{tt.found} })
			if got := result(t, report, tt.found); got.Status != contract.Failed {
				t.Errorf("%s: %s %s", tt.found, got.Status, findings(got))
			}
		})
	}
}

func TestProbe(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/state" {
			w.WriteHeader(404)
			return
		}
		_, _ = w.Write([]byte(`{"a":{"count":3,"name":"x"},"list":[1,2]}`))
	}))
	defer server.Close()
	sender := &replay.Sender{}
	defer sender.Close()
	tests := []struct {
		probe, want, err string
	}{
		{server.URL + "/state#a.count", "3", ""},
		{server.URL + "/state#a.name", "x", ""},
		{server.URL + "/state#list.1", "2", ""},
		{server.URL + "/state#b", "", "nothing at b"},
		{server.URL + "/other", "", "404"},
		{strings.TrimPrefix(server.URL, "http://") + "/state#a.count", "3", ""},
	}
	for _, tt := range tests {
		p, err := contract.ParseProbe(tt.probe)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Read(t.Context(), sender)
		if got.Text != tt.want || (tt.err == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %q, %v", tt.probe, got.Text, err)
		}
	}
	if _, err := contract.ParseProbe("ftp://x/y"); err == nil {
		t.Error("a probe by ftp is taken")
	}
	got, err := (&contract.Probe{Command: []string{"echo", " 42 "}}).Read(t.Context(), sender)
	if err != nil || got.Number != 42 || !got.IsNumber {
		t.Errorf("a command: %+v, %v", got, err)
	}
	if _, err := (&contract.Probe{Command: []string{"false"}}).Read(t.Context(), sender); err == nil {
		t.Error("a command that fails reads something")
	}
}

// The catalogue is data that lists can be made of.
func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range contract.Catalogue() {
		if seen[c.ID] {
			t.Errorf("%s is there twice", c.ID)
		}
		seen[c.ID] = true
		if c.ID == "" || c.Scope.Fits == nil || c.Scope.Name == "" || c.Run == nil || c.Title == "" || c.Expect == "" || c.Why == "" ||
			!slices.Contains(contract.Severities(), c.Severity) || !slices.Contains(contract.Modes(), c.Mode) || c.Risk == "" {
			t.Errorf("%s lacks something: %+v", c.ID, c)
		}
		if contract.AdviceOn(c.Topic).Text == "" {
			t.Errorf("%s: there is no advice on %q", c.ID, c.Topic)
		}
	}
	if len(seen) < 95 {
		t.Errorf("%d checks", len(seen))
	}
}

// A user's own definition is tested like a built-in one.
func TestOwnProvider(t *testing.T) {
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Add(ownDefinition(), "shop", "a test"); err != nil {
		t.Fatal(err)
	}
	p, err := set.Lookup("shop")
	if err != nil {
		t.Fatal(err)
	}
	report := test(t, p, newCareful(t, p), func(o *contract.Options) { o.Mode = contract.Full })
	for _, c := range report.Results {
		if c.Status == contract.Failed {
			t.Errorf("%s: %s", c.ID, findings(c))
		}
	}
	for _, id := range []string{"sig.downgrade", "replay.old", "accept.rotation", "idem.concurrent"} {
		if id == "accept.rotation" {
			continue // its header holds one signature
		}
		if status(report, id) == "" {
			t.Errorf("%s did not run", id)
		}
	}
}

func TestStackOf(t *testing.T) {
	for header, want := range map[string]string{"X-Powered-By: Express": "Express", "Server: Werkzeug/3.0 Python/3.12": "Flask", "Server: uvicorn": "FastAPI", "Server: Kestrel": "ASP.NET", "X-Powered-By: PHP/8.3": "PHP", "Server: nginx": ""} {
		name, value, _ := strings.Cut(header, ": ")
		if got := contract.StackOf(http.Header{name: {value}}); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
}
