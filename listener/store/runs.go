package store

import (
	"container/heap"

	"zombiezen.com/go/sqlite"

	"whk/listener"
)

// nameRun is the run of one name, of which the next few numbers are at hand.
type nameRun struct {
	id      int64
	name    nameKey
	numbers []int64
}

// runsOf finds the names that somebody picks.
func runsOf(c *sqlite.Conn, pick func(provider, name string) bool) ([]*nameRun, error) {
	stmt, err := c.Prepare("SELECT id, provider, entity, action FROM names")
	if err != nil {
		return nil, err
	}
	defer stmt.Reset()
	var runs []*nameRun
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return runs, err
		}
		k := nameKey{stmt.ColumnText(1), stmt.ColumnText(2), stmt.ColumnText(3)}
		if pick(k.provider, k.event()) {
			runs = append(runs, &nameRun{id: stmt.ColumnInt64(0), name: k})
		}
	}
}

// event is the name without its provider.
func (k nameKey) event() string {
	e := listener.Event{Entity: k.entity, Action: k.action}
	return e.Name()
}

// fill reads numbers of the name between two others, from one end of them on.
func (r *nameRun) fill(c *sqlite.Conn, first, last int64, limit int, oldest bool) error {
	query := "SELECT n FROM events INDEXED BY events_name WHERE name = ? AND n BETWEEN ? AND ? ORDER BY n DESC LIMIT ?"
	if oldest {
		query = "SELECT n FROM events INDEXED BY events_name WHERE name = ? AND n BETWEEN ? AND ? ORDER BY n LIMIT ?"
	}
	stmt, err := c.Prepare(query)
	if err != nil {
		return err
	}
	defer stmt.Reset()
	stmt.BindInt64(1, r.id)
	stmt.BindInt64(2, first)
	stmt.BindInt64(3, last)
	stmt.BindInt64(4, int64(limit))
	r.numbers = r.numbers[:0]
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return err
		}
		r.numbers = append(r.numbers, stmt.ColumnInt64(0))
	}
}

// merge walks along the numbers of several names, newest or oldest first.
type merge struct {
	heap        runHeap
	first, last int64 // what is still to be walked, both included
	fetch       int   // how many numbers of a name are read at once
}

func newMerge(c *sqlite.Conn, runs []*nameRun, first, last int64, fetch int, oldest bool) (*merge, error) {
	m := &merge{first: first, last: last, fetch: fetch, heap: runHeap{oldest: oldest}}
	for _, r := range runs {
		// One number is enough to know whose turn it is.
		if err := r.fill(c, first, last, 1, oldest); err != nil {
			return nil, err
		}
		if len(r.numbers) > 0 {
			m.heap.runs = append(m.heap.runs, r)
		}
	}
	heap.Init(&m.heap)
	return m, nil
}

// next is the next number and its name, 0 at the end.
func (m *merge) next(c *sqlite.Conn) (n int64, name nameKey, err error) {
	if len(m.heap.runs) == 0 {
		return 0, nameKey{}, nil
	}
	r := m.heap.runs[0]
	n = r.numbers[0]
	if m.heap.oldest {
		m.first = n + 1
	} else {
		m.last = n - 1
	}
	if r.numbers = r.numbers[1:]; len(r.numbers) == 0 {
		if err := r.fill(c, m.first, m.last, m.fetch, m.heap.oldest); err != nil {
			return 0, nameKey{}, err
		}
	}
	if len(r.numbers) == 0 {
		heap.Pop(&m.heap)
	} else {
		heap.Fix(&m.heap, 0)
	}
	return n, r.name, nil
}

// runHeap has the run whose turn it is on top.
type runHeap struct {
	runs   []*nameRun
	oldest bool
}

func (h *runHeap) Len() int      { return len(h.runs) }
func (h *runHeap) Swap(i, j int) { h.runs[i], h.runs[j] = h.runs[j], h.runs[i] }
func (h *runHeap) Push(x any)    { h.runs = append(h.runs, x.(*nameRun)) }

func (h *runHeap) Less(i, j int) bool {
	return h.runs[i].numbers[0] < h.runs[j].numbers[0] == h.oldest
}

func (h *runHeap) Pop() any {
	last := len(h.runs) - 1
	r := h.runs[last]
	h.runs = h.runs[:last]
	return r
}
