package provider

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
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

	once  sync.Once // the first Render compiles
	ready compiled
	fault error
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
// deliveries. It is safe for concurrent use, with a source for each caller.
func (s *Sample) Render(now time.Time, rnd *rand.Rand) (Rendered, error) {
	s.once.Do(func() { s.ready, s.fault = s.compile() })
	if s.fault != nil {
		return Rendered{}, s.fault
	}
	c := &s.ready
	v := made{text: make([]byte, 0, 128), ends: make([]int, 0, len(c.makers))}
	for _, m := range c.makers {
		v.text = m(v.text, now, rnd)
		v.ends = append(v.ends, len(v.text))
	}
	r := Rendered{
		Method: c.method, Query: c.query.string(&v), Header: make(http.Header, len(c.headers)+2), // and its signature
		Entity: s.Entity, Action: s.Action,
	}
	if c.hasBody {
		r.Body = c.body.fill(&v)
	}
	if c.hashes {
		sum := sha256.Sum256(r.Body)
		r.Query = strings.ReplaceAll(r.Query, bodyMark, hex.EncodeToString(sum[:]))
	}
	values := make([]string, len(c.headers))
	for i := range c.headers {
		h := &c.headers[i]
		values[i] = h.text.string(&v)
		r.Header[h.name] = values[i : i+1 : i+1]
	}
	return r, nil
}

// text is literals with values between them.
type text struct {
	parts  []part
	last   string
	escape func(string) string // of the values; nil where they stand as they are
}

// part is a literal and the slot of the value behind it.
type part struct {
	literal string
	slot    int
}

// made are the values of one delivery, one behind the other, and where each ends.
type made struct {
	text []byte
	ends []int
}

func (m *made) value(slot int) []byte {
	if slot == 0 {
		return m.text[:m.ends[0]]
	}
	return m.text[m.ends[slot-1]:m.ends[slot]]
}

func (t *text) fill(v *made) []byte {
	size := len(t.last)
	for _, p := range t.parts {
		size += len(p.literal) + len(v.value(p.slot))
	}
	out := make([]byte, 0, size)
	for _, p := range t.parts {
		out = append(out, p.literal...)
		if t.escape != nil {
			out = append(out, t.escape(string(v.value(p.slot)))...)
		} else {
			out = append(out, v.value(p.slot)...)
		}
	}
	return append(out, t.last...)
}

func (t *text) string(v *made) string {
	if len(t.parts) == 0 {
		return t.last
	}
	return string(t.fill(v))
}

// compiler takes the texts of one sample apart. A placeholder is written in double
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
//	{{body:sha256}}   in a query only: the hash of the body, in lower-case hex
//	{{entity}} {{action}} {{path}} {{parent}} {{parent:path}}
//
// Numbers lose the quotes of a string that holds nothing else.
type compiler struct {
	sample *Sample
	slots  map[string]int // by the placeholder
	makers []maker
}

// json takes a body apart. What makers write needs no escape in JSON, and has no slash.
func (c *compiler) json(body []byte) (text, error) {
	t, err := c.text(string(body), func(text string) string {
		quoted := quote(text)
		return string(quoted[1 : len(quoted)-1])
	})
	t.escape = nil
	if c.sample.form.EscapeSlashes {
		// No escape of JSON goes on behind a placeholder, so each literal stands alone.
		for i := range t.parts {
			t.parts[i].literal = escapeSlashes(t.parts[i].literal)
		}
		t.last = escapeSlashes(t.last)
	}
	return t, err
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

// text takes a text apart; what is the same in every delivery becomes part of a literal.
func (c *compiler) text(template string, escape func(string) string) (text, error) {
	out := text{escape: escape}
	var literal strings.Builder
	for {
		before, rest, ok := strings.Cut(template, "{{")
		if !ok {
			literal.WriteString(template)
			out.last = literal.String()
			return out, nil
		}
		name, after, ok := strings.Cut(rest, "}}")
		if !ok {
			return text{}, fmt.Errorf("placeholder {{%s is not closed", clip(rest))
		}
		v, err := c.value(name)
		if err != nil {
			return text{}, fmt.Errorf("placeholder {{%s}}: %w", clip(name), err)
		}
		if v.number && strings.HasSuffix(before, `"`) && strings.HasPrefix(after, `"`) && !strings.HasSuffix(before, `\"`) {
			before, after = before[:len(before)-1], after[1:]
		}
		literal.WriteString(before)
		switch {
		case v.fresh != nil:
			out.parts = append(out.parts, part{literal.String(), c.slot(name, v.fresh)})
			literal.Reset()
		case escape != nil:
			literal.WriteString(escape(v.fixed))
		default:
			literal.WriteString(v.fixed)
		}
		template = after
	}
}

// slot is where the value of a placeholder will be.
func (c *compiler) slot(name string, m maker) int {
	slot, ok := c.slots[name]
	if !ok {
		slot = len(c.makers)
		c.slots[name] = slot
		c.makers = append(c.makers, m)
	}
	return slot
}

// maker appends a fresh value.
type maker func(out []byte, now time.Time, rnd *rand.Rand) []byte

// value is what a placeholder stands for: a fixed text, or one that is made each time.
type value struct {
	fixed  string
	fresh  maker
	number bool
}

func (c *compiler) value(name string) (value, error) {
	form, _, _ := strings.Cut(name, "#")
	kind, arg, _ := strings.Cut(form, ":")
	s := c.sample
	switch kind {
	case "now":
		return nowValue(arg)
	case "id":
		return idValue(arg)
	case "uuid":
		return value{fresh: appendUUID}, nil
	case "entity":
		return value{fixed: s.Entity}, nil
	case "action":
		return value{fixed: s.Action}, nil
	case "path":
		return value{fixed: s.of.Path}, nil
	case "parent":
		parent, _, ok := s.provider.Entity(s.of.Parent)
		switch {
		case !ok:
			return value{}, fmt.Errorf("%s has no parent", s.of.Name)
		case arg == "path":
			return value{fixed: parent.Path}, nil
		case arg == "":
			return value{fixed: parent.Name}, nil
		}
	}
	return value{}, errors.New("unknown; known are now, id, uuid, entity, action, path and parent")
}

func nowValue(form string) (value, error) {
	written := func(layout string) (value, error) {
		return value{fresh: func(out []byte, now time.Time, _ *rand.Rand) []byte { return now.AppendFormat(out, layout) }}, nil
	}
	counted := func(count func(time.Time) int64) (value, error) {
		return value{number: true, fresh: func(out []byte, now time.Time, _ *rand.Rand) []byte {
			return strconv.AppendInt(out, count(now), 10)
		}}, nil
	}
	switch form {
	case "rfc3339":
		return written("2006-01-02T15:04:05-07:00")
	case "micros":
		return value{fresh: func(out []byte, now time.Time, _ *rand.Rand) []byte {
			return now.UTC().AppendFormat(out, "2006-01-02T15:04:05.000000Z")
		}}, nil
	case "datetime":
		return written(time.DateTime)
	case "date":
		return written(time.DateOnly)
	case "unix":
		return counted(time.Time.Unix)
	case "unix_ms":
		return counted(time.Time.UnixMilli)
	}
	return value{}, errors.New("expected rfc3339, micros, datetime, date, unix or unix_ms")
}

const (
	base10 = "0123456789"
	base16 = "0123456789abcdef"
	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

func idValue(form string) (value, error) {
	kind, count, sized := strings.Cut(form, ":")
	n, err := strconv.Atoi(count)
	if sized && (err != nil || n < 1 || n > 64) {
		return value{}, fmt.Errorf("%q: expected a length from 1 to 64", count)
	}
	signs := func(alphabet string) (value, error) {
		return value{fresh: func(out []byte, _ time.Time, rnd *rand.Rand) []byte { return appendSigns(out, rnd, alphabet, n) }}, nil
	}
	switch {
	case kind == "int" && !sized:
		return value{number: true, fresh: func(out []byte, _ time.Time, rnd *rand.Rand) []byte {
			return strconv.AppendInt(out, int64(1000+rnd.IntN(999_000)), 10)
		}}, nil
	case kind == "int":
		return value{number: true, fresh: func(out []byte, _ time.Time, rnd *rand.Rand) []byte {
			return appendSigns(appendSigns(out, rnd, base10[1:], 1), rnd, base10, n-1)
		}}, nil
	case kind == "base62" && sized:
		return signs(base62)
	case kind == "hex" && sized:
		return signs(base16)
	}
	return value{}, errors.New("expected id:int, id:int:N, id:base62:N or id:hex:N")
}

func appendSigns(out []byte, rnd *rand.Rand, alphabet string, n int) []byte {
	for range n {
		out = append(out, alphabet[rnd.IntN(len(alphabet))])
	}
	return out
}

func appendUUID(out []byte, _ time.Time, rnd *rand.Rand) []byte {
	var hex [32]byte
	appendSigns(hex[:0], rnd, base16, len(hex))
	hex[12] = '4'
	appendSigns(hex[16:16], rnd, "89ab", 1)
	for i, c := range hex {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			out = append(out, '-')
		}
		out = append(out, c)
	}
	return out
}
