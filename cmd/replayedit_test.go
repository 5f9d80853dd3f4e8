package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/listener"
	"whk/verify"
)

// stampedProvider signs a time stamp and an id besides the body.
const stampedProvider = `version: 1
name: stamped
certainty: guessed
detect: path
verify:
  - kind: hmac
    algorithm: sha256
    encoding: base64
    header: Webhook-Signature
    value: "v1,{sig}"
    signed: "{id}.{ts}.{body}"
    id: webhook-id
    timestamp: {header: webhook-timestamp, tolerance: 5m}
event: {entity: "{body.a}", action: "{body.b}"}
`

// editShell has three events: 1 of a provider that signs a time stamp, 2 of rentman with a
// wrong signature, 3 of nobody known, 4 of rentman, of which only a part came.
func editShell(t *testing.T) *shell {
	t.Helper()
	s := newShell(t)
	s.file("stamped.yaml", stampedProvider)
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	var events []*listener.Event
	for i, name := range []string{"stamped", "rentman", "unknown", "rentman"} {
		e := eventAt(i+1, at, name, "Contact", "create", verify.Verdict{Status: verify.Unchecked}, `{ "a": 1,  "b": "x" }`)
		e.Delivery.Header = http.Header{"X-Kept": {"1", "2"}, "Digest": {"sha512=00"}, "Webhook-Signature": {"v1,AAAA"}, "Webhook-Id": {"msg_old"}, "Webhook-Timestamp": {"1"}}
		events = append(events, e)
	}
	events[3].Cut = "the connection broke"
	s.desk.store(events, nil)
	s.env["WHK_SECRET_STAMPED"], s.env["WHK_SECRET_RENTMAN"] = "k3y-of-the-test", "k3y-of-the-test"
	return s
}

func TestReplayWithAnotherBody(t *testing.T) {
	const odd = "{\"c\":2.50,\r\n\"c\": \"\\/\" }\n"
	tests := []struct {
		name string
		args []string
		in   string

		body             string
		digest           string // "" for a valid one
		resigned, edited bool
		says             string
	}{
		{"a text", []string{"2", "--body", `{"c":2}`}, "", `{"c":2}`, "", true, true, ", edited, signed anew (env WHK_SECRET_RENTMAN)\n"},
		{"a file, byte for byte", []string{"2", "--body", "@odd.json"}, "", odd, "", true, true, "edited, signed anew"},
		{"standard input", []string{"2", "--body", "-"}, odd, odd, "", true, true, "edited, signed anew"},
		{"nothing at all", []string{"2", "--body", ""}, "", "", "", true, true, "edited, signed anew"},
		{"an edited one", []string{"2", "--body", `{"c":2}`, "--set", "c=3"}, "", `{"c":3}`, "", true, true, "edited, signed anew"},
		{"the same", []string{"2", "--body", `{ "a": 1,  "b": "x" }`}, "", `{ "a": 1,  "b": "x" }`, "", true, false, ", signed anew (env"},
		{"with the old signature", []string{"2", "--body", `{"c":2}`, "--signature", "keep"}, "", `{"c":2}`, "sha512=00", false, true, ", edited, with the signature that it came with\n"},
		{"without a signature", []string{"2", "--body", `{"c":2}`, "--signature", "none"}, "", `{"c":2}`, "none", false, true, ", edited, without its signature\n"},
		{"an edit with the old signature", []string{"2", "--set", "b=y", "--signature", "Keep"}, "", `{ "a": 1,  "b": "y" }`, "sha512=00", false, true, "edited, with the signature that it came with"},
		{"only its signature is new", []string{"2", "--signature", "new"}, "", `{ "a": 1,  "b": "x" }`, "", true, false, ", signed anew (env"},
		{"twice said", []string{"2", "--signature", "new", "--resign"}, "", `{ "a": 1,  "b": "x" }`, "", true, false, ", signed anew (env"},
		{"only its signature is gone", []string{"2", "--signature", "none"}, "", `{ "a": 1,  "b": "x" }`, "none", false, false, ", without its signature\n"},
		{"as it came, said aloud", []string{"2", "--signature", "keep"}, "", `{ "a": 1,  "b": "x" }`, "sha512=00", false, false, "#2  rentman/Contact.create"},
		{"of nobody known", []string{"3", "--body", "x", "--signature", "keep"}, "", "x", "sha512=00", false, true, ", edited, with its headers as they came\n"},
		{"in the place of half a body", []string{"4", "--body", "{}"}, "", "{}", "", true, true, "edited, signed anew"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newTestReceiver(t, 200, "")
			s := editShell(t)
			s.file("odd.json", odd)
			s.in = tt.in
			before := s.export()
			stdout, stderr, code := s.run(append(append([]string{"replay"}, tt.args...), "--to", r.URL)...)
			if code != codeDone || stderr != "" || !strings.Contains(stdout, tt.says) {
				t.Fatalf("code %d, stderr: %s\n%s", code, stderr, stdout)
			}
			d := r.last(t)
			if string(d.Body) != tt.body || !slices.Equal(d.Header["X-Kept"], []string{"1", "2"}) {
				t.Errorf("received %v %q, want %q", d.Header, d.Body, tt.body)
			}
			switch got := d.Header.Get("Digest"); tt.digest {
			case "":
				if v := verdict(t, "rentman", "k3y-of-the-test", d); v.Status != verify.Valid {
					t.Errorf("received: %s", v)
				}
			case "none":
				if _, there := d.Header["Digest"]; there {
					t.Errorf("a signature was sent: %s", got)
				}
			default:
				if got != tt.digest {
					t.Errorf("Digest: got %s, want %s", got, tt.digest)
				}
			}
			var n int64
			if _, err := fmt.Sscan(tt.args[0], &n); err != nil {
				t.Fatal(err)
			}
			results := s.results(n)
			if len(results) != 1 || !results[0].Replay || results[0].Resigned != tt.resigned || results[0].Edited != tt.edited {
				t.Errorf("stored %+v, want resigned %v, edited %v", results, tt.resigned, tt.edited)
			}
			if diff := cmp.Diff(before, s.export()); diff != "" {
				t.Errorf("the events changed (-want +got):\n%s", diff)
			}
		})
	}
}

// A time stamp and an id that belong to a signature come and go with it.
func TestReplaySignatureTakesWhatBelongsToIt(t *testing.T) {
	tests := []struct {
		mode              string
		stamp, id, signed string // "" for none, "fresh" for another
	}{
		{"keep", "1", "msg_old", "v1,AAAA"},
		{"none", "", "", ""},
		{"new", "fresh", "fresh", "fresh"},
	}
	for _, tt := range tests {
		t.Run(tt.mode, func(t *testing.T) {
			r := newTestReceiver(t, 200, "")
			s := editShell(t)
			if stdout, stderr, code := s.run("replay", "1", r.URL, "--provider-file", "stamped.yaml", "--signature", tt.mode); code != codeDone {
				t.Fatalf("code %d, stderr: %s\n%s", code, stderr, stdout)
			}
			old := map[string]string{"Webhook-Timestamp": "1", "Webhook-Id": "msg_old", "Webhook-Signature": "v1,AAAA"}
			for name, want := range map[string]string{"Webhook-Timestamp": tt.stamp, "Webhook-Id": tt.id, "Webhook-Signature": tt.signed} {
				got := r.last(t).Header.Get(name)
				if want == "fresh" && (got == "" || got == old[name]) || want != "fresh" && got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if got := r.last(t).Header.Get("Digest"); got != "sha512=00" {
				t.Errorf("Digest, which is none of its headers: got %q", got)
			}
		})
	}
}

func TestReplayEditsRefuse(t *testing.T) {
	tests := []struct {
		name string
		args []string
		in   string
		says string
	}{
		{"a body for several", []string{"1..2", "--body", "x"}, "", "--body: it is the body of one event, and these are 2"},
		{"a file that is not there", []string{"2", "--body", "@gone.json"}, "", "gone.json"},
		{"no way of signing", []string{"2", "--signature", "normal"}, "", "--signature normal: expected new, keep or none"},
		{"two ways of signing", []string{"2", "--resign", "--signature", "keep"}, "", "--resign and --signature keep: give one of them"},
		{"two ways of signing, the other", []string{"2", "--signature", "NONE", "--resign"}, "", "--resign and --signature none: give one of them"},
		{"a secret for nothing", []string{"2", "--signature", "none", "--secret", "x"}, "", "--secret: nothing is signed with --signature none"},
		{"a secret for an old signature", []string{"2", "--set", "a=2", "--signature", "keep", "--secret-dev"}, "", "--secret-dev: nothing is signed with --signature keep"},
		{"standard input for two, a secret", []string{"2", "--body", "-", "--secret-stdin"}, "x", "standard input can be one of them"},
		{"standard input for two, events", []string{"-", "--body", "-"}, "2", "standard input can be one of them"},
		{"a signature of nobody known", []string{"3", "--signature", "none"}, "", "its provider is not known"},
		{"an editor without a terminal", []string{"2", "--edit"}, "", "--body @FILE sends a file"},
		{"half a body", []string{"4", "--signature", "none"}, "", "its body is incomplete"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newTestReceiver(t, 200, "")
			s := editShell(t)
			s.in = tt.in
			stdout, stderr, code := s.run(append(append([]string{"replay"}, tt.args...), "--to", r.URL)...)
			if code != codeUsage || !strings.Contains(stderr, tt.says) || stdout != "" {
				t.Errorf("code %d, want %d and %q; stdout %q, stderr %q", code, codeUsage, tt.says, stdout, stderr)
			}
			if n := len(r.deliveries()); n > 0 {
				t.Errorf("%d requests were sent", n)
			}
		})
	}
}

// Of two ways that are not both on the command line, that which is there counts.
func TestReplaySignatureFromTheEnvironment(t *testing.T) {
	for _, tt := range []struct {
		env, value string
		args       []string
		resigned   bool
	}{
		{"WHK_SIGNATURE", "keep", nil, false},
		{"WHK_SIGNATURE", "none", []string{"--resign"}, true},
		{"WHK_RESIGN", "true", nil, true},
		{"WHK_RESIGN", "true", []string{"--signature", "none"}, false},
	} {
		r := newTestReceiver(t, 200, "")
		s := editShell(t)
		s.env[tt.env] = tt.value
		_, stderr, code := s.run(append([]string{"replay", "2", r.URL}, tt.args...)...)
		if results := s.results(2); code != codeDone || len(results) != 1 || results[0].Resigned != tt.resigned {
			t.Errorf("%s=%s %v: code %d, stderr %s, stored %+v, want resigned %v", tt.env, tt.value, tt.args, code, stderr, results, tt.resigned)
		}
	}
}

func TestReplayEdit(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the editor is a shell script")
	}
	tests := []struct {
		name   string
		script string
		args   []string
		code   int
		body   string // "" when nothing is sent
		says   string // on stderr
	}{
		{"a value", `sed 's/"x"/"edited"/'`, nil, codeDone, `{"a":1,"b":"edited"}`, ""},
		{"what another edit left", `sed 's/"x"/"edited"/'`, []string{"--set", "a=7.0"}, codeDone, `{"a":7.0,"b":"edited"}`, ""},
		{"another body", `sed 's/c/d/'`, []string{"--body", `{"c":1}`}, codeDone, `{"d":1}`, ""},
		{"nothing", `cat`, nil, codeDone, "", "the body was not changed, so nothing is sent"},
		{"nothing but the layout", `tr -d '\n'`, nil, codeDone, "", "the body was not changed, so nothing is sent"},
		{"nothing after another edit", `cat`, []string{"--set", "a=7"}, codeDone, "", "nothing is sent"},
		{"into no JSON", `tr -d '{'`, nil, codeDone, "\n  \"a\": 1,\n  \"b\": \"x\"\n}\n", "no longer JSON"},
		{"and failed", `false`, nil, codeUsage, "", "nothing was sent"},
		{"of several", `cat`, []string{"1"}, codeUsage, "", "--edit: these are 2 events"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newTestReceiver(t, 200, "")
			s := editShell(t)
			s.tty, s.inTTY, s.columns = true, true, 200
			s.env["EDITOR"] = filepath.Join(t.TempDir(), "editor")
			script := "#!/bin/sh\n" + tt.script + " < \"$1\" > \"$1.new\" && mv \"$1.new\" \"$1\"\n"
			if err := os.WriteFile(s.env["EDITOR"], []byte(script), 0o700); err != nil {
				t.Fatal(err)
			}
			stdout, stderr, code := s.run(append(append([]string{"replay", "2"}, tt.args...), "--to", r.URL, "--edit")...)
			if code != tt.code || !strings.Contains(stderr, tt.says) || tt.says == "" && stderr != "" {
				t.Fatalf("code %d, want %d and %q; stderr: %s\n%s", code, tt.code, tt.says, stderr, stdout)
			}
			got, results := r.deliveries(), s.results(2)
			if tt.body == "" {
				if len(got) > 0 || len(results) > 0 || stdout != "" {
					t.Errorf("%d requests were sent, stored %+v, stdout %s", len(got), results, stdout)
				}
				return
			}
			if d := r.last(t); string(d.Body) != tt.body || verdict(t, "rentman", "k3y-of-the-test", d).Status != verify.Valid {
				t.Errorf("received %v %q, want %q", d.Header, d.Body, tt.body)
			}
			if len(results) != 1 || !results[0].Edited || !results[0].Resigned {
				t.Errorf("stored %+v", results)
			}
		})
	}
}

func TestReplayEditNeedsText(t *testing.T) {
	s := newShell(t)
	s.tty, s.inTTY, s.columns = true, true, 200
	s.env["EDITOR"] = "false"
	s.desk.store([]*listener.Event{
		eventAt(1, time.Now(), "rentman", "Contact", "create", verify.Verdict{}, "\x1f\x8b\x08"),
		eventAt(2, time.Now(), "rentman", "Contact", "create", verify.Verdict{}, ""),
	}, nil)
	for n, says := range map[string]string{"1": "its body is no text", "2": "it has no body"} {
		if _, stderr, code := s.run("replay", n, "3000", "--edit"); code != codeUsage || !strings.Contains(stderr, says) {
			t.Errorf("#%s: code %d, stderr: %s", n, code, stderr)
		}
	}
}

// How an attempt came about is told wherever attempts are: as words, as a mark, as JSON
// that keeps to its schema, and in what is exported and imported.
func TestReplayIsToldLater(t *testing.T) {
	r := newTestReceiver(t, 200, "")
	s := editShell(t)
	stdout, stderr, code := s.run("replay", "2", r.URL, "--body", "{}", "--json")
	if code != codeDone {
		t.Fatalf("code %d, stderr: %s", code, stderr)
	}
	schema, resolved := s.printed("output")
	for line := range strings.Lines(stdout) {
		var value map[string]any
		if err := json.Unmarshal([]byte(line), &value); err != nil {
			t.Fatal(err)
		}
		if err := resolved.Validate(value); err != nil {
			t.Errorf("%v in\n%s", err, line)
		}
		if value["type"] == "attempt" && (value["resigned"] != true || value["edited"] != true) {
			t.Errorf("the attempt is not said to be edited and signed anew: %s", line)
		}
	}
	for _, name := range []string{"attempt", "attempt-2"} {
		for _, field := range []string{"resigned", "edited"} {
			if p := schema.Defs[name].Properties[field]; p == nil || p.Type != "boolean" || slices.Contains(schema.Defs[name].Required, field) {
				t.Errorf("schema of %s: %s is %+v", name, field, p)
			}
		}
	}
	s.ok("replay", "2", r.URL, "--signature", "new")
	s.ok("replay", "2", r.URL)
	const attempts = "[.attempts[] | [.replay, .edited, .resigned]]"
	const want = "[[true,true,true],[true,null,true],[true,null,null]]\n"
	if got := s.ok("events", "show", "2", "--jq", attempts); got != want {
		t.Errorf("events show --json: got %s, want %s", got, want)
	}
	for locale, marks := range map[string][2]string{"C.UTF-8": {"↻✎ ", "↻"}, "C": {"RE ", "R"}} {
		s.env["LC_ALL"] = locale
		if list := s.ok("events", "list"); !strings.Contains(list, marks[0]) {
			t.Errorf("%s: no mark %s in\n%s", locale, marks[0], list)
		}
		shown := s.ok("events", "show", "2")
		for _, text := range []string{" replayed, edited, signed anew\n", " replayed, signed anew\n", " replayed\n"} {
			if !strings.Contains(shown, "/rentman "+marks[1]+text) {
				t.Errorf("%s: events show lacks %q:\n%s", locale, marks[1]+text, shown)
			}
		}
	}
	for _, form := range []string{"jsonl", "whk"} {
		file := filepath.Join(s.dir, "exported."+form)
		for _, args := range [][]string{{"export", "2", "--to", file}, {"import", file, "--store", form + ".db"}} {
			if _, stderr, code := s.run(append([]string{"events"}, args...)...); code != codeDone {
				t.Fatalf("%v: code %d, stderr: %s", args, code, stderr)
			}
		}
		if got := s.ok("events", "show", "last", "--store", form+".db", "--jq", attempts); got != want {
			t.Errorf("%s: imported %s, want %s", form, got, want)
		}
	}
}

// What an end before the end left undone is told on standard error.
func TestReplayInterruptedSaysWhatIsLeft(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := newTestReceiver(t, 200, "")
	r.answer = func(n int) (int, string) {
		if n == 2 {
			cancel()
		}
		return 200, ""
	}
	s := manyShell(t, r.URL)
	if _, stderr, code := s.runUnder(ctx, "replay", "1..6", r.URL); code != codeInterrupted || stderr != "whk: interrupted: 2 of 6 sent, 4 left\n" {
		t.Errorf("code %d, stderr: %s", code, stderr)
	}
}

func TestLeftUndone(t *testing.T) {
	for _, tt := range []struct {
		sent, unsendable, total int
		want                    string
	}{
		{12, 0, 50, "whk: interrupted: 12 of 50 sent, 38 left\n"},
		{1200, 2, 5000, "whk: interrupted: 1,200 of 5,000 sent, 2 could not be, 3,798 left\n"},
		{12, 0, 0, "whk: interrupted: 12 sent\n"},
		{1, 0, 1, ""},
		{0, 0, 1, "whk: interrupted: 0 of 1 sent, 1 left\n"},
	} {
		var said strings.Builder
		(&app{IO: IO{Err: &said}}).leftUndone(tt.sent, tt.unsendable, tt.total)
		if said.String() != tt.want {
			t.Errorf("%d and %d of %d: got %q, want %q", tt.sent, tt.unsendable, tt.total, said.String(), tt.want)
		}
	}
}

// A secret that another comes before was in use once: it is masked as well.
func TestEverySecretIsMasked(t *testing.T) {
	r := newTestReceiver(t, 200, "of the line: canary-flag")
	s := newShell(t)
	canaries := []string{"canary-variable", "canary-file", "canary-reference", "canary-kept", "canary-second", "canary-other", "canary-gone"}
	s.desk.store([]*listener.Event{eventAt(1, time.Now(), "rentman", "Contact", "create", verify.Verdict{}, strings.Join(canaries, " "))}, nil)
	s.env["WHK_SECRET_RENTMAN"], s.env["OTHER_VARIABLE"] = "canary-variable", "canary-reference"
	s.file("secret.txt", "canary-file\n")
	s.file(".whk.yaml", "version: 1\nproviders:\n  rentman:\n    secrets: [\"env:NOT_SET\", \"file:secret.txt\", \"env:OTHER_VARIABLE\"]\n")
	for _, args := range [][]string{{"rentman"}, {"rentman", "--name", "second"}, {"ploomes"}} {
		s.in = map[int]string{1: "canary-kept", 3: "canary-second"}[len(args)]
		if args[0] == "ploomes" {
			s.in = "canary-other"
		}
		if _, stderr, code := s.run(append([]string{"secrets", "set"}, args...)...); code != codeDone {
			t.Fatalf("code %d, stderr: %s", code, stderr)
		}
	}
	kept := filepath.Join(s.env["HOME"], ".config", "whk", "secrets.json")
	content, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	// There is no definition of this provider any more.
	content = []byte(strings.Replace(string(content), `"providers": {`, `"providers": {"gone": [{"name": "default", "added": "2026-01-31T12:00:00Z", "value": "canary-gone"}],`, 1))
	if err := os.WriteFile(kept, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s.in = ""
	for _, args := range [][]string{{"events", "show", "1"}, {"events", "show", "1", "--json"}, {"events", "list", "--json"}, {"events", "export", "1", "--format", "ndjson"}} {
		stdout, _, code := s.run(args...)
		if code != codeDone || strings.Contains(stdout, "canary-") {
			t.Errorf("whk %s shows a secret (code %d):\n%s", strings.Join(args, " "), code, stdout)
		}
	}
	stdout, _, code := s.run("replay", "1", r.URL, "--resign", "--secret", "canary-flag")
	if code != codeDone || strings.Contains(stdout, "canary-") {
		t.Errorf("whk replay shows a secret (code %d):\n%s", code, stdout)
	}
	if shown := s.ok("events", "show", "1", "--show-secrets"); !strings.Contains(shown, strings.Join(canaries, " ")) {
		t.Errorf("with --show-secrets the body is not as it came:\n%s", shown)
	}
}
