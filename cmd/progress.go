package cmd

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"whk/verify/display"
)

// progress is a bar on standard error for work that takes long: one line, drawn again a
// few times a second and erased at the end. Where no person reads standard error, or
// the terminal cannot go back to the start of a line, it draws nothing.
type progress struct {
	w        io.Writer
	noun     string
	total    int64         // 0 when only the time is limited
	duration time.Duration // 0 when only the number is
	width    int
	ascii    bool

	done    atomic.Int64
	began   time.Time
	end     chan struct{}
	drawing sync.WaitGroup
}

// barEvery is how often the bar is drawn.
const barEvery = 100 * time.Millisecond

// newProgress draws until stop. Of total and duration, what is 0 limits nothing.
func (a *app) newProgress(noun string, total int, duration time.Duration) *progress {
	p := &progress{w: a.Err, noun: noun, total: int64(total), duration: duration, width: min(a.Columns, 100), ascii: a.ascii(), began: time.Now(), end: make(chan struct{})}
	if term, _ := a.Env("TERM"); !a.ErrTTY || term == "dumb" {
		return p
	}
	p.drawing.Go(func() {
		ticker := time.NewTicker(barEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				fmt.Fprint(p.w, "\r"+p.line(time.Since(p.began))+"\x1b[K")
			case <-p.end:
				fmt.Fprint(p.w, "\r\x1b[K")
				return
			}
		}
	})
	return p
}

// add says that so much more is done.
func (p *progress) add(n int) { p.done.Add(int64(n)) }

// stop erases the bar. It may be called once.
func (p *progress) stop() {
	close(p.end)
	p.drawing.Wait()
}

// line draws the bar after so much time.
func (p *progress) line(elapsed time.Duration) string {
	done, part := p.done.Load(), 0.0
	if p.total > 0 {
		part = float64(done) / float64(p.total)
	}
	if p.duration > 0 {
		part = max(part, float64(elapsed)/float64(p.duration))
	}
	part = min(part, 1)
	count := display.Thousands(done)
	if p.total > 0 {
		count += " of " + display.Thousands(p.total)
	}
	text := fmt.Sprintf("%3.0f %%  %s %s", part*100, count, p.noun)
	if elapsed > time.Second {
		text += fmt.Sprintf("  %s/s", display.Thousands(int64(float64(done)/elapsed.Seconds())))
	}
	room := p.width - len(text) - 4
	if room < 8 {
		return text
	}
	full, empty := "█", "░"
	if p.ascii {
		full, empty = "#", "."
	}
	filled := int(part * float64(room))
	return strings.Repeat(full, filled) + strings.Repeat(empty, room-filled) + "  " + text
}
