package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Extent is what one event takes in the store, with its results.
type Extent struct {
	N     int64
	At    time.Time
	Bytes int64
}

// rowOverhead is about what a row and its entries in indexes take besides its blobs.
const (
	rowOverhead    = 96
	resultOverhead = 56
)

// Extents measures the events after number n, oldest first, without reading bodies.
func (s *Store) Extents(ctx context.Context, n int64, limit int) ([]Extent, error) {
	var extents []Extent
	err := s.readers.read(ctx, func(c *sqlite.Conn) error {
		stmt, err := c.Prepare("SELECT n, at, size + length(head) FROM events WHERE n > ? ORDER BY n LIMIT ?")
		if err != nil {
			return err
		}
		stmt.BindInt64(1, n)
		stmt.BindInt64(2, int64(limit))
		for {
			found, err := stmt.Step()
			if err != nil {
				return reset(stmt, err)
			}
			if !found {
				break
			}
			extents = append(extents, Extent{stmt.ColumnInt64(0), moment(stmt.ColumnInt64(1)), stmt.ColumnInt64(2) + rowOverhead})
		}
		if err := stmt.Reset(); err != nil || len(extents) == 0 {
			return err
		}
		return addResults(c, extents)
	})
	return extents, wrap("read", s.path, err)
}

// addResults adds to extents what the results of their events take.
func addResults(c *sqlite.Conn, extents []Extent) error {
	stmt, err := c.Prepare("SELECT event, length(record) FROM results WHERE event BETWEEN ? AND ? ORDER BY event")
	if err != nil {
		return err
	}
	defer stmt.Reset()
	stmt.BindInt64(1, extents[0].N)
	stmt.BindInt64(2, extents[len(extents)-1].N)
	for i := 0; ; {
		found, err := stmt.Step()
		if err != nil || !found {
			return err
		}
		event := stmt.ColumnInt64(0)
		for i < len(extents) && extents[i].N < event {
			i++
		}
		if i < len(extents) && extents[i].N == event {
			extents[i].Bytes += stmt.ColumnInt64(1) + resultOverhead
		}
	}
}

// Usage is what a store takes on its disk.
type Usage struct {
	// File is the size of the database, Free the part of it that is free for later
	// events.
	File, Free int64
}

// Usage measures the file.
func (s *Store) Usage(ctx context.Context) (Usage, error) {
	var u Usage
	err := s.readers.read(ctx, func(c *sqlite.Conn) error {
		pages, err := number(c, "PRAGMA page_count")
		if err != nil {
			return err
		}
		free, err := number(c, "PRAGMA freelist_count")
		if err != nil {
			return err
		}
		size, err := number(c, "PRAGMA page_size")
		u = Usage{File: pages * size, Free: free * size}
		return err
	})
	return u, wrap("read", s.path, err)
}

// Queue is what waits to be handed to a target: the events after N.
type Queue struct {
	Target string
	N      int64
}

// Queues are the targets that are not done with every event.
func (s *Store) Queues(ctx context.Context) ([]Queue, error) {
	var queues []Queue
	err := s.readers.read(ctx, func(c *sqlite.Conn) error {
		stmt, err := c.Prepare("SELECT target, n FROM cursors WHERE n < ? ORDER BY target")
		if err != nil {
			return err
		}
		defer stmt.Reset()
		last, err := lastNumber(c)
		if err != nil {
			return err
		}
		stmt.BindInt64(1, last)
		for {
			found, err := stmt.Step()
			if err != nil || !found {
				return err
			}
			queues = append(queues, Queue{stmt.ColumnText(0), stmt.ColumnInt64(1)})
		}
	})
	return queues, wrap("read", s.path, err)
}

// Span is a run of numbers, both included.
type Span struct{ First, Last int64 }

// Remove deletes the events of several spans, which are in ascending order and apart,
// as Delete does. Between two transactions it waits for as long as the last one took, so
// that a listener's events are never held up for longer than that. Progress is told how
// many numbers are done with, and may be nil.
func (s *Store) Remove(ctx context.Context, spans []Span, progress func(numbers int)) (int, error) {
	total := 0
	for len(spans) > 0 {
		step, rest, numbers := takeSpans(spans, deleteStep)
		count := 0
		begin := time.Now()
		err := s.do(ctx, batchBytes/8, func(c *conn) error {
			count = 0
			for _, span := range step {
				n, err := c.delete(span.First, span.Last)
				if err != nil {
					return err
				}
				count += n
			}
			return nil
		})
		if err != nil {
			return total, err
		}
		total += count
		spans = rest
		if progress != nil {
			progress(numbers)
		}
		if len(spans) == 0 {
			break
		}
		pause := time.NewTimer(time.Since(begin))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return total, fmt.Errorf("write store %s: %w", s.path, ctx.Err())
		}
	}
	return total, nil
}

// takeSpans cuts the first numbers off spans.
func takeSpans(spans []Span, most int64) (taken, rest []Span, numbers int) {
	for left := most; left > 0 && len(spans) > 0; {
		span := spans[0]
		span.Last = min(span.Last, span.First+left-1)
		taken = append(taken, span)
		width := span.Last - span.First + 1
		left -= width
		numbers += int(width)
		if span.Last == spans[0].Last {
			spans = spans[1:]
			continue
		}
		spans = append([]Span{{span.Last + 1, spans[0].Last}}, spans[1:]...)
	}
	return taken, spans, numbers
}

// Compact writes the file anew without its free room, which takes about twice the room
// of what is kept while it lasts. Nobody else can write meanwhile, so it is for whoever
// holds the listener's lock (Options.Exclusive). When it fails the file is as it was.
func (s *Store) Compact(ctx context.Context) error {
	if !s.options.Exclusive {
		return fail(ErrClosed, nil, "compact store %s: it is not open for a listener alone", s.path)
	}
	u, err := s.Usage(ctx)
	if err != nil {
		return err
	}
	if free, ok := freeBytes(filepath.Dir(s.path)); ok && free < 2*(u.File-u.Free) {
		return fail(ErrFull, nil, "compact store %s: that takes %d bytes for a while, and its disk has %d free", s.path, 2*(u.File-u.Free), free)
	}
	c, err := connect(s.path, s.options, sqlite.OpenReadWrite)
	if err != nil {
		return wrap("compact", s.path, err)
	}
	c.SetInterrupt(ctx.Done())
	err = interrupted(ctx, sqlitex.ExecuteTransient(c, "VACUUM", nil))
	c.SetInterrupt(nil)
	if err == nil {
		// A reader can keep the log from being folded; the next listener does it then.
		folded := sqlitex.ExecuteTransient(c, "PRAGMA wal_checkpoint(TRUNCATE)", nil)
		if sqlite.ErrCode(folded).ToPrimary() != sqlite.ResultBusy {
			err = folded
		}
	}
	return wrap("compact", s.path, errors.Join(err, c.Close()))
}
