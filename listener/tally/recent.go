package tally

import "time"

// Recent is how many events came in each of the last 60 seconds and of the last 60
// minutes. Its zero value is ready for use, and it always takes the same memory.
type Recent struct {
	seconds, minutes ring
}

// RecentSteps is how many seconds and minutes are known.
const RecentSteps = 60

// ring holds counts by step of time, in the place that the step's number leaves.
type ring [RecentSteps]struct {
	step int64
	n    int
}

// Add counts one event. One that is an hour older than others is not recent.
func (r *Recent) Add(at time.Time) {
	second := at.Unix()
	r.seconds.add(second)
	r.minutes.add(floorDiv(second, 60))
}

// Seconds are the counts of the last n seconds, at most 60 of them, the oldest first. The
// last is the second of now, which is not over. Events from behind it are forgotten: the
// clock has been set back.
func (r *Recent) Seconds(now time.Time, n int) []int { return r.seconds.last(now.Unix(), n) }

// Minutes are the counts of the last n minutes, as Seconds tells those of seconds.
func (r *Recent) Minutes(now time.Time, n int) []int {
	return r.minutes.last(floorDiv(now.Unix(), 60), n)
}

func (r *ring) add(step int64) {
	slot := &r[uint64(step)%RecentSteps]
	if slot.n == 0 || step > slot.step {
		slot.step, slot.n = step, 0
	}
	if step == slot.step {
		slot.n++
	}
}

func (r *ring) last(now int64, n int) []int {
	n = min(max(n, 0), RecentSteps)
	for i := range r {
		if r[i].step > now {
			r[i].n = 0
		}
	}
	counts := make([]int, n)
	for i := range counts {
		step := now - int64(n-1-i)
		if slot := r[uint64(step)%RecentSteps]; slot.step == step {
			counts[i] = slot.n
		}
	}
	return counts
}
