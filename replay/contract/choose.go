package contract

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// choose picks the checks of the run. What the user skips is reported at once.
func (r *run) choose() ([]*Check, error) {
	o := r.o
	every := append(Catalogue(), o.Extra...)
	if o.Fuzz > 0 {
		every = append(every, fuzzCheck(o.Fuzz))
	}
	for _, globs := range [][]string{o.Only, keys(o.Skip), keys(o.Severity)} {
		for _, glob := range globs {
			if !slices.ContainsFunc(every, func(c Check) bool { return matches(glob, c.ID) }) {
				return nil, &UnknownCheckError{Glob: glob}
			}
		}
	}
	var chosen []*Check
	r.index = map[string]int{}
	for i := range every {
		c := &every[i]
		r.index[c.ID] = i
		named := slices.ContainsFunc(o.Only, func(glob string) bool { return matches(glob, c.ID) })
		switch {
		case !c.Scope.Fits(r.subject):
			continue
		case len(o.Only) > 0 && !named && !c.gate:
			continue
		case !o.Mode.covers(c.Mode) && (!named || c.Mode == Hostile):
			continue
		}
		for glob, reason := range o.Skip {
			if matches(glob, c.ID) && !c.gate {
				r.report.Results = append(r.report.Results, Result{Check: c, Status: Skipped, Severity: c.Severity, Reason: reason})
				c = nil
				break
			}
		}
		if c != nil {
			chosen = append(chosen, c)
		}
	}
	r.total = len(chosen) + len(r.report.Results)
	return chosen, nil
}

func keys[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	return names
}

// matches reports whether a glob names a check; a group's name stands for all of it.
func matches(glob, id string) bool {
	if strings.HasPrefix(id, glob+".") {
		return true
	}
	ok, err := path.Match(glob, id)
	return ok && err == nil
}

// UnknownCheckError says that a glob names no check.
type UnknownCheckError struct{ Glob string }

func (e *UnknownCheckError) Error() string { return fmt.Sprintf("no check is called %q", e.Glob) }
