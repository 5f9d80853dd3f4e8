// Package displaytest holds the hostile texts that every way out of whk is tested with,
// and tells what is wrong with a text that came out.
//
// Fault does not share code with package display, so that a mistake there is not
// repeated here.
package displaytest

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Classes holds one payload for each way in which received text can act on a terminal
// or deceive its reader. Every payload has a visible word before and after the hostile
// part, so that a test can also see what was swallowed.
var Classes = []struct{ Name, Payload string }{
	{"bell", "before\x07after"},
	{"backspace", "before\b\b\b\b\b\bafter"},
	{"carriage return", "before\rafter"},
	{"NUL", "before\x00after"},
	{"DEL", "before\x7fafter"},
	{"shift out and in", "before\x0eqqq\x0fafter"},
	{"vertical tab and form feed", "before\v\fafter"},
	{"substitute and cancel", "before\x1a\x18after"},
	{"CSI colour", "before\x1b[31mred\x1b[0mafter"},
	{"CSI concealed text", "before\x1b[8mhidden\x1b[28mafter"},
	{"CSI cursor movement", "before\x1b[10A\x1b[1;1H\x1b[2Cafter"},
	{"CSI clear screen", "before\x1b[2J\x1b[3J\x1b[Hafter"},
	{"CSI scroll region", "before\x1b[1;2r\x1b[5Safter"},
	{"CSI report requests", "before\x1b[6n\x1b[c\x1b[>q\x1b[21tafter"},
	{"alternate screen", "before\x1b[?1049hafter"},
	{"mouse mode", "before\x1b[?1000h\x1b[?1003h\x1b[?1006hafter"},
	{"bracketed paste", "before\x1b[?2004h\x1b[200~rm -rf /\n\x1b[201~after"},
	{"reset to initial state", "before\x1bcafter"},
	{"character set", "before\x1b(0lqk\x1b(Bafter"},
	{"OSC 0 title", "before\x1b]0;owned\x07after"},
	{"OSC 2 title", "before\x1b]2;owned\x1b\\after"},
	{"OSC 4 palette", "before\x1b]4;1;rgb:00/00/00\x1b\\after"},
	{"OSC 8 hyperlink", "before\x1b]8;;http://evil.example.com\x1b\\bank\x1b]8;;\x1b\\after"},
	{"OSC 52 clipboard", "before\x1b]52;c;cm0gLXJmIC8K\x07after"},
	{"unterminated OSC", "before\x1b]0;swallowed to the end after"},
	{"DCS", "before\x1bP$q\"p\x1b\\after"},
	{"sixel", "before\x1bPq#0;2;0;0;0#0~~@@vv\x1b\\after"},
	{"APC", "before\x1b_Ga=T,f=100;AAAA\x1b\\after"},
	{"PM", "before\x1b^private\x1b\\after"},
	{"SOS", "before\x1bXstring\x1b\\after"},
	{"C1 CSI in UTF-8", "before\u009b2Jafter"},
	{"C1 OSC in UTF-8", "before\u009d0;owned\u009cafter"},
	{"C1 DCS in UTF-8", "before\u0090q\u009cafter"},
	{"C1 next line in UTF-8", "before\u0085after"},
	{"C1 CSI as a raw byte", "before\x9b2Jafter"},
	{"C1 OSC as raw bytes", "before\x9d0;owned\x9cafter"},
	{"C1 DCS as raw bytes", "before\x90q\x9cafter"},
	{"right-to-left override", "before\u202Egpj.exe\u202Cafter"},
	{"bidi isolates", "before\u2066a\u2067b\u2068c\u2069after"},
	{"bidi marks", "before\u200E\u200F\u061Cafter"},
	{"zero-width space", "before\u200Bafter"},
	{"zero-width joiners", "before\u200C\u200D\u2060after"},
	{"byte order mark", "\uFEFFbefore\uFEFFafter"},
	{"soft hyphen", "before\u00ADafter"},
	{"invisible fillers", "before\u3164\u115F\uFFA0\u2800after"},
	{"invisible operators", "before\u2061\u2062\u2063after"},
	{"tag characters", "before\U000E0001\U000E0068\U000E0069\U000E007Fafter"},
	{"variation selectors", "before\uFE0F\U000E0100\U000E01EFafter"},
	{"line and paragraph separator", "before\u2028\u2029after"},
	{"interlinear annotation", "before\uFFF9a\uFFFAb\uFFFBafter"},
	{"private use", "before\uE000\U000F0000after"},
	{"non-characters", "before\uFDD0\uFFFE\U0010FFFFafter"},
	{"overlong encoding", "before\xc0\x9b\xe0\x80\x9bafter"},
	{"lone surrogate", "before\xed\xa0\x80\xed\xbf\xbfafter"},
	{"cut and stray bytes", "before\xe2\x82after\xff\xfe\x80"},
	{"beyond Unicode", "before\xf4\x90\x80\x80\xf8\x88\x80\x80\x80after"},
	{"newline injection", "before\n2026-01-01 level=info msg=forged after"},
	{"CRLF injection", "before\r\nX-Forged: 1\r\n\r\nafter"},
	{"tab", "before\tafter"},
	{"written-out escapes", `before\x1b[2J\u{202E}\n after` + "\x1b"},
	{"backslash before an escape", "before\\\x1b\\\\\x1bafter"},
}

// Fault says what in a shown text could act on a terminal or deceive a reader, and ""
// when nothing can. Newline and tab are faults in a line and none in a block.
func Fault(shown string, block bool) string {
	for i, r := range shown {
		switch {
		case r == utf8.RuneError:
			if _, size := utf8.DecodeRuneInString(shown[i:]); size == 1 {
				return fmt.Sprintf("invalid byte %#x at %d", shown[i], i)
			}
		case block && (r == '\n' || r == '\t'):
		case unicode.IsControl(r):
			return fmt.Sprintf("control character %U at %d", r, i)
		case !unicode.IsGraphic(r):
			return fmt.Sprintf("invisible or unassigned code point %U at %d", r, i)
		case r == 0x2800, unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point):
			return fmt.Sprintf("ignorable code point %U at %d", r, i)
		}
	}
	return ""
}
