package contract

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// The plot is as wide as the page, so its places across are percents; the words in it
// keep their size. Down it is pixels.
const (
	plotHeight = 140
	plotTop    = 40 // room for two rows of words
	plotBars   = 44
)

// plotLatencies draws how many answers took how long. The axis is logarithmic, since one
// slow answer must not squeeze all others into one bar.
func plotLatencies(m *markup, all []time.Duration) {
	sorted := slices.Sorted(slices.Values(all))
	low := math.Log10(math.Max(float64(sorted[0]), float64(10*time.Microsecond)))
	high := math.Log10(math.Max(float64(sorted[len(sorted)-1]), float64(20*time.Microsecond)))
	high = math.Max(high, low+0.3)
	place := func(d time.Duration) float64 {
		at := (math.Log10(math.Max(float64(d), float64(10*time.Microsecond))) - low) / (high - low)
		return math.Min(math.Max(at, 0), 1)
	}
	var bars [plotBars]int
	for _, d := range sorted {
		bars[min(int(place(d)*plotBars), plotBars-1)]++
	}
	p50, p95, last := percentile(sorted, 50), percentile(sorted, 95), sorted[len(sorted)-1]
	words := fmt.Sprintf("%s: p50 %s, p95 %s, slowest %s", plural(len(sorted), "answer"), brief(p50), brief(p95), brief(last))
	m.leaf("p", words, "class", "faint")
	m.open("svg", "class", "plot", "role", "img", "aria-label", words)
	const width = 100.0 / plotBars
	most := slices.Max(bars[:])
	for i, n := range bars {
		if n == 0 {
			continue
		}
		tall := math.Max(float64(n)/float64(most)*plotHeight, 2)
		m.leaf("rect", "", "class", "bar", "x", across((float64(i)+0.05)*width), "y", fmt.Sprintf("%.1f", plotTop+plotHeight-tall), "width", across(0.9*width), "height", fmt.Sprintf("%.1f", tall))
	}
	base := fmt.Sprint(plotTop + plotHeight)
	m.leaf("line", "", "class", "axis", "x1", "0", "x2", "100%", "y1", base, "y2", base)
	for i, mark := range []struct {
		name string
		at   time.Duration
	}{{"p50", p50}, {"p95", p95}} {
		x, row := place(mark.at)*100, 14+16*i
		m.leaf("line", "", "class", "mark", "x1", across(x), "x2", across(x), "y1", fmt.Sprint(row-10), "y2", base)
		anchor, beside := "start", "5"
		if x > 60 {
			anchor, beside = "end", "-5"
		}
		m.leaf("text", mark.name+" "+brief(mark.at), "x", across(x), "dx", beside, "y", fmt.Sprint(row), "text-anchor", anchor)
	}
	foot := fmt.Sprint(plotTop + plotHeight + 15)
	m.leaf("text", brief(sorted[0]), "x", "0", "y", foot)
	m.leaf("text", brief(last), "x", "100%", "y", foot, "text-anchor", "end")
	m.close()
}

func across(percent float64) string { return fmt.Sprintf("%.2f%%", percent) }

// brief is a duration with three digits that count.
func brief(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= 10*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(10 * time.Microsecond).String()
}
