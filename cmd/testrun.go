package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"whk/replay"
	"whk/replay/contract"
	"whk/verify"
	"whk/verify/provider"
)

// trial is one run of whk test.
type trial struct {
	app     *app
	flags   *testFlags
	options contract.Options
	sender  *replay.Sender
	redact  *replay.Redactor
	command []string
	beside  *endpoint // the command, once it runs
	reports *testReports
	suite   string // the file that it is of
	unnamed bool   // nobody said where the endpoint is
}

// newTrial puts together what is tested, and with what.
func (a *app) newTrial(f *testFlags, p *provider.Provider, target string, command []string) (*trial, error) {
	secrets, err := a.secrets(p, &f.secrets, p.Name)
	if err != nil {
		return nil, err
	}
	if _, err := bind(p, f.publicURL, secrets); err != nil {
		return nil, err
	}
	t := &trial{app: a, flags: f, redact: a.redactor(secrets), command: command, unnamed: target == ""}
	o := contract.Options{
		Provider: p, PublicURL: f.publicURL, Secrets: secrets, Events: f.events, Mode: contract.Mode(f.mode), Only: f.only,
		Shuffle: f.shuffle, Seed: f.seed, Settle: f.settle, Budget: f.budget, OwnUser: f.ownUser, Fuzz: f.fuzz,
	}
	if o.Target, err = a.testTarget(p, target, command); err != nil {
		return nil, fail(codeUsage, fmt.Errorf("test: %w", err))
	}
	if o.Skip, o.Severity, err = f.exceptions(); err != nil {
		return nil, err
	}
	if f.probe != "" {
		if o.Probe, err = contract.ParseProbe(f.probe); err != nil {
			return nil, fail(codeUsage, fmt.Errorf("--probe: %w", err))
		}
	}
	if f.backup != "" {
		if o.Backup, err = replay.Target(f.backup, "/"); err != nil {
			return nil, fail(codeUsage, fmt.Errorf("--backup-url: %w", err))
		}
	}
	if t.sender, err = f.sending.sender(); err != nil {
		return nil, err
	}
	o.Sender = t.sender
	t.options = o
	return t, nil
}

// testTarget is the endpoint: what was named, a free port for a command, or the listener
// of this machine.
func (a *app) testTarget(p *provider.Provider, target string, command []string) (string, error) {
	if target == "" && len(command) > 0 {
		port, err := freePort()
		if err != nil {
			return "", err
		}
		target = fmt.Sprintf("127.0.0.1:%d/%s", port, p.Name)
	}
	return a.sendTarget(p, target)
}

// exceptions are the checks that are left out, and those that count as something else.
func (f *testFlags) exceptions() (map[string]string, map[string]contract.Override, error) {
	skip, severity := map[string]string{}, map[string]contract.Override{}
	for _, text := range f.skip {
		glob, reason, _ := strings.Cut(text, "=")
		skip[glob] = reason
	}
	for _, text := range f.severity {
		glob, rest, ok := strings.Cut(text, "=")
		level, reason, _ := strings.Cut(rest, ":")
		o := contract.Override{Severity: contract.Severity(level), Reason: reason}
		switch o.Severity {
		case contract.Error, contract.Warning, contract.Info:
		default:
			ok = false
		}
		if !ok {
			return nil, nil, usagef("--severity %s: expected GLOB=error, GLOB=warning or GLOB=info, with :REASON behind it", text)
		}
		severity[glob] = o
	}
	return skip, severity, nil
}

// shown is the target without password.
func (t *trial) shown() string {
	scheme, rest, _ := strings.Cut(t.options.Target, "://")
	if at := strings.LastIndex(strings.SplitN(rest, "/", 2)[0], "@"); at >= 0 {
		rest = rest[at+1:]
	}
	return scheme + "://" + rest
}

// run tests, with the command beside it if there is one, and says what came of it.
func (t *trial) run(ctx context.Context) error {
	out, err := t.newTestOutput()
	if err != nil {
		return err
	}
	test, err := t.prepare(out)
	if err != nil {
		return err
	}
	if len(t.command) > 0 {
		if t.beside, err = t.start(ctx, true); err != nil {
			return err
		}
		defer func() { t.beside.stop() }() // which may be another by then
		if err := t.beside.ready(ctx); err != nil {
			return err
		}
	}
	out.begin(test.Checks())
	report := test.Run(ctx)
	out.end()
	crashed := t.beside.died(endpointGone(report))
	if err := out.report(report, crashed); err != nil {
		return err
	}
	t.reports.add(out, cmp.Or(t.suite, t.options.Provider.Name), report, crashed)
	return t.verdict(report, crashed)
}

// prepare makes the test; mistakes in what was asked show here.
func (t *trial) prepare(out *testOutput) (*contract.Test, error) {
	o := t.options
	o.Each = out.each
	if len(t.command) > 0 {
		o.WithoutSecret = t.withoutSecret
	}
	test, err := contract.New(o)
	var unknown *contract.UnknownCheckError
	switch {
	case errors.As(err, &unknown):
		return nil, hint(fail(codeUsage, fmt.Errorf("test: %w", err)), nearestCheck(unknown.Glob))
	case errors.Is(err, replay.ErrNoSecret):
		return nil, hint(fail(codeUsage, fmt.Errorf("test %s: %w", o.Provider.Name, err)),
			"set WHK_SECRET_"+variableOf(o.Provider)+"; the development secret does not stand in where CI is set")
	case err != nil:
		return nil, fail(codeUsage, fmt.Errorf("test %s: %w", o.Provider.Name, err))
	}
	return test, nil
}

// verdict is the exit code, and what has to be said besides the report.
func (t *trial) verdict(r *contract.Report, crashed string) error {
	switch v := r.Verdict(t.flags.strict); {
	case v == contract.Stopped:
		return exit(codeInterrupted)
	case v == contract.NoWay:
		err := fail(codeNetwork, fmt.Errorf("test %s: %s", t.shown(), r.Unreachable))
		switch refused := strings.HasPrefix(r.Unreachable, string(verify.Refused)); {
		case !refused || !isLoopback(t.options.Target) || len(t.command) > 0:
			return err
		case t.unnamed:
			return hint(err, "no URL was named: whk test localhost:3000/"+t.options.Provider.Name+" tests your app, and whk test --provider "+t.options.Provider.Name+" -- COMMAND starts it")
		}
		return hint(err, "start the endpoint first, or let whk do it: whk test "+t.shown()+" -- COMMAND")
	case crashed != "":
		return fail(codeNo, fmt.Errorf("test: %s", crashed))
	case v == contract.NotHeld:
		return exit(codeNo)
	case v == contract.Unknown:
		return exit(codeInconclusive)
	}
	return nil
}
