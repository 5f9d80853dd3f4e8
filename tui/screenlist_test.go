package tui

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
)

// numbers are the events that are held, in the order of the list.
func (s *screen) numbers() []int64 {
	var all []int64
	for _, r := range s.m.list.rows {
		all = append(all, r.n)
	}
	return all
}

func TestFollow(t *testing.T) {
	t.Run("the cursor goes to what comes", func(t *testing.T) {
		s := newScreen(t, manyEvents(30), 120, 20)
		s.arrive(smallEvent(31), smallEvent(32))
		if got, want := s.cursor(), int64(32); got != want {
			t.Errorf("cursor on %d, want %d", got, want)
		}
		if got, want := s.m.detail.shown, int64(32); got != want {
			t.Errorf("detail of %d, want %d", got, want)
		}
	})
	t.Run("moving up stays there", func(t *testing.T) {
		s := newScreen(t, manyEvents(30), 120, 20)
		s.keys("up", "up")
		top := s.m.list.top
		s.arrive(smallEvent(31), smallEvent(32))
		if got, want := s.cursor(), int64(28); got != want {
			t.Errorf("cursor on %d, want %d", got, want)
		}
		if got := s.m.list.top; got != top {
			t.Errorf("the list moved: top row %d, before %d", got, top)
		}
		s.lacks("follow")
	})
	t.Run("G follows again", func(t *testing.T) {
		s := newScreen(t, manyEvents(30), 120, 20)
		s.keys("g", "G")
		s.arrive(smallEvent(31))
		if got, want := s.cursor(), int64(31); got != want {
			t.Errorf("cursor on %d, want %d", got, want)
		}
		s.sees("follow")
	})
	t.Run("F follows, and stops following", func(t *testing.T) {
		s := newScreen(t, manyEvents(30), 120, 20)
		s.keys("g", "F")
		if got, want := s.cursor(), int64(30); got != want {
			t.Errorf("cursor on %d, want %d", got, want)
		}
		s.keys("F")
		s.arrive(smallEvent(31))
		if got, want := s.cursor(), int64(30); got != want {
			t.Errorf("cursor on %d, want %d", got, want)
		}
	})
	t.Run("not while an event is read", func(t *testing.T) {
		s := newScreen(t, manyEvents(30), 120, 20)
		s.keys("enter")
		s.arrive(smallEvent(31))
		if got, want := s.m.detail.shown, int64(30); got != want {
			t.Errorf("detail of %d, want %d", got, want)
		}
		s.keys("esc")
		if got, want := s.cursor(), int64(31); got != want {
			t.Errorf("back in the list the cursor is on %d, want %d", got, want)
		}
	})
	t.Run("not in a history", func(t *testing.T) {
		s := newScreen(t, manyEvents(30), 120, 20, func(o *Options) { o.Feed = nil })
		s.lacks("follow")
		s.keys("g", "G")
		if got, want := s.cursor(), int64(30); got != want {
			t.Errorf("cursor on %d, want %d", got, want)
		}
	})
	t.Run("more come at once than a page holds", func(t *testing.T) {
		s := newScreen(t, manyEvents(30), 120, 20)
		for n := range int64(3000) {
			s.log.add(smallEvent(31 + n))
		}
		s.hear()
		if got, want := s.cursor(), int64(3030); got != want {
			t.Errorf("cursor on %d, want %d", got, want)
		}
		s.walks(3030)
	})
}

// walks goes to the first event and to the last, a page at a time, and wants to meet
// every number once, in order.
func (s *screen) walks(last int64) {
	s.t.Helper()
	s.keys("G")
	seen := map[int64]bool{}
	look := func() {
		shown := s.m.list.visible(s.m.listHeight(s.m.arrange().list))
		for i, r := range shown {
			if i > 0 && r.n != shown[i-1].n+1 {
				s.t.Fatalf("%d stands behind %d", r.n, shown[i-1].n)
			}
			seen[r.n] = true
		}
		if len(s.m.list.rows) > mostRows {
			s.t.Fatalf("%d rows are held, %d at most", len(s.m.list.rows), mostRows)
		}
	}
	for _, way := range []struct {
		key  string
		ends int64
	}{{"pgup", 1}, {"pgdown", last}} {
		clear(seen)
		for range last { // each step is a page, so this is far more than it takes
			look()
			if s.cursor() == way.ends {
				break
			}
			s.keys(way.key)
		}
		if s.cursor() != way.ends {
			s.t.Fatalf("%s ended at %d, want %d", way.key, s.cursor(), way.ends)
		}
		if got := int64(len(seen)); got != last {
			s.t.Errorf("%s showed %d of %d events", way.key, got, last)
		}
	}
}

func TestScrollThroughThousands(t *testing.T) {
	s := newScreen(t, manyEvents(10_000), 80, 30)
	s.walks(10_000)
	pages := s.log.pages
	s.keys("up", "down", "up")
	if got := s.log.pages; got != pages {
		t.Errorf("moving among rows that are held asked for %d pages", got-pages)
	}
}

func TestScrollWhileEventsCome(t *testing.T) {
	s := newScreen(t, manyEvents(5000), 80, 30)
	next := int64(5001)
	for range 200 {
		s.keys("pgup")
		s.arrive(smallEvent(next))
		next++
		if rows := s.numbers(); !slices.IsSorted(rows) || int(rows[len(rows)-1]-rows[0])+1 != len(rows) {
			t.Fatalf("the rows have gaps: %d from %d to %d", len(rows), rows[0], rows[len(rows)-1])
		}
	}
	s.walks(next - 1)
}

func TestLateAnswers(t *testing.T) {
	t.Run("an answer makes an event fit", func(t *testing.T) {
		s := newScreen(t, manyEvents(20), 120, 20)
		s.keys("f", "type:app:5xx", "enter")
		s.sees("No event fits.")
		e := smallEvent(21)
		e.Results = nil
		s.arrive(e)
		s.sees("No event fits.")
		failing := verify.Result{Outcome: verify.Answered, Status: 503, Took: time.Second}
		s.log.answer(21, failing)
		s.m.o.Feed.Result(21, failing)
		s.hear()
		if diff := cmp.Diff([]int64{21}, s.numbers()); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
	t.Run("an answer shows in the list and among the attempts", func(t *testing.T) {
		e := smallEvent(1)
		e.Results = nil
		s := newScreen(t, &fakeLog{entries: []Entry{e}}, 120, 20)
		s.keys("a")
		s.sees("Nothing was forwarded")
		s.log.answer(1, answered(503, time.Second))
		s.m.o.Feed.Changed()
		s.hear()
		s.sees("503 1 s", `"ok": false`)
	})
	t.Run("every event fits a filter that asks for answers", func(t *testing.T) {
		s := newScreen(t, manyEvents(1000), 120, 20)
		s.keys("f", "type:app:2xx", "enter", "up")
		for n := range int64(600) {
			s.arrive(smallEvent(1001 + n))
		}
		if got := s.numbers(); got[len(got)-1] != 1600 {
			t.Errorf("the list ends with %d, want 1600", got[len(got)-1])
		}
		s.walks(1600)
	})
	t.Run("an event that fits no more goes", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 40)
		s.keys("f", "type:app:5xx", "enter")
		if diff := cmp.Diff([]int64{evPloomes}, s.numbers()); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		s.log.answer(evPloomes, answered(200, time.Millisecond))
		s.hear()
		s.sees("No event fits.")
	})
}

func TestPause(t *testing.T) {
	s := newScreen(t, manyEvents(30), 120, 20)
	s.keys("p")
	s.arrive(smallEvent(31), smallEvent(32), smallEvent(33))
	s.sees("paused, 3 more")
	if got := s.numbers(); got[len(got)-1] != 30 {
		t.Errorf("%d came into a list that is paused", got[len(got)-1])
	}
	s.keys("p")
	s.lacks("paused")
	if got, want := s.cursor(), int64(33); got != want {
		t.Errorf("cursor on %d, want %d", got, want)
	}
}

func TestPauseWhileReading(t *testing.T) {
	s := newScreen(t, manyEvents(30), 120, 20)
	s.keys("up", "p")
	s.arrive(smallEvent(31))
	s.keys("p")
	if got, want := s.cursor(), int64(29); got != want {
		t.Errorf("cursor on %d, want %d", got, want)
	}
	if got := s.numbers(); got[len(got)-1] != 31 {
		t.Errorf("the list ends with %d, want 31", got[len(got)-1])
	}
}

func TestDeletedEventsGo(t *testing.T) {
	s := newScreen(t, someLog(), 120, 40)
	s.goTo(evPloomes)
	s.log.remove(evPloomes)
	s.keys("X", "y")
	if slices.Contains(s.numbers(), evPloomes) {
		t.Error("the deleted event is still listed")
	}
	if got, want := s.cursor(), int64(evUnsigned); got != want {
		t.Errorf("cursor on %d, want %d", got, want)
	}
	s.log.entries = nil
	s.keys("ctrl+x", "y")
	s.sees("Nothing has come yet.")
	s.lacks("gps.coordinate")
}

func TestDeletedByOthers(t *testing.T) {
	s := newScreen(t, someLog(), 120, 40)
	s.goTo(evPloomes)
	s.log.remove(evValid)
	s.hear()
	if got, want := s.cursor(), int64(evPloomes); got != want {
		t.Errorf("cursor on %d, want %d", got, want)
	}
	if slices.Contains(s.numbers(), evValid) {
		t.Error("the deleted event is still listed")
	}
}

// damage is an error of a log that has lost events.
type damage []int64

func (d damage) Error() string    { return fmt.Sprintf("event %d: checksum", d[0]) }
func (d damage) Damaged() []int64 { return d }

func TestDamageIsSaid(t *testing.T) {
	log := someLog()
	log.damage = damage{3, 4}
	s := newScreen(t, log, 120, 40)
	s.sees("2 events cannot be read, whk doctor --full says more: event 3: checksum", "Invoice.create")
	log.damage = errors.New("the disk is gone")
	s.keys("ctrl+l")
	s.sees("the disk is gone")
}

func TestAnswersToAnEarlierFilterAreDropped(t *testing.T) {
	s := newScreen(t, someLog(), 120, 40)
	s.held = true
	s.keys("f", "type:provider:rentman", "enter")
	s.sees("reading")
	s.keys("f", "ctrl+u", "type:provider:ubiqo", "enter")
	waiting := s.waiting
	s.held, s.waiting = false, nil
	for _, cmd := range slices.Backward(waiting) { // in whatever order they end
		s.run(cmd)
	}
	if diff := cmp.Diff([]int64{evUnsigned}, s.numbers()); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestFastMovesReadOnlyWhatIsSeenAtLast(t *testing.T) {
	s := newScreen(t, someLog(), 120, 40)
	s.held = true
	s.keys("up", "up", "up")
	s.release()
	if got, want := s.m.detail.shown, int64(9); got != want {
		t.Errorf("detail of %d, want %d", got, want)
	}
}

func TestFoldsSurviveWhatComes(t *testing.T) {
	s := newScreen(t, someLog(), 120, 40)
	s.goTo(evPloomes)
	s.keys("enter", "Z")
	before := s.m.detail.page().height()
	s.log.answer(evPloomes, answered(200, time.Millisecond))
	s.arrive(smallEvent(13))
	s.keys("r")
	if got := s.m.detail.page().height(); got != before {
		t.Errorf("%d lines, %d before an answer came", got, before)
	}
}

func TestEscStopsReading(t *testing.T) {
	s := newScreen(t, someLog(), 120, 40)
	s.held = true
	s.keys("f", "type:provider:github", "enter")
	s.m.scan.progress(40, 100)
	s.sees("reading", "40 %")
	s.keys("esc")
	s.release()
	s.sees("Stopped before an event that fits was found.", "stopped; ctrl+l begins again")
	s.lacks("No event fits.")
	s.keys("ctrl+l")
	s.sees("No event fits.")
}

func TestFirstAndLast(t *testing.T) {
	s := newScreen(t, manyEvents(10_000), 120, 40)
	for _, step := range []struct {
		key  string
		want int64
	}{{"g", 1}, {"G", 10_000}, {"g", 1}, {"pgdown", 35}, {"G", 10_000}, {"pgup", 9966}} {
		s.keys(step.key)
		if got := s.cursor(); got != step.want {
			t.Errorf("%s: cursor on %d, want %d", step.key, got, step.want)
		}
	}
	s.walks(10_000)
}
