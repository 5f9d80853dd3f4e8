package cmd

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"whk/replay"
	"whk/verify/display"
	"whk/verify/provider"
)

// printDiff writes a comparison. What was received is redacted first, and passes the
// boundary after that.
func (a *app) printDiff(c *comparedPair, r *replay.Redactor) error {
	if a.isJSON() {
		out, err := a.newJSON()
		if err != nil {
			return err
		}
		return out.emit("diff", newCompared(c, r))
	}
	w := a.buffered()
	switch {
	case !c.differ() && c.form != diffJSON || c.lined && len(c.hunks) == 0:
		fmt.Fprintln(w, a.diffHeading(c)+"no difference")
	case c.lined:
		w.WriteString(r.Text(unifiedText(a.out, c)))
	case c.form == diffBinary:
		fmt.Fprintf(w, "%sbinary bodies differ at byte %d; they have %s and %s\n", a.diffHeading(c), c.first, sized(len(c.old.text)), sized(len(c.new.text)))
	default:
		for _, line := range a.diffTree(c, r) {
			fmt.Fprintln(w, line)
		}
	}
	return w.Flush()
}

// diffHeading says what is compared.
func (a *app) diffHeading(c *comparedPair) string {
	if c.old.event == c.new.event {
		return fmt.Sprintf("%s %s%s", a.out.faint(fmt.Sprintf("#%d", c.old.event.N)), a.out.bold(display.Line(c.old.event.FullName())), a.out.faint(" · "))
	}
	name := func(s comparedSide) string {
		return a.out.faint(fmt.Sprintf("#%d ", s.event.N)) + a.out.bold(display.Line(s.event.FullName()))
	}
	return name(c.old) + " " + a.arrow() + " " + name(c.new) + a.out.faint(" · ")
}

// diffRow is one change on its way into the columns.
type diffRow struct {
	sign            string
	path, old, new_ string
	note            string
	paint           func(string) string
}

// The widest columns of paths and old values; what is longer moves its own line only.
const (
	maxPathColumn = 44
	maxOldColumn  = 36
)

// diffTree writes the changes by path, the changed ones first.
func (a *app) diffTree(c *comparedPair, r *replay.Redactor) []string {
	counts := []string{
		fmt.Sprintf("changed %d", c.changes.Count(provider.Changed)),
		fmt.Sprintf("added %d", c.changes.Count(provider.Added)),
		fmt.Sprintf("removed %d", c.changes.Count(provider.Removed)),
	}
	lines := []string{a.diffHeading(c) + strings.Join(counts, " · ")}
	rows := a.diffRows(c.changes, r)
	pathColumn, oldColumn := 0, 0
	for _, row := range rows {
		pathColumn = max(pathColumn, min(maxPathColumn, display.Width(row.path)))
		if row.new_ != "" && row.old != "" {
			oldColumn = max(oldColumn, min(maxOldColumn, display.Width(row.old)))
		}
	}
	for _, row := range rows {
		line := "  " + row.paint(row.sign) + " " + pad(row.path, pathColumn) + "  "
		switch {
		case row.old != "" && row.new_ != "":
			line += row.paint(pad(row.old, oldColumn)) + " " + a.arrow() + " " + row.paint(row.new_)
		default:
			line += row.paint(row.old + row.new_)
		}
		if row.note != "" {
			line += a.out.faint("  (" + row.note + ")")
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	for _, text := range diffRemarks(c) {
		lines = append(lines, "  "+a.out.faint(text))
	}
	return lines
}

// diffRows orders the changes by their kind.
func (a *app) diffRows(changes provider.Changes, r *replay.Redactor) []diffRow {
	kinds := []struct {
		kind  provider.ChangeKind
		sign  string
		paint func(string) string
	}{{provider.Changed, "~", a.out.warn}, {provider.Added, "+", a.out.good}, {provider.Removed, "-", a.out.bad}}
	var rows []diffRow
	for _, k := range kinds {
		for _, change := range changes.List {
			if change.Kind != k.kind {
				continue
			}
			row := diffRow{sign: k.sign, paint: k.paint, path: display.Line(r.Text(change.Path))}
			if change.Path == "" {
				row.path = "(the whole)"
			}
			row.old, row.new_ = a.diffValues(change, r)
			var notes []string
			if change.SameValue {
				notes = append(notes, "same value")
			}
			if change.Was != "" {
				notes = append(notes, "was "+display.Line(r.Text(change.Was)))
			}
			row.note = strings.Join(notes, ", ")
			rows = append(rows, row)
		}
	}
	return rows
}

// diffRemarks are the lines below the changes.
func diffRemarks(c *comparedPair) []string {
	var remarks []string
	newOnly, oldOnly := 0, 0
	for _, change := range c.changes.List {
		switch {
		case change.Kind != provider.NotReported:
		case change.Old == nil:
			newOnly++
		default:
			oldOnly++
		}
	}
	if newOnly > 0 {
		remarks = append(remarks, fmt.Sprintf("%s of New %s no old value to compare", plural(newOnly, "field"), has(newOnly)))
	}
	if oldOnly > 0 {
		remarks = append(remarks, fmt.Sprintf("%s of Old %s no new value to compare", plural(oldOnly, "field"), has(oldOnly)))
	}
	if c.changes.Coarse {
		remarks = append(remarks, "too much differs to tell apart: some values are compared as a whole")
	}
	if !c.changes.Differ() && c.first > 0 && newOnly+oldOnly == 0 {
		remarks = append(remarks, "the values are equal, the bytes are not: --unified compares the order of names")
	}
	return remarks
}

func has(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}

// The columns of a value on a terminal of 80, and where nobody counts them.
const (
	narrowValue = 30
	wideValue   = 200
)

// diffValues are the two values of a change as they are shown: long ones from where
// they begin to differ.
func (a *app) diffValues(change provider.Change, r *replay.Redactor) (old, new string) {
	room, mark := wideValue, "…"
	if a.OutTTY {
		room = max(narrowValue, (a.Columns-narrowValue)/2)
	}
	if a.ascii() {
		mark = "..."
	}
	text := func(raw []byte) string { return display.Line(r.Text(string(start(raw, maxShownValue)))) }
	old, new = text(change.Old), text(change.New)
	if display.Width(old) > room && display.Width(new) > room {
		if cut := commonStart(old, new) - room/3; cut > 0 {
			for !utf8.RuneStart(old[cut]) {
				cut--
			}
			old, new = mark+old[cut:], mark+new[cut:]
		}
	}
	return display.Shorten(old, room, mark), display.Shorten(new, room, mark)
}

// maxShownValue is how much of a value is looked at to show it.
const maxShownValue = 64 << 10

func commonStart(a, b string) int {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return min(i, len(a)-1, len(b)-1)
}

// unifiedText writes hunks as diff -u does. Its lines are those that bodyText has made
// safe to show.
func unifiedText(p paint, c *comparedPair) string {
	if len(c.hunks) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintln(&b, p.bold("--- "+display.Line(c.old.title())))
	fmt.Fprintln(&b, p.bold("+++ "+display.Line(c.new.title())))
	for _, h := range c.hunks {
		fmt.Fprintln(&b, p.faint(fmt.Sprintf("@@ -%s +%s @@", hunkRange(h.OldStart, h.OldLines), hunkRange(h.NewStart, h.NewLines))))
		for _, line := range h.Lines {
			text := string(line.Sign) + line.Text
			switch line.Sign {
			case '-':
				text = p.bad(text)
			case '+':
				text = p.good(text)
			}
			b.WriteString(text + "\n")
		}
	}
	return b.String()
}

func hunkRange(start, lines int) string {
	if lines == 1 {
		return fmt.Sprint(start)
	}
	return fmt.Sprintf("%d,%d", start, lines)
}
