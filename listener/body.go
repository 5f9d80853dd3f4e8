package listener

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"
)

// incomplete says why a body could not be read to its end.
type incomplete struct {
	status int    // what to answer, if the client still listens
	reason string // for Event.Cut
}

var errBudget = errors.New("too many bodies at one time")

// bodyReader reads one body within bounds of size, time and memory.
type bodyReader struct {
	request  *http.Request
	control  *http.ResponseController
	limit    int64
	stall    time.Duration
	overall  time.Duration
	budget   *semaphore.Weighted
	reserved int64
}

// firstRead is how much is reserved for a body whose length is unknown, or promised
// to be larger than this: a promise alone reserves nothing.
const firstRead = 64 << 10

// read returns the body, or what came of it and why that is not all. It answers
// errBudget when the bodies of other requests have used up the memory.
func (b *bodyReader) read() ([]byte, *incomplete, error) {
	promised := b.request.ContentLength
	if promised == 0 || b.request.Body == nil || b.request.Body == http.NoBody {
		return nil, nil, nil
	}
	if promised > b.limit {
		return nil, b.tooLarge(fmt.Sprintf("%d bytes were announced", promised)), nil
	}
	size := int64(firstRead)
	if promised > 0 && promised < size {
		size = promised
	}
	if !b.reserve(size) {
		return nil, nil, errBudget
	}
	buf := make([]byte, 0, size)
	end := time.Now().Add(b.overall)
	defer func() { _ = b.control.SetReadDeadline(time.Time{}) }()
	for {
		if int64(len(buf)) == promised {
			return buf, nil, nil
		}
		if len(buf) == cap(buf) {
			grown, err := b.grow(buf, promised)
			if err != nil {
				return nil, nil, err
			}
			buf = grown
		}
		_ = b.control.SetReadDeadline(earlier(time.Now().Add(b.stall), end))
		n, err := b.request.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > b.limit:
			return buf[:b.limit], b.tooLarge("more came"), nil
		case errors.Is(err, io.EOF):
			return buf, nil, nil
		case err != nil:
			return buf, b.broken(err, len(buf), promised), nil
		}
	}
}

// grow doubles the buffer, up to one byte past the limit so that an overlong body
// shows itself.
func (b *bodyReader) grow(buf []byte, promised int64) ([]byte, error) {
	size := min(2*int64(cap(buf)), b.limit+1)
	if promised > 0 {
		size = min(size, promised)
	}
	if !b.reserve(size - int64(cap(buf))) {
		return nil, errBudget
	}
	grown := make([]byte, len(buf), size)
	copy(grown, buf)
	return grown, nil
}

func (b *bodyReader) reserve(n int64) bool {
	if !b.budget.TryAcquire(n) {
		return false
	}
	b.reserved += n
	return true
}

// release gives back what was reserved, once the body is not needed any more.
func (b *bodyReader) release() { b.budget.Release(b.reserved) }

func (b *bodyReader) tooLarge(what string) *incomplete {
	return &incomplete{http.StatusRequestEntityTooLarge, fmt.Sprintf("body over the cap of %d bytes (--max-body): %s", b.limit, what)}
}

func (b *bodyReader) broken(err error, got int, promised int64) *incomplete {
	of := ""
	if promised > 0 {
		of = fmt.Sprintf(" of %d", promised)
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return &incomplete{http.StatusRequestTimeout, fmt.Sprintf("the sender stalled after %d%s bytes", got, of)}
	}
	return &incomplete{http.StatusBadRequest, fmt.Sprintf("the sender left after %d%s bytes", got, of)}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
