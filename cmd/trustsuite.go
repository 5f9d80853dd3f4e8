package cmd

import (
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"

	"whk/cmd/config"
	"whk/replay/contract"
)

// examine reads a file that may be trusted, without obeying it: a suite of whk test, or a
// file of configuration.
func (a *app) examine(o config.Options, path string) (*config.Examined, error) {
	if path != "" && isSuite(path) && filepath.Base(path) != config.ProjectFile {
		full := o.Absolute(path)
		if data, err := readLimited(full); err == nil && saysTarget(data) {
			s, err := contract.ParseSuite(path, data, a.Env)
			if err != nil {
				return nil, suiteFault(err)
			}
			return a.examineSuite(s, full, data), nil
		}
	}
	return config.Examine(o, path, a.trust())
}

// saysTarget reports whether a file is meant as a suite: every suite says what it tests,
// and no file of configuration does.
func saysTarget(data []byte) bool {
	var top struct{ Target yaml.Node }
	return yaml.Unmarshal(data, &top) == nil && !top.Target.IsZero()
}

// examineSuite says what a suite reaches for.
func (a *app) examineSuite(s *contract.Suite, path string, data []byte) *config.Examined {
	e := &config.Examined{Path: path, Name: s.File, Hash: config.ContentHash(data), Trusted: a.trust().Confirmed(path, data)}
	e.Changed = !e.Trusted && a.trustedBefore(path)
	for _, w := range s.Wants {
		e.Asks = append(e.Asks, config.Ask{Source: config.Source{Name: s.File, Line: w.Line, Column: w.Column}, Key: w.Key, Wants: w.Wants})
	}
	return e
}

// trustedBefore reports whether some content of a file was confirmed. It is for messages
// alone, so that what cannot be read does not matter.
func (a *app) trustedBefore(path string) bool {
	all, _ := a.trust().List()
	return slices.ContainsFunc(all, func(c config.Confirmation) bool { return c.Path == path })
}
