package cmd

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/listener"
	counting "whk/listener/tally"
	"whk/verify"
	"whk/verify/display/displaytest"
	"whk/verify/provider"
)

// statsEvents are events of two providers, with what became of them.
func statsEvents(at time.Time) ([]*listener.Event, map[int64][]verify.Result) {
	var events []*listener.Event
	results := map[int64][]verify.Result{}
	add := func(provider, entity, action string, v verify.Status, attempts ...verify.Result) *listener.Event {
		n := len(events) + 1
		e := eventAt(n, at.Add(time.Duration(n)*time.Second), provider, entity, action, verify.Verdict{Status: v}, contactBody)
		e.Status = 0
		events, results[int64(n)] = append(events, e), attempts
		return e
	}
	refused := verify.Result{Target: "http://localhost:3000/", At: at, Outcome: verify.Refused, Error: "connection refused"}
	again, shadow := answered(200, ""), answered(404, "")
	again.Replay, shadow.Shadow = true, true
	add("rentman", "Contact", "create", verify.Valid, answered(200, ""))
	add("rentman", "Contact", "create", verify.Valid, answered(500, ""), shadow).SameAs = 1
	add("rentman", "Contact", "update", verify.Invalid, refused).OvertakenBy = 2
	add("rentman", "Contact", "update", verify.Valid, answered(503, ""), again) // a replay is no success for the provider
	add("rentman", "Contact", "update", verify.Valid)                           // not answered yet
	add("ploomes", "Contacts", "Update", verify.Missing, answered(200, "")).Status = 401
	add("other", "\x1b[31mx", "", verify.Unsigned).Status = 200
	return events, results
}

func TestStats(t *testing.T) {
	d := newDesk(t)
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.Local)
	d.store(statsEvents(at))
	got := d.ok("events", "stats")
	want := `7 events  2026-01-31 12:00:01 to 12:00:07

provider  events  valid  invalid  missing  unsigned  unchecked  dup  late
rentman        5      4        1        0         0          0    1     1
other          1      0        0        0         1          0    0     0
ploomes        1      0        0        1         0          0    0     0

answers  2xx  3xx  4xx  5xx  none    p50    p95    max  failing
rentman    2    0    0    2     1  12 ms  12 ms  12 ms     3/50
ploomes    1    0    0    0     0  12 ms  12 ms  12 ms        1

most frequent
rentman/Contact.update   3  ████████████████████████████████████████
rentman/Contact.create   2  ██████████████████████████
other/\x1b[31mx          1  █████████████
ploomes/Contacts.Update  1  █████████████

API calls, one for each reference
rentman  10 calls in all
         the busiest minute, 01-31 12:00, would have cost 10 calls: 1 s at 10/s
         the busiest day would have cost 10 calls: less than 1 % of the 50,000
         that are allowed
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events stats (-want +got):\n%s", diff)
	}
	if fault := displaytest.Fault(got, true); fault != "" {
		t.Error(fault)
	}

	var j statsJSON
	if err := json.Unmarshal([]byte(d.ok("events", "stats", "--json", "--provider", "rentman")), &j); err != nil {
		t.Fatal(err)
	}
	p := j.Providers[0]
	if diff := cmp.Diff(map[string]int64{"2xx": 2, "5xx": 2, "none": 1}, p.Answers); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if j.Events != 5 || p.Failing != 3 || p.DisabledAt != 50 || p.Replayed != 1 || p.Calls.Total != 10 || p.Calls.Budgets[0].Busiest != 10 {
		t.Errorf("stats: %+v, calls %+v", p, p.Calls)
	}
	if diff := cmp.Diff(&rateJSON{From: at.UTC(), StepS: 60, Counts: []int{5}}, j.Rate, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
		t.Errorf("rate (-want +got):\n%s", diff)
	}
}

func noProvider(string) *provider.Provider { return nil }

// Everything fits into 80 columns, also with large figures and long names.
func TestStatsWidth(t *testing.T) {
	c := counting.New(time.Now(), counting.Options{Definition: noProvider})
	a := &app{}
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.Local)
	for i := range 3000 {
		e := eventAt(i+1, at.Add(time.Duration(i)*time.Minute), "cassaincloud", "RECEIPT", fmt.Sprintf("CREATE%d", i%50), verify.Verdict{Status: verify.Valid}, "{}")
		c.Add(e)
		c.Answer(e, &verify.Result{Outcome: verify.Answered, Status: 200, Took: 1234 * time.Millisecond})
	}
	p := c.Providers()[0]
	p.Events, p.Verdicts[verify.Valid], p.Classes[2], p.Classes[5] = 999_999, 999_999, 888_888, 111_111
	var out strings.Builder
	a.Out = &out
	for _, ascii := range []bool{false, true} {
		out.Reset()
		s := statsSheet{Writer: a.buffered(), p: paint{ascii: ascii}, columns: 80}
		s.sheet(c)
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
				t.Errorf("%d columns: %s", n, line)
			}
		}
		if notASCII := strings.ContainsFunc(out.String(), func(r rune) bool { return r > 126 }); notASCII == ascii {
			t.Errorf("ascii %v:\n%s", ascii, out.String())
		}
		if !strings.Contains(out.String(), "and 40 other names") {
			t.Errorf("the other names are missing:\n%s", out.String())
		}
	}
}
