package tui

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"whk/listener/filter"
	"whk/verify/display"
)

// The questions that a line of text answers.
const (
	promptSearch  = "/"
	promptFilter  = "filter"
	promptCommand = ":"
	promptSave    = "save as sample"
	promptHelp    = "keys"
)

// prompt is a line to type on, at the foot of the screen.
type prompt struct {
	kind  string
	input lineEdit
	fault string
	// past is which earlier line is shown, counted from the newest; -1 for none of them.
	past int
}

// ask opens a prompt.
func (m *model) ask(kind, text string) tea.Cmd {
	m.prompt = &prompt{kind: kind, input: newLineEdit(text), past: -1}
	return nil
}

// update takes what was typed or pasted.
func (p *prompt) update(msg tea.Msg) tea.Cmd {
	switch x := msg.(type) {
	case tea.KeyPressMsg:
		p.input.key(x)
	case tea.PasteMsg:
		p.input.insert(x.Content)
	}
	p.fault = ""
	return nil
}

// head is what stands before the text.
func (p *prompt) head() string {
	if p.kind == promptSearch || p.kind == promptCommand {
		return " " + p.kind
	}
	return " " + p.kind + ": "
}

// line is the prompt as it is seen, with what is wrong about it.
func (p *prompt) line(m *model) line {
	return line{{accent, p.head()}, {plain, p.shown(m.width)}}
}

// lines are the line and what is wrong with it: behind it, or above it for lack of room.
func (p *prompt) lines(m *model) lines {
	l := p.line(m)
	if p.fault == "" {
		return lines{l}
	}
	behind := append(l, span{bad, "  " + p.fault})
	if display.Width(display.Line(behind.plain())) < m.width {
		return lines{behind}
	}
	return append(m.told(bad, p.fault), l)
}

// shown is the part of the text that has room, which ends with the cursor or behind it.
func (p *prompt) shown(width int) string {
	text := p.input.text
	room := max(width-display.Width(p.head())-2, 1)
	from := p.input.at
	for used := 0; from > 0; from-- {
		if used += display.Width(display.Line(string(text[from-1]))); used > room {
			break
		}
	}
	for display.Width(display.Line(string(text[from:p.input.at]))) > room { // together signs can be written out longer
		from++
	}
	return string(text[from:])
}

// cursor is where the next letter goes.
func (p *prompt) cursor(width, height int) *tea.Cursor {
	text := p.input.text
	shown := []rune(p.shown(width))
	before := string(text[len(text)-len(shown) : p.input.at])
	return tea.NewCursor(display.Width(p.head())+display.Width(display.Line(before)), height-1)
}

// promptKey edits the line, takes it, or leaves it.
func (m *model) promptKey(k tea.KeyPressMsg) tea.Cmd {
	p := m.prompt
	switch k.String() {
	case "esc":
		m.prompt = nil
		return nil
	case "enter":
		return m.answer(p)
	case "up", "down":
		m.past(p, k.String() == "up")
		return nil
	}
	cmd := p.update(k)
	if p.kind == promptHelp {
		m.openHelpFor(p.input.value())
	}
	return cmd
}

// past shows an earlier or a later line.
func (m *model) past(p *prompt, earlier bool) {
	lines := m.recall[p.kind]
	if earlier {
		p.past = min(p.past+1, len(lines)-1)
	} else {
		p.past = max(p.past-1, -1)
	}
	text := ""
	if p.past >= 0 {
		text = lines[len(lines)-1-p.past]
	}
	p.input.set(text)
}

// remember keeps a line for the up key.
func (m *model) remember(p *prompt, text string) {
	if text == "" {
		return
	}
	lines := slices.DeleteFunc(m.recall[p.kind], func(s string) bool { return s == text })
	m.recall[p.kind] = append(lines, text)
}

// answer takes the line of a prompt.
func (m *model) answer(p *prompt) tea.Cmd {
	text := strings.TrimSpace(p.input.value())
	var cmd tea.Cmd
	switch p.kind {
	case promptFilter:
		if _, err := filter.Parse(text, m.now); err != nil {
			p.fault = faultOf(err)
			return nil
		}
		cmd = m.setFilter(text)
	case promptSearch:
		m.searching = text
		cmd = m.searchOn(+1)
	case promptCommand:
		args, err := words(text)
		if err != nil {
			p.fault = err.Error()
			return nil
		}
		cmd = m.command(args)
	case promptSave:
		if text == "" {
			p.fault = "a name for the sample, as in big-order"
			return nil
		}
		cmd = m.saveAs(text)
	}
	m.remember(p, text)
	m.prompt = nil
	return cmd
}

// faultOf says what is wrong with a filter, and what to write in its place.
func faultOf(err error) string {
	x, ok := errors.AsType[*filter.Error](err)
	if !ok {
		return err.Error()
	}
	text := fmt.Sprintf("column %d: %s", x.Column, x.Msg)
	if x.Hint != "" {
		text += "; " + x.Hint
	}
	return text
}

// setFilter shows the events that fit.
func (m *model) setFilter(text string) tea.Cmd {
	f, err := filter.Parse(text, m.now)
	if err != nil {
		m.status = status{bad, err.Error()}
		return nil
	}
	m.filter, m.filterText = f, text
	return m.readNewest()
}

// words splits a command line as a shell does: blanks part words, quotes hold them
// together, and a backslash takes the next sign as it is.
func words(text string) ([]string, error) {
	var all []string
	var word strings.Builder
	inside, quote := false, rune(0)
	escaped := false
	for _, r := range text {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, inside = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, inside = r, true
		case r == ' ' || r == '\t':
			if inside {
				all = append(all, word.String())
				word.Reset()
			}
			inside = false
		default:
			word.WriteRune(r)
			inside = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a %c is not closed", quote)
	}
	if escaped {
		return nil, errors.New(`there is nothing behind the last \`)
	}
	if inside {
		all = append(all, word.String())
	}
	return all, nil
}
