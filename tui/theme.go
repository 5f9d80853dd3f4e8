package tui

import (
	"strings"
	"unicode/utf8"

	"charm.land/lipgloss/v2"

	"whk/verify/display"
)

// theme is how everything looks: the signs, and the colours of roles. It has only the
// sixteen colours that every terminal has a palette for, and no backgrounds, so it suits
// light and dark ones without asking which.
type theme struct {
	signs
	// before and behind are what a terminal is sent around a piece of a role; empty
	// where there is no colour.
	before, behind [roles]string
	chosenBefore   string
	chosenBehind   string
}

// signs are the characters that the screen is drawn with.
type signs struct {
	valid, invalid, missing, unsigned, unchecked, noSecret   string
	development, duplicate, reordered, replayed, edited, cut string
	more, arrow, up, down, unknown, cursor, marked, dot, bar string
	rule, side, tee, foot, focused                           string
	folded, unfolded                                         string
	// blocks are eight heights from low to high, behind an empty one.
	blocks []string
}

func unicodeSigns() signs {
	return signs{
		valid: "✓", invalid: "✗", missing: "∅", unsigned: "?", unchecked: "·", noSecret: "!",
		development: "d", duplicate: "⧉", reordered: "↕", replayed: "↻", edited: "✎", cut: "✂",
		more: "…", arrow: "→", up: "●", down: "○", unknown: "◌", cursor: "▸", marked: "◆", dot: " · ", bar: "█",
		rule: "─", side: "│", tee: "┬", foot: "┴", focused: "═",
		folded: "▸", unfolded: "▾",
		blocks: strings.Split(" ,▁,▂,▃,▄,▅,▆,▇,█", ","),
	}
}

// asciiSigns have the width of their twins wherever columns depend on it.
func asciiSigns() signs {
	return signs{
		valid: "+", invalid: "x", missing: "0", unsigned: "?", unchecked: ".", noSecret: "!",
		development: "d", duplicate: "D", reordered: "O", replayed: "R", edited: "E", cut: "T",
		more: "~", arrow: ">", up: "*", down: "o", unknown: ".", cursor: ">", marked: "#", dot: " - ", bar: "#",
		rule: "-", side: "|", tee: "+", foot: "+", focused: "=",
		folded: "+", unfolded: "-",
		blocks: strings.Split(" ,.,.,:,:,=,=,#,#", ","),
	}
}

// unfoldable are the signs for a body that cannot be folded where it stands.
func (t *theme) unfoldable() signs {
	s := t.signs
	s.folded, s.unfolded = " ", " "
	return s
}

// newTheme makes the theme once; drawing then only puts strings together.
func newTheme(colour, ascii bool) *theme {
	t := &theme{signs: unicodeSigns()}
	if ascii {
		t.signs = asciiSigns()
	}
	if !colour {
		return t
	}
	s := lipgloss.NewStyle()
	for r, style := range map[role]lipgloss.Style{
		faint: s.Faint(true), bold: s.Bold(true),
		good: s.Foreground(lipgloss.Green), bad: s.Foreground(lipgloss.Red), warn: s.Foreground(lipgloss.Yellow),
		accent:  s.Foreground(lipgloss.Cyan),
		keyRole: s.Foreground(lipgloss.Blue), strRole: s.Foreground(lipgloss.Green),
		numRole: s.Foreground(lipgloss.Cyan), litRole: s.Foreground(lipgloss.Magenta),
		match: s.Reverse(true),
	} {
		t.before[r], t.behind[r] = around(style)
	}
	t.chosenBefore, t.chosenBehind = around(s.Reverse(true))
	return t
}

// around is what a style writes before and behind a text.
func around(s lipgloss.Style) (before, behind string) {
	before, behind, _ = strings.Cut(s.Render("x"), "x")
	return before, behind
}

// draw makes exactly so many columns of a line. It is the one way of text to the
// terminal: whatever a span holds, what is drawn cannot act on it.
func (t *theme) draw(b *strings.Builder, l line, width int, chosen bool) {
	left := width
	for i, s := range l {
		if left == 0 {
			break
		}
		text := display.Line(start(s.text, 4*left+64)) // more cannot be seen
		columns := display.Width(text)
		if columns > left || columns == left && restOf(l[i+1:]) {
			text = display.Shorten(text+strings.Repeat(" ", max(left-columns, 0)+1), left, t.more)
			columns = display.Width(text)
		}
		left -= columns
		t.piece(b, s.role, text, chosen)
	}
	if left > 0 {
		t.piece(b, plain, strings.Repeat(" ", left), chosen)
	}
}

// start is the start of a text of about n bytes, whose last character is whole.
func start(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for range utf8.UTFMax - 1 {
		if n > 0 && !utf8.RuneStart(text[n]) {
			n--
		}
	}
	return text[:n]
}

// restOf reports whether anything to be seen is left of a line.
func restOf(l line) bool {
	for _, s := range l {
		if strings.TrimRight(s.text, " ") != "" {
			return true
		}
	}
	return false
}

func (t *theme) piece(b *strings.Builder, r role, text string, chosen bool) {
	before, behind := t.before[r], t.behind[r]
	if chosen && (r == plain || r == faint || r == bold) {
		before, behind = t.chosenBefore, t.chosenBehind
	} else if chosen && t.chosenBefore != "" {
		before, behind = t.chosenBefore+before, behind+t.chosenBehind
	}
	b.WriteString(before)
	b.WriteString(text)
	b.WriteString(behind)
}
