package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
)

// withSample puts a saved sample beside a built-in definition, as the command line does.
func withSample(t *testing.T, name string, content []byte) *Provider {
	t.Helper()
	set := builtinSet(t)
	if err := set.AddSamples(fstest.MapFS{name + "/samples/mine.json": {Data: content}}, name, name, "home/"+name); err != nil {
		t.Fatal(err)
	}
	p, err := set.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSave(t *testing.T) {
	p := builtinNamed(t, "ploomes")
	d := delivery(`{"Action":"Update", "Entity":"Contacts","AccountId":57,"ActionUserId":116,
	"Old":{"Id":2630362,"LegalName":"Acme Ferramentas Ltda"},"New":{"Id":2630362,"LegalName":"Acme Nova Ltda","Email":"maria.souza@example.org","Amount":1.10,"note":"uses {{uuid}} and {{{x","path":"a\/b"}}`,
		"X-Ploomes-Validation-Key", "topsecret", "Content-Type", "application/json; charset=utf-8")
	saved, err := p.Save(d, SaveOptions{Variant: "mine"})
	if err != nil {
		t.Fatal(err)
	}
	if saved.Event != "Contacts.Update" || len(saved.Masked) != 3 {
		t.Errorf("event %s, masked %v", saved.Event, saved.Masked)
	}
	text := string(saved.Content)
	for _, gone := range []string{"Acme", "maria", "topsecret", "Validation-Key"} {
		if strings.Contains(text, gone) {
			t.Errorf("%s is left in\n%s", gone, text)
		}
	}
	const start = `{
  "events": [
    "Contacts.Update"
  ],
  "variant": "mine",
  "certainty": "seen",
  "note": "saved from a delivery, personal data masked",
  "headers": {
    "Content-Type": "application/json; charset=utf-8"
  },
  "body": {
    "Action": "{{action}}",
    "Entity": "{{entity}}",
    "AccountId": 57,
`
	if diff := cmp.Diff(start, text[:min(len(text), len(start))]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	with := withSample(t, "ploomes", saved.Content)
	r := render(t, with, "contacts.update", "MINE")
	for _, want := range []string{`"Amount":1.10`, `"path":"a\/b"`, `"Id":2630362`, `{"Action":"Update","Entity":"Contacts","AccountId":57,`} {
		if !strings.Contains(string(r.Body), want) {
			t.Errorf("no %s in %s", want, r.Body)
		}
	}
	if note, _ := Lookup(r.Body, "New.note"); note != "uses {{uuid}} and {{{x" {
		t.Errorf("a placeholder that was received became %q", note)
	}
	if got := r.Header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	if faults := with.Lint(builtinSet(t).All()...); len(faults) > 0 {
		t.Errorf("the contract: %v", faults)
	}
	// What was there is as it was.
	if diff := cmp.Diff(render(t, p, "Contacts.Update", ""), render(t, with, "Contacts.Update", "")); diff != "" {
		t.Errorf("the default form changed\n%s", diff)
	}
	if _, err := p.Sample("Contacts.Update", "mine"); !errors.Is(err, ErrUnknownVariant) {
		t.Errorf("the provider that was there before has the variant: %v", err)
	}
	var names []string
	for _, e := range with.Events() {
		for _, v := range e.Variants {
			if v.Name == "mine" {
				names = append(names, e.Name)
			}
		}
	}
	if diff := cmp.Diff([]string{"Contacts.Update"}, names); diff != "" {
		t.Errorf("events with the variant (-want +got)\n%s", diff)
	}
}

func TestSaveKeepsAll(t *testing.T) {
	p := builtinNamed(t, "rentman")
	body := string(render(t, p, "Contact.create", "").Body)
	saved, err := p.Save(delivery(body), SaveOptions{Variant: "exact", KeepAll: true})
	if err != nil || len(saved.Masked) > 0 || saved.Fresh != "" {
		t.Fatalf("masked %v, fresh %q, %v", saved.Masked, saved.Fresh, err)
	}
	if got := render(t, withSample(t, "rentman", saved.Content), "Contact.create", "exact").Body; string(got) != body {
		t.Errorf("sent\n%s\nwant\n%s", got, body)
	}
}

// Every built-in event can be saved as it is forged, and the sample keeps the contract.
func TestSaveEveryProvider(t *testing.T) {
	others := builtinSet(t).All()
	for _, p := range others {
		name := p.Name
		e := p.Events()[0]
		s, err := p.Sample(e.Name, "")
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Render(lintTime(), rand.New(rand.NewPCG(3, 4)))
		if err != nil {
			t.Fatal(err)
		}
		d := r.delivery(name)
		saved, err := p.Save(d, SaveOptions{Variant: "mine"})
		if d.IsForm() && errors.Is(err, errForm) {
			continue // a form cannot be masked
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		with := withSample(t, name, saved.Content)
		if faults := with.Lint(others...); len(faults) > 0 {
			t.Errorf("%s: %v\n%s", name, faults, saved.Content)
		}
	}
}

func TestSaveTimes(t *testing.T) {
	for _, c := range []struct{ name, at, want string }{
		{"with an offset", `"2023-02-02T12:07:01+01:00"`, `"eventDate": "{{now:rfc3339}}"`},
		{"in UTC", `"2023-02-02T12:07:01Z"`, `"eventDate": "{{now:rfc3339}}"`},
		{"with milliseconds", `"2023-02-02T12:07:01.123Z"`, `"eventDate": "2023-02-02T12:07:01.123Z"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := builtinNamed(t, "rentman")
			body := fmt.Sprintf(`{"account":"demo","user":null,"eventType":"delete","itemType":"Contact","items":[10],"eventDate":%s}`, c.at)
			saved, err := p.Save(delivery(body), SaveOptions{Variant: "mine"})
			if err != nil || !strings.Contains(string(saved.Content), c.want) || (saved.Fresh != "") != strings.Contains(c.want, "{{") {
				t.Errorf("fresh %q, %v\n%s", saved.Fresh, err, saved.Content)
			}
			kept, err := p.Save(delivery(body), SaveOptions{Variant: "mine", Mask: MaskOptions{Keep: []string{"eventDate"}}})
			if err != nil || !strings.Contains(string(kept.Content), c.at) {
				t.Errorf("kept: %v\n%s", err, kept.Content)
			}
		})
	}
}

// A delivery by GET has its values in the query.
func TestSaveQuery(t *testing.T) {
	p := builtinNamed(t, "ubiqo")
	event := p.Events()[0].Name
	r := render(t, p, event, "get")
	d := r.delivery("ubiqo")
	d.URL += "&driver=Maria+Souza&note=by%20Maria%20Souza&x={{id}}"
	saved, err := p.Save(d, SaveOptions{Variant: "mine"})
	if err != nil {
		t.Fatal(err)
	}
	got := render(t, withSample(t, "ubiqo", saved.Content), event, "mine")
	if got.Method != "GET" || len(got.Body) > 0 || strings.Contains(got.Query, "Maria") || !strings.Contains(got.Query, "&driver=") || !strings.HasSuffix(got.Query, "&x=%7B%7Bid}}") {
		t.Errorf("sends %s %s\n%s", got.Method, got.Query, saved.Content)
	}
	kept, err := p.Save(d, SaveOptions{Variant: "mine", Mask: MaskOptions{Keep: []string{"driver"}}})
	if err != nil || !strings.Contains(string(kept.Content), "driver=Maria+Souza") {
		t.Errorf("%v\n%s", err, kept.Content)
	}
}

func TestSaveRefuses(t *testing.T) {
	sent := render(t, builtinNamed(t, "ploomes"), "Contacts.Update", "")
	good := sent.delivery("ploomes")
	with := func(body string) *verify.Delivery {
		d := good.Clone()
		d.Body = []byte(body)
		return d
	}
	big, err := json.Marshal(strings.Repeat("x", 2<<20))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		d    *verify.Delivery
		o    SaveOptions
		want string
	}{
		{"no JSON", with("Action=Update"), SaveOptions{Variant: "x"}, "is not valid JSON"},
		{"an event that nobody knows", with(`{"Action":"Burn","Entity":"Contacts","AccountId":1}`), SaveOptions{Variant: "x"}, `unknown event "Contacts.Burn"`},
		{"no name", good, SaveOptions{}, "cannot be a name"},
		{"a name with a slash", good, SaveOptions{Variant: "a/b"}, "cannot be a name"},
		{"the name of the default form", good, SaveOptions{Variant: "Default"}, "cannot be a name"},
		{"a name that is taken", good, SaveOptions{Variant: "Sparse"}, "sparse"},
		{"a path that leads nowhere", good, SaveOptions{Variant: "x", Mask: MaskOptions{Keep: []string{"New.Nmae"}}}, "New.Nmae: there is nothing"},
		{"too large", with(`{"Action":"Update","Entity":"Contacts","AccountId":1,"x":` + string(big) + `}`), SaveOptions{Variant: "x"}, "more than 1 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			saved, err := builtinNamed(t, "ploomes").Save(c.d, c.o)
			if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.want)) {
				t.Errorf("saved %.200s, error %v, want one with %q", saved.Content, err, c.want)
			}
		})
	}
}

func TestAddSamples(t *testing.T) {
	const good = `{"events":["Contact.create"],"variant":"mine","body":{"account":"a","eventType":"create","itemType":"Contact","items":[{"id":1}]}}`
	for _, c := range []struct{ name, file, provider, want string }{
		{"good", good, "rentman", ""},
		{"no variant", strings.Replace(good, `"variant":"mine",`, "", 1), "rentman", "home/rentman/samples/mine.json:1: variant: missing"},
		{"a variant that is taken", strings.Replace(good, "mine", "null-user", 1), "rentman", "null-user of Contact.create is in"},
		{"the default", strings.Replace(good, "mine", "default", 1), "rentman", `"default" cannot be a name`},
		{"variants of its own", strings.Replace(good, `"variant"`, `"variants":{"x":{}},"variant"`, 1), "rentman", "has none of its own"},
		{"no event of the provider", strings.Replace(good, "Contact.create", "Contat.create", 1), "rentman", "fits no event"},
		{"another provider", good, "plomes", `unknown provider "plomes"`},
		{"no JSON", "{", "rentman", "home/rentman/samples/mine.json:1: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := builtinSet(t)
			err := set.AddSamples(fstest.MapFS{"x/samples/mine.json": {Data: []byte(c.file)}}, "x", c.provider, "home/rentman")
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if p, err := set.Lookup("rentman"); err != nil || len(p.Events()) == 0 {
				t.Errorf("the set is not as it was: %v", err)
			}
		})
	}
	// Two files of one folder, and a folder of the user's own definition.
	set := builtinSet(t)
	if err := set.AddSamples(fstest.MapFS{"samples/a.json": {Data: []byte(good)}, "samples/b.json": {Data: []byte(good)}}, ".", "rentman", "here"); err == nil {
		t.Error("two files with one variant are taken")
	}
	files := acme(sound, `{"events":["*"],"body":{"kind":"{{entity}}","did":"{{action}}"}}`).(fstest.MapFS)
	files["acme/samples/mine.json"] = &fstest.MapFile{Data: []byte(`{"events":["Thing.made"],"variant":"mine","body":{"kind":"Thing","did":"made","x":1}}`)}
	if err := set.Add(files, "acme", "acme/provider.yaml"); err != nil {
		t.Fatal(err)
	}
	p, err := set.Lookup("acme")
	if err != nil {
		t.Fatal(err)
	}
	if got := string(render(t, p, "Thing.made", "mine").Body); got != `{"kind":"Thing","did":"made","x":1}` {
		t.Errorf("sends %s", got)
	}
	// An event that has nothing but a variant is sent as that.
	only := acme(sound, `{"events":["Thing.made"],"variant":"mine","body":{"kind":"Thing","did":"made"}}`)
	alone := new(Set)
	if err := alone.Add(only, "acme", "acme/provider.yaml"); err != nil {
		t.Fatal(err)
	}
	if got := string(render(t, alone.All()[0], "Thing.made", "").Body); got != `{"kind":"Thing","did":"made"}` {
		t.Errorf("sends %s", got)
	}
}
