package replay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"whk/verify"
)

// missedAfter is how late a request may start before it counts as missed. It leaves
// room for the hiccups of a busy machine.
const missedAfter = 100 * time.Millisecond

// Load sends many deliveries to one target. A rate is kept as an absolute schedule: a
// slow answer makes no later request late as long as one of the Concurrency senders is
// free, and when none is, the summary says how many requests missed their time instead
// of lowering the rate silently.
type Load struct {
	Target string
	// Next makes the delivery of request i, counted from 0. Several senders call it at
	// once.
	Next func(i int) (*verify.Delivery, error)
	// Count is how many requests are sent; 0 means no limit when there is a Duration,
	// else 1.
	Count int
	// Concurrency is how many requests may be under way at once, 1 when it is 0.
	Concurrency int
	// Rate is how many requests are started per second; 0 means as many as possible.
	Rate float64
	// Duration ends the load: no request starts later. 0 means no limit.
	Duration time.Duration
}

// Run sends until the count or the duration is reached or ctx ends, and waits for what
// is under way. Each, when given, gets every result, without the answer's body; it is
// called by several senders at once. The error is that of Next or of a target that is
// none; how the target fared stands in the summary alone.
func (l Load) Run(ctx context.Context, s *Sender, each func(i int, r verify.Result)) (Summary, error) {
	e, err := parseEndpoint(l.Target)
	if err != nil {
		return Summary{}, err
	}
	return l.run(ctx, each, func(ctx context.Context, d *verify.Delivery) verify.Result {
		return s.send(ctx, e, d, false)
	})
}

func (l Load) run(ctx context.Context, each func(int, verify.Result), send func(context.Context, *verify.Delivery) verify.Result) (Summary, error) {
	if err := l.check(); err != nil {
		return Summary{}, err
	}
	if l.Count == 0 && l.Duration == 0 {
		l.Count = 1
	}
	concurrency := max(l.Concurrency, 1)
	if l.Count > 0 {
		concurrency = min(concurrency, l.Count)
	}
	stop, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	rec := newRecorder()
	p := &pacer{start: time.Now(), rate: l.Rate, count: int64(l.Count), duration: l.Duration}
	var senders sync.WaitGroup
	for range concurrency {
		senders.Go(func() {
			timer := time.NewTimer(time.Hour)
			defer timer.Stop()
			for {
				i, late, ok := p.next(stop, timer)
				if !ok {
					return
				}
				d, err := l.Next(i)
				if err != nil {
					cancel(fmt.Errorf("make request %d: %w", i+1, err))
					return
				}
				r := send(ctx, d)
				rec.add(r, late > missedAfter)
				if each != nil {
					each(i, r)
				}
			}
		})
	}
	senders.Wait()

	sum := rec.summary(time.Since(p.start))
	sum.Asked = l.Rate
	if stop.Err() == nil {
		sum.Missed += p.unsent()
	}
	sum.Reached = p.reached(sum)
	if cause := context.Cause(stop); cause != nil && ctx.Err() == nil {
		return sum, cause
	}
	return sum, nil
}

func (l Load) check() error {
	switch {
	case l.Next == nil:
		return errors.New("a load needs deliveries to send")
	case l.Count < 0 || l.Concurrency < 0 || l.Duration < 0 || !(l.Rate >= 0) || l.Rate > 1e9:
		return errors.New("count, concurrency, duration and rate of a load are numbers from 0 up, the rate at most 1e9/s")
	}
	return nil
}

// pacer hands out request numbers, each when it is due.
type pacer struct {
	start    time.Time
	rate     float64
	count    int64
	duration time.Duration

	tickets, started atomic.Int64
	// newest is when the latest request was due or started, after start.
	newest atomic.Int64
}

// next waits until the next request is due and says how late it is.
func (p *pacer) next(ctx context.Context, timer *time.Timer) (i int, late time.Duration, ok bool) {
	if ctx.Err() != nil {
		return 0, 0, false
	}
	n := p.tickets.Add(1) - 1
	due := p.due(n)
	now := time.Since(p.start)
	if p.count > 0 && n >= p.count || p.duration > 0 && max(due, now) >= p.duration {
		return 0, 0, false
	}
	if p.rate == 0 {
		p.started.Add(1)
		return int(n), 0, true
	}
	if due > now {
		timer.Reset(due - now)
		select {
		case <-timer.C:
		case <-ctx.Done():
			return 0, 0, false
		}
		now = time.Since(p.start)
	}
	p.started.Add(1)
	for newest := p.newest.Load(); int64(now) > newest && !p.newest.CompareAndSwap(newest, int64(now)); {
		newest = p.newest.Load()
	}
	return int(n), now - due, true
}

func (p *pacer) due(n int64) time.Duration {
	if p.rate == 0 {
		return 0
	}
	return time.Duration(float64(n) / p.rate * float64(time.Second))
}

// unsent counts the requests that were due before the duration ended and never started.
func (p *pacer) unsent() int {
	if p.rate == 0 || p.duration == 0 {
		return 0
	}
	planned := int64(p.duration.Seconds()*p.rate) + 2
	for planned > 0 && p.due(planned-1) >= p.duration {
		planned--
	}
	if p.count > 0 {
		planned = min(planned, p.count)
	}
	return int(max(planned-p.started.Load(), 0))
}

// reached is the rate that came about: of starts when a rate was asked, since the last
// answers come after the schedule is over, else of finished requests.
func (p *pacer) reached(sum Summary) float64 {
	if started := p.started.Load(); p.rate > 0 && started > 1 {
		return float64(started-1) / time.Duration(p.newest.Load()).Seconds()
	}
	if sum.Elapsed <= 0 {
		return 0
	}
	return float64(sum.Sent) / sum.Elapsed.Seconds()
}
