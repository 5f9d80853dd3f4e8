package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"whk/cmd/config"
	"whk/verify/display"
	"whk/verify/provider"
)

// providersFolder holds a user's own definitions, in the project's .whk folder and in
// the folder of the user's configuration.
const providersFolder = "providers"

// providers returns the built-in definitions and the user's own: those of the user's
// configuration folder, of the project, of the configuration files and of
// --provider-file. What cannot be used is left out with a warning, but for the
// definitions that are needed: whoever looks one of them up gets the error.
func (a *app) providers(needed ...string) (*provider.Set, error) {
	samples, err := a.loadProviders()
	if err != nil {
		return nil, err
	}
	a.warnOfBroken(samples, needed...)
	return a.set, nil
}

// receiving is providers for a command that judges whatever comes. Without its definition
// what a provider sends would be kept unverified, and nobody would know; so none may be
// broken, unless everything is said to be of another provider.
func (a *app) receiving(command, only string) error {
	samples, err := a.loadProviders()
	if err != nil {
		return err
	}
	for _, b := range a.set.Broken() {
		if only == "" || strings.EqualFold(b.Name, only) {
			return hint(fail(codeUsage, fmt.Errorf("%s: %w", command, b)),
				"correct it, or take it away: what this provider sends could not be verified; --provider NAME receives for another one")
		}
	}
	a.warnOfBroken(samples)
	return nil
}

// warnOfBroken tells once of everything that was left out.
func (a *app) warnOfBroken(samples []*provider.SamplesError, needed ...string) {
	for _, b := range a.set.Broken() {
		if b.Name == "" || !slices.ContainsFunc(needed, func(name string) bool { return strings.EqualFold(name, b.Name) }) {
			a.warn(display.Line(b.Error()), adviceOf(b))
		}
	}
	for _, s := range samples {
		what := "folder "
		if _, ok := provider.FaultsOf(s); ok {
			what = "sample "
		}
		a.warn(display.Line(what+s.Brief()+": it is left out"), samplesAdvice(s))
	}
}

// brokenAdvice is what to do about a definition that cannot be used.
const brokenAdvice = "correct it, or take it away; whk providers lint says all that is wrong"

// adviceOf is what to do about this one.
func adviceOf(b *provider.BrokenError) string {
	if _, hints := outcome(b.Err); len(hints) > 0 {
		return strings.Join(hints, "; ")
	}
	return brokenAdvice
}

func samplesAdvice(s *provider.SamplesError) string {
	if _, ok := provider.FaultsOf(s); !ok {
		return "take it away, or put a definition into it; whk providers new begins one"
	}
	return "correct it, or take it away; whk providers lint " + s.Provider + " says all that is wrong"
}

// loadProviders reads all definitions and samples. The definitions that cannot be used
// are in the set as broken ones, the samples are returned. An error is for what was named
// for this very command, and for folders that cannot be read.
func (a *app) loadProviders() ([]*provider.SamplesError, error) {
	l := loading{app: a}
	if folder, err := (config.Paths{Env: a.Env}).ConfigDir(); err == nil {
		folder = filepath.Join(folder, providersFolder)
		if err := l.folder(os.DirFS(folder), folder); err != nil {
			return nil, err
		}
	}
	if a.loaded.Root != "" {
		inside, err := config.Inside(a.loaded.Root, ".whk", providersFolder)
		if err == nil {
			err = l.folder(inside, filepath.Join(a.loaded.Root, ".whk", providersFolder))
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
			err = l.definition(folder, p.Definition.Path, add)
		}
		if err != nil {
			a.set.Break(folder, filepath.Base(p.Definition.Path), p.Name, err)
		}
	}
	for _, path := range a.common.providerFiles {
		if !filepath.IsAbs(path) {
			path = filepath.Join(a.Dir, path)
		}
		if err := l.definition(os.DirFS(filepath.Dir(path)), path, a.set.Replace); err != nil {
			return nil, fail(codeUsage, err)
		}
	}
	l.samples()
	return l.broken, nil
}

// ownProviders are the names of the folders in which a user's own definitions lie, read
// or not, and of the files that --provider-file names.
func (a *app) ownProviders() []string {
	var folders []string
	if folder, err := (config.Paths{Env: a.Env}).ConfigDir(); err == nil {
		folders = append(folders, filepath.Join(folder, providersFolder))
	}
	if a.loaded.Root != "" {
		folders = append(folders, filepath.Join(a.loaded.Root, ".whk", providersFolder))
	}
	var names []string
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue // whoever reads the definitions says why
		}
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
	}
	for _, file := range a.common.providerFiles {
		base := filepath.Base(file)
		if name := strings.TrimSuffix(base, filepath.Ext(base)); base != provider.DefinitionFile {
			names = append(names, name)
		} else {
			names = append(names, filepath.Base(filepath.Dir(file)))
		}
	}
	return names
}

// loading is one reading of a user's definitions and samples.
type loading struct {
	*app
	own    []ownSamples
	broken []*provider.SamplesError
}

// ownSamples is a folder that holds a user's samples of a provider and no definition, as
// whk events save makes them.
type ownSamples struct {
	fsys         fs.FS
	folder, name string
}

// samples come after all definitions, since one may be replaced by another. Samples of a
// provider that is not known here are left alone.
func (l *loading) samples() {
	for _, s := range l.own {
		if !slices.Contains(l.set.Names(), s.name) {
			continue
		}
		err := l.set.AddSamples(s.fsys, s.name, s.name, filepath.Join(s.folder, s.name))
		if broken, ok := errors.AsType[*provider.SamplesError](err); ok && !l.told(broken) {
			l.broken = append(l.broken, broken)
		}
	}
}

// told reports whether what is wrong was found before: samples that are added to others
// are read with them.
func (l *loading) told(broken *provider.SamplesError) bool {
	return slices.ContainsFunc(l.broken, func(b *provider.SamplesError) bool { return b.Error() == broken.Error() })
}

// folder adds every definition of a folder, and notes the folders that hold samples
// alone; a folder that is missing has none.
func (l *loading) folder(fsys fs.FS, folder string) error {
	entries, err := fs.ReadDir(fsys, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fail(codeUsage, fmt.Errorf("read provider definitions: %w", err))
	}
	for _, entry := range entries {
		if !entry.IsDir() || entry.Name()[0] == '.' {
			continue
		}
		_, noDefinition := fs.Stat(fsys, path.Join(entry.Name(), provider.DefinitionFile))
		_, noSamples := fs.Stat(fsys, path.Join(entry.Name(), provider.SamplesFolder))
		if errors.Is(noDefinition, fs.ErrNotExist) && noSamples == nil {
			l.own = append(l.own, ownSamples{fsys, folder, entry.Name()})
			continue
		}
		if errors.Is(noDefinition, fs.ErrNotExist) { // nothing that anybody could rely on
			l.broken = append(l.broken, &provider.SamplesError{Provider: entry.Name(),
				Err: fmt.Errorf("%s: there is neither a %s nor a folder of samples", filepath.Join(folder, entry.Name()), provider.DefinitionFile)})
			continue
		}
		if err := l.definition(fsys, filepath.Join(folder, entry.Name()), l.set.Add); err != nil {
			l.set.Break(fsys, entry.Name(), "", err)
		}
	}
	return nil
}

// definition adds one definition: a folder with a provider.yaml, or a YAML file. It is
// read from the file system of the folder that it stands in.
func (l *loading) definition(fsys fs.FS, path string, add func(fs.FS, string, string) error) error {
	source := path
	if ext := filepath.Ext(path); ext != ".yaml" && ext != ".yml" {
		source = filepath.Join(path, provider.DefinitionFile)
	}
	err := add(fsys, filepath.Base(path), source)
	if broken, ok := errors.AsType[*provider.SamplesError](err); ok {
		l.broken = append(l.broken, broken)
		return nil
	}
	if errors.Is(err, provider.ErrRedefines) {
		return hint(err, "give the definition another name, or load it with --provider-file to replace the one that is there")
	}
	return err
}
