// Package display makes hostile text visible. It is the one boundary that everything
// received passes before it reaches a terminal, a log or an error.
//
// The law: show, never strip. What could act on a terminal or deceive a reader is
// written out, so that the evidence stays on the screen:
//
//	\x1b      a control character or DEL, or a byte that is not valid UTF-8
//	\u{202E}  a code point that cannot be seen or turns text around: C1 controls,
//	          bidi controls, zero-width, tag and other format characters, fillers,
//	          variation selectors, line and paragraph separators, private use and
//	          unassigned code points
//	\n \t     newline and tab, in Line only; Block leaves both alone
//
// Clean text comes back unchanged and costs no allocation, backslashes and all. In text
// that had to be changed, a backslash which stands before something that reads as an
// escape is doubled, so that the original can be told from what is shown. A text that
// consists of written-out escapes from the start is clean and is shown as it is:
// nothing that is idempotent could tell it apart, and a second pass must not escape
// the escapes of the first. Shown says which of the two it was.
//
//	display.Line("a\x1b[2Jb")   // a\x1b[2Jb, written out
package display

import (
	"unicode/utf8"
)

// Line shows s on one line: newline and tab are written out too.
func Line(s string) string { return show(s, false) }

// Block shows s as a text of several lines: newline and tab are kept as they are.
func Block(s string) string { return show(s, true) }

// Shown reports whether Line has to write anything of s out; when it is false, Line
// returns s itself.
func Shown(s string) bool { return scan(s, false) < len(s) }

// AppendLine appends what Line makes of s to dst.
func AppendLine(dst []byte, s []byte) []byte {
	if i := scan(s, false); i < len(s) {
		return appendShown(dst, s, i, false)
	}
	return append(dst, s...)
}

// AppendBlock appends what Block makes of s to dst.
func AppendBlock(dst []byte, s []byte) []byte {
	if i := scan(s, true); i < len(s) {
		return appendShown(dst, s, i, true)
	}
	return append(dst, s...)
}

func show(s string, block bool) string {
	i := scan(s, block)
	if i == len(s) {
		return s
	}
	return string(appendShown(make([]byte, 0, len(s)+len(s)/8+16), s, i, block))
}

// scan returns where the first character stands that has to be written out, len(s)
// when there is none.
func scan[T string | []byte](s T, block bool) int {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if !plain(c, block) {
				return i
			}
			i++
			continue
		}
		r, size := decode(s, i)
		if hidden(r, size) {
			return i
		}
		i += size
	}
	return len(s)
}

// appendShown writes s out; everything before from is known to be clean.
func appendShown[T string | []byte](dst []byte, s T, from int, block bool) []byte {
	// A backslash before from may stand before something that reads as an escape, or
	// right before the first escape, so the copy starts at the front.
	slashes := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c == '\\' {
			slashes++
			dst = append(dst, c)
			i++
			continue
		}
		r, size := rune(c), 1
		escape := false
		switch {
		case i < from && c < utf8.RuneSelf:
		case c < utf8.RuneSelf:
			escape = !plain(c, block)
		default:
			r, size = decode(s, i)
			escape = i >= from && hidden(r, size)
		}
		if slashes > 0 {
			if escape || reads(s, i, block) {
				for range slashes {
					dst = append(dst, '\\')
				}
			}
			slashes = 0
		}
		if escape {
			dst = appendEscape(dst, c, r, size, block)
		} else {
			dst = append(dst, s[i:i+size]...)
		}
		i += size
	}
	return dst
}

const (
	lower = "0123456789abcdef"
	upper = "0123456789ABCDEF"
)

func appendEscape(dst []byte, c byte, r rune, size int, block bool) []byte {
	switch {
	case c == '\n' && !block:
		return append(dst, '\\', 'n')
	case c == '\t' && !block:
		return append(dst, '\\', 't')
	case size == 1:
		return append(dst, '\\', 'x', lower[c>>4], lower[c&15])
	}
	dst = append(dst, '\\', 'u', '{')
	shift := 4
	for r>>shift > 15 {
		shift += 4
	}
	for ; shift >= 0; shift -= 4 {
		dst = append(dst, upper[r>>shift&15])
	}
	return append(dst, '}')
}

// reads reports whether s from i on would read as an escape after a backslash.
func reads[T string | []byte](s T, i int, block bool) bool {
	switch s[i] {
	case 'n', 't':
		return !block
	case 'x':
		return i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2])
	case 'u':
		if i+1 >= len(s) || s[i+1] != '{' {
			return false
		}
		digits := 0
		for i += 2; i < len(s) && digits <= 6 && isHex(s[i]); i++ {
			digits++
		}
		return digits >= 1 && digits <= 6 && i < len(s) && s[i] == '}'
	}
	return false
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func plain(c byte, block bool) bool {
	return c >= 0x20 && c != 0x7f || block && (c == '\n' || c == '\t')
}

// decode reads the rune at i. A conversion of the whole text would copy it, so at most
// the four bytes of one rune are looked at.
func decode[T string | []byte](s T, i int) (rune, int) {
	var four [utf8.UTFMax]byte
	n := copy(four[:], s[i:min(i+utf8.UTFMax, len(s))])
	return utf8.DecodeRune(four[:n])
}
