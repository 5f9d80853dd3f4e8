package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"whk/listener/filter"
	"whk/verify"
	"whk/verify/provider"
)

// fakeLog is a log in memory.
type fakeLog struct {
	entries []Entry // in the order of their numbers
	pages   int     // how often Page was asked
	damage  error   // comes beside every page
}

func (l *fakeLog) add(entries ...Entry) { l.entries = append(l.entries, entries...) }

// answer adds a result to an event.
func (l *fakeLog) answer(n int64, r verify.Result) {
	for i := range l.entries {
		if l.entries[i].N == n {
			l.entries[i].Results = append(slices.Clone(l.entries[i].Results), r)
		}
	}
}

// remove deletes an event.
func (l *fakeLog) remove(n int64) {
	l.entries = slices.DeleteFunc(l.entries, func(e Entry) bool { return e.N == n })
}

func (l *fakeLog) Page(ctx context.Context, q Query) ([]Entry, error) {
	l.pages++
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if q.Filter == nil {
		return nil, errors.New("asked without a filter")
	}
	var page []Entry
	take := func(e Entry) bool {
		if q.After != 0 && e.N <= q.After || q.Before != 0 && e.N >= q.Before || !fits(e, q) {
			return true
		}
		page = append(page, withoutBodies(e))
		return len(page) < q.Limit
	}
	first, _ := slices.BinarySearchFunc(l.entries, q.After, func(e Entry, n int64) int { return int(e.N - n) })
	last := len(l.entries)
	if q.Before != 0 {
		last, _ = slices.BinarySearchFunc(l.entries, q.Before, func(e Entry, n int64) int { return int(e.N - n) })
	}
	held := l.entries[min(first, last):last]
	if q.OldestFirst {
		for _, e := range held {
			if !take(e) {
				break
			}
		}
		return page, l.damage
	}
	for _, e := range slices.Backward(held) {
		if !take(e) {
			break
		}
	}
	return page, l.damage
}

// fits reports whether an entry is one that a query picks.
func fits(e Entry, q Query) bool {
	if !q.Filter.Match(filter.Subject{
		Event:   e.Event,
		Results: func() []verify.Result { return e.Results },
		Facts:   func() provider.Facts { return provider.Facts{} },
		Marked:  func(filter.Mark) bool { return false },
	}) {
		return false
	}
	if q.Text == "" {
		return true
	}
	in := e.FullName() + "\n" + string(e.Delivery.Body)
	for _, values := range e.Delivery.Header {
		in += "\n" + strings.Join(values, "\n")
	}
	return contains(in, q.Text)
}

func withoutBodies(e Entry) Entry {
	event, d := *e.Event, *e.Delivery
	d.Body, event.Delivery = nil, &d
	bare := Entry{Event: &event}
	for _, r := range e.Results {
		r.Header, r.Body = nil, nil
		bare.Results = append(bare.Results, r)
	}
	return bare
}

func (l *fakeLog) Entry(_ context.Context, n int64) (Entry, error) {
	i, ok := slices.BinarySearchFunc(l.entries, n, func(e Entry, n int64) int { return int(e.N - n) })
	if !ok {
		return Entry{}, fmt.Errorf("event %d: it is not stored", n)
	}
	return l.entries[i], nil
}

func (l *fakeLog) Last(context.Context) (int64, error) {
	if len(l.entries) == 0 {
		return 0, nil
	}
	return l.entries[len(l.entries)-1].N, nil
}
