package tally

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRates(t *testing.T) {
	start := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	count := func(step time.Duration, n int) *rates {
		r := newRates(start)
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
			rate := tt.rates.steps(tt.most)
			if rate.Unit.Name != tt.unit || !rate.From.Equal(tt.from) {
				t.Errorf("steps of a %s from %s, want a %s from %s", rate.Unit.Name, rate.From.UTC(), tt.unit, tt.from)
			}
			counts := rate.Counts
			if again := tt.rates.steps(mostSteps); len(again.Counts) < len(counts) {
				t.Errorf("asking for %d steps has made the steps longer for good", tt.most)
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

func TestUnitsAreNested(t *testing.T) {
	units := units()
	for i := 1; i < len(units); i++ {
		if units[i].Seconds%units[i-1].Seconds != 0 {
			t.Errorf("a step of %s is not made of steps of %s", units[i].Name, units[i-1].Name)
		}
	}
}

func TestPeak(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	p := Peak{length: time.Minute}
	for _, x := range []struct {
		after time.Duration
		n     int
	}{{0, 2}, {59 * time.Second, 3}, {time.Minute, 4}, {58 * time.Second, 1}, {90 * time.Second, 1}, {time.Hour, 5}} {
		p.add(at.Add(x.after), x.n)
	}
	if p.Most != 6 || !p.At.Equal(at) {
		t.Errorf("the busiest minute has %d at %s, want 6 at %s", p.Most, p.At.UTC(), at)
	}
}
