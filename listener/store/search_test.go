package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"whk/listener"
	"whk/listener/filter"
	"whk/verify"
	"whk/verify/provider"
)

var searchStart = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// mixedStore holds events of many kinds, one a second, some with results, some deleted.
func mixedStore(t testing.TB, count int) *Store {
	t.Helper()
	s := openAt(t, filepath.Join(t.TempDir(), "events.db"), Options{})
	names := [][3]string{
		{"rentman", "Contact", "create"}, {"rentman", "Contact", "delete"}, {"ploomes", "Contacts", "Update"},
		{"ploomes", "Deals", "Win"}, {"cassaincloud", "RECEIPT", "CREATE"}, {"unknown", "", ""},
	}
	verdicts := []verify.Verdict{
		{Status: verify.Valid}, {Status: verify.Valid, Development: true}, {Status: verify.Missing},
		{Status: verify.Invalid, Reason: verify.Stale}, {Status: verify.Unchecked, Reason: verify.NoSecret}, {Status: "something else"},
	}
	for i := range count {
		name := names[i*i%len(names)]
		if i == 77 {
			name = [3]string{"rentman", "Crew", "create"}
		}
		e := newEvent(t, name[0], name[1], name[2])
		e.At = searchStart.Add(time.Duration(i) * time.Second)
		e.Verdict = verdicts[i%len(verdicts)]
		e.Status = []int{200, 0, 500}[i%3]
		if i%11 == 0 {
			e.Delivery.Method, e.Cut = "PUT", "the sender left"
		}
		e.Delivery.URL += fmt.Sprintf("/%d?q=1", i%4)
		e.Delivery.Body = fmt.Appendf(nil, `{"Id":%d,"LegalName":"Example %c","Old":{"A":1},"New":{"A":%d}}`, i, 'a'+i%26, i%2)
		switch i % 97 {
		case 13:
			e.Delivery.Body = append([]byte("a\x00b \xff"), allBytes(2000)...)
		case 14:
			e.Delivery.Body = nil
		case 15:
			e.Delivery.Body = append(allBytes(chunkSize-3), "straddles the chunks"...)
		case 16:
			e.Delivery.Body = append(make([]byte, 9000), "Overflow"...)
		}
		if err := s.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		for j := range i % 3 {
			r := verify.Result{Outcome: verify.Answered, Status: 200 + 100*((i+j)%4), Replay: j == 1}
			if i%5 == 0 {
				r = verify.Result{Outcome: verify.TimedOut}
			}
			if err := s.AddResult(t.Context(), e.N, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, gone := range [][2]int64{{5, 9}, {100, 180}, {int64(count) - 2, int64(count) - 1}} {
		if _, err := s.Delete(t.Context(), gone[0], gone[1]); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// testFacts reads the Ploomes-like bodies of mixedStore.
func testFacts(e *listener.Event) provider.Facts {
	f := provider.Facts{IDs: provider.All(e.Delivery.Body, "Id")}
	f.Old, _ = provider.Get(e.Delivery.Body, "Old")
	f.New, _ = provider.Get(e.Delivery.Body, "New")
	return f
}

func testMarked(e *listener.Event, m filter.Mark) bool { return m == filter.Duplicate && e.N%10 == 0 }

func parseFilter(t testing.TB, text string) *filter.Filter {
	t.Helper()
	f, err := filter.Parse(text, searchStart.Add(10*time.Minute))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f
}

func searchNumbers(ctx context.Context, s *Store, f *filter.Filter, o SearchOptions) ([]int64, error) {
	var numbers []int64
	err := s.Search(ctx, f, o, func(e *listener.Event, _ func() ([]verify.Result, error)) error {
		numbers = append(numbers, e.N)
		return nil
	})
	return numbers, err
}

// TestSearchFindsWhatFits compares Search with reading every event and matching it.
func TestSearchFindsWhatFits(t *testing.T) {
	const count = 700
	s := mixedStore(t, count)
	type stored struct {
		event   *listener.Event
		results []verify.Result
	}
	var all []stored
	for after := int64(0); ; {
		events, err := s.Since(t.Context(), after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			results, err := s.Results(t.Context(), e.N)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, stored{e, results})
			after = e.N
		}
	}
	naive := func(f *filter.Filter, o SearchOptions) []int64 {
		var numbers []int64
		for _, x := range all {
			n := x.event.N
			if o.Before > 0 && n >= o.Before || n <= o.After {
				continue
			}
			if f.Match(filter.Subject{
				Event: x.event, Results: func() []verify.Result { return x.results },
				Facts:  func() provider.Facts { return testFacts(x.event) },
				Marked: func(m filter.Mark) bool { return testMarked(x.event, m) },
			}) {
				numbers = append(numbers, n)
			}
		}
		if !o.OldestFirst {
			slices.Reverse(numbers)
		}
		if o.Limit > 0 {
			numbers = numbers[:min(o.Limit, len(numbers))]
		}
		return numbers
	}
	terms := []string{
		"provider:rentman", "provider:*o*", "provider:nobody", "event:*.create", "event:ploomes/*", "event:*/contact*", "event:rentman/Crew.create",
		"sig:valid", "sig:invalid,missing", "sig:stale", "sig:no-secret", "sig:unsigned", "app:2xx", "app:5xx,none", "app:timeout", "app:404,400",
		"body:example", "body:Example", "body:EXAMPLE", "body:straddles", "body:Overflow", "body:\"\x00b\"", "body:\xff", `body:"\"A\":1"`, "contact", "Contact", "rentman", "receipt", "zzz",
		"header:content-type", "header:Content-Type=*json", "header:Digest", "id:77", "id:7*", "method:put", "path:/rentman/1", "path:*/2",
		"n:5..20", "n:..50,600..", "n:77", "size:<100", "size:>256KiB", "size:0", "size:1KiB..1MiB",
		"since:5m", "since:2m", "since:1h", "until:8m", "until:1ns", "until:3h",
		"since:1000-01-01", "since:9999-01-01", "until:1000-01-01", "until:9999-01-01", "since:900000d",
		"changed:A", "changed:B", "is:replayed", "is:forwarded", "is:cut", "is:dev", "is:duplicate", "is:reordered,cut",
	}
	rapid.Check(t, func(t *rapid.T) {
		var words []string
		for _, term := range rapid.SliceOfN(rapid.SampledFrom(terms), 0, 4).Draw(t, "terms") {
			words = append(words, rapid.SampledFrom([]string{"", "", "-"}).Draw(t, "sign")+term)
		}
		o := SearchOptions{Facts: testFacts, Marked: testMarked, OldestFirst: rapid.Bool().Draw(t, "oldest first"), block: rapid.SampledFrom([]int64{0, 7, 64}).Draw(t, "block")}
		if rapid.Bool().Draw(t, "limited") {
			o.Limit = rapid.IntRange(1, 60).Draw(t, "limit")
		}
		if rapid.Bool().Draw(t, "bounded") {
			o.Before = rapid.Int64Range(0, count+9).Draw(t, "before")
			o.After = rapid.Int64Range(0, count+9).Draw(t, "after")
		}
		f, err := filter.Parse(strings.Join(words, " "), searchStart.Add(10*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		got, err := searchNumbers(context.Background(), s, f, o)
		if err != nil {
			t.Fatal(err)
		}
		want := naive(f, o)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("search for %s (-want +got)\n%s", f, diff)
		}
		if len(want) == 0 {
			return
		}
		// A visit that has had enough is the last one, wherever that is.
		enough := errors.New("enough")
		most := rapid.IntRange(1, len(want)).Draw(t, "visits")
		got = nil
		err = s.Search(context.Background(), f, o, func(e *listener.Event, _ func() ([]verify.Result, error)) error {
			if got = append(got, e.N); len(got) == most {
				return enough
			}
			return nil
		})
		if diff := cmp.Diff(want[:most], got); diff != "" || !errors.Is(err, enough) {
			t.Fatalf("search for %s, stopped after %d: %v (-want +got)\n%s", f, most, err, diff)
		}
	})
}

func TestSearch(t *testing.T) {
	const count = 1200
	s := mixedStore(t, count)

	t.Run("hands out bodies and results when asked", func(t *testing.T) {
		for _, text := range []string{"n:3", "n:3 app:2xx,3xx,4xx,5xx", "n:3 body:LegalName"} {
			for _, bodies := range []bool{false, true} {
				visits := 0
				err := s.Search(t.Context(), parseFilter(t, text), SearchOptions{Bodies: bodies}, func(e *listener.Event, results func() ([]verify.Result, error)) error {
					visits++
					got, err := results()
					if err != nil {
						return err
					}
					if want, _ := s.Results(t.Context(), e.N); len(want) != 2 || !cmp.Equal(want, got) {
						t.Errorf("%s: results = %v, want %v", text, got, want)
					}
					if (e.Delivery.Body != nil) != bodies {
						t.Errorf("%s: body %q, asked for %v", text, e.Delivery.Body, bodies)
					}
					return nil
				})
				if err != nil || visits != 1 {
					t.Errorf("%s: %d visits, %v", text, visits, err)
				}
			}
		}
	})

	t.Run("leaves no transaction open while it visits", func(t *testing.T) {
		// As many searches as there are connections are in a visit at the same time, and
		// then all read and write.
		var inside, all sync.WaitGroup
		inside.Add(readersKept)
		for range readersKept {
			all.Go(func() {
				err := s.Search(t.Context(), parseFilter(t, "contact"), SearchOptions{Limit: 1}, func(e *listener.Event, _ func() ([]verify.Result, error)) error {
					inside.Done()
					inside.Wait()
					if _, err := s.Event(t.Context(), e.N); err != nil {
						return err
					}
					return s.AddResult(t.Context(), e.N, verify.Result{Outcome: verify.Answered, Status: 200})
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})

	t.Run("returns the error of a visit as it is", func(t *testing.T) {
		stop := errors.New("enough")
		visits := 0
		err := s.Search(t.Context(), parseFilter(t, ""), SearchOptions{}, func(*listener.Event, func() ([]verify.Result, error)) error {
			visits++
			return stop
		})
		if !errors.Is(err, stop) || visits != 1 {
			t.Errorf("error = %v after %d visits, want %v after 1", err, visits, stop)
		}
	})

	t.Run("ends with its context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		visits := 0
		err := s.Search(ctx, parseFilter(t, ""), SearchOptions{}, func(*listener.Event, func() ([]verify.Result, error)) error {
			visits++
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) || visits == 0 || visits > hitsKept {
			t.Errorf("error = %v after %d visits", err, visits)
		}
	})

	t.Run("reports progress up to the end", func(t *testing.T) {
		for _, text := range []string{"body:nothing-like-it", "event:rentman/Crew.create", "event:rentman/* body:nothing-like-it", "n:50..1000 zzz"} {
			for _, oldest := range []bool{false, true} {
				var before, scanned, total int64
				numbers, err := searchNumbers(t.Context(), s, parseFilter(t, text), SearchOptions{OldestFirst: oldest, Progress: func(now, of int64) {
					before, scanned, total = scanned, now, of
					if scanned <= before {
						t.Errorf("%s: progress went from %d to %d", text, before, scanned)
					}
				}})
				if err != nil || scanned != total || total == 0 || len(numbers) > 1 {
					t.Errorf("%s: found %v, scanned %d of %d, %v", text, numbers, scanned, total, err)
				}
			}
		}
	})

	t.Run("refuses a filter that asks for what nobody can tell", func(t *testing.T) {
		for _, text := range []string{"changed:A", "id:3", "is:duplicate"} {
			if _, err := searchNumbers(t.Context(), s, parseFilter(t, text), SearchOptions{}); err == nil {
				t.Errorf("%s was searched for without facts and marks", text)
			}
		}
	})

	t.Run("an empty store", func(t *testing.T) {
		empty := openAt(t, filepath.Join(t.TempDir(), "events.db"), Options{})
		for _, text := range []string{"", "event:*.create", "since:1h until:1m", "body:x"} {
			if numbers, err := searchNumbers(t.Context(), empty, parseFilter(t, text), SearchOptions{}); err != nil || numbers != nil {
				t.Errorf("%q: %v, %v", text, numbers, err)
			}
		}
	})
}

// TestSearchTellsDamage changes bytes behind the store's back. Search hands out none of
// them, goes on, and names what it could not read.
func TestSearchTellsDamage(t *testing.T) {
	s := mixedStore(t, 1200)
	path := s.Path()
	target, err := s.Event(t.Context(), 900)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(data), string(target.Delivery.Body))
	if at < 0 {
		t.Fatal("the body is not in the file as it is")
	}
	copy(data[at+2:], "XX")                     // what event 900 holds
	clear(data[200*pageSize : 200*pageSize+64]) // the beginning of some page
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path, Options{ReadOnly: true})
	intact := map[int64]bool{}
	report, err := s.Check(t.Context())
	if err != nil || report.Damage == nil || len(report.Damage.Numbers) < 2 {
		t.Fatalf("check = %+v, %v", report, err)
	}
	for n := int64(1); n <= report.Last; n++ {
		if e, err := s.Event(t.Context(), n); err == nil {
			intact[e.N] = true
		}
	}
	for _, oldest := range []bool{false, true} {
		numbers, err := searchNumbers(t.Context(), s, parseFilter(t, "-zzz"), SearchOptions{OldestFirst: oldest, block: 64})
		damage, ok := errors.AsType[*Damage](err)
		if !ok {
			t.Fatalf("search = %v, want damage", err)
		}
		if diff := cmp.Diff(report.Damage.Numbers, damage.Numbers); diff != "" {
			t.Errorf("damage (-want +got)\n%s", diff)
		}
		if len(numbers) != len(intact) {
			t.Errorf("found %d events, %d are intact", len(numbers), len(intact))
		}
		for _, n := range numbers {
			if !intact[n] {
				t.Errorf("event %d is damaged and was handed out", n)
			}
		}
	}
}
