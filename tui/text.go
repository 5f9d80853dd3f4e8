package tui

import (
	"strings"

	"whk/verify/display"
)

// role says what a piece of text is, not how it looks; the theme knows that. No meaning
// is carried by a role alone: what matters has a word or a sign, too.
type role uint8

const (
	plain   role = iota
	faint        // what explains, and can be passed over
	bold         // headings and names
	good         // valid, 2xx, fixed
	bad          // invalid, 5xx, regressed
	warn         // unchecked, marks, what wants a look
	accent       // keys to press, what is chosen
	keyRole      // names in JSON, headers and forms
	strRole      // JSON strings
	numRole      // JSON numbers
	litRole      // true, false, null
	match        // what was searched for
	roles        // how many there are
)

// span is a piece of text in one role. Its text may be anything: what could act on a
// terminal is written out when it is drawn, in one place (theme.draw).
type span struct {
	role role
	text string
}

// line is one line of the screen before it is cut to a width.
type line []span

// say is a line of one piece.
func say(r role, text string) line { return line{{r, text}} }

// width is how many columns the line takes when it is not cut.
func (l line) width() int {
	n := 0
	for _, s := range l {
		n += display.Width(display.Line(s.text))
	}
	return n
}

// cell is a piece of text in a column of its own: cut or filled up to its width.
func cell(r role, text string, width int, more string) span {
	text = display.Shorten(display.Line(text), width, more)
	if missing := width - display.Width(text); missing > 0 {
		text += strings.Repeat(" ", missing)
	}
	return span{r, text}
}

// right is a cell whose text stands at its right edge.
func right(r role, text string, width int, more string) span {
	text = display.Shorten(display.Line(text), width, more)
	if missing := width - display.Width(text); missing > 0 {
		text = strings.Repeat(" ", missing) + text
	}
	return span{r, text}
}

// blank is a span of so many columns.
func blank(width int) span { return span{plain, strings.Repeat(" ", max(width, 0))} }

// page is what a pane shows: any number of lines, of which only those in the window are
// made.
type page interface {
	// height is how many lines there are.
	height() int
	// window makes the lines from number from, at most n of them, from column left on.
	// Width is how many columns will be seen: a line need not be made longer.
	window(from, n, left, width int) []line
	// find is the number of the next line that holds the text, from line from on, in
	// steps of +1 or -1; -1 when there is none.
	find(text string, from, step int) int
}

// lines is a page that was made as a whole.
type lines []line

func (p lines) height() int { return len(p) }

func (p lines) window(from, n, left, _ int) []line {
	from = min(max(from, 0), len(p))
	shown := p[from:min(from+n, len(p))]
	if left == 0 {
		return shown
	}
	moved := make([]line, len(shown))
	for i, l := range shown {
		moved[i] = l.after(left)
	}
	return moved
}

func (p lines) find(text string, from, step int) int {
	for i := from; i >= 0 && i < len(p); i += step {
		if contains(p[i].plain(), text) {
			return i
		}
	}
	return -1
}

// plain is the text of the line as it will be seen.
func (l line) plain() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(display.Line(s.text))
	}
	return b.String()
}

// after is what remains of the line behind so many columns.
func (l line) after(columns int) line {
	var rest line
	for _, s := range l {
		text := display.Line(s.text)
		if columns > 0 {
			head := display.Cut(text, columns)
			columns -= max(display.Width(head), 1)
			text = text[len(head):]
			if text == "" {
				continue
			}
			columns = 0
		}
		rest = append(rest, span{s.role, text})
	}
	return rest
}

// contains looks for a text as filters do: in either case of letters while it is
// written in small letters.
func contains(in, text string) bool {
	if text == strings.ToLower(text) {
		in = strings.ToLower(in)
	}
	return strings.Contains(in, text)
}
