package listener

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
)

// kept is a log that holds these events, and counts how often it is asked for them.
type kept struct {
	Log
	numbers []int64
	asked   int
}

func (k *kept) Since(_ context.Context, n int64, _ int) ([]*Event, error) {
	k.asked++
	var events []*Event
	for _, number := range k.numbers {
		if number > n {
			events = append(events, numbered(number, 0))
		}
	}
	return events, nil
}

func numbered(n int64, size int) *Event {
	return &Event{N: n, Delivery: &verify.Delivery{Body: make([]byte, size)}}
}

// Whatever a watcher was told of, and in whatever order, it hands out all that there is
// by its number, and asks the log for no more than it has to.
func TestWatcherOrder(t *testing.T) {
	tests := []struct {
		name  string
		told  []int64
		log   []int64
		large bool
		asked int
		want  []int64
	}{
		{name: "in order", told: []int64{1, 2, 3}, log: []int64{1, 2, 3}, want: []int64{1, 2, 3}},
		{name: "the later first", told: []int64{3, 2, 1}, log: []int64{1, 2, 3}, want: []int64{1, 2, 3}},
		{name: "bodies too large to be held", told: []int64{1, 2}, log: []int64{1, 2}, large: true, want: []int64{1, 2}, asked: 1},
		{name: "one that another process wrote", told: []int64{1, 3}, log: []int64{1, 2, 3}, want: []int64{1, 2, 3}, asked: 1},
		{name: "one that is gone", told: []int64{1, 3}, log: []int64{1, 3}, want: []int64{1, 3}, asked: 1},
		{name: "all are gone", told: []int64{2, 3}, asked: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			log := &kept{numbers: tt.log}
			l := &Listener{feed: feed{log: log}}
			w := l.Watch(0)
			size := 1
			if tt.large {
				size = feedBody + 1
			}
			for _, n := range tt.told {
				l.feed.event(numbered(n, size))
			}
			var got []int64
			for len(got) < len(tt.want) {
				notice, err := w.Next(t.Context(), 0)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, notice.Event.N)
			}
			if _, err := w.Next(t.Context(), 2*feedGrace); !errors.Is(err, ErrNothing) {
				t.Errorf("after the last: %v, want %v", err, ErrNothing)
			}
			l.feed.close()
			if _, err := w.Next(t.Context(), 0); !errors.Is(err, io.EOF) {
				t.Errorf("at the end: %v, want %v", err, io.EOF)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("numbers (-want +got):\n%s", diff)
			}
			if log.asked != tt.asked {
				t.Errorf("the log was asked %d times, want %d", log.asked, tt.asked)
			}
		})
	}
}
