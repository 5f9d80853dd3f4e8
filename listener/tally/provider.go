package tally

import (
	"slices"
	"time"

	"whk/listener"
	"whk/verify"
	"whk/verify/provider"
)

// Provider is what was counted for one provider.
type Provider struct {
	Name string
	// Definition is nil when the name belongs to no provider that is known.
	Definition *provider.Provider
	Events     int64
	Verdicts   map[verify.Status]int64
	// Duplicates, Late and Replayed count events with these marks.
	Duplicates, Late, Replayed int64
	// Answers is what the app answered.
	Answers
	// Recent is how many events came lately.
	Recent Recent
	// Calls is nil when calls are not counted, or the provider's API has no budget.
	Calls *Calls

	index    int32
	accepted int64   // the newest event that was answered 2xx
	failed   []int64 // events behind it that were not, the last of them
	failing  int
}

// failedKept is how many events that failed are known by their numbers: as many as may
// fail while the answer to an earlier one is still under way.
const failedKept = 1024

func (p *Provider) add(e *listener.Event) {
	p.Events++
	p.Verdicts[e.Verdict.Status]++
	if e.SameAs != 0 {
		p.Duplicates++
	}
	if e.OvertakenBy != 0 {
		p.Late++
	}
	p.Recent.Add(e.At)
	if p.Calls != nil && e.Delivery != nil {
		facts, _ := p.Definition.Facts(e.Delivery) // what cannot be read costs no call
		p.Calls.add(e.At, len(facts.Refs))
	}
}

// told takes what the provider was answered to an event. Answers come in any order.
func (p *Provider) told(n int64, status int) {
	switch {
	case n <= p.accepted:
	case status >= 200 && status < 300:
		p.accepted = n
		p.failed = slices.DeleteFunc(p.failed, func(failed int64) bool { return failed < n })
		p.failing = len(p.failed)
	default:
		p.failing++
		if len(p.failed) == failedKept {
			p.failed = slices.Delete(p.failed, 0, 1)
		}
		p.failed = append(p.failed, n)
	}
}

// Failing is how many events in a row, up to the newest that was answered, were not
// answered 2xx.
func (p *Provider) Failing() int { return p.failing }

// Threshold is after how many failures in a row the provider switches the endpoint off,
// 0 when that is not known.
func (p *Provider) Threshold() int {
	if p.Definition == nil || p.Definition.Manners.Disable == nil {
		return 0
	}
	return p.Definition.Manners.Disable.AfterConsecutiveFailures
}

// Calls is what it would have cost to call a provider's API once for each reference that
// its events carry.
type Calls struct {
	Total int64
	// Minute is the busiest minute; Longer are the busiest stretches of the budgets that
	// are for longer than that, in their order.
	Minute *Peak
	Longer []*Peak
}

func newCalls(budgets []provider.Budget) *Calls {
	c := &Calls{Minute: &Peak{length: time.Minute}}
	limited := false
	for _, b := range budgets {
		limited = limited || b.Calls > 0 && b.Per > 0
		if b.Per > time.Minute {
			c.Longer = append(c.Longer, &Peak{length: b.Per})
		}
	}
	if !limited {
		return nil
	}
	return c
}

func (c *Calls) add(at time.Time, calls int) {
	c.Total += int64(calls)
	c.Minute.add(at, calls)
	for _, p := range c.Longer {
		p.add(at, calls)
	}
}

// Peak finds the busiest stretch of a length. Events come nearly in the order of their
// times, so only the newest stretches are kept open; one that comes far too late begins
// its stretch anew.
type Peak struct {
	// Most is how much the busiest stretch has, which began At.
	Most int
	At   time.Time

	length time.Duration
	open   [8]struct {
		stretch int64
		n       int
	}
}

func (p *Peak) add(at time.Time, n int) {
	stretch := floorDiv(at.Unix(), int64(p.length/time.Second))
	slot := &p.open[uint64(stretch)%uint64(len(p.open))]
	if slot.stretch != stretch {
		slot.stretch, slot.n = stretch, 0
	}
	slot.n += n
	if slot.n > p.Most {
		p.Most, p.At = slot.n, time.Unix(stretch*int64(p.length/time.Second), 0)
	}
}
