package store

import (
	"slices"

	"zombiezen.com/go/sqlite"

	"whk/listener/filter"
)

// Rows are read without what cannot rule them out. SQLite's own instr and LIKE are not
// asked for texts: looking through a body in Go is faster than either, and takes bytes
// as bytes.

// scanColumns are what a filter makes it worth to read: every column costs a twentieth
// of the time that the row takes.
func scanColumns(can filter.Narrowing) string {
	columns := "n, size"
	if can.Body {
		columns += ", body"
	} else {
		columns += ", NULL"
	}
	if can.Names || can.Rows || can.BodyName {
		columns += ", name"
	}
	if can.Rows {
		columns += ", at, verdict"
	}
	return columns
}

// scanner finds out which events of a block may fit, from their columns and bodies as
// they lie in the file.
type scanner struct {
	*search
	c     *sqlite.Conn
	block *block
	query string
	names map[int64]eventName
	row   filter.Row
	fits  bool
}

// Write is how a body is looked at where SQLite keeps it, without a copy: a reader of
// the column hands it to whom it is written to. It is gone with the next row.
func (sc *scanner) Write(body []byte) (int, error) {
	sc.fits = sc.filter.MatchBody(&sc.row, body)
	return len(body), nil
}

// eventName is a row of the table of names as a filter sees it.
type eventName struct{ provider, event string }

// scan gathers the candidates of a block. What it cannot read becomes a candidate,
// since reading it by itself tells what is wrong.
func (sr *search) scan(c *sqlite.Conn, b *block) error {
	if b.numbers != nil && !sr.can.Rows && !sr.can.Body {
		b.candidates = b.numbers
		return nil
	}
	sc := &scanner{search: sr, c: c, block: b, names: make(map[int64]eventName)}
	sc.query = "SELECT " + scanColumns(sr.can) + " FROM events WHERE n >= ? ORDER BY n"
	for _, n := range b.numbers {
		if err := sc.between(n, n); err != nil {
			return err
		}
	}
	if b.numbers != nil {
		return nil
	}
	err := sc.between(min(b.from, b.to), max(b.from, b.to))
	if !sr.options.OldestFirst {
		slices.Reverse(b.candidates)
	}
	return err
}

// between looks through the rows from one number to a higher one. It leaves off by
// itself: having SQLite compare every number costs a tenth of the time of a row.
func (sc *scanner) between(first, last int64) error {
	stmt, err := sc.c.Prepare(sc.query)
	if err != nil {
		return err
	}
	defer stmt.Reset()
	stmt.BindInt64(1, first)
	for next := first; next <= last; {
		found, err := stmt.Step()
		if err != nil {
			return sc.unread(next, last, err)
		}
		if !found {
			return sc.gap(next, last)
		}
		n := stmt.ColumnInt64(0)
		if n > last {
			return sc.gap(next, last)
		}
		if n != next {
			if err := sc.gap(next, n-1); err != nil {
				return err
			}
		}
		next = n + 1
		if sc.mayFit(stmt, n) {
			sc.block.candidates = append(sc.block.candidates, n)
		}
	}
	return nil
}

// mayFit reports whether the row at hand may belong to an event that fits.
func (sc *scanner) mayFit(row *sqlite.Stmt, n int64) bool {
	r := &sc.row
	*r = filter.Row{N: n, Size: row.ColumnInt64(1)}
	if sc.can.Names || sc.can.Rows || sc.can.BodyName {
		name, err := sc.nameOf(row.ColumnInt64(3))
		if err != nil {
			return true
		}
		r.Provider, r.Name = name.provider, name.event
	}
	if sc.can.Rows {
		r.At = moment(row.ColumnInt64(4))
		if v := row.ColumnInt64(5); v > 0 && v <= int64(len(statuses)) {
			r.Verdict = statuses[v-1]
		}
	}
	if (sc.can.Rows || sc.can.Names) && !sc.filter.MatchRow(r) {
		return false
	}
	if !sc.can.Body {
		return true
	}
	size := row.ColumnLen(2)
	if int64(size) != r.Size {
		return true // it is in chunks, or damaged
	}
	if size == 0 {
		return sc.filter.MatchBody(r, nil)
	}
	_, _ = row.ColumnReader(2).WriteTo(sc) // Write never fails
	return sc.fits
}

// nameOf is a row of the table of names.
func (sc *scanner) nameOf(id int64) (eventName, error) {
	if name, ok := sc.names[id]; ok {
		return name, nil
	}
	k, err := sc.store.names.get(sc.c, id)
	if err != nil {
		return eventName{}, err
	}
	if len(sc.names) == namesKept {
		clear(sc.names)
	}
	name := eventName{k.provider, k.event()}
	sc.names[id] = name
	return name, nil
}

// gap makes candidates of numbers that have no row, unless they were deleted.
func (sc *scanner) gap(first, last int64) error {
	for n := first; n <= last; n++ {
		gone, err := deletedAround(sc.c, n)
		switch {
		case err != nil:
			return sc.unread(n, last, err)
		case gone.last == 0:
			sc.block.candidates = append(sc.block.candidates, n)
		default:
			n = gone.last
		}
	}
	return nil
}

// unread makes candidates of numbers among which the file is damaged, and passes on
// every other error.
func (sc *scanner) unread(first, last int64, err error) error {
	if noted := note(&Damage{}, 0, err); noted != nil {
		return noted
	}
	for n := first; n <= last; n++ {
		sc.block.candidates = append(sc.block.candidates, n)
	}
	return nil
}
