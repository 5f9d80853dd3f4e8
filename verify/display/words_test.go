package display

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestTook(t *testing.T) {
	for d, want := range map[time.Duration]string{
		358 * time.Microsecond: "0.358 ms", 12100 * time.Microsecond: "12.1 ms", 3200 * time.Millisecond: "3.2 s", 0: "0 ms",
	} {
		if got := Took(d); got != want {
			t.Errorf("Took(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -999: "-999", 1234567: "1,234,567",
		math.MinInt64: "-9,223,372,036,854,775,808",
	} {
		if got := Thousands(n); got != want {
			t.Errorf("Thousands(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	tests := []struct {
		name, text string
		columns    int
		want       []string
	}{
		{"nothing", "  ", 10, nil},
		{"fits", "a  b\tc", 10, []string{"a b c"}},
		{"at blanks", "one two three", 7, []string{"one two", "three"}},
		{"a long word", "see abcdefghij k", 4, []string{"see", "abcd", "efgh", "ij k"}},
		{"wide characters", "漢字漢字", 5, []string{"漢字", "漢字"}},
		{"no room", "ab 漢", 1, []string{"ab", "漢"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Wrap(tt.text, tt.columns)); diff != "" {
				t.Errorf("Wrap (-want +got):\n%s", diff)
			}
		})
	}
}

// No line is wider than it may be, and nothing but blanks is lost.
func TestWrapKeepsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := Line(rapid.String().Draw(t, "text"))
		columns := rapid.IntRange(2, 40).Draw(t, "columns")
		lines := Wrap(text, columns)
		for _, l := range lines {
			if Width(l) > columns {
				t.Fatalf("%q has %d columns, want %d at most", l, Width(l), columns)
			}
		}
		without := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if got := without(strings.Join(lines, " ")); got != without(text) {
			t.Fatalf("got %q, want %q", got, without(text))
		}
	})
}
