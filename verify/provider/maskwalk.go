package provider

import (
	"fmt"
	"strconv"
)

// maxMaskDepth keeps paths short; nothing that a webhook says is nested so deeply.
const maxMaskDepth = 200

// spot is one text, number or name of a member that the walk through a body meets.
type spot struct {
	member
	isKey bool
	kind  MaskKind // what its name says it is
	plain bool     // whether its name says that it is nobody's secret
	path  jsonPath // where it is; steps of arrays have each set
	shown string   // the path, for people
}

// level is an object or array that the walk is in.
type level struct {
	array  bool
	n      int
	kind   MaskKind // of the elements of an array
	plain  bool
	within MaskKind // of the members whose own names say nothing
	prefix string
}

// walkScalars calls f for every name and every scalar of a valid body, once each and
// without recursion. What f returns for a name is how the path spells it.
func (m *masker) walkScalars(body []byte, f func(spot) string) error {
	var levels []level
	var path jsonPath
	var name member
	for i := skipSpace(body, 0); i < len(body); i = skipSpace(body, i) {
		switch body[i] {
		case '}', ']':
			levels, path = levels[:len(levels)-1], path[:max(0, len(path)-1)]
			i++
			continue
		case ',', ':':
			i++
			continue
		}
		var s spot
		var within MaskKind
		if n := len(levels); n > 0 {
			here := &levels[n-1]
			if !here.array {
				name = member{key: i, keyEnd: skipString(body, i), value: i}
				name.end = name.keyEnd
				key := unquote(body[i:name.keyEnd])
				path[n-1] = step{key: key, index: -1}
				shown := f(spot{member: name, isKey: true, path: path[:n], shown: here.prefix})
				s.shown = joinShown(here.prefix, EscapeKey(shown))
				s.kind, s.plain = m.rules.kindOf(key)
				within = here.within
				if s.kind == MaskAddress || s.kind == MaskPlace {
					within = s.kind
				}
				if s.kind == "" && !s.plain {
					s.kind = within
				}
				i = skipSpace(body, skipSpace(body, name.keyEnd)+1)
			} else {
				path[n-1] = step{key: strconv.Itoa(here.n), index: here.n, each: true}
				s.shown = joinShown(here.prefix, strconv.Itoa(here.n))
				s.kind, s.plain, within = here.kind, here.plain, here.within
				here.n++
			}
		}
		if c := body[i]; c == '{' || c == '[' {
			if len(levels) == maxMaskDepth {
				return fmt.Errorf("mask: the body is nested more than %d levels deep", maxMaskDepth)
			}
			levels = append(levels, level{array: c == '[', kind: s.kind, plain: s.plain, within: within, prefix: s.shown})
			path = append(path, step{})
			i++
			continue
		}
		s.member = member{value: i, end: skipValue(body, i)}
		s.path = path[:len(levels)]
		f(s)
		i = s.end
	}
	return nil
}

// maxShownPath is how much of a path is shown: hostile names are long.
const maxShownPath = 256

func joinShown(prefix, step string) string {
	if prefix != "" {
		step = prefix + "." + step
	}
	if len(step) > maxShownPath {
		return step[:maxShownPath] + "…"
	}
	return step
}
