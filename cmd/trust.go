package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/cmd/config"
	"whk/replay"
	"whk/verify/display"
)

// trustFlags are the flags of whk trust.
type trustFlags struct{ show, remove, list, yes bool }

func (f *trustFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.show, "show", false, "only show what the file asks for")
	flags.BoolVar(&f.remove, "remove", false, "take the trust in the file away")
	flags.BoolVar(&f.list, "list", false, "list the files that are trusted")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask")
}

func (a *app) trustCommand() *cobra.Command {
	var f trustFlags
	c := &cobra.Command{
		Use:   "trust [FILE]",
		Short: "Confirm what a project's .whk.yaml or a suite asks for",
		Long: `Confirm what the .whk.yaml of a project asks for. Such a file comes with somebody's
repository: by itself it reaches this machine only and reads nothing outside its
project. Whatever goes beyond that is refused until you have looked at it here; then the
file may do what your own user file may. The same goes for a suite of whk test, which may
run commands once it is trusted.

What is confirmed is this content at this path: any change asks again. Definitions and
other files that it names are not part of it. No project file may hold a secret, not
even a trusted one.

Without FILE it is the project file of this folder. What was confirmed is kept in the
state folder, which whk config path shows.` + exitHelp(codeNo, codeUsage, codeInterrupted),
		Example: `  whk trust
  whk trust --show
  whk trust ../shop/.whk.yaml --yes
  whk trust tests/rentman.yaml
  whk trust --list
  whk trust --remove`,
		Args:              atMost(1),
		PersistentPreRunE: a.environmentOnly, // the file must not be obeyed yet
		ValidArgsFunction: first(files("yaml", "yml"), cobra.NoFileCompletions),
		RunE: func(c *cobra.Command, args []string) error {
			modes := 0
			for _, on := range []bool{f.show, f.remove, f.list} {
				if on {
					modes++
				}
			}
			if modes > 1 {
				return usagef("trust: --show, --remove and --list exclude each other")
			}
			path := ""
			if len(args) > 0 {
				path = args[0]
			}
			switch {
			case f.list && path != "":
				return usagef("trust --list: lists all files, and takes none")
			case f.list:
				return a.trustList()
			}
			options, err := a.configOptions(c)
			if err != nil {
				return err
			}
			if f.remove {
				return a.trustRemove(options, path)
			}
			return a.trustFile(c.Context(), options, path, &f)
		},
	}
	f.add(c.Flags())
	return c
}

// trustJSON is a file that may be trusted, type "trust" in JSON.
type trustJSON struct {
	Path string `json:"path"`
	// State is trusted, untrusted, changed (since it was confirmed), gone, or harmless
	// (it asks for nothing).
	State  string     `json:"state"`
	SHA256 string     `json:"sha256,omitempty"`
	At     *time.Time `json:"at,omitempty"`
	Asks   []askJSON  `json:"asks,omitempty"`
}

// askJSON is one thing that a file asks for.
type askJSON struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Key     string `json:"key"`
	Wants   string `json:"wants"`
	Problem string `json:"problem,omitempty"`
}

// trustFile shows what a file asks for and, unless that is all, confirms it.
func (a *app) trustFile(ctx context.Context, options config.Options, path string, f *trustFlags) error {
	trust := a.trust()
	e, err := a.examine(options, path)
	if err != nil {
		return err
	}
	if f.show {
		return a.trustShow(e)
	}
	name, again := display.Line(e.Path), "" // again is the file in a further line
	if path != "" {
		again = " " + replay.Quote(path)
	}
	switch {
	case len(e.Asks) == 0:
		a.notice("%s asks for nothing that has to be confirmed", name)
	case e.Trusted:
		a.notice("%s is trusted already; whk trust --show%s shows what it asks for", name, display.Line(again))
	default:
		// A variable of the environment is too far from the hand to agree to this.
		if err := a.trustAsk(ctx, e, again, f.yes && a.settings.Source("yes").Layer == config.Flag); err != nil {
			return err
		}
		if err := trust.Confirm(e.Path, e.Hash, time.Now()); err != nil {
			return err
		}
		a.notice("%s is trusted until it changes; whk trust --remove%s takes that back", name, display.Line(again))
		e.Trusted = true
	}
	if a.isJSON() {
		return a.emitTrust(newTrust(e))
	}
	return nil
}

// trustAsk lets a person look at what a file asks for, and fails unless it is agreed to.
func (a *app) trustAsk(ctx context.Context, e *config.Examined, again string, yes bool) error {
	text := display.Line(e.Path) + " wants to"
	if e.Changed {
		text = display.Line(e.Path) + " has changed since it was trusted, and wants to"
	}
	a.notice("%s", text)
	a.asks(a.Err, a.paint, e.Asks)
	if yes {
		return nil
	}
	if !a.canAsk() {
		return hint(usagef("trust %s: nobody is here to confirm it", e.Path), "whk trust --yes"+again+" confirms it without asking")
	}
	agreed, err := a.confirm(ctx, "Trust this content of the file?")
	if err == nil && !agreed {
		a.notice("%s is not trusted", display.Line(e.Path))
		return exit(codeNo)
	}
	return err
}

// asks writes what a file asks for, one line each.
func (a *app) asks(w io.Writer, p paint, asks []config.Ask) {
	for _, ask := range asks {
		text := "  " + p.bold(display.Line(fmt.Sprintf("%s:%d:%d", ask.Source.Name, ask.Source.Line, ask.Source.Column))) +
			"  " + display.Line(ask.Key+": "+ask.Wants)
		if ask.Problem != "" {
			text += p.faint(" (" + display.Line(ask.Problem) + ")")
		}
		fmt.Fprintln(w, text)
	}
}

func (a *app) trustShow(e *config.Examined) error {
	j := newTrust(e)
	if a.isJSON() {
		return a.emitTrust(j)
	}
	fmt.Fprintf(a.Out, "%s  %s\n", a.out.bold(display.Line(e.Path)), a.stateText(j.State))
	a.asks(a.Out, a.out, e.Asks)
	return nil
}

// The states of a file.
const (
	trustTrusted   = "trusted"
	trustUntrusted = "untrusted"
	trustChanged   = "changed"
	trustGone      = "gone"
	trustHarmless  = "harmless"
)

func (a *app) stateText(state string) string {
	switch state {
	case trustTrusted:
		return a.out.good("trusted")
	case trustUntrusted:
		return a.out.warn("not trusted")
	case trustChanged:
		return a.out.warn("changed since it was trusted")
	case trustHarmless:
		return a.out.good("asks for nothing that has to be confirmed")
	}
	return a.out.faint(state)
}

func newTrust(e *config.Examined) trustJSON {
	j := trustJSON{Path: e.Path, State: trustUntrusted, SHA256: e.Hash}
	switch {
	case len(e.Asks) == 0:
		j.State = trustHarmless
	case e.Trusted:
		j.State = trustTrusted
	case e.Changed:
		j.State = trustChanged
	}
	for _, ask := range e.Asks {
		j.Asks = append(j.Asks, askJSON{ask.Source.Name, ask.Source.Line, ask.Source.Column, ask.Key, ask.Wants, ask.Problem})
	}
	return j
}

func (a *app) trustList() error {
	confirmed, err := a.trust().List()
	if err != nil {
		return err
	}
	var all []trustJSON
	for _, c := range confirmed {
		j := trustJSON{Path: c.Path, State: trustChanged, SHA256: c.SHA256, At: &c.At}
		switch holds, err := c.Holds(); {
		case errors.Is(err, fs.ErrNotExist):
			j.State = trustGone
		case holds:
			j.State = trustTrusted
		}
		all = append(all, j)
	}
	if a.isJSON() {
		return a.emitTrust(all...)
	}
	if len(all) == 0 {
		a.notice("no file is trusted")
	}
	for _, j := range all {
		fmt.Fprintf(a.Out, "%s  %s  %s\n", a.out.faint(j.At.Local().Format(time.DateOnly)), a.out.bold(display.Line(j.Path)), a.stateText(j.State))
	}
	return nil
}

func (a *app) trustRemove(options config.Options, path string) error {
	full := options.Absolute(path)
	if path == "" {
		if _, full = config.Locate(a.Dir, options.Paths); full == "" {
			return hint(usagef("trust --remove: there is no %s here", config.ProjectFile), "whk trust --list lists the trusted files; name one of them")
		}
	}
	was, err := a.trust().Forget(full)
	if err != nil {
		return err
	}
	if !was {
		return hint(fail(codeNo, fmt.Errorf("trust --remove: %s was not trusted", full)), "whk trust --list lists the files that are")
	}
	a.notice("%s is no longer trusted", display.Line(full))
	if a.isJSON() {
		return a.emitTrust(trustJSON{Path: full, State: trustUntrusted})
	}
	return nil
}

func (a *app) emitTrust(all ...trustJSON) error {
	out, err := a.newJSON()
	if err != nil {
		return err
	}
	for _, j := range all {
		if err := out.emit("trust", j); err != nil {
			return err
		}
	}
	return nil
}
