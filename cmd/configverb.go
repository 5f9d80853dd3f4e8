package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"whk/cmd/config"
	"whk/verify/display"
)

func (a *app) configCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Show which settings hold, and where they come from",
		Long: `Show which settings hold, and where they come from. Flags come first, then variables of
the environment (WHK_ and the flag in capitals), the project's .whk.yaml, your own file,
and what is built in.

The profile that --profile or WHK_PROFILE chooses is a part of your own file that lies
over the rest of it.`,
		Example: `  whk config path
  whk config show
  whk config show addr`,
		Args: a.unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.configPathCommand(), a.configShowCommand())
	return c
}

// completeProfile offers the profiles of the user file.
func (a *app) completeProfile(c *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	options, err := a.configOptions(c)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	options.Profile = "" // it is still being typed
	loaded, err := config.Load(options)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return starting(prefix, loaded.User.Profiles()), cobra.ShellCompDirectiveNoFileComp
}

// pathJSON is a file or a folder that whk looks at, type "path" in JSON.
type pathJSON struct {
	Of string `json:"of"`
	// Path is empty where there is no place for such a file.
	Path  string `json:"path"`
	Found bool   `json:"found"`
	Note  string `json:"note,omitempty"`
}

func (a *app) configPathCommand() *cobra.Command {
	var broken error
	return &cobra.Command{
		Use: "path", Short: "Print the files that are looked at",
		Long: `Print the files and folders that are looked at, whether they are there or not: your own
file, the project's, definitions, secrets, the store and the state. A configuration that
cannot be used is reported behind them.` + exitHelp(codeUsage),
		Example: `  whk config path
  whk config path --json --jq 'select(.of == "user file") | .path'`,
		Args: noArgs,
		// What cannot be read is looked for here.
		PersistentPreRunE: func(c *cobra.Command, args []string) error {
			if broken = a.prepare(c, args); broken == nil {
				return nil
			}
			if _, ok := errors.AsType[*config.Error](broken); !ok {
				return broken
			}
			return a.environmentOnly(c, args)
		},
		RunE: func(*cobra.Command, []string) error {
			if err := a.configPath(); err != nil {
				return err
			}
			return broken
		},
	}
}

func (a *app) configPath() error {
	all := a.places()
	if a.isJSON() {
		out, err := a.newJSON()
		if err != nil {
			return err
		}
		for _, p := range all {
			if err := out.emit("path", p); err != nil {
				return err
			}
		}
		return nil
	}
	width := 0
	for _, p := range all {
		width = max(width, len(p.Of))
	}
	for _, p := range all {
		found, text := a.out.good("found  "), display.Line(p.Path)
		if !p.Found {
			found = a.out.faint("missing")
		}
		if p.Note != "" {
			text = strings.TrimSpace(text + "  " + a.out.faint(display.Line(p.Note)))
		}
		fmt.Fprintf(a.Out, "%s  %s  %s\n", pad(p.Of, width), found, text)
	}
	return nil
}

// places are the files and folders that are looked at, in their order.
func (a *app) places() []pathJSON {
	paths := config.Paths{Env: a.Env}
	var all []pathJSON
	add := func(of, path, note string) {
		_, err := os.Stat(path)
		all = append(all, pathJSON{of, path, path != "" && err == nil, note})
	}
	named := func(variable string) string {
		if value, _ := a.Env(variable); value != "" {
			return "named by " + variable
		}
		return ""
	}
	user, err := paths.UserFile(a.Dir)
	note := named("WHK_CONFIG")
	if err != nil {
		note = err.Error()
	}
	if a.loaded != nil && a.loaded.Profile != "" {
		note = strings.TrimPrefix(note+", ", ", ") + "with the profile " + a.loaded.Profile
	}
	add("user file", user, note)

	root, project := config.Locate(a.Dir, paths)
	switch {
	case project == "":
		add("project file", "", "none; it would be "+config.ProjectFile+" in this folder or above")
	case a.loaded != nil && a.loaded.Project != nil && a.loaded.Project.Trusted:
		add("project file", project, "trusted")
	default:
		add("project file", project, "")
	}
	if folder, err := paths.ConfigDir(); err == nil {
		add("user definitions", filepath.Join(folder, providersFolder), "")
	}
	if root != "" {
		add("project definitions", filepath.Join(root, ".whk", providersFolder), "")
	}
	if secrets, err := paths.SecretFile(); err == nil {
		add("secrets", secrets, "")
	}
	store, err := a.storePath()
	note = ""
	if src := a.settings.Source("store"); err != nil {
		note = err.Error()
	} else if src.Layer != config.Default {
		note = "named by " + src.String()
	}
	add("store", store, note)
	if state, err := paths.StateDir(); err == nil {
		add("state", state, "")
	}
	return all
}
