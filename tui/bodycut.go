package tui

import (
	"bytes"
	"iter"
	"strings"
	"unicode/utf8"

	"whk/verify/display"
)

// segmentSize is how much of a text is made displayable at once, in bytes. A longer one is
// cut at the same places from wherever it is looked at, so it reads the same there.
const segmentSize = 4 << 10

// cutter makes the part of one line that is in view, and nothing that is not.
type cutter struct {
	line line
	// skip is how many columns are to be left out still, room how many fit in. Bytes is
	// how many may be taken, for text that takes no columns at all.
	skip, room, bytes int
	more              string
}

// newCutter has room for a little more than can be seen, so that whoever draws the
// line sees that it goes on, even where it goes on with a character of two columns.
func newCutter(left, width int, more string) *cutter {
	return &cutter{skip: left, room: width + 2, bytes: 32*width + 256, more: more}
}

func (c *cutter) full() bool { return c.room <= 0 }

// add appends a text of any kind.
func (c *cutter) add(r role, text string) {
	if c.full() || text == "" {
		return
	}
	text = display.Line(text)
	if c.skip > 0 {
		if text = c.behind(text); text == "" {
			return
		}
	}
	if columns := display.Width(text); columns > c.room {
		text = display.Cut(text, c.room)
		c.room = 0
	} else {
		c.room -= columns
	}
	if len(text) > c.bytes {
		text = text[:wholeRunes(text[:c.bytes])]
		c.line = append(c.line, span{r, text}, span{faint, c.more})
		c.room = 0
		return
	}
	c.bytes -= len(text)
	c.line = append(c.line, span{r, text})
}

// behind is what remains of a text when the columns to be skipped are left out. Half of
// a wide character becomes a blank, so that columns stay below each other.
func (c *cutter) behind(text string) string {
	head := display.Cut(text, c.skip)
	text = text[len(head):]
	c.skip -= display.Width(head)
	if c.skip > 0 && text != "" {
		_, size := utf8.DecodeRuneInString(text)
		text = " " + text[size:]
		c.skip = 0
	}
	return text
}

// raw appends bytes of any number.
func (c *cutter) raw(r role, b []byte) {
	for s := range segments(b) {
		if c.full() {
			return
		}
		c.add(r, string(s))
	}
}

// blank appends so many columns of nothing.
func (c *cutter) blank(n int) {
	skipped := min(n, c.skip)
	c.skip -= skipped
	if n = min(n-skipped, c.room); n > 0 {
		c.room -= n
		c.line = append(c.line, blank(n))
	}
}

// segments cuts bytes into pieces that end with whole characters.
func segments(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(b) > segmentSize {
			n := wholeRunes(b[:segmentSize])
			if !yield(b[:n]) {
				return
			}
			b = b[n:]
		}
		if len(b) > 0 {
			yield(b)
		}
	}
}

// appendSegments appends bytes as they will be seen.
func appendSegments(dst, b []byte) []byte {
	for s := range segments(b) {
		dst = display.AppendLine(dst, s)
	}
	return dst
}

// wholeRunes is how much of s remains without a character at its end that is cut.
func wholeRunes[T string | []byte](s T) int {
	for i := len(s) - 1; i >= max(len(s)-utf8.UTFMax+1, 0); i-- {
		if !utf8.RuneStart(s[i]) {
			continue
		}
		if i > 0 && !utf8.FullRuneInString(string(s[i:])) {
			return i
		}
		break
	}
	return len(s)
}

// matcher is contains for many lines.
type matcher struct {
	text   []byte
	ignore bool // the case of letters
}

func newMatcher(text string) *matcher {
	return &matcher{[]byte(text), text == strings.ToLower(text)}
}

// match may write into the line.
func (m *matcher) match(line []byte) bool {
	if m.ignore {
		line = lowered(line)
	}
	return bytes.Contains(line, m.text)
}

// lowered works in place while it can.
func lowered(b []byte) []byte {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return bytes.ToLower(b)
		}
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return b
}

// searchLines finds the next of n lines that matches. Shown yields the text of the lines
// from one number up to another; a text is good until the next one.
func searchLines(shown func(from, to int) iter.Seq2[int, []byte], n int, m *matcher, from, step int) int {
	if step > 0 {
		for i, text := range shown(max(from, 0), n) {
			if m.match(text) {
				return i
			}
		}
		return -1
	}
	const block = 256
	for end := min(from+1, n); end > 0; end -= block {
		hit := -1
		for i, text := range shown(max(end-block, 0), end) {
			if m.match(text) {
				hit = i
			}
		}
		if hit >= 0 {
			return hit
		}
	}
	return -1
}
