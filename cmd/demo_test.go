package cmd

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"whk/cmd/config"
	"whk/verify"
)

// The demo shows what its script says, in the order of the script, and leaves nothing
// behind; secrets, store and configuration of the user are not looked at.
func TestDemo(t *testing.T) {
	d := newDesk(t)
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	t.Setenv("TMP", temporary)
	d.env["WHK_SECRET_RENTMAN"] = "" // refused wherever secrets are looked at
	d.env["WHK_STORE"] = filepath.Join(d.dir, "mine.db")
	d.env["WHK_COUNT"] = "not a number"
	writeFile(t, filepath.Join(d.dir, ".whk.yaml"), "no: configuration\n")
	script := demoScript()
	count := 2*len(script) + 3 // so that events are varied, and the third round begins
	stdout, stderr, code := d.run("demo", "--json", "--count", strconv.Itoa(count))
	if code != codeDone || stderr != "" {
		t.Fatalf("code %d, %s", code, stderr)
	}
	type line struct {
		Type, Provider, Event, Body, Method, Cut string
		Verdict                                  verify.Verdict
		Events                                   int
	}
	var events []line
	for text := range strings.Lines(stdout) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		switch l.Type {
		case "event":
			events = append(events, l)
		case "summary":
			if l.Events != count {
				t.Errorf("summary counts %d events, want %d", l.Events, count)
			}
		}
	}
	if len(events) != count {
		t.Fatalf("%d events, want %d", len(events), count)
	}
	for i, e := range events {
		step := script[i%len(script)]
		if e.Verdict.Status != step.want || e.Verdict.Reason != step.why || e.Verdict.Development {
			t.Errorf("event %d, %s, %+v: verdict %+v", i+1, e.Event, step, e.Verdict)
		}
		name := e.Provider + "/" + e.Event
		switch step.oddity {
		case stranger:
			if e.Provider != "unknown" {
				t.Errorf("event %d: a stranger is taken for %s", i+1, e.Provider)
			}
		case notJSON:
			if json.Valid([]byte(e.Body)) {
				t.Errorf("event %d: %q is JSON", i+1, e.Body)
			}
		case cutShort:
			if e.Cut == "" {
				t.Errorf("event %d is whole", i+1)
			}
		default:
			if i < len(script) && name != step.event {
				t.Errorf("event %d: %s, want %s", i+1, name, step.event)
			}
		}
	}
	left, err := os.ReadDir(temporary)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	for _, path := range []string{d.env["WHK_STORE"], filepath.Join(d.env["HOME"], ".local")} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("the demo made %s", path)
		}
	}
}

// Every verdict that can come of a listener which has all secrets, and the providers that
// most people know, have a place in the script.
func TestDemoScriptShowsEverything(t *testing.T) {
	valid, verdicts := map[string]bool{}, map[verify.Verdict]bool{}
	for _, step := range demoScript() {
		name, _, _ := strings.Cut(step.event, "/")
		if step.want == verify.Valid || step.want == verify.Unsigned {
			valid[name] = true
		}
		verdicts[verify.Verdict{Status: step.want, Reason: step.why}] = true
	}
	shown := []string{"rentman", "ploomes", "cassaincloud", "cmmshere", "ubiqo",
		"github", "stripe", "slack", "shopify", "discord", "standardwebhooks"}
	for _, name := range shown {
		if !valid[name] {
			t.Errorf("no event of %s is as it should be", name)
		}
	}
	if got := demoProviders(); got != len(shown) {
		t.Errorf("the legend speaks of %d providers, want %d", got, len(shown))
	}
	for _, v := range []verify.Verdict{
		{Status: verify.Valid}, {Status: verify.Missing}, {Status: verify.Unsigned},
		{Status: verify.Invalid, Reason: verify.WrongValue}, {Status: verify.Invalid, Reason: verify.Malformed},
		{Status: verify.Invalid, Reason: verify.Downgrade}, {Status: verify.Invalid, Reason: verify.UnsupportedAlgorithm},
		{Status: verify.Invalid, Reason: verify.Stale}, {Status: verify.Invalid, Reason: verify.Future},
		{Status: verify.Unchecked, Reason: verify.NoProvider}, {Status: verify.Unchecked, Reason: verify.Incomplete},
	} {
		if !verdicts[v] {
			t.Errorf("no event is %s", v)
		}
	}
}

// The listener of the demo has a secret of its own for every provider that signs, in the
// form that its scheme wants, and another one each time.
func TestDemoSecrets(t *testing.T) {
	secrets := func() map[string]string {
		a := &app{IO: IO{Env: func(string) (string, bool) { return "", false }}}
		inner, err := a.demoApp(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]string{}
		for _, p := range inner.set.All() {
			value, ok := inner.Env(config.SecretVariable(p.Name))
			if ok != p.Scheme.Keyed() {
				t.Errorf("%s: has a secret: %t", p.Name, ok)
			}
			if !ok {
				continue
			}
			all[p.Name] = value
			keyring, err := p.Scheme.Bind("", verify.NewSecret("demo", value))
			if err != nil {
				t.Errorf("%s: %v", p.Name, err)
				continue
			}
			d := &verify.Delivery{Method: "POST", URL: "http://127.0.0.1:4400/", Header: http.Header{}, Body: []byte("{}")}
			if err := keyring.Sign(d, time.Now(), "msg_1"); errors.Is(err, verify.ErrPublicKey) {
				t.Errorf("%s: %v", p.Name, err)
			}
		}
		return all
	}
	first, second := secrets(), secrets()
	for name, value := range first {
		if p, err := builtin(t).Lookup(name); err != nil || value == second[name] && p.Scheme.Kind() != verify.KindRSA {
			t.Errorf("%s: the secret is the same in another run (%v)", name, err)
		}
	}
}

// Without a terminal the demo ends by itself; with one it goes on until it is ended,
// and tidies up then.
func TestDemoIsEndedByHand(t *testing.T) {
	d := newDesk(t)
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	t.Setenv("TMP", temporary)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	reader, writer := io.Pipe()
	var stderr bytes.Buffer
	streams := IO{In: strings.NewReader(""), Out: writer, Err: &stderr, OutTTY: true, Columns: 80, Dir: d.dir,
		Env: func(name string) (string, bool) { value, ok := d.env[name]; return value, ok }}
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, streams, []string{"demo", "--rate", "1000"})
		writer.Close()
	}()
	lines := bufio.NewScanner(reader)
	for n := 0; lines.Scan(); n++ {
		if n == demoCount+20 {
			interrupt()
		}
	}
	if code := <-ended; code != codeDone {
		t.Errorf("code %d: %s", code, stderr.String())
	}
	for _, want := range []string{"✓ valid", "∅ missing", "ctrl-c ends", "whk listen 3000", "whk send rentman/Contact.create"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("the legend does not hold %q:\n%s", want, stderr.String())
		}
	}
	for line := range strings.Lines(stderr.String()) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
	left, err := os.ReadDir(temporary)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDemoRefuses(t *testing.T) {
	for _, args := range [][]string{{"--count", "-1"}, {"--rate", "fast"}, {"rentman"}} {
		if _, stderr, code := newDesk(t).run(append([]string{"demo"}, args...)...); code != codeUsage || stderr == "" {
			t.Errorf("demo %s: code %d, %q", strings.Join(args, " "), code, stderr)
		}
	}
}
