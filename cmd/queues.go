package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"whk/listener/store"
	"whk/verify"
	"whk/verify/display"
)

// backlog is what waits to be handed to a forward target: the queue of --ack, or of a
// shadow, when the target did not take everything before the listener ended.
type backlog struct {
	target string
	events int
	more   bool // whether there are more than were counted
	since  time.Time
	first  int64
}

func (b *backlog) String() string {
	count := display.Thousands(int64(b.events)) + " events wait"
	if b.events == 1 {
		count = "1 event waits"
	}
	if b.more {
		count = "more than " + count
	}
	return fmt.Sprintf("%s to be handed to it, the oldest from %s (#%d)", count, b.since.Local().Format(time.DateTime), b.first)
}

// The events that are counted for one queue, and how many are read at a time.
const (
	maxCounted    = 20_000
	countedAtOnce = 500
)

// backlogs are the queues that hold something. Imported events and those that are cut are
// handed to nobody, and those that overtook others have been.
func backlogs(ctx context.Context, log *store.Store) ([]*backlog, error) {
	queues, err := log.Queues(ctx)
	if err != nil {
		return nil, err
	}
	var all []*backlog
	for _, q := range queues {
		b, err := waitingFor(ctx, log, q)
		if err != nil {
			return nil, err
		}
		if b.events > 0 {
			all = append(all, b)
		}
	}
	return all, nil
}

func waitingFor(ctx context.Context, log *store.Store, q store.Queue) (*backlog, error) {
	b := &backlog{target: q.Target}
	last, err := log.Last(ctx)
	if err != nil {
		return nil, err
	}
	taken := map[int64]bool{}
	err = log.Answers(ctx, q.N+1, last, func(n int64, r *verify.Result) {
		if r.Outcome != verify.Refused && r.Outcome != verify.Interrupted && strings.HasPrefix(r.Target, q.Target) {
			taken[n] = true
		}
	})
	if err != nil {
		return nil, err
	}
	for before := last + 1; ; {
		events, err := log.List(ctx, store.Query{After: q.N, Before: before, Limit: countedAtOnce})
		if _, ok := damaged(err); err != nil && !ok {
			return nil, err
		}
		if len(events) == 0 {
			return b, nil
		}
		for _, e := range events {
			before = e.N
			if e.Imported() || e.Cut != "" || taken[e.N] {
				continue
			}
			b.events++
			b.since, b.first = e.At, e.N
		}
		if b.events >= maxCounted {
			b.more = true
			return b, b.oldest(ctx, log, q)
		}
	}
}

// oldest looks at the far end of a queue that is too long to be counted.
func (b *backlog) oldest(ctx context.Context, log *store.Store, q store.Queue) error {
	events, err := log.Since(ctx, q.N, 1)
	if len(events) == 1 {
		b.since, b.first = events[0].At, events[0].N
	}
	if _, ok := damaged(err); ok {
		return nil
	}
	return err
}

// queueAdvice says how to send or drop what waits for a target.
func queueAdvice(target, holder string) string {
	drop := "whk events unqueue " + target + " drops them from the queue, and keeps the events"
	if holder != "" {
		return "the listener that runs goes on trying; once it has ended, " + drop
	}
	return "whk listen " + target + " hands them on once the target accepts connections; " + drop
}

func (a *app) eventsUnqueueCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "unqueue TARGET",
		Short: "Forget what still waits to be handed to a forward target",
		Long: `Forget what still waits to be handed to a forward target, as whk listen --ack and shadows
leave it behind when a target is down. The events stay in the history and can be
replayed; whk doctor says what waits, for whom and since when.

The listener that fills the queue must not be running.` + exitHelp(codeUsage),
		Example: `  whk events unqueue 3000
  whk events unqueue http://localhost:3000`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return hint(usagef("events unqueue: expected one forward target"), "whk doctor says for which targets events wait")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return a.eventsUnqueue(c.Context(), args[0]) },
	}
}

func (a *app) eventsUnqueue(ctx context.Context, target string) error {
	route, err := newRoute(target)
	if err != nil {
		return fail(codeUsage, fmt.Errorf("events unqueue %s: %w", target, err))
	}
	// Looked at first: a store must not come into being because somebody asks for it.
	if err := a.checkStore(); err != nil {
		return err
	}
	log, err := a.openStore(store.Options{Exclusive: true, Holder: "whk events unqueue"})
	if errors.Is(err, store.ErrLocked) {
		return hint(err, "stop the listener first")
	}
	if err != nil {
		return err
	}
	defer func() { a.closeStore(log) }()
	waiting, err := backlogs(ctx, log)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(waiting, func(b *backlog) bool { return b.target == route.Name || b.target == target })
	if i < 0 {
		var targets []string
		for _, b := range waiting {
			targets = append(targets, b.target)
		}
		if len(targets) == 0 {
			return usagef("events unqueue %s: nothing waits to be handed to any target", target)
		}
		return hint(usagef("events unqueue %s: nothing waits to be handed to it", target), "events wait for "+strings.Join(targets, ", "))
	}
	b := waiting[i]
	if err := log.ClearCursor(ctx, b.target); err != nil {
		return err
	}
	if a.isJSON() {
		out, err := a.newJSON()
		if err != nil {
			return err
		}
		return out.emit("summary", unqueuedJSON{b.target, b.events})
	}
	dropped := plural(b.events, "event")
	if b.more {
		dropped = "more than " + dropped
	}
	a.notice("%s will not be handed to %s; whk replay sends them by hand", dropped, display.Line(b.target))
	return nil
}

// unqueuedJSON is a queue that was dropped, type "summary".
type unqueuedJSON struct {
	Target  string `json:"target"`
	Dropped int    `json:"dropped"`
}

// checkStore reports a store that is not there.
func (a *app) checkStore() error {
	log, err := a.openStore(store.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	a.closeStore(log)
	return nil
}

// passQueues moves the queues that were done with everything behind what was imported;
// the others pass it over when they come to it.
func passQueues(ctx context.Context, log *store.Store, waiting []store.Queue) error {
	queues, err := log.Queues(ctx)
	if err != nil || len(queues) == 0 {
		return err
	}
	last, err := log.Last(ctx)
	if err != nil {
		return err
	}
	for _, q := range queues {
		if slices.ContainsFunc(waiting, func(w store.Queue) bool { return w.Target == q.Target }) {
			continue
		}
		if err := log.SetCursor(ctx, q.Target, last); err != nil {
			return err
		}
	}
	return nil
}
