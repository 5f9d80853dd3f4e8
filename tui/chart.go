package tui

import (
	"slices"
	"strings"

	"whk/verify/display"
)

// Charts are drawn with blocks of eight heights, in ASCII with signs of growing ink. The
// law of all of them: what is not zero is never invisible, and zero always is.

// blockHeight is how high a count stands among so many steps, at least one when it is
// not zero.
func blockHeight(n, most, steps int) int {
	if n <= 0 || most <= 0 {
		return 0
	}
	return max(int(int64(n)*int64(steps)/int64(most)), 1)
}

func highest(counts []int) int {
	most := 0
	for _, n := range counts {
		most = max(most, n)
	}
	return most
}

// sparkline draws the newest counts, the last at the right edge, in exactly so many
// columns. It leaves the highest block out, so that lines below each other stay apart.
func sparkline(counts []int, width int, s *signs) string {
	counts = counts[max(len(counts)-max(width, 0), 0):]
	most := highest(counts)
	var b strings.Builder
	b.WriteString(strings.Repeat(s.blocks[0], max(width, 0)-len(counts)))
	for _, n := range counts {
		b.WriteString(s.blocks[blockHeight(n, most, len(s.blocks)-2)])
	}
	return b.String()
}

// barOf is a row of blocks as long as its part of the most, filled up to so many columns.
func (s *signs) barOf(n, most int64, width int) string {
	length := 0
	if n > 0 && most > 0 && width > 0 {
		length = min(max(int(float64(n)/float64(most)*float64(width)), 1), width)
	}
	return strings.Repeat(s.bar, length) + strings.Repeat(" ", max(width-length, 0))
}

// columnChart is a chart of counts over time.
type columnChart struct {
	title  string
	counts []int
	// labels stand below, shared out evenly: the first at the left edge, the last at the
	// right one.
	labels []string
}

// The height of a column chart without its title and labels, and how wide one column may
// become when there are few.
const (
	chartRows   = 5
	widestBlock = 6
)

// axisWidth is what the axis of a chart takes whose highest count is most.
func axisWidth(most int) int { return max(len(display.Thousands(int64(most))), 4) + 2 }

// chart draws columns, in at most so many columns of the screen. Counts for which there
// is no room are left out, the oldest first.
func (t *theme) chart(c columnChart, width int) lines {
	room := width - axisWidth(highest(c.counts))
	if room < 1 || len(c.counts) == 0 {
		return nil
	}
	counts := c.counts[max(len(c.counts)-room, 0):]
	most := highest(counts)
	axis := axisWidth(most)
	times := min(max(room/len(counts), 1), widestBlock)
	page := lines{say(faint, c.title)}
	steps := len(t.blocks) - 1
	for row := range chartRows {
		label := ""
		if row == 0 {
			label = display.Thousands(int64(most))
		}
		var b strings.Builder
		for _, n := range counts {
			full := blockHeight(n, most, chartRows*steps) - (chartRows-1-row)*steps
			b.WriteString(strings.Repeat(t.blocks[min(max(full, 0), steps)], times))
		}
		page = append(page, line{right(faint, label, axis-2, t.more), {faint, " " + t.side}, {plain, b.String()}})
	}
	long := len(counts) * times
	page = append(page, line{right(faint, "0", axis-2, t.more), {faint, " " + t.foot + strings.Repeat(t.rule, long)}})
	return append(page, line{blank(axis), {faint, spread(c.labels, long)}})
}

// spread shares labels out over so many columns; those in the middle give way where they
// would touch another, and the first where there is no room for two.
func spread(labels []string, width int) string {
	if len(labels) == 0 {
		return ""
	}
	last := labels[len(labels)-1]
	text := []rune(strings.Repeat(" ", max(width, len(last))))
	place := func(label string, at int) {
		size := len([]rune(label))
		at = min(max(at, 0), len(text)-size)
		if at < 0 {
			return
		}
		for _, r := range text[max(at-1, 0):min(at+size+1, len(text))] {
			if r != ' ' {
				return
			}
		}
		copy(text[at:], []rune(label))
	}
	place(last, len(text))
	for i, label := range labels[:len(labels)-1] {
		if i == 0 {
			place(label, 0)
			continue
		}
		place(label, i*len(text)/(len(labels)-1)-len(label)/2)
	}
	return string(text)
}

// bar is a row of a bar chart: a label, a count, and what stands behind the bar.
type bar struct {
	label  string
	n      int64
	remark string
}

// barChart draws bars below each other, in at most so many columns. Labels stand at the
// right or the left of their column.
func (t *theme) barChart(title string, rows []bar, labelsRight bool, width int) lines {
	label, figures, remark, most := 0, 0, 0, int64(0)
	for _, r := range rows {
		label = max(label, display.Width(display.Line(r.label)))
		figures = max(figures, len(display.Thousands(r.n)))
		remark = max(remark, display.Width(r.remark))
		most = max(most, r.n)
	}
	if remark > 0 {
		remark++
	}
	label = min(label, max(width-figures-remark-4-minBar, minBar))
	room := min(width-label-figures-remark-4, widestBar)
	page := lines{say(faint, title)}
	for _, r := range rows {
		l := line{cell(plain, r.label, label, t.more)}
		if labelsRight {
			l[0] = right(plain, r.label, label, t.more)
		}
		number := right(plain, display.Thousands(r.n), figures, t.more)
		if r.n == 0 {
			number.role = faint
		}
		l = append(l, blank(2), number, blank(2))
		drawn := strings.TrimRight(t.barOf(r.n, most, room), " ")
		l = append(l, span{accent, drawn})
		if r.remark != "" {
			l = append(l, span{faint, " " + r.remark})
		}
		page = append(page, l)
	}
	return page
}

// The bounds of a bar's length.
const (
	minBar    = 8
	widestBar = 40
)

// beside puts one page at the right of another, which gets so many columns.
func beside(a, b lines, width int) lines {
	page := make(lines, max(len(a), len(b)))
	for i := range page {
		if i < len(a) {
			page[i] = slices.Clone(a[i])
		}
		if i < len(b) {
			page[i] = append(page[i], blank(width-page[i].width()))
			page[i] = append(page[i], b[i]...)
		}
	}
	return page
}
