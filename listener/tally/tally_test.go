package tally

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"whk/listener"
	"whk/verify"
	"whk/verify/provider"
)

func noon() time.Time { return time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC) }

func event(n int64, name string) *listener.Event {
	return &listener.Event{
		N: n, At: noon().Add(time.Duration(n) * time.Second), Provider: name, Entity: "Contact", Action: "create",
		Verdict: verify.Verdict{Status: verify.Valid}, Delivery: &verify.Delivery{Method: "POST", Body: []byte(contact)},
	}
}

const contact = `{"account":"demo","user":{"id":7,"ref":"/crew/7"},"eventType":"create","itemType":"Contact","items":[{"id":10,"ref":"/contacts/10"}],"eventDate":"2026-01-31T12:00:00+01:00"}`

func answered(status int) *verify.Result {
	return &verify.Result{Outcome: verify.Answered, Status: status, Took: 12 * time.Millisecond}
}

func builtin(t testing.TB) func(string) *provider.Provider {
	t.Helper()
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return func(name string) *provider.Provider {
		p, _ := set.Lookup(name)
		return p
	}
}

// An attempt counts for its class and its time; only what the provider was answered
// counts for failures in a row.
func TestAnswer(t *testing.T) {
	replayed, shadow := answered(200), answered(404)
	replayed.Replay, shadow.Shadow = true, true
	refused := &verify.Result{Outcome: verify.Refused}
	late := &verify.Result{Outcome: verify.TimedOut, Took: 30 * time.Second}
	tests := []struct {
		name     string
		own      int
		results  []*verify.Result
		classes  [6]int64
		failing  int
		replayed int64
		timed    int64
	}{
		{"nothing yet", 0, nil, [6]int64{}, 0, 0, 0},
		{"a success", 0, []*verify.Result{answered(204)}, [6]int64{2: 1}, 0, 0, 1},
		{"a failure", 0, []*verify.Result{answered(500)}, [6]int64{5: 1}, 1, 0, 1},
		{"an odd status", 0, []*verify.Result{answered(700), answered(42)}, [6]int64{1: 1, 5: 1}, 1, 0, 2},
		{"no connection", 0, []*verify.Result{refused}, [6]int64{0: 1}, 1, 0, 0},
		{"no answer in time", 0, []*verify.Result{late}, [6]int64{0: 1}, 1, 0, 1},
		{"a replay is no success for the provider", 0, []*verify.Result{answered(500), replayed, replayed}, [6]int64{2: 2, 5: 1}, 1, 1, 3},
		{"a replay alone tells the provider nothing", 0, []*verify.Result{replayed}, [6]int64{2: 1}, 0, 1, 1},
		{"a shadow does not count", 0, []*verify.Result{shadow}, [6]int64{}, 0, 0, 0},
		{"the first attempt counts for the provider", 0, []*verify.Result{refused, answered(200)}, [6]int64{0: 1, 2: 1}, 1, 0, 1},
		{"whk has answered well itself", 202, []*verify.Result{answered(500)}, [6]int64{5: 1}, 0, 0, 1},
		{"whk has refused it itself", 401, []*verify.Result{answered(200)}, [6]int64{2: 1}, 1, 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := New(noon(), Options{})
			e := event(1, "rentman")
			e.Status = tt.own
			c.Add(e)
			for _, r := range tt.results {
				c.Answer(e, r)
			}
			p := c.Providers()[0]
			if diff := cmp.Diff(tt.classes, p.Classes); diff != "" {
				t.Errorf("classes (-want +got):\n%s", diff)
			}
			if c.All.Classes != p.Classes {
				t.Errorf("all classes: %v, want %v", c.All.Classes, p.Classes)
			}
			var timed int64
			for _, n := range p.Latencies() {
				timed += n
			}
			if p.Failing() != tt.failing || p.Replayed != tt.replayed || timed != tt.timed || p.Timed() != (timed > 0) {
				t.Errorf("failing %d, replayed %d, timed %d; want %d, %d, %d", p.Failing(), p.Replayed, timed, tt.failing, tt.replayed, tt.timed)
			}
		})
	}
}

// In whatever order answers come, failures in a row are those of the events' order.
func TestFailingInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ok := rapid.SliceOfN(rapid.Bool(), 0, 60).Draw(t, "ok")
		numbers := make([]int, len(ok))
		want := 0
		for i := range ok {
			numbers[i] = i
			want++
			if ok[i] {
				want = 0
			}
		}
		c := New(noon(), Options{})
		c.of("rentman")
		for _, i := range rapid.Permutation(numbers).Draw(t, "order") {
			e := event(int64(i+1), "rentman")
			c.Add(e)
			c.Answer(e, answered(map[bool]int{true: 200, false: 500}[ok[i]]))
		}
		if got := c.Providers()[0].Failing(); got != want {
			t.Fatalf("failing %d, want %d", got, want)
		}
	})
}

// Who knows only numbers counts the same, as long as the event is known.
func TestAnswerTo(t *testing.T) {
	c := New(noon(), Options{})
	own := event(2, "ploomes")
	own.Status = 401
	c.Add(event(1, "rentman"))
	c.Add(own)
	for _, n := range []int64{0, 3, 1 + placesKept} {
		if c.AnswerTo(n, answered(500)) {
			t.Errorf("an answer to event %d was counted", n)
		}
	}
	if !c.AnswerTo(1, answered(500)) || !c.AnswerTo(2, answered(200)) {
		t.Error("an answer to a known event was not counted")
	}
	for _, p := range c.Providers() {
		want := map[string][6]int64{"rentman": {5: 1}, "ploomes": {2: 1}}[p.Name]
		if p.Classes != want || p.Failing() != 1 {
			t.Errorf("%s: classes %v, failing %d; want %v, 1", p.Name, p.Classes, p.Failing(), want)
		}
	}
	c.Add(event(1+placesKept, "rentman"))
	if c.AnswerTo(1, answered(500)) {
		t.Error("an answer to an event that was overtaken was counted")
	}
}

// The past may be counted behind what came meanwhile.
func TestThePastAfterwards(t *testing.T) {
	count := func(order []int64) *Counts {
		c := New(noon(), Options{})
		for _, n := range order {
			c.Add(event(n, "rentman"))
			c.AnswerTo(n, answered(map[bool]int{true: 200, false: 500}[n == 95]))
		}
		return c
	}
	var past, meanwhile []int64
	for n := range int64(100) {
		past = append(past, n+1)
	}
	for n := range int64(5) {
		meanwhile = append(meanwhile, n+101)
	}
	inOrder, afterwards := count(append(slices.Clone(past), meanwhile...)), count(append(meanwhile, past...))
	if a, b := inOrder.Providers()[0].Failing(), afterwards.Providers()[0].Failing(); a != 10 || b != 10 {
		t.Errorf("failing %d in order and %d out of it, want 10", a, b)
	}
	if diff := cmp.Diff(inOrder.Rate(60), afterwards.Rate(60)); diff != "" {
		t.Errorf("rate (-in order +out of it):\n%s", diff)
	}
	if !inOrder.From.Equal(afterwards.From) || !inOrder.To.Equal(afterwards.To) || inOrder.All.Classes != afterwards.All.Classes {
		t.Errorf("%+v in order, %+v out of it", inOrder.All.Classes, afterwards.All.Classes)
	}
	young, old := event(1+placesKept, "rentman"), event(1, "ploomes")
	c := New(noon(), Options{})
	c.Add(young)
	c.Add(old)
	if !c.AnswerTo(young.N, answered(200)) || c.AnswerTo(old.N, answered(200)) {
		t.Error("an event of the past has taken the place of a newer one")
	}
}

func TestFrequent(t *testing.T) {
	c := New(noon(), Options{})
	for i, name := range []string{"b", "c", "a", "c", "b", "d", "c"} {
		e := event(int64(i+1), "rentman")
		e.Entity = name
		c.Add(e)
	}
	all := []Name{{"rentman/c.create", 3}, {"rentman/b.create", 2}, {"rentman/a.create", 1}, {"rentman/d.create", 1}}
	for most := range 6 {
		got, names, others := c.Frequent(most)
		if diff := cmp.Diff(all[:min(most, 4)], got, cmpopts.EquateEmpty()); diff != "" || names != 4 || others != 0 {
			t.Errorf("the %d most frequent of %d, and %d others (-want +got):\n%s", most, names, others, diff)
		}
	}
}

func TestThreshold(t *testing.T) {
	c := New(noon(), Options{Definition: builtin(t)})
	for i, name := range []string{"rentman", "rentman", "ploomes", "unknown"} {
		c.Add(event(int64(i+1), name))
	}
	got := map[string]int{}
	for _, p := range c.Providers() {
		got[p.Name] = p.Threshold()
	}
	if diff := cmp.Diff(map[string]int{"rentman": 50, "ploomes": 0, "unknown": 0}, got); diff != "" {
		t.Errorf("thresholds (-want +got):\n%s", diff)
	}
	if first := c.Providers()[0]; first.Name != "rentman" || first.Calls != nil {
		t.Errorf("%s comes first, calls %v; want rentman, and no calls that nobody asked for", first.Name, first.Calls)
	}
}

func TestCalls(t *testing.T) {
	c := New(noon(), Options{Definition: builtin(t), Calls: true})
	for n := range int64(5) {
		c.Add(event(n+1, "rentman"))
	}
	bare := event(6, "rentman")
	bare.Delivery = nil
	c.Add(bare) // what was read without its body costs nothing
	c.Add(event(7, "ploomes"))
	for _, p := range c.Providers() {
		switch {
		case p.Name == "ploomes" && p.Calls != nil:
			t.Error("ploomes has no budget")
		case p.Name == "rentman" && (p.Calls.Total != 10 || p.Calls.Minute.Most != 10 || p.Calls.Longer[0].Most != 10):
			t.Errorf("%d calls, %d in a minute, %d in a day, want 10", p.Calls.Total, p.Calls.Minute.Most, p.Calls.Longer[0].Most)
		}
	}
}

func TestLatencies(t *testing.T) {
	var a Answers
	if a.Latencies() != nil || a.Quantile(50) != 0 {
		t.Errorf("latencies of nothing: %v, %v", a.Latencies(), a.Quantile(50))
	}
	for _, d := range []time.Duration{-time.Second, 0, 999 * time.Microsecond, time.Millisecond, 2*time.Millisecond - 1, 40 * time.Second, 20 * time.Hour} {
		a.add(&verify.Result{Outcome: verify.Answered, Status: 200, Took: d})
	}
	want := make([]int64, len(LatencyBounds())+1)
	want[0], want[1], want[len(want)-1] = 3, 2, 2
	if diff := cmp.Diff(want, a.Latencies()); diff != "" {
		t.Errorf("latencies (-want +got):\n%s", diff)
	}
	if p50, most := a.Quantile(50), a.Quantile(100); p50.Round(10*time.Microsecond) != time.Millisecond || most < 59*time.Minute || most > 61*time.Minute {
		t.Errorf("p50 %s, max %s", p50, most)
	}
}

// What a sender can make up any number of is counted in constant memory.
func TestMemory(t *testing.T) {
	c := New(noon(), Options{})
	failed := answered(500)
	replayed := answered(500)
	replayed.Replay = true
	for i := range int64(mostReplayed + 500) {
		e := &listener.Event{N: i + 1, At: noon().AddDate(0, 0, int(i%20_000)), Provider: listener.UnknownName, Entity: fmt.Sprint(i % (mostNames + 500)), Action: "x"}
		c.Add(e)
		c.Answer(e, failed)
		c.Answer(e, replayed)
	}
	p := c.Providers()[0]
	_, names, others := c.Frequent(1)
	if names != mostNames || others == 0 || len(c.rates.counts) > mostSteps || len(c.replayed) > mostReplayed || len(p.failed) > failedKept {
		t.Errorf("%d names, %d others, %d steps, %d replayed, %d failed", names, others, len(c.rates.counts), len(c.replayed), len(p.failed))
	}
	if p.Failing() != mostReplayed+500 || p.Replayed != mostReplayed+500 {
		t.Errorf("failing %d, replayed %d, want %d", p.Failing(), p.Replayed, mostReplayed+500)
	}
}

// Bodies that were counted are not held.
func TestNamesDoNotHoldEvents(t *testing.T) {
	c := New(noon(), Options{})
	gone := make(chan struct{})
	func() {
		e := event(1, "rentman")
		runtime.AddCleanup(e, func(done chan struct{}) { close(done) }, gone)
		c.Add(e)
		c.Answer(e, answered(200))
	}()
	for range 100 {
		runtime.GC()
		select {
		case <-gone:
			runtime.KeepAlive(c)
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Error("an event that was counted is still held")
}

func TestRecent(t *testing.T) {
	var r Recent
	now := noon()
	for _, before := range []time.Duration{0, 0, time.Second, 59 * time.Second, 60 * time.Second, 59 * time.Minute, time.Hour} {
		r.Add(now.Add(-before))
	}
	want := make([]int, 60)
	want[59], want[58], want[0] = 2, 1, 1
	if diff := cmp.Diff(want, r.Seconds(now, 60)); diff != "" {
		t.Errorf("seconds (-want +got):\n%s", diff)
	}
	want = make([]int, 60)
	want[59], want[58], want[0] = 2, 3, 1
	if diff := cmp.Diff(want, r.Minutes(now, 60)); diff != "" {
		t.Errorf("minutes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{1, 2}, r.Seconds(now, 2)); diff != "" {
		t.Errorf("two seconds (-want +got):\n%s", diff)
	}
	if got := r.Seconds(now.Add(2*time.Minute), 60); !cmp.Equal(make([]int, 60), got) {
		t.Errorf("two minutes later: %v", got)
	}
	// The clock is set back: what lies ahead is forgotten, and counting goes on.
	back := now.Add(-30 * time.Second)
	r.Seconds(back, 60)
	for range 3 {
		r.Add(back.Add(-59 * time.Second)) // the place that now's second has left
	}
	r.Add(back)
	if got := r.Seconds(back, 60); got[59] != 1 {
		t.Errorf("after the clock was set back: %v", got)
	}
	if got := r.Seconds(now, 1000); len(got) != 60 || got[59] != 0 {
		t.Errorf("what was forgotten came back: %v", got)
	}
}

// Counting must not be felt at 5,000 events a second, each with an answer.
func BenchmarkAdd(b *testing.B) {
	e, r := event(1, "rentman"), answered(200)
	for _, bench := range []struct {
		name  string
		calls bool
	}{{"alone", false}, {"with calls", true}} {
		b.Run(bench.name, func(b *testing.B) {
			c := New(noon(), Options{Definition: builtin(b), Calls: bench.calls})
			b.ReportAllocs()
			for b.Loop() {
				e.N++
				e.At = e.At.Add(200 * time.Microsecond)
				c.Add(e)
			}
		})
	}
	b.Run("answer", func(b *testing.B) {
		c := New(noon(), Options{Definition: builtin(b)})
		b.ReportAllocs()
		for b.Loop() {
			e.N++
			c.Answer(e, r)
		}
	})
	b.Run("a failing answer", func(b *testing.B) {
		c, r := New(noon(), Options{Definition: builtin(b)}), answered(500)
		b.ReportAllocs()
		for b.Loop() {
			e.N++
			c.Answer(e, r)
		}
	})
}

// The screen asks for the most frequent names often.
func BenchmarkFrequent(b *testing.B) {
	c := New(noon(), Options{})
	for i := range int64(mostNames) {
		e := event(i+1, listener.UnknownName)
		e.Entity = fmt.Sprint(i)
		for range i % 50 {
			c.Add(e)
		}
	}
	for b.Loop() {
		c.Frequent(10)
	}
}
