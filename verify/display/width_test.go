package display_test

import (
	"testing"
	"unicode/utf8"

	"whk/verify/display"
)

func TestWidth(t *testing.T) {
	tests := []struct {
		name, in string
		want     int
	}{
		{"empty", "", 0},
		{"ASCII", "hello", 5},
		{"accents", "Größe", 5},
		{"combining accent", "e\u0301", 1},
		{"Han", "日本", 4},
		{"Hangul", "한국", 4},
		{"Hangul from jamo", "\u1112\u1161\u11ab", 2},
		{"halfwidth kana", "ｱｲ", 2},
		{"fullwidth Latin", "Ａ", 2},
		{"emoji", "🎉", 2},
		{"check marks are narrow", "✓✗", 2},
		{"box drawing is narrow", "─│█", 3},
		{"flag", "🇳🇱", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := display.Width(tt.in); got != tt.want {
				t.Errorf("Width(%q) = %d, want %d", tt.in, got, tt.want)
			}
		})
	}
}

func TestCutAndShorten(t *testing.T) {
	tests := []struct {
		name           string
		in             string
		n              int
		cut, shortened string
	}{
		{"fits", "hello", 5, "hello", "hello"},
		{"too long", "hello", 4, "hell", "hel…"},
		{"nothing fits", "hello", 0, "", ""},
		{"less than nothing", "hello", -1, "", ""},
		{"only the mark fits", "hello", 1, "h", "…"},
		{"a wide character is not split", "日本語", 5, "日本", "日本…"},
		{"nor kept when half of it fits", "日本語", 4, "日本", "日…"},
		{"combining marks stay with their letter", "e\u0301e\u0301e\u0301", 2, "e\u0301e\u0301", "e\u0301…"},
		{"bytes are not columns", "ÄÖÜ", 3, "ÄÖÜ", "ÄÖÜ"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := display.Cut(tt.in, tt.n); got != tt.cut {
				t.Errorf("Cut = %q, want %q", got, tt.cut)
			}
			if got := display.Shorten(tt.in, tt.n, "…"); got != tt.shortened {
				t.Errorf("Shorten = %q, want %q", got, tt.shortened)
			}
		})
	}
}

func FuzzCut(f *testing.F) {
	f.Add("日本語e\u0301🎉", 4)
	f.Fuzz(func(t *testing.T, s string, n int) {
		if !utf8.ValidString(s) {
			return
		}
		cut := display.Cut(s, n)
		if w := display.Width(cut); w > max(n, 0) {
			t.Errorf("Cut(%q, %d) = %q takes %d columns", s, n, cut, w)
		}
		if s[:len(cut)] != cut || !utf8.ValidString(cut) {
			t.Errorf("Cut(%q, %d) = %q is no whole start of it", s, n, cut)
		}
	})
}
