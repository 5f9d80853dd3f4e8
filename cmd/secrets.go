package cmd

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"whk/cmd/config"
	"whk/verify/display"
)

func (a *app) secretsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "secrets",
		Short: "Keep the secrets of providers in a file of your own",
		Long: `Keep the secrets of providers in secrets.json beside your user file, which only you can
read. It is asked last: --secret-file, --secret-stdin, --secret, WHK_SECRET_<PROVIDER>
and what the configuration names come first.

A provider may have several secrets, so that they can be changed without a gap: any of
them may match what is received, and the newest signs what is sent.`,
		Example: `  whk secrets set rentman
  whk secrets list`,
		Args: a.unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.secretsSetCommand(), a.secretsListCommand(), a.secretsEnvCommand(), a.secretsRmCommand())
	return c
}

// keptSecretJSON is a secret that is kept, type "secret" in JSON. It never holds the value.
type keptSecretJSON struct {
	Provider    string    `json:"provider"`
	Name        string    `json:"name"`
	Fingerprint string    `json:"fingerprint"`
	Added       time.Time `json:"added"`
	// Before is what is asked before this one, and hides it.
	Before string `json:"before,omitempty"`
}

// newKeptSecret describes a secret that is kept.
func (a *app) newKeptSecret(s config.StoredSecret) keptSecretJSON {
	return keptSecretJSON{s.Provider, s.Name, s.Secret.Fingerprint(), s.Added, a.secretBefore(s.Provider)}
}

// secretBefore names the place where a secret of a provider is found before the kept
// ones are looked at, or nothing.
func (a *app) secretBefore(provider string) string {
	name := config.SecretVariable(provider)
	if _, ok := a.Env(name); ok {
		return "env " + name
	}
	for _, ref := range a.loaded.Provider(provider).Secrets {
		if !ref.Stored() {
			return ref.Source.String()
		}
	}
	return ""
}

func (a *app) emitSecrets(all []keptSecretJSON) error {
	out, err := a.newJSON()
	if err != nil {
		return err
	}
	for _, j := range all {
		if err := out.emit("secret", j); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) secretsListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the secrets that are kept, without their values",
		Long: `List the secrets that are kept: provider, name, fingerprint and age, the newest of each
provider first. A fingerprint tells two secrets apart and gives neither away; whk doctor
and verdicts show the same one. The values are never shown here.` + exitHelp(codeUsage),
		Example: `  whk secrets list
  whk secrets list --json --jq .fingerprint`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.secretsList() },
	}
}

func (a *app) secretsList() error {
	kept, err := a.loaded.Stored.List()
	if err != nil {
		return err
	}
	var all []keptSecretJSON
	for _, s := range kept {
		all = append(all, a.newKeptSecret(s))
	}
	if a.isJSON() {
		return a.emitSecrets(all)
	}
	if len(all) == 0 {
		a.notice("no secrets are kept; whk secrets set PROVIDER keeps one")
		return nil
	}
	providers, names := len("provider"), len("name")
	for _, j := range all {
		providers, names = max(providers, len(j.Provider)), max(names, len(j.Name))
	}
	if a.OutTTY {
		fmt.Fprintln(a.Out, a.out.faint(pad("provider", providers)+"  "+pad("name", names)+"  fingerprint  age"))
	}
	for _, j := range all {
		line := a.out.bold(pad(j.Provider, providers)) + "  " + pad(j.Name, names) + "  " + pad(j.Fingerprint, len("fingerprint")) + "  " + age(time.Since(j.Added))
		if j.Before != "" {
			line += "  " + a.out.faint("not used here: "+display.Line(j.Before)+" comes first")
		}
		fmt.Fprintln(a.Out, line)
	}
	return nil
}

// age is a duration as people count it.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours())/24)
}

func (a *app) secretsEnvCommand() *cobra.Command {
	return &cobra.Command{
		Use: "env [PROVIDER...]", Short: "Print the secrets as variables for a shell",
		Long: `Print the newest kept secret of each provider as export WHK_SECRET_<PROVIDER>=..., quoted
for a POSIX shell, so that eval puts them into the environment of what you start next.

This is the one command that prints secrets: into a pipe, as for eval, but on a terminal
only with --show-secrets.` + exitHelp(codeUsage),
		Example: `  eval "$(whk secrets env)"
  whk secrets env rentman > rentman.env`,
		Args: cobra.ArbitraryArgs,
		ValidArgsFunction: func(c *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
			return a.completeKept(c, nil, prefix)
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.secretsEnv(args) },
	}
}

func (a *app) secretsEnv(only []string) error {
	switch {
	case a.isJSON():
		return usagef("secrets env: writes lines for a shell; it has no JSON")
	case a.OutTTY && !a.common.showSecrets:
		return hint(usagef("secrets env: would show secrets on the terminal"), `eval "$(whk secrets env)" sets the variables; --show-secrets shows them`)
	}
	kept, err := a.loaded.Stored.List()
	if err != nil {
		return err
	}
	left := map[string]int{}
	var lines strings.Builder
	for _, s := range kept {
		if len(only) > 0 && !slices.Contains(only, s.Provider) {
			continue
		}
		if left[s.Provider]++; left[s.Provider] > 1 {
			continue
		}
		fmt.Fprintf(&lines, "export %s='%s'\n", config.SecretVariable(s.Provider), strings.ReplaceAll(s.Secret.Reveal(), "'", `'\''`))
	}
	for _, name := range only {
		if left[name] == 0 {
			return hint(usagef("secrets env: no secret of %q is kept", name), "whk secrets list lists them")
		}
	}
	if len(left) == 0 {
		a.notice("no secrets are kept; whk secrets set PROVIDER keeps one")
	}
	for name, n := range left {
		if n > 1 {
			a.notice("%s: a variable holds one secret, the newest of %d", name, n)
		}
	}
	_, err = io.WriteString(a.Out, lines.String())
	return err
}

func (a *app) secretsRmCommand() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "rm PROVIDER [NAME]", Aliases: []string{"remove"}, Short: "Forget a secret of a provider",
		Long: `Forget the secret of that name, or all secrets of the provider. When there are several,
it asks first.` + exitHelp(codeNo, codeUsage, codeInterrupted),
		Example: `  whk secrets rm rentman default
  whk secrets rm ploomes --yes`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 && len(args) != 2 {
				return hint(usagef("secrets rm: expected a provider, and the name of a secret where there are several"), "whk secrets list lists them")
			}
			return nil
		},
		ValidArgsFunction: a.completeKept,
		RunE: func(c *cobra.Command, args []string) error {
			name := ""
			if len(args) == 2 {
				name = args[1]
			}
			return a.secretsRm(c.Context(), args[0], name, yes)
		},
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

func (a *app) secretsRm(ctx context.Context, provider, name string, yes bool) error {
	kept, err := a.keptNames(provider)
	if err != nil {
		return err
	}
	if name == "" && len(kept) > 1 && !yes {
		names := display.Line(strings.Join(kept, ", "))
		if !a.canAsk() {
			return hint(usagef("secrets rm %s: there are %d: %s", provider, len(kept), names), "name one of them, or give --yes to forget all")
		}
		agreed, err := a.confirm(ctx, fmt.Sprintf("Forget all secrets of %s: %s?", display.Line(provider), names))
		if err != nil {
			return err
		}
		if !agreed {
			return exit(codeNo)
		}
	}
	removed, err := a.loaded.Stored.Remove(provider, name)
	if err != nil {
		return err
	}
	a.notice("%s: forgot %s", provider, plural(removed, "secret"))
	return nil
}

// keptNames are the names of the kept secrets of a provider.
func (a *app) keptNames(provider string) ([]string, error) {
	kept, err := a.loaded.Stored.List()
	var names []string
	for _, s := range kept {
		if s.Provider == provider {
			names = append(names, s.Name)
		}
	}
	return names, err
}

// completeKept offers the providers that have secrets, then the names of those.
func (a *app) completeKept(c *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	a.completionSet(c)
	var offers []string
	switch len(args) {
	case 0:
		kept, _ := a.loaded.Stored.List()
		for _, s := range kept {
			offers = append(offers, s.Provider)
		}
		slices.SortFunc(offers, cmp.Compare)
		offers = slices.Compact(offers)
	case 1:
		offers, _ = a.keptNames(args[0])
	}
	return starting(prefix, offers), cobra.ShellCompDirectiveNoFileComp
}
