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

	mu      sync.Mutex
	same    map[uint64]moment // by content: when it last came
	newest  map[uint64]moment // by thing: when something last happened to it
	ring    []place           // what is in same, oldest first from next on
	next    int
	waiting map[uint64]chan struct{} // closed once the number of a first event is known
}

type place struct {
	key uint64
	n   int64
}

// moment is when something happened, in nanoseconds since 1970, and the event that tells
// of it. An event that is on its way to the log has no number yet. There are many, so
// they hold no pointer that the collector would have to follow.
type moment struct {
	at int64
	n  int64
}

func newMarks() *marks {
	return &marks{seed: maphash.MakeSeed(), same: map[uint64]moment{}, newest: map[uint64]moment{}, waiting: map[uint64]chan struct{}{}}
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
	seen, known := m.same[key]
	for known && seen.n == 0 { // the first is being stored: wait for its number
		done := m.waiting[key]
		if done == nil {
			done = make(chan struct{})
			m.waiting[key] = done
		}
		m.mu.Unlock()
		<-done
		m.mu.Lock()
		seen, known = m.same[key]
	}
	if known {
		e.SameAs, e.Gap = seen.n, time.Duration(max(0, e.At.UnixNano()-seen.at))
	} else {
		m.same[key] = moment{at: e.At.UnixNano()}
	}
	for _, thing := range things {
		if last, ok := m.newest[thing]; ok && last.at > at.UnixNano() {
			e.OvertakenBy = last.n
		}
	}
	m.mu.Unlock()
	return func() { m.keep(e, key, things, at) }
}

// keep remembers an event, or forgets it when it got no number.
func (m *marks) keep(e *Event, key uint64, things []uint64, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch seen := m.same[key]; {
	case e.N > seen.n:
		m.same[key] = moment{e.At.UnixNano(), e.N}
	case seen.n == 0:
		delete(m.same, key)
	}
	if done := m.waiting[key]; done != nil {
		close(done)
		delete(m.waiting, key)
	}
	if e.N == 0 {
		return
	}
	if len(m.ring) < marked {
		m.ring = append(m.ring, place{key, e.N})
	} else {
		old := m.ring[m.next]
		if m.same[old.key].n == old.n {
			delete(m.same, old.key)
		}
		m.ring[m.next] = place{key, e.N}
		m.next = (m.next + 1) % marked
	}
	for _, thing := range things {
		if last, ok := m.newest[thing]; !ok || last.at <= at.UnixNano() {
			if len(m.newest) >= marked {
				clear(m.newest) // rare, and only costs marks
			}
			m.newest[thing] = moment{at.UnixNano(), e.N}
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
	m.mu.Unlock()
	if !known {
		m.keep(e, key, things, at)
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
