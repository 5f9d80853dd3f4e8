package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/replay"
	"whk/replay/contract"
	"whk/verify/provider"
)

// testFlags are the flags of whk test.
type testFlags struct {
	provider  string
	publicURL string
	events    []string
	mode      string
	only      []string
	skip      []string
	severity  []string
	strict    bool
	shuffle   bool
	seed      uint64

	probe   string
	settle  time.Duration
	budget  time.Duration
	backup  string
	ownUser string

	fuzz         int
	saveFailures string
	artifacts    string
	fix          string
	reports      []string
	suite        suiteFlags

	list    bool
	explain string

	yes     bool
	ownThis bool
	wait    time.Duration
	sending sendingFlags
	secrets secretFlags
}

func (f *testFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.provider, "provider", "", "the `PROVIDER` whose events the endpoint receives (default: the one that the URL's path names)")
	flags.StringVar(&f.mode, "mode", string(contract.Quick), "how far to go: quick (seconds), full (a minute) or hostile (what attackers send)")
	flags.StringArrayVar(&f.only, "only", nil, "only checks that fit this `GLOB`, as in 'sig.*'; repeatable")
	flags.StringArrayVar(&f.skip, "skip", nil, "leave checks out, and say why: `GLOB[=REASON]`; repeatable")
	flags.StringArrayVar(&f.severity, "severity", nil, "what a failure counts as: `GLOB=LEVEL[:REASON]`, a level being error, warning or info; repeatable")
	flags.BoolVar(&f.strict, "strict", false, "let warnings fail the test, too")
	flags.StringArrayVarP(&f.events, "events", "e", nil, "send only events that fit this `GLOB`; repeatable")
	flags.BoolVar(&f.shuffle, "shuffle", false, "run the checks in a random order")
	flags.Uint64Var(&f.seed, "seed", 0, "the `NUMBER` that ids, order and bent bodies come from; the summary says which it was")
	flags.StringVar(&f.probe, "probe", "", "read what events change, to see their effect: `URL[#PATH]`, as in localhost:3000/count#count")
	flags.DurationVar(&f.settle, "settle", time.Second, "how long an effect may take to show in the probe")
	flags.DurationVar(&f.budget, "budget", 0, "how long an answer may take (default: as long as the provider waits, else 10s)")
	flags.StringVar(&f.publicURL, "public-url", "", "`URL` by which the provider knows the endpoint, for schemes that sign it")
	flags.StringVar(&f.backup, "backup-url", "", "the second `URL`, for providers that have one")
	flags.StringVar(&f.ownUser, "own-user", "", "the `ID` of the endpoint's own user at the provider, to look for loops")
	flags.IntVar(&f.fuzz, "fuzz", 0, "send `N` bent bodies as well, each validly signed")
	flags.StringVar(&f.saveFailures, "save-failures", "", "keep the smallest bodies that --fuzz made fail in this `DIRECTORY`")
	flags.StringVar(&f.artifacts, "artifacts", "", "keep the requests of every failure in this `DIRECTORY`")
	flags.StringVar(&f.fix, "fix", "auto", "show how to mend it in this `FRAMEWORK`: Express, Flask, FastAPI, Laravel, PHP, Spring, Rails, ASP.NET, Go, all, none, or auto: the one that answers")
	flags.StringArrayVar(&f.reports, "report", nil, "write reports: `FORM=FILE[,FORM=FILE...]` with the forms junit, json, tap, html and github; - is standard output")
	flags.BoolVar(&f.list, "list", false, "list the checks and send nothing")
	flags.StringVar(&f.explain, "explain", "", "say what a `CHECK` is about and how to mend it, and send nothing")
	flags.BoolVar(&f.yes, "yes", false, "send events to an endpoint that is not on this machine")
	flags.BoolVar(&f.ownThis, "i-own-this", false, "allow --mode hostile: the endpoint is yours to attack")
	flags.DurationVar(&f.wait, "wait", 30*time.Second, "with -- COMMAND, wait so long for it to answer")
	f.suite.add(flags)
	f.sending.add(flags, "request-timeout", replay.DefaultTimeout)
	f.secrets.add(flags)
}

func (a *app) testCommand() *cobra.Command {
	var f testFlags
	c := &cobra.Command{
		Use:   "test [URL | SUITE...] [-- COMMAND...]",
		Short: "Test whether an endpoint would survive a provider",
		Long: `Send an endpoint what a provider will send it, what nobody should be able to send it,
and what the network makes of it, and say of each whether it was handled.

The checks follow from the provider's definition, one of your own included; no file is
needed. Events are real: their ids come from a range that can be told from others. With
a probe, a URL whose answer events change, whk sees whether a repeat has its effect twice.

With -- COMMAND, the command is started first, with the address that it has to serve in
WHK_URL, its port in PORT and the secret in WHK_SECRET_<PROVIDER>; it is ended afterwards.

A suite is a file of YAML that says the same for good, with cases of your own: what is
sent, in which order, how often, and what has to come of it. --init writes one to begin
with. What a suite reaches for beyond this machine and its own folder, a command most of
all, has to be agreed to once for its content (whk trust), or by --trust-suite.

Failures are told with the lines that send exactly this request again; $WHK_SECRET_...
stands for the secret.` + exitHelp(codeNo, codeUsage, codeNetwork, codeInconclusive, codeInterrupted),
		Example: `  whk test localhost:3000/hook --provider rentman
  whk test localhost:3000/rentman --mode full --probe localhost:3000/count#count
  whk test --provider ploomes -- node server.js
  whk test localhost:3000/rentman --only 'sig.*' --skip sig.huge='nginx answers 400'
  whk test localhost:3000/rentman --fuzz 500 --save-failures testdata
  whk test --init tests/rentman.yaml --provider rentman
  whk test tests/rentman.yaml --report junit=report.xml,html=report.html
  whk test --list --provider rentman --mode full
  whk test --explain raw.unicode`,
		Args: func(c *cobra.Command, args []string) error {
			if dash := c.ArgsLenAtDash(); dash >= 0 {
				args = args[:dash]
			}
			return f.testArgs(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			command := []string(nil)
			if dash := c.ArgsLenAtDash(); dash >= 0 {
				args, command = args[:dash], args[dash:]
			}
			return a.testWith(c.Context(), &f, args, command)
		},
	}
	f.add(c.Flags())
	return c
}

// check refuses values that no flag parser knows to be wrong.
func (f *testFlags) check() error {
	switch contract.Mode(f.mode) {
	case contract.Quick, contract.Full:
	case contract.Hostile:
		if !f.ownThis && !f.list {
			return hint(usagef("--mode hostile sends what attackers send"), "--i-own-this says that the endpoint is yours, and that it may fail")
		}
	default:
		return usagef("--mode %s: expected quick, full or hostile", f.mode)
	}
	switch {
	case f.fuzz < 0 || f.fuzz > 100_000:
		return usagef("--fuzz %d: expected a number from 1 to 100,000", f.fuzz)
	case f.saveFailures != "" && f.fuzz == 0:
		return hint(usagef("--save-failures: there are none without --fuzz"), "--fuzz 200 sends bent bodies; --artifacts DIRECTORY keeps the requests of other failures")
	case f.settle <= 0 || f.wait <= 0 || f.sending.timeout <= 0 || f.budget < 0:
		return usagef("--settle, --wait, --request-timeout and --budget: expected a time such as 10s")
	}
	if len(f.reports) > 0 && (f.list || f.explain != "") {
		return usagef("--report: nothing is tested with --list or --explain")
	}
	if !knownStack(f.fix) {
		return usagef("--fix %s: expected %s, all, none or auto", f.fix, strings.Join(stackNames(), ", "))
	}
	return nil
}

// test is whk test, but for the parsing of its line.
func (a *app) test(ctx context.Context, f *testFlags, target string, command []string) error {
	if err := f.check(); err != nil {
		return err
	}
	if _, err := a.providers(); err != nil {
		return err
	}
	if f.explain != "" {
		return a.explainCheck(f.explain)
	}
	p, err := a.testProvider(f, target)
	if err != nil {
		return err
	}
	if f.list {
		return a.listChecks(f, p)
	}
	t, err := a.newTrial(f, p, target, command)
	if err != nil {
		return err
	}
	defer t.sender.Close()
	if err := a.allowed(ctx, f, t); err != nil {
		return err
	}
	if t.reports, err = a.newTestReports(f.reports, f.artifacts, f.saveFailures); err != nil {
		return err
	}
	return t.reports.finish(t.run(ctx), p.Name, t.shown())
}

// testProvider is the provider whose events are sent: the one that was named, or the one
// whose name the path of the URL has, as with whk listen.
func (a *app) testProvider(f *testFlags, target string) (*provider.Provider, error) {
	if f.provider != "" {
		p, err := a.set.Lookup(f.provider)
		if err != nil {
			return nil, fail(codeUsage, fmt.Errorf("--provider %s: %w", f.provider, err))
		}
		return p, nil
	}
	if full, err := replay.Target(target, "/"); err == nil && target != "" {
		_, path, _ := strings.Cut(strings.TrimPrefix(full, "http://"), "/")
		path, _, _ = strings.Cut(path, "?")
		for part := range strings.SplitSeq(path, "/") {
			if p, err := a.set.Lookup(part); err == nil {
				return p, nil
			}
		}
	}
	return nil, hint(usagef("test: events of which provider?"), "name it with --provider rentman, or in the path of the URL as in localhost:3000/rentman; whk providers list lists them")
}

// allowed asks before real events go to an endpoint elsewhere.
func (a *app) allowed(ctx context.Context, f *testFlags, t *trial) error {
	if isLoopback(t.options.Target) {
		return nil
	}
	if len(t.options.Secrets) > 0 && t.options.Secrets[0].Development && !f.secrets.dev {
		return hint(usagef("test %s: events would be signed with the development secret, which everybody knows", t.shown()),
			"set WHK_SECRET_"+variableOf(t.options.Provider)+" to the secret of that endpoint; --secret-dev sends them all the same")
	}
	if f.yes {
		return nil
	}
	question := fmt.Sprintf("Send real events of %s, valid and forged ones, to %s?", t.options.Provider.Title, t.shown())
	if !a.canAsk() {
		return hint(usagef("test %s: the endpoint is not on this machine, and real events are sent", t.shown()), "--yes sends them")
	}
	ok, err := a.confirm(ctx, question)
	if err != nil {
		return err
	}
	if !ok {
		return fail(codeUsage, errors.New("test: nothing was sent"))
	}
	return nil
}
