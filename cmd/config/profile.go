package config

import (
	"cmp"
	"regexp"
	"slices"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// profile is a part of the user file that lies over the rest of it once it is chosen:
//
//	profiles:
//	  work:
//	    store: ~/events-of-work.db
//	    listen: {addr: 127.0.0.1:4500}
//	    providers: {rentman: {secret: env:RENTMAN_WORK}}
//
// What it does not mention stays as the rest of the file says. Like there, lists are
// replaced, and a provider is overlaid field by field.
type profile struct {
	name string
	src  Source
	sections
}

// parseProfiles reads all profiles, so that a mistake in one shows before it is chosen.
func (f *File) parseProfiles(node *yaml.Node, flags *pflag.FlagSet) error {
	all, err := f.mapping(node, "profiles.")
	if err != nil {
		return err
	}
	defer func() { f.reading = "" }()
	for name, n := range all {
		src := f.at(child(node, name))
		if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`).MatchString(name) {
			err = first(err, src.errorf("a name has letters, digits, _ . and -", "profiles.%s: not a name for a profile", quoteOdd(name)))
			continue
		}
		f.reading = name
		p, problem := f.profile(name, src, n, flags)
		f.reading = ""
		err = first(err, problem)
		f.profiles = append(f.profiles, p)
	}
	slices.SortFunc(f.profiles, func(a, b profile) int { return cmp.Compare(a.src.Line, b.src.Line) })
	return err
}

func (f *File) profile(name string, src Source, node *yaml.Node, flags *pflag.FlagSet) (profile, error) {
	p := profile{name: name, src: src}
	prefix := "profiles." + name + "."
	if node.ShortTag() == "!!null" {
		return p, nil
	}
	keys, err := f.mapping(node, prefix, "store", "listen", "providers", "routes")
	if err != nil {
		return p, err
	}
	p.sections, err = f.parseSections(keys, prefix, flags)
	if n := keys["store"]; n != nil {
		text, problem := f.scalar(n, prefix+"store", "string")
		if problem == nil && text == "" {
			problem = f.at(n).errorf("", "%sstore: names no file", prefix)
		}
		err = first(err, problem)
		if i := slices.IndexFunc(p.listen, func(s setting) bool { return s.flag == "store" }); i >= 0 {
			err = first(err, f.at(n).errorf("remove one of them", "%sstore: there is %s as well", prefix, p.listen[i].name))
		}
		p.listen = append(p.listen, setting{flag: "store", name: prefix + "store", values: []string{text}, at: []Source{f.at(n)}, src: f.at(n)})
	}
	return p, err
}

// everything is the sections of the file and of all its profiles.
func (f *File) everything() []*sections {
	all := []*sections{&f.sections}
	for i := range f.profiles {
		all = append(all, &f.profiles[i].sections)
	}
	return all
}

// Profiles are the names of the profiles of the file, in its order.
func (f *File) Profiles() []string {
	if f == nil {
		return nil
	}
	var names []string
	for _, p := range f.profiles {
		names = append(names, p.name)
	}
	return names
}

// choose lays a profile over the rest of the file.
func (f *File) choose(name string) error {
	i := slices.IndexFunc(f.profiles, func(p profile) bool { return p.name == name })
	if i < 0 {
		return unknownProfile(name, f)
	}
	over := f.profiles[i].sections
	for _, s := range over.listen {
		f.listen = append(slices.DeleteFunc(f.listen, func(below setting) bool { return below.flag == s.flag }), s)
	}
	if over.routes != nil {
		f.routes = over.routes
	}
	for _, e := range over.providers {
		i := slices.IndexFunc(f.providers, func(below entry) bool { return below.name == e.name })
		if i < 0 {
			f.providers = append(f.providers, e)
			continue
		}
		below := &f.providers[i]
		if e.path.Text != "" {
			below.path = e.path
		}
		if e.definition.Path != "" {
			below.definition = e.definition
		}
		if e.secrets != nil {
			below.secrets = e.secrets
		}
	}
	return nil
}

// unknownProfile names the profiles that there are; f is nil where there is no file.
func unknownProfile(name string, f *File) error {
	known := f.Profiles()
	switch {
	case f == nil:
		return failf("profiles stand in the user file; whk config path says where it would be", "profile %s: there is no user file", quoteOdd(name))
	case len(known) == 0:
		return failf("write one there: profiles: {"+name+": {store: FILE}}", "profile %s: %s has no profiles", quoteOdd(name), f.Name)
	}
	return failf(didYouMean(name, known), "profile %s: %s has no such profile", quoteOdd(name), f.Name)
}
