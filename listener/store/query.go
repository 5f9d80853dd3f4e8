package store

import (
	"context"
	"errors"
	"time"

	"zombiezen.com/go/sqlite"

	"whk/listener"
)

// Query picks events for List. The zero value is the newest of all.
type Query struct {
	// Provider and Name are globs over Event.Provider and Event.Name, in which * stands
	// for anything and the case of letters does not matter. Empty means every one.
	Provider string
	Name     string
	// Since leaves out events that are older.
	Since time.Time
	// Before and After leave out events with this number or a higher one, and with this
	// number or a lower one. 0 means no bound.
	Before int64
	After  int64
	// Limit is the most events to answer with, DefaultLimit when 0.
	Limit int
	// Bodies asks for Delivery.Body, which is nil otherwise.
	Bodies bool
}

// DefaultLimit is the limit of a Query that names none.
const DefaultLimit = 50

// pageBytes is about the most that the bodies of one answer take in memory.
const pageBytes = 32 << 20

// List reads the newest events that a query picks, newest first. With bodies an answer
// can be shorter than the limit, to bound what it takes in memory; an empty one without
// an error is the end.
//
// When some of the events cannot be read, List answers with the others and a *Damage
// that names them; they count towards the limit. Other errors come with no events.
func (s *Store) List(ctx context.Context, q Query) ([]*listener.Event, error) {
	p := newPage(s.path, q.Limit, q.Bodies)
	p.since = q.Since
	err := s.readers.read(ctx, func(c *sqlite.Conn) error {
		first, last, err := s.bounds(c, q)
		if err != nil || first > last {
			return err
		}
		if !anyName(q.Provider) || !anyName(q.Name) {
			return s.walkNames(c, q, first, last, p)
		}
		return s.walk(c, last, first, p)
	})
	return p.answer(s.path, err)
}

// Since reads the events after number n, oldest first, with their bodies. Like List it
// can answer with fewer than limit, and leaves out what a *Damage names; whoever goes
// on from there has to go past the highest number of both.
func (s *Store) Since(ctx context.Context, n int64, limit int) ([]*listener.Event, error) {
	p := newPage(s.path, limit, true)
	err := s.readers.read(ctx, func(c *sqlite.Conn) error {
		last, err := s.top(c)
		if err != nil || n >= last {
			return err
		}
		return s.walk(c, max(n, 0)+1, last, p)
	})
	return p.answer(s.path, err)
}

// FirstSince is the number of the first event that is not older than a moment, and one
// more than the newest number when all are. Delete(1, FirstSince-1) prunes by age.
func (s *Store) FirstSince(ctx context.Context, at time.Time) (n int64, err error) {
	err = s.readers.read(ctx, func(c *sqlite.Conn) error {
		first, err := firstSince(c, nanos(at))
		if err != nil {
			return err
		}
		n, err = lastNumber(c)
		if err != nil {
			return err
		}
		n++
		stmt, err := c.Prepare("SELECT n FROM events WHERE n >= ? AND at >= ? ORDER BY n LIMIT 1")
		if err != nil {
			return err
		}
		defer stmt.Reset()
		stmt.BindInt64(1, first)
		stmt.BindInt64(2, nanos(at))
		found, err := stmt.Step()
		if found {
			n = stmt.ColumnInt64(0)
		}
		return err
	})
	return n, wrap("read", s.path, err)
}

// page gathers an answer.
type page struct {
	events []*listener.Event
	damage Damage
	limit  int
	bodies bool
	since  time.Time
	bytes  int
}

func newPage(path string, limit int, bodies bool) *page {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &page{limit: limit, bodies: bodies, damage: Damage{Path: path}}
}

func (p *page) full() bool {
	return len(p.events)+len(p.damage.Numbers) >= p.limit || p.bytes >= pageBytes
}

func (p *page) add(e *listener.Event) {
	if e.At.Before(p.since) {
		return
	}
	p.events = append(p.events, e)
	p.bytes += len(e.Delivery.Body)
}

func (p *page) answer(path string, err error) ([]*listener.Event, error) {
	if err != nil {
		return nil, wrap("read", path, err)
	}
	return p.events, p.damage.orNil()
}

// bounds are the lowest and the highest number that a query can pick.
func (s *Store) bounds(c *sqlite.Conn, q Query) (first, last int64, err error) {
	if last, err = s.top(c); err != nil {
		return 0, 0, err
	}
	if q.Before > 0 {
		last = min(last, q.Before-1)
	}
	first = max(q.After, 0) + 1
	if !q.Since.IsZero() {
		since, err := firstSince(c, nanos(q.Since))
		if err != nil && !isCorrupt(err) {
			return 0, 0, err // damaged bounds only mean that more has to be read
		}
		first = max(first, since)
	}
	return first, last, nil
}

// top is the highest number, also when the end of the table is damaged: the index of
// names holds every number too. A damaged page can hide its last rows without a word,
// so the index is always asked, unless there are very many names.
func (s *Store) top(c *sqlite.Conn) (int64, error) {
	n, err := lastNumber(c)
	if err != nil && !isCorrupt(err) {
		return 0, err
	}
	if names, second := number(c, "SELECT max(id) FROM names"); err == nil && (second != nil || names > 64) {
		return n, nil
	}
	indexed, second := number(c, "SELECT max((SELECT max(n) FROM events INDEXED BY events_name WHERE name = names.id)) FROM names")
	if second != nil && err != nil {
		return 0, errors.Join(err, second)
	}
	return max(n, indexed), nil
}

// walk reads the events from one number to another, either way. It looks every number
// up by itself, which costs little more than a scan and finds what a scan would pass
// over: numbers that are neither there nor deleted.
func (s *Store) walk(c *sqlite.Conn, from, to int64, p *page) error {
	step := int64(1)
	if to < from {
		step = -1
	}
	for n := from; n != to+step && !p.full(); n += step {
		known := len(p.damage.Numbers)
		e, err := s.one(c, n, p.bodies, &p.damage)
		switch {
		case err != nil:
			return err
		case e != nil:
			p.add(e)
			continue
		case len(p.damage.Numbers) > known:
			continue
		}
		gone, err := deletedAround(c, n)
		switch {
		case err != nil:
			return err
		case gone.last == 0:
			p.damage.add(n, errMissing)
		case step > 0:
			n = min(gone.last, to)
		default:
			n = max(gone.first, to)
		}
	}
	return nil
}

// walkNames reads the events of the names that a query picks. Each name has its own
// run of numbers in the index of names; the runs are merged, newest first.
func (s *Store) walkNames(c *sqlite.Conn, q Query, first, last int64, p *page) error {
	provider, name := newGlob(q.Provider), newGlob(q.Name)
	runs, err := runsOf(c, func(of, event string) bool { return provider.match(of) && name.match(event) })
	if err != nil {
		return err
	}
	m, err := newMerge(c, runs, first, last, min(p.limit, 64), false)
	if err != nil {
		return err
	}
	for !p.full() {
		n, name, err := m.next(c)
		if err != nil || n == 0 {
			return err
		}
		known := len(p.damage.Numbers)
		e, err := s.one(c, n, p.bodies, &p.damage)
		switch {
		case err != nil:
			return err
		case e == nil && len(p.damage.Numbers) == known:
			p.damage.add(n, errNotThere)
		case e != nil && (nameKey{e.Provider, e.Entity, e.Action}) != name:
			p.damage.add(n, errOtherName)
		case e != nil:
			p.add(e)
		}
	}
	return nil
}

// What the index of names can have against an event.
const (
	errNotThere  = damaged("the index of names holds it, the events do not")
	errOtherName = damaged("the index of names has it under another name")
)
