package provider

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// unified writes hunks as diff -u does.
func unified(hunks []Hunk) string {
	var b strings.Builder
	for _, h := range hunks {
		fmt.Fprintf(&b, "@@ -%d,%d +%d,%d @@\n", h.OldStart, h.OldLines, h.NewStart, h.NewLines)
		for _, line := range h.Lines {
			fmt.Fprintf(&b, "%c%s\n", line.Sign, line.Text)
		}
	}
	return b.String()
}

func TestDiffLines(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"equal", "a b c", "a b c", ""},
		{"nothing", "", "", ""},
		{"one line in the middle", "a b c d e", "a b X d e", "@@ -2,3 +2,3 @@\n b\n-c\n+X\n d\n"},
		{"at the start", "a b c", "X a b c", "@@ -1,1 +1,2 @@\n+X\n a\n"},
		{"from nothing", "", "a b", "@@ -0,0 +1,2 @@\n+a\n+b\n"},
		{"to nothing", "a b", "", "@@ -1,2 +0,0 @@\n-a\n-b\n"},
		{"two hunks that touch", "a b c d", "A b c D", "@@ -1,4 +1,4 @@\n-a\n+A\n b\n c\n-d\n+D\n"},
		{"two hunks apart", "a b c d e", "A b c d E", "@@ -1,2 +1,2 @@\n-a\n+A\n b\n@@ -4,2 +4,2 @@\n d\n-e\n+E\n"},
		{"lines that repeat", "{ x } { y }", "{ x } { z } { y }", "@@ -4,1 +4,4 @@\n {\n+z\n+}\n+{\n@@ -"},
		{"a line that moved", "a b c d", "b c d a", "@@ -1,2 +1,1 @@\n-a\n b\n@@ -4,1 +3,2 @@\n d\n+a\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := unified(DiffLines(strings.Fields(c.old), strings.Fields(c.new), 1))
			if prefix, ok := strings.CutSuffix(c.want, "@@ -"); ok {
				// Which of the repeated lines is taken does not matter; how many does.
				if n := strings.Count(got, "\n+"); n != strings.Count(prefix, "\n+") || strings.Contains(got, "\n-") {
					t.Errorf("got\n%s", got)
				}
				return
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// The hunks lead from one text to the other, and hold no more than the context.
func TestDiffLinesApplies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SampledFrom(strings.Split("abcdefghijkl", ""))
		old, new := rapid.SliceOfN(line, 0, 30).Draw(t, "old"), rapid.SliceOfN(line, 0, 30).Draw(t, "new")
		context := rapid.IntRange(0, 3).Draw(t, "context")
		hunks := DiffLines(old, new, context)
		var got []string
		at := 0
		for _, h := range hunks {
			from := h.OldStart - 1
			if h.OldLines == 0 {
				from++
			}
			got = append(got, old[at:from]...)
			if here := len(got) + 1; h.NewLines > 0 && here != h.NewStart || h.NewLines == 0 && here != h.NewStart+1 {
				t.Fatalf("a hunk says that it starts at line %d, it is %d", h.NewStart, here)
			}
			at = from
			for _, l := range h.Lines {
				if l.Sign != '+' {
					if old[at] != l.Text {
						t.Fatalf("line %d is %q, not %q", at, old[at], l.Text)
					}
					at++
				}
				if l.Sign != '-' {
					got = append(got, l.Text)
				}
			}
		}
		got = append(got, old[at:]...)
		if !slices.Equal(got, new) {
			t.Fatalf("%q became %q, not %q\n%s", old, got, new, unified(hunks))
		}
	})
}

func TestDiffLinesIsBounded(t *testing.T) {
	old, new := make([]string, 200_000), make([]string, 200_000)
	for i := range old {
		old[i], new[i] = fmt.Sprint(i%7), fmt.Sprint(i%5)
	}
	start := time.Now()
	DiffLines(old, new, 3)
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}
