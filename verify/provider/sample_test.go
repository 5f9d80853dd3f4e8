package provider

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRender(t *testing.T) {
	const sample = `{
  "events": ["Thing.made"],
  "headers": {"X-Kind": "{{entity}}/{{id:int}}"},
  "query": "at={{now:rfc3339}}&id={{id:int}}",
  "body": {
    "z": "{{entity}}", "kind": "{{entity}}", "did": "{{action}}", "path": "{{path}}/{{id:int}}",
    "id": "{{id:int}}", "again": "{{id:int}}", "other": "{{id:int#2}}", "big": "{{id:int:17}}", "text": "no {{id:int}}",
    "code": "{{id:base62:9}}", "hex": "{{id:hex:24}}", "uuid": "{{uuid}}", "unix": "{{now:unix}}", "ms": "{{now:unix_ms}}",
    "rfc3339": "{{now:rfc3339}}", "micros": "{{now:micros}}", "date": "{{now:date}}", "datetime": "{{now:datetime}}",
    "price": 1.10, "slash": "a/b\/c<&>", "quoted": "\"{{id:int}}\""
  },
  "variants": {
    "php": {"escape_slashes": true, "unset": ["quoted"]},
    "edited": {"set": {"new.deep": "{{id:int}}", "price": 2.20}, "unset": ["z", "again"]},
    "bare": {"method": "GET", "body": null, "query": ""}
  }
}`
	set := new(Set)
	if err := set.Add(acme(sound, sample), "acme", "acme/provider.yaml"); err != nil {
		t.Fatal(err)
	}
	p := set.All()[0]
	r := render(t, p, "thing.made", "")
	form := regexp.MustCompile(`^\{"z":"Thing","kind":"Thing","did":"made","path":"/things/(\d{4,6})",` +
		`"id":(\d+),"again":(\d+),"other":(\d+),"big":[1-9]\d{16},"text":"no (\d+)",` +
		`"code":"[0-9A-Za-z]{9}","hex":"[0-9a-f]{24}","uuid":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}","unix":1709247598,"ms":1709247598987,` +
		`"rfc3339":"2024-02-29T23:59:58\+01:00","micros":"2024-02-29T22:59:58.987654Z","date":"2024-02-29","datetime":"2024-02-29 23:59:58",` +
		`"price":1.10,"slash":"a/b\\/c<&>","quoted":"\\"(\d+)\\""\}$`)
	m := form.FindStringSubmatch(string(r.Body))
	if m == nil {
		t.Fatalf("rendered %s", r.Body)
	}
	for _, i := range []int{2, 3, 5, 6} {
		if m[i] != m[1] {
			t.Errorf("one placeholder has the values %s and %s: %s", m[1], m[i], r.Body)
		}
	}
	if m[4] == m[1] {
		t.Errorf("a tag makes no other value: %s", r.Body)
	}
	if want := "at=2024-02-29T23%3A59%3A58%2B01%3A00&id=" + m[1]; r.Query != want {
		t.Errorf("query %s, want %s", r.Query, want)
	}
	if got := r.Header.Get("X-Kind"); got != "Thing/"+m[1] {
		t.Errorf("header %s, want Thing/%s", got, m[1])
	}
	if r.Method != "POST" || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("method %s, headers %v", r.Method, r.Header)
	}

	s, err := p.Sample("Thing.made", "")
	if err != nil {
		t.Fatal(err)
	}
	same, err := s.Render(lintTime(), rand.New(rand.NewPCG(1, 2)))
	if diff := cmp.Diff(r, same); diff != "" || err != nil {
		t.Errorf("equal sources make different deliveries (%v)\n%s", err, diff)
	}
	other, err := s.Render(lintTime(), rand.New(rand.NewPCG(3, 4)))
	if err != nil || string(other.Body) == string(r.Body) {
		t.Errorf("other sources make the same delivery (%v)", err)
	}

	if php := render(t, p, "Thing.made", "php"); !strings.Contains(string(php.Body), `"path":"\/things\/`) ||
		!strings.Contains(string(php.Body), `"a\/b\/c<&>"`) || !json.Valid(php.Body) {
		t.Errorf("escaped slashes: %s", php.Body)
	}
	edited := render(t, p, "Thing.made", "Edited").Body
	if deep, _ := Get(edited, "new.deep"); !regexp.MustCompile(`^\d+$`).Match(deep) || strings.Contains(string(edited), `"again"`) || !strings.Contains(string(edited), `"price":2.20`) {
		t.Errorf("edited: %s", edited)
	}
	if bare := render(t, p, "Thing.made", "bare"); bare.Method != "GET" || bare.Body != nil || bare.Query != "" || bare.Header.Get("Content-Type") != "" {
		t.Errorf("bare: %+v", bare)
	}
}

func TestRenderRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"not closed", "{{id:int", "is not closed"},
		{"unknown", "{{weather}}", "unknown; known are"},
		{"another time", "{{now:noon}}", "expected rfc3339"},
		{"another id", "{{id:roman}}", "expected id:int"},
		{"no length", "{{id:base62}}", "expected id:int"},
		{"too long", "{{id:hex:65}}", "expected a length from 1 to 64"},
		{"no parent", "{{parent}}", "Thing has no parent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := new(Set)
			if err := set.Add(acme(sound, `{"events":["*"],"body":["`+c.text+`"]}`), "acme", "acme/provider.yaml"); err != nil {
				t.Fatal(err)
			}
			s, err := set.All()[0].Sample("Thing.made", "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err = s.Render(lintTime(), rand.New(rand.NewPCG(1, 2))); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestSampleErrors(t *testing.T) {
	for _, c := range []struct {
		name, provider, event, variant string
		is                             error
		nearest                        string
	}{
		{"a typing error", "rentman", "Contcat.create", "", ErrUnknownEvent, "Contact.create"},
		{"another action", "rentman", "Contact.created", "", ErrUnknownEvent, "Contact.create"},
		{"no action", "rentman", "Contact", "", ErrUnknownEvent, "Contact.create"},
		{"an action that others have", "ploomes", "Contacts.Win", "", ErrUnknownEvent, ""},
		{"the singular", "ploomes", "Deal.Update", "", ErrUnknownEvent, "Deals.Update"},
		{"nothing like it", "ubiqo", "zzzzzzzz", "", ErrUnknownEvent, ""},
		{"another variant", "rentman", "Contact.create", "nulluser", ErrUnknownVariant, "null-user"},
		{"a variant of another event", "rentman", "Project.create", "documented", ErrUnknownVariant, ""},
		{"known to exist", "ploomes", "Deals.Reopen", "", ErrNotForgeable, ""},
		{"known by its name", "cassaincloud", "Credit Note", "", ErrNotForgeable, ""},
		{"known by another name", "cassaincloud", "FATTURA.CREATE", "", ErrNotForgeable, ""},
		{"a code that is not listed", "cmmshere", "ot.updated", "", ErrNotForgeable, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := builtinNamed(t, c.provider).Sample(c.event, c.variant)
			if !errors.Is(err, c.is) {
				t.Fatalf("error %v, want %v", err, c.is)
			}
			var unknown *UnknownError
			if errors.As(err, &unknown) == errors.Is(c.is, ErrNotForgeable) {
				t.Fatalf("error %#v", err)
			}
			if c.nearest != "" && !slices.Contains(unknown.Nearest, c.nearest) {
				t.Errorf("nearest %q, want %s among them", unknown.Nearest, c.nearest)
			}
		})
	}
}

// Two-item, null-user and sparse variants are what they are called.
func TestVariants(t *testing.T) {
	rentman, ploomes := builtinNamed(t, "rentman"), builtinNamed(t, "ploomes")
	for _, event := range []string{"Contact.create", "SerialNumber.update", "Crew.delete"} {
		if user, _ := Get(render(t, rentman, event, "null-user").Body, "user"); string(user) != "null" {
			t.Errorf("%s null-user: user %s", event, user)
		}
		facts, err := rentman.Facts(delivery(string(render(t, rentman, event, "two-items").Body)))
		if err != nil || len(facts.IDs) != 2 || facts.IDs[0] == facts.IDs[1] {
			t.Errorf("%s two-items: ids %q, %v", event, facts.IDs, err)
		}
		if slashes := render(t, rentman, event, "escaped-slashes").Body; strings.Contains(strings.ReplaceAll(string(slashes), `\/`, ""), "/") {
			t.Errorf("%s escaped-slashes: %s", event, slashes)
		}
	}
	for _, e := range ploomes.Events() {
		if e.Known {
			continue
		}
		sparse, full := render(t, ploomes, e.Name, "sparse").Body, render(t, ploomes, e.Name, "full").Body
		if len(sparse) >= len(full) {
			t.Errorf("%s: the sparse form has %d bytes, the full one %d", e.Name, len(sparse), len(full))
		}
		if e.Action != "Delete" {
			if nested, _ := Get(full, "New.OtherProperties"); len(All(full, "New.OtherProperties")) > 0 || !strings.Contains(string(nested), `{"Id":`) {
				t.Errorf("%s: custom fields %s are not nested", e.Name, nested)
			}
		}
		facts, err := ploomes.Facts(delivery(string(sparse)))
		if err != nil || len(facts.IDs) != 1 || (facts.Old == nil) != (e.Action == "Create") || (facts.New == nil) != (e.Action == "Delete") {
			t.Errorf("%s: facts %+v, %v", e.Name, facts, err)
		}
	}
}
