package listener

import (
	"context"
	"fmt"
	"io"
	"sync"

	"whk/verify"
)

// Notice tells a watcher one thing: that an event came (Event is set), or what a
// target answered to event N (Result is set).
type Notice struct {
	Event  *Event
	N      int64
	Result *verify.Result
}

const (
	feedEvents  = 512      // the newest events are kept for watchers,
	feedBody    = 16 << 10 // but for those with larger bodies,
	feedResults = 1024     // and so many results for each watcher
)

// feed passes what happens to any number of watchers and never waits for them. A
// watcher walks along the numbers of the events; where the newest have overtaken it,
// it reads from the log.
type feed struct {
	log Log

	mu       sync.Mutex
	recent   [feedEvents]*Event // by number
	newest   int64
	watchers []*Watcher
	closed   bool
}

// event shows an event that is in the log.
func (f *feed) event(e *Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.newest = max(f.newest, e.N)
	if len(f.watchers) == 0 {
		return
	}
	if len(e.Delivery.Body) <= feedBody {
		f.recent[e.N%feedEvents] = e
	}
	f.wake()
}

// result shows what a target answered.
func (f *feed) result(n int64, r verify.Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.watchers {
		if len(w.results) == feedResults {
			w.results = append(w.results[:0], w.results[1:]...)
			w.dropped++
		}
		w.results = append(w.results, Notice{N: n, Result: &r})
	}
	f.wake()
}

// close lets watchers read what there is and then tells them that it was all.
func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.wake()
}

func (f *feed) wake() {
	for _, w := range f.watchers {
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
}

// Watch returns a Watcher of everything after event number after.
func (l *Listener) Watch(after int64) *Watcher {
	w := &Watcher{feed: &l.feed, at: after, changed: make(chan struct{}, 1)}
	l.feed.mu.Lock()
	defer l.feed.mu.Unlock()
	l.feed.newest = max(l.feed.newest, after)
	l.feed.watchers = append(l.feed.watchers, w)
	return w
}

// Watcher reads what happens, in the order of the log. It belongs to one goroutine.
type Watcher struct {
	feed    *feed
	changed chan struct{}
	at      int64    // the newest event that was read
	behind  []*Event // read from the log, not handed out yet

	results []Notice // guarded by feed.mu, like dropped
	dropped int
}

// Next waits for the next notice. It returns io.EOF when the listener has stopped and
// everything was read, and the log's error when what was missed cannot be read.
func (w *Watcher) Next(ctx context.Context) (Notice, error) {
	for {
		notice, missed, state := w.poll()
		switch {
		case state == ready:
			return notice, nil
		case state == over:
			return Notice{}, io.EOF
		case missed:
			events, damaged, err := since(ctx, w.feed.log, w.at, 256)
			if err != nil && len(damaged) == 0 {
				return Notice{}, fmt.Errorf("read events after %d: %w", w.at, err)
			}
			if len(events)+len(damaged) > 0 {
				w.behind = events
				if len(events) == 0 {
					w.at = damaged[len(damaged)-1]
				}
				continue
			}
		}
		select {
		case <-w.changed:
		case <-ctx.Done():
			return Notice{}, ctx.Err()
		}
	}
}

// Dropped is the number of results that came faster than they were read. They are in
// the log.
func (w *Watcher) Dropped() int {
	w.feed.mu.Lock()
	defer w.feed.mu.Unlock()
	return w.dropped
}

type readiness int

const (
	waiting readiness = iota
	ready
	over
)

// poll takes the next notice if there is one. Missed says that the next event is in
// the log alone.
func (w *Watcher) poll() (n Notice, missed bool, s readiness) {
	f := w.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(w.results) > 0 && w.results[0].N <= w.at {
		n, w.results = w.results[0], w.results[1:]
		return n, false, ready
	}
	if len(w.behind) > 0 {
		n.Event, w.behind = w.behind[0], w.behind[1:]
		w.at = n.Event.N
		return n, false, ready
	}
	if w.at < f.newest {
		e := f.recent[(w.at+1)%feedEvents]
		if e == nil || e.N != w.at+1 {
			return n, true, waiting
		}
		w.at = e.N
		return Notice{Event: e}, false, ready
	}
	if f.closed && len(w.results) == 0 {
		return n, false, over
	}
	return n, false, waiting
}
