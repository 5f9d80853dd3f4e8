package provider

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"whk/verify"
)

// Sample is what forging needs: one event in one variant.
type Sample struct {
	// Entity and Action are as they will be sent.
	Entity, Action string
	Variant        string
	Certainty      Certainty
	Note           string

	provider *Provider
	of       *Entity
	file     *sampleFile
	form     variant
}

// Rendered is a sample with fresh ids and times, before it is signed.
type Rendered struct {
	Method string
	// Query is the raw query of the URL.
	Query  string
	Header http.Header
	// Body is compact JSON with its keys in the sample's order; empty when the
	// delivery has none.
	Body           []byte
	Entity, Action string
}

// Render fills in the placeholders. Equal clocks and sources of randomness make equal
// deliveries.
func (s *Sample) Render(now time.Time, rnd *rand.Rand) (Rendered, error) {
	r := Rendered{Method: s.method(), Header: http.Header{}, Entity: s.Entity, Action: s.Action}
	f := filler{sample: s, now: now, rnd: rnd, values: map[string]string{}}
	template, err := s.file.body(s.form)
	if err == nil {
		r.Body, err = f.body(template)
	}
	if err != nil {
		return Rendered{}, fmt.Errorf("render %s/%s (%s): %w", s.provider.Name, Name(s.Entity, s.Action), s.Variant, err)
	}
	query := s.file.Query
	if s.form.Query != nil {
		query = *s.form.Query
	}
	if r.Query, err = f.fill(query, url.QueryEscape); err != nil {
		return Rendered{}, fmt.Errorf("render %s/%s (%s): query: %w", s.provider.Name, Name(s.Entity, s.Action), s.Variant, err)
	}
	for _, h := range s.provider.headers {
		text, _ := h.template.Text(&verify.Values{Delivery: &verify.Delivery{}, Entity: s.Entity, Action: s.Action})
		r.Header[h.name] = []string{text}
	}
	for _, name := range slices.Sorted(maps.Keys(s.file.Headers)) {
		text, err := f.fill(s.file.Headers[name], func(text string) string { return text })
		if err != nil {
			return Rendered{}, fmt.Errorf("render %s/%s (%s): header %s: %w", s.provider.Name, Name(s.Entity, s.Action), s.Variant, name, err)
		}
		r.Header.Set(name, text)
	}
	if len(r.Body) == 0 {
		r.Header.Del("Content-Type")
	}
	return r, nil
}

func (s *Sample) method() string {
	for _, method := range [...]string{s.form.Method, s.file.Method} {
		if method != "" {
			return method
		}
	}
	return s.provider.Methods[0]
}

// filler fills in the placeholders of one delivery. A placeholder is written in double
// braces, and the same text has the same value throughout a delivery; "#" and any text
// behind a placeholder makes another one:
//
//	{{now:rfc3339}}   the time with its offset, in seconds: 2023-02-02T12:07:01+01:00
//	{{now:micros}}    2022-07-26T16:01:03.000000Z
//	{{now:datetime}}  2022-07-26 16:01:03
//	{{now:date}}      2022-07-26
//	{{now:unix}}      seconds; {{now:unix_ms}} milliseconds
//	{{id:int}}        a whole number; {{id:int:17}} one of 17 digits
//	{{id:base62:9}}   9 letters and digits; {{id:hex:24}} likewise
//	{{uuid}}          a random UUID
//	{{entity}} {{action}} {{path}} {{parent}} {{parent:path}}
//
// Numbers lose the quotes of a string that holds nothing else.
type filler struct {
	sample *Sample
	now    time.Time
	rnd    *rand.Rand
	values map[string]string
}

// body fills in a JSON text.
func (f *filler) body(template []byte) ([]byte, error) {
	if template == nil {
		return nil, nil
	}
	text, err := f.fill(string(template), func(text string) string {
		quoted := quote(text)
		return string(quoted[1 : len(quoted)-1])
	})
	if f.sample.form.EscapeSlashes {
		text = escapeSlashes(text)
	}
	return []byte(text), err
}

// escapeSlashes writes every slash of a JSON text as "\/"; only strings hold any.
func escapeSlashes(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			out.WriteString(text[i : i+2])
			i++
		case text[i] == '/':
			out.WriteString(`\/`)
		default:
			out.WriteByte(text[i])
		}
	}
	return out.String()
}

// fill replaces each placeholder by its escaped value.
func (f *filler) fill(template string, escape func(string) string) (string, error) {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(template, "{{")
		if !ok {
			out.WriteString(template)
			return out.String(), nil
		}
		name, after, ok := strings.Cut(rest, "}}")
		if !ok {
			return "", fmt.Errorf("placeholder {{%s is not closed", clip(rest))
		}
		value, number, err := f.value(name)
		if err != nil {
			return "", err
		}
		if number && strings.HasSuffix(before, `"`) && strings.HasPrefix(after, `"`) && !strings.HasSuffix(before, `\"`) {
			before, after = before[:len(before)-1], after[1:]
		}
		out.WriteString(before)
		out.WriteString(escape(value))
		template = after
	}
}

func (f *filler) value(name string) (value string, number bool, err error) {
	form, _, _ := strings.Cut(name, "#")
	kind, arg, _ := strings.Cut(form, ":")
	number = form == "now:unix" || form == "now:unix_ms" || kind == "id" && (arg == "int" || strings.HasPrefix(arg, "int:"))
	if value, ok := f.values[name]; ok {
		return value, number, nil
	}
	value, err = f.make(kind, arg)
	if err != nil {
		return "", false, fmt.Errorf("placeholder {{%s}}: %w", clip(name), err)
	}
	f.values[name] = value
	return value, number, nil
}

func (f *filler) make(kind, arg string) (string, error) {
	s := f.sample
	switch kind {
	case "now":
		return f.time(arg)
	case "id":
		return f.id(arg)
	case "uuid":
		return f.uuid(), nil
	case "entity":
		return s.Entity, nil
	case "action":
		return s.Action, nil
	case "path":
		return s.of.Path, nil
	case "parent":
		parent, _, ok := s.provider.Entity(s.of.Parent)
		switch {
		case !ok:
			return "", fmt.Errorf("%s has no parent", s.of.Name)
		case arg == "path":
			return parent.Path, nil
		case arg == "":
			return parent.Name, nil
		}
	}
	return "", fmt.Errorf("unknown; known are now, id, uuid, entity, action, path and parent")
}

func (f *filler) time(form string) (string, error) {
	switch form {
	case "rfc3339":
		return f.now.Format("2006-01-02T15:04:05-07:00"), nil
	case "micros":
		return f.now.UTC().Format("2006-01-02T15:04:05.000000Z"), nil
	case "datetime":
		return f.now.Format(time.DateTime), nil
	case "date":
		return f.now.Format(time.DateOnly), nil
	case "unix":
		return strconv.FormatInt(f.now.Unix(), 10), nil
	case "unix_ms":
		return strconv.FormatInt(f.now.UnixMilli(), 10), nil
	}
	return "", fmt.Errorf("expected rfc3339, micros, datetime, date, unix or unix_ms")
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func (f *filler) id(form string) (string, error) {
	kind, count, sized := strings.Cut(form, ":")
	n, err := strconv.Atoi(count)
	if sized && (err != nil || n < 1 || n > 64) {
		return "", fmt.Errorf("%q: expected a length from 1 to 64", count)
	}
	switch {
	case kind == "int" && !sized:
		return strconv.Itoa(1000 + f.rnd.IntN(999_000)), nil
	case kind == "int":
		return f.signs("123456789", 1) + f.signs("0123456789", n-1), nil
	case kind == "base62" && sized:
		return f.signs(base62, n), nil
	case kind == "hex" && sized:
		return f.signs("0123456789abcdef", n), nil
	}
	return "", fmt.Errorf("expected id:int, id:int:N, id:base62:N or id:hex:N")
}

func (f *filler) signs(alphabet string, n int) string {
	b := bytes.Repeat([]byte{0}, n)
	for i := range b {
		b[i] = alphabet[f.rnd.IntN(len(alphabet))]
	}
	return string(b)
}

func (f *filler) uuid() string {
	hex := f.signs("0123456789abcdef", 32)
	variant := f.signs("89ab", 1)
	return hex[:8] + "-" + hex[8:12] + "-4" + hex[13:16] + "-" + variant + hex[17:20] + "-" + hex[20:]
}
