package contract

import (
	"fmt"
	"math/rand/v2"
	"time"

	"whk/verify"
)

func orderChecks() []Check {
	return []Check{
		{ID: "order.reversed", Scope: everywhere(), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutOrder, Probes: true,
			Title: "an update before its creation, a deletion before its update, an older change last", Expect: "2xx, the newest stays",
			Why: "no provider here promises an order, and repeats come late", Run: orderReversed},
		{ID: "order.shuffle", Scope: everywhere(), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutOrder, Probes: true,
			Title: "twenty-five changes of one thing in order, and in none", Expect: "2xx, the same end",
			Why: "the state then depends on which request was faster", Run: orderShuffle},
		{ID: "loop.own-user", Scope: Scope{"events that say who caused them", func(s *Subject) bool { return s.actor() != nil }}, Severity: Info, Risk: High, Mode: Full, Topic: AboutRepeats, Probes: true,
			Title: "an event that the endpoint's own user caused", Expect: "2xx, no call back",
			Why: "what an integration writes comes back as an event; answering that with another write never ends", Run: loopOwnUser},
	}
}

func orderReversed(x *Exam) {
	seed, now := x.seed(), x.run.now()
	basis := x.run.basis()
	var middle Value
	probe := x.run.o.Probe != nil
	// The life of one thing, backwards.
	for i, does := range []func(string) bool{alters, makes, removes, alters} {
		for _, spec := range x.every {
			if spec.Entity != basis.Entity || !does(spec.Action) || spec.asks {
				continue
			}
			if s := x.changed(spec, now.Add(time.Duration(i-10)*time.Hour), seed, i); s != nil {
				x.Accept(s.Says("%s out of its order", s.What))
			}
			break
		}
	}
	_, before, ok := x.start(false)
	if !ok {
		return
	}
	spec, seed := x.updating(), x.seed()
	newer := x.changed(spec, now, seed, 2)
	if newer == nil || x.Accept(newer) != Accepted {
		return
	}
	if probe {
		if middle, ok = x.settledValue(before); !ok {
			return
		}
	}
	older := x.changed(spec, now.Add(-time.Hour), seed, 1)
	if older == nil {
		return
	}
	older.Says("an older change of the same thing, after the newer one: %s", older.What)
	r, o := x.Send(older)
	if x.settled(older, r, o) {
		return
	}
	if o != Accepted && r.Status != 409 {
		x.fail(x.check.Severity, older, r, "a valid event was %s", o.verb())
		return
	}
	x.judgeOlder(older, r, before, middle)
}

// judgeOlder looks whether an older change took the place of a newer one.
func (x *Exam) judgeOlder(older *Shot, r verify.Result, before, middle Value) {
	if x.run.o.Probe == nil {
		x.unsure(unseen)
		return
	}
	if middle == before {
		x.unsure("effect not observed: the probe reads the same before and after an event")
		return
	}
	after, ok := x.settledValue(middle)
	if !ok || after == middle {
		return
	}
	if _, counts := after.since(before); counts {
		x.unsure("the probe is a count; one that reads the state of a thing would tell whether the newest stays")
		return
	}
	x.fail(x.check.Severity, older, r, "the older change won: the probe read %q after the newer one and %q after the older", middle.Text, after.Text)
}

// shuffled is how many changes come in order and then in none.
const shuffled = 25

func orderShuffle(x *Exam) {
	probe := x.run.o.Probe != nil
	spec := x.updating()
	rnd := rand.New(rand.NewPCG(x.run.o.Seed, 3))
	var ends [2]Value
	var grown [2]float64
	numbers := probe
	for turn := range 2 {
		order := make([]int, shuffled)
		for i := range order {
			order[i] = i
		}
		if turn == 1 {
			rnd.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			if order[len(order)-1] == len(order)-1 { // the newest must not be last by chance
				order[0], order[len(order)-1] = order[len(order)-1], order[0]
			}
		}
		_, before, ok := x.start(false)
		if !ok {
			return
		}
		seed, start := x.seed(), x.run.now().Add(time.Duration(turn-1)*time.Hour)
		for _, i := range order {
			s := x.changed(spec, start.Add(time.Duration(i)*time.Second), seed, i+1)
			if s == nil || x.Accept(s.Says("change %d of %d: %s", i+1, shuffled, s.What)) != Accepted {
				return
			}
		}
		if probe {
			if ends[turn], ok = x.settledValue(before); !ok {
				return
			}
			delta, counts := ends[turn].since(before)
			grown[turn], numbers = delta, numbers && counts
		}
	}
	switch {
	case !probe:
		x.unsure(unseen)
	case numbers && grown[0] != grown[1]:
		x.Fail(x.check.Severity, "%d changes in order moved the probe by %g, shuffled by %g", shuffled, grown[0], grown[1])
	case !numbers && ends[0].Text != ends[1].Text:
		x.Fail(x.check.Severity, "%d changes in order ended with %q, shuffled with %q", shuffled, ends[0].Text, ends[1].Text)
	}
}

// actor is where a body says who caused the event.
func (s *Subject) actor() *leaf {
	who := s.basis.facts.Actor
	if who == "" || s.basis.tree == nil {
		return nil
	}
	for _, l := range s.basis.tree.walk() {
		if (l.node.raw == who || l.node.text() == who) && l.node.kind != '[' && l.node.kind != '{' {
			return &l
		}
	}
	return nil
}

func loopOwnUser(x *Exam) {
	own := x.run.o.OwnUser
	if own == "" {
		x.unsure("name the endpoint's own user at the provider with --own-user ID")
		return
	}
	at := x.actor()
	s := x.Event()
	tree := x.treeOf(s)
	for _, l := range tree.walk() {
		if l.path == at.path {
			if l.node.kind == '0' && newValue(own).IsNumber {
				l.node.raw = own
			} else {
				l.node.kind, l.node.raw = '"', quoted(own)
			}
		}
	}
	s.Body(tree.bytes())
	_, before, ok := x.start(false)
	if !ok {
		return
	}
	if !x.Sign(s) || x.Accept(s.Says("%s, caused by the endpoint's own user %s", s.What, own)) != Accepted {
		return
	}
	if x.run.o.Probe == nil {
		x.unsure("whether it calls back cannot be seen without a probe that counts its calls")
		return
	}
	if after, ok := x.settledValue(before); ok && after != before {
		x.Fail(x.check.Severity, "%s", fmt.Sprintf("the probe went from %s to %s: the endpoint acts upon its own changes", before.Text, after.Text))
	}
}
