package filter

import (
	"fmt"
	"unicode/utf8"
)

// Error is a mistake in a filter.
type Error struct {
	// Column is where it is: the number of the sign, from 1.
	Column int
	// Msg says what is wrong, and Hint what to write instead, when that is known.
	Msg, Hint string
}

func (e *Error) Error() string { return fmt.Sprintf("filter, column %d: %s", e.Column, e.Msg) }

// fault makes an Error at a place in the text.
func (p *parser) fault(at int, hint, format string, args ...any) *Error {
	return &Error{
		Column: utf8.RuneCountInString(p.text[:at]) + 1,
		Msg:    fmt.Sprintf(format, args...),
		Hint:   hint,
	}
}

// clip shortens what a person typed for an error.
func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}
