package provider

import (
	"encoding/json"
	"fmt"
	"strings"

	"whk/verify"
)

// field is a value of a delivery as a definition tells where it stands: a template, or
// a list of them of which the first with a value counts.
type field struct {
	alternatives []alternative
}

// alternative is one template. When it is exactly one path of the body, the parsed
// path is kept: it is read without evaluating the template.
type alternative struct {
	template *verify.Template
	path     jsonPath
}

func (f *field) set() bool { return len(f.alternatives) > 0 }

func (f *field) readsBody() bool {
	for _, a := range f.alternatives {
		if a.template.ReadsBodyPath() {
			return true
		}
	}
	return false
}

// text returns the first alternative that has a value.
func (f *field) text(doc *document) (string, bool) {
	for i := range f.alternatives {
		if text, ok := f.alternatives[i].text(doc); ok {
			return text, true
		}
	}
	return "", false
}

func (a *alternative) text(doc *document) (string, bool) {
	if a.path != nil {
		return doc.text(a.path)
	}
	values := verify.Values{Delivery: doc.delivery}
	if doc.why == "" {
		values.Lookup = lookupValid
	}
	text, ok := a.template.Text(&values)
	return text, ok && text != ""
}

// all returns every value of the first alternative that has any.
func (f *field) all(doc *document) []string {
	for i := range f.alternatives {
		if texts := f.alternatives[i].all(doc); len(texts) > 0 {
			return texts
		}
	}
	return nil
}

func (a *alternative) all(doc *document) []string {
	if a.path != nil {
		return doc.all(a.path)
	}
	if text, ok := a.text(doc); ok {
		return []string{text}
	}
	return nil
}

// raw returns the JSON of the first alternative that is there and not null.
func (f *field) raw(doc *document) json.RawMessage {
	for _, a := range f.alternatives {
		if raw, ok := doc.get(a.path); ok && string(raw) != "null" {
			return raw
		}
	}
	return nil
}

// eventFields is where a delivery says what happened. The event has one name that is
// split, or an entity and an action that stand apart.
type eventFields struct {
	name           field
	split          string
	entity, action field
	// nameReadsBody is set when any of them stands in the body.
	nameReadsBody bool

	time, account, actor field
	timeFormat           string
	ids, refs            field // refs are gathered from every template
	old, new             field
}

// The longest event name that is believed.
const maxName = 128

// EventOf names what a delivery says happened. When it does not say, or says something
// that cannot be a name, entity and action are empty, which reads "unknown", and the
// note tells why. The body is parsed only when the definition looks for the name there.
func (p *Provider) EventOf(d *verify.Delivery) (entity, action, note string) {
	var doc document
	doc.read(d, p.event.nameReadsBody)
	return p.event.of(&doc)
}

func (e *eventFields) of(doc *document) (entity, action, note string) {
	from := &e.entity
	if e.name.set() {
		from = &e.name
		entity, _ = e.name.text(doc)
		if i := strings.LastIndex(entity, e.split); i >= 0 {
			entity, action = entity[:i], entity[i+len(e.split):]
		}
	} else {
		entity, _ = e.entity.text(doc)
		action, _ = e.action.text(doc)
	}
	switch {
	case entity != "":
		if bad := refuseName(entity, action); bad != "" {
			return "", "", "the event's name " + bad
		}
		return entity, action, ""
	case e.nameReadsBody && doc.why != "" && !doc.delivery.IsForm():
		return "", "", doc.why + ", so the event has no name"
	}
	return "", "", "the delivery does not name its event: no " + from.String()
}

// String spells the field as its definition does.
func (f *field) String() string {
	sources := make([]string, len(f.alternatives))
	for i, a := range f.alternatives {
		sources[i] = a.template.String()
	}
	return Either(sources)
}

// refuseName says why an entity and an action cannot be shown and matched as a name.
func refuseName(entity, action string) string {
	length := len(entity)
	if action != "" {
		length += 1 + len(action)
	}
	if length > maxName {
		return fmt.Sprintf("is longer than %d bytes", maxName)
	}
	for _, part := range [2]string{entity, action} {
		for i := range len(part) {
			if !nameByte(part[i]) {
				return "holds a sign other than letters, digits and _ . : -"
			}
		}
	}
	return ""
}

func nameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '_' || c == '.' || c == ':' || c == '-'
}
