package listener

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"whk/verify"
)

// The queues of --ack, and those of shadows, read the log, one cursor for each target,
// so that a target that is down costs nothing and loses nothing: its cursor waits,
// across restarts too. What was under way when whk was killed is handed on again after
// the next start.
const (
	queueBatch    = 64
	queueParallel = 8
	queueRetryMin = time.Second
	queueRetryMax = 30 * time.Second
)

func (l *Listener) wakeQueues() {
	for _, q := range l.queues {
		select {
		case q.wake <- struct{}{}:
		default:
		}
	}
}

// startQueues starts a queue for each route, and finishes those that an earlier run
// left behind. Queues take up no further event when ctx ends, and give up those under
// way when forwards ends.
func (l *Listener) startQueues(ctx, forwards context.Context, running *sync.WaitGroup) error {
	started := context.WithoutCancel(ctx) // a stop that comes this early is no failure
	last, err := l.Log.Last(started)
	if err != nil {
		return fmt.Errorf("start forwarding: %w", err)
	}
	for i := range l.Routes {
		q := &queue{Listener: l, route: &l.Routes[i], until: -1, wake: make(chan struct{}, 1)}
		at, unfinished, err := l.Log.Cursor(started, q.route.Name)
		if err != nil {
			return fmt.Errorf("start forwarding to %s: %w", q.route.Name, err)
		}
		queued := l.policy.Ack || q.route.Shadow
		switch {
		case unfinished && queued:
			q.at = at
		case unfinished:
			q.at, q.until = at, last // newer events are forwarded as they come
		case queued:
			q.at = last
			if err := l.Log.SetCursor(started, q.route.Name, last); err != nil {
				return fmt.Errorf("start forwarding to %s: %w", q.route.Name, err)
			}
		default:
			continue
		}
		l.queues = append(l.queues, q)
		running.Go(func() { q.run(ctx, forwards) })
	}
	return nil
}

// queue hands the events of one route on, queueParallel at a time.
type queue struct {
	*Listener
	route *Route
	at    int64 // up to here every event has been handed on
	until int64 // where to end, -1 for never
	wake  chan struct{}
}

func (q *queue) run(ctx, forwards context.Context) {
	for ctx.Err() == nil && (q.until < 0 || q.at < q.until) {
		events, damaged, err := since(ctx, q.Log, q.at, queueBatch)
		if err != nil && ctx.Err() == nil {
			q.Warn("read the queue of " + q.route.Name + ": " + err.Error())
			if len(damaged) == 0 {
				pause(ctx, queueRetryMax)
				continue
			}
		}
		if len(events)+len(damaged) == 0 {
			select {
			case <-q.wake:
			case <-ctx.Done():
			}
			continue
		}
		if q.handOn(ctx, forwards, events) && len(damaged) > 0 {
			q.at = max(q.at, damaged[len(damaged)-1]) // nobody can hand those on
		}
		if err := q.Log.SetCursor(context.WithoutCancel(ctx), q.route.Name, q.at); err != nil {
			q.Warn("keep the place in the queue of " + q.route.Name + ": " + err.Error())
		}
	}
	q.finish(context.WithoutCancel(ctx))
}

// finish forgets the cursor of a queue that has handed everything on.
func (q *queue) finish(ctx context.Context) {
	end := q.until
	if end < 0 {
		last, err := q.Log.Last(ctx)
		if err != nil {
			return // the cursor stays, which is safe
		}
		end = last
	}
	if q.at < end {
		return
	}
	if err := q.Log.ClearCursor(ctx, q.route.Name); err != nil {
		q.Warn("close the queue of " + q.route.Name + ": " + err.Error())
	}
}

// handOn forwards a batch and moves the cursor behind the events that have been
// handed on without a gap. It reports whether that was all of them.
func (q *queue) handOn(ctx, forwards context.Context, events []*Event) bool {
	var group errgroup.Group
	group.SetLimit(queueParallel)
	if q.Sequential {
		group.SetLimit(1)
	}
	done := make([]bool, len(events))
	for i, e := range events {
		if q.until >= 0 && e.N > q.until || !q.takes(e) {
			done[i] = true
			continue
		}
		group.Go(func() error {
			done[i] = ctx.Err() == nil && q.deliver(ctx, forwards, e)
			return nil
		})
	}
	_ = group.Wait()
	for i, e := range events {
		if !done[i] {
			return false
		}
		q.at = e.N
	}
	return true
}

// since reads from the log, and tells the numbers of events that cannot be read from
// a log that cannot be read.
func since(ctx context.Context, log Log, n int64, limit int) (events []*Event, damaged []int64, err error) {
	events, err = log.Since(ctx, n, limit)
	if d, ok := errors.AsType[interface {
		error
		Damaged() []int64
	}](err); ok {
		damaged = d.Damaged()
	}
	return events, damaged, err
}

// takes reports whether an event of the log belongs to this queue: what was rejected,
// dropped, cut, sent elsewhere or imported does not.
func (q *queue) takes(e *Event) bool {
	if e.Imported() {
		return false
	}
	if suspect(e.Verdict) && (q.policy.OnInvalid == Reject || q.policy.OnInvalid == Drop) {
		return false
	}
	matches := e.Cut == "" && (q.Match == nil || q.Match(e))
	if q.route.Shadow {
		return matches && q.route.takes(e)
	}
	return q.Listener.route(e, matches) == q.route
}

// deliver forwards one event and reports whether it was handed on. A target that
// refuses connections is asked again until it is there or whk stops; only the first
// refusal is recorded.
func (q *queue) deliver(ctx, forwards context.Context, e *Event) bool {
	result := q.forward(forwards, e, q.route)
	for wait := queueRetryMin; result.Outcome == verify.Refused; wait = min(2*wait, queueRetryMax) {
		if !pause(ctx, wait) {
			return false
		}
		if result = q.send(forwards, e, q.route); result.Outcome != verify.Refused {
			q.keepResult(forwards, e.N, result)
		}
	}
	for again := q.retries(e); again > 0 && !result.OK() && result.Outcome != verify.Interrupted; again-- {
		if !pause(ctx, q.RetryPause) {
			return false
		}
		result = q.forward(forwards, e, q.route)
	}
	return result.Outcome != verify.Interrupted
}

// retries is how often an event is handed on again when the answer is no 2xx. A
// shadow is asked once: its answer is compared with the first one's.
func (q *queue) retries(e *Event) int {
	if q.Retries == nil || q.route.Shadow {
		return 0
	}
	return q.Retries(e.Provider)
}

// pause waits and reports whether it was left alone.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
