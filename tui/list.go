package tui

import (
	"fmt"
	"strconv"
	"time"

	"whk/verify"
	"whk/verify/display"
)

// columns are the widths of the list, 0 for what is not shown.
type columns struct {
	number, provider, event, marks, app, took int
}

// narrow is below how many columns only time, event, verdict and answer are shown.
const narrow = 60

// columnsFor shares out a width. What an event is called gets what is left. Few are the
// columns of a narrow screen.
func columnsFor(width int, few bool, rows []row) columns {
	c := columns{marks: 3, app: 7, took: 6}
	if len(rows) > 0 {
		c.number = max(3, len(strconv.FormatInt(rows[len(rows)-1].n, 10)))
	}
	for i := range rows {
		c.provider = max(c.provider, min(display.Width(display.Line(rows[i].provider)), 12))
	}
	c.provider = max(c.provider, 8)
	if few {
		c = columns{marks: 2, app: 4}
	}
	left := width - 1 - 9 - 2 // the cursor, the time, the verdict
	for _, n := range []int{c.number, c.provider, c.marks, c.app, c.took} {
		if n > 0 {
			left -= n + 1
		}
	}
	const enough = 18 // for a name such as SerialNumber.update
	if left < enough && c.app > 4 {
		left += c.app - 4
		c.app = 4
	}
	if left < enough && c.took > 0 {
		left += c.took + 1
		c.took = 0
	}
	if left < enough && c.provider > 10 {
		left += c.provider - 10
		c.provider = 10
	}
	c.event = max(left, 1)
	return c
}

// listHead names the columns.
func (t *theme) listHead(c columns) line {
	l := line{blank(1)}
	if c.number > 0 {
		l = append(l, right(faint, "#", c.number, t.more), blank(1))
	}
	l = append(l, cell(faint, "time", 9, t.more))
	if c.provider > 0 {
		l = append(l, cell(faint, "provider", c.provider+1, t.more))
	}
	l = append(l, cell(faint, "event", c.event, t.more), blank(1), cell(faint, "sig", c.marks+2, t.more), blank(1), right(faint, "app", c.app, t.more))
	if c.took > 0 {
		l = append(l, right(faint, "ms", c.took, t.more))
	}
	return l
}

// listRow is one event. Chosen is the row under the cursor, marked the one to compare with.
func (t *theme) listRow(r *row, c columns, chosen, marked bool) line {
	l := line{{plain, " "}}
	switch {
	case chosen:
		l[0] = span{accent, t.cursor}
	case marked && c.number == 0:
		l[0] = span{warn, t.marked}
	}
	if c.number > 0 {
		behind := blank(1)
		if marked {
			behind = span{warn, t.marked}
		}
		l = append(l, right(faint, strconv.FormatInt(r.n, 10), c.number, t.more), behind)
	}
	l = append(l, cell(faint, r.at.Local().Format(time.TimeOnly), 9, t.more))
	if c.provider > 0 {
		l = append(l, cell(plain, r.provider, c.provider, t.more), blank(1))
	}
	name := r.name
	if c.provider == 0 && name == "" {
		name = r.provider
	}
	l = append(l, cell(bold, name, c.event, t.more), blank(1),
		span{verdictRole(r.verdict), t.verdict(r.verdict)}, blank(1), cell(warn, t.marks(r), c.marks, t.more), blank(1))
	role, text := answerOf(r, c.app < 7)
	l = append(l, right(role, text, c.app, t.more))
	if c.took > 0 {
		l = append(l, right(faint, milliseconds(r), c.took, t.more))
	}
	return l
}

// verdict is the sign of a verdict.
func (t *theme) verdict(v verify.Verdict) string {
	switch v.Status {
	case verify.Valid:
		return t.valid
	case verify.Invalid:
		return t.invalid
	case verify.Missing:
		return t.missing
	case verify.Unsigned:
		return t.unsigned
	}
	if v.Reason == verify.NoSecret {
		return t.noSecret
	}
	return t.unchecked
}

func verdictRole(v verify.Verdict) role {
	switch v.Status {
	case verify.Valid:
		return good
	case verify.Invalid, verify.Missing:
		return bad
	case verify.Unchecked:
		return warn
	}
	return faint
}

// marks are the signs of what is remarkable about an event.
func (t *theme) marks(r *row) string {
	text := ""
	for _, m := range []struct {
		is   bool
		sign string
	}{{r.verdict.Development, t.development}, {r.same, t.duplicate}, {r.late, t.reordered}, {r.replayed, t.replayed}, {r.edited, t.edited}, {r.cut, t.signs.cut}} {
		if m.is {
			text += m.sign
		}
	}
	return text
}

// answerOf is what the app answered to an event last, or what whk did in its place. Short
// is for a column of four.
func answerOf(r *row, short bool) (role, string) {
	switch r.outcome {
	case "":
		if r.own == 0 {
			return faint, "-"
		}
		return faint, strconv.Itoa(r.own)
	case verify.Answered:
		return statusRole(r.status), strconv.Itoa(r.status)
	}
	words := map[verify.Outcome][2]string{
		verify.Refused: {"refused", "down"}, verify.TimedOut: {"timeout", "slow"}, verify.Reset: {"reset", "lost"},
		verify.Failed: {"failed", "fail"}, verify.Interrupted: {"stopped", "stop"},
	}[r.outcome]
	if short {
		return bad, words[1]
	}
	return bad, words[0]
}

func statusRole(status int) role {
	switch {
	case status >= 200 && status < 300:
		return good
	case status >= 300 && status < 400:
		return warn
	}
	return bad
}

func milliseconds(r *row) string {
	switch ms := r.took.Milliseconds(); {
	case r.outcome == "":
		return ""
	case ms < 10_000:
		return strconv.FormatInt(ms, 10)
	default:
		return fmt.Sprintf("%.0fs", r.took.Seconds())
	}
}
