package store

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
)

func TestAddResults(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "events.db"), Options{})
	one, two := appendNew(t, s, "a", "b", "c"), appendNew(t, s, "a", "b", "c")
	attempt := func(n int64, status int) Attempt {
		r := resultOK
		r.Status = status
		return Attempt{Event: n, Result: r}
	}
	statuses := func(n int64) (all []int) {
		t.Helper()
		results, err := s.Results(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			all = append(all, r.Status)
		}
		return all
	}
	if err := s.AddResults(t.Context(), nil); err != nil {
		t.Errorf("none at all: %v", err)
	}
	if err := s.AddResults(t.Context(), []Attempt{attempt(one.N, 500), attempt(two.N, 201), attempt(one.N, 200)}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]int{{500, 200}, {201}}, [][]int{statuses(one.N), statuses(two.N)}); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if err := s.AddResults(t.Context(), []Attempt{attempt(one.N, 204), attempt(two.N+1, 204)}); !errors.Is(err, ErrNotFound) {
		t.Errorf("one without its event: %v, want %v", err, ErrNotFound)
	}
	if diff := cmp.Diff([]int{500, 200}, statuses(one.N)); diff != "" {
		t.Errorf("after none was stored (-want +got):\n%s", diff)
	}
	late := attempt(one.N, 200)
	late.Result.At = late.Result.At.AddDate(300_000, 0, 0)
	if err := s.AddResults(t.Context(), []Attempt{attempt(one.N, 200), late}); err == nil {
		t.Error("a time that cannot be kept was taken")
	}
	if got := statuses(one.N); len(got) != 2 {
		t.Errorf("%d results after one could not be kept, want 2", len(got))
	}
	if err := s.AddResult(t.Context(), two.N, verify.Result{At: resultOK.At, Outcome: verify.Refused}); err != nil {
		t.Error(err)
	}
}
