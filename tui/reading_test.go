package tui

import (
	"strings"
	"testing"
	"time"
)

// The first event is a key away, wherever the list is.
func TestFirstEventOfMany(t *testing.T) {
	s := newScreen(t, manyEvents(10_000), 80, 30)
	s.keys("g")
	if got := s.cursor(); got != 1 {
		t.Fatalf("the cursor is on %d, want 1", got)
	}
	if got := len(s.m.list.rows); got > mostRows {
		t.Errorf("%d rows are held, %d at most", got, mostRows)
	}
	for range 20 {
		s.keys("pgdown")
	}
	rows := s.numbers()
	if got, want := int(rows[len(rows)-1]-rows[0])+1, len(rows); got != want {
		t.Errorf("the rows from %d to %d are %d", rows[0], rows[len(rows)-1], want)
	}
	s.keys("G")
	if got := s.cursor(); got != 10_000 {
		t.Errorf("the cursor is on %d, want 10000", got)
	}
}

// While events come and nothing else, rows that are held are not read again.
func TestEventsAloneReadNothingTwice(t *testing.T) {
	s := newScreen(t, manyEvents(1000), 80, 30)
	s.arrive(smallEvent(1001)) // with an answer
	read := func(tell func()) int {
		before := s.log.pages
		tell()
		s.hear()
		return s.log.pages - before
	}
	bare := smallEvent(1002)
	bare.Results = nil
	if got := read(func() { s.log.add(bare); s.tell(bare) }); got != 1 {
		t.Errorf("an event was shown after reading %d pages, want 1", got)
	}
	if got := read(func() { s.m.o.Feed.Changed() }); got != 2 {
		t.Errorf("something else was shown after reading %d pages, want 2: what is new, and what is seen", got)
	}
}

// A search says what it looks for and how far it is, whatever else is done meanwhile.
func TestSearchShowsItsProgress(t *testing.T) {
	s := newScreen(t, manyEvents(1000), 100, 30)
	s.held = true
	s.keys("/", "type:zebra", "enter")
	s.m.finding.progress(420, 1000)
	s.keys("up")
	if frame := s.m.draw(); !strings.Contains(frame, "looking for zebra") || !strings.Contains(frame, " 42 %") {
		t.Errorf("the progress is not shown:\n%s", frame)
	}
	_, again := s.m.Update(findingOn{s.m.finding})
	if again == nil {
		t.Error("the progress is not drawn again while the search runs")
	}
	if _, again = s.m.Update(findingOn{new(scan)}); again != nil {
		t.Error("the progress of a search that has ended is drawn again")
	}
}

// Frames follow each other more slowly where reading takes long, and where nobody can read
// along.
func TestPauseAfter(t *testing.T) {
	for _, tt := range []struct {
		read time.Duration
		came int
		want time.Duration
	}{
		{0, 0, frameTime},
		{3 * time.Millisecond, crowd, frameTime},
		{3 * time.Millisecond, crowd + 1, 3 * frameTime},
		{20 * time.Millisecond, 1, 120 * time.Millisecond},
		{20 * time.Millisecond, 10 * crowd, 120 * time.Millisecond},
		{time.Hour, 0, 8 * frameTime},
		{-time.Hour, 0, frameTime},
	} {
		if got := pauseAfter(tt.read, tt.came); got != tt.want {
			t.Errorf("after %s of reading and %d events a frame lasts %s, want %s", tt.read, tt.came, got, tt.want)
		}
	}
}
