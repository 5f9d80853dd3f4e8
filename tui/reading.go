package tui

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"whk/listener/filter"
)

// reading is what a read of rows is for.
type reading int

const (
	readNew   reading = iota // the newest, in place of all that are held
	readFirst                // the oldest, in place of all that are held
	readOlder                // those before the first
	readNewer                // those behind the last
	readTail                 // the newest behind the last, even when some between are left out
	readSeen                 // those that are seen, since answers may have come to them
	readAt                   // those around a number, in place of all that are held
)

// rowsRead brings rows that were read.
type rowsRead struct {
	how   reading
	rows  []row // those that were asked for, and behind them those that are seen
	began time.Time
	// seen is how many rows were seen already.
	seen int
	// last was the newest number of all when the read began.
	last int64
	// full says that there may be more of what was asked for; newest, of a read around the
	// number at, that there is nothing more behind it.
	full, newest bool
	at           int64
	// of is the filter that was asked with, by the read: what comes of an earlier one is
	// dropped.
	of  *filter.Filter
	by  *scan
	err error
	// asked are the numbers of the rows that were seen and asked for again: those that do
	// not come are gone.
	asked []int64
}

// scan is how far a long read has got.
type scan struct {
	done, total atomic.Int64
	cancel      context.CancelFunc
}

func (s *scan) progress(done, total int64) {
	s.done.Store(done)
	s.total.Store(total)
}

// readNewest begins the list anew, at the newest events.
func (m *model) readNewest() tea.Cmd {
	if m.scan != nil {
		m.scan.cancel()
	}
	m.reading, m.list, m.order = false, window{}, order{}
	return m.readRows(readNew)
}

// readOldest begins the list anew, at the oldest events.
func (m *model) readOldest() tea.Cmd {
	if m.scan != nil {
		m.scan.cancel()
	}
	m.reading = false
	return m.readRows(readFirst)
}

// refresh reads what is new, after something was written, and what is seen.
func (m *model) refresh() tea.Cmd {
	m.stale = true
	return m.readOn()
}

// readOn reads what is new. Rows that are seen are read again only when something else
// than events has come since: at thousands of events a second that is most of the work.
func (m *model) readOn() tea.Cmd {
	switch w := &m.list; {
	case m.reading:
		m.again = true
		return nil
	case m.paused, !w.newest, w.still:
		return m.readRows(readSeen)
	case m.follows():
		return m.readRows(readTail)
	}
	return m.readRows(readNewer)
}

// readRows reads rows; there is one such read at a time.
func (m *model) readRows(how reading) tea.Cmd {
	if m.reading {
		return nil
	}
	ctx, cancel := context.WithCancel(m.ctx)
	s := &scan{cancel: cancel}
	m.reading, m.again, m.scan = true, false, s
	log, x := m.o.Log, rowsRead{how: how, of: m.filter, by: s, began: m.now}
	q := m.query(how)
	q.Progress = s.progress
	var seen []Query
	if how >= readNewer && m.stale {
		m.stale = false
		seen = m.seen()
		for _, r := range m.list.visible(m.height) {
			x.asked = append(x.asked, r.n)
		}
	}
	return func() tea.Msg {
		defer cancel()
		var err error
		if x.last, err = log.Last(ctx); err != nil {
			x.err = err
			return x
		}
		if how != readSeen {
			x.add(log.Page(ctx, q))
			x.full = len(x.rows) == q.Limit
		}
		wanted := len(x.rows)
		for _, q := range seen {
			x.add(log.Page(ctx, q))
		}
		x.seen = len(x.rows) - wanted
		return x
	}
}

// seen asks for the rows that are seen: in one go where they follow each other.
func (m *model) seen() []Query {
	rows := m.list.visible(m.height)
	if len(rows) == 0 {
		return nil
	}
	if !m.list.still {
		return []Query{{Filter: m.filter, After: rows[0].n - 1, Before: rows[len(rows)-1].n + 1, Limit: len(rows)}}
	}
	var each []Query
	for _, r := range rows {
		each = append(each, Query{Filter: m.filter, After: r.n - 1, Before: r.n + 1, Limit: 1})
	}
	return each
}

// lateAnswers is how many of the newest events are held against a filter again when
// something was written: whether they fit can depend on an answer that has come since.
const lateAnswers = 256

// tailRows is about how many of the newest events are read to follow them, and more where
// the screen is high. Of those that come between two frames no more can be seen.
const tailRows = 100

// query is what has to be asked for.
func (m *model) query(how reading) Query {
	q := Query{Filter: m.filter, Limit: pageRows}
	first, newest := m.list.ends()
	newest = max(newest, m.list.upTo)
	if how >= readNewer && m.filter.Needs().Results {
		newest = max(newest-lateAnswers, 0)
		q.Limit += lateAnswers // which may all be held already
	}
	switch how {
	case readFirst:
		q.OldestFirst = true
	case readOlder:
		q.Before = first
	case readNewer:
		q.After, q.OldestFirst = newest, true
	case readTail:
		q.After = newest
		q.Limit += max(tailRows, m.height+tailRows/2) - pageRows
	}
	return q
}

func (x *rowsRead) add(entries []Entry, err error) {
	for _, e := range entries {
		x.rows = append(x.rows, rowOf(e))
	}
	x.err = errors.Join(x.err, err)
}

// tookRows puts rows that were read into the list.
func (m *model) tookRows(x rowsRead) tea.Cmd {
	if x.by != m.scan {
		return nil
	}
	m.reading = false
	m.last = max(m.last, x.last)
	if x.how >= readNewer && x.how <= readSeen {
		m.readFor = m.now.Sub(x.began)
	}
	m.stale = m.stale || x.err != nil
	stopped := errors.Is(x.err, context.Canceled)
	switch {
	case stopped && x.how != readNew:
		return nil
	case stopped: // what was found until then is shown; scrolling on finds more
		x.full = true
		m.status = status{faint, "stopped; " + m.keys.key(actRefresh) + " begins again"}
	case x.err != nil:
		m.status = status{bad, unreadable(x.err)}
	}
	w := &m.list
	if x.err == nil {
		w.drop(x.gone())
	}
	before, _ := w.find(m.detail.shown)
	switch x.how {
	case readNew:
		*w = window{newest: true, oldest: !x.full, upTo: x.last}
		w.merge(x.rows)
		w.at = len(w.rows) - 1
	case readFirst:
		*w = window{newest: !x.full, oldest: true}
		if w.newest {
			w.upTo = x.last
		}
		w.merge(x.rows)
	case readOlder:
		w.merge(x.rows)
		w.oldest = !x.full
	case readNewer:
		w.merge(x.rows)
		if w.newest = !x.full; w.newest {
			w.upTo = x.last
		}
	case readTail:
		if x.full { // too many have come to hold them all: what lies between is read when it is scrolled to
			w.rows, w.at, w.top, w.oldest = nil, 0, 0, false
			x.rows = x.rows[:len(x.rows)-x.seen]
		}
		w.merge(x.rows)
		w.upTo = x.last
	case readAt:
		*w = window{newest: x.newest, oldest: !x.full}
		if w.newest {
			w.upTo = x.last
		}
		w.merge(x.rows)
		w.at, _ = w.index(x.at)
	case readSeen:
		w.merge(x.rows)
		w.newest = w.newest && x.last <= w.upTo
	}
	m.settle()
	if stopped {
		return m.want()
	}
	next := m.want()
	if after, ok := w.find(m.detail.shown); ok && next == nil && after != before { // an answer has come to it
		next = m.reread()
	}
	if m.again {
		return tea.Batch(next, m.readOn())
	}
	return tea.Batch(next, m.more())
}

// gone are the numbers of rows that were asked for and did not come.
func (x *rowsRead) gone() map[int64]bool {
	gone := make(map[int64]bool, len(x.asked))
	for _, n := range x.asked {
		gone[n] = true
	}
	for i := range x.rows {
		delete(gone, x.rows[i].n)
	}
	return gone
}

// follows reports whether the cursor goes to whatever comes: not while somebody reads.
func (m *model) follows() bool { return m.follow && !m.paused && m.focus == onList }

// settle keeps the cursor where it belongs after rows have come or gone.
func (m *model) settle() {
	if m.follows() {
		m.list.at = len(m.list.rows) - 1
	}
	m.list.forget()
	m.list.move(0)
	m.list.show(m.listHeight(m.arrange().list))
}

// more reads the rows that the cursor is about to reach.
func (m *model) more() tea.Cmd {
	const margin = 50
	switch w := &m.list; {
	case len(w.rows) == 0, w.still:
		return nil
	case w.at < margin && !w.oldest:
		return m.readRows(readOlder)
	case w.at > len(w.rows)-margin && !w.newest && !m.paused:
		return m.readRows(readNewer)
	}
	return nil
}

// unreadable says what is wrong with the log, in one line.
func unreadable(err error) string {
	if damage, ok := errors.AsType[interface {
		error
		Damaged() []int64
	}](err); ok {
		return fmt.Sprintf("%d events cannot be read, whk doctor --full says more: %v", len(damage.Damaged()), err)
	}
	return err.Error()
}

// readAround begins the list anew around an event.
func (m *model) readAround(n int64) tea.Cmd {
	if m.scan != nil {
		m.scan.cancel()
	}
	ctx, cancel := context.WithCancel(m.ctx)
	m.reading, m.again, m.scan = true, false, &scan{cancel: cancel}
	log, x := m.o.Log, rowsRead{how: readAt, of: m.filter, by: m.scan, at: n}
	return func() tea.Msg {
		defer cancel()
		var err error
		if x.last, err = log.Last(ctx); err != nil {
			x.err = err
			return x
		}
		x.add(log.Page(ctx, Query{Filter: x.of, Before: n + 1, Limit: pageRows}))
		x.full = len(x.rows) == pageRows
		behind := len(x.rows)
		x.add(log.Page(ctx, Query{Filter: x.of, After: n, Limit: pageRows, OldestFirst: true}))
		x.newest = len(x.rows)-behind < pageRows
		return x
	}
}
