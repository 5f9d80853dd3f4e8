package config

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// Setting is the resolved value of one flag, for people to read.
type Setting struct {
	// Name is the flag, "on-invalid".
	Name string
	// Value is the value as text, those of a flag that may be repeated one after the
	// other; Values are the latter. Secrets are masked, and so are passwords in URLs.
	Value  string
	Values []string
	Source Source
}

// Settings are all flags of a command in their order.
type Settings []Setting

// Source says where the value of a flag came from.
func (s Settings) Source(flag string) Source {
	for _, one := range s {
		if one.Name == flag {
			return one.Source
		}
	}
	return Source{}
}

// Apply fills every flag that was not given from the environment, then the project
// file, then the user file, so that a command reads its flags and nothing else. A flag
// that got a value counts as changed; Settings.Source tells the difference.
//
// The environment speaks to every flag of every command: WHK_ and the flag's name. An
// empty variable counts as unset, but is refused where a secret is due. A repeatable
// flag takes one value a line. The section listen speaks to the command listen; of its keys,
// store and color speak to every command, for there is one store and one terminal.
func (l *Loaded) Apply(flags *pflag.FlagSet, command string) (Settings, error) {
	var settings Settings
	var err error
	flags.VisitAll(func(flag *pflag.Flag) {
		if internal(flag.Name) || err != nil {
			return
		}
		src := Source{Layer: Flag, Name: flag.Name}
		if !flag.Changed {
			src, err = l.fill(flags, flag, command)
		}
		value, values := shown(flag)
		settings = append(settings, Setting{flag.Name, value, values, src})
	})
	if err != nil {
		return nil, err
	}
	return settings, nil
}

// fill gives a flag its value from the highest layer below the flag itself.
func (l *Loaded) fill(flags *pflag.FlagSet, flag *pflag.Flag, command string) (Source, error) {
	name := Variable(flag.Name)
	value, ok := l.env(name)
	src := Source{Layer: Env, Name: name}
	if ok && value == "" && secret(flag.Name) {
		return src, src.errorf("unset it, or give it a value", "env %s: set, but empty", name)
	}
	if value != "" {
		values := []string{value}
		if _, repeatable := flag.Value.(pflag.SliceValue); repeatable {
			values = lines(value)
		}
		for _, v := range values {
			if err := set(flags, flag, v, src, "env "+name); err != nil {
				return src, err
			}
		}
		return src, nil
	}
	for _, f := range []*File{l.Project, l.User} {
		s := f.says(flag.Name, command)
		if s == nil {
			continue
		}
		if list, repeatable := flag.Value.(pflag.SliceValue); repeatable && len(s.values) == 0 {
			flag.Changed = true
			return s.src, list.Replace(nil)
		}
		for i, v := range s.values {
			if err := set(flags, flag, v, s.at[i], s.name); err != nil {
				return s.src, err
			}
		}
		return s.src, nil
	}
	return Source{}, nil
}

// says is what a file says about a flag of a command, or nil.
func (f *File) says(flag, command string) *setting {
	if f == nil || command != "listen" && flag != "store" && flag != "color" {
		return nil
	}
	if flag == "route" {
		return f.routes
	}
	for i := range f.listen {
		if f.listen[i].flag == flag {
			return &f.listen[i]
		}
	}
	return nil
}

func set(flags *pflag.FlagSet, flag *pflag.Flag, value string, src Source, name string) error {
	err := flags.Set(flag.Name, value)
	if err == nil {
		return nil
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		err = invalid.Unwrap()
	}
	switch want := wanted(flag.Value.Type()); {
	case secret(flag.Name):
		return src.errorf("", "%s: the value cannot be used", name)
	case want != "text" && flag.Value.Type() != "size":
		return src.errorf("", "%s: want %s, got %s", name, want, quoteOdd(value))
	}
	return src.errorf("", "%s: %s: %s", name, quoteOdd(value), err)
}

// lines is the text's lines without the empty ones, or one empty line.
func lines(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			all = append(all, line)
		}
	}
	if all == nil {
		return []string{""}
	}
	return all
}

// internal reports whether a flag is cobra's own and no setting.
func internal(flag string) bool { return flag == "help" || flag == "version" }

// secret reports whether a flag's value must not be shown.
func secret(flag string) bool {
	return flag == "secret" || flag == "secret-file" || flag == "path-token"
}

// credential reports whether a header looks like one that proves who somebody is.
func credential(header string) bool {
	header = strings.ToLower(header)
	return slices.ContainsFunc([]string{"auth", "cookie", "key", "token", "secret", "signature"}, func(word string) bool { return strings.Contains(header, word) })
}

// Hidden stands for a value that is not shown.
const Hidden = "(hidden)"

// shown is the value of a flag for people, as one text and one by one.
func shown(flag *pflag.Flag) (text string, list []string) {
	mask := func(v string) string {
		switch {
		case v == "":
		case flag.Name == "secret" || flag.Name == "path-token":
			return Hidden
		case flag.Name == "route":
			if glob, target, found := strings.Cut(v, "="); found {
				return glob + "=" + withoutPassword(target)
			}
		case flag.Name == "add-header":
			if name, _, found := strings.Cut(v, ":"); found && credential(name) {
				return name + ": " + Hidden
			}
		case flag.Name == "forward-to" || flag.Name == "public-url":
			return withoutPassword(v)
		}
		return v
	}
	several, ok := flag.Value.(pflag.SliceValue)
	if !ok {
		return mask(flag.Value.String()), nil
	}
	for _, v := range several.GetSlice() {
		list = append(list, mask(v))
	}
	return strings.Join(list, ", "), list
}
