package cmd

import (
	"whk/listener"
	"whk/replay"
	"whk/verify"
)

// exchangeOf is an event with its attempts as exports know it.
func exchangeOf(e *listener.Event, results []verify.Result) *replay.Exchange {
	x := &replay.Exchange{
		N: e.N, ID: e.ID, At: e.At, Remote: e.Remote, Provider: e.Provider, Entity: e.Entity, Action: e.Action,
		Delivery: e.Delivery, Verdict: e.Verdict, Status: e.Status, Cut: e.Cut, Notes: e.Notes, Results: results,
	}
	if e.Verdict.Reason == altered {
		x.Altered = string(altered)
	}
	return x
}

// eventOf undoes exchangeOf, but for the attempts and the number: a store gives its own.
func eventOf(x *replay.Exchange) *listener.Event {
	return &listener.Event{
		ID: x.ID, At: x.At, Remote: x.Remote, Provider: x.Provider, Entity: x.Entity, Action: x.Action,
		Delivery: x.Delivery, Verdict: x.Verdict, Status: x.Status, Cut: x.Cut, Notes: x.Notes,
	}
}
