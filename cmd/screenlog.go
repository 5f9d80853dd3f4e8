package cmd

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"whk/listener"
	"whk/listener/filter"
	"whk/listener/store"
	"whk/tui"
	"whk/verify"
)

// screenLog is the store as the screen asks for it.
type screenLog struct {
	app *app
	log *store.Store
}

// Page reads entries without bodies. A text is looked for in names and bodies first, and
// in headers where that found nothing nearer.
func (l screenLog) Page(ctx context.Context, q tui.Query) ([]tui.Entry, error) {
	if q.Text == "" {
		return l.page(ctx, q.Filter, q)
	}
	word, err := filter.Parse(q.Filter.String()+" "+quotedTerm(q.Text), time.Now())
	if err != nil {
		return nil, err
	}
	head, err := filter.Parse(q.Filter.String()+" header:*="+quotedTerm("*"+q.Text+"*"), time.Now())
	if err != nil {
		return nil, err
	}
	entries, err := l.page(ctx, word, q)
	if _, isDamage := damaged(err); err != nil && !isDamage {
		return entries, err
	}
	if len(entries) > 0 && q.OldestFirst {
		q.Before = entries[len(entries)-1].N
	} else if len(entries) > 0 {
		q.After = entries[len(entries)-1].N
	}
	nearer, err2 := l.page(ctx, head, q)
	if len(nearer) > 0 {
		entries = nearer
	}
	return entries, errors.Join(err, err2)
}

// page reads events, and then the attempts to deliver them: in one go where the events
// lie close to each other.
func (l screenLog) page(ctx context.Context, f *filter.Filter, q tui.Query) ([]tui.Entry, error) {
	entries, damage, err := l.events(ctx, f, q)
	if err != nil || len(entries) == 0 {
		return entries, errors.Join(err, damage)
	}
	at := make(map[int64]*tui.Entry, len(entries))
	for i := range entries {
		at[entries[i].N] = &entries[i]
	}
	numbers := slices.Sorted(maps.Keys(at))
	const near = 4
	for len(numbers) > 0 {
		first, last, count := numbers[0], numbers[len(numbers)-1], len(numbers)
		if last-first >= near*int64(count) {
			last, count = first, 1
		}
		numbers = numbers[count:]
		err := l.log.Answers(ctx, first, last, func(n int64, r *verify.Result) {
			if e := at[n]; e != nil {
				e.Results = append(e.Results, bare(r))
			}
		})
		if _, ok := damaged(err); err != nil && !ok {
			return entries, err
		}
	}
	return entries, damage
}

// bare is a result without what takes much memory. Its texts are pieces of the whole as
// it was read, so they are copied.
func bare(r *verify.Result) verify.Result {
	b := *r
	b.Header, b.Body = nil, nil
	b.Target, b.Error, b.Outcome = strings.Clone(r.Target), strings.Clone(r.Error), verify.Outcome(strings.Clone(string(r.Outcome)))
	return b
}

// events reads events without bodies; damage names those that cannot be read.
func (l screenLog) events(ctx context.Context, f *filter.Filter, q tui.Query) (entries []tui.Entry, damage, err error) {
	if f.Empty() && !q.OldestFirst { // which is how the list follows
		events, err := l.log.List(ctx, store.Query{Before: q.Before, After: q.After, Limit: q.Limit})
		if _, ok := damaged(err); ok {
			damage, err = err, nil
		}
		for _, e := range events {
			entries = append(entries, tui.Entry{Event: e})
		}
		return entries, damage, err
	}
	o := store.SearchOptions{Before: q.Before, After: q.After, Limit: q.Limit, OldestFirst: q.OldestFirst, Progress: q.Progress}
	for e, err := range l.app.find(ctx, l.log, f, o) {
		if _, ok := damaged(err); ok {
			damage = err
			continue
		}
		if err != nil {
			return entries, damage, err
		}
		entries = append(entries, tui.Entry{Event: e.Event})
	}
	return entries, damage, nil
}

// Entry reads one event with everything.
func (l screenLog) Entry(ctx context.Context, n int64) (tui.Entry, error) {
	e, err := l.log.Event(ctx, n)
	if err != nil {
		return tui.Entry{}, err
	}
	results, err := l.log.Results(ctx, n)
	return tui.Entry{Event: e, Results: results}, err
}

// Last is the highest number.
func (l screenLog) Last(ctx context.Context) (int64, error) { return l.log.Last(ctx) }

// feedSink tells the screen what comes.
type feedSink struct{ feed *tui.Feed }

func (s feedSink) ready(*receiver) error { return nil }
func (s feedSink) event(e *listener.Event) error {
	s.feed.Event(e)
	return nil
}
func (s feedSink) result(n int64, r verify.Result) error {
	s.feed.Result(n, r)
	return nil
}
func (s feedSink) idle() time.Duration { return 0 }
func (s feedSink) summary(tally) error { return nil }

// sayWriter shows what is written for people on the screen, line by line, while the
// terminal is not theirs.
type sayWriter struct {
	feed *tui.Feed
	mu   sync.Mutex
	rest []byte
}

func (w *sayWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		line, rest, ok := bytes.Cut(w.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		w.feed.Say(strings.TrimPrefix(string(line), "whk: "))
		w.rest = rest
	}
}
