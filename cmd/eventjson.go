package cmd

import (
	"strings"

	"whk/listener"
	"whk/replay"
	"whk/verify"
	"whk/verify/provider"
)

// What events, deliveries and attempts look like in JSON is settled by package replay,
// which reads them as well: what a command prints can be imported.
type (
	deliveryJSON = replay.DeliveryJSON
	eventJSON    = replay.EventJSON
	attemptJSON  = replay.AttemptJSON
	milliseconds = replay.Milliseconds
)

// newDelivery masks what the redactor knows; a nil one shows everything.
func newDelivery(d *verify.Delivery, r *replay.Redactor) deliveryJSON {
	return replay.NewDeliveryJSON(d, r)
}

// newEvent is an event as output, type "event", without its attempts.
func newEvent(e *listener.Event, p *provider.Provider, r *replay.Redactor) eventJSON {
	j := replay.NewEventJSON(exchangeOf(e, nil), p, r)
	if e.SameAs != 0 {
		gap := milliseconds(max(e.Gap, 0))
		j.SameAs, j.SameGapMS = e.SameAs, &gap
	}
	j.OvertakenBy = e.OvertakenBy
	return j
}

// newAttempt is a Result as output, type "attempt".
func newAttempt(n int64, result verify.Result, r *replay.Redactor) attemptJSON {
	return replay.NewAttemptJSON(n, result, r)
}

// providerOf finds the definition of a stored event's provider; nil when it is gone.
func (a *app) providerOf(name string) *provider.Provider {
	if strings.EqualFold(name, listener.UnknownName) {
		return nil
	}
	p, err := a.set.Lookup(name)
	if err != nil {
		return nil
	}
	return p
}
