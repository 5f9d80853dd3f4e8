package tui

import (
	"bytes"
	"fmt"
	"iter"

	"whk/verify/display"
)

// remark is a section of one line of our own words.
func remark(r role, text string) section { return remarks{say(r, text)} }

// remarks are lines that were made as a whole.
type remarks lines

func (r remarks) height() int { return len(r) }

func (r remarks) window(_ *signs, from, n, left, width int) []line {
	return lines(r).window(from, n, left, width)
}

func (r remarks) find(m *matcher, from, step int) int {
	return searchLines(r.shown, len(r), m, from, step)
}

func (r remarks) shown(from, to int) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for i := from; i < to; i++ {
			if !yield(i, []byte(r[i].plain())) {
				return
			}
		}
	}
}

// rowIndex knows where the pieces of a text between separators are. It notes only every
// so many of them, so that a body of empty lines costs no more than any other.
type rowIndex struct {
	data  []byte
	sep   byte
	n     int
	marks []uint32 // where each row starts whose number is a multiple of rowStride
}

const rowStride = 64

func newRowIndex(data []byte, sep byte) rowIndex {
	r := rowIndex{data: data, sep: sep}
	for at := 0; ; r.n++ {
		if r.n%rowStride == 0 {
			r.marks = append(r.marks, uint32(at))
		}
		i := bytes.IndexByte(data[at:], sep)
		if i < 0 {
			r.n++
			return r
		}
		at += i + 1
	}
}

// each yields the rows from one number up to another.
func (r *rowIndex) each(from, to int) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		if to = min(to, r.n); from >= to {
			return
		}
		at := int(r.marks[from/rowStride])
		for i := from - from%rowStride; i < to; i++ {
			end := len(r.data)
			if n := bytes.IndexByte(r.data[at:], r.sep); n >= 0 {
				end = at + n
			}
			if i >= from && !yield(i, r.data[at:end]) {
				return
			}
			at = end + 1
		}
	}
}

// textRows shows bytes line by line as they are.
type textRows struct{ rowIndex }

// newText does not count an empty line behind a last newline.
func newText(data []byte) *textRows {
	t := &textRows{newRowIndex(data, '\n')}
	if bytes.HasSuffix(data, []byte("\n")) {
		t.n--
	}
	return t
}

func (t *textRows) height() int { return t.n }

func (t *textRows) window(s *signs, from, n, left, width int) []line {
	made := make([]line, 0, min(n, t.n))
	for _, row := range t.each(from, from+n) {
		c := newCutter(left, width, s.more)
		c.raw(plain, row)
		made = append(made, c.line)
	}
	return made
}

func (t *textRows) find(m *matcher, from, step int) int {
	return searchLines(t.shown, t.n, m, from, step)
}

func (t *textRows) shown(from, to int) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		var buf []byte
		for i, row := range t.each(from, to) {
			buf = appendSegments(buf[:0], row)
			if !yield(i, buf) {
				return
			}
		}
	}
}

// hexDump shows bytes as hexdump -C does, but for its asterisks: no line is left out,
// so any of them can be made without the ones before.
type hexDump []byte

const hexRow = 16

// height counts the line at the end, which has only the size.
func (h hexDump) height() int { return (len(h)+hexRow-1)/hexRow + 1 }

func (h hexDump) window(s *signs, from, n, left, width int) []line {
	made := make([]line, 0, min(n, h.height()))
	for i := from; i < min(from+n, h.height()); i++ {
		c := newCutter(left, width, s.more)
		offset, bytes, chars := h.row(i)
		c.add(faint, offset)
		c.add(plain, bytes)
		c.add(strRole, chars)
		made = append(made, c.line)
	}
	return made
}

func (h hexDump) find(m *matcher, from, step int) int {
	return searchLines(h.shown, h.height(), m, from, step)
}

func (h hexDump) shown(from, to int) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		var buf []byte
		for i := from; i < to; i++ {
			offset, bytes, chars := h.row(i)
			buf = append(append(append(buf[:0], offset...), bytes...), chars...)
			if !yield(i, buf) {
				return
			}
		}
	}
}

func (h hexDump) row(i int) (offset, bytes, chars string) {
	if i == h.height()-1 {
		return fmt.Sprintf("%08x", len(h)), "", ""
	}
	const digits = "0123456789abcdef"
	row := h[i*hexRow : min((i+1)*hexRow, len(h))]
	hex := make([]byte, 0, 3*hexRow+5)
	seen := append(make([]byte, 0, hexRow+2), '|')
	for k := range hexRow {
		if k%8 == 0 {
			hex = append(hex, ' ')
		}
		if k >= len(row) {
			hex = append(hex, "   "...)
			continue
		}
		c := row[k]
		hex = append(hex, ' ', digits[c>>4], digits[c&15])
		if c < ' ' || c > '~' {
			c = '.'
		}
		seen = append(seen, c)
	}
	hex = append(hex, "  "...)
	return fmt.Sprintf("%08x", i*hexRow), string(hex), display.Line(string(append(seen, '|')))
}
