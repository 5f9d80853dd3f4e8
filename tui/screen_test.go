package tui

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"whk/listener/tally"
	"whk/verify/provider"
)

// TestMain puts the tests into one time zone, since the screen shows times of day.
func TestMain(m *testing.M) {
	time.Local = time.FixedZone("BRT", -3*60*60)
	os.Exit(m.Run())
}

// clock is the time in every test of the screen.
func clock() time.Time { return time.Date(2026, 2, 3, 14, 4, 5, 0, time.Local) }

// screen drives a model as a terminal and the runtime do, but in one goroutine and
// without time: a command runs when it is returned.
type screen struct {
	t     testing.TB
	m     *model
	log   *fakeLog
	clock time.Time

	ran       [][]string // the command lines that were run
	code      int        // what they come to
	output    string     // what they write
	edit      string     // the file that the editor was asked to open
	clipboard string
	quit      bool
	suspended bool
	// held keeps commands from running until release.
	held    bool
	waiting []tea.Cmd
}

// option changes how a screen is made.
type option func(*Options)

// inASCII draws with ASCII alone.
func inASCII(o *Options) { o.ASCII = true }

// inColour draws with colours.
func inColour(o *Options) { o.Colour = true }

// knownProviders are three providers, however many others there may be.
func knownProviders(t testing.TB) *provider.Set {
	t.Helper()
	set, err := readProviders()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func readProviders() (*provider.Set, error) {
	set := new(provider.Set)
	for _, name := range []string{"ploomes", "rentman", "ubiqo"} {
		if err := set.Add(os.DirFS(filepath.Join("..", "verify", "provider")), name, name); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// sharedProviders are the same, read once for all screens.
var sharedProviders = sync.OnceValues(readProviders)

// newScreen starts a screen of a size on a log, listening and forwarding.
func newScreen(t testing.TB, log *fakeLog, width, height int, options ...option) *screen {
	t.Helper()
	s := &screen{t: t, log: log, clock: clock()}
	set, err := sharedProviders()
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Now: func() time.Time { return s.clock }, Log: log, Set: set,
		Title: "127.0.0.1:4400", Targets: []string{"http://localhost:3000"}, SendTo: "http://127.0.0.1:4400",
		Exec: func(_ context.Context, args []string, out io.Writer) int {
			s.ran = append(s.ran, args)
			io.WriteString(out, s.output)
			return s.code
		},
		Shown: func(args []string) string { return "whk " + strings.Join(args, " ") },
		Editor: func(path string) (*exec.Cmd, error) {
			s.edit = path
			return exec.Command("true"), nil
		},
	}
	o.Feed = NewFeed(tally.New(clock(), tally.Options{Definition: func(name string) *provider.Provider {
		p, err := set.Lookup(name)
		if err != nil {
			return nil
		}
		return p
	}}))
	for _, change := range options {
		change(&o)
	}
	m, err := newModel(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	s.m = m
	t.Cleanup(m.close)
	if o.Feed != nil {
		for _, e := range log.entries {
			s.tell(e)
		}
	}
	s.send(tea.WindowSizeMsg{Width: width, Height: height})
	s.run(m.Init())
	s.hear()
	return s
}

// tell tells the feed of an entry.
func (s *screen) tell(e Entry) {
	s.m.o.Feed.Event(e.Event)
	for _, r := range e.Results {
		s.m.o.Feed.Result(e.N, r)
	}
}

// arrive puts entries into the log and lets the screen hear of them.
func (s *screen) arrive(entries ...Entry) {
	s.t.Helper()
	s.log.add(entries...)
	for _, e := range entries {
		s.tell(e)
	}
	s.hear()
}

// hear gives the screen the news of its feed, as its command does after waiting.
func (s *screen) hear() {
	s.t.Helper()
	if s.m.o.Feed != nil {
		s.send(s.m.o.Feed.news(s.clock))
	}
}

// send hands a message to the model, and runs what it returns.
func (s *screen) send(msg tea.Msg) {
	s.t.Helper()
	_, cmd := s.m.Update(msg)
	s.run(cmd)
}

// run runs a command and whatever follows from it, one after another.
func (s *screen) run(cmd tea.Cmd) {
	s.t.Helper()
	if cmd == nil || waits(cmd) {
		return
	}
	if s.held {
		s.waiting = append(s.waiting, cmd)
		return
	}
	s.take(cmd())
}

// take takes what a command has come to.
func (s *screen) take(msg tea.Msg) {
	s.t.Helper()
	switch msg.(type) {
	case nil:
		return
	case tea.SuspendMsg:
		s.suspended = true
	case tea.QuitMsg:
		s.quit = true
		return
	}
	if v := reflect.ValueOf(msg); v.Kind() == reflect.Slice && v.Type().Elem() == reflect.TypeFor[tea.Cmd]() {
		for i := range v.Len() { // a batch, or a sequence
			s.run(v.Index(i).Interface().(tea.Cmd))
		}
		return
	}
	switch fmt.Sprintf("%T", msg) {
	case "tea.setClipboardMsg":
		s.clipboard = fmt.Sprint(msg)
	case "tea.clearScreenMsg", "tea.execMsg":
	default:
		s.send(msg)
	}
}

// release runs what was held, and stops holding.
func (s *screen) release() {
	s.t.Helper()
	s.held = false
	waiting := s.waiting
	s.waiting = nil
	for _, cmd := range waiting {
		s.run(cmd)
	}
}

// waits reports whether a command does nothing but wait for time to pass or for news.
func waits(cmd tea.Cmd) bool {
	name := runtime.FuncForPC(reflect.ValueOf(cmd).Pointer()).Name()
	return strings.Contains(name, "Tick") || strings.Contains(name, ".tick") || strings.Contains(name, "Blink") || strings.Contains(name, ").wait")
}

// keyCodes are the keys that are no signs.
var keyCodes = map[string]rune{
	"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "enter": tea.KeyEnter, "esc": tea.KeyEscape,
	"tab": tea.KeyTab, "backspace": tea.KeyBackspace, "delete": tea.KeyDelete, "home": tea.KeyHome, "end": tea.KeyEnd,
	"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "f1": tea.KeyF1, "f2": tea.KeyF2,
}

// keyPress is the message of a key.
func keyPress(name string) tea.KeyPressMsg {
	k := tea.Key{}
	if rest, ok := strings.CutPrefix(name, "ctrl+"); ok {
		name, k.Mod = rest, tea.ModCtrl
	} else if rest, ok := strings.CutPrefix(name, "shift+"); ok {
		name, k.Mod = rest, tea.ModShift
	}
	if code, ok := keyCodes[name]; ok {
		k.Code = code
		return tea.KeyPressMsg(k)
	}
	if name == "space" {
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	}
	k.Code = []rune(name)[0]
	if k.Mod == 0 {
		k.Text = name
	}
	return tea.KeyPressMsg(k)
}

// keys presses keys by their names; "type:abc" presses one for each sign.
func (s *screen) keys(names ...string) {
	s.t.Helper()
	for _, name := range names {
		text, typed := strings.CutPrefix(name, "type:")
		if !typed {
			s.send(keyPress(name))
			continue
		}
		for _, r := range text {
			s.send(keyPress(string(r)))
		}
	}
}

// text is the frame without colours, without the blanks at the ends of lines.
func (s *screen) text() string {
	s.t.Helper()
	var b strings.Builder
	for l := range strings.SplitSeq(ansi.Strip(s.m.draw()), "\n") {
		b.WriteString(strings.TrimRight(l, " "))
		b.WriteByte('\n')
	}
	return b.String()
}

// sees fails unless the frame holds every one of the texts.
func (s *screen) sees(texts ...string) {
	s.t.Helper()
	frame := s.text()
	for _, text := range texts {
		if !strings.Contains(frame, text) {
			s.t.Errorf("the screen does not show %q:\n%s", text, frame)
		}
	}
}

// lacks fails if the frame holds any of the texts.
func (s *screen) lacks(texts ...string) {
	s.t.Helper()
	frame := s.text()
	for _, text := range texts {
		if strings.Contains(frame, text) {
			s.t.Errorf("the screen shows %q:\n%s", text, frame)
		}
	}
}

// cursor is the number of the event under the cursor, 0 for none.
func (s *screen) cursor() int64 {
	r, _ := s.m.list.current()
	return r.n
}

// fault says what is wrong with the frame's measures, "" when nothing is.
func (s *screen) fault() string {
	lines := strings.Split(s.m.draw(), "\n")
	if len(lines) != s.m.height {
		return fmt.Sprintf("%d lines at %dx%d", len(lines), s.m.width, s.m.height)
	}
	for i, l := range lines {
		if width := ansi.StringWidth(l); width != s.m.width {
			return fmt.Sprintf("line %d has %d columns at %dx%d: %q", i+1, width, s.m.width, s.m.height, l)
		}
	}
	return ""
}
