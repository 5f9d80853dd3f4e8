package cmd

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"whk/listener"
	"whk/listener/filter"
	"whk/listener/store"
	"whk/replay"
	"whk/verify"
	"whk/verify/provider"
)

// exportStore fills the desk with events that have everything an event can have.
func exportStore(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	at := time.Date(2025, 3, 1, 10, 0, 0, 123456789, time.UTC)
	events := threeEvents(at)
	odd := eventAt(4, at.Add(time.Minute), "rentman", "a.b", "c.d", verify.Verdict{Status: verify.Unsigned}, "\xff\x00\u202e")
	odd.Cut, odd.Notes = "the sender left", []string{"odd"}
	odd.Delivery.URL, odd.Delivery.Header = "/x?\xff", http.Header{"X-Raw": {"a\xe9", "b"}, "X-Other": {"1"}}
	refused := verify.Result{Target: "http://localhost:1/", At: at, Took: 1234567, Outcome: verify.Refused, Error: "connection refused"}
	replayed := answered(500, "\xff")
	replayed.Replay, replayed.Truncated, replayed.At = true, true, at
	d.store(append(events, odd), map[int64][]verify.Result{1: {refused, replayed}, 4: {refused}})
	return d
}

// An export of JSON lines is what whk events list --json writes.
func TestExportNDJSONIsTheOutputOfList(t *testing.T) {
	d := exportStore(t)
	if diff := cmp.Diff(d.ok("events", "list", "--json"), d.ok("events", "export", "--format", "ndjson")); diff != "" {
		t.Errorf("(-list +export):\n%s", diff)
	}
	if diff := cmp.Diff(d.ok("events", "export", "--json"), d.ok("events", "export", "--format", "ndjson")); diff != "" {
		t.Errorf("(-json +ndjson):\n%s", diff)
	}
}

// readStore reads all of a store.
func (d *desk) readStore(path string) (events []*listener.Event, results map[int64][]verify.Result) {
	d.t.Helper()
	s, err := store.Open(path, store.Options{ReadOnly: true})
	if err != nil {
		d.t.Fatal(err)
	}
	defer s.Close()
	events, err = s.Since(d.t.Context(), 0, 1000)
	if err != nil {
		d.t.Fatal(err)
	}
	results = map[int64][]verify.Result{}
	for _, e := range events {
		if results[e.N], err = s.Results(d.t.Context(), e.N); err != nil {
			d.t.Fatal(err)
		}
	}
	return events, results
}

// What is exported with its secrets and imported elsewhere is what it was, but for its
// verdict, which is made anew, and for the note of where it came from.
func TestExportImport(t *testing.T) {
	for _, ending := range []string{"whk", "ndjson", "har"} {
		t.Run(ending, func(t *testing.T) {
			d := exportStore(t)
			file := filepath.Join(d.dir, "events."+ending)
			_, stderr, code := d.run("events", "export", "--to", "events."+ending, "--show-secrets")
			if code != codeDone || !strings.Contains(stderr, "4 events exported to events."+ending) {
				t.Fatalf("code %d, %s", code, stderr)
			}
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
				t.Errorf("%v, %v", info.Mode(), err)
			}
			other := filepath.Join(d.dir, "other.db")
			_, stderr, code = d.run("events", "import", file, "--store", other)
			if code != codeDone || !strings.Contains(stderr, "4 events imported: 2 missing, 2 unchecked") {
				t.Fatalf("code %d, %s", code, stderr)
			}
			want, wantResults := d.readStore(filepath.Join(d.env["XDG_DATA_HOME"], "whk", "events.db"))
			got, gotResults := d.readStore(other)
			for i, e := range got {
				if note := e.Notes[len(e.Notes)-1]; note != "imported from events."+ending {
					t.Errorf("note %q", note)
				}
				e.Notes, want[i].Notes, e.Verdict, want[i].Verdict = nil, nil, verify.Verdict{}, verify.Verdict{}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("events (-exported +imported):\n%s", diff)
			}
			if diff := cmp.Diff(wantResults, gotResults); diff != "" {
				t.Errorf("attempts (-exported +imported):\n%s", diff)
			}
			_, stderr, code = d.run("events", "import", file, "--store", other)
			if code != codeDone || !strings.Contains(stderr, "0 events imported; 4 already there") {
				t.Errorf("again: code %d, %s", code, stderr)
			}
		})
	}
}

// A file's word counts for nothing: without the secret nothing is valid, with it each
// event is judged at its own time.
func TestImportJudges(t *testing.T) {
	const key = "some_secret_key"
	d := newDesk(t)
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	rentman, err := set.Lookup("rentman")
	if err != nil {
		t.Fatal(err)
	}
	keyring, err := rentman.Scheme.Bind("", verify.NewSecret("test", key))
	if err != nil {
		t.Fatal(err)
	}
	events := threeEvents(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	if err := keyring.Sign(events[0].Delivery, events[0].At, ""); err != nil {
		t.Fatal(err)
	}
	events[1].Verdict = verify.Verdict{Status: verify.Valid, Secret: "a lie"}
	events[1].Delivery.Header.Set("X-Ploomes-Validation-Key", "another-canary")
	d.store(events, nil)
	d.run("events", "export", "--to", "masked.whk")
	d.run("events", "export", "--to", "exact.whk", "--show-secrets")
	tests := []struct {
		name, file string
		env        map[string]string
		want       []string
	}{
		{"no secret", "exact.whk", nil, []string{"unchecked: no secret configured", "unchecked: no secret configured"}},
		{"the right secrets", "exact.whk", map[string]string{"WHK_SECRET_RENTMAN": key, "WHK_SECRET_PLOOMES": "another-canary"}, []string{"valid", "valid"}},
		{"the wrong secrets", "exact.whk", map[string]string{"WHK_SECRET_RENTMAN": "x" + key, "WHK_SECRET_PLOOMES": "x"}, []string{"invalid: wrong value", "invalid: wrong value"}},
		{"a masked key", "masked.whk", map[string]string{"WHK_SECRET_RENTMAN": key, "WHK_SECRET_PLOOMES": "another-canary"}, []string{"valid", "unchecked: altered in the file"}},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, value := range tt.env {
				d.env[name] = value
				defer delete(d.env, name)
			}
			path := filepath.Join(d.dir, fmt.Sprintf("%d.db", i))
			if _, stderr, code := d.run("events", "import", tt.file, "--store", path); code != codeDone {
				t.Fatalf("code %d, %s", code, stderr)
			}
			got, _ := d.readStore(path)
			for j, want := range tt.want {
				if got[j].Verdict.String() != want {
					t.Errorf("event %d: %s, want %s", j+1, got[j].Verdict, want)
				}
				if strings.HasPrefix(want, "unchecked") && !strings.Contains(got[j].Verdict.Detail, "the file says valid") {
					t.Errorf("event %d: %q", j+1, got[j].Verdict.Detail)
				}
			}
			if got[2].Provider != "unknown" || got[2].Verdict.Reason != verify.NoProvider {
				t.Errorf("event 3: %s, %s", got[2].Provider, got[2].Verdict)
			}
		})
	}
	// What was altered once stays so, however often it is exported.
	d.env["WHK_SECRET_PLOOMES"] = "another-canary"
	d.run("events", "export", "--store", "3.db", "--show-secrets", "--to", "again.ndjson")
	d.run("events", "import", "again.ndjson", "--store", "again.db")
	if got, _ := d.readStore(filepath.Join(d.dir, "again.db")); got[1].Verdict.Reason != altered {
		t.Errorf("after a second export: %s", got[1].Verdict)
	}
}

// Where an imported event went is not where a replay goes unasked.
func TestImportedEventsAreNotReplayedUnasked(t *testing.T) {
	d := exportStore(t)
	d.run("events", "export", "1", "--to", "one.whk")
	d.run("events", "import", "one.whk", "--store", "other.db")
	_, stderr, code := d.run("replay", "last", "--store", "other.db")
	if code != codeUsage || !strings.Contains(stderr, "was imported") || !strings.Contains(stderr, "name a target") {
		t.Errorf("code %d, %s", code, stderr)
	}
	// a queue that was done with everything moves behind them, and one that was not stays
	// where it is: it passes them over when it comes to them
	log, err := store.Open(filepath.Join(d.dir, "queued.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Append(t.Context(), eventAt(9, time.Now(), "rentman", "Contact", "create", verify.Verdict{Status: verify.Valid}, "{}")); err != nil {
		t.Fatal(err)
	}
	for target, n := range map[string]int64{"http://localhost:3000": 0, "http://localhost:4000": 1} {
		if err := log.SetCursor(t.Context(), target, n); err != nil {
			t.Fatal(err)
		}
	}
	if _, stderr, code := d.run("events", "import", "one.whk", "--store", "queued.db"); code != codeDone {
		t.Errorf("code %d, %s", code, stderr)
	}
	for target, want := range map[string]int64{"http://localhost:3000": 0, "http://localhost:4000": 2} {
		if n, known, err := log.Cursor(t.Context(), target); err != nil || !known || n != want {
			t.Errorf("the queue of %s goes on after event %d, want %d (%v, %v)", target, n, want, known, err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	// and a listener does not get them to forward
	log, err = store.Open(filepath.Join(d.dir, "other.db"), store.Options{Exclusive: true, Holder: "whk listen"})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if _, stderr, code := d.run("events", "import", "one.whk", "--store", "other.db"); code != codeUsage || !strings.Contains(stderr, "stop the listener first") {
		t.Errorf("while a listener runs: code %d, %s", code, stderr)
	}
}

func TestImportRefusesFiles(t *testing.T) {
	d := newDesk(t)
	writeFile(t, filepath.Join(d.dir, "empty.har"), "")
	writeFile(t, filepath.Join(d.dir, "none.har"), `{"log":{"entries":[{"request":{"url":"data:x"}}]}}`)
	writeFile(t, filepath.Join(d.dir, "big.har"), strings.Repeat(" ", 2000))
	writeFile(t, filepath.Join(d.dir, "x.csv"), "n,id,time\n")
	if err := os.Mkdir(filepath.Join(d.dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args []string
		says string
	}{
		{nil, "which file?"},
		{[]string{"missing.har"}, "no such file"},
		{[]string{"empty.har"}, "the file is empty"},
		{[]string{"none.har"}, "no event that could be taken"},
		{[]string{"big.har", "--max-file", "1KiB"}, "big.har is larger than 1KiB"},
		{[]string{"x.csv"}, "written and not read"},
		{[]string{"folder"}, "there is no file with an ending"},
		{[]string{"none.har", "--format", "csv"}, "--format csv"},
		{[]string{"none.har", "--max-file", "0"}, "--max-file"},
		{[]string{"none.har", "--provider", "nobody"}, "unknown provider"},
		{[]string{"none.har", "--public-url", "x"}, "--public-url"},
		{[]string{"-", "-"}, "once only"},
	}
	if runtime.GOOS == "linux" {
		tests = append(tests, struct {
			args []string
			says string
		}{[]string{"/dev/zero"}, "is no file"})
	}
	for _, tt := range tests {
		stdout, stderr, code := d.run(append([]string{"events", "import"}, tt.args...)...)
		if code != codeUsage || stdout != "" || !strings.Contains(stderr, tt.says) {
			t.Errorf("%v: code %d, %q, %s", tt.args, code, stdout, stderr)
		}
	}
}

func TestExportFiles(t *testing.T) {
	d := exportStore(t)
	ls := func(dir string) []string {
		entries, err := os.ReadDir(filepath.Join(d.dir, dir))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	if _, stderr, code := d.run("events", "export", "1..2", "--format", "http", "--to", "requests/"); code != codeDone || !strings.Contains(stderr, "2 events exported to requests/") {
		t.Errorf("code %d, %s", code, stderr)
	}
	if diff := cmp.Diff([]string{"000001-rentman-Contact.create.http", "000002-ploomes-Contacts.Update.http"}, ls("requests")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, stderr, code := d.run("events", "import", "requests", "--store", "other.db"); code != codeDone || !strings.Contains(stderr, "2 events imported") {
		t.Errorf("code %d, %s", code, stderr)
	}
	if _, stderr, code := d.run("events", "import", "requests", "--store", "other.db"); code != codeDone || !strings.Contains(stderr, "2 already there") {
		t.Errorf("code %d, %s", code, stderr)
	}
	// a summary for programs, beside the file
	var summary struct {
		Exported int
		Format   string
		Masked   bool
	}
	if err := json.Unmarshal([]byte(d.ok("events", "export", "--to", "a.har", "--json")), &summary); err != nil || summary.Exported != 4 || summary.Format != "har" || !summary.Masked {
		t.Errorf("%+v, %v", summary, err)
	}
	before := ls(".")
	tests := []struct {
		args []string
		says string
	}{
		{[]string{}, "in which format?"},
		{[]string{"--format", "xml"}, "--format xml: expected bundle"},
		{[]string{"--format", "http"}, "holds one request"},
		{[]string{"--to", "several.http"}, "name a folder"},
		{[]string{"--to", "a.har"}, "there is such a file"},
		{[]string{"--to", "requests", "--format", "har"}, "this is a folder"},
		{[]string{"--to", "requests/", "--format", "http"}, "exists"},
		{[]string{"--to", "no/such/folder.har"}, "no such file"},
		{[]string{"99", "--format", "har"}, "99"},
		{[]string{"7..3", "--format", "har"}, "this range is empty"},
		{[]string{"x..3", "--format", "har"}, "a range goes from one number to another"},
		{[]string{"--format", "har", "--target", "9"}, "--target 9"},
		{[]string{"--format", "curl", "--target", "ftp://x"}, "--target"},
		{[]string{"--format", "har", "--limit", "-1"}, "--limit"},
		{[]string{"--format", "har", "--since", "x"}, "no time"},
		{[]string{"--format", "ndjson", "--jq", ".n"}, "--jq"},
	}
	for _, tt := range tests {
		stdout, stderr, code := d.run(append([]string{"events", "export"}, tt.args...)...)
		if code != codeUsage || stdout != "" || !strings.Contains(stderr, tt.says) {
			t.Errorf("%v: code %d, %q, %s", tt.args, code, stdout, stderr)
		}
	}
	if diff := cmp.Diff(before, ls(".")); diff != "" {
		t.Errorf("what failed left files behind (-before +after):\n%s", diff)
	}
	if _, stderr, code := d.run("events", "export", "2", "--to", "a.har", "--force"); code != codeDone {
		t.Errorf("--force: code %d, %s", code, stderr)
	}
	if stdout, stderr, code := d.run("events", "export", "--event", "nothing.*", "--format", "ndjson"); code != codeDone || stdout != "" || !strings.Contains(stderr, "no event fits") {
		t.Errorf("nothing fits: code %d, %q, %s", code, stdout, stderr)
	}
}

// Nothing that an export writes to a terminal can act on it.
func TestExportToATerminal(t *testing.T) {
	d := exportStore(t)
	d.tty, d.env["NO_COLOR"] = true, "1"
	for _, args := range [][]string{{"--format", "bundle"}, {"4", "--format", "http"}} {
		if stdout, stderr, code := d.run(append([]string{"events", "export"}, args...)...); code != codeUsage || stdout != "" || !strings.Contains(stderr, "terminal") {
			t.Errorf("%v: code %d, %q, %s", args, code, stdout, stderr)
		}
		if stdout, _, code := d.run(append([]string{"events", "export", "--force"}, args...)...); code != codeDone || stdout == "" {
			t.Errorf("%v --force: code %d, %q", args, code, stdout)
		}
	}
	for _, format := range []string{"ndjson", "har", "csv", "curl"} {
		if stdout, _, code := d.run("events", "export", "--format", format); code != codeDone || strings.ContainsAny(stdout, "\x1b\u202e\x00") || strings.Contains(stdout, "\xff") {
			t.Errorf("%s: code %d, %q", format, code, stdout)
		}
	}
}

// A selection picks what its parts say, the oldest first, each once.
func TestSelection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.db")
	log, err := store.Open(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	const count = 60
	names := []string{"rentman", "ploomes", "ubiqo"}
	var all []*listener.Event
	for i := 1; i <= count; i++ {
		at := start.Add(time.Duration(i) * time.Minute)
		if i%7 == 0 {
			at = start.Add(-time.Hour) // imported later than it was received
		}
		e := eventAt(i, at, names[i%3], "Contact", []string{"create", "update"}[i%2], verify.Verdict{Status: verify.Unsigned}, fmt.Sprint("body ", i))
		if err := log.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	if _, err := log.Delete(t.Context(), 20, 25); err != nil {
		t.Fatal(err)
	}
	all = slices.Delete(all, 19, 25)
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	a := &app{set: set}
	everything, err := filter.Parse("", start)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"", "", "provider:rentman", "provider:*o*", "provider:none"}).Draw(t, "provider") + " " +
			rapid.SampledFrom([]string{"", "", "event:*.create", "event:contact.*"}).Draw(t, "event")
		if rapid.Bool().Draw(t, "since") {
			text += " since:" + start.Add(time.Duration(rapid.IntRange(0, count+1).Draw(t, "minute"))*time.Minute).Format(time.RFC3339)
		}
		if rapid.Bool().Draw(t, "body") {
			text += ` body:"body 1"`
		}
		where, err := filter.Parse(text, start)
		if err != nil {
			t.Fatal(err)
		}
		s := &selection{filter: where, limit: rapid.SampledFrom([]int{0, 0, 1, 5, 1000}).Draw(t, "limit")}
		picked := func(e *listener.Event) bool { return true }
		for i := range rapid.IntRange(0, 3).Draw(t, "refs") {
			first := rapid.IntRange(1, count).Draw(t, "first")
			last := rapid.IntRange(first, count+10).Draw(t, "last")
			before := picked
			if i == 0 {
				before = func(*listener.Event) bool { return false }
			}
			picked = func(e *listener.Event) bool {
				return before(e) || e.N >= int64(first) && e.N <= int64(last)
			}
			s.refs = append(s.refs, fmt.Sprintf("%d..%d", first, last))
		}
		var want []int64
		for _, e := range all {
			if picked(e) && a.fits(where, e, nil) {
				want = append(want, e.N)
			}
		}
		if s.limit > 0 && len(want) > s.limit {
			want = want[len(want)-s.limit:]
		}
		var got []int64
		for e, err := range a.selected(context.Background(), log, s) {
			if err != nil {
				t.Fatal(err)
			}
			if string(e.Delivery.Body) != fmt.Sprint("body ", e.N) {
				t.Fatalf("event %d has the body %q", e.N, e.Delivery.Body)
			}
			got = append(got, e.N)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%+v (-want +got):\n%s", s, diff)
		}
	})
	for ref, want := range map[string][]int64{"..3": {1, 2, 3}, "58..": {58, 59, 60}, "58..last": {58, 59, 60}, "last": {60}, "last:rentman": {60}, "18..26": {18, 19, 26}, "..": nil} {
		var got []int64
		for e, err := range a.selected(t.Context(), log, &selection{refs: []string{ref}, filter: everything}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.N)
		}
		if want == nil {
			want = got[:54]
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", ref, got, want)
		}
	}
}

// Secrets that are known are in no export, in whatever spelling.
func TestExportHidesSecrets(t *testing.T) {
	const canary = "c4n4ry/of+the=store"
	d := newDesk(t)
	d.env["WHK_SECRET_PLOOMES"] = canary
	e := eventAt(1, time.Now(), "ploomes", "Contacts", "Update", verify.Verdict{Status: verify.Valid}, "\xffkey="+canary)
	e.Delivery.Header.Set("X-Ploomes-Validation-Key", canary)
	e.Delivery.Header.Set("Authorization", "Bearer another-canary")
	d.store([]*listener.Event{e}, map[int64][]verify.Result{1: {answered(200, base64.StdEncoding.EncodeToString([]byte(canary)))}})
	for _, format := range formatNames() {
		got := d.ok("events", "export", "--format", format)
		for _, needle := range []string{canary, "another-canary", base64.StdEncoding.EncodeToString([]byte(canary))} {
			if strings.Contains(got, needle) {
				t.Errorf("%s holds %s", format, needle)
			}
		}
		if shown := d.ok("events", "export", "--format", format, "--show-secrets"); format != "csv" && !strings.Contains(shown, canary) {
			t.Errorf("%s --show-secrets hides the key", format)
		}
	}
}

// BenchmarkExport writes a store of 200,000 events. Bytes are those that were written.
func BenchmarkExport(b *testing.B) {
	path := filepath.Join(b.TempDir(), "events.db")
	log, err := store.Open(path, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	const count = 200_000
	next := make(chan int, 1024)
	var writers sync.WaitGroup
	for range 500 {
		writers.Go(func() {
			for i := range next {
				body := contactBody[:len(contactBody)-1] + `,"note":"` + strings.Repeat("x", 390-len(contactBody)) + `"}`
				e := eventAt(i, time.Now(), "rentman", "Contact", []string{"create", "update", "delete"}[i%3], verify.Verdict{Status: verify.Valid, Secret: "env RENTMAN_TOKEN"}, body)
				e.Delivery.Header = http.Header{"Content-Type": {"application/json"}, "Content-Length": {"400"}, "User-Agent": {"Go-http-client/1.1"}, "Digest": {"sha512=" + strings.Repeat("2d09afd67e6f0012", 8)}}
				if err := log.Append(context.Background(), e); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	for i := range count {
		next <- i
	}
	close(next)
	writers.Wait()
	set, err := provider.Builtin()
	if err != nil {
		b.Fatal(err)
	}
	everything, err := filter.Parse("", time.Now())
	if err != nil {
		b.Fatal(err)
	}
	for _, format := range formatNames() {
		if format == string(replay.FormatHTTP) {
			continue
		}
		b.Run(format, func(b *testing.B) {
			b.ReportAllocs()
			var peak uint64
			for b.Loop() {
				a := &app{IO: IO{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}, Columns: 80, Env: func(string) (string, bool) { return "", false }}, set: set}
				w := &countingWriter{}
				exporter, err := replay.NewExporter(replay.Format(format), w, replay.ExportOptions{Redactor: a.redactor([]verify.Secret{verify.NewSecret("a", "some_secret_key")}), Provider: a.rememberProviders()})
				if err != nil {
					b.Fatal(err)
				}
				out := &benchOutput{Exporter: exporter}
				n, err := a.writeEvents(b.Context(), log, &selection{filter: everything}, out)
				if err != nil || n != count {
					b.Fatalf("%d events, %v", n, err)
				}
				b.SetBytes(w.n)
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapSys)
			}
			b.ReportMetric(float64(count)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(peak)/(1<<20), "MiB-heap")
		})
	}
}

type countingWriter struct{ n int64 }

func (w *countingWriter) Write(b []byte) (int, error) {
	w.n += int64(len(b))
	return len(b), nil
}

type benchOutput struct{ replay.Exporter }

func (o *benchOutput) write(x *replay.Exchange) error { return o.Write(x) }
func (o *benchOutput) commit() error                  { return o.Close() }
func (o *benchOutput) abort()                         {}
func (o *benchOutput) format() replay.Format          { return "" }
