package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"whk/verify/display"
)

// choice is one line of a menu.
type choice struct {
	key  string // picks it at once; "" in a menu that is searched by typing
	name string
	note string
	do   func(m *model) tea.Cmd
}

// menu is a drawer of choices above the last line.
type menu struct {
	title   line
	choices []choice
	at      int
	// typed is what was typed to search the choices; nil when keys pick them.
	typed *lineEdit
}

// pick opens a menu whose choices have keys.
func (m *model) pick(title line, choices ...choice) tea.Cmd {
	m.menu = &menu{title: title, choices: choices}
	return nil
}

// pickTyped opens a menu that is searched by typing.
func (m *model) pickTyped(title line, choices []choice) tea.Cmd {
	m.menu = &menu{title: title, choices: choices, typed: new(lineEdit)}
	return nil
}

// fitting are the choices that hold every word that was typed.
func (n *menu) fitting() []choice {
	if n.typed == nil || strings.TrimSpace(n.typed.value()) == "" {
		return n.choices
	}
	var fit []choice
	for _, c := range n.choices {
		all := true
		for _, word := range strings.Fields(strings.ToLower(n.typed.value())) {
			all = all && strings.Contains(strings.ToLower(c.name+" "+c.note), word)
		}
		if all {
			fit = append(fit, c)
		}
	}
	return fit
}

// menuKey moves in the menu, picks, or leaves it.
func (m *model) menuKey(k tea.KeyPressMsg) tea.Cmd {
	n := m.menu
	fit := n.fitting()
	switch key := k.String(); key {
	case "esc":
		m.menu = nil
		m.status = status{}
		return nil
	case "up", "ctrl+p":
		n.at = max(n.at-1, 0)
	case "down", "ctrl+n":
		n.at = min(n.at+1, max(len(fit)-1, 0))
	case "pgup":
		n.at = max(n.at-10, 0)
	case "pgdown":
		n.at = min(n.at+10, max(len(fit)-1, 0))
	case "enter":
		if n.at < len(fit) {
			m.menu = nil
			return fit[n.at].do(m)
		}
	default:
		if n.typed != nil {
			n.typed.key(k)
			n.at = 0
			return nil
		}
		for _, c := range n.choices {
			if c.key == key {
				m.menu = nil
				return c.do(m)
			}
		}
	}
	return nil
}

// over lays the menu over the lower lines of a frame.
func (n *menu) over(m *model, frame [][]part) [][]part {
	fit := n.fitting()
	room := max(min(len(frame)-3, len(n.choices)+1, max(m.height/2, 12)), 2) - 1
	top := max(min(n.at-room/2, len(fit)-room), 0)
	shown := fit[top:min(top+room, len(fit))]
	var drawer [][]part
	drawer = append(drawer, []part{{m.ruled(n.title, m.width, true), m.width, false}})
	names := 0
	for _, c := range n.choices {
		names = max(names, min(display.Width(c.name), max(m.width/2, 20)))
	}
	for i := range room {
		var l line
		if i < len(shown) {
			c := shown[i]
			l = line{{accent, fmt.Sprintf(" %s ", m.cursorSign(top+i == n.at))}, cell(accent, c.key, 2, ""), cell(plain, c.name, names, m.theme.more), blank(2), span{faint, c.note}}
		} else if i == 0 {
			l = say(faint, "   nothing fits; esc leaves")
		}
		drawer = append(drawer, []part{{l, m.width, i < len(shown) && top+i == n.at}})
	}
	last := line{{accent, " enter"}, {faint, " takes it  "}, {accent, "esc"}, {faint, " leaves"}}
	if n.typed != nil {
		last = line{{accent, " search: "}, {plain, n.typed.value()}, {faint, fmt.Sprintf("  %d of %d", len(fit), len(n.choices))}}
	}
	at := max(len(frame)-1-len(drawer), 0)
	frame = append(frame[:at:at], drawer...)
	return append(frame, []part{{last, m.width, false}})[:min(len(frame)+1, m.height)]
}

func (m *model) cursorSign(here bool) string {
	if here {
		return m.theme.cursor
	}
	return " "
}

// confirm asks before something that cannot be undone.
func (m *model) confirm(question string, args ...string) tea.Cmd {
	return m.pick(say(bad, question),
		choice{"n", "no", "leave everything as it is", func(*model) tea.Cmd { return nil }},
		choice{"y", "yes", m.o.Shown(args), func(m *model) tea.Cmd { return m.run(args...) }})
}

// menuSamples picks a sample to send.
func (m *model) menuSamples() tea.Cmd {
	to := m.o.SendTo
	if to == "" && len(m.o.Targets) > 0 {
		to = m.o.Targets[0]
	}
	if to == "" {
		m.status = status{warn, "nobody listens here: " + m.keys.key(actCommand) + "send EVENT URL sends to an address"}
		return nil
	}
	current, _ := m.list.current()
	var choices []choice
	at := 0
	for _, p := range m.o.Set.All() {
		for _, e := range p.Events() {
			if e.Known {
				continue
			}
			name := p.Name + "/" + e.Name
			if p.Name == current.provider && e.Name == current.name {
				at = len(choices)
			}
			for i, v := range e.Variants {
				shown, args := name, []string{"send", name, to}
				if i > 0 {
					shown, args = name+" "+v.Name, append(args, "--variant", v.Name)
				}
				choices = append(choices, choice{name: shown, note: v.Note, do: func(m *model) tea.Cmd {
					m.status = status{faint, "sending " + shown + " " + m.theme.more}
					return m.run(args...)
				}})
			}
		}
	}
	cmd := m.pickTyped(line{{bold, "send a sample"}, {faint, " to " + to}}, choices)
	m.menu.at = at
	return cmd
}

// menuExport picks the form of an export.
func (m *model) menuExport(n int64) tea.Cmd {
	id := fmt.Sprint(n)
	export := func(key, format, ext, note string) choice {
		file := "event-" + id + ext
		return choice{key, format, note + ", to " + file, func(m *model) tea.Cmd {
			return m.run("events", "export", id, "--format", format, "--to", file)
		}}
	}
	return m.pick(line{{bold, "export #" + id}, {faint, " into the folder that whk was started in"}},
		export("c", "curl", ".sh", "a script that sends it again"),
		export("h", "har", ".har", "for browsers and proxies"),
		export("r", "http", ".http", "the raw request"),
		export("j", "ndjson", ".ndjson", "everything, as JSON"),
		export("b", "bundle", ".whk", "everything, exact, for another whk"),
		export("v", "csv", ".csv", "a row for a spreadsheet"))
}
