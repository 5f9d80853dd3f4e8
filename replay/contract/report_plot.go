package contract

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// The size of the plot, in the units of its view box.
const (
	plotWidth  = 880
	plotHeight = 150
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
	m.leaf("p", words, "class", "counts")
	m.open("svg", "viewBox", fmt.Sprintf("0 0 %d %d", plotWidth, plotTop+plotHeight+20), "role", "img", "aria-label", words)
	width := float64(plotWidth) / plotBars
	most := slices.Max(bars[:])
	for i, n := range bars {
		if n == 0 {
			continue
		}
		tall := math.Max(float64(n)/float64(most)*plotHeight, 2)
		m.leaf("rect", "", "class", "bar", "x", tenths(float64(i)*width+1), "y", tenths(plotTop+plotHeight-tall), "width", tenths(width-2), "height", tenths(tall))
	}
	base := fmt.Sprint(plotTop + plotHeight)
	m.leaf("line", "", "class", "axis", "x1", "0", "x2", fmt.Sprint(plotWidth), "y1", base, "y2", base)
	for i, mark := range []struct {
		name string
		at   time.Duration
	}{{"p50", p50}, {"p95", p95}} {
		x, row := place(mark.at)*plotWidth, 14+16*i
		m.leaf("line", "", "class", "mark", "x1", tenths(x), "x2", tenths(x), "y1", fmt.Sprint(row), "y2", base)
		anchor, at := "start", x+4
		if x > plotWidth-120 {
			anchor, at = "end", x-4
		}
		m.leaf("text", mark.name+" "+brief(mark.at), "x", tenths(at), "y", fmt.Sprint(row), "text-anchor", anchor)
	}
	foot := fmt.Sprint(plotTop + plotHeight + 15)
	m.leaf("text", brief(sorted[0]), "x", "0", "y", foot)
	m.leaf("text", brief(last), "x", fmt.Sprint(plotWidth), "y", foot, "text-anchor", "end")
	m.close()
}

func tenths(f float64) string { return fmt.Sprintf("%.1f", f) }

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
