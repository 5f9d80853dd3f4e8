package listener

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"whk/verify"
)

// takes reports whether a route wants an event.
func (r *Route) takes(e *Event) bool { return r.Match == nil || r.Match(e) }

// route returns the route that decides the answer to an event, nil where none does.
func (l *Listener) route(e *Event, matches bool) *Route {
	if !matches {
		return nil
	}
	i := slices.IndexFunc(l.Routes, func(r Route) bool { return !r.Shadow && r.takes(e) })
	if i < 0 {
		return nil
	}
	return &l.Routes[i]
}

// forward sends an event to its target, stores what came of it and shows it. The
// event is in the log already, so a result that cannot be kept is a warning.
func (l *Listener) forward(ctx context.Context, e *Event, route *Route) verify.Result {
	result := l.send(ctx, e, route)
	l.keepResult(ctx, e.N, result)
	return result
}

func (l *Listener) send(ctx context.Context, e *Event, route *Route) verify.Result {
	d := e.Delivery
	if suspect(e.Verdict) || l.Prepare != nil {
		changed := *d
		changed.Header = d.Header.Clone()
		if suspect(e.Verdict) {
			changed.Header.Set(VerdictHeader, string(e.Verdict.Status))
		}
		if l.Prepare != nil {
			l.Prepare(&changed)
		}
		d = &changed
	}
	if route.turn != nil {
		route.turn <- struct{}{} // whoever holds it is bounded by the sender's time-out
		defer func() { <-route.turn }()
	}
	result := l.Sender.Send(ctx, route.Target(e), d)
	result.Shadow = route.Shadow
	if ctx.Err() != nil && result.Outcome != verify.Answered {
		result.Outcome, result.Error = verify.Interrupted, "whk stopped before the target answered"
	}
	return result
}

func (l *Listener) keepResult(ctx context.Context, n int64, result verify.Result) {
	if err := l.Log.AddResult(context.WithoutCancel(ctx), n, result); err != nil {
		l.Warn("keep the answer to event " + strconv.FormatInt(n, 10) + ": " + err.Error())
	}
	l.feed.result(n, result)
}

// hopByHop are the headers of one connection, which are not passed on.
var hopByHop = []string{"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length"}

// passBack gives the target's answer to the sender, or says why there is none.
func passBack(w http.ResponseWriter, r verify.Result) {
	if r.Outcome != verify.Answered {
		status := http.StatusBadGateway
		switch r.Outcome {
		case verify.TimedOut:
			status = http.StatusGatewayTimeout
		case verify.Interrupted:
			status = http.StatusServiceUnavailable
		}
		http.Error(w, "the forward target gave no answer: "+string(r.Outcome), status)
		return
	}
	header := w.Header()
	for name, values := range r.Header {
		if !slices.Contains(hopByHop, name) && !namedBy(r.Header["Connection"], name) {
			header[name] = values
		}
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body)
}

func namedBy(connection []string, name string) bool {
	for _, value := range connection {
		for token := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(token), name) {
				return true
			}
		}
	}
	return false
}
