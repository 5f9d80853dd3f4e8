package tui

import (
	"bytes"
	"sort"
)

// jsonTree prints JSON on as many lines as it has values and brackets, from the text as
// it was sent. It holds no values: a line is where its text starts and how deep it is,
// and that is noted only for every so many lines. The ones between are read again when
// they are wanted. It never recurses, and relies on json.Valid having accepted the text.
type jsonTree struct {
	data  []byte
	marks []jsonMark
	lines int
	// folds are all that are folded, by line; shut are those of them that no other one
	// hides, which is what the window is made with.
	folds []fold
	shut  []shutFold
}

// jsonMark notes where a line starts. A line of more than longLine bytes has a mark of
// its own, as has the line behind it, so it need not be read to get past it.
type jsonMark struct {
	line, at uint32
	value    uint32 // where the line's value starts, when it is long
	depth    uint16 // json.Valid goes no deeper than 10,000
	long     bool
}

const (
	markLines = 64
	markBytes = 4 << 10
	longLine  = 4 << 10
)

// jsonLine is one line as it will be printed.
type jsonLine struct {
	number, depth int
	key           []byte // with its quotes; nil when there is none
	value         []byte // of a scalar, else one or both brackets
	kind          lineKind
	comma         bool
}

type lineKind uint8

const (
	scalarLine lineKind = iota
	emptyLine           // {} or []
	openLine
	closeLine
)

func newTree(data []byte) *jsonTree {
	t := &jsonTree{data: data}
	c := jsonCursor{jsonTree: t, at: skipBlanks(data, 0)}
	for c.at < len(data) {
		last := len(t.marks) - 1
		if last < 0 || t.lines-int(t.marks[last].line) >= markLines || c.at-int(t.marks[last].at) >= markBytes {
			t.marks = append(t.marks, c.mark())
			last++
		}
		here := c.mark()
		value, _ := c.read()
		t.lines = c.line
		if c.at-int(here.at) <= longLine {
			continue
		}
		if t.marks[last].line != here.line {
			t.marks = append(t.marks, here)
			last++
		}
		t.marks[last].value, t.marks[last].long = uint32(value), true
		if c.at < len(data) {
			t.marks = append(t.marks, c.mark())
		}
	}
	return t
}

// jsonCursor reads line after line.
type jsonCursor struct {
	*jsonTree
	at, line, depth int
	next            int // the mark that has not been passed
}

func (c *jsonCursor) mark() jsonMark {
	return jsonMark{line: uint32(c.line), at: uint32(c.at), depth: uint16(c.depth)}
}

// seek is a cursor on a line.
func (t *jsonTree) seek(line int) jsonCursor {
	next := sort.Search(len(t.marks), func(i int) bool { return int(t.marks[i].line) > line })
	m := t.marks[next-1]
	c := jsonCursor{jsonTree: t, at: int(m.at), line: int(m.line), depth: int(m.depth), next: next - 1}
	for c.line < line {
		c.step()
	}
	return c
}

// read passes one line, and returns where its value starts and ends.
func (c *jsonCursor) read() (value, end int) {
	b, i := c.data, c.at
	if b[i] == '"' {
		end = skipText(b, i)
		if i = skipBlanks(b, end); i < len(b) && b[i] == ':' {
			i = skipBlanks(b, i+1)
		} else {
			return c.pass(c.at, end)
		}
	}
	switch b[i] {
	case '"':
		return c.pass(i, skipText(b, i))
	case '{', '[':
		if end = skipBlanks(b, i+1); b[end] == '}' || b[end] == ']' {
			return c.pass(i, end+1)
		}
		c.depth++
		c.line++
		c.at = end
		return i, i + 1
	case '}', ']':
		c.depth--
		return c.pass(i, i+1)
	}
	for end = i; end < len(b) && !endsScalar(b[end]); end++ {
	}
	return c.pass(i, end)
}

// pass goes on behind a value and the comma after it.
func (c *jsonCursor) pass(value, end int) (int, int) {
	c.line++
	if c.at = skipBlanks(c.data, end); c.at < len(c.data) && c.data[c.at] == ',' {
		c.at = skipBlanks(c.data, c.at+1)
	}
	return value, end
}

// step reads one line and passes it.
func (c *jsonCursor) step() jsonLine {
	l := jsonLine{number: c.line, depth: c.depth}
	for c.next < len(c.marks) && int(c.marks[c.next].line) < c.line {
		c.next++
	}
	start := c.at
	var value, end int
	if c.next < len(c.marks) && int(c.marks[c.next].line) == c.line && c.marks[c.next].long {
		value, end = c.leap()
	} else {
		value, end = c.read()
	}
	if value > start {
		l.key = bytes.TrimRight(c.data[start:value], " \t\r\n")
		l.key = bytes.TrimRight(l.key[:len(l.key)-1], " \t\r\n")
	}
	l.value = c.data[value:end]
	switch c.data[value] {
	case '{', '[':
		l.kind = emptyLine
		if end-value == 1 {
			l.kind = openLine
			return l
		}
	case '}', ']':
		l.kind = closeLine
		l.depth--
	}
	l.comma = c.endsInComma(end)
	return l
}

// endsInComma reports whether a comma stands between the end of a value and where the
// cursor is.
func (c *jsonCursor) endsInComma(end int) bool {
	return bytes.IndexByte(c.data[end:c.at], ',') >= 0
}

// leap passes a long line without reading it: the next mark says where it ends.
func (c *jsonCursor) leap() (value, end int) {
	value = int(c.marks[c.next].value)
	next := len(c.data)
	if c.next+1 < len(c.marks) {
		next = int(c.marks[c.next+1].at)
	}
	c.line++
	c.at = next
	switch c.data[value] {
	case '{', '[':
		if end = skipBlanks(c.data, value+1); c.data[end] == '}' || c.data[end] == ']' {
			return value, end + 1
		}
		c.depth++
		return value, value + 1
	case '}', ']':
		c.depth--
		return value, value + 1
	}
	text := bytes.TrimRight(c.data[value:next], " \t\r\n")
	text = bytes.TrimRight(bytes.TrimSuffix(text, []byte(",")), " \t\r\n")
	return value, value + len(text)
}

func skipBlanks(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// skipText is the position behind the string that starts at i.
func skipText(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func endsScalar(c byte) bool {
	switch c {
	case ',', '}', ']', ' ', '\n', '\t', '\r':
		return true
	}
	return false
}
