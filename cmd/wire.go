package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"whk/cmd/config"
	"whk/listener"
	"whk/listener/store"
	"whk/replay"
	"whk/verify"
	"whk/verify/provider"
)

// providersFolder holds a user's own definitions, in the project's .whk folder and in
// the folder of the user's configuration.
const providersFolder = "providers"

// providers returns the built-in definitions and the user's own: those of the user's
// configuration folder, of the project, of the configuration files and of
// --provider-file.
func (a *app) providers() (*provider.Set, error) {
	var samples []ownSamples
	if folder, err := (config.Paths{Env: a.Env}).ConfigDir(); err == nil {
		folder = filepath.Join(folder, providersFolder)
		if samples, err = a.addFolder(os.DirFS(folder), folder, samples); err != nil {
			return nil, err
		}
	}
	if a.loaded.Root != "" {
		inside, err := config.Inside(a.loaded.Root, ".whk", providersFolder)
		if err == nil {
			samples, err = a.addFolder(inside, filepath.Join(a.loaded.Root, ".whk", providersFolder), samples)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, p := range a.loaded.Providers() {
		if p.Definition == nil {
			continue
		}
		add := a.set.Replace
		if p.Definition.Confined() { // nobody agreed to more than another provider
			add = a.set.Add
		}
		folder, err := p.Definition.Folder()
		if err == nil {
			err = a.addDefinition(folder, p.Definition.Path, add)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, path := range a.common.providerFiles {
		if !filepath.IsAbs(path) {
			path = filepath.Join(a.Dir, path)
		}
		if err := a.addDefinition(os.DirFS(filepath.Dir(path)), path, a.set.Replace); err != nil {
			return nil, err
		}
	}
	return a.set, a.addSamples(samples)
}

// ownSamples is a folder that holds a user's samples of a provider and no definition, as
// whk events save makes them.
type ownSamples struct {
	fsys         fs.FS
	folder, name string
}

// addSamples comes after all definitions, since one may be replaced by another. Samples
// of a provider that is not known here are left alone.
func (a *app) addSamples(samples []ownSamples) error {
	for _, s := range samples {
		if !slices.Contains(a.set.Names(), s.name) {
			continue
		}
		if err := a.set.AddSamples(s.fsys, s.name, s.name, filepath.Join(s.folder, s.name)); err != nil {
			return fail(codeUsage, err)
		}
	}
	return nil
}

// addFolder adds every definition of a folder, and the folders that hold samples alone
// to those that are known; a folder that is missing has none.
func (a *app) addFolder(fsys fs.FS, folder string, samples []ownSamples) ([]ownSamples, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return samples, nil
	}
	if err != nil {
		return samples, fail(codeUsage, fmt.Errorf("read provider definitions: %w", err))
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		_, noDefinition := fs.Stat(fsys, path.Join(entry.Name(), provider.DefinitionFile))
		_, noSamples := fs.Stat(fsys, path.Join(entry.Name(), provider.SamplesFolder))
		if errors.Is(noDefinition, fs.ErrNotExist) && noSamples == nil {
			samples = append(samples, ownSamples{fsys, folder, entry.Name()})
			continue
		}
		if err := a.addDefinition(fsys, filepath.Join(folder, entry.Name()), a.set.Add); err != nil {
			return samples, err
		}
	}
	return samples, nil
}

// addDefinition adds one definition: a folder with a provider.yaml, or a YAML file. It is
// read from the file system of the folder that it stands in.
func (a *app) addDefinition(fsys fs.FS, path string, add func(fs.FS, string, string) error) error {
	source := path
	if ext := filepath.Ext(path); ext != ".yaml" && ext != ".yml" {
		source = filepath.Join(path, provider.DefinitionFile)
	}
	err := add(fsys, filepath.Base(path), source)
	if errors.Is(err, provider.ErrRedefines) {
		return hint(fail(codeUsage, err), "give the definition another name, or load it with --provider-file to replace the one that is there")
	}
	if err != nil {
		return fail(codeUsage, err)
	}
	return nil
}

// secretFlags are the flags by which a person hands over secrets.
type secretFlags struct {
	values []string
	files  []string
	stdin  bool
	dev    bool
}

func (s *secretFlags) add(flags flagSet) {
	flags.StringArrayVar(&s.values, "secret", nil, "`[PROVIDER=]VALUE` of a secret; visible in the process list, so better:")
	flags.StringArrayVar(&s.files, "secret-file", nil, "read a secret from `[PROVIDER=]FILE`")
	flags.BoolVar(&s.stdin, "secret-stdin", false, "read the secret from standard input")
	flags.BoolVar(&s.dev, "secret-dev", false, "let the development secret count like a real one")
}

// secrets gathers the secrets of a provider; only is the one provider that is meant,
// or empty. The development secret stands in where there is none.
func (a *app) secrets(p *provider.Provider, s *secretFlags, only string) ([]verify.Secret, error) {
	known := a.set.Names()
	in := config.SecretInput{
		Files: s.files, FilesSource: a.settings.Source("secret-file"),
		Values: s.values, ValuesSource: a.settings.Source("secret"),
		Env: a.Env, Config: a.loaded.Provider(p.Name).Secrets,
		Known: func(name string) bool { return slices.Contains(known, name) },
		Only:  only,
	}
	if s.stdin {
		if only == "" {
			return nil, hint(usagef("--secret-stdin: one secret for which provider?"), "name one with --provider")
		}
		in.Stdin = a.In
	}
	if !p.Scheme.Keyed() {
		return nil, nil
	}
	configured, notices, err := config.Secrets(p.Name, in)
	if err != nil {
		return nil, err
	}
	for _, n := range notices {
		a.warn(n.Text, n.Hint)
	}
	return config.Development(configured, p.Scheme.DevelopmentSecret(p.Name), a.Env, false), nil
}

// bind ties a provider to its secrets.
func bind(p *provider.Provider, base string, secrets []verify.Secret) (*verify.Keyring, error) {
	keyring, err := p.Scheme.Bind(base, secrets...)
	if err != nil {
		return nil, fail(codeUsage, fmt.Errorf("%s: %w", p.Name, err))
	}
	return keyring, nil
}

// redactor masks the secrets of all providers that are given, and the headers in which
// shared keys travel, unless the user wants to see them.
func (a *app) redactor(secrets []verify.Secret) *replay.Redactor {
	if a.common.showSecrets {
		return nil
	}
	var clear []string
	for _, p := range a.set.All() {
		if p.Scheme.Clear() {
			clear = append(clear, p.Scheme.Header())
		}
	}
	return replay.NewRedactor(secrets, clear)
}

// storePath is where events are kept.
func (a *app) storePath() (string, error) {
	if a.common.store == "" {
		return (config.Paths{Env: a.Env}).StorePath()
	}
	if filepath.IsAbs(a.common.store) {
		return a.common.store, nil
	}
	return filepath.Join(a.Dir, a.common.store), nil
}

// openStore opens the event log.
func (a *app) openStore(o store.Options) (*store.Store, error) {
	path, err := a.storePath()
	if err != nil {
		return nil, err
	}
	s, err := store.Open(path, o)
	switch {
	case errors.Is(err, fs.ErrNotExist) && o.ReadOnly:
		return nil, hint(fail(codeUsage, err), "nothing was received yet: whk listen makes the store, --store FILE names another")
	case errors.Is(err, store.ErrLocked):
		return nil, hint(fail(codeUsage, err), "give this one a store of its own: whk listen --store "+filepath.Join(filepath.Dir(path), "second.db"))
	case err != nil:
		return nil, fail(codeUsage, err)
	}
	return s, nil
}

var _ listener.Log = (*store.Store)(nil)
