package replay

import (
	"context"
	"sync"
	"time"

	"whk/verify"
)

// Gaps keeps the gaps between moments, each divided by a speed: the answer says for each
// of them when it is due, counted from the first. A moment that lies before one in front
// of it, as after a clock was put back, is due together with that one.
func Gaps(moments []time.Time, speed float64) []time.Duration {
	due := make([]time.Duration, len(moments))
	for i := 1; i < len(moments); i++ {
		after := float64(moments[i].Sub(moments[0])) / speed
		due[i] = max(due[i-1], time.Duration(min(after, float64(maxWait))))
	}
	return due
}

// maxWait is more than anybody waits, and far from what a time.Duration cannot hold.
const maxWait = 10 * 365 * 24 * time.Hour

// Pace sends a number of deliveries in order, each when it is due. The schedule is an
// absolute one: a slow answer makes the next request late, and never those behind it.
type Pace struct {
	Count int
	// Concurrency is how many may be under way at once, 1 when it is 0: then each is
	// answered before the next is sent.
	Concurrency int
	// Due says when each of them is due after the start, in ascending order; nil for as
	// soon as possible.
	Due []time.Duration
}

// Run calls send for each number from 0, by several senders at once when there is more
// than one, and waits for all of them. Send reports whether it sent anything. When ctx
// ends no more are started. The summary counts as missed what started over 100 ms late.
func (p Pace) Run(ctx context.Context, send func(ctx context.Context, i int) (r verify.Result, sent bool)) Summary {
	rec := newRecorder()
	start := time.Now()
	turns := make(chan int)
	var senders sync.WaitGroup
	for range min(max(p.Concurrency, 1), p.Count) {
		senders.Go(func() {
			for i := range turns {
				late := p.Due != nil && time.Since(start)-p.Due[i] > missedAfter
				if r, sent := send(ctx, i); sent {
					rec.add(r, late)
				}
			}
		})
	}
	for i := range p.Count {
		if !p.turn(ctx, start, i, turns) {
			break
		}
	}
	close(turns)
	senders.Wait()
	sum := rec.summary(time.Since(start))
	if sum.Elapsed > 0 {
		sum.Reached = float64(sum.Sent) / sum.Elapsed.Seconds()
	}
	return sum
}

// turn waits until a request is due and a sender free, and reports whether there is still
// a point in it.
func (p Pace) turn(ctx context.Context, start time.Time, i int, turns chan<- int) bool {
	if p.Due != nil {
		if left := p.Due[i] - time.Since(start); left > 0 {
			timer := time.NewTimer(left)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-ctx.Done():
			}
		}
	}
	if ctx.Err() != nil {
		return false
	}
	select {
	case turns <- i:
		return true
	case <-ctx.Done():
		return false
	}
}
