package filter

import (
	"math"
	"time"

	"whk/verify"
)

// Row is what a log knows of an event without reading all of it.
type Row struct {
	N        int64
	Provider string
	// Name is the event's name without its provider.
	Name string
	At   time.Time
	// Verdict is empty when it is not known.
	Verdict verify.Status
	// Size is the length of the body in bytes.
	Size int64
}

// Narrowing says which of the questions about a part of an event can rule it out. A
// log need not ask the others.
type Narrowing struct {
	Names bool // MatchName
	Rows  bool // MatchRow, by more than the name
	Body  bool // MatchBody
	// BodyName is set when MatchBody looks at the name too.
	BodyName bool
}

func (n *Narrowing) add(t test) {
	switch t.(type) {
	case *nameTest:
		n.Names = true
	case rowTest:
		n.Rows = true
	case *wordTest:
		n.Body, n.BodyName = true, true
	case bodyTest:
		n.Body = true
	}
}

// Narrowing says how a log can narrow a search for what fits the filter.
func (f *Filter) Narrowing() Narrowing { return f.can }

// answer is what a part of an event says about a test.
type answer int

const (
	maybe answer = iota
	no
	yes
)

func answerOf(ok bool) answer {
	if ok {
		return yes
	}
	return no
}

// rowTest is a test that a Row can answer.
type rowTest interface{ row(r *Row) answer }

// bodyTest is a test that a Row and a body answer.
type bodyTest interface {
	body(r *Row, body []byte) bool
}

// rules out an event when the answer is certain and not the one the term wants.
func (t *term) rulesOut(a answer) bool { return a == no && !t.not || a == yes && t.not }

// MatchName reports whether an event of a name can fit.
func (f *Filter) MatchName(provider, name string) bool {
	r := Row{Provider: provider, Name: name}
	for i := range f.sorted {
		t := &f.sorted[i]
		if named, ok := t.test.(*nameTest); ok && t.rulesOut(named.row(&r)) {
			return false
		}
	}
	return true
}

// MatchRow reports whether an event that has these columns can fit.
func (f *Filter) MatchRow(r *Row) bool {
	for i := range f.sorted {
		t := &f.sorted[i]
		if rows, ok := t.test.(rowTest); ok && t.rulesOut(rows.row(r)) {
			return false
		}
	}
	return true
}

// MatchBody reports whether an event with this name and this whole body can fit.
func (f *Filter) MatchBody(r *Row, body []byte) bool {
	for i := range f.sorted {
		t := &f.sorted[i]
		if bodies, ok := t.test.(bodyTest); ok && bodies.body(r, body) == t.not {
			return false
		}
	}
	return true
}

// Numbers are the lowest and the highest number of an event that can fit.
func (f *Filter) Numbers() (first, last int64) {
	first, last = 1, math.MaxInt64
	for i := range f.terms {
		t, ok := f.terms[i].test.(*numberTest)
		if !ok || t.of != numberOfEvent || f.terms[i].not {
			continue
		}
		low, high := int64(math.MaxInt64), int64(0)
		for _, r := range t.ranges {
			low, high = min(low, r.first), max(high, r.last)
		}
		first, last = max(first, low), min(last, high)
	}
	return first, last
}

// Times are the earliest and the latest time of an event that can fit. Zero means no
// bound.
func (f *Filter) Times() (since, until time.Time) {
	for i := range f.terms {
		t, ok := f.terms[i].test.(*timeTest)
		if !ok {
			continue
		}
		switch {
		case t.until == f.terms[i].not: // not before, or not until and so after
			if since.IsZero() || t.at.After(since) {
				since = t.at
			}
		case until.IsZero() || t.at.Before(until):
			until = t.at
		}
	}
	return since, until
}
