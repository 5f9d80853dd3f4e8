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

// mark is the sign of a verdict, so that a column of them can be read at a glance.
func mark(v verify.Verdict) string {
	switch v.Status {
	case verify.Valid:
		return "✓"
	case verify.Invalid:
		return "✗"
	case verify.Missing:
		return "∅"
	case verify.Unsigned:
		return "?"
	}
	if v.Reason == verify.NoSecret {
		return "!"
	}
	return "·"
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
