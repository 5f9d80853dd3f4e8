package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"whk/verify/display"
	"whk/verify/provider"
)

func (a *app) providersLintCommand() *cobra.Command {
	return &cobra.Command{
		Use: "lint [NAME|FILE|FOLDER]...", Short: "Hold definitions to the contract that every provider keeps",
		Long: `Hold definitions to the contract that every provider keeps, and say where each fault is:
file, line and column. Without arguments all that are known are checked; an argument is
the name of one, a provider.yaml, its folder, or a folder of such folders.

A definition can be read, has only known keys, and is consistent. Every event has a
sample. Every sample, in each of its variants, is valid JSON, is recognised as this
provider's and as no other's, yields the event it is filed under, and is valid once it
is signed; with any bit of the signature or of what it covers flipped it is not.` + exitHelp(codeNo, codeUsage),
		Example: `  whk providers lint
  whk providers lint rentman ploomes
  whk providers lint .whk/providers
  whk providers lint .whk/providers/acme/provider.yaml --json --jq '.file + ":" + (.line | tostring)'`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error { return a.providersLint(c.Context(), args) },
	}
}

// faultJSON is one thing wrong with a definition as output, type "fault".
type faultJSON struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Says   string `json:"says"`
}

// linting is a run of the check.
type linting struct {
	*app
	known   []*provider.Provider
	out     *jsonOutput // nil for text
	checked int
	faults  int
	// unread is what could not be read at all.
	unread []error
}

func (a *app) providersLint(ctx context.Context, args []string) error {
	l := &linting{app: a}
	if a.isJSON() {
		var err error
		if l.out, err = a.newJSON(); err != nil {
			return err
		}
	}
	if _, err := a.loadProviders(); err != nil { // samples are checked with their provider
		return err
	}
	l.known = a.set.All()
	if len(args) == 0 {
		for _, b := range a.set.Broken() {
			if err := l.broken(b); err != nil {
				return err
			}
		}
		args = a.set.Names()
	}
	for _, arg := range args {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := l.argument(arg); err != nil {
			return err
		}
	}
	return l.end()
}

// isPath tells a path from the name of a provider.
func isPath(arg string) bool {
	return strings.ContainsAny(arg, `/\`) || arg == "." || arg == ".." || filepath.Ext(arg) != ""
}

// argument checks what one argument names: a provider goes before a folder of its name.
func (l *linting) argument(arg string) error {
	if !isPath(arg) {
		p, err := l.set.Lookup(arg)
		if err == nil {
			return l.report(l.lint(p))
		}
		if b, ok := errors.AsType[*provider.BrokenError](err); ok {
			return l.broken(b)
		}
		if _, missing := os.Stat(l.path(arg)); missing != nil {
			l.unread = append(l.unread, err)
			return nil
		}
	}
	files, err := l.files(arg)
	if err != nil {
		l.unread = append(l.unread, err)
		return nil
	}
	for _, file := range files {
		if err := l.file(file); err != nil {
			return err
		}
	}
	return nil
}

// files are the definitions that a path names.
func (l *linting) files(arg string) ([]string, error) {
	info, err := os.Stat(l.path(arg))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, hint(fmt.Errorf("providers lint %s: there is no such file or folder", arg), "give the name of a provider, a provider.yaml, its folder, or a folder of such folders; whk providers list lists the names")
	}
	if err != nil {
		return nil, fmt.Errorf("providers lint %s: %s", arg, cause(err))
	}
	if !info.IsDir() {
		return []string{arg}, nil
	}
	own := filepath.Join(arg, provider.DefinitionFile)
	if _, err := os.Stat(l.path(own)); !errors.Is(err, fs.ErrNotExist) {
		return []string{own}, nil
	}
	below, err := filepath.Glob(filepath.Join(l.path(arg), "*", provider.DefinitionFile))
	if err != nil || len(below) == 0 {
		return nil, fmt.Errorf("providers lint: there is no %s in %s, nor in a folder of it", provider.DefinitionFile, arg)
	}
	for i := range below {
		below[i] = l.near(below[i])
	}
	return below, nil
}

// file checks one definition on disk.
func (l *linting) file(name string) error {
	path := l.path(name)
	if ext := filepath.Ext(path); ext != ".yaml" && ext != ".yml" {
		l.unread = append(l.unread, fmt.Errorf("providers lint: %s: a definition ends in .yaml", name))
		return nil
	}
	p, err := provider.Read(os.DirFS(filepath.Dir(path)), filepath.Base(path), name)
	if faults, ok := provider.FaultsOf(err); ok {
		l.checked++
		return l.report(faults)
	}
	if err != nil {
		l.unread = append(l.unread, err)
		return nil
	}
	return l.report(l.lint(p))
}

// broken reports a definition that cannot be used.
func (l *linting) broken(b *provider.BrokenError) error {
	faults, ok := provider.FaultsOf(b)
	if !ok {
		l.unread = append(l.unread, b)
		return nil
	}
	l.checked++
	return l.report(faults)
}

func (l *linting) lint(p *provider.Provider) []provider.Fault {
	l.checked++
	return p.Lint(l.known...)
}

// report prints faults as they are found.
func (l *linting) report(faults []provider.Fault) error {
	l.faults += len(faults)
	for _, f := range faults {
		if l.out != nil {
			if err := l.out.emit("fault", faultJSON{f.File, f.Line, f.Column, f.Says}); err != nil {
				return err
			}
			continue
		}
		place := display.Line(f.Position()) + ":"
		if _, err := fmt.Fprintln(l.Out, l.app.out.bold(place), display.Line(f.Says)); err != nil {
			return err
		}
	}
	return nil
}

// end says how it went.
func (l *linting) end() error {
	if len(l.unread) > 0 {
		joined := fail(codeUsage, errors.Join(l.unread...))
		if e, ok := errors.AsType[*exitError](l.unread[0]); ok { // those of other errors are found in what is joined
			return hint(joined, e.hint)
		}
		return joined
	}
	if l.faults > 0 {
		l.notice("%s in %s", plural(l.faults, "fault"), plural(l.checked, "definition"))
		return exit(codeNo)
	}
	if l.out == nil {
		_, err := fmt.Fprintf(l.Out, "%s: no faults\n", plural(l.checked, "definition"))
		return err
	}
	return nil
}
