package cmd

import (
	"fmt"
	"strconv"
	"strings"

	"whk/verify"
)

// expectation is the value of --expect: which statuses are as they should be. The zero
// value takes every 2xx.
type expectation struct {
	text  string
	any   bool
	parts []statusRange
}

type statusRange struct{ from, to int }

// Set reads a status, a class such as 2xx, a list of both, or any.
func (e *expectation) Set(text string) error {
	parsed := expectation{text: text, any: strings.EqualFold(strings.TrimSpace(text), "any")}
	for part := range strings.SplitSeq(text, ",") {
		part = strings.ToLower(strings.TrimSpace(part))
		if parsed.any {
			break
		}
		if class, ok := strings.CutSuffix(part, "xx"); ok && len(class) == 1 && class[0] >= '1' && class[0] <= '5' {
			from := int(class[0]-'0') * 100
			parsed.parts = append(parsed.parts, statusRange{from, from + 99})
			continue
		}
		status, err := strconv.Atoi(part)
		if err != nil || status < 100 || status > 599 || len(part) != 3 {
			return fmt.Errorf("%q: expected a status (200), a class (2xx), a list of both (200,4xx), or any", part)
		}
		parsed.parts = append(parsed.parts, statusRange{status, status})
	}
	*e = parsed
	return nil
}

// String is what was asked for, in the words of the flag.
func (e *expectation) String() string {
	if e.text == "" {
		return "2xx"
	}
	return e.text
}

// Type is the word that help shows for the value.
func (e *expectation) Type() string { return "STATUS" }

// status reports whether a status is as expected.
func (e *expectation) status(status int) bool {
	switch {
	case e.any:
		return true
	case e.parts == nil:
		return status >= 200 && status <= 299
	}
	for _, p := range e.parts {
		if status >= p.from && status <= p.to {
			return true
		}
	}
	return false
}

// met reports whether an attempt was answered as expected.
func (e *expectation) met(r verify.Result) bool {
	return r.Outcome == verify.Answered && e.status(r.Status)
}
