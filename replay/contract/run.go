package contract

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"whk/replay"
	"whk/verify"
	"whk/verify/provider"
)

// InFlight is how many requests are under way at once, outside the checks that are about
// many at once.
const InFlight = 5

// Options say what is tested, and how. Provider, Target and Sender are required, and
// Secrets where the provider's scheme has any.
type Options struct {
	Provider *provider.Provider
	// Target is the absolute URL of the endpoint; user and password in it become a header.
	Target string
	// PublicURL is the address by which the provider would know the endpoint, for schemes
	// that sign it; the target when it is empty.
	PublicURL string
	Secrets   []verify.Secret
	// Events are globs that choose among the provider's events.
	Events []string
	Sender *replay.Sender

	Mode Mode
	// Only and Skip are globs over the ids of checks. What Only names runs in any mode but
	// the hostile one, which has to be asked for.
	Only []string
	// Skip maps globs to the reason why; Severity likewise to what a failure counts.
	Skip     map[string]string
	Severity map[string]Override
	// Shuffle runs the checks in an order that Seed decides. A Seed of 0 is a random one.
	Shuffle bool
	Seed    uint64

	// Probe sees effects; nil when there is none.
	Probe *Probe
	// Settle is how long an effect may take to show after an answer.
	Settle time.Duration
	// Gap is how long after the first a repeat is sent, a second when it is 0.
	Gap time.Duration
	// Stall is how long an endpoint may wait for the rest of a body, a minute when it is 0.
	Stall time.Duration
	// Budget is how long an answer may take, the provider's own limit when it is 0.
	Budget time.Duration
	// Backup is the second URL of providers that have one.
	Backup string
	// OwnUser is the id of the user as whom the endpoint itself calls the provider.
	OwnUser string
	// WithoutSecret runs the endpoint without its secret while the function that it is
	// given asks something; nil when the endpoint was not started by whk.
	WithoutSecret func(ctx context.Context, ask func()) error
	// Fuzz is how many bent bodies are sent besides.
	Fuzz int
	// Extra are further checks, such as the cases of a suite.
	Extra []Check

	// Each, when given, gets every result as soon as it is known, and the number of checks
	// in all. It is called by one goroutine at a time.
	Each func(r Result, total int)
	// Now is the clock, Sleep how to wait; both the system's when nil.
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration)
}

// Override is what a user makes of the severity of a check, and why.
type Override struct {
	Severity Severity
	Reason   string
}

// run is one run of an engine.
type run struct {
	o       *Options
	subject *Subject
	basic   string // what user and password of the target come to as a header
	slots   chan struct{}
	gone    atomic.Pointer[string]
	open    atomic.Bool
	base    atomic.Pointer[Specimen]
	refusal sync.Map // statuses that forged events were refused with
	made    sync.Map // hashes of what was made
	refused sync.Map // shapes of valid events that were not accepted
	// mild is what a valid event is answered, to tell errors in words from it.
	mild atomic.Pointer[string]

	mu      sync.Mutex
	answers []answer
	report  *Report
	total   int
	index   map[string]int // of the checks, in the order of the catalogue
}

// Test is a test of one endpoint that is about to run.
type Test struct {
	run    *run
	checks []*Check
}

// New prepares a test. Its error is a mistake in what was asked.
func New(o Options) (*Test, error) {
	r, err := newRun(&o)
	if err != nil {
		return nil, err
	}
	checks, err := r.choose()
	if err != nil {
		return nil, err
	}
	return &Test{r, checks}, nil
}

// Subject is what is tested.
func (t *Test) Subject() *Subject { return t.run.subject }

// Checks is how many results there will be, those of checks that are skipped among them.
func (t *Test) Checks() int { return t.run.total }

// Run runs the test, once. How the endpoint fared stands in the report.
func (t *Test) Run(ctx context.Context) *Report {
	r := t.run
	r.report.Began = r.now()
	for _, skipped := range r.report.Results {
		r.tell(skipped)
	}
	r.execute(ctx, t.checks)
	r.report.Took = r.now().Sub(r.report.Began)
	r.report.Interrupted = ctx.Err() != nil
	for _, a := range r.seenAnswers() {
		r.report.Latencies = append(r.report.Latencies, a.result.Took)
	}
	return r.report
}

// Run prepares and runs a test.
func Run(ctx context.Context, o Options) (*Report, error) {
	t, err := New(o)
	if err != nil {
		return nil, err
	}
	return t.Run(ctx), nil
}

func newRun(o *Options) (*run, error) {
	if o.Mode == "" {
		o.Mode = Quick
	}
	if !slices.Contains(Modes(), o.Mode) {
		return nil, fmt.Errorf("mode %q: expected quick, full or hostile", o.Mode)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Settle <= 0 {
		o.Settle = time.Second
	}
	for o.Seed == 0 {
		o.Seed = rand.Uint64N(1 << 48)
	}
	r := &run{o: o, slots: make(chan struct{}, InFlight)}
	target := o.Target
	if u, err := url.Parse(o.Target); err == nil && u.User != nil {
		password, _ := u.User.Password()
		r.basic = "Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password))
		scheme, rest, _ := strings.Cut(target, "://")
		_, rest, _ = strings.Cut(rest, "@")
		target = scheme + "://" + rest
	}
	subject, err := NewSubject(o.Provider, target, o.PublicURL, o.Secrets, o.Events, o.Now())
	if err != nil {
		return nil, err
	}
	r.subject = subject
	r.base.Store(subject.basis)
	r.report = &Report{Provider: o.Provider.Name, Target: target, Mode: o.Mode, Seed: o.Seed, Secret: subject.Secret.Name, Scheme: subject.scheme.String(), Began: o.Now()}
	return r, nil
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Applicable lists the checks of the catalogue that fit a subject.
func Applicable(s *Subject) []Check {
	return slices.DeleteFunc(Catalogue(), func(c Check) bool { return !c.Scope.Fits(s) })
}

func (r *run) exam(ctx context.Context, c *Check) *Exam {
	return &Exam{Subject: r.subject, Context: ctx, run: r, check: c, result: Result{Check: c, Severity: c.Severity}}
}

func (r *run) override(result *Result) {
	for glob, o := range r.o.Severity {
		if matches(glob, result.ID) {
			result.Severity, result.Reason = o.Severity, o.Reason
		}
	}
}

func (r *run) tell(result Result) {
	if r.o.Each != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.o.Each(result, r.total)
	}
}

// calibrate learns how the endpoint says no to a forged event.
func (r *run) calibrate(ctx context.Context) {
	if !r.subject.scheme.Keyed() {
		return
	}
	x := r.exam(ctx, &Check{ID: "calibrate"})
	for _, make := range []func(*Exam) *Shot{wrongKeyShot, missingShot} {
		if s := make(x); s != nil && s.Delivery != nil {
			if result, o := x.Send(s); o == Rejected {
				r.refusal.Store(result.Status, true)
			}
		}
	}
	r.mu.Lock()
	r.report.Requests += x.result.Requests
	r.mu.Unlock()
}

// isRefusal reports whether forged events are refused with a status.
func (r *run) isRefusal(status int) bool {
	if _, ok := r.refusal.Load(status); ok {
		return true
	}
	return status == 401 || status == 403
}

func (r *run) basis() *Specimen { return r.base.Load() }
func (r *run) now() time.Time   { return r.o.Now() }

func (r *run) sleep(ctx context.Context, d time.Duration) {
	if d > 0 {
		r.o.Sleep(ctx, d)
	}
}

func (r *run) timeout() time.Duration {
	if r.o.Sender.Timeout > 0 {
		return r.o.Sender.Timeout
	}
	return replay.DefaultTimeout
}

// slot waits for the right to have a request under way.
func (r *run) slot(ctx context.Context) (release func()) {
	select {
	case r.slots <- struct{}{}:
		return func() { <-r.slots }
	case <-ctx.Done():
		return func() {}
	}
}

// send sends one delivery where its URL leads.
func (r *run) send(ctx context.Context, d *verify.Delivery) verify.Result {
	release := r.slot(ctx)
	defer release()
	return r.free(ctx, d)
}

// free is send without its bound, for the checks that are about many at once.
func (r *run) free(ctx context.Context, d *verify.Delivery) verify.Result {
	return r.o.Sender.Send(ctx, d.URL, d)
}

// lost remembers that the endpoint went away.
func (r *run) lost(check string) {
	text := "the endpoint was gone after " + check
	r.gone.CompareAndSwap(nil, &text)
}
