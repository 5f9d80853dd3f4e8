package config

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Value is a text and where it came from.
type Value struct {
	Text   string
	Source Source
}

// Provider is what the files say about one provider, the project file before the user
// file, field by field.
type Provider struct {
	Name string
	// Path is where the provider's deliveries arrive, "/rentman"; Text is empty when no
	// file says it.
	Path Value
	// Definition is a definition file for this provider. A definition that calls itself
	// by another name has to be refused: it could redefine a built-in provider.
	Definition *FileRef
	// Secrets are references only; they go into SecretInput.Config. Loaded.Provider
	// names what whk secrets keeps where no file names anything.
	Secrets []SecretRef
}

// SecretRef says where a secret is: in a variable, in a file, or with those that whk
// secrets keeps.
type SecretRef struct {
	Env    string
	File   FileRef
	Source Source

	stored *SecretFile
}

// Stored reports whether the reference stands for what whk secrets keeps.
func (r SecretRef) Stored() bool { return r.stored != nil }

// String is the reference as a file spells it.
func (r SecretRef) String() string {
	switch {
	case r.stored != nil:
		return "file:" + r.stored.Path
	case r.Env != "":
		return "env:" + r.Env
	}
	return "file:" + r.File.Path
}

// parseProviders reads what stands under providers.
func (f *File) parseProviders(node *yaml.Node, section string) ([]entry, error) {
	all, err := f.mapping(node, section)
	if err != nil {
		return nil, err
	}
	var entries []entry
	for name, n := range all {
		src := f.at(child(node, name))
		if problem := checkProvider(name); problem != "" {
			err = first(err, src.errorf(problem, "%s%s: not a name for a provider", section, quoteOdd(name)))
			continue
		}
		e, problem := f.entry(name, src, n, section+name+".")
		err = first(err, problem)
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return entries, err
}

// checkProvider says what is wrong with a provider's name: each name must make a
// variable of its own (SecretVariable).
func checkProvider(name string) string {
	switch {
	case name == "file", name == "stdin", name == "dev":
		return SecretVariable(name) + " is the variable of the flag --secret-" + name
	case !regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`).MatchString(name):
		return "a name has small letters, digits and -"
	}
	return ""
}

func (f *File) entry(name string, src Source, node *yaml.Node, prefix string) (entry, error) {
	e := entry{name: name, src: src, prefix: prefix}
	keys, err := f.mapping(node, prefix, "path", "file", "secret", "secrets")
	if err != nil {
		return e, err
	}
	if n := keys["path"]; n != nil {
		text, problem := f.scalar(n, prefix+"path", "string")
		if problem == nil && !regexp.MustCompile(`^/[^\s?#\\[:cntrl:]]*$`).MatchString(text) {
			problem = f.at(n).errorf("write a path such as /"+name, "%spath: not the path of a URL", prefix)
		}
		err = first(err, problem)
		e.path = Value{text, f.at(n)}
	}
	if n := keys["file"]; n != nil {
		text, problem := f.scalar(n, prefix+"file", "string")
		if problem == nil && text == "" {
			problem = f.at(n).errorf("", "%sfile: names no file", prefix)
		}
		err = first(err, problem)
		e.definition = FileRef{Path: text, Source: f.at(n)}
	}
	one, several := keys["secret"], keys["secrets"]
	if one != nil && several != nil {
		return e, first(err, f.at(several).errorf("put all of them under secrets", "%ssecrets: there is %ssecret as well", prefix, prefix))
	}
	var nodes []*yaml.Node
	switch {
	case one != nil:
		nodes, several, prefix = []*yaml.Node{one}, one, prefix+"secret"
	case several == nil:
		return e, err
	case several.Kind != yaml.SequenceNode || len(several.Content) == 0:
		return e, first(err, f.at(several).errorf("write secrets: [env:NAME, env:OTHER]", "%ssecrets: want a list of references", prefix))
	default:
		nodes, prefix = several.Content, prefix+"secrets"
	}
	for _, n := range nodes {
		ref, problem := f.secretRef(n, prefix)
		err = first(err, problem)
		e.secrets = append(e.secrets, ref)
	}
	return e, err
}

// secretRef reads env:NAME or file:PATH. Its messages repeat nothing of the value,
// which may well be a secret that somebody put into the file.
func (f *File) secretRef(node *yaml.Node, name string) (SecretRef, error) {
	const hint = "put it in the environment and write env:NAME"
	src := f.at(node)
	ref, err := parseRef(node.Value)
	ref.Source, ref.File.Source = src, src
	switch {
	case node.Kind != yaml.ScalarNode:
		return ref, src.errorf("write env:NAME or file:PATH", "%s: want one reference, got %s", name, kindOf(node))
	case node.Value == "":
		return ref, src.errorf(hint, "%s: the secret is empty", name)
	case strings.HasPrefix(node.Value, "cmd:"):
		return ref, src.errorf(hint, "%s: no program is run for a secret", name)
	case err != "":
		return ref, src.errorf(hint, "%s: %s", name, err)
	}
	return ref, nil
}

// parseRef reads a reference, or says what is wrong with it.
func parseRef(text string) (SecretRef, string) {
	kind, rest, _ := strings.Cut(text, ":")
	switch kind {
	case "env":
		if !regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`).MatchString(rest) {
			return SecretRef{}, "what follows env: is not the name of a variable"
		}
		return SecretRef{Env: rest}, ""
	case "file":
		if rest == "" || strings.ContainsRune(rest, 0) {
			return SecretRef{}, "what follows file: is not the path of a file"
		}
		return SecretRef{File: FileRef{Path: rest}}, ""
	}
	return SecretRef{}, "a file holds no secret, only where it is"
}

// resolve makes the paths of a file absolute: they count from the file's own folder,
// and in a trusted file ~/ is the home folder.
func (f *File) resolve(root, home string) {
	absolute := func(path string) string {
		if rest, ok := strings.CutPrefix(path, "~/"); ok && f.Trusted && home != "" {
			return filepath.Join(home, rest)
		}
		if filepath.IsAbs(path) {
			return filepath.Clean(path)
		}
		return filepath.Join(filepath.Dir(f.Path), path)
	}
	ref := func(r *FileRef) {
		if r.Path == "" {
			return
		}
		r.Path = absolute(r.Path)
		if !f.Trusted {
			r.root = root
		}
	}
	for _, part := range f.everything() {
		for i := range part.providers {
			ref(&part.providers[i].definition)
			for j := range part.providers[i].secrets {
				ref(&part.providers[i].secrets[j].File)
			}
		}
		for _, s := range part.listen {
			switch s.flag {
			case "store", "ready-file", "provider-file":
				for j := range s.values {
					s.values[j] = absolute(s.values[j])
				}
			}
		}
	}
}
