package store

import (
	"context"
	"errors"
	"sync"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// readersKept is how many connections read at the same time; who comes later waits.
const readersKept = 4

// readers hands out connections that only read, and opens them when they are first
// needed. Each read is one transaction, so that it sees one state of the store.
type readers struct {
	path    string
	options Options
	slots   chan struct{}

	mu     sync.Mutex
	idle   []*sqlite.Conn
	closed bool
}

func newReaders(path string, o Options) *readers {
	return &readers{path: path, options: o, slots: make(chan struct{}, readersKept)}
}

// read runs a function in a reading transaction.
func (r *readers) read(ctx context.Context, do func(*sqlite.Conn) error) (err error) {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-r.slots }()
	c, err := r.take()
	if err != nil {
		return err
	}
	defer func() { r.give(c, err) }()
	c.SetInterrupt(ctx.Done())
	defer c.SetInterrupt(nil)
	if err := sqlitex.Execute(c, "BEGIN", nil); err != nil {
		return interrupted(ctx, err)
	}
	err = interrupted(ctx, do(c))
	c.SetInterrupt(nil)
	if !c.AutocommitEnabled() {
		if end := sqlitex.Execute(c, "ROLLBACK", nil); err == nil {
			err = end
		}
	}
	return err
}

// interrupted says what stopped a statement when a context did.
func interrupted(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && sqlite.ErrCode(err).ToPrimary() == sqlite.ResultInterrupt {
		return ctx.Err()
	}
	return err
}

func (r *readers) take() (*sqlite.Conn, error) {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil, fail(ErrClosed, nil, "read store %s: it is closed", r.path)
	}
	if n := len(r.idle); n > 0 {
		c := r.idle[n-1]
		r.idle = r.idle[:n-1]
		r.mu.Unlock()
		return c, nil
	}
	r.mu.Unlock()
	return r.open()
}

// give takes a connection back. After an error it is closed: a failed read can leave
// pages in memory that the next one should not believe.
func (r *readers) give(c *sqlite.Conn, err error) {
	r.mu.Lock()
	keep := !r.closed && (err == nil || errors.Is(err, ErrNotFound))
	if keep {
		r.idle = append(r.idle, c)
	}
	r.mu.Unlock()
	if !keep {
		_ = c.Close() // it has only read
	}
}

func (r *readers) open() (*sqlite.Conn, error) {
	c, err := connect(r.path, r.options, sqlite.OpenReadOnly)
	if err == nil || fileExists(r.path+"-wal") {
		return c, wrap("open", r.path, err)
	}
	// A store that was closed in good order can be read where nothing can be written,
	// but SQLite has to be told that nobody writes.
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultCantOpen, sqlite.ResultReadOnly, sqlite.ResultPerm:
		if still, err := connect(immutable(r.path), r.options, sqlite.OpenReadOnly|sqlite.OpenURI); err == nil {
			return still, nil
		}
	}
	return nil, wrap("open", r.path, err)
}

// try opens the first connection, to know early that it can be done.
func (r *readers) try() error {
	return r.read(context.Background(), func(*sqlite.Conn) error { return nil })
}

// close closes the connections that are not in use; those in use are closed when they
// are given back.
func (r *readers) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	var errs []error
	for _, c := range r.idle {
		errs = append(errs, c.Close())
	}
	r.idle = nil
	return errors.Join(errs...)
}
