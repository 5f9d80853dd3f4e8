package verify

import (
	"bytes"
	"fmt"
	"net/http"
	"time"
)

// Outcome names how an attempt to deliver ended.
type Outcome string

// The outcomes of an attempt.
const (
	// Answered means that a complete answer came, whatever its status.
	Answered Outcome = "answered"
	// Refused means that no connection could be made, so nothing was sent.
	Refused Outcome = "refused"
	// TimedOut means that no complete answer came in time.
	TimedOut Outcome = "timed out"
	// Reset means that the target closed or broke the connection before its answer
	// was complete.
	Reset Outcome = "reset"
	// Failed is every other failure, such as a name that does not resolve or a
	// certificate that is not trusted.
	Failed Outcome = "failed"
	// Interrupted means that whk itself stopped before an answer came.
	Interrupted Outcome = "interrupted"
)

// Result is what a target answered to one Delivery.
type Result struct {
	// Target is the URL that was called.
	Target string
	// At is when the attempt started; Took is the time until the answer was complete.
	At   time.Time
	Took time.Duration
	// Outcome says how it ended; Error is the cause in words when it is not Answered.
	Outcome Outcome
	Error   string
	// Status, Header and Body are the answer's. Body holds at most the sender's limit;
	// Truncated is set when the answer was longer.
	Status    int
	Header    http.Header
	Body      []byte
	Truncated bool
	// Replay is set when the attempt was made by hand and not by forwarding, Shadow
	// when the target was a shadow, whose answer nobody waits for.
	Replay, Shadow bool
	// Resigned is set when what was sent had been signed anew, Edited when its body had
	// been changed before that.
	Resigned, Edited bool
}

// Differs says how another target's answer to the same delivery departs from r, ""
// when it does not. Headers are left out: dates and request ids always differ.
func (r Result) Differs(other Result) string {
	switch {
	case r.Outcome != other.Outcome:
		return fmt.Sprintf("%s, the first target %s", other.said(), r.said())
	case r.Status != other.Status:
		return fmt.Sprintf("answered %d, the first target %d", other.Status, r.Status)
	case !bytes.Equal(r.Body, other.Body) || r.Truncated != other.Truncated:
		return fmt.Sprintf("another body: %d bytes, the first target %d", len(other.Body), len(r.Body))
	}
	return ""
}

func (r Result) said() string {
	if r.Outcome == Answered {
		return fmt.Sprintf("answered %d", r.Status)
	}
	return string(r.Outcome)
}

// OK reports whether the target answered with a 2xx status.
func (r Result) OK() bool { return r.Outcome == Answered && r.Status >= 200 && r.Status < 300 }
