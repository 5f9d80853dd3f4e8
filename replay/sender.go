package replay

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"time"

	"whk/verify"
)

// What a Sender does when nothing else is said.
const (
	DefaultTimeout   = 10 * time.Second
	DefaultMaxAnswer = 1 << 20
)

// Sender sends deliveries and tells what came of them. The zero value is ready; its
// fields are not to be changed after the first Send. It is safe for concurrent use
// and keeps connections open for the next delivery until Close.
type Sender struct {
	// Timeout bounds one attempt from the first packet to the end of the answer.
	Timeout time.Duration
	// MaxAnswer is how much of an answer's body is read and kept.
	MaxAnswer int64
	// AllowMetadata permits link-local and cloud metadata addresses.
	AllowMetadata bool
	// Insecure accepts any certificate. Roots are the authorities to trust, the system's
	// when nil.
	Insecure bool
	Roots    *x509.CertPool

	// Lookup resolves a host name instead of the system's resolver. Every address it
	// returns is judged before it is dialed.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Dial opens a connection instead of the net package.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Now is the clock that results are dated and timed with.
	Now func() time.Time

	pool pool
}

// Send sends a delivery to a target and waits for the whole answer. It never fails
// beside its result: what could not be sent has the outcome Failed and the reason.
func (s *Sender) Send(ctx context.Context, target string, d *verify.Delivery) verify.Result {
	e, err := parseEndpoint(target)
	if err != nil {
		return verify.Result{Target: beforeAny(target, "?#"), At: s.now(), Outcome: verify.Failed, Error: err.Error()}
	}
	return s.send(ctx, e, d, true)
}

// Close ends the connections that were kept open.
func (s *Sender) Close() { s.pool.close() }

func (s *Sender) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Sender) timeout() time.Duration {
	if s.Timeout > 0 {
		return s.Timeout
	}
	return DefaultTimeout
}

func (s *Sender) maxAnswer() int64 {
	if s.MaxAnswer > 0 {
		return s.MaxAnswer
	}
	return DefaultMaxAnswer
}

func (s *Sender) send(ctx context.Context, e *endpoint, d *verify.Delivery, keep bool) verify.Result {
	r := verify.Result{Target: e.shown, At: s.now(), Outcome: verify.Answered}
	if err := checkDelivery(d); err != nil {
		r.Outcome, r.Error = verify.Failed, err.Error()
		return r
	}
	if err := s.exchange(ctx, e, d, keep, &r); err != nil {
		r.Outcome, r.Error = classify(ctx, err, s.timeout())
	}
	r.Took = s.now().Sub(r.At)
	return r
}

// exchange sends the delivery and fills in the answer. A kept connection is only used
// when the target has not closed it; from the first byte written nothing is tried
// again, since the target may have seen it.
func (s *Sender) exchange(ctx context.Context, e *endpoint, d *verify.Delivery, keep bool, r *verify.Result) error {
	// Deadlines are the network's, whatever clock results are dated with.
	start := time.Now()
	deadline := start.Add(s.timeout())
	w := s.pool.get(e.key, start)
	if w == nil {
		dialing, cancel := context.WithDeadline(ctx, deadline)
		defer cancel()
		var err error
		if w, err = s.connect(dialing, e); err != nil {
			return err
		}
	}
	if err := w.SetDeadline(deadline); err != nil {
		w.Close()
		return err
	}
	// The end of ctx makes the connection useless, even when it comes just too late.
	stop := context.AfterFunc(ctx, func() { _ = w.SetDeadline(time.Unix(1, 0)) })
	again, err := w.exchange(e, d, s.maxAnswer(), keep, r)
	if stopped := stop(); !again || !stopped {
		w.Close()
		return err
	}
	s.pool.put(e.key, w, time.Now())
	return nil
}
