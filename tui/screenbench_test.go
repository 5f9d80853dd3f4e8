package tui

import (
	"context"
	"fmt"
	"testing"

	tea "charm.land/bubbletea/v2"

	"whk/verify"
)

// endlessLog makes up the events that are asked for, so that a log of any size costs
// nothing.
type endlessLog struct{ last int64 }

func (l endlessLog) Page(_ context.Context, q Query) ([]Entry, error) {
	first, last := q.After+1, l.last
	if q.Before != 0 {
		last = min(last, q.Before-1)
	}
	var page []Entry
	for i := range min(last-first+1, int64(q.Limit)) {
		if q.OldestFirst {
			page = append(page, withoutBodies(smallEvent(first+i)))
		} else {
			page = append(page, withoutBodies(smallEvent(last-i)))
		}
	}
	return page, nil
}

func (l endlessLog) Entry(_ context.Context, n int64) (Entry, error) { return smallEvent(n), nil }
func (l endlessLog) Last(context.Context) (int64, error)             { return l.last, nil }

// benchScreen is a screen that holds as many rows as it may.
func benchScreen(b *testing.B, events int64, width, height int) *screen {
	b.Helper()
	s := newScreen(b, &fakeLog{}, width, height, inColour, func(o *Options) { o.Log = endlessLog{events} })
	e := smallEvent(1)
	e.Verdict = verify.Verdict{Status: verify.Invalid}
	s.tell(e)
	s.hear()
	s.keys("G")
	for len(s.m.list.rows) < int(min(events, mostRows-pageRows)) {
		s.keys("pgup")
	}
	return s
}

func BenchmarkFrame(b *testing.B) {
	for _, events := range []int64{1000, 1_000_000} {
		for _, size := range []tea.WindowSizeMsg{{Width: 80, Height: 24}, {Width: 120, Height: 40}, {Width: 200, Height: 60}} {
			b.Run(fmt.Sprintf("events=%d/size=%dx%d", events, size.Width, size.Height), func(b *testing.B) {
				s := benchScreen(b, events, size.Width, size.Height)
				b.ReportAllocs()
				for b.Loop() {
					s.m.draw()
				}
			})
		}
	}
}

// BenchmarkKey is from a key to the frame that shows what it did, with what has to be
// read for that.
func BenchmarkKey(b *testing.B) {
	for _, events := range []int64{1000, 1_000_000} {
		for _, keys := range [][2]string{{"up", "down"}, {"pgup", "pgdown"}, {"enter", "esc"}, {"v", "1"}} {
			b.Run(fmt.Sprintf("events=%d/keys=%s,%s", events, keys[0], keys[1]), func(b *testing.B) {
				s := benchScreen(b, events, 120, 40)
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					s.keys(keys[i%2])
					s.m.draw()
					i++
				}
			})
		}
	}
}

// BenchmarkNews is what an event costs that comes while the screen is open.
func BenchmarkNews(b *testing.B) {
	s := benchScreen(b, 1_000_000, 120, 40)
	s.keys("G")
	n := int64(1_000_000)
	b.ReportAllocs()
	for b.Loop() {
		n++
		s.m.o.Log = endlessLog{n}
		s.tell(smallEvent(n))
		s.hear()
		s.m.draw()
	}
}
