package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/cmd/config"
	"whk/listener/store"
	"whk/replay"
	"whk/replay/contract"
	"whk/verify"
	"whk/verify/display"
	"whk/verify/provider"
)

// suiteFlags are the flags of whk test that are about suites.
type suiteFlags struct {
	init  string
	trust bool
}

func (f *suiteFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.init, "init", "", "write a suite into this `FILE`, from the events of the store that are named or from samples, and send nothing; - is standard output")
	flags.BoolVar(&f.trust, "trust-suite", false, "let suites run commands, reach other machines and read files outside of their folder")
}

// isSuite reports whether an argument of whk test is the file of a suite and no URL.
func isSuite(arg string) bool {
	ext := strings.ToLower(filepath.Ext(arg))
	return (ext == ".yaml" || ext == ".yml") && !strings.Contains(arg, "://")
}

// testArgs refuses arguments that do not go together.
func (f *testFlags) testArgs(c *cobra.Command, args []string) error {
	suites := 0
	for _, arg := range args {
		if isSuite(arg) {
			suites++
		}
	}
	switch {
	case f.suite.init != "":
		return nil
	case suites == 0:
		if f.suite.trust {
			return usagef("--trust-suite: no suite is named")
		}
		return atMost(1)(c, args)
	case suites < len(args):
		return usagef("test: give one URL, or suites alone; a suite names its own target")
	}
	return nil
}

// testWith is whk test with its arguments: a suite is made, suites are run, or a URL is
// tested.
func (a *app) testWith(ctx context.Context, f *testFlags, args, command []string) error {
	switch {
	case f.suite.init != "":
		return a.initSuite(ctx, f, args, command)
	case len(args) > 0 && isSuite(args[0]):
		return a.testSuites(ctx, f, args, command)
	case len(args) > 0:
		return a.test(ctx, f, args[0], command)
	}
	return a.test(ctx, f, "", command)
}

// testSuites runs suites one after the other. Its exit code is the worst of theirs.
func (a *app) testSuites(ctx context.Context, f *testFlags, files, command []string) error {
	if err := f.check(); err != nil {
		return err
	}
	switch {
	case f.list || f.explain != "":
		return usagef("test: --list and --explain take no suite")
	case f.provider != "":
		return usagef("--provider: a suite names its own")
	}
	if _, err := a.providers(); err != nil {
		return err
	}
	reports, err := a.newTestReports(f.reports, f.artifacts, f.saveFailures)
	if err != nil {
		return err
	}
	var worst error
	for i, file := range files {
		g := *f
		if len(files) > 1 {
			for _, dir := range []*string{&g.artifacts, &g.saveFailures} {
				if *dir != "" {
					*dir = filepath.Join(*dir, fmt.Sprintf("%d-%s", i+1, strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))))
				}
			}
		}
		err := a.testSuite(ctx, &g, file, command, reports)
		worst = a.worse(worst, err)
		if code, _ := outcome(err); err != nil && (code == codeUsage || code == codeInterrupted) {
			break
		}
	}
	return reports.finish(worst, files[0], "")
}

// worse is the error that counts more; what the other has to say is said at once.
func (a *app) worse(one, other error) error {
	if one == nil || other == nil {
		if one == nil {
			return other
		}
		return one
	}
	order := []int{codeInconclusive, codeNo, codeNetwork, codeUsage, codeInterrupted}
	first, _ := outcome(one)
	second, _ := outcome(other)
	if slices.Index(order, second) > slices.Index(order, first) {
		one, other = other, one
	}
	a.report(other)
	return one
}

// suiteFault is a mistake in a suite as a mistake of usage.
func suiteFault(err error) error {
	if e, ok := errors.AsType[*contract.SuiteError](err); ok {
		if e.Hint != "" {
			return hint(fail(codeUsage, err), e.Hint)
		}
		if unknown, ok := errors.AsType[*provider.UnknownError](e.Err); ok {
			return fail(codeUsage, fmt.Errorf("%w%s", err, strings.TrimRight(" ("+nearestHint(unknown)+")", " ")))
		}
	}
	return fail(codeUsage, err)
}

// suiteFile is a suite with the folder that its names are relative to.
type suiteFile struct {
	*contract.Suite
	app     *app
	dir     string
	trusted bool
}

// openSuite reads a suite and has what it reaches for agreed to.
func (a *app) openSuite(ctx context.Context, f *testFlags, file string) (*suiteFile, error) {
	path := config.Options{Dir: a.Dir}.Absolute(file) // as whk trust knows it
	data, err := readLimited(path)
	if err != nil {
		return nil, fail(codeUsage, fmt.Errorf("suite %s: %w", file, bareError(err)))
	}
	s, err := contract.ParseSuite(file, data, a.Env)
	if err != nil {
		return nil, suiteFault(err)
	}
	e := a.examineSuite(s, path, data)
	opened := &suiteFile{Suite: s, app: a, dir: filepath.Dir(path), trusted: f.suite.trust || e.Trusted}
	if len(e.Asks) == 0 || opened.trusted {
		return opened, nil
	}
	if e.Changed {
		a.notice("%s has changed since it was trusted, and wants to", display.Line(file))
	} else {
		a.notice("%s wants to", display.Line(file))
	}
	a.asks(a.Err, a.paint, e.Asks)
	if !a.canAsk() {
		return nil, hint(usagef("suite %s: nobody is here to agree to this", file), "whk trust "+replay.Quote(file)+" agrees to it until the file changes, --trust-suite for this run")
	}
	agreed, err := a.confirm(ctx, "Trust this content of the file?")
	switch {
	case err != nil:
		return nil, err
	case !agreed:
		return nil, fail(codeUsage, fmt.Errorf("suite %s: it is not trusted, and nothing was sent", file))
	}
	opened.trusted = true
	return opened, a.trust().Confirm(path, e.Hash, time.Now())
}

func bareError(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// maxSuiteFile bounds what is read of a suite and of a file that it sends.
const maxSuiteFile = 16 << 20

func readLimited(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readBounded(f)
}

func readBounded(f *os.File) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no file")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSuiteFile+1))
	if err == nil && len(data) > maxSuiteFile {
		err = fmt.Errorf("it is larger than %d bytes", maxSuiteFile)
	}
	return data, err
}

// read reads a file that the suite names. One that nobody agreed to stays in its folder,
// whatever links lie there.
func (s *suiteFile) read(name string) ([]byte, error) {
	name = filepath.FromSlash(name)
	if s.trusted {
		if !filepath.IsAbs(name) {
			name = filepath.Join(s.dir, name)
		}
		data, err := readLimited(name)
		return data, bareError(err)
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, bareError(err)
	}
	defer root.Close()
	f, err := root.Open(name)
	if err != nil {
		return nil, bareError(err)
	}
	defer f.Close()
	return readBounded(f)
}

// secretsOf lets the flags of a run take the suite's secret, unless the line has one.
func (s *suiteFile) secretsOf(f *secretFlags, p *provider.Provider) error {
	if s.Secret == "" || len(f.values)+len(f.files) > 0 || f.stdin {
		return nil
	}
	name, isFile := strings.CutPrefix(s.Secret, "file:")
	if !isFile {
		f.values = []string{p.Name + "=" + s.Secret}
		return nil
	}
	if _, err := s.read(name); err != nil { // also sees to it that it lies in the folder
		return s.Mistake("secret", "", err)
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(s.dir, filepath.FromSlash(name))
	}
	f.files = []string{p.Name + "=" + name}
	return nil
}

// testSuite runs one suite.
func (a *app) testSuite(ctx context.Context, f *testFlags, file string, command []string, reports *testReports) error {
	s, err := a.openSuite(ctx, f, file)
	if err != nil {
		return err
	}
	p, err := a.set.Lookup(s.Provider)
	if err != nil {
		return suiteFault(s.Mistake("provider", "", err))
	}
	if err := s.secretsOf(&f.secrets, p); err != nil {
		return suiteFault(err)
	}
	given := func(flag string) bool { return a.settings.Source(flag).Layer != config.Default }
	if !given("mode") && !given("only") {
		mode, only := s.Selection()
		f.mode, f.only = string(mode), only
	}
	if s.P95 > 0 && !given("budget") {
		f.budget = s.P95
	}
	if s.Timeout > 0 && !given("request-timeout") {
		f.sending.timeout = s.Timeout
	}
	if err := f.check(); err != nil {
		return err
	}
	t, err := a.newTrial(f, p, s.Target, command)
	if err != nil {
		return err
	}
	defer t.sender.Close()
	t.suite, t.reports = file, reports
	if err := a.addSuite(ctx, t, s); err != nil {
		return err
	}
	if err := a.allowed(ctx, f, t); err != nil {
		return err
	}
	return t.run(ctx)
}

// addSuite adds to a trial what only a suite says. What the line says comes first.
func (a *app) addSuite(ctx context.Context, t *trial, s *suiteFile) error {
	o := &t.options
	if o.Probe == nil {
		o.Probe = s.Probe
	}
	for glob, reason := range s.Skip {
		if _, ok := o.Skip[glob]; !ok {
			o.Skip[glob] = reason
		}
	}
	for glob, severity := range s.Severity {
		if _, ok := o.Severity[glob]; !ok {
			o.Severity[glob] = severity
		}
	}
	var err error
	o.Extra, err = s.Checks(o.Provider, t.shown(), o.Secrets, contract.SuiteSources{
		File:  s.read,
		Event: func(ref string) (*verify.Delivery, error) { return a.recordedEvent(ctx, ref) },
	}, time.Now())
	if err != nil {
		return suiteFault(err)
	}
	return nil
}

// recordedEvent is an event of the store that a suite sends again.
func (a *app) recordedEvent(ctx context.Context, ref string) (*verify.Delivery, error) {
	log, err := a.openStore(store.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer log.Close()
	e, err := log.Find(ctx, ref)
	if err != nil {
		return nil, err
	}
	return e.Delivery, nil
}

// initSuite writes a suite that a careful endpoint passes.
func (a *app) initSuite(ctx context.Context, f *testFlags, refs, command []string) error {
	for _, name := range []string{"list", "explain", "report", "mode", "only", "skip", "severity", "probe", "fuzz", "artifacts", "trust-suite", "strict", "shuffle", "seed", "budget"} {
		if a.settings.Source(name).Layer == config.Flag {
			return usagef("--init writes a suite and tests nothing: --%s has no place there", name)
		}
	}
	if len(command) > 0 {
		return usagef("--init writes a suite and tests nothing: there is no place for a command")
	}
	if _, err := a.providers(); err != nil {
		return err
	}
	d, err := a.draft(ctx, f, refs)
	if err != nil {
		return err
	}
	text := d.Suite()
	if f.suite.init == "-" {
		_, err := a.Out.Write(text)
		return err
	}
	path := a.path(f.suite.init)
	if !isSuite(f.suite.init) {
		return usagef("--init %s: the name of a suite ends in .yaml or .yml", f.suite.init)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fail(codeUsage, fmt.Errorf("--init %s: %w", f.suite.init, bareError(err)))
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return fail(codeUsage, fmt.Errorf("--init %s: %w", f.suite.init, bareError(err)))
	}
	_, err = out.Write(text)
	if err = errors.Join(err, out.Close()); err != nil {
		return fail(codeUsage, fmt.Errorf("--init %s: %w", f.suite.init, bareError(err)))
	}
	a.notice("wrote %s; whk test %s runs it", f.suite.init, f.suite.init)
	return nil
}

// draft gathers what a new suite is made of: the provider that is named, or that of the
// events.
func (a *app) draft(ctx context.Context, f *testFlags, refs []string) (contract.Draft, error) {
	var d contract.Draft
	name := f.provider
	if len(refs) > 0 {
		log, err := a.openStore(store.Options{ReadOnly: true})
		if err != nil {
			return d, err
		}
		defer log.Close()
		for _, ref := range refs {
			e, err := a.findEvent(ctx, log, ref)
			if err != nil {
				return d, err
			}
			if name == "" {
				name = e.Provider
			}
			if e.Provider != name {
				return d, usagef("--init: event %s is of %s, and a suite is about one provider, %s", ref, display.Line(e.Provider), name)
			}
			d.Recorded = append(d.Recorded, contract.RecordedEvent{ID: e.ID, Name: e.Provider})
			if p, err := a.set.Lookup(e.Provider); err == nil {
				d.Recorded[len(d.Recorded)-1].Name = contract.EventName(p, e.Delivery)
			}
		}
	}
	if name == "" {
		return d, hint(usagef("--init: a suite for which provider?"), "name it with --provider rentman, or name events of the store")
	}
	var err error
	d.Provider, err = a.set.Lookup(name)
	if err != nil {
		return d, fail(codeUsage, fmt.Errorf("--init: %w", err))
	}
	return d, nil
}
