package cmd

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"whk/listener"
	"whk/listener/store"
	"whk/verify"
)

// twenty puts an event a day into the store, the newest of today; every fourth is of
// ploomes and large.
func (d *desk) twenty(now time.Time) {
	var events []*listener.Event
	for i := range 20 {
		provider, body := "rentman", `{}`
		if i%4 == 3 {
			provider, body = "ploomes", `{"pad":"`+strings.Repeat("x", 50_000)+`"}`
		}
		events = append(events, eventAt(i+1, now.AddDate(0, 0, i-19).Add(-time.Minute), provider, "Contact", "create", verify.Verdict{Status: verify.Valid}, body))
	}
	d.store(events, nil)
}

// storePath is where store puts events.
func (d *desk) storePath() string { return filepath.Join(d.env["XDG_DATA_HOME"], "whk", "events.db") }

// corrupt changes one byte of the body of an event behind the store's back.
func (d *desk) corrupt(n int64) {
	d.t.Helper()
	c, err := sqlite.OpenConn(d.storePath(), sqlite.OpenReadWrite)
	if err != nil {
		d.t.Fatal(err)
	}
	defer c.Close()
	if err := sqlitex.Execute(c, "UPDATE events SET body = CAST(substr(body, 1, length(body) - 1) || 'X' AS BLOB) WHERE n = ?", &sqlitex.ExecOptions{Args: []any{n}}); err != nil {
		d.t.Fatal(err)
	}
}

// left lists the numbers of the events that are there.
func (d *desk) left() string {
	d.t.Helper()
	stdout, _, _ := d.run("events", "list", "--json", "--jq", ".n")
	return strings.Join(strings.Fields(stdout), " ")
}

func TestPrune(t *testing.T) {
	now := time.Now()
	tests := []struct {
		name string
		args []string
		left string
	}{
		{"by age in days", []string{"--older-than", "3d"}, "18 19 20"},
		{"by age in weeks", []string{"--older-than", "2w"}, "7 8 9 10 11 12 13 14 15 16 17 18 19 20"},
		{"by age in hours", []string{"--older-than", "30h"}, "19 20"},
		{"before a day", []string{"--older-than", now.AddDate(0, 0, -1).Format(time.RFC3339)}, "20"},
		{"all but the newest", []string{"--keep", "3"}, "18 19 20"},
		{"all", []string{"--keep", "0"}, ""},
		{"of one provider", []string{"--provider", "ploomes"}, "1 2 3 5 6 7 9 10 11 13 14 15 17 18 19"},
		{"the newest of one provider stay", []string{"--provider", "ploomes", "--keep", "2"}, "1 2 3 5 6 7 9 10 11 13 14 15 16 17 18 19 20"},
		{"what fits and is old", []string{"--where", "size:>1kB", "--older-than", "10d"}, "1 2 3 5 6 7 9 10 11 12 13 14 15 16 17 18 19 20"},
		{"more is kept than there is", []string{"--keep", "100"}, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20"},
		{"by size", []string{"--max-size", "150KiB"}, "13 14 15 16 17 18 19 20"},
		{"by size, of what fits", []string{"--max-size", "150KiB", "--provider", "ploomes"}, "1 2 3 5 6 7 9 10 11 13 14 15 16 17 18 19 20"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			d.twenty(now)
			all := d.left()
			before, stderr, code := d.run(append([]string{"events", "prune", "--dry-run", "--json"}, tt.args...)...)
			if code != codeDone || d.left() != all {
				t.Fatalf("--dry-run: code %d, left %s\n%s", code, d.left(), stderr)
			}
			stdout, stderr, code := d.run(append([]string{"events", "prune", "--yes", "--json"}, tt.args...)...)
			if code != codeDone {
				t.Fatalf("code %d\n%s", code, stderr)
			}
			if diff := cmp.Diff(tt.left, d.left()); diff != "" {
				t.Errorf("left (-want +got):\n%s", diff)
			}
			var said, done prunedJSON
			if err := json.Unmarshal([]byte(before), &said); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(stdout), &done); err != nil {
				t.Fatal(err)
			}
			kept := int64(len(strings.Fields(tt.left)))
			if said.Removed != done.Removed || said.Bytes != done.Bytes || done.Kept != kept || done.Removed != 20-kept || !said.DryRun || done.DryRun {
				t.Errorf("said %+v, done %+v", said, done)
			}
			if done.Compacted != (done.FileAfter < done.FileBefore) {
				t.Errorf("compacted %v, the file had %d bytes and has %d", done.Compacted, done.FileBefore, done.FileAfter)
			}
			if done.FileAfter > 150<<10 && strings.HasPrefix(tt.name, "by size") {
				t.Errorf("the file has %d bytes, more than was asked for", done.FileAfter)
			}
		})
	}
}

// What waits to be forwarded stays, unless somebody says otherwise.
func TestPruneQueued(t *testing.T) {
	d := newDesk(t)
	d.twenty(time.Now())
	s, err := store.Open(d.storePath(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetCursor(t.Context(), "http://localhost:3000/", 12); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := d.run("events", "prune", "--keep", "5", "--yes")
	if code != codeDone || !strings.Contains(stderr, "3 events would go too, but wait to be forwarded to http://localhost:3000/; --queued removes such events") {
		t.Errorf("code %d\n%s", code, stderr)
	}
	if got := d.left(); got != "13 14 15 16 17 18 19 20" {
		t.Errorf("left %s", got)
	}
	d.run("events", "prune", "--keep", "5", "--yes", "--queued")
	if got := d.left(); got != "16 17 18 19 20" {
		t.Errorf("left with --queued: %s", got)
	}
}

// A person is asked, and nothing goes without a clear yes.
func TestPruneAsks(t *testing.T) {
	for answer, left := range map[string]int{"": 20, "\n": 20, "no\n": 20, "y\n": 5, "YES\n": 5} {
		d := newDesk(t)
		d.twenty(time.Now())
		var out, errs strings.Builder
		io := IO{In: strings.NewReader(answer), Out: &out, Err: &errs, InTTY: true, OutTTY: true, ErrTTY: true, Columns: 80, Dir: d.dir,
			Env: func(name string) (string, bool) { value, ok := d.env[name]; return value, ok }}
		if code := run(t.Context(), io, []string{"events", "prune", "--keep", "5"}); code != codeDone {
			t.Errorf("%q: code %d", answer, code)
		}
		if !strings.Contains(errs.String(), "remove 15 events for good? [y/N]") || out.Len() > 0 {
			t.Errorf("%q: stdout %q, stderr\n%s", answer, out.String(), errs.String())
		}
		if got := len(strings.Fields(d.left())); got != left {
			t.Errorf("%q: %d events left, want %d", answer, got, left)
		}
	}
}

// Nothing is removed by a filter that cannot judge an event.
func TestPruneBesideDamage(t *testing.T) {
	d := newDesk(t)
	d.twenty(time.Now())
	d.corrupt(8)
	_, stderr, code := d.run("events", "prune", "--where", "body:xxx", "--yes")
	if code != codeUsage || !strings.Contains(stderr, "event 8 unreadable") {
		t.Errorf("code %d\n%s", code, stderr)
	}
	_, _, code = d.run("events", "prune", "--keep", "10", "--yes")
	if got := len(strings.Fields(d.left())); code != codeDone || got != 10 {
		t.Errorf("code %d, %d left", code, got)
	}
}
