// Package config resolves every setting of whk to one value and says where it came
// from. The law:
//
//   - The flags of the commands are the only list of settings. A key of a file and a
//     variable of the environment exist because a flag does: --on-invalid is
//     on_invalid in the section listen, and WHK_ON_INVALID.
//   - Flag, environment, project file, user file, built-in default: the first that
//     speaks wins, whole. Lists are replaced, never merged.
//   - The project file .whk.yaml comes with somebody's repository. It is read, never
//     obeyed blindly: it reaches nothing but loopback and reads nothing outside its
//     project (trust.go has the whole table). What it may not do is refused with the
//     line that asks for it.
//   - A profile is a part of the user file that lies over the rest of it once it is
//     chosen; project files have none.
//   - No configuration file holds a secret. It says where one is: env:NAME or file:PATH.
//     What whk secrets keeps has a file of its own, for its owner alone (stored.go).
//   - Nothing here looks at the process's environment, working directory or standard
//     input by itself; all of them are handed in.
//
// Each command loads once and applies once:
//
//	l, err := config.Load(config.Options{Dir: dir, Paths: paths, Listen: listenFlags})
//	settings, err := l.Apply(cmd.Flags(), cmd.Name())
//	settings.Source("addr") // "flag --addr", "env WHK_ADDR", ".whk.yaml:3", "default"
package config

import (
	"fmt"
	"strings"
)

// Lookup finds a variable of the environment; os.LookupEnv is one.
type Lookup func(name string) (value string, ok bool)

// Layer is a place that settings come from; a higher one wins.
type Layer int

// The layers, weakest first.
const (
	Default Layer = iota
	User
	Project
	Env
	Flag
)

func (l Layer) String() string {
	return [...]string{"default", "user", "project", "env", "flag"}[l]
}

// Source says where a value came from.
type Source struct {
	Layer Layer
	// Name is the flag, the variable, or the file as messages show it.
	Name string
	// Line and Column count from 1; they are 0 outside files.
	Line, Column int
	// Profile is the profile of the user file that says it, or "".
	Profile string
}

func (s Source) String() string {
	switch s.Layer {
	case Flag:
		return "flag --" + s.Name
	case Env:
		return "env " + s.Name
	case Project, User:
		text := s.Name
		if s.Line > 0 {
			text = fmt.Sprintf("%s:%d", s.Name, s.Line)
		}
		if s.Profile != "" {
			text += " (profile " + s.Profile + ")"
		}
		return text
	}
	return "default"
}

// errorf makes an Error that points at the source.
func (s Source) errorf(hint, format string, args ...any) *Error {
	e := failf(hint, format, args...)
	if s.Layer == Project || s.Layer == User {
		e.File, e.Line, e.Column = s.Name, s.Line, s.Column
	}
	return e
}

// Variable names the variable of the environment that stands for a flag:
// "WHK_ON_INVALID" for "on-invalid".
func Variable(flag string) string { return "WHK_" + capitals(flag) }

// SecretVariable names the variable that holds the secret of a provider:
// "WHK_SECRET_RENTMAN" for "rentman".
func SecretVariable(provider string) string { return "WHK_SECRET_" + capitals(provider) }

func capitals(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// key is how a file spells a flag.
func key(flag string) string { return strings.ReplaceAll(flag, "-", "_") }

// Notice is a remark for people: nothing failed, yet they should know.
type Notice struct {
	Text string
	// Hint says what to do instead; it may be empty.
	Hint string
}
