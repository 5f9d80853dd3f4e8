package provider

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// BrokenError says that a definition is there and cannot be used, so that nothing of its
// provider can be judged, forged or read.
type BrokenError struct {
	// Name is the provider's, as far as the definition or its folder tells it; else "".
	Name string
	// Headers are those that the definition names, in one of which a key may travel.
	Headers []string
	Err     error
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("the definition of %s cannot be used: %s", clip(e.Name), e.Brief())
}

// Unwrap returns what is wrong with the definition.
func (e *BrokenError) Unwrap() error { return e.Err }

// Brief is the first fault and its place, and how many more there are.
func (e *BrokenError) Brief() string { return brief(e.Err) }

// maxExpected is how many keys a brief text lists as those that could have been meant.
const maxExpected = 5

func brief(err error) string {
	faults, ok := FaultsOf(err)
	if !ok || len(faults) == 0 {
		return err.Error()
	}
	text := faults[0].Error()
	if says, expected, ok := strings.Cut(text, "; expected "); ok && strings.Count(expected, ", ") > maxExpected {
		text = says // Lint lists them all
	}
	if more := len(faults) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

// Break notes that the definition in dir, as Add takes it, cannot be used. No other takes
// its place, not even the one that was in the set before: what is checked by a definition
// must not be checked by another, or not at all, without a word. A name that is given is
// that under which the definition was asked for.
func (s *Set) Break(fsys fs.FS, dir, name string, err error) {
	b := &BrokenError{Name: name, Err: err}
	var data []byte
	if fsys != nil {
		data, _ = readFile(fsys, definitionFile(dir), dir) // what it says is of use even then
	}
	for _, m := range regexp.MustCompile(`\bheader:[ \t]*["']?([A-Za-z0-9-]+)`).FindAllSubmatch(data, -1) {
		b.Headers = append(b.Headers, string(m[1]))
	}
	folder := path.Base(dir)
	candidates := []string{strings.TrimSuffix(folder, path.Ext(folder))}
	if m := regexp.MustCompile(`(?m)^name:[ \t]*["']?([A-Za-z0-9-]+)`).FindSubmatch(data); m != nil {
		candidates = []string{string(m[1]), candidates[0]}
	}
	for _, candidate := range candidates {
		if b.Name == "" && RefuseProviderName(candidate) == "" {
			b.Name = candidate
		}
	}
	if i, found := s.find(b.Name); found {
		s.entries = slices.Delete(s.entries, i, i+1)
		s.index.Store(nil)
		s.read.Store(false)
	}
	s.broken = append(s.broken, b)
}

// Broken are the definitions that cannot be used, in the order in which they were found.
func (s *Set) Broken() []*BrokenError { return s.broken }

// SamplesError says that samples of a provider cannot be used. The provider is in the set
// without them.
type SamplesError struct {
	Provider string
	Err      error
}

func (e *SamplesError) Error() string { return e.Err.Error() }

// Brief is the first fault and its place, and how many more there are.
func (e *SamplesError) Brief() string { return brief(e.Err) }

// Unwrap returns what is wrong with the samples.
func (e *SamplesError) Unwrap() error { return e.Err }
