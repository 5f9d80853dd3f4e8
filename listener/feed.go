package listener

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

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
	feedEvents  = 1024     // the newest events are kept for watchers,
	feedBody    = 16 << 10 // but for those with larger bodies,
	feedResults = 1024     // and so many results for each watcher

	// Events of one commit are told of by as many goroutines, in any order. So long a
	// watcher waits for one whose number is due before it looks for it in the log, where
	// another process may have written it.
	feedGrace = 10 * time.Millisecond
)

// feed passes what happens to any number of watchers and never waits for them. A
// watcher walks along the numbers of the events; where the newest have overtaken it,
// it reads from the log.
type feed struct {
	log Log

	mu       sync.Mutex
	recent   [feedEvents]told // by number
	newest   int64
	watchers []*Watcher
	closed   bool
}

// told is an event that was told of: none when its body is too large to be kept.
type told struct {
	n     int64
	event *Event
}

// event shows an event that is in the log.
func (f *feed) event(e *Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.newest = max(f.newest, e.N)
	if len(f.watchers) == 0 {
		return
	}
	now := told{n: e.N}
	if len(e.Delivery.Body) <= feedBody {
		now.event = e
	}
	if slot := &f.recent[e.N%feedEvents]; e.N > slot.n {
		*slot = now
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

// ErrNothing says that nothing has come for as long as a watcher was ready to wait.
var ErrNothing = errors.New("nothing has come")

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

// Next waits for the next notice, for as long as patience lasts: ErrNothing says that
// nothing has come; 0 is patience without an end. It returns io.EOF when the listener has
// stopped and everything was read, and the log's error when what was missed cannot be read.
func (w *Watcher) Next(ctx context.Context, patience time.Duration) (Notice, error) {
	var late, due <-chan time.Time // when patience ends, and grace
	for {
		notice, state := w.poll()
		switch state {
		case ready:
			return notice, nil
		case over:
			return Notice{}, io.EOF
		case missed:
			if err := w.readOn(ctx); err != nil {
				return Notice{}, err
			}
			continue
		case awaited:
			if due == nil {
				timer := time.NewTimer(feedGrace)
				defer timer.Stop()
				due = timer.C
			}
		}
		if patience > 0 && late == nil {
			timer := time.NewTimer(patience)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-w.changed:
		case <-due:
			due = nil
			if err := w.readOn(ctx); err != nil {
				return Notice{}, err
			}
		case <-late:
			return Notice{}, ErrNothing
		case <-ctx.Done():
			return Notice{}, ctx.Err()
		}
	}
}

// readOn reads from the log what comes next. What is not there any more is passed over.
func (w *Watcher) readOn(ctx context.Context) error {
	w.feed.mu.Lock()
	newest := w.feed.newest
	w.feed.mu.Unlock()
	events, damaged, err := since(ctx, w.feed.log, w.at, 256)
	switch {
	case err != nil && len(damaged) == 0:
		return fmt.Errorf("read events after %d: %w", w.at, err)
	case len(events) > 0:
		w.behind = events
	case len(damaged) > 0:
		w.at = damaged[len(damaged)-1]
	default:
		w.at = newest
	}
	return nil
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
	missed  // the next event is in the log alone
	awaited // later events have come before the next one
)

// poll takes the next notice if there is one.
func (w *Watcher) poll() (n Notice, s readiness) {
	f := w.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(w.results) > 0 && w.results[0].N <= w.at {
		n, w.results = w.results[0], w.results[1:]
		return n, ready
	}
	if len(w.behind) > 0 {
		n.Event, w.behind = w.behind[0], w.behind[1:]
		w.at = n.Event.N
		return n, ready
	}
	if w.at < f.newest {
		switch slot := f.recent[(w.at+1)%feedEvents]; {
		case slot.n < w.at+1 && !f.closed:
			return n, awaited
		case slot.n != w.at+1 || slot.event == nil:
			return n, missed
		default:
			w.at = slot.n
			return Notice{Event: slot.event}, ready
		}
	}
	if f.closed && len(w.results) == 0 {
		return n, over
	}
	return n, waiting
}
