package cmd

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"whk/replay"
	"whk/verify"
	"whk/verify/display"
)

// showAll prints every event and sends none.
func (a *app) showAll(out *sent, shots []*shot) error {
	rnd := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	for i, s := range shots {
		d, err := s.forge.Make(time.Now(), rnd)
		if err != nil {
			return err
		}
		if i > 0 && out.json == nil {
			if _, err := fmt.Fprintln(a.Out); err != nil {
				return err
			}
		}
		if err := out.delivery(s, d); err != nil {
			return err
		}
	}
	return nil
}

// sendEach sends one of each event, in order.
func (a *app) sendEach(ctx context.Context, f *sendFlags, out *sent, shots []*shot) error {
	sender, err := f.sending.sender()
	if err != nil {
		return err
	}
	defer sender.Close()
	rnd := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	sum := replay.Summary{Outcomes: map[verify.Outcome]int{}, Statuses: map[int]int{}}
	var first error
	began := time.Now()
	for _, s := range shots {
		d, err := s.forge.Make(time.Now(), rnd)
		if err != nil {
			return err
		}
		r := s.forge.Send(ctx, sender, d)
		if err := out.attempt(s, d, r); err != nil {
			return err
		}
		sum.Sent++
		sum.Outcomes[r.Outcome]++
		if r.Outcome == verify.Answered {
			sum.Statuses[r.Status]++
		}
		if err := unexpected("send", s.name(), &f.expect, r); err != nil && first == nil {
			first = err
		}
		if ctx.Err() != nil {
			a.leftUndone(sum.Sent, 0, len(shots))
			return exit(codeInterrupted)
		}
	}
	if len(shots) == 1 {
		return first
	}
	sum.Elapsed = time.Since(began)
	return a.summarise(ctx, f, out, shots, sum, false)
}

// sendLoad sends many, each forged anew, and prints how the target fared.
func (a *app) sendLoad(ctx context.Context, f *sendFlags, out *sent, shots []*shot) error {
	// The live heap is small, so that the collector would run all the time.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	sender, err := f.sending.sender()
	if err != nil {
		return err
	}
	defer sender.Close()
	load := replay.Load{Count: f.count * len(shots), Concurrency: f.concurrency, Rate: float64(f.rate), Duration: f.duration}
	if f.duration > 0 && !f.hasCount {
		load.Count = 0
	}
	if load.Concurrency == 0 && f.rate > 0 {
		load.Concurrency = 64
	}
	forges := make([]*replay.Forge, len(shots))
	for i, s := range shots {
		forges[i] = s.forge
	}
	bar := a.newProgress("events", load.Count, f.duration)
	each := func(*replay.Forge, *verify.Delivery, verify.Result) { bar.add(1) }
	var failed error // to write
	if out.json != nil || out.form != "" {
		var mu sync.Mutex
		each = func(forge *replay.Forge, d *verify.Delivery, r verify.Result) {
			bar.add(1)
			s := shots[slices.Index(forges, forge)]
			mu.Lock()
			defer mu.Unlock()
			if failed == nil {
				failed = a.printOne(out, s, d, r)
			}
		}
	}
	sum, err := load.Forged(ctx, sender, forges, time.Now, each)
	bar.stop()
	switch {
	case err != nil:
		return fail(codeUsage, err)
	case failed != nil:
		return failed
	}
	err = a.summarise(ctx, f, out, shots, sum, true)
	if ctx.Err() != nil {
		a.leftUndone(sum.Sent, 0, load.Count)
	}
	return err
}

// printOne prints one delivery of many, in the form that was asked for.
func (a *app) printOne(out *sent, s *shot, d *verify.Delivery, r verify.Result) error {
	if err := out.delivery(s, d); err != nil {
		return err
	}
	if a.isJSON() {
		return out.json.emit("attempt", newAttempt(0, r, a.redactor(s.secrets)))
	}
	if out.form == "http" {
		_, err := fmt.Fprint(a.Out, "\n\n")
		return err
	}
	return nil
}

// summaryJSON is how many attempts fared, type "summary".
type summaryJSON struct {
	Sent       int                    `json:"sent"`
	AsExpected int                    `json:"as_expected"`
	Statuses   map[int]int            `json:"statuses"`
	Outcomes   map[verify.Outcome]int `json:"outcomes"`
	Elapsed    milliseconds           `json:"elapsed_ms"`
	Rate       float64                `json:"rate,omitempty"`
	Asked      float64                `json:"rate_asked,omitempty"`
	Missed     int                    `json:"missed,omitempty"`
	*latencyJSON
}

type latencyJSON struct {
	Min  milliseconds `json:"min_ms"`
	Mean milliseconds `json:"mean_ms"`
	P50  milliseconds `json:"p50_ms"`
	P95  milliseconds `json:"p95_ms"`
	P99  milliseconds `json:"p99_ms"`
	Max  milliseconds `json:"max_ms"`
	// Histogram counts latencies in steps.
	Histogram []bucketJSON `json:"histogram"`
}

type bucketJSON struct {
	From  milliseconds `json:"from_ms"`
	To    milliseconds `json:"to_ms"`
	Count int          `json:"count"`
}

// summarise prints how many attempts fared, and says by the exit code whether all were
// as expected. Latencies are those of a load.
func (a *app) summarise(ctx context.Context, f *sendFlags, out *sent, shots []*shot, sum replay.Summary, latencies bool) error {
	good := 0
	for status, n := range sum.Statuses {
		if f.expect.status(status) {
			good += n
		}
	}
	var err error
	if a.isJSON() {
		err = out.json.emit("summary", newSummary(sum, good, latencies))
	} else {
		err = a.printSummary(out, shots, sum, latencies)
	}
	name := "of " + plural(sum.Sent, "event")
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return exit(codeInterrupted)
	case sum.Sent > 0 && sum.Outcomes[verify.Answered] == 0:
		failure := sum.Failure
		if failure == "" {
			failure = "none was answered"
		}
		return fail(codeNetwork, fmt.Errorf("send: none %s reached %s: %s", name, hostOf(shots[0].forge.Target()), failure))
	case good < sum.Sent && sum.Failure != "":
		return fail(codeNo, fmt.Errorf("send: %s %s were not answered as expected (%s): %s", display.Thousands(int64(sum.Sent-good)), name, &f.expect, sum.Failure))
	case good < sum.Sent:
		return fail(codeNo, fmt.Errorf("send: %s %s were not answered as expected (%s)", display.Thousands(int64(sum.Sent-good)), name, &f.expect))
	}
	return nil
}

func newSummary(sum replay.Summary, good int, latencies bool) summaryJSON {
	j := summaryJSON{Sent: sum.Sent, AsExpected: good, Statuses: sum.Statuses, Outcomes: sum.Outcomes, Elapsed: milliseconds(sum.Elapsed),
		Rate: float64(int64(sum.Reached*100)) / 100, Asked: sum.Asked, Missed: sum.Missed}
	if !latencies || sum.Max == 0 {
		return j
	}
	j.latencyJSON = &latencyJSON{Min: milliseconds(sum.Min), Mean: milliseconds(sum.Mean), P50: milliseconds(sum.P50),
		P95: milliseconds(sum.P95), P99: milliseconds(sum.P99), Max: milliseconds(sum.Max), Histogram: []bucketJSON{}}
	for _, b := range sum.Buckets {
		j.Histogram = append(j.Histogram, bucketJSON{milliseconds(b.From), milliseconds(b.To), b.Count})
	}
	return j
}

func (a *app) printSummary(out *sent, shots []*shot, sum replay.Summary, latencies bool) error {
	p := a.out
	count := p.bold(display.Thousands(int64(sum.Sent)))
	if len(shots) > 1 {
		fmt.Fprintf(a.Out, "sent %s events of %d kinds\n", count, len(shots))
	} else {
		fmt.Fprintf(a.Out, "sent %s %s %s to %s, %s\n", count, a.times(), display.Line(shots[0].title()), display.Line(shots[0].forge.Target()), out.signature(shots[0]))
	}
	var answers []string
	for _, status := range slices.Sorted(maps.Keys(sum.Statuses)) {
		answers = append(answers, p.status(status, strconv.Itoa(status))+" "+a.times()+" "+display.Thousands(int64(sum.Statuses[status])))
	}
	for _, outcome := range slices.Sorted(maps.Keys(sum.Outcomes)) {
		if outcome != verify.Answered {
			answers = append(answers, p.bad(string(outcome))+" "+a.times()+" "+display.Thousands(int64(sum.Outcomes[outcome])))
		}
	}
	_, err := fmt.Fprintf(a.Out, "  %s %s in %s\n", a.arrow(), strings.Join(answers, ", "), display.Took(sum.Elapsed))
	if err != nil || !latencies {
		return err
	}
	rate := "  rate     " + perSecond(sum.Reached)
	if sum.Asked > 0 {
		rate += " of " + perSecond(sum.Asked) + " asked"
	}
	if sum.Missed > 0 {
		rate += ", " + p.warn(plural(sum.Missed, "request")+" started late or not at all: raise --concurrency")
	}
	fmt.Fprintln(a.Out, rate)
	if sum.Max > 0 {
		fmt.Fprintf(a.Out, "  latency  p50 %s, p95 %s, p99 %s, max %s\n", display.Took(sum.P50), display.Took(sum.P95), display.Took(sum.P99), display.Took(sum.Max))
	}
	for _, bar := range sum.Histogram(min(a.Columns, 80)-2, a.ascii()) {
		fmt.Fprintln(a.Out, "  "+bar)
	}
	return nil
}

// perSecond writes a rate with as many digits as matter.
func perSecond(rate float64) string {
	if rate >= 100 {
		return display.Thousands(int64(rate+0.5)) + "/s"
	}
	return strconv.FormatFloat(rate, 'g', 3, 64) + "/s"
}
