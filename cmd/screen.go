package cmd

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"whk/cmd/config"
	"whk/listener"
	"whk/listener/filter"
	"whk/listener/store"
	tallies "whk/listener/tally"
	"whk/replay"
	"whk/tui"
	"whk/verify"
	"whk/verify/display"
)

// canShowScreen reports whether a person sits at a terminal that can draw.
func (a *app) canShowScreen() bool {
	term, _ := a.Env("TERM")
	return a.InTTY && a.OutTTY && !a.isJSON() && term != "dumb"
}

// screenWanted reports whether the screen is what to show: it was asked for, or nothing
// was and it can be.
func (a *app) screenWanted(ui string) (bool, error) {
	switch {
	case ui != "tui":
		return ui == "auto" && a.canShowScreen(), nil
	case a.isJSON():
		return false, usagef("--ui tui: the screen writes no JSON")
	case !a.canShowScreen():
		return false, hint(usagef("--ui tui: standard input and output are no terminal that can draw"), "--ui log writes one line an event")
	}
	return true, nil
}

// newFeed is a feed that counts for the statistics.
func (a *app) newFeed() *tui.Feed {
	return tui.NewFeed(tallies.New(time.Now(), tallies.Options{Definition: a.providerOf}))
}

// screen are the options that every screen has.
func (a *app) screen(log *store.Store, feed *tui.Feed, secrets map[string][]verify.Secret) tui.Options {
	var all []verify.Secret
	for _, of := range secrets {
		all = append(all, of...)
	}
	return tui.Options{
		In: a.inherited(), Out: a.Out, Environ: os.Environ(),
		Colour: a.out.on, ASCII: a.ascii(),
		Log: screenLog{a, log}, Feed: feed, Set: a.set,
		Redact:  a.redactor(append(all, a.knownSecrets()...)),
		Secrets: func(name string) []verify.Secret { return secrets[name] },
		Explain: func(ctx context.Context, e *listener.Event, width int) []string {
			return a.explained(ctx, e, secrets[e.Provider], width)
		},
		Exec: func(ctx context.Context, args []string, out io.Writer) int {
			return a.execute(ctx, log, secrets, args, out)
		},
		Shown:  a.asTyped,
		Editor: a.editor,
	}
}

// explained says why an event did not pass its check, and how to mend that.
func (a *app) explained(ctx context.Context, e *listener.Event, secrets []verify.Secret, width int) []string {
	x := a.explain(ctx, a.providerOf(e.Provider), e.Delivery, e.Verdict, secrets, a.publicURL, e.At)
	if x == nil {
		return nil
	}
	p := paint{ascii: a.ascii()}
	said := explanationLines(p, x, width)
	if fixes := fixLines(p, x, width); len(fixes) > 0 {
		said = append(append(said, ""), fixes...)
	}
	return said
}

// allSecrets are the secrets of every provider, the well-known ones where there are none.
func (a *app) allSecrets() (map[string][]verify.Secret, error) {
	all := map[string][]verify.Secret{}
	for _, p := range a.set.All() {
		secrets, err := a.secrets(p, &secretFlags{}, "")
		if err != nil {
			return nil, err
		}
		all[p.Name] = secrets
	}
	return all, nil
}

// execute runs another command line of whk in this process: with the same store, secrets
// and configuration, and without a terminal, so that nothing asks.
func (a *app) execute(ctx context.Context, log *store.Store, secrets map[string][]verify.Secret, args []string, out io.Writer) int {
	own := map[string]string{"WHK_STORE": log.Path(), "WHK_COLOR": "never", "WHK_OUTPUT": "text"}
	for name, of := range secrets {
		for _, s := range of {
			if !s.Development {
				own[config.SecretVariable(name)] = s.Reveal()
				break
			}
		}
	}
	if a.common.profile != "" {
		own["WHK_PROFILE"] = a.common.profile
	}
	for _, file := range a.common.providerFiles {
		args = append(args, "--provider-file", file)
	}
	inner := IO{
		In: strings.NewReader(""), Out: out, Err: out, Columns: a.Columns, Dir: a.Dir,
		Env: func(name string) (string, bool) {
			if value, ok := own[name]; ok {
				return value, true
			}
			if name == "WHK_JSON" || name == "WHK_JQ" {
				return "", false
			}
			return a.Env(name)
		},
	}
	return run(ctx, inner, args)
}

// asTyped is a command line as a person would type it in a shell here.
func (a *app) asTyped(args []string) string {
	words := []string{"whk"}
	for _, arg := range args {
		words = append(words, replay.Quote(arg))
	}
	if a.common.store != "" {
		words = append(words, "--store", replay.Quote(a.common.store))
	}
	if a.common.profile != "" {
		words = append(words, "--profile", replay.Quote(a.common.profile))
	}
	return strings.Join(words, " ")
}

// editor is the person's editor on a file.
func (a *app) editor(path string) (*exec.Cmd, error) {
	words := a.editorWords()
	return exec.Command(words[0], append(words[1:], path)...), nil
}

// runScreen shows the screen while it receives. Whichever ends first ends the other.
func (r *receiver) runScreen(ctx context.Context, notice string, serve func(context.Context, sink) error) error {
	r.publicURL = r.flags.publicURL
	feed := r.newFeed()
	stderr := r.Err
	r.Err = &sayWriter{feed: feed}
	ctx, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() {
		defer stop()
		served <- serve(ctx, feedSink{feed})
	}()
	watched := r.notify(ctx, r.log, feed)
	o := r.screen(r.log, feed, r.secrets)
	o.Title = strings.TrimPrefix(r.url, "http://")
	o.SendTo, o.Notice = r.url, notice
	for _, route := range r.options.Routes {
		if !route.Shadow {
			o.Targets = append(o.Targets, route.Name)
		}
	}
	err := tui.Run(ctx, o)
	stop()
	r.Err = stderr
	return errors.Join(err, <-served, <-watched)
}

// notify tells the feed whenever anybody has written to the store, until ctx ends.
func (a *app) notify(ctx context.Context, log *store.Store, feed *tui.Feed) <-chan error {
	done := make(chan error, 1)
	go func() {
		done <- func() error {
			follower, err := log.Follow()
			if err != nil {
				return err
			}
			defer follower.Close()
			ticker := time.NewTicker(pollEvery)
			defer ticker.Stop()
			for {
				select {
				case <-ctx.Done():
					return nil
				case <-ticker.C:
				}
				changed, err := follower.Changed()
				if err != nil {
					feed.Say(display.Line(err.Error()))
					return nil
				}
				if changed {
					feed.Changed()
				}
			}
		}()
	}()
	return done
}

// watchScreen shows the screen on what is stored, and on what others write to it.
func (a *app) watchScreen(ctx context.Context, log *store.Store, picked *filter.Filter) error {
	last, err := log.Last(ctx)
	if err != nil {
		return err
	}
	all, err := a.where("", time.Now())
	if err != nil {
		return err
	}
	secrets, err := a.allSecrets()
	if err != nil {
		return err
	}
	feed := a.newFeed()
	stderr := a.Err
	a.Err = &sayWriter{feed: feed}
	ctx, stop := context.WithCancel(ctx)
	t := &tail{app: a, log: log, filter: all, sink: feedSink{feed}, shown: map[int64]bool{}}
	followed := make(chan error, 1)
	go func() { followed <- t.run(ctx, &tailFlags{follow: true}) }()
	o := a.screen(log, feed, secrets)
	o.Title, o.Filter = log.Path(), picked.String()
	o.Count = func(ctx context.Context) error { return a.countInto(ctx, log, all, last, feed) }
	err = tui.Run(ctx, o)
	stop()
	a.Err = stderr
	if failed := <-followed; !errors.Is(failed, context.Canceled) {
		err = errors.Join(err, failed)
	}
	return err
}

// countInto tells the feed of every event up to a number, without their bodies.
func (a *app) countInto(ctx context.Context, log *store.Store, all *filter.Filter, last int64, feed *tui.Feed) error {
	var damage error
	for e, err := range a.find(ctx, log, all, store.SearchOptions{OldestFirst: true, Before: last + 1}) {
		if _, ok := damaged(err); ok {
			damage = err
			continue
		}
		if err != nil {
			return err
		}
		results, err := e.results()
		if _, ok := damaged(err); err != nil && !ok {
			return err
		}
		feed.Event(e.Event)
		for _, r := range results {
			feed.Result(e.N, r)
		}
	}
	return damage
}
