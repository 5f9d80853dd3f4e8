package tui

import (
	"iter"
	"strings"
)

// bracketPair is what stands for an empty object or array, whatever blanks it was sent
// with.
func (l *jsonLine) bracketPair() string {
	if l.value[0] == '{' {
		return "{}"
	}
	return "[]"
}

func (l *jsonLine) role() role {
	switch {
	case l.kind != scalarLine:
		return plain
	case l.value[0] == '"':
		return strRole
	case strings.IndexByte("tfn", l.value[0]) >= 0:
		return litRole
	}
	return numRole
}

// indent is how many columns a level takes. The sign of a fold stands in the last level,
// before what it folds.
const indent = 2

func (t *jsonTree) window(s *signs, from, n, left, width int) []line {
	n = min(n, t.height()-from)
	if n <= 0 {
		return nil
	}
	made := make([]line, 0, n)
	c := t.seek(t.real(from))
	for {
		l := c.step()
		f := t.shutAt(l.number)
		made = append(made, l.draw(newCutter(left, width, s.more), s, f))
		if len(made) == n {
			return made
		}
		if f != nil {
			c = t.seek(int(f.end) + 1)
		}
	}
}

// draw makes a line; f is what is folded into it, or nil.
func (l *jsonLine) draw(c *cutter, s *signs, f *fold) line {
	c.blank(indent * l.depth)
	switch {
	case f != nil:
		c.add(faint, s.folded+" ")
	case l.kind == openLine:
		c.add(faint, s.unfolded+" ")
	default:
		c.blank(indent)
	}
	if l.key != nil {
		c.raw(keyRole, l.key)
		c.add(plain, ": ")
	}
	comma := l.comma
	switch {
	case f != nil:
		pair := l.bracketPair()
		c.add(plain, pair[:1])
		c.add(faint, " "+s.more+" "+f.count()+" ")
		c.add(plain, pair[1:])
		comma = f.comma
	case l.kind == emptyLine:
		c.add(plain, l.bracketPair())
	default:
		c.raw(l.role(), l.value)
	}
	if comma {
		c.add(plain, ",")
	}
	return c.line
}

// find looks at all lines, and opens the folds that hide the one it finds.
func (t *jsonTree) find(m *matcher, from, step int) int {
	real := 0
	switch {
	case step > 0 && from > 0:
		real = t.real(from-1) + 1
	case step < 0 && from+1 >= t.height():
		real = t.lines - 1
	case step < 0:
		real = t.real(from+1) - 1
	}
	hit := searchLines(t.shown, t.lines, m, real, step)
	if hit < 0 {
		return -1
	}
	return t.reveal(hit)
}

// shown yields the text of lines as they are when nothing is folded.
func (t *jsonTree) shown(from, to int) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		if from >= to {
			return
		}
		var buf []byte
		for c := t.seek(from); c.line < to; {
			l := c.step()
			if buf = l.append(buf[:0]); !yield(l.number, buf) {
				return
			}
		}
	}
}

func (l *jsonLine) append(b []byte) []byte {
	if l.key != nil {
		b = append(appendSegments(b, l.key), ": "...)
	}
	if l.kind == emptyLine {
		b = append(b, l.bracketPair()...)
	} else {
		b = appendSegments(b, l.value)
	}
	if l.comma {
		b = append(b, ',')
	}
	return b
}
