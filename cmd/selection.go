package cmd

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"whk/listener"
	"whk/listener/store"
	"whk/verify/provider"
)

// selection says which events of a store are meant. The zero value is all of them.
type selection struct {
	// refs are events and ranges: 42, 3..7, last, last:ploomes.
	refs []string
	// provider and event are globs, since leaves out what is older.
	provider, event string
	since           time.Time
	// limit is how many of the newest that fit are meant, 0 for all.
	limit int
	// keep, when it is given, has the last word on each event.
	keep func(*listener.Event) bool
}

// numbers is a run of numbers, both included.
type numbers struct{ first, last int64 }

// selectWindow is how many numbers are looked at together when names are looked for.
const selectWindow = 4096

// events yields the events of a selection with their bodies, the oldest first, as the
// store was when it began. What cannot be read is left out, and a *store.Damage that
// names it is yielded at the end. Memory does not grow with the number of events.
func (s *selection) events(ctx context.Context, log *store.Store) iter.Seq2[*listener.Event, error] {
	return func(yield func(*listener.Event, error) bool) {
		spans, err := s.spans(ctx, log)
		if err != nil {
			yield(nil, err)
			return
		}
		w := &walk{selection: s, log: log, yield: yield}
		for _, sp := range spans {
			if more, err := w.span(ctx, sp); err != nil {
				yield(nil, err)
				return
			} else if !more {
				return
			}
		}
		if w.damage != nil {
			yield(nil, w.damage)
		}
	}
}

// spans are the numbers that can be meant, in order and without overlaps.
func (s *selection) spans(ctx context.Context, log *store.Store) ([]numbers, error) {
	newest, err := log.Last(ctx)
	if err != nil {
		return nil, err
	}
	spans := []numbers{{1, newest}}
	if len(s.refs) > 0 {
		spans = nil
		for _, ref := range s.refs {
			sp, err := s.span(ctx, log, ref, newest)
			if err != nil {
				return nil, err
			}
			spans = append(spans, sp)
		}
		spans = merged(spans)
	}
	if s.limit > 0 {
		lowest, err := s.lowest(ctx, log, spans)
		if err != nil {
			return nil, err
		}
		spans = above(spans, lowest)
	}
	if !s.since.IsZero() && s.limit == 0 {
		first, err := log.FirstSince(ctx, s.since)
		if err != nil {
			return nil, err
		}
		spans = above(spans, first)
	}
	return spans, nil
}

// span reads one reference.
func (s *selection) span(ctx context.Context, log *store.Store, ref string, newest int64) (numbers, error) {
	from, to, isRange := strings.Cut(ref, "..")
	if !isRange {
		e, err := log.Find(ctx, ref)
		if err != nil {
			return numbers{}, hint(fail(codeUsage, err), "whk events list shows what there is; a range is written 3..7")
		}
		return numbers{e.N, e.N}, nil
	}
	sp := numbers{1, newest}
	for _, end := range []struct {
		text string
		to   *int64
	}{{from, &sp.first}, {to, &sp.last}} {
		if end.text == "" || strings.EqualFold(end.text, "last") && end.to == &sp.last {
			continue
		}
		n, err := strconv.ParseInt(end.text, 10, 64)
		if err != nil || n < 1 {
			return sp, hint(usagef("%s: a range goes from one number to another", ref), "as in 3..7, 3.. or ..7")
		}
		*end.to = n
	}
	if sp.first > sp.last && from != "" && to != "" {
		return sp, usagef("%s: this range is empty, since it goes from the lower number to the higher", ref)
	}
	sp.last = min(sp.last, newest)
	return sp, nil
}

// merged sorts spans and joins those that overlap.
func merged(spans []numbers) []numbers {
	slices.SortFunc(spans, func(a, b numbers) int { return cmp.Compare(a.first, b.first) })
	var out []numbers
	for _, sp := range spans {
		if n := len(out); n > 0 && sp.first <= out[n-1].last+1 {
			out[n-1].last = max(out[n-1].last, sp.last)
		} else {
			out = append(out, sp)
		}
	}
	return out
}

// above cuts off what lies below a number.
func above(spans []numbers, lowest int64) []numbers {
	var out []numbers
	for _, sp := range spans {
		if sp.first = max(sp.first, lowest); sp.first <= sp.last {
			out = append(out, sp)
		}
	}
	return out
}

// lowest is the number of the event that is the last of the limit, counted from the
// newest back.
func (s *selection) lowest(ctx context.Context, log *store.Store, spans []numbers) (int64, error) {
	left := s.limit
	for _, sp := range slices.Backward(spans) {
		before := sp.last + 1
		for {
			heads, err := s.heads(ctx, log, numbers{sp.first, before - 1}, selectWindow/4)
			damage, damaged := damageOf(err)
			if err != nil && !damaged {
				return 0, err
			}
			for _, e := range heads {
				before = e.N
				if !s.fits(e) {
					continue
				}
				if left--; left == 0 {
					return e.N, nil
				}
			}
			if damaged {
				before = min(before, damage.Numbers[0])
			} else if len(heads) == 0 {
				break
			}
			if before <= sp.first {
				break
			}
		}
	}
	return 0, nil
}

// heads lists the newest events of a span that the globs pick. They have bodies only
// where something has to look at them.
func (s *selection) heads(ctx context.Context, log *store.Store, sp numbers, limit int) ([]*listener.Event, error) {
	if sp.first > sp.last {
		return nil, nil
	}
	return log.List(ctx, store.Query{Provider: s.provider, Name: s.event, Since: s.since, After: sp.first - 1, Before: sp.last + 1, Limit: limit, Bodies: s.keep != nil})
}

// fits reports whether an event is meant, whatever its number.
func (s *selection) fits(e *listener.Event) bool {
	return (s.provider == "" || provider.Match(s.provider, e.Provider)) && (s.event == "" || provider.Match(s.event, e.Name())) &&
		!e.At.Before(s.since) && (s.keep == nil || s.keep(e))
}

// walk is one pass over a selection.
type walk struct {
	*selection
	log    *store.Store
	yield  func(*listener.Event, error) bool
	damage *store.Damage
}

// span yields the events of a span and reports whether to go on.
func (w *walk) span(ctx context.Context, sp numbers) (more bool, err error) {
	if w.provider == "" && w.event == "" {
		return w.everything(ctx, sp)
	}
	for first := sp.first; first <= sp.last; first += selectWindow {
		if more, err := w.named(ctx, numbers{first, min(first+selectWindow-1, sp.last)}); err != nil || !more {
			return more, err
		}
	}
	return true, nil
}

// everything reads a span from its beginning to its end.
func (w *walk) everything(ctx context.Context, sp numbers) (more bool, err error) {
	for at := sp.first - 1; at < sp.last; {
		events, err := w.log.Since(ctx, at, int(min(sp.last-at, 512)))
		damage, damaged := damageOf(err)
		if err != nil && !damaged {
			return false, err
		}
		if len(events) == 0 && !damaged {
			return true, nil
		}
		for _, e := range events {
			at = e.N
			if e.N > sp.last {
				break
			}
			if w.fits(e) && !w.yield(e, nil) {
				return false, nil
			}
		}
		if damaged {
			w.note(damage, sp)
			at = max(at, damage.Numbers[len(damage.Numbers)-1])
		}
	}
	return true, nil
}

// named looks for names in a few numbers, and reads what it finds.
func (w *walk) named(ctx context.Context, sp numbers) (more bool, err error) {
	var found []int64
	for before := sp.last + 1; before > sp.first; {
		heads, err := w.log.List(ctx, store.Query{Provider: w.provider, Name: w.event, Since: w.since, After: sp.first - 1, Before: before, Limit: selectWindow})
		damage, damaged := damageOf(err)
		if err != nil && !damaged {
			return false, err
		}
		if len(heads) == 0 && !damaged {
			break
		}
		for _, e := range heads {
			found = append(found, e.N)
			before = min(before, e.N)
		}
		if damaged {
			w.note(damage, sp)
			before = min(before, damage.Numbers[0])
		}
	}
	for _, n := range slices.Backward(found) {
		e, err := w.log.Event(ctx, n)
		damage, damaged := damageOf(err)
		switch {
		case errors.Is(err, store.ErrNotFound): // deleted since it was listed
		case damaged:
			w.note(damage, sp)
		case err != nil:
			return false, err
		case w.fits(e) && !w.yield(e, nil):
			return false, nil
		}
	}
	return true, nil
}

// damageOf is what an error says about events that cannot be read, while others can.
func damageOf(err error) (*store.Damage, bool) {
	damage, ok := errors.AsType[*store.Damage](err)
	return damage, ok && len(damage.Numbers) > 0
}

// note remembers what could not be read.
func (w *walk) note(d *store.Damage, sp numbers) {
	if w.damage == nil {
		w.damage = &store.Damage{Path: d.Path, Cause: d.Cause}
	}
	for _, n := range d.Numbers {
		if n >= sp.first && n <= sp.last && !slices.Contains(w.damage.Numbers, n) {
			w.damage.Numbers = append(w.damage.Numbers, n)
		}
	}
	slices.Sort(w.damage.Numbers)
}
