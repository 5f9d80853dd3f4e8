package cmd

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/listener"
	"whk/verify"
	"whk/verify/display/displaytest"
)

// changing makes an event of Ploomes with old and new values.
func changing(n int, old, new string) *listener.Event {
	body := fmt.Sprintf(`{"Action":"Update","Entity":"Contacts","AccountId":57,"Old":%s,"New":%s}`, old, new)
	return eventAt(n, time.Now(), "ploomes", "Contacts", "Update", verify.Verdict{Status: verify.Valid}, body)
}

func TestEventsDiff(t *testing.T) {
	long := strings.Repeat("a", 300)
	d := newDesk(t)
	d.store([]*listener.Event{
		changing(1, `{"Id":1,"a":1,"gone":[1]}`, `{"Id":1,"a":2,"b":3}`),
		changing(2, `null`, `{"Id":1}`),
		changing(3, `{"Id":1}`, `null`),
		changing(4, `{"t":"`+long+`1"}`, `{"t":"`+long+`2"}`),
		changing(5, `[1]`, `{"a":1}`),
		changing(6, `{"a":{"b.c":1,"d":[1,2]}}`, `{"a":{"b.c":1,"d":[1]}}`),
		changing(7, `{"a":1}`, `{"a":1}`),
	}, nil)
	for _, tt := range []struct{ name, ref, want string }{
		{"changed and not reported", "1", `#1 ploomes/Contacts.Update · changed 1 · added 0 · removed 0
  ~ a  1 → 2
  1 field of New has no old value to compare
  1 field of Old has no new value to compare
`},
		{"made", "2", "#2 ploomes/Contacts.Update · changed 0 · added 1 · removed 0\n  + Id  1\n"},
		{"deleted", "3", "#3 ploomes/Contacts.Update · changed 0 · added 0 · removed 1\n  - Id  1\n"},
		{"long values from where they differ", "4", "#4 ploomes/Contacts.Update · changed 1 · added 0 · removed 0\n  ~ t  …" +
			strings.Repeat("a", 66) + `1" → …` + strings.Repeat("a", 66) + "2\"\n"},
		{"another kind of value", "5", "#5 ploomes/Contacts.Update · changed 1 · added 0 · removed 0\n  ~ (the whole)  [1] → {\"a\":1}\n"},
		{"an element less", "6", "#6 ploomes/Contacts.Update · changed 0 · added 0 · removed 1\n  - a.d.1  2\n"},
		{"nothing", "7", "#7 ploomes/Contacts.Update · changed 0 · added 0 · removed 0\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, d.ok("events", "diff", tt.ref)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// What was received reaches the output redacted and visible, in every form.
func TestEventsDiffIsSafe(t *testing.T) {
	const secret = "topsecretkey4711"
	d := newDesk(t)
	d.env["WHK_SECRET_PLOOMES"] = secret
	hostile := `"\u001b[31m` + "\u202e" + `x"`
	d.store([]*listener.Event{
		changing(1, `{"k`+"\u009b"+`":`+hostile+`,"s":"`+secret+`","n":1}`, `{"k`+"\u009b"+`":1,"s":"x","n":"`+secret+`"}`),
		eventAt(2, time.Now(), "ploomes", "", "", verify.Verdict{}, "one\x1b[2J\n"+secret),
		eventAt(3, time.Now(), "ploomes", "", "", verify.Verdict{}, "two\n"+secret),
	}, nil)
	d.tty = true
	for _, args := range [][]string{{"1"}, {"1", "--unified"}, {"2", "3"}, {"1", "2"}} {
		for _, more := range [][]string{{"--color", "never"}, {"--json"}} {
			stdout, stderr, code := d.run(append(append([]string{"events", "diff"}, args...), more...)...)
			if code != codeDone || stdout == "" {
				t.Fatalf("%v: code %d, %s", args, code, stderr)
			}
			if strings.Contains(stdout, secret) {
				t.Errorf("%v %v: the secret is in\n%s", args, more, stdout)
			}
			if more[0] == "--json" {
				if !json.Valid([]byte(stdout)) {
					t.Errorf("%v: no JSON: %s", args, stdout)
				}
				continue
			}
			if bad := displaytest.Fault(stdout, true); bad != "" {
				t.Errorf("%v: %s in\n%q", args, bad, stdout)
			}
		}
	}
}

// Samples of a provider that is not known here do no harm, and those of a project's own
// definition lie beside it.
func TestOwnSamples(t *testing.T) {
	d := newDesk(t)
	providers := filepath.Join(d.dir, ".whk", "providers")
	for name, text := range map[string]string{
		"elsewhere/samples/x.json": `{"events":["Thing.made"],"variant":"x","body":{}}`,
		"own/provider.yaml": `version: 1
name: own
certainty: seen
detect: {present: ["{body.own}"]}
verify: [{kind: none}]
event: {entity: "{body.own}", action: "{body.did}"}
actions: [{name: made}]
entities: {Thing: {}}
`,
		"own/samples/thing.json":     `{"events":["*"],"body":{"own":"Thing","did":"made","name":"default"}}`,
		"rentman/samples/extra.json": `{"events":["*.delete"],"variant":"extra","body":{"account":"a","eventType":"delete","itemType":"{{entity}}","items":[7]}}`,
	} {
		if err := os.MkdirAll(filepath.Join(providers, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(providers, name), text)
	}
	if err := os.Mkdir(filepath.Join(d.dir, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	sent := d.ok("send", "rentman/Crew.delete", "--variant", "extra", "--dry-run", "--json", "--jq", ".body")
	if want := `{"account":"a","eventType":"delete","itemType":"Crew","items":[7]}` + "\n"; sent != want {
		t.Errorf("sends %s, want %s", sent, want)
	}
	d.store([]*listener.Event{eventAt(1, time.Now(), "own", "Thing", "made", verify.Verdict{}, `{"own":"Thing","did":"made","name":"Ada Stone"}`)}, nil)
	out := d.ok("events", "save", "1", "--as", "ada")
	if want := "#1 own/Thing.made  → .whk/providers/own/samples/ada.json\nmasked 1 value:\n  name  name\nsend it: whk send own/Thing.made --variant ada\n"; out != want {
		t.Errorf("says\n%s\nwant\n%s", out, want)
	}
	if sent := d.ok("send", "own/Thing.made", "--variant", "ada", "--dry-run", "--json", "--jq", ".body"); strings.Contains(sent, "Stone") || !strings.Contains(sent, `"own":"Thing"`) {
		t.Errorf("sends %s", sent)
	}
	info, err := os.Stat(filepath.Join(providers, "own", "samples", "ada.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}
