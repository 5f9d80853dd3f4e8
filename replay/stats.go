package replay

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"whk/verify"
	"whk/verify/display"
)

// Summary is what came of a load. Latencies are those of requests that were answered
// or timed out; a refused connection has none.
type Summary struct {
	// Sent counts the attempts that ended, however; OK those answered with a 2xx.
	Sent, OK int
	// Outcomes counts them by how they ended, Statuses the answers by status.
	Outcomes map[verify.Outcome]int
	Statuses map[int]int
	// Failure is the first cause of an attempt that was not answered.
	Failure string

	Elapsed time.Duration
	// Asked and Reached are rates per second; Asked is 0 for as many as possible.
	Asked, Reached float64
	// Missed counts the requests that started over 100 ms late, or not at all, because
	// every sender was waiting for an answer: the concurrency was too low for the rate.
	Missed int

	Min, Mean, P50, P95, P99, Max time.Duration
	// Buckets count latencies between the steps 1, 2, 5, 10 and so on, from the first
	// that holds any to the last.
	Buckets []Bucket
}

// Bucket counts the latencies from From up to, but not including, To.
type Bucket struct {
	From, To time.Duration
	Count    int
}

// Class counts the answers of one status class: Class(2) those from 200 to 299.
func (s Summary) Class(class int) int {
	n := 0
	for status, count := range s.Statuses {
		if status/100 == class {
			n += count
		}
	}
	return n
}

// The range of latencies that are told apart; what lies outside counts as the nearest.
const (
	minLatency = time.Microsecond
	maxLatency = time.Hour
)

// recorder gathers results in constant memory, whatever their number.
type recorder struct {
	mu       sync.Mutex
	sum      Summary
	hist     *hdrhistogram.Histogram
	steps    []time.Duration
	buckets  []int
	statuses [1000]int
}

func newRecorder() *recorder {
	r := &recorder{
		sum:  Summary{Outcomes: map[verify.Outcome]int{}, Statuses: map[int]int{}},
		hist: hdrhistogram.New(int64(minLatency/time.Microsecond), int64(maxLatency/time.Microsecond), 3),
	}
	for decade := minLatency; decade < maxLatency; decade *= 10 {
		r.steps = append(r.steps, decade, 2*decade, 5*decade)
	}
	r.buckets = make([]int, len(r.steps)+1)
	return r
}

func (r *recorder) add(result verify.Result, late bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Sent++
	r.sum.Outcomes[result.Outcome]++
	if late {
		r.sum.Missed++
	}
	if result.OK() {
		r.sum.OK++
	}
	switch result.Outcome {
	case verify.Answered:
		r.statuses[min(max(result.Status, 0), len(r.statuses)-1)]++
	default:
		if r.sum.Failure == "" {
			r.sum.Failure = result.Error
		}
		if result.Outcome != verify.TimedOut {
			return
		}
	}
	took := min(max(result.Took, minLatency), maxLatency)
	_ = r.hist.RecordValue(int64(took / time.Microsecond)) // fails only outside the range
	r.buckets[sort.Search(len(r.steps), func(i int) bool { return r.steps[i] > took })]++
}

func (r *recorder) summary(elapsed time.Duration) Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.sum
	s.Elapsed = elapsed
	for status, n := range r.statuses {
		if n > 0 {
			s.Statuses[status] = n
		}
	}
	if r.hist.TotalCount() == 0 {
		return s
	}
	micros := func(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
	s.Min, s.Max = micros(r.hist.Min()), micros(r.hist.Max())
	s.Mean = time.Duration(r.hist.Mean() * float64(time.Microsecond))
	s.P50 = micros(r.hist.ValueAtQuantile(50))
	s.P95 = micros(r.hist.ValueAtQuantile(95))
	s.P99 = micros(r.hist.ValueAtQuantile(99))

	first, last := len(r.buckets), 0
	for i, n := range r.buckets {
		if n > 0 {
			first, last = min(first, i), i
		}
	}
	for i := first; i <= last; i++ {
		b := Bucket{To: maxLatency, Count: r.buckets[i]}
		if i > 0 {
			b.From = r.steps[i-1]
		}
		if i < len(r.steps) {
			b.To = r.steps[i]
		}
		s.Buckets = append(s.Buckets, b)
	}
	return s
}

// Histogram draws the latencies, one line for each bucket, no wider than width columns
// where a bar of four still fits. Ascii leaves out everything that is not ASCII.
func (s Summary) Histogram(width int, ascii bool) []string {
	total, most := 0, 0
	for _, b := range s.Buckets {
		total += b.Count
		most = max(most, b.Count)
	}
	if total == 0 {
		return nil
	}
	dash := "–"
	if ascii {
		dash = "-"
	}
	digits := len(strconv.Itoa(most))
	// "500 ms – 1 s  " before the bar, "  1234  12.3 %" behind it.
	const label, percent = 6, 9
	room := max(width-(2*label+3+2)-(2+digits)-percent, 4)
	lines := make([]string, len(s.Buckets))
	for i, b := range s.Buckets {
		lines[i] = fmt.Sprintf("%s %s %s  %s  %*d  %5.1f %%",
			pad(stepName(b.From, ascii), label), dash, pad(stepName(b.To, ascii), label),
			bar(b.Count, most, room, ascii), digits, b.Count, 100*float64(b.Count)/float64(total))
	}
	return lines
}

// stepName writes one of the steps, "500 µs".
func stepName(d time.Duration, ascii bool) string {
	switch {
	case d == 0:
		return "0"
	case d >= time.Second:
		return strconv.Itoa(int(d/time.Second)) + " s"
	case d >= time.Millisecond:
		return strconv.Itoa(int(d/time.Millisecond)) + " ms"
	case ascii:
		return strconv.Itoa(int(d/time.Microsecond)) + " us"
	}
	return strconv.Itoa(int(d/time.Microsecond)) + " µs"
}

func pad(s string, width int) string {
	return strings.Repeat(" ", max(width-display.Width(s), 0)) + s
}

// bar draws n of most in room columns; what is not zero is never invisible.
func bar(n, most, room int, ascii bool) string {
	const eighths = "▏▎▍▌▋▊▉"
	var drawn string
	if ascii {
		cells := n * room / most
		if n > 0 {
			cells = max(cells, 1)
		}
		drawn = strings.Repeat("#", cells)
	} else {
		parts := n * room * 8 / most
		if n > 0 {
			parts = max(parts, 1)
		}
		drawn = strings.Repeat("█", parts/8)
		if rest := parts % 8; rest > 0 {
			drawn += string([]rune(eighths)[rest-1])
		}
	}
	return drawn + strings.Repeat(" ", room-display.Width(drawn))
}
