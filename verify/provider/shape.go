package provider

import (
	"encoding/json"
	"math/rand/v2"
	"time"
)

// JSONTypes is a set of the types that a value was seen to have.
type JSONTypes uint8

// The types of JSON.
const (
	Null JSONTypes = 1 << iota
	Boolean
	Number
	Text
	Object
	Array
)

// Names are the types of the set in words, null last.
func (t JSONTypes) Names() []string {
	var names []string
	for _, one := range [...]struct {
		t    JSONTypes
		name string
	}{{Object, "object"}, {Array, "array"}, {Text, "string"}, {Number, "number"}, {Boolean, "boolean"}, {Null, "null"}} {
		if t&one.t != 0 {
			names = append(names, one.name)
		}
	}
	return names
}

// String joins the types, as in "string or null".
func (t JSONTypes) String() string { return Either(t.Names()) }

func typeOf(c byte) JSONTypes {
	switch c {
	case '{':
		return Object
	case '[':
		return Array
	case '"':
		return Text
	case 't', 'f':
		return Boolean
	case 'n':
		return Null
	}
	return Number
}

// The limits of a shape, so that it stays small whatever senders make up: maps of
// custom fields can have a new name in every body.
const (
	MaxPaths      = 2000
	maxShapeDepth = 32
	maxShapeKey   = 256
)

// Shape is what the bodies of one event have in common: which paths there are, of which
// types, and which of them no body lacks. The elements of an array share one shape,
// "items.#". The zero value knows nothing. Learning belongs to one goroutine.
type Shape struct {
	root   shapeNode
	bodies int
	paths  int
	full   bool
	visit  int
}

// shapeNode is one value of a shape.
type shapeNode struct {
	types   JSONTypes
	objects int // how many objects were seen here
	fields  map[string]*shapeNode
	element *shapeNode

	seen  int // in how many of its objects a field was
	visit int // the last of them, since a name can be doubled
}

// Bodies is how many bodies the shape was learned from.
func (s *Shape) Bodies() int { return s.bodies }

// Paths is how many paths the shape has, MaxPaths at most.
func (s *Shape) Paths() int { return s.paths }

// Full reports whether the bodies had more paths than a shape keeps. Fields that are not
// in it are not judged then.
func (s *Shape) Full() bool { return s.full }

// Learn widens the shape by a body. It reports false, and learns nothing, when the body
// is no JSON.
func (s *Shape) Learn(body []byte) bool {
	if !json.Valid(body) {
		return false
	}
	s.bodies++
	s.learn(&s.root, body, skipSpace(body, 0), 0)
	return true
}

func (s *Shape) learn(n *shapeNode, b []byte, at, depth int) {
	kind := typeOf(b[at])
	n.types |= kind
	if depth == maxShapeDepth {
		return
	}
	switch kind {
	case Object:
		n.objects++
		s.visit++
		object := s.visit
		for m := range members(b, at) {
			field := s.field(n, b[m.key:m.keyEnd])
			if field == nil {
				continue
			}
			if field.visit != object {
				field.visit = object
				field.seen++
			}
			s.learn(field, b, m.value, depth+1)
		}
	case Array:
		for m := range elements(b, at) {
			if n.element == nil {
				if n.element = s.grow(); n.element == nil {
					return
				}
			}
			s.learn(n.element, b, m.value, depth+1)
		}
	}
}

// field finds the field of a name, or makes it; nil when there is no room.
func (s *Shape) field(n *shapeNode, quoted []byte) *shapeNode {
	if len(quoted) > maxShapeKey {
		s.full = true
		return nil
	}
	key := unquote(quoted)
	if field := n.fields[key]; field != nil {
		return field
	}
	field := s.grow()
	if field == nil {
		return nil
	}
	if n.fields == nil {
		n.fields = map[string]*shapeNode{}
	}
	n.fields[key] = field
	return field
}

func (s *Shape) grow() *shapeNode {
	if s.paths == MaxPaths {
		s.full = true
		return nil
	}
	s.paths++
	return &shapeNode{}
}

// LearnSamples widens a shape by the samples of an event, in all their variants, and
// returns how many there were. A shape that is only guessed teaches nothing: deliveries
// that depart from it tell of the guess, not of the provider.
func (p *Provider) LearnSamples(event string, s *Shape) int {
	plain, err := p.Sample(event, "")
	if err != nil || plain.Certainty == Guessed {
		return 0
	}
	learned := 0
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, variant := range plain.variants() {
		sample, err := p.Sample(event, variant)
		if err != nil {
			continue
		}
		r, err := sample.Render(time.Unix(0, 0).UTC(), rnd)
		if err == nil && s.Learn(r.Body) {
			learned++
		}
	}
	return learned
}

// variants names the forms that the sample's event has.
func (s *Sample) variants() []string {
	var names []string
	for _, v := range s.file.variantsOf(Name(s.of.Name, s.Action), s.Certainty) {
		names = append(names, v.Name)
	}
	return names
}
