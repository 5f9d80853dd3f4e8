package tui

import (
	"fmt"
	"strconv"

	"whk/listener/tally"
	"whk/verify"
	"whk/verify/display"
)

// tables are the figures by provider: in one table where it fits, else what came, what
// was answered, and how fast it came below each other.
func (s *statsPage) tables() lines {
	whole := s.table("provider", s.providers, append(s.receivedColumns(s.providers), s.answerColumns(s.providers)...))
	if one := whole.fit(s.width - 2 - narrowestSpark); one.full() && len(one.columns) == len(whole.columns) {
		return s.withSparks(&one)
	}
	received := s.table("provider", s.providers, s.receivedColumns(s.providers))
	f := received.fit(s.width)
	if room := received.fit(s.width - 2 - narrowestSpark); room.full() {
		f = room
	}
	apart := s.width-f.width() < 2+narrowestSpark
	var page lines
	if apart {
		page = f.draw(s.more)
	} else {
		page = s.withSparks(&f)
	}
	if f.short {
		page = append(page, s.legend(f.columns)...)
	}
	if answered := s.answered(); len(answered) > 0 {
		f := s.table("answers", answered, s.answerColumns(answered)).fit(s.width)
		page = append(append(page, nil), f.draw(s.more)...)
	}
	if apart && !s.quiet() {
		f := s.table("rate", s.providers, s.rateColumns(s.providers)).fit(s.width - 2 - narrowestSpark)
		page = append(append(page, nil), s.withSparks(&f)...)
	}
	return page
}

// quiet reports whether there is nothing to be seen of any rate.
func (s *statsPage) quiet() bool {
	return sum(s.c.Recent.Minutes(s.o.now, tally.RecentSteps)) == 0
}

func (s *statsPage) table(title string, providers []*tally.Provider, columns []statsColumn) statsTable {
	t := statsTable{title: title, columns: columns}
	for _, p := range providers {
		t.names = append(t.names, p.Name)
	}
	return t
}

// answered are the providers of whose events any was answered.
func (s *statsPage) answered() []*tally.Provider {
	var some []*tally.Provider
	for _, p := range s.providers {
		if p.Attempts() > 0 || p.Failing() > 0 {
			some = append(some, p)
		}
	}
	return some
}

// number is a column of counts, painted where there are any.
func number(providers []*tally.Provider, head, short string, worth int, r role, of func(*tally.Provider) int64) statsColumn {
	c := statsColumn{head: head, short: short, worth: worth}
	for _, p := range providers {
		x := nothing()
		if n := of(p); n > 0 {
			x = figure{r, display.Thousands(n), brief(n)}
		}
		c.figures = append(c.figures, x)
	}
	return c
}

// brief writes a number in at most five columns.
func brief(n int64) string {
	switch {
	case n < 10_000:
		return display.Thousands(n)
	case n < 1_000_000:
		return strconv.FormatInt(n/1000, 10) + "k"
	case n < 1_000_000_000:
		return strconv.FormatInt(n/1_000_000, 10) + "M"
	}
	return strconv.FormatInt(n/1_000_000_000, 10) + "G"
}

func (s *statsPage) receivedColumns(of []*tally.Provider) []statsColumn {
	columns := []statsColumn{number(of, "events", "", needed, plain, func(p *tally.Provider) int64 { return p.Events })}
	for _, v := range s.verdictColumns() {
		r := verdictRole(verify.Verdict{Status: v.status})
		if r == good || r == faint {
			r = plain // only what should not be is painted
		}
		columns = append(columns, number(of, v.sign+" "+string(v.status), v.sign, v.worth, r, func(p *tally.Provider) int64 { return p.Verdicts[v.status] }))
	}
	return append(columns,
		number(of, s.duplicate+" dup", s.duplicate, 4, plain, func(p *tally.Provider) int64 { return p.Duplicates }),
		number(of, s.reordered+" late", s.reordered, 3, plain, func(p *tally.Provider) int64 { return p.Late }),
		number(of, s.replayed+" replayed", s.replayed, 2, plain, func(p *tally.Provider) int64 { return p.Replayed }),
	)
}

func (s *statsPage) answerColumns(of []*tally.Provider) []statsColumn {
	class := func(head string, worth int, r role, classes ...int) statsColumn {
		return number(of, head, "", worth, r, func(p *tally.Provider) int64 {
			var n int64
			for _, class := range classes {
				n += p.Classes[class]
			}
			return n
		})
	}
	latency := func(head string, worth int, percent float64) statsColumn {
		c := statsColumn{head: head, worth: worth}
		for _, p := range of {
			x := nothing()
			if p.Timed() {
				x = figure{role: plain, text: display.Took(p.Quantile(percent))}
			}
			c.figures = append(c.figures, x)
		}
		return c
	}
	failing := statsColumn{head: "failing in a row", short: "failing", worth: needed}
	for _, p := range of {
		failing.figures = append(failing.figures, s.failing(p))
	}
	return []statsColumn{
		class("2xx", 8, plain, 1, 2), class("3xx", 4, warn, 3), class("4xx", 6, bad, 4), class("5xx", 8, bad, 5), class("none", 7, bad, 0),
		latency("p50", 3, 50), latency("p95", 5, 95), latency("max", 2, 100), failing,
	}
}

// failing is how many events in a row were not answered 2xx, and how many may before the
// provider switches the endpoint off.
func (s *statsPage) failing(p *tally.Provider) figure {
	n, limit := p.Failing(), p.Threshold()
	text := display.Thousands(int64(n))
	if limit > 0 {
		text = fmt.Sprintf("%s/%d", text, limit)
	}
	switch {
	case alarming(p):
		return figure{bad, text + " " + s.arrow + " disabled", text + " " + s.arrow + " off"}
	case n == 0 && limit == 0:
		return nothing()
	case n == 0:
		return figure{role: faint, text: text}
	}
	return figure{role: plain, text: text}
}

// rateColumns stand beside sparklines that have a table of their own.
func (s *statsPage) rateColumns(of []*tally.Provider) []statsColumn {
	return []statsColumn{
		number(of, "last min", "min", 8, plain, func(p *tally.Provider) int64 {
			return sum(p.Recent.Seconds(s.o.now, tally.RecentSteps))
		}),
		number(of, "last hour", "hour", needed, plain, func(p *tally.Provider) int64 {
			return sum(p.Recent.Minutes(s.o.now, tally.RecentSteps))
		}),
	}
}

// narrowestSpark is how wide a sparkline is at least; a shorter one says nothing.
const narrowestSpark = 16

// withSparks draws a table with a sparkline at the right of each provider, as far as
// there is room for one and anything to be seen.
func (s *statsPage) withSparks(f *fitted) lines {
	page := f.draw(s.more)
	width := min(s.width-f.width()-2, tally.RecentSteps)
	if s.quiet() || width < 1 {
		return page
	}
	unit := "min"
	if s.perSecond {
		unit = "s"
	}
	head := display.Shorten(fmt.Sprintf("last %d %s", width, unit), width, s.more)
	page[0] = append(page[0], blank(2), right(faint, head, width, s.more))
	for i, name := range f.names {
		counts := s.recent(name, width)
		page[i+1] = append(page[i+1], blank(2), span{accent, sparkline(counts, width, &s.signs)})
	}
	return page
}

// recent are the newest counts of a provider.
func (s *statsPage) recent(name string, n int) []int {
	for _, p := range s.providers {
		if p.Name != name {
			continue
		}
		if s.perSecond {
			return p.Recent.Seconds(s.o.now, n)
		}
		return p.Recent.Minutes(s.o.now, n)
	}
	return nil
}

// legend says what signs mean that stand in place of heads.
func (s *statsPage) legend(columns []statsColumn) lines {
	page := lines{nil}
	for _, c := range columns {
		if c.short == "" {
			continue
		}
		last := &page[len(page)-1]
		if last.width()+2+display.Width(c.head) > s.width {
			page = append(page, nil)
			last = &page[len(page)-1]
		}
		if len(*last) > 0 {
			*last = append(*last, blank(2))
		}
		*last = append(*last, span{faint, c.head})
	}
	return page
}
