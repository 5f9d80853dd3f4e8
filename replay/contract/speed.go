package contract

import (
	"slices"
	"strings"
	"sync"
	"time"

	"whk/verify"
	"whk/verify/provider"
)

func speedChecks() []Check {
	return []Check{
		{ID: "perf.budget", Scope: everywhere(), Severity: Error, Risk: Medium, Mode: Quick, Topic: AboutSpeed, phase: alone,
			Title: "fifty events", Expect: "95 of 100 answers within the provider's limit, and better within half of it",
			Why: "an answer that comes too late counts as none, and the event is sent again", Run: perfBudget},
		{ID: "perf.first-byte", Scope: everywhere(), Severity: Info, Risk: Medium, Mode: Quick, Topic: AboutSpeed,
			Title: "three events", Expect: "an answer within a second",
			Why: "an answer that waits for the work is as slow as the slowest thing that it does", Run: perfFirst},
		{ID: "perf.concurrent", Scope: everywhere(), Severity: Error, Risk: Medium, Mode: Quick, Topic: AboutSpeed, phase: alone,
			Title: "32 events at once", Expect: "2xx for all",
			Why: "a change of many things in the provider's app is many events at one moment", Run: perfConcurrent},
		{ID: "perf.burst", Scope: everywhere(), Severity: Warning, Risk: Medium, Mode: Hostile, Topic: AboutSpeed, phase: alone,
			Title: "200 events in 5 seconds", Expect: "2xx, or 429 with Retry-After",
			Why: "an import at the provider's side sends thousands", Run: perfBurst},
	}
}

// standardLimit is how long providers wait that do not say.
const standardLimit = 10 * time.Second

// limit is how long an answer may take.
func (x *Exam) limit() time.Duration {
	if x.run.o.Budget > 0 {
		return x.run.o.Budget
	}
	return LimitOf(x.Provider)
}

// LimitOf is how long a provider waits for an answer, as far as its definition says so.
func LimitOf(p *provider.Provider) time.Duration {
	for _, c := range p.Claims {
		if c.About == "answer" {
			if d, ok := durationIn(c.Says); ok {
				return d
			}
		}
	}
	if strings.Contains(strings.ToLower(p.Advice), "answer") {
		if d, ok := durationIn(p.Advice); ok {
			return d
		}
	}
	return standardLimit
}

// measured sends events, a few at a time, and stops early where they are slow.
func (x *Exam) measured(n int, patience time.Duration) (took []time.Duration, worst *Exchange) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var slowest time.Duration
	began := time.Now()
	sent := 0
	for range InFlight {
		wg.Go(func() {
			for {
				mu.Lock()
				if sent == n || sent >= 10 && time.Since(began) > patience || x.Context.Err() != nil {
					mu.Unlock()
					return
				}
				sent++
				s := x.Signed()
				mu.Unlock()
				if s.Delivery == nil {
					return
				}
				if _, stopped := x.stopped(); stopped {
					return
				}
				r := x.run.send(x.Context, s.Delivery)
				mu.Lock()
				x.seen(s, r)
				if o := OutcomeOf(r); o == Accepted || o == Hung {
					took = append(took, r.Took)
					if r.Took > slowest {
						slowest, worst = r.Took, x.exchange(s, r)
					}
				} else if o == Refused {
					x.settled(s, r, o)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return took, worst
}

func percentile(took []time.Duration, p int) time.Duration {
	sorted := slices.Clone(took)
	slices.Sort(sorted)
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}

func perfBudget(x *Exam) {
	took, worst := x.measured(50, 3*time.Second)
	if len(took) == 0 {
		x.unsure("no event was answered")
		return
	}
	x.judged = true
	limit, p95 := x.limit(), percentile(took, 95)
	finding := Finding{Exchange: worst}
	switch {
	case p95 >= limit:
		finding.Severity = x.check.Severity
	case p95 >= limit/2:
		finding.Severity = Warning
	default:
		x.result.Says = "p95 " + round(p95) + " of " + plural(len(took), "event")
		return
	}
	finding.Says = "95 of 100 answers take up to " + round(p95) + "; " + x.Provider.Title + " waits " + limit.String()
	x.result.Findings = append(x.result.Findings, finding)
}

func round(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

func perfFirst(x *Exam) {
	var took []time.Duration
	var slowest *Shot
	var result verify.Result
	for range 3 {
		s := x.Signed()
		if s.Delivery == nil {
			return
		}
		r, o := x.Send(s)
		if x.settled(s, r, o) {
			return
		}
		took = append(took, r.Took)
		if r.Took > result.Took {
			slowest, result = s, r
		}
	}
	if p50 := percentile(took, 50); p50 > time.Second {
		x.fail(x.check.Severity, slowest, result, "an answer takes %s: the work seems to be done before it", round(p50))
	}
}

func perfConcurrent(x *Exam) {
	shots := make([]*Shot, 32)
	for i := range shots {
		if shots[i] = x.Signed(); shots[i].Delivery == nil {
			return
		}
		shots[i].Says("%s, one of 32 at once", shots[i].What)
	}
	failed := 0
	for i, r := range x.volley(shots) {
		o := OutcomeOf(r)
		if o == Interrupted {
			return
		}
		x.judged = true
		if o == Accepted {
			continue
		}
		if failed++; failed == 1 {
			x.fail(x.check.Severity, shots[i], r, "one of 32 was %s", o.verb())
		}
	}
	if failed > 1 {
		x.result.Findings[len(x.result.Findings)-1].Says = plural(failed, "event") + " of 32 at once failed; this is the first"
	}
}

func perfBurst(x *Exam) {
	const n, within = 200, 5 * time.Second
	var mu sync.Mutex
	var wg sync.WaitGroup
	throttled := false
	for range n {
		if x.Context.Err() != nil {
			break
		}
		s := x.Signed()
		if s.Delivery == nil {
			return
		}
		s.Says("%s, one of %d within %s", s.What, n, within)
		wg.Go(func() {
			if _, stopped := x.stopped(); stopped {
				return
			}
			r := x.run.free(x.Context, s.Delivery)
			mu.Lock()
			defer mu.Unlock()
			x.seen(s, r)
			x.judged = true
			switch o := OutcomeOf(r); {
			case o == Accepted, o == Interrupted:
			case o == Throttled && r.Header.Get("Retry-After") != "":
				throttled = true
			case len(x.result.Findings) > 0:
			case o == Throttled:
				x.fail(x.check.Severity, s, r, "429 without Retry-After: the provider cannot know when to come back")
			default:
				x.fail(x.check.Severity, s, r, "a valid event was %s", o.verb())
			}
		})
		x.pause(within / n)
	}
	wg.Wait()
	if throttled && len(x.result.Findings) == 0 {
		x.Note("the endpoint asks for patience with 429 and Retry-After")
	}
}

// durationIn reads the first duration out of a sentence: "within ten seconds".
func durationIn(text string) (time.Duration, bool) {
	words := fieldsOf(text)
	for i := range words {
		if i == 0 || unitOf(words[i]) == 0 {
			continue
		}
		if v := newValue(words[i-1]); v.IsNumber && v.Number > 0 && v.Number < 1000 {
			return time.Duration(v.Number * float64(unitOf(words[i]))), true
		}
		for n, name := range []string{"", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen"} {
			if n > 0 && name == words[i-1] {
				return time.Duration(n) * unitOf(words[i]), true
			}
		}
	}
	return 0, false
}
