package cmd

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/cmd/config"
	"whk/listener"
	"whk/verify"
	"whk/verify/provider"
)

// demoFlags are the flags of whk demo.
type demoFlags struct {
	count int
	rate  rate
	ui    string
}

func (f *demoFlags) add(flags *pflag.FlagSet) {
	flags.IntVar(&f.count, "count", 0, "stop after `N` events (default: ctrl-c on a terminal, 50 elsewhere)")
	flags.StringVar(&f.ui, "ui", "auto", "what to show: tui (the screen), log (one line an event), or auto: the screen on a terminal")
	flags.Var(&f.rate, "rate", "send at this `RATE`, as in 10/s (default: 4/s on a terminal, as fast as possible elsewhere)")
}

func (a *app) demoCommand() *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "See everything at once, with no set-up",
		Long: `See everything at once, with no set-up: a listener, and forged events of GitHub, Stripe,
Slack, Rentman and others that are sent to it over HTTP. Most are signed as they should
be; some are signed with another secret, not at all, with a weaker hash, an hour ago, or
were changed on their way; some are cut, no JSON, or from nobody that is known.

The demo has a store and secrets of its own, which are gone when it ends; your
configuration, your secrets and your events are not touched, and nothing leaves this
machine.

` + verdictLegend + exitHelp(codeUsage, codeNetwork),
		Example: `  whk demo
  whk demo --count 20
  whk demo --json --jq 'select(.type == "event") | .event + " " + .verdict.status'`,
		Args: noArgs, Annotations: map[string]string{noConfig: ""},
		RunE: func(c *cobra.Command, _ []string) error { return a.demo(c.Context(), &f) },
	}
	f.add(c.Flags())
	return c
}

// What the demo does when nothing else is said.
const (
	demoCount = 50
	demoRate  = 4
)

// demo receives and sends until the count is reached or somebody ends it.
func (a *app) demo(ctx context.Context, f *demoFlags) error {
	if f.count < 0 {
		return usagef("--count %d: expected a number from 1", f.count)
	}
	if f.ui != "auto" && f.ui != "tui" && f.ui != "log" {
		return usagef("--ui %s: expected auto, tui or log", f.ui)
	}
	count := f.count
	if count == 0 && !a.OutTTY {
		count = demoCount
	}
	// A reader that has seen enough must not end the process before it has tidied up.
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGPIPE)
	defer signal.Stop(broken)

	dir, err := os.MkdirTemp("", "whk-demo-")
	if err != nil {
		return fail(codeUsage, fmt.Errorf("make a folder for the demo: %w", err))
	}
	defer os.RemoveAll(dir)
	inner, err := a.demoApp(dir)
	if err != nil {
		return err
	}
	err = inner.runDemo(ctx, f.ui, count, f.pause(a.OutTTY))
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

// pause is the time from one event to the next.
func (f *demoFlags) pause(terminal bool) time.Duration {
	switch {
	case f.rate > 0:
		return time.Duration(float64(time.Second) / float64(f.rate))
	case terminal:
		return time.Second / demoRate
	}
	return 0
}

// demoApp is a whk of its own: its environment holds fresh secrets for the built-in
// providers and nothing else, and no configuration is read. A development secret is made
// from a name; one that is random makes a secret of the right form, be it a text or a
// pair of keys, that nobody else has. Only for RSA it is one of two well-known keys,
// since making one takes longer than the whole demo.
func (a *app) demoApp(dir string) (*app, error) {
	inner := &app{IO: a.IO, common: a.common, paint: a.paint, out: a.out, loaded: &config.Loaded{}}
	var err error
	if inner.set, err = provider.Builtin(); err != nil {
		return nil, err
	}
	secrets := map[string]string{}
	for _, p := range inner.set.All() {
		if p.Scheme.Keyed() {
			secrets[config.SecretVariable(p.Name)] = p.Scheme.DevelopmentSecret(crand.Text()).Reveal()
		}
	}
	inner.Env = func(name string) (string, bool) {
		if value, ok := secrets[name]; ok {
			return value, true
		}
		if name == "HOME" || strings.HasPrefix(name, "WHK_") || strings.HasPrefix(name, "XDG_") {
			return "", false
		}
		return a.Env(name) // what the terminal is like
	}
	inner.Dir, inner.common.providerFiles = dir, nil
	inner.common.store = filepath.Join(dir, "events.db")
	return inner, nil
}

// runDemo serves and sends; the folder of the app is there, and is left to the caller.
func (a *app) runDemo(ctx context.Context, ui string, count int, pause time.Duration) error {
	var f listenFlags
	f.add(pflag.NewFlagSet("listen", pflag.ContinueOnError)) // for the defaults
	f.addr, f.count = "127.0.0.1:0", count
	r, socket, closeAll, err := a.openReceiver(&f)
	if err != nil {
		return err
	}
	defer closeAll()
	serve := func(ctx context.Context, s sink) error { return r.serveAndSend(ctx, socket, s, count, pause) }
	screen, err := a.screenWanted(ui)
	if err != nil {
		return err
	}
	if screen {
		return r.runScreen(ctx, "forged events of "+plural(demoProviders(), "provider")+" come in; ? shows the keys, q ends", serve)
	}
	s, err := r.newSink()
	if err != nil {
		return err
	}
	if !a.isJSON() {
		s = demoSink{s, a}
	}
	return serve(ctx, s)
}

// serveAndSend ends when the count is reached, or else with ctx. A sender that fails ends
// it too; that one fails because everything has ended is no news.
func (r *receiver) serveAndSend(ctx context.Context, socket net.Listener, s sink, count int, pause time.Duration) error {
	ctx, stop := context.WithCancelCause(ctx)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		// Everybody who sees the demo sees the same events; the secrets differ.
		d := newDemonstrator(r, rand.New(rand.NewPCG(1, 2)))
		if err := d.run(ctx, count, pause); err != nil {
			stop(err)
		}
	}()
	err := r.serve(ctx, socket, s, nil)
	stop(context.Canceled) // the first cause stays
	<-sent
	if cause := context.Cause(ctx); err == nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// demoSink shows what any listener shows, between a legend and what to do next.
type demoSink struct {
	sink
	app *app
}

func (s demoSink) ready(*receiver) error {
	p, end := s.app.paint, ""
	if s.app.OutTTY {
		end = "; ctrl-c ends"
	}
	s.app.notice("forged events of %s come in over HTTP%s. Each is", plural(demoProviders(), "provider"), end)
	s.app.notice("verified, and on disk before it is answered. What the marks say:")
	s.app.notice("%s, %s and why, %s signature,", p.good("✓ valid"), p.bad("✗ invalid"), p.bad("∅ missing"))
	s.app.notice("%s: the provider signs nothing, %s: whk cannot tell", p.faint("? unsigned"), p.warn("· unchecked"))
	return nil
}

func (s demoSink) summary(t tally) error {
	if err := s.sink.summary(t); err != nil {
		return err
	}
	s.app.notice("next: %s hands what it receives to localhost:3000;", s.app.paint.bold("whk listen 3000"))
	s.app.notice("%s, in a second terminal, sends there", s.app.paint.bold("whk send rentman/Contact.create"))
	return nil
}

// event leaves out the advice on providers without signatures: nothing is set up here.
func (s demoSink) event(e *listener.Event) error {
	if lines, ok := s.sink.(*lineSink); ok && e.Verdict.Status == verify.Unsigned {
		lines.advised[e.Provider] = true
	}
	return s.sink.event(e)
}
