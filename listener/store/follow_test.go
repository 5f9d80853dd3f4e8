package store

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
)

// answer appends an attempt whose status tells it from others.
func answer(t *testing.T, s *Store, n int64, status int) {
	t.Helper()
	r := resultOK
	r.Status = status
	if err := s.AddResult(t.Context(), n, r); err != nil {
		t.Fatal(err)
	}
}

func statusesOf(attempts []Attempt) (list [][2]int) {
	for _, x := range attempts {
		list = append(list, [2]int{int(x.Event), x.Result.Status})
	}
	return list
}

func TestAttempts(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "events.db"), Options{})
	if key, err := s.LastAttempt(t.Context()); key != 0 || err != nil {
		t.Errorf("LastAttempt of an empty store = %d, %v", key, err)
	}
	for range 4 {
		appendNew(t, s, "a", "b", "c")
	}
	answer(t, s, 2, 201)
	answer(t, s, 1, 202)
	answer(t, s, 2, 203)
	got, next, err := s.AttemptsAfter(t.Context(), 0, 2)
	if diff := cmp.Diff([][2]int{{2, 201}, {1, 202}}, statusesOf(got)); diff != "" || err != nil || next != got[1].Key {
		t.Errorf("AttemptsAfter(0): next %d, %v (-want +got):\n%s", next, err, diff)
	}
	got, next, err = s.AttemptsAfter(t.Context(), next, 10)
	if diff := cmp.Diff([][2]int{{2, 203}}, statusesOf(got)); diff != "" || err != nil {
		t.Errorf("AttemptsAfter: %v (-want +got):\n%s", err, diff)
	}
	last := next
	if got, next, err = s.AttemptsAfter(t.Context(), next, 10); len(got) != 0 || next != last || err != nil {
		t.Errorf("AttemptsAfter the last = %v, %d, %v", got, next, err)
	}
	got, err = s.AttemptsOf(t.Context(), 2)
	if diff := cmp.Diff([][2]int{{2, 201}, {2, 203}}, statusesOf(got)); diff != "" || err != nil {
		t.Errorf("AttemptsOf(2): %v (-want +got):\n%s", err, diff)
	}

	// The keys of deleted attempts are given out again.
	if _, err := s.Delete(t.Context(), 2, 2); err != nil {
		t.Fatal(err)
	}
	if got, next, err = s.AttemptsAfter(t.Context(), last, 10); len(got) != 0 || next >= last || err != nil {
		t.Errorf("AttemptsAfter a deleted one = %v, %d, %v", got, next, err)
	}
	answer(t, s, 3, 204)
	got, _, err = s.AttemptsAfter(t.Context(), next, 10)
	if diff := cmp.Diff([][2]int{{3, 204}}, statusesOf(got)); diff != "" || err != nil {
		t.Errorf("AttemptsAfter a deletion: %v (-want +got):\n%s", err, diff)
	}
}

func TestAnswersAndDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.db")
	s := openAt(t, path, Options{})
	for range 4 {
		appendNew(t, s, "a", "b", "c")
	}
	for n, status := range []int{201, 202, 203, 204} {
		answer(t, s, int64(4-n), status)
	}
	read := func(first, last int64) (list [][2]int, err error) {
		err = s.Answers(t.Context(), first, last, func(n int64, r *verify.Result) { list = append(list, [2]int{int(n), r.Status}) })
		return list, err
	}
	got, err := read(2, 3)
	if diff := cmp.Diff([][2]int{{2, 203}, {3, 202}}, got); diff != "" || err != nil {
		t.Errorf("Answers(2, 3): %v (-want +got):\n%s", err, diff)
	}
	execute(t, path, "UPDATE results SET record = zeroblob(50) WHERE event = 2")
	got, err = read(1, 4)
	if diff := cmp.Diff([][2]int{{1, 204}, {3, 202}, {4, 201}}, got); diff != "" {
		t.Errorf("Answers beside damage (-want +got):\n%s", diff)
	}
	d, ok := errors.AsType[*Damage](err)
	if !ok || !cmp.Equal(d.Numbers, []int64{2}) {
		t.Errorf("Answers beside damage: %v", err)
	}
	attempts, next, err := s.AttemptsAfter(t.Context(), 0, 10)
	if _, ok := errors.AsType[*Damage](err); !ok || next != attempts[len(attempts)-1].Key || len(attempts) != 3 {
		t.Errorf("AttemptsAfter beside damage = %v, %d, %v", statusesOf(attempts), next, err)
	}
}

func TestFollower(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.db")
	s := openAt(t, path, Options{Exclusive: true})
	reader := openAt(t, path, Options{ReadOnly: true})
	f, err := reader.Follow()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := func(what string, want bool) {
		t.Helper()
		if got, err := f.Changed(); got != want || err != nil {
			t.Errorf("%s: Changed = %v, %v; want %v", what, got, err, want)
		}
	}
	want("at first", true)
	want("nothing happened", false)
	appendNew(t, s, "a", "b", "c")
	want("an event came", true)
	want("nothing happened since", false)
	answer(t, s, 1, 200)
	want("an answer came", true)
	if _, err := s.Delete(t.Context(), 1, 1); err != nil {
		t.Fatal(err)
	}
	want("an event was deleted", true)
	want("nothing happened in the end", false)
}
