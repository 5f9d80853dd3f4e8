package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"whk/verify/provider"
)

// node is a JSON value as it is written: the order of keys, the spelling of numbers and
// of texts stay. It is what bodies are bent with.
type node struct {
	kind byte     // '{', '[', '"', '0', 't', 'n'
	raw  string   // of a scalar, as written
	keys []string // of an object, as written, with quotes
	kids []*node  // of an object or an array
}

var errNoTree = errors.New("the body is not JSON")

// parseTree reads a body of JSON.
func parseTree(body []byte) (*node, error) {
	if !json.Valid(body) {
		return nil, errNoTree
	}
	return readNode(bytes.TrimSpace(body))
}

func readNode(raw []byte) (*node, error) {
	n := &node{kind: kindOf(raw[0])}
	if n.kind != '{' && n.kind != '[' {
		n.raw = string(raw)
		return n, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	for d.More() {
		if n.kind == '{' {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			text, _ := key.(string)
			n.keys = append(n.keys, quoted(text))
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		kid, err := readNode(bytes.TrimSpace(value))
		if err != nil {
			return nil, err
		}
		n.kids = append(n.kids, kid)
	}
	return n, nil
}

func kindOf(c byte) byte {
	switch c {
	case '{', '[', '"', 'n':
		return c
	case 't', 'f':
		return 't'
	}
	return '0'
}

// quoted writes a text as JSON and escapes nothing that need not be.
func quoted(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(text) != nil {
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func textNode(text string) *node { return &node{kind: '"', raw: quoted(text)} }

// rawNode is JSON that is known to be valid.
func rawNode(raw string) *node {
	n, err := parseTree([]byte(raw))
	if err != nil {
		return &node{kind: '"', raw: raw} // on purpose no JSON
	}
	return n
}

// text is the decoded text of a string.
func (n *node) text() string {
	var s string
	if n.kind == '"' {
		_ = json.Unmarshal([]byte(n.raw), &s)
	}
	return s
}

func (n *node) clone() *node {
	c := &node{kind: n.kind, raw: n.raw, keys: append([]string(nil), n.keys...)}
	for _, kid := range n.kids {
		c.kids = append(c.kids, kid.clone())
	}
	return c
}

// bytes writes the value compactly.
func (n *node) bytes() []byte { return n.append(nil, layout{}, 0) }

// layout is how a value is written.
type layout struct {
	pretty  bool // CRLF and tabs, and a blank before each colon
	reverse bool // the keys of every object backwards
}

func (n *node) append(dst []byte, l layout, depth int) []byte {
	if n.kind != '{' && n.kind != '[' {
		return append(dst, n.raw...)
	}
	line := func(depth int) {
		if l.pretty {
			dst = append(append(dst, "\r\n"...), strings.Repeat("\t", depth)...)
		}
	}
	dst = append(dst, n.kind)
	for i := range n.kids {
		at := i
		if l.reverse && n.kind == '{' {
			at = len(n.kids) - 1 - i
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		line(depth + 1)
		if n.kind == '{' {
			dst = append(append(dst, n.keys[at]...), ':')
			if l.pretty {
				dst = append(dst, ' ')
			}
		}
		dst = n.kids[at].append(dst, l, depth+1)
	}
	if len(n.kids) > 0 {
		line(depth)
	}
	return append(dst, n.kind+2) // '{' and '}' are two apart, and so are '[' and ']'
}

// leaf is a value with the path that leads to it.
type leaf struct {
	path   string
	key    string // the last name on the path, "" within an array
	node   *node
	parent *node
	index  int // in the parent
	depth  int
}

// walk lists every value below n, parents before their children.
func (n *node) walk() []leaf {
	var all []leaf
	var visit func(n *node, path string, depth int)
	visit = func(n *node, path string, depth int) {
		for i, kid := range n.kids {
			step, key := strconv.Itoa(i), ""
			if n.kind == '{' {
				_ = json.Unmarshal([]byte(n.keys[i]), &key)
				step = provider.EscapeKey(key)
			}
			at := step
			if path != "" {
				at = path + "." + step
			}
			all = append(all, leaf{at, key, kid, n, i, depth})
			visit(kid, at, depth+1)
		}
	}
	visit(n, "", 0)
	return all
}

// remove takes a member or an element away.
func (n *node) remove(i int) {
	n.kids = append(n.kids[:i:i], n.kids[i+1:]...)
	if n.kind == '{' {
		n.keys = append(n.keys[:i:i], n.keys[i+1:]...)
	}
}

// set gives an object a member, in the place of one of the same name.
func (n *node) set(key string, value *node) {
	q := quoted(key)
	for i, k := range n.keys {
		if k == q {
			n.kids[i] = value
			return
		}
	}
	n.keys, n.kids = append(n.keys, q), append(n.kids, value)
}

// get returns a member of an object.
func (n *node) get(key string) *node {
	if n.kind != '{' {
		return nil
	}
	q := quoted(key)
	for i, k := range n.keys {
		if k == q {
			return n.kids[i]
		}
	}
	return nil
}

// object is the outermost object: the value itself, or the first of a list of objects.
func (n *node) object() *node {
	switch {
	case n.kind == '{':
		return n
	case n.kind == '[' && len(n.kids) > 0:
		return n.kids[0].object()
	}
	return nil
}
