package contract

import (
	"fmt"
	"net/http"

	"whk/verify"
	"whk/verify/display"
)

// Outcome is what an endpoint did with a request.
type Outcome string

// The outcomes.
const (
	Accepted    Outcome = "accepted"    // 2xx
	Rejected    Outcome = "rejected"    // 4xx
	Throttled   Outcome = "throttled"   // 429: it says come later, not no
	Crashed     Outcome = "crashed"     // 5xx
	Hung        Outcome = "hung"        // no complete answer in time
	Redirected  Outcome = "redirected"  // 3xx, which providers do not follow
	Refused     Outcome = "refused"     // no connection
	Reset       Outcome = "reset"       // the connection broke before the answer was complete
	Broken      Outcome = "broken"      // an answer that is no HTTP, or none could be asked for
	Interrupted Outcome = "interrupted" // whk itself stopped
)

// Outcomes lists them.
func Outcomes() []Outcome {
	return []Outcome{Accepted, Rejected, Throttled, Crashed, Hung, Redirected, Refused, Reset, Broken, Interrupted}
}

// OutcomeOf says what a result means.
func OutcomeOf(r verify.Result) Outcome {
	switch r.Outcome {
	case verify.Refused:
		return Refused
	case verify.TimedOut:
		return Hung
	case verify.Reset:
		return Reset
	case verify.Interrupted:
		return Interrupted
	case verify.Answered:
	default:
		return Broken
	}
	switch {
	case r.Status == http.StatusTooManyRequests:
		return Throttled
	case r.Status/100 == 2:
		return Accepted
	case r.Status/100 == 3:
		return Redirected
	case r.Status/100 == 4:
		return Rejected
	case r.Status/100 == 5:
		return Crashed
	}
	return Broken
}

// survived reports whether the endpoint went on as it should, whatever it answered.
func (o Outcome) survived() bool {
	switch o {
	case Accepted, Rejected, Throttled, Redirected:
		return true
	}
	return false
}

// plainRefusal reports whether a status says no for want of a valid signature. Others of
// the 4xx are tolerated: 404, 405, 413, 415 and 422 most of all.
func plainRefusal(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusUnauthorized || status == http.StatusForbidden
}

// Came says in a few words what came back.
func Came(r verify.Result) string {
	text := string(r.Outcome)
	if r.Outcome == verify.Answered {
		text = fmt.Sprint(r.Status)
		if name := http.StatusText(r.Status); name != "" {
			text += " " + name
		}
		if location := r.Header.Get("Location"); r.Status/100 == 3 && location != "" {
			text += " to " + display.Shorten(display.Line(location), 80, "...")
		}
	} else if r.Error != "" {
		text += ": " + display.Line(r.Error)
	}
	return text
}
