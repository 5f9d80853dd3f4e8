package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"whk/listener/tally"

	"whk/verify/display"
)

// besideEachOther is from how many columns charts stand beside each other.
const besideEachOther = 110

// charts show the events of the last minute by second, and all of them over time.
func (s *statsPage) charts() lines {
	half := s.width
	if s.width >= besideEachOther {
		half = (s.width - 4) / 2
	}
	now, all := s.lastMinute(half), s.overTime(half)
	switch {
	case len(now) == 0 || len(all) == 0:
		return append(now, all...)
	case half < s.width:
		return beside(now, all, half+4)
	}
	return append(append(now, nil), all...)
}

func (s *statsPage) lastMinute(width int) lines {
	counts := s.c.Recent.Seconds(s.o.now, tally.RecentSteps)
	counts = counts[max(0, len(counts)-(width-axisWidth(highest(counts)))):]
	most := highest(counts)
	if most == 0 {
		return nil
	}
	return s.chart(columnChart{
		title:  fmt.Sprintf("events per second, %s at most", display.Thousands(int64(most))),
		counts: counts,
		labels: []string{fmt.Sprintf("%d s ago", len(counts)), fmt.Sprintf("%d s ago", len(counts)/2), "now"},
	}, width)
}

func (s *statsPage) overTime(width int) lines {
	room := width - axisWidth(int(min(s.c.Events, 1<<31-1)))
	rate := s.c.Rate(room)
	if len(rate.Counts) < 2 {
		return nil
	}
	layout := "15:04"
	switch {
	case rate.Unit.Seconds >= 24*3600:
		layout = time.DateOnly
	case s.c.To.Sub(s.c.From) > 20*time.Hour:
		layout = "01-02 15:04"
	}
	middle := rate.From.Add(s.c.To.Sub(rate.From) / 2)
	var labels []string
	for _, at := range []time.Time{rate.From, middle, s.c.To} {
		labels = append(labels, at.In(s.o.now.Location()).Format(layout))
	}
	return s.chart(columnChart{
		title:  fmt.Sprintf("events per %s, %s at most", rate.Unit.Name, display.Thousands(int64(highest(rate.Counts)))),
		counts: rate.Counts,
		labels: slices.Compact(labels),
	}, width)
}

// bottom shows how long answers took, and which events came most often.
func (s *statsPage) bottom() lines {
	half := s.width
	if s.width >= besideEachOther {
		half = (s.width - 4) / 2
	}
	latency, frequent := s.latency(half), s.frequent(half)
	switch {
	case len(latency) == 0:
		return frequent
	case half < s.width:
		return beside(latency, frequent, half+4)
	}
	return append(append(latency, nil), frequent...)
}

// latency is a histogram of how long the app took to answer.
func (s *statsPage) latency(width int) lines {
	counts, bounds := s.c.All.Latencies(), tally.LatencyBounds()
	first := slices.IndexFunc(counts, func(n int64) bool { return n > 0 })
	if first < 0 {
		return nil
	}
	last := len(counts) - 1
	for counts[last] == 0 {
		last--
	}
	marks := map[int]string{bucketOf(counts, 50): "p50"}
	slow := bucketOf(counts, 95)
	marks[slow] = strings.TrimSpace(marks[slow] + " p95")
	var rows []bar
	for i := first; i <= last; i++ {
		rows = append(rows, bar{bucketName(bounds, i), counts[i], marks[i]})
	}
	return s.barChart("answers by how long they took", rows, true, width)
}

// bucketOf is the bucket that holds a quantile.
func bucketOf(counts []int64, percent int64) int {
	var all, below int64
	for _, n := range counts {
		all += n
	}
	for i, n := range counts {
		if below += n; below*100 >= all*percent {
			return i
		}
	}
	return len(counts) - 1
}

// bucketName names a range of latencies.
func bucketName(bounds []time.Duration, i int) string {
	short := func(d time.Duration) string {
		if d < time.Second {
			return fmt.Sprintf("%d ms", d.Milliseconds())
		}
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	switch {
	case i == 0:
		return "below " + short(bounds[0])
	case i == len(bounds):
		return "from " + short(bounds[i-1])
	}
	from, behind := short(bounds[i-1]), short(bounds[i])
	if strings.HasSuffix(from, " ms") == strings.HasSuffix(behind, " ms") {
		from, _, _ = strings.Cut(from, " ")
	}
	return from + "-" + behind
}

// frequentShown is how many names are shown.
const frequentShown = 10

func (s *statsPage) frequent(width int) lines {
	names, distinct, others := s.c.Frequent(frequentShown)
	var rows []bar
	for _, n := range names {
		rows = append(rows, bar{label: n.Name, n: n.Events})
	}
	page := s.barChart("most frequent", rows, false, width)
	switch more := int64(distinct - len(names)); {
	case others > 0:
		page = append(page, say(faint, "and more than "+plural64(more, "other name")))
	case more > 0:
		page = append(page, say(faint, "and "+plural64(more, "other name")))
	}
	return page
}
