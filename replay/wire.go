package replay

import (
	"bufio"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"time"

	"whk/verify"
)

const (
	// smallBody is what fits into a socket's buffer at once. A larger body is written
	// beside the reading, so that a target which answers early is heard.
	smallBody = 32 << 10
	// maxAnswerHead bounds the status line and the headers of an answer.
	maxAnswerHead = 1 << 20
)

var errLongHead = errors.New("the headers of the answer are larger than 1 MiB")

// wire is one HTTP/1.1 connection that is used by one delivery at a time. It is not
// net/http's client since that one takes two more goroutines for each connection and
// half of the speed, adds and drops headers, and sends some requests a second time by
// itself when a kept connection breaks.
type wire struct {
	net.Conn
	plain net.Conn // beneath TLS
	since time.Time

	in      *bufio.Reader
	allowed int64 // how much may still be read before the head has to be complete
	out     []byte
}

func newWire(conn, plain net.Conn) *wire {
	w := &wire{Conn: conn, plain: plain}
	w.in = bufio.NewReaderSize(headLimit{w}, 4<<10)
	return w
}

// headLimit reads from the connection as long as it is allowed.
type headLimit struct{ w *wire }

func (l headLimit) Read(p []byte) (int, error) {
	if l.w.allowed <= 0 {
		return 0, errLongHead
	}
	n, err := l.w.Conn.Read(p[:min(int64(len(p)), l.w.allowed)])
	l.w.allowed -= int64(n)
	return n, err
}

// exchange writes a delivery and reads the answer to it; again says whether the
// connection can take another.
func (w *wire) exchange(e *endpoint, d *verify.Delivery, limit int64, keep bool, r *verify.Result) (again bool, err error) {
	w.out = appendRequest(w.out[:0], e, d)
	if len(d.Body) <= smallBody {
		w.out = append(w.out, d.Body...)
		_, writeErr := w.Write(w.out)
		again, err = w.read(method(d), limit, keep, r)
		if writeErr != nil {
			// The target broke off. When it answered before, that answer counts.
			if err != nil {
				err = writeErr
			}
			again = false
		}
		return again, err
	}
	written := make(chan error, 1)
	go func() {
		_, err := w.Write(w.out)
		if err == nil {
			_, err = w.Write(d.Body)
		}
		written <- err
	}()
	again, err = w.read(method(d), limit, keep, r)
	select {
	case writeErr := <-written:
		return again && writeErr == nil, err
	default:
		w.Close() // ends the writing
		<-written
		return false, err
	}
}

// read takes the answer, past those that only say that another is coming.
func (w *wire) read(verb string, limit int64, keep bool, r *verify.Result) (again bool, err error) {
	request := http.Request{Method: verb} // tells ReadResponse whether a body follows
	var resp *http.Response
	w.allowed = maxAnswerHead
	for {
		if resp, err = http.ReadResponse(w.in, &request); err != nil {
			return false, err
		}
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			break
		}
	}
	w.allowed = math.MaxInt64
	r.Status, r.Header = resp.StatusCode, resp.Header
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return false, nil // what follows is no longer HTTP, and has no end
	}
	if resp.ContentLength != 0 {
		if keep {
			r.Body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
			if int64(len(r.Body)) > limit {
				r.Body, r.Truncated = r.Body[:limit:limit], true
			}
		} else {
			var n int64
			n, err = io.Copy(io.Discard, io.LimitReader(resp.Body, limit+1))
			r.Truncated = n > limit
		}
	}
	// What lies beyond the limit stays unread, and the connection ends with it.
	return err == nil && !r.Truncated && !resp.Close && w.in.Buffered() == 0, err
}
