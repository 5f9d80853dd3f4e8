package store

import (
	"context"

	"zombiezen.com/go/sqlite"
)

// Cursor is how far a target has got: the number of the last event that is done with,
// and whether the target is known at all.
func (s *Store) Cursor(ctx context.Context, target string) (n int64, known bool, err error) {
	err = s.readers.read(ctx, func(c *sqlite.Conn) error {
		stmt, err := c.Prepare("SELECT n FROM cursors WHERE target = ?")
		if err != nil {
			return err
		}
		defer stmt.Reset()
		stmt.BindText(1, target)
		if known, err = stmt.Step(); known {
			n = stmt.ColumnInt64(0)
		}
		return err
	})
	return n, known, wrap("read", s.path, err)
}

// SetCursor remembers how far a target has got. It returns once that is on disk.
func (s *Store) SetCursor(ctx context.Context, target string, n int64) error {
	return s.do(ctx, len(target)+64, func(c *conn) error {
		c.putCursor.BindText(1, target)
		c.putCursor.BindInt64(2, n)
		return run(c.putCursor)
	})
}

// ClearCursor forgets a target that has nothing left to do.
func (s *Store) ClearCursor(ctx context.Context, target string) error {
	return s.do(ctx, len(target)+64, func(c *conn) error {
		c.dropCursor.BindText(1, target)
		return run(c.dropCursor)
	})
}
