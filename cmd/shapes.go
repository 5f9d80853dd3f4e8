package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"whk/listener"
	"whk/listener/store"
	"whk/verify/provider"
)

// shapes are what is known of the bodies of events, by name.
type shapes struct {
	definition func(string) *provider.Provider
	by         map[string]*knownShape
	crowded    bool // whether there were more names than are kept
}

// mostShapes bounds how many names are known: a sender can make up any number.
const mostShapes = 1000

// knownShape is what is known of one event.
type knownShape struct {
	provider, event string
	shape           provider.Shape
	samples         int
}

func newShapes(definition func(string) *provider.Provider) *shapes {
	return &shapes{definition: definition, by: map[string]*knownShape{}}
}

// of is what is known of an event's name, at first by the samples alone; nil when there
// are too many names.
func (s *shapes) of(e *listener.Event) *knownShape {
	name := e.FullName()
	if known := s.by[name]; known != nil {
		return known
	}
	if len(s.by) == mostShapes {
		s.crowded = true
		return nil
	}
	known := &knownShape{provider: e.Provider, event: e.Name()}
	if p := s.definition(e.Provider); p != nil {
		known.samples = p.LearnSamples(known.event, &known.shape)
	}
	s.by[name] = known
	return known
}

// learn takes an event for what is usual.
func (s *shapes) learn(e *listener.Event) {
	if e.Cut != "" {
		return
	}
	if known := s.of(e); known != nil {
		known.shape.Learn(e.Delivery.Body)
	}
}

func (k *knownShape) name() string { return k.provider + "/" + k.event }

// source says where the shape is known from.
func (k *knownShape) source() string {
	var parts []string
	if k.samples > 0 {
		parts = append(parts, plural(k.samples, "sample"))
	}
	if n := k.shape.Bodies() - k.samples; n > 0 {
		parts = append(parts, events(int64(n)))
	}
	return "known from " + strings.Join(parts, " and ")
}

// drift is how events depart from what is known of them.
type drift struct {
	known  *shapes
	events map[string]*eventDrift
	passed int64 // events whose bodies cannot be judged
	// learns says that the first of an event of which nothing is known is what the others
	// are held against. Without it they are not judged.
	learns bool
}

// eventDrift is the drift of one event.
type eventDrift struct {
	known      *knownShape
	judged     int
	departures map[departureOf]*departureCount
}

type departureOf struct {
	kind provider.DepartureKind
	path string
}

func newDrift(known *shapes) *drift {
	return &drift{known: known, events: map[string]*eventDrift{}}
}

// judge holds an event against what is known, and says how it departs.
func (d *drift) judge(e *listener.Event) []provider.Departure {
	known := d.known.of(e)
	switch {
	case known == nil:
		return nil
	case e.Cut != "" || !json.Valid(e.Delivery.Body):
		d.passed++
		return nil
	case known.shape.Bodies() == 0:
		if d.learns {
			known.shape.Learn(e.Delivery.Body)
		}
		return nil
	}
	x := d.events[known.name()]
	if x == nil {
		x = &eventDrift{known: known, departures: map[departureOf]*departureCount{}}
		d.events[known.name()] = x
	}
	x.judged++
	departures := known.shape.Departures(e.Delivery.Body)
	for _, departure := range departures {
		x.note(departure, e.N)
	}
	return departures
}

func (x *eventDrift) note(d provider.Departure, n int64) {
	key := departureOf{d.Kind, d.Path}
	count := x.departures[key]
	if count == nil {
		if len(x.departures) >= provider.MaxPaths {
			return
		}
		count = &departureCount{Departure: d, first: n}
		x.departures[key] = count
	}
	count.Seen |= d.Seen
	count.last = n
	count.events++
}

// all is the drift of every event that was judged, in the order of the names.
func (d *drift) all() []*eventDrift {
	var all []*eventDrift
	for _, x := range d.events {
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b *eventDrift) int { return strings.Compare(a.known.name(), b.known.name()) })
	return all
}

// count is how many departures there are.
func (d *drift) count() int {
	n := 0
	for _, x := range d.events {
		n += len(x.departures)
	}
	return n
}

// judged is how many events were judged, and how many names they have.
func (d *drift) judged() (events, names int) {
	for _, x := range d.events {
		events += x.judged
	}
	return events, len(d.events)
}

// historyKnown is how many of the newest events whk listen --fail-on-drift learns from
// before it judges; it takes a few seconds at most.
const historyKnown = 100_000

// recallShapes learns from the newest events up to number last.
func (a *app) recallShapes(ctx context.Context, log *store.Store, last int64) (*shapes, error) {
	known := newShapes(a.providerOf)
	for at := max(0, last-historyKnown); at < last; {
		events, err := log.Since(ctx, at, 256)
		d, isDamage := damaged(err)
		if err != nil && !isDamage {
			return nil, fmt.Errorf("learn the shape of events: %w", err)
		}
		if len(events) == 0 && !isDamage {
			break
		}
		for _, e := range events {
			if at = max(at, e.N); e.N <= last {
				known.learn(e)
			}
		}
		if isDamage {
			at = max(at, d.Numbers[len(d.Numbers)-1])
		}
	}
	return known, nil
}
