package provider

import (
	"strings"
	"testing"
)

// Every fault says where it is, to the column, and what was expected there.
func TestFaultPositions(t *testing.T) {
	const sample = `{
  "events": ["Thing.made"],
  "body": {"kind": "{{entity}}", "did": "{{action}}"}
}`
	const definition, thing = "acme/provider.yaml:", "acme/samples/thing.json:"
	for _, c := range []struct{ name, old, new, want string }{
		{"an unknown key", "title: Acme", "titel: Acme", definition + `3:1: unknown key "titel"; expected title`},
		{"an unknown key in a recipe", "kind: hmac,", "kind: hmac, heder: x,", definition + `8:18: unknown key "heder"; expected header`},
		{"an unknown key in detect", "  present:", "  presnt:", definition + `6:3: unknown key "presnt"; expected present`},
		{"an unknown key in retries", "max: 3", "maximum: 3", definition + `14:13: unknown key "maximum"; expected certainty, for, max, on, same_body`},
		{"a list for a text", "title: Acme", "title: [Acme]", definition + "3:8: expected a text, found a list"},
		{"a text for a list", "headers:", "methods: POST\nheaders:", definition + "12:10: expected a list, found the text `POST`"},
		{"a text for a number", "max: 3", "max: many", definition + "14:18: expected a whole number, found the text `many`"},
		{"a duration without a unit", "per: 1s", "per: soon", definition + "15:29: expected a duration such as 10m"},
		{"a word for detect", "detect:\n  present: [\"{body.kind}\"]", "detect: body", definition + "5:1: detect: expected path, or present"},
		{"a key twice", "title: Acme", "title: Acme\ntitle: Acme", definition + `4:1: mapping key "title" already defined`},
		{"another version", "version: 1", "version: 2", definition + "1:1: version: expected 1, found 2"},
		{"a name in capitals", "name: acme", "name: Acme", definition + `2:1: name: "Acme": expected lower-case letters`},
		{"another certainty", "certainty: documented", "certainty: sure", definition + `4:1: certainty "sure": expected documented, seen or guessed`},
		{"another certainty of an entity", "{path: /things}", "{path: /things, certainty: sure}", definition + `19:26: certainty "sure": expected documented`},
		{"another kind", "kind: hmac", "kind: rot13", definition + `8:6: verify: kind "rot13": expected hmac, hash`},
		{"another algorithm", "algorithm: sha256", "algorithm: crc32", definition + `8:18: verify: unknown algorithm "crc32": known are`},
		{"another encoding", "encoding: hex", "encoding: octal", definition + `8:37: verify: encoding "octal": expected hex, base64`},
		{"two signatures in a value", "header: X-Sig", `header: X-Sig, value: "{sig}{sig}"`, definition + `8:67: verify: value "{sig}{sig}": two variables`},
		{"no signature in a value", "header: X-Sig", `header: X-Sig, value: "v1"`, definition + `8:67: verify: value "v1": expected {sig} once`},
		{"another format of a stamp", "header: X-Sig", `header: X-Sig, timestamp: {header: T, format: iso}`, definition + `8:67: verify: timestamp format "iso": expected unix`},
		{"a variable without a value", `entity: "{body.kind}"`, `entity: "{entity}"`, definition + "10:3: entity: {entity} has no value here"},
		{"nothing to detect", `present: ["{body.kind}"]`, `absent: ["{body.kind}"]`, definition + "5:1: detect: give present or equals"},
		{"another format of time", `action: "{body.did}"`, `time: {from: "{body.at}", format: iso}`, definition + `11:29: format "iso": expected rfc3339`},
		{"old that is no path", `action: "{body.did}"`, `old: "was {body.old}"`, definition + "11:3: old: expected one path of the body"},
		{"a method in lower case", "headers:", "methods: [post]\nheaders:", definition + `12:11: methods: "post" is no HTTP method`},
		{"a header from the body", "application/json}", `"{body.kind}"}`, definition + "12:11: Content-Type: only {entity} and {action} have a value here"},
		{"an action with a blank", "{name: made}", "{name: made up}", definition + `17:6: actions: "made up" cannot be a name: letters`},
		{"an action that is not there", "{path: /things}", "{actions: [sold]}", definition + `19:11: Thing: there is no action "sold"`},
		{"a budget of nothing", "{calls: 10, per: 1s}", "{calls: 10}", definition + "15:12: budget: give calls and per, or concurrent"},
		{"retries below nothing", "max: 3", "max: -3", definition + "14:13: max: expected a number from 0"},
		{"an override for no event", "actions:", "events: [{event: Thign.made, certainty: seen}]\nactions:", definition + `16:11: events: "Thign.made" fits no event; expected`},
		{"an event without a sample", "  - {name: made}", "  - {name: made}\n  - {name: lost}", definition + "20:3: Thing.lost: no sample serves this event; expected one"},
		{"an unknown key of a sample", `"events"`, `"bodi": {}, "events"`, thing + `2:3: unknown field "bodi"; expected body`},
		{"a text for a list in a sample", `["Thing.made"]`, `"Thing.made"`, thing + "2:13: events: expected a list, found a string"},
		{"a list for an object in a sample", `"body"`, `"headers": [], "body"`, thing + "3:14: headers: expected an object, found an array"},
		{"broken JSON", `"did": "{{action}}"}`, `"did": "{{action}}",}`, thing + "3:54: invalid character '}'"},
		{"two values in a file", "\"}\n}", "\"}\n} {}", thing + "4:3: more than one JSON value in the file; expected one object"},
		{"an event that is not there", `["Thing.made"]`, `["Thing.*", "Thing.sold"]`, thing + `2:25: events: "Thing.sold" fits no event of acme`},
		{"another certainty of a sample", `"body"`, `"certainty": "sure", "body"`, thing + `3:3: certainty "sure": expected documented`},
		{"a sample that is not recognised", `"kind"`, `"sort"`, thing + "3:3: Thing.made (default): is not recognised as acme"},
		{"a sample of another event", `{{action}}`, `sold`, thing + `3:3: Thing.made (default): reads as the event "Thing.sold", not as "Thing.made"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			broken, shape := strings.Replace(sound, c.old, c.new, 1), sample
			if broken == sound || strings.Contains(c.want, thing) {
				broken, shape = sound, strings.Replace(sample, c.old, c.new, 1)
			}
			if broken == sound && shape == sample {
				t.Fatal("the case changes nothing")
			}
			faults := lintOf(t, broken, shape)
			if len(faults) == 0 || !strings.HasPrefix(faults[0].Position()+": "+faults[0].Says, c.want) {
				t.Errorf("faults %q\nwant one that begins with\n%s", positions(faults), c.want)
			}
		})
	}
	t.Run("nothing wrong", func(t *testing.T) {
		if faults := lintOf(t, sound, sample); len(faults) > 0 {
			t.Errorf("faults %q", positions(faults))
		}
	})
}

// lintOf reads a definition and holds it to the contract.
func lintOf(t *testing.T, definition, sample string) []Fault {
	t.Helper()
	p, err := Read(acme(definition, sample), "acme", "acme/provider.yaml")
	if faults, ok := FaultsOf(err); ok {
		return faults
	}
	if err != nil {
		t.Fatal(err)
	}
	return p.Lint(builtinSet(t).All()...)
}

func positions(faults []Fault) []string {
	texts := make([]string, len(faults))
	for i, f := range faults {
		texts[i] = f.Position() + ": " + f.Says
	}
	return texts
}
