package cmd

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	stdout, stderr, code := d.run("demo", "--json", "--count", "60")
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
			if l.Events != 60 {
				t.Errorf("summary counts %d events, want 60", l.Events)
			}
		}
	}
	if len(events) != 60 {
		t.Fatalf("%d events, want 60", len(events))
	}
	script := demoScript()
	for i, e := range events {
		step := script[i%len(script)]
		if e.Verdict.Status != step.want || e.Verdict.Development {
			t.Errorf("event %d, %+v: verdict %+v", i+1, step, e.Verdict)
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

// Every provider, and every kind of verdict, has a place in the script.
func TestDemoScriptShowsEverything(t *testing.T) {
	seen, verdicts := map[string]bool{}, map[verify.Status]bool{}
	for _, step := range demoScript() {
		name, _, _ := strings.Cut(step.event, "/")
		seen[name] = true
		verdicts[step.want] = true
	}
	for _, name := range builtin(t).Names() {
		if !seen[name] {
			t.Errorf("%s is not in the demo", name)
		}
	}
	for _, status := range []verify.Status{verify.Valid, verify.Invalid, verify.Missing, verify.Unsigned, verify.Unchecked} {
		if !verdicts[status] {
			t.Errorf("no event is %s", status)
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
