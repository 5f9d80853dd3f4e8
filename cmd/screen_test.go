//go:build linux || darwin

package cmd_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The working day of somebody who receives webhooks, from the first key to the last.
func TestScreenWholeRun(t *testing.T) {
	t.Parallel()
	p, a := newPlace(t), newApp(t)
	bodies := make(chan []byte, 100)
	take := func(status int) {
		a.answers(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			bodies <- body
			w.WriteHeader(status)
			io.WriteString(w, "the answer of the app")
		})
	}
	take(http.StatusInternalServerError)
	editor := filepath.Join(p.dir, "editor")
	writeScript(t, editor, "#!/bin/sh\necho the editor was here\nsed s/Ploomes/Changed/ \"$1\" > \"$1.new\" && mv \"$1.new\" \"$1\"\n")
	s, url := p.listens(seat{columns: 180, rows: 40, env: []string{"EDITOR=" + editor}}, a.URL)
	s.sees("Nothing has come yet", "whk send rentman/Contact.create "+url)

	p.whk(0, "send", "rentman/Contact.create", url+"/rentman", "--expect", "any")
	s.sees("rentman  Contact.create", "500", "Events 1/1")
	p.postSigned(url, "ploomes", "ploomes/Contacts.Update")
	s.sees("ploomes  Contacts.Update", "Events 2/2", "✓ valid dev", "ploomes ✓1 · rentman ✓1", "● up")
	<-bodies
	sent := <-bodies

	// Tabs.
	s.types("2")
	s.sees("Content-Type: application/json")
	s.types("v")
	s.sees("verdict   ✓ VALID", "development")
	s.types("d")
	s.sees("LegalName", "→ \"Ploomes Sistemas Empresariais\"")
	s.types("a")
	s.sees("the answer of the app", a.URL)
	s.types("[", "]", "1", enter)
	s.sees("[1]Body", "\"Action\": \"Update\"", "esc back")
	s.types("q")
	s.sees("enter open")

	// Filter and search.
	s.types("f", "provider:rentman", enter)
	s.sees("· provider:rentman")
	s.misses("Contacts.Update")
	s.types("f", up, "\x15", "sig:", enter) // ctrl-u empties the line
	s.sees("filter: sig:")
	s.types(esc)
	s.misses("filter: sig:")
	s.types(esc)
	s.sees("Contacts.Update", "Contact.create")
	s.types("/", "empresariais", enter)
	s.sees("no later event with empresariais")
	s.types("g")
	s.sees("1 rentman/Contact.create")
	s.types("n")
	s.sees("─ 2 ploomes/Contacts.Update")

	// Replay.
	take(http.StatusOK)
	s.types("r")
	s.sees("fixed: the last attempt", "was answered 500")
	if got := <-bodies; !bytes.Equal(got, sent) {
		t.Errorf("replayed %q, want %q", got, sent)
	}
	s.sees("✓ d↻")

	// Edit and send.
	s.types("1", "e")
	s.sees("send the edited #2 to "+a.URL, "sign anew")
	s.types("s")
	s.sees("↻✎")
	if got, want := string(<-bodies), strings.ReplaceAll(string(sent), "Ploomes", "Changed"); got != want {
		t.Errorf("edited: sent %q, want %q", got, want)
	}
	s.types("a")
	s.sees("#3 ", "edited")

	// Compare, export, save.
	s.types("k", space)
	s.sees("#1 is marked")
	s.types("j", "W")
	s.sees("#1", "[4]Diff", "eventType")
	s.types("x")
	s.sees("event-2.har")
	s.types("h")
	har := s.file(filepath.Join(p.dir, "event-2.har"))
	var log struct{ Log struct{ Entries []any } }
	if err := json.Unmarshal([]byte(har), &log); err != nil || len(log.Log.Entries) != 1 {
		t.Errorf("exported %v, %d entries", err, len(log.Log.Entries))
	}
	s.types("w", "renamed", enter)
	s.sees("renamed")
	s.until("the saved sample", func(*glass) bool {
		shown, _ := p.whk(0, "providers", "show", "ploomes")
		return strings.Contains(shown, "renamed")
	})

	// Copy: only what a key has asked for.
	s.look(func(g *glass) {
		if len(g.copied) > 0 {
			t.Errorf("copied without a key: %q", g.copied)
		}
	})
	s.types("y")
	s.sees("curl", "a command that sends it again")
	s.types("B")
	s.sees("copied the body")
	s.types("C")
	s.sees("copied curl")
	s.look(func(g *glass) {
		if len(g.copied) != 2 || g.copied[0] != string(sent) || !strings.Contains(g.copied[1], "curl ") || strings.Contains(g.copied[1], "X-Ploomes-Validation-Key: development") {
			t.Errorf("copied %q", g.copied)
		}
	})

	// Pages.
	s.types("S")
	s.sees("ploomes", "rentman", "p95")
	s.types("q", "?")
	s.sees("in the list", "everywhere", "replay the event as it came")
	s.types("/", "clipboard-less", enter)
	s.sees("no key does that")
	s.types("q")
	s.sees("Events 2/2")
	s.types(":", "events list", enter)
	s.sees("whk events list", "Contact.create", "Contacts.Update", "esc back")
	s.types("q", "@")
	s.sees("commands", "whk replay 2 --to "+a.URL, "whk events list   # exit 0", "exit 0")
	p.paste(s)
	s.types("q")
	s.sees("Events 2/2")
	s.types("q")
	if code := s.exits(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.restored()
	s.asBefore("the editor was here")
	if left, err := os.ReadDir(p.env["TMPDIR"]); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func writeScript(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}

// postSigned sends a sample as any other program would: plain HTTP, with the headers that
// whk sign prints.
func (p *place) postSigned(url, provider, sample string) {
	p.t.Helper()
	printed, _ := p.whk(0, "send", sample, url, "--dry-run", "--print", "json")
	var request struct{ Body string }
	if err := json.Unmarshal([]byte(printed), &request); err != nil || request.Body == "" {
		p.t.Fatalf("%v in %s", err, printed)
	}
	headers, _ := p.whk(0, "sign", provider, request.Body)
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, url+"/"+provider, strings.NewReader(request.Body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for line := range strings.Lines(headers) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			r.Header.Set(name, value)
		}
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	response.Body.Close()
}

// paste runs what the command log shows in a shell.
func (p *place) paste(s *sitting) {
	p.t.Helper()
	ran := 0
	for line := range strings.Lines(s.screen()) {
		command, state, ok := strings.Cut(strings.TrimSpace(line), "   # exit ")
		if !ok || !strings.Contains(command, " list") && !strings.Contains(command, "replay 2 --to") && !strings.Contains(command, "export 2 --format curl") || strings.Contains(command, "whk-edit") {
			continue
		}
		shell := exec.Command("sh", "-c", command)
		shell.Dir, shell.Env = p.dir, p.environ()
		out, err := shell.CombinedOutput()
		if err != nil || strings.TrimSpace(state) != "0" {
			p.t.Errorf("%s: %v, %s in the log\n%s", command, err, state, out)
		}
		ran++
	}
	if ran < 3 {
		p.t.Errorf("%d commands were pasted from\n%s", ran, s.screen())
	}
}

// Two people look at the same events, and a third acts on them.
func TestScreenOfTwoTerminals(t *testing.T) {
	t.Parallel()
	p, a := newPlace(t), newApp(t)
	first, url := p.listens(seat{}, a.URL)
	first.sees("Nothing has come yet")
	second := p.sit(seat{columns: 100, rows: 30}, "events", "tail", "--ui", "tui")
	third := p.sit(seat{columns: 80, rows: 24}, "events")
	second.sees("Nothing has come yet")
	third.sees("Nothing has come yet")
	p.whk(0, "send", "rentman/Contact.create", url+"/rentman")
	for _, s := range []*sitting{first, second, third} {
		s.sees("Contact.create", "✓", "200")
	}
	p.whk(0, "replay", "1")
	for _, s := range []*sitting{first, second, third} {
		s.sees("✓ d↻")
		s.types("a")
		s.sees("#2 ", "replay")
	}
	second.types("r")
	for _, attempt := range []string{"#3 ", "#4 "} {
		for _, s := range []*sitting{first, second, third} {
			s.sees(attempt)
		}
		p.whk(0, "replay", "1")
	}
	for _, s := range []*sitting{second, third} {
		s.types(ctrlC)
		if code := s.exits(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		s.restored()
		s.asBefore("")
	}
	p.whk(0, "send", "ploomes/Contacts.Update", url+"/ploomes")
	first.sees("Contacts.Update")
	first.types("q", "q")
	first.exits()
	first.restored()
}

// However often the terminal changes its size, the last frame is the one that a screen of
// this size begins with.
func TestScreenResizeStorm(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s, url := p.listens(seat{}, "--ui", "log")
	for range 12 {
		p.whk(0, "send", "rentman/Contact.create", url+"/rentman")
		p.whk(0, "send", "ploomes/Contacts.Update", url+"/ploomes")
	}
	s.process.Process.Signal(syscall.SIGTERM)
	s.exits()
	storm := p.sit(seat{}, "events", "tail", "--ui", "tui")
	storm.sees("24/24")
	clock := regexp.MustCompile(`\d\d:\d\d:\d\d`)
	frame := func(s *sitting) string { return clock.ReplaceAllString(s.screen(), "hh:mm:ss") }
	for _, last := range []struct{ columns, rows int }{{100, 30}, {58, 20}, {20, 5}, {200, 50}} {
		for i := range 60 {
			storm.resize(20+(i*37)%181, 5+(i*17)%46)
			if i%10 == 0 {
				storm.types("j", "k", "2", "1")
			}
		}
		storm.resize(last.columns, last.rows)
		storm.types("h", "G") // back to the list, and to the newest
		fresh := p.sit(seat{columns: last.columns, rows: last.rows}, "events", "tail", "--ui", "tui")
		fresh.sees("24", "quit")
		fresh.types("h", "G")
		storm.waits(patience, func() bool { return frame(storm) == frame(fresh) })
		if got, want := frame(storm), frame(fresh); got != want || !strings.Contains(got, "quit") {
			t.Errorf("%d x %d (-fresh +storm):\n%s", last.columns, last.rows, cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
		}
		fresh.types(ctrlC)
		fresh.exits()
		fresh.restored()
	}
	storm.types(ctrlC)
	if code := storm.exits(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	storm.restored()
}

// The demo needs nothing, and leaves nothing behind.
func TestScreenOfTheDemo(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.sit(seat{columns: 140, rows: 40}, "demo", "--rate", "200/s")
	s.sees("? shows the keys, q ends")
	s.finds(`Events (\d+)/\d\d`)
	s.types("S")
	s.sees("statistics")
	s.types("q")
	s.misses("statistics")
	s.types("q")
	if code := s.exits(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.restored()
	s.asBefore("")
	for _, dir := range []string{p.env["TMPDIR"], p.dir} {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left behind in %s: %v %v", dir, left, err)
		}
	}
}

// An answer that comes while somebody looks at the event is shown.
func TestScreenShowsTheAnswerThatComes(t *testing.T) {
	t.Parallel()
	p, a := newPlace(t), newApp(t)
	release := make(chan bool)
	a.answers(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		io.WriteString(w, "an answer that took its time")
	})
	s, url := p.listens(seat{columns: 140, rows: 30}, a.URL)
	sent := make(chan error, 1)
	go func() {
		response, err := http.Post(url+"/rentman", "application/json", strings.NewReader(`{}`))
		if err == nil {
			response.Body.Close()
		}
		sent <- err
	}()
	s.sees("Events 1/1")
	s.types("a", enter)
	s.sees("Nothing was forwarded")
	close(release)
	s.sees("an answer that took its time")
	if err := <-sent; err != nil {
		t.Error(err)
	}
	s.types(ctrlC)
	s.exits()
	s.restored()
}
