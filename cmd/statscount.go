package cmd

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"whk/listener"
	"whk/listener/store"
	"whk/verify"
	"whk/verify/provider"
)

// counted gathers what whk events stats says, event by event, in constant memory.
type counted struct {
	events   int64
	from, to time.Time
	by       map[string]*providerCount
	names    map[string]int64
	others   int64 // events whose name came when there were too many
	rates    *rates
}

// mostNames bounds how many names are counted apart: a sender can make up any number.
const mostNames = 10_000

// providerCount is what is counted for one provider.
type providerCount struct {
	name       string
	definition *provider.Provider
	events     int64
	verdicts   map[verify.Status]int64
	duplicates int64
	late       int64
	replayed   int64
	// classes counts the app's answers by the hundreds of their status; 0 is no answer.
	classes [6]int64
	latency *hdrhistogram.Histogram // microseconds; nil while there is none
	failing int                     // how many events in a row the provider was not answered 2xx
	calls   *callCount              // nil when the provider's API has no budget
}

// callCount is what it would have cost to call a provider's API once for each
// reference that its events carry.
type callCount struct {
	total int64
	peaks []*peak // a minute, then the stretch of each budget that is longer
}

func newCounted(now time.Time) *counted {
	return &counted{by: map[string]*providerCount{}, names: map[string]int64{}, rates: newRates(now.Location(), now)}
}

// of is the count of a provider.
func (c *counted) of(name string, definition func(string) *provider.Provider) *providerCount {
	if p := c.by[name]; p != nil {
		return p
	}
	p := &providerCount{name: name, definition: definition(name), verdicts: map[verify.Status]int64{}}
	if d := p.definition; d != nil && d.API != "" {
		p.calls = newCallCount(d.Manners.Budget)
	}
	c.by[name] = p
	return p
}

func newCallCount(budgets []provider.Budget) *callCount {
	count := &callCount{peaks: []*peak{{length: time.Minute}}}
	limited := false
	for _, b := range budgets {
		limited = limited || b.Calls > 0 && b.Per > 0
		if b.Per > time.Minute {
			count.peaks = append(count.peaks, &peak{length: b.Per})
		}
	}
	if !limited {
		return nil
	}
	return count
}

// add counts one event, but for what was answered to it.
func (c *counted) add(e *listener.Event, definition func(string) *provider.Provider) {
	c.events++
	if c.from.IsZero() || e.At.Before(c.from) {
		c.from = e.At
	}
	if e.At.After(c.to) {
		c.to = e.At
	}
	c.rates.add(e.At)
	if full := e.FullName(); c.names[full] > 0 || len(c.names) < mostNames {
		c.names[full]++
	} else {
		c.others++
	}
	p := c.of(e.Provider, definition)
	p.events++
	p.verdicts[e.Verdict.Status]++
	if e.SameAs != 0 {
		p.duplicates++
	}
	if e.OvertakenBy != 0 {
		p.late++
	}
	if p.calls != nil {
		facts, _ := p.definition.Facts(e.Delivery) // what cannot be read costs no call
		p.calls.add(e.At, len(facts.Refs))
	}
}

func (c *callCount) add(at time.Time, calls int) {
	c.total += int64(calls)
	for _, p := range c.peaks {
		p.add(at, calls)
	}
}

// addAnswers counts what was answered to events that were counted, oldest first.
func (c *counted) addAnswers(ctx context.Context, log *store.Store, events []*listener.Event) (*store.Damage, error) {
	var damage *store.Damage
	for len(events) > 0 {
		together := events[:1]
		if first, last := events[0].N, events[len(events)-1].N; last-first < 4*int64(len(events)) {
			together = events // they lie close to each other
		}
		events = events[len(together):]
		told, again, next := make([]int, len(together)), make([]bool, len(together)), 0
		err := log.Answers(ctx, together[0].N, together[len(together)-1].N, func(n int64, r *verify.Result) {
			for next < len(together)-1 && together[next].N < n {
				next++
			}
			if together[next].N != n {
				return // it does not fit
			}
			c.by[together[next].Provider].answer(r)
			again[next] = again[next] || r.Replay
			if told[next] == 0 && !r.Replay && !r.Shadow {
				told[next] = answerOf(r)
			}
		})
		if d, ok := damaged(err); ok {
			damage = d
		} else if err != nil {
			return nil, err
		}
		for i, e := range together {
			c.by[e.Provider].told(cmp.Or(e.Status, told[i]), again[i])
		}
	}
	return damage, nil
}

// answer counts what the app answered to one attempt.
func (p *providerCount) answer(r *verify.Result) {
	if r.Shadow {
		return
	}
	if r.Outcome != verify.Answered {
		p.classes[0]++
	} else {
		p.classes[min(max(r.Status/100, 1), 5)]++
	}
	if r.Outcome == verify.Answered || r.Outcome == verify.TimedOut {
		p.took(r.Took)
	}
}

// told counts what the provider was answered to one event, 0 for nothing so far.
func (p *providerCount) told(status int, replayed bool) {
	if replayed {
		p.replayed++
	}
	switch {
	case status == 0:
	case status >= 200 && status < 300:
		p.failing = 0
	default:
		p.failing++
	}
}

// answerOf is the status that a provider gets for what became of a forward.
func answerOf(r *verify.Result) int {
	switch r.Outcome {
	case verify.Answered:
		return r.Status
	case verify.TimedOut:
		return 504
	}
	return 502
}

func (p *providerCount) took(d time.Duration) {
	const longest = time.Hour
	if p.latency == nil {
		p.latency = hdrhistogram.New(1, int64(longest/time.Microsecond), 2)
	}
	_ = p.latency.RecordValue(int64(min(max(d, time.Microsecond), longest) / time.Microsecond)) // it is in the range
}

// quantile is a latency that so many per cent of the answers did not exceed.
func (p *providerCount) quantile(percent float64) time.Duration {
	if p.latency == nil {
		return 0
	}
	return time.Duration(p.latency.ValueAtQuantile(percent)) * time.Microsecond
}

func (p *providerCount) attempts() int64 {
	var n int64
	for _, count := range p.classes {
		n += count
	}
	return n
}

// threshold is after how many failures in a row the provider switches the endpoint off,
// 0 when that is not known.
func (p *providerCount) threshold() int {
	if p.definition == nil || p.definition.Manners.Disable == nil {
		return 0
	}
	return p.definition.Manners.Disable.AfterConsecutiveFailures
}

// providers are the counts by provider, the most frequent first.
func (c *counted) providers() []*providerCount {
	var all []*providerCount
	for _, p := range c.by {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *providerCount) int {
		return cmp.Or(cmp.Compare(b.events, a.events), strings.Compare(a.name, b.name))
	})
	return all
}

// nameCount is how often an event came.
type nameCount struct {
	name string
	n    int64
}

// frequent are the names that came most often.
func (c *counted) frequent(most int) []nameCount {
	var all []nameCount
	for name, n := range c.names {
		all = append(all, nameCount{name, n})
	}
	slices.SortFunc(all, func(a, b nameCount) int {
		return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.name, b.name))
	})
	return all[:min(len(all), most)]
}
