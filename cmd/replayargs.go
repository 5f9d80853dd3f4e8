package cmd

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"whk/verify"
)

// speed is the value of --speed: what the gaps between events are divided by, 0 for no
// gaps at all.
type speed float64

// Set reads original, max, or a number of times such as 2x.
func (s *speed) Set(text string) error {
	switch text = strings.ToLower(strings.TrimSpace(text)); text {
	case "max":
		*s = 0
		return nil
	case "original":
		*s = 1
		return nil
	}
	number, ok := strings.CutSuffix(text, "x")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !ok || !(n > 0) || math.IsInf(n, 0) {
		return fmt.Errorf("%q: expected original, a number of times (2x, 0.5x) or max", text)
	}
	*s = speed(n)
	return nil
}

func (s *speed) String() string {
	switch *s {
	case 0:
		return "max"
	case 1:
		return "original"
	}
	return strconv.FormatFloat(float64(*s), 'g', -1, 64) + "x"
}

// Type is the word that help shows for the value.
func (s *speed) Type() string { return "SPEED" }

// replayExpectation is the value of --expect for what was answered before: statuses, or
// how an answer compares with the one to the last attempt.
type replayExpectation struct {
	expectation
	versus string // versusFixed, versusSame, or ""
}

const (
	versusFixed = "fixed"
	versusSame  = "same"
)

// Set reads what expectation reads, fixed or same.
func (e *replayExpectation) Set(text string) error {
	switch word := strings.ToLower(strings.TrimSpace(text)); word {
	case versusFixed, versusSame:
		*e = replayExpectation{expectation: expectation{text: word}, versus: word}
		return nil
	}
	var statuses expectation
	if err := statuses.Set(text); err != nil {
		return fmt.Errorf("%w, fixed or same", err)
	}
	*e = replayExpectation{expectation: statuses}
	return nil
}

// passes reports whether an answer is a good one by itself. Where nothing is said about
// statuses, that is a 2xx.
func (e *replayExpectation) passes(r verify.Result) bool {
	if e.versus != "" || e.any {
		return r.OK()
	}
	return e.expectation.met(r)
}

// change compares an attempt with the one before, if there was one.
func (e *replayExpectation) change(before *verify.Result, now verify.Result) verify.Change {
	return now.SinceBy(before, e.passes)
}

// met reports whether an attempt is as expected.
func (e *replayExpectation) met(before *verify.Result, now verify.Result) bool {
	if now.Outcome != verify.Answered {
		return false
	}
	switch e.versus {
	case versusFixed:
		c := e.change(before, now)
		return c != verify.StillFailing && c != verify.Regressed
	case versusSame:
		return before != nil && before.Outcome == verify.Answered && before.Status == now.Status
	}
	return e.expectation.met(now)
}

// notSent stands in the place of a change where there was no attempt.
const notSent verify.Change = "not sent"

// replayChanges lists what can become of an event, in the order of summaries.
func replayChanges() []verify.Change {
	return []verify.Change{verify.Fixed, verify.StillPassing, verify.FirstPassed, verify.StillFailing, verify.Regressed, verify.FirstFailed, notSent}
}

// onlyEvents reports whether an argument can name events and nothing else: no target
// looks like this.
func onlyEvents(arg string) bool {
	one := regexp.MustCompile(`(?i)^(-|last(:.*)?|[0-9]*\.\.([0-9]*|last)|[0-9a-f]{8}-[0-9a-f-]*|0[0-9a-f]{7,31})$`)
	return strings.Contains(arg, ",") || one.MatchString(arg)
}

// splitTarget takes the target off the arguments: it is the last of several. Chosen says
// that flags pick the events, so that an argument alone can be the target.
func splitTarget(args []string, chosen bool) (refs []string, to string, err error) {
	if len(args) == 0 || len(args) == 1 && !chosen || onlyEvents(args[len(args)-1]) {
		return args, "", nil
	}
	refs, to = args[:len(args)-1], args[len(args)-1]
	if _, err := strconv.ParseUint(to, 10, 64); err == nil && len(refs) > 1 {
		return nil, "", hint(usagef("replay: is %s the last event or a port?", to), "as in whk replay 4,5,6 for events, or whk replay 4,5 --to 3000 for a port")
	}
	return refs, to, nil
}

// maxReference bounds a line of standard input: an event with the largest body, escaped.
const maxReference = 256 << 20

// references reads lines that name events: JSON objects as whk events list --json prints
// them, of which n and id count, or numbers and ids by themselves. Objects of other
// types are passed over.
func references(r io.Reader) ([]string, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	var refs []string
	for number := 1; ; number++ {
		line, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fail(codeUsage, fmt.Errorf("replay: standard input, line %d: %w", number, err))
		}
		done := err != nil
		ref, err := referenceIn(bytes.TrimSpace(line))
		if err != nil {
			return nil, fail(codeUsage, fmt.Errorf("replay: standard input, line %d: %w", number, err))
		}
		if ref != "" {
			refs = append(refs, ref)
		}
		if done {
			return refs, nil
		}
	}
}

func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
		if len(line) > maxReference {
			return nil, fmt.Errorf("it is longer than %d MiB", maxReference>>20)
		}
	}
}

// referenceIn is the event that a line names, "" for none.
func referenceIn(line []byte) (string, error) {
	if len(line) == 0 {
		return "", nil
	}
	if line[0] != '{' {
		ref := strings.Trim(string(line), `"`)
		if n := len(ref); n > 64 || strings.EqualFold(ref, "-") {
			return "", fmt.Errorf("expected an event as whk events list --json prints it, a number or an id")
		}
		return ref, nil
	}
	var e struct {
		Type string
		N    int64
		ID   string
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return "", fmt.Errorf("no JSON of an event: %w", err)
	}
	switch {
	case e.Type != "" && e.Type != "event":
		return "", nil
	case e.ID != "":
		return e.ID, nil
	case e.N > 0:
		return strconv.FormatInt(e.N, 10), nil
	}
	return "", errors.New("an event without n and id; whk events list --json prints both")
}
