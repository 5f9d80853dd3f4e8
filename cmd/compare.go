package cmd

import "whk/verify"

// comparer holds the answers of shadows against the first target's, whichever comes
// first. It remembers the newest events only.
type comparer struct {
	answers map[int64]*answers
	order   []int64
}

type answers struct {
	first   *verify.Result
	shadows []verify.Result
}

// compared events are so many at the most.
const comparedEvents = 1024

// add takes one result and returns the shadows that can be judged now, each with what
// is different about it, "" for nothing.
func (c *comparer) add(n int64, r verify.Result) []shadow {
	if c.answers == nil {
		c.answers = map[int64]*answers{}
	}
	a := c.answers[n]
	if a == nil {
		a = &answers{}
		c.answers[n] = a
		if c.order = append(c.order, n); len(c.order) > comparedEvents {
			delete(c.answers, c.order[0])
			c.order = c.order[1:]
		}
	}
	if r.Shadow {
		a.shadows = append(a.shadows, r)
	} else {
		a.first = &r
	}
	if a.first == nil {
		return nil
	}
	var judged []shadow
	for _, s := range a.shadows {
		judged = append(judged, shadow{s, a.first.Differs(s)})
	}
	a.shadows = nil
	return judged
}

// shadow is a shadow's answer and how it departs from the first target's.
type shadow struct {
	result  verify.Result
	differs string
}
