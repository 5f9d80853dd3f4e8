package contract

import (
	"crypto/sha256"
	"slices"
	"strings"

	"whk/verify"
)

// answer is one answer, for the checks that judge all of them.
type answer struct {
	check  string
	spec   *Specimen
	shot   *Shot
	result verify.Result
}

// maxAnswers bounds what is kept for the checks that look back.
const maxAnswers = 5000

func (r *run) observe(x *Exam, s *Shot, result verify.Result) {
	if result.Outcome != verify.Answered {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.answers) < maxAnswers {
		kept := result
		kept.Body = kept.Body[:min(len(kept.Body), 16<<10)]
		r.answers = append(r.answers, answer{check: x.check.ID, spec: s.spec, shot: s, result: kept})
	}
}

// seenAnswers is a copy of all answers so far.
func (r *run) seenAnswers() []answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.answers)
}

// errorWords are what an answer says that means no and has a status that means yes.
func errorWords() []string {
	return []string{"invalid", "unauthor", "forbidden", "denied", "signature", "not valid", "mismatch", "\"error\"", "error:", "bad request", "rejected"}
}

// refusedInWords reports whether a 2xx answer says no in its text, in words that the
// answer to a valid event does not have, and remembers it.
func (r *run) refusedInWords(s *Shot, result verify.Result) bool {
	text := strings.ToLower(string(result.Body[:min(len(result.Body), 4<<10)]))
	usual := ""
	if mild := r.mild.Load(); mild != nil {
		usual = *mild
	}
	for _, word := range errorWords() {
		if strings.Contains(text, word) && !strings.Contains(usual, word) {
			return true
		}
	}
	return false
}

// fresh reports whether no delivery with this content was made before.
func (r *run) fresh(d *verify.Delivery) bool {
	sum := sha256.Sum256(append([]byte(d.Method+" "+d.URL+"\n"), d.Body...))
	_, known := r.made.LoadOrStore(sum, true)
	return !known
}
