package tui

import (
	"slices"

	"whk/verify/display"
)

// statsTable is a table of figures, one row for each provider, that fits into any width:
// what it leaves out where there is little room is what says least.
type statsTable struct {
	title   string // above the names
	names   []string
	columns []statsColumn
}

// statsColumn is a column of figures. Short stands in place of its head where there is
// little room; where there is still less, the columns with the lowest worth go first.
type statsColumn struct {
	head, short string
	worth       int
	figures     []figure
}

// figure is a text in a table; short stands in its place where there is little room.
type figure struct {
	role        role
	text, short string
}

// nothing is the figure of what there is none of.
func nothing() figure { return figure{faint, "-", "-"} }

// fitted is a table as it will be drawn.
type fitted struct {
	statsTable
	name   int // the width of the names
	gap    int
	short  bool
	widths []int
}

// The widths of names: they are cut behind the widest, and where there is little room as
// far as the narrowest.
const (
	widestName    = 20
	narrowestName = 12
)

// fit finds the fullest way to draw the table in so many columns.
func (t statsTable) fit(width int) fitted {
	f := fitted{statsTable: t, gap: 2}
	f.name = min(max(t.widestName(), len(t.title)), widestName)
	f.measure()
	for _, narrower := range []func(){
		func() {
			f.columns = slices.DeleteFunc(slices.Clone(f.columns), func(c statsColumn) bool { return c.empty() && c.worth < needed })
		},
		func() { f.short = true },
		func() { f.gap = 1 },
		func() { f.name = min(f.name, narrowestName) },
	} {
		if f.width() <= width {
			return f
		}
		narrower()
		f.measure()
	}
	for f.width() > width && len(f.columns) > 1 {
		least := 0
		for i, c := range f.columns {
			if c.worth < f.columns[least].worth {
				least = i
			}
		}
		f.columns = slices.Delete(slices.Clone(f.columns), least, least+1)
		f.measure()
	}
	return f
}

// needed is the worth of a column that is shown even when there is nothing in it.
const needed = 9

func (t statsTable) widestName() int {
	widest := 0
	for _, name := range t.names {
		widest = max(widest, display.Width(display.Line(name)))
	}
	return widest
}

func (c statsColumn) empty() bool {
	return !slices.ContainsFunc(c.figures, func(f figure) bool { return f != nothing() })
}

func (f *fitted) measure() {
	f.widths = make([]int, len(f.columns))
	for i, c := range f.columns {
		f.widths[i] = display.Width(f.headOf(c))
		for _, x := range c.figures {
			f.widths[i] = max(f.widths[i], display.Width(f.textOf(x)))
		}
	}
}

func (f *fitted) headOf(c statsColumn) string {
	if f.short && c.short != "" {
		return c.short
	}
	return c.head
}

func (f *fitted) textOf(x figure) string {
	if f.short && x.short != "" {
		return x.short
	}
	return x.text
}

func (f *fitted) width() int {
	width := f.name
	for _, w := range f.widths {
		width += f.gap + w
	}
	return width
}

// full reports whether nothing had to be left out or shortened.
func (f *fitted) full() bool { return f.gap == 2 && !f.short }

// draw makes the lines of the table, its heads first.
func (f *fitted) draw(more string) lines {
	head := line{cell(faint, f.title, f.name, more)}
	for i, c := range f.columns {
		head = append(head, blank(f.gap), right(faint, f.headOf(c), f.widths[i], more))
	}
	page := lines{head}
	for row, name := range f.names {
		l := line{cell(bold, name, f.name, more)}
		for i, c := range f.columns {
			x := c.figures[row]
			l = append(l, blank(f.gap), right(x.role, f.textOf(x), f.widths[i], more))
		}
		page = append(page, l)
	}
	return page
}
