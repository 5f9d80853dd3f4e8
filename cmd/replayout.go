package cmd

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"whk/listener"
	"whk/replay"
	"whk/verify"
	"whk/verify/display"
)

// replayedJSON is an attempt with what it changed as output, type "attempt".
type replayedJSON struct {
	attemptJSON
	// Secret is the name of what it was signed with anew, absent when it was not.
	Secret string `json:"secret,omitempty"`
	// Verdict is absent when whk itself was interrupted.
	Verdict verify.Change `json:"verdict,omitempty"`
}

// replaySummaryJSON is how a replay went, type "summary".
type replaySummaryJSON struct {
	summaryJSON
	NotSent  int                   `json:"not_sent"`
	Verdicts map[verify.Change]int `json:"verdicts"`
}

// replayOutput prints what becomes of the events. Several senders use it at once.
type replayOutput struct {
	*replaying
	json   *jsonOutput
	redact *replay.Redactor
	bar    *progress

	mu       sync.Mutex // of standard output and of the bar's line
	verdicts map[verify.Change]int
	expected int
	result   verify.Result // the last one, and
	before   *verify.Result
}

func (r *replaying) newOutput() (*replayOutput, error) {
	secrets := r.knownSecrets()
	for _, resigner := range r.resigners {
		if secret := resigner.Secret(); secret.Name != "" && !secret.Development {
			secrets = append(secrets, secret) // it may be known from the command line alone
		}
	}
	o := &replayOutput{replaying: r, redact: r.redactor(secrets), verdicts: map[verify.Change]int{}}
	if !r.isJSON() {
		return o, nil
	}
	var err error
	o.json, err = r.newJSON()
	return o, err
}

// many reports whether the events are told in a line each, and summed up.
func (o *replayOutput) many() bool { return len(o.plan.events) > 1 }

// lineWriter writes to standard error between the lines of standard output.
type lineWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l lineWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// begin draws a bar when there is something to wait for.
func (o *replayOutput) begin(count int) {
	if !o.many() {
		return
	}
	drawn := *o.app
	drawn.Err = lineWriter{&o.mu, o.Err}
	o.bar = drawn.newProgress("events", count, 0)
}

// end erases the bar.
func (o *replayOutput) end() {
	if o.bar != nil {
		o.bar.stop()
	}
}

// count keeps the score.
func (o *replayOutput) count(v verify.Change, expected bool) {
	o.verdicts[v]++
	if expected {
		o.expected++
	}
	if o.bar != nil {
		o.bar.add(1)
	}
}

// write prints a line where the bar may stand.
func (o *replayOutput) write(line string) error {
	if term, _ := o.Env("TERM"); o.bar != nil && o.ErrTTY && o.OutTTY && term != "dumb" {
		fmt.Fprint(o.Err, "\r\x1b[K")
	}
	_, err := fmt.Fprintln(o.Out, line)
	return err
}

// refused tells of an event that could not be sent; e is nil when it could not be read.
// When it is the only one, that is an error.
func (o *replayOutput) refused(n int64, e *listener.Event, why error) error {
	if !o.many() {
		return fail(codeUsage, fmt.Errorf("replay event #%d: %w", n, why))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.count(notSent, false)
	if o.json != nil {
		at := attemptJSON{Event: n, Time: time.Now(), Outcome: verify.Failed, Error: why.Error(), Replay: true}
		return o.json.emit("attempt", replayedJSON{attemptJSON: at, Verdict: notSent})
	}
	return o.write(o.head(n, e) + "  " + o.app.out.bad(string(notSent)) + ": " + display.Line(why.Error()))
}

// head is how the line of an event begins.
func (o *replayOutput) head(n int64, e *listener.Event) string {
	p := o.app.out
	at, name := strings.Repeat(" ", len(time.TimeOnly)), ""
	if e != nil {
		at, name = e.At.Local().Format(time.TimeOnly), display.Line(e.FullName())
	}
	return fmt.Sprintf("%s %s  %s", p.faint(at), p.faint(fmt.Sprintf("%5s", "#"+strconv.FormatInt(n, 10))), p.bold(pad(name, 32)))
}

// attempt tells what a target answered.
func (o *replayOutput) attempt(e *listener.Event, before *verify.Result, r verify.Result) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r.Outcome == verify.Interrupted { // it says nothing about the app
		return o.interrupted(e, r)
	}
	v := o.flags.expect.change(before, r)
	o.count(v, o.flags.expect.met(before, r))
	o.result, o.before = r, before
	if o.json != nil {
		return o.json.emit("attempt", replayedJSON{newAttempt(e.N, r, o.redact), o.secretName(e), v})
	}
	if o.many() {
		line := o.head(e.N, e) + "  " + o.arrow() + " " + o.answer(r, 14) + "  " + o.verdictText(v)
		if was := said(before); before != nil && was != said(&r) {
			line += o.app.out.faint(", was " + was)
		}
		return o.write(line)
	}
	signed := ""
	if o.flags.remakes() {
		signed = ", " + o.changes(e, r)
	}
	names := newNameColumn(o.app)
	if _, err := fmt.Fprintf(o.Out, "%s  to %s%s\n", eventLine(o.app.out, e, &names), display.Line(o.redact.Text(r.Target)), signed); err != nil {
		return err
	}
	if err := o.printAnswer(r, o.redact); err != nil {
		return err
	}
	text := "the first attempt"
	if before != nil {
		text = "the last attempt, " + before.At.Local().Format("2006-01-02 15:04:05") + ", was " + said(before)
	}
	_, err := fmt.Fprintln(o.Out, "  "+o.verdictText(v)+o.app.out.faint(": "+text))
	return err
}

// interrupted tells of an attempt that whk gave up.
func (o *replayOutput) interrupted(e *listener.Event, r verify.Result) error {
	o.result = r
	if o.json != nil {
		return o.json.emit("attempt", replayedJSON{attemptJSON: newAttempt(e.N, r, o.redact), Secret: o.secretName(e)})
	}
	return o.write(o.head(e.N, e) + "  " + o.arrow() + " " + o.answer(r, 0))
}

// answer is the answer in a column.
func (o *replayOutput) answer(r verify.Result, width int) string {
	missing := max(width-display.Width(resultText(paint{}, r)), 0)
	return resultText(o.app.out, r) + strings.Repeat(" ", missing)
}

func (o *replayOutput) verdictText(v verify.Change) string {
	if v.Good() {
		return o.app.out.good(string(v))
	}
	return o.app.out.bad(string(v))
}

// said is an answer in a word or two.
func said(r *verify.Result) string {
	switch {
	case r == nil:
		return ""
	case r.Outcome == verify.Answered:
		return "answered " + strconv.Itoa(r.Status)
	}
	return string(r.Outcome)
}

// secretName is the name of what an event is signed with anew, "" for nothing.
func (o *replayOutput) secretName(e *listener.Event) string {
	if resigner := o.resigners[e.Provider]; resigner != nil {
		return resigner.Secret().Name
	}
	return ""
}

// changes says how what is sent departs from what was received.
func (o *replayOutput) changes(e *listener.Event, r verify.Result) string {
	if r.Edited {
		return "edited, " + o.signature(e)
	}
	return o.signature(e)
}

// signature says what became of the signature of an event.
func (o *replayOutput) signature(e *listener.Event) string {
	p, secret := o.providerOf(e.Provider), o.resigners[e.Provider].Secret()
	switch {
	case p == nil:
		return "with its headers as they came"
	case !p.Scheme.Signs():
		return "not signed: " + p.Title + " documents no authentication"
	case o.flags.mode == replay.SignatureKeep:
		return "with the signature that it came with"
	case o.flags.mode == replay.SignatureNone:
		return "without its signature"
	case !p.Scheme.Keyed():
		return "with its digest"
	case secret.Development:
		return "signed anew (" + o.app.out.warn("development secret") + ")"
	}
	return "signed anew (" + display.Line(secret.Name) + ")"
}

// summary sums up: in JSON always, for people when there are several.
func (o *replayOutput) summary(sum replay.Summary) error {
	if o.json != nil {
		return o.json.emit("summary", replaySummaryJSON{newSummary(sum, o.expected, true), o.verdicts[notSent], o.verdicts})
	}
	if !o.many() {
		return nil
	}
	p := o.app.out
	var parts []string
	for _, v := range replayChanges() {
		if n := o.verdicts[v]; n > 0 {
			parts = append(parts, display.Thousands(int64(n))+" "+o.verdictText(v))
		}
	}
	noun := "events"
	if sum.Sent == 1 {
		noun = "event"
	}
	line := fmt.Sprintf("replayed %s %s in %s", p.bold(display.Thousands(int64(sum.Sent))), noun, display.Took(sum.Elapsed))
	if len(parts) > 0 {
		line += ": " + strings.Join(parts, ", ")
	}
	if _, err := fmt.Fprintln(o.Out, line); err != nil || sum.Sent == 0 {
		return err
	}
	_, err := fmt.Fprintf(o.Out, "  %s %s\n", o.arrow(), o.answers(sum))
	if err == nil && sum.Missed > 0 {
		_, err = fmt.Fprintf(o.Out, "  %s\n", p.warn(plural(sum.Missed, "event")+" started late: raise --concurrency"))
	}
	return err
}

// answers counts what came back.
func (o *replayOutput) answers(sum replay.Summary) string {
	p := o.app.out
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(sum.Statuses)) {
		parts = append(parts, p.status(status, strconv.Itoa(status))+" "+o.times()+" "+display.Thousands(int64(sum.Statuses[status])))
	}
	for _, outcome := range slices.Sorted(maps.Keys(sum.Outcomes)) {
		if outcome != verify.Answered {
			parts = append(parts, p.bad(string(outcome))+" "+o.times()+" "+display.Thousands(int64(sum.Outcomes[outcome])))
		}
	}
	return strings.Join(parts, ", ")
}

// outcome is the error for what did not come out as expected.
func (o *replayOutput) outcome(sum replay.Summary) error {
	expect := &o.flags.expect
	if !o.many() {
		switch {
		case o.expected == 1:
			return nil
		case o.result.Outcome == verify.Answered && expect.versus != "":
			return fail(codeNo, fmt.Errorf("replay %s: answered %d, expected %s", o.plan.name(), o.result.Status, o.wanted()))
		}
		return unexpected("replay", o.plan.name(), &expect.expectation, o.result)
	}
	total, unsent := len(o.plan.events), o.verdicts[notSent]
	switch {
	case sum.Sent > 0 && sum.Outcomes[verify.Answered] == 0:
		return fail(codeNetwork, fmt.Errorf("replay: none of %s was answered: %s", plural(sum.Sent, "event"), sum.Failure))
	case o.expected == total:
		return nil
	}
	var parts []string
	if bad := sum.Sent - o.expected; bad > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s did not come out as expected (%s)", display.Thousands(int64(bad)), plural(total, "event"), expect))
	}
	if unsent > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s could not be sent", display.Thousands(int64(unsent)), plural(total, "event")))
	}
	return fail(codeNo, errors.New("replay: "+strings.Join(parts, ", and ")))
}

// wanted says in words what was expected of the only event.
func (o *replayOutput) wanted() string {
	switch {
	case o.before == nil:
		return "the status of the last attempt, and there was none"
	case o.flags.expect.versus == versusSame:
		return "the same as the last attempt, which was " + said(o.before)
	}
	return "2xx"
}
