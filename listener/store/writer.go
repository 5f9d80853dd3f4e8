package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"

	"whk/listener"
)

// A batch is what one transaction will hold. It closes at these figures, or earlier
// when the writer is free to take it. What one caller hands in is never parted, however
// much it is.
const (
	batchEvents = 1000
	batchBytes  = 8 << 20
)

// batch is one transaction in the making, with everyone who waits for it.
type batch struct {
	jobs  []*job
	bytes int
	err   error
	done  chan struct{} // closed once err is final
}

// job is one thing to write: an event, or whatever do writes.
type job struct {
	event *listener.Event
	row   row
	// do fails only when the whole transaction must.
	do func(*conn) error
}

// writer owns the one connection that writes. Callers add jobs to the last batch of
// the queue under mu; the goroutine takes the first.
type writer struct {
	path    string
	options Options

	mu     sync.Mutex
	wake   sync.Cond
	queue  []*batch
	spare  []*job // the emptied jobs of a batch that is done
	closed bool

	// The rest belongs to the goroutine.
	conn     *conn         // nil after a failure, until it is opened again
	callers  int           // who was woken by the batch before, or was waiting then
	took     time.Duration // how long that batch took to write
	unfolded int64         // bytes written to the log since it was last folded into the file
	stopped  chan struct{}
	stopErr  error
}

func newWriter(path string, o Options) (*writer, error) {
	w := &writer{path: path, options: o, stopped: make(chan struct{})}
	w.wake.L = &w.mu
	if err := w.connect(); err != nil {
		return nil, wrap("open", path, err)
	}
	go w.run()
	return w, nil
}

// submit queues jobs that belong in one transaction, and waits until it has ended.
func (w *writer) submit(bytes int, jobs ...*job) error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return fail(ErrClosed, nil, "write store %s: it is closed", w.path)
	}
	var b *batch
	if n := len(w.queue); n > 0 {
		b = w.queue[n-1]
	}
	if b == nil || len(b.jobs)+len(jobs) > batchEvents || b.bytes+bytes > batchBytes {
		b = &batch{jobs: w.spare, done: make(chan struct{})}
		w.spare = nil
		w.queue = append(w.queue, b)
		if len(w.queue) == 1 {
			w.wake.Signal()
		}
	}
	b.jobs = append(b.jobs, jobs...)
	b.bytes += bytes
	w.mu.Unlock()
	<-b.done
	return b.err
}

func (w *writer) run() {
	defer close(w.stopped)
	for {
		b := w.take()
		if b == nil {
			w.stopErr = w.stop()
			return
		}
		begin := time.Now()
		b.err = wrap("write", w.path, w.write(b))
		w.took = time.Since(begin)
		w.unfolded += int64(b.bytes + batchOverhead)
		jobs := b.jobs
		close(b.done)
		clear(jobs)
		w.mu.Lock()
		if len(jobs) <= batchEvents {
			w.spare = jobs[:0]
		}
		w.callers = len(jobs)
		for _, waiting := range w.queue {
			w.callers += len(waiting.jobs)
		}
		w.mu.Unlock()
		w.fold()
	}
}

// take waits for a batch; nil means that the store is closed and nothing is left.
func (w *writer) take() *batch {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.queue) == 0 {
		if w.closed {
			return nil
		}
		w.wake.Wait()
	}
	w.gather()
	b := w.queue[0]
	w.queue[0] = nil
	w.queue = w.queue[1:]
	if len(w.queue) == 0 {
		w.queue = nil
	}
	return b
}

// gather lets the first batch grow. Whoever waited for the batch before has just been
// woken and may be about to come back; letting them run first makes transactions
// larger. When all are here is known: those who were woken and those who had come in
// the meantime. It ends when nobody came for a
// sixteenth of the time that a commit takes, and after a quarter of it in any case, so
// a lone writer, who has nobody to wait for, is not kept.
func (w *writer) gather() {
	begin := time.Now()
	latest, count := begin, 0
	for len(w.queue) == 1 && len(w.queue[0].jobs) < w.callers {
		now := time.Now()
		if got := len(w.queue[0].jobs); got > count {
			latest, count = now, got
		}
		if now.Sub(latest) > w.took/16 || now.Sub(begin) > w.took/4 {
			return
		}
		w.mu.Unlock()
		runtime.Gosched()
		w.mu.Lock()
	}
}

// write commits a batch. On any error nothing of it is in the store, as far as SQLite
// can tell; the connection is given up after all but the harmless ones, since what a
// failed write has left in memory cannot be trusted.
func (w *writer) write(b *batch) error {
	if w.conn == nil {
		if err := w.connect(); err != nil {
			return err
		}
	}
	c := w.conn
	first, err := c.write(b.jobs)
	if err != nil {
		rollback := c.rollback()
		switch sqlite.ErrCode(err).ToPrimary() {
		case sqlite.ResultBusy, sqlite.ResultFull:
			if rollback == nil {
				return err
			}
		}
		w.conn = nil
		return errors.Join(err, rollback, c.Close())
	}
	for _, j := range b.jobs {
		if j.event != nil {
			j.event.N = first
			first++
		}
	}
	return nil
}

func (w *writer) connect() error {
	c, err := openWriter(w.path, w.options)
	if err != nil {
		return err
	}
	w.conn = c
	return nil
}

// close lets the goroutine finish what is queued and waits for it.
func (w *writer) close() error {
	w.mu.Lock()
	w.closed = true
	w.wake.Signal()
	w.mu.Unlock()
	<-w.stopped
	return w.stopErr
}

// stop closes the connection. The last one of all that a store has folds the log into
// the file by itself; the listener's does so even when somebody still reads. That the
// log could not be folded, for a reader or for want of room, is no loss: it stays and
// is read.
func (w *writer) stop() error {
	if w.conn == nil {
		return nil
	}
	var err error
	if w.options.Exclusive {
		w.conn.SetBusyTimeout(100 * time.Millisecond)
		_, err = w.conn.checkpoint("TRUNCATE")
	}
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultBusy, sqlite.ResultFull:
		err = nil
	}
	return wrap("close", w.path, errors.Join(err, w.conn.Close()))
}

// The write-ahead log is folded into the file when it has grown by foldAfter, between
// two transactions and after the first is acknowledged. A reader can keep it from
// being folded whole; it then grows until the reader is done, and the file that is left
// is cut to walLimit.
const (
	foldAfter = 16 << 20
	walLimit  = 32 << 20
	// batchOverhead is about what a transaction writes besides its events.
	batchOverhead = 3 * pageSize
)

func (w *writer) fold() {
	if w.conn == nil || w.unfolded < foldAfter {
		return
	}
	left, err := w.conn.checkpoint("PASSIVE")
	if err != nil {
		// The log is intact and holds everything; the next attempt is soon enough.
		w.unfolded = 0
		return
	}
	w.unfolded = min(left, foldAfter/2)
}

// Append stores an event and sets its number. It returns once the event is on disk; on
// an error the event is not stored and its number is as it was. The event must have an
// ID and a Delivery and must not change until Append returns.
func (s *Store) Append(ctx context.Context, e *listener.Event) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("append to store %s: %w", s.path, err)
	}
	if s.writer == nil {
		return fail(ErrClosed, nil, "append to store %s: it is open for reading only", s.path)
	}
	j := jobs.Get().(*job)
	defer j.free()
	j.event = e
	if err := j.row.fill(e); err != nil {
		return fmt.Errorf("append to store %s: %w", s.path, err)
	}
	return s.writer.submit(j.row.weight(), j)
}

// AppendAll stores events in one transaction, under numbers that follow each other, and
// sets them: either all are on disk when it returns, or none is stored and no number has
// changed. What Append asks of an event and of its caller holds for each. It is for
// whoever has many events at hand, such as an import: some hundred at a time take hardly
// longer than one. All of them are in memory until the transaction has ended.
func (s *Store) AppendAll(ctx context.Context, events []*listener.Event) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("append to store %s: %w", s.path, err)
	}
	if s.writer == nil {
		return fail(ErrClosed, nil, "append to store %s: it is open for reading only", s.path)
	}
	if len(events) == 0 {
		return nil
	}
	all, weight := make([]*job, 0, len(events)), 0
	defer func() {
		for _, j := range all {
			j.free()
		}
	}()
	for i, e := range events {
		j := jobs.Get().(*job)
		all = append(all, j)
		j.event = e
		if err := j.row.fill(e); err != nil {
			return fmt.Errorf("append to store %s: event %d of %d: %w", s.path, i+1, len(events), err)
		}
		weight += j.row.weight()
	}
	return s.writer.submit(weight, all...)
}

// do runs a function in the next transaction.
func (s *Store) do(ctx context.Context, bytes int, do func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("write store %s: %w", s.path, err)
	}
	if s.writer == nil {
		return fail(ErrClosed, nil, "write store %s: it is open for reading only", s.path)
	}
	return s.writer.submit(bytes, &job{do: do})
}

// jobs recycles the buffers that heads are encoded into.
var jobs = sync.Pool{New: func() any { return &job{row: newRow()} }}

func (j *job) free() {
	j.event = nil
	if j.row.release() {
		jobs.Put(j)
	}
}
