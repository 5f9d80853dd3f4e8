package config

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"whk/verify"
)

// SecretFile is the file in which whk secrets keeps secrets: one for its owner alone,
// beside the user file. Several processes may change it at once.
type SecretFile struct {
	Path string

	// why says why nothing of it may be used, or is "".
	why string
}

// StoredSecret is one secret that is kept.
type StoredSecret struct {
	Provider, Name string
	Added          time.Time
	Secret         verify.Secret
}

const defaultSecretName = "default"

// storedFile is the form of the file; the newest secret of a provider stands first.
type storedFile struct {
	Version   int                       `json:"version"`
	Providers map[string][]storedSecret `json:"providers"`
}

type storedSecret struct {
	Name  string    `json:"name"`
	Added time.Time `json:"added"`
	Value string    `json:"value"`
}

// List returns all secrets that are kept, by provider, each provider's newest first.
func (s SecretFile) List() ([]StoredSecret, error) {
	file, err := s.read()
	if err != nil {
		return nil, err
	}
	var all []StoredSecret
	for name, secrets := range file.Providers {
		for _, one := range secrets {
			all = append(all, StoredSecret{name, one.Name, one.Added, verify.NewSecret("file "+s.Path+" ("+one.Name+")", one.Value)})
		}
	}
	slices.SortStableFunc(all, func(a, b StoredSecret) int { return cmp.Compare(a.Provider, b.Provider) })
	return all, nil
}

// Set keeps a secret. An empty name means the one that a provider has by default; a
// secret of that name is replaced, and returned.
func (s SecretFile) Set(provider, name, value string, at time.Time) (replaced *StoredSecret, err error) {
	if name == "" {
		name = defaultSecretName
	}
	if problem := checkStored(provider, name, value); problem != "" {
		return nil, failf("", "keep the secret of %s: %s", provider, problem)
	}
	err = s.change(func(file *storedFile) error {
		kept := file.Providers[provider]
		if i := named(kept, name); i >= 0 {
			replaced = &StoredSecret{provider, name, kept[i].Added, verify.NewSecret(name, kept[i].Value)}
			kept = slices.Delete(kept, i, i+1)
		}
		file.Providers[provider] = slices.Insert(kept, 0, storedSecret{name, at.UTC().Truncate(time.Second), value})
		return nil
	})
	return replaced, err
}

// Remove forgets the secret of that name, or every secret of the provider where the name
// is empty, and returns how many those were. It is an Error when there is none.
func (s SecretFile) Remove(of, name string) (removed int, err error) {
	err = s.change(func(file *storedFile) error {
		kept := file.Providers[of]
		var known []string
		for _, one := range kept {
			known = append(known, one.Name)
		}
		switch i := named(kept, name); {
		case len(kept) == 0:
			known = nil
			for other := range file.Providers {
				known = append(known, other)
			}
			return failf(nearestOf(of, known), "remove the secret of %s: none is kept", quoteOdd(of))
		case name == "":
			removed = len(kept)
			kept = nil
		case i < 0:
			return failf(nearestOf(name, known), "remove the secret %s of %s: none of that name is kept", quoteOdd(name), of)
		default:
			removed = 1
			kept = slices.Delete(kept, i, i+1)
		}
		if file.Providers[of] = kept; len(kept) == 0 {
			delete(file.Providers, of)
		}
		return nil
	})
	return removed, err
}

func named(all []storedSecret, name string) int {
	return slices.IndexFunc(all, func(s storedSecret) bool { return s.Name == name })
}

// nearestOf is a hint that also fits where nothing is known at all.
func nearestOf(word string, known []string) string {
	if len(known) == 0 {
		return "whk secrets set keeps one"
	}
	return "whk secrets list lists them; " + didYouMean(word, known)
}

// change reads, changes and writes the file while no other process does.
func (s SecretFile) change(edit func(*storedFile) error) error {
	switch {
	case s.Path == "":
		return failf("set HOME or XDG_CONFIG_HOME", "keep secrets: there is no folder for them")
	case s.why != "":
		return s.misplaced()
	}
	if err := makePrivate(filepath.Dir(s.Path)); err != nil {
		return privateError(s.Path, "keep secrets", err)
	}
	// The lock is a file of its own, since the one with the secrets is replaced. It
	// stays, so that no two processes lock two files of one name.
	lock, err := os.OpenFile(s.Path+".lock", os.O_RDWR|os.O_CREATE|noFollow, 0o600)
	if err != nil {
		return privateError(s.Path+".lock", "lock the secrets", explainLink(s.Path+".lock", err))
	}
	defer lock.Close()
	if err := lockFile(lock); err != nil {
		return privateError(s.Path+".lock", "lock the secrets", err)
	}
	file, err := s.read()
	if err != nil {
		return err
	}
	if err := edit(&file); err != nil {
		return err
	}
	content, err := json.MarshalIndent(file, "", "  ")
	if err == nil && len(content) >= maxFile {
		err = errTooLarge
	}
	if err == nil {
		err = writePrivate(s.Path, append(content, '\n'))
	}
	if err != nil {
		return privateError(s.Path, "keep secrets", err)
	}
	return nil
}

// read returns what is kept. Its errors repeat nothing of it.
func (s SecretFile) read() (storedFile, error) {
	empty := storedFile{Version: 1, Providers: map[string][]storedSecret{}}
	if s.Path == "" {
		return empty, nil
	}
	content, err := readPrivate(s.Path, maxFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return empty, nil
	case err != nil:
		return empty, privateError(s.Path, "read the secrets", err)
	case s.why != "":
		return empty, s.misplaced()
	}
	damaged := func(problem string) error {
		return &Error{File: s.Path, Msg: "read the secrets: " + problem, Hint: "move the file away, and set the secrets again"}
	}
	var file storedFile
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return empty, damaged("this is not what whk secrets writes")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return empty, damaged("something stands behind their end")
	}
	if file.Version != 1 {
		return empty, damaged("not a version that is known here")
	}
	if file.Providers == nil {
		file.Providers = empty.Providers
	}
	for provider, secrets := range file.Providers {
		for i, one := range secrets {
			if problem := checkStored(provider, one.Name, one.Value); problem != "" {
				return empty, damaged(quoteOdd(provider) + ": " + problem)
			}
			if named(secrets, one.Name) < i {
				return empty, damaged(provider + ": two secrets have one name")
			}
		}
	}
	return file, nil
}

func (s SecretFile) misplaced() error {
	return &Error{File: s.Path, Msg: s.why + ", and secrets are kept outside of projects only", Hint: "keep the folder of the configuration outside the project"}
}

// checkStored says what is wrong with a secret that is to be kept. It repeats nothing of
// the value.
func checkStored(provider, name, value string) string {
	switch {
	case checkProvider(provider) != "":
		return "not a name for a provider"
	case !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`).MatchString(name):
		return "a name of a secret has letters, digits, _ . and -, up to 64"
	case value == "":
		return "the secret is empty"
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		return "the secret is no text; keep it in a file, and refer to it as file:PATH in the configuration"
	case len(value) > MaxSecret:
		return "the secret is too large"
	}
	return ""
}
