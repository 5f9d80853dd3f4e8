//go:build linux || darwin

package cmd_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"whk/tui"
)

// However the screen ends, the terminal is the shell's again, and what is under way is
// finished.
func TestScreenGivesTheTerminalBack(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(s *sitting){
		"q":            func(s *sitting) { s.types("q") },
		"ctrl-c":       func(s *sitting) { s.types(ctrlC) },
		"ctrl-c typed": func(s *sitting) { s.types(":", "events list", ctrlC) },
		"SIGTERM":      func(s *sitting) { s.process.Process.Signal(syscall.SIGTERM) },
		"SIGINT":       func(s *sitting) { s.process.Process.Signal(syscall.SIGINT) },
		"SIGHUP":       func(s *sitting) { s.process.Process.Signal(syscall.SIGHUP) },
		"a line":       func(s *sitting) { s.types(":", "quit", enter) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, answered := endsBusy(t, end)
			if code := s.exits(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if status := <-answered; status != http.StatusAccepted {
				t.Errorf("the event under way was answered %d", status)
			}
			s.restored()
			s.asBefore("")
		})
	}
}

// A terminal that is closed takes the listener with it, which finishes what is under way.
func TestScreenWithoutItsTerminal(t *testing.T) {
	t.Parallel()
	s, answered := endsBusy(t, func(s *sitting) {
		s.terminal.Close()
		s.keyboard.Close()
	})
	if code := s.exits(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if status := <-answered; status != http.StatusAccepted {
		t.Errorf("the event under way was answered %d", status)
	}
}

// endsBusy ends a screen while the app has still to answer an event.
func endsBusy(t *testing.T, end func(*sitting)) (*sitting, chan int) {
	t.Helper()
	p, a := newPlace(t), newApp(t)
	asked, release := make(chan bool, 1), make(chan bool)
	a.answers(func(w http.ResponseWriter, _ *http.Request) {
		asked <- true
		<-release
		w.WriteHeader(http.StatusAccepted)
	})
	s, url := p.listens(seat{columns: 100, rows: 30}, a.URL)
	s.sees("Nothing has come yet")
	answered := make(chan int, 1)
	go func() {
		response, err := http.Post(url+"/rentman", "application/json", strings.NewReader(`{}`))
		if err != nil {
			answered <- 0
			return
		}
		response.Body.Close()
		answered <- response.StatusCode
	}()
	<-asked
	end(s)
	close(release)
	return s, answered
}

// Whoever suspends the screen has a shell, and fg brings the screen back.
func TestScreenIsSuspended(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.sit(seat{columns: 100, rows: 30, command: []string{"sh", "-i"}, env: []string{"PS1=prompt> ", "ENV="}})
	s.sees("prompt>")
	s.types("whk listen --addr 127.0.0.1:0\r")
	s.sees("Nothing has come yet", "q quit")
	// What the terminal answers to its questions is read before the next key, or the shell
	// would get it.
	s.types("?")
	s.sees("everywhere")
	s.types("q")
	s.sees("Nothing has come yet", "q quit")
	s.types(ctrlZ)
	s.until("a shell on its own screen", func(g *glass) bool {
		return !g.alternate && strings.HasSuffix(g.text(), "prompt>") && g.modes["?25"] && !g.modes["?1002"] && !g.modes["?2004"]
	})
	s.types("echo back in $0\r")
	s.sees("\nback in ")
	s.types("fg\r")
	s.until("the screen", func(g *glass) bool { return g.alternate && strings.Contains(g.text(), "q quit") })
	s.types("?")
	s.sees("everywhere")
	s.types("q", "q")
	s.until("the shell", func(g *glass) bool { return !g.alternate && strings.HasSuffix(g.text(), "prompt>") })
	s.types("exit\r")
	if code := s.exits(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.restored()
}

// brokenLog is a log that is not there.
type brokenLog struct{ panics bool }

func (l brokenLog) Page(context.Context, tui.Query) ([]tui.Entry, error) {
	if l.panics {
		panic("the log is broken")
	}
	return nil, nil
}

func (l brokenLog) Entry(context.Context, int64) (tui.Entry, error) {
	return tui.Entry{}, errors.New("no entry")
}

func (l brokenLog) Last(context.Context) (int64, error) { return 0, nil }

// TestScreenThatPanics is the program of TestScreenPanics.
func TestScreenThatPanics(t *testing.T) {
	where := os.Getenv("SCREEN_PANICS")
	if where == "" {
		t.Skip("runs in a terminal of its own")
	}
	err := tui.Run(t.Context(), tui.Options{
		In: os.Stdin, Out: os.Stdout, Environ: os.Environ(), SendTo: "nowhere", Title: "a screen",
		Log:   brokenLog{panics: where == "while it reads"},
		Shown: func([]string) string { return "" },
	})
	if err == nil || !strings.Contains(err.Error(), "the screen failed") {
		t.Errorf("error %v", err)
	}
}

// A mistake in whk does not leave a terminal behind on which nobody can type.
func TestScreenPanics(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"in Update", "while it reads"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			s := p.sit(seat{columns: 200, rows: 60, silent: true, command: []string{self},
				// The library closes its input while it is read, once it has given up.
				env: []string{"SCREEN_PANICS=" + where, "GORACE=report_bugs=0"}}, "-test.run=^TestScreenThatPanics$", "-test.count=1")
			if where == "in Update" {
				s.sees("No events yet")
				s.types("s") // there are no samples, not even none
			}
			if code := s.exits(); code != 0 {
				t.Errorf("exit code %d:\n%s", code, s.screen())
			}
			s.restored()
			if got := s.screen(); !strings.Contains(got, "panic") {
				t.Errorf("nobody is told:\n%s", got)
			}
		})
	}
}

// What ends by itself gives the terminal back, too, and says how it went.
func TestScreenEndsByItself(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s, url := p.listens(seat{}, "--count", "1")
	s.sees("Nothing has come yet")
	p.whk(0, "send", "rentman/Contact.create", url+"/rentman")
	if code := s.exits(); code != 0 {
		t.Errorf("--count 1: exit code %d", code)
	}
	s.restored()
	s.asBefore("")
	s, _ = p.listens(seat{}, "--count", "2", "--timeout", "300ms")
	if code := s.exits(); code != 4 {
		t.Errorf("--count 2 --timeout 300ms: exit code %d", code)
	}
	s.restored()
	s.asBefore("whk: listen: 0 of 2 events came")
}
