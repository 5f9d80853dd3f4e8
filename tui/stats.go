package tui

import (
	"fmt"
	"time"

	"whk/listener"
	"whk/listener/tally"
	"whk/verify"
	"whk/verify/display"
	"whk/verify/provider"
)

// statsOptions is what the statistics depend on beside the counts.
type statsOptions struct {
	// now is the time, in the zone that times are shown in.
	now time.Time
	// sampleKey sends a sample, "" when no key does.
	sampleKey string
}

// statistics is the page of what was counted: what came, what was answered, what is
// about to go wrong, how fast, and what came most often. It fits into any width.
func (t *theme) statistics(c *tally.Counts, o statsOptions, width int) lines {
	if c.Events == 0 {
		return t.noStatistics(o, width)
	}
	s := statsPage{theme: t, c: c, o: o, width: max(width, 20), providers: c.Providers()}
	s.perSecond = s.young()
	page := s.summary()
	for _, part := range []lines{s.tables(), s.notes(), s.charts(), s.bottom()} {
		if len(part) > 0 {
			page = append(append(page, nil), part...)
		}
	}
	return page
}

// noStatistics says what to do where nothing has come yet.
func (t *theme) noStatistics(o statsOptions, width int) lines {
	how := "Send a webhook to whk"
	if o.sampleKey != "" {
		how += ", or press " + o.sampleKey + " to send a sample"
	}
	page := lines{say(bold, "nothing to count yet"), nil}
	for _, text := range display.Wrap(how+". What comes, and what your app answers, is counted here.", width) {
		page = append(page, say(faint, text))
	}
	return page
}

// statsPage is the page while it is made.
type statsPage struct {
	*theme
	c         *tally.Counts
	o         statsOptions
	width     int
	providers []*tally.Provider
	perSecond bool // sparklines are by second
}

// young reports whether all that came lately came so lately that minutes say nothing.
func (s *statsPage) young() bool {
	return sum(s.c.Recent.Minutes(s.o.now, tally.RecentSteps)) <= sum(s.c.Recent.Seconds(s.o.now, tally.RecentSteps))
}

func sum(counts []int) int64 {
	var all int64
	for _, n := range counts {
		all += int64(n)
	}
	return all
}

// summary says in a line or two how much came, when, and how fast it was answered.
func (s *statsPage) summary() lines {
	pieces := []line{
		{{bold, plural64(s.c.Events, "event")}},
		{{faint, s.fromTo()}},
		{{faint, "last minute "}, {plain, display.Thousands(sum(s.c.Recent.Seconds(s.o.now, tally.RecentSteps)))}},
	}
	if all := &s.c.All; all.Timed() {
		pieces = append(pieces, line{{faint, "p50 "}, {plain, display.Took(all.Quantile(50))}, {faint, "  p95 "}, {plain, display.Took(all.Quantile(95))}})
	}
	page := lines{nil}
	for _, piece := range pieces {
		last := &page[len(page)-1]
		switch {
		case len(*last) == 0:
			*last = piece
		case last.width()+display.Width(s.dot)+piece.width() > s.width:
			page = append(page, piece)
		default:
			*last = append(append(*last, span{faint, s.dot}), piece...)
		}
	}
	return page
}

// fromTo says from when to when events came, with the days only where they differ.
func (s *statsPage) fromTo() string {
	from, to := s.c.From.In(s.o.now.Location()), s.c.To.In(s.o.now.Location())
	first, last := from.Format(time.DateTime), to.Format(time.DateTime)
	switch {
	case first == last:
		return first
	case from.Format(time.DateOnly) == to.Format(time.DateOnly):
		last = to.Format(time.TimeOnly)
	}
	return first + " to " + last
}

// notes say in words what the figures of a provider mean, the alarms first.
func (s *statsPage) notes() lines {
	var alarms, remarks lines
	for _, p := range s.providers {
		name := display.Shorten(display.Line(p.Name), widestName, s.more)
		if alarming(p) {
			alarms = append(alarms, s.note(bad, s.noSecret, name+" "+alarm(p))...)
		}
		switch d := p.Definition; {
		case p.Name == listener.UnknownName:
			remarks = append(remarks, s.note(faint, s.unchecked, name+": no provider was recognised, so nothing was checked")...)
		case d == nil:
			remarks = append(remarks, s.note(faint, s.unchecked, name+": there is no definition of this provider any more")...)
		case !d.Scheme.Keyed():
			text := "No check is documented, so nothing shows who sent these events."
			if len(d.Limits) > 0 {
				text = d.Limits[0]
			}
			remarks = append(remarks, s.note(faint, s.unsigned, name+": "+text)...)
		}
	}
	return append(alarms, remarks...)
}

// note is a text behind a sign, in as many lines as it takes.
func (s *statsPage) note(r role, sign, text string) lines {
	var page lines
	for i, part := range display.Wrap(text, s.width-2) {
		if i > 0 {
			sign = " "
		}
		page = append(page, line{{r, sign + " " + part}})
	}
	return page
}

// alarm says what failures in a row will lead to.
func alarm(p *tally.Provider) string {
	disable := p.Definition.Manners.Disable
	text := fmt.Sprintf("switches the endpoint off after %s in a row that are not answered 2xx (%s): ",
		plural64(int64(p.Threshold()), "event"), certainty(disable.Certainty.Weakest(p.Definition.Certainty)))
	if left := p.Threshold() - p.Failing(); left > 0 {
		return text + display.Thousands(int64(left)) + " more and it is off"
	}
	return text + "by now it may be off"
}

// alarming reports whether so many events failed in a row that the provider is about to
// switch the endpoint off.
func alarming(p *tally.Provider) bool {
	limit := p.Threshold()
	return limit > 0 && p.Failing()*10 >= limit*7
}

func certainty(c provider.Certainty) string {
	switch c {
	case provider.Documented:
		return "documented by the vendor"
	case provider.Seen:
		return "seen in consumer code"
	}
	return "guessed"
}

func plural64(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return display.Thousands(n) + " " + noun + "s"
}

// verdictColumns are the verdicts in the order of the columns, with their signs.
func (t *theme) verdictColumns() []struct {
	status verify.Status
	sign   string
	worth  int
} {
	return []struct {
		status verify.Status
		sign   string
		worth  int
	}{
		{verify.Valid, t.valid, 8}, {verify.Invalid, t.invalid, needed}, {verify.Missing, t.missing, 7},
		{verify.Unsigned, t.unsigned, 5}, {verify.Unchecked, t.unchecked, 6},
	}
}
