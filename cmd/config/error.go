package config

import (
	"fmt"
	"strings"
)

// Error is a setting that cannot be used: the wrong word on a command line, in the
// environment or in a file. All errors of this package are Errors; they mean exit
// code 2. No secret value ever stands in one.
type Error struct {
	// File, Line and Column point at the words to change; File is empty when they are
	// not in a file, Line is 0 when the whole file is meant.
	File         string
	Line, Column int
	// Msg says what is wrong, Hint what to do about it.
	Msg, Hint string
	// Err is the cause, if another error is one.
	Err error
}

// Error gives the place in the form that editors jump to, then the message.
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d", e.Line)
		}
		if e.Line > 0 && e.Column > 0 {
			fmt.Fprintf(&b, ":%d", e.Column)
		}
		b.WriteString(": ")
	}
	b.WriteString(e.Msg)
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

func failf(hint, format string, args ...any) *Error {
	return &Error{Msg: fmt.Sprintf(format, args...), Hint: hint}
}
