package verify

import "slices"

// Change says how an attempt compares with the one before it.
type Change string

// The changes. The last two are those of a first attempt.
const (
	Fixed        Change = "fixed"
	StillFailing Change = "still failing"
	Regressed    Change = "regressed"
	StillPassing Change = "still passing"
	FirstPassed  Change = "passed"
	FirstFailed  Change = "failed"
)

// Good reports whether it is what one hopes for.
func (c Change) Good() bool { return c == Fixed || c == StillPassing || c == FirstPassed }

// Since compares r with the attempt before, nil for none: a 2xx passes.
func (r Result) Since(before *Result) Change { return r.SinceBy(before, Result.OK) }

// SinceBy is Since with another opinion of what passes.
func (r Result) SinceBy(before *Result, passes func(Result) bool) Change {
	is := passes(r)
	switch {
	case before == nil && is:
		return FirstPassed
	case before == nil:
		return FirstFailed
	case is && passes(*before):
		return StillPassing
	case is:
		return Fixed
	case passes(*before):
		return Regressed
	}
	return StillFailing
}

// LastAttempt is the attempt that a new one is compared with, nil for none: the answer of
// a shadow, and an attempt that whk gave up itself, say nothing about the app.
func LastAttempt(attempts []Result) *Result {
	for i := range slices.Backward(attempts) {
		if r := &attempts[i]; !r.Shadow && r.Outcome != Interrupted {
			return r
		}
	}
	return nil
}
