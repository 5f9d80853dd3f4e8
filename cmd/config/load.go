package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// ProjectFile is the name of a project's configuration file.
const ProjectFile = ".whk.yaml"

// Options is everything that Load depends on.
type Options struct {
	// Dir is the working directory.
	Dir   string
	Paths Paths
	// Listen has the flags of listen, which are the keys of the section listen.
	Listen *pflag.FlagSet
	// Builtin reports whether a provider is built in. Without it every provider counts
	// as built in, so that a project file redefines none.
	Builtin func(provider string) bool
	// Trusted reports whether a person has confirmed this very content of a project
	// file; Trust.Confirmed is one. Without it no project file is trusted.
	Trusted func(path string, content []byte) bool
	// Profile is the profile of the user file that was chosen, or "".
	Profile string
	// Bind says what is wrong with binding keys to an action of the screen; without it
	// nothing is.
	Bind func(action string, keys []string) error
}

// Loaded is what the files say.
type Loaded struct {
	// Project and User are nil where there is no such file.
	Project, User *File
	// Root is the project's folder: the one that holds .git, else the one that holds
	// the project file. It is empty when there is neither.
	Root string
	// UserFile is where the user's file is or would be; it may be empty.
	UserFile string
	// Profile is the one that was chosen, or "".
	Profile string
	// Stored is what whk secrets keeps.
	Stored SecretFile

	env Lookup
}

// Keys are the keys of the screen that the user has bound, by action.
func (l *Loaded) Keys() map[string][]string {
	if l.User == nil {
		return nil
	}
	return l.User.keys
}

// Environment is what is there without any file.
func Environment(env Lookup) *Loaded { return &Loaded{env: orNothing(env)} }

func orNothing(env Lookup) Lookup {
	if env == nil {
		return func(string) (string, bool) { return "", false }
	}
	return env
}

// Load finds and reads the project file and the user file.
//
// The project file is the nearest .whk.yaml from the working directory upwards. The
// search ends at the folder that holds .git, at the home folder, or at the root of the
// file system, whichever comes first; below the home folder it never looks above it.
//
// A user file that WHK_CONFIG or XDG_CONFIG_HOME place inside the project comes with
// the repository as well, and is judged like the project file.
func Load(o Options) (*Loaded, error) {
	dir := physical(o.Dir)
	home, _ := o.Paths.Home()
	if home != "" {
		home = physical(home)
	}
	l := Environment(o.Paths.Env)
	l.Profile = o.Profile
	var found string
	l.Root, found = locate(dir, home)
	if path, err := o.Paths.SecretFile(); err == nil {
		l.Stored = SecretFile{path, o.Paths.inProject("XDG_CONFIG_HOME", path, l.Root, home)}
	}

	userFile, err := o.Paths.UserFile(dir)
	if err == nil { // without a home folder there is no user file, and no need for one
		l.UserFile = userFile
	}
	if found != "" {
		if l.Project, err = o.project(found, dir, home, l); err != nil {
			return nil, err
		}
	}
	if l.UserFile != "" {
		if l.User, err = o.user(home, l); err != nil {
			return nil, err
		}
	}
	if o.Profile != "" && l.User == nil {
		return nil, unknownProfile(o.Profile, nil)
	}
	if err := l.distinctPaths(); err != nil {
		return nil, err
	}
	return l, nil
}

// distinctPaths refuses two providers that would receive at one path.
func (l *Loaded) distinctPaths() error {
	taken := map[string]string{}
	for _, p := range l.Providers() {
		if other, twice := taken[p.Path.Text]; twice && p.Path.Text != "" {
			return p.Path.Source.errorf("", "providers.%s.path: %s has the same path", p.Name, other)
		}
		taken[p.Path.Text] = p.Name
	}
	return nil
}

// locate finds the project's folder and its file; both may be missing.
func locate(dir, home string) (root, file string) {
	for at := dir; ; at = filepath.Dir(at) {
		path := filepath.Join(at, ProjectFile)
		if _, err := os.Lstat(path); err == nil && file == "" {
			file = path
		}
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at, file
		}
		if at == home || at == filepath.Dir(at) {
			break
		}
	}
	if file != "" {
		root = filepath.Dir(file)
	}
	return root, file
}

func (o Options) project(path, dir, home string, l *Loaded) (*File, error) {
	f := &File{Path: path, Name: path, Layer: Project}
	if rel, err := filepath.Rel(dir, path); err == nil {
		f.Name = rel
	}
	rel, err := filepath.Rel(l.Root, path)
	if err != nil {
		return nil, &Error{File: f.Name, Msg: "find the project file", Err: err}
	}
	content, _, err := readInside(l.Root, rel, maxFile)
	if err != nil {
		return nil, &Error{File: f.Name, Msg: "read the project file", Err: err}
	}
	if err := f.parse(content, o.Listen, o.Bind); err != nil {
		return nil, err
	}
	f.Trusted = o.trusts(path, content, l.Root, home)
	if f.Trusted {
		err = f.literal()
	}
	f.resolve(l.Root, home)
	if !f.Trusted {
		err = f.judge(o.policy(l, ""))
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (o Options) user(home string, l *Loaded) (*File, error) {
	f := &File{Path: l.UserFile, Name: l.UserFile, Layer: User}
	content, info, err := FileRef{Path: f.Path}.read(maxFile)
	named := o.Paths.env("WHK_CONFIG") != ""
	if errors.Is(err, fs.ErrNotExist) && !named {
		return nil, nil
	}
	if err != nil {
		e := &Error{File: f.Name, Msg: "read the user file", Err: err}
		if named {
			e.Hint = "WHK_CONFIG names it"
		}
		return nil, e
	}
	if writableByAll(info) {
		return nil, &Error{File: f.Name, Msg: "every user of this machine can change this file", Hint: "chmod 600 " + f.Name}
	}
	if err := f.parse(content, o.Listen, o.Bind); err != nil {
		return nil, err
	}
	why := o.foreign(home, info, l)
	f.Trusted = why == "" || o.trusts(f.Path, content, l.Root, home)
	f.resolve(l.Root, home)
	if !f.Trusted {
		if err := f.judge(o.policy(l, why)); err != nil {
			return nil, err
		}
	}
	for _, part := range f.everything() {
		if s := slices.IndexFunc(part.listen, func(s setting) bool { return ruleOf(s.flag) == private }); s >= 0 && readableByOthers(info) {
			return nil, part.listen[s].src.errorf("chmod 600 "+f.Name, "%s: a secret in a file that others can read", part.listen[s].name)
		}
	}
	if o.Profile != "" {
		if err := f.choose(o.Profile); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// trusts asks whether a person has confirmed a file. The answer counts only where it
// cannot have come with the project.
func (o Options) trusts(path string, content []byte, root, home string) bool {
	if o.Trusted == nil {
		return false
	}
	state, err := o.Paths.StateDir()
	if err == nil && o.Paths.inProject("XDG_STATE_HOME", state, root, home) != "" {
		return false
	}
	return o.Trusted(canonical(path), content)
}

// canonical is the path of a file whose folder is without symbolic links. The file
// itself may be one: what is trusted by one name is not trusted by another.
func canonical(path string) string {
	return filepath.Join(physical(filepath.Dir(path)), filepath.Base(path))
}

// inProject says that one of the user's own folders lies in a project because a variable
// says so, or "". What is there comes with the project.
func (p Paths) inProject(variable, path, root, home string) string {
	// A repository that holds the whole home folder holds the user's own files.
	if root == "" || p.env(variable) == "" || home != "" && within(home, root) {
		return ""
	}
	if within(physicalStart(path), root) {
		return variable + " points into the project"
	}
	return ""
}

// physicalStart is physical for a path whose end may be missing.
func physicalStart(path string) string {
	if _, err := os.Lstat(path); err != nil && filepath.Dir(path) != path {
		return filepath.Join(physicalStart(filepath.Dir(path)), filepath.Base(path))
	}
	return physical(path)
}

// foreign says why the user file belongs to the project rather than to the user, or "".
func (o Options) foreign(home string, info fs.FileInfo, l *Loaded) string {
	if l.Root == "" {
		return ""
	}
	if l.Project != nil {
		if p, err := os.Stat(l.Project.Path); err == nil && os.SameFile(p, info) {
			return "the user file is the project file"
		}
	}
	placed := "XDG_CONFIG_HOME"
	if o.Paths.env("WHK_CONFIG") != "" {
		placed = "WHK_CONFIG"
	}
	return o.Paths.inProject(placed, l.UserFile, l.Root, home)
}

func (o Options) policy(l *Loaded, why string) policy {
	p := policy{builtin: o.Builtin, contained: containedIn(l.Root), root: l.Root, why: why}
	if why == "" {
		p.userFile = l.UserFile
	}
	return p
}

// within reports whether a path is a folder or something below it.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// physical is a path without symbolic links, as far as they can be followed.
func physical(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return path
}

// Providers is what the files say about providers, by name.
func (l *Loaded) Providers() []Provider {
	byName := map[string]*Provider{}
	for _, f := range []*File{l.Project, l.User} {
		if f == nil {
			continue
		}
		for _, e := range f.providers {
			p := byName[e.name]
			if p == nil {
				p = &Provider{Name: e.name}
				byName[e.name] = p
			}
			if p.Path.Text == "" {
				p.Path = e.path
			}
			if p.Definition == nil && e.definition.Path != "" {
				p.Definition = &e.definition
			}
			if p.Secrets == nil {
				p.Secrets = e.secrets
			}
		}
	}
	all := make([]Provider, 0, len(byName))
	for _, p := range byName {
		all = append(all, *p)
	}
	slices.SortFunc(all, func(a, b Provider) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Provider is what the files say about one provider, which may be nothing. Where they
// say nothing about its secrets, what whk secrets keeps stands in.
func (l *Loaded) Provider(name string) Provider {
	found := Provider{Name: name}
	for _, p := range l.Providers() {
		if p.Name == name {
			found = p
		}
	}
	if found.Secrets == nil && l.Stored.Path != "" {
		found.Secrets = []SecretRef{{stored: &l.Stored}}
	}
	return found
}

// Routes are the routes of the file that says any, each as GLOB=URL with its place.
func (l *Loaded) Routes() []Value {
	for _, f := range []*File{l.Project, l.User} {
		if f == nil || f.routes == nil {
			continue
		}
		var all []Value
		for i, text := range f.routes.values {
			all = append(all, Value{text, f.routes.at[i]})
		}
		return all
	}
	return nil
}
