package contract

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/http"
	"strings"
	"time"

	"whk/replay"
	"whk/verify"
)

// Exam is one check under way: what it may ask, and what it found so far. A Check's Run
// has it for itself.
type Exam struct {
	*Subject
	Context context.Context

	run    *run
	check  *Check
	result Result
	vague  []string // why something could not be judged
	judged bool     // whether anything was

	lastResult verify.Result
	seeds      int
}

// Shot is a request that is about to be sent.
type Shot struct {
	// What says in one line what it is.
	What     string
	Delivery *verify.Delivery

	spec   *Specimen
	sign   replay.SignMode
	edited bool
	rename func(http.Header) http.Header
	at     time.Time
	raw    []byte
}

// Event forges a delivery of the usual event that is not signed yet.
func (x *Exam) Event() *Shot { return x.forge(x.run.basis()) }

// forge makes a delivery of one event, with ids that no other has.
func (x *Exam) forge(spec *Specimen) *Shot {
	s := x.forgeAt(spec, x.run.now(), x.seed())
	for range 50 { // some ids are short
		if x.run.fresh(s.Delivery) {
			break
		}
		s = x.forgeAt(spec, x.run.now(), x.seed())
	}
	return s
}

// seed is another one each time, and the same ones in every run of equal seed, whatever
// else runs beside this check.
func (x *Exam) seed() uint64 {
	x.seeds++
	h := fnv.New64a()
	fmt.Fprint(h, x.run.o.Seed, x.check.ID, x.seeds)
	return h.Sum64()
}

// forgeAt makes the delivery that a time and a seed give: equal seeds make equal ids.
func (x *Exam) forgeAt(spec *Specimen, at time.Time, seed uint64) *Shot {
	d, err := x.render(spec, at, seed)
	if err != nil { // rendered before, when the subject was made
		x.unsure(err.Error())
		d = &verify.Delivery{Method: spec.method, URL: x.Target, Header: http.Header{}}
	}
	if x.run.basic != "" {
		d.Header["Authorization"] = []string{x.run.basic}
	}
	return &Shot{What: spec.name(), Delivery: d, spec: spec, sign: replay.SignNormal, at: x.run.now()}
}

// Signed forges a delivery of the usual event as the provider would send it.
func (x *Exam) Signed() *Shot { return x.signedOf(x.run.basis()) }

func (x *Exam) signedOf(spec *Specimen) *Shot {
	s := x.forge(spec)
	x.Sign(s)
	return s
}

// Sign signs a shot as the provider does.
func (x *Exam) Sign(s *Shot) bool { return x.signWith(s, x.keyring, s.at) }

func (x *Exam) signWith(s *Shot, k *verify.Keyring, at time.Time) bool {
	if err := x.sign(k, s.Delivery, at); err != nil {
		x.unsure("cannot be signed: " + err.Error())
		s.Delivery = nil
		return false
	}
	return true
}

// Body puts another body into a shot that is not signed yet.
func (s *Shot) Body(body []byte) *Shot {
	rebody(s.Delivery, body)
	s.edited = true
	return s
}

// Says names what is special about a shot.
func (s *Shot) Says(format string, args ...any) *Shot {
	s.What = fmt.Sprintf(format, args...)
	return s
}

// odd marks a shot that whk send cannot make.
func (s *Shot) odd() *Shot {
	s.sign = ""
	return s
}

// Send sends a shot and judges nothing.
func (x *Exam) Send(s *Shot) (verify.Result, Outcome) {
	r := x.transmit(s)
	return r, OutcomeOf(r)
}

func (x *Exam) transmit(s *Shot) verify.Result {
	if stopped, ok := x.stopped(); ok {
		return stopped
	}
	d := *s.Delivery
	if s.rename != nil {
		d.Header = s.rename(d.Header)
	}
	r := x.run.send(x.Context, &d)
	x.seen(s, r)
	if OutcomeOf(r) == Reset && !x.check.Probes {
		// A server may end a kept connection at the very moment when it is used again. What
		// makes an endpoint fail does so on a fresh one, too.
		x.run.o.Sender.Close()
		r = x.run.send(x.Context, &d)
		x.seen(s, r)
	}
	return r
}

// stopped reports that no more requests are made: the run was ended, or the endpoint is
// gone.
func (x *Exam) stopped() (verify.Result, bool) {
	switch {
	case x.Context.Err() != nil:
		return verify.Result{Outcome: verify.Interrupted}, true
	case x.run.gone.Load() != nil:
		return verify.Result{Outcome: verify.Refused, Error: *x.run.gone.Load()}, true
	}
	return verify.Result{}, false
}

// seen remembers an answer for the checks that judge them all.
func (x *Exam) seen(s *Shot, r verify.Result) {
	x.result.Requests++
	x.result.Outcome = OutcomeOf(r)
	x.run.observe(x, s, r)
}

// exchange is a shot with what came of it.
func (x *Exam) exchange(s *Shot, r verify.Result) *Exchange {
	e := &Exchange{Sent: s.What, Delivery: s.Delivery, Raw: s.raw, Sign: s.sign, Edited: s.edited, Result: r, Outcome: OutcomeOf(r)}
	if s.rename != nil && s.Delivery != nil {
		d := *s.Delivery
		d.Header = s.rename(d.Header)
		e.Delivery = &d
	}
	if s.spec != nil {
		e.Event, e.Variant = s.spec.Event, s.spec.Variant
	}
	return e
}

// Accept sends a shot that has to be accepted.
func (x *Exam) Accept(s *Shot) Outcome {
	return x.acceptAs(s, x.check.Severity)
}

func (x *Exam) acceptAs(s *Shot, severity Severity) Outcome {
	if s.Delivery == nil {
		return Broken
	}
	if !x.valid(s.Delivery, s.at) {
		x.unsure("whk itself would not believe it: " + s.What)
		return Broken
	}
	r, o := x.Send(s)
	if x.settled(s, r, o) {
		return o
	}
	if o != Accepted {
		x.fail(severity, s, r, "a valid event was %s", o.verb())
	}
	return o
}

// Tolerate sends a valid shot that may be accepted or refused with one of these
// statuses, and must not be anything else.
func (x *Exam) Tolerate(s *Shot, statuses ...int) Outcome {
	if s.Delivery == nil {
		return Broken
	}
	r, o := x.Send(s)
	if x.settled(s, r, o) || o == Accepted {
		return o
	}
	for _, status := range statuses {
		if r.Status == status {
			return o
		}
	}
	x.fail(x.check.Severity, s, r, "it was %s", o.verb())
	return o
}

// Believe sends a valid shot that may be refused as an event, but not as forged ones are:
// its bytes are unusual, and its signature holds.
func (x *Exam) Believe(s *Shot) Outcome {
	if s.Delivery == nil {
		return Broken
	}
	if !x.valid(s.Delivery, s.at) {
		x.unsure("whk itself would not believe it: " + s.What)
		return Broken
	}
	r, o := x.Send(s)
	switch {
	case x.settled(s, r, o), o == Accepted:
	case o == Rejected && !x.run.isRefusal(r.Status):
		x.note(s, r, "refused with %d as an event, not for its signature", r.Status)
	case o == Rejected:
		x.fail(x.check.Severity, s, r, "a validly signed event was refused as forged ones are")
	default:
		x.fail(x.check.Severity, s, r, "a valid event was %s", o.verb())
	}
	return o
}

// Reject sends a shot that has to be refused.
func (x *Exam) Reject(s *Shot) Outcome {
	return x.rejectAs(s, x.check.Severity)
}

func (x *Exam) rejectAs(s *Shot, severity Severity) Outcome {
	if s.Delivery == nil {
		return Broken
	}
	if x.scheme.Keyed() && x.valid(s.Delivery, s.at) {
		return Broken // it came out valid by chance, or the scheme does not cover what was changed
	}
	r, o := x.Send(s)
	if x.settled(s, r, o) {
		return o
	}
	switch {
	case o == Accepted && x.run.refusedInWords(s, r):
		x.judged = false
		x.unsure("answered 2xx with an error in words, see fail.status-in-body")
	case o == Rejected && !plainRefusal(r.Status):
		x.note(s, r, "refused with %d; 401 says it more clearly", r.Status)
	case o == Rejected:
	case o == Accepted:
		x.fail(severity, s, r, "it was accepted")
	default:
		x.fail(severity, s, r, "it was %s instead of refused with 401", o.verb())
	}
	return o
}

// Survive sends a shot that may be answered in any way but with a failure.
func (x *Exam) Survive(s *Shot) Outcome {
	if s.Delivery == nil {
		return Broken
	}
	r, o := x.Send(s)
	x.survived(s, r, o)
	return o
}

func (x *Exam) survived(s *Shot, r verify.Result, o Outcome) {
	if !x.settled(s, r, o) && !o.survived() {
		x.fail(x.check.Severity, s, r, "the endpoint %s", o.did())
	}
}

// settled handles the outcomes that say nothing about the request.
func (x *Exam) settled(s *Shot, r verify.Result, o Outcome) bool {
	switch o {
	case Interrupted:
		return true
	case Throttled:
		x.unsure(fmt.Sprintf("the endpoint asked for patience (429) at: %s", s.What))
		return true
	case Refused:
		if text := x.run.gone.Load(); text != nil && r.Error == *text {
			x.unsure(*text)
			return true
		}
		x.fail(x.check.Severity, s, r, "the endpoint was gone when this was sent")
		x.judged = true
		x.run.lost(x.check.ID)
		return true
	}
	x.judged = true
	return false
}

// fail records what is not as expected.
func (x *Exam) fail(severity Severity, s *Shot, r verify.Result, format string, args ...any) {
	x.judged = true
	x.result.Findings = append(x.result.Findings, Finding{Severity: severity, Says: fmt.Sprintf(format, args...), Exchange: x.exchange(s, r)})
}

// note records what is worth telling.
func (x *Exam) note(s *Shot, r verify.Result, format string, args ...any) {
	x.judged = true
	x.result.Findings = append(x.result.Findings, Finding{Severity: Info, Note: true, Says: fmt.Sprintf(format, args...), Exchange: x.exchange(s, r)})
}

// Fail and Note are for findings about many requests, or none.
func (x *Exam) Fail(severity Severity, format string, args ...any) {
	x.judged = true
	x.result.Findings = append(x.result.Findings, Finding{Severity: severity, Says: fmt.Sprintf(format, args...)})
}

// Note is explained at Fail.
func (x *Exam) Note(format string, args ...any) {
	x.judged = true
	x.result.Findings = append(x.result.Findings, Finding{Severity: Info, Note: true, Says: fmt.Sprintf(format, args...)})
}

// unsure records why something could not be judged.
func (x *Exam) unsure(why string) {
	for _, other := range x.vague {
		if other == why {
			return
		}
	}
	x.vague = append(x.vague, why)
}

// finish makes the result of what was found.
func (x *Exam) finish() Result {
	r := x.result
	r.Status = Passed
	worst := Info
	for _, f := range r.Findings {
		switch {
		case !f.Note:
			if r.Status != Failed || f.Severity.rank() < worst.rank() {
				worst = f.Severity
			}
			if r.Status != Failed && f.Exchange != nil {
				r.Outcome = f.Exchange.Outcome
			}
			r.Status = Failed
		case r.Status == Passed:
			r.Status = Noted
		}
	}
	if r.Status == Failed {
		r.Severity = worst
	}
	if len(x.vague) > 0 {
		r.Says = strings.Join(x.vague, "; ")
		if r.Status == Passed || r.Status == Noted && !x.judged {
			r.Status = Inconclusive
		}
	} else if !x.judged && r.Status == Passed {
		r.Status, r.Says = Inconclusive, "nothing of the kind can be made of this provider's events"
	}
	return r
}

// verb and did put an outcome into a sentence.
func (o Outcome) verb() string {
	switch o {
	case Crashed:
		return "answered with a server error"
	case Hung:
		return "not answered in time"
	case Reset:
		return "cut off without a complete answer"
	case Broken:
		return "not answered properly"
	case Refused:
		return "not even received"
	}
	return string(o)
}

func (o Outcome) did() string {
	switch o {
	case Crashed:
		return "failed (5xx)"
	case Hung:
		return "did not answer in time"
	case Reset:
		return "closed the connection without a complete answer"
	case Refused:
		return "was gone"
	}
	return "did not answer properly"
}

// pause waits, by the clock that the run was given.
func (x *Exam) pause(d time.Duration) { x.run.sleep(x.Context, d) }
