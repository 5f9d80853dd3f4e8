package explain

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// style is how a library writes JSON.
type style struct {
	// indent is what a line starts with at every level; everything stands on one line
	// without it. Lines end with newline.
	indent, newline string
	// comma and colon are written between values and behind keys on one line, colon on
	// several lines, too.
	comma, colon string
	// spread is the style of Jackson: objects on several lines, arrays on one.
	spread bool
	// nothing is written into empty brackets.
	nothing string
	escapes *escapes // nil: texts are left as they are
	numbers numbers
	order   order
	// lists turns empty objects into empty lists, as PHP's arrays do.
	lists bool
}

// order is the order of the keys of an object.
type order int

const (
	asWritten order = iota
	byName
	byLength   // the order of jsonb in PostgreSQL and of JSON in MySQL
	indexFirst // the order of JavaScript
)

// escapes says which characters a library escapes in texts.
type escapes struct {
	slash bool // \/
	ascii bool // everything but ASCII as \uXXXX
	del   bool // U+007F too
	upper bool // with upper-case digits
	lines bool // U+2028 and U+2029
	long  bool // \u0008 and \u000c, where others have \b and \f
	quote bool // \u0022
	marks string

	once  sync.Once
	table [256]bool
}

// write writes the document in a style. It reports false when that becomes too long, as
// it does for brackets that are nested thousands of times.
func (d *document) write(dst []byte, st *style) ([]byte, bool) {
	w := writer{document: d, style: st, out: dst, most: len(dst) + 8*len(d.src) + 64<<10}
	w.value(0, 0)
	return w.out, len(w.out) <= w.most
}

type writer struct {
	*document
	*style
	out  []byte
	most int // no indents are written behind it
}

func (w *writer) line(depth int) {
	if len(w.out) > w.most {
		return
	}
	w.out = append(w.out, w.newline...)
	for range depth {
		w.out = append(w.out, w.indent...)
	}
}

func (w *writer) value(i, depth int) {
	t := w.tokens[i]
	switch c := w.src[t.start]; c {
	case '{':
		w.object(i, depth)
	case '[':
		w.array(i, depth)
	case '"':
		w.text(w.src[t.start:t.end])
	case 't', 'f', 'n':
		w.out = append(w.out, w.src[t.start:t.end]...)
	default:
		w.out = w.numbers.append(w.out, w.src[t.start:t.end])
	}
}

func (w *writer) array(i, depth int) {
	last := w.tokens[i].next - 1
	w.out = append(w.out, '[')
	if i+1 == last {
		w.out = append(append(w.out, w.nothing...), ']')
		return
	}
	inner := depth + 1
	if w.spread {
		w.out, inner = append(w.out, ' '), depth
	}
	for at := i + 1; at < last; at = w.tokens[at].next {
		switch {
		case at > i+1 && w.spread:
			w.out = append(w.out, ", "...)
		case at > i+1 && w.indent == "":
			w.out = append(w.out, w.comma...)
		case at > i+1:
			w.out = append(w.out, ',')
		}
		if w.indent != "" && !w.spread {
			w.line(inner)
		}
		w.value(at, inner)
	}
	switch {
	case w.spread:
		w.out = append(w.out, ' ')
	case w.indent != "":
		w.line(depth)
	}
	w.out = append(w.out, ']')
}

func (w *writer) object(i, depth int) {
	last := w.tokens[i].next - 1
	if i+1 == last {
		if w.lists {
			w.out = append(w.out, "[]"...)
			return
		}
		w.out = append(append(append(w.out, '{'), w.nothing...), '}')
		return
	}
	w.out = append(w.out, '{')
	first := true
	member := func(key, value int) {
		switch {
		case !first && w.indent == "":
			w.out = append(w.out, w.comma...)
		case !first:
			w.out = append(w.out, ',')
		}
		first = false
		if w.indent != "" {
			w.line(depth + 1)
		}
		t := w.tokens[key]
		w.text(w.src[t.start:t.end])
		w.out = append(w.out, w.colon...)
		w.value(value, depth+1)
	}
	plain := w.order == asWritten || w.order == indexFirst && !w.numbered
	if plain && (!w.twice || w.escapes == nil) {
		for at := i + 1; at < last; at = w.tokens[at+1].next {
			member(at, at+1)
		}
	} else {
		for _, m := range w.members(i) {
			member(m.key, m.value)
		}
	}
	if w.indent != "" {
		w.line(depth)
	}
	w.out = append(w.out, '}')
}

// member is a key of an object and its value, by their tokens.
type member struct {
	name       []byte
	key, value int
}

// members are those of an object in the order of the style. Of two equal keys the second
// counts, in the place of the first.
func (w *writer) members(i int) []member {
	var all []member
	last := w.tokens[i].next - 1
	for at := i + 1; at < last; at = w.tokens[at+1].next {
		all = append(all, member{w.key(at), at, at + 1})
	}
	if w.twice {
		place := make(map[string]int, len(all))
		all = slices.DeleteFunc(all, func(m member) bool {
			_, again := place[string(m.name)]
			place[string(m.name)] = m.value
			return again
		})
		for j := range all {
			all[j].value = place[string(all[j].name)]
		}
	}
	switch w.order {
	case byName:
		slices.SortStableFunc(all, func(a, b member) int { return bytes.Compare(a.name, b.name) })
	case byLength:
		slices.SortStableFunc(all, func(a, b member) int {
			return cmp.Or(cmp.Compare(len(a.name), len(b.name)), bytes.Compare(a.name, b.name))
		})
	case indexFirst:
		slices.SortStableFunc(all, func(a, b member) int {
			switch x, y := isIndex(a.name), isIndex(b.name); {
			case x && y:
				return cmp.Or(cmp.Compare(len(a.name), len(b.name)), bytes.Compare(a.name, b.name))
			case x:
				return -1
			case y:
				return 1
			}
			return 0
		})
	}
	return all
}

func (w *writer) text(token []byte) {
	if w.escapes == nil {
		w.out = append(w.out, token...)
		return
	}
	w.out = append(w.out, '"')
	w.out = w.escapes.append(w.out, token[1:len(token)-1])
	w.out = append(w.out, '"')
}

// append writes the inside of a JSON text as the library does.
func (e *escapes) append(dst, inner []byte) []byte {
	plain := e.plain()
	for len(inner) > 0 {
		n := 0
		for n < len(inner) && plain[inner[n]] {
			n++
		}
		dst = append(dst, inner[:n]...)
		if inner = inner[n:]; len(inner) == 0 {
			break
		}
		r, n := unescape(inner)
		dst = e.rune(dst, r)
		inner = inner[n:]
	}
	return dst
}

// plain is the table of the bytes that stand for themselves whatever comes next.
func (e *escapes) plain() *[256]bool {
	e.once.Do(func() {
		for c := byte(0x20); c < 0x7f; c++ {
			e.table[c] = c != '"' && c != '\\' && (c != '/' || !e.slash) && strings.IndexByte(e.marks, c) < 0
		}
	})
	return &e.table
}

func (e *escapes) rune(dst []byte, r rune) []byte {
	switch {
	case r&broken != 0:
		return e.rune(dst, utf8.RuneError)
	case r&lone != 0:
		return e.unit(dst, r&0xffff)
	case r == '"' && e.quote:
		return e.unit(dst, r)
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r == '/' && e.slash:
		return append(dst, '\\', '/')
	case r < 0x20:
		if i := bytes.IndexByte([]byte("\b\t\n\f\r"), byte(r)); i >= 0 && !(e.long && (r == '\b' || r == '\f')) {
			return append(dst, '\\', "btnfr"[i])
		}
		return e.unit(dst, r)
	case r == 0x7f && e.del, r < 0x7f && strings.IndexByte(e.marks, byte(r)) >= 0:
		return e.unit(dst, r)
	case r < utf8.RuneSelf, !e.ascii && !(e.lines && (r == 0x2028 || r == 0x2029)):
		return utf8.AppendRune(dst, r)
	case r > 0xffff:
		high, low := utf16.EncodeRune(r)
		return e.unit(e.unit(dst, high), low)
	}
	return e.unit(dst, r)
}

// unit writes \uXXXX.
func (e *escapes) unit(dst []byte, r rune) []byte {
	digits := "0123456789abcdef"
	if e.upper {
		digits = "0123456789ABCDEF"
	}
	return append(dst, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}

// rewrite changes the texts of a JSON document in place, and leaves all between them as
// it is.
func (d *document) rewrite(dst []byte, change func(dst, token []byte) []byte) []byte {
	at := 0
	for _, t := range d.tokens {
		dst = append(dst, d.src[at:t.start]...)
		dst = change(dst, d.src[t.start:t.end])
		at = t.end
	}
	return append(dst, d.src[at:]...)
}
