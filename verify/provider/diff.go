package provider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// ChangeKind says what became of a value.
type ChangeKind string

// The kinds of changes.
const (
	// Changed: the value is there on both sides and is written differently.
	Changed ChangeKind = "changed"
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
	// NotReported: one side says nothing about the name, where the sender reports only
	// part of what there is. Nothing was added or removed.
	NotReported ChangeKind = "not_reported"
)

// Change is one difference of two JSON documents.
type Change struct {
	// Path is where the value stands in the new document; one that is only in the old
	// document has its path there. It is empty when the documents differ as a whole.
	Path string
	// Was is the path in the old document, where an element of an array has moved up
	// or down; empty when it is Path.
	Was  string
	Kind ChangeKind
	// Old and New are the values as they were written, nil where there is none.
	Old, New json.RawMessage
	// SameValue marks a change of spelling alone: 1.10 and 1.1, "a\/b" and "a/b".
	SameValue bool
}

// DiffOptions say how two documents are compared. The zero value is for two whole
// documents.
type DiffOptions struct {
	// Partial is for a sender that reports only part of each side, as in the old and
	// new values of one event: a name that one side lacks is NotReported. Arrays are
	// whole even then.
	Partial bool
	// MaxChanges is how many changes are told apart, 10,000 when it is 0.
	MaxChanges int
}

// Changes is how one document became another.
type Changes struct {
	// List holds the changes in the order of the old document; what was added to an
	// object or array follows the rest of it.
	List []Change
	// Coarse means that somewhere a value was compared as a whole, because the
	// documents are too large or too different to look into it.
	Coarse bool

	root *difference
}

// Count returns how many changes are of a kind.
func (c Changes) Count(kind ChangeKind) int {
	n := 0
	for i := range c.List {
		if c.List[i].Kind == kind {
			n++
		}
	}
	return n
}

// Differ reports whether anything changed, was added or removed.
func (c Changes) Differ() bool { return len(c.List) > c.Count(NotReported) }

// The limits of a comparison, so that its time and what it returns stay in proportion
// to the documents, whatever they hold. What goes beyond one is compared as a whole.
const (
	maxChanges     = 10_000
	maxDiffDepth   = 32
	maxDiffMembers = 100_000
	maxDiffPath    = 512 // bytes of the path to an object or array
)

// Diff compares two JSON documents value by value. The order of names and the blanks
// between values make no difference; numbers and texts are compared as they are
// written, and a change of spelling alone is marked. Of a doubled name the last counts.
//
// The elements of two arrays belong together when they are objects that each have an
// id, under one name (id, _id, uuid or guid in any case) and different from the others
// of their array; one that changed its place among those is removed and added. All
// other arrays are compared index by index.
//
// Diff takes time in proportion to the documents, and to n log n for arrays that are
// matched by id. Documents with more differences than DiffOptions.MaxChanges are
// compared by their outermost values only, and as a whole if that is not enough.
func Diff(a, b []byte, o DiffOptions) (Changes, error) {
	for side, doc := range map[string][]byte{"old": a, "new": b} {
		if !json.Valid(doc) {
			return Changes{}, fmt.Errorf("compare: the %s document is not valid JSON", side)
		}
	}
	a, b = trimJSON(a), trimJSON(b)
	limit := o.MaxChanges
	if limit <= 0 {
		limit = maxChanges
	}
	var changes Changes
	for _, depth := range [...]int{maxDiffDepth, 1, 0} {
		c := comparer{partial: o.Partial, depth: depth, left: limit}
		root := c.values(a, b, 0, 0)
		if c.left < 0 {
			continue
		}
		changes = Changes{root: root, Coarse: c.coarse}
		break
	}
	if changes.root != nil {
		changes.root.list("", "", 0, &changes.List)
	}
	return changes, nil
}

func trimJSON(doc []byte) []byte { return bytes.Trim(doc, " \t\r\n") }

// difference is a value that differs: a change, or an object or array with differences
// inside. Its place is a name in an object, or positions in an array before and after.
type difference struct {
	key      string
	element  bool
	was, is  int
	kind     ChangeKind // empty with differences inside
	old, new []byte
	same     bool
	inside   []*difference
}

type comparer struct {
	partial bool
	depth   int // how many levels are looked into
	left    int // how many changes may still be found
	coarse  bool
}

// change notes one change, until there are too many.
func (c *comparer) change(d difference) *difference {
	c.left--
	return &d
}

// values compares two values and returns nil when they are equal. Depth and length
// are those of the path to them.
func (c *comparer) values(old, new []byte, depth, length int) *difference {
	if c.left < 0 || bytes.Equal(old, new) {
		return nil
	}
	nested := old[0] == new[0] && (old[0] == '{' || old[0] == '[')
	if nested && depth < c.depth && length <= maxDiffPath {
		compare := c.arrays
		if old[0] == '{' {
			compare = c.objects
		}
		if inside, ok := compare(old, new, depth+1, length); ok {
			if len(inside) == 0 {
				return nil
			}
			return &difference{inside: inside}
		}
	}
	if nested {
		if bytes.Equal(compacted(old), compacted(new)) {
			return nil
		}
		c.coarse = true
	}
	return c.change(difference{kind: Changed, old: old, new: new, same: sameValue(old, new)})
}

func compacted(raw []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw // what Diff was given is valid
	}
	return b.Bytes()
}

// objects compares two objects, unless one has too many members.
func (c *comparer) objects(old, new []byte, depth, length int) ([]*difference, bool) {
	was, ok := membersByKey(old)
	if !ok {
		return nil, false
	}
	is, ok := membersByKey(new)
	if !ok {
		return nil, false
	}
	gone, come := Removed, Added
	if c.partial {
		gone, come = NotReported, NotReported
	}
	var inside []*difference
	for _, key := range was.keys {
		m := was.at[key]
		n, both := is.at[key]
		var d *difference
		if both {
			d = c.values(old[m.value:m.end], new[n.value:n.end], depth, length+len(key)+1)
		} else {
			d = c.change(difference{kind: gone, old: old[m.value:m.end]})
		}
		if d != nil {
			d.key = key
			inside = append(inside, d)
		}
	}
	for _, key := range is.keys {
		if _, both := was.at[key]; !both && c.left >= 0 {
			m := is.at[key]
			inside = append(inside, c.change(difference{key: key, kind: come, new: new[m.value:m.end]}))
		}
	}
	return inside, true
}

// memberIndex is the members of an object: its names in their order, the last value of
// each.
type memberIndex struct {
	keys []string
	at   map[string]member
}

func membersByKey(object []byte) (memberIndex, bool) {
	x := memberIndex{at: map[string]member{}}
	n := 0
	for m := range members(object, 0) {
		if n++; n > maxDiffMembers {
			return x, false
		}
		key := unquote(object[m.key:m.keyEnd])
		if _, doubled := x.at[key]; !doubled {
			x.keys = append(x.keys, key)
		}
		x.at[key] = m
	}
	return x, true
}

// arrays compares two arrays, unless one has too many elements.
func (c *comparer) arrays(old, new []byte, depth, length int) ([]*difference, bool) {
	was, ok := elementsOf(old)
	if !ok {
		return nil, false
	}
	is, ok := elementsOf(new)
	if !ok {
		return nil, false
	}
	pairs, ok := pairByID(old, new, was, is)
	if !ok {
		for i := range min(len(was), len(is)) {
			pairs = append(pairs, [2]int{i, i})
		}
	}
	var inside, added []*difference
	i, j := 0, 0
	upTo := func(oldEnd, newEnd int) {
		for ; i < oldEnd && c.left >= 0; i++ {
			inside = append(inside, c.change(difference{element: true, was: i, kind: Removed, old: old[was[i].value:was[i].end]}))
		}
		for ; j < newEnd && c.left >= 0; j++ {
			added = append(added, c.change(difference{element: true, is: j, kind: Added, new: new[is[j].value:is[j].end]}))
		}
	}
	for _, pair := range pairs {
		upTo(pair[0], pair[1])
		m, n := was[pair[0]], is[pair[1]]
		if d := c.values(old[m.value:m.end], new[n.value:n.end], depth, length+len(strconv.Itoa(pair[1]))+1); d != nil {
			d.element, d.was, d.is = true, pair[0], pair[1]
			inside = append(inside, d)
		}
		i, j = pair[0]+1, pair[1]+1
	}
	upTo(len(was), len(is))
	return append(inside, added...), true
}

func elementsOf(array []byte) ([]member, bool) {
	var all []member
	for m := range elements(array, 0) {
		if len(all) == maxDiffMembers {
			return nil, false
		}
		all = append(all, m)
	}
	return all, true
}

// list writes the changes below a path of the new document, and one of the old.
func (d *difference) list(path, was string, depth int, out *[]Change) {
	for _, inner := range d.inside {
		now, before := EscapeKey(inner.key), EscapeKey(inner.key)
		if inner.element {
			now, before = strconv.Itoa(inner.is), strconv.Itoa(inner.was)
		}
		if depth > 0 {
			now, before = path+"."+now, was+"."+before
		}
		inner.list(now, before, depth+1, out)
	}
	if d.kind == "" {
		return
	}
	change := Change{Path: path, Kind: d.kind, Old: d.old, New: d.new, SameValue: d.same}
	switch {
	case d.new == nil:
		change.Path = was
	case d.old != nil && was != path:
		change.Was = was
	}
	*out = append(*out, change)
}
