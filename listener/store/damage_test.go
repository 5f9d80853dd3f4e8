package store

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"zombiezen.com/go/sqlite"

	"whk/listener"
)

// damagedStore makes a store of some events with bodies of all kinds and closes it.
func damagedStore(t *testing.T) (path string, events []*listener.Event) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "events.db")
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		e := newEvent(t, []string{"rentman", "ploomes", "unknown"}[i%3], "Contact", "create")
		e.Delivery.Body = allBytes(i * 3)
		if i%50 == 0 {
			e.Delivery.Body = allBytes(i * 4000)
		}
		if err := s.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	if err := s.AddResult(t.Context(), 7, resultOK); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path, events
}

// readAll reads a store to its end as a caller does, and returns what was readable
// and which numbers were named as unreadable.
func readAll(t *testing.T, s *Store, q Query) (events map[int64]*listener.Event, bad []int64, err error) {
	t.Helper()
	events = map[int64]*listener.Event{}
	for {
		page, err := s.List(t.Context(), q)
		damage, ok := errors.AsType[*Damage](err)
		if err != nil && !ok {
			return events, bad, err
		}
		lowest := q.Before
		for _, e := range page {
			events[e.N] = e
			lowest = e.N
		}
		if ok {
			bad = append(bad, damage.Numbers...)
			if low := slices.Min(damage.Numbers); lowest == 0 || low < lowest {
				lowest = low
			}
		}
		if len(page) == 0 && !ok {
			slices.Sort(bad)
			return events, bad, nil
		}
		if q.Before != 0 && lowest >= q.Before {
			t.Fatalf("no way on from %d", q.Before)
		}
		q.Before = lowest
	}
}

// TestDamage spoils a store in many ways, each time from the undamaged file. Whatever
// happens, what is read must be what was written, and each event must be either read
// or named; if not even that is possible, there must be an error.
func TestDamage(t *testing.T) {
	path, events := damagedStore(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	spoil := map[string]func([]byte) []byte{
		"truncated by half":     func(b []byte) []byte { return b[:len(b)/2] },
		"truncated in a page":   func(b []byte) []byte { return b[:len(b)*2/3+17] },
		"last page gone":        func(b []byte) []byte { return b[:len(b)-pageSize] },
		"zeroed page":           func(b []byte) []byte { clear(b[50*pageSize : 51*pageSize]); return b },
		"zeroed half":           func(b []byte) []byte { clear(b[len(b)/4 : len(b)*3/4]); return b },
		"garbage at the end":    func(b []byte) []byte { return append(b, allBytes(5000)...) },
		"only the first page":   func(b []byte) []byte { return b[:pageSize] },
		"two pages in turn":     func(b []byte) []byte { return swapPages(b, 60, 61) },
		"an older page":         func(b []byte) []byte { return swapPages(b, 40, 90) },
		"torn page":             func(b []byte) []byte { copy(b[70*pageSize+2048:71*pageSize], b[71*pageSize+2048:]); return b },
		"nothing, to compare":   func(b []byte) []byte { return b },
		"zeroed but the header": func(b []byte) []byte { clear(b[100:]); return b },
	}
	flips := 100
	if testing.Short() {
		flips = 20
	}
	for range flips {
		at, bit := random.IntN(len(whole)-100)+100, random.IntN(8)
		spoil[filepath.Join("bit", itoa(at), itoa(bit))] = func(b []byte) []byte { b[at] ^= 1 << bit; return b }
	}
	// The pages that a tree is made of are few among those that bodies fill.
	for page := range len(whole) / pageSize {
		if kind := whole[page*pageSize]; page > 0 && (kind == 2 || kind == 5 || kind == 10 || kind == 13) && page%2 == 0 {
			at, bit := page*pageSize+random.IntN(12), random.IntN(8)
			spoil[filepath.Join("tree", itoa(at), itoa(bit))] = func(b []byte) []byte { b[at] ^= 1 << bit; return b }
		}
	}
	found, lost := 0, 0
	dir := t.TempDir()
	for name, change := range spoil {
		spoiled := filepath.Join(dir, "spoiled.db")
		for _, suffix := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(spoiled + suffix)
		}
		if err := os.WriteFile(spoiled, change(slices.Clone(whole)), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(spoiled, Options{ReadOnly: true, Mapped: random.IntN(2) == 0})
		if err != nil {
			lost++
			if !errors.Is(err, ErrUnusable) {
				t.Errorf("%s: open: %v", name, err)
			}
			continue
		}
		got, bad, err := readAll(t, s, Query{Bodies: true, Limit: 40})
		for n, e := range got {
			if diff := cmp.Diff(events[n-1], e, sameBytes); diff != "" {
				t.Errorf("%s: event %d is wrong (-want +got)\n%.500s", name, n, diff)
			}
		}
		switch {
		case err != nil:
			lost++
			if !errors.Is(err, ErrUnusable) {
				t.Errorf("%s: list: %v", name, err)
			}
		case len(bad) > 0:
			found++
		case name == "nothing, to compare" && len(bad) > 0:
			t.Errorf("%s: unreadable %v", name, bad)
		}
		for _, e := range events {
			if err == nil && got[e.N] == nil && !slices.Contains(bad, e.N) {
				t.Errorf("%s: event %d is neither read nor named", name, e.N)
				break
			}
		}
		// What a provider's list leaves out must be missing from the whole list too.
		for _, provider := range []string{"rentman", "ploomes"} {
			named, _, err := readAll(t, s, Query{Provider: provider, Limit: 40})
			for n, e := range named {
				if e.ID != events[n-1].ID || events[n-1].Provider != provider {
					t.Errorf("%s: event %d is listed wrongly for %s", name, n, provider)
				}
			}
			if err != nil && !errors.Is(err, ErrUnusable) {
				t.Errorf("%s: list of %s: %v", name, provider, err)
			}
		}
		r, err := s.Check(t.Context())
		if err != nil && !errors.Is(err, ErrUnusable) {
			t.Errorf("%s: check: %v", name, err)
		}
		if err == nil && len(bad) > 0 && r.OK() {
			t.Errorf("%s: check finds nothing, a list found %v", name, bad)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: close: %v", name, err)
		}
	}
	t.Logf("%d ways: events named %d times, store unusable %d times", len(spoil), found, lost)
	if found < 20 {
		t.Errorf("only %d ways touched an event", found)
	}
}

func swapPages(b []byte, i, j int) []byte {
	p, q := b[i*pageSize:(i+1)*pageSize], b[j*pageSize:(j+1)*pageSize]
	old := slices.Clone(p)
	copy(p, q)
	copy(q, old)
	return b
}

// TestForgedRows changes rows through SQL, so that the file is sound and only the
// hashes can tell.
func TestForgedRows(t *testing.T) {
	original, events := damagedStore(t)
	whole, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	for name, query := range map[string]string{
		"at":            "UPDATE events SET at = at + 1 WHERE n = 7",
		"status":        "UPDATE events SET status = 500 WHERE n = 7",
		"verdict":       "UPDATE events SET verdict = 2 WHERE n = 7",
		"name":          "UPDATE events SET name = 2 WHERE n = 7",
		"no such name":  "UPDATE events SET name = 99 WHERE n = 7",
		"id":            "UPDATE events SET id = randomblob(16) WHERE n = 7",
		"short id":      "UPDATE events SET id = x'00' WHERE n = 7",
		"hash":          "UPDATE events SET hash = randomblob(32) WHERE n = 7",
		"short hash":    "UPDATE events SET hash = x'' WHERE n = 7",
		"head":          "UPDATE events SET head = (SELECT head FROM events WHERE n = 151) WHERE n = 7",
		"null head":     "UPDATE events SET head = x'' WHERE n = 7",
		"body":          "UPDATE events SET body = x'ff' || substr(body, 2) WHERE n = 7",
		"size":          "UPDATE events SET size = size + 1 WHERE n = 7",
		"huge size":     "UPDATE events SET size = 9223372036854775807 WHERE n = 7",
		"another's row": "DELETE FROM events WHERE n = 7; UPDATE events SET n = 7 WHERE n = 300; DELETE FROM events WHERE n = 300",
		"lost row":      "DELETE FROM events WHERE n = 7",
		"large body":    "UPDATE events SET body = zeroblob(100) || substr(body, 101) WHERE n = 51",
		"a chunk":       "UPDATE chunks SET data = zeroblob(length(data)) WHERE key = (SELECT max(key) FROM chunks)",
		"a chunk less":  "DELETE FROM chunks WHERE key = (SELECT max(key) FROM chunks)",
		"a long chunk":  "UPDATE chunks SET data = zeroblob(400000) WHERE key = (SELECT max(key) FROM chunks)",
		"chunks turned": "UPDATE chunks SET data = (SELECT data FROM chunks ORDER BY key LIMIT 1) WHERE key = (SELECT min(key) + 1 FROM chunks)",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "events.db")
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			execute(t, path, query)
			s := openAt(t, path, Options{ReadOnly: true})
			got, bad, err := readAll(t, s, Query{Bodies: true, Limit: 30})
			if err != nil {
				t.Fatal(err)
			}
			if len(bad) == 0 {
				t.Error("nothing was noticed")
			}
			for n, e := range got {
				if diff := cmp.Diff(events[n-1], e, sameBytes); diff != "" {
					t.Errorf("event %d is wrong (-want +got)\n%.500s", n, diff)
				}
			}
			for _, n := range bad {
				if _, err := s.Event(t.Context(), n); n <= 299 && !errors.Is(err, ErrCorrupt) {
					t.Errorf("event %d: %v", n, err)
				}
			}
			if r, err := s.Check(t.Context()); err != nil || r.Damage == nil {
				t.Errorf("check = %+v, %v", r, err)
			}
		})
	}
	t.Run("result", func(t *testing.T) {
		path, _ := damagedStore(t)
		execute(t, path, "UPDATE results SET event = 8")
		s := openAt(t, path, Options{ReadOnly: true})
		if got, err := s.Results(t.Context(), 8); len(got) != 0 || !errors.Is(err, ErrCorrupt) {
			t.Errorf("results = %v, %v", got, err)
		}
		if r, err := s.Check(t.Context()); err != nil || !slices.Equal(r.BadResults, []int64{8}) {
			t.Errorf("check = %+v, %v", r, err)
		}
	})
}

// execute runs SQL on a file behind the back of the package.
func execute(t *testing.T, path, queries string) {
	t.Helper()
	c, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for queries != "" {
		stmt, rest, err := c.PrepareTransient(queries)
		if err != nil {
			t.Fatal(err)
		}
		for more := true; more; {
			if more, err = stmt.Step(); err != nil {
				t.Fatal(err)
			}
		}
		_ = stmt.Finalize()
		queries = queries[len(queries)-rest:]
	}
}

func TestDamageText(t *testing.T) {
	d := &Damage{Path: "/x"}
	for _, n := range []int64{9, 3, 4, 5, 9, 12} {
		d.add(n, errMissing)
	}
	if got, want := d.Error(), "read store /x: events 3 to 5, 9, 12 unreadable: it is missing"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for n := range int64(40) {
		d.add(n*2+100, errMissing)
	}
	if got, want := ranges(d.Numbers), "3 to 5, 9, 12, 100, 102, 104, 106, 108, and 35 more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
