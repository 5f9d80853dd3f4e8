package provider

import (
	"encoding/json"

	"whk/verify"
)

// document reads one delivery: it asks json.Valid once, however many paths are read,
// and remembers where the members of the body's outermost object stand.
type document struct {
	delivery *verify.Delivery
	// why says why the body cannot be read as JSON; empty when it can.
	why string

	indexed, whole bool
	members        [16]member
	count          int
}

// read judges the body, unless nobody is going to look into it.
func (doc *document) read(d *verify.Delivery, body bool) {
	doc.delivery = d
	if !body {
		doc.why = unread
		return
	}
	doc.judge()
}

// unread is why a body cannot be read that nobody has looked at.
const unread = "the body was not looked at"

// ensure judges the body if nobody has yet.
func (doc *document) ensure() {
	if doc.why == unread {
		doc.judge()
	}
}

func (doc *document) judge() {
	d := doc.delivery
	doc.why = ""
	switch {
	case len(d.Body) == 0:
		doc.why = "the body is empty"
	case json.Valid(d.Body): // whatever its type is said to be: curl calls everything a form
	case d.IsForm():
		doc.why = "the body is a form"
	default:
		doc.why = "the body is not valid JSON"
	}
}

// index notes the outermost members, if the body is an object of few.
func (doc *document) index() {
	body := doc.delivery.Body
	at := skipSpace(body, 0)
	doc.indexed = true
	if body[at] != '{' {
		return
	}
	for m := range members(body, at) {
		if doc.count == len(doc.members) {
			return
		}
		doc.members[doc.count] = m
		doc.count++
	}
	doc.whole = true
}

// start returns the value that a path sets out from and what is left of the path:
// behind the first step when the index knows it.
func (doc *document) start(p jsonPath) (at int, rest jsonPath, ok bool) {
	if doc.why != "" {
		return 0, nil, false
	}
	if !doc.indexed {
		doc.index()
	}
	body := doc.delivery.Body
	if !doc.whole || p[0].each {
		return skipSpace(body, 0), p, true
	}
	for i := doc.count - 1; i >= 0; i-- {
		if m := doc.members[i]; keyIs(body[m.key:m.keyEnd], p[0].key) {
			return m.value, p[1:], true
		}
	}
	return 0, nil, false
}

func (doc *document) get(p jsonPath) (json.RawMessage, bool) {
	at, rest, ok := doc.start(p)
	if !ok {
		return nil, false
	}
	return rest.from(doc.delivery.Body, at)
}

func (doc *document) text(p jsonPath) (string, bool) {
	raw, ok := doc.get(p)
	if !ok {
		return "", false
	}
	return scalar(raw)
}

func (doc *document) all(p jsonPath) []string {
	at, rest, ok := doc.start(p)
	if !ok {
		return nil
	}
	return rest.all(doc.delivery.Body, at)
}
