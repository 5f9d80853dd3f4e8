package cmd

import (
	"context"

	"whk/listener"
	"whk/listener/filter"
	"whk/listener/store"
	counting "whk/listener/tally"
	"whk/verify"
)

// countAtOnce is how many events are counted together, so that what was answered to them
// is read in one go.
const countAtOnce = 256

// count counts the events that fit.
func (a *app) count(ctx context.Context, log *store.Store, c *counting.Counts, picked *filter.Filter) (damage *store.Damage, err error) {
	report, stop := a.scanProgress()
	defer stop()
	var heads []*listener.Event
	flush := func() error {
		d, err := addAnswers(ctx, log, c, heads)
		if d != nil {
			damage = d
		}
		heads = heads[:0]
		return err
	}
	for e, err := range a.find(ctx, log, picked, store.SearchOptions{OldestFirst: true, Bodies: true, Progress: report}) {
		if d, ok := damaged(err); ok {
			damage = d
			continue
		}
		if err != nil {
			return nil, err
		}
		c.Add(e.Event)
		e.Delivery = nil // it has been counted, and its body would stay in memory
		if heads = append(heads, e.Event); len(heads) == countAtOnce {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	return damage, flush()
}

// addAnswers counts what was answered to events that were counted, oldest first.
func addAnswers(ctx context.Context, log *store.Store, c *counting.Counts, events []*listener.Event) (*store.Damage, error) {
	var damage *store.Damage
	for len(events) > 0 {
		together := events[:1]
		if first, last := events[0].N, events[len(events)-1].N; last-first < 4*int64(len(events)) {
			together = events // they lie close to each other
		}
		events = events[len(together):]
		next := 0
		err := log.Answers(ctx, together[0].N, together[len(together)-1].N, func(n int64, r *verify.Result) {
			for next < len(together)-1 && together[next].N < n {
				next++
			}
			if together[next].N == n { // another one does not fit
				c.Answer(together[next], r)
			}
		})
		if d, ok := damaged(err); ok {
			damage = d
		} else if err != nil {
			return nil, err
		}
	}
	return damage, nil
}
