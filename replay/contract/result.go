package contract

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"whk/replay"
	"whk/verify"
)

// Result is what came of one check.
type Result struct {
	*Check
	Status Status
	// Severity is the check's own, or what the user made of it.
	Severity Severity
	// Says is the result in a sentence; empty when the findings say everything.
	Says string
	// Reason is why a check was skipped or has another severity than usual: the user's.
	Reason string
	// Findings are what was not as expected, and what is worth telling.
	Findings []Finding
	// Outcome is that of the first finding, or of the last request.
	Outcome  Outcome
	Requests int
	Took     time.Duration
}

// Finding is one exchange, or several, that deserves a word.
type Finding struct {
	// Severity is milder than the check's where less is certain.
	Severity Severity
	// Note is set when there is nothing to blame.
	Note bool
	// Says is what is wrong, in a sentence.
	Says string
	// Exchange is what was sent and what came back; nil when it is about many.
	Exchange *Exchange
}

// Exchange is one request of a check with its answer.
type Exchange struct {
	// Sent says in one line what was sent.
	Sent string
	// Delivery is the request; Raw holds its bytes where they are not what a Sender makes
	// of the delivery. A nil Delivery means that no request was made.
	Delivery *verify.Delivery
	Raw      []byte
	// Event and Variant name the sample; Sign is how whk send calls the way it was
	// signed, "" where it has no name for it.
	Event, Variant string
	Sign           replay.SignMode
	// Edited is set when the body is not the sample's own.
	Edited bool

	Result  verify.Result
	Outcome Outcome
}

// Came says in a few words what came back.
func (e *Exchange) Came() string {
	if e.Outcome == Reset && e.Result.Status == 0 && e.Result.Error == "" {
		return "the connection was closed without an answer"
	}
	return Came(e.Result)
}

// Report is what came of a run.
type Report struct {
	Provider string
	Target   string
	Mode     Mode
	// Seed makes the same run again: the same order and the same ids.
	Seed uint64
	// Secret is the name of what was signed with, Scheme the scheme in words.
	Secret, Scheme string
	Results        []Result
	Requests       int
	Began          time.Time
	Took           time.Duration
	// Open is set when a valid event was taken.
	Open bool
	// Unreachable says why nothing could be sent; Interrupted is set when the run was
	// stopped.
	Unreachable string
	Interrupted bool
	// Idempotency is what became of repeated deliveries, in words.
	Idempotency string
	// Latencies are how long the answers took, in the order in which they came.
	Latencies []time.Duration
}

// Verdict is how a run went.
type Verdict string

// The verdicts.
const (
	Held    Verdict = "passed"
	NotHeld Verdict = "failed"
	Unknown Verdict = "inconclusive"
	NoWay   Verdict = "unreachable"
	Stopped Verdict = "interrupted"
)

// Verdict judges the run; strict makes warnings count as errors.
func (r *Report) Verdict(strict bool) Verdict {
	failed := r.Failed(Error) > 0 || strict && r.Failed(Warning) > 0
	judged := slices.ContainsFunc(r.Results, func(c Result) bool {
		return c.Status == Passed || c.Status == Failed || c.Status == Noted && c.Requests > 0
	})
	switch {
	case r.Interrupted:
		return Stopped
	case r.Unreachable != "":
		return NoWay
	case failed:
		return NotHeld
	case !judged:
		return Unknown
	}
	return Held
}

// Count is how many checks have a status.
func (r *Report) Count(s Status) int {
	n := 0
	for _, c := range r.Results {
		if c.Status == s {
			n++
		}
	}
	return n
}

// Failed is how many checks failed with a severity.
func (r *Report) Failed(s Severity) int {
	n := 0
	for _, c := range r.Results {
		if c.Status == Failed && c.Severity == s {
			n++
		}
	}
	return n
}

// Summary is the run in one sentence.
func (r *Report) Summary(strict bool) string {
	errors, warnings := r.Failed(Error), r.Failed(Warning)
	switch r.Verdict(strict) {
	case Stopped:
		return fmt.Sprintf("interrupted after %s", plural(r.Requests, "request"))
	case NoWay:
		return "nothing could be sent: " + r.Unreachable
	case Unknown:
		return "nothing could be checked"
	case NotHeld:
		if !r.Open {
			return fmt.Sprintf("this endpoint would lose every event of %s: none that was valid is accepted", r.Provider)
		}
		return fmt.Sprintf("this endpoint would not survive %s: %s", r.Provider, said(errors, warnings))
	}
	if warnings > 0 {
		return fmt.Sprintf("this endpoint would survive %s, with %s", r.Provider, said(0, warnings))
	}
	return fmt.Sprintf("this endpoint would survive %s", r.Provider)
}

func said(errors, warnings int) string {
	var parts []string
	if errors > 0 {
		parts = append(parts, plural(errors, "error"))
	}
	if warnings > 0 {
		parts = append(parts, plural(warnings, "warning"))
	}
	return strings.Join(parts, " and ")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Sorted returns the results as a person wants them: failures first, the worst at the
// top, and else in the order of the catalogue.
func (r *Report) Sorted() []Result {
	all := slices.Clone(r.Results)
	rank := func(c Result) int {
		n := slices.Index(Statuses(), c.Status) * 10
		if c.Status == Failed {
			n += c.Severity.rank()
		}
		return n
	}
	slices.SortStableFunc(all, func(a, b Result) int { return rank(a) - rank(b) })
	return all
}
