package cmd

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"

	"whk/listener/filter"
	"whk/listener/store"
)

// selection says which events of a store are meant.
type selection struct {
	// refs are events and ranges: 42, 3..7, last, last:ploomes; none means all.
	refs   []string
	filter *filter.Filter
	// limit is how many of the newest that fit are meant, 0 for all.
	limit int
}

// numbers is a run of numbers, both included.
type numbers struct{ first, last int64 }

// selected yields the events of a selection with their bodies, the oldest first, as the
// store was when it began. What cannot be read is left out, and a *store.Damage that
// names it is yielded at the end. Memory does not grow with the number of events.
func (a *app) selected(ctx context.Context, log *store.Store, s *selection) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		spans, err := a.spans(ctx, log, s)
		if err != nil {
			yield(found{}, err)
			return
		}
		var damage *store.Damage
		for _, sp := range spans {
			o := store.SearchOptions{After: sp.first - 1, Before: sp.last + 1, OldestFirst: true, Bodies: true}
			for e, err := range a.find(ctx, log, s.filter, o) {
				if d, ok := damaged(err); ok {
					damage = joinDamage(damage, d)
				} else if !yield(e, err) || err != nil {
					return
				}
			}
		}
		if damage != nil {
			yield(found{}, damage)
		}
	}
}

func joinDamage(a, b *store.Damage) *store.Damage {
	if a == nil {
		return b
	}
	return &store.Damage{Path: a.Path, Cause: a.Cause, Numbers: append(slices.Clone(a.Numbers), b.Numbers...)}
}

// spans are the numbers that can be meant, in order and without overlaps.
func (a *app) spans(ctx context.Context, log *store.Store, s *selection) ([]numbers, error) {
	spans, err := refSpans(ctx, log, s.refs)
	if err != nil || s.limit == 0 {
		return spans, err
	}
	left := s.limit
	for i, sp := range slices.Backward(spans) {
		o := store.SearchOptions{After: sp.first - 1, Before: sp.last + 1, Limit: left}
		for e, err := range a.find(ctx, log, s.filter, o) {
			if _, ok := damaged(err); ok {
				continue // it is reported when the bodies are read
			}
			if err != nil {
				return nil, err
			}
			if left--; left == 0 {
				spans[i].first = e.N
				return spans[i:], nil
			}
		}
	}
	return spans, nil
}

// refSpans reads references.
func refSpans(ctx context.Context, log *store.Store, refs []string) ([]numbers, error) {
	newest, err := log.Last(ctx)
	if err != nil {
		return nil, err
	}
	if len(refs) == 0 {
		return []numbers{{1, newest}}, nil
	}
	var spans []numbers
	for _, ref := range refs {
		sp, err := refSpan(ctx, log, ref, newest)
		if err != nil {
			return nil, err
		}
		spans = append(spans, sp)
	}
	return merged(spans), nil
}

// refSpan reads one reference.
func refSpan(ctx context.Context, log *store.Store, ref string, newest int64) (numbers, error) {
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
