package listener_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/listener"
	"whk/verify"
)

// A shadow gets every event, however slow it is, and the answer never waits for it.
func TestShadows(t *testing.T) {
	release := make(chan struct{})
	var shadowed atomic.Int64
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-release
		shadowed.Add(1)
		w.WriteHeader(http.StatusTeapot)
	}))
	defer slow.Close()
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	defer first.Close()
	h := newHarness(t, func(o *listener.Options) {
		shadow := routeTo(slow.URL)
		shadow.Shadow = true
		o.Routes = []listener.Route{shadow, routeTo(first.URL)}
	})
	for range 20 {
		began := time.Now()
		if status, _, _ := h.do(h.signed("/rentman", created)); status != http.StatusAccepted {
			t.Fatalf("answered %d, want the first target's 202", status)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Fatalf("the answer took %v", took)
		}
	}
	close(release)
	for n := int64(1); n <= 20; n++ {
		results := h.results(n, 2)
		if results[0].Shadow {
			results[0], results[1] = results[1], results[0]
		}
		if got, want := results[0].Differs(results[1]), "answered 418, the first target 202"; got != want || !results[1].Shadow {
			t.Errorf("event %d: %q, want %q", n, got, want)
		}
	}
	if got := shadowed.Load(); got != 20 {
		t.Errorf("the shadow got %d events, want 20", got)
	}
}

// A queue sends again what was not answered 2xx, as often as the provider would.
func TestQueueRetriesAsTheProvider(t *testing.T) {
	var calls atomic.Int64
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) < 3 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer target.Close()
	h := newHarness(t, func(o *listener.Options) {
		o.Policy.Ack, o.Routes, o.RetryPause = true, []listener.Route{routeTo(target.URL)}, time.Millisecond
		o.Retries = func(provider string) int { return map[string]int{"cassaincloud": 3, "rentman": 0}[provider] }
	})
	h.post("/cassaincloud", "{}")
	var got []int
	for _, r := range h.results(1, 3) {
		got = append(got, r.Status)
	}
	if diff := cmp.Diff([]int{500, 500, 200}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	calls.Store(0)
	h.post("/rentman", "{}")
	h.results(2, 1)
	h.stop()
	if got := calls.Load(); got != 1 {
		t.Errorf("an event of a provider that sends once was sent %d times", got)
	}
}

func TestSequentialForwardsOneAtATime(t *testing.T) {
	var mu sync.Mutex
	running, most := 0, 0
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		running++
		most = max(most, running)
		mu.Unlock()
		time.Sleep(2 * time.Millisecond)
		mu.Lock()
		running--
		mu.Unlock()
	}))
	defer target.Close()
	for _, ack := range []bool{false, true} {
		most = 0
		h := newHarness(t, func(o *listener.Options) {
			o.Sequential, o.Policy.Ack, o.Routes = true, ack, []listener.Route{routeTo(target.URL)}
		})
		var senders sync.WaitGroup
		for range 16 {
			senders.Go(func() { h.post("/cmmshere", "{}") })
		}
		senders.Wait()
		for n := int64(1); n <= 16; n++ {
			h.results(n, 1)
		}
		h.stop()
		if most != 1 {
			t.Errorf("ack %v: %d forwards at one time, want 1", ack, most)
		}
	}
}

func TestPrepareChangesWhatIsForwardedAlone(t *testing.T) {
	got := make(chan http.Header, 1)
	target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header }))
	defer target.Close()
	h := newHarness(t, func(o *listener.Options) {
		o.Routes = []listener.Route{routeTo(target.URL)}
		o.Prepare = func(d *verify.Delivery) {
			d.Header.Del("Digest")
			d.Header.Set("X-Added", "yes")
		}
	})
	h.do(h.signed("/rentman", created))
	if header := <-got; header.Get("Digest") != "" || header.Get("X-Added") != "yes" {
		t.Errorf("forwarded %v", header)
	}
	if header := h.last().Delivery.Header; header.Get("Digest") == "" || header.Get("X-Added") != "" {
		t.Errorf("stored %v", header)
	}
}
