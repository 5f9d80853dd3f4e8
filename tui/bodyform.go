package tui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"

	"whk/verify/display"
)

// maxFormTrees is how many values of one form are laid out as JSON.
const maxFormTrees = 64

// layForm shows the fields of a form or query in the order they came. JSON in a value is
// laid out below its field.
func layForm(name string, data []byte) (string, []section) {
	fields := newRowIndex(data, '&')
	pad := fieldPad(&fields)
	var parts []section
	from := 0
	for i, field := range fields.each(0, fields.n) {
		value, ok := jsonValue(field)
		if !ok || len(parts) >= 2*maxFormTrees {
			continue
		}
		parts = append(parts, &fieldTable{fields, from, i + 1, pad, len(value)}, newTree(value))
		from = i + 1
	}
	if from > 0 {
		name += " with JSON"
	}
	if from < fields.n {
		parts = append(parts, &fieldTable{fields, from, fields.n, pad, 0})
	}
	return name, parts
}

// jsonValue is the value of a field that is a JSON object or array.
func jsonValue(field []byte) ([]byte, bool) {
	_, raw, _ := bytes.Cut(field, []byte("="))
	// Its first character tells most others apart without decoding them.
	var first [64]byte
	start := unescape(first[:0], raw[:min(len(raw), len(first))])
	if i := skipBlanks(start, 0); i == len(start) || start[i] != '{' && start[i] != '[' {
		return nil, false
	}
	value := unescape(make([]byte, 0, len(raw)), raw)
	return value, json.Valid(value)
}

// fieldPad is the width of the column of names: that of the longest of the first few,
// while it is reasonable.
func fieldPad(fields *rowIndex) int {
	const looked, most = 256, 28
	pad := 0
	for _, field := range fields.each(0, looked) {
		if name, _, ok := bytes.Cut(field, []byte("=")); ok && len(name) <= 4*most {
			if w := nameWidth(name); w <= most {
				pad = max(pad, w)
			}
		}
	}
	return pad
}

func nameWidth(name []byte) int {
	return display.Width(display.Line(string(unescape(nil, name))))
}

// fieldTable is a run of the fields of a form, one on a line.
type fieldTable struct {
	fields   rowIndex
	from, to int
	pad      int
	below    int // the size of the JSON that is laid out below the last; 0 for none
}

func (t *fieldTable) height() int { return t.to - t.from }

func (t *fieldTable) window(s *signs, from, n, left, width int) []line {
	to := min(t.from+from+n, t.to)
	made := make([]line, 0, max(to-t.from-from, 0))
	for i, field := range t.fields.each(t.from+from, to) {
		c := newCutter(left, width, s.more)
		for p := range t.pieces(i, field) {
			if c.full() {
				break
			}
			c.add(p.role, p.text)
		}
		made = append(made, c.line)
	}
	return made
}

func (t *fieldTable) find(m *matcher, from, step int) int {
	return searchLines(t.shown, t.height(), m, from, step)
}

func (t *fieldTable) shown(from, to int) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		var buf []byte
		for i, field := range t.fields.each(t.from+from, t.from+to) {
			buf = buf[:0]
			for p := range t.pieces(i, field) {
				buf = display.AppendLine(buf, []byte(p.text))
			}
			if !yield(i-t.from, buf) {
				return
			}
		}
	}
}

// pieces yields what is shown of a field, decoded as far as anybody wants to have it.
func (t *fieldTable) pieces(i int, field []byte) iter.Seq[span] {
	return func(yield func(span) bool) {
		if len(field) == 0 {
			yield(span{faint, "(empty)"})
			return
		}
		name, value, ok := bytes.Cut(field, []byte("="))
		for text := range decoded(name) {
			if !yield(span{keyRole, string(text)}) {
				return
			}
		}
		if !ok {
			return
		}
		missing := 0
		if len(name) <= 4*t.pad {
			missing = t.pad - nameWidth(name)
		}
		if !yield(blank(missing)) || !yield(span{faint, " = "}) {
			return
		}
		if t.below > 0 && i == t.to-1 {
			yield(span{faint, fmt.Sprintf("JSON, %s:", counted(t.below, "byte"))})
			return
		}
		for text := range decoded(value) {
			if !yield(span{plain, string(text)}) {
				return
			}
		}
	}
}

// decoded yields a part of a form decoded, in pieces that end with whole characters.
func decoded(raw []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var buf, cut []byte
		for len(raw) > 0 {
			n := min(len(raw), segmentSize)
			if i := bytes.LastIndexByte(raw[:n], '%'); i > n-3 && n < len(raw) {
				n = i
			}
			buf = unescape(append(buf[:0], cut...), raw[:n])
			raw = raw[n:]
			whole := len(buf)
			if len(raw) > 0 {
				whole = wholeRunes(buf)
			}
			if whole > 0 && !yield(buf[:whole]) {
				return
			}
			cut = append(cut[:0], buf[whole:]...)
		}
	}
}

// unescape decodes what it can: a percent sign that begins nothing stands for itself,
// as it may be what somebody looks for.
func unescape(dst, raw []byte) []byte {
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '+':
			dst = append(dst, ' ')
		case c == '%' && i+2 < len(raw) && digit(raw[i+1]) >= 0 && digit(raw[i+2]) >= 0:
			dst = append(dst, byte(digit(raw[i+1])<<4|digit(raw[i+2])))
			i += 2
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// digit is the value of a hexadecimal digit, -1 for what is none.
func digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
