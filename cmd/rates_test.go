package cmd

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRates(t *testing.T) {
	start := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	count := func(step time.Duration, n int) *rates {
		r := newRates(time.UTC, start)
		for i := range n {
			r.add(start.Add(time.Duration(i) * step))
		}
		return r
	}
	tests := []struct {
		name  string
		rates *rates
		most  int
		unit  string
		from  time.Time
		want  []int
	}{
		{"nothing", count(0, 0), 60, "minute", time.Time{}, nil},
		{"one minute", count(time.Second, 60), 60, "minute", start, []int{60}},
		{"minutes", count(30*time.Second, 5), 60, "minute", start, []int{2, 2, 1}},
		{"a gap", count(3*time.Minute, 2), 60, "minute", start, []int{1, 0, 0, 1}},
		{"too many minutes", count(time.Minute, 12), 10, "5 minutes", start, []int{5, 5, 2}},
		{"hours begin with the hour", count(20*time.Minute, 7), 3, "hour", start, []int{3, 3, 1}},
		{"days begin at midnight", count(12*time.Hour, 5), 3, "day", start.Add(-12 * time.Hour), []int{1, 2, 2}},
		{"more steps than are kept", count(time.Hour, 3000), 200, "day", start.Add(-12 * time.Hour), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if len(tt.rates.counts) > mostSteps {
				t.Errorf("%d steps are kept", len(tt.rates.counts))
			}
			unit, from, counts := tt.rates.steps(tt.most)
			if unit.name != tt.unit || !from.Equal(tt.from) {
				t.Errorf("steps of a %s from %s, want a %s from %s", unit.name, from.UTC(), tt.unit, tt.from)
			}
			if tt.want == nil && len(counts) > 0 { // long ones are summed up
				sum := 0
				for _, n := range counts {
					sum += n
				}
				if sum != 3000 || len(counts) > tt.most {
					t.Errorf("%d steps hold %d events", len(counts), sum)
				}
				return
			}
			if diff := cmp.Diff(tt.want, counts); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRateUnitsAreNested(t *testing.T) {
	units := rateUnits()
	for i := 1; i < len(units); i++ {
		if units[i].seconds%units[i-1].seconds != 0 {
			t.Errorf("a step of %s is not made of steps of %s", units[i].name, units[i-1].name)
		}
	}
}

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

func TestPeak(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	p := peak{length: time.Minute}
	for _, x := range []struct {
		after time.Duration
		n     int
	}{{0, 2}, {59 * time.Second, 3}, {time.Minute, 4}, {58 * time.Second, 1}, {90 * time.Second, 1}, {time.Hour, 5}} {
		p.add(at.Add(x.after), x.n)
	}
	if p.most != 6 || !p.at.Equal(at) {
		t.Errorf("the busiest minute has %d at %s, want 6 at %s", p.most, p.at.UTC(), at)
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
