// Package tally counts what came and what became of it: for the command that reads a
// whole log, and for the screen that counts along while events come.
//
// Its laws:
//
//   - Memory does not grow with what is counted. What a sender can make up any number of,
//     such as names of events, is counted apart up to a bound, and together behind it.
//   - An event is added once, and each attempt to deliver it is added once, behind it, in
//     whatever order attempts end. Events may come in any order, too, so that the past can
//     be counted while new ones come. Nothing is read, asked or waited for.
//   - Counts belong to one goroutine at a time. No clock is read: who asks for a rate says
//     what time it is.
//
// Counting along:
//
//	c := tally.New(time.Now(), tally.Options{Definition: providerOf})
//	c.Add(event)
//	c.Answer(event, &result)
//	for _, p := range c.Providers() { ... }
package tally

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"whk/listener"
	"whk/verify"
	"whk/verify/provider"
)

// Options says what is counted.
type Options struct {
	// Definition finds a provider by its name; it is asked once for each name and returns
	// nil where there is none. A nil Definition knows nobody.
	Definition func(name string) *provider.Provider
	// Calls counts what it would cost to call the providers' APIs. The bodies of events
	// are parsed for that, so they must be there, and it takes as long as that takes.
	Calls bool
}

// Counts is what was counted.
type Counts struct {
	// Events is how many came; From and To are the times of the first and of the last.
	Events   int64
	From, To time.Time
	// All is what was answered, over all providers.
	All Answers
	// Recent is how many came lately.
	Recent Recent

	options   Options
	providers map[string]*Provider
	list      []*Provider // by index
	names     map[string]int64
	others    int64
	rates     *rates

	places   []place             // of the newest events, by number
	answered [answeredKept]int64 // by number: events whose sender knows its answer
	replayed map[int64]struct{}
}

// place is what has to be known of an event to count an answer to it.
type place struct {
	n        int64
	provider int32 // of Counts.list
	status   int32
}

// The bounds: how many names are counted apart, how many of the newest events are known by
// their numbers, for how many it is known that the sender has its answer, and how many
// are known as replayed.
const (
	mostNames    = 10_000
	placesKept   = 1 << 16
	answeredKept = 1024
	mostReplayed = 1 << 16
)

// New returns counts of nothing. Days begin at midnight in now's zone.
func New(now time.Time, o Options) *Counts {
	return &Counts{
		options: o, providers: map[string]*Provider{}, names: map[string]int64{},
		rates: newRates(now), replayed: map[int64]struct{}{}, places: make([]place, placesKept),
	}
}

// Add counts an event. What was answered to it follows by Answer, but for an answer of
// whk's own, which the event holds.
func (c *Counts) Add(e *listener.Event) {
	c.Events++
	if c.From.IsZero() || e.At.Before(c.From) {
		c.From = e.At
	}
	if e.At.After(c.To) {
		c.To = e.At
	}
	c.rates.add(e.At)
	c.Recent.Add(e.At)
	if full := e.FullName(); c.names[full] > 0 || len(c.names) < mostNames {
		c.names[full]++
	} else {
		c.others++
	}
	p := c.of(e.Provider)
	p.add(e)
	if known := &c.places[uint64(e.N)%placesKept]; e.N >= known.n {
		*known = place{e.N, p.index, int32(e.Status)}
	}
	if e.Status != 0 {
		p.told(e.N, e.Status)
	}
}

// Answer counts an attempt to deliver an event. Of the event it reads the number, the
// provider and the status as they were received. What a shadow answered does not count.
func (c *Counts) Answer(e *listener.Event, r *verify.Result) {
	c.answer(c.of(e.Provider), e.N, e.Status, r)
}

// AnswerTo counts an attempt to deliver an event that is known by its number only. It
// reports false, and does not count, when the event is not among the newest that were
// added.
func (c *Counts) AnswerTo(n int64, r *verify.Result) bool {
	known := c.places[uint64(n)%placesKept]
	if known.n != n || n == 0 {
		return false
	}
	c.answer(c.list[known.provider], n, int(known.status), r)
	return true
}

func (c *Counts) answer(p *Provider, n int64, status int, r *verify.Result) {
	if r.Shadow {
		return
	}
	p.Answers.add(r)
	c.All.add(r)
	if r.Replay {
		c.replay(p, n)
		return
	}
	if last := &c.answered[uint64(n)%answeredKept]; status == 0 && *last != n {
		*last = n // further attempts are none of the sender's
		p.told(n, answerOf(r))
	}
}

// replay counts the events that were replayed, each once.
func (c *Counts) replay(p *Provider, n int64) {
	if _, known := c.replayed[n]; known {
		return
	}
	if len(c.replayed) >= mostReplayed {
		clear(c.replayed) // rare, and only costs a second count of the same
	}
	c.replayed[n] = struct{}{}
	p.Replayed++
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

// of is the count of a provider.
func (c *Counts) of(name string) *Provider {
	if p := c.providers[name]; p != nil {
		return p
	}
	p := &Provider{Name: strings.Clone(name), Verdicts: map[verify.Status]int64{}}
	if c.options.Definition != nil {
		p.Definition = c.options.Definition(name)
	}
	if d := p.Definition; c.options.Calls && d != nil && d.API != "" {
		p.Calls = newCalls(d.Manners.Budget)
	}
	p.index = int32(len(c.list))
	c.list = append(c.list, p)
	c.providers[p.Name] = p
	return p
}

// Providers are the counts by provider, the most frequent first. They are what is
// counted on, not copies.
func (c *Counts) Providers() []*Provider {
	all := slices.Clone(c.list)
	slices.SortFunc(all, func(a, b *Provider) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), strings.Compare(a.Name, b.Name))
	})
	return all
}

// Name is how often an event came, by its full name.
type Name struct {
	Name   string
	Events int64
}

// Frequent are the events that came most often, at most so many of them. Names is how
// many were counted apart, Others how many events came under further names.
func (c *Counts) Frequent(most int) (frequent []Name, names int, others int64) {
	order := func(a, b Name) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), strings.Compare(a.Name, b.Name))
	}
	for name, n := range c.names {
		one := Name{name, n}
		if len(frequent) == most { // there are many names, and few are asked for
			if most == 0 || order(one, frequent[most-1]) > 0 {
				continue
			}
			frequent = frequent[:most-1]
		}
		at, _ := slices.BinarySearchFunc(frequent, one, order)
		frequent = slices.Insert(frequent, at, one)
	}
	return frequent, len(c.names), c.others
}

// Rate is how many events came over time, in at most so many steps.
func (c *Counts) Rate(most int) Rate { return c.rates.steps(most) }
