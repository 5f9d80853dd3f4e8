package store

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"zombiezen.com/go/sqlite"

	"whk/listener"
)

// hold keeps the writer busy until the function it returns is called, so that what
// is written meanwhile gathers in the next batches.
func hold(t *testing.T, s *Store) (release func()) {
	t.Helper()
	began, end := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := s.do(t.Context(), 0, func(*conn) error {
			close(began)
			<-end
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-began
	return func() { close(end); wg.Wait() }
}

// queued waits until jobs are waiting for the writer.
func queued(s *Store, jobs int) {
	for {
		s.writer.mu.Lock()
		waiting := 0
		for _, b := range s.writer.queue {
			waiting += len(b.jobs)
		}
		s.writer.mu.Unlock()
		if waiting == jobs {
			return
		}
	}
}

// sizesOf tells how what waits is divided into batches.
func sizesOf(s *Store) (sizes []int) {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	for _, b := range s.writer.queue {
		sizes = append(sizes, len(b.jobs))
	}
	return sizes
}

func TestBatchesClose(t *testing.T) {
	for name, tt := range map[string]struct {
		count, size int
		want        []int
	}{
		"one batch":       {count: 900, size: 10, want: []int{900}},
		"by number":       {count: 2100, size: 10, want: []int{1000, 1000, 100}},
		"by size":         {count: 5, size: 3 << 20, want: []int{2, 2, 1}},
		"larger than all": {count: 2, size: 9 << 20, want: []int{1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := openAt(t, filepath.Join(t.TempDir(), "events.db"), Options{})
			release := hold(t, s)
			body := make([]byte, tt.size)
			var wg sync.WaitGroup
			for range tt.count {
				wg.Go(func() {
					e := newEvent(t, "a", "b", "c")
					e.Delivery.Body = body
					if err := s.Append(t.Context(), e); err != nil {
						t.Error(err)
					}
				})
			}
			queued(s, tt.count)
			got := sizesOf(s)
			release()
			wg.Wait()
			if len(got) != len(tt.want) {
				t.Fatalf("batches of %v, want %v", got, tt.want)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Fatalf("batches of %v, want %v", got, tt.want)
				}
			}
			if last, err := s.Last(t.Context()); err != nil || last != int64(tt.count) {
				t.Errorf("last = %d, %v", last, err)
			}
		})
	}
}

// TestGroupsStayWhole hands in events together, also more than a batch takes.
func TestGroupsStayWhole(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "events.db"), Options{})
	release := hold(t, s)
	var wg sync.WaitGroup
	waiting := 0
	for _, count := range []int{600, 400, 1, 1200, 3} {
		events := make([]*listener.Event, count)
		for i := range events {
			events[i] = newEvent(t, "a", "b", "c")
		}
		wg.Go(func() {
			if err := s.AppendAll(t.Context(), events); err != nil {
				t.Error(err)
			}
		})
		waiting += count
		queued(s, waiting)
	}
	got := sizesOf(s)
	release()
	wg.Wait()
	if want := []int{1000, 1, 1200, 3}; !slices.Equal(want, got) {
		t.Errorf("batches of %v, want %v", got, want)
	}
}

// TestFailedBatch makes one member of a batch fail like a broken disk: nobody in the
// batch may be told that his event is stored, and the next batch gets a new connection.
func TestFailedBatch(t *testing.T) {
	for name, tt := range map[string]struct {
		code   sqlite.ResultCode
		kind   error
		reopen bool
	}{
		"write error": {sqlite.ResultIOErrWrite, ErrUnusable, true},
		"sync error":  {sqlite.ResultIOErrFsync, ErrUnusable, true},
		"damage":      {sqlite.ResultCorrupt, ErrCorrupt, true},
		"full":        {sqlite.ResultFull, ErrFull, false},
	} {
		t.Run(name, func(t *testing.T) {
			var connections atomic.Int64
			path := filepath.Join(t.TempDir(), "events.db")
			s := openAt(t, path, Options{onConnect: func(*sqlite.Conn) error { connections.Add(1); return nil }})
			before := appendNew(t, s, "a", "before", "c")
			known := connections.Load()

			release := hold(t, s)
			events := make([]*listener.Event, 20)
			var wg sync.WaitGroup
			for i := range events {
				events[i] = newEvent(t, "a", "new name", "c")
				wg.Go(func() {
					err := s.Append(t.Context(), events[i])
					if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), path) {
						t.Errorf("append = %v", err)
					}
				})
			}
			group := []*listener.Event{newEvent(t, "a", "b", "c"), newEvent(t, "a", "new name", "c")}
			wg.Go(func() {
				if err := s.AppendAll(t.Context(), group); !errors.Is(err, tt.kind) {
					t.Errorf("append all = %v", err)
				}
			})
			wg.Go(func() {
				err := s.do(t.Context(), 0, func(*conn) error { return tt.code.ToError() })
				if !errors.Is(err, tt.kind) {
					t.Errorf("the failing job = %v", err)
				}
			})
			queued(s, len(events)+len(group)+1)
			release()
			wg.Wait()
			for _, e := range slices.Concat(events, group) {
				if e.N != 0 {
					t.Errorf("an event that failed has number %d", e.N)
				}
			}
			if got := connections.Load() > known; got {
				t.Error("the connection was opened again before it was needed")
			}
			after := appendNew(t, s, "a", "new name", "c")
			if after.N != before.N+1 {
				t.Errorf("number after the failure = %d, want %d", after.N, before.N+1)
			}
			if got := connections.Load() > known; got != tt.reopen {
				t.Errorf("connection opened again = %v, want %v", got, tt.reopen)
			}
			if e, err := s.Event(t.Context(), after.N); err != nil || e.ID != after.ID || e.Entity != "new name" {
				t.Errorf("event after the failure = %v, %v", e, err)
			}
		})
	}
}

// TestFullStore limits the size of the file, which to SQLite is a full disk.
func TestFullStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.db")
	s := openAt(t, path, Options{})
	limit := func(pages string) {
		t.Helper()
		if err := s.do(t.Context(), 0, func(c *conn) error { return pragmas(c.Conn, "max_page_count="+pages) }); err != nil {
			t.Fatal(err)
		}
	}
	limit("40")
	stored := 0
	var full error
	for full == nil {
		e := newEvent(t, "a", "b", "c")
		e.Delivery.Body = allBytes(5000)
		if full = s.Append(t.Context(), e); full == nil {
			stored++
		} else if e.N != 0 {
			t.Errorf("the event that did not fit has number %d", e.N)
		}
		if stored > 1000 {
			t.Fatal("the limit is not felt")
		}
	}
	if !errors.Is(full, ErrFull) || !strings.Contains(full.Error(), path) || !strings.Contains(full.Error(), "bytes free") {
		t.Errorf("full store: %v", full)
	}
	events, err := s.List(t.Context(), Query{Limit: 1000, Bodies: true})
	if err != nil || len(events) != stored {
		t.Errorf("%d events of %d can be read: %v", len(events), stored, err)
	}
	limit("4000")
	if e := appendNew(t, s, "a", "b", "c"); e.N != int64(stored+1) {
		t.Errorf("number after there was room = %d, want %d", e.N, stored+1)
	}
}

// TestLogIsFolded writes several times the size at which the log is folded into the
// file, with a reader in the way for a while.
func TestLogIsFolded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.db")
	s := openAt(t, path, Options{})
	write := func(mib int) {
		for range mib {
			e := newEvent(t, "a", "b", "c")
			e.Delivery.Body = allBytes(1 << 20)
			if err := s.Append(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
	}
	logSize := func() int64 {
		info, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	write(50)
	if size := logSize(); size > 2*foldAfter {
		t.Errorf("the log has %d bytes after 50 MiB", size)
	}
	err := s.readers.read(t.Context(), func(c *sqlite.Conn) error {
		if _, err := number(c, "SELECT max(n) FROM events"); err != nil {
			return err
		}
		write(24)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	write(8)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a log is left after closing: %v", err)
	}
}

// TestDurable looks at what makes SQLite sync every transaction.
func TestDurable(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "events.db"), Options{})
	err := s.do(t.Context(), 0, func(c *conn) error {
		for pragma, want := range map[string]int64{"synchronous": 2, "wal_autocheckpoint": 0, "journal_size_limit": walLimit, "application_id": applicationID, "user_version": version} {
			if got, err := number(c.Conn, "PRAGMA "+pragma); err != nil || got != want {
				t.Errorf("%s = %d, %v, want %d", pragma, got, err, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestTwoWriters has two stores on one file, as when one process listens and another
// replays, and looks for numbers and spans that got mixed up.
func TestTwoWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.db")
	stores := []*Store{openAt(t, path, Options{Exclusive: true}), openAt(t, path, Options{})}
	const each = 700
	var wg sync.WaitGroup
	ids := make([][]string, 2)
	for i, s := range stores {
		wg.Go(func() {
			for range each {
				e := newEvent(t, "a", "b", "c")
				if err := s.Append(t.Context(), e); err != nil {
					t.Error(err)
					return
				}
				if err := s.AddResult(t.Context(), e.N, resultOK); err != nil {
					t.Error(err)
					return
				}
				ids[i] = append(ids[i], e.ID)
			}
		})
	}
	wg.Wait()
	r, err := stores[0].Check(t.Context())
	if err != nil || !r.OK() || r.Events != 2*each || r.Results != 2*each {
		t.Errorf("check = %+v, %v", r, err)
	}
	for i, s := range stores {
		for j := 0; j < len(ids[i]); j += 37 {
			if _, err := s.Find(t.Context(), ids[i][j]); err != nil {
				t.Error(err)
			}
		}
	}
}
