package cmd

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"whk/listener"
	"whk/verify"
	"whk/verify/display"
)

// marksColumn is how wide the column of marks is; an event with more of them moves its
// own line only.
const marksColumn = 2

// marks are the signs beside the verdict of an event: duplicate, overtaken, replayed,
// edited, cut. A terminal without Unicode gets their letters.
func (p paint) marks(e *listener.Event, results []verify.Result) string {
	var b strings.Builder
	add := func(is bool, sign, letter string) {
		switch {
		case is && p.ascii:
			b.WriteString(letter)
		case is:
			b.WriteString(sign)
		}
	}
	add(e.SameAs != 0, "⧉", "D")
	add(e.OvertakenBy != 0, "↕", "O")
	add(slices.ContainsFunc(results, func(r verify.Result) bool { return r.Replay }), p.replay(), p.replay())
	add(slices.ContainsFunc(results, func(r verify.Result) bool { return r.Edited }), "✎", "E")
	add(e.Cut != "", "✂", "T")
	return b.String()
}

// markColumn is the marks in their column.
func (p paint) markColumn(e *listener.Event, results []verify.Result) string {
	marks := p.marks(e, results)
	blanks := strings.Repeat(" ", max(marksColumn-display.Width(marks), 0))
	if marks == "" {
		return blanks
	}
	return p.warn(marks) + blanks
}

// replay is the mark of an attempt that was made by hand.
func (p paint) replay() string {
	if p.ascii {
		return "R"
	}
	return "↻"
}

const marksLegend = `Marks: ⧉ same content as an earlier event · ↕ older than an event that came before ·
↻ replayed · ✎ with an edited body · ✂ cut body. Where there is no Unicode they are D,
O, R, E and T.`

// marked says in words what the marks of an event refer to.
func marked(e *listener.Event) []string {
	var lines []string
	if e.SameAs != 0 {
		lines = append(lines, fmt.Sprintf("same content as #%d, %s earlier", e.SameAs, apart(e.Gap)))
	}
	if e.OvertakenBy != 0 {
		thing := e.Entity
		if thing == "" {
			thing = "thing"
		}
		lines = append(lines, fmt.Sprintf("older than #%d, which tells of the same %s", e.OvertakenBy, thing))
	}
	return lines
}

// apart says how long two events lie apart.
func apart(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= time.Hour:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	case d >= time.Minute:
		return d.Round(time.Second).String()
	}
	return display.Took(d)
}
