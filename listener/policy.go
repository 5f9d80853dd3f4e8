package listener

import (
	"net/http"
	"sync"
	"time"

	"whk/verify"
)

// OnInvalid says what becomes of a delivery that is invalid or has no signature
// where one is due.
type OnInvalid string

// The ways of treating it. Every one stores the event.
const (
	// Flag answers and forwards as if nothing were wrong, with a mark: a 401 to a
	// live account counts towards its switch-off.
	Flag OnInvalid = "flag"
	// Reject answers 401.
	Reject OnInvalid = "reject"
	// Drop answers 2xx and does not forward.
	Drop OnInvalid = "drop"
)

// VerdictHeader marks a forwarded delivery that did not pass its check.
const VerdictHeader = "Whk-Verdict"

// Policy decides what senders are answered.
type Policy struct {
	// Respond is the status to answer. Zero means the forward target's, or 200
	// where there is none.
	Respond int
	// Delay is waited before every answer.
	Delay time.Duration
	// FailFirst answers 500 to the first so many events of each provider.
	FailFirst int
	// Ack answers at once and forwards behind.
	Ack       bool
	OnInvalid OnInvalid
}

type policy struct {
	Policy
	mu     sync.Mutex
	failed map[string]int
}

// answer is what the policy decided for one event.
type answer struct {
	status int // 0: the forward target's
	route  *Route
	text   string
	header http.Header
}

// decide settles the answer of a complete event as far as it can be settled before
// the event is forwarded.
func (p *policy) decide(e *Event, route *Route) answer {
	a := answer{status: p.Respond, route: route}
	if suspect(e.Verdict) {
		switch p.OnInvalid {
		case Reject:
			return answer{status: http.StatusUnauthorized, text: "the signature was not accepted\n"}
		case Drop:
			a.route = nil
		}
	}
	if p.fails(e.Provider) {
		a.status = http.StatusInternalServerError
	}
	if a.status == 0 && (a.route == nil || p.Ack) {
		a.status = http.StatusOK
	}
	return a
}

// fails counts the events of a provider up to FailFirst.
func (p *policy) fails(provider string) bool {
	if p.FailFirst == 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed[provider]++
	return p.failed[provider] <= p.FailFirst
}

// suspect reports whether OnInvalid applies to a verdict.
func suspect(v verify.Verdict) bool {
	return v.Status == verify.Invalid || v.Status == verify.Missing
}
