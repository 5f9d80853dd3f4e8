package cmd

import (
	"cmp"
	"context"
	"slices"
	"time"

	"whk/listener/filter"
	"whk/listener/store"
)

// pruneRule says which events go: those that fit the filter and are older than before,
// of them all but the newest keep, or the oldest until the rest takes maxSize.
type pruneRule struct {
	filter  *filter.Filter // nil for every event
	before  time.Time      // zero for any age
	keep    int64          // negative for no such limit
	maxSize int64          // 0 for no such limit
}

// prunePlan is what goes.
type prunePlan struct {
	spans          []store.Span
	count, bytes   int64
	oldest, newest time.Time
	total          int64 // events in the store
	usage          store.Usage
	// queued events fit, but wait to be forwarded to target.
	queued int64
	target string
}

// extentsAtOnce is how many events are measured in one transaction.
const extentsAtOnce = 4096

// planPrune finds out what goes. It reads no bodies unless the filter does, and keeps
// the numbers alone.
func (a *app) planPrune(ctx context.Context, log *store.Store, rule *pruneRule, queued bool) (*prunePlan, error) {
	plan := &prunePlan{}
	var err error
	if plan.usage, err = log.Usage(ctx); err != nil {
		return nil, err
	}
	chosen, err := a.candidates(ctx, log, rule)
	if err != nil {
		return nil, err
	}
	s := &survey{plan: plan, rule: rule, chosen: chosen}
	if err := s.measure(ctx, log); err != nil {
		return nil, err
	}
	slowest, err := s.slowest(ctx, log, queued)
	if err != nil {
		return nil, err
	}
	most := s.most()
	return plan, s.walk(ctx, log, func(x store.Extent) bool {
		if plan.count+plan.queued == most || rule.maxSize > 0 && s.excess <= 0 {
			return false
		}
		s.excess -= s.scaled(x.Bytes)
		if x.N > slowest {
			plan.queued++
		} else {
			plan.take(x)
		}
		return true
	})
}

// candidates are the numbers that a filter picks, nil when there is none.
func (a *app) candidates(ctx context.Context, log *store.Store, rule *pruneRule) (*[]store.Span, error) {
	if rule.filter == nil {
		return nil, nil
	}
	spans := &[]store.Span{}
	report, stop := a.scanProgress()
	defer stop()
	for e, err := range a.find(ctx, log, rule.filter, store.SearchOptions{OldestFirst: true, Progress: report}) {
		if d, ok := damaged(err); ok {
			return nil, damageError(d) // whether it fits cannot be told
		}
		if err != nil {
			return nil, err
		}
		*spans = extended(*spans, e.N)
	}
	return spans, nil
}

// extended adds the next higher number to spans.
func extended(spans []store.Span, n int64) []store.Span {
	if last := len(spans) - 1; last >= 0 && spans[last].Last == n-1 {
		spans[last].Last = n
		return spans
	}
	return append(spans, store.Span{First: n, Last: n})
}

func (p *prunePlan) take(x store.Extent) {
	if p.count == 0 || x.At.Before(p.oldest) {
		p.oldest = x.At
	}
	if p.count == 0 || x.At.After(p.newest) {
		p.newest = x.At
	}
	p.count++
	p.bytes += x.Bytes
	p.spans = extended(p.spans, x.N)
}

// survey walks over what is stored.
type survey struct {
	plan   *prunePlan
	rule   *pruneRule
	chosen *[]store.Span

	last     int64 // the newest number that may go
	fitting  int64 // events that fit the filter and the age
	measured int64 // bytes of all events
	excess   int64 // bytes that are too many
}

// measure counts everything once.
func (s *survey) measure(ctx context.Context, log *store.Store) error {
	var err error
	if s.last, err = log.Last(ctx); err != nil {
		return err
	}
	pick := s.picker()
	for after := int64(0); ; {
		extents, err := log.Extents(ctx, after, extentsAtOnce)
		if err != nil || len(extents) == 0 {
			s.excess = s.plan.usage.File - s.plan.usage.Free - s.rule.maxSize
			return err
		}
		for _, x := range extents {
			after = x.N
			s.plan.total++
			s.measured += x.Bytes
			if pick(x) {
				s.fitting++
			}
		}
	}
}

// scaled is what an event takes in the file, with its share of what the file takes
// besides its events.
func (s *survey) scaled(bytes int64) int64 {
	used := s.plan.usage.File - s.plan.usage.Free
	return int64(float64(bytes) * float64(used) / float64(max(s.measured, 1)))
}

// slowest is the number behind which events wait to be forwarded.
func (s *survey) slowest(ctx context.Context, log *store.Store, queued bool) (int64, error) {
	queues, err := log.Queues(ctx)
	if err != nil || queued || len(queues) == 0 {
		return s.last, err
	}
	q := slices.MinFunc(queues, func(a, b store.Queue) int { return cmp.Compare(a.N, b.N) })
	s.plan.target = q.Target
	return q.N, nil
}

// most is how many events may go at most.
func (s *survey) most() int64 {
	if s.rule.keep < 0 {
		return s.fitting
	}
	return max(s.fitting-s.rule.keep, 0)
}

// picker reports, for events in ascending order, whether they fit.
func (s *survey) picker() func(store.Extent) bool {
	var left []store.Span
	if s.chosen != nil {
		left = *s.chosen
	}
	return func(x store.Extent) bool {
		if !s.rule.before.IsZero() && !x.At.Before(s.rule.before) {
			return false
		}
		if s.chosen == nil {
			return true
		}
		for len(left) > 0 && left[0].Last < x.N {
			left = left[1:]
		}
		return len(left) > 0 && left[0].First <= x.N
	}
}

// walk visits what fits and may go, oldest first, until it is told to stop.
func (s *survey) walk(ctx context.Context, log *store.Store, visit func(store.Extent) bool) error {
	pick := s.picker()
	for after := int64(0); after < s.last; {
		extents, err := log.Extents(ctx, after, extentsAtOnce)
		if err != nil || len(extents) == 0 {
			return err
		}
		for _, x := range extents {
			after = x.N
			if x.N > s.last {
				return nil
			}
			if pick(x) && !visit(x) {
				return nil
			}
		}
	}
	return nil
}
