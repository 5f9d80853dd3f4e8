//go:build linux || darwin

package cmd_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"whk/cmd"
)

// patience is how long a condition may take on a busy machine.
const patience = 30 * time.Second

// place is a person's account: configuration, data and a working directory of its own.
type place struct {
	t   *testing.T
	dir string
	env map[string]string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	root := t.TempDir()
	p := &place{t: t, dir: filepath.Join(root, "work"), env: map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": root, "TERM": "xterm-256color", "LANG": "C.UTF-8", "SHELL": "/bin/sh",
		"TMPDIR": filepath.Join(root, "tmp"),
	}}
	for _, name := range []string{"config", "data", "state"} {
		p.env["XDG_"+strings.ToUpper(name)+"_HOME"] = filepath.Join(root, name)
	}
	if dir := os.Getenv("GOCOVERDIR"); dir != "" {
		p.env["GOCOVERDIR"] = dir
	}
	for _, dir := range []string{p.dir, p.env["TMPDIR"]} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func (p *place) environ(more ...string) []string {
	var all []string
	for name, value := range p.env {
		all = append(all, name+"="+value)
	}
	return append(all, more...)
}

// whk runs a command line in this process, and returns its standard output and error.
func (p *place) whk(want int, args ...string) (stdout, stderr string) {
	p.t.Helper()
	var out, errs bytes.Buffer
	streams := cmd.IO{In: strings.NewReader(""), Out: &out, Err: &errs, Columns: 80, Dir: p.dir,
		Env: func(name string) (string, bool) { value, ok := p.env[name]; return value, ok }}
	if code := cmd.Main(streams, args); code != want {
		p.t.Fatalf("whk %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, want, out.String(), errs.String())
	}
	return out.String(), errs.String()
}

// sitting is somebody at a terminal in which whk runs.
type sitting struct {
	t         *testing.T
	keyboard  *os.File // the end of the person
	terminal  *os.File // the end of the program, which a shell would hold open, too
	process   *exec.Cmd
	before    *term.State
	began     time.Time
	firstByte chan time.Duration // how long the first output took
	ended     chan struct{}
	code      int

	mu    sync.Mutex
	glass *glass
	raw   bytes.Buffer
	gone  bool
}

// seat is what a terminal is like.
type seat struct {
	columns, rows int
	silent        bool
	env           []string
	command       []string // in place of whk
	in, out       *os.File // in place of the terminal
}

// sit starts whk at a terminal.
func (p *place) sit(s seat, args ...string) *sitting {
	t := p.t
	t.Helper()
	keyboard, terminal, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo terminal here: %v", err)
	}
	if s.columns == 0 {
		s.columns, s.rows = 120, 40
	}
	if s.command == nil {
		s.command = []string{"whk"}
	}
	sat := &sitting{t: t, keyboard: keyboard, terminal: terminal, glass: newGlass(s.columns, s.rows),
		firstByte: make(chan time.Duration, 1), ended: make(chan struct{})}
	sat.glass.silent = s.silent
	if err := pty.Setsize(keyboard, &pty.Winsize{Rows: uint16(s.rows), Cols: uint16(s.columns)}); err != nil {
		t.Fatal(err)
	}
	if sat.before, err = term.GetState(int(terminal.Fd())); err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath(s.command[0])
	if err != nil {
		t.Fatal(err)
	}
	sat.glass.Write([]byte(prompt))
	sat.process = exec.Command(path, append(s.command[1:], args...)...)
	sat.process.Dir, sat.process.Env = p.dir, p.environ(s.env...)
	sat.process.Stdin, sat.process.Stdout, sat.process.Stderr = terminal, terminal, terminal
	if s.in != nil {
		sat.process.Stdin = s.in
	}
	if s.out != nil {
		sat.process.Stdout = s.out
	}
	sat.process.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 2}
	sat.began = time.Now()
	read := make(chan struct{})
	go func() { defer close(read); sat.watch() }()
	if err := sat.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(sat.ended)
		sat.process.Wait()
		sat.code = sat.process.ProcessState.ExitCode()
	}()
	t.Cleanup(func() {
		sat.process.Process.Kill()
		<-sat.ended
		terminal.Close()
		keyboard.Close()
		<-read
	})
	return sat
}

// prompt is what was on the screen before.
const prompt = "$ cat notes\r\nwhat was there before\r\n$ whk\r\n"

// watch draws what the program writes, and answers what it asks.
func (s *sitting) watch() {
	buffer := make([]byte, 32<<10)
	for {
		n, err := s.keyboard.Read(buffer)
		s.mu.Lock()
		if n > 0 && s.raw.Len() == 0 {
			s.firstByte <- time.Since(s.began)
		}
		s.raw.Write(buffer[:n])
		s.glass.Write(buffer[:n])
		answers := s.glass.answers
		s.glass.answers, s.gone = nil, err != nil
		s.mu.Unlock()
		if err != nil {
			return
		}
		if len(answers) > 0 {
			s.keyboard.Write(answers)
		}
	}
}

// look hands the terminal to a function.
func (s *sitting) look(f func(g *glass)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.glass)
}

func (s *sitting) screen() (text string) {
	s.look(func(g *glass) { text = g.text() })
	return text
}

func (s *sitting) stream() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.String()
}

// until waits for a condition, which is not asked within a frame.
func (s *sitting) until(what string, ok func(g *glass) bool) {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		is := false
		s.look(func(g *glass) { is = !g.modes["?2026"] && ok(g) })
		if is {
			return
		}
		if time.Now().After(deadline) {
			var modes []string
			s.look(func(g *glass) { modes = g.set() })
			s.t.Fatalf("waited in vain for %s; set are %q, and the screen shows\n%s", what, modes, s.screen())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// waits gives a condition time to come true.
func (s *sitting) waits(most time.Duration, ok func() bool) {
	for deadline := time.Now().Add(most); !ok() && time.Now().Before(deadline); {
		time.Sleep(2 * time.Millisecond)
	}
}

// sees waits until the screen shows all of the texts at once.
func (s *sitting) sees(texts ...string) {
	s.t.Helper()
	s.until(fmt.Sprintf("%q", texts), func(g *glass) bool {
		shown := g.text()
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(shown, text) })
	})
}

// misses waits until the screen no longer shows a text.
func (s *sitting) misses(text string) {
	s.t.Helper()
	s.until(fmt.Sprintf("no %q", text), func(g *glass) bool { return !strings.Contains(g.text(), text) })
}

// finds waits for a text that fits, and returns the first group of it.
func (s *sitting) finds(pattern string) (found string) {
	s.t.Helper()
	e := regexp.MustCompile(pattern)
	s.until(pattern, func(g *glass) bool {
		groups := e.FindStringSubmatch(g.text())
		if groups != nil {
			found = groups[len(groups)-1]
		}
		return groups != nil
	})
	return found
}

// Keys that have no sign.
const (
	enter, esc, tab, space = "\r", "\x1b", "\t", " "
	up, down               = "\x1b[A", "\x1b[B"
	ctrlC, ctrlZ           = "\x03", "\x1a"
)

// types presses keys, one after the other.
func (s *sitting) types(keys ...string) {
	s.t.Helper()
	for _, key := range keys {
		if _, err := s.keyboard.WriteString(key); err != nil {
			s.t.Fatal(err)
		}
	}
}

// resize gives the terminal another size.
func (s *sitting) resize(columns, rows int) {
	s.t.Helper()
	s.look(func(g *glass) { g.resize(columns, rows) })
	if err := pty.Setsize(s.keyboard, &pty.Winsize{Rows: uint16(rows), Cols: uint16(columns)}); err != nil {
		s.t.Fatal(err)
	}
}

// exits waits for the end of the program and returns its exit code.
func (s *sitting) exits() int {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Fatalf("does not end; the screen shows\n%s", s.screen())
	}
	return s.code
}

// restored checks that the terminal is as it was before the program.
func (s *sitting) restored() {
	s.t.Helper()
	s.drained()
	after, err := term.GetState(int(s.terminal.Fd()))
	if err != nil {
		s.t.Fatal(err)
	}
	if fmt.Sprintf("%+v", *after) != fmt.Sprintf("%+v", *s.before) {
		s.t.Errorf("the line is set to %+v, was %+v", *after, *s.before)
	}
	s.look(func(g *glass) {
		if got := g.set(); !slices.Equal(got, []string{"?25", "?7"}) {
			s.t.Errorf("left behind: %q, want the cursor and line breaks alone", got)
		}
		if g.title != "" {
			s.t.Errorf("the title is %q", g.title)
		}
		if len(g.unknown) > 0 || len(g.faults) > 0 {
			s.t.Errorf("not understood: %q, not drawn as text: %q", g.unknown, g.faults)
		}
	})
}

// drained waits until everything that the program wrote before it ended was drawn: a
// word that is written behind it has come.
func (s *sitting) drained() {
	s.t.Helper()
	const end = "\x1b7(end)\x1b8\x1b[K"
	if _, err := s.terminal.WriteString(end); err != nil {
		s.t.Fatal(err)
	}
	s.until("the end of the output", func(*glass) bool { return strings.Contains(s.raw.String(), end) })
}

// asBefore checks that nothing is on the screen but what was there, and further lines.
func (s *sitting) asBefore(further string) {
	s.t.Helper()
	if got, want := s.screen(), strings.TrimSpace(strings.ReplaceAll(prompt, "\r", "")+further); got != want {
		s.t.Errorf("the screen shows\n%s\nwant\n%s", got, want)
	}
}

// app is what webhooks are handed to; it answers as it is told.
type app struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(w http.ResponseWriter, r *http.Request)
}

func newApp(t *testing.T) *app {
	a := &app{answer: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "thank you") }}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		answer := a.answer
		a.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *app) answers(f func(w http.ResponseWriter, r *http.Request)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = f
}

// listens starts whk listen with its screen, and returns its address once it receives.
func (p *place) listens(s seat, args ...string) (*sitting, string) {
	p.t.Helper()
	ready := filepath.Join(p.dir, "ready")
	sat := p.sit(s, append([]string{"listen", "--addr", "127.0.0.1:0", "--ready-file", ready}, args...)...)
	return sat, sat.file(ready)
}

// file waits for a file and returns its text.
func (s *sitting) file(path string) string {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		text, err := os.ReadFile(path)
		if err == nil {
			return strings.TrimSpace(string(text))
		}
		if !errors.Is(err, os.ErrNotExist) || time.Now().After(deadline) {
			s.t.Fatalf("%v; the screen shows\n%s", err, s.screen())
		}
		select {
		case <-s.ended:
			s.t.Fatalf("ended with code %d; the screen shows\n%s", s.code, s.screen())
		case <-time.After(2 * time.Millisecond):
		}
	}
}
