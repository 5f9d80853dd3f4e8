package contract_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"whk/replay"
	"whk/replay/contract"
	"whk/verify"
	"whk/verify/provider"
)

func noEnvironment(string) (string, bool) { return "", false }

const suiteHead = "version: 1\ntarget: http://localhost:3000/rentman\nprovider: rentman\n"

// The suite of the documentation reads as it is meant.
func TestParseSuite(t *testing.T) {
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"PORT": "4000", "EMPTY": ""}[name]
		return v, ok
	}
	s, err := contract.ParseSuite("x.yaml", []byte(`version: 1
target: ${EMPTY:-http://localhost:${PORT}
`), env)
	if err == nil {
		t.Errorf("a reference that does not end was read: %+v", s)
	}
	s, err = contract.ParseSuite("x.yaml", []byte(`
version: 1
target: http://localhost:${PORT:-3000}/rentman
provider: rentman
secret: env:RENTMAN_TOKEN
budget: {p95: 2s, timeout: 10s}
probe: {get: "http://localhost:3000/count", json: count}
checks:
  run: [quick, "schema.*", idem]
  skip: {accept.sig-upper-hex: "framework lower-cases"}
  severity: {http.get: error}
cases:
  - name: Contact appears once!
    send: rentman/Contact.create
    set: {items.0.id: 7001}
    unset: eventDate
    deliver: {times: 3, concurrent: true}
    expect: {status: [2xx, 409], within: 2s, probe: {delta: 1}}
  - name: late update does not win
    steps:
      - {send: "file:new.json", expect: {outcome: accepted}}
      - {send: "file:old.json", sign: wrong}
    deliver: {order: reversed, interleave: true}
    expect: {probe: {get: "http://localhost:3000/contact", json: name, equals: new}}
`), env)
	if err != nil {
		t.Fatal(err)
	}
	mode, only := s.Selection()
	if s.Target != "http://localhost:4000/rentman" || s.Secret != "env:RENTMAN_TOKEN" || s.P95 != 2*time.Second || s.Timeout != 10*time.Second || s.Probe.Path != "count" || mode != contract.Quick || len(s.Wants) != 0 {
		t.Errorf("read %+v, mode %s", s, mode)
	}
	for _, want := range []string{"schema.*", "idem", "accept.valid", "case.contact-appears-once"} {
		if !strings.Contains(" "+strings.Join(only, " ")+" ", " "+want+" ") {
			t.Errorf("only %q lacks %s", only, want)
		}
	}
	c := s.Cases[0]
	if c.ID != "case.contact-appears-once" || c.Times != 3 || !c.Concurrent || len(c.Steps) != 1 || len(c.Steps[0].Edits) != 2 || *c.Expect.Probe.Delta != 1 || c.Line != 13 {
		t.Errorf("case %+v", c)
	}
	c = s.Cases[1]
	if len(c.Steps) != 2 || c.Steps[1].Sign != replay.SignWrong || c.Order != "reversed" || !c.Interleave || *c.Expect.Probe.Equals != "new" {
		t.Errorf("case %+v", c)
	}
}

// Each mistake is told with its place.
func TestParseSuiteMistakes(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"empty":                   {"", "x.yaml: the file is empty"},
		"not YAML":                {"version: [", "x.yaml:1:1: not YAML: did not find expected node content"},
		"a list":                  {"- 1", "x.yaml:1:1: suite: expected keys with values, found a list"},
		"no version":              {"target: http://localhost\nprovider: rentman", "x.yaml:1:1: suite: there is no version"},
		"another version":         {"version: 2", "x.yaml:1:10: version: expected a whole number from 1 to 1, found \"2\""},
		"an unknown key":          {suiteHead + "chekcs: {}", "x.yaml:4:1: suite: there is no key \"chekcs\""},
		"a key twice":             {suiteHead + "target: x", "x.yaml:4:1: suite: \"target\" stands here twice"},
		"an alias":                {suiteHead + "probe: &x {get: 'http://localhost'}", "a suite has no anchors and aliases"},
		"a second document":       {suiteHead + "---\nversion: 1", "there is a second document"},
		"a target of nothing":     {"version: 1\nprovider: x\ntarget: 'ftp://x'", "x.yaml:3:9: target: it is no address"},
		"a variable that is none": {"version: 1\nprovider: x\ntarget: ${NOWHERE}", "x.yaml:3:9: target: the variable NOWHERE is not set"},
		"a secret":                {suiteHead + "secret: hunter2", "x.yaml:4:9: secret: a suite names where a secret is and never holds it"},
		"no such check":           {suiteHead + "checks: {run: [quick, shcema.*]}", "x.yaml:4:23: checks: no check is called \"shcema.*\""},
		"a skip without a reason": {suiteHead + "checks: {skip: {sig.huge: }}", "checks.skip.sig.huge: the reason: expected a text"},
		"a severity":              {suiteHead + "checks: {severity: {sig.huge: fatal}}", "expected error, warning, info, found \"fatal\""},
		"a case without a name":   {suiteHead + "cases: [{send: Contact.create}]", "x.yaml:4:9: case: there is no name"},
		"nothing to send":         {suiteHead + "cases: [{name: x}]", "x.yaml:4:9: case: there is nothing to send"},
		"send beside steps":       {suiteHead + "cases: [{name: x, sign: wrong, steps: [{send: y}]}]", "x.yaml:4:19: case: sign belongs to a step"},
		"two of a name":           {suiteHead + "cases: [{name: a b, send: x}, {name: A-B, send: x}]", "x.yaml:4:31: cases: the name is that of line 4"},
		"a status":                {suiteHead + "cases: [{name: x, send: y, expect: {status: 2x}}]", "x.yaml:4:45: expect.status: expected a code"},
		"status and outcome":      {suiteHead + "cases: [{name: x, send: y, expect: {status: 200, outcome: accepted}}]", "give status or outcome, not both"},
		"a probe that is none":    {suiteHead + "cases: [{name: x, send: y, expect: {probe: {delta: 1}}}]", "probe: there is none to read"},
		"delta and equals":        {suiteHead + "cases: [{name: x, send: y, expect: {probe: {get: localhost, delta: 1, equals: 1}}}]", "expected either delta or equals"},
		"too many":                {suiteHead + "cases: [{name: x, send: y, deliver: {times: 1000, concurrent: true}}]", "these are 1000 deliveries"},
		"a time":                  {suiteHead + "budget: {p95: 2}", "x.yaml:4:15: budget.p95: expected a time"},
		"a way of signing":        {suiteHead + "cases: [{name: x, send: y, sign: badly}]", "sign: expected normal, wrong, missing, tampered, downgrade"},
		"no number of JSON":       {suiteHead + "cases: [{name: x, send: y, set: {a: .nan}}]", "JSON has no number \".nan\""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := contract.ParseSuite("x.yaml", []byte(tt.text), noEnvironment)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Error("the error repeats the secret")
			}
		})
	}
}

// What reaches beyond this machine and the folder of the suite has to be agreed to.
func TestSuiteWants(t *testing.T) {
	env := func(name string) (string, bool) { return "staging.example.com", name == "HOST" }
	for name, tt := range map[string]struct{ text, want string }{
		"a command":          {suiteHead + "probe: {cmd: [cat, /etc/passwd]}", `4:14 probe.cmd: run "cat /etc/passwd"`},
		"another machine":    {"version: 1\nprovider: x\ntarget: http://u:p@db.example.com/x", "3:9 target: send events to db.example.com"},
		"hidden in a part":   {"version: 1\nprovider: x\ntarget: http://${HOST}/x", "3:9 target: send events to staging.example.com"},
		"one's own variable": {"version: 1\nprovider: x\ntarget: ${HOST}", ""},
		"the default":        {"version: 1\nprovider: x\ntarget: ${OTHER:-http://db.example.com}", "3:9 target: send events to db.example.com"},
		"a probe elsewhere":  {suiteHead + "probe: {get: 'http://169.254.169.254/'}", "4:14 probe.get: ask 169.254.169.254"},
		"a secret outside":   {suiteHead + "secret: file:../../.ssh/id_rsa", `4:9 secret: read the secret in "../../.ssh/id_rsa"`},
		"a body outside":     {suiteHead + "cases: [{name: x, send: 'file:/etc/passwd'}]", `4:25 send: read "/etc/passwd"`},
		"a body inside":      {suiteHead + "cases: [{name: x, send: 'file:a/b.json'}]", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := contract.ParseSuite("x.yaml", []byte(tt.text), env)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, w := range s.Wants {
				got += fmt.Sprintf("%d:%d %s: %s", w.Line, w.Column, w.Key, w.Wants)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// runSuite runs a suite against an endpoint.
func runSuite(t *testing.T, text string, p *provider.Provider, secrets []verify.Secret, target string, from contract.SuiteSources) *contract.Report {
	t.Helper()
	s, err := contract.ParseSuite("x.yaml", []byte(text), func(name string) (string, bool) { return target, name == "TARGET" })
	if err != nil {
		t.Fatal(err)
	}
	mode, only := s.Selection()
	o := contract.Options{Provider: p, Target: s.Target, Secrets: secrets, Sender: &replay.Sender{Timeout: 5 * time.Second}, Mode: mode, Only: only, Seed: 1, Probe: s.Probe, Settle: 100 * time.Millisecond}
	t.Cleanup(o.Sender.Close)
	if o.Extra, err = s.Checks(p, s.Target, secrets, from, time.Now()); err != nil {
		t.Fatal(err)
	}
	r, err := contract.Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func rentman(t *testing.T) (*provider.Provider, []verify.Secret) {
	t.Helper()
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := set.Lookup("rentman")
	if err != nil {
		t.Fatal(err)
	}
	return p, []verify.Secret{verify.NewSecret("test", "a-secret-of-a-test")}
}

func endpointFor(t *testing.T, p *provider.Provider, secrets []verify.Secret) (url string) {
	t.Helper()
	keyring, err := p.Scheme.Bind("", secrets...)
	if err != nil {
		t.Fatal(err)
	}
	c := &careful{provider: p, keyring: keyring, seen: map[[32]byte]bool{}}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return server.URL
}

// Cases send what they say, and each expectation can be kept and missed.
func TestSuiteCases(t *testing.T) {
	p, secrets := rentman(t)
	const url = "http://ENDPOINT"
	body := `{"event":{"type":"update"},"items":[{"id":5}]}`
	recorded := &verify.Delivery{Method: "POST", URL: "/rentman", Header: map[string][]string{"Digest": {"sha512=00"}, "X-Kept": {"yes"}}, Body: []byte(body)}
	from := contract.SuiteSources{
		File: func(name string) ([]byte, error) {
			if name != "body.json" {
				return nil, errors.New("no such file")
			}
			return []byte(body), nil
		},
		Event: func(ref string) (*verify.Delivery, error) { return recorded, nil },
	}
	head := "version: 1\ntarget: ${TARGET}\nprovider: rentman\nprobe: {get: '" + url + "/count', json: count}\nchecks: {run: []}\ncases:\n"
	for name, tt := range map[string]struct {
		text   string
		status contract.Status
		says   string
	}{
		"once":                  {"send: rentman/Contact.create, expect: {probe: {delta: 1}}", contract.Passed, ""},
		"once of three at once": {"send: Contact.create, set: {items.0.id: 7001}, deliver: {times: 3, concurrent: true}, expect: {status: 2xx, probe: {delta: 1}}", contract.Passed, ""},
		"thrice":                {"send: Contact.create, deliver: {times: 3}, expect: {probe: {delta: 3}}", contract.Failed, "expected that it grows by 3"},
		"forged":                {"send: Contact.create, sign: wrong", contract.Passed, ""},
		"forged and believed":   {"send: Contact.create, sign: tampered, expect: {status: 2xx}", contract.Failed, "expected 2xx"},
		"missing":               {"send: Contact.create, sign: missing, expect: {status: [401, 403], probe: {delta: 0}}", contract.Passed, ""},
		"a file":                {"send: 'file:body.json', expect: {outcome: accepted, within: 5s}", contract.Passed, ""},
		"a file, set":           {"send: 'file:body.json', set: {items: [1, null, {a: true}]}, unset: event.type", contract.Passed, ""},
		"too slow":              {"send: Contact.create, expect: {within: 1ns}", contract.Failed, "the answer took longer than 1ns"},
		"recorded":              {"send: 'event:01', expect: {status: 204}", contract.Passed, ""},
		"recorded, forged":      {"send: 'event:01', sign: wrong, expect: {outcome: rejected}", contract.Passed, ""},
		"equals":                {"send: Contact.create, expect: {probe: {get: '" + url + "/count', equals: nothing}}", contract.Failed, "expected \\\"nothing\\\""},
		"steps":                 {"steps: [{send: Contact.create}, {send: Contact.update, sign: missing, expect: {status: 401}}], deliver: {times: 2, interleave: true, order: shuffled}, expect: {probe: {delta: 1}}", contract.Passed, ""},
		"steps reversed":        {"steps: [{send: Contact.create}, {send: Contact.update}], deliver: {order: reversed}, expect: {probe: {delta: 2}}", contract.Passed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			fresh := endpointFor(t, p, secrets) // one that has seen none of these
			r := runSuite(t, strings.ReplaceAll(head+"  - {name: x, "+tt.text+"}\n", url, fresh), p, secrets, fresh, from)
			last := r.Results[len(r.Results)-1]
			if last.ID != "case.x" || last.Status != tt.status {
				t.Fatalf("%s: %s, %s %+v", last.ID, last.Status, last.Says, last.Findings)
			}
			if tt.says != "" && !strings.Contains(last.Findings[0].Says, strings.ReplaceAll(tt.says, `\`, "")) {
				t.Errorf("says %q, want %q", last.Findings[0].Says, tt.says)
			}
		})
	}
}

// What cannot be sent is a mistake of the suite, told before anything is sent.
func TestSuiteChecksMistakes(t *testing.T) {
	p, secrets := rentman(t)
	for text, want := range map[string]string{
		"send: Contact.creat":    "x.yaml:4:25: send \"Contact.creat\": unknown event",
		"send: 'file:none.json'": "send \"file:none.json\": no such file",
		"send: 'event:9'":        "send \"event:9\": no such event",
		"send: Contact.create, set: {items: [], items.x.y: 1}": "x.yaml:4:25: send \"Contact.create\": ",
		"send: Contact.create, unset: nothing.here":            "nothing.here",
	} {
		s, err := contract.ParseSuite("x.yaml", []byte(suiteHead+"cases: [{name: x, "+text+"}]"), noEnvironment)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Checks(p, s.Target, secrets, contract.SuiteSources{
			File:  func(string) ([]byte, error) { return nil, errors.New("no such file") },
			Event: func(string) (*verify.Delivery, error) { return nil, errors.New("no such event") },
		}, time.Now())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// A draft for every provider parses, and a careful endpoint passes it.
func TestDraftRunsClean(t *testing.T) {
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range set.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			var secrets []verify.Secret
			if p.Scheme.Keyed() {
				secrets = []verify.Secret{verify.NewSecret("test", p.Scheme.DevelopmentSecret(p.Name).Reveal())}
			}
			text := string(contract.Draft{Provider: p}.Suite())
			if _, err := contract.ParseSuite("x.yaml", []byte(text), noEnvironment); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			url := endpointFor(t, p, secrets)
			text = strings.ReplaceAll(text, "run: [quick]", "run: []")
			text = strings.ReplaceAll(text, "http://localhost:3000/"+p.Name, url)
			r := runSuite(t, text, p, secrets, url, contract.SuiteSources{})
			for _, c := range r.Results {
				if c.Status != contract.Passed && strings.HasPrefix(c.ID, "case.") {
					t.Errorf("%s: %s, %s %+v", c.ID, c.Status, c.Says, c.Findings)
				}
			}
		})
	}
}

// FuzzParseSuite never panics, and every error has a place in the file or none at all.
func FuzzParseSuite(f *testing.F) {
	f.Add([]byte(suiteHead))
	f.Add([]byte(suiteHead + "cases: [{name: x, send: 'event:1', set: {a.b: [1, {c: null}]}, expect: {status: [2xx, 404], probe: {get: localhost, equals: 1}}}]"))
	f.Add([]byte(suiteHead + "secret: ${A:-env:B}\nchecks: {run: [hostile], skip: {x: y}}"))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("? [x]\n: y"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := contract.ParseSuite("x.yaml", data, func(name string) (string, bool) { return "http://localhost/" + name, name == "A" })
		var e *contract.SuiteError
		switch {
		case err == nil:
			s.Selection()
		case !errors.As(err, &e), e.Msg == "", e.Line < 0:
			t.Errorf("%#v", err)
		}
	})
}
