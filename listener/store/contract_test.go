package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"whk/listener"
	"whk/verify"
)

// eventLog is what every backend has to do.
type eventLog interface {
	Append(context.Context, *listener.Event) error
	AppendAll(context.Context, []*listener.Event) error
	AddResult(context.Context, int64, verify.Result) error
	Event(context.Context, int64) (*listener.Event, error)
	Find(context.Context, string) (*listener.Event, error)
	Results(context.Context, int64) ([]verify.Result, error)
	List(context.Context, Query) ([]*listener.Event, error)
	Since(context.Context, int64, int) ([]*listener.Event, error)
	Cursor(context.Context, string) (int64, bool, error)
	SetCursor(context.Context, string, int64) error
	ClearCursor(context.Context, string) error
	Last(context.Context) (int64, error)
	Close() error
}

func TestContract(t *testing.T) {
	testStore(t, func(t *testing.T, dir string) eventLog { return openAt(t, dir+"/events.db", Options{}) })
}

// testStore holds a backend to the law of the log. The function opens the log that
// lives in a directory, a new one when the directory is empty.
func testStore(t *testing.T, open func(t *testing.T, dir string) eventLog) {
	t.Run("keeps every field of an event", func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		events := oddEvents(t)
		for name, e := range events {
			if err := s.Append(t.Context(), e); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		check := func(s eventLog) {
			t.Helper()
			for name, want := range events {
				got, err := s.Event(t.Context(), want.N)
				if err != nil {
					t.Errorf("%s: %v", name, err)
				} else if diff := cmp.Diff(want, got, sameBytes); diff != "" {
					t.Errorf("%s: event changed (-want +got)\n%.2000s", name, diff)
				}
			}
		}
		check(s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		check(open(t, dir))
	})

	t.Run("keeps every field of a result", func(t *testing.T) {
		s := open(t, t.TempDir())
		e := appendNew(t, s, "rentman", "Contact", "create")
		at := time.Date(2025, 1, 2, 3, 4, 5, 678901234, time.UTC)
		want := []verify.Result{
			{},
			{Target: "http://localhost:3000/x?y=1", At: at, Took: 12 * time.Millisecond, Outcome: verify.Answered, Status: 204, Header: http.Header{}, Body: []byte{}},
			{Target: "\xff\x00", At: at, Outcome: verify.Refused, Error: "connection refused", Replay: true},
			{Outcome: verify.Answered, Status: 200, Truncated: true, Body: allBytes(1 << 20), Header: http.Header{"Set-Cookie": {"a=1", "b=2"}, "Odd Name": {""}}},
		}
		for _, r := range want {
			if err := s.AddResult(t.Context(), e.N, r); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Results(t.Context(), e.N)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, sameBytes); diff != "" {
			t.Errorf("results (-want +got)\n%.2000s", diff)
		}
		if none, err := s.Results(t.Context(), e.N+1); err != nil || len(none) != 0 {
			t.Errorf("results of no event = %v, %v", none, err)
		}
		if err := s.AddResult(t.Context(), e.N+1, want[0]); !errors.Is(err, ErrNotFound) {
			t.Errorf("result for no event: %v, want ErrNotFound", err)
		}
	})

	t.Run("numbers events from one without holes", func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		if last, err := s.Last(t.Context()); last != 0 || err != nil {
			t.Errorf("last of an empty log = %d, %v", last, err)
		}
		const writers, each = 20, 30
		var mu sync.Mutex
		ids := map[int64]string{}
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range each {
					e := newEvent(t, "rentman", "Contact", "create")
					if err := s.Append(t.Context(), e); err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					ids[e.N] = e.ID
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
		last, err := s.Last(t.Context())
		if err != nil || last != writers*each {
			t.Errorf("last = %d, %v, want %d", last, err, writers*each)
		}
		for n := int64(1); n <= last; n++ {
			e, err := s.Event(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			if e.ID != ids[n] {
				t.Fatalf("event %d has the id %s, its writer was told %s", n, e.ID, ids[n])
			}
		}
		if e := appendNew(t, s, "a", "b", "c"); e.N != last+1 {
			t.Errorf("number after reopening = %d, want %d", e.N, last+1)
		}
	})

	t.Run("stores many events at a time, all or none", func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		many := func(count int) (events []*listener.Event) {
			for i := range count {
				e := newEvent(t, "rentman", "Contact", "create")
				e.Delivery.Body = fmt.Appendf(nil, "%d", i)
				events = append(events, e)
			}
			return events
		}
		stored := map[int64]*listener.Event{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for _, count := range []int{0, 1, 1, 7, 300, 2*batchEvents + 1} {
			wg.Go(func() {
				events := many(count)
				if err := s.AppendAll(t.Context(), events); err != nil {
					t.Errorf("%d events: %v", count, err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				for i, e := range events {
					if e.N != events[0].N+int64(i) {
						t.Errorf("event %d of %d has number %d, the first %d", i, count, e.N, events[0].N)
					}
					stored[e.N] = e
				}
			})
		}
		wg.Wait()
		last := int64(len(stored))
		if want := int64(309 + 2*batchEvents + 1); last != want {
			t.Fatalf("%d different numbers, want %d", last, want)
		}

		bad := many(5)
		bad[3].ID = "not a UUID"
		if err := s.AppendAll(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "event 4 of 5") {
			t.Errorf("a bad event among others: %v", err)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		late := many(2)
		if err := s.AppendAll(ended, late); !errors.Is(err, context.Canceled) {
			t.Errorf("after the context has ended: %v", err)
		}
		for _, e := range append(bad, late...) {
			if e.N != 0 {
				t.Errorf("an event that was not stored has number %d", e.N)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.AppendAll(t.Context(), late); !errors.Is(err, ErrClosed) || late[0].N != 0 {
			t.Errorf("on a closed log: %v, number %d; want ErrClosed", err, late[0].N)
		}

		s = open(t, dir)
		if got, err := s.Last(t.Context()); got != last || err != nil {
			t.Errorf("last = %d, %v, want %d", got, err, last)
		}
		for n := int64(1); n <= last; n++ {
			got, err := s.Event(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(stored[n], got, sameBytes); diff != "" {
				t.Fatalf("event %d changed (-want +got)\n%.2000s", n, diff)
			}
		}
	})

	t.Run("lists the newest that match", func(t *testing.T) {
		s := open(t, t.TempDir())
		start := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
		names := [][3]string{{"rentman", "Contact", "create"}, {"rentman", "Contact", "delete"}, {"ploomes", "Contacts", "Update"}, {"unknown", "", ""}}
		for i := range 1000 {
			n := names[i%len(names)]
			e := newEvent(t, n[0], n[1], n[2])
			e.At = start.Add(time.Duration(i) * time.Second)
			if err := s.Append(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		for name, tt := range map[string]struct {
			q    Query
			want []int64
		}{
			"all":                 {Query{Limit: 3}, []int64{1000, 999, 998}},
			"before":              {Query{Limit: 2, Before: 100}, []int64{99, 98}},
			"after":               {Query{Limit: 9, After: 998}, []int64{1000, 999}},
			"between":             {Query{Before: 4, After: 1}, []int64{3, 2}},
			"provider":            {Query{Provider: "Ploomes", Limit: 2}, []int64{999, 995}},
			"provider glob":       {Query{Provider: "*ent*", Limit: 3}, []int64{998, 997, 994}},
			"name":                {Query{Name: "contact.CREATE", Limit: 2}, []int64{997, 993}},
			"name glob":           {Query{Name: "Contact*.*e", Limit: 4}, []int64{999, 998, 997, 995}},
			"provider and name":   {Query{Provider: "rentman", Name: "*.delete", Limit: 2, Before: 500}, []int64{498, 494}},
			"unknown name":        {Query{Name: "unknown", Limit: 1}, []int64{1000}},
			"nothing":             {Query{Provider: "nobody"}, nil},
			"since":               {Query{Since: start.Add(997 * time.Second)}, []int64{1000, 999, 998}},
			"since in the future": {Query{Since: start.Add(time.Hour)}, nil},
			"since and name":      {Query{Since: start.Add(990 * time.Second), Name: "*.delete"}, []int64{998, 994}},
			"before the first":    {Query{Before: 1}, nil},
		} {
			t.Run(name, func(t *testing.T) {
				events, err := s.List(t.Context(), tt.q)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, numbersOf(events)); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
				for _, e := range events {
					if e.Delivery.Body != nil {
						t.Errorf("event %d has a body that was not asked for", e.N)
					}
				}
				tt.q.Bodies = true
				events, err = s.List(t.Context(), tt.q)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range events {
					if len(e.Delivery.Body) == 0 {
						t.Errorf("event %d has no body", e.N)
					}
				}
			})
		}
		if all, err := s.List(t.Context(), Query{}); err != nil || len(all) != DefaultLimit {
			t.Errorf("list without a limit = %d events, %v", len(all), err)
		}
	})

	t.Run("reads on after a number", func(t *testing.T) {
		s := open(t, t.TempDir())
		for range 10 {
			appendNew(t, s, "rentman", "Contact", "create")
		}
		for _, tt := range []struct {
			n     int64
			limit int
			want  []int64
		}{{0, 3, []int64{1, 2, 3}}, {7, 9, []int64{8, 9, 10}}, {10, 5, nil}, {99, 5, nil}, {-5, 1, []int64{1}}} {
			events, err := s.Since(t.Context(), tt.n, tt.limit)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, numbersOf(events)); diff != "" {
				t.Errorf("since %d (-want +got)\n%s", tt.n, diff)
			}
			for _, e := range events {
				if string(e.Delivery.Body) != "{}" {
					t.Errorf("event %d has the body %q", e.N, e.Delivery.Body)
				}
			}
		}
	})

	t.Run("finds what a person means", func(t *testing.T) {
		s := open(t, t.TempDir())
		if _, err := s.Find(t.Context(), "last"); !errors.Is(err, ErrNotFound) {
			t.Errorf("last of an empty log: %v", err)
		}
		ids := []string{
			"01900000-0000-7000-8000-000000000001",
			"01900000-0001-7000-8000-000000000001",
			"01980000-0000-7000-8000-000000000001",
			"12345678-0000-7000-8000-000000000001",
			"00000003-0000-7000-8000-00000000abcd",
			"f47ac10b-58cc-4372-a567-0e02b2c3d479",
		}
		for i, id := range ids {
			e := newEvent(t, []string{"rentman", "ploomes"}[i%2], "Contact", "create")
			e.ID = id
			if err := s.Append(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		for _, tt := range []struct {
			ref  string
			want int64
			err  error
		}{
			{ref: "1", want: 1}, {ref: "6", want: 6}, {ref: "7", err: ErrNotFound},
			{ref: "last", want: 6}, {ref: "last:ploomes", want: 6}, {ref: "LAST:Rentman", want: 5},
			{ref: "last:rentman/Contact.*", want: 5}, {ref: "last:nobody", err: ErrNotFound},
			{ref: "01980000", want: 3}, {ref: "01900000-0001", want: 2}, {ref: "019000000000", want: 1},
			{ref: "01900000", err: ErrAmbiguous}, {ref: "01900001", err: ErrNotFound},
			{ref: "12345678", want: 4}, {ref: "00000003", want: 5}, {ref: "F47AC10B", want: 6},
			{ref: ids[1], want: 2}, {ref: strings.ReplaceAll(ids[1], "-", ""), want: 2},
			{ref: ids[1] + "0", err: ErrReference}, {ref: "0190000-0", err: ErrReference},
			{ref: "0190000", err: ErrReference}, {ref: "", err: ErrReference}, {ref: "0", err: ErrReference},
			{ref: "-1", err: ErrReference}, {ref: "+1", err: ErrReference}, {ref: "last:", err: ErrReference},
			{ref: "3..7", err: ErrReference}, {ref: "99999999999999999999", err: ErrNotFound},
		} {
			e, err := s.Find(t.Context(), tt.ref)
			switch {
			case !errors.Is(err, tt.err):
				t.Errorf("find %q: %v, want %v", tt.ref, err, tt.err)
			case err == nil && e.N != tt.want:
				t.Errorf("find %q = %d, want %d", tt.ref, e.N, tt.want)
			case err == nil && string(e.Delivery.Body) != "{}":
				t.Errorf("find %q has the body %q", tt.ref, e.Delivery.Body)
			}
		}
	})

	t.Run("finds every id by its prefix", func(t *testing.T) {
		s := open(t, t.TempDir())
		var ids []string
		for i := range 1200 {
			e := newEvent(t, "rentman", "Contact", "create")
			if i%100 == 50 { // an imported event, or a clock that was wrong
				e.ID = uuid.NewString()
			}
			ids = append(ids, e.ID)
			if err := s.Append(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		for i, id := range ids {
			if i%50 > 0 && i%256 > 1 && i < 1190 {
				continue
			}
			if e, err := s.Find(t.Context(), id[:30]); err != nil || e.N != int64(i+1) {
				t.Errorf("find %s: %v, want event %d", id[:30], err, i+1)
			}
		}
	})

	t.Run("remembers cursors", func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		if n, known, err := s.Cursor(t.Context(), "http://a"); n != 0 || known || err != nil {
			t.Errorf("unknown cursor = %d, %v, %v", n, known, err)
		}
		for n := range int64(3) {
			for _, target := range []string{"http://a", "http://b\xff", ""} {
				if err := s.SetCursor(t.Context(), target, n); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = s.Close()
		s = open(t, dir)
		for _, target := range []string{"http://a", "http://b\xff", ""} {
			if n, known, err := s.Cursor(t.Context(), target); n != 2 || !known || err != nil {
				t.Errorf("cursor of %q = %d, %v, %v", target, n, known, err)
			}
		}
		for range 2 {
			if err := s.ClearCursor(t.Context(), "http://a"); err != nil {
				t.Fatal(err)
			}
		}
		if n, known, err := s.Cursor(t.Context(), "http://a"); n != 0 || known || err != nil {
			t.Errorf("cleared cursor = %d, %v, %v", n, known, err)
		}
		if _, known, err := s.Cursor(t.Context(), ""); !known || err != nil {
			t.Errorf("another cursor was cleared too: %v", err)
		}
	})

	t.Run("honours contexts and Close", func(t *testing.T) {
		s := open(t, t.TempDir())
		appendNew(t, s, "a", "b", "c")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		e := newEvent(t, "a", "b", "c")
		if err := s.Append(ctx, e); !errors.Is(err, context.Canceled) || e.N != 0 {
			t.Errorf("append = %v with number %d", err, e.N)
		}
		if _, err := s.List(ctx, Query{}); !errors.Is(err, context.Canceled) {
			t.Errorf("list = %v", err)
		}
		if got, err := s.List(t.Context(), Query{}); err != nil || len(got) != 1 {
			t.Errorf("list after a cancelled one = %d, %v", len(got), err)
		}
		for range 2 {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := s.Append(t.Context(), e); !errors.Is(err, ErrClosed) {
			t.Errorf("append to a closed log: %v", err)
		}
		if _, err := s.Event(t.Context(), 1); !errors.Is(err, ErrClosed) {
			t.Errorf("read of a closed log: %v", err)
		}
	})

	t.Run("refuses an event that would not come back", func(t *testing.T) {
		s := open(t, t.TempDir())
		for name, spoil := range map[string]func(*listener.Event){
			"no id":            func(e *listener.Event) { e.ID = "" },
			"capitals in id":   func(e *listener.Event) { e.ID = strings.ToUpper("01900000-0000-7000-8000-00000000abcd") },
			"braces around id": func(e *listener.Event) { e.ID = "{01900000-0000-7000-8000-000000000001}" },
			"no delivery":      func(e *listener.Event) { e.Delivery = nil },
			"year 3000":        func(e *listener.Event) { e.At = time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC) },
		} {
			e := newEvent(t, "a", "b", "c")
			spoil(e)
			if err := s.Append(t.Context(), e); err == nil || e.N != 0 {
				t.Errorf("%s: append = %v with number %d", name, err, e.N)
			}
		}
		if last, err := s.Last(t.Context()); last != 0 || err != nil {
			t.Errorf("last = %d, %v", last, err)
		}
	})
}

// sameBytes compares large bodies quickly, and tells none from empty.
var sameBytes = cmp.Comparer(func(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) })

func openAt(t testing.TB, path string, o Options) *Store {
	t.Helper()
	s, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newEvent(t testing.TB, provider, entity, action string) *listener.Event {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return &listener.Event{
		ID: id.String(), At: time.Now().UTC(), Provider: provider, Entity: entity, Action: action, Status: 204,
		Delivery: &verify.Delivery{Method: "POST", URL: "/" + provider, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte("{}")},
		Verdict:  verify.Verdict{Status: verify.Valid, Secret: "env A"},
	}
}

func appendNew(t testing.TB, s eventLog, provider, entity, action string) *listener.Event {
	t.Helper()
	e := newEvent(t, provider, entity, action)
	if err := s.Append(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	return e
}

func numbersOf(events []*listener.Event) []int64 {
	var numbers []int64
	for _, e := range events {
		numbers = append(numbers, e.N)
	}
	return numbers
}

// allBytes is a body of a size that holds every byte.
func allBytes(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return b
}

// oddEvents are events with what a sender, or a mistake of ours, can put into them.
func oddEvents(t testing.TB) map[string]*listener.Event {
	events := map[string]*listener.Event{}
	add := func(name string, change func(*listener.Event)) {
		e := newEvent(t, "rentman", "Contact", "create")
		change(e)
		events[name] = e
	}
	add("full", func(e *listener.Event) {
		e.Remote, e.Delivery.Host, e.Cut = "[::1]:53122", "example.com:4400", "longer than 25 MiB"
		e.Notes = []string{"one", "", "three \x00 \u202e"}
		e.Verdict = verify.Verdict{Status: verify.Invalid, Reason: verify.Downgrade, Secret: "s", Development: true, Detail: "d"}
	})
	add("bare", func(e *listener.Event) {
		*e = listener.Event{ID: e.ID, Delivery: &verify.Delivery{}}
	})
	add("before 1970", func(e *listener.Event) { e.At = time.Date(1900, 1, 1, 0, 0, 0, 1, time.UTC) })
	add("negative status", func(e *listener.Event) { e.Status = -1 })
	add("own verdict", func(e *listener.Event) { e.Verdict = verify.Verdict{Status: "\xffsomething else"} })
	for _, status := range statuses {
		add("verdict "+string(status), func(e *listener.Event) { e.Verdict.Status = status })
	}
	add("hostile names", func(e *listener.Event) {
		e.Provider, e.Entity, e.Action = "\x00a", "\xff\xfe", strings.Repeat("*", 200)
	})
	add("hostile text", func(e *listener.Event) {
		e.Delivery.Method, e.Delivery.URL, e.Delivery.Host = "\x00", "/\xff?\r\n", strings.Repeat("h", 70000)
	})
	add("no headers", func(e *listener.Event) { e.Delivery.Header = nil })
	add("empty headers", func(e *listener.Event) { e.Delivery.Header = http.Header{} })
	add("hostile headers", func(e *listener.Event) {
		e.Delivery.Header = http.Header{
			"Set-Cookie": {"b", "a", "b", ""}, "": {"empty name"}, "Empty": {""}, "None": nil,
			"lower-case": {"x"}, "Content-type": {"not canonical"}, "\xff\x00": {"\xfe\xff"},
			"Long": {strings.Repeat("v", 64<<10)}, "All": {string(allBytes(256))},
		}
	})
	add("many headers", func(e *listener.Event) {
		for i := range 10000 {
			e.Delivery.Header.Add(fmt.Sprintf("X-%d", i), fmt.Sprint(i))
		}
	})
	for name, body := range map[string][]byte{
		"nil": nil, "empty": {}, "one byte": {0}, "every byte": allBytes(256), "nul and text": []byte("a\x00b"),
		"under a hash": allBytes(bodyHashFrom - 1), "with a hash": allBytes(bodyHashFrom),
		"one row": allBytes(chunkSize), "two chunks": allBytes(chunkSize + 1), "whole chunks": allBytes(3 * chunkSize),
		"zeros": make([]byte, 5*chunkSize/2), "25 MiB": allBytes(25 << 20),
	} {
		add(name+" body", func(e *listener.Event) { e.Delivery.Body = body })
	}
	add("not JSON", func(e *listener.Event) { e.Delivery.Body = bytes.Repeat([]byte("["), 100) })
	return events
}
