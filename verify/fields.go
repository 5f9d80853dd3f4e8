package verify

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Structured fields, RFC 9651, as far as HTTP message signatures need them: dictionaries
// whose values are items or lists of items, with texts, tokens, whole numbers, bytes and
// booleans. Whatever is read is written back as the RFC has it, since that is signed.
// Reading is strict: a key or parameter that is there twice, and bytes that base64 would
// write otherwise, are errors.

// token is a bare word, to tell it from a text.
type token string

// fieldItem is a value with its parameters.
type fieldItem struct {
	value  any // string, token, int64, []byte or bool
	params []fieldParam
}

type fieldParam struct {
	name  string
	value any
}

// fieldMember is one member of a dictionary: an item, or a list of items.
type fieldMember struct {
	key    string
	listed bool
	items  []fieldItem // of a list; the one item otherwise
	params []fieldParam
}

var errField = errors.New("not a structured field")

func param(params []fieldParam, name string) (any, bool) {
	for _, p := range params {
		if p.name == name {
			return p.value, true
		}
	}
	return nil, false
}

// parseDictionary reads all values of a header as one dictionary.
func parseDictionary(values []string) ([]fieldMember, error) {
	r := fieldReader{rest: strings.Trim(strings.Join(values, ", "), " ")}
	var members []fieldMember
	for r.rest != "" {
		m, err := r.member()
		if err != nil {
			return nil, err
		}
		for _, other := range members {
			if other.key == m.key {
				return nil, fmt.Errorf("%w: %s is there twice", errField, m.key)
			}
		}
		members = append(members, m)
		r.rest = strings.TrimLeft(r.rest, " \t")
		if r.rest == "" {
			return members, nil
		}
		if !r.skip(',') {
			return nil, errField
		}
		if r.rest = strings.TrimLeft(r.rest, " \t"); r.rest == "" {
			return nil, errField
		}
	}
	return members, nil
}

func memberNamed(members []fieldMember, key string) (fieldMember, bool) {
	for _, m := range members {
		if m.key == key {
			return m, true
		}
	}
	return fieldMember{}, false
}

// fieldReader takes a field apart from its front.
type fieldReader struct{ rest string }

func (r *fieldReader) skip(c byte) bool {
	if r.rest == "" || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

// span takes the signs off the front that are allowed, after a first one that is.
func (r *fieldReader) span(first, others func(byte) bool) (string, error) {
	if r.rest == "" || !first(r.rest[0]) {
		return "", errField
	}
	n := 1
	for n < len(r.rest) && others(r.rest[n]) {
		n++
	}
	text := r.rest[:n]
	r.rest = r.rest[n:]
	return text, nil
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlpha(c byte) bool { return isLower(c | 0x20) }

func (r *fieldReader) key() (string, error) {
	return r.span(func(c byte) bool { return isLower(c) || c == '*' },
		func(c byte) bool { return isLower(c) || isDigit(c) || strings.IndexByte("_-.*", c) >= 0 })
}

func (r *fieldReader) member() (m fieldMember, err error) {
	if m.key, err = r.key(); err != nil {
		return m, err
	}
	if !r.skip('=') { // a key alone is true
		m.items = []fieldItem{{value: true}}
		m.items[0].params, err = r.params()
		return m, err
	}
	if !r.skip('(') {
		item, err := r.item()
		m.items = []fieldItem{item}
		return m, err
	}
	m.listed = true
	for {
		r.rest = strings.TrimLeft(r.rest, " ")
		if r.skip(')') {
			m.params, err = r.params()
			return m, err
		}
		item, err := r.item()
		if err != nil {
			return m, err
		}
		m.items = append(m.items, item)
		if r.rest == "" || r.rest[0] != ' ' && r.rest[0] != ')' {
			return m, errField
		}
	}
}

func (r *fieldReader) item() (i fieldItem, err error) {
	if i.value, err = r.bare(); err == nil {
		i.params, err = r.params()
	}
	return i, err
}

func (r *fieldReader) params() ([]fieldParam, error) {
	var params []fieldParam
	for r.skip(';') {
		r.rest = strings.TrimLeft(r.rest, " ")
		name, err := r.key()
		if err != nil {
			return nil, err
		}
		if _, twice := param(params, name); twice {
			return nil, fmt.Errorf("%w: %s is there twice", errField, name)
		}
		p := fieldParam{name: name, value: true}
		if r.skip('=') {
			if p.value, err = r.bare(); err != nil {
				return nil, err
			}
		}
		params = append(params, p)
	}
	return params, nil
}

// bare reads a value without its parameters.
func (r *fieldReader) bare() (any, error) {
	if r.rest == "" {
		return nil, errField
	}
	switch c := r.rest[0]; {
	case c == '"':
		return r.text()
	case c == ':':
		text, rest, ok := strings.Cut(r.rest[1:], ":")
		raw, fits := encodingBase64.appendDecoded(nil, text)
		if r.rest = rest; !ok || !fits {
			return nil, errField
		}
		return raw, nil
	case c == '?' && len(r.rest) > 1 && (r.rest[1] == '0' || r.rest[1] == '1'):
		value := r.rest[1] == '1'
		r.rest = r.rest[2:]
		return value, nil
	case c == '-' || isDigit(c):
		text, err := r.span(func(byte) bool { return true }, isDigit)
		n, bad := strconv.ParseInt(text, 10, 64)
		if err != nil || bad != nil || len(text) > 15 || strings.HasPrefix(r.rest, ".") || strconv.FormatInt(n, 10) != text {
			return nil, errField
		}
		return n, nil
	}
	word, err := r.span(func(c byte) bool { return isAlpha(c) || c == '*' },
		func(c byte) bool { return isAlpha(c) || isDigit(c) || strings.IndexByte("!#$%&'*+-.^_`|~:/", c) >= 0 })
	return token(word), err
}

func (r *fieldReader) text() (string, error) {
	var out strings.Builder
	for i := 1; i < len(r.rest); i++ {
		switch c := r.rest[i]; {
		case c == '"':
			r.rest = r.rest[i+1:]
			return out.String(), nil
		case c == '\\':
			i++
			if i == len(r.rest) || r.rest[i] != '"' && r.rest[i] != '\\' {
				return "", errField
			}
			out.WriteByte(r.rest[i])
		case c < ' ' || c > '~':
			return "", errField
		default:
			out.WriteByte(c)
		}
	}
	return "", errField
}

// appendField writes a value as the RFC has it.
func appendField(out []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		out = append(out, '"')
		for i := range len(v) {
			if v[i] == '"' || v[i] == '\\' {
				out = append(out, '\\')
			}
			out = append(out, v[i])
		}
		return append(out, '"')
	case token:
		return append(out, v...)
	case int64:
		return strconv.AppendInt(out, v, 10)
	case []byte:
		return append(base64.StdEncoding.AppendEncode(append(out, ':'), v), ':')
	case bool:
		if v {
			return append(out, "?1"...)
		}
		return append(out, "?0"...)
	}
	return out
}

func appendParams(out []byte, params []fieldParam) []byte {
	for _, p := range params {
		out = append(append(out, ';'), p.name...)
		if p.value != true {
			out = appendField(append(out, '='), p.value)
		}
	}
	return out
}

func (i fieldItem) String() string { return string(appendParams(appendField(nil, i.value), i.params)) }

// appendList writes a list of items with the list's own parameters.
func appendList(out []byte, items []fieldItem, params []fieldParam) []byte {
	out = append(out, '(')
	for i, item := range items {
		if i > 0 {
			out = append(out, ' ')
		}
		out = append(out, item.String()...)
	}
	return appendParams(append(out, ')'), params)
}
