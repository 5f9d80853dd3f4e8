package provider

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// sound is a definition with nothing wrong; each broken one changes a line of it.
const sound = `version: 1
name: acme
title: Acme
certainty: documented
detect:
  present: ["{body.kind}"]
verify:
  - {kind: hmac, algorithm: sha256, encoding: hex, header: X-Sig}
event:
  entity: "{body.kind}"
  action: "{body.did}"
headers: {Content-Type: application/json}
delivery:
  retries: {max: 3}
  budget: [{calls: 10, per: 1s}]
actions:
  - {name: made}
entities:
  Thing: {path: /things}
`

func acme(definition, sample string) fs.FS {
	files := fstest.MapFS{"acme/provider.yaml": {Data: []byte(definition)}}
	if sample != "" {
		files["acme/samples/thing.json"] = &fstest.MapFile{Data: []byte(sample)}
	}
	return files
}

func TestLoadRefuses(t *testing.T) {
	bomb := "version: 1\na: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'j'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"an unknown key", "title: Acme", "titel: Acme", `:3: unknown key "titel"`},
		{"an unknown key in a recipe", "kind: hmac,", "kind: hmac, key: x,", `:8: unknown key "key"`},
		{"an unknown key in detect", "  present:", "  presents:", `:6: unknown key "presents"`},
		{"an unknown key in an alias", "{path: /things}", "{aliases: [{nam: x}]}", `:19: unknown key "nam"`},
		{"a key that is there twice", "title: Acme", "title: Acme\ntitle: Acme", `:4: mapping key "title" already defined`},
		{"a list for a text", "title: Acme", "title: [Acme]", `:3: expected a text, found a list`},
		{"a text for a list", "headers:", "methods: POST\nheaders:", "expected a list, found the text"},
		{"a text for a number", "max: 3", "max: many", "expected a whole number, found the text"},
		{"a duration without a unit", "per: 1s", "per: soon", "expected a duration"},
		{"a word for detect", "detect:\n  present: [\"{body.kind}\"]", "detect: body", ":5: detect: expected path"},
		{"broken YAML", "title: Acme", "title: \"Acme", ":5: did not find expected key"},
		{"an unknown version", "version: 1", "version: 2", ":1: version: expected 1, found 2"},
		{"no name", "name: acme", "", `name: missing`},
		{"a reserved name", "name: acme", "name: stdin", `:2: name: "stdin" is reserved`},
		{"a name in capitals", "name: acme", "name: Acme", ":2: name: "},
		{"a long name", "name: acme", "name: " + strings.Repeat("a", 65), ":2: name: longer than 64"},
		{"no certainty", "certainty: documented", "", "certainty: missing; expected documented"},
		{"another certainty", "certainty: documented", "certainty: sure", `:4: certainty "sure": expected documented`},
		{"another certainty of an entity", "{path: /things}", "{certainty: sure}", `:19: certainty "sure"`},
		{"no check", "verify:\n  - {kind: hmac, algorithm: sha256, encoding: hex, header: X-Sig}\n", "", "verify: missing"},
		{"another kind", "kind: hmac", "kind: rot13", `:8: verify: kind "rot13"`},
		{"another algorithm", "algorithm: sha256", "algorithm: crc32", ":8: verify: "},
		{"a path in the signed content", "header: X-Sig", `header: X-Sig, signed: "{body.kind}"`, ":8: verify: signed"},
		{"a template that is not closed", `"{body.kind}"]`, `"{body.kind"]`, ":6: "},
		{"an unknown variable", `entity: "{body.kind}"`, `entity: "{bodi.kind}"`, ":10: entity: template"},
		{"a variable without a value", `entity: "{body.kind}"`, `entity: "{entity}"`, ":10: entity: {entity} has no value here"},
		{"each where one is wanted", `entity: "{body.kind}"`, `entity: "{body.items.#.kind}"`, ":10: entity: # reads several"},
		{"nothing to detect", `present: ["{body.kind}"]`, `absent: ["{body.kind}"]`, ":5: detect: give present or equals"},
		{"no event", "  entity: \"{body.kind}\"\n  action: \"{body.did}\"\n", "  ids: \"{body.id}\"\n", "event: give a name"},
		{"two kinds of event", `action: "{body.did}"`, `name: "{body.did}"`, ":11: event: give a name, or"},
		{"a split of nothing", `action: "{body.did}"`, `split: "/"`, ":11: split"},
		{"another format of time", `action: "{body.did}"`, `time: {from: "{body.at}", format: iso}`, `:11: format "iso"`},
		{"old that is no path", `action: "{body.did}"`, `old: "was {body.old}"`, ":11: old: expected one path"},
		{"a method in lower case", "headers:", "methods: [post]\nheaders:", `:12: methods: "post"`},
		{"a header that cannot be sent", "Content-Type:", `"Content Type":`, `:12: "Content Type" is no header name`},
		{"a header with a line break", "application/json}", `"a\nb"}`, ":12: Content-Type: line breaks"},
		{"a header from the body", "application/json}", `"{body.kind}"}`, ":12: Content-Type: only {entity}"},
		{"an action twice", "  - {name: made}", "  - {name: made}\n  - {name: Made}", ":18: actions: Made is there twice"},
		{"an action with a blank", "{name: made}", "{name: made up}", ":17: actions: "},
		{"an entity with a slash", "  Thing:", "  a/b:", ":19: entities: "},
		{"an alias that is taken", "  Thing: {path: /things}", "  Thing: {}\n  Other: {aliases: [thing]}", ":19: entities: Thing is a name of Other and of Thing"},
		{"an action that is not there", "{path: /things}", "{actions: [sold]}", `:19: Thing: there is no action "sold"`},
		{"a parent that is not there", "{path: /things}", "{parent: Box}", `:19: Thing: there is no entity "Box"`},
		{"a budget of nothing", "{calls: 10, per: 1s}", "{calls: 10}", ":15: budget: give calls and per"},
		{"retries below nothing", "max: 3", "max: -3", ":14: max: expected"},
		{"two documents", "version: 1", "---\nversion: 1\n---\nversion: 1", ":1: more than one document"},
		{"an empty file", sound, "", ":1: the file is empty"},
		{"a list", sound, "- 1\n", ":1: expected a mapping, found a list"},
		{"an alias bomb", sound, bomb, ":2: unknown key"},
		{"deep nesting", sound, strings.Repeat("[", 200_000), ":1: exceeded max depth"},
		{"more than a MiB", sound, sound + "#" + strings.Repeat("x", 1<<20), ":1: larger than 1 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			broken := strings.Replace(sound, c.old, c.new, 1)
			if broken == sound {
				t.Fatal("the case changes nothing")
			}
			err := new(Set).Add(acme(broken, ""), "acme", "acme/provider.yaml")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
			var faults Faults
			if !errors.As(err, &faults) || faults[0].File != "acme/provider.yaml" || faults[0].Line < 1 {
				t.Errorf("error %#v names no file and line", err)
			}
			if strings.Contains(err.Error(), "provider.definition") {
				t.Errorf("the error names a type of Go: %v", err)
			}
		})
	}
}

func TestSampleRefuses(t *testing.T) {
	for _, c := range []struct{ name, sample, want string }{
		{"broken JSON", "{\n\"events\": [\"Thing.made\"],\n}", ":3: "},
		{"an unknown key", "{\"events\": [\"Thing.made\"],\n\"bodi\": {}}", ":2: unknown field \"bodi\""},
		{"a wrong type", "{\n\"events\": \"Thing.made\"}", ":2: "},
		{"two values", `{"events": ["Thing.made"]} {}`, ":1: more than one JSON value"},
		{"no events", "{\"body\": {}}", "events: missing"},
		{"events that are not there", "{\n\"events\": [\"Thing.sold\"]}", `:2: events: "Thing.sold" fits no event`},
		{"another certainty", "{\"events\": [\"*\"],\n\"certainty\": \"sure\"}", `:2: certainty "sure"`},
		{"a variant with a path to nowhere", "{\"events\": [\"*\"], \"body\": {\"a\": 1},\n\"variants\": {\"v\": {\"set\": {\"a.b\": 1}}}}", ":2: variant v: set a.b: a stands for no object"},
		{"a variant called default", "{\"events\": [\"*\"],\n\"variants\": {\"default\": {}}}", `:2: variants: "default" cannot be a name`},
		{"a header that cannot be sent", "{\"events\": [\"*\"],\n\"headers\": {\"A\": \"b\\nc\"}}", `:2: headers: "A" cannot be sent`},
		{"more than a MiB", strings.Repeat(" ", 1<<20) + "{}", ":1: larger than 1 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := new(Set).Add(acme(sound, c.sample), "acme", "acme/provider.yaml")
			if err == nil || !strings.Contains(err.Error(), "acme/samples/thing.json") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one of acme/samples/thing.json with %q", err, c.want)
			}
		})
	}
	t.Run("two samples for one event", func(t *testing.T) {
		files := acme(sound, `{"events": ["*.made"]}`).(fstest.MapFS)
		files["acme/samples/zzz.json"] = &fstest.MapFile{Data: []byte("{\n\"events\": [\"Thing.*\"]}")}
		err := new(Set).Add(files, "acme", "acme/provider.yaml")
		if err == nil || !strings.Contains(err.Error(), "acme/samples/zzz.json:2: events: Thing.made is served by acme/samples/thing.json too") {
			t.Errorf("error %v", err)
		}
	})
}

func TestAdd(t *testing.T) {
	set := builtinSet(t)
	if err := set.Add(acme(sound, ""), "acme", "/home/acme/provider.yaml"); err != nil {
		t.Fatal(err)
	}
	p, err := set.Lookup("ACME")
	if err != nil || p.Source != "/home/acme/provider.yaml" || p.Title != "Acme" || !p.Accepts("POST") {
		t.Fatalf("looked up %v, %v", p, err)
	}
	names := append([]string{"acme"}, builtinNames...)
	if diff := cmp.Diff(names, set.Names()); diff != "" {
		t.Errorf("names (-want +got)\n%s", diff)
	}
	own := strings.Replace(sound, "name: acme", "name: rentman", 1)
	err = set.Add(acme(own, ""), "acme/provider.yaml", "x")
	if !errors.Is(err, ErrRedefines) || !strings.Contains(err.Error(), "it is defined by built-in") {
		t.Errorf("redefining a built-in provider: %v", err)
	}
	if p, _ := set.Lookup("rentman"); p.Source != BuiltinSource {
		t.Errorf("rentman is defined by %s", p.Source)
	}
	if err := set.Replace(acme(own, ""), "acme/provider.yaml", "x"); err != nil {
		t.Fatal(err)
	}
	if p, _ := set.Lookup("rentman"); p.Source != "x" || len(set.All()) != len(names) {
		t.Errorf("after Replace, rentman is defined by %s, %d providers", p.Source, len(set.All()))
	}
	if err := set.Add(acme(sound, ""), "nothing", "nothing/provider.yaml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("adding what is not there: %v", err)
	}
}

// FuzzLoad loads what may be anything, and holds what was accepted to the promises of a
// provider: every part of it can be used without a panic.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(sound), []byte(`{"events":["*"],"body":{"kind":"{{entity}}","n":"{{id:int}}"},"variants":{"v":{"set":{"kind":null},"unset":["n"]}}}`))
	for _, name := range builtinSet(f).Names() {
		data, err := builtin.ReadFile(name + "/provider.yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, []byte(`{"events":["*"],"query":"a={{now:unix}}"}`))
	}
	f.Add([]byte("version: 1\nname: x\nverify: [{kind: none}]\ndetect: path\nevent: {name: a.b}\ncertainty: seen\nentities: {a: {}}"), []byte("{}"))
	f.Fuzz(func(t *testing.T, definition, sample []byte) {
		if bytes.Count(definition, []byte("*")) > 200 {
			return // many aliases are slow to refuse, and no news
		}
		set := new(Set)
		if err := set.Add(acme(string(definition), string(sample)), "acme", "acme/provider.yaml"); err != nil {
			var faults Faults
			if !errors.As(err, &faults) || len(faults) == 0 {
				t.Fatalf("an error without file and line: %v", err)
			}
			return
		}
		p := set.All()[0]
		if RefuseProviderName(p.Name) != "" || p.Certainty.rank() < 0 || p.Scheme == nil {
			t.Fatalf("accepted %+v", p)
		}
		if len(p.Events()) < 50 {
			p.Lint()
		}
		if _, err := p.Sample("no such event", ""); err == nil {
			t.Fatal("found an event that cannot be")
		}
	})
}

// A user's definition on disk goes through the same door.
func TestAddFromDisk(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, acme(sound, `{"events":["*"],"body":{"kind":"{{entity}}","did":"{{action}}"}}`)); err != nil {
		t.Fatal(err)
	}
	set := builtinSet(t)
	if err := set.Add(os.DirFS(dir), "acme", dir+"/acme/provider.yaml"); err != nil {
		t.Fatal(err)
	}
	p, err := set.Lookup("acme")
	if err != nil {
		t.Fatal(err)
	}
	if faults := p.Lint(set.All()...); len(faults) > 0 {
		t.Error(faults)
	}
	if got := string(render(t, p, "thing.MADE", "").Body); got != `{"kind":"Thing","did":"made"}` {
		t.Errorf("rendered %s", got)
	}
}
