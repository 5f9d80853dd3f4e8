package cmd

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"whk/listener"
	"whk/verify"
	"whk/verify/display"
)

// nameColumn is the width of the column of names in a stream of lines. Half of all names
// fit into the narrowest; it grows with the longest that came and never shrinks, so that
// the columns behind it come to rest. A name beyond the bound moves its own line only.
type nameColumn struct{ width, most int }

const (
	narrowestName = 24
	// besideName is what the other columns take: time, number, verdict, marks and answer.
	besideName = 49
)

// newNameColumn fits the column to a terminal; a file has no width.
func newNameColumn(a *app) nameColumn {
	most := 32
	if a.OutTTY {
		most = a.Columns - besideName
	}
	return nameColumn{narrowestName, max(narrowestName, min(most, maxNameColumn))}
}

// write pads a name.
func (c *nameColumn) write(name string) string {
	c.width = max(c.width, min(display.Width(name), c.most))
	return pad(name, c.width)
}

// eventLine writes an event in one line of columns: time, number, name, verdict, marks.
// Names come from outside, so they pass the boundary here.
func eventLine(p paint, e *listener.Event, names *nameColumn) string {
	name := names.write(display.Line(e.FullName()))
	verdict := pad(p.mark(e.Verdict)+" "+verdictText(e.Verdict), 11)
	return fmt.Sprintf("%s %s  %s  %s %s", p.faint(e.At.Local().Format(time.TimeOnly)),
		p.faint(fmt.Sprintf("%5s", "#"+strconv.FormatInt(e.N, 10))), p.bold(name), p.verdict(e.Verdict, verdict),
		p.markColumn(e, nil))
}

// verdictText is the verdict in the words of a narrow column.
func verdictText(v verify.Verdict) string {
	if v.Development {
		return "valid dev"
	}
	return string(v.Status)
}

// resultText says what a target answered, and how fast.
func resultText(p paint, r verify.Result) string {
	if r.Outcome != verify.Answered {
		return p.bad(string(r.Outcome)) + " " + p.faint(display.Took(r.Took))
	}
	return p.status(r.Status, strconv.Itoa(r.Status)) + " " + p.faint(display.Took(r.Took))
}

// pad fills a text with blanks to so many columns; a longer one stays whole.
func pad(text string, columns int) string {
	if missing := columns - display.Width(text); missing > 0 {
		return text + strings.Repeat(" ", missing)
	}
	return text
}

// detail is one line below an event.
func detail(p paint, text string, columns int) string {
	text, indent := display.Line(text), strings.Repeat(" ", 17)
	folded := []string{text}
	if columns > 40 {
		folded = fold(text, columns-19)
	}
	return indent + p.faint(p.below()) + strings.Join(folded, "\n  "+indent)
}

// details are the lines below an event that say what a person has to know: why a
// check failed, why a body is cut, what could not be read. They are broken at so many
// columns, 0 for never.
func details(p paint, e *listener.Event, columns int) []string {
	var lines []string
	add := func(text string) { lines = append(lines, detail(p, text, columns)) }
	if e.Cut != "" {
		add("cut: " + e.Cut)
	} else if e.Verdict.Reason != "" && e.Verdict.Reason != verify.NoProvider || e.Verdict.Detail != "" && e.Verdict.Status != verify.Unsigned {
		text := string(e.Verdict.Reason)
		if e.Verdict.Detail != "" {
			text = strings.TrimPrefix(text+": ", ": ") + e.Verdict.Detail
		}
		add(text)
	}
	for _, line := range marked(e) {
		add(line)
	}
	for _, note := range e.Notes {
		add(note)
	}
	return lines
}
