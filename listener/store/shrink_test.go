package store

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"whk/listener"
	"whk/listener/filter"
	"whk/verify"
)

// A store that is read as it lies in memory can be written, emptied and cut off by
// somebody else meanwhile.
func TestReadWhileItShrinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.db")
	s := openAt(t, path, Options{Exclusive: true})
	grow := func() (last int64) {
		for i := range 200 {
			e := newEvent(t, "a", "b", "c")
			e.Delivery.Body = []byte(strings.Repeat("filling ", 20*(i%40)) + "needle")
			if err := s.Append(t.Context(), e); err != nil {
				t.Error(err)
			}
			last = e.N
		}
		return last
	}
	grow()
	reader := openAt(t, path, Options{ReadOnly: true, Mapped: true})
	f, err := filter.Parse("body:needle", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	size := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Error(err)
			return 0
		}
		return info.Size()
	}
	shrunk := false
	done := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		defer close(done)
		for range 5 {
			last := grow()
			before := size()
			if _, err := s.Remove(t.Context(), []Span{{1, last - 5}}, nil); err != nil {
				t.Error(err)
			}
			if err := s.Compact(t.Context()); err != nil {
				t.Error(err)
			}
			if size() < before {
				shrunk = true
			}
		}
	})
	defer func() {
		if writing.Wait(); !shrunk {
			t.Error("the file has not shrunk")
		}
	}()
	found := 0
	for searches, over := 0, false; !over; searches++ {
		select {
		case <-done:
			over = true
		default:
		}
		err := reader.Search(t.Context(), f, SearchOptions{Bodies: true}, func(*listener.Event, func() ([]verify.Result, error)) error {
			found++
			return nil
		})
		if err != nil {
			t.Fatalf("search %d: %v", searches, err)
		}
	}
	if found < 10 {
		t.Errorf("%d events were found, too few to have read along", found)
	}
}
