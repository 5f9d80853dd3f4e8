package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"whk/listener"
	"whk/listener/store"
	"whk/verify"
)

// receiver is one run of whk listen.
type receiver struct {
	*app
	flags   *listenFlags
	options listener.Options
	secrets map[string][]verify.Secret // by provider
	token   string
	url     string
	log     *store.Store
	tally   tally
	drift   *driftWatch // nil without --fail-on-drift
}

// tally counts what the watcher saw.
type tally struct {
	events   int
	verdicts map[verify.Status]int
	attempts int
	failed   int
	// doubtful counts events that --require-verified does not take for verified.
	doubtful int
}

func (t *tally) event(e *listener.Event, developmentCounts bool) {
	t.events++
	t.verdicts[e.Verdict.Status]++
	switch {
	case e.Verdict.Status == verify.Unchecked, e.Verdict.Status == verify.Unsigned, e.Verdict.Development && !developmentCounts:
		t.doubtful++
	}
}

func (t *tally) result(r verify.Result) {
	t.attempts++
	if !r.OK() {
		t.failed++
	}
}

// run shows what comes in the way that was asked for.
func (r *receiver) run(ctx context.Context, socket net.Listener, command []string) error {
	screen, err := r.screenWanted(r.flags.ui)
	if err != nil {
		return err
	}
	if screen && len(command) > 0 && r.flags.ui == "tui" {
		return hint(usagef("--ui tui: the terminal cannot be the screen's and that of %s", command[0]), "run the command in a terminal of its own, or leave --ui away")
	}
	if screen && len(command) == 0 {
		return r.runScreen(ctx, "", func(ctx context.Context, s sink) error { return r.serve(ctx, socket, s, nil) })
	}
	sink, err := r.newSink()
	if err != nil {
		return err
	}
	return r.serve(ctx, socket, sink, command)
}

// serve serves, watches and waits.
func (r *receiver) serve(ctx context.Context, socket net.Listener, sink sink, command []string) error {
	r.tally.verdicts = map[verify.Status]int{}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	l := listener.New(r.options)
	last, err := r.log.Last(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	var watcher *listener.Watcher
	if r.watches() {
		watcher = l.Watch(last)
	}
	if r.flags.failOnDrift {
		r.drift = r.watchDrift(ctx, r.log, last)
		defer r.drift.wait()
	}
	served := make(chan error, 1)
	go func() { served <- l.Serve(serving, socket) }()
	if err := sink.ready(r); err != nil {
		stop()
		return errors.Join(err, <-served)
	}
	var beside *companion
	if len(command) > 0 {
		if beside, err = r.start(ctx, serving, command); err != nil {
			stop()
			<-served
			return err
		}
		defer func() { stop(); beside.code() }() // nothing of it stays behind
		go func() { <-beside.done; stop() }()
	}
	if r.flags.timeout > 0 {
		timer := time.AfterFunc(r.flags.timeout, stop)
		defer timer.Stop()
	}
	var watched error
	if watcher != nil {
		watched = r.watch(watcher, sink, func() {
			if beside == nil {
				stop()
			}
		})
		stop()
	}
	if err := <-served; err != nil {
		return fail(codeNetwork, fmt.Errorf("listen on %s: %w", socket.Addr(), err))
	}
	if watched != nil {
		return watched
	}
	if err := sink.summary(r.tally); err != nil {
		return err
	}
	return r.verdict(ctx, beside)
}

// watches reports whether anything has to be known of the events as they come. If not,
// whk only receives, and spends nothing on telling.
func (r *receiver) watches() bool {
	return r.flags.ui != "none" || r.isJSON() || r.flags.count > 0 || r.flags.requireVerified || r.flags.failOnDrift
}

// watch hands every notice to the sink until the listener has stopped. It calls
// enough when the count is reached.
func (r *receiver) watch(w *listener.Watcher, s sink, enough func()) error {
	ctx := context.Background() // ends with the listener, which closes the feed
	for {
		notice, err := w.Next(ctx, s.idle())
		switch {
		case errors.Is(err, io.EOF):
			if n := w.Dropped(); n > 0 {
				r.warn(fmt.Sprintf("%d answers of the forward target came too fast to be shown", n), "whk events show has them")
			}
			return nil
		case errors.Is(err, listener.ErrNothing):
			continue
		case err != nil:
			enough()
			return err
		case notice.Event != nil:
			err = r.show(notice.Event, s, enough)
		default:
			r.tally.result(*notice.Result)
			err = s.result(notice.N, *notice.Result)
		}
		if err != nil { // nobody reads what we write: go on receiving what is under way, then end
			enough()
			return err
		}
	}
}

func (r *receiver) show(e *listener.Event, s sink, enough func()) error {
	if r.options.Match != nil && !r.options.Match(e) {
		return nil
	}
	r.tally.event(e, r.flags.secrets.dev)
	if r.flags.count > 0 && r.tally.events == r.flags.count {
		enough()
	}
	if r.flags.count > 0 && r.tally.events > r.flags.count {
		return nil
	}
	if err := s.event(e); err != nil || r.drift == nil {
		return err
	}
	return r.drift.show(e, s)
}

// verdict is how the whole run went: the exit code.
func (r *receiver) verdict(ctx context.Context, beside *companion) error {
	interrupted := ctx.Err() != nil
	switch {
	case beside != nil && beside.code() != 0:
		return exit(beside.code())
	case r.flags.count > r.tally.events && !interrupted:
		return fail(codeInVain, fmt.Errorf("listen: %d of %d events came", r.tally.events, r.flags.count))
	case r.drift != nil && r.drift.departed > 0:
		return hint(fail(codeNo, fmt.Errorf("listen: %d of %d events departed from the shape they are known to have", r.drift.departed, r.tally.events)),
			"whk events drift says more")
	case !r.flags.requireVerified:
		return nil
	case r.tally.verdicts[verify.Invalid]+r.tally.verdicts[verify.Missing] > 0:
		return fail(codeNo, fmt.Errorf("listen: %d of %d events were not signed as they should be", r.tally.verdicts[verify.Invalid]+r.tally.verdicts[verify.Missing], r.tally.events))
	case r.tally.doubtful > 0:
		return fail(codeInconclusive, fmt.Errorf("listen: %d of %d events could not be verified", r.tally.doubtful, r.tally.events))
	}
	return nil
}

// anyProvider stands in an address for the name of a provider.
const anyProvider = "<provider>"

// tokenPath is what follows the address when only paths with a token are received.
func (r *receiver) tokenPath() string {
	if r.token == "" {
		return ""
	}
	return "/" + cmp.Or(r.flags.provider, anyProvider) + "/" + r.token
}

// address is where events are received: the address alone where a sender may add any
// path, else with the path that has the token.
func (r *receiver) address() string { return r.url + r.tokenPath() }

// providersWithoutSecret names, in order, those that have to make do with the
// development secret or none.
func (r *receiver) providersWithoutSecret() []string {
	var names []string
	for name, secrets := range r.secrets {
		if !slices.ContainsFunc(secrets, func(s verify.Secret) bool { return !s.Development }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
