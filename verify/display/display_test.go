package display_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"whk/verify/display"
	"whk/verify/display/displaytest"
)

func TestLine(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"empty", "", ""},
		{"ASCII", `{"a": "b\n\\u001b"}`, `{"a": "b\n\\u001b"}`},
		{"letters of many scripts", "Ünïcödé Ж 日本語 한국어 हिन्दी עברית", "Ünïcödé Ж 日本語 한국어 हिन्दी עברית"},
		{"emoji", "🎉 done", "🎉 done"},
		{"no-break and wide spaces", "a\u00a0b\u3000c", "a\u00a0b\u3000c"},
		{"a replacement character that was sent", "\uFFFD", "\uFFFD"},
		{"newline and tab", "a\nb\tc", `a\nb\tc`},
		{"controls", "\x00\x07\r\x1b\x7f", `\x00\x07\x0d\x1b\x7f`},
		{"C1", "\u0080\u009b", `\u{80}\u{9B}`},
		{"raw bytes", "\x80\x9b\xff", `\x80\x9b\xff`},
		{"bidi and tags", "\u202E\U000E0041", `\u{202E}\u{E0041}`},
		{"written-out escapes alone are left", `\x1b\u{202E}\n`, `\x1b\u{202E}\n`},
		{"and are told apart beside a real one", `\x1b` + "\x1b", `\\x1b\x1b`},
		{"a run of backslashes before a written-out escape", `\\\n` + "\n", `\\\\\\n\n`},
		{"a backslash before a real one", "\\\x1b", `\\\x1b`},
		{"backslashes that escape nothing", `C:\dir\\u{}\u{1234567}\xg1` + "\n", `C:\dir\\u{}\u{1234567}\xg1\n`},
		{"a backslash at the end", "\x1b\\", `\x1b\`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, display.Line(tt.in)); diff != "" {
				t.Errorf("Line(%q) (-want +got):\n%s", tt.in, diff)
			}
			if got, want := display.Shown(tt.in), tt.in != tt.want; got != want {
				t.Errorf("Shown(%q) = %v, want %v", tt.in, got, want)
			}
		})
	}
}

func TestBlock(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"newline and tab are kept", "a\n\tb\n", "a\n\tb\n"},
		{"carriage return is not", "a\r\nb", "a\\x0d\nb"},
		{"JSON escapes keep their single backslash", `"a\n\tb\u001b"` + "\x1b", `"a\n\tb\u001b"\x1b`},
		{"written-out escapes beside a real one", `\x41 \n` + "\x1b", `\\x41 \n\x1b`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, display.Block(tt.in)); diff != "" {
				t.Errorf("Block(%q) (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

func TestClassesAreShown(t *testing.T) {
	for _, c := range displaytest.Classes {
		t.Run(c.Name, func(t *testing.T) {
			for _, block := range []bool{false, true} {
				got := shown(c.Payload, block)
				check(t, c.Payload, got, block)
				if !strings.Contains(got, "before") || !strings.Contains(got, "after") {
					t.Errorf("text around the payload is lost: %q", got)
				}
			}
			if !display.Shown(c.Payload) {
				t.Error("nothing in the payload is written out")
			}
		})
	}
}

func TestFaultSeesEveryClass(t *testing.T) {
	for _, c := range displaytest.Classes {
		if displaytest.Fault(c.Payload, false) == "" {
			t.Errorf("%s: no fault found in the raw payload", c.Name)
		}
	}
}

// What is written out is exactly what Fault objects to, code point by code point, so
// that nothing readable is made unreadable either.
func TestEveryRune(t *testing.T) {
	for r := range rune(unicode.MaxRune + 1) {
		if !utf8.ValidRune(r) {
			continue
		}
		s := string(r)
		if got, want := display.Line(s) != s, displaytest.Fault(s, false) != ""; got != want {
			t.Errorf("%U: written out is %v, want %v", r, got, want)
		}
	}
}

func TestCleanTextIsNotCopied(t *testing.T) {
	ascii := strings.Repeat(`{"key": "value\n"} `, 100)
	text := strings.Repeat("Größe 日本語 🎉 ", 100)
	for _, s := range []string{ascii, text} {
		if n := testing.AllocsPerRun(100, func() { display.Line(s); display.Block(s) }); n != 0 {
			t.Errorf("%v allocations for clean text, want none", n)
		}
	}
}

func FuzzLine(f *testing.F)  { fuzz(f, false) }
func FuzzBlock(f *testing.F) { fuzz(f, true) }

func fuzz(f *testing.F, block bool) {
	for _, c := range displaytest.Classes {
		f.Add(c.Payload)
	}
	f.Add(`\\x1b\u{1}\n` + "\x1b\\")
	f.Fuzz(func(t *testing.T, s string) { check(t, s, shown(s, block), block) })
}

func shown(s string, block bool) string {
	if block {
		return display.Block(s)
	}
	return display.Line(s)
}

// check holds what is promised of every text: nothing hostile is left, a second pass
// changes nothing, the original can be recovered, and both ways in say the same.
func check(t *testing.T, original, got string, block bool) {
	t.Helper()
	if fault := displaytest.Fault(got, block); fault != "" {
		t.Errorf("%s in %q", fault, got)
	}
	if again := shown(got, block); again != got {
		t.Errorf("second pass made %q of %q", again, got)
	}
	if got != original {
		if back := unescape(got, block); back != original {
			t.Errorf("%q was shown as %q, which reads as %q", original, got, back)
		}
	}
	appended := display.AppendLine([]byte("> "), []byte(original))
	if block {
		appended = display.AppendBlock([]byte("> "), []byte(original))
	}
	if string(appended) != "> "+got {
		t.Errorf("appended %q, want %q", appended, got)
	}
}

// unescape turns a text in which something was written out back into what it was.
func unescape(s string, block bool) string {
	var out bytes.Buffer
	for s != "" {
		rest := strings.TrimLeft(s, `\`)
		slashes := len(s) - len(rest)
		value, size := escapeTail(rest, block)
		if slashes == 0 || size == 0 {
			n := max(slashes, 1)
			out.WriteString(s[:n])
			s = s[n:]
			continue
		}
		out.WriteString(strings.Repeat(`\`, slashes/2))
		if slashes%2 == 0 {
			value = rest[:size]
		}
		out.WriteString(value)
		s = rest[size:]
	}
	return out.String()
}

// escapeTail reads what stands behind the backslash of an escape; size is 0 when it is
// none.
func escapeTail(s string, block bool) (value string, size int) {
	switch {
	case s == "":
	case s[0] == 'n' && !block:
		return "\n", 1
	case s[0] == 't' && !block:
		return "\t", 1
	case s[0] == 'x' && len(s) >= 3:
		if n, err := strconv.ParseUint(s[1:3], 16, 8); err == nil {
			return string([]byte{byte(n)}), 3
		}
	case strings.HasPrefix(s, "u{"):
		digits, _, ok := strings.Cut(s[2:], "}")
		if n, err := strconv.ParseUint(digits, 16, 32); ok && err == nil && len(digits) <= 6 {
			return string(rune(n)), len(digits) + 3
		}
	}
	return "", 0
}

func BenchmarkLine(b *testing.B) {
	body := strings.Repeat(`{"Action":"Update","Entity":"Contacts","New":{"Id":2630362}} `, 100)
	inputs := []struct{ name, text string }{
		{"clean ASCII", body},
		{"clean Han", strings.Repeat("日本語のテキスト", 250)},
		{"clean Cyrillic", strings.Repeat("Привет мир ", 300)},
		{"one escape", body + "\x1b"},
		{"all escapes", strings.Repeat("\x1b\u202E\xff", 1000)},
	}
	for _, in := range inputs {
		b.Run(in.name, func(b *testing.B) {
			b.SetBytes(int64(len(in.text)))
			b.ReportAllocs()
			for b.Loop() {
				display.Line(in.text)
			}
		})
	}
}
