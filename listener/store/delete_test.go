package store

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
)

var resultOK = verify.Result{Target: "http://localhost:3000", Outcome: verify.Answered, Status: 200}

func TestDelete(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.db")
	s := openAt(t, path, Options{})
	start := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	const count = 1000
	for i := range count {
		e := newEvent(t, "a", "b", "c")
		e.At = start.Add(time.Duration(i) * time.Second)
		if i%100 == 0 {
			e.Delivery.Body = allBytes(2*chunkSize + 1)
		}
		if err := s.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if i%10 == 0 {
			if err := s.AddResult(t.Context(), e.N, resultOK); err != nil {
				t.Fatal(err)
			}
		}
	}
	for at, want := range map[time.Time]int64{
		start: 1, start.Add(-time.Hour): 1, start.Add(500 * time.Second): 501,
		start.Add(500*time.Second - 1): 501, start.Add(999 * time.Second): 1000, start.Add(time.Hour): 1001,
	} {
		if n, err := s.FirstSince(t.Context(), at); err != nil || n != want {
			t.Errorf("first since %s = %d, %v, want %d", at, n, err, want)
		}
	}
	for _, tt := range []struct {
		first, last int64
		want        int
	}{{11, 600, 590}, {1, 10, 10}, {590, 700, 100}, {900, 900, 1}, {998, 5000, 3}, {5, 3, 0}, {-5, 0, 0}, {1, 600, 0}} {
		if n, err := s.Delete(t.Context(), tt.first, tt.last); err != nil || n != tt.want {
			t.Errorf("delete %d to %d = %d, %v, want %d", tt.first, tt.last, n, err, tt.want)
		}
	}
	if _, err := s.Event(t.Context(), 600); !errors.Is(err, ErrNotFound) {
		t.Errorf("a deleted event: %v", err)
	}
	e := appendNew(t, s, "a", "b", "c")
	if e.N != count+1 {
		t.Errorf("number after the newest was deleted = %d, want %d", e.N, count+1)
	}
	events, err := s.List(t.Context(), Query{Limit: 4})
	if diff := cmp.Diff([]int64{1001, 997, 996, 995}, numbersOf(events)); diff != "" || err != nil {
		t.Errorf("list: %v (-want +got)\n%s", err, diff)
	}
	events, err = s.Since(t.Context(), 0, 2)
	if diff := cmp.Diff([]int64{701, 702}, numbersOf(events)); diff != "" || err != nil {
		t.Errorf("since: %v (-want +got)\n%s", err, diff)
	}
	if found, err := s.Find(t.Context(), e.ID); err != nil || found.N != e.N {
		t.Errorf("find = %v, %v", found, err)
	}
	r, err := s.Check(t.Context())
	if err != nil || !r.OK() || r.Events != 297 || r.Results != 30 {
		t.Errorf("check = %+v, %v", r, err)
	}
	if _, err := s.Delete(t.Context(), 1, 2000); err != nil {
		t.Fatal(err)
	}
	if events, err := s.List(t.Context(), Query{}); len(events) != 0 || err != nil {
		t.Errorf("list of an emptied store = %v, %v", numbersOf(events), err)
	}
	if e := appendNew(t, s, "a", "b", "c"); e.N != count+2 {
		t.Errorf("number after all was deleted = %d, want %d", e.N, count+2)
	}
}
