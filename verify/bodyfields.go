package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// BodyFields says where a body of JSON carries its own signature: paths of names with
// dots between them. Nothing but these fields is read before the delivery is judged.
type BodyFields struct {
	Sig string `yaml:"sig"`
	TS  string `yaml:"ts,omitempty"`
	ID  string `yaml:"id,omitempty"`
}

// The most bytes of a body that are walked for its signature, and the deepest path.
const (
	maxSignedBody = 1 << 20
	maxBodyDepth  = 8
)

// bodyFields is BodyFields made ready.
type bodyFields struct {
	paths [3][]string // of varSig, varTS, varID
}

var bodyVariables = [3]variable{varSig, varTS, varID}

func (c *compiled) compileBody() error {
	if c.Header != "" || c.ID != "" || c.Value != "" && c.Value != "{sig}" || c.Separator != "" {
		return errors.New("body: a signature in the body has no header, id, value or separator")
	}
	switch c.Kind {
	case KindHMAC, KindEd25519, KindECDSA, KindRSA, KindRSAPSS:
	default:
		return fmt.Errorf("body: not for kind %s", c.Kind)
	}
	c.body = &bodyFields{}
	for i, path := range []string{c.Body.Sig, c.Body.TS, c.Body.ID} {
		if path == "" {
			continue
		}
		names := strings.Split(path, ".")
		for _, name := range names {
			if name == "" || len(names) > maxBodyDepth {
				return fmt.Errorf("body %q: expected at most %d names with dots between them", path, maxBodyDepth)
			}
		}
		c.body.paths[i] = names
	}
	if len(c.body.paths[0]) == 0 {
		return errors.New("body: sig is missing; it is the path of the signature")
	}
	return nil
}

// has reports whether the body carries a variable.
func (f *bodyFields) has(v variable) bool {
	if f == nil {
		return false
	}
	for i, of := range bodyVariables {
		if of == v {
			return len(f.paths[i]) > 0
		}
	}
	return false
}

// bodyPath is the path in the body of a variable, "" when it is not there.
func (c *compiled) bodyPath(v variable) string {
	for i, of := range bodyVariables {
		if c.body != nil && of == v {
			return strings.Join(c.body.paths[i], ".")
		}
	}
	return ""
}

// span is where a value stands in a body; from is 0 when it is not there.
type span struct{ from, to int }

// find returns where the fields stand. It walks by position, without recursion and
// without decoding, and reports false for what cannot be an object of JSON.
func (f *bodyFields) find(body []byte) (spans [3]span, ok bool) {
	if len(body) > maxSignedBody {
		return spans, false
	}
	for i, path := range f.paths {
		if len(path) == 0 {
			continue
		}
		at := span{from: skipBlank(body, 0), to: len(body)}
		for _, name := range path {
			if at, ok = memberOf(body, at.from, name); !ok {
				return spans, false
			}
			if at.from == 0 {
				break
			}
		}
		spans[i] = at
	}
	return spans, true
}

func skipBlank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// memberOf finds the one member of the object at i with a name; an empty span when
// there is none. A name that is there twice is refused, since readers would differ.
func memberOf(b []byte, i int, name string) (found span, ok bool) {
	if i >= len(b) || b[i] != '{' {
		return span{}, i < len(b)
	}
	for i = skipBlank(b, i+1); i < len(b) && b[i] == '"'; {
		keyEnd := stringEnd(b, i)
		colon := skipBlank(b, keyEnd)
		if colon >= len(b) || b[colon] != ':' {
			return span{}, false
		}
		value := skipBlank(b, colon+1)
		end := valueEnd(b, value)
		if end <= value {
			return span{}, false
		}
		if textOf(b[i:keyEnd]) == name {
			if found.from > 0 {
				return span{}, false
			}
			found = span{value, end}
		}
		if i = skipBlank(b, end); i < len(b) && b[i] == ',' {
			i = skipBlank(b, i+1)
		}
	}
	return found, i < len(b) && b[i] == '}'
}

// stringEnd returns the position behind the string at i, or behind everything.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(b)
}

// valueEnd returns the position behind the value at i.
func valueEnd(b []byte, i int) int {
	for depth := 0; i < len(b); {
		switch b[i] {
		case '"':
			i = stringEnd(b, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
			i++
		case ' ', '\n', '\t', '\r', ',', ':':
			if depth == 0 {
				return i
			}
			i++
			continue
		default:
			for i < len(b) && bytes.IndexByte([]byte(",}]: \n\t\r"), b[i]) < 0 {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
	return i
}

// textOf is the text of a string of JSON, or a number as it is written; "" for
// everything else.
func textOf(raw []byte) string {
	var text string
	switch {
	case len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || string(raw) == "null":
		return ""
	case raw[0] != '"':
		return string(raw)
	case bytes.IndexByte(raw, '\\') < 0 && len(raw) > 1:
		return string(raw[1 : len(raw)-1])
	case json.Unmarshal(raw, &text) != nil:
		return ""
	}
	return text
}

// readBody takes the signature from the body; no signature is no error.
func (b *bound) readBody(body []byte, got *received) Verdict {
	spans, ok := b.body.find(body)
	if !ok {
		return malformed("the body is no object of JSON that could hold its signature in %s", b.Body.Sig)
	}
	text := func(i int) string { return textOf(body[spans[i].from:spans[i].to]) }
	if sig := text(0); sig != "" {
		got.signatures = append(got.signatures, sig)
	}
	got.stamp, got.id = text(1), text(2)
	return Verdict{}
}

// write puts a signature and what belongs to it into the body, in the places that are
// there for them.
func (f *bodyFields) write(body []byte, texts [3]string) ([]byte, error) {
	for i, path := range f.paths {
		if len(path) == 0 {
			continue
		}
		spans, ok := f.find(body)
		if !ok || spans[i].from == 0 {
			return nil, fmt.Errorf("the body has no field %s for the signature to stand in", strings.Join(path, "."))
		}
		quoted, err := json.Marshal(texts[i])
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", strings.Join(path, "."), err)
		}
		body = append(append(append([]byte(nil), body[:spans[i].from]...), quoted...), body[spans[i].to:]...)
	}
	return body, nil
}
