package listener_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"whk/listener"
)

// contact is a Rentman event about one contact, at a second of one minute.
func contact(id, second int, action string) string {
	return fmt.Sprintf(`{"account":"a","user":null,"eventType":%q,"itemType":"Contact","items":[{"id":%d}],"eventDate":"2023-02-02T12:07:%02d+01:00"}`, action, id, second)
}

func TestMarks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.db")
	s := openStore(t, path)
	h := start(t, s, nil)
	steps := []struct {
		name, path, body  string
		sameAs, overtaken int64
	}{
		{"first", "/rentman", contact(1, 10, "create"), 0, 0},
		{"the same again", "/rentman", contact(1, 10, "create"), 1, 0},
		{"later, about the same", "/rentman", contact(1, 30, "update"), 0, 0},
		{"earlier than that", "/rentman", contact(1, 20, "update"), 0, 3},
		{"about something else", "/rentman", contact(2, 5, "update"), 0, 0},
		{"the same body by another path", "/", contact(1, 30, "update"), 3, 0},
		{"the same with a query", "/rentman?a=1", contact(2, 5, "update"), 0, 0},
		{"no time, no order", "/ploomes", `{"Action":"Update","Entity":"Deals","New":{"Id":1}}`, 0, 0},
		{"nobody's", "/", "plain", 0, 0},
		{"nobody's again", "/elsewhere", "plain", 9, 0},
	}
	for i, step := range steps {
		h.post(step.path, step.body)
		e := h.last()
		if e.N != int64(i+1) || e.SameAs != step.sameAs || e.OvertakenBy != step.overtaken {
			t.Errorf("%s: event %d is the same as %d and overtaken by %d, want %d and %d", step.name, e.N, e.SameAs, e.OvertakenBy, step.sameAs, step.overtaken)
		}
		if e.SameAs > 0 && (e.Gap <= 0 || e.Gap > time.Minute) {
			t.Errorf("%s: the gap is %v", step.name, e.Gap)
		}
	}
	h.stop()

	// What was seen before a restart is known after it, once the history has been read.
	h = start(t, s, nil)
	deadline := time.Now().Add(10 * time.Second)
	for {
		h.post("/rentman", contact(1, 1, "update"))
		if h.last().OvertakenBy == 3 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the history is forgotten")
		}
	}
	h.post("/rentman", contact(2, 5, "update"))
	if got := h.last().SameAs; got != 5 {
		t.Errorf("the same as %d, want 5", got)
	}
}

// Of equal events that arrive at one time all but one are marked.
func TestMarksOfEventsAtOneTime(t *testing.T) {
	h := newHarness(t, func(o *listener.Options) { o.Moment = nil })
	var senders sync.WaitGroup
	const events = 32
	for range events {
		senders.Go(func() { h.post("/cmmshere", strings.Repeat("x", 100)) })
	}
	senders.Wait()
	marked := 0
	stored, err := h.store.Since(t.Context(), 0, events+1)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range stored {
		if e.SameAs > 0 {
			marked++
		}
	}
	if marked != events-1 {
		t.Errorf("%d of %d are marked, want all but one", marked, events)
	}
}
