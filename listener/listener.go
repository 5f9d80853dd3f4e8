package listener

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"
	"golang.org/x/sync/semaphore"

	"whk/verify"
	"whk/verify/provider"
)

// Log keeps events. An event is on disk when Append returns without an error.
type Log interface {
	// Append stores the event and gives it its number.
	Append(ctx context.Context, e *Event) error
	// AddResult stores what a target answered to event n.
	AddResult(ctx context.Context, n int64, r verify.Result) error
	// Since returns up to limit events after number n, oldest first, with bodies. When
	// some cannot be read, the others come with an error that has a method
	// Damaged() []int64.
	Since(ctx context.Context, n int64, limit int) ([]*Event, error)
	// Last is the number of the newest event, 0 in an empty log.
	Last(ctx context.Context) (int64, error)
	// Cursor is the number of the last event that a queue has handed on, and
	// whether the queue was left unfinished. SetCursor and ClearCursor change it.
	Cursor(ctx context.Context, queue string) (int64, bool, error)
	SetCursor(ctx context.Context, queue string, n int64) error
	ClearCursor(ctx context.Context, queue string) error
}

// Sender hands a delivery to a target and reports what came of it.
type Sender interface {
	Send(ctx context.Context, target string, d *verify.Delivery) verify.Result
}

// Route is one forward target and the events that go to it.
type Route struct {
	// Name identifies the target across restarts: the URL as it was configured.
	Name string
	// Match reports whether an event goes here; nil takes every event.
	Match func(e *Event) bool
	// Target is the URL for one event.
	Target func(e *Event) string
	// Shadow marks a target that gets a copy of every event it takes, beside the
	// first one; nobody waits for its answer.
	Shadow bool

	turn chan struct{} // holds the one who may forward, where that is one at a time
}

// Options configures a Listener. Log and Recognise are required.
type Options struct {
	Log Log
	// Recognise tells who sent a delivery and judges it; see Recogniser.
	Recognise func(e *Event)
	// Moment tells when an event says that something happened, and the ids of what it
	// happened to, so that one which comes out of order can be marked; nil marks none.
	Moment func(e *Event) (ids []string, at time.Time, ok bool)
	// Accepts reports whether a request without content is an event at this path
	// all the same, as a GET of a provider that sends them; nil accepts none.
	Accepts func(method, path string) bool
	// Admit reports whether a path is received at all; nil admits every path. What
	// is not admitted is answered 404 and not stored.
	Admit func(path string) bool
	// Handshake returns what the provider wants to hear when an event is its question
	// whether this address is the receiver's; nil answers none. Such an event is stored
	// like any other. The policy goes first, and so does a target that decides the answer.
	Handshake func(e *Event) (provider.Answer, bool)
	// Match reports whether an event is forwarded, shown and counted; nil takes all.
	Match func(e *Event) bool

	// Routes are asked in their order: the first that takes an event and is no shadow
	// decides the answer.
	Routes []Route
	Sender Sender
	Policy Policy
	// Prepare changes the copy of a delivery that is forwarded, such as its headers;
	// nil leaves it as it came.
	Prepare func(d *verify.Delivery)
	// Sequential forwards to a target one event at a time.
	Sequential bool
	// Retries says how often a provider sends again what was not answered 2xx; a
	// queue does so in its place. Nil never does.
	Retries func(provider string) int
	// RetryPause is waited between two such attempts; 1 s when zero.
	RetryPause time.Duration

	// MaxBody is the largest body that is received, in bytes; 25 MiB when zero.
	MaxBody int64
	// MaxInFlight bounds the bodies held at one time, in bytes; 256 MiB when zero.
	MaxInFlight int64
	// MaxConns bounds the open connections; 8192 when zero.
	MaxConns int
	// StallTimeout is how long a body may go without a byte, BodyTimeout how long
	// it may take altogether; 10 s and 60 s when zero.
	StallTimeout, BodyTimeout time.Duration
	// StopTimeout is how long requests may go on after a stop was asked for; 5 s
	// when zero.
	StopTimeout time.Duration

	// Now is the clock, time.Now when nil.
	Now func() time.Time
	// Warn is told of what went wrong beside the events; nil drops it. The text may
	// hold bytes that were received and has not passed a boundary.
	Warn func(message string)
}

// Listener is a receiving server. Make one with New.
type Listener struct {
	Options
	policy policy
	budget *semaphore.Weighted
	feed   feed
	marks  *marks
	stats  counters
	queues []*queue
}

// Stats counts what a Listener has seen.
type Stats struct {
	// Stored is the number of events in the log, Health that of requests answered
	// without storing, Refused that of requests answered 404 or 503.
	Stored, Health, Refused int64
}

type counters struct{ stored, health, refused atomic.Int64 }

// New makes a Listener; it receives nothing before Serve.
func New(o Options) *Listener {
	setDefault(&o.MaxBody, 25<<20)
	setDefault(&o.MaxInFlight, 256<<20)
	setDefault(&o.MaxConns, 8192)
	setDefault(&o.StallTimeout, 10*time.Second)
	setDefault(&o.BodyTimeout, 60*time.Second)
	setDefault(&o.StopTimeout, 5*time.Second)
	setDefault(&o.RetryPause, time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sequential {
		o.Routes = slices.Clone(o.Routes)
		for i := range o.Routes {
			o.Routes[i].turn = make(chan struct{}, 1)
		}
	}
	if o.Warn == nil {
		o.Warn = func(string) {}
	}
	return &Listener{
		Options: o,
		policy:  policy{Policy: o.Policy, failed: map[string]int{}},
		budget:  semaphore.NewWeighted(o.MaxInFlight),
		feed:    feed{log: o.Log},
		marks:   newMarks(),
	}
}

func setDefault[T comparable](value *T, fallback T) {
	var zero T
	if *value == zero {
		*value = fallback
	}
}

// Stats returns the counts so far.
func (l *Listener) Stats() Stats {
	return Stats{Stored: l.stats.stored.Load(), Health: l.stats.health.Load(), Refused: l.stats.refused.Load()}
}

// Serve receives on the socket until ctx ends, then answers what is under way, for
// StopTimeout at most, and returns when every goroutine it started has ended. It
// returns nil after such a stop.
func (l *Listener) Serve(ctx context.Context, socket net.Listener) error {
	forwards, endForwards := context.WithCancel(context.WithoutCancel(ctx))
	defer endForwards()
	server := &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { l.receive(forwards, w, r) }),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          log.New(warnWriter(l.Warn), "", 0),
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	var running sync.WaitGroup
	queues, endQueues := context.WithCancel(forwards)
	defer endQueues()
	if err := l.startQueues(queues, forwards, &running); err != nil {
		return err
	}
	last, err := l.Log.Last(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	running.Go(func() { l.recall(queues, last) })
	stopped := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		defer close(stopped)
		endQueues()
		hurry := time.AfterFunc(l.StopTimeout, endForwards)
		defer hurry.Stop()
		deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.StopTimeout+time.Second)
		defer cancel()
		if server.Shutdown(deadline) != nil {
			_ = server.Close()
		}
		running.Wait()
	})
	err = server.Serve(netutil.LimitListener(socket, l.MaxConns))
	if !errors.Is(err, http.ErrServerClosed) && unwatch() { // the socket failed by itself
		endQueues()
		endForwards()
		running.Wait()
		l.feed.close()
		return err
	}
	<-stopped
	l.feed.close()
	return nil
}

type warnWriter func(string)

func (w warnWriter) Write(p []byte) (int, error) {
	w(string(p))
	return len(p), nil
}

var _ io.Writer = warnWriter(nil)
