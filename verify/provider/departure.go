package provider

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// DepartureKind says how a body departs from a shape.
type DepartureKind string

// The ways to depart.
const (
	// NewField means that the path was never seen.
	NewField DepartureKind = "new"
	// TypeChanged means that the value has a type that it never had.
	TypeChanged DepartureKind = "type"
	// FieldGone means that every body before had the field.
	FieldGone DepartureKind = "gone"
)

// Departure is one way in which a body departs from a shape.
type Departure struct {
	Kind DepartureKind
	// Path is where, "items.#.id"; empty for the body as a whole. Of what is new or gone
	// only the outermost path is told.
	Path string
	// Known are the types that the value had before, Seen those that it has now.
	Known, Seen JSONTypes
}

// Departures says how a body departs from the shape, in the order of the paths, each
// departure once. Nothing is said about a body that is no JSON, and nothing about what
// the shape does not know: arrays that were always empty, values that were always null,
// and new names once the shape is full. It may be called from several goroutines while
// nobody learns.
func (s *Shape) Departures(body []byte) []Departure {
	if s.bodies == 0 || !json.Valid(body) {
		return nil
	}
	c := shapeComparer{shape: s, body: body, found: map[departureKey]Departure{}}
	c.value(&s.root, skipSpace(body, 0), nil)
	return slices.SortedFunc(maps.Values(c.found), func(a, b Departure) int {
		if d := strings.Compare(a.Path, b.Path); d != 0 {
			return d
		}
		return strings.Compare(string(a.Kind), string(b.Kind))
	})
}

type departureKey struct {
	path string
	kind DepartureKind
}

type shapeComparer struct {
	shape *Shape
	body  []byte
	found map[departureKey]Departure
}

func (c *shapeComparer) note(kind DepartureKind, path jsonPath, known, seen JSONTypes) {
	key := departureKey{path.String(), kind}
	d, ok := c.found[key]
	if !ok && len(c.found) >= MaxPaths {
		return
	}
	c.found[key] = Departure{Kind: kind, Path: key.path, Known: known, Seen: d.Seen | seen}
}

func (c *shapeComparer) value(n *shapeNode, at int, path jsonPath) {
	kind := typeOf(c.body[at])
	if n.types|Null == Null {
		return // nothing but null was ever there
	}
	if n.types&kind == 0 {
		c.note(TypeChanged, path, n.types, kind)
		return
	}
	if len(path) == maxShapeDepth {
		return
	}
	switch kind {
	case Object:
		c.object(n, at, path)
	case Array:
		if n.element == nil {
			return
		}
		path = append(path, step{key: "#", each: true, index: -1})
		for m := range elements(c.body, at) {
			c.value(n.element, m.value, path)
		}
	}
}

func (c *shapeComparer) object(n *shapeNode, at int, path jsonPath) {
	there := make(map[string]bool, len(n.fields))
	for m := range members(c.body, at) {
		quoted := c.body[m.key:m.keyEnd]
		if len(quoted) > maxShapeKey {
			continue
		}
		key := unquote(quoted)
		field := n.fields[key]
		inside := append(path, step{key: key, index: -1})
		if field != nil {
			there[key] = true
			c.value(field, m.value, inside)
		} else if !c.shape.full {
			c.note(NewField, inside, 0, typeOf(c.body[m.value]))
		}
	}
	for key, field := range n.fields {
		if field.seen == n.objects && !there[key] {
			c.note(FieldGone, append(path, step{key: key, index: -1}), field.types, 0)
		}
	}
}
