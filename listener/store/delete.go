package store

import "context"

// deleteStep is how many numbers are deleted in one transaction, so that a listener
// that writes to the same store never waits long.
const deleteStep = 256

// Delete removes the events from number first to number last, both included, with their
// results, and returns how many events there were. Their numbers are not used again,
// and the file does not shrink: its room is used for later events. When it fails half
// way, what it counted is gone.
func (s *Store) Delete(ctx context.Context, first, last int64) (int, error) {
	top, err := s.Last(ctx)
	if err != nil {
		return 0, err
	}
	first, last = max(first, 1), min(last, top)
	total := 0
	for from := first; from <= last; from += deleteStep {
		to := min(from+deleteStep-1, last)
		count := 0
		err := s.do(ctx, batchBytes/8, func(c *conn) (err error) {
			count, err = c.delete(from, to)
			return err
		})
		if err != nil {
			return total, err
		}
		total += count
	}
	return total, nil
}

func (c *conn) delete(first, last int64) (int, error) {
	if err := c.change("DELETE FROM events WHERE n BETWEEN ? AND ?", first, last); err != nil {
		return 0, err
	}
	count := c.Changes()
	// Rows of spans stay: they are bounds, and bounds still hold for fewer events.
	for _, step := range []struct {
		query    string
		from, to int64
	}{
		{"DELETE FROM chunks WHERE key BETWEEN ? AND ?", first << chunkBits, last<<chunkBits | (1<<chunkBits - 1)},
		{"DELETE FROM results WHERE event BETWEEN ? AND ?", first, last},
	} {
		if err := c.change(step.query, step.from, step.to); err != nil {
			return 0, err
		}
	}
	return count, c.noteDeleted(first, last)
}

// noteDeleted remembers that numbers are gone on purpose, in one row for neighbours.
func (c *conn) noteDeleted(first, last int64) error {
	stmt, err := c.Prepare("SELECT min(first), max(last) FROM deleted WHERE first <= ? AND last >= ?")
	if err != nil {
		return err
	}
	stmt.BindInt64(1, last+1)
	stmt.BindInt64(2, first-1)
	found, err := stmt.Step()
	if err == nil && found && !stmt.ColumnIsNull(0) {
		first, last = min(first, stmt.ColumnInt64(0)), max(last, stmt.ColumnInt64(1))
	}
	if err := reset(stmt, err); err != nil {
		return err
	}
	if err := c.change("DELETE FROM deleted WHERE first BETWEEN ? AND ?", first, last); err != nil {
		return err
	}
	return c.change("INSERT INTO deleted(first, last) VALUES(?,?)", first, last)
}

// change runs a statement that takes two numbers.
func (c *conn) change(query string, a, b int64) error {
	stmt, err := c.Prepare(query)
	if err != nil {
		return err
	}
	stmt.BindInt64(1, a)
	stmt.BindInt64(2, b)
	return run(stmt)
}
