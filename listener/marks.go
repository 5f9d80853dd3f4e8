package listener

import (
	"context"
	"hash/maphash"
	"sync"
	"time"
)

// marked is how many of the newest events are remembered, to tell one that came
// before and one that came too late.
const marked = 100_000

// marks knows the newest events by their content and by what they are about. It lives
// in memory alone: an index would halve the speed of the log as history grows.
type marks struct {
	seed maphash.Seed

	mu     sync.Mutex
	same   map[uint64]*sighting // by content
	newest map[uint64]moment    // by thing
	ring   []place              // what is in same, oldest first from next on
	next   int
}

type place struct {
	key uint64
	n   int64
}

// sighting is the newest event with some content. While the first one is on its way to
// the log it has no number; done is there when somebody waits for that.
type sighting struct {
	n    int64
	at   time.Time
	done chan struct{}
}

// moment is when something last happened to a thing, by event n.
type moment struct {
	at time.Time
	n  int64
}

func newMarks() *marks {
	return &marks{seed: maphash.MakeSeed(), same: map[uint64]*sighting{}, newest: map[uint64]moment{}}
}

// content is the fingerprint of an event: provider, name, method, query and body.
func (m *marks) content(e *Event) uint64 {
	var h maphash.Hash
	h.SetSeed(m.seed)
	for _, text := range [...]string{e.Provider, e.Entity, e.Action, e.Delivery.Method, e.Delivery.RawQuery()} {
		_, _ = h.WriteString(text)
		_ = h.WriteByte(0)
	}
	_, _ = h.Write(e.Delivery.Body)
	return h.Sum64()
}

// things are the keys of what an event is about.
func (m *marks) things(e *Event, ids []string) []uint64 {
	keys := make([]uint64, len(ids))
	for i, id := range ids {
		keys[i] = maphash.String(m.seed, e.Provider+"\x00"+e.Entity+"\x00"+id)
	}
	return keys
}

// judge marks an event that is about to be stored. Keep must be called afterwards.
func (m *marks) judge(e *Event, ids []string, at time.Time) (keep func()) {
	key := m.content(e)
	things := m.things(e, ids)
	m.mu.Lock()
	seen := m.same[key]
	for seen != nil && seen.n == 0 { // the first is being stored: wait for its number
		if seen.done == nil {
			seen.done = make(chan struct{})
		}
		done := seen.done
		m.mu.Unlock()
		<-done
		m.mu.Lock()
		seen = m.same[key]
	}
	if seen == nil {
		seen = &sighting{at: e.At}
		m.same[key] = seen
	} else {
		e.SameAs, e.Gap = seen.n, max(0, e.At.Sub(seen.at))
	}
	for _, thing := range things {
		if last, ok := m.newest[thing]; ok && last.at.After(at) {
			e.OvertakenBy = last.n
		}
	}
	m.mu.Unlock()
	return func() { m.keep(e, key, seen, things, at) }
}

// keep remembers an event, or forgets it when it got no number.
func (m *marks) keep(e *Event, key uint64, seen *sighting, things []uint64, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case e.N > seen.n:
		seen.n, seen.at = e.N, e.At
	case seen.n == 0:
		delete(m.same, key)
	}
	if seen.done != nil {
		close(seen.done)
		seen.done = nil
	}
	if e.N == 0 {
		return
	}
	if len(m.ring) < marked {
		m.ring = append(m.ring, place{key, e.N})
	} else {
		old := m.ring[m.next]
		if s := m.same[old.key]; s != nil && s.n == old.n {
			delete(m.same, old.key)
		}
		m.ring[m.next] = place{key, e.N}
		m.next = (m.next + 1) % marked
	}
	for _, thing := range things {
		if last, ok := m.newest[thing]; !ok || !last.at.After(at) {
			if len(m.newest) >= marked {
				clear(m.newest) // rare, and only costs marks
			}
			m.newest[thing] = moment{at, e.N}
		}
	}
}

// recall fills the marks with what the log holds, oldest first, behind the start: what
// arrives meanwhile is received as ever.
func (l *Listener) recall(ctx context.Context, last int64) {
	for at := max(0, last-marked); at < last; {
		events, damaged, err := since(ctx, l.Log, at, 256)
		if len(events)+len(damaged) == 0 {
			if err != nil && ctx.Err() == nil {
				l.Warn("look for duplicates in the history: " + err.Error())
			}
			return
		}
		for _, e := range events {
			at = max(at, e.N)
			if e.N <= last && e.Cut == "" {
				l.marks.remember(e, l.moment)
			}
		}
		if len(damaged) > 0 {
			at = max(at, damaged[len(damaged)-1])
		}
	}
}

// remember takes an event of the history, unless a newer one with its content is known.
func (m *marks) remember(e *Event, when func(*Event) ([]string, time.Time, bool)) {
	ids, at, _ := when(e)
	key, things := m.content(e), m.things(e, ids)
	m.mu.Lock()
	_, known := m.same[key]
	seen := &sighting{at: e.At}
	if !known {
		m.same[key] = seen
	}
	m.mu.Unlock()
	if !known {
		m.keep(e, key, seen, things, at)
	}
}

// moment asks when an event says that something happened, and to what; there are no ids
// when it does not say.
func (l *Listener) moment(e *Event) (ids []string, at time.Time, ok bool) {
	if l.Moment == nil {
		return nil, time.Time{}, false
	}
	if ids, at, ok = l.Moment(e); !ok {
		return nil, time.Time{}, false
	}
	return ids, at, true
}
