package cmd

import (
	"context"
	"errors"

	"whk/listener"
	"whk/listener/store"
	"whk/verify/provider"
)

// driftWatch judges the events of a listener by what was known when it started. That is
// read behind the start; events that come earlier are shown once it is there.
type driftWatch struct {
	app      *app
	learned  chan struct{} // closed when drift and err are final
	cancel   context.CancelFunc
	drift    *drift
	err      error
	departed int // events that departed
}

// driftSink is a sink that tells how an event departs. Others keep it to themselves.
type driftSink interface {
	departed(e *listener.Event, departures []provider.Departure) error
}

func (a *app) watchDrift(ctx context.Context, log *store.Store, last int64) *driftWatch {
	ctx, cancel := context.WithCancel(ctx)
	w := &driftWatch{app: a, learned: make(chan struct{}), cancel: cancel}
	go func() {
		defer close(w.learned)
		var known *shapes
		if known, w.err = a.recallShapes(ctx, log, last); w.err == nil {
			w.drift = newDrift(known)
		}
	}()
	return w
}

// wait ends the reading of the history, if it is still going on.
func (w *driftWatch) wait() {
	w.cancel()
	<-w.learned
}

// show judges an event that was just shown.
func (w *driftWatch) show(e *listener.Event, s sink) error {
	<-w.learned
	if errors.Is(w.err, context.Canceled) {
		return nil // ctrl-c before the history was read
	}
	if w.err != nil {
		return w.err
	}
	departures := w.drift.judge(e)
	if len(departures) == 0 {
		return nil
	}
	w.departed++
	if s, ok := s.(driftSink); ok {
		return s.departed(e, departures)
	}
	return nil
}

// departuresShown is how many departures are shown below one event.
const departuresShown = 5

func (s *lineSink) departed(e *listener.Event, departures []provider.Departure) error {
	columns := 0
	if s.app.OutTTY {
		columns = s.app.Columns
	}
	var lines []string
	for i := range departures[:min(len(departures), departuresShown)] {
		lines = append(lines, detail(s.app.out, s.app.sentence(&departures[i]), columns))
	}
	if more := len(departures) - departuresShown; more > 0 {
		lines = append(lines, detail(s.app.out, "drift: "+plural(more, "more departure"), columns))
	}
	if s.held[e.N] != nil {
		if s.below == nil {
			s.below = map[int64][]string{}
		}
		s.below[e.N] = lines
		return nil
	}
	for _, line := range lines {
		if _, err := s.w.WriteString(line + "\n"); err != nil {
			return err
		}
	}
	return s.w.Flush()
}

func (s *jsonSink) departed(e *listener.Event, departures []provider.Departure) error {
	for _, d := range departures {
		line := driftJSON{Provider: e.Provider, Event: e.Name(), Kind: d.Kind, Path: d.Path, Known: d.Known.Names(), Seen: d.Seen.Names(),
			First: e.N, Last: e.N, Events: 1, Judged: 1}
		if err := s.out.emit("drift", line); err != nil {
			return err
		}
	}
	return nil
}

var (
	_ driftSink = (*lineSink)(nil)
	_ driftSink = (*jsonSink)(nil)
)
