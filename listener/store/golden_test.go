package store

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/listener"
	"whk/verify"
)

var update = flag.Bool("update", false, "write the store of this version into testdata; one that was released must not be written again")

// goldenEvents are what the stores in testdata hold, whatever version wrote them.
func goldenEvents() ([]*listener.Event, verify.Result) {
	at := time.Date(2025, 1, 2, 3, 4, 5, 678901234, time.UTC)
	events := []*listener.Event{
		{
			ID: "01942494-0eee-7000-8000-000000000001", At: at, Remote: "127.0.0.1:53122",
			Delivery: &verify.Delivery{
				Method: "POST", URL: "/rentman?a=1", Host: "localhost:4400",
				Header: http.Header{"Content-Type": {"application/json"}, "X-Example": {"b", "a", ""}, "Digest": {"sha512=00ff"}},
				Body:   []byte(`{"eventType":"create","itemType":"Contact"}`),
			},
			Verdict:  verify.Verdict{Status: verify.Invalid, Reason: verify.WrongValue, Secret: "env RENTMAN_TOKEN", Development: true, Detail: "in Digest"},
			Provider: "rentman", Entity: "Contact", Action: "create", Status: 204, Cut: "cut", Notes: []string{"first", "second"},
			SameAs: 7, Gap: 3 * time.Second, OvertakenBy: 9,
		},
		{
			ID: "01942494-0eef-7000-8000-000000000002", At: at.Add(time.Second),
			Delivery: &verify.Delivery{Method: "GET", URL: "/"},
			Verdict:  verify.Verdict{Status: "of later"}, Provider: listener.UnknownName,
		},
		{
			ID: "01942494-0ef0-7000-8000-000000000003", At: at.Add(-time.Hour),
			Delivery: &verify.Delivery{Method: "POST", URL: "/ploomes", Header: http.Header{}, Body: make([]byte, chunkSize+3)},
			Verdict:  verify.Verdict{Status: verify.Unsigned}, Provider: "ploomes", Entity: "Contacts", Action: "Update", Status: 502,
		},
		{
			ID: "01942494-0ef1-7000-8000-000000000004", At: at,
			Delivery: &verify.Delivery{Method: "POST", URL: "/ploomes", Body: []byte{}},
			Verdict:  verify.Verdict{Status: verify.Missing}, Provider: "ploomes", Entity: "Contacts", Action: "Update",
		},
		{
			ID: "01942494-0ef2-7000-8000-000000000005", At: at,
			Delivery: &verify.Delivery{Method: "POST", URL: "/x", Body: make([]byte, bodyHashFrom)},
			Verdict:  verify.Verdict{Status: verify.Unchecked, Reason: verify.NoProvider}, Provider: listener.UnknownName,
		},
	}
	return events, verify.Result{
		Target: "http://localhost:3000/", At: at, Took: 12 * time.Millisecond, Outcome: verify.Answered,
		Status: 200, Header: http.Header{"Server": {"example"}}, Body: []byte("ok"), Truncated: true, Replay: true, Shadow: true,
	}
}

// TestGolden opens the stores that earlier versions wrote, reads all they hold and
// goes on writing to them.
func TestGolden(t *testing.T) {
	current := filepath.Join("testdata", "v1.db")
	if *update {
		writeGolden(t, current)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "v*.db"))
	if err != nil || len(files) == 0 {
		t.Fatal("no stores in testdata", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "events.db")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			s := openAt(t, path, Options{})
			events, result := goldenEvents()
			for i, want := range events {
				want.N = int64(i + 1)
				got, err := s.Event(t.Context(), want.N)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got, sameBytes); diff != "" {
					t.Errorf("event %d (-want +got)\n%s", want.N, diff)
				}
			}
			results, err := s.Results(t.Context(), 1)
			if diff := cmp.Diff([]verify.Result{result}, results, sameBytes); err != nil || diff != "" {
				t.Errorf("results: %v (-want +got)\n%s", err, diff)
			}
			if n, known, err := s.Cursor(t.Context(), "http://localhost:3000/"); n != 3 || !known || err != nil {
				t.Errorf("cursor = %d, %v, %v", n, known, err)
			}
			if e, err := s.Find(t.Context(), "01942494-0ef1"); err != nil || e.N != 4 {
				t.Errorf("find = %v, %v", e, err)
			}
			if e := appendNew(t, s, "rentman", "Contact", "create"); e.N != 7 {
				t.Errorf("next number = %d, want 7: 6 was deleted", e.N)
			}
			if r, err := s.Check(t.Context()); err != nil || !r.OK() || r.Events != 6 {
				t.Errorf("check = %+v, %v", r, err)
			}
		})
	}
}

func writeGolden(t *testing.T, file string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events.db")
	s := openAt(t, path, Options{})
	events, result := goldenEvents()
	for _, e := range events {
		if err := s.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	deleted := appendNew(t, s, "rentman", "Contact", "create")
	if _, err := s.Delete(t.Context(), deleted.N, deleted.N); err != nil {
		t.Fatal(err)
	}
	if err := s.AddResult(t.Context(), 1, result); err != nil {
		t.Fatal(err)
	}
	if err := s.SetCursor(t.Context(), result.Target, 3); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
}
