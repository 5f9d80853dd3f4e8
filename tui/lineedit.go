package tui

import (
	"slices"
	"unicode"

	tea "charm.land/bubbletea/v2"
)

// mostTyped is how many letters a line takes.
const mostTyped = 4096

// lineEdit is a line of text that is typed, with the keys that shells have for it.
type lineEdit struct {
	text []rune
	at   int // the next letter goes before this one
}

// newLineEdit is a line that begins with a text, and the cursor behind it.
func newLineEdit(text string) lineEdit {
	var e lineEdit
	e.set(text)
	return e
}

// set puts a text in place of the line.
func (e *lineEdit) set(text string) {
	e.text, e.at = nil, 0
	e.insert(text)
}

func (e *lineEdit) value() string { return string(e.text) }

// insert puts a text before the cursor, on one line and without what is no letter, as far
// as there is room.
func (e *lineEdit) insert(text string) {
	var letters []rune
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t':
			letters = append(letters, ' ')
		case !unicode.IsControl(r) && r != unicode.ReplacementChar:
			letters = append(letters, r)
		}
	}
	letters = letters[:min(len(letters), max(mostTyped-len(e.text), 0))]
	e.text = slices.Insert(e.text, e.at, letters...)
	e.at += len(letters)
}

// key does what a key does to the line.
func (e *lineEdit) key(k tea.KeyPressMsg) {
	switch k.String() {
	case "left", "ctrl+b":
		e.at = max(e.at-1, 0)
	case "right", "ctrl+f":
		e.at = min(e.at+1, len(e.text))
	case "ctrl+left", "alt+left", "alt+b":
		e.at = e.wordBefore()
	case "ctrl+right", "alt+right", "alt+f":
		e.at = e.wordBehind()
	case "home", "ctrl+a":
		e.at = 0
	case "end", "ctrl+e":
		e.at = len(e.text)
	case "backspace", "ctrl+h":
		e.remove(max(e.at-1, 0), e.at)
	case "delete", "ctrl+d":
		e.remove(e.at, min(e.at+1, len(e.text)))
	case "ctrl+w", "ctrl+backspace", "alt+backspace":
		e.remove(e.wordBefore(), e.at)
	case "alt+d", "ctrl+delete", "alt+delete":
		e.remove(e.at, e.wordBehind())
	case "ctrl+u":
		e.remove(0, e.at)
	case "ctrl+k":
		e.remove(e.at, len(e.text))
	default:
		e.insert(k.Text)
	}
}

// remove takes letters away; the cursor stands where they were.
func (e *lineEdit) remove(from, to int) {
	e.text = slices.Delete(e.text, from, to)
	e.at = from
}

// wordBefore is where the word before the cursor begins.
func (e *lineEdit) wordBefore() int {
	i := e.at
	for i > 0 && unicode.IsSpace(e.text[i-1]) {
		i--
	}
	for i > 0 && !unicode.IsSpace(e.text[i-1]) {
		i--
	}
	return i
}

// wordBehind is where the word behind the cursor ends.
func (e *lineEdit) wordBehind() int {
	i := e.at
	for i < len(e.text) && unicode.IsSpace(e.text[i]) {
		i++
	}
	for i < len(e.text) && !unicode.IsSpace(e.text[i]) {
		i++
	}
	return i
}
