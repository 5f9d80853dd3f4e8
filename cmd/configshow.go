package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/cmd/config"
	"whk/verify/display"
	"whk/verify/provider"
)

func (a *app) configShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show [SETTING]", Short: "Show every setting, its value and where that comes from",
		Long: `Show every setting of whk listen and of whk as a whole, the providers and the routes:
the value, and where it comes from. Secrets and passwords are hidden, unless
--show-secrets is given; what is kept by whk secrets is hidden always.

SETTING is the name of a flag, or the beginning of a name, as in addr, routes or
providers.rentman.` + exitHelp(codeUsage),
		Example: `  whk config show
  whk config show addr
  whk config show providers.rentman
  whk config show --json --jq 'select(.layer != "default") | .name'`,
		Args: atMost(1),
		ValidArgsFunction: first(func(c *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
			if a.loadConfig(c) != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			rows, _ := a.configRows(c)
			return starting(prefix, settingNames(rows)), cobra.ShellCompDirectiveNoFileComp
		}, cobra.NoFileCompletions),
		RunE: func(c *cobra.Command, args []string) error { return a.configShow(c, strings.Join(args, "")) },
	}
}

// settingJSON is the value of a setting, type "setting" in JSON.
type settingJSON struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Values are those of a setting that may be repeated.
	Values []string `json:"values,omitempty"`
	// Source says in words where the value comes from; the rest says it in parts.
	Source  string `json:"source"`
	Layer   string `json:"layer"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Profile string `json:"profile,omitempty"`
}

func newSetting(name, value string, src config.Source) settingJSON {
	j := settingJSON{Name: name, Value: value, Source: src.String(), Layer: src.Layer.String(), Profile: src.Profile}
	if src.Layer == config.User || src.Layer == config.Project {
		j.File, j.Line = src.Name, src.Line
	}
	return j
}

func (a *app) configShow(c *cobra.Command, wanted string) error {
	rows, err := a.configRows(c)
	if err != nil {
		return err
	}
	if wanted != "" {
		all := settingNames(rows)
		wanted = settingName(wanted)
		rows = slices.DeleteFunc(rows, func(r settingJSON) bool { return r.Name != wanted && !strings.HasPrefix(r.Name, wanted+".") })
		if len(rows) == 0 {
			text := "whk config show lists them all"
			if nearest := provider.Nearest(wanted, all); len(nearest) > 0 {
				text = "did you mean " + provider.Either(nearest) + "? " + text
			}
			return hint(usagef("config show: there is no setting %q", wanted), text)
		}
	}
	if a.isJSON() {
		out, err := a.newJSON()
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := out.emit("setting", r); err != nil {
				return err
			}
		}
		return nil
	}
	names, values := 0, 0
	for _, r := range rows {
		names, values = max(names, len(r.Name)), max(values, min(display.Width(display.Line(r.Value)), 40))
	}
	w := a.buffered()
	for _, r := range rows {
		value, source := display.Line(r.Value), display.Line(r.Source)
		if value == "" {
			value = "-"
		}
		line := pad(display.Line(r.Name), names) + "  " + pad(value, values) + "  "
		if r.Layer == config.Default.String() {
			fmt.Fprintln(w, a.out.faint(line+source))
			continue
		}
		fmt.Fprintln(w, a.out.bold(line)+source)
	}
	return w.Flush()
}

// settingName takes a setting in whatever spelling: --on-invalid, on_invalid,
// WHK_ON_INVALID or listen.on_invalid.
func settingName(text string) string {
	if rest, ok := strings.CutPrefix(text, "WHK_"); ok {
		text = strings.ToLower(rest)
	}
	text = strings.TrimPrefix(strings.TrimLeft(text, "-"), "listen.")
	return strings.ReplaceAll(text, "_", "-")
}

func settingNames(rows []settingJSON) []string {
	var all []string
	for _, r := range rows {
		all = append(all, r.Name)
	}
	return all
}

// configRows are the settings as whk listen would find them, then the providers and the
// routes.
func (a *app) configRows(c *cobra.Command) ([]settingJSON, error) {
	flags, err := a.settingFlags(c)
	if err != nil {
		return nil, err
	}
	settings, err := a.loaded.Apply(flags, "listen")
	if err != nil {
		return nil, err
	}
	var rows, routes []settingJSON
	for _, s := range settings {
		value, values := s.Value, s.Values
		if list, ok := flags.Lookup(s.Name).Value.(pflag.SliceValue); ok && a.common.showSecrets {
			values = list.GetSlice()
			value = strings.Join(values, ", ")
		} else if a.common.showSecrets {
			value = flags.Lookup(s.Name).Value.String()
		}
		if s.Name == "store" && value == "" {
			value, _ = a.storePath()
		}
		if s.Name == "route" && len(values) > 0 {
			routes = a.routeRows(values, s.Source)
			continue
		}
		row := newSetting(s.Name, value, s.Source)
		row.Values = values
		rows = append(rows, row)
	}
	providers, err := a.providerRows()
	return slices.Concat(rows, providers, routes), err
}

// settingFlags are the flags of listen and the common ones, with what was given on this
// command line.
func (a *app) settingFlags(c *cobra.Command) (*pflag.FlagSet, error) {
	flags := pflag.NewFlagSet("listen", pflag.ContinueOnError)
	new(listenFlags).add(flags)
	(&app{IO: a.IO}).newRoot().PersistentFlags().VisitAll(flags.AddFlag)
	var err error
	c.Flags().VisitAll(func(given *pflag.Flag) {
		flag := flags.Lookup(given.Name)
		if flag == nil || a.settings.Source(given.Name).Layer != config.Flag {
			return
		}
		values := []string{given.Value.String()}
		if list, ok := given.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			err = errors.Join(err, flags.Set(flag.Name, v))
		}
	})
	return flags, err
}

// routeRows are the routes, each with its own line where a file says them.
func (a *app) routeRows(values []string, src config.Source) []settingJSON {
	places := a.loaded.Routes()
	var rows []settingJSON
	for i, value := range values {
		if (src.Layer == config.Project || src.Layer == config.User) && i < len(places) {
			src = places[i].Source
		}
		rows = append(rows, newSetting("routes."+strconv.Itoa(i), value, src))
	}
	return rows
}

// providerRows are the providers: what the files say, and where secrets come from.
func (a *app) providerRows() ([]settingJSON, error) {
	set, err := a.providers()
	if err != nil {
		return nil, err
	}
	kept, err := a.loaded.Stored.List()
	if err != nil {
		return nil, err
	}
	names := set.Names()
	for _, p := range a.loaded.Providers() {
		if !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	var rows []settingJSON
	for _, name := range names {
		p := a.loaded.Provider(name)
		add := func(field, value string, src config.Source) {
			rows = append(rows, newSetting("providers."+name+"."+field, value, src))
		}
		if p.Path.Text != "" {
			add("path", p.Path.Text, p.Path.Source)
		}
		if p.Definition != nil {
			add("file", p.Definition.Path, p.Definition.Source)
		}
		variable := config.SecretVariable(name)
		if value, ok := a.Env(variable); ok {
			if !a.common.showSecrets {
				value = config.Hidden
			}
			add("secret", value, config.Source{Layer: config.Env, Name: variable})
			continue
		}
		for _, ref := range p.Secrets {
			if !ref.Stored() {
				add("secret", ref.String(), ref.Source)
				continue
			}
			for _, s := range kept {
				if s.Provider == name {
					add("secret", config.Hidden+" "+s.Name, config.Source{Layer: config.User, Name: a.loaded.Stored.Path})
				}
			}
		}
	}
	return rows, nil
}
