package cmd

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/cmd/config"
	"whk/listener"
	"whk/listener/filter"
	"whk/listener/store"
	"whk/replay"
	"whk/verify/provider"
)

// Completion answers at once or not at all: it reads definitions and the newest events,
// asks the network nothing, and says nothing of what goes wrong.

type completer = cobra.CompletionFunc

// addCompletions tells the shell what may stand behind flags and commands, for every
// command below root that has not said so itself. Flags of one name mean the same
// everywhere.
func (a *app) addCompletions(root *cobra.Command) {
	flags := map[string]completer{
		"color":         words("auto", "always", "never"),
		"output":        words("text\tfor people", "json\tone object a line"),
		"on-invalid":    words("flag\tkeep, show and forward with a mark", "reject\tanswer 401", "drop\tanswer 2xx, do not forward"),
		"ui":            words("auto", "tui", "log", "none"),
		"sign":          words(signModes()...),
		"expect":        words("2xx\tany success", "any\twhatever is answered"),
		"method":        words("POST", "GET", "PUT", "PATCH", "DELETE"),
		"at":            words("now"),
		"path-token":    words("auto\tmake one up"),
		"print":         words("http", "curl", "json"),
		"speed":         words("original", "2x", "10x", "max"),
		"provider":      a.completeProvider,
		"events":        a.completeEvent,
		"event":         a.completeEvent,
		"route":         a.completeRoute,
		"secret":        a.completeSecret,
		"secret-file":   a.completeSecret,
		"variant":       a.completeVariant,
		"since":         words("10m", "1h", "24h", "7d"),
		"where":         words(filter.Examples()...),
		"older-than":    words("12h", "7d", "30d", "8w"),
		"max-size":      words("100MB", "500MB", "1GB"),
		"provider-file": files("yaml", "yml"),
		"store":         files("db"),
		"profile":       a.completeProfile,
		"ready-file":    anyFile,
		"body":          anyFile,
	}
	args := map[string]completer{
		"listen": anyFile, // behind -- stands a command
		"send":   first(a.completeEvent, cobra.NoFileCompletions), "replay": a.completeRef,
		"verify": first(a.completeRef, cobra.NoFileCompletions), "sign": first(a.completeProvider, anyFile),
		"events show":    first(a.completeRef, cobra.NoFileCompletions),
		"providers show": first(a.completeProvider, cobra.NoFileCompletions),
		"schema":         first(a.completeSchema, cobra.NoFileCompletions),
	}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		own := func(f *pflag.Flag) {
			complete, ok := flags[f.Name]
			if !ok {
				complete = cobra.NoFileCompletions
			}
			if _, known := c.GetFlagCompletionFunc(f.Name); !known {
				_ = c.RegisterFlagCompletionFunc(f.Name, complete) // the flag is there
			}
		}
		c.Flags().VisitAll(own)
		c.PersistentFlags().VisitAll(own)
		path := strings.TrimPrefix(c.CommandPath(), root.Name()+" ")
		if complete, ok := args[path]; ok && c.ValidArgsFunction == nil {
			c.ValidArgsFunction = complete
		} else if c.ValidArgsFunction == nil && !c.HasSubCommands() {
			c.ValidArgsFunction = cobra.NoFileCompletions
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
}

// first completes the first argument of a command one way and those behind it another.
func first(one, others completer) completer {
	return func(c *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return others(c, args, prefix)
		}
		return one(c, args, prefix)
	}
}

// anyFile leaves it to the shell, which offers files.
func anyFile(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

func words(all ...string) completer {
	return func(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
		return starting(prefix, all), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

func files(extensions ...string) completer {
	return cobra.FixedCompletions(extensions, cobra.ShellCompDirectiveFilterFileExt)
}

func signModes() []string {
	var modes []string
	for _, mode := range replay.SignModes() {
		modes = append(modes, string(mode))
	}
	return modes
}

// completionSet is the providers that a command line would know.
func (a *app) completionSet(c *cobra.Command) *provider.Set {
	if a.loadConfig(c) == nil {
		if _, err := a.loadProviders(); err == nil { // without a warning: a shell is reading
			return a.set
		}
	}
	a.loaded = &config.Loaded{}
	set, err := provider.Builtin()
	if err != nil {
		return &provider.Set{}
	}
	return set
}

func (a *app) completeProvider(c *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	return starting(prefix, a.completionSet(c).Names()), cobra.ShellCompDirectiveNoFileComp
}

// completeEvent offers providers, then the events of the one that was chosen.
func (a *app) completeEvent(c *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	set := a.completionSet(c)
	name, _, chosen := strings.Cut(prefix, "/")
	if !chosen {
		names := set.Names()
		for i := range names {
			names[i] += "/"
		}
		return starting(prefix, names), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	p, err := set.Lookup(name)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var events []string
	for _, e := range p.Events() {
		if !e.Known {
			events = append(events, p.Name+"/"+e.Name)
			for _, alias := range p.EventAliases()[e.Name] {
				events = append(events, p.Name+"/"+alias)
			}
		}
	}
	return starting(prefix, events), cobra.ShellCompDirectiveNoFileComp
}

// completeRoute is completeEvent with the equals sign that a route goes on with.
func (a *app) completeRoute(c *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if strings.Contains(prefix, "=") {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	events, directive := a.completeEvent(c, args, prefix)
	for i, e := range events {
		if !strings.HasSuffix(e, "/") {
			events[i] = e + "="
		}
	}
	return events, directive | cobra.ShellCompDirectiveNoSpace
}

// completeSecret offers PROVIDER=, and leaves the rest to whoever knows the secret.
func (a *app) completeSecret(c *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if strings.Contains(prefix, "=") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	names := a.completionSet(c).Names()
	for i := range names {
		names[i] += "="
	}
	return starting(prefix, names), cobra.ShellCompDirectiveNoSpace
}

// completeVariant offers the variants of the event that stands on the command line.
func (a *app) completeVariant(c *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	name, event, _ := strings.Cut(args[0], "/")
	p, err := a.completionSet(c).Lookup(name)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var variants []string
	for _, e := range p.Events() {
		if !strings.EqualFold(e.Name, event) && !slices.ContainsFunc(e.Aliases, func(alias string) bool { return strings.EqualFold(alias, event) }) {
			continue
		}
		for _, v := range e.Variants {
			variants = append(variants, v.Name+"\t"+v.Note)
		}
	}
	return starting(prefix, variants), cobra.ShellCompDirectiveNoFileComp
}

// refsOffered is how many events are offered, newest first.
const refsOffered = 20

// completeRef offers the newest events of the store.
func (a *app) completeRef(c *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	directive := cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	if name, ok := strings.CutPrefix(prefix, "last:"); ok {
		names := a.completionSet(c).Names()
		for i := range names {
			names[i] = "last:" + names[i]
		}
		return starting("last:"+name, names), directive
	}
	offers := []string{"last\tthe newest event"}
	a.completionSet(c) // for the store that the configuration names
	for _, e := range a.newestEvents(c.Context()) {
		offers = append(offers, strconv.FormatInt(e.N, 10)+"\t"+e.At.Local().Format(time.TimeOnly)+" "+e.FullName()+" "+string(e.Verdict.Status))
	}
	if c.Name() == "verify" {
		directive = cobra.ShellCompDirectiveKeepOrder // a file will do as well
	}
	return starting(prefix, offers), directive
}

func (a *app) newestEvents(ctx context.Context) []*listener.Event {
	path, err := a.storePath()
	if err != nil {
		return nil
	}
	log, err := store.Open(path, store.Options{ReadOnly: true})
	if err != nil {
		return nil
	}
	defer func() { _ = log.Close() }() // nothing was written
	events, _ := log.List(ctx, store.Query{Limit: refsOffered})
	return events
}

func (a *app) completeSchema(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	var offers []string
	for _, s := range a.schemas() {
		offers = append(offers, s.name+"\t"+s.about)
	}
	return starting(prefix, offers), cobra.ShellCompDirectiveNoFileComp
}

// starting keeps what begins with a prefix, whatever the case of its letters.
func starting(prefix string, all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool {
		return len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix)
	})
}
