package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"whk/cmd/config"
	"whk/listener"
	"whk/listener/store"
	"whk/replay"
	"whk/verify"
	"whk/verify/provider"
)

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
	for _, b := range a.set.Broken() { // --secret acme=VALUE is for nobody else
		known = append(known, b.Name)
	}
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
	for _, b := range a.set.Broken() { // any of them may hold the key
		clear = append(clear, b.Headers...)
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

// errNoStore says that nothing was received yet.
var errNoStore = fmt.Errorf("nothing was received yet: %w", fs.ErrNotExist)

// openStore opens the event log.
func (a *app) openStore(o store.Options) (*store.Store, error) {
	path, err := a.storePath()
	if err != nil {
		return nil, err
	}
	s, err := store.Open(path, o)
	switch {
	case errors.Is(err, fs.ErrNotExist) && o.ReadOnly:
		return nil, hint(fail(codeUsage, fmt.Errorf("open store %s: %w", path, errNoStore)), "whk listen makes the store, --store FILE names another")
	case errors.Is(err, store.ErrLocked):
		return nil, hint(fail(codeUsage, err), "give this one a store of its own: whk listen --store "+filepath.Join(filepath.Dir(path), "second.db"))
	case err != nil:
		return nil, fail(codeUsage, err)
	}
	return s, nil
}

var _ listener.Log = (*store.Store)(nil)
