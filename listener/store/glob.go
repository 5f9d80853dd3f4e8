package store

import "strings"

// glob is a pattern in which * stands for any text, also none, and the case of letters
// does not matter.
type glob struct {
	all   bool
	parts []string // what stands between the stars
}

// anyName reports whether a pattern picks everything.
func anyName(pattern string) bool { return pattern == "" || pattern == "*" }

func newGlob(pattern string) glob {
	if anyName(pattern) {
		return glob{all: true}
	}
	return glob{parts: strings.Split(strings.ToLower(pattern), "*")}
}

func (g glob) match(text string) bool {
	if g.all {
		return true
	}
	rest := strings.ToLower(text)
	first, tail := g.parts[0], g.parts[1:]
	rest, ok := strings.CutPrefix(rest, first)
	if len(tail) == 0 {
		return ok && rest == ""
	}
	if !ok {
		return false
	}
	for _, part := range tail[:len(tail)-1] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, tail[len(tail)-1])
}
