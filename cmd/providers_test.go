package cmd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/verify/display/displaytest"
	"whk/verify/provider"
)

func builtin(t *testing.T) *provider.Set {
	t.Helper()
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestProvidersList(t *testing.T) {
	d := newDesk(t)
	list := d.ok("providers", "list")
	for _, want := range []string{
		"cassaincloud Cassa in Cloud HMAC-SHA1 in X-Cn-Signature 24 seen",
		"cmmshere CMMShere none documented 4 documented",
		"gitlab GitLab shared key in X-Gitlab-Token or HMAC-SHA256 in Webhook-Signature 8 documented",
		"httpsignature HTTP message signatures RFC 9421 in Signature 1 documented",
		"mailgun Mailgun HMAC-SHA256 in the body 3 documented",
		"ploomes Ploomes shared key in X-Ploomes-Validation-Key 14 documented",
		"rentman Rentman HMAC-SHA512 in Digest 132 documented",
		"standardwebhooks Standard Webhooks HMAC-SHA256 or Ed25519 in Webhook-Signature 3 documented",
		"ubiqo UBIQO none documented 1 guessed",
	} {
		if !slices.ContainsFunc(slices.Collect(strings.Lines(list)), func(line string) bool { return strings.Join(strings.Fields(line), " ") == want }) {
			t.Errorf("providers list lacks %q:\n%s", want, list)
		}
	}
	if got := strings.Count(list, "\n"); got != len(builtin(t).Names()) {
		t.Errorf("%d lines, want one for each provider", got)
	}
	if got := d.ok("providers", "list", "--jq", ".name + \" \" + (.event_count | tostring)"); !strings.Contains(got, "rentman 132\n") {
		t.Errorf("--jq: %q", got)
	}
	d.tty = true
	d.env["NO_COLOR"] = "1"
	for line := range strings.Lines(d.ok("providers", "list")) {
		if n := len(strings.TrimRight(line, "\n")); n > 80 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
	d.columns = 100
	if got := d.ok("providers", "list"); !strings.HasPrefix(got, "name              provider ") || strings.Contains(got, "in Digest") {
		t.Errorf("on a terminal of 100 columns:\n%s", got)
	}
	d.columns = 200
	if got := d.ok("providers", "list"); !strings.HasPrefix(got, "name              provider ") || !strings.Contains(got, "in Digest") {
		t.Errorf("on a wide terminal:\n%s", got)
	}
}

// Everything that a definition says can be read on its page.
func TestProvidersShow(t *testing.T) {
	d := newDesk(t)
	for _, p := range builtin(t).All() {
		page := d.ok("providers", "show", strings.ToUpper(p.Name))
		flat := strings.Join(strings.Fields(page), " ")
		want := []string{p.Title, p.Docs.Page, p.Scheme.String(), "/" + p.Name, strings.Join(p.Methods, " or "), p.Advice, p.API}
		want = append(append(want, p.Limits...), p.Subscribe...)
		if p.Scheme.Keyed() {
			want = append(want, "WHK_SECRET_"+strings.ToUpper(p.Name))
		}
		for _, c := range p.Claims {
			want = append(want, c.Says)
		}
		for _, e := range p.Events() {
			if e.Known {
				want = append(want, e.Name+": "+e.Why)
				continue
			}
			action := "." + e.Action
			if e.Action == "" {
				action = "without an action"
			}
			want = append(want, e.Entity, action+certaintyMark(e.Certainty))
			for _, v := range e.Variants[1:] {
				want = append(want, "- "+v.Name+", of ")
			}
		}
		for _, text := range want {
			if !strings.Contains(flat, strings.Join(strings.Fields(text), " ")) {
				t.Errorf("%s: the page does not hold %q", p.Name, text)
			}
		}
		for line := range strings.Lines(page) {
			if text := strings.TrimRight(line, "\n"); len([]rune(text)) > 80 && strings.Contains(strings.TrimSpace(text), " ") {
				t.Errorf("%s: a line of %d columns: %s", p.Name, len([]rune(text)), text)
			} else if strings.TrimRight(text, " ") != text {
				t.Errorf("%s: blanks at the end of %q", p.Name, text)
			}
		}
	}
}

func TestProvidersShowRefuses(t *testing.T) {
	d := newDesk(t)
	_, stderr, code := d.run("providers", "show", "rentmann")
	if code != codeUsage || !strings.Contains(stderr, "did you mean rentman?") {
		t.Errorf("a typing error: code %d, %q", code, stderr)
	}
	if _, stderr, code = d.run("providers", "show"); code != codeUsage || !strings.Contains(stderr, "whk providers list") {
		t.Errorf("no name: code %d, %q", code, stderr)
	}
}

func TestManners(t *testing.T) {
	m := provider.Manners{
		Retries:    &provider.Retries{Max: 3, SameBody: true, On: "any status but 2xx", Certainty: provider.Seen},
		Disable:    &provider.Disable{AfterConsecutiveFailures: 50, Notices: []int{10, 20}, Certainty: provider.Documented},
		Duplicates: &provider.Manner{Says: "possible", Certainty: provider.Guessed},
		Budget: []provider.Budget{
			{Calls: 360, Per: 10 * time.Minute, Note: "for each endpoint"},
			{Calls: 5, Per: 90 * time.Second}, {Calls: 9, Per: 24 * time.Hour}, {Concurrent: 20},
		},
	}
	want := []string{
		"retries: up to 3, on any status but 2xx, with the same body (seen)",
		"switch-off: after 50 failures in a row, with notices at 10, 20",
		"duplicates: possible (guessed)",
		"its API allows 360 calls in 10m; for each endpoint",
		"its API allows 5 calls in 1m30s",
		"its API allows 9 calls in 24h",
		"its API allows 20 calls at once",
	}
	if diff := cmp.Diff(want, manners(m)); diff != "" {
		t.Errorf("manners (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"retries: nothing is documented"}, manners(provider.Manners{})); diff != "" {
		t.Errorf("no manners (-want +got):\n%s", diff)
	}
}

// A definition of one's own is listed and shown like a built-in one, and cannot act on
// the terminal either.
func TestProvidersOfOnesOwn(t *testing.T) {
	d := newDesk(t)
	for i, class := range displaytest.Classes {
		if strings.ContainsAny(class.Payload, "\x00") {
			continue // no YAML
		}
		folder := filepath.Join(d.dir, "mine")
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(class.Payload)
		var escaped strings.Builder
		for _, r := range quoted {
			if r < ' ' || r > '~' {
				escaped.WriteString(`\U` + hex8(r))
			} else {
				escaped.WriteRune(r)
			}
		}
		text := escaped.String()
		writeFile(t, filepath.Join(folder, "provider.yaml"), `version: 1
name: mine
title: "`+text+`"
docs: {page: "`+text+`"}
certainty: guessed
detect: path
verify: [{kind: none}]
limits: ["`+text+`"]
advice: "`+text+`"
event: {name: thing.done}
actions: [{name: done}]
entities: {thing: {note: "`+text+`"}}
claims: [{about: "`+text+`", says: "`+text+`"}]
subscribe: ["`+text+`"]
known: [{name: "`+text+`", why: "`+text+`"}]
api: "`+text+`"
`)
		writeFile(t, filepath.Join(folder, "samples", "thing.json"), `{"events": ["thing.done"], "body": {}}`)
		for _, args := range [][]string{{"providers", "list"}, {"providers", "show", "mine"}} {
			got := d.ok(append(args, "--provider-file", "mine")...)
			if fault := displaytest.Fault(got, true); fault != "" {
				t.Errorf("%d %s: %s: %s", i, class.Name, strings.Join(args, " "), fault)
			}
			if !strings.Contains(got, "mine") {
				t.Errorf("%s: the definition is not there", strings.Join(args, " "))
			}
		}
	}
}

func hex8(r rune) string {
	const digits = "0123456789ABCDEF"
	var b [8]byte
	for i := range b {
		b[7-i] = digits[r>>(4*i)&15]
	}
	return string(b[:])
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The README's table is the one that go generate would write.
func TestReadmeListsTheProviders(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := replaceTable(readme, providerTable(builtin(t)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(readme)); diff != "" {
		t.Errorf("README.md is behind the definitions; run go generate ./cmd (-want +got):\n%s", diff)
	}
}

func TestProvidersTable(t *testing.T) {
	d := newDesk(t)
	readme := filepath.Join(d.dir, "R.md")
	writeFile(t, readme, "before\n"+tableBegin+"\nold\n"+tableEnd+"\nafter\n")
	d.ok("providers", "table", "--readme", "R.md")
	got, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("before\n"+tableBegin+"\n"+d.ok("providers", "table")+tableEnd+"\nafter\n", string(got)); diff != "" {
		t.Errorf("rewritten (-want +got):\n%s", diff)
	}
	writeFile(t, readme, "no marks\n")
	if _, stderr, code := d.run("providers", "table", "--readme", "R.md"); code != codeUsage || !strings.Contains(stderr, tableBegin) {
		t.Errorf("no marks: code %d, %q", code, stderr)
	}
	d.ok("providers", "table", "--readme", "new.md")
	if _, err := os.Stat(filepath.Join(d.dir, "new.md")); err != nil {
		t.Errorf("a README that is missing is made: %v", err)
	}
}
