package cmd

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/listener"
	"whk/listener/filter"
	"whk/listener/store"
	"whk/verify"
	"whk/verify/display"
)

// tailFlags are the flags of whk events tail.
type tailFlags struct {
	pickFlags
	limit  int
	follow bool
	ui     string
}

func (f *tailFlags) add(flags *pflag.FlagSet) {
	f.pickFlags.add(flags)
	flags.IntVarP(&f.limit, "limit", "n", 10, "begin with the newest `N` events; with --since, all since then unless this is given too")
	flags.StringVar(&f.ui, "ui", "log", "what to show: log (one line an event), or tui (the screen, which follows by itself)")
	flags.BoolVarP(&f.follow, "follow", "f", false, "go on with what comes, until ctrl-c")
}

func (a *app) eventsTailCommand() *cobra.Command {
	var f tailFlags
	c := &cobra.Command{
		Use:   "tail",
		Short: "Print the newest events, and follow what a running listener receives",
		Long: `Print the newest events as whk listen shows them, the last one at the bottom, each with
the answer of your app once it is there. With --follow, go on with what a listener in
another terminal receives: every event, in the order of their numbers, until ctrl-c.

With --json there is one line for each event and each attempt to deliver it.

` + marksLegend + exitHelp(codeUsage),
		Example: `  whk events tail
  whk events tail -n 50 --provider rentman
  whk events tail -f
  whk events tail --ui tui
  whk events tail -f -n 0 --json --jq 'select(.type == "event") | .event'
  whk events tail --since 10m --where 'sig:invalid'`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.limit < 0 {
				return usagef("--limit %d: expected a number from 0", f.limit)
			}
			if f.ui != "log" && f.ui != "tui" {
				return usagef("--ui %s: expected log or tui", f.ui)
			}
			if f.since != "" && !c.Flags().Changed("limit") {
				f.limit = -1
			}
			return a.eventsTail(c.Context(), &f)
		},
	}
	f.add(c.Flags())
	return c
}

func (a *app) eventsTail(ctx context.Context, f *tailFlags) error {
	picked, err := f.filter(a, time.Now())
	if err != nil {
		return err
	}
	if _, err := a.providers(); err != nil {
		return err
	}
	screen, err := a.screenWanted(f.ui)
	if err != nil {
		return err
	}
	log, err := a.tailStore(ctx, f.follow || screen)
	if err != nil || log == nil {
		return err
	}
	defer func() { a.closeStore(log) }()
	if screen {
		return a.watchScreen(ctx, log, picked)
	}
	t := &tail{app: a, log: log, filter: picked, shown: map[int64]bool{}}
	if err := t.open(); err != nil {
		return err
	}
	err = t.run(ctx, f)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil // ctrl-c is how following ends
	}
	return errors.Join(err, t.flush())
}

// pollEvery is how often a followed store is asked whether anything was written.
const pollEvery = 250 * time.Millisecond

// tailStore opens the store, and waits for a listener to make it when it is to be
// followed. It is nil when there is none.
func (a *app) tailStore(ctx context.Context, wait bool) (*store.Store, error) {
	for told := false; ; told = true {
		log, err := a.openStore(store.Options{ReadOnly: true})
		switch {
		case !errors.Is(err, fs.ErrNotExist):
			return log, err
		case !wait && a.common.store == "":
			a.notice("no events yet; whk listen receives some, whk demo shows how it looks")
			return nil, nil
		case !wait:
			return nil, err
		}
		if !told {
			path, _ := a.storePath() // the store was just looked for there
			a.notice("waiting for whk listen to make %s, ctrl-c ends", display.Line(path))
		}
		select {
		case <-ctx.Done():
			return nil, nil
		case <-time.After(pollEvery):
		}
	}
}

// tail prints a store as it grows. Events come before the attempts to deliver them:
// attempts are read first, so that the events which are read after them include theirs.
type tail struct {
	app    *app
	log    *store.Store
	filter *filter.Filter
	sink   sink
	lines  *lineSink // nil with JSON
	at     int64     // every event up to this number was looked at,
	key    int64     // and every attempt up to this key
	shown  map[int64]bool
}

func (t *tail) open() error {
	a := t.app
	if a.isJSON() {
		out, err := a.newJSON()
		t.sink = &jsonSink{out: out, app: a, redact: a.redactor(a.knownSecrets())}
		return err
	}
	t.lines = &lineSink{app: a, w: bufio.NewWriter(a.Out), names: newNameColumn(a), advised: map[string]bool{}, held: map[int64]*listener.Event{}}
	for _, p := range a.set.All() {
		t.lines.advised[p.Name] = true // who looks back has been told
	}
	t.sink = t.lines
	return nil
}

func (t *tail) flush() error {
	if t.lines == nil {
		return nil
	}
	return t.lines.flush()
}

func (t *tail) run(ctx context.Context, f *tailFlags) error {
	var follower *store.Follower
	if f.follow {
		var err error
		if follower, err = t.log.Follow(); err != nil {
			return err
		}
		defer follower.Close()
	}
	if err := t.begin(ctx, f.limit); err != nil || follower == nil {
		return err
	}
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		changed, err := follower.Changed()
		if err == nil && changed {
			err = t.catchUp(ctx)
		}
		if err != nil {
			return err
		}
		t.sink.idle()
		select {
		case <-ctx.Done():
			return t.last(ctx)
		case <-ticker.C:
		}
	}
}

// last prints what was written until ctrl-c, within a moment.
func (t *tail) last(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := t.catchUp(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// begin prints the newest events that fit, all of them when limit is negative.
func (t *tail) begin(ctx context.Context, limit int) (err error) {
	if t.key, err = t.log.LastAttempt(ctx); err != nil {
		return err
	}
	if t.at, err = t.log.Last(ctx); err != nil || limit == 0 {
		return err
	}
	o := store.SearchOptions{Before: t.at + 1, Limit: max(limit, 0), OldestFirst: limit < 0}
	var newest []int64
	var damage *store.Damage
	for e, err := range t.app.find(ctx, t.log, t.filter, o) {
		d, isDamage := damaged(err)
		switch {
		case isDamage:
			damage = d
		case err != nil:
			return err
		case limit < 0:
			if err := t.past(ctx, e.N); err != nil {
				return err
			}
		default:
			newest = append(newest, e.N)
		}
	}
	for _, n := range slices.Backward(newest) {
		if err := t.past(ctx, n); err != nil {
			return err
		}
	}
	t.warn(damage)
	return t.flush()
}

// past prints an event of the past with the attempts to deliver it so far.
func (t *tail) past(ctx context.Context, n int64) error {
	e, err := t.log.Event(ctx, n)
	if errors.Is(err, store.ErrNotFound) {
		return nil // deleted since it was found
	}
	if d, ok := damaged(err); ok {
		t.warn(d)
		return nil
	}
	if err != nil {
		return err
	}
	attempts, err := t.log.AttemptsOf(ctx, n)
	if d, ok := damaged(err); ok {
		t.warn(d)
	} else if err != nil {
		return err
	}
	if err := t.show(e); err != nil {
		return err
	}
	for _, x := range attempts {
		if x.Key > t.key {
			break // it will be followed
		}
		if err := t.sink.result(n, x.Result); err != nil {
			return err
		}
	}
	return nil
}

func (t *tail) show(e *listener.Event) error {
	t.shown[e.N] = true
	if len(t.shown) > 20_000 {
		for n := range t.shown {
			if n < e.N-10_000 {
				delete(t.shown, n)
			}
		}
	}
	return t.sink.event(e)
}

// catchUp prints what was written since the last time.
func (t *tail) catchUp(ctx context.Context) error {
	for {
		attempts, next, err := t.log.AttemptsAfter(ctx, t.key, 256)
		if d, ok := damaged(err); ok {
			t.warn(d)
		} else if err != nil {
			return err
		}
		if err := t.newEvents(ctx); err != nil {
			return err
		}
		for _, x := range attempts {
			if err := t.attempt(ctx, x); err != nil {
				return err
			}
		}
		if t.key = next; len(attempts) == 0 {
			return nil
		}
	}
}

func (t *tail) newEvents(ctx context.Context) error {
	for {
		events, err := t.log.Since(ctx, t.at, 256)
		d, ok := damaged(err)
		if err != nil && !ok {
			return err
		}
		if len(events) == 0 && !ok {
			return nil
		}
		for _, e := range events {
			t.at = max(t.at, e.N)
			if t.app.fits(t.filter, e, func() []verify.Result { return nil }) {
				if err := t.show(e); err != nil {
					return err
				}
			}
		}
		if ok {
			t.warn(d)
			t.at = max(t.at, d.Numbers[len(d.Numbers)-1])
		}
	}
}

// attempt prints what was answered, if the event fits; some filters only know now.
func (t *tail) attempt(ctx context.Context, x store.Attempt) error {
	if t.filter.Empty() || t.shown[x.Event] {
		return t.sink.result(x.Event, x.Result)
	}
	e, err := t.log.Event(ctx, x.Event)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrCorrupt) {
		return nil // what cannot be read was told of
	}
	if err != nil {
		return err
	}
	results, err := t.log.Results(ctx, x.Event)
	if _, ok := damaged(err); err != nil && !ok {
		return err
	}
	if !t.app.fits(t.filter, e, func() []verify.Result { return results }) {
		return nil
	}
	if err := t.show(e); err != nil {
		return err
	}
	return t.sink.result(x.Event, x.Result)
}

func (t *tail) warn(d *store.Damage) {
	if d != nil {
		t.app.warn(display.Line(d.Error()), "whk doctor --full reads the whole store and lists what is damaged")
	}
}
