package replay

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
)

// after is a target that answers 200 after a while.
func after(d time.Duration) func(context.Context, *verify.Delivery) verify.Result {
	return func(ctx context.Context, _ *verify.Delivery) verify.Result {
		select {
		case <-time.After(d):
			return verify.Result{Outcome: verify.Answered, Status: 200, Took: d}
		case <-ctx.Done():
			return verify.Result{Outcome: verify.Interrupted}
		}
	}
}

func same(int) (*verify.Delivery, error) { return &verify.Delivery{}, nil }

func TestLoadPacing(t *testing.T) {
	tests := []struct {
		name    string
		load    Load
		latency time.Duration
		sent    int
		elapsed time.Duration
		reached float64
		missed  int
	}{
		{"one request unless more are asked", Load{}, time.Second, 1, time.Second, 1, 0},
		{"a count, one at a time", Load{Count: 5}, time.Second, 5, 5 * time.Second, 1, 0},
		{"a count, several at once", Load{Count: 10, Concurrency: 5}, time.Second, 10, 2 * time.Second, 5, 0},
		{"a duration", Load{Duration: 10 * time.Second, Concurrency: 2}, time.Second, 20, 10 * time.Second, 2, 0},
		{"a rate", Load{Count: 101, Rate: 100, Concurrency: 10}, time.Millisecond, 101, time.Second + time.Millisecond, 100, 0},
		{"a high rate", Load{Count: 15001, Rate: 15000, Concurrency: 64}, time.Millisecond, 15001, time.Second + time.Millisecond, 15000, 0},
		{"a rate below one", Load{Count: 3, Rate: 0.5}, time.Millisecond, 3, 4*time.Second + time.Millisecond, 0.5, 0},
		{"a rate for a duration", Load{Duration: 2 * time.Second, Rate: 1000, Concurrency: 10}, time.Millisecond, 2000, 2 * time.Second, 1000, 0},
		{"a rate, a count and a duration that ends first", Load{Count: 1000, Duration: time.Second, Rate: 10}, time.Millisecond, 10, 901 * time.Millisecond, 10, 0},
		// Ten senders reach 10 requests a second of 100: what is left waits its turn, and
		// the later half of the second's worth is told as missed.
		{"a slow target does not lower the schedule silently", Load{Count: 100, Rate: 100, Concurrency: 10}, time.Second, 100, 10*time.Second + 90*time.Millisecond, 99 / 9.09, 90},
		{"and enough senders keep it", Load{Count: 101, Rate: 100, Concurrency: 100}, time.Second, 101, 2 * time.Second, 100, 0},
		{"what was never started counts as missed", Load{Duration: time.Second, Rate: 100, Concurrency: 1}, 600 * time.Millisecond, 2, 1200 * time.Millisecond, 1 / 0.6, 1 + 98},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.load.Next = same
				sum, err := tt.load.run(t.Context(), nil, after(tt.latency))
				if err != nil {
					t.Fatal(err)
				}
				if sum.Sent != tt.sent || sum.OK != tt.sent || sum.Missed != tt.missed || sum.Asked != tt.load.Rate {
					t.Errorf("sent %d, ok %d, missed %d, asked %v; want %d, %d missed", sum.Sent, sum.OK, sum.Missed, sum.Asked, tt.sent, tt.missed)
				}
				if (sum.Elapsed - tt.elapsed).Abs() > time.Millisecond {
					t.Errorf("elapsed %v, want %v", sum.Elapsed, tt.elapsed)
				}
				if math.Abs(sum.Reached/tt.reached-1) > 0.001 {
					t.Errorf("reached %v/s, want %v", sum.Reached, tt.reached)
				}
			})
		})
	}
}

func TestLoadSendsEachRequestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made, seen [1000]atomic.Int64
		var under, most atomic.Int64
		l := Load{Count: 1000, Concurrency: 7, Rate: 500, Next: func(i int) (*verify.Delivery, error) {
			made[i].Add(1)
			return &verify.Delivery{}, nil
		}}
		send := after(30 * time.Millisecond)
		_, err := l.run(t.Context(), func(i int, r verify.Result) { seen[i].Add(1) }, func(ctx context.Context, d *verify.Delivery) verify.Result {
			n := under.Add(1)
			defer under.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			return send(ctx, d)
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range made {
			if made[i].Load() != 1 || seen[i].Load() != 1 {
				t.Fatalf("request %d was made %d and reported %d times", i, made[i].Load(), seen[i].Load())
			}
		}
		if most.Load() != 7 {
			t.Errorf("%d were under way at once, want 7", most.Load())
		}
	})
}

func TestLoadStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		sum, err := Load{Count: 100, Rate: 1, Concurrency: 3, Next: same}.run(ctx, nil, after(time.Second))
		want := map[verify.Outcome]int{verify.Answered: 2, verify.Interrupted: 1}
		if diff := cmp.Diff(want, sum.Outcomes); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if sum.Elapsed != 2500*time.Millisecond {
			t.Errorf("stopped after %v", sum.Elapsed)
		}
	})
}

func TestLoadErrors(t *testing.T) {
	broken := errors.New("sample is broken")
	next := func(i int) (*verify.Delivery, error) {
		if i == 3 {
			return nil, broken
		}
		return &verify.Delivery{}, nil
	}
	sum, err := Load{Count: 1000, Next: next}.run(t.Context(), nil, after(0))
	if !errors.Is(err, broken) || sum.Sent != 3 {
		t.Errorf("%v after %d", err, sum.Sent)
	}
	for name, l := range map[string]Load{
		"no deliveries": {Target: "localhost:1"}, "a negative count": {Target: "localhost:1", Next: same, Count: -1},
		"a rate that is none": {Target: "localhost:1", Next: same, Rate: math.NaN()}, "no target": {Next: same},
	} {
		if _, err := l.Run(t.Context(), &Sender{}, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestLoadOverTheNetwork(t *testing.T) {
	var n atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch n.Add(1) % 4 {
		case 0:
			w.WriteHeader(http.StatusInternalServerError)
		case 1:
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	defer srv.Close()
	var s Sender
	defer s.Close()
	sum, err := Load{Target: srv.URL, Count: 400, Concurrency: 8, Next: same}.Run(t.Context(), &s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[int]int{200: 200, 204: 100, 500: 100}, sum.Statuses); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if sum.OK != 300 || sum.Class(2) != 300 || sum.Class(5) != 100 || sum.Missed != 0 {
		t.Errorf("%+v", sum)
	}
	if sum.P50 <= 0 || sum.Min > sum.P50 || sum.P50 > sum.P95 || sum.P95 > sum.P99 || sum.P99 > sum.Max {
		t.Errorf("latencies are not in order: %+v", sum)
	}
}
