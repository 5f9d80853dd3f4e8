package replay

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
	"whk/verify/display"
)

func answered(status int, took time.Duration) verify.Result {
	return verify.Result{Outcome: verify.Answered, Status: status, Took: took}
}

func TestSummary(t *testing.T) {
	rec := newRecorder()
	for i := 1; i <= 1000; i++ {
		rec.add(answered(200, time.Duration(i)*time.Millisecond), i > 990)
	}
	rec.add(answered(503, 2*time.Second), false)
	rec.add(verify.Result{Outcome: verify.TimedOut, Took: 10 * time.Second, Error: "too slow"}, false)
	rec.add(verify.Result{Outcome: verify.Refused, Took: time.Microsecond, Error: "nobody there"}, false)
	s := rec.summary(time.Minute)

	for _, q := range []struct {
		name      string
		got, want time.Duration
	}{
		{"min", s.Min, time.Millisecond}, {"p50", s.P50, 501 * time.Millisecond}, {"p95", s.P95, 952 * time.Millisecond},
		{"p99", s.P99, 992 * time.Millisecond}, {"max", s.Max, 10 * time.Second}, {"mean", s.Mean, 511477 * time.Microsecond},
	} {
		if math.Abs(q.got.Seconds()/q.want.Seconds()-1) > 0.002 {
			t.Errorf("%s = %v, want %v", q.name, q.got, q.want)
		}
	}
	if s.Sent != 1003 || s.OK != 1000 || s.Missed != 10 || s.Failure != "too slow" || s.Elapsed != time.Minute {
		t.Errorf("%+v", s)
	}
	if diff := cmp.Diff(map[verify.Outcome]int{verify.Answered: 1001, verify.TimedOut: 1, verify.Refused: 1}, s.Outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[int]int{200: 1000, 503: 1}, s.Statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	total := 0
	for i, b := range s.Buckets {
		total += b.Count
		if i > 0 && b.From != s.Buckets[i-1].To {
			t.Errorf("bucket %d starts at %v, the one before ends at %v", i, b.From, s.Buckets[i-1].To)
		}
	}
	if total != 1002 || s.Buckets[0].From != time.Millisecond || s.Buckets[0].Count != 1 {
		t.Errorf("%d in %+v", total, s.Buckets)
	}
}

func TestSummaryOfNothing(t *testing.T) {
	s := newRecorder().summary(0)
	if s.Sent != 0 || s.P99 != 0 || s.Histogram(80, false) != nil {
		t.Errorf("%+v", s)
	}
}

func TestLatenciesOutOfRange(t *testing.T) {
	rec := newRecorder()
	rec.add(answered(200, 0), false)
	rec.add(answered(200, -time.Second), false)
	rec.add(answered(200, 100*time.Hour), false)
	s := rec.summary(0)
	if s.Min != minLatency || s.Max < maxLatency || s.Max > maxLatency+maxLatency/500 {
		t.Errorf("min %v, max %v", s.Min, s.Max)
	}
	if n := s.Buckets[0].Count + s.Buckets[len(s.Buckets)-1].Count; n != 3 {
		t.Errorf("%+v", s.Buckets)
	}
}

func sample() Summary {
	return Summary{Buckets: []Bucket{
		{200 * time.Microsecond, 500 * time.Microsecond, 3},
		{500 * time.Microsecond, time.Millisecond, 1000},
		{time.Millisecond, 2 * time.Millisecond, 420},
		{2 * time.Millisecond, 5 * time.Millisecond, 0},
		{500 * time.Millisecond, time.Second, 77},
	}}
}

func TestHistogram(t *testing.T) {
	tests := []struct {
		width int
		ascii bool
		want  string
	}{
		{60, false, `
200 µs – 500 µs  ▏                                3    0.2 %
500 µs –   1 ms  ████████████████████████████  1000   66.7 %
  1 ms –   2 ms  ███████████▊                   420   28.0 %
  2 ms –   5 ms                                   0    0.0 %
500 ms –    1 s  ██▏                             77    5.1 %`},
		{60, true, `
200 us - 500 us  #                                3    0.2 %
500 us -   1 ms  ############################  1000   66.7 %
  1 ms -   2 ms  ###########                    420   28.0 %
  2 ms -   5 ms                                   0    0.0 %
500 ms -    1 s  ##                              77    5.1 %`},
		{0, true, `
200 us - 500 us  #        3    0.2 %
500 us -   1 ms  ####  1000   66.7 %
  1 ms -   2 ms  #      420   28.0 %
  2 ms -   5 ms           0    0.0 %
500 ms -    1 s  #       77    5.1 %`},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d columns, ascii %v", tt.width, tt.ascii), func(t *testing.T) {
			lines := sample().Histogram(tt.width, tt.ascii)
			if diff := cmp.Diff(tt.want, "\n"+strings.Join(lines, "\n")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, line := range lines {
				if display.Width(line) != display.Width(lines[0]) || tt.width > 40 && display.Width(line) > tt.width {
					t.Errorf("%q is %d columns wide, the first line %d", line, display.Width(line), display.Width(lines[0]))
				}
			}
		})
	}
}
