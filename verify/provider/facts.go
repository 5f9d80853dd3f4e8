package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"whk/verify"
)

// Facts is what a delivery says, in the vocabulary of whk. What it does not say is
// left empty.
type Facts struct {
	Entity, Action string
	// IDs are the ids of the things the event is about, as the sender wrote them.
	IDs []string
	// Account is the customer's account at the provider, Actor who caused the event.
	Account, Actor string
	// Time is when it happened, in the sender's own zone.
	Time time.Time
	// Old and New are the values before and after a change, as JSON.
	Old, New json.RawMessage
	// Refs are the references into the provider's API that the delivery carries, each
	// once; Provider.API followed by one of them is an address to call.
	Refs []string
}

// Facts reads a delivery. With an error it returns what could be read all the same.
func (p *Provider) Facts(d *verify.Delivery) (Facts, error) {
	var doc document
	doc.read(d, true)
	e := &p.event
	var f Facts
	var note string
	f.Entity, f.Action, note = e.of(&doc)
	f.IDs = e.ids.all(&doc)
	f.Account, _ = e.account.text(&doc)
	f.Actor, _ = e.actor.text(&doc)
	f.Old, f.New = e.old.raw(&doc), e.new.raw(&doc)
	f.Refs = e.gatherRefs(&doc)
	var err error
	if note != "" {
		err = errors.New(note)
	} else if doc.why != "" && len(d.Body) > 0 && !d.IsForm() {
		err = errors.New(doc.why)
	}
	if text, ok := e.time.text(&doc); ok {
		at, timeErr := parseTime(e.timeFormat, text)
		f.Time, err = at, errors.Join(err, timeErr)
	}
	return f, err
}

// Moment returns when a delivery says that something happened, and the ids of what it
// happened to. It reports false, without reading the body, for a provider whose
// deliveries do not say.
func (p *Provider) Moment(d *verify.Delivery) (ids []string, at time.Time, ok bool) {
	e := &p.event
	if len(e.time.alternatives) == 0 {
		return nil, time.Time{}, false
	}
	var doc document
	doc.read(d, true)
	text, ok := e.time.text(&doc)
	if !ok {
		return nil, time.Time{}, false
	}
	at, err := parseTime(e.timeFormat, text)
	return e.ids.all(&doc), at, err == nil
}

// The formats of a definition's event.time, the default first.
var timeFormats = [...]string{"rfc3339", "unix", "unix_ms"}

func parseTime(format, text string) (time.Time, error) {
	if format == "rfc3339" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return time.Time{}, fmt.Errorf("the event's time %q is not as RFC 3339 writes it", clip(text))
		}
		return at, nil
	}
	whole, fraction, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err == nil && fraction != "" && format == "unix" {
		_, err = strconv.ParseUint(fraction, 10, 64) // seconds are enough
	} else if fraction != "" {
		err = strconv.ErrSyntax
	}
	switch {
	case err != nil:
		return time.Time{}, fmt.Errorf("the event's time %q is not a number", clip(text))
	case format == "unix_ms":
		return time.UnixMilli(n).UTC(), nil
	}
	return time.Unix(n, 0).UTC(), nil
}

// clip shortens a hostile text for an error; %q makes it visible.
func clip(text string) string {
	if len(text) > 64 {
		return text[:64] + "..."
	}
	return text
}

func (e *eventFields) gatherRefs(doc *document) []string {
	var refs []string
	seen := map[string]bool{}
	for i := range e.refs.alternatives {
		for _, ref := range e.refs.alternatives[i].all(doc) {
			if !seen[ref] {
				seen[ref] = true
				refs = append(refs, ref)
			}
		}
	}
	return refs
}
