package provider

import (
	"bytes"
	"encoding/json"
	"iter"
)

// The functions of this file walk JSON text by position. They never recurse, so that
// no nesting can exhaust the stack, and they rely on json.Valid having accepted the
// text: whoever calls them has asked it.

// member is the place of one value inside an object or array: where its key starts
// (for an element, where the value starts), where the value starts and where it ends.
type member struct {
	key, keyEnd, value, end int
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// skipString returns the position behind the string that starts at i.
func skipString(b []byte, i int) int {
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

// skipValue returns the position behind the value that starts at i.
func skipValue(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			i = skipString(b, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			depth--
			i++
		case ' ', '\n', '\t', '\r', ',', ':':
			i++
			continue
		default:
			for i < len(b) && !ends(b[i]) {
				i++
			}
		}
		if depth == 0 {
			break
		}
	}
	return i
}

// ends reports whether c ends a number or a word.
func ends(c byte) bool {
	switch c {
	case ',', '}', ']', ':', ' ', '\n', '\t', '\r':
		return true
	}
	return false
}

// members yields the members of the object that starts at i.
func members(b []byte, i int) iter.Seq[member] {
	return func(yield func(member) bool) {
		i := skipSpace(b, i+1)
		for i < len(b) && b[i] == '"' {
			m := member{key: i, keyEnd: skipString(b, i)}
			m.value = skipSpace(b, skipSpace(b, m.keyEnd)+1)
			m.end = skipValue(b, m.value)
			if !yield(m) {
				return
			}
			if i = skipSpace(b, m.end); i >= len(b) || b[i] != ',' {
				return
			}
			i = skipSpace(b, i+1)
		}
	}
}

// elements yields the elements of the array that starts at i.
func elements(b []byte, i int) iter.Seq[member] {
	return func(yield func(member) bool) {
		i := skipSpace(b, i+1)
		for i < len(b) && b[i] != ']' {
			m := member{key: i, keyEnd: i, value: i, end: skipValue(b, i)}
			if !yield(m) {
				return
			}
			if i = skipSpace(b, m.end); i >= len(b) || b[i] != ',' {
				return
			}
			i = skipSpace(b, i+1)
		}
	}
}

// findMember returns the last member of an object with a key, and how many have it.
func findMember(b []byte, i int, key string) (found member, n int) {
	for m := range members(b, i) {
		if keyIs(b[m.key:m.keyEnd], key) {
			found = m
			n++
		}
	}
	return found, n
}

func findElement(b []byte, i, index int) (member, bool) {
	n := 0
	for m := range elements(b, i) {
		if n == index {
			return m, true
		}
		n++
	}
	return member{}, false
}

func keyIs(quoted []byte, key string) bool {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1:len(quoted)-1]) == key
	}
	return unquote(quoted) == key
}

// unquote decodes a JSON string. One without escapes keeps its bytes, also those that
// are not UTF-8.
func unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return ""
	}
	return text
}

// quote encodes a JSON string without escaping more than JSON asks for.
func quote(text string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(text) != nil {
		return []byte(`""`) // a string always encodes
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
