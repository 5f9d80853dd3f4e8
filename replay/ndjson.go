package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"whk/verify"
	"whk/verify/display"
	"whk/verify/provider"
)

// SchemaVersion is the version of the JSON form of events; the first object of a file
// carries it.
const SchemaVersion = 1

// MessageJSON is what a request or an answer looks like in JSON. A body is text where
// it is valid UTF-8, else base64; it is never a parsed object.
type MessageJSON struct {
	Headers http.Header `json:"headers"`
	// HeadersBase64 has the exact values of the headers that are not valid UTF-8.
	HeadersBase64 map[string][][]byte `json:"headers_base64,omitempty"`
	Body          *string             `json:"body,omitempty"`
	BodyBase64    []byte              `json:"body_base64,omitempty"`
}

// NewMessageJSON makes the JSON form of a request or an answer.
func NewMessageJSON(h http.Header, body []byte) MessageJSON {
	m := MessageJSON{Headers: h}
	if m.Headers == nil {
		m.Headers = http.Header{}
	}
	for name, values := range h {
		for _, value := range values {
			if utf8.ValidString(value) {
				continue
			}
			if m.HeadersBase64 == nil {
				m.HeadersBase64 = map[string][][]byte{}
			}
			exact := make([][]byte, len(values))
			for i := range values {
				exact[i] = []byte(values[i])
			}
			m.HeadersBase64[name] = exact
			break
		}
	}
	if utf8.Valid(body) {
		text := string(body)
		m.Body = &text
	} else {
		m.BodyBase64 = body
	}
	return m
}

// header puts the exact values in the place of those that JSON could not hold.
func (m *MessageJSON) header() http.Header {
	h := make(http.Header, len(m.Headers))
	for name, values := range m.Headers {
		h[name] = values
	}
	for name, values := range m.HeadersBase64 {
		exact := make([]string, len(values))
		for i := range values {
			exact[i] = string(values[i])
		}
		h[name] = exact
	}
	return h
}

func (m *MessageJSON) body() []byte {
	if m.Body != nil {
		return []byte(*m.Body)
	}
	return m.BodyBase64
}

// DeliveryJSON is a Delivery in JSON.
type DeliveryJSON struct {
	Method string `json:"method"`
	URL    string `json:"url"`
	// URLBase64 is the exact URL where it is not valid UTF-8.
	URLBase64 []byte `json:"url_base64,omitempty"`
	Host      string `json:"host"`
	MessageJSON
}

// NewDeliveryJSON makes the JSON form of a delivery, in which r has masked what it
// knows; a nil r shows everything.
func NewDeliveryJSON(d *verify.Delivery, r *Redactor) DeliveryJSON {
	if r != nil {
		d = r.delivery(d)
	}
	return DeliveryJSON{Method: d.Method, URL: d.URL, URLBase64: inexact(d.URL), Host: d.Host, MessageJSON: NewMessageJSON(d.Header, d.Body)}
}

// inexact returns what JSON cannot hold as text.
func inexact(s string) []byte {
	if utf8.ValidString(s) {
		return nil
	}
	return []byte(s)
}

// exact undoes inexact.
func exact(s string, raw []byte) string {
	if len(raw) > 0 {
		return string(raw)
	}
	return s
}

// EventJSON is an event in JSON, one line of an export and of whk's own output. It
// holds an Exchange without loss, but for the difference between a body of no bytes
// and none at all, and for the zone of a time.
type EventJSON struct {
	N        int64     `json:"n"`
	ID       string    `json:"id"`
	Time     time.Time `json:"time"`
	Remote   string    `json:"remote"`
	Provider string    `json:"provider"`
	Event    string    `json:"event"`
	// Entity and Action are given where the event's name does not tell them apart at
	// its last dot.
	Entity    string         `json:"entity,omitempty"`
	Action    string         `json:"action,omitempty"`
	Verdict   verify.Verdict `json:"verdict"`
	IDs       []string       `json:"ids,omitempty"`
	Account   string         `json:"account,omitempty"`
	Actor     string         `json:"actor,omitempty"`
	EventTime *time.Time     `json:"event_time,omitempty"`
	// Status is what whk answered itself, absent when a forward target decides.
	Status int    `json:"status,omitempty"`
	Cut    string `json:"cut,omitempty"`
	// SameAs is an earlier event with the same content, SameGapMS how much earlier it
	// came. OvertakenBy came before and tells of something later about the same thing.
	// The listener that received the event says so; it is not read back.
	SameAs      int64         `json:"same_as,omitempty"`
	SameGapMS   *Milliseconds `json:"same_gap_ms,omitempty"`
	OvertakenBy int64         `json:"overtaken_by,omitempty"`
	Notes       []string      `json:"notes,omitempty"`
	// Altered says why the request is not what was received.
	Altered string `json:"altered,omitempty"`
	DeliveryJSON
	Attempts []AttemptJSON `json:"attempts,omitempty"`
}

// NewEventJSON makes the JSON form of an exchange, in which r has masked what it knows.
// P, when it is given, reads what the delivery says.
func NewEventJSON(x *Exchange, p *provider.Provider, r *Redactor) EventJSON {
	x = r.Exchange(x)
	j := EventJSON{
		N: x.N, ID: x.ID, Time: x.At, Remote: x.Remote, Provider: x.Provider, Event: x.Name(),
		Verdict: x.Verdict, Status: x.Status, Cut: x.Cut, Notes: x.Notes, Altered: x.Altered,
		DeliveryJSON: NewDeliveryJSON(x.Delivery, nil),
	}
	if entity, action := splitName(j.Event); entity != x.Entity || action != x.Action {
		j.Entity, j.Action = x.Entity, x.Action
	}
	for _, result := range x.Results {
		j.Attempts = append(j.Attempts, NewAttemptJSON(0, result, nil))
	}
	if p == nil {
		return j
	}
	facts, _ := p.Facts(x.Delivery) // what cannot be read is in the notes already
	j.IDs, j.Account, j.Actor = facts.IDs, facts.Account, facts.Actor
	if !facts.Time.IsZero() && jsonTime(facts.Time) {
		j.EventTime = &facts.Time
	}
	return j
}

// jsonTime reports whether JSON can hold a time.
func jsonTime(t time.Time) bool {
	_, offset := t.Zone()
	return t.Year() >= 0 && t.Year() <= 9999 && offset > -24*3600 && offset < 24*3600
}

// Exchange undoes NewEventJSON. Nothing of it has been checked.
func (j *EventJSON) Exchange() *Exchange {
	x := &Exchange{
		N: j.N, ID: j.ID, At: j.Time, Remote: j.Remote, Provider: j.Provider, Entity: j.Entity, Action: j.Action,
		Verdict: j.Verdict, Status: j.Status, Cut: j.Cut, Notes: j.Notes, Altered: j.Altered,
		Delivery: &verify.Delivery{Method: j.Method, URL: exact(j.URL, j.URLBase64), Host: j.Host, Header: j.header(), Body: j.body()},
	}
	if x.Entity == "" && x.Action == "" {
		x.Entity, x.Action = splitName(j.Event)
	}
	for i := range j.Attempts {
		x.Results = append(x.Results, j.Attempts[i].Result())
	}
	return x
}

// AttemptJSON is a Result in JSON.
type AttemptJSON struct {
	Event  int64  `json:"event,omitempty"`
	Target string `json:"target"`
	// TargetBase64 is the exact target where it is not valid UTF-8.
	TargetBase64 []byte         `json:"target_base64,omitempty"`
	Time         time.Time      `json:"time"`
	TookMS       Milliseconds   `json:"took_ms"`
	Outcome      verify.Outcome `json:"outcome"`
	Error        string         `json:"error,omitempty"`
	Status       int            `json:"status,omitempty"`
	Replay       bool           `json:"replay,omitempty"`
	Shadow       bool           `json:"shadow,omitempty"`
	// Resigned says that what was sent had been signed anew, Edited that its content had
	// been changed before that.
	Resigned bool `json:"resigned,omitempty"`
	Edited   bool `json:"edited,omitempty"`
	// Differs says how a shadow's answer departs from the first target's. It is not read
	// back.
	Differs string `json:"differs,omitempty"`
	*MessageJSON
	Truncated bool `json:"truncated,omitempty"`
}

// NewAttemptJSON makes the JSON form of an attempt to deliver event n; 0 leaves the
// number out. What was not answered has no headers and no body.
func NewAttemptJSON(n int64, result verify.Result, r *Redactor) AttemptJSON {
	if r != nil {
		result, _ = r.result(result)
	}
	j := AttemptJSON{
		Event: n, Target: result.Target, TargetBase64: inexact(result.Target), Time: result.At, TookMS: Milliseconds(result.Took),
		Outcome: result.Outcome, Error: result.Error, Status: result.Status, Replay: result.Replay, Shadow: result.Shadow, Resigned: result.Resigned, Edited: result.Edited, Truncated: result.Truncated,
	}
	if result.Outcome == verify.Answered || len(result.Header) > 0 || len(result.Body) > 0 {
		m := NewMessageJSON(result.Header, result.Body)
		j.MessageJSON = &m
	}
	return j
}

// Result undoes NewAttemptJSON.
func (j *AttemptJSON) Result() verify.Result {
	result := verify.Result{
		Target: exact(j.Target, j.TargetBase64), At: j.Time, Took: time.Duration(j.TookMS), Outcome: j.Outcome, Error: j.Error,
		Status: j.Status, Replay: j.Replay, Shadow: j.Shadow, Resigned: j.Resigned, Edited: j.Edited, Truncated: j.Truncated,
	}
	if j.MessageJSON != nil {
		result.Header, result.Body = j.header(), j.body()
	}
	return result
}

// Milliseconds is a duration as a JSON number, exact to the nanosecond.
type Milliseconds time.Duration

// MarshalJSON writes 12.345678 for 12,345,678 ns.
func (m Milliseconds) MarshalJSON() ([]byte, error) {
	ns, sign := int64(m), ""
	if ns < 0 {
		ns, sign = -ns, "-"
	}
	text := sign + strconv.FormatInt(ns/1e6, 10)
	if rest := ns % 1e6; rest != 0 {
		text += strings.TrimRight(fmt.Sprintf(".%06d", rest), "0")
	}
	return []byte(text), nil
}

// UnmarshalJSON reads any number; one that no duration can hold is 0.
func (m *Milliseconds) UnmarshalJSON(text []byte) error {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || f > 1e12 || f < -1e12 {
		*m = 0
		return nil
	}
	// A float64 is exact to the nanosecond for three months.
	ns := f * 1e6
	if ns < 0 {
		ns -= 0.5
	} else {
		ns += 0.5
	}
	*m = Milliseconds(ns)
	return nil
}

// jsonLines writes exchanges as JSON lines.
type jsonLines struct {
	w     io.Writer
	o     ExportOptions
	begun bool
	buf   bytes.Buffer
	line  []byte
}

func (l *jsonLines) Write(x *Exchange) error {
	j := NewEventJSON(x, l.o.provider(x.Provider), l.o.Redactor)
	body, err := marshal(&l.buf, &j)
	if err != nil {
		return err
	}
	l.line = append(l.line[:0], `{"type":"event"`...)
	if !l.begun {
		l.line = strconv.AppendInt(append(l.line, `,"schema":`...), SchemaVersion, 10)
		l.begun = true
	}
	l.line = append(append(append(l.line, ','), body[1:]...), '\n')
	_, err = l.w.Write(l.line)
	return err
}

func (l *jsonLines) Close() error { return nil }

// marshal makes JSON without a line break in which nothing can act on a terminal:
// what package display would write out is written with \u, which every reader of JSON
// turns back. The result is good until the buffer is used again.
func marshal(buf *bytes.Buffer, v any) ([]byte, error) {
	buf.Reset()
	encoder := json.NewEncoder(buf)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return visible(bytes.TrimRight(buf.Bytes(), "\n")), nil
}

// visible escapes the hidden characters of a JSON text. They can only stand in strings.
func visible(text []byte) []byte {
	at := firstBeyondASCII(text)
	if at < 0 {
		return text
	}
	out := make([]byte, 0, len(text)+len(text)/8)
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		chunk := text[:size]
		text = text[size:]
		if r < 0x7f || !display.Shown(string(chunk)) {
			out = append(out, chunk...)
			continue
		}
		if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		} else {
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// firstBeyondASCII is where a text stops to be plain, -1 when it never does. JSON has
// no control characters but DEL.
func firstBeyondASCII(text []byte) int {
	for i, c := range text {
		if c >= 0x7f {
			return i
		}
	}
	return -1
}

// readLines reads events from JSON lines, and passes over lines of other types. Objects
// that are laid out over several lines are read as well.
func (p *parser) readLines() error {
	decoder := json.NewDecoder(p.limited())
	for n := 1; ; n++ {
		p.nextValue()
		var raw json.RawMessage
		if err := decoder.Decode(&raw); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("object %d: %w", n, jsonFault(err))
		}
		var line struct {
			Type   string  `json:"type"`
			Schema int     `json:"schema"`
			Method *string `json:"method"`
			EventJSON
		}
		err := json.Unmarshal(raw, &line)
		switch {
		case line.Schema > SchemaVersion:
			return fmt.Errorf("object %d: written by a newer whk (schema %d, this one knows %d)", n, line.Schema, SchemaVersion)
		case line.Type != "" && line.Type != "event":
			continue
		case err != nil:
			err = jsonFault(err)
		case line.Method == nil:
			err = errors.New("this is no event: it has no method")
		}
		if err != nil {
			if !p.skip(n, err) {
				return nil
			}
			continue
		}
		line.EventJSON.Method = *line.Method
		if !p.give(n, line.EventJSON.Exchange()) {
			return nil
		}
	}
}
