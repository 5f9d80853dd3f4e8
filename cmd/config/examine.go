package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Examined is a project file as whk trust shows it: what it asks for beyond what any
// project file may do.
type Examined struct {
	// Path is where the file is, and what Trust knows it by; Name is what messages show.
	Path, Name string
	// Hash names the content that was examined.
	Hash string
	Asks []Ask
	// Trusted says that this content is confirmed already, Changed that another one was.
	Trusted, Changed bool
}

// Ask is one thing that a project file asks for.
type Ask struct {
	Source Source
	// Key is the key that asks, "listen.addr".
	Key string
	// Wants completes the sentence "the file wants to", and Problem says which rule
	// that breaks; it may be empty.
	Wants, Problem string
}

// Locate finds the project file that counts for a folder and the project's root. Either
// may be empty.
func Locate(dir string, paths Paths) (root, file string) {
	home, _ := paths.Home()
	if home != "" {
		home = physical(home)
	}
	return locate(physical(dir), home)
}

// Examine reads a project file without obeying it: the one at path, or the one that
// counts for the working directory where path is empty. Any other file is taken for a
// user file that lies inside a project. A file that cannot be used even when it is
// trusted is an Error.
func Examine(o Options, path string, trust Trust) (*Examined, error) {
	f, root, err := o.find(path)
	if err != nil {
		return nil, err
	}
	home, _ := o.Paths.Home()
	if home != "" {
		home = physical(home)
	}
	if trust.Dir != "" {
		if why := o.Paths.inProject("XDG_STATE_HOME", trust.Dir, root, home); why != "" {
			return nil, failf("keep the user's state outside the project", "trust %s: %s, and what it notes there would come with the project", f.Name, why)
		}
	}
	rel, err := filepath.Rel(root, f.Path)
	if err != nil {
		return nil, &Error{File: f.Name, Msg: "read the file", Err: err}
	}
	content, _, err := readInside(root, rel, maxFile)
	if err != nil {
		return nil, &Error{File: f.Name, Msg: "read the file", Err: err}
	}
	if err := f.parse(content, o.Listen, o.Bind); err != nil {
		return nil, err
	}
	if err := f.literal(); err != nil {
		return nil, err
	}
	f.Trusted = true // the paths as they will count
	f.resolve(root, home)
	e := &Examined{Path: f.Path, Name: f.Name, Hash: ContentHash(content)}
	for _, r := range f.refusals(policy{builtin: o.Builtin, contained: containedIn(root), root: root}) {
		e.Asks = append(e.Asks, Ask{r.src, r.name, r.wants, r.problem})
	}
	if before, err := trust.of(f.Path); err == nil {
		e.Trusted = before.SHA256 == e.Hash
		e.Changed = !e.Trusted
	}
	return e, nil
}

// find says which file is meant, and in which project it lies.
func (o Options) find(path string) (f *File, root string, err error) {
	if path == "" {
		root, found := Locate(o.Dir, o.Paths)
		if found == "" {
			return nil, "", failf("whk trust FILE names one", "no project file: there is no %s here, nor above up to the repository's root", ProjectFile)
		}
		return &File{Path: found, Name: o.name(found), Layer: Project}, root, nil
	}
	full := o.Absolute(path)
	if info, err := os.Stat(full); err == nil && info.IsDir() {
		full = filepath.Join(full, ProjectFile)
	}
	if _, err := os.Lstat(full); errors.Is(err, fs.ErrNotExist) {
		return nil, "", failf("", "trust %s: there is no such file", quoteOdd(path))
	}
	full = canonical(full)
	if root, _ = Locate(filepath.Dir(full), o.Paths); root == "" {
		root = filepath.Dir(full)
	}
	f = &File{Path: full, Name: o.name(full), Layer: User}
	if filepath.Base(full) == ProjectFile {
		f.Layer = Project
	}
	return f, root, nil
}

// Absolute is a path of the command line as Trust knows it.
func (o Options) Absolute(path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(o.Dir, path)
	}
	return canonical(path)
}

// name is how messages show a file: as seen from the working directory where it is
// below it, else whole.
func (o Options) name(path string) string {
	if rel, err := filepath.Rel(physical(o.Dir), path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}
