package cmd

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/listener"
	"whk/listener/store"
	"whk/verify"
)

// manyShell has six events, a second apart: 1 to 3 of rentman, 4 and 5 of ploomes with
// answers of an app, and 6, whose body is cut.
func manyShell(t *testing.T, target string) *shell {
	t.Helper()
	s := newShell(t)
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	var events []*listener.Event
	for i := range 6 {
		e := eventAt(i+1, at.Add(time.Duration(i)*time.Second), "rentman", "Contact", "create", verify.Verdict{Status: verify.Valid}, fmt.Sprintf(`{"account":"a%d"}`, i+1))
		if i >= 3 {
			e.Provider, e.Entity, e.Action = "ploomes", "Contacts", "Update"
			e.Delivery.URL = "/ploomes"
		}
		events = append(events, e)
	}
	events[5].Cut = "the connection broke"
	failed, fine := answered(500, ""), answered(200, "")
	failed.Target, fine.Target = target, target
	shadow := failed
	shadow.Shadow = true
	s.desk.store(events, map[int64][]verify.Result{4: {failed}, 5: {fine, shadow}})
	return s
}

// bodies are what was received, in order.
func (r *testReceiver) bodies() []string {
	var all []string
	for _, d := range r.deliveries() {
		all = append(all, strings.TrimSuffix(strings.TrimPrefix(string(d.Body), `{"account":"`), `"}`))
	}
	return all
}

func TestReplayPicksEvents(t *testing.T) {
	tests := []struct {
		name string
		args []string
		in   string
		want string // the events that arrive, in order
	}{
		{"a range", []string{"2..4"}, "", "a2 a3 a4"},
		{"an open range", []string{"..2"}, "", "a1 a2"},
		{"several, the oldest first", []string{"last:rentman", "1", "4..5"}, "", "a1 a3 a4 a5"},
		{"a list", []string{"5,1"}, "", "a1 a5"},
		{"once each", []string{"1..2", "2..3"}, "", "a1 a2 a3"},
		{"an id", []string{"01890000-0000-7000-8000-000000000002"}, "", "a2"},
		{"a provider", []string{"--provider", "rent*"}, "", "a1 a2 a3"},
		{"of a range", []string{"2..5", "--provider", "rentman"}, "", "a2 a3"},
		{"the newest", []string{"--provider", "rentman", "--limit", "2"}, "", "a2 a3"},
		{"by name", []string{"-e", "ploomes/*.update", "-e", "Contact.delete", "--limit", "3"}, "", "a4 a5"},
		{"by filter", []string{"--where", "app:200 -provider:ploomes"}, "", "a1 a2 a3"},
		{"by what it says", []string{"--where", "body:a3"}, "", "a3"},
		{"since", []string{"--since", "2026-01-31T12:00:02Z"}, "", "a3 a4 a5"},
		{"numbers", []string{"-"}, "3\n1\n", "a1 a3"},
		{"objects", []string{"-"}, `{"type":"ready","url":"x"}` + "\n" + `{"type":"event","n":7,"id":"01890000-0000-7000-8000-000000000003"}` + "\r\n\n" + `{"n":2}`, "a2 a3"},
		{"texts", []string{"-"}, "\"01890000-0000-7000-8000-000000000001\"\nlast:rentman\n", "a1 a3"},
		{"among them", []string{"-", "--provider", "ploomes"}, "3\n4\n", "a4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newTestReceiver(t, 200, "")
			s := manyShell(t, r.URL)
			s.in = tt.in
			stdout, stderr, _ := s.run(append(append([]string{"replay"}, tt.args...), "--to", r.URL)...)
			if got := strings.Join(r.bodies(), " "); got != tt.want {
				t.Errorf("got %s, want %s; stdout:\n%s\nstderr:\n%s", got, tt.want, stdout, stderr)
			}
		})
	}
}

// What one command prints is what the other reads.
func TestReplayReadsTheListOfEvents(t *testing.T) {
	r := newTestReceiver(t, 200, "")
	s := manyShell(t, r.URL)
	for _, form := range [][]string{{"--json"}, {"--jq", ".n"}, {"--jq", ".id"}, {"--jq", "{n, id}"}} {
		s.in, _, _ = s.run(append([]string{"events", "list", "--provider", "rentman"}, form...)...)
		before := len(r.bodies())
		if _, stderr, code := s.run("replay", "-", r.URL); code != codeDone {
			t.Errorf("%v: code %d, stderr: %s", form, code, stderr)
		}
		if got := r.bodies()[before:]; !slices.Equal(got, []string{"a1", "a2", "a3"}) {
			t.Errorf("%v: got %v", form, got)
		}
	}
	for in, says := range map[string]string{"{\"n\":": "line 1: no JSON", "{}": "without n and id", "1\nwhat\n": `"what" is not an event`, `{"id":"01990000-0000-7000-8000-000000000001"}`: "no event"} {
		s.in = in
		before := len(r.bodies())
		if _, stderr, code := s.run("replay", "-", r.URL); code != codeUsage || !strings.Contains(stderr, says) {
			t.Errorf("%q: code %d, stderr: %s", in, code, stderr)
		}
		if len(r.bodies()) > before {
			t.Errorf("%q: something was sent", in)
		}
	}
}

func TestReplayArguments(t *testing.T) {
	tests := []struct {
		args   string
		chosen bool
		refs   string
		to     string
	}{
		{"42", false, "42", ""},
		{"42 3000", false, "42", "3000"},
		{"3..7 last localhost:3000", false, "3..7 last", "localhost:3000"},
		{"1 3..7", false, "1 3..7", ""},
		{"1 last:ploomes", false, "1 last:ploomes", ""},
		{"1 0189abcd", false, "1 0189abcd", ""},
		{"1 01890000-0000-7000", false, "1 01890000-0000-7000", ""},
		{"4,5,6", false, "4,5,6", ""},
		{"4 5,6", false, "4 5,6", ""},
		{"4 5 http://127.0.0.1:3000/x", false, "4 5", "http://127.0.0.1:3000/x"},
		{"4 5 :3000", false, "4 5", ":3000"},
		{"- 3000", false, "-", "3000"},
		{"3000", true, "", "3000"},
		{"3..7", true, "3..7", ""},
		{"", true, "", ""},
	}
	for _, tt := range tests {
		refs, to, err := splitTarget(strings.Fields(tt.args), tt.chosen)
		if got := strings.Join(refs, " "); err != nil || got != tt.refs || to != tt.to {
			t.Errorf("%q: got events %q, target %q (%v); want %q, %q", tt.args, got, to, err, tt.refs, tt.to)
		}
	}
}

func TestReplayManyInJSON(t *testing.T) {
	r := newTestReceiver(t, 200, "")
	r.answer = func(n int) (int, string) { return map[bool]int{true: 404, false: 200}[n%2 == 0], "" }
	s := manyShell(t, r.URL)
	stdout, stderr, code := s.run("replay", "3..6", r.URL, "--json")
	lines := replayedLines(t, stdout)
	if code != codeNo || len(lines) != 5 {
		t.Fatalf("code %d, stderr: %s\n%s", code, stderr, stdout)
	}
	// 3 was never sent, 4 failed, 5 passed, 6 is cut; every other answer is a 404.
	var got []string
	for _, one := range lines[:4] {
		got = append(got, fmt.Sprintf("%d %s %s", one.Event, one.Verdict, one.Outcome))
	}
	want := []string{"3 passed answered", "4 still failing answered", "5 still passing answered", "6 not sent failed"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	sum := lines[4]
	if sum.Sent != 3 || sum.AsExpected != 2 || sum.NotSent != 1 || sum.Verdicts["still failing"] != 1 || sum.Verdicts["not sent"] != 1 {
		t.Errorf("summary: %+v", sum)
	}
	for _, says := range []string{"1 of 4 events did not come out as expected (2xx)", "1 of 4 events could not be sent"} {
		if !strings.Contains(stderr, says) {
			t.Errorf("stderr lacks %q: %s", says, stderr)
		}
	}
}

func TestReplayMany(t *testing.T) {
	r := newTestReceiver(t, 200, "")
	s := manyShell(t, r.URL)
	s.env["TERM"] = "dumb"
	stdout, stderr, code := s.run("replay", "3..6", r.URL)
	if code != codeNo || stderr != "whk: replay: 1 of 4 events could not be sent\n" {
		t.Errorf("code %d, stderr: %s", code, stderr)
	}
	for _, want := range []string{"#3  rentman/Contact.create ", "  passed\n", "  fixed, was answered 500\n", "  still passing\n",
		"  not sent: its body is incomplete (the connection broke), so that it cannot be sent as it was\n",
		"replayed 3 events in ", ": 1 fixed, 1 still passing, 1 passed, 1 not sent\n", "  -> 200 x 3\n"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, stdout)
		}
	}
	if n := len(s.results(6)); n != 0 {
		t.Errorf("%d attempts of the cut event are stored", n)
	}
}

func TestReplayExpect(t *testing.T) {
	tests := []struct {
		name   string
		expect string
		ref    string
		status int
		code   int
		says   string
	}{
		{"fixed, and it is", "fixed", "4", 200, codeDone, ""},
		{"fixed, and it is not", "fixed", "4", 503, codeNo, "event #4: answered 503, expected 2xx"},
		{"fixed, and it broke", "fixed", "5", 503, codeNo, "answered 503"},
		{"fixed, and it was fine", "fixed", "5", 204, codeDone, ""},
		{"fixed, for the first time", "fixed", "1", 503, codeDone, ""},
		{"the same failure", "same", "4", 500, codeDone, ""},
		{"another failure", "same", "4", 502, codeNo, "answered 502, expected the same as the last attempt, which was answered 500"},
		{"the same for the first time", "same", "1", 200, codeNo, "there was none"},
		{"any", "any", "4", 500, codeDone, ""},
		{"a status", "4xx", "4", 404, codeDone, ""},
		{"not the status", "404", "4", 200, codeNo, "answered 200, expected 404"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newTestReceiver(t, tt.status, "")
			s := manyShell(t, r.URL)
			_, stderr, code := s.run("replay", tt.ref, r.URL, "--expect", tt.expect)
			if code != tt.code || tt.says == "" && stderr != "" || !strings.Contains(stderr, tt.says) {
				t.Errorf("code %d, stderr: %s; want %d and %q", code, stderr, tt.code, tt.says)
			}
		})
	}
}

func TestReplayToNobody(t *testing.T) {
	s := manyShell(t, "")
	stdout, stderr, code := s.run("replay", "1..3", "http://"+free(t), "--json")
	if code != codeNetwork || !strings.Contains(stderr, "none of 3 events was answered") {
		t.Errorf("code %d, stderr: %s\n%s", code, stderr, stdout)
	}
	if n := len(s.results(2)); n != 1 {
		t.Errorf("%d attempts of #2 are stored", n)
	}
}

func TestReplayAsksBeforeEventsLeave(t *testing.T) {
	tests := []struct {
		name     string
		imported bool
		args     []string
		tty      bool
		in       string
		code     int
		says     string
	}{
		{"one", false, []string{"1"}, false, "", codeNetwork, ""},
		{"several", false, []string{"1..2"}, false, "", codeUsage, "2 events would leave this machine: 192.0.2.1:9 is another machine"},
		{"several, agreed", false, []string{"1..2", "--yes"}, false, "", codeNetwork, "none of 2 events"},
		{"several, no", false, []string{"1..2"}, true, "n\n", codeNo, "Send 2 events away? 192.0.2.1:9 is another machine. [y/N]"},
		{"several, yes", false, []string{"1..2"}, true, "y\n", codeNetwork, "[y/N]"},
		{"an imported one", true, []string{"1"}, false, "", codeUsage, "event #1, which was imported, would leave this machine"},
		{"an imported one, agreed", true, []string{"1", "-y"}, false, "", codeNetwork, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShell(t)
			s.tty, s.inTTY, s.in = tt.tty, tt.tty, tt.in
			var events []*listener.Event
			for i := range 2 {
				e := eventAt(i+1, time.Now(), "rentman", "Contact", "create", verify.Verdict{}, "{}")
				if tt.imported {
					e.Notes = []string{listener.ImportedNote + "bug.har"}
				}
				events = append(events, e)
			}
			s.desk.store(events, nil)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			// Nothing answers there, and one must not wait for it.
			_, stderr, code := s.runUnder(ctx, append(append([]string{"replay"}, tt.args...), "--to", "192.0.2.1:9", "--request-timeout", "1ms")...)
			if code != tt.code || !strings.Contains(stderr, tt.says) {
				t.Errorf("code %d, want %d and %q; stderr: %s", code, tt.code, tt.says, stderr)
			}
			if want := map[bool]int{true: 1}[tt.code == codeNetwork]; len(s.results(1)) != want {
				t.Errorf("%d attempts are stored, want %d", len(s.results(1)), want)
			}
		})
	}
}

// Where an imported event went is only what its file says, even where that says that whk
// sent it there.
func TestReplayOfAnImportNeedsATarget(t *testing.T) {
	r := newTestReceiver(t, 200, "")
	s := newShell(t)
	e := eventAt(1, time.Now(), "rentman", "Contact", "create", verify.Verdict{}, "{}")
	e.Notes = []string{listener.ImportedNote + "bug.whk"}
	claimed := answered(200, "")
	claimed.Target, claimed.Replay = r.URL, true
	s.desk.store([]*listener.Event{e}, map[int64][]verify.Result{1: {claimed}})
	if _, stderr, code := s.run("replay", "1"); code != codeUsage || !strings.Contains(stderr, "name a target") {
		t.Errorf("code %d, stderr: %s", code, stderr)
	}
	if n := len(r.bodies()); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestReplayResigned(t *testing.T) {
	r := newTestReceiver(t, 200, "")
	s := manyShell(t, r.URL)
	s.env["WHK_SECRET_RENTMAN"] = "k3y-of-the-test"
	before := s.export()
	stdout, stderr, code := s.run("replay", "1", r.URL, "--resign")
	if code != codeDone || stderr != "" || !strings.Contains(stdout, ", signed anew (") {
		t.Fatalf("code %d, stderr: %s\n%s", code, stderr, stdout)
	}
	if d := r.last(t); string(d.Body) != `{"account":"a1"}` || verdict(t, "rentman", "k3y-of-the-test", d).Status != verify.Valid {
		t.Errorf("received %v %s", d.Header, d.Body)
	}
	stdout, stderr, code = s.run("replay", "2..3", r.URL, "--set", "account=b", "--json")
	if d := r.last(t); code != codeDone || string(d.Body) != `{"account":"b"}` || verdict(t, "rentman", "k3y-of-the-test", d).Status != verify.Valid {
		t.Errorf("code %d: %s, received %v %s", code, stderr, d.Header, d.Body)
	}
	if lines := replayedLines(t, stdout); lines[0].Secret == "" {
		t.Errorf("the secret has no name: %s", stdout)
	}
	if strings.Contains(stdout, "k3y-of-the-test") {
		t.Error("the secret is shown")
	}
	if diff := cmp.Diff(before, s.export()); diff != "" {
		t.Errorf("the events changed (-want +got):\n%s", diff)
	}
}

// export is every event of the store as it was received.
func (s *shell) export() []*listener.Event {
	s.t.Helper()
	log, err := store.Open(filepath.Join(s.env["XDG_DATA_HOME"], "whk", "events.db"), store.Options{ReadOnly: true})
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	events, err := log.Since(s.t.Context(), 0, 100)
	if err != nil {
		s.t.Fatal(err)
	}
	return events
}

func TestReplayResignedNeedsASecret(t *testing.T) {
	unknown := eventAt(1, time.Now(), "unknown", "", "", verify.Verdict{}, "{}")
	unsigned := eventAt(2, time.Now(), "ubiqo", "gps", "coordinate", verify.Verdict{}, `{"a":1}`)
	keyed := eventAt(3, time.Now(), "rentman", "Contact", "create", verify.Verdict{}, `{"a":1}`)
	r := newTestReceiver(t, 200, "")
	tests := []struct {
		name string
		env  map[string]string
		args []string
		code int
		says string // on stdout or stderr
	}{
		{"the development secret", nil, []string{"3", r.URL, "--resign"}, codeDone, "signed anew (development secret)"},
		{"not in CI", map[string]string{"CI": "true"}, []string{"3", r.URL, "--resign"}, codeUsage, "set WHK_SECRET_RENTMAN"},
		{"edits need it too", map[string]string{"CI": "true"}, []string{"3", r.URL, "--unset", "a"}, codeUsage, "no secret to sign with"},
		{"not for others", nil, []string{"3", "192.0.2.1:9", "--resign"}, codeUsage, "--secret-dev sends them all the same"},
		{"no known provider", nil, []string{"1", r.URL, "--resign"}, codeUsage, "its provider is not known"},
		{"no known provider, among others", nil, []string{"1..3", r.URL, "--resign"}, codeNo, "not sent: its provider is not known"},
		{"no signature", nil, []string{"2", r.URL, "--set", "a=2"}, codeDone, "documents no authentication"},
		{"an edit that fits one only", nil, []string{"1..3", r.URL, "--set", "a=text"}, codeNo, "it is a number"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShell(t)
			s.desk.store([]*listener.Event{unknown, unsigned, keyed}, nil)
			for name, value := range tt.env {
				s.env[name] = value
			}
			stdout, stderr, code := s.run(append([]string{"replay"}, tt.args...)...)
			if code != tt.code || !strings.Contains(stdout+stderr, tt.says) {
				t.Errorf("code %d, want %d and %q; stdout:\n%s\nstderr:\n%s", code, tt.code, tt.says, stdout, stderr)
			}
		})
	}
}

func TestReplaySpeed(t *testing.T) {
	r := newTestReceiver(t, 200, "")
	s := manyShell(t, r.URL)
	// Five events, a second apart, twenty times as fast.
	began := time.Now()
	stdout, stderr, code := s.run("replay", "1..5", r.URL, "--speed", "20x", "-c", "2", "--json")
	if took := time.Since(began); code != codeDone || took < 200*time.Millisecond {
		t.Errorf("code %d after %s, stderr: %s", code, took, stderr)
	}
	if lines := replayedLines(t, stdout); lines[len(lines)-1].Sent != 5 {
		t.Errorf("summary: %+v", lines[len(lines)-1])
	}
	var f speed
	for text, want := range map[string]speed{"original": 1, "Max": 0, "2x": 2, "0.5X": 0.5} {
		if err := f.Set(text); err != nil || f != want {
			t.Errorf("--speed %s: got %v (%v), want %v", text, f, err, want)
		}
	}
	for _, text := range []string{"", "x", "2", "-1x", "0x", "infx", "nanx"} {
		if err := f.Set(text); err == nil {
			t.Errorf("--speed %q was taken", text)
		}
	}
}

// What was sent before the end is recorded and summed up; nobody waits for the rest.
func TestReplayManyInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := newTestReceiver(t, 200, "")
	r.answer = func(int) (int, string) {
		cancel()
		return 200, ""
	}
	s := manyShell(t, r.URL)
	began := time.Now()
	stdout, stderr, code := s.runUnder(ctx, "replay", "1..5", r.URL, "--speed", "0.01x")
	if code != codeInterrupted || time.Since(began) > time.Minute || !strings.Contains(stdout, "replayed 1 event in ") {
		t.Errorf("code %d after %s, stderr: %s\n%s", code, time.Since(began), stderr, stdout)
	}
	if !strings.Contains(stderr, "at this speed the last event is sent in 6m40s") {
		t.Errorf("stderr: %s", stderr)
	}
	if one, two := len(s.results(1)), len(s.results(2)); one != 1 || two != 0 {
		t.Errorf("%d and %d attempts are stored, want 1 and none", one, two)
	}
}

func TestReplayHostileNames(t *testing.T) {
	r := newTestReceiver(t, 200, "\x1b]0;title\x07")
	s := newShell(t)
	s.tty, s.columns = true, 80
	var events []*listener.Event
	for i := range 3 {
		e := eventAt(i+1, time.Now(), "unknown\x1b[31m", "\u202eContact", "create", verify.Verdict{}, "{}")
		e.Cut = map[bool]string{true: "\x1b[2J"}[i == 2]
		events = append(events, e)
	}
	s.desk.store(events, nil)
	stdout, _, _ := s.run("replay", "1..3", r.URL, "--color", "never")
	if strings.ContainsAny(stdout, "\x1b\x07\u202e") {
		t.Errorf("an escape reached the terminal: %q", stdout)
	}
}
