package replay

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
)

func TestGaps(t *testing.T) {
	start := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	at := func(seconds ...float64) []time.Time {
		var all []time.Time
		for _, s := range seconds {
			all = append(all, start.Add(time.Duration(s*float64(time.Second))))
		}
		return all
	}
	tests := []struct {
		name    string
		moments []time.Time
		speed   float64
		want    []time.Duration
	}{
		{"none", nil, 1, []time.Duration{}},
		{"one", at(5), 1, []time.Duration{0}},
		{"as they were", at(0, 2, 2, 7), 1, []time.Duration{0, 2 * time.Second, 2 * time.Second, 7 * time.Second}},
		{"twice as fast", at(0, 2, 7), 2, []time.Duration{0, time.Second, 3500 * time.Millisecond}},
		{"slower", at(0, 2), 0.5, []time.Duration{0, 4 * time.Second}},
		{"a clock put back", at(0, 10, 4, 12), 1, []time.Duration{0, 10 * time.Second, 10 * time.Second, 12 * time.Second}},
		{"beyond any patience", []time.Time{start, start.AddDate(200, 0, 0)}, 1e-9, []time.Duration{0, maxWait}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Gaps(tt.moments, tt.speed)); diff != "" {
				t.Errorf("due (-want +got):\n%s", diff)
			}
		})
	}
}

// paced runs a pace in a bubble with its own clock; each request takes what answers say.
func paced(t *testing.T, p Pace, answers []time.Duration) (starts []time.Duration, order []int, sum Summary) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		began := time.Now()
		starts = make([]time.Duration, p.Count)
		sum = p.Run(t.Context(), func(_ context.Context, i int) (verify.Result, bool) {
			mu.Lock()
			starts[i] = time.Since(began)
			order = append(order, i)
			mu.Unlock()
			time.Sleep(answers[i])
			return verify.Result{Outcome: verify.Answered, Status: 200, Took: answers[i]}, true
		})
	})
	return starts, order, sum
}

func TestPace(t *testing.T) {
	const second = time.Second
	tests := []struct {
		name    string
		pace    Pace
		answers []time.Duration
		starts  []time.Duration
		missed  int
		elapsed time.Duration
	}{
		{"one after the other", Pace{Count: 3}, []time.Duration{second, second, second}, []time.Duration{0, second, 2 * second}, 0, 3 * second},
		{"two at once", Pace{Count: 3, Concurrency: 2}, []time.Duration{3 * second, second, second}, []time.Duration{0, 0, second}, 0, 3 * second},
		{"when they are due", Pace{Count: 3, Due: []time.Duration{0, 2 * second, 5 * second}}, []time.Duration{second, second, second}, []time.Duration{0, 2 * second, 5 * second}, 0, 6 * second},
		// the third is on time again: the schedule does not move
		{"a slow answer", Pace{Count: 3, Due: []time.Duration{0, second, 5 * second}}, []time.Duration{3 * second, second, second}, []time.Duration{0, 3 * second, 5 * second}, 1, 6 * second},
		{"a slow answer and a free sender", Pace{Count: 3, Concurrency: 2, Due: []time.Duration{0, second, 5 * second}}, []time.Duration{3 * second, second, second}, []time.Duration{0, second, 5 * second}, 0, 6 * second},
		{"nothing", Pace{}, nil, []time.Duration{}, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			starts, order, sum := paced(t, tt.pace, tt.answers)
			if diff := cmp.Diff(tt.starts, starts); diff != "" {
				t.Errorf("starts (-want +got):\n%s", diff)
			}
			if sum.Sent != tt.pace.Count || sum.OK != tt.pace.Count || sum.Missed != tt.missed || sum.Elapsed != tt.elapsed {
				t.Errorf("got %d sent, %d missed in %s; want %d, %d, %s", sum.Sent, sum.Missed, sum.Elapsed, tt.pace.Count, tt.missed, tt.elapsed)
			}
			if tt.pace.Concurrency == 0 && !slices.IsSorted(order) {
				t.Errorf("out of order: %v", order)
			}
		})
	}
}

func TestPaceInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := Pace{Count: 3, Concurrency: 2, Due: []time.Duration{0, time.Second, time.Hour}}
		began := time.Now()
		sum := p.Run(ctx, func(context.Context, int) (verify.Result, bool) {
			time.AfterFunc(2*time.Second, cancel)
			return verify.Result{Outcome: verify.Answered, Status: 200}, true
		})
		if waited := time.Since(began); sum.Sent != 2 || waited > time.Minute {
			t.Errorf("%d sent in %s, want 2 and no waiting for the third", sum.Sent, waited)
		}
	})
}

func TestPaceCountsOnlyWhatWasSent(t *testing.T) {
	sum := Pace{Count: 4}.Run(t.Context(), func(_ context.Context, i int) (verify.Result, bool) {
		return verify.Result{Outcome: verify.Answered, Status: 200}, i%2 == 0
	})
	if sum.Sent != 2 {
		t.Errorf("got %d sent, want 2", sum.Sent)
	}
}
