package contract

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"whk/verify"
)

func wireChecks() []Check {
	return []Check{
		{ID: "http.chunked", Scope: bodies(), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutServer,
			Title: "a valid event in chunks, without Content-Length", Expect: "2xx",
			Why: "proxies and some senders write bodies so; who reads Content-Length bytes reads none", Run: func(x *Exam) {
				x.odd("%s in chunks", func(s *Shot) dialogue {
					d := s.Delivery
					half := len(d.Body) / 2
					message := head(d, "HTTP/1.1", "", "Transfer-Encoding: chunked", "Connection: close")
					for _, chunk := range [][]byte{d.Body[:half], d.Body[half:]} {
						if len(chunk) > 0 {
							message = append(message, fmt.Sprintf("%x\r\n%s\r\n", len(chunk), chunk)...)
						}
					}
					return dialogue{pieces: [][]byte{append(message, "0\r\n\r\n"...)}}
				})
			}},
		{ID: "http.expect-100", Scope: bodies(), Severity: Info, Risk: Low, Mode: Full, Topic: AboutServer,
			Title: "Expect: 100-continue", Expect: "2xx",
			Why: "curl and some libraries ask before they send a larger body", Run: func(x *Exam) {
				x.odd("%s with Expect: 100-continue", func(s *Shot) dialogue {
					d := s.Delivery
					return dialogue{pieces: [][]byte{head(d, "HTTP/1.1", strconv.Itoa(len(d.Body)), "Expect: 100-continue", "Connection: close"), d.Body}, pause: 200 * time.Millisecond}
				})
			}},
		{ID: "http.http10", Scope: bodies(), Severity: Info, Risk: Medium, Mode: Full, Topic: AboutServer,
			Title: "HTTP/1.0 without keep-alive", Expect: "2xx",
			Why: "old proxies speak it", Run: func(x *Exam) {
				x.odd("%s by HTTP/1.0", func(s *Shot) dialogue {
					d := s.Delivery
					return dialogue{pieces: [][]byte{append(head(d, "HTTP/1.0", strconv.Itoa(len(d.Body))), d.Body...)}}
				})
			}},
		{ID: "http.http2", Scope: overTLS(), Severity: Info, Risk: Low, Mode: Full, Topic: AboutServer,
			Title: "HTTP/2, where the server offers it", Expect: "2xx",
			Why: "senders take it when it is offered; it changes the names of headers", Run: httpTwo},
		{ID: "http.slow-body", Scope: bodies(), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutServer, slow: true,
			Title: "a body that takes two seconds", Expect: "2xx",
			Why: "on a slow line a body comes in pieces; who reads once reads a part", Run: func(x *Exam) {
				x.odd("%s in five pieces over two seconds", func(s *Shot) dialogue {
					d := s.Delivery
					pieces := [][]byte{head(d, "HTTP/1.1", strconv.Itoa(len(d.Body)), "Connection: close")}
					for i := range 4 {
						pieces = append(pieces, d.Body[len(d.Body)*i/4:len(d.Body)*(i+1)/4])
					}
					return dialogue{pieces: pieces, pause: 500 * time.Millisecond}
				})
			}},
	}
}

// bodies: deliveries have a body that can be sent in pieces.
func bodies() Scope {
	return Scope{"deliveries with a body", func(s *Subject) bool { return s.basis.method != http.MethodGet }}
}

// odd sends a valid event in an odd form, which has to be accepted all the same.
func (x *Exam) odd(what string, form func(*Shot) dialogue) {
	s := x.Signed().odd()
	if s.Delivery == nil {
		return
	}
	s.Says(what, s.What)
	r, o := x.converse(s, form(s))
	if !x.settled(s, r, o) && o != Accepted {
		x.fail(x.check.Severity, s, r, "a valid event was %s", o.verb())
	}
}

func httpTwo(x *Exam) {
	if _, stopped := x.stopped(); stopped {
		return
	}
	negotiated := ""
	transport := &http.Transport{ForceAttemptHTTP2: true, DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := x.run.o.Sender.Connect(ctx, x.run.o.Target, "h2", "http/1.1")
		if secured, ok := conn.(*tls.Conn); ok && err == nil {
			negotiated = secured.ConnectionState().NegotiatedProtocol
		}
		return conn, err
	}}
	defer transport.CloseIdleConnections()
	s := x.Signed().odd()
	if s.Delivery == nil {
		return
	}
	s.Says("%s by HTTP/2", s.What)
	ctx, cancel := context.WithTimeout(x.Context, x.run.timeout())
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, s.Delivery.Method, s.Delivery.URL, bytes.NewReader(s.Delivery.Body))
	if err != nil {
		x.unsure(err.Error())
		return
	}
	for name, values := range s.Delivery.Header {
		request.Header[name] = values
	}
	r := verify.Result{Target: x.Target, Outcome: verify.Answered}
	resp, err := transport.RoundTrip(request)
	if err == nil {
		r.Status, r.Header = resp.StatusCode, resp.Header
		r.Body, err = io.ReadAll(io.LimitReader(resp.Body, maxKept))
		resp.Body.Close()
	}
	if err != nil {
		r.Outcome, r.Error = x.run.o.Sender.Classify(x.Context, err)
	}
	x.seen(s, r)
	o := OutcomeOf(r)
	switch {
	case x.settled(s, r, o):
	case negotiated != "h2":
		x.Note("the server offers no HTTP/2")
	case o != Accepted:
		x.fail(x.check.Severity, s, r, "a valid event was %s", o.verb())
	}
}

func hostileWireChecks() []Check {
	return []Check{
		{ID: "http.stalled-body", Scope: bodies(), Severity: Warning, Risk: Medium, Mode: Hostile, Topic: AboutServer, slow: true,
			Title: "half a body, then silence", Expect: "the connection ends within 60 s",
			Why: "a few hundred such requests occupy a server that waits for ever", Run: httpStalled},
		{ID: "http.too-large", Scope: bodies(), Severity: Warning, Risk: Medium, Mode: Hostile, Topic: AboutSize,
			Title: "10 MB without a signature", Expect: "413, 401 or an end within 5 s",
			Why: "memory is spent on what anybody can send", Run: func(x *Exam) {
				s := x.Event().odd()
				s.Body(bytes.Repeat([]byte("a"), 10<<20))
				s.Says("10 MB without a signature")
				r, o := x.Send(s)
				s.Delivery.Body = s.Delivery.Body[:64] // what was sent is said; nobody wants to read it
				switch {
				case o == Reset || o == Rejected || o == Interrupted || o == Throttled:
					x.judged = true
				case x.settled(s, r, o):
				case o == Accepted && !x.scheme.Keyed():
					x.note(s, r, "10 MB are accepted")
				case o == Accepted:
					x.fail(Error, s, r, "it was accepted")
				default:
					x.fail(x.check.Severity, s, r, "the endpoint %s", o.did())
				}
				if r.Took > 5*time.Second {
					x.fail(x.check.Severity, s, r, "it took %.1f s", r.Took.Seconds())
				}
			}},
		{ID: "http.headers-64k", Scope: everywhere(), Severity: Info, Risk: Medium, Mode: Hostile, Topic: AboutServer,
			Title: "64 KB of headers", Expect: "431, 400 or 2xx",
			Why: "a server without a limit spends memory on what anybody can send", Run: func(x *Exam) {
				s := x.Signed().odd()
				if s.Delivery == nil {
					return
				}
				for i := range 64 {
					s.Delivery.Header[fmt.Sprintf("X-Whk-%d", i)] = []string{strings.Repeat("a", 1000)}
				}
				s.Says("%s with 64 KB of headers", s.What)
				if r, o := x.Send(s); o != Reset && !x.settled(s, r, o) && !o.survived() {
					x.fail(x.check.Severity, s, r, "the endpoint %s", o.did())
				} else {
					x.judged = true
				}
			}},
		{ID: "http.gzip-bomb", Scope: bodies(), Severity: Warning, Risk: Medium, Mode: Hostile, Topic: AboutSize,
			Title: "200 MB of blanks, packed into 200 KB", Expect: "an answer within 3 s, no failure",
			Why: "a framework that unpacks before it verifies can be filled up by anybody", Run: httpBomb},
		{ID: "http.cl-te", Scope: bodies(), Severity: Info, Risk: High, Mode: Hostile, Topic: AboutServer,
			Title: "a request with a length and chunks", Expect: "400, or one answer and an end",
			Why: "a proxy and a server that end a request at different places let one smuggle another in", Run: func(x *Exam) {
				x.smuggle("Content-Length and Transfer-Encoding", func(s *Shot) []byte {
					return append(head(s.Delivery, "HTTP/1.1", "5", "Transfer-Encoding: chunked"), "0\r\n\r\nGET /whk-smuggled HTTP/1.1\r\nHost: whk\r\n\r\n"...)
				})
				x.smuggle("two different lengths", func(s *Shot) []byte {
					return append(head(s.Delivery, "HTTP/1.1", "0", "Content-Length: 44"), "GET /whk-smuggled HTTP/1.1\r\nHost: whk\r\n\r\n"...)
				})
			}},
		{ID: "http.te-variants", Scope: bodies(), Severity: Info, Risk: High, Mode: Hostile, Topic: AboutServer,
			Title: "odd spellings of Transfer-Encoding", Expect: "400, 501, or one answer and an end",
			Why: "a proxy and a server that read it differently let one smuggle another request in", Run: func(x *Exam) {
				for _, spelling := range []string{"Transfer-Encoding: xchunked", "Transfer-Encoding : chunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding:\tchunked\r\nTransfer-Encoding: x"} {
					x.smuggle(strings.ReplaceAll(strings.ReplaceAll(spelling, "\r\n", " and "), "\t", " "), func(s *Shot) []byte {
						return append(head(s.Delivery, "HTTP/1.1", "5", spelling), "0\r\n\r\nGET /whk-smuggled HTTP/1.1\r\nHost: whk\r\n\r\n"...)
					})
				}
			}},
		{ID: "http.bare-lf", Scope: bodies(), Severity: Info, Risk: High, Mode: Hostile, Topic: AboutServer,
			Title: "lines that end with LF alone", Expect: "400, or one answer and an end",
			Why: "what one server takes for the end of a line, another takes for a part of it", Run: func(x *Exam) {
				x.smuggle("bare line feeds", func(s *Shot) []byte {
					return append(bytes.ReplaceAll(head(s.Delivery, "HTTP/1.1", "0", "X-Whk: 1\n\nGET /whk-smuggled HTTP/1.1\nHost: whk"), []byte("\r\n"), []byte("\n")), ' ')
				})
			}},
		{ID: "http.obs-fold", Scope: bodies(), Severity: Info, Risk: High, Mode: Hostile, Topic: AboutServer,
			Title: "a header that goes on in the next line", Expect: "400, or one answer and an end",
			Why: "folded headers are obsolete; servers differ in what they make of them", Run: func(x *Exam) {
				x.smuggle("a folded header", func(s *Shot) []byte {
					return head(s.Delivery, "HTTP/1.1", "0", "X-Whk: a\r\n Transfer-Encoding: chunked")
				})
			}},
	}
}

// smuggle sends a request that two servers may read differently, and counts the answers:
// more than one means that a second request was found in it.
func (x *Exam) smuggle(what string, message func(*Shot) []byte) {
	s := x.Event().odd()
	s.Says("a request with %s", what)
	var second bool
	r, o := x.converse(s, dialogue{pieces: [][]byte{message(s)}, longest: 5 * time.Second, then: func(l *line) {
		_ = l.conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		_, err := l.answer(http.MethodGet)
		second = err == nil
	}})
	switch {
	case second:
		x.judged = true
		x.fail(x.check.Severity, s, r, "two answers came: a second request was found within the first")
	case o == Reset, o == Hung, r.Status == http.StatusNotImplemented:
		x.judged = true
	case x.settled(s, r, o):
	case !o.survived() && r.Status != http.StatusHTTPVersionNotSupported:
		x.fail(x.check.Severity, s, r, "the endpoint %s", o.did())
	}
}

// stallLimit is how long a server may wait for the rest of a body.
const stallLimit = 60 * time.Second

func httpStalled(x *Exam) {
	if _, stopped := x.stopped(); stopped {
		return
	}
	s := x.Signed().odd()
	if s.Delivery == nil {
		return
	}
	s.Says("half of %s, then silence", s.What)
	limit := x.run.o.Stall
	if limit == 0 {
		limit = stallLimit
	}
	l, err := x.dial(limit + time.Second)
	if err != nil {
		x.unsure(err.Error())
		return
	}
	defer l.conn.Close()
	message := plainRequest(s.Delivery)
	s.raw = message[:len(message)-(len(s.Delivery.Body)+1)/2]
	_, err = l.conn.Write(s.raw)
	x.result.Requests++
	if err != nil {
		x.unsure(err.Error())
		return
	}
	_ = l.conn.SetReadDeadline(time.Now().Add(limit))
	_, err = l.in.ReadByte()
	var late net.Error
	if x.Context.Err() != nil {
		return
	}
	x.judged = true
	if errors.As(err, &late) && late.Timeout() {
		x.fail(x.check.Severity, s, verify.Result{Outcome: verify.TimedOut, Took: limit}, "the connection was still open after %s", limit)
	}
}

func httpBomb(x *Exam) {
	s := x.Event().odd()
	s.Body(bomb())
	s.Delivery.Header["Content-Encoding"] = []string{"gzip"}
	s.Says("200 MB of blanks, packed into %d KB", len(s.Delivery.Body)>>10)
	if x.recipe.Body == nil {
		x.Sign(s)
	}
	if s.Delivery == nil {
		return
	}
	r, o := x.Send(s)
	switch {
	case o == Reset:
		x.judged = true
	case x.settled(s, r, o):
	case !o.survived():
		x.fail(x.check.Severity, s, r, "the endpoint %s", o.did())
	case r.Took > 3*time.Second:
		x.fail(x.check.Severity, s, r, "it took %.1f s", r.Took.Seconds())
	}
}

// bomb is 200 MB of blanks, packed.
func bomb() []byte {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	blanks := bytes.Repeat([]byte(" "), 1<<20)
	for range 200 {
		_, _ = z.Write(blanks) // a buffer takes everything
	}
	_ = z.Close()
	return packed.Bytes()
}
