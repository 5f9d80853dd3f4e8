package cmd

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"
	"time"

	counting "whk/listener/tally"
	"whk/verify"
	"whk/verify/display"
)

// statsSheet writes what was counted as a page of text, 80 columns wide or wider.
type statsSheet struct {
	*bufio.Writer
	p       paint
	columns int
}

func (s statsSheet) sheet(c *counting.Counts) {
	fmt.Fprintf(s, "%s  %s\n", s.p.bold(events(c.Events)), s.p.faint(fromTo(c.From, c.To)))
	s.received(c)
	s.answers(c)
	s.frequent(c)
	s.rate(c)
	s.calls(c)
}

// events says how many there are.
func events(n int64) string {
	if n == 1 {
		return "1 event"
	}
	return display.Thousands(n) + " events"
}

// fromTo says from when to when, with the days only where they differ.
func fromTo(from, to time.Time) string {
	from, to = from.Local(), to.Local()
	first, last := from.Format("2006-01-02 15:04:05"), to.Format("2006-01-02 15:04:05")
	switch {
	case first == last:
		return first
	case from.Format(time.DateOnly) == to.Format(time.DateOnly):
		last = to.Format(time.TimeOnly)
	}
	return first + " to " + last
}

// table writes rows of a name and figures in columns as wide as they have to be; a
// figure that is nothing is faint.
func (s statsSheet) table(rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], display.Width(uncoloured(cell)))
		}
	}
	fmt.Fprintln(s)
	for i, row := range rows {
		line := pad(row[0], widths[0])
		for j, cell := range row[1:] {
			blanks := strings.Repeat(" ", widths[j+1]-display.Width(uncoloured(cell)))
			if cell == "0" || cell == s.none() {
				cell = s.p.faint(cell)
			}
			line += "  "[:s.gap(widths)] + blanks + cell
		}
		if i == 0 {
			line = s.p.faint(line)
		}
		fmt.Fprintln(s, line)
	}
}

// gap is what parts two columns: two blanks, or one where that is too wide.
func (s statsSheet) gap(widths []int) int {
	sum := 2 * (len(widths) - 1)
	for _, w := range widths {
		sum += w
	}
	if sum > s.columns {
		return 1
	}
	return 2
}

func (s statsSheet) none() string {
	if s.p.ascii {
		return "-"
	}
	return "–"
}

// received is a table of what came.
func (s statsSheet) received(c *counting.Counts) {
	statuses := []verify.Status{verify.Valid, verify.Invalid, verify.Missing, verify.Unsigned, verify.Unchecked}
	rows := [][]string{{"provider", "events"}}
	for _, status := range statuses {
		rows[0] = append(rows[0], string(status))
	}
	rows[0] = append(rows[0], "dup", "late")
	for _, p := range c.Providers() {
		row := []string{display.Line(p.Name), display.Thousands(p.Events)}
		for _, status := range statuses {
			row = append(row, s.p.countOf(status, p.Verdicts[status]))
		}
		rows = append(rows, append(row, display.Thousands(p.Duplicates), display.Thousands(p.Late)))
	}
	s.table(rows)
}

// countOf paints the count of a verdict that should not be.
func (p paint) countOf(status verify.Status, n int64) string {
	text := display.Thousands(n)
	if n > 0 && (status == verify.Invalid || status == verify.Missing) {
		return p.bad(text)
	}
	return text
}

// answers is a table of what the app answered, if anything was forwarded.
func (s statsSheet) answers(c *counting.Counts) {
	rows := [][]string{{"answers", "2xx", "3xx", "4xx", "5xx", "none", "p50", "p95", "max", "failing"}}
	for _, p := range c.Providers() {
		if p.Attempts() == 0 && p.Failing() == 0 {
			continue
		}
		row := []string{display.Line(p.Name)}
		for _, class := range []int{2, 3, 4, 5, 0} {
			n := p.Classes[class]
			if class == 2 {
				n += p.Classes[1]
			}
			text := display.Thousands(n)
			if n > 0 && class != 2 && class != 3 {
				text = s.p.bad(text)
			}
			row = append(row, text)
		}
		for _, percent := range []float64{50, 95, 100} {
			text := s.none()
			if p.Timed() {
				text = display.Took(p.Quantile(percent))
			}
			row = append(row, text)
		}
		rows = append(rows, append(row, s.failing(p)))
	}
	if len(rows) > 1 {
		s.table(rows)
	}
}

// failing is how many events in a row were not answered 2xx, and how many may.
func (s statsSheet) failing(p *counting.Provider) string {
	text, limit := strconv.Itoa(p.Failing()), p.Threshold()
	if limit > 0 {
		text += "/" + strconv.Itoa(limit)
	}
	switch {
	case p.Failing() == 0:
		return text
	case limit > 0 && p.Failing() >= limit/2:
		return s.p.bad(text)
	}
	return s.p.warn(text)
}

// frequentShown is how many names are shown.
const frequentShown = 10

func (s statsSheet) frequent(c *counting.Counts) {
	names, distinct, others := c.Frequent(frequentShown)
	width, figures := 0, len(display.Thousands(names[0].Events))
	for _, n := range names {
		width = max(width, min(maxNameColumn, display.Width(display.Line(n.Name))))
	}
	block := "█"
	if s.p.ascii {
		block = "#"
	}
	room := max(min(s.columns-width-figures-6, 40), 4)
	fmt.Fprintf(s, "\n%s\n", s.p.faint("most frequent"))
	for _, n := range names {
		bar := max(1, int(n.Events*int64(room)/names[0].Events))
		fmt.Fprintf(s, "%s  %*s  %s\n", pad(display.Line(n.Name), width), figures, display.Thousands(n.Events), s.p.faint(strings.Repeat(block, bar)))
	}
	if more := distinct - len(names); more > 0 || others > 0 {
		text := fmt.Sprintf("and %s", plural(more, "other name"))
		if others > 0 {
			text = fmt.Sprintf("and more than %s other names", display.Thousands(int64(more)))
		}
		fmt.Fprintln(s, s.p.faint(text))
	}
}

func (s statsSheet) rate(c *counting.Counts) {
	room := s.columns - 10
	over := c.Rate(room)
	unit, from, counts := over.Unit, over.From, over.Counts
	if len(counts) < 2 {
		return
	}
	most := 0
	for _, n := range counts {
		most = max(most, n)
	}
	for times := room / len(counts); times > 1; times = 0 { // few steps get wide columns
		counts = widened(counts, min(times, 6))
	}
	fmt.Fprintf(s, "\n%s\n", s.p.faint(fmt.Sprintf("events per %s, %s at most", unit.Name, display.Thousands(int64(most)))))
	for i, line := range chart(counts, s.p.ascii) {
		label := ""
		if i == 0 {
			label = display.Thousands(int64(most))
		}
		fmt.Fprintf(s, "%s %s\n", s.p.faint(fmt.Sprintf("%8s", label)), line)
	}
	layout := "15:04"
	if unit.Seconds >= 24*3600 {
		layout = time.DateOnly
	} else if c.To.Sub(c.From) > 20*time.Hour {
		layout = "01-02 15:04"
	}
	first, last := from.Local().Format(layout), c.To.Local().Format(layout)
	gap := max(len(counts)-len(first)-len(last), 1)
	fmt.Fprintln(s, s.p.faint(strings.Repeat(" ", 9)+first+strings.Repeat(" ", gap)+last))
}

// widened repeats each count, so that a chart of few is wide enough to be read.
func widened(counts []int, times int) []int {
	wide := make([]int, 0, len(counts)*times)
	for _, n := range counts {
		for range times {
			wide = append(wide, n)
		}
	}
	return wide
}

// calls says what it would have cost to fetch what the events refer to.
func (s statsSheet) calls(c *counting.Counts) {
	titled := false
	for _, p := range c.Providers() {
		if p.Calls == nil || p.Calls.Total == 0 {
			continue
		}
		if !titled {
			fmt.Fprintf(s, "\n%s\n", s.p.faint("API calls, one for each reference"))
			titled = true
		}
		for i, line := range callLines(p) {
			name := p.Name
			if i > 0 {
				name = ""
			}
			width := display.Width(display.Line(p.Name))
			folded := fold(line, s.columns-width-2)
			fmt.Fprintf(s, "%s  %s\n", pad(display.Line(name), width), strings.Join(folded, "\n"+strings.Repeat(" ", width+2)))
		}
	}
}

func callLines(p *counting.Provider) []string {
	minute := p.Calls.Minute
	lines := []string{fmt.Sprintf("%s in all", plural64(p.Calls.Total, "call"))}
	var stretches []string
	longer := p.Calls.Longer
	for _, b := range p.Definition.Manners.Budget {
		switch {
		case b.Calls == 0 || b.Per == 0:
		case b.Per <= time.Minute:
			lines = append(lines, fmt.Sprintf("the busiest minute, %s, would have cost %s: %s at %s",
				minute.At.Local().Format("01-02 15:04"), plural64(int64(minute.Most), "call"), stretchName(callsTake(minute.Most, b.Calls, b.Per)), perUnit(b.Calls, b.Per)))
		default:
			most := longer[0].Most
			longer = longer[1:]
			stretches = append(stretches, fmt.Sprintf("the busiest %s would have cost %s: %s the %s that are allowed",
				stretchNoun(b.Per), plural64(int64(most), "call"), share(most, b.Calls), display.Thousands(int64(b.Calls))))
		}
	}
	return append(lines, stretches...)
}

// share is a part of a whole in words, also one that is larger.
func share(n, of int) string {
	switch part := float64(n) / float64(of); {
	case part > 2:
		return fmt.Sprintf("%.3g times", part)
	case n > 0 && part < 0.01:
		return "less than 1 % of"
	default:
		return fmt.Sprintf("%.0f %% of", 100*part)
	}
}

func stretchNoun(d time.Duration) string {
	switch d {
	case time.Hour:
		return "hour"
	case 24 * time.Hour:
		return "day"
	}
	return stretchName(d)
}

func plural64(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return display.Thousands(n) + " " + noun + "s"
}
