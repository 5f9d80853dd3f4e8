package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// tally is what one load came to.
type tally struct {
	OK      int           `json:"ok"`      // answered 2xx
	Refused int           `json:"refused"` // answered otherwise
	Lost    int           `json:"lost"`    // not answered
	Took    time.Duration `json:"took"`
	P50     time.Duration `json:"p50"`
	P99     time.Duration `json:"p99"`
	Cause   string        `json:"cause,omitempty"` // of the first that was lost
}

func (t tally) rate() float64 { return float64(t.OK) / t.Took.Seconds() }

// load sends events over a fixed number of keep-alive connections, one at a time on
// each, for a length of time or up to a number, and prints its tally. The requests are
// made and signed before the clock starts: a client that computes while it sends would
// take the processor from what is measured.
func load(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	target := flags.String("url", "", "where to send to")
	connections := flags.Int("connections", 64, "connections")
	size := flags.Int("size", 400, "bytes of a body")
	count := flags.Int("count", 0, "how many to send; without it, -length decides")
	length := flags.Duration("length", 5*time.Second, "how long to send")
	rate := flags.Float64("rate", 0, "how many to send in a second, as long as answers come in time; as many as can be, without it")
	first := flags.Int("first", 0, "number of the first event, to make them differ from earlier ones")
	if err := flags.Parse(args); err != nil {
		return err
	}
	u, err := url.Parse(*target)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(u.Hostname()); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("send to %s: only loopback addresses are loaded", *target)
	}
	// Enough to be different from each other for a while, 64 MB at most.
	requests := make([][]byte, min(16_384, max(4, 64<<20 / *size)))
	for i := range requests {
		requests[i] = event(u.Host, u.EscapedPath(), *first+i, *size)
	}
	if *count == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, *length)
		defer cancel()
	}

	var next atomic.Int64
	var start time.Time
	take := func() ([]byte, time.Time) {
		n := next.Add(1)
		if ctx.Err() != nil || *count > 0 && n > int64(*count) {
			return nil, time.Time{}
		}
		due := time.Now()
		if *rate > 0 {
			due = start.Add(time.Duration(float64(n) / *rate * float64(time.Second)))
			time.Sleep(time.Until(due))
		}
		return requests[n%int64(len(requests))], due
	}
	senders := make([]sender, *connections)
	var group sync.WaitGroup
	start = time.Now()
	for i := range senders {
		senders[i].address = u.Host
		group.Go(func() { senders[i].run(take) })
	}
	group.Wait()
	return json.NewEncoder(os.Stdout).Encode(sum(senders, time.Since(start)))
}

func sum(senders []sender, took time.Duration) tally {
	t := tally{Took: took}
	var times []time.Duration
	for _, s := range senders {
		t.OK += s.ok
		t.Refused += s.refused
		t.Lost += s.lost
		times = append(times, s.times...)
		if t.Cause == "" && s.cause != nil {
			t.Cause = s.cause.Error()
		}
	}
	if len(times) > 0 {
		slices.Sort(times)
		t.P50, t.P99 = times[len(times)/2], times[len(times)*99/100]
	}
	return t
}

// sender owns one connection, and makes a new one when it breaks.
type sender struct {
	address           string
	ok, refused, lost int
	times             []time.Duration
	cause             error
}

// patience is how long an answer may take before it counts as lost.
const patience = 30 * time.Second

// run sends until there is nothing to take. How long an answer takes counts from when its
// request was due: one that waits for a connection is as late as one that waits for whk.
func (s *sender) run(take func() ([]byte, time.Time)) {
	var conn net.Conn
	var answers *bufio.Reader
	for broken := 0; broken < 100; {
		request, due := take()
		if request == nil {
			break
		}
		var err error
		if conn == nil {
			if conn, err = net.DialTimeout("tcp", s.address, patience); err == nil {
				answers = bufio.NewReader(conn)
			}
		}
		var status int
		var again bool
		if err == nil {
			status, again, err = exchange(conn, answers, request)
			s.times = append(s.times, time.Since(due))
		}
		switch {
		case err != nil:
			s.lost++
			s.cause = err
			broken++
		case status >= 200 && status < 300:
			s.ok++
		default:
			s.refused++
		}
		if (err != nil || !again) && conn != nil {
			_ = conn.Close()
			conn = nil
		}
	}
	if conn != nil {
		_ = conn.Close()
	}
}

// exchange sends one request and reads its answer, whose body it throws away. It
// reports whether the connection may be used again.
func exchange(conn net.Conn, answers *bufio.Reader, request []byte) (status int, again bool, err error) {
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return 0, false, err
	}
	if _, err := conn.Write(request); err != nil {
		return 0, false, err
	}
	line, err := answers.ReadSlice('\n')
	if err != nil {
		return 0, false, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return 0, false, fmt.Errorf("not a status line: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, false, fmt.Errorf("not a status line: %q", line)
	}
	length, again := 0, true
	for {
		line, err := answers.ReadSlice('\n')
		if err != nil {
			return 0, false, err
		}
		name, value, more := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(":"))
		if !more {
			break
		}
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, false, fmt.Errorf("not a length: %q", value)
			}
		case bytes.EqualFold(name, []byte("Connection")):
			again = !bytes.EqualFold(value, []byte("close"))
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			return 0, false, errors.New("the answer is chunked, which this client does not read")
		}
	}
	_, err = io.CopyN(io.Discard, answers, int64(length))
	return status, again, err
}
