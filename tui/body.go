package tui

import (
	"fmt"
	"unicode/utf8"
)

// body is a page that lays out what was received for reading, without ever changing a
// byte of it: numbers as written, members in the order they were sent, names twice when
// they were sent twice. It keeps the bytes and a sparse index; lines are made when they
// are looked at.
type body struct {
	// signs are what folds and cuts are drawn with; newBody sets those of Unicode.
	signs signs

	data  []byte
	name  string
	parts []section
	exact *body // what raw returns, once it was asked for
}

// section is a run of lines of one kind in a body.
type section interface {
	height() int
	window(s *signs, from, n, left, width int) []line
	// find is that of page. It opens folds that hide what was found, and from may be one
	// line outside of the section, so that folds at its edge are looked into.
	find(m *matcher, from, step int) int
}

// newBody lays out a body for reading. What it is comes from the bytes, and from the
// content type where bytes alone cannot tell. Query is the raw query of an event without
// a body, which is then shown instead.
func newBody(data []byte, contentType, contentEncoding, query string) *body {
	b := &body{signs: unicodeSigns(), data: data}
	switch {
	case len(data) > 0:
		b.lay(contentType, contentEncoding)
	case query != "":
		b.data = []byte(query)
		b.name, b.parts = layForm("query", b.data)
	default:
		b.name, b.parts = "empty", []section{remark(faint, "no body")}
	}
	return b
}

func (b *body) lay(contentType, contentEncoding string) {
	read, undone, notes := inflate(b.data, contentEncoding)
	name, parts := layOut(read, readMedia(contentType))
	if undone != "" {
		name += ", " + undone + " undone"
	}
	b.name, b.parts = name, append(notes, parts...)
}

// kind says what the body was read as, such as "JSON" or "form with JSON, gzip undone".
func (b *body) kind() string { return b.name }

// raw is the body as it came: every byte of it, as text where it is text. It is made
// once.
func (b *body) raw() *body {
	if b.exact == nil {
		b.exact = asCame(b.data)
	}
	if b.exact != b {
		b.exact.signs = b.signs
	}
	return b.exact
}

func asCame(data []byte) *body {
	r := &body{data: data}
	r.exact = r
	switch {
	case len(data) == 0:
		r.name, r.parts = "empty", []section{remark(faint, "no body")}
	case isBinary(data):
		r.name, r.parts = "raw, binary", []section{hexDump(data)}
	default:
		end := "no newline at the end"
		if data[len(data)-1] == '\n' {
			end = "a newline (0x0a) at the end"
		}
		if !utf8.Valid(data) {
			end += ", not valid UTF-8"
		}
		r.name = "raw"
		r.parts = []section{newText(data), remark(faint, counted(len(data), "byte")+", "+end)}
	}
	return r
}

func (b *body) height() int {
	n := 0
	for _, p := range b.parts {
		n += p.height()
	}
	return n
}

func (b *body) window(from, n, left, width int) []line {
	var shown []line
	from, left = max(from, 0), max(left, 0)
	for _, p := range b.parts {
		h := p.height()
		if from < h && n > 0 {
			made := p.window(&b.signs, from, min(n, h-from), left, max(width, 0))
			shown = append(shown, made...)
			n -= len(made)
		}
		from = max(from-h, 0)
	}
	return shown
}

// find looks at folded parts, too, and opens those that hide what was found. What is
// folded into the line before from counts as standing at from, so that looking on from
// a folded line does not miss what is in it.
func (b *body) find(text string, from, step int) int {
	if h := b.height(); from < -1 || from > h || step > 0 && from < 0 || step < 0 && from >= h {
		return -1
	}
	m := newMatcher(text)
	k, local, start := b.around(from - step)
	for local += step; k >= 0 && k < len(b.parts); {
		if i := b.parts[k].find(m, local, step); i >= 0 {
			return start + i
		}
		if step > 0 {
			start += b.parts[k].height()
			k, local = k+1, 0
		} else if k--; k >= 0 {
			h := b.parts[k].height()
			start, local = start-h, h-1
		}
	}
	return -1
}

// around is place, where the line before the first belongs to the first section and the
// line behind the last to the last.
func (b *body) around(i int) (k, local, start int) {
	if i < 0 {
		return 0, i, 0
	}
	if k, local, start = b.place(i); k < 0 {
		k = len(b.parts) - 1
		start -= b.parts[k].height()
		local = i - start
	}
	return k, local, start
}

// place is the section that a line is in, which of its lines it is, and which line of
// the body the section starts with.
func (b *body) place(i int) (k, local, start int) {
	for k, p := range b.parts {
		h := p.height()
		if i >= start && i < start+h {
			return k, i - start, start
		}
		start += h
	}
	return -1, 0, start
}

// tree is the JSON that a line is in; nil when it is in none.
func (b *body) tree(i int) (t *jsonTree, local, start int) {
	k, local, start := b.place(i)
	if k < 0 {
		return nil, 0, 0
	}
	t, _ = b.parts[k].(*jsonTree)
	return t, local, start
}

// foldable reports whether the line opens an object or array that has members, folded
// or not.
func (b *body) foldable(i int) bool {
	t, local, _ := b.tree(i)
	return t != nil && t.opens(local)
}

// folded reports whether anything is folded.
func (b *body) folded() bool {
	for _, p := range b.parts {
		if t, ok := p.(*jsonTree); ok && len(t.folds) > 0 {
			return true
		}
	}
	return false
}

// fold folds what the line opens, or unfolds it; where it opens nothing, the object or
// array around it is folded. It returns the line that the cursor belongs on.
func (b *body) fold(i int) int {
	if t, local, start := b.tree(i); t != nil {
		return start + t.fold(local)
	}
	return i
}

// foldAll folds what is opened at a depth, 0 being the outermost, and opens what hides
// it. The folds within are kept.
func (b *body) foldAll(depth int) {
	for _, p := range b.parts {
		if t, ok := p.(*jsonTree); ok {
			t.foldAll(depth)
		}
	}
}

// unfoldAll opens everything.
func (b *body) unfoldAll() {
	for _, p := range b.parts {
		if t, ok := p.(*jsonTree); ok {
			t.unfoldAll()
		}
	}
}

// at is the path of what stands on the line, as {body.path} and filters spell it; ""
// for the whole and for what is not JSON. In a form it starts at the value.
func (b *body) at(i int) string {
	if t, local, _ := b.tree(i); t != nil {
		return t.path(local)
	}
	return ""
}

// counted is a number with its noun: 1 byte, 2 bytes.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
