package store

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"whk/verify"
)

// AddResult stores an attempt to deliver the event n. Like Append it returns once the
// attempt is on disk. It answers ErrNotFound when there is no such event.
func (s *Store) AddResult(ctx context.Context, n int64, r verify.Result) error {
	return s.AddResults(ctx, []Attempt{{Event: n, Result: r}})
}

// AddResults stores attempts in one transaction, in their order; their keys are not looked
// at. Either all of them are stored or none. It is for whoever has many at hand, as
// AppendAll is.
func (s *Store) AddResults(ctx context.Context, attempts []Attempt) error {
	records, weight := make([][]byte, len(attempts)), 0
	for i := range attempts {
		r := &attempts[i].Result
		if !moment(nanos(r.At)).Equal(r.At) {
			return fmt.Errorf("append to store %s: the time %s is out of range", s.path, r.At)
		}
		records[i] = appendResult(make([]byte, 0, 256+len(r.Body)), r)
		weight += len(records[i]) + 128
	}
	if len(attempts) == 0 {
		return nil
	}
	var missing int64
	err := s.do(ctx, weight, func(c *conn) error {
		missing = 0 // it may be done again
		for i := range attempts {
			c.hasEvent.BindInt64(1, attempts[i].Event)
			found, err := c.hasEvent.Step()
			if err := reset(c.hasEvent, err); err != nil {
				return err
			}
			if !found {
				missing = attempts[i].Event
				return nil
			}
		}
		for i := range attempts {
			n := attempts[i].Event
			sum := sealResult(n, records[i])
			c.insertResult.BindInt64(1, n)
			c.insertResult.BindBytes(2, sum[:])
			c.insertResult.BindBytes(3, records[i])
			if err := run(c.insertResult); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && missing != 0 {
		return fail(ErrNotFound, nil, "no event %d in %s to add a result to", missing, s.path)
	}
	return err
}

// Results reads the attempts to deliver the event n, in the order in which they were
// stored. When some cannot be read it answers with the others and a *Damage.
func (s *Store) Results(ctx context.Context, n int64) ([]verify.Result, error) {
	var results []verify.Result
	damage := Damage{Path: s.path}
	err := s.readers.read(ctx, func(c *sqlite.Conn) (err error) {
		results, err = resultsOf(c, n, &damage)
		return err
	})
	if err != nil {
		return nil, wrap("read", s.path, err)
	}
	return results, damage.orNil()
}

// resultsOf reads the results of one event, and notes what it cannot read.
func resultsOf(c *sqlite.Conn, n int64, damage *Damage) ([]verify.Result, error) {
	stmt, err := c.Prepare("SELECT event, hash, record FROM results WHERE event = ? ORDER BY key")
	if err != nil {
		return nil, err
	}
	defer stmt.Reset()
	stmt.BindInt64(1, n)
	var results []verify.Result
	for {
		found, err := stmt.Step()
		if err != nil {
			return results, note(damage, n, err)
		}
		if !found {
			return results, nil
		}
		r, err := resultOf(stmt)
		if err == nil {
			results = append(results, r)
		} else if err := note(damage, n, fmt.Errorf("an attempt to deliver it: %w", err)); err != nil {
			return nil, err
		}
	}
}

// resultOf makes a result of a row of event, hash and record.
func resultOf(row *sqlite.Stmt) (verify.Result, error) {
	record := bytesOf(row, 2)
	want := sealResult(row.ColumnInt64(0), record)
	if !sameHash(bytesOf(row, 1), want[:]) {
		return verify.Result{}, damaged("its bytes do not match their hash")
	}
	return decodeResult(record)
}
