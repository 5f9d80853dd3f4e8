package cmd

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/listener"
	"whk/listener/store"
	"whk/verify"
)

// oddBody is one that any decoder would change.
const oddBody = "{ \"price\": 1.10,\r\n\"a\":\"\\/\xff\" }\n"

func replayShell(t *testing.T) *shell {
	t.Helper()
	s := newShell(t)
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	e := eventAt(1, at, "rentman", "Contact", "create", verify.Verdict{Status: verify.Valid, Secret: "env A"}, oddBody)
	e.Delivery.URL = "/rentman?shop=3"
	e.Delivery.Header = http.Header{"Digest": {"sha512=00"}, "X-Twice": {"a", "b"}, "Authorization": {"Bearer t0ken"}, "Cookie": {"c00kie"}, "Connection": {"close"}}
	cut := eventAt(2, at, "ploomes", "Contacts", "Update", verify.Verdict{Status: verify.Unchecked, Reason: verify.Incomplete}, "{")
	cut.Cut = "the connection broke"
	s.desk.store([]*listener.Event{e, cut}, nil)
	return s
}

// results are the attempts that the store keeps of an event.
func (s *shell) results(n int64) []verify.Result {
	s.t.Helper()
	log, err := store.Open(filepath.Join(s.env["XDG_DATA_HOME"], "whk", "events.db"), store.Options{ReadOnly: true})
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	results, err := log.Results(s.t.Context(), n)
	if err != nil {
		s.t.Fatal(err)
	}
	return results
}

func TestReplayIsByteForByte(t *testing.T) {
	r := newTestReceiver(t, 200, "thanks")
	s := replayShell(t)
	stdout, stderr, code := s.run("replay", "1", r.URL)
	if code != codeDone || stderr != "" {
		t.Fatalf("code %d, stderr:\n%s", code, stderr)
	}
	d := r.last(t)
	if d.URL != "/rentman?shop=3" || string(d.Body) != oddBody || d.Header.Get("Digest") != "sha512=00" || d.Header.Get("Authorization") != "Bearer t0ken" {
		t.Errorf("received %s %q %v", d.URL, d.Body, d.Header)
	}
	if diff := cmp.Diff([]string{"a", "b"}, d.Header["X-Twice"]); diff != "" {
		t.Errorf("X-Twice (-want +got):\n%s", diff)
	}
	for _, want := range []string{"#1  rentman/Contact.create", "✓ valid  ", "to " + r.URL + "/rentman?shop=3\n", "  → 200 in ", "    thanks\n"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, stdout)
		}
	}
	results := s.results(1)
	if len(results) != 1 || !results[0].Replay || results[0].Status != 200 || string(results[0].Body) != "thanks" {
		t.Errorf("stored: %+v", results)
	}
}

func TestReplayCompares(t *testing.T) {
	status := 500
	r := newTestReceiver(t, 200, "")
	r.answer = func(int) (int, string) { return status, "" }
	s := replayShell(t)
	steps := []struct {
		status int
		code   int
		says   string
	}{
		{500, codeNo, "failed: the first attempt"}, {500, codeNo, "still failing"}, {200, codeDone, "fixed"}, {204, codeDone, "still passing"}, {404, codeNo, "regressed"},
	}
	for i, step := range steps {
		status = step.status
		args := []string{"retry", "1"}
		if i == 0 {
			args = append(args, r.URL+"/app")
		}
		stdout, stderr, code := s.run(args...)
		if code != step.code || !strings.Contains(stdout, step.says) {
			t.Errorf("step %d: code %d, stdout:\n%s\nstderr: %s", i, code, stdout, stderr)
		}
	}
	if n := len(s.results(1)); n != len(steps) {
		t.Errorf("%d attempts are stored, want %d", n, len(steps))
	}
	status = 200
	stdout, _, code := s.run("resend", "1", "--json")
	got := replayedLines(t, stdout)
	if code != codeDone || len(got) != 2 || got[0].Verdict != "fixed" || got[0].Event != 1 || !got[0].Replay || got[0].Target != r.URL+"/app?shop=3" {
		t.Errorf("code %d: %s", code, stdout)
	}
}

// replayedLine is a line of --json.
type replayedLine struct {
	Type, Verdict, Target, Outcome, Error, Secret string
	Schema, Event, Status                         int
	Replay                                        bool
	Sent                                          int
	AsExpected                                    int `json:"as_expected"`
	NotSent                                       int `json:"not_sent"`
	Missed                                        int
	Verdicts                                      map[string]int
}

// replayedLines reads attempts and, last, a summary; only the first has a schema.
func replayedLines(t *testing.T, stdout string) []replayedLine {
	t.Helper()
	var lines []replayedLine
	for line := range strings.Lines(stdout) {
		var one replayedLine
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		lines = append(lines, one)
	}
	for i, one := range lines {
		kind := "attempt"
		if i == len(lines)-1 {
			kind = "summary"
		}
		if one.Type != kind || (one.Schema == 1) != (i == 0) {
			t.Errorf("line %d: type %s, schema %d", i+1, one.Type, one.Schema)
		}
	}
	return lines
}

func TestReplayBesideAListener(t *testing.T) {
	r := newTestReceiver(t, 200, "")
	s := replayShell(t)
	log, err := store.Open(filepath.Join(s.env["XDG_DATA_HOME"], "whk", "events.db"), store.Options{Exclusive: true, Holder: "127.0.0.1:4400"})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if _, stderr, code := s.run("replay", "1", r.URL); code != codeDone {
		t.Errorf("code %d, stderr: %s", code, stderr)
	}
}

func TestReplayKeepsCredentialsAtHome(t *testing.T) {
	all := http.Header{"Authorization": {"Bearer t0ken"}, "Cookie": {"c"}, "Digest": {"d"}}
	tests := []struct {
		name   string
		target string
		host   string
		flags  replayFlags
		want   []string
	}{
		{"this machine", "http://localhost:3000/", "localhost:4400", replayFlags{}, nil},
		{"another", "https://hooks.example.com/", "localhost:4400", replayFlags{}, []string{"Authorization", "Cookie"}},
		{"another, as asked", "https://hooks.example.com/", "localhost:4400", replayFlags{asIs: true}, nil},
		{"the one that they came for", "https://hooks.example.com:8443/", "Hooks.example.com", replayFlags{}, nil},
		{"nobody knows for whom they came", "https://hooks.example.com/", "", replayFlags{}, []string{"Authorization", "Cookie"}},
		{"a name that begins alike", "https://hooks.example.com.test/", "hooks.example.com", replayFlags{}, []string{"Authorization", "Cookie"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &replaying{app: &app{}, flags: &tt.flags}
			e := &listener.Event{Delivery: &verify.Delivery{Host: tt.host, Header: all}}
			got := r.private(e, tt.target)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("withheld (-want +got):\n%s", diff)
			}
			kept := without(e.Delivery, got)
			if len(kept.Header) != 3-len(tt.want) || kept.Header.Get("Digest") != "d" || len(all) != 3 {
				t.Errorf("left %v, of the event %v", kept.Header, all)
			}
		})
	}
}

func TestReplayRefuses(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	tests := []struct {
		name string
		args []string
		code int
		says string
	}{
		{"nothing", nil, codeUsage, "as in: whk replay last 3000"},
		{"an event or a port", []string{"1", "2", "3"}, codeUsage, "is 3 the last event or a port?"},
		{"a wrong range", []string{"3..1", "3000"}, codeUsage, "this range is empty"},
		{"nothing fits", []string{"--provider", "ubiqo", "3000"}, codeUsage, "no event fits"},
		{"a bad filter", []string{"--where", "sgi:invalid", "3000"}, codeUsage, "did you mean sig"},
		{"a bad time", []string{"--since", "yesterday", "3000"}, codeUsage, "is no time"},
		{"a bad speed", []string{"1", "3000", "--speed", "fast"}, codeUsage, "expected original"},
		{"a bad limit", []string{"1", "3000", "--limit", "-1"}, codeUsage, "--limit -1"},
		{"no concurrency", []string{"1", "3000", "-c", "0"}, codeUsage, "--concurrency 0"},
		{"one at a time and several", []string{"1", "3000", "-c", "4", "--sequential"}, codeUsage, "give one of them"},
		{"an edit that changes nothing", []string{"1", "3000", "--set", "price:=1.10"}, codeUsage, "nothing would change"},
		{"an edit that is none", []string{"1", "3000", "--set", "price"}, codeUsage, "--set"},
		{"a secret for nothing", []string{"1", "3000", "--secret", "x"}, codeUsage, "--secret: nothing is signed without --resign"},
		{"standard input twice", []string{"-", "3000", "--resign", "--secret-stdin"}, codeUsage, "standard input can be one of them"},
		{"empty standard input", []string{"-", "3000"}, codeUsage, "standard input names no event"},
		{"no such event", []string{"99", "3000"}, codeUsage, "no event 99"},
		{"no reference", []string{"what", "3000"}, codeUsage, `"what" is not an event`},
		{"no target", []string{"1"}, codeUsage, "whk replay 1 3000"},
		{"a bad target", []string{"1", "ftp://x/"}, codeUsage, "is not supported"},
		{"a cut body", []string{"2", "3000"}, codeUsage, "whk: replay event #2: its body is incomplete (the connection broke), so that it cannot be sent as it was\n"},
		{"refused", []string{"1", gone.URL}, codeNetwork, "whk: replay event #1: "},
		{"a bad expectation", []string{"1", "3000", "--expect", "x"}, codeUsage, "expected a status"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := replayShell(t)
			stdout, stderr, code := s.run(append([]string{"replay"}, tt.args...)...)
			if code != tt.code || !strings.Contains(stderr, tt.says) {
				t.Errorf("code %d, want %d and %q; stdout %q, stderr %q", code, tt.code, tt.says, stdout, stderr)
			}
			if want := map[bool]int{true: 1, false: 0}[tt.code == codeNetwork]; len(s.results(1)) != want {
				t.Errorf("%d attempts are stored, want %d", len(s.results(1)), want)
			}
		})
	}
	s := newShell(t)
	s.env["XDG_DATA_HOME"] = t.TempDir()
	if _, stderr, code := s.run("replay", "1", "3000"); code != codeUsage || !strings.Contains(stderr, "whk listen makes the store") {
		t.Errorf("without a store: code %d, stderr %q", code, stderr)
	}
	if left, err := filepath.Glob(filepath.Join(s.env["XDG_DATA_HOME"], "*")); err != nil || len(left) > 0 {
		t.Errorf("a store was made: %v (%v)", left, err)
	}
}

func TestReplayInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then is the end of the connection noticed
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	s := replayShell(t)
	_, stderr, code := s.runUnder(ctx, "replay", "1", server.URL)
	results := s.results(1)
	if code != codeInterrupted || len(results) != 1 || results[0].Outcome != verify.Interrupted {
		t.Errorf("code %d, stored %+v, stderr %q", code, results, stderr)
	}
}
