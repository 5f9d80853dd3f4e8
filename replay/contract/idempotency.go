package contract

import (
	"bytes"
	"time"

	"whk/verify"
)

func idempotencyChecks() []Check {
	return []Check{
		{ID: "idem.duplicate", Scope: everywhere(), Severity: Error, Risk: Medium, Mode: Quick, Topic: AboutRepeats, Probes: true, slow: true,
			Title: "the same delivery twice, a second apart", Expect: "2xx both times, one effect",
			Why: "providers repeat what they are not sure of; each repeat would count again", Run: idemDuplicate},
		{ID: "idem.concurrent", Scope: everywhere(), Severity: Error, Risk: Medium, Mode: Full, Topic: AboutRepeats, Probes: true, phase: alone,
			Title: "the same delivery eight times at once", Expect: "2xx, 409 or 429, one effect",
			Why: "looking whether it was seen and remembering it are two steps; between them the repeat gets through", Run: idemConcurrent},
		{ID: "idem.after-error", Scope: everywhere(), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutRepeats, Probes: true, slow: true,
			Title: "a delivery whose sender hangs up before the answer, then the same again", Expect: "2xx, one effect",
			Why: "a sender that heard no answer sends again", Run: idemAfterError},
		{ID: "idem.window", Scope: everywhere(), Severity: Error, Risk: Medium, Mode: Full, Topic: AboutRepeats, Probes: true, slow: true,
			Title: "two different updates of one thing, a second apart", Expect: "2xx, two effects",
			Why: "remembering ids for a while drops the second change of a thing as if it were a repeat", Run: idemWindow},
	}
}

// unseen is why nothing can be said about effects.
const unseen = "effect not observed: name a probe with --probe URL#PATH"

// The verdicts on repeated deliveries.
const (
	idempotent   = "idempotent"
	doubleEffect = "double effect"
	differ       = "answers differ"
	notObserved  = "effect not observed"
)

func idemDuplicate(x *Exam) {
	probe := x.run.o.Probe != nil
	var after Value
	_, before, ok := x.start(false)
	s := x.Signed()
	if s.Delivery == nil || !ok {
		return
	}
	first, o := x.Send(s)
	if x.settled(s, first, o) {
		return
	}
	if o != Accepted {
		x.fail(x.check.Severity, s, first, "a valid event was %s", o.verb())
		return
	}
	if probe {
		if after, ok = x.settledValue(before); !ok {
			return
		}
	}
	x.pause(x.run.o.gap())
	s = x.again(s)
	second, o := x.Send(s)
	if x.settled(s, second, o) {
		return
	}
	verdict := notObserved
	if o == Rejected && second.Status != 409 || !o.survived() {
		verdict = differ
		x.fail(x.check.Severity, s, second, "the repeat was %s; the provider would go on repeating it", o.verb())
	} else if o != Accepted {
		verdict = differ
		x.note(s, second, "the repeat was answered %s", Came(second))
	}
	switch {
	case !probe:
		x.unsure("answered 2xx twice; " + unseen)
	case after == before:
		x.unsure("effect not observed: the probe reads " + after.Text + " before and after an event")
	default:
		verdict = x.judgeRepeat(s, second, after, verdict)
	}
	x.run.idempotency(verdict)
}

// again is a shot as its provider repeats it. Where a time is signed, each attempt has its
// own and another signature, by which a repeat can therefore not be told. A body that carries
// its signature stays as it is: the same body is what most know a repeat by.
func (x *Exam) again(s *Shot) *Shot {
	repeat := *s
	repeat.Delivery = s.Delivery.Clone()
	if x.signs() && x.recipe.Timestamp != nil && x.recipe.Body == nil {
		repeat.at = s.at.Add(x.run.o.gap())
		if x.Sign(&repeat) {
			return repeat.Says("%s, delivered a second time and signed anew", s.What)
		}
		repeat.Delivery, repeat.at = s.Delivery.Clone(), s.at
	}
	return repeat.Says("%s, delivered a second time", s.What)
}

// judgeRepeat looks at the probe once more, after the repeat.
func (x *Exam) judgeRepeat(s *Shot, r verify.Result, after Value, verdict string) string {
	again, ok := x.settledValue(after)
	switch {
	case !ok:
		return notObserved
	case again != after:
		x.fail(x.check.Severity, s, r, "double effect: the probe read %s after the event and %s after its repeat", after.Text, again.Text)
		return doubleEffect
	case verdict == differ:
		return differ
	}
	return idempotent
}

// gap is how long after the first a repeat comes.
func (o *Options) gap() time.Duration {
	if o.Gap > 0 {
		return o.Gap
	}
	return time.Second
}

// idempotency remembers what became of repeats, the worst of it.
func (r *run) idempotency(verdict string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	order := map[string]int{"": 0, notObserved: 1, idempotent: 2, differ: 3, doubleEffect: 4}
	if order[verdict] > order[r.report.Idempotency] {
		r.report.Idempotency = verdict
	}
}

// start reads the probe before anything happens; with measure it also finds out by how
// much one event changes it. Without a probe there is nothing to read, which is fine.
func (x *Exam) start(measure bool) (unit float64, before Value, ok bool) {
	switch {
	case x.run.o.Probe == nil:
		return 0, Value{}, true
	case measure:
		return x.unit()
	}
	before, ok = x.atRest()
	return 0, before, ok
}

// unit is by how much one event changes the probe; ok is false when that cannot be seen.
func (x *Exam) unit() (delta float64, now Value, ok bool) {
	before, ok := x.atRest()
	if !ok {
		return 0, before, false
	}
	s := x.Signed()
	if s.Delivery == nil || x.Accept(s) != Accepted {
		return 0, before, false
	}
	after, ok := x.settledValue(before)
	if !ok {
		return 0, after, false
	}
	delta, numbers := after.since(before)
	if !numbers || delta == 0 {
		x.unsure("effect not observed: the probe reads " + before.Text + " before and " + after.Text + " after an event, which is no count")
		return 0, after, false
	}
	return delta, after, true
}

// rounds is how often the race is tried; each has eight runners.
const rounds = 3

func idemConcurrent(x *Exam) {
	if x.run.o.Probe == nil {
		if x.raceOnce() != nil {
			x.unsure(unseen)
		}
		return
	}
	unit, before, ok := x.unit()
	for range rounds {
		if !ok {
			return
		}
		s := x.raceOnce()
		if s == nil {
			return
		}
		var after Value
		if after, ok = x.settledValue(before); !ok {
			return
		}
		if grown, _ := after.since(before); grown != unit {
			x.fail(x.check.Severity, s, verify.Result{}, "one event delivered eight times at once counted %g times, as the probe tells", grown/unit)
			x.result.Findings[len(x.result.Findings)-1].Exchange.Result = x.lastResult
			x.run.idempotency(doubleEffect)
			return
		}
		before = after
	}
}

// raceOnce delivers one event eight times at once; nil when it cannot be judged.
func (x *Exam) raceOnce() *Shot {
	s := x.Signed()
	if s.Delivery == nil {
		return nil
	}
	s.Says("%s, eight times at once", s.What)
	shots := make([]*Shot, 8)
	for i := range shots {
		copied := *s
		shots[i] = &copied
	}
	for i, r := range x.volley(shots) {
		o := OutcomeOf(r)
		x.lastResult = r
		if o == Interrupted {
			return nil
		}
		x.judged = true
		if o != Accepted && o != Throttled && r.Status != 409 {
			x.fail(x.check.Severity, shots[i], r, "one of eight was %s", o.verb())
			return s
		}
	}
	return s
}

func idemAfterError(x *Exam) {
	probe := x.run.o.Probe != nil
	unit, before, ok := x.start(true)
	if !ok {
		return
	}
	s := x.Signed()
	if s.Delivery == nil {
		return
	}
	x.hangUp(s)
	x.pause(x.run.o.gap())
	s.Says("%s, once more after its sender hung up", s.What)
	r, o := x.Send(s)
	if x.settled(s, r, o) {
		return
	}
	if o != Accepted && r.Status != 409 {
		x.fail(x.check.Severity, s, r, "the repeat was %s", o.verb())
		return
	}
	if !probe {
		x.unsure(unseen)
		return
	}
	after, ok := x.settledValue(before)
	if !ok {
		return
	}
	switch grown, _ := after.since(before); grown {
	case unit:
	case 0:
		x.fail(x.check.Severity, s, r, "the event was lost: it was begun, never ended, and its repeat was taken for a duplicate")
	default:
		x.fail(x.check.Severity, s, r, "double effect: it counted %g times, as the probe tells", grown/unit)
	}
}

// hangUp sends a request and closes the connection before the answer comes.
func (x *Exam) hangUp(s *Shot) {
	if _, stopped := x.stopped(); stopped {
		return
	}
	release := x.run.slot(x.Context)
	defer release()
	l, err := x.dial(x.run.timeout())
	if err != nil {
		return
	}
	_, _ = l.conn.Write(plainRequest(s.Delivery))
	x.result.Requests++
	_ = l.conn.Close()
}

func idemWindow(x *Exam) {
	probe := x.run.o.Probe != nil
	unit, before, ok := x.start(true)
	if !ok {
		return
	}
	spec, seed := x.updating(), x.seed()
	var last *Shot
	var result verify.Result
	now := x.run.now()
	for i := range 2 {
		s := x.changed(spec, now.Add(time.Duration(i)*time.Second), seed, i)
		if s == nil {
			return
		}
		if last != nil && bytes.Equal(last.Delivery.Body, s.Delivery.Body) && last.Delivery.URL == s.Delivery.URL {
			x.unsure("nothing in these events changes but the ids")
			return
		}
		r, o := x.Send(s.Says("change %d of one thing: %s", i+1, s.What))
		if x.settled(s, r, o) {
			return
		}
		if o != Accepted {
			x.fail(x.check.Severity, s, r, "a valid event was %s", o.verb())
			return
		}
		last, result = s, r
		if i == 0 {
			x.pause(x.run.o.gap())
		}
	}
	if !probe {
		x.unsure(unseen)
		return
	}
	after, ok := x.settledValue(before)
	if !ok {
		return
	}
	if grown, _ := after.since(before); grown < 2*unit {
		x.fail(x.check.Severity, last, result, "the second change was taken for a repeat of the first: the probe grew by %g instead of %g", grown, 2*unit)
	}
}

// updating is an event that changes a thing, the usual one when there is none.
func (x *Exam) updating() *Specimen {
	basis := x.run.basis()
	for _, spec := range x.every {
		if spec.Entity == basis.Entity && alters(spec.Action) && !spec.asks {
			return spec
		}
	}
	for _, spec := range x.every {
		if alters(spec.Action) && spec.tree != nil && !spec.asks {
			return spec
		}
	}
	return basis
}

// changed is a change of the thing that a seed names, the n-th of several.
func (x *Exam) changed(spec *Specimen, at time.Time, seed uint64, n int) *Shot {
	s := x.forgeAt(spec, at, seed)
	if n > 0 {
		x.number(s, at)
	}
	if s.spec.tree != nil {
		tree := x.treeOf(s)
		if text := x.freeText(tree, spec); text != nil && n > 0 {
			text.raw = quoted(text.text() + " " + plural(n, "change"))
			s.Body(tree.bytes())
		}
	}
	if !x.Sign(s) {
		return nil
	}
	return s
}
