package cmd

import (
	"fmt"
	"strings"
	"time"
)

// rates counts events by their time, in so few steps that memory does not grow: where
// there would be too many, the steps get longer.
type rates struct {
	unit   int // of rateUnits
	counts map[int64]int
	offset int64 // of the zone, in seconds, so that days begin at midnight
}

// rateUnit is the length of a step, of which the ones before are parts.
type rateUnit struct {
	seconds int64
	name    string
}

func rateUnits() []rateUnit {
	return []rateUnit{{60, "minute"}, {300, "5 minutes"}, {900, "15 minutes"}, {3600, "hour"}, {6 * 3600, "6 hours"}, {24 * 3600, "day"},
		{7 * 24 * 3600, "7 days"}, {28 * 24 * 3600, "28 days"}, {364 * 24 * 3600, "364 days"}, {3640 * 24 * 3600, "3,640 days"}, {36400 * 24 * 3600, "36,400 days"}}
}

// mostSteps is how many steps are kept while events are counted.
const mostSteps = 1000

func newRates(zone *time.Location, now time.Time) *rates {
	_, offset := now.In(zone).Zone()
	return &rates{counts: map[int64]int{}, offset: int64(offset)}
}

func (r *rates) add(at time.Time) {
	r.counts[floorDiv(at.Unix()+r.offset, rateUnits()[r.unit].seconds)]++
	if len(r.counts) > mostSteps {
		r.coarsen()
	}
}

// coarsen makes the steps longer by one unit.
func (r *rates) coarsen() {
	units := rateUnits()
	if r.unit+1 == len(units) {
		return
	}
	times := units[r.unit+1].seconds / units[r.unit].seconds
	r.unit++
	coarse := make(map[int64]int, len(r.counts))
	for step, n := range r.counts {
		coarse[floorDiv(step, times)] += n
	}
	r.counts = coarse
}

// steps are the counts from the first step to the last, at most so many of them.
func (r *rates) steps(most int) (unit rateUnit, from time.Time, counts []int) {
	if len(r.counts) == 0 {
		return rateUnits()[r.unit], time.Time{}, nil
	}
	for {
		first, last := r.span()
		if last-first < int64(most) || r.unit+1 == len(rateUnits()) {
			unit = rateUnits()[r.unit]
			counts = make([]int, min(last-first+1, int64(most)))
			for step, n := range r.counts {
				if i := step - first; i < int64(len(counts)) {
					counts[i] = n
				}
			}
			return unit, time.Unix(first*unit.seconds-r.offset, 0), counts
		}
		r.coarsen()
	}
}

func (r *rates) span() (first, last int64) {
	begun := false
	for step := range r.counts {
		if !begun {
			first, last, begun = step, step, true
		}
		first, last = min(first, step), max(last, step)
	}
	return first, last
}

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}

// chartRows is how high a chart is.
const chartRows = 4

// chart draws counts as columns of blocks, the highest over all rows. What is not zero
// is never invisible.
func chart(counts []int, ascii bool) []string {
	most := 0
	for _, n := range counts {
		most = max(most, n)
	}
	if most == 0 {
		return nil
	}
	blocks := []rune(" ▁▂▃▄▅▆▇█")
	if ascii {
		blocks = []rune(" ...::::#")
	}
	lines := make([]string, chartRows)
	for row := range lines {
		below := (chartRows - 1 - row) * 8
		var b strings.Builder
		for _, n := range counts {
			height := n * chartRows * 8 / most
			if n > 0 {
				height = max(height, 1)
			}
			b.WriteRune(blocks[min(max(height-below, 0), 8)])
		}
		lines[row] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

// peak finds the busiest stretch of a length. Events come nearly in the order of their
// times, so only the newest stretches are kept open; one that comes far too late begins
// its stretch anew.
type peak struct {
	length time.Duration
	most   int
	at     time.Time
	open   [8]struct {
		stretch int64
		n       int
	}
}

func (p *peak) add(at time.Time, n int) {
	stretch := floorDiv(at.Unix(), int64(p.length/time.Second))
	slot := &p.open[uint64(stretch)%uint64(len(p.open))]
	if slot.stretch != stretch {
		slot.stretch, slot.n = stretch, 0
	}
	slot.n += n
	if slot.n > p.most {
		p.most, p.at = slot.n, time.Unix(stretch*int64(p.length/time.Second), 0)
	}
}

// perUnit writes a limit as people do: "10/s", "360 in 10 min", "50,000 a day".
func perUnit(calls int, per time.Duration) string {
	switch per {
	case time.Second:
		return thousands(int64(calls)) + "/s"
	case time.Minute:
		return thousands(int64(calls)) + " a minute"
	case time.Hour:
		return thousands(int64(calls)) + " an hour"
	case 24 * time.Hour:
		return thousands(int64(calls)) + " a day"
	}
	return fmt.Sprintf("%s in %s", thousands(int64(calls)), stretchName(per))
}

// stretchName writes a length of time without its zeros: "10 min", "2 h", "1h30m".
func stretchName(d time.Duration) string {
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Minute && d < time.Hour && d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < time.Minute:
		return took(d)
	}
	return strings.TrimSuffix(d.Round(time.Second).String(), "0s")
}
