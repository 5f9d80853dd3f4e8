package contract

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"whk/replay"
	"whk/verify"
	"whk/verify/provider"
)

// SuiteSources are where a suite's cases take what they send. Names are as they stand in
// the suite.
type SuiteSources struct {
	File  func(name string) ([]byte, error)
	Event func(ref string) (*verify.Delivery, error)
}

// Checks makes checks of the cases, for Options.Extra. Everything that a case sends is
// made once before, so that its mistakes show while nothing is sent; they are
// *SuiteErrors.
func (s *Suite) Checks(p *provider.Provider, target string, secrets []verify.Secret, from SuiteSources, now time.Time) ([]Check, error) {
	var all []Check
	for _, c := range s.Cases {
		e := &exercise{suite: s, Case: c}
		refuses := true
		var expects []string
		for i := range c.Steps {
			step := &c.Steps[i]
			m, err := s.maker(p, target, secrets, from, step, now)
			if err != nil {
				return nil, err
			}
			e.makers = append(e.makers, m)
			refuses = refuses && e.expected(i).refusing(step.forged())
			if words := e.expected(i).words(step.forged()); !slices.Contains(expects, words) {
				expects = append(expects, words)
			}
		}
		if c.Expect != nil && c.Expect.Probe != nil {
			e.probe = c.Expect.Probe.Probe
			if expects = append(expects, c.Expect.Probe.words()); e.probe == nil {
				e.probe = s.Probe
			}
			refuses = false
		}
		all = append(all, Check{
			ID: c.ID, Scope: everywhere(), Severity: Error, Risk: Low, Mode: Quick, Title: c.Name, Expect: strings.Join(expects, "; "),
			Why: fmt.Sprintf("%s:%d demands it", s.File, c.Line), Topic: Topic(c.ID), Refuses: refuses, Run: e.run, phase: alone,
		})
	}
	return all, nil
}

func (s *Step) forged() bool { return s.Sign != replay.SignNormal }

func (p *ProbeExpect) words() string {
	if p.Delta != nil {
		return fmt.Sprintf("the probe grows by %g", *p.Delta)
	}
	return fmt.Sprintf("the probe reads %q", *p.Equals)
}

// maker makes the delivery of a step anew for each run.
type maker func(x *Exam) (*Shot, error)

func (s *Suite) maker(p *provider.Provider, target string, secrets []verify.Secret, from SuiteSources, step *Step, now time.Time) (maker, error) {
	mistake := func(err error) error {
		return &SuiteError{File: s.File, Position: step.Position, Msg: "send " + shown(step.Send), Err: err}
	}
	var m maker
	var err error
	kind, name, _ := strings.Cut(step.Send, ":")
	switch kind {
	case "event":
		m, err = s.recorded(p, target, secrets, from, step, name, now)
	case "file":
		var body []byte
		if body, err = from.File(name); err == nil {
			m, err = forging(p, target, secrets, step, sampleFor(p, body, now), body, now)
		}
	default:
		var sample *provider.Sample
		if sample, err = sampleNamed(p, step); err == nil {
			m, err = forging(p, target, secrets, step, sample, nil, now)
		}
	}
	if err != nil {
		return nil, mistake(err)
	}
	return m, nil
}

// sampleNamed finds a shipped sample by PROVIDER/EVENT or EVENT.
func sampleNamed(p *provider.Provider, step *Step) (*provider.Sample, error) {
	event := strings.TrimPrefix(step.Send, p.Name+"/")
	variant := step.Variant
	if variant == "" {
		variant = provider.DefaultVariant
	}
	return p.Sample(event, variant)
}

// sampleFor finds the sample whose headers fit a body; the first one when the body does
// not say which event it is. It is nil when the provider has none.
func sampleFor(p *provider.Provider, body []byte, now time.Time) *provider.Sample {
	var first *provider.Sample
	for _, info := range p.Events() {
		if info.Known {
			continue
		}
		sample, err := p.Sample(info.Name, provider.DefaultVariant)
		if err != nil {
			continue
		}
		if first == nil {
			first = sample
		}
		r, err := sample.Render(now, idRand(1))
		if err != nil {
			continue
		}
		entity, action, _ := p.EventOf(&verify.Delivery{Method: r.Method, URL: "/?" + r.Query, Header: r.Header, Body: body})
		if entity == sample.Entity && action == sample.Action {
			return sample
		}
	}
	return first
}

// forging makes deliveries of a sample, or of a body in its place.
func forging(p *provider.Provider, target string, secrets []verify.Secret, step *Step, sample *provider.Sample, body []byte, now time.Time) (maker, error) {
	if sample == nil {
		return nil, fmt.Errorf("%s: %w", p.Name, ErrNoEvent)
	}
	f, err := replay.NewForge(replay.ForgeOptions{Provider: p, Sample: sample, Target: target, Body: body, Edits: step.Edits, Sign: step.Sign, Secrets: secrets}, now, idRand(1))
	if err != nil {
		return nil, err
	}
	spec := &Specimen{Event: provider.Name(sample.Entity, sample.Action), Variant: step.Variant, Entity: sample.Entity, Action: sample.Action, sample: sample}
	return func(x *Exam) (*Shot, error) {
		at := x.run.now()
		d, err := f.Make(at, idRand(x.seed()))
		if err != nil {
			return nil, err
		}
		return x.shot(d, spec, step, at)
	}, nil
}

// recorded makes deliveries of an event that was received: exactly its body, signed anew.
func (s *Suite) recorded(p *provider.Provider, target string, secrets []verify.Secret, from SuiteSources, step *Step, ref string, now time.Time) (maker, error) {
	d, err := from.Event(ref)
	if err != nil {
		return nil, err
	}
	r, err := replay.NewResigner(replay.ResignOptions{Provider: p, Secrets: secrets, Edits: step.Edits})
	if err == nil {
		r, err = r.As(step.Sign)
	}
	if err != nil {
		return nil, err
	}
	full := withQuery(target, d.RawQuery())
	if _, err := r.Make(d, full, true, now, idRand(1)); err != nil {
		return nil, err
	}
	return func(x *Exam) (*Shot, error) {
		at := x.run.now()
		made, err := r.Make(d, full, false, at, idRand(x.seed()))
		if err != nil {
			return nil, err
		}
		return x.shot(made.Delivery, nil, step, at)
	}, nil
}

// shot is a delivery of a case. One that is signed as usual is signed by the address that
// the provider knows.
func (x *Exam) shot(d *verify.Delivery, spec *Specimen, step *Step, at time.Time) (*Shot, error) {
	s := &Shot{What: step.Send, Delivery: d, spec: spec, sign: step.Sign, edited: true, at: at}
	if x.run.basic != "" {
		d.Header["Authorization"] = []string{x.run.basic}
	}
	if step.forged() {
		s.What += ", signed " + string(step.Sign)
	} else if x.base != "" {
		return s, x.sign(x.keyring, d, at)
	}
	return s, nil
}

// exercise is a case that can be run.
type exercise struct {
	suite *Suite
	*Case
	makers []maker
	probe  *Probe
}

// expected is what a step has to come to.
func (e *exercise) expected(step int) *Expect {
	if own := e.Steps[step].Expect; own != nil {
		return own
	}
	return e.Expect
}

func (e *exercise) run(x *Exam) {
	shots := make([]*Shot, len(e.makers))
	for i, m := range e.makers {
		var err error
		if shots[i], err = m(x); err != nil {
			x.Fail(Error, "it cannot be made: %s", err)
			return
		}
	}
	var before Value
	if e.probe != nil {
		var ok bool
		if before, ok = x.reading(e.probe); !ok {
			return
		}
	}
	sequence := e.sequence(x.run.o.Seed)
	if e.Concurrent {
		e.atOnce(x, shots, sequence)
	} else {
		for _, step := range sequence {
			r, o := x.Send(shots[step])
			if !e.judge(x, step, shots[step], r, o) {
				return
			}
		}
	}
	if e.probe != nil && x.Context.Err() == nil {
		e.judgeProbe(x, before)
	}
}

// sequence are the steps in the order of their deliveries.
func (e *exercise) sequence(seed uint64) []int {
	steps := make([]int, len(e.Steps))
	for i := range steps {
		steps[i] = i
	}
	var all []int
	if e.Interleave {
		for range e.Times {
			all = append(all, steps...)
		}
	} else {
		for _, step := range steps {
			all = append(all, slices.Repeat([]int{step}, e.Times)...)
		}
	}
	switch e.Order {
	case inReverse:
		slices.Reverse(all)
	case inAnyOrder:
		rnd := rand.New(rand.NewPCG(seed, uint64(e.Line)))
		rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	return all
}

func (e *exercise) atOnce(x *Exam, shots []*Shot, sequence []int) {
	var copies []*Shot
	for _, step := range sequence {
		c := *shots[step]
		copies = append(copies, &c)
	}
	for i, r := range x.volley(copies) {
		if !e.judge(x, sequence[i], shots[sequence[i]], r, OutcomeOf(r)) {
			return
		}
	}
}

// judge holds an answer against what is expected; it is false when nothing more can be
// learned.
func (e *exercise) judge(x *Exam, step int, s *Shot, r verify.Result, o Outcome) bool {
	if o == Interrupted || o == Refused {
		x.settled(s, r, o)
		return false
	}
	x.judged = true
	want, forged := e.expected(step), e.Steps[step].forged()
	switch {
	case !want.fits(r.Status, o, forged):
		x.fail(Error, s, r, "expected %s", want.words(forged))
	case want != nil && want.Within > 0 && r.Took > want.Within:
		x.fail(Error, s, r, "the answer took longer than %s", want.Within)
	}
	return true
}

// reading reads a probe; the check knows why when that fails.
func (x *Exam) reading(p *Probe) (Value, bool) {
	v, err := p.Read(x.Context, x.run.o.Sender)
	if err != nil {
		x.Fail(Error, "%s", err)
	}
	return v, err == nil
}

// judgeProbe waits until the probe reads what it should, and still does so after as long
// as an effect may take to show: a second effect comes late.
func (e *exercise) judgeProbe(x *Exam, before Value) {
	settle, want := x.run.o.Settle, e.Expect.Probe
	var now Value
	held := 0
	const looks = 10
	for look := range 2*looks + 1 {
		if look > 0 {
			x.pause(settle / looks)
		}
		var ok bool
		if now, ok = x.reading(e.probe); !ok || x.Context.Err() != nil {
			return
		}
		if want.fits(before, now) {
			held++
		} else {
			held = 0
		}
		if held > looks || held == 0 && look >= looks {
			break
		}
	}
	x.judged = true
	if held > 0 {
		return
	}
	if want.Delta != nil {
		x.Fail(Error, "the probe read %s before and %s after, expected that it grows by %g", shown(before.Text), shown(now.Text), *want.Delta)
		return
	}
	x.Fail(Error, "the probe reads %s, expected %s", shown(now.Text), shown(*want.Equals))
}

func (p *ProbeExpect) fits(before, now Value) bool {
	if p.Delta != nil {
		grown, ok := now.since(before)
		return ok && grown == *p.Delta
	}
	want := newValue(*p.Equals)
	return now.Text == want.Text || now.IsNumber && want.IsNumber && now.Number == want.Number
}
