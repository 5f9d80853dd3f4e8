package tally

import (
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"whk/verify"
)

// Answers is what the app answered to attempts to deliver, but for shadows'.
type Answers struct {
	// Classes counts by the hundreds of the status; 0 is no answer.
	Classes [6]int64

	latency *hdrhistogram.Histogram // microseconds; nil while there is none
	buckets []int64                 // by LatencyBounds, nil while there is none
}

// longest is the longest latency that is told apart.
const longest = time.Hour

// LatencyBounds are where the buckets of Latencies end; one follows behind the last.
func LatencyBounds() []time.Duration {
	const ms = time.Millisecond
	return []time.Duration{ms, 2 * ms, 5 * ms, 10 * ms, 20 * ms, 50 * ms, 100 * ms, 200 * ms, 500 * ms,
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second}
}

func (a *Answers) add(r *verify.Result) {
	if r.Outcome != verify.Answered {
		a.Classes[0]++
	} else {
		a.Classes[min(max(r.Status/100, 1), 5)]++
	}
	if r.Outcome == verify.Answered || r.Outcome == verify.TimedOut {
		a.took(r.Took)
	}
}

func (a *Answers) took(d time.Duration) {
	if a.latency == nil {
		a.latency = hdrhistogram.New(1, int64(longest/time.Microsecond), 2)
		a.buckets = make([]int64, len(LatencyBounds())+1)
	}
	_ = a.latency.RecordValue(int64(min(max(d, time.Microsecond), longest) / time.Microsecond)) // it is in the range
	bounds := LatencyBounds()
	i, _ := slices.BinarySearch(bounds, d+1) // a bound itself belongs to the next bucket
	a.buckets[i]++
}

// Attempts is how many attempts were made.
func (a *Answers) Attempts() int64 {
	var n int64
	for _, count := range a.Classes {
		n += count
	}
	return n
}

// Timed reports whether it is known of any attempt how long it took.
func (a *Answers) Timed() bool { return a.latency != nil }

// Quantile is a latency that so many per cent of the answers did not exceed, 0 while
// there is none.
func (a *Answers) Quantile(percent float64) time.Duration {
	if a.latency == nil {
		return 0
	}
	return time.Duration(a.latency.ValueAtQuantile(percent)) * time.Microsecond
}

// Latencies counts the answers by how long they took: below the first of LatencyBounds,
// from each of them on, below the next. It is nil while there is none.
func (a *Answers) Latencies() []int64 { return slices.Clone(a.buckets) }
