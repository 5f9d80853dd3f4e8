package tui

import (
	"bytes"
	"fmt"
)

// maxParts is how many parts of a multipart body are told apart.
const maxParts = 64

// layParts shows the parts of a multipart body with their headers as they stand. It
// reports false when the boundary does not occur.
func layParts(data []byte, boundary string) ([]section, bool) {
	at, next, last := delimiter(data, boundary, 0)
	if at < 0 {
		return nil, false
	}
	var shown []section
	if at > 0 {
		shown = append(shown, remark(warn, "before the first part"), newText(data[:at]))
	}
	for n := 1; !last; n++ {
		from := next
		if n > maxParts {
			return append(shown, remark(warn, fmt.Sprintf("what follows the first %d parts", maxParts)), newText(data[from:])), true
		}
		at, next, last = delimiter(data, boundary, from)
		if at < 0 {
			shown = append(shown, onePart(n, data[from:])...)
			return append(shown, remark(warn, "the last part has no end: the closing boundary is missing")), true
		}
		shown = append(shown, onePart(n, endOfLine(data[from:at]))...)
	}
	if len(bytes.TrimSpace(data[next:])) > 0 {
		shown = append(shown, remark(warn, "behind the last part"), newText(data[next:]))
	}
	return shown, true
}

// delimiter finds the next line that is a boundary, where it starts and where the next
// line does. It is the last one when it ends in two hyphens.
func delimiter(data []byte, boundary string, from int) (at, next int, last bool) {
	mark := []byte("--" + boundary)
	for from <= len(data) {
		i := bytes.Index(data[from:], mark)
		if i < 0 {
			break
		}
		at = from + i
		from = at + len(mark)
		rest := data[from:]
		if at > 0 && data[at-1] != '\n' {
			continue
		}
		tail, _, _ := bytes.Cut(rest, []byte("\n"))
		next = min(from+len(tail)+1, len(data))
		if tail, last = bytes.CutPrefix(tail, []byte("--")); len(bytes.TrimSpace(tail)) == 0 {
			return at, next, last
		}
	}
	return -1, 0, false
}

// endOfLine leaves out the end of line that belongs to the boundary behind it.
func endOfLine(content []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(content, []byte("\n")), []byte("\r"))
}

func onePart(n int, part []byte) []section {
	head, content := splitHead(part)
	shown := []section{remarks{{{bold, fmt.Sprintf("part %d", n)}, {faint, ", " + counted(len(content), "byte")}}}}
	if len(head) > 0 {
		shown = append(shown, newText(bytes.ReplaceAll(head, []byte("\r\n"), []byte("\n"))), remark(plain, ""))
	}
	m := readMedia(headValue(head, "content-type"))
	m.boundary = "" // parts within parts are text
	_, laid := layOut(content, m)
	return append(shown, laid...)
}

// splitHead parts the header lines from what follows the empty line.
func splitHead(part []byte) (head, content []byte) {
	for at := 0; at < len(part); {
		row, _, ended := bytes.Cut(part[at:], []byte("\n"))
		if !ended {
			break
		}
		next := at + len(row) + 1
		if len(bytes.TrimSuffix(row, []byte("\r"))) == 0 {
			return part[:at], part[next:]
		}
		at = next
	}
	return nil, part
}

// headValue is the value of the first header line of a name in small letters.
func headValue(head []byte, name string) string {
	for row := range bytes.SplitSeq(head, []byte("\n")) {
		key, value, ok := bytes.Cut(row, []byte(":"))
		if ok && string(bytes.ToLower(bytes.TrimSpace(key))) == name {
			return string(bytes.TrimSpace(value))
		}
	}
	return ""
}
