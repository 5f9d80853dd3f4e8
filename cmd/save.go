package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/cmd/config"
	"whk/listener"
	"whk/listener/store"
	"whk/verify/display"
	"whk/verify/provider"
)

// saveFlags are the flags of whk events save.
type saveFlags struct {
	as        string
	provider  string
	to        string
	keep      bool
	keepPaths []string
	force     bool
}

func (f *saveFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.as, "as", "", "`NAME` of the sample: what whk send --variant is given, and the file is called")
	flags.StringVar(&f.provider, "provider", "", "save it as an event of this `PROVIDER`")
	flags.StringVar(&f.to, "to", "", "write the file to this `FOLDER` and not beside the project's definitions")
	flags.BoolVar(&f.keep, "keep", false, "keep everything as it was received: mask nothing, leave the time")
	flags.StringArrayVar(&f.keepPaths, "keep-path", nil, "keep what stands at this `PATH`, as in New.LegalName or items.#.name; repeatable")
	flags.BoolVar(&f.force, "force", false, "replace a file that is there")
}

func (a *app) eventsSaveCommand() *cobra.Command {
	var f saveFlags
	c := &cobra.Command{
		Use:   "save EVENT --as NAME",
		Short: "Make a sample of an event, to be sent again as one of its variants",
		Long: `Make a sample of an event, to be sent again as one of its variants:
whk send PROVIDER/EVENT --variant NAME. The file belongs to the project, in the folder
.whk/providers/PROVIDER/samples; where there is no project, to the user.

Personal data is masked by values of the same type and form: e-mails, phones, names of
persons and companies, addresses, tax, bank and card numbers, keys, IP addresses and
dates of birth are made up, coordinates are rounded. Equal values become equal ones.
What was masked is listed; --keep-path keeps some of it, --keep all. No rule finds
everything, so look the file over before you share it.

Ids stay, since handlers look them up; the event's time becomes a placeholder for the
time of sending, where it is written in a known form. Headers are those of the
definition, and signing happens anew.` + exitHelp(codeUsage),
		Example: `  whk events save last --as big-order
  whk events save 42 --as tricky --keep-path New.LegalName
  whk events save last:ubiqo --as depot --to testdata/samples`,
		Args: func(_ *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return hint(usagef("save: which event?"), "as in: whk events save last --as big-order; whk events list lists them")
			case 1:
				return nil
			}
			return usagef("save: expected one event, got %s", strings.Join(args, " "))
		},
		ValidArgsFunction: first(a.completeRef, cobra.NoFileCompletions),
		RunE:              func(c *cobra.Command, args []string) error { return a.eventsSave(c.Context(), &f, args[0]) },
	}
	f.add(c.Flags())
	return c
}

func (a *app) eventsSave(ctx context.Context, f *saveFlags, ref string) error {
	if err := f.check(); err != nil {
		return err
	}
	if _, err := a.providers(); err != nil {
		return err
	}
	log, err := a.openStore(store.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { a.closeStore(log) }()
	e, err := a.findEvent(ctx, log, ref)
	if err != nil {
		return err
	}
	p, err := a.saveAs(e, f.provider)
	if err != nil {
		return err
	}
	folder, loaded, err := a.samplesFolder(p, f.to)
	if err != nil {
		return err
	}
	file := filepath.Join(folder, f.as+".json")
	if _, err := os.Lstat(file); err == nil && !f.force {
		return hint(usagef("save: there is a file %s", a.near(file)), "--force replaces it, --as gives the sample another name")
	}
	saved, err := a.sampleOf(e, p, f, file)
	if err != nil {
		return err
	}
	if err := writeSample(file, saved.Content); err != nil {
		return fail(codeUsage, fmt.Errorf("save %s: %w", a.near(file), err))
	}
	return a.printSaved(f, e, p, saved, file, loaded)
}

// check refuses names that no file can have everywhere.
func (f *saveFlags) check() error {
	if f.as == "" {
		return hint(usagef("save: how is the sample called?"), "as in: whk events save last --as big-order")
	}
	why := provider.RefuseVariantName(f.as)
	base, _, _ := strings.Cut(strings.ToLower(f.as), ".")
	switch {
	case why != "":
	case strings.Contains(f.as, ":") || f.as[0] == '.' || f.as[0] == '-':
		why = fmt.Sprintf("%q cannot be a file: letters, digits and _ . - only, a letter or digit first", f.as)
	case slices.Contains([]string{"con", "prn", "aux", "nul"}, base) || len(base) == 4 && (base[:3] == "com" || base[:3] == "lpt") && base[3] >= '0' && base[3] <= '9':
		why = fmt.Sprintf("%q is a device on Windows, not a file", f.as)
	}
	if why != "" {
		return usagef("--as: %s", why)
	}
	if f.keep && len(f.keepPaths) > 0 {
		return usagef("--keep and --keep-path: --keep keeps every path already")
	}
	return nil
}

// saveAs is the provider whose sample the event becomes.
func (a *app) saveAs(e *listener.Event, name string) (*provider.Provider, error) {
	if e.Cut != "" {
		return nil, usagef("save: the body of event #%d is incomplete (%s), so that it makes no sample", e.N, e.Cut)
	}
	if name != "" {
		p, err := a.set.Lookup(name)
		if err != nil {
			return nil, fail(codeUsage, fmt.Errorf("--provider: %w", err))
		}
		return p, nil
	}
	if p := a.providerOf(e.Provider); p != nil {
		return p, nil
	}
	return nil, hint(usagef("save: event #%d is of the provider %q, which has no definition", e.N, e.Provider), "--provider names the one that it is of; whk providers list lists them")
}

// samplesFolder is where the sample goes, and whether whk finds it there.
func (a *app) samplesFolder(p *provider.Provider, to string) (folder string, loaded bool, err error) {
	parent := ""
	if a.loaded.Root != "" {
		parent = filepath.Join(a.loaded.Root, ".whk")
	} else if parent, err = (config.Paths{Env: a.Env}).ConfigDir(); err != nil && to == "" {
		return "", false, hint(fail(codeUsage, err), "--to names a folder for the sample")
	}
	if err == nil {
		folder = filepath.Join(parent, providersFolder, p.Name, provider.SamplesFolder)
	}
	if to == "" {
		return folder, true, nil
	}
	return a.path(to), a.path(to) == folder, nil
}

// sampleOf masks what the flags do not keep, and the secrets that are known.
func (a *app) sampleOf(e *listener.Event, p *provider.Provider, f *saveFlags, file string) (provider.Saved, error) {
	o := provider.SaveOptions{Variant: f.as, File: filepath.ToSlash(file), KeepAll: f.keep, Mask: provider.MaskOptions{Keep: f.keepPaths}}
	for _, secret := range a.knownSecrets() {
		o.Mask.Secrets = append(o.Mask.Secrets, secret.Reveal())
	}
	saved, err := p.Save(e.Delivery, o)
	if err == nil {
		return saved, nil
	}
	err = fail(codeUsage, fmt.Errorf("save event #%d as %s/%s: %w", e.N, p.Name, f.as, err))
	if len(e.Delivery.Body) > 0 && !json.Valid(e.Delivery.Body) {
		err = hint(err, fmt.Sprintf("only JSON makes a sample; whk replay %d sends the event as it is", e.N))
	}
	return saved, err
}

// writeSample puts the file into its place in one step.
func writeSample(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%w: not a regular file", fs.ErrExist)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := newPendingFile(path, 0o600)
	if err != nil {
		return err
	}
	if _, err := file.Write(content); err != nil {
		file.abort()
		return err
	}
	return file.commit()
}

// near is a path as a person would type it.
func (a *app) near(path string) string {
	if rel, err := filepath.Rel(a.Dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// savedJSON is a sample that was saved as output, type "sample".
type savedJSON struct {
	N       int64        `json:"n"`
	Event   string       `json:"event"`
	Variant string       `json:"variant"`
	File    string       `json:"file"`
	Masked  []maskedJSON `json:"masked,omitempty"`
	// Fresh is the path of the time that is made anew with every sending.
	Fresh string `json:"fresh,omitempty"`
}

type maskedJSON struct {
	Path string `json:"path"`
	As   string `json:"as"`
}

// maxMaskedShown is how many masked paths are listed.
const maxMaskedShown = 40

func (a *app) printSaved(f *saveFlags, e *listener.Event, p *provider.Provider, saved provider.Saved, file string, loaded bool) error {
	event := p.Name + "/" + saved.Event
	if a.isJSON() {
		j := savedJSON{N: e.N, Event: event, Variant: f.as, File: file, Fresh: saved.Fresh}
		for _, m := range saved.Masked {
			j.Masked = append(j.Masked, maskedJSON{Path: m.Path, As: string(m.As)})
		}
		out, err := a.newJSON()
		if err != nil {
			return err
		}
		return out.emit("sample", j)
	}
	w := a.buffered()
	fmt.Fprintf(w, "%s %s  %s %s\n", a.out.faint(fmt.Sprintf("#%d", e.N)), a.out.bold(display.Line(event)), a.arrow(), display.Line(a.near(file)))
	column := 0
	for _, m := range saved.Masked[:min(len(saved.Masked), maxMaskedShown)] {
		column = max(column, min(maxPathColumn, display.Width(display.Line(m.Path))))
	}
	switch {
	case f.keep:
		fmt.Fprintln(w, a.out.warn("nothing was masked: the file holds what was received"))
	case len(saved.Masked) == 0:
		fmt.Fprintln(w, "masked nothing: no rule found personal data")
	default:
		fmt.Fprintf(w, "masked %s:\n", plural(len(saved.Masked), "value"))
	}
	for _, m := range saved.Masked[:min(len(saved.Masked), maxMaskedShown)] {
		fmt.Fprintf(w, "  %s  %s\n", pad(display.Line(m.Path), column), a.out.faint(string(m.As)))
	}
	if more := len(saved.Masked) - maxMaskedShown; more > 0 {
		fmt.Fprintln(w, "  "+a.out.faint(fmt.Sprintf("and %d more; --json lists them all", more)))
	}
	if saved.Fresh != "" {
		fmt.Fprintf(w, "the time of sending: %s\n", display.Line(saved.Fresh))
	}
	if loaded {
		fmt.Fprintf(w, "send it: whk send %s --variant %s\n", display.Line(event), f.as)
	} else {
		fmt.Fprintf(w, "whk send finds it in the folder %s\n", display.Line(filepath.Join(".whk", providersFolder, p.Name, provider.SamplesFolder)))
	}
	return w.Flush()
}
