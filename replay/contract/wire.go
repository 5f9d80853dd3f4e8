package contract

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"whk/verify"
)

// Requests that no client library sends are written by hand here, byte for byte.

// line is one connection to the endpoint.
type line struct {
	conn  net.Conn
	in    *bufio.Reader
	began time.Time
	// deadline bounds everything that happens on the connection.
	deadline time.Time
}

// dial opens a connection that lives at most as long as one request may take.
func (x *Exam) dial(longest time.Duration) (*line, error) {
	began := time.Now()
	conn, err := x.run.o.Sender.Connect(x.Context, x.run.o.Target)
	if err != nil {
		return nil, err
	}
	l := &line{conn: conn, in: bufio.NewReader(conn), began: began, deadline: began.Add(longest)}
	context.AfterFunc(x.Context, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return l, conn.SetDeadline(l.deadline)
}

// answer reads one answer.
func (l *line) answer(method string) (verify.Result, error) {
	var r verify.Result
	for {
		resp, err := http.ReadResponse(l.in, &http.Request{Method: method})
		if err != nil {
			return r, err
		}
		r.Status, r.Header = resp.StatusCode, resp.Header
		r.Body, err = io.ReadAll(io.LimitReader(resp.Body, maxKept))
		resp.Body.Close()
		if err != nil || r.Status >= 200 {
			return r, err
		}
	}
}

// maxKept is how much of an answer is kept.
const maxKept = 1 << 20

// dialogue is what is written on a connection: pieces, with pauses between them.
type dialogue struct {
	pieces  [][]byte
	pause   time.Duration // before every piece but the first
	longest time.Duration // the Sender's time-out when 0
	then    func(l *line) // after the first answer
}

// converse sends what no Sender sends, and reads the first answer.
func (x *Exam) converse(s *Shot, c dialogue) (verify.Result, Outcome) {
	if r, ok := x.stopped(); ok {
		return r, OutcomeOf(r)
	}
	for _, piece := range c.pieces {
		s.raw = append(s.raw, piece...)
	}
	release := x.run.slot(x.Context)
	defer release()
	longest := c.longest
	if longest == 0 {
		longest = x.run.timeout() + c.pause*time.Duration(len(c.pieces))
	}
	r := verify.Result{Target: x.Target, At: x.run.now(), Outcome: verify.Answered}
	began := time.Now()
	got, err := x.exchangeRaw(s, c, longest)
	r.Status, r.Header, r.Body = got.Status, got.Header, got.Body
	if err != nil {
		r.Outcome, r.Error = x.run.o.Sender.Classify(x.Context, err)
	}
	r.Took = time.Since(began)
	x.seen(s, r)
	return r, OutcomeOf(r)
}

func (x *Exam) exchangeRaw(s *Shot, c dialogue, longest time.Duration) (verify.Result, error) {
	l, err := x.dial(longest)
	if err != nil {
		return verify.Result{}, err
	}
	defer l.conn.Close()
	written := make(chan error, 1)
	go func() { written <- x.write(l, c) }()
	got, err := l.answer(s.Delivery.Method)
	if err != nil {
		l.conn.Close()
		if writeErr := <-written; writeErr != nil && errors.Is(err, net.ErrClosed) {
			err = writeErr
		}
		return got, err
	}
	if c.then != nil {
		c.then(l)
	}
	l.conn.Close()
	<-written
	return got, nil
}

func (x *Exam) write(l *line, c dialogue) error {
	for i, piece := range c.pieces {
		if i > 0 && c.pause > 0 {
			x.pause(c.pause)
		}
		if _, err := l.conn.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// head writes the head of a request. More are lines that come after the headers of the
// delivery; length is the text of Content-Length, none when it is empty.
func head(d *verify.Delivery, version, length string, more ...string) []byte {
	var b strings.Builder
	b.WriteString(d.Method + " " + requestTarget(d.URL) + " " + version + "\r\n")
	b.WriteString("Host: " + d.Host + "\r\n")
	if length != "" {
		b.WriteString("Content-Length: " + length + "\r\n")
	}
	names := make([]string, 0, len(d.Header))
	for name := range d.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range d.Header[name] {
			b.WriteString(name + ": " + value + "\r\n")
		}
	}
	for _, text := range more {
		b.WriteString(text + "\r\n")
	}
	b.WriteString("\r\n")
	return []byte(b.String())
}

// plainRequest is a delivery as it usually is on the wire.
func plainRequest(d *verify.Delivery, more ...string) []byte {
	return append(head(d, "HTTP/1.1", strconv.Itoa(len(d.Body)), more...), d.Body...)
}

// volley sends shots at the same moment: each on a connection of its own, complete but
// for the last byte, which all of them get together. So an endpoint cannot but work on
// them side by side.
func (x *Exam) volley(shots []*Shot) []verify.Result {
	results := make([]verify.Result, len(shots))
	if r, ok := x.stopped(); ok {
		for i := range results {
			results[i] = r
		}
		return results
	}
	var ready, done sync.WaitGroup
	fire := make(chan struct{})
	ready.Add(len(shots))
	for i, s := range shots {
		s.raw = plainRequest(s.Delivery, "Connection: close")
		done.Go(func() { results[i] = x.loose(s, &ready, fire) })
	}
	ready.Wait()
	close(fire)
	done.Wait()
	for i, s := range shots {
		s.raw = nil // what was sent is what a Sender would send
		x.seen(s, results[i])
	}
	return results
}

func (x *Exam) loose(s *Shot, ready *sync.WaitGroup, fire <-chan struct{}) verify.Result {
	r := verify.Result{Target: x.Target, At: x.run.now(), Outcome: verify.Answered}
	l, err := x.dial(x.run.timeout() + time.Second)
	last := len(s.raw) - 1
	if err == nil {
		defer l.conn.Close()
		_, err = l.conn.Write(s.raw[:last])
	}
	ready.Done()
	<-fire
	began := time.Now()
	if err == nil {
		_, err = l.conn.Write(s.raw[last:])
	}
	if err == nil {
		var got verify.Result
		got, err = l.answer(s.Delivery.Method)
		r.Status, r.Header, r.Body = got.Status, got.Header, got.Body
	}
	if err != nil {
		r.Outcome, r.Error = x.run.o.Sender.Classify(x.Context, err)
	}
	r.Took = time.Since(began)
	return r
}
