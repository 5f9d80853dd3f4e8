package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/cmd/config"
	"whk/listener/store"
	"whk/replay"
	"whk/verify"
	"whk/verify/display"
	"whk/verify/provider"
)

// learnFlags are the flags of whk providers learn.
type learnFlags struct {
	pick      pickFlags
	files     []string
	name      string
	out       string
	publicURL string
	keep      bool
	keepPaths []string
	force     bool
	limit     int
	secrets   secretFlags
}

func (f *learnFlags) add(flags *pflag.FlagSet) {
	f.pick.add(flags)
	flags.StringArrayVarP(&f.files, "file", "f", nil, "learn from the events of this `FILE` (.whk, .har, .ndjson, .http) and not from the store; repeatable")
	flags.StringVar(&f.name, "name", "", "`NAME` of the provider: lower-case letters, digits and hyphens")
	flags.StringVar(&f.out, "out", "", "write the definition to this `FOLDER` and not beside the project's")
	flags.StringVar(&f.publicURL, "public-url", "", "the `URL` that was called, for schemes that sign it")
	flags.BoolVar(&f.keep, "keep", false, "keep samples as they were received: mask nothing, leave the time")
	flags.StringArrayVar(&f.keepPaths, "keep-path", nil, "keep what stands at this `PATH` of a body, as in order.name; repeatable")
	flags.BoolVar(&f.force, "force", false, "replace a definition that is there")
	flags.IntVarP(&f.limit, "limit", "n", 500, "learn from the newest `N` that fit")
	f.secrets.addGiven(flags)
}

// addGiven adds the flags for secrets that are real.
func (s *secretFlags) addGiven(flags flagSet) {
	flags.StringArrayVar(&s.values, "secret", nil, "`VALUE` of the secret; visible in the process list, so better:")
	flags.StringArrayVar(&s.files, "secret-file", nil, "read the secret from `FILE`")
	flags.BoolVar(&s.stdin, "secret-stdin", false, "read the secret from standard input")
}

func (a *app) providersLearnCommand() *cobra.Command {
	var f learnFlags
	c := &cobra.Command{
		Use:   "learn [EVENT|RANGE]... --name NAME",
		Short: "Write the definition of a provider from events that were received",
		Long: `Write the definition of a provider from events that were received: where its deliveries
name their event, its time and what it is about, how they are signed, a sample and a
JSON Schema of each event. Events and ranges are those of the store; without any, and
without a filter, the events of unknown providers are meant.

Given the secret, the recipe of the signature is searched for: which header holds it,
with which hash and in which form, and what is signed: the body, a time stamp, an id,
the method and the address, in any order. It may stand in a field of a body of JSON, too.
Of Ed25519, ECDSA, RSA and HTTP message signatures (RFC 9421), the public key takes the
place of the secret. A recipe counts only when all signed events verify under it; with a
single body whk says that it is not proven. Without the secret it says which header or
field looks like a signature, and of which kind. Bodies are JSON or forms.

What is written was read back, held to the contract of whk providers lint and tried on
the events; where anything does not fit, whk says so and writes nothing. Personal data
in samples is masked as whk events save does it. Look the files over before you share
them.` + exitHelp(codeNo, codeUsage, codeInterrupted),
		Example: `  whk providers learn --name acme --secret-file acme.secret
  whk providers learn 3..20 --name acme
  whk providers learn --where 'provider:unknown since:2h' --name acme --public-url https://hooks.example.com
  whk providers learn -f recorded.har --name acme --out definitions/acme`,
		ValidArgsFunction: a.completeRef,
		RunE:              func(c *cobra.Command, args []string) error { return a.providersLearn(c.Context(), &f, args) },
	}
	f.add(c.Flags())
	return c
}

func (a *app) providersLearn(ctx context.Context, f *learnFlags, refs []string) error {
	if err := f.check(refs); err != nil {
		return err
	}
	set, err := a.providers()
	if err != nil {
		return err
	}
	folder, loaded, err := a.definitionFolder(f.name, f.out, f.force)
	if err != nil {
		return err
	}
	secrets, err := a.learnSecrets(f)
	if err != nil {
		return err
	}
	recorded, err := a.recorded(ctx, f, refs)
	if err != nil {
		return err
	}
	o := provider.LearnOptions{Name: f.name, Secrets: secrets, Base: f.publicURL, KeepAll: f.keep, Others: set.All()}
	o.Mask.Keep = f.keepPaths
	for _, secret := range append(a.knownSecrets(), secrets...) {
		o.Mask.Secrets = append(o.Mask.Secrets, secret.Reveal())
	}
	learned, err := provider.Learn(ctx, recorded, o)
	if _, unfit := errors.AsType[*provider.UnfitError](err); unfit {
		return hint(fail(codeNo, fmt.Errorf("learn %s: %w", f.name, err)), "nothing was written")
	}
	if ctx.Err() != nil {
		return err
	}
	if err != nil {
		return fail(codeUsage, fmt.Errorf("learn %s: %w", f.name, err))
	}
	if err := a.writeDefinition(folder, learned.Files, f.force); err != nil {
		return err
	}
	return a.printLearned(f, learned, len(recorded), folder, loaded)
}

func (f *learnFlags) check(refs []string) error {
	if f.name == "" {
		return hint(usagef("providers learn: what is the provider called?"), "--name gives it a name, as in whk providers learn --name acme")
	}
	if why := provider.RefuseProviderName(f.name); why != "" {
		return usagef("--name: %s", why)
	}
	if len(f.files) > 0 && (len(refs) > 0 || f.pick != pickFlags{}) {
		return usagef("providers learn: --file takes all events of a file; events and filters are about the store")
	}
	if f.keep && len(f.keepPaths) > 0 {
		return usagef("--keep and --keep-path: --keep keeps every path already")
	}
	if f.limit < 1 {
		return usagef("--limit %d: expected a number from 1", f.limit)
	}
	return nil
}

// learnSecrets are the secrets that the deliveries may be signed with.
func (a *app) learnSecrets(f *learnFlags) ([]verify.Secret, error) {
	in := config.SecretInput{
		Files: f.secrets.files, FilesSource: a.settings.Source("secret-file"),
		Values: f.secrets.values, ValuesSource: a.settings.Source("secret"),
		Env: a.Env, Config: a.loaded.Provider(f.name).Secrets,
		Known: func(name string) bool { return name == f.name },
		Only:  f.name,
	}
	if f.secrets.stdin {
		in.Stdin = a.In
	}
	secrets, notices, err := config.Secrets(f.name, in)
	for _, n := range notices {
		a.warn(n.Text, n.Hint)
	}
	return secrets, err
}

// definitionFolder is where a new definition goes, and whether whk finds it there.
func (a *app) definitionFolder(name, out string, force bool) (folder string, loaded bool, err error) {
	if p, err := a.set.Lookup(name); err == nil && (p.Source == provider.BuiltinSource || !force) {
		return "", false, hint(usagef("%s is a provider already: %s", name, definedBy(p)), "give the new one another name; --force replaces a definition of your own")
	}
	parent := ""
	if a.loaded.Root != "" {
		parent = filepath.Join(a.loaded.Root, ".whk")
	} else if parent, err = (config.Paths{Env: a.Env}).ConfigDir(); err != nil && out == "" {
		return "", false, hint(fail(codeUsage, err), "--out names a folder for the definition")
	}
	own := filepath.Join(parent, providersFolder, name)
	if folder = own; out != "" {
		folder = a.path(out)
	}
	if _, err := os.Lstat(filepath.Join(folder, provider.DefinitionFile)); !errors.Is(err, fs.ErrNotExist) && !force {
		return "", false, hint(usagef("there is a definition in %s", a.near(folder)), "--force replaces it, --out names another folder")
	}
	return folder, parent != "" && folder == own, nil
}

// definedBy says where a definition comes from.
func definedBy(p *provider.Provider) string {
	if p.Source == provider.BuiltinSource {
		return "its definition comes with whk"
	}
	return "it is defined by " + p.Source
}

// recorded gathers what is learned from.
func (a *app) recorded(ctx context.Context, f *learnFlags, refs []string) ([]*provider.Recorded, error) {
	if len(f.files) > 0 {
		return a.recordedFiles(ctx, f)
	}
	pick := f.pick
	if len(refs) == 0 && (pick == pickFlags{}) {
		pick.provider = "unknown"
	}
	filter, err := pick.filter(a, time.Now())
	if err != nil {
		return nil, err
	}
	log, err := a.openStore(store.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { a.closeStore(log) }()
	var recorded []*provider.Recorded
	for e, err := range a.selected(ctx, log, &selection{refs: refs, filter: filter, limit: f.limit}) {
		if d, ok := damaged(err); ok {
			a.warn(d.Error(), "")
			continue
		}
		if err != nil {
			return nil, err
		}
		if e.Cut == "" {
			recorded = append(recorded, &provider.Recorded{Delivery: e.Delivery, At: e.At, Ref: "#" + strconv.FormatInt(e.N, 10)})
		}
	}
	if len(recorded) == 0 {
		return nil, hint(usagef("providers learn: no whole event fits"), "whk events list shows what there is; name events, as in 3..20, or filter them with --where")
	}
	return recorded, nil
}

// recordedFiles reads the events of files.
func (a *app) recordedFiles(ctx context.Context, f *learnFlags) ([]*provider.Recorded, error) {
	var recorded []*provider.Recorded
	for _, name := range f.files {
		file, err := os.Open(a.path(name))
		if err != nil {
			return nil, fail(codeUsage, err)
		}
		more, err := a.recordedFile(ctx, file, filepath.Base(name))
		_ = file.Close() // nothing was written
		if err != nil {
			return nil, err
		}
		recorded = append(recorded, more...)
	}
	if len(recorded) == 0 {
		return nil, usagef("providers learn: the files hold no whole event")
	}
	return recorded[max(0, len(recorded)-f.limit):], nil
}

func (a *app) recordedFile(ctx context.Context, file *os.File, name string) ([]*provider.Recorded, error) {
	var recorded []*provider.Recorded
	n, altered := 0, 0
	for x, err := range replay.Import(file, replay.ImportOptions{}) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n++
		if skipped, ok := errors.AsType[*replay.SkippedError](err); ok {
			a.warn(display.Line(name)+": "+display.Line(skipped.Error())+": it was left out", "")
			continue
		}
		if err != nil {
			return nil, fail(codeUsage, fmt.Errorf("read %s: %w", name, err))
		}
		if x.Altered != "" {
			altered++
		}
		at := x.At
		if at.IsZero() {
			at = time.Now()
		}
		if x.Cut == "" {
			recorded = append(recorded, &provider.Recorded{Delivery: x.Delivery, At: at, Ref: name + " #" + strconv.Itoa(n)})
		}
	}
	if altered > 0 {
		a.warn(fmt.Sprintf("%s: %s not as it was received, so that its signature may not verify", display.Line(name), plural(altered, "event")), "whk events export --show-secrets keeps every byte")
	}
	return recorded, nil
}

// writeDefinition puts the files of a definition into their folder.
func (a *app) writeDefinition(folder string, files map[string][]byte, force bool) error {
	if force {
		if err := removeSamples(folder); err != nil {
			return fail(codeUsage, fmt.Errorf("replace the definition in %s: %w", a.near(folder), err))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := writeSample(file, files[name]); err != nil {
			return fail(codeUsage, fmt.Errorf("write %s: %w", a.near(file), err))
		}
	}
	if _, err := provider.Read(os.DirFS(filepath.Dir(folder)), filepath.Base(folder), filepath.Join(a.near(folder), provider.DefinitionFile)); err != nil {
		a.warn("a file that was there does not fit the new definition: "+display.Line(err.Error()), "whk providers lint "+a.near(folder)+" lists every fault")
	}
	return nil
}

// removeSamples removes what a definition of before says of its events, since two samples
// cannot serve one event. Variants that a person has saved stay.
func removeSamples(folder string) error {
	for _, below := range []string{provider.SamplesFolder, provider.SchemasFolder} {
		old, err := filepath.Glob(filepath.Join(folder, below, "*.json"))
		if err != nil {
			return err
		}
		for _, file := range old {
			content, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			var sample struct{ Variant string }
			if json.Unmarshal(content, &sample) == nil && sample.Variant != "" {
				continue
			}
			if err := os.Remove(file); err != nil {
				return err
			}
		}
	}
	return nil
}

// learnedJSON is a definition that was learned as output, type "learned".
type learnedJSON struct {
	Provider string             `json:"provider"`
	Folder   string             `json:"folder"`
	Files    []string           `json:"files"`
	Recorded int                `json:"recorded"`
	Scheme   string             `json:"scheme"`
	Sure     string             `json:"sure"`
	Masked   int                `json:"masked"`
	Events   []learnedEventJSON `json:"events"`
	Notes    []string           `json:"notes,omitempty"`
}

type learnedEventJSON struct {
	Name     string `json:"name"`
	Recorded int    `json:"recorded"`
}

func (a *app) printLearned(f *learnFlags, learned *provider.Learned, recorded int, folder string, loaded bool) error {
	names := slices.Sorted(maps.Keys(learned.Events))
	if a.isJSON() {
		j := learnedJSON{
			Provider: f.name, Folder: folder, Files: slices.Sorted(maps.Keys(learned.Files)), Recorded: recorded,
			Scheme: learned.Scheme, Sure: learned.Sure, Masked: learned.Masked, Notes: learned.Notes,
		}
		for _, name := range names {
			j.Events = append(j.Events, learnedEventJSON{name, learned.Events[name]})
		}
		out, err := a.newJSON()
		if err != nil {
			return err
		}
		return out.emit("learned", j)
	}
	for _, note := range learned.Notes {
		a.warn(display.Line(note), "")
	}
	w := a.buffered()
	fmt.Fprintf(w, "%s  %s %s\n", a.out.bold(f.name), a.arrow(), display.Line(a.near(folder)))
	fmt.Fprintf(w, "signature: %s\n           %s\n", display.Line(learned.Scheme), a.out.faint(display.Line(learned.Sure)))
	fmt.Fprintf(w, "learned %s from %s:\n", plural(len(names), "event"), events(int64(recorded)))
	column := 0
	for _, name := range names {
		column = max(column, display.Width(name))
	}
	for _, name := range names {
		fmt.Fprintf(w, "  %s  %s\n", pad(name, column), a.out.faint(strconv.Itoa(learned.Events[name])))
	}
	switch {
	case f.keep:
		fmt.Fprintln(w, a.out.warn("nothing was masked: the samples hold what was received"))
	default:
		fmt.Fprintf(w, "masked %s in the samples\n", plural(learned.Masked, "value"))
	}
	a.nextSteps(w, f.name, names[0], folder, loaded)
	return w.Flush()
}
