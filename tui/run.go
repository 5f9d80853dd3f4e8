package tui

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// commandLine is something that was done, as it would be typed.
type commandLine struct {
	shown string
	code  int
	ended bool
}

// commandDone brings what a command line has come to.
type commandDone struct {
	i    int // of model.done
	args []string
	code int
	out  string
	// whole is set when all of the output is wanted, not its last line.
	whole bool
	then  func(m *model, out string) tea.Cmd
}

// mostOutput bounds what is kept of a command's output.
const mostOutput = 4 << 20

// limited is a buffer that takes no more than mostOutput.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if room := mostOutput - l.Len(); len(p) > room {
		l.Buffer.Write(p[:max(room, 0)])
		return len(p), nil
	}
	return l.Buffer.Write(p)
}

// run runs a command line of whk, beside the screen.
func (m *model) run(args ...string) tea.Cmd { return m.runFor(args, false, nil) }

// runFor runs a command line, shows all of its output when whole is set, and hands it to
// then when it is given.
func (m *model) runFor(args []string, whole bool, then func(*model, string) tea.Cmd) tea.Cmd {
	m.done = append(m.done, commandLine{shown: m.o.Shown(args)})
	m.running++
	i, ctx, exec := len(m.done)-1, m.ctx, m.o.Exec
	return func() tea.Msg {
		var out limited
		code := exec(ctx, args, &out)
		return commandDone{i, args, code, out.String(), whole, then}
	}
}

// tookDone says what a command line has come to, and reads again what it may have changed.
func (m *model) tookDone(x commandDone) tea.Cmd {
	m.running--
	m.done[x.i].code, m.done[x.i].ended = x.code, true
	said := strings.Split(strings.TrimRight(x.out, "\n"), "\n")
	again := tea.Batch(m.refresh(), m.reread())
	if r, ok := m.list.current(); ok && slices.Contains(x.args, "prune") { // what is held, and not seen, may be gone, too
		m.order = order{}
		again = m.readAround(r.n)
	}
	switch {
	case x.then != nil && x.code == 0:
		return tea.Batch(again, x.then(m, x.out))
	case x.whole && len(said) > 1:
		m.status = status{}
		m.openOutput(m.done[x.i].shown, said)
	default:
		role, text := faint, gist(said)
		if x.code != 0 {
			role = bad
		}
		if text == "" {
			text = fmt.Sprintf("done, exit code %d", x.code)
		}
		m.status = status{role, text}
	}
	return again
}

// gist is the line of an output that says most: the last one that is not a hint, and the
// hint behind it.
func gist(said []string) string {
	for i, l := range said {
		if l = strings.TrimSpace(l); i > 0 && strings.HasPrefix(said[0], "sent ") && strings.HasPrefix(l, "→ ") { // the answer's body follows
			sent, _, _ := strings.Cut(said[0], ", signed")
			return sent + " " + l
		}
	}
	text, hint := "", ""
	for _, l := range slices.Backward(said) {
		l = strings.TrimSpace(l)
		switch {
		case strings.HasPrefix(l, "hint: "):
			hint = " (" + strings.TrimPrefix(l, "hint: ") + ")"
		case l != "" && text == "":
			text = l
		}
	}
	return strings.TrimPrefix(text, "whk: ") + hint
}

// replay sends an event again.
func (m *model) replay(id string, more ...string) tea.Cmd {
	args := append([]string{"replay", id}, m.target()...)
	m.status = status{faint, "replaying #" + id + " " + m.theme.more}
	return m.run(append(args, more...)...)
}

// target is where an event is sent again: to the first forward target, or else where the
// command itself finds that it belongs.
func (m *model) target() []string {
	if len(m.o.Targets) == 0 {
		return nil
	}
	return []string{"--to", m.o.Targets[0]}
}

// command runs what was typed.
func (m *model) command(args []string) tea.Cmd {
	if len(args) > 0 && args[0] == "whk" {
		args = args[1:]
	}
	if len(args) == 0 {
		return nil
	}
	switch args[0] {
	case "q", "quit", "exit":
		return tea.Quit
	case "listen", "demo", "test", "simulate":
		m.status = status{bad, args[0] + ": run it in a terminal of its own"}
		return nil
	}
	m.status = status{faint, "whk " + strings.Join(args, " ") + " " + m.theme.more}
	return m.runFor(args, true, nil)
}

// saveAs makes a sample of the event.
func (m *model) saveAs(name string) tea.Cmd {
	r, ok := m.list.current()
	if !ok {
		return nil
	}
	return m.run("events", "save", fmt.Sprint(r.n), "--as", name)
}

// openOutput shows what a command has written.
func (m *model) openOutput(title string, said []string) {
	page := make(lines, len(said))
	for i, l := range said {
		page[i] = say(plain, " "+l)
	}
	m.open(title, page)
}

// openLog shows what was done, as commands to paste.
func (m *model) openLog() tea.Cmd {
	var page lines
	for _, c := range m.done {
		role, state := faint, "running"
		if c.ended {
			state = fmt.Sprintf("exit %d", c.code)
		}
		if c.ended && c.code != 0 {
			role = bad
		}
		page = append(page, line{{plain, " " + c.shown}, {role, "   # " + state}})
	}
	if len(page) == 0 {
		page = lines{nil, say(faint, " Nothing was done yet. What you do here stands here as a command line of whk.")}
	}
	m.open("commands", page)
	m.sheet.top = page.height() // the newest stands at the bottom
	m.sheet.hold(m.height)
	return nil
}
