package explain

import (
	"bytes"
	"encoding/json"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// document is a JSON text taken apart into its tokens, none of which is copied.
type document struct {
	src    []byte
	tokens []token
	// twice is set when some object has a key twice, numbered when one has a key that is
	// a number, hollow when there is an empty object.
	twice, numbered, hollow bool
}

// token is a bracket, a text, a number or a word of a JSON text.
type token struct {
	start, end int // in the source, quotes included
	next       int // behind an opening bracket: the token after the closing one
}

// parse takes a JSON text apart. It reports false for anything that encoding/json, which
// bounds how deep brackets may nest, does not hold to be valid.
func parse(src []byte) (*document, bool) {
	if !json.Valid(src) {
		return nil, false
	}
	d := &document{src: src, tokens: make([]token, 0, 16+len(src)/12)}
	var open []int
	for i := 0; i < len(src); {
		switch c := src[i]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
			i++
		case '{', '[':
			open = append(open, len(d.tokens))
			d.tokens = append(d.tokens, token{start: i, end: i + 1})
			i++
		case '}', ']':
			first := open[len(open)-1]
			open = open[:len(open)-1]
			d.hollow = d.hollow || c == '}' && first == len(d.tokens)-1
			d.tokens = append(d.tokens, token{start: i, end: i + 1})
			d.tokens[first].next = len(d.tokens)
			i++
		default:
			end := endOf(src, i)
			d.tokens = append(d.tokens, token{start: i, end: end, next: len(d.tokens) + 1})
			i = end
		}
	}
	d.inspect(0, nil)
	return d, true
}

// endOf is where the text, number or word that starts at i ends.
func endOf(src []byte, i int) int {
	if src[i] != '"' {
		for i++; i < len(src); i++ {
			switch src[i] {
			case ' ', '\t', '\r', '\n', ',', ':', '}', ']':
				return i
			}
		}
		return i
	}
	for i++; src[i] != '"'; i++ {
		if src[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// inspect looks for keys that languages treat in their own way.
func (d *document) inspect(i int, seen [][]byte) int {
	t := d.tokens[i]
	switch d.src[t.start] {
	case '{':
		mine := seen
		for i++; i < t.next-1; i = d.inspect(i+1, mine) {
			key := d.key(i)
			d.numbered = d.numbered || isIndex(key)
			mine = append(mine, key)
		}
		d.twice = d.twice || hasTwice(mine[len(seen):])
	case '[':
		for i++; i < t.next-1; {
			i = d.inspect(i, seen)
		}
	}
	return t.next
}

func hasTwice(keys [][]byte) bool {
	if len(keys) > 8 {
		keys = slices.Clone(keys)
		slices.SortFunc(keys, bytes.Compare)
	}
	for i := 1; i < len(keys); i++ {
		if len(keys) > 8 && bytes.Equal(keys[i], keys[i-1]) {
			return true
		}
		if len(keys) <= 8 && slices.ContainsFunc(keys[:i], func(k []byte) bool { return bytes.Equal(k, keys[i]) }) {
			return true
		}
	}
	return false
}

// isIndex reports whether JavaScript takes a key for an array index, which it puts
// before all others.
func isIndex(key []byte) bool {
	if len(key) == 0 || len(key) > 10 || len(key) > 1 && key[0] == '0' {
		return false
	}
	for _, c := range key {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(key) < 10 || string(key) < "4294967295"
}

// key is the text of a key, without its quotes and escapes.
func (d *document) key(i int) []byte {
	t := d.tokens[i]
	inner := d.src[t.start+1 : t.end-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var out []byte
	for len(inner) > 0 {
		r, n := unescape(inner)
		out = utf8.AppendRune(out, r)
		inner = inner[n:]
	}
	return out
}

// lone marks a half of a surrogate pair that stands alone, and broken a byte that is not
// UTF-8.
const (
	lone   = 0x200000
	broken = 0x400000
)

// unescape reads the first character of the inside of a JSON text, and how many bytes it
// takes.
func unescape(s []byte) (rune, int) {
	if s[0] != '\\' {
		r, n := utf8.DecodeRune(s)
		if r == utf8.RuneError && n == 1 {
			return broken | rune(s[0]), 1
		}
		return r, n
	}
	switch s[1] {
	case 'n':
		return '\n', 2
	case 't':
		return '\t', 2
	case 'r':
		return '\r', 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'u':
		r := hexRune(s[2:6])
		if !utf16.IsSurrogate(r) {
			return r, 6
		}
		if len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
			if both := utf16.DecodeRune(r, hexRune(s[8:12])); both != utf8.RuneError {
				return both, 12
			}
		}
		return lone | r, 6
	}
	return rune(s[1]), 2
}

func hexRune(digits []byte) rune {
	var r rune
	for _, c := range digits {
		r <<= 4
		switch {
		case c <= '9':
			r |= rune(c - '0')
		default:
			r |= rune(c|0x20-'a') + 10
		}
	}
	return r
}
