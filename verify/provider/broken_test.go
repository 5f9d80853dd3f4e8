package provider

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
)

// Samples that cannot be used are left out, and the others serve.
func TestBrokenSamples(t *testing.T) {
	two := strings.Replace(sound, "  - {name: made}\n", "  - {name: made}\n  - {name: gone}\n", 1)
	if two == sound {
		t.Fatal("the definition has changed")
	}
	files := fstest.MapFS{
		"acme/provider.yaml":       {Data: []byte(two)},
		"acme/samples/thing.json":  {Data: []byte(`{"events":["Thing.made"],"body":{"kind":"Thing","did":"made"}}`)},
		"acme/samples/broken.json": {Data: []byte("{broken")},
		"acme/samples/twice.json":  {Data: []byte(`{"events":["Thing.made"],"body":{}}`)},
	}
	set := new(Set)
	err := set.Add(files, "acme", "acme/provider.yaml")
	if broken, ok := errors.AsType[*SamplesError](err); !ok || broken.Provider != "acme" || !strings.Contains(broken.Brief(), "acme/samples/broken.json:1: ") {
		t.Fatalf("error %v, want one of the samples", err)
	}
	p, err := set.Lookup("acme")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Sample("Thing.made", ""); err != nil {
		t.Errorf("the event with a sound sample: %v", err)
	}
	for _, c := range []struct{ event, variant string }{{"Thing.gone", ""}, {"Thing.made", "broken"}} {
		if _, err := p.Sample(c.event, c.variant); err == nil || !strings.Contains(err.Error(), "acme/samples/broken.json:1: ") {
			t.Errorf("%s, variant %q: error %v, want the fault of the sample", c.event, c.variant, err)
		}
	}
	if got := len(p.Events()); got != 2 {
		t.Errorf("%d events are listed, want 2", got)
	}
	if faults := p.Lint(); len(faults) == 0 {
		t.Error("lint finds no fault")
	}
}

// A definition that is broken leaves nothing in its place: not even the one whose place it
// was to take.
func TestBreak(t *testing.T) {
	set := builtinSet(t)
	files := fstest.MapFS{"x/provider.yaml": {Data: []byte("version: 1\nname: rentman\nverify: [{kind: static, header: X-Key}]\nbogus: 1\n")}}
	err := set.Replace(files, "x", "x/provider.yaml")
	if err == nil {
		t.Fatal("a broken definition is in the set")
	}
	set.Break(files, "x", "", err)
	_, err = set.Lookup("Rentman")
	broken, ok := errors.AsType[*BrokenError](err)
	if !ok || broken.Name != "rentman" || len(broken.Headers) != 1 || broken.Headers[0] != "X-Key" {
		t.Fatalf("error %+v", err)
	}
	if want := `the definition of rentman cannot be used: x/provider.yaml:4: unknown key "bogus"`; broken.Error() != want {
		t.Errorf("got %q\nwant %q", broken.Error(), want)
	}
	for _, p := range set.All() {
		if p.Name == "rentman" {
			t.Error("the built-in definition stands in")
		}
	}
	if len(set.Broken()) != 1 {
		t.Errorf("%d are broken", len(set.Broken()))
	}
}

// Readable names stand for one event each, and nobody else's.
func TestEventAliases(t *testing.T) {
	with := func(events string) error {
		return new(Set).Add(acme(sound+"events: ["+events+"]\n", ""), "acme", "acme/provider.yaml")
	}
	for _, c := range []struct{ name, events, want string }{
		{"sound", "{event: Thing.made, aliases: [creation, new]}", ""},
		{"of no event", "{event: Thing.lost, aliases: [loss]}", `"Thing.lost" is no event`},
		{"of several", `{event: "Thing.*", aliases: [any]}`, `"Thing.*" is no event`},
		{"of another", "{event: Thing.made, aliases: [thing.MADE]}", "thing.MADE is a name of Thing.made already"},
		{"twice", "{event: Thing.made, aliases: [a, A]}", "A is a name of Thing.made already"},
		{"no name", `{event: Thing.made, aliases: ["a b"]}`, `"a b" cannot be a name`},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := with(c.events)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	p, err := builtinSet(t).Lookup("discord")
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Sample("PING", "")
	if err != nil || Name(s.Entity, s.Action) != "interaction.1" {
		t.Errorf("PING is %+v, %v; want interaction.1", s, err)
	}
}
