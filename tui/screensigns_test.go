package tui

import (
	"strings"
	"testing"
)

// Whatever the well-known development secret has verified is marked as such.
func TestDevelopmentIsMarked(t *testing.T) {
	log := someLog()
	for i := range log.entries {
		if log.entries[i].N == evValid {
			log.entries[i].Verdict.Development = true
		}
	}
	s := newScreen(t, log, 120, 40)
	s.goTo(evValid)
	s.sees("✓ d", "✓ valid dev")
	s.goTo(evPloomes)
	s.lacks("valid dev")
	s.keys("?", "G")
	s.sees("signs in the list", "valid by the well-known development secret", "same content as an earlier event")
}

func TestGist(t *testing.T) {
	for name, tt := range map[string]struct{ said, want string }{
		"the last line":             {"one\ntwo", "two"},
		"with its hint":             {"whk: no such event\nhint: whk events lists them", "no such event (whk events lists them)"},
		"what was sent, and result": {"sent rentman/Crew.create to http://127.0.0.1:3000, signed (env X)\n  → 200 in 6 ms\n    {\n      \"ok\": true\n    }", "sent rentman/Crew.create to http://127.0.0.1:3000 → 200 in 6 ms"},
		"what a replay came to":     {"10:00 #2 a/b to http://x\n  → 200 in 6 ms\nfixed: it was 500", "fixed: it was 500"},
	} {
		if got := gist(strings.Split(tt.said, "\n")); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// The menu of orders turns the list around itself.
func TestOrderMenuTurns(t *testing.T) {
	s := newScreen(t, someLog(), 120, 40)
	s.keys("o", "O")
	if got := s.numbers(); len(got) < 2 || got[0] < got[1] {
		t.Errorf("the list is not turned around: %v", got)
	}
	s.lacks("order by")
}
