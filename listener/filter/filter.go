package filter

import (
	"cmp"
	"slices"
	"strings"

	"whk/listener"
	"whk/verify"
	"whk/verify/provider"
)

// Filter is a parsed filter. It never changes and serves many goroutines.
type Filter struct {
	terms  []term // as they were written
	sorted []term // the cheapest first
	needs  Needs
	can    Narrowing
}

// term is a test with its spelling.
type term struct {
	not    bool
	key    string // "" for a bare word
	values []string
	test   test
}

// test is what a term asks of an event.
type test interface {
	needs() Needs
	match(x *Subject) bool
}

// Subject is one event and the ways to what belongs to it. A function is called only
// when a term needs it, at most once for each such term, and may be nil when Needs says
// that none does.
type Subject struct {
	// Event is complete, but for the body when Needs says that no term needs it.
	Event *listener.Event
	// Results are the attempts to deliver the event, the oldest first.
	Results func() []verify.Result
	// Facts are what the delivery says.
	Facts func() provider.Facts
	// Marked tells whether the event carries a mark that the event itself does not show.
	Marked func(Mark) bool
}

// Mark is what somebody who has watched the stream of events knows about one of them.
type Mark string

// The marks that a Subject is asked for.
const (
	// Duplicate means that an earlier event had the same content.
	Duplicate Mark = "duplicate"
	// Reordered means that the event arrived after one that happened later.
	Reordered Mark = "reordered"
)

// Needs says what the terms of a filter look at, beyond the head of the event.
type Needs struct {
	Body    bool // Event.Delivery.Body; set for Facts too, which are read from it
	Results bool // Subject.Results
	Facts   bool // Subject.Facts
	Marks   bool // Subject.Marked
}

// weight orders tests by what they make a caller fetch.
func (n Needs) weight() int {
	switch {
	case n.Facts:
		return 4
	case n.Results:
		return 3
	case n.Marks:
		return 2
	case n.Body:
		return 1
	}
	return 0
}

// newFilter prepares terms for matching.
func newFilter(terms []term) *Filter {
	f := &Filter{terms: terms, sorted: slices.Clone(terms)}
	slices.SortStableFunc(f.sorted, func(a, b term) int {
		return cmp.Compare(a.test.needs().weight(), b.test.needs().weight())
	})
	for _, t := range terms {
		n := t.test.needs()
		f.needs.Body = f.needs.Body || n.Body
		f.needs.Results = f.needs.Results || n.Results
		f.needs.Facts = f.needs.Facts || n.Facts
		f.needs.Marks = f.needs.Marks || n.Marks
		f.can.add(t.test)
	}
	return f
}

// Needs says what Match will ask for.
func (f *Filter) Needs() Needs { return f.needs }

// Empty reports whether the filter has no terms, and so lets everything pass.
func (f *Filter) Empty() bool { return len(f.terms) == 0 }

// Match reports whether an event fits every term.
func (f *Filter) Match(x Subject) bool {
	for i := range f.sorted {
		if t := &f.sorted[i]; t.test.match(&x) == t.not {
			return false
		}
	}
	return true
}

// String spells the filter in one way; Parse reads it back as an equal filter, when it
// is given the same time.
func (f *Filter) String() string {
	var b strings.Builder
	for i := range f.terms {
		if i > 0 {
			b.WriteByte(' ')
		}
		f.terms[i].spell(&b)
	}
	return b.String()
}
