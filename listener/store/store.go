// Package store is the event log: one SQLite file that holds every delivery that was
// answered, under a number, with what was thought of it and what targets said to it.
//
// The law of the log:
//
//   - An event is acknowledged (Append returns nil and Event.N is set) only after the
//     transaction that holds it has been synced to disk. One goroutine writes; events
//     that arrive while it syncs share the next transaction. When a transaction fails,
//     it is rolled back and every event in it fails with the same error.
//   - A context is looked at before an event joins a transaction and never afterwards:
//     an Append that has joined waits for the outcome and reports it, even when its
//     context has ended meanwhile. So an event is either stored and numbered, or its
//     caller has an error.
//   - Numbers start at 1, have no holes but those that Delete makes, and are never given
//     out twice.
//   - Bytes in are bytes out. A SHA-256 binds the number, the columns, the head and the
//     body of an event and is checked on every read. What does not match is an error that
//     names the event (ErrCorrupt, Damage), never data, and nothing is skipped silently.
//   - One process receives into a store (Options.Exclusive); any number may read it, and
//     others may add to it in short transactions.
//   - Reading costs what is read: nothing here scans the history to open the store, to
//     append to it or to show its newest events.
package store

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"

	"whk/listener"
)

// Options say how a store is used. The zero value opens it for reading and writing
// beside a listener that may be running, and creates it when it is missing.
type Options struct {
	// ReadOnly opens an existing store and never changes it.
	ReadOnly bool
	// Mapped reads the file as it lies in memory, where that can be done: a search through
	// all of it takes a tenth less time. For whoever reads once and ends: pages that were
	// read count as its memory, and a disk that fails ends it instead of being an error.
	// Without ReadOnly it means nothing.
	Mapped bool
	// Exclusive takes the listener's lock, which one process at a time can hold. Other
	// readers and writers are not kept out by it.
	Exclusive bool
	// Holder is what a second listener is told about this one, such as its address.
	Holder string
	// Now is the clock; time.Now when nil.
	Now func() time.Time

	// onConnect is called with every connection that is opened, so that a test can
	// make it fail later.
	onConnect func(*sqlite.Conn) error
}

// Store is an open event log. Its methods are safe for many goroutines.
type Store struct {
	path    string
	options Options
	lock    *lock
	writer  *writer // nil when read-only
	readers *readers
	names   nameTable

	closing sync.Once
	closed  error
}

// Open opens the store at path, or creates it with its directory. It answers
// ErrUnusable for a path that cannot serve, ErrForeign for another program's file,
// ErrNewer for a store of a later version, ErrLocked when Exclusive is asked and
// another listener is running, and fs.ErrNotExist when ReadOnly is asked and there is
// no store.
func Open(path string, o Options) (*Store, error) {
	if o.ReadOnly && o.Exclusive {
		return nil, errors.New("open store: ReadOnly and Exclusive exclude each other")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	abs, err := filepath.Abs(path)
	if path == "" || err != nil {
		return nil, unusable(path, "it is not a usable path", err)
	}
	s := &Store{path: abs, options: o}
	if err := s.open(); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) open() error {
	if err := prepareFile(s.path, s.options.ReadOnly); err != nil {
		return err
	}
	if s.options.Exclusive {
		l, err := takeLock(s.path, s.options.Holder, s.options.Now())
		if err != nil {
			return err
		}
		s.lock = l
	}
	s.readers = newReaders(s.path, s.options)
	if s.options.ReadOnly {
		return s.readers.try()
	}
	w, err := newWriter(s.path, s.options)
	if err != nil {
		return err
	}
	s.writer = w
	return nil
}

// Path is the absolute path of the database file.
func (s *Store) Path() string { return s.path }

// SetHolder changes what a second listener is told about this one, once the address
// is known. It does nothing without Options.Exclusive.
func (s *Store) SetHolder(holder string) error {
	if s.lock == nil {
		return nil
	}
	return s.lock.write(holder, s.options.Now())
}

// Close waits for what is being written, folds the write-ahead log into the file,
// and releases the lock. A second call does nothing and returns what the first did.
func (s *Store) Close() error {
	s.closing.Do(func() {
		var errs []error
		if s.readers != nil {
			errs = append(errs, s.readers.close())
		}
		if s.writer != nil {
			errs = append(errs, s.writer.close())
		}
		if s.lock != nil {
			errs = append(errs, s.lock.release())
		}
		s.closed = errors.Join(errs...)
	})
	return s.closed
}

// Last is the number of the newest event, 0 in an empty store.
func (s *Store) Last(ctx context.Context) (int64, error) {
	var n int64
	err := s.readers.read(ctx, func(c *sqlite.Conn) (err error) {
		n, err = lastNumber(c)
		return err
	})
	return n, wrap("read", s.path, err)
}

var _ listener.Log = (*Store)(nil)
