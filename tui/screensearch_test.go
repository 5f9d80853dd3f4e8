package tui

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
)

func TestSearch(t *testing.T) {
	t.Run("in the list", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 40)
		s.keys("g", "/", "type:Ploomes Sistemas", "enter")
		for _, want := range []int64{evPloomes, evLong} {
			if got := s.cursor(); got != want {
				t.Errorf("cursor on %d, want %d", got, want)
			}
			s.keys("n")
		}
		s.sees("no later event with Ploomes Sistemas")
		s.keys("N")
		if got, want := s.cursor(), int64(evPloomes); got != want {
			t.Errorf("cursor on %d, want %d", got, want)
		}
		s.keys("N")
		s.sees("no earlier event with Ploomes Sistemas")
	})
	t.Run("far away", func(t *testing.T) {
		log := manyEvents(9000)
		log.entries[4].Delivery.Body = []byte(`{"needle":1}`)
		s := newScreen(t, log, 120, 40)
		s.keys("/", "type:needle", "enter", "N")
		if got, want := s.cursor(), int64(5); got != want {
			t.Errorf("cursor on %d, want %d", got, want)
		}
		s.sees(`"needle": 1`)
		s.keys("g")
		s.walks(9000)
	})
	t.Run("in a body", func(t *testing.T) {
		s := newScreen(t, someLog(), 80, 12)
		s.goTo(evPloomes)
		s.keys("enter", "/", "type:TagId", "enter")
		s.sees(`"TagId": 290`)
		s.keys("n")
		s.sees(`"TagId": 287`)
		s.keys("n")
		s.sees("no further line with TagId")
		s.keys("N")
		s.sees(`"TagId": 290`)
	})
	t.Run("esc stops it", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 40)
		s.held = true
		s.keys("/", "type:zebra", "enter")
		s.sees("looking for zebra")
		s.keys("esc")
		s.release()
		s.sees("search stopped")
	})
	t.Run("esc forgets it", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 40)
		s.keys("/", "type:TagId", "enter", "esc", "n")
		s.sees("/ asks for a text to look for")
	})
	t.Run("a later search counts", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 40)
		s.keys("g")
		s.held = true
		s.keys("/", "type:TagId", "enter", "/", "ctrl+u", "type:latitude", "enter")
		s.release()
		if got, want := s.cursor(), int64(evUnsigned); got != want {
			t.Errorf("cursor on %d, want %d", got, want)
		}
	})
}

func TestFilter(t *testing.T) {
	s := newScreen(t, someLog(), 120, 40)
	s.keys("f", "type:provider:ubiqo", "enter")
	if diff := cmp.Diff([]int64{evUnsigned}, s.numbers()); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	s.keys("f")
	s.sees("filter: provider:ubiqo")
	s.keys("esc", "esc")
	if got, want := len(s.numbers()), evLast; got != want {
		t.Errorf("esc left the filter: %d events, want %d", got, want)
	}
	s.keys("f", "up")
	s.sees("filter: provider:ubiqo")
	s.keys("down")
	s.lacks("filter: provider:ubiqo")
	s.keys("type:sig:vald", "enter")
	s.sees("column 5", "did you mean valid?")
	s.keys("backspace")
	s.lacks("column 5")
}

func TestFilterNeedsNoEvent(t *testing.T) {
	s := newScreen(t, someLog(), 120, 40)
	s.keys("f", "type:provider:github", "enter")
	s.lacks("rentman/Contact.create ✓ valid")
	s.keys("C", "B", "y", "r", "X")
	if s.ran != nil || s.clipboard != "" || s.m.menu != nil {
		t.Errorf("without an event %q ran, %q was copied", s.ran, s.clipboard)
	}
	s.keys("esc")
	s.sees("rentman/Contact.create ✓ valid")
}

func TestMarks(t *testing.T) {
	s := newScreen(t, someLog(), 120, 40)
	s.keys("W")
	s.sees("space marks an event first")
	s.keys("space", "W")
	s.sees("space marks an event first")
	s.keys("up", "W")
	s.sees("12◆14:02:37", "#12 rentman/Contact.create → #11 ploomes/ContactsWith")
	s.keys("W")
	s.sees("Contacts 2630362, old → new")
	s.keys("W", "down")
	s.sees("This event carries no old and new values.")
	s.keys("space", "up")
	s.sees("Contacts 2630362, old → new")
	s.lacks("◆")
}

func TestMask(t *testing.T) {
	log := someLog()
	log.answer(evPloomes, verify.Result{Outcome: verify.Answered, Status: 200, Body: []byte(`{"echo":{"Email":"contact@example.com"}}`), Target: "http://localhost:3000"})
	s := newScreen(t, log, 120, 60)
	s.goTo(evPloomes)
	shows := func(tab, text string, want bool) {
		t.Helper()
		s.keys(tab)
		if got := strings.Contains(s.text(), text); got != want {
			t.Errorf("tab %s shows %s: %t, want %t:\n%s", tab, text, got, want, s.text())
		}
	}
	for _, masked := range []bool{false, true, false} {
		shows("1", "contact@example.com", !masked)
		shows("2", "from      127.0.0.1:", !masked)
		shows("4", "4380-7749", !masked)
		shows("5", "contact@example.com", !masked)
		s.keys("m")
	}
}

func TestOrder(t *testing.T) {
	s := newScreen(t, someLog(), 120, 40)
	s.keys("O")
	want := []int64{12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}
	if diff := cmp.Diff(want, s.numbers()); diff != "" {
		t.Errorf("reversed (-want +got):\n%s", diff)
	}
	s.arrive(smallEvent(13)) // an order is over what is held
	if diff := cmp.Diff(want, s.numbers()); diff != "" {
		t.Errorf("reversed, and another came (-want +got):\n%s", diff)
	}
	s.keys("O")
	if got := s.numbers(); got[len(got)-1] != 13 {
		t.Errorf("back in the order of the log, without %d", 13)
	}
	tests := map[string][]int64{
		"e": {5, 11, 10, 1, 2, 12, 8, 9, 4, 3, 6, 7},
		"v": {3, 4, 7, 8, 5, 6, 10, 11, 1, 2, 9, 12},
		"a": {6, 8, 10, 1, 2, 7, 9, 11, 12, 4, 3, 5},
		"d": {3, 7, 4, 9, 2, 12, 1, 5, 6, 8, 10, 11},
		"s": {7, 10, 6, 1, 2, 4, 8, 9, 12, 3, 5, 11},
		"n": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
	}
	for key, want := range tests {
		t.Run(key, func(t *testing.T) {
			s := newScreen(t, someLog(), 120, 40)
			s.goTo(evCut)
			s.keys("o", key)
			if diff := cmp.Diff(want, s.numbers()); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if key != "n" && s.cursor() != evCut {
				t.Errorf("the cursor went from %d to %d", evCut, s.cursor())
			}
		})
	}
	t.Run("a filter begins in the order of the log", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 40)
		s.keys("o", "e", "f", "type:provider:rentman", "enter")
		s.lacks("by name")
		if !slices.IsSorted(s.numbers()) {
			t.Errorf("rows: %d", s.numbers())
		}
	})
}
