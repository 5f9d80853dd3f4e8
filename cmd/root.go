// Package cmd is the command line: one file a verb, with its flags, its wiring and its
// printing. It is the only package that knows all others.
//
// Its laws: standard output carries what was asked for and nothing else; notices,
// progress and warnings go to standard error; everything received passes verify/display
// before a terminal sees it; nothing asks where nobody can answer; and only Main turns
// an error into words and an exit code.
package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/cmd/config"
	"whk/tui"
	"whk/verify/provider"
)

// Main runs one command line and returns the exit code.
func Main(streams IO, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	return run(ctx, streams, args)
}

func run(ctx context.Context, streams IO, args []string) int {
	a := &app{IO: streams}
	if streams.In != nil {
		a.In = &interruptible{ctx: ctx, r: streams.In}
	}
	root := a.newRoot()
	root.SetArgs(args)
	root.SetIn(a.In)
	out := &noting{w: streams.Out}
	root.SetOut(out)
	root.SetErr(streams.Err)
	err := root.ExecuteContext(ctx)
	if err = cmp.Or(err, out.err); err != nil {
		return a.report(err)
	}
	return codeDone
}

// noting keeps the first error of a writer whose users, such as cobra and its help, do not look at it.
type noting struct {
	w   io.Writer
	err error
}

func (n *noting) Write(p []byte) (int, error) {
	written, err := n.w.Write(p)
	n.err = cmp.Or(n.err, err)
	return written, err
}

// interruptible ends a read from standard input when whk is asked to end. What the read
// would have brought is not missed: nothing reads on afterwards.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i *interruptible) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	own := make([]byte, len(p)) // the read may still write into it when nobody waits any more
	done := make(chan result, 1)
	go func() {
		n, err := i.r.Read(own)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return copy(p, own[:r.n]), r.err
	case <-i.ctx.Done():
		return 0, context.Canceled
	}
}

// inherited is standard input itself, for a program that inherits it, or a terminal.
func (a *app) inherited() io.Reader {
	if i, ok := a.In.(*interruptible); ok {
		return i.r
	}
	return a.In
}

// app is one run of whk: its IO, the flags that all commands share, and what they
// resolve to.
type app struct {
	IO
	common   commonFlags
	paint    paint // for standard error; stdout has its own in out
	out      paint
	loaded   *config.Loaded
	settings config.Settings
	set      *provider.Set
	strays   []config.Notice // what the environment holds that nothing reads
	// publicURL is what senders use, for schemes that sign it; "" when it is not known.
	publicURL string
}

// commonFlags are understood by every command.
type commonFlags struct {
	color         string
	output        string
	json          bool
	jq            string
	store         string
	profile       string
	providerFiles []string
	showSecrets   bool
}

// Annotations of commands.
const (
	noConfig    = "no configuration" // reads none
	ownFindings = "own findings"     // tells itself what is odd about the surroundings
)

func (a *app) newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "whk",
		Short: "Receive, verify, keep, forge and replay webhooks",
		Long: `whk receives webhooks on this machine, says whether their signatures hold, keeps
every one of them durably, hands them to your app, and forges signed ones to test it.

Start with two terminals:

  whk listen 3000                      receive, verify, keep, forward to localhost:3000
  whk send rentman/Contact.create      forge a signed event and send it there

or with none: whk demo`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              a.unknownCommand,
		PersistentPreRunE: a.prepare,
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.common.color, "color", "auto", "colour on the terminal: auto, always or never")
	flags.StringVarP(&a.common.output, "output", "o", "text", "form of the output: text or json")
	flags.BoolVar(&a.common.json, "json", false, "short for --output json")
	flags.StringVar(&a.common.jq, "jq", "", "filter JSON output by a jq `EXPRESSION`")
	flags.StringVar(&a.common.store, "store", "", "keep events in this `FILE` (default: whk's own, see whk doctor)")
	flags.StringVar(&a.common.profile, "profile", "", "use the profile of this `NAME` in the user file")
	flags.StringArrayVar(&a.common.providerFiles, "provider-file", nil, "load a provider definition from `FILE`; repeatable")
	flags.BoolVar(&a.common.showSecrets, "show-secrets", false, "show shared keys and credentials as they are")
	root.SetFlagErrorFunc(a.flagError)
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { a.help(c) })
	root.CompletionOptions.HiddenDefaultCmd = false
	root.SetHelpCommand(&cobra.Command{Use: "help [command]", Short: "Help about any command", Annotations: map[string]string{noConfig: ""},
		RunE: func(c *cobra.Command, args []string) error {
			found, rest, err := c.Root().Find(args)
			if err != nil || found == nil {
				return a.unknownCommand(c.Root(), args)
			}
			if len(rest) > 0 && found.HasSubCommands() {
				return a.unknownCommand(found, rest)
			}
			return found.Help()
		}})
	root.AddCommand(a.commands()...)
	a.addCompletions(root)
	return root
}

// prepare resolves the settings of the command that is about to run.
func (a *app) prepare(c *cobra.Command, _ []string) error {
	if _, ok := c.Annotations[noConfig]; !ok && !isCompletion(c) {
		if err := a.loadConfig(c); err != nil {
			return err
		}
		a.strays = a.strayVariables(c.Root())
	}
	if a.common.json || a.common.jq != "" {
		a.common.output = "json"
	}
	if a.common.output != "text" && a.common.output != "json" {
		return usagef("--output %s: expected text or json", a.common.output)
	}
	for stream, on := range map[*paint]bool{&a.paint: a.ErrTTY, &a.out: a.OutTTY} {
		coloured, err := config.Colour(a.common.color, a.Env, on)
		if err != nil {
			return err
		}
		stream.on, stream.ascii = coloured, a.ascii()
	}
	if _, ok := c.Annotations[ownFindings]; !ok {
		for _, n := range a.strays {
			a.warn(n.Text, n.Hint)
		}
	}
	return nil
}

// strayVariables are the variables that look like whk's and are not.
func (a *app) strayVariables(root *cobra.Command) []config.Notice {
	if a.Environ == nil {
		return nil
	}
	names := slices.DeleteFunc(a.Environ(), func(name string) bool { return !strings.HasPrefix(strings.ToUpper(name), "WHK_") })
	if len(names) == 0 {
		return nil
	}
	var flags []string
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, set := range []*pflag.FlagSet{c.PersistentFlags(), c.Flags()} {
			set.VisitAll(func(f *pflag.Flag) { flags = append(flags, f.Name) })
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	// A user's own definitions are not read for this; their folders say their names.
	providers := append(a.set.Names(), a.ownProviders()...)
	return a.loaded.Strays(names, flags, providers)
}

func (a *app) loadConfig(c *cobra.Command) error {
	options, err := a.configOptions(c)
	if err != nil {
		return err
	}
	if a.loaded, err = config.Load(options); err != nil {
		return err
	}
	a.settings, err = a.loaded.Apply(c.Flags(), c.Name())
	return err
}

// configOptions is what the files are read by; nothing is read yet.
func (a *app) configOptions(c *cobra.Command) (config.Options, error) {
	listen := pflag.NewFlagSet("listen", pflag.ContinueOnError)
	if found, _, err := c.Root().Find([]string{"listen"}); err == nil {
		listen.AddFlagSet(found.Flags())
		listen.AddFlagSet(c.Root().PersistentFlags())
	}
	var err error
	a.set, err = provider.Builtin()
	if err != nil {
		return config.Options{}, err
	}
	builtin := a.set.Names()
	profile := a.common.profile
	if !c.Flags().Changed("profile") { // needed before the environment speaks to the flags
		profile, _ = a.Env(config.Variable("profile"))
	}
	return config.Options{
		Dir: a.Dir, Paths: config.Paths{Env: a.Env}, Listen: listen, Profile: profile,
		Builtin: func(name string) bool { return slices.Contains(builtin, name) },
		Trusted: a.trust().Confirmed, Bind: tui.CheckKeys,
	}, nil
}

// trust is what the user has confirmed; without a state folder that is nothing.
func (a *app) trust() config.Trust {
	state, _ := config.Paths{Env: a.Env}.StateDir()
	return config.Trust{Dir: state}
}

// environmentOnly resolves the flags of a command that has to work although a file
// cannot be used, or may not be obeyed yet. It stands in for prepare.
func (a *app) environmentOnly(c *cobra.Command, args []string) (err error) {
	a.loaded = config.Environment(a.Env)
	if a.settings, err = a.loaded.Apply(c.Flags(), c.Name()); err != nil {
		return err
	}
	c.Annotations = map[string]string{noConfig: ""}
	return a.prepare(c, args)
}

func isCompletion(c *cobra.Command) bool {
	for ; c != nil; c = c.Parent() {
		if c.Name() == "completion" || strings.HasPrefix(c.Name(), "__complete") {
			return true
		}
	}
	return false
}

// unknownCommand names the commands that come nearest to a mistyped one.
func (a *app) unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(append(names, sub.Name()), sub.Aliases...)
		}
	}
	err := usagef("unknown command %q", args[0])
	if c.HasParent() {
		err = usagef("%s: unknown command %q", verbOf(c), args[0])
	}
	text := c.CommandPath() + " --help lists the commands"
	if nearest := provider.Nearest(args[0], names); len(nearest) > 0 {
		text = "did you mean " + provider.Either(nearest) + "? " + text
	}
	return hint(err, text)
}

// flagError turns pflag's error into one that helps.
func (a *app) flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		flag := invalid.GetFlag()
		if kind := kinds[flag.Value.Type()]; kind != "" {
			return usagef("%s: --%s %q: expected %s", verbOf(c), flag.Name, invalid.GetValue(), kind)
		}
	}
	wrapped := fail(codeUsage, err)
	if c.HasParent() {
		wrapped = fail(codeUsage, fmt.Errorf("%s: %w", verbOf(c), err))
	}
	if !errors.As(err, &unknown) {
		return hint(wrapped, c.CommandPath()+" --help explains the flags")
	}
	name := unknown.GetSpecifiedName()
	if !c.HasParent() && (name == "version" || strings.HasPrefix(unknown.GetSpecifiedShortnames(), "v")) {
		return hint(wrapped, "whk version says which version this is")
	}
	switch name {
	case "skip-verify", "no-verify", "insecure-skip-verify":
		return hint(wrapped, "--insecure is about TLS certificates; --on-invalid flag|reject|drop says what becomes of bad signatures")
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	text := c.CommandPath() + " --help lists the flags"
	if nearest := provider.Nearest(name, names); len(nearest) > 0 {
		text = "did you mean " + provider.Either(dashed(nearest)) + "? " + text
	}
	return hint(wrapped, text)
}

// dashed are flags as they are typed.
func dashed(names []string) []string {
	var flags []string
	for _, name := range names {
		flags = append(flags, "--"+name)
	}
	return flags
}

// kinds says in words what pflag's types take.
var kinds = map[string]string{"int": "a whole number", "float64": "a number", "bool": "true or false", "duration": "a duration such as 500ms, 30s or 2m"}

// notice tells a person something on standard error.
func (a *app) notice(format string, args ...any) {
	a.say(a.paint.faint("whk:") + " " + fmt.Sprintf(format, args...))
}

// warn is a notice about something that deserves a look.
func (a *app) warn(text, hint string) {
	a.say(a.paint.warn("whk: warning:") + " " + text)
	if hint != "" {
		a.say(a.paint.faint("hint:") + " " + hint)
	}
}

// say writes a line to standard error, and breaks it where a person reads it.
func (a *app) say(line string) {
	if a.ErrTTY {
		line = strings.Join(fold(line, a.Columns-5), "\n     ")
	}
	fmt.Fprintln(a.Err, line)
}
