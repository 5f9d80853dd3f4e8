package listener_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"whk/listener"
	"whk/listener/store"
	"whk/verify"
)

// damagedLog cannot read its second event.
type damagedLog struct{ *store.Store }

func (l damagedLog) Since(ctx context.Context, n int64, limit int) ([]*listener.Event, error) {
	events, err := l.Store.Since(ctx, n, limit)
	for i, e := range events {
		if e.N == 2 {
			return append(events[:i:i], events[i+1:]...), &store.Damage{Path: "events.db", Numbers: []int64{2}, Cause: errors.New("torn")}
		}
	}
	return events, err
}

// An event that cannot be read is left out with a warning; those behind it are not
// held up.
func TestDamagedEventsDoNotHoldUpOthers(t *testing.T) {
	var calls, warned atomic.Int64
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	defer target.Close()
	gate := make(chan struct{})
	h := newHarness(t, func(o *listener.Options) {
		o.Log = damagedLog{o.Log.(*store.Store)}
		o.Policy.Ack, o.Routes = true, []listener.Route{routeTo(target.URL)}
		sender := o.Sender
		o.Sender = sendFunc(func(ctx context.Context, target string, d *verify.Delivery) verify.Result {
			<-gate // so that all events are in the log when the queue reads on
			return sender.Send(ctx, target, d)
		})
		o.Warn = func(string) { warned.Add(1) }
	})
	for range 4 {
		h.post("/cmmshere", "{}")
	}
	close(gate)
	for _, n := range []int64{1, 3, 4} {
		h.results(n, 1)
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		if at, _, err := h.store.Cursor(t.Context(), target.URL); err != nil || at == 4 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the queue does not get past the damage")
		}
	}
	if calls.Load() != 3 || warned.Load() == 0 {
		t.Errorf("%d forwards, %d warnings, want 3 and at least 1", calls.Load(), warned.Load())
	}
}

type sendFunc func(context.Context, string, *verify.Delivery) verify.Result

func (f sendFunc) Send(ctx context.Context, target string, d *verify.Delivery) verify.Result {
	return f(ctx, target, d)
}
