package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

var errOtherDocument = errors.New("it is not the document that was compared")

// Apply makes the new document of the old one: the same values, with every number and
// text as the new one writes it. Names keep the order that they have in the old
// document, and new ones follow. Of a partial comparison it makes what is known after
// the change: the old document with everything that the new one says.
//
// A document other than the one that was compared is refused.
func (c Changes) Apply(a []byte) ([]byte, error) {
	if !json.Valid(a) {
		return nil, fmt.Errorf("apply changes: %w", errNotJSON)
	}
	if c.root == nil {
		return bytes.Clone(a), nil
	}
	out, err := c.root.apply(make([]byte, 0, len(a)), trimJSON(a))
	if err != nil {
		return nil, fmt.Errorf("apply changes: %w", err)
	}
	return out, nil
}

// apply appends what becomes of a value.
func (d *difference) apply(out, old []byte) ([]byte, error) {
	switch {
	case d.kind == Changed && bytes.Equal(old, d.old):
		return append(out, d.new...), nil
	case d.kind == "" && old[0] == '{' && !d.inside[0].element:
		return d.applyObject(out, old)
	case d.kind == "" && old[0] == '[' && d.inside[0].element:
		return d.applyArray(out, old)
	}
	return nil, errOtherDocument
}

func (d *difference) applyObject(out, old []byte) ([]byte, error) {
	inside := make(map[string]*difference, len(d.inside))
	for _, inner := range d.inside {
		inside[inner.key] = inner
	}
	last := make(map[string]int, len(inside)) // where the member stands that counts
	for m := range members(old, 0) {
		key := unquote(old[m.key:m.keyEnd])
		if inner := inside[key]; inner != nil {
			last[key] = m.key
		}
	}
	out = append(out, '{')
	start := len(out)
	comma := func() {
		if len(out) > start {
			out = append(out, ',')
		}
	}
	for m := range members(old, 0) {
		key := unquote(old[m.key:m.keyEnd])
		inner := inside[key]
		if inner == nil || inner.new == nil && inner.kind == NotReported {
			comma()
			out = append(out, old[m.key:m.end]...)
			continue
		}
		if m.key != last[key] {
			continue // a doubled name: the last one counts
		}
		if inner.kind == Removed {
			if !bytes.Equal(old[m.value:m.end], inner.old) {
				return nil, errOtherDocument
			}
			continue
		}
		comma()
		out = append(append(out, old[m.key:m.keyEnd]...), ':')
		var err error
		if out, err = inner.apply(out, old[m.value:m.end]); err != nil {
			return nil, err
		}
	}
	for _, inner := range d.inside {
		_, there := last[inner.key]
		comes := inner.kind == Added || inner.kind == NotReported && inner.new != nil
		if there == comes {
			return nil, errOtherDocument
		}
		if comes {
			comma()
			out = append(append(append(out, quoteKey(inner.key)...), ':'), inner.new...)
		}
	}
	return append(out, '}'), nil
}

// quoteKey encodes a name so that unquote decodes it again, also one that is not UTF-8.
func quoteKey(key string) []byte {
	if raw := []byte(`"` + key + `"`); bytes.IndexByte(raw, '\\') < 0 && json.Valid(raw) {
		return raw
	}
	return quote(key)
}

func (d *difference) applyArray(out, old []byte) ([]byte, error) {
	inside := make(map[int]*difference, len(d.inside))
	var added []*difference
	for _, inner := range d.inside {
		if inner.kind == Added {
			added = append(added, inner)
		} else {
			inside[inner.was] = inner
		}
	}
	out = append(out, '[')
	n, i, met := 0, 0, 0 // elements written, elements read, changes met
	next := func() {
		if n > 0 {
			out = append(out, ',')
		}
		n++
	}
	addHere := func() {
		for len(added) > 0 && added[0].is == n {
			next()
			out = append(out, added[0].new...)
			added = added[1:]
		}
	}
	for m := range elements(old, 0) {
		inner := inside[i]
		i++
		if inner != nil {
			met++
		}
		if inner != nil && inner.kind == Removed {
			if !bytes.Equal(old[m.value:m.end], inner.old) {
				return nil, errOtherDocument
			}
			continue
		}
		addHere()
		next()
		if inner == nil {
			out = append(out, old[m.value:m.end]...)
			continue
		}
		var err error
		if out, err = inner.apply(out, old[m.value:m.end]); err != nil {
			return nil, err
		}
	}
	addHere()
	if len(added) > 0 || met < len(inside) {
		return nil, errOtherDocument
	}
	return append(out, ']'), nil
}
