package cmd

import (
	"github.com/fatih/color"

	"whk/verify"
)

// paint colours text for one stream, or leaves it alone. No meaning is carried by
// colour alone.
type paint struct {
	on    bool
	ascii bool // whether signs have to do without Unicode
}

func (p paint) with(text string, attributes ...color.Attribute) string {
	if !p.on {
		return text
	}
	c := color.New(attributes...)
	c.EnableColor()
	return c.Sprint(text)
}

func (p paint) good(text string) string  { return p.with(text, color.FgGreen) }
func (p paint) bad(text string) string   { return p.with(text, color.FgRed) }
func (p paint) warn(text string) string  { return p.with(text, color.FgYellow) }
func (p paint) faint(text string) string { return p.with(text, color.Faint) }
func (p paint) bold(text string) string  { return p.with(text, color.Bold) }

// mark is the sign of a verdict, so that a column of them can be read at a glance. The
// signs of a terminal without Unicode are those of the screen.
func (p paint) mark(v verify.Verdict) string {
	sign, ascii := "·", "."
	switch {
	case v.Status == verify.Valid:
		sign, ascii = "✓", "+"
	case v.Status == verify.Invalid:
		sign, ascii = "✗", "x"
	case v.Status == verify.Missing:
		sign, ascii = "∅", "0"
	case v.Status == verify.Unsigned:
		return "?"
	case v.Reason == verify.NoSecret:
		return "!"
	}
	if p.ascii {
		return ascii
	}
	return sign
}

// below is the sign of a line that belongs to the one above it.
func (p paint) below() string {
	if p.ascii {
		return "- "
	}
	return "└ "
}

// verdict paints a text by what a verdict means.
func (p paint) verdict(v verify.Verdict, text string) string {
	switch v.Status {
	case verify.Valid:
		return p.good(text)
	case verify.Invalid, verify.Missing:
		return p.bad(text)
	case verify.Unchecked:
		return p.warn(text)
	}
	return p.faint(text)
}

// status paints a text by the class of an HTTP status.
func (p paint) status(status int, text string) string {
	switch {
	case status >= 200 && status < 300:
		return p.good(text)
	case status >= 300 && status < 400:
		return p.warn(text)
	}
	return p.bad(text)
}
