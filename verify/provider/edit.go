package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

var errNotJSON = errors.New("the body is not valid JSON")

// Put returns a copy of the body with value at a path, and every byte around it as it
// was. A name that is not there yet is added to the end of its object, the index one
// past the last appends to its array, and objects are made for names that lead there.
//
// It fails, and changes nothing, when the body or the value is not JSON, when the path
// runs through a scalar, gives an index to an object or a name to an array, leaves an
// array's bounds, holds "#", or passes a name that its object has twice.
func Put(body []byte, at string, value json.RawMessage) ([]byte, error) {
	p, err := parseEdit(body, at)
	if err != nil {
		return nil, fmt.Errorf("set %s: %w", at, err)
	}
	if !json.Valid(value) {
		return nil, fmt.Errorf("set %s: the value is not valid JSON", at)
	}
	value = bytes.Trim(value, " \t\r\n")
	place, err := p.locate(body)
	if err != nil {
		return nil, fmt.Errorf("set %s: %w", at, err)
	}
	if place.missing == nil {
		return slices.Concat(body[:place.value], value, body[place.end:]), nil
	}
	member, err := place.build(value)
	if err != nil {
		return nil, fmt.Errorf("set %s: %w", at, err)
	}
	return slices.Concat(body[:place.insert], member, body[place.insert:]), nil
}

// Unset returns a copy of the body without the member or element at a path, and every
// other byte but the comma that divided it as it was. It fails when Put would, and
// when there is nothing at the path.
func Unset(body []byte, at string) ([]byte, error) {
	p, err := parseEdit(body, at)
	if err != nil {
		return nil, fmt.Errorf("unset %s: %w", at, err)
	}
	place, err := p.locate(body)
	if err != nil {
		return nil, fmt.Errorf("unset %s: %w", at, err)
	}
	if place.missing != nil {
		return nil, fmt.Errorf("unset %s: there is nothing at this path", at)
	}
	from, to := place.key, place.end
	if place.previous > 0 {
		from = place.previous
	} else if comma := skipSpace(body, to); body[comma] == ',' {
		to = skipSpace(body, comma+1)
	}
	return slices.Concat(body[:from], body[to:]), nil
}

func parseEdit(body []byte, at string) (jsonPath, error) {
	p, err := parsePath(at)
	if err != nil {
		return nil, err
	}
	for _, s := range p {
		if s.each {
			return nil, errors.New("# reads each element, it cannot be written to")
		}
		if !utf8.ValidString(s.key) {
			return nil, errors.New("the path is not UTF-8, as JSON must be")
		}
	}
	if !json.Valid(body) {
		return nil, errNotJSON
	}
	return p, nil
}

// place is where an edit happens: at an existing member, or, when steps are missing,
// at the position where the first of them is inserted.
type place struct {
	member
	previous int // the end of the member before, 0 for the first
	missing  jsonPath
	insert   int
	inObject bool // whether the insertion makes a member, which needs a key
	comma    bool // whether the insertion follows another member
}

func (p jsonPath) locate(body []byte) (place, error) {
	at := skipSpace(body, 0)
	var here place
	for i, s := range p {
		var err error
		switch body[at] {
		case '{':
			here, err = locateMember(body, at, s, p[:i+1])
		case '[':
			here, err = locateElement(body, at, s, p[:i+1])
		default:
			err = fmt.Errorf("%s stands for no object or array", describe(p[:i]))
		}
		if err != nil {
			return place{}, err
		}
		if here.insert > 0 {
			here.missing = p[i:]
			return here, nil
		}
		at = here.value
	}
	return here, nil
}

func describe(p jsonPath) string {
	if len(p) == 0 {
		return "the body"
	}
	return p.String()
}

func locateMember(body []byte, at int, s step, so jsonPath) (place, error) {
	var here place
	found, last := 0, 0
	for m := range members(body, at) {
		if keyIs(body[m.key:m.keyEnd], s.key) {
			here = place{member: m, previous: last}
			found++
		}
		last = m.end
	}
	switch {
	case found > 1:
		return place{}, fmt.Errorf("%s is there %d times, so that it is not clear which is meant", so, found)
	case found == 1:
		return here, nil
	case s.index >= 0:
		return place{}, fmt.Errorf("%s is an object, it takes a name and no index", describe(so[:len(so)-1]))
	case last == 0:
		return place{insert: at + 1, inObject: true}, nil
	}
	return place{insert: last, inObject: true, comma: true}, nil
}

func locateElement(body []byte, at int, s step, so jsonPath) (place, error) {
	if s.index < 0 {
		return place{}, fmt.Errorf("%s is an array, it takes an index and no name", describe(so[:len(so)-1]))
	}
	n, last := 0, 0
	for m := range elements(body, at) {
		if n == s.index {
			return place{member: m, previous: last}, nil
		}
		last = m.end
		n++
	}
	switch {
	case s.index > n:
		return place{}, fmt.Errorf("%s: the array has %d elements", so, n)
	case n == 0:
		return place{insert: at + 1}, nil
	}
	return place{insert: last, comma: true}, nil
}

// build spells what is inserted: the first missing step, and objects for the others.
func (p place) build(value json.RawMessage) ([]byte, error) {
	out := slices.Clone(value)
	for _, s := range slices.Backward(p.missing[1:]) {
		if s.index >= 0 {
			return nil, fmt.Errorf("%s is not there, so that %d could mean an object or an array; set the whole value", p.missing[0].key, s.index)
		}
		out = slices.Concat([]byte("{"), quote(s.key), []byte(":"), out, []byte("}"))
	}
	if p.inObject {
		out = slices.Concat(quote(p.missing[0].key), []byte(":"), out)
	}
	if p.comma {
		out = append([]byte(","), out...)
	}
	return out, nil
}
