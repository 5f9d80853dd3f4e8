package store

import (
	"context"
	"slices"

	"zombiezen.com/go/sqlite"
)

// Report is what Check found.
type Report struct {
	// Last is the highest number; Events and Results count what can be read.
	Last    int64
	Events  int64
	Results int64
	// Damage names the events that cannot be read or that fail their hash, nil if there
	// are none. BadResults are the events that have results of which that is true.
	Damage     *Damage
	BadResults []int64
	// Structure is what SQLite says about the structure of the file, at most ten lines.
	Structure []string
}

// OK reports whether nothing is wrong.
func (r *Report) OK() bool {
	return r.Damage == nil && len(r.BadResults) == 0 && len(r.Structure) == 0
}

// checkStep is how many rows are read in one transaction, so that a long walk does not
// keep a listener from folding its log.
const checkStep = 256

// Check reads the whole store and compares every event and result with its hash. It
// goes on after damage; its error says that it could not go on.
func (s *Store) Check(ctx context.Context) (*Report, error) {
	r := &Report{}
	damage := &Damage{Path: s.path}
	err := s.readers.read(ctx, func(c *sqlite.Conn) (err error) {
		r.Last, err = s.top(c)
		return err
	})
	if err == nil {
		err = s.checkEvents(ctx, r, damage)
	}
	if err == nil {
		err = s.checkResults(ctx, r)
	}
	if err == nil {
		err = s.readers.read(ctx, func(c *sqlite.Conn) error { return checkStructure(c, r) })
	}
	if damage.Cause != nil {
		r.Damage = damage
	}
	return r, wrap("check", s.path, err)
}

func (s *Store) checkEvents(ctx context.Context, r *Report, damage *Damage) error {
	for next := int64(1); next <= r.Last; {
		err := s.readers.read(ctx, func(c *sqlite.Conn) error {
			for range checkStep {
				if next > r.Last {
					return nil
				}
				n := next
				next++
				known := len(damage.Numbers)
				e, err := s.one(c, n, true, damage)
				switch {
				case err != nil:
					return err
				case e != nil:
					r.Events++
					continue
				case len(damage.Numbers) > known:
					continue
				}
				gone, err := deletedAround(c, n)
				switch {
				case err != nil:
					return err
				case gone.last == 0:
					damage.add(n, errMissing)
				default:
					next = gone.last + 1
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) checkResults(ctx context.Context, r *Report) error {
	for key, more := int64(0), true; more; {
		err := s.readers.read(ctx, func(c *sqlite.Conn) error {
			stmt, err := c.Prepare("SELECT event, hash, record, key FROM results WHERE key > ? ORDER BY key LIMIT ?")
			if err != nil {
				return err
			}
			defer stmt.Reset()
			stmt.BindInt64(1, key)
			stmt.BindInt64(2, checkStep)
			for range checkStep {
				if more, err = stmt.Step(); err != nil || !more {
					return err
				}
				key = stmt.ColumnInt64(3)
				event := stmt.ColumnInt64(0)
				if _, err := resultOf(stmt); err == nil {
					r.Results++
				} else if !slices.Contains(r.BadResults, event) {
					r.BadResults = append(r.BadResults, event)
				}
			}
			return nil
		})
		if isCorrupt(err) {
			return nil // what stands behind is for checkStructure to tell
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func checkStructure(c *sqlite.Conn, r *Report) error {
	stmt, err := c.Prepare("PRAGMA quick_check(10)")
	if err != nil {
		return err
	}
	defer stmt.Reset()
	for {
		found, err := stmt.Step()
		if isCorrupt(err) {
			r.Structure = append(r.Structure, err.Error())
			return nil
		}
		if err != nil || !found {
			return err
		}
		if text := stmt.ColumnText(0); text != "ok" {
			r.Structure = append(r.Structure, text)
		}
	}
}
