package cmd

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"whk/verify"
	"whk/verify/display"
	"whk/verify/provider"
)

//go:generate go run whk providers table --readme ../README.md

func (a *app) providersCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "providers",
		Aliases: []string{"provider"},
		Short:   "Show what is known about providers, and learn or check others",
		Long: `Show what is known about the providers: how they name and sign their events, how they
behave as senders, and how far each statement can be relied on.

A provider is one folder of data. Your own definitions in .whk/providers/ of a project,
in the providers folder of your configuration, or given with --provider-file count like
the ones that come with whk.`,
		Example: `  whk providers list
  whk providers show rentman`,
		Args: a.unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.providersListCommand(), a.providersShowCommand(), a.providersTableCommand(),
		a.providersNewCommand(), a.providersLintCommand(), a.providersLearnCommand())
	return c
}

func (a *app) providersListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the providers",
		Long: `List the providers: how each authenticates what it sends, how many events can be
forged, and how far the definition can be relied on: documented by the vendor, seen in
code that consumes the events, or guessed.` + exitHelp(codeUsage),
		Example: `  whk providers list
  whk providers list --json --jq .name`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.providersList() },
	}
}

func (a *app) providersShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show PROVIDER", Short: "Show one provider: its check, its manners and its events",
		Long: `Show what is known about one provider: how it authenticates, what that does not prove,
how it behaves as a sender, how to subscribe, and every event that whk send can forge.` + exitHelp(codeUsage),
		Example: `  whk providers show rentman
  whk providers show ploomes --json --jq '.events[].name'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return hint(usagef("providers show: expected the name of one provider"), "whk providers list lists them all")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.providersShow(args[0]) },
	}
}

func (a *app) providersList() error {
	set, err := a.providers()
	if err != nil {
		return err
	}
	if a.isJSON() {
		out, err := a.newJSON()
		if err != nil {
			return err
		}
		for _, p := range set.All() {
			if err := out.emit("provider", newProvider(p, false)); err != nil {
				return err
			}
		}
		return nil
	}
	lines := providerRows(set, true, true)
	for _, title := range []bool{true, false} {
		if a.OutTTY && slices.ContainsFunc(lines, func(line string) bool { return display.Width(line) > a.Columns }) {
			lines = providerRows(set, false, title)
		}
	}
	w := a.buffered()
	if a.OutTTY {
		fmt.Fprintln(w, a.out.faint(lines[0]))
	}
	for _, line := range lines[1:] {
		name, rest, _ := strings.Cut(line, " ")
		fmt.Fprintln(w, a.out.bold(name)+" "+rest)
	}
	return w.Flush()
}

// providerRows is the table of providers with its heading. It is wide when it names the
// headers, and narrow without the vendors' titles.
func providerRows(set *provider.Set, wide, titles bool) []string {
	rows := [][]string{{"name", "provider", "check", "events", "certainty"}}
	for _, p := range set.All() {
		rows = append(rows, []string{p.Name, display.Line(p.Title), display.Line(shortScheme(p.Scheme, wide)), strconv.Itoa(forgeable(p)), string(p.Certainty)})
	}
	numbers := 3 // the column that is aligned to the right
	if !titles {
		numbers--
		for i := range rows {
			rows[i] = slices.Delete(rows[i], 1, 2)
		}
	}
	lines := make([]string, len(rows))
	for column := range rows[0] {
		width := 0
		for _, row := range rows {
			width = max(width, display.Width(row[column]))
		}
		for i, row := range rows {
			text := pad(row[column], width)
			if column == numbers {
				text = strings.Repeat(" ", width-display.Width(row[column])) + row[column]
			}
			lines[i] = strings.TrimLeft(lines[i]+"  "+text, " ")
		}
	}
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

// shortScheme is a scheme in the width of a column; a wide one has room for where the
// signature stands. Ways that read alike are named once.
func shortScheme(s *verify.Scheme, wide bool) string {
	if !s.Signs() {
		return "none documented"
	}
	var ways []string
	for _, r := range s.Recipes() {
		words, place := shortRecipe(r)
		switch before, found := strings.CutSuffix(last(ways), " in "+place); {
		case !wide:
			place = ""
		case found && before != words && !strings.HasSuffix(before, " or "+words):
			ways[len(ways)-1] = before + " or " + words + " in " + place
			continue
		}
		if place != "" {
			words += " in " + place
		}
		if !slices.Contains(ways, words) {
			ways = append(ways, words)
		}
	}
	return strings.Join(ways, " or ")
}

func last(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return texts[len(texts)-1]
}

// shortRecipe names the method of a recipe, and where its signature stands.
func shortRecipe(r verify.Recipe) (words, place string) {
	place = http.CanonicalHeaderKey(r.Header)
	if r.Body != nil {
		place = "the body"
	}
	hash := strings.ToUpper(r.Algorithm)
	switch r.Kind {
	case verify.KindStatic:
		return "shared key", place
	case verify.KindHash:
		return "plain " + hash, place
	case verify.KindEd25519:
		return "Ed25519", place
	case verify.KindMessage:
		return "RFC 9421", place
	case verify.KindRSAPSS:
		return "RSA-PSS-" + hash, place
	}
	return strings.ToUpper(r.Kind) + "-" + hash, place
}

// forgeable counts the events that whk send knows.
func forgeable(p *provider.Provider) int {
	n := 0
	for _, e := range p.Events() {
		if !e.Known {
			n++
		}
	}
	return n
}

func (a *app) providersShow(name string) error {
	set, err := a.providers(name)
	if err != nil {
		return err
	}
	p, err := set.Lookup(name)
	if err != nil {
		return fmt.Errorf("providers show %s: %w", name, err)
	}
	if a.isJSON() {
		out, err := a.newJSON()
		if err != nil {
			return err
		}
		return out.emit("provider", newProvider(p, true))
	}
	s := providerSheet{eventSheet: eventSheet{Writer: a.buffered(), p: a.out}, columns: min(a.Columns, 100)}
	path := "/" + p.Name
	if said := a.loaded.Provider(p.Name).Path.Text; said != "" {
		path = said
	}
	s.provider(p, path)
	return s.Flush()
}
