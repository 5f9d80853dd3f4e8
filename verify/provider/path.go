package provider

import (
	"encoding/json"
	"errors"
	"iter"
	"strconv"
	"strings"
)

// A path names a place in a JSON body: names and indices with dots between them, as in
// "items.0.id". A "#" stands for each element of an array, in reading only. A dot, a
// hash or a backslash that belongs to a name is written "\.", "\#" or "\\"; every
// other sign stands for itself.

// jsonPath is a parsed path.
type jsonPath []step

// step is one name, index or "#" of a path.
type step struct {
	key   string
	index int // -1 when key is not an index
	each  bool
}

func parsePath(text string) (jsonPath, error) {
	if text == "" {
		return nil, errors.New("empty path")
	}
	var steps jsonPath
	var key []byte
	escaped := false // whether anything in this step was escaped, so that "\#" is a name
	flush := func() {
		s := step{key: string(key), index: -1}
		s.each = s.key == "#" && !escaped
		if n, err := strconv.Atoi(s.key); err == nil && strconv.Itoa(n) == s.key && n >= 0 {
			s.index = n
		}
		steps, key, escaped = append(steps, s), key[:0], false
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '.':
			flush()
		case c == '\\' && i+1 < len(text) && strings.IndexByte(`.#\`, text[i+1]) >= 0:
			i++
			key, escaped = append(key, text[i]), true
		default:
			key = append(key, c)
		}
	}
	flush()
	return steps, nil
}

// String spells the path so that parsePath reads it back.
func (p jsonPath) String() string {
	var b strings.Builder
	for i, s := range p {
		if i > 0 {
			b.WriteByte('.')
		}
		switch {
		case s.each:
			b.WriteByte('#')
		case s.key == "#":
			b.WriteString(`\#`)
		default:
			b.WriteString(EscapeKey(s.key))
		}
	}
	return b.String()
}

// EscapeKey spells the key of an object as one step of a path.
func EscapeKey(key string) string {
	if key == "#" {
		return `\#`
	}
	if !strings.ContainsAny(key, `\.`) {
		return key
	}
	return strings.NewReplacer(`\`, `\\`, `.`, `\.`).Replace(key)
}

// Get returns the JSON text at a path, exactly as it stands in the body; with "#" on
// the path, a JSON array of every match. It reports false for a body that is not JSON
// and for a path that leads nowhere. When a name is doubled the last one counts, as it
// does for the decoders that receivers use.
func Get(body []byte, at string) (json.RawMessage, bool) {
	p, err := parsePath(at)
	if err != nil || !json.Valid(body) {
		return nil, false
	}
	return p.get(body)
}

// Lookup reads one path of a JSON body as text: strings decoded, everything else as
// written, so that 1.10 stays 1.10. It reports false when Get does, and for a value
// that is null, "" or []. It is a verify.Lookup.
func Lookup(body []byte, at string) (string, bool) {
	if !json.Valid(body) {
		return "", false
	}
	return lookupValid(body, at)
}

// lookupValid is Lookup for a body that json.Valid has accepted.
func lookupValid(body []byte, at string) (string, bool) {
	p, err := parsePath(at)
	if err != nil {
		return "", false
	}
	raw, ok := p.get(body)
	if !ok {
		return "", false
	}
	return scalar(raw)
}

// All returns every scalar that a path leads to, as Lookup spells them. A path that
// ends in an array stands for its elements. Objects and null are passed over.
func All(body []byte, at string) []string {
	p, err := parsePath(at)
	if err != nil || !json.Valid(body) {
		return nil
	}
	return p.all(body, skipSpace(body, 0))
}

// get returns what Get promises, from a body that json.Valid has accepted.
func (p jsonPath) get(body []byte) (json.RawMessage, bool) {
	at := skipSpace(body, 0)
	if at == len(body) {
		return nil, false
	}
	return p.from(body, at)
}

// from is get for the value that starts at a position.
func (p jsonPath) from(body []byte, at int) (json.RawMessage, bool) {
	if !p.plural() {
		return p.find(body, at)
	}
	many := []byte("[")
	for raw := range p.walk(body, at) {
		if len(many) > 1 {
			many = append(many, ',')
		}
		many = append(many, raw...)
	}
	if len(many) == 1 {
		return nil, false
	}
	return append(many, ']'), true
}

// find follows a path without "#".
func (p jsonPath) find(body []byte, at int) (json.RawMessage, bool) {
	for i := range p {
		var ok bool
		if at, ok = p[i].next(body, at); !ok {
			return nil, false
		}
	}
	end := skipValue(body, at)
	return body[at:end:end], true
}

// next returns where the value of one step starts.
func (s *step) next(body []byte, at int) (int, bool) {
	switch {
	case body[at] == '{':
		m, n := findMember(body, at, s.key)
		return m.value, n > 0
	case body[at] == '[' && s.index >= 0:
		m, ok := findElement(body, at, s.index)
		return m.value, ok
	}
	return 0, false
}

// all returns what All promises, from the value that starts at a position.
func (p jsonPath) all(body []byte, at int) []string {
	var texts []string
	add := func(raw []byte) {
		if raw[0] != '{' && raw[0] != '[' {
			if text, ok := scalar(raw); ok {
				texts = append(texts, text)
			}
		}
	}
	for raw := range p.walk(body, at) {
		if raw[0] != '[' {
			add(raw)
			continue
		}
		for m := range elements(raw, 0) {
			add(raw[m.value:m.end])
		}
	}
	return texts
}

func (p jsonPath) plural() bool {
	for i := range p {
		if p[i].each {
			return true
		}
	}
	return false
}

// walk yields the text of every value that the path leads to.
func (p jsonPath) walk(body []byte, at int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) { p.descend(body, at, yield) }
}

func (p jsonPath) descend(body []byte, at int, yield func([]byte) bool) bool {
	for i := range p {
		if !p[i].each {
			var ok bool
			if at, ok = p[i].next(body, at); !ok {
				return true
			}
			continue
		}
		if body[at] == '[' {
			for m := range elements(body, at) {
				if !p[i+1:].descend(body, m.value, yield) {
					return false
				}
			}
		}
		return true
	}
	end := skipValue(body, at)
	return yield(body[at:end:end])
}

// scalar decodes a value as Lookup promises.
func scalar(raw []byte) (string, bool) {
	switch raw[0] {
	case 'n':
		return "", false
	case '"':
		text := unquote(raw)
		return text, text != ""
	case '[':
		if raw[skipSpace(raw, 1)] == ']' {
			return "", false
		}
	}
	return string(raw), true
}
