package config

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Trust remembers which project files a person has confirmed: one private file each, in
// the folder trust of the user's state. What counts is path and content together. Two
// processes that confirm different files never meet; of two that confirm the same one,
// the last wins.
type Trust struct {
	// Dir is Paths.StateDir; without it nothing is trusted.
	Dir string
}

// Confirmation says that a person has confirmed a content of a file.
type Confirmation struct {
	Version int `json:"version"`
	// Path is absolute.
	Path   string    `json:"path"`
	SHA256 string    `json:"sha256"`
	At     time.Time `json:"at"`
}

// Holds reports whether the file still has the content that was confirmed.
func (c Confirmation) Holds() (bool, error) {
	content, _, err := readInside(filepath.Dir(c.Path), filepath.Base(c.Path), maxFile)
	return err == nil && ContentHash(content) == c.SHA256, err
}

// ContentHash names a content of a file.
func ContentHash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Confirmed reports whether this very content of the file at this path is trusted. What
// cannot be read for certain is not.
func (t Trust) Confirmed(path string, content []byte) bool {
	c, err := t.of(path)
	return err == nil && c.SHA256 == ContentHash(content)
}

// Confirm trusts a content, given by its hash, of the file at a path.
func (t Trust) Confirm(path, hash string, at time.Time) error {
	if t.Dir == "" {
		return failf("set HOME or XDG_STATE_HOME", "trust %s: there is no folder to note it in", quoteOdd(path))
	}
	content, err := json.Marshal(Confirmation{1, path, hash, at.UTC().Truncate(time.Second)})
	if err == nil {
		err = writePrivate(t.file(path), append(content, '\n'))
	}
	if err != nil {
		return privateError(t.file(path), "note that a file is trusted", err)
	}
	return nil
}

// Forget takes the trust in the file at a path away, and reports whether there was any.
func (t Trust) Forget(path string) (bool, error) {
	if t.Dir == "" {
		return false, nil
	}
	err := os.Remove(t.file(path))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, privateError(t.file(path), "take the trust in a file away", bare(err))
	}
	return true, nil
}

// List returns what was confirmed, by path.
func (t Trust) List() ([]Confirmation, error) {
	if t.Dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(t.folder())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, privateError(t.folder(), "list the trusted files", bare(err))
	}
	var all []Confirmation
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") || filepath.Ext(entry.Name()) != ".json" {
			continue // left by a process that was killed while it wrote
		}
		path := filepath.Join(t.folder(), entry.Name())
		c, err := readConfirmation(path)
		if err != nil {
			return nil, privateError(path, "list the trusted files", err)
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Confirmation) int { return cmp.Compare(a.Path, b.Path) })
	return all, nil
}

func (t Trust) folder() string { return filepath.Join(t.Dir, "trust") }

// file is named after the path, which may hold anything, by its hash.
func (t Trust) file(path string) string {
	return filepath.Join(t.folder(), ContentHash([]byte(path))+".json")
}

func (t Trust) of(path string) (Confirmation, error) {
	if t.Dir == "" {
		return Confirmation{}, fs.ErrNotExist
	}
	c, err := readConfirmation(t.file(path))
	if err == nil && c.Path != path {
		err = errors.New("it is about another file")
	}
	return c, err
}

func readConfirmation(path string) (Confirmation, error) {
	var c Confirmation
	content, err := readPrivate(path, MaxSecret)
	if err != nil {
		return c, err
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&c) != nil || c.Version != 1 || !filepath.IsAbs(c.Path) || len(c.SHA256) != 2*sha256.Size {
		return c, errors.New("this is not what whk trust writes")
	}
	return c, nil
}
