package provider

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
)

func builtinSet(t testing.TB) *Set {
	t.Helper()
	s, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func builtinNamed(t testing.TB, name string) *Provider {
	t.Helper()
	p, err := builtinSet(t).Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func render(t testing.TB, p *Provider, event, variant string) Rendered {
	t.Helper()
	s, err := p.Sample(event, variant)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Render(lintTime(), rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The contract of every definition; a user's own is held to the same by Lint.
func TestContract(t *testing.T) {
	set := builtinSet(t)
	if diff := cmp.Diff(builtinNames, set.Names()); diff != "" {
		t.Fatalf("built-in providers (-want +got)\n%s", diff)
	}
	for i, name := range set.Names() {
		t.Run(name, func(t *testing.T) {
			p, err := set.entries[i].get()
			if err != nil {
				t.Fatal(err)
			}
			if p.Name != name {
				t.Errorf("the definition in folder %s calls itself %s", name, p.Name)
			}
			if len(p.Limits) == 0 || p.Advice == "" || p.Docs.Page == "" || p.Source != BuiltinSource {
				t.Errorf("limits %q, advice %q, docs %q, source %q: all are wanted", p.Limits, p.Advice, p.Docs.Page, p.Source)
			}
			for _, fault := range p.Lint(set.All()...) {
				t.Error(fault)
			}
			if !t.Failed() && len(p.Events()) == 0 {
				t.Error("no events")
			}
		})
	}
}

// Bytes that are no sample of anything get an answer all the same.
func FuzzArbitraryBytes(f *testing.F) {
	f.Add([]byte(rentmanCreate), "RECEIPT/CREATE", "id=1")
	f.Add([]byte("[[[["), "", "%zz")
	f.Add([]byte(`{"object":"event","type":7,"created":{},"data":[{"object":null}]}`), "a/b/c", "&&=")
	f.Add([]byte(`{"Entity":"Deals","Action":"Win","AccountId":1,"Old":7,"New":[]}`), "\x00", "id")
	set := builtinSet(f)
	f.Fuzz(func(t *testing.T, body []byte, operation, query string) {
		d := &verify.Delivery{Method: "POST", URL: "/?" + query, Header: http.Header{"X-Cn-Operation": {operation}}, Body: body}
		if p, rivals := set.Detect(d); p != nil && len(rivals) > 0 {
			t.Fatalf("detected %s and its rivals %q", p.Name, rivals)
		}
		for _, p := range set.All() {
			entity, action, note := p.EventOf(d)
			if (entity == "") == (note == "") || refuseName(entity, action) != "" {
				t.Fatalf("%s: event %q.%q with the note %q", p.Name, entity, action, note)
			}
			facts, _ := p.Facts(d)
			if facts.Entity != entity || facts.Action != action {
				t.Fatalf("%s: facts name %q.%q, EventOf %q.%q", p.Name, facts.Entity, facts.Action, entity, action)
			}
			if len(facts.Old) > 0 && !json.Valid(facts.Old) || len(facts.New) > 0 && !json.Valid(facts.New) {
				t.Fatalf("%s: old %q, new %q", p.Name, facts.Old, facts.New)
			}
		}
	})
}

// Lint must notice what it promises to notice.
func TestLintFinds(t *testing.T) {
	const definition = `version: 1
name: acme
certainty: documented
detect: {present: ["{body.kind}"]}
verify: [{kind: hmac, algorithm: sha256, encoding: hex, header: X-Sig}]
event: {entity: "{body.kind}", action: "{body.did}", time: {from: "{body.at}"}}
actions: [{name: made}, {name: lost}]
entities: {Thing: {}}
`
	const sample = `{"events": ["Thing.*"], "body": {"kind": "{{entity}}", "did": "{{action}}"}}`
	for _, c := range []struct{ name, definition, sample, want string }{
		{"nothing in a sound one", definition, sample, ""},
		{"a sample that is not recognised", definition, strings.Replace(sample, `"kind"`, `"sort"`, 1), "is not recognised as acme"},
		{"a sample that names another event", definition, strings.Replace(sample, "{{action}}", "sold", 1), `reads as the event "Thing.sold", not as "Thing.made"`},
		{"an event without a sample", definition, strings.Replace(sample, "Thing.*", "Thing.made", 1), "Thing.lost: no sample serves this event"},
		{"an unknown placeholder", definition, strings.Replace(sample, "{{action}}", "{{verb}}", 1), "placeholder {{verb}}: unknown"},
		{"a number where JSON wants a text", definition, strings.Replace(sample, `"kind"`, `"{{id:int}}": 1, "kind"`, 1), "the body is not valid JSON"},
		{"a time that cannot be read", definition, strings.Replace(sample, `"did"`, `"at": "soon", "did"`, 1), `the event's time "soon"`},
		{"a method that is not the definition's", definition, strings.Replace(sample, `"body"`, `"method": "PUT", "body"`, 1), "method PUT"},
		{"a definition that is taken for another", definition, strings.Replace(sample, `"kind"`, `"Action": "Win", "Entity": "Deals", "AccountId": 1, "kind"`, 1), "is recognised as ploomes too"},
		{"an override for no event", definition + "events: [{event: Thign.made, certainty: seen}]\n", sample, `"Thign.made" fits no event`},
		{"a signature that covers nothing", strings.Replace(definition, "header: X-Sig", `header: X-Sig, signed: "x{body_sha256}"`, 1), sample, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := builtinSet(t)
			files := fstest.MapFS{"acme/provider.yaml": {Data: []byte(c.definition)}, "acme/samples/thing.json": {Data: []byte(c.sample)}}
			if err := set.Add(files, "acme", "acme/provider.yaml"); err != nil {
				t.Fatal(err)
			}
			p, err := set.Lookup("acme")
			if err != nil {
				t.Fatal(err)
			}
			faults := p.Lint(set.All()...)
			if c.want == "" {
				if len(faults) > 0 {
					t.Errorf("faults %v, want none", faults)
				}
				return
			}
			if len(faults) == 0 || !strings.Contains(faults[0].Error(), c.want) || !strings.HasPrefix(faults[0].File, "acme/") {
				t.Errorf("faults %v, want one in acme/ with %q", faults, c.want)
			}
		})
	}
}

func compact(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var builtinNames = []string{
	"bitbucket", "calendly", "cassaincloud", "cloudevents", "cmmshere", "contentdigest", "discord", "dropbox", "gitea",
	"github", "gitlab", "httpsignature", "hubspot", "intercom", "linear", "mailgun", "motive", "paddle", "ploomes",
	"rentman", "sendgrid", "shopify", "slack", "square", "standardwebhooks", "stripe", "svix", "twilio", "typeform",
	"ubiqo", "wise", "zendesk", "zoom",
}
