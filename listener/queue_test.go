package listener_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"whk/listener"
	"whk/verify"
)

// What was imported behind an unfinished queue is handed to nobody, and the queue gets done.
func TestQueuePassesOverWhatWasImported(t *testing.T) {
	var calls atomic.Int64
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	defer target.Close()
	s := openStore(t, filepath.Join(t.TempDir(), "events.db"))
	for i, notes := range [][]string{nil, {"odd", listener.ImportedNote + "bug.whk"}, nil} {
		e := &listener.Event{ID: "0198c1f2-0000-7000-8000-00000000000" + string(rune('1'+i)), At: time.Now(), Provider: "rentman", Notes: notes,
			Delivery: &verify.Delivery{Method: "POST", URL: "/rentman", Header: http.Header{}, Body: []byte("{}")}}
		if err := s.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetCursor(t.Context(), target.URL, 0); err != nil {
		t.Fatal(err)
	}
	h := start(t, s, func(o *listener.Options) { o.Policy.Ack, o.Routes = true, []listener.Route{routeTo(target.URL)} })
	h.results(1, 1)
	h.results(3, 1)
	h.stop()
	if got := calls.Load(); got != 2 {
		t.Errorf("the target was called %d times, want 2", got)
	}
	if results, err := s.Results(t.Context(), 2); err != nil || len(results) > 0 {
		t.Errorf("the imported event has attempts: %v, %v", results, err)
	}
	if n, unfinished, err := s.Cursor(t.Context(), target.URL); err != nil || unfinished {
		t.Errorf("the queue is left behind, at %d: %v", n, err)
	}
}

// Any method is received and kept; one that the provider does not use is noted.
func TestMethodsAreNoted(t *testing.T) {
	h := newHarness(t, nil)
	for n, c := range []struct{ method, path, note string }{
		{"POST", "/rentman", ""},
		{"PUT", "/rentman", "came by PUT; Rentman sends by POST"},
		{"DELETE", "/rentman", "came by DELETE; Rentman sends by POST"},
		{"GET", "/ubiqo?a=1", ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, h.url+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if status, _, _ := h.do(r); status != http.StatusOK {
			t.Fatalf("%s: answered %d", c.method, status)
		}
		e, err := h.store.Event(t.Context(), int64(n+1))
		if err != nil {
			t.Fatal(err)
		}
		noted := ""
		for _, note := range e.Notes {
			if note == c.note {
				noted = note
			}
			if c.note == "" && len(note) > 8 && note[:8] == "came by " {
				noted = note
			}
		}
		if noted != c.note {
			t.Errorf("%s %s: notes %q, want %q", c.method, c.path, e.Notes, c.note)
		}
	}
}
