package tui

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"whk/verify/display"
)

func TestSparkline(t *testing.T) {
	tests := []struct {
		name   string
		counts []int
		width  int
		ascii  bool
		want   string
	}{
		{"nothing", nil, 3, false, "   "},
		{"no width", []int{1}, 0, false, ""},
		{"zeros are blank", []int{0, 0, 0}, 3, false, "   "},
		{"the newest stand at the right", []int{1, 2}, 4, false, "  ▃▇"},
		{"the oldest are left out", []int{9, 1, 2}, 2, false, "▃▇"},
		{"what is not zero is seen", []int{1, 0, 100_000}, 3, false, "▁ ▇"},
		{"all heights", []int{1, 2, 3, 4, 5, 6, 7}, 7, false, "▁▂▃▄▅▆▇"},
		{"ASCII", []int{0, 1, 2, 3, 4, 5, 6, 7}, 8, true, " ..::==#"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, sparkline(tt.counts, tt.width, &newTheme(false, tt.ascii).signs)); diff != "" {
				t.Errorf("sparkline (-want +got):\n%s", diff)
			}
		})
	}
}

func TestColumnChart(t *testing.T) {
	labels := []string{"12:00", "12:01", "12:02"}
	tests := []struct {
		name   string
		counts []int
		width  int
		ascii  bool
		want   string
	}{
		{"no counts", nil, 40, false, ""},
		{"no room", []int{1}, 6, false, ""},
		{"few counts get wide columns", []int{1, 0, 1000}, 40, false, `
title
1,000 │            ██████
      │            ██████
      │            ██████
      │            ██████
      │▁▁▁▁▁▁      ██████
    0 ┴──────────────────
       12:00  12:01 12:02
`},
		{"the oldest are left out", []int{9, 1, 2, 3, 4, 5, 6, 7, 8}, 14, true, `
title
   8 |      :#
     |    .=##
     |   :####
     | .######
     |=#######
   0 +--------
         12:02
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			th := newTheme(false, tt.ascii)
			page := th.chart(columnChart{"title", tt.counts, labels}, tt.width)
			got := drawnPage(t, th, page, tt.width)
			if len(page) > 0 {
				got = "\n" + got // as it stands below
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("chart (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBarChart(t *testing.T) {
	th := newTheme(false, false)
	rows := []bar{{"a", 1_000_000, "p50"}, {"\x1b[2J", 1, ""}, {"c", 0, ""}}
	want := `title
a        1,000,000  ████████████ p50
\x1b[2J          1  █
c                0
`
	if diff := cmp.Diff(want, drawnPage(t, th, th.barChart("title", rows, false, 36), 36)); diff != "" {
		t.Errorf("bars (-want +got):\n%s", diff)
	}
}

func TestSpread(t *testing.T) {
	tests := []struct {
		name   string
		labels []string
		width  int
		want   string
	}{
		{"none", nil, 10, ""},
		{"one", []string{"now"}, 6, "   now"},
		{"two", []string{"ab", "yz"}, 8, "ab    yz"},
		{"the middle one", []string{"ab", "mm", "yz"}, 12, "ab   mm   yz"},
		{"the middle one gives way", []string{"ab", "mmmm", "yz"}, 9, "ab     yz"},
		{"the first one gives way", []string{"ab", "yz"}, 4, "  yz"},
		{"the last one has its room", []string{"ab", "last"}, 2, "last"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, spread(tt.labels, tt.width)); diff != "" {
				t.Errorf("spread (-want +got):\n%s", diff)
			}
		})
	}
}

// What is not zero is never invisible, zero always is, and widths are exact.
func TestChartsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		th := newTheme(false, rapid.Bool().Draw(t, "ascii"))
		counts := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 3), rapid.IntRange(0, 1<<40)), 1, 80).Draw(t, "counts")
		width := rapid.IntRange(0, 120).Draw(t, "width")
		line := []rune(sparkline(counts, width, &th.signs))
		if len(line) != width || display.Width(string(line)) != width {
			t.Fatalf("a sparkline of %d columns, want %d", len(line), width)
		}
		for i := range min(width, len(counts)) {
			if n, r := counts[len(counts)-1-i], line[width-1-i]; (n == 0) != (r == ' ') {
				t.Fatalf("sparkline: %d is drawn as %q", n, r)
			}
		}
		page := th.chart(columnChart{counts: counts}, width)
		if len(page) == 0 {
			return
		}
		lowest := []rune(page[chartRows][2].text)
		for _, l := range page {
			if l.width() > width {
				t.Fatalf("a chart of %d columns, want %d at most", l.width(), width)
			}
		}
		shown := min(len(counts), width-axisWidth(highest(counts)))
		times := len(lowest) / shown
		for i := range shown {
			if n, r := counts[len(counts)-shown+i], lowest[i*times]; (n == 0) != (r == ' ') {
				t.Fatalf("chart: %d is drawn as %q", n, r)
			}
		}
		for _, n := range counts {
			drawn := strings.TrimRight(th.barOf(int64(n), int64(highest(counts)), width), " ")
			if (n == 0 || width == 0) != (drawn == "") || display.Width(drawn) > width {
				t.Fatalf("a bar of %d is drawn as %q", n, drawn)
			}
		}
	})
}
