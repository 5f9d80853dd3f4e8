package cmd

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/listener"
	"whk/verify"
	"whk/verify/display/displaytest"
	"whk/verify/provider"
)

// driftEvents are events of a provider that nobody knows, a minute apart.
func driftEvents(at time.Time, bodies ...string) []*listener.Event {
	var events []*listener.Event
	for i, body := range bodies {
		events = append(events, eventAt(i+1, at.Add(time.Duration(i)*time.Minute), "shop", "Order", "paid", verify.Verdict{Status: verify.Unchecked}, body))
	}
	return events
}

func TestDrift(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	since := func(minutes int) []string {
		return []string{"--since", at.Add(time.Duration(minutes) * time.Minute).Format(time.RFC3339)}
	}
	bodies := []string{`{"id":1,"note":"a"}`, `{"id":2,"note":null}`, `{"id":3}`, `{"id":"4","tags":[1]}`, `not JSON`, `{"id":"5","\u001b[31m":{}}`}
	tests := []struct {
		name, stdout, stderr string
		args                 []string
		code                 int
	}{
		{"the first is the shape of the others", `shop/Order.paid  known from 1 event, 4 judged
  ~ note      string → null     since #2, in 1 of 4
  - note      gone, was string  since #3, in 3 of 4
  ~ id        number → string   since #4, in 2 of 4
  + tags      new, array        since #4, in 1 of 4
  + \x1b[31m  new, object       since #6, in 1 of 4
`, "whk: 1 name of 1 drift, 4 events judged\nwhk: 1 event passed over: their bodies are cut or no JSON\n", []string{"--exit-code"}, codeNo},
		{"what came before is known", `shop/Order.paid  known from 3 events, 2 judged
  ~ id        number → string  since #4, in all of them
  + tags      new, array       since #4, in 1 of 2
  + \x1b[31m  new, object      since #6, in 1 of 2
`, "whk: 1 name of 1 drift, 2 events judged\nwhk: 1 event passed over: their bodies are cut or no JSON\n", since(3), codeDone},
		{"everything is known", "", "whk: no event was judged: none fits, or there is nothing to judge it by\n", append(since(60), "--exit-code"), codeDone},
		{"of another provider", "", "whk: no event was judged: none fits, or there is nothing to judge it by\n", []string{"--provider", "rentman"}, codeDone},
	}
	d := newDesk(t)
	d.store(driftEvents(at, bodies...), nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stdout, stderr, code := d.run(append([]string{"events", "drift"}, tt.args...)...)
			if diff := cmp.Diff(tt.stdout, stdout); diff != "" {
				t.Errorf("stdout (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.stderr, stderr); diff != "" || code != tt.code {
				t.Errorf("code %d, want %d; stderr (-want +got):\n%s", code, tt.code, diff)
			}
			if fault := displaytest.Fault(stdout, true); fault != "" {
				t.Error(fault)
			}
		})
	}
	paths := d.ok(append([]string{"events", "drift", "--json", "--jq", `[.kind, .path, .first, .last, .events, .judged] | join(" ")`}, since(3)...)...)
	want := "type id 4 6 2 2\nnew tags 4 4 1 2\nnew \x1b[31m 6 6 1 2\n"
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

// A shape that is too large is said to be so, and hostile names stay bounded.
func TestDriftIsBounded(t *testing.T) {
	var wide strings.Builder
	for i := range provider.MaxPaths + 10 {
		fmt.Fprintf(&wide, `,"field_%d":1`, i)
	}
	body := `{"id":1` + wide.String() + `}`
	d := newDesk(t)
	d.store(driftEvents(time.Now(), body, body, `{"id":"x"}`), nil)
	stdout, stderr, _ := d.run("events", "drift")
	if !strings.Contains(stderr, "shop/Order.paid has more than 2,000 paths: new fields are not judged") {
		t.Errorf("stderr:\n%s", stderr)
	}
	if !strings.Contains(stdout, "~ id") || !strings.Contains(stdout, "and 1960 more; --json has them all") {
		t.Errorf("stdout:\n%s", stdout)
	}
	known := newShapes(noProvider)
	drift := newDrift(known)
	for i := range mostShapes + 5 {
		e := eventAt(i, time.Now(), "shop", fmt.Sprint(i), "x", verify.Verdict{}, `{}`)
		known.learn(e)
		if got := drift.judge(e); got != nil {
			t.Errorf("event %d departs: %v", i, got)
		}
	}
	if len(known.by) != mostShapes || !known.crowded {
		t.Errorf("%d shapes, crowded %v", len(known.by), known.crowded)
	}
}

// What a listener does not know it does not judge.
func TestDriftUnknownShape(t *testing.T) {
	drift := newDrift(newShapes(noProvider))
	for _, e := range driftEvents(time.Now(), `{"a":1}`, `{"a":"1"}`) {
		if got := drift.judge(e); got != nil {
			t.Errorf("event %d departs from nothing: %v", e.N, got)
		}
	}
	if n, _ := drift.judged(); n != 0 {
		t.Errorf("%d events were judged", n)
	}
}
