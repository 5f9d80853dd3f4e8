package tally

import (
	"time"
)

// Unit is the length of a step of a Rate.
type Unit struct {
	Seconds int64
	Name    string // "minute", "15 minutes"
}

// units are the lengths a step may have; each is made of steps of the one before.
func units() []Unit {
	return []Unit{{60, "minute"}, {300, "5 minutes"}, {900, "15 minutes"}, {3600, "hour"}, {6 * 3600, "6 hours"}, {24 * 3600, "day"},
		{7 * 24 * 3600, "7 days"}, {28 * 24 * 3600, "28 days"}, {364 * 24 * 3600, "364 days"}, {3640 * 24 * 3600, "3,640 days"}, {36400 * 24 * 3600, "36,400 days"}}
}

// Rate is how many events came in each step of time, from the step of the first event
// to that of the last.
type Rate struct {
	Unit   Unit
	From   time.Time // zero when there were none
	Counts []int
}

// mostSteps is how many steps are kept while events are counted.
const mostSteps = 1000

// rates counts events by their time, in so few steps that memory does not grow: where
// there would be too many, the steps get longer.
type rates struct {
	units  []Unit // the first is the length of a step, the others what it may grow to
	counts map[int64]int
	offset int64 // of the zone, in seconds, so that days begin at midnight
}

func newRates(now time.Time) *rates {
	_, offset := now.Zone()
	return &rates{units: units(), counts: map[int64]int{}, offset: int64(offset)}
}

func (r *rates) add(at time.Time) {
	r.counts[floorDiv(at.Unix()+r.offset, r.units[0].Seconds)]++
	for len(r.counts) > mostSteps && len(r.units) > 1 {
		*r = r.coarser()
	}
}

// coarser are the rates in steps that are longer by one unit.
func (r *rates) coarser() rates {
	times := r.units[1].Seconds / r.units[0].Seconds
	coarse := make(map[int64]int, len(r.counts)/2)
	for step, n := range r.counts {
		coarse[floorDiv(step, times)] += n
	}
	return rates{r.units[1:], coarse, r.offset}
}

// steps are the counts from the first step to the last, at most so many of them.
func (r *rates) steps(most int) Rate {
	if len(r.counts) == 0 {
		return Rate{Unit: r.units[0]}
	}
	first, last := r.span()
	if last-first >= int64(most) && len(r.units) > 1 {
		coarser := r.coarser()
		return coarser.steps(most)
	}
	rate := Rate{Unit: r.units[0], From: time.Unix(first*r.units[0].Seconds-r.offset, 0), Counts: make([]int, min(last-first+1, int64(most)))}
	for step, n := range r.counts {
		if i := step - first; i < int64(len(rate.Counts)) {
			rate.Counts[i] = n
		}
	}
	return rate
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
