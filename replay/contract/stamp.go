package contract

import (
	"strconv"
	"time"

	"whk/verify"
)

func replayChecks() []Check {
	return []Check{
		{ID: "replay.old", Scope: stamped(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutClock, Refuses: true,
			Title: "correctly signed events of ten minutes and of a day ago", Expect: "401",
			Why: "who once saw a request can send it again for ever", Run: func(x *Exam) {
				for _, age := range []time.Duration{max(10*time.Minute, 2*x.tolerance()), 24 * time.Hour} {
					x.dated(-age, x.check.Severity, "%s signed %s ago", age)
				}
			}},
		{ID: "replay.future", Scope: stamped(), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutClock, Refuses: true,
			Title: "a correctly signed event of ten minutes ahead", Expect: "401",
			Why: "a stamp far ahead stays young for as long as one likes", Run: func(x *Exam) {
				ahead := max(10*time.Minute, 2*x.tolerance())
				x.dated(ahead, x.check.Severity, "%s signed %s ahead of the clock", ahead)
			}},
		{ID: "replay.same-id", Scope: identified(), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutRepeats, Probes: true,
			Title: "the id of a delivery a second time, signed anew", Expect: "2xx or 409, one effect",
			Why: "the id is what a repeat is told by; it is signed for that", Run: replaySameID},
		{ID: "replay.ts-swapped", Scope: timed(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutClock, Refuses: true,
			Title: "an old signature with a new time stamp", Expect: "401",
			Why: "the time is compared and not signed, so that it can be written anew", Run: func(x *Exam) {
				s := x.Event().odd()
				then := s.at.Add(-2 * time.Second)
				if !x.signWith(s, x.keyring, then) {
					return
				}
				x.setStamp(s.Delivery, x.stamp(then), x.stamp(s.at))
				x.Reject(s.Says("%s with its time stamp written anew", s.What))
			}},
		{ID: "replay.ts-format", Scope: timed(), Severity: Error, Risk: Low, Mode: Full, Topic: AboutClock, Refuses: true,
			Title: "time stamps of another form, of no form, and none", Expect: "401, no failure",
			Why: "reading a number where there is none fails, which anybody can provoke", Run: replayFormat},
		{ID: "replay.unprotected", Scope: untimed(), Severity: Info, Risk: Low, Mode: Quick, Topic: AboutRepeats,
			Title: "nothing: the scheme judges no time", Expect: "deduplication by content",
			Why: "a request that was once seen can be sent again and stays valid", Run: func(x *Exam) {
				text := "nothing in a delivery shows when it was sent: remember ids or a hash of each body"
				if x.Provider.Advice != "" {
					text = x.Provider.Advice
				}
				x.Note("%s", text)
			}},
	}
}

// dated sends an event that was correctly signed at another time.
func (x *Exam) dated(shift time.Duration, severity Severity, what string, said time.Duration) {
	s := x.Event().odd()
	if x.signWith(s, x.keyring, s.at.Add(shift)) {
		x.rejectAs(s.Says(what, s.What, said), severity)
	}
}

func replayFormat(x *Exam) {
	forms := []struct {
		what string
		text func(at time.Time) string
	}{
		{"that is no number", func(time.Time) string { return "yesterday" }},
		{"in nanoseconds", func(at time.Time) string { return strconv.FormatInt(at.UnixNano(), 10) }},
		{"that is negative", func(time.Time) string { return "-1" }},
		{"that is left out", func(time.Time) string { return "" }},
	}
	for _, form := range forms {
		s := x.Signed().odd()
		if s.Delivery == nil {
			return
		}
		x.setStamp(s.Delivery, x.stamp(s.at), form.text(s.at))
		if x.recipe.Kind == verify.KindMessage && form.text(s.at) == "yesterday" {
			continue // a parameter of that form is no header at all
		}
		x.Reject(s.Says("%s with a time stamp %s", s.What, form.what))
	}
}

func replaySameID(x *Exam) {
	probe := x.run.o.Probe != nil
	var after Value
	_, before, ok := x.start(false)
	if !ok {
		return
	}
	s := x.Event().odd()
	id := "msg_whk_" + strconv.FormatUint(x.seed(), 36)
	if err := x.signAs(x.keyring, s.Delivery, s.at, id); err != nil {
		x.unsure(err.Error())
		return
	}
	if x.Accept(s) != Accepted {
		return
	}
	if probe {
		if after, ok = x.settledValue(before); !ok {
			return
		}
	}
	again := *s
	again.Delivery = s.Delivery.Clone()
	again.at = s.at.Add(time.Second)
	if err := x.signAs(x.keyring, again.Delivery, again.at, id); err != nil {
		x.unsure(err.Error())
		return
	}
	again.Says("%s with the id of the one before, signed anew", s.What)
	r, o := x.Send(&again)
	switch {
	case x.settled(&again, r, o):
	case o != Accepted && r.Status != 409:
		x.fail(x.check.Severity, &again, r, "the repeat was %s; the provider would go on repeating it", o.verb())
	case !probe:
		x.unsure(unseen)
	case after == before:
		x.unsure("effect not observed: the probe reads the same before and after an event")
	default:
		x.judgeRepeat(&again, r, after, idempotent)
	}
}
