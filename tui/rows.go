package tui

import (
	"slices"
	"strconv"
	"time"
	"unique"

	"whk/verify"
)

// row is what the list shows of an event.
type row struct {
	n              int64
	at             time.Time
	provider, name string
	verdict        verify.Verdict
	size           int

	own      int            // what whk answered by itself, 0 for nothing
	outcome  verify.Outcome // of the last attempt, "" when there was none
	status   int
	took     time.Duration
	attempts int // all that are known, also to shadows
	replayed bool
	edited   bool
	cut      bool
	same     bool
	late     bool
}

// rowOf makes a row that shares no memory with the entry: its texts are pieces of all that
// was read of the event, which the many rows that are held would keep.
func rowOf(e Entry) row {
	v := verify.Verdict{Status: verify.Status(held(string(e.Verdict.Status))), Reason: verify.Reason(held(string(e.Verdict.Reason))), Development: e.Verdict.Development}
	r := row{
		n: e.N, at: e.At, provider: held(e.Provider), name: held(e.Name()), verdict: v, own: e.Status,
		cut: e.Cut != "", same: e.SameAs != 0, late: e.OvertakenBy != 0, attempts: len(e.Results),
	}
	r.size, _ = strconv.Atoi(e.Delivery.Header.Get("Content-Length")) // the body itself is not at hand
	for _, result := range e.Results {
		if result.Shadow {
			continue
		}
		r.outcome, r.status, r.took = verify.Outcome(held(string(result.Outcome))), result.Status, result.Took
		r.replayed = r.replayed || result.Replay
		r.edited = r.edited || result.Edited
	}
	return r
}

// held is a text of its own, the same one for equal texts.
func held(text string) string { return unique.Make(text).Value() }

// answer is what the last attempt came to, or whk's own answer.
func (r *row) answer() int {
	if r.outcome == verify.Answered {
		return r.status
	}
	if r.outcome == "" {
		return r.own
	}
	return 0
}

// The rows that are held, and how many are read in one go.
const (
	mostRows = 2000
	pageRows = 200
)

// window is the rows around the ones that are seen, in the order of their numbers.
type window struct {
	rows []row
	at   int // the row under the cursor
	top  int // the first row that is seen
	// oldest and newest say that there is nothing that fits before the first row, and
	// nothing behind the last.
	oldest, newest bool
	// still says that the rows stand in another order: none is added.
	still bool
	// upTo is the number up to which all that fits is held, when newest is set.
	upTo int64
}

// current is the row under the cursor.
func (w *window) current() (row, bool) {
	if w.at < 0 || w.at >= len(w.rows) {
		return row{}, false
	}
	return w.rows[w.at], true
}

// ends are the lowest and the highest number that are held, 0 for none.
func (w *window) ends() (first, last int64) {
	if len(w.rows) == 0 {
		return 0, 0
	}
	return w.rows[0].n, w.rows[len(w.rows)-1].n
}

// index is where the row of a number is, or would be.
func (w *window) index(n int64) (int, bool) {
	return slices.BinarySearchFunc(w.rows, n, func(r row, n int64) int {
		switch {
		case r.n < n:
			return -1
		case r.n > n:
			return 1
		}
		return 0
	})
}

// merge puts rows in their places, or in place of what is held of the same events. The
// cursor stays on its event, and the event in its place on the screen.
func (w *window) merge(rows []row) {
	if len(rows) == 0 {
		return
	}
	if w.still {
		w.replace(rows)
		return
	}
	before, held := w.current()
	for _, r := range rows {
		i, found := w.index(r.n)
		if found {
			w.rows[i] = r
			continue
		}
		w.rows = slices.Insert(w.rows, i, r)
		if held && r.n < before.n {
			w.at++
			w.top++
		}
	}
}

// replace puts rows in place of what is held of the same events.
func (w *window) replace(rows []row) {
	for _, r := range rows {
		if i := slices.IndexFunc(w.rows, func(x row) bool { return x.n == r.n }); i >= 0 {
			w.rows[i] = r
		}
	}
}

// find is the row of a number, when it is held.
func (w *window) find(n int64) (row, bool) {
	i, ok := w.index(n)
	if w.still {
		i = slices.IndexFunc(w.rows, func(r row) bool { return r.n == n })
		ok = i >= 0
	}
	if !ok {
		return row{}, false
	}
	return w.rows[i], true
}

// drop takes rows out that are gone from the log. The cursor stays on its event, or goes
// to the next one.
func (w *window) drop(gone map[int64]bool) {
	if len(gone) == 0 {
		return
	}
	kept, at, top := w.rows[:0], w.at, w.top
	for i, r := range w.rows {
		switch {
		case !gone[r.n]:
			kept = append(kept, r)
		case i < at:
			w.at--
		}
		if gone[r.n] && i < top {
			w.top--
		}
	}
	clear(w.rows[len(kept):])
	w.rows = kept
}

// forget drops rows that are far from the cursor, when there are too many.
func (w *window) forget() {
	over := len(w.rows) - mostRows
	if over <= 0 {
		return
	}
	if behind := len(w.rows) - 1 - w.at; behind > w.at { // the cursor is near the start
		over = min(over, behind)
		w.rows = slices.Delete(w.rows, len(w.rows)-over, len(w.rows))
		w.newest, w.upTo = false, 0
		return
	}
	over = min(over, w.at)
	w.rows = slices.Delete(w.rows, 0, over)
	w.at -= over
	w.top = max(w.top-over, 0)
	w.oldest = false
}

// move takes the cursor so many rows on.
func (w *window) move(by int) { w.at = min(max(w.at+by, 0), max(len(w.rows)-1, 0)) }

// show scrolls so little that the cursor is among height rows.
func (w *window) show(height int) {
	height = max(height, 1) // also of a list that is covered: what is seen is what is read again
	w.top = min(w.top, w.at)
	w.top = max(w.top, w.at-height+1)
	w.top = max(min(w.top, len(w.rows)-height), 0)
}

// visible are the rows that are seen.
func (w *window) visible(height int) []row {
	top := min(max(w.top, 0), len(w.rows))
	return w.rows[top:min(top+height, len(w.rows))]
}
