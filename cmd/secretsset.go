package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"whk/cmd/config"
	"whk/verify"
	"whk/verify/display"
	"whk/verify/provider"
)

func (a *app) secretsSetCommand() *cobra.Command {
	var name, from string
	c := &cobra.Command{
		Use:   "set PROVIDER",
		Short: "Keep a secret of a provider",
		Long: `Keep a secret of a provider. On a terminal it is asked for and not shown; elsewhere it
is read from standard input. It is never taken from the command line, which others can
see.

A newline at the end does not count. With --name a provider has several secrets; a
secret of the same name is replaced.` + exitHelp(codeUsage, codeInterrupted),
		Example: `  whk secrets set rentman
  whk secrets set rentman --name 2026-08
  whk secrets set ploomes --from-file key.txt
  printenv RENTMAN_TOKEN | whk secrets set rentman`,
		Args:              oneProvider("secrets set"),
		ValidArgsFunction: first(a.completeProvider, cobra.NoFileCompletions),
		RunE: func(c *cobra.Command, args []string) error {
			return a.secretsSet(c.Context(), args[0], name, from)
		},
	}
	c.Flags().StringVar(&name, "name", "", "`NAME` of the secret, where there are several (default: default)")
	c.Flags().StringVar(&from, "from-file", "", "read the secret from this `FILE`; - is standard input")
	return c
}

// oneProvider demands one argument. It repeats none of them, for a secret may be among
// them.
func oneProvider(command string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 1 && !strings.Contains(args[0], "=") {
			return nil
		}
		return hint(usagef("%s: expected the name of one provider, and no value: others could see it", command), "whk providers list lists the providers")
	}
}

func (a *app) secretsSet(ctx context.Context, name, secretName, from string) error {
	set, err := a.providers(name)
	if err != nil {
		return err
	}
	p, err := set.Lookup(name)
	if err != nil {
		return fmt.Errorf("secrets set: %w", err)
	}
	if !p.Scheme.Keyed() {
		return usagef("secrets set %s: %s needs none: %s", p.Name, p.Title, p.Scheme)
	}
	value, source, err := a.readSecret(ctx, p, from)
	if err != nil {
		return err
	}
	value, notices := config.TrimSecret(source, value)
	for _, n := range notices {
		a.warn(n.Text, n.Hint)
	}
	if value == "" {
		return hint(usagef("secrets set %s: the secret is empty: %s", p.Name, source), "type it at the prompt, or give --from-file FILE")
	}
	if _, err := bind(p, "", []verify.Secret{verify.NewSecret(source, value)}); err != nil {
		return hint(err, "compare it with what the provider shows; nothing was kept")
	}
	return a.keep(p.Name, secretName, value)
}

// readSecret reads a secret from where the user has it, and says in words where that is.
func (a *app) readSecret(ctx context.Context, p *provider.Provider, from string) (value, source string, err error) {
	switch {
	case from == "" && a.canAsk():
		value, err = a.askHidden(ctx, "Secret of "+display.Line(p.Name)+" (not shown): ")
		source = "prompt"
	case from == "" || from == "-":
		var content []byte
		content, err = io.ReadAll(io.LimitReader(a.In, config.MaxSecret+1))
		value, source = string(content), "standard input"
	default:
		var f *os.File
		if f, err = os.Open(a.path(from)); err == nil {
			defer f.Close()
			var content []byte
			content, err = io.ReadAll(io.LimitReader(f, config.MaxSecret+1))
			value = string(content)
		}
		source = "file " + from
	}
	if err != nil {
		if ctx.Err() != nil {
			return "", "", err
		}
		return "", "", fail(codeUsage, fmt.Errorf("read the secret of %s: %w", p.Name, err))
	}
	return value, source, nil
}

// keep writes a secret down, and says so.
func (a *app) keep(provider, name, value string) error {
	replaced, err := a.loaded.Stored.Set(provider, name, value, time.Now())
	if err != nil {
		return err
	}
	kept, err := a.loaded.Stored.List()
	if err != nil {
		return err
	}
	// The newest of a provider stands first.
	i := slices.IndexFunc(kept, func(s config.StoredSecret) bool { return s.Provider == provider })
	if i < 0 {
		return fail(codeUsage, fmt.Errorf("keep the secret of %s: another process has removed it", provider))
	}
	j := a.newKeptSecret(kept[i])
	text := fmt.Sprintf("%s: the secret %q (fingerprint %s) is kept in %s", provider, j.Name, j.Fingerprint, display.Line(a.loaded.Stored.Path))
	if replaced != nil {
		text += ", in place of " + replaced.Secret.Fingerprint()
	}
	a.notice("%s", text)
	if j.Before != "" {
		a.warn("it is not used here: "+display.Line(j.Before)+" comes first", "")
	}
	if a.isJSON() {
		return a.emitSecrets([]keptSecretJSON{j})
	}
	return nil
}
