package store

import (
	"bytes"
	"errors"
	"math"

	"zombiezen.com/go/sqlite"
)

// spanBits make the width of a span: the numbers that agree in all but their lowest
// eight bits.
const spanBits = 8

func spanOf(n int64) int64 { return n >> spanBits }

// spanner keeps the bounds of the span that is being filled, and writes its row when
// it is full. It belongs to one connection and reads the span again when another
// connection has written to it.
type spanner struct {
	next         int64 // the number up to which the bounds hold, exclusive; 0 for never
	any          bool  // whether there are bounds yet
	idMin, idMax [16]byte
	atMin, atMax int64
}

// follow notes the events of a batch, the first of which has the number after last.
func (sp *spanner) follow(c *conn, last int64, jobs []*job) error {
	n := last
	for _, j := range jobs {
		if j.event == nil {
			continue
		}
		n++
		switch {
		case spanOf(n) != spanOf(n-1):
			*sp = spanner{}
		case sp.next != n:
			if err := sp.load(c, n); err != nil {
				return err
			}
		}
		sp.widen(&j.row.id, j.row.at)
		sp.next = n + 1
		if spanOf(n) != spanOf(n+1) {
			if err := sp.store(c, spanOf(n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// load reads what stands in the span of n before n.
func (sp *spanner) load(c *conn, n int64) error {
	*sp = spanner{}
	s := c.spanRows
	s.BindInt64(1, spanOf(n)<<spanBits)
	s.BindInt64(2, n-1)
	for {
		row, err := s.Step()
		if err != nil || !row {
			return reset(s, err)
		}
		var id [16]byte
		s.ColumnBytes(0, id[:])
		sp.widen(&id, s.ColumnInt64(1))
	}
}

func (sp *spanner) widen(id *[16]byte, at int64) {
	if !sp.any {
		*sp = spanner{next: sp.next, any: true, idMin: *id, idMax: *id, atMin: at, atMax: at}
		return
	}
	if bytes.Compare(id[:], sp.idMin[:]) < 0 {
		sp.idMin = *id
	}
	if bytes.Compare(id[:], sp.idMax[:]) > 0 {
		sp.idMax = *id
	}
	sp.atMin, sp.atMax = min(sp.atMin, at), max(sp.atMax, at)
}

func (sp *spanner) store(c *conn, span int64) error {
	s := c.span
	s.BindInt64(1, span)
	s.BindBytes(2, sp.idMin[:])
	s.BindBytes(3, sp.idMax[:])
	s.BindInt64(4, sp.atMin)
	s.BindInt64(5, sp.atMax)
	return run(s)
}

// spanRange is a range of numbers, both ends included.
type spanRange struct{ first, last int64 }

// openSpan is where the numbers begin that no row of spans speaks of.
func openSpan(c *sqlite.Conn) (int64, error) {
	n, err := number(c, "SELECT max(span) + 1 FROM spans")
	return n << spanBits, err
}

// spansOfIDs are the numbers among which an id between two others can be.
func spansOfIDs(c *sqlite.Conn, low, high []byte) ([]spanRange, error) {
	s, err := c.Prepare("SELECT span FROM spans WHERE id_min <= ? AND id_max >= ? ORDER BY span")
	if err != nil {
		return nil, err
	}
	s.BindBytes(1, high)
	s.BindBytes(2, low)
	var found []spanRange
	for {
		row, err := s.Step()
		if err != nil {
			return nil, err
		}
		if !row {
			break
		}
		first := s.ColumnInt64(0) << spanBits
		found = append(found, spanRange{first, first + 1<<spanBits - 1})
	}
	open, err := openSpan(c)
	return append(found, spanRange{open, math.MaxInt64}), err
}

// firstSince is a number before which every event is older than a moment.
func firstSince(c *sqlite.Conn, at int64) (int64, error) {
	s, err := c.Prepare("SELECT min(span) FROM spans WHERE at_max >= ?")
	if err != nil {
		return 0, err
	}
	defer s.Reset()
	s.BindInt64(1, at)
	if _, err := s.Step(); err != nil {
		return 0, err
	}
	if !s.ColumnIsNull(0) {
		return s.ColumnInt64(0) << spanBits, nil
	}
	return openSpan(c)
}

// lastUntil is a number after which every event is newer than a moment, 0 when all
// that are left are.
func lastUntil(c *sqlite.Conn, at int64) (int64, error) {
	open, err := openSpan(c)
	if err != nil {
		return 0, err
	}
	for _, query := range []string{
		"SELECT max(n) FROM events WHERE n >= ?2 AND at <= ?1",
		"SELECT (max(span) << 8) + 255 FROM spans WHERE span << 8 < ?2 AND at_min <= ?1",
	} {
		s, err := c.Prepare(query)
		if err != nil {
			return 0, err
		}
		s.BindInt64(1, at)
		s.BindInt64(2, open)
		_, err = s.Step()
		known, last := err == nil && !s.ColumnIsNull(0), int64(0)
		if known {
			last = s.ColumnInt64(0)
		}
		if err := errors.Join(err, s.Reset()); err != nil || known {
			return last, err
		}
	}
	return 0, nil
}
