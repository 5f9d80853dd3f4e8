package explain

import (
	"context"
	"strings"
	"time"

	"whk/verify"
)

// Input is a delivery that failed its check, and everything that may tell why.
type Input struct {
	Delivery *verify.Delivery
	Scheme   *verify.Scheme
	// Provider is the name of the delivery's provider; its development secret and its
	// entry in Others go by it.
	Provider string
	// Secrets are those that the check was made with.
	Secrets []verify.Secret
	// Others are secrets that were not used, by the name of their provider. Those of
	// Provider itself may be among them.
	Others map[string][]verify.Secret
	// Base is the public address of the receiver, as in Scheme.Bind.
	Base string
	// Received is what time stamps are compared with; they are not judged when it is zero.
	Received time.Time
	// Budget bounds the search for pairs of changes: DefaultBudget when it is 0, none at
	// all when it is negative. Single changes are always tried, until the context ends.
	Budget time.Duration
}

// DefaultBudget is how long pairs of changes are tried.
const DefaultBudget = 400 * time.Millisecond

// Explanation is the smallest change that makes a signature match, or the account of a
// search that found none. It never holds a signature, a secret or a part of the body.
type Explanation struct {
	// Changes are what has to change, all of them, for the signature to match: none when
	// nothing was found, one wherever one is enough, else two. A time stamp that would be
	// refused then comes on top.
	Changes []Change `json:"changes"`
	// Meaning says in a sentence what that means in practice, or why nothing was found.
	Meaning string `json:"meaning"`
	// Advice says in a sentence what to do about it, and Fixes how, in code.
	Advice string `json:"advice,omitempty"`
	Fixes  []Fix  `json:"fixes,omitempty"`
	// Notes are what stood out and may be the reason where no change was found.
	Notes []string `json:"notes,omitempty"`
	// Tried is how many signatures were computed or read in another way, of which Pairs
	// came of two changes; Families counts the single changes that were tried.
	Tried    int      `json:"tried"`
	Pairs    int      `json:"pairs"`
	Families []Family `json:"families"`
	// Took is how long the search lasted.
	Took Milliseconds `json:"took_ms"`
	// CutShort is set when nothing was found and not everything had been tried.
	CutShort bool `json:"cut_short,omitempty"`
}

// Change is one thing that has to be different.
type Change struct {
	// Family is what is changed, Cause a name for what must have happened, fit for
	// programs.
	Family FamilyName `json:"family"`
	Cause  Cause      `json:"cause"`
	// What completes the sentence "the signature matches if".
	What string `json:"what"`
	// Detail adds what was measured, such as how many bytes a body is too long.
	Detail string `json:"detail,omitempty"`
}

// Family is a family of changes, and how many of them were tried.
type Family struct {
	Name  FamilyName `json:"name"`
	Tried int        `json:"tried"`
}

// Milliseconds is a duration that reads as a number of milliseconds in JSON.
type Milliseconds time.Duration

// MarshalJSON writes the milliseconds with three decimals.
func (m Milliseconds) MarshalJSON() ([]byte, error) {
	return appendMilliseconds(nil, time.Duration(m)), nil
}

// Found reports whether a change was found that makes the signature match.
func (e *Explanation) Found() bool { return len(e.Changes) > 0 }

// What completes the sentence "the signature matches if"; it is empty when nothing was
// found.
func (e *Explanation) What() string {
	parts := make([]string, len(e.Changes))
	for i, c := range e.Changes {
		parts[i] = c.What
	}
	return strings.Join(parts, ", and ")
}

// Explain looks for the smallest change that makes the delivery's signature match: all
// single changes, then pairs of them within the budget, each in the order of how often
// it is the cause. It accepts nothing: the delivery stays what it was judged to be.
func Explain(ctx context.Context, in Input) Explanation {
	began := time.Now()
	s := newSearch(in)
	found := s.run(ctx)
	e := Explanation{Changes: []Change{}, Notes: s.notes(found != nil), Tried: int(s.tried.Load()), Pairs: int(s.pairs.Load()),
		Families: s.families(), CutShort: found == nil && s.cutShort.Load()}
	switch {
	case found != nil:
		e.Changes = found.changes
		e.Meaning = found.meaning
		if len(e.Changes) > 0 {
			e.Advice, e.Fixes = AdviceFor(e.Changes[0].Cause, s.recipe), FixesFor(e.Changes[0].Cause, s.recipe)
		}
	default:
		e.Meaning = s.nothing(&e)
	}
	e.Took = Milliseconds(time.Since(began))
	return e
}
