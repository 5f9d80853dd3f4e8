package store

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRemove(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "events.db"), Options{})
	for i := range 1200 {
		e := appendNew(t, s, "a", "b", "c")
		if i%100 == 0 {
			if err := s.AddResult(t.Context(), e.N, resultOK); err != nil {
				t.Fatal(err)
			}
		}
	}
	spans := []Span{{1, 1}, {3, 3}, {5, 700}, {702, 702}, {1100, 1200}}
	numbers := 0
	n, err := s.Remove(t.Context(), spans, func(n int) { numbers += n })
	if n != 800 || numbers != 800 || err != nil {
		t.Errorf("Remove = %d, %v, and told of %d; want 800", n, err, numbers)
	}
	if diff := cmp.Diff([]Span{{1, 1}, {3, 3}, {5, 700}, {702, 702}, {1100, 1200}}, spans); diff != "" {
		t.Errorf("Remove changed the spans it was given (-want +got):\n%s", diff)
	}
	for n, want := range map[int64]bool{1: false, 2: true, 3: false, 4: true, 5: false, 700: false, 701: true, 702: false, 703: true, 1099: true, 1100: false, 1200: false} {
		if _, err := s.Event(t.Context(), n); errors.Is(err, ErrNotFound) == want || err != nil && !errors.Is(err, ErrNotFound) {
			t.Errorf("event %d: %v, want it there: %v", n, err, want)
		}
	}
	if r, err := s.Check(t.Context()); err != nil || !r.OK() || r.Events != 400 || r.Results != 4 {
		t.Errorf("Check = %+v, %v", r, err)
	}
	if n, err := s.Remove(t.Context(), spans, nil); n != 0 || err != nil {
		t.Errorf("removing twice = %d, %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n, err = s.Remove(ctx, []Span{{703, 1099}}, func(int) { cancel() })
	if n != deleteStep || !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupted Remove = %d, %v; want %d", n, err, deleteStep)
	}
}

func TestExtents(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "events.db"), Options{})
	sizes := []int{0, 10, 2 * chunkSize, 2000}
	var want []int64
	for _, size := range sizes {
		e := newEvent(t, "a", "b", "c")
		e.Delivery.Body = allBytes(size)
		if err := s.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		want = append(want, e.N)
	}
	before, err := s.Extents(t.Context(), 0, 100)
	if err != nil || len(before) != len(sizes) {
		t.Fatalf("%d extents, %v", len(before), err)
	}
	for i, x := range before {
		if x.N != want[i] || x.At.IsZero() || x.Bytes < int64(sizes[i])+rowOverhead || x.Bytes > int64(sizes[i])+1000 {
			t.Errorf("extent of a body of %d bytes: %+v", sizes[i], x)
		}
	}
	for range 2 {
		r := resultOK
		r.Body = allBytes(500)
		if err := s.AddResult(t.Context(), 2, r); err != nil {
			t.Fatal(err)
		}
	}
	after, err := s.Extents(t.Context(), 1, 2)
	if err != nil || len(after) != 2 || after[0].N != 2 || after[1] != before[2] {
		t.Errorf("extents after 1: %+v, %v", after, err)
	}
	if grown := after[0].Bytes - before[1].Bytes; grown < 1000 || grown > 1400 {
		t.Errorf("two results of 500 bytes take %d", grown)
	}
	if none, err := s.Extents(t.Context(), 4, 10); len(none) != 0 || err != nil {
		t.Errorf("extents after the newest: %+v, %v", none, err)
	}
}

func TestQueues(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "events.db"), Options{})
	for range 5 {
		appendNew(t, s, "a", "b", "c")
	}
	for target, n := range map[string]int64{"http://b": 2, "http://a": 4, "http://done": 5} {
		if err := s.SetCursor(t.Context(), target, n); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Queues(t.Context())
	if diff := cmp.Diff([]Queue{{"http://a", 4}, {"http://b", 2}}, got); diff != "" || err != nil {
		t.Errorf("Queues: %v (-want +got):\n%s", err, diff)
	}
}

// The file gets smaller, and what is left is as it was, also for those who read
// meanwhile.
func TestCompact(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.db")
	s := openAt(t, path, Options{Exclusive: true})
	for i := range 600 {
		e := newEvent(t, "a", "b", "c")
		e.Delivery.Body = allBytes(4000)
		if i == 500 {
			e.Delivery.Body = allBytes(3 * chunkSize)
		}
		if err := s.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	reader := openAt(t, path, Options{ReadOnly: true})
	large, err := reader.Event(t.Context(), 501)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Delete(t.Context(), 1, 400); err != nil {
		t.Fatal(err)
	}
	before, err := s.Usage(t.Context())
	if err != nil || before.Free < before.File/4 {
		t.Fatalf("Usage = %+v, %v", before, err)
	}
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := s.Usage(t.Context())
	if err != nil || after.Free > 4*pageSize || after.File > before.File-before.Free*9/10 {
		t.Errorf("Usage = %+v, %v; before %+v", after, err, before)
	}
	e := appendNew(t, s, "a", "b", "c")
	if e.N != 601 {
		t.Errorf("the next number is %d, want 601", e.N)
	}
	for name, s := range map[string]*Store{"the writer": s, "a reader": reader} {
		again, err := s.Event(t.Context(), 501)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(large, again, sameBytes); diff != "" {
			t.Errorf("event 501 for %s (-want +got):\n%.500s", name, diff)
		}
		if r, err := s.Check(t.Context()); err != nil || !r.OK() || r.Events != 201 {
			t.Errorf("Check for %s = %+v, %v", name, r, err)
		}
	}
	if err := reader.Compact(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("a reader compacts: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Compact(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Compact with a context that has ended: %v", err)
	}
}

// A listener that receives while somebody prunes is not held up.
func TestRemoveBesideListener(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.db")
	listening := openAt(t, path, Options{Exclusive: true})
	appendMany(t, listening, 4000, 32)
	pruning := openAt(t, path, Options{})
	done := make(chan error, 1)
	go func() {
		_, err := pruning.Remove(t.Context(), []Span{{1, 4000}}, nil)
		done <- err
	}()
	longest, received := time.Duration(0), 0
	for {
		begin := time.Now()
		appendNew(t, listening, "a", "b", "c")
		longest = max(longest, time.Since(begin))
		received++
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			if longest > busyTimeout/2 {
				t.Errorf("an event waited for %s", longest)
			}
			if last, err := listening.Last(t.Context()); err != nil || last != int64(4000+received) {
				t.Errorf("Last = %d, %v; want %d", last, err, 4000+received)
			}
			t.Logf("%d events received meanwhile, the slowest in %s", received, longest)
			return
		default:
		}
	}
}
