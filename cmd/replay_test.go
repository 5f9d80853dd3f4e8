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
		{500, codeNo, ""}, {500, codeNo, "still failing"}, {200, codeDone, "fixed"}, {204, codeDone, "still passing"}, {404, codeNo, "regressed"},
	}
	for i, step := range steps {
		status = step.status
		args := []string{"retry", "1"}
		if i == 0 {
			args = append(args, r.URL+"/app")
		}
		stdout, stderr, code := s.run(args...)
		if code != step.code || step.says == "" && strings.Contains(stdout, "the last attempt") || !strings.Contains(stdout, step.says) {
			t.Errorf("step %d: code %d, stdout:\n%s\nstderr: %s", i, code, stdout, stderr)
		}
	}
	if n := len(s.results(1)); n != len(steps) {
		t.Errorf("%d attempts are stored, want %d", n, len(steps))
	}
	status = 200
	stdout, _, code := s.run("resend", "1", "--json")
	var got struct {
		Type, Comparison, Target string
		Event                    int
		Replay                   bool
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	if code != codeDone || got.Type != "attempt" || got.Comparison != "fixed" || got.Event != 1 || !got.Replay || got.Target != r.URL+"/app?shop=3" {
		t.Errorf("code %d: %s", code, stdout)
	}
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
	e := &verify.Delivery{Header: http.Header{"Authorization": {"Bearer t0ken"}, "Cookie": {"c"}, "Digest": {"d"}}}
	tests := []struct {
		name   string
		target string
		asIs   bool
		want   http.Header
		says   string
	}{
		{"this machine", "http://localhost:3000/", false, e.Header, ""},
		{"another", "https://hooks.example.com/", false, http.Header{"Digest": {"d"}}, "Authorization and Cookie left out, since hooks.example.com is another machine"},
		{"another, as asked", "https://hooks.example.com/", true, e.Header, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stderr strings.Builder
			a := &app{IO: IO{Err: &stderr}}
			got := a.outgoing(&replayFlags{asIs: tt.asIs}, e, tt.target)
			if diff := cmp.Diff(tt.want, got.Header); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			if tt.says == "" && stderr.Len() > 0 || !strings.Contains(stderr.String(), tt.says) {
				t.Errorf("stderr: %s", stderr.String())
			}
			if len(e.Header) != 3 {
				t.Error("the event itself was changed")
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
		{"three arguments", []string{"1", "2", "3"}, codeUsage, "expected an event and a target"},
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
