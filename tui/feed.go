package tui

import (
	"context"
	"slices"
	"sync"
	"time"

	"whk/listener"
	"whk/listener/tally"
	"whk/verify"
)

// Feed tells the screen what happens while it is open. Its methods are called by whoever
// sees it happen, and never wait for the screen: it is told that something came, once for
// any number of things, and reads the log when it draws its next frame.
type Feed struct {
	changed chan struct{}

	mu      sync.Mutex
	counts  *tally.Counts
	forward verify.Outcome // what the first target did last
	came    int            // so many events have come,
	other   bool           // and something else
	said    []string
}

// NewFeed makes a Feed that counts what it is told of.
func NewFeed(counts *tally.Counts) *Feed {
	return &Feed{changed: make(chan struct{}, 1), counts: counts}
}

// Event tells of an event that is in the log.
func (f *Feed) Event(e *listener.Event) {
	f.mu.Lock()
	f.counts.Add(e)
	f.came++
	f.mu.Unlock()
	f.wake()
}

// Result tells what a target answered to event n.
func (f *Feed) Result(n int64, r verify.Result) {
	f.mu.Lock()
	f.counts.AnswerTo(n, &r)
	if !r.Shadow && !r.Replay {
		f.forward = r.Outcome
	}
	f.other = true
	f.mu.Unlock()
	f.wake()
}

// Changed tells that something was written to the log, or taken out of it.
func (f *Feed) Changed() {
	f.mu.Lock()
	f.other = true
	f.mu.Unlock()
	f.wake()
}

func (f *Feed) wake() {
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// Say shows a line of text, such as a warning.
func (f *Feed) Say(text string) {
	f.mu.Lock()
	const most = 100
	if f.said = append(f.said, text); len(f.said) > most {
		f.said = slices.Delete(f.said, 0, 1)
	}
	f.mu.Unlock()
	f.wake()
}

// news is what has happened since the last frame, and the figures by now.
type news struct {
	said []string
	came int // events
	// onlyEvents says that nothing but events has come: rows that are held are what they
	// were.
	onlyEvents bool

	forward   verify.Outcome
	providers []providerNews
	invalid   int64
	p50, p95  time.Duration
	seconds   []int
}

// providerNews counts the verdicts on one provider's events.
type providerNews struct {
	name     string
	verdicts []verdictNews
}

type verdictNews struct {
	verdict verify.Verdict
	n       int64
}

// frameTime is how long a frame lasts at least.
const frameTime = 33 * time.Millisecond

// crowd is more events than can be read as they come in one frame.
const crowd = 50

// pauseAfter is how long a frame lasts with so many new events, whose rows took so long to
// read. Where the processor is wanted elsewhere, the receiver most of all, the screen
// takes a small part of it; and where nobody can read along, ten frames a second show
// that much is coming.
func pauseAfter(read time.Duration, came int) time.Duration {
	least := frameTime
	if came > crowd {
		least *= 3
	}
	return min(max(least, 6*read), 8*frameTime)
}

// wait waits until something has happened, and so long after the last frame that frames do
// not follow each other faster than an eye can see. It reports false when ctx has ended.
func (f *Feed) wait(ctx context.Context, drawn time.Time, pause time.Duration, now func() time.Time) (news, bool) {
	select {
	case <-ctx.Done():
		return news{}, false
	case <-f.changed:
	}
	if early := pause - now().Sub(drawn); early > 0 {
		timer := time.NewTimer(min(early, pause))
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return news{}, false
		case <-timer.C:
		}
		select { // what came meanwhile belongs to this frame
		case <-f.changed:
		default:
		}
	}
	return f.news(now()), true
}

// sparkSeconds is how many seconds the rate at the foot shows.
const sparkSeconds = 20

// news takes what was said, and counts.
func (f *Feed) news(now time.Time) news {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := news{said: f.said, came: f.came, onlyEvents: f.came > 0 && !f.other, forward: f.forward, seconds: f.counts.Recent.Seconds(now, sparkSeconds)}
	f.said, f.came, f.other = nil, 0, false
	if f.counts.All.Timed() {
		n.p50, n.p95 = f.counts.All.Quantile(50), f.counts.All.Quantile(95)
	}
	for _, p := range f.counts.Providers() {
		one := providerNews{name: p.Name}
		for _, status := range []verify.Status{verify.Valid, verify.Invalid, verify.Missing, verify.Unsigned, verify.Unchecked} {
			if count := p.Verdicts[status]; count > 0 {
				one.verdicts = append(one.verdicts, verdictNews{verify.Verdict{Status: status}, count})
			}
		}
		n.invalid += p.Verdicts[verify.Invalid] + p.Verdicts[verify.Missing]
		n.providers = append(n.providers, one)
	}
	return n
}

// rate is how many events came in each of the last seconds.
func (f *Feed) rate(now time.Time) []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts.Recent.Seconds(now, sparkSeconds)
}

// read gives a look at what was counted.
func (f *Feed) read(look func(*tally.Counts)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	look(f.counts)
}
