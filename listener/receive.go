package listener

import (
	"context"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"whk/verify"
)

// receive takes one request on its way: bounded, read, recognised and judged, logged,
// answered, forwarded. Forwards ends when running forwards have to.
func (l *Listener) receive(forwards context.Context, w http.ResponseWriter, r *http.Request) {
	if l.isHealthCheck(r) {
		l.stats.health.Add(1)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if l.Admit != nil && !l.Admit(r.URL.EscapedPath()) {
		l.stats.refused.Add(1)
		http.NotFound(w, r)
		return
	}
	at := l.Now()
	reader := bodyReader{request: r, control: http.NewResponseController(w), limit: l.MaxBody,
		stall: l.StallTimeout, overall: l.BodyTimeout, budget: l.budget}
	defer reader.release()
	body, cut, err := reader.read()
	if err != nil {
		l.unavailable(w, "1", err.Error())
		return
	}
	e := &Event{
		ID: uuid.Must(uuid.NewV7()).String(), At: at, Remote: r.RemoteAddr, Provider: UnknownName,
		Delivery: &verify.Delivery{Method: r.Method, URL: r.RequestURI, Host: r.Host, Header: r.Header, Body: body},
	}
	if cut != nil {
		e.Cut = cut.reason
	}
	l.Recognise(e)
	matches := l.Match == nil || l.Match(e)
	route := l.route(e, matches && cut == nil)
	a := l.policy.decide(e, route)
	if cut != nil {
		a = answer{status: cut.status, text: cut.reason + "\n"}
	}
	if a.route == nil && a.status == http.StatusOK && l.Handshake != nil && l.policy.Respond == 0 {
		a = l.handshake(e, a)
	}
	e.Status = a.status
	keep := func() {}
	if cut == nil {
		ids, at, _ := l.moment(e)
		keep = l.marks.judge(e, ids, at)
	}
	// A sender that has left is no reason to lose what it sent.
	err = l.Log.Append(context.WithoutCancel(r.Context()), e)
	keep()
	if err != nil {
		l.Warn("keep an event: " + err.Error())
		l.unavailable(w, "5", "the event could not be stored")
		return
	}
	l.stats.stored.Add(1)
	l.feed.event(e)
	l.wakeQueues()
	if l.policy.Ack {
		a.route = nil
	}
	l.respond(r.Context(), forwards, w, e, a)
}

// handshake answers what is a question of the provider's and no event.
func (l *Listener) handshake(e *Event, a answer) answer {
	said, ok := l.Handshake(e)
	if !ok {
		return a
	}
	e.Notes = append(e.Notes, "a question of the provider's, answered: "+said.Handshake)
	return answer{status: said.Status, header: said.Header, text: string(said.Body)}
}

// respond answers, and forwards where the answer or the policy asks for it.
func (l *Listener) respond(ctx, forwards context.Context, w http.ResponseWriter, e *Event, a answer) {
	if a.route != nil && a.status == 0 {
		result := l.forward(forwards, e, a.route)
		l.wait(ctx, forwards)
		passBack(w, result)
		return
	}
	l.wait(ctx, forwards)
	if e.Cut != "" {
		w.Header().Set("Connection", "close")
	}
	if a.route != nil {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.text)))
	}
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	if a.text != "" {
		_, _ = io.WriteString(w, a.text)
	}
	if a.route != nil {
		_ = http.NewResponseController(w).Flush() // the sender does not wait for the target
		l.forward(forwards, e, a.route)
	}
}

// wait delays an answer as the policy says, unless the sender leaves or whk stops.
func (l *Listener) wait(ctx, forwards context.Context) {
	if l.policy.Delay == 0 {
		return
	}
	timer := time.NewTimer(l.policy.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-forwards.Done():
	}
}

// unavailable answers 503: the sender keeps the event and is asked to come again.
func (l *Listener) unavailable(w http.ResponseWriter, after, text string) {
	l.stats.refused.Add(1)
	w.Header().Set("Retry-After", after)
	w.Header().Set("Connection", "close")
	http.Error(w, text, http.StatusServiceUnavailable)
}

// isHealthCheck reports whether a request only asks whether somebody is there. One with
// a body, a GET with a query, or one that a provider sends or asks by, is an event.
func (l *Listener) isHealthCheck(r *http.Request) bool {
	wanted := func() bool { return l.Accepts != nil && l.Accepts(r.Method, r.URL.EscapedPath()) }
	switch r.Method {
	case http.MethodHead:
		return r.ContentLength == 0
	case http.MethodOptions:
		return r.ContentLength == 0 && !wanted()
	case http.MethodGet:
		return r.ContentLength == 0 && !strings.Contains(r.RequestURI, "?") && !wanted()
	}
	return false
}
