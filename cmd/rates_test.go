package cmd

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestChart(t *testing.T) {
	counts := []int{0, 1, 250, 500, 1000, 0}
	for _, tt := range []struct {
		name  string
		ascii bool
		want  string
	}{
		{"unicode", false, "    █\n    █\n   ██\n ▁███"},
		{"ascii", true, "    #\n    #\n   ##\n .###"},
	} {
		if diff := cmp.Diff(tt.want, strings.Join(chart(counts, tt.ascii), "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if got := chart([]int{0, 0}, false); got != nil {
		t.Errorf("a chart of nothing: %q", got)
	}
}

func TestCallsTake(t *testing.T) {
	for _, tt := range []struct {
		n, calls int
		per      time.Duration
		want     string
	}{
		{340, 10, time.Second, "34 s at 10/s"},
		{1, 10, time.Second, "100 ms at 10/s"},
		{600, 60, time.Minute, "10 min at 60 a minute"},
		{5400, 60, time.Minute, "1h30m at 60 a minute"},
		{100, 360, 10 * time.Minute, "0 ms at 360 in 10 min"},
		{720, 360, 10 * time.Minute, "20 min at 360 in 10 min"},
		{100_000, 50_000, 24 * time.Hour, "48 h at 50,000 a day"},
	} {
		if got := stretchName(callsTake(tt.n, tt.calls, tt.per)) + " at " + perUnit(tt.calls, tt.per); got != tt.want {
			t.Errorf("%d calls take %s, want %s", tt.n, got, tt.want)
		}
	}
	for want, n := range map[string]int{"24 times": 24, "150 % of": 0, "less than 1 % of": -1} {
		got := map[int]string{24: share(1_200_000, 50_000), 0: share(15, 10), -1: share(1, 50_000)}[n]
		if got != want {
			t.Errorf("share = %q, want %q", got, want)
		}
	}
}
