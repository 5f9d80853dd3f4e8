package cmd

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"whk/listener"
	"whk/replay"
	"whk/verify"
	"whk/verify/provider"
)

// message is what a request or an answer looks like in JSON. A body is text where it
// is valid UTF-8, else base64; it is never a parsed object.
type message struct {
	Headers    http.Header `json:"headers"`
	Body       *string     `json:"body,omitempty"`
	BodyBase64 []byte      `json:"body_base64,omitempty"`
}

func newMessage(h http.Header, body []byte) message {
	m := message{Headers: h}
	if m.Headers == nil {
		m.Headers = http.Header{}
	}
	if utf8.Valid(body) {
		text := string(body)
		m.Body = &text
	} else {
		m.BodyBase64 = body
	}
	return m
}

// deliveryJSON is a Delivery as output.
type deliveryJSON struct {
	Method string `json:"method"`
	URL    string `json:"url"`
	Host   string `json:"host"`
	message
}

// newDelivery masks what the redactor knows; a nil one shows everything.
func newDelivery(d *verify.Delivery, r *replay.Redactor) deliveryJSON {
	d = r.Delivery(d)
	return deliveryJSON{Method: d.Method, URL: d.URL, Host: d.Host, message: newMessage(d.Header, d.Body)}
}

// eventJSON is an event as output, type "event".
type eventJSON struct {
	N         int64          `json:"n"`
	ID        string         `json:"id"`
	Time      time.Time      `json:"time"`
	Remote    string         `json:"remote"`
	Provider  string         `json:"provider"`
	Event     string         `json:"event"`
	Verdict   verify.Verdict `json:"verdict"`
	IDs       []string       `json:"ids,omitempty"`
	Account   string         `json:"account,omitempty"`
	Actor     string         `json:"actor,omitempty"`
	EventTime *time.Time     `json:"event_time,omitempty"`
	// Status is what whk answered itself, absent when a forward target decides.
	Status int      `json:"status,omitempty"`
	Cut    string   `json:"cut,omitempty"`
	Notes  []string `json:"notes,omitempty"`
	deliveryJSON
	Attempts []attemptJSON `json:"attempts,omitempty"`
}

func newEvent(e *listener.Event, p *provider.Provider, r *replay.Redactor) eventJSON {
	j := eventJSON{
		N: e.N, ID: e.ID, Time: e.At, Remote: e.Remote, Provider: e.Provider, Event: e.Name(),
		Verdict: e.Verdict, Status: e.Status, Cut: e.Cut, Notes: e.Notes,
		deliveryJSON: newDelivery(e.Delivery, r),
	}
	if p == nil {
		return j
	}
	facts, _ := p.Facts(e.Delivery) // what cannot be read is in the notes already
	j.IDs, j.Account, j.Actor = facts.IDs, facts.Account, facts.Actor
	if !facts.Time.IsZero() {
		j.EventTime = &facts.Time
	}
	return j
}

// attemptJSON is a Result as output, type "attempt".
type attemptJSON struct {
	Event   int64          `json:"event,omitempty"`
	Target  string         `json:"target"`
	Time    time.Time      `json:"time"`
	TookMS  milliseconds   `json:"took_ms"`
	Outcome verify.Outcome `json:"outcome"`
	Error   string         `json:"error,omitempty"`
	Status  int            `json:"status,omitempty"`
	Replay  bool           `json:"replay,omitempty"`
	Shadow  bool           `json:"shadow,omitempty"`
	// Differs says how a shadow's answer departs from the first target's.
	Differs string `json:"differs,omitempty"`
	*message
	Truncated bool `json:"truncated,omitempty"`
}

func newAttempt(n int64, result verify.Result, r *replay.Redactor) attemptJSON {
	j := attemptJSON{
		Event: n, Target: r.Text(result.Target), Time: result.At, TookMS: milliseconds(result.Took),
		Outcome: result.Outcome, Error: r.Text(result.Error), Status: result.Status, Replay: result.Replay, Shadow: result.Shadow, Truncated: result.Truncated,
	}
	if result.Outcome == verify.Answered {
		body := result.Body
		if utf8.Valid(body) {
			body = []byte(r.Text(string(body)))
		}
		m := newMessage(r.Header(result.Header), body)
		j.message = &m
	}
	return j
}

// milliseconds is a duration as a JSON number, to the microsecond.
type milliseconds time.Duration

func (m milliseconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(time.Duration(m).Microseconds()) / 1000)
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
