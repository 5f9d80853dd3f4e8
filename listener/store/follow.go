package store

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"

	"whk/verify"
)

// Attempt is a result with its place in the order in which results were stored.
type Attempt struct {
	Key    int64
	Event  int64
	Result verify.Result
}

// LastAttempt is the key of the newest attempt, 0 when there is none.
func (s *Store) LastAttempt(ctx context.Context) (key int64, err error) {
	err = s.readers.read(ctx, func(c *sqlite.Conn) (err error) {
		key, err = number(c, "SELECT max(key) FROM results")
		return err
	})
	return key, wrap("read", s.path, err)
}

// AttemptsOf is Results with the keys of the attempts.
func (s *Store) AttemptsOf(ctx context.Context, n int64) ([]Attempt, error) {
	return s.attempts(ctx, "SELECT event, hash, record, key FROM results WHERE event = ?1 ORDER BY key LIMIT ?2", n, -1)
}

// AttemptsAfter reads attempts that were stored after the one with a key, in that order.
// Like Since it can answer with fewer than limit, and leaves out what a *Damage names.
// Next is the key to go on from.
func (s *Store) AttemptsAfter(ctx context.Context, key int64, limit int) (attempts []Attempt, next int64, err error) {
	last, err := s.LastAttempt(ctx)
	if err != nil {
		return nil, key, err
	}
	if last <= key {
		return nil, last, nil // lower when the newest were deleted: their keys are used again
	}
	attempts, err = s.attempts(ctx, "SELECT event, hash, record, key FROM results WHERE key > ?1 ORDER BY key LIMIT ?2", key, int64(limit))
	if _, damaged := errors.AsType[*Damage](err); err != nil && !damaged {
		return nil, key, err
	}
	next = key
	if n := len(attempts); n > 0 {
		next = attempts[n-1].Key
	} else if err != nil {
		next = last
	}
	return attempts, next, err
}

func (s *Store) attempts(ctx context.Context, query string, from, limit int64) ([]Attempt, error) {
	var attempts []Attempt
	damage := Damage{Path: s.path}
	err := s.readers.read(ctx, func(c *sqlite.Conn) error {
		stmt, err := c.Prepare(query)
		if err != nil {
			return err
		}
		defer stmt.Reset()
		stmt.BindInt64(1, from)
		stmt.BindInt64(2, limit)
		for bytes := 0; limit < 0 || bytes < pageBytes; {
			found, err := stmt.Step()
			if err != nil || !found {
				return err
			}
			x := Attempt{Key: stmt.ColumnInt64(3), Event: stmt.ColumnInt64(0)}
			if x.Result, err = resultOf(stmt); err == nil {
				bytes += len(x.Result.Body)
				attempts = append(attempts, x)
			} else if err := note(&damage, x.Event, fmt.Errorf("an attempt to deliver it: %w", err)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, wrap("read", s.path, err)
	}
	return attempts, damage.orNil()
}

// Follower notices that somebody has written to the store, at the cost of looking at a
// counter in memory that all processes share.
type Follower struct {
	store   *Store
	conn    *sqlite.Conn
	version int64
}

// Follow makes a Follower. Its first Changed reports true.
func (s *Store) Follow() (*Follower, error) {
	c, err := s.readers.open()
	if err != nil {
		return nil, err
	}
	return &Follower{store: s, conn: c, version: -1}, nil
}

// Changed reports whether anything was written since it was last called. What is read
// after it has reported true is as new as what it reported.
func (f *Follower) Changed() (bool, error) {
	version, err := number(f.conn, "PRAGMA data_version")
	if err != nil {
		return false, wrap("read", f.store.path, err)
	}
	changed := version != f.version
	f.version = version
	return changed, nil
}

// Close gives the connection back.
func (f *Follower) Close() error { return f.conn.Close() }

// Answers visits the attempts to deliver the events from number first to number last,
// both included, in the order of the events. Those that cannot be read are left out and
// named by a *Damage. It is for counting: visit is called in the middle of the reading,
// must not use the store, and has to copy what it keeps.
func (s *Store) Answers(ctx context.Context, first, last int64, visit func(n int64, r *verify.Result)) error {
	damage := Damage{Path: s.path}
	err := s.readers.read(ctx, func(c *sqlite.Conn) error {
		stmt, err := c.Prepare("SELECT event, hash, record FROM results WHERE event BETWEEN ? AND ? ORDER BY event, key")
		if err != nil {
			return err
		}
		defer stmt.Reset()
		stmt.BindInt64(1, first)
		stmt.BindInt64(2, last)
		for {
			found, err := stmt.Step()
			if err != nil || !found {
				return err
			}
			n := stmt.ColumnInt64(0)
			r, err := resultOf(stmt)
			if err == nil {
				visit(n, &r)
			} else if err := note(&damage, n, fmt.Errorf("an attempt to deliver it: %w", err)); err != nil {
				return err
			}
		}
	})
	if err != nil {
		return wrap("read", s.path, err)
	}
	return damage.orNil()
}
