package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Set is the providers that are known: the built-in ones and a user's own. Built-in
// definitions are read when they are first asked for. Add is for one goroutine, before
// the others start to read.
type Set struct {
	entries []entry // in the order of their names
	broken  []*BrokenError
	index   atomic.Pointer[index]
	read    atomic.Bool // whether every definition has been read
}

type entry struct {
	name string
	get  func() (*Provider, error)
}

// BuiltinSource is the Source of the providers that come with whk.
const BuiltinSource = "built-in"

// ErrRedefines says that a definition's name belongs to another already.
var ErrRedefines = errors.New("the name is taken")

// Add reads a definition and its samples and puts it into the set. Dir is a folder of
// fsys with a provider.yaml and, beside it, samples/*.json; or the path of another
// YAML file, with its samples folder beside it. Source is that file's name for people.
// A name that is taken, by a built-in provider or another definition, is refused; see
// Replace. When only samples are at fault, the definition is in the set without them, and
// the error is a SamplesError.
func (s *Set) Add(fsys fs.FS, dir, source string) error {
	return s.add(fsys, dir, source, false)
}

// Replace is Add for a definition that may take the place of another, also of a
// built-in one.
func (s *Set) Replace(fsys fs.FS, dir, source string) error {
	return s.add(fsys, dir, source, true)
}

func (s *Set) add(fsys fs.FS, dir, source string, replace bool) error {
	p, err := load(fsys, definitionFile(dir), source, source)
	if err != nil {
		return err
	}
	i, found := s.find(p.Name)
	s.index.Store(nil)
	s.read.Store(false)
	switch {
	case found && !replace:
		owner := BuiltinSource
		if other, err := s.entries[i].get(); err == nil {
			owner = other.Source
		}
		return fmt.Errorf("add provider %s from %s: %w: it is defined by %s", p.Name, source, ErrRedefines, owner)
	case found:
		s.entries[i] = entry{p.Name, loaded(p)}
	default:
		s.entries = slices.Insert(s.entries, i, entry{p.Name, loaded(p)})
	}
	if _, err := p.samples(); err != nil {
		return &SamplesError{p.Name, err}
	}
	return nil
}

// AddSamples adds a user's samples to a provider that is in the set, also to a built-in
// one: the files of the samples folder in dir, a folder of fsys. Each of them names the
// variant of its events that it is, so that nothing that was there changes. Source is
// the folder's name for people. The provider in the set is replaced by one that has
// them; who holds the other keeps it as it is. Files that cannot be used are left out, and
// are a SamplesError.
func (s *Set) AddSamples(fsys fs.FS, dir, name, source string) error {
	i, found := s.find(name)
	if !found {
		_, err := s.Lookup(name)
		return fmt.Errorf("add samples from %s: %w", source, err)
	}
	old, err := s.entries[i].get()
	if err != nil {
		return err
	}
	p := *old
	p.added = append(slices.Clip(p.added), sampleFolder{
		files: fsys, dir: path.Join(dir, SamplesFolder), shown: path.Join(slashed(source), SamplesFolder), variants: true,
	})
	p.share()
	s.entries[i] = entry{p.Name, loaded(&p)}
	s.index.Store(nil)
	s.read.Store(false)
	if _, err := p.samples(); err != nil {
		return &SamplesError{p.Name, err}
	}
	return nil
}

func loaded(p *Provider) func() (*Provider, error) {
	return func() (*Provider, error) { return p, nil }
}

func (s *Set) find(name string) (int, bool) {
	return slices.BinarySearchFunc(s.entries, name, func(e entry, name string) int { return strings.Compare(e.name, name) })
}

// Names returns the names of all providers in order, without reading a definition.
func (s *Set) Names() []string {
	names := make([]string, len(s.entries))
	for i, e := range s.entries {
		names[i] = e.name
	}
	return names
}

// All returns every provider, in the order of their names.
func (s *Set) All() []*Provider {
	s.readAll()
	all := make([]*Provider, len(s.entries))
	for i, e := range s.entries {
		all[i] = must(e.get())
	}
	return all
}

// readAll reads the definitions that nobody has asked for yet, on every processor, for
// whoever needs them all is waiting.
func (s *Set) readAll() {
	if s.read.Load() {
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(s.entries)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(s.entries); i = next.Add(1) - 1 {
				_, _ = s.entries[i].get() // whoever asks for it gets the error
			}
		})
	}
	wg.Wait()
	s.read.Store(true)
}

// must is for built-in definitions, which the tests of this package have read; those
// of users are read before they enter a set.
func must(p *Provider, err error) *Provider {
	if err != nil {
		panic(err)
	}
	return p
}

// Lookup returns the provider with a name, matched without regard to case. An unknown
// one is an UnknownError with the nearest names, which wraps ErrUnknownProvider; one
// whose definition cannot be used is a BrokenError.
func (s *Set) Lookup(name string) (*Provider, error) {
	if i, ok := s.find(strings.ToLower(name)); ok {
		return must(s.entries[i].get()), nil
	}
	for _, b := range s.broken {
		if strings.EqualFold(b.Name, name) {
			return nil, b
		}
	}
	names := s.Names()
	return nil, &UnknownError{What: ErrUnknownProvider, Name: name, Nearest: Nearest(name, names), Known: names}
}

// Match returns the full names of the events that can be forged and fit a glob.
func (s *Set) Match(glob string) []string {
	var names []string
	for _, p := range s.All() {
		for _, e := range p.Events() {
			if full := p.Name + "/" + e.Name; !e.Known && Match(glob, full) {
				names = append(names, full)
			}
		}
	}
	return names
}
