package filter

import (
	"slices"
	"strings"

	"whk/verify"
)

// verdictTest is sig:.
type verdictTest struct{ any []verify.Verdict }

// verdictWord names a status, or a reason with the status that has it.
type verdictWord struct {
	word   string
	status verify.Status
	reason verify.Reason
}

func verdicts() []verdictWord {
	return []verdictWord{
		{"valid", verify.Valid, ""},
		{"invalid", verify.Invalid, ""},
		{"missing", verify.Missing, ""},
		{"unsigned", verify.Unsigned, ""},
		{"unchecked", verify.Unchecked, ""},
		{"wrong", verify.Invalid, verify.WrongValue},
		{"malformed", verify.Invalid, verify.Malformed},
		{"downgrade", verify.Invalid, verify.Downgrade},
		{"unsupported", verify.Invalid, verify.UnsupportedAlgorithm},
		{"stale", verify.Invalid, verify.Stale},
		{"future", verify.Invalid, verify.Future},
		{"no-secret", verify.Unchecked, verify.NoSecret},
		{"no-provider", verify.Unchecked, verify.NoProvider},
		{"incomplete", verify.Unchecked, verify.Incomplete},
	}
}

func verdictWords() []string { return wordsOf(func(w verdictWord) bool { return w.reason == "" }) }
func reasonWords() []string  { return wordsOf(func(w verdictWord) bool { return w.reason != "" }) }

func wordsOf(pick func(verdictWord) bool) []string {
	var words []string
	for _, w := range verdicts() {
		if pick(w) {
			words = append(words, w.word)
		}
	}
	return words
}

func parseVerdicts(p *parser, values []value) (test, error) {
	t := &verdictTest{}
	for _, v := range values {
		i := slices.IndexFunc(verdicts(), func(w verdictWord) bool { return strings.EqualFold(w.word, v.text) })
		if i < 0 {
			return nil, p.unknownWord(v, "sig", append(verdictWords(), reasonWords()...))
		}
		w := verdicts()[i]
		t.any = append(t.any, verify.Verdict{Status: w.status, Reason: w.reason})
	}
	return t, nil
}

func (t *verdictTest) needs() Needs { return Needs{} }

func (t *verdictTest) match(x *Subject) bool {
	v := &x.Event.Verdict
	return slices.ContainsFunc(t.any, func(want verify.Verdict) bool {
		return v.Status == want.Status && (want.Reason == "" || v.Reason == want.Reason)
	})
}

func (t *verdictTest) row(r *Row) answer {
	if r.Verdict == "" {
		return maybe
	}
	a := no
	for _, want := range t.any {
		switch {
		case want.Status != r.Verdict:
		case want.Reason == "":
			return yes
		default:
			a = maybe
		}
	}
	return a
}

// answerTest is app:.
type answerTest struct {
	statuses []span
	outcomes []verify.Outcome
	none     bool // there is no answer yet
}

type outcomeWord struct {
	word    string
	outcome verify.Outcome // "" for none
}

func outcomes() []outcomeWord {
	return []outcomeWord{
		{"refused", verify.Refused}, {"timeout", verify.TimedOut}, {"reset", verify.Reset},
		{"failed", verify.Failed}, {"interrupted", verify.Interrupted}, {"none", ""},
	}
}

func outcomeWords() []string {
	var words []string
	for _, w := range outcomes() {
		words = append(words, w.word)
	}
	return words
}

func parseAnswers(p *parser, values []value) (test, error) {
	t := &answerTest{}
	for _, v := range values {
		if s, ok := statuses(v.text); ok {
			t.statuses = append(t.statuses, s)
			continue
		}
		i := slices.IndexFunc(outcomes(), func(w outcomeWord) bool { return strings.EqualFold(w.word, v.text) })
		switch {
		case i < 0:
			return nil, p.unknownWord(v, "app", append([]string{"2xx", "3xx", "4xx", "5xx", "a code from 100 to 599"}, outcomeWords()...))
		case outcomes()[i].outcome == "":
			t.none = true
		default:
			t.outcomes = append(t.outcomes, outcomes()[i].outcome)
		}
	}
	return t, nil
}

// statuses reads "5xx" or "404".
func statuses(s string) (span, bool) {
	if len(s) != 3 || s[0] < '1' || s[0] > '5' {
		return span{}, false
	}
	if strings.EqualFold(s[1:], "xx") {
		first := int64(s[0]-'0') * 100
		return span{first, first + 99}, true
	}
	n, ok := wholeNumber(s)
	return span{n, n}, ok
}

func (t *answerTest) needs() Needs { return Needs{Results: true} }

func (t *answerTest) match(x *Subject) bool {
	for _, last := range slices.Backward(x.Results()) {
		switch {
		case last.Shadow: // it answers nobody
			continue
		case last.Outcome == verify.Answered:
			return t.holds(last.Status)
		}
		return slices.Contains(t.outcomes, last.Outcome)
	}
	if x.Event.Status == 0 {
		return t.none
	}
	return t.holds(x.Event.Status)
}

func (t *answerTest) holds(status int) bool {
	return slices.ContainsFunc(t.statuses, func(s span) bool { return s.holds(int64(status)) })
}

// markTest is is:.
type markTest struct{ marks []string }

// The marks that an event and its results show by themselves.
const (
	markReplayed  = "replayed"
	markForwarded = "forwarded"
	markCut       = "cut"
	markDev       = "dev"
)

func markWords() []string {
	return []string{markReplayed, markForwarded, markCut, markDev, string(Duplicate), string(Reordered)}
}

func parseMarks(p *parser, values []value) (test, error) {
	t := &markTest{}
	for _, v := range values {
		mark := strings.ToLower(v.text)
		if !slices.Contains(markWords(), mark) {
			return nil, p.unknownWord(v, "is", markWords())
		}
		t.marks = append(t.marks, mark)
	}
	return t, nil
}

func (t *markTest) needs() Needs {
	var n Needs
	for _, mark := range t.marks {
		switch mark {
		case markReplayed, markForwarded:
			n.Results = true
		case string(Duplicate), string(Reordered):
			n.Marks = true
		}
	}
	return n
}

func (t *markTest) match(x *Subject) bool {
	return slices.ContainsFunc(t.marks, func(mark string) bool {
		switch mark {
		case markCut:
			return x.Event.Cut != ""
		case markDev:
			return x.Event.Verdict.Development
		case markReplayed, markForwarded:
			return slices.ContainsFunc(x.Results(), func(r verify.Result) bool { return r.Replay == (mark == markReplayed) })
		}
		return x.Marked(Mark(mark))
	})
}
