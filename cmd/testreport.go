package cmd

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"whk/replay/contract"
	"whk/verify/display"
	"whk/verify/explain"
)

// testOutput tells what came of a test, as text or as JSON.
type testOutput struct {
	t        *trial
	json     *jsonOutput
	bar      *progress
	failed   error // of writing JSON lines
	troubled bool
}

func (t *trial) newTestOutput() (*testOutput, error) {
	o := &testOutput{t: t}
	if !t.app.isJSON() {
		return o, nil
	}
	var err error
	o.json, err = t.app.newJSON()
	return o, err
}

// begin says what is about to happen, and shows how far it is.
func (o *testOutput) begin(checks int) {
	a := o.t.app
	if len(o.t.options.Secrets) > 0 && o.t.options.Secrets[0].Development {
		a.warn("events are signed with the development secret, which everybody knows", "set WHK_SECRET_"+variableOf(o.t.options.Provider)+" to that of the endpoint")
	}
	o.bar = a.newProgress("checks", checks, 0)
}

// each is called with every result as soon as it is known.
func (o *testOutput) each(r contract.Result, _ int) {
	if o.bar != nil {
		o.bar.add(1)
	}
	if o.json != nil && o.failed == nil {
		o.failed = o.json.emit("check", o.checkJSON(r))
	}
}

func (o *testOutput) end() { o.bar.stop() }

// report tells everything.
func (o *testOutput) report(r *contract.Report, crashed string) error {
	if o.failed != nil {
		return o.failed
	}
	if err := o.saveFailures(r); err != nil {
		return err
	}
	if o.json != nil {
		return o.json.emit("summary", newTestSummary(r, o.t.flags.strict, o.t.redact))
	}
	if o.t.reports.alone() || nothingAnswered(r) {
		return nil
	}
	w := &testText{o: o, p: o.t.app.out, columns: min(max(o.t.app.Columns, 60), 120), stack: stackIn(r), told: map[contract.Topic]string{}}
	w.report(r, crashed)
	_, err := o.t.app.Out.Write([]byte(o.t.reports.text(w.b.String())))
	return err
}

// nothingAnswered reports whether there is nothing to tell but why: the error says that.
func nothingAnswered(r *contract.Report) bool {
	return r.Verdict(false) == contract.NoWay && len(r.Latencies) == 0
}

// saveFailures keeps the bodies that --fuzz made fail.
func (o *testOutput) saveFailures(r *contract.Report) error {
	if o.t.flags.saveFailures == "" {
		return nil
	}
	for _, result := range r.Results {
		if !strings.HasPrefix(result.ID, "fuzz.") {
			continue
		}
		for i, f := range result.Findings {
			if f.Exchange == nil || f.Exchange.Delivery == nil {
				continue
			}
			name, err := o.keep(o.t.flags.saveFailures, fmt.Sprintf("fuzz-%s-%d.json", o.t.options.Provider.Name, i+1), f.Exchange.Delivery.Body)
			if err != nil {
				return fail(codeUsage, fmt.Errorf("--save-failures: %w", err))
			}
			o.t.app.notice("kept %s; it fails again with: whk send %s/%s %s --body @%s", name, o.t.options.Provider.Name, f.Exchange.Event, o.t.shown(), name)
		}
	}
	return nil
}

// stackIn is the framework that the answers tell of.
func stackIn(r *contract.Report) string {
	for _, c := range r.Results {
		for _, f := range c.Findings {
			if f.Exchange != nil {
				if stack := contract.StackOf(f.Exchange.Result.Header); stack != "" {
					return stack
				}
			}
		}
	}
	return ""
}

func stackNames() []string {
	return []string{"Express", "Flask", "FastAPI", "Laravel", "PHP", "Spring", "Rails", "ASP.NET", "Go"}
}

func knownStack(name string) bool {
	return slices.ContainsFunc(append(stackNames(), "all", "none", "auto"), func(s string) bool { return strings.EqualFold(s, name) })
}

// testText writes the report for a person: failures first, the summary last.
type testText struct {
	o       *testOutput
	b       strings.Builder
	p       paint
	columns int
	stack   string
	told    map[contract.Topic]string // where the advice on a topic stands already
}

// The most of one failure that is shown.
const mostShown = 3

func (w *testText) report(r *contract.Report, crashed string) {
	t := w.o.t
	w.line("%s %s %s %s, %s", w.p.bold(display.Line(t.options.Provider.Title)), w.arrow(), display.Line(t.redact.Text(r.Target)), w.p.faint(string(r.Mode)), w.p.faint(r.Scheme))
	sorted := r.Sorted()
	w.table(sorted)
	for _, c := range sorted {
		if c.Status == contract.Failed {
			w.failure(r, c)
		}
	}
	w.others(sorted)
	w.counts(r)
	if crashed != "" {
		w.line("%s", w.p.bad(crashed))
	}
	verdict := t.redact.Text(r.Summary(t.flags.strict))
	switch r.Verdict(t.flags.strict) {
	case contract.Held:
		verdict = w.p.good(verdict)
	case contract.NotHeld, contract.NoWay:
		verdict = w.p.bad(verdict)
	default:
		verdict = w.p.warn(verdict)
	}
	for i, text := range fold(verdict, w.columns) {
		if i == 0 {
			w.b.WriteString("\n")
		}
		w.b.WriteString(text + "\n")
	}
}

func (w *testText) arrow() string { return w.o.t.app.arrow() }

func (w *testText) line(format string, args ...any) {
	for i, text := range fold(fmt.Sprintf(format, args...), w.columns-2) {
		if i > 0 {
			w.b.WriteString("  ")
		}
		w.b.WriteString(text + "\n")
	}
}

// sign is the mark of a result, never by colour alone.
func (w *testText) sign(c contract.Result) string {
	marks := map[contract.Status]string{contract.Passed: "✓", contract.Noted: "i", contract.Inconclusive: "?", contract.Skipped: "-", contract.Failed: "✗"}
	if w.p.ascii {
		marks[contract.Passed], marks[contract.Failed] = "+", "x"
	}
	if c.Status == contract.Failed && c.Severity != contract.Error {
		return w.severity(c.Severity, "!")
	}
	if c.Status == contract.Failed {
		return w.severity(c.Severity, marks[c.Status])
	}
	return w.p.faint(marks[c.Status])
}

func (w *testText) severity(s contract.Severity, text string) string {
	switch s {
	case contract.Error:
		return w.p.bad(text)
	case contract.Warning:
		return w.p.warn(text)
	}
	return w.p.faint(text)
}

// table is what failed, a line each.
func (w *testText) table(sorted []contract.Result) {
	first := true
	for _, c := range sorted {
		if c.Status != contract.Failed {
			break
		}
		if first {
			w.b.WriteString("\n")
		}
		first = false
		text := failureLine(c)
		room := w.columns - 2 - 8 - 24 - 2
		w.b.WriteString(w.sign(c) + " " + w.severity(c.Severity, pad(string(c.Severity), 8)) + pad(c.ID, 24) + " " +
			display.Shorten(display.Line(w.o.t.redact.Text(text)), room, w.dots()) + "\n")
	}
}

func (w *testText) dots() string {
	if w.p.ascii {
		return "..."
	}
	return "…"
}

// failureLine is a failure in a few words: what came back.
func failureLine(c contract.Result) string {
	bad := 0
	var first *contract.Finding
	for i := range c.Findings {
		if !c.Findings[i].Note {
			if bad++; first == nil {
				first = &c.Findings[i]
			}
		}
	}
	if first == nil {
		return c.Says
	}
	text := first.Says
	if first.Exchange != nil && first.Exchange.Result.Status != 0 {
		text = fmt.Sprintf("%d: %s", first.Exchange.Result.Status, text)
	}
	if bad > 1 {
		text += fmt.Sprintf(" (and %d more)", bad-1)
	}
	return text
}

// failure tells one failure in full.
func (w *testText) failure(r *contract.Report, c contract.Result) {
	w.b.WriteString("\n" + w.sign(c) + " " + w.p.bold(c.ID) + "  " + w.p.faint(c.Title) + "\n")
	shown := 0
	for i, f := range c.Findings {
		if f.Note {
			continue
		}
		if shown++; shown > mostShown {
			continue
		}
		if x := f.Exchange; x != nil {
			w.entry("sent", x.Sent)
			w.entry("came", x.Came()+" in "+display.Took(x.Result.Took)+": "+f.Says)
		} else {
			w.entry("found", f.Says)
		}
		if shown == 1 && f.Exchange != nil {
			w.repeat(w.o.again(c, i, f.Exchange))
		} else if f.Exchange != nil && w.o.t.flags.artifacts != "" {
			w.o.again(c, i, f.Exchange) // its files
		}
	}
	if shown > mostShown {
		w.entry("", fmt.Sprintf("and %d more; --json has them all", shown-mostShown))
	}
	w.entry("expect", c.Expect)
	w.entry("why", c.Why)
	w.fix(r, c)
	if c.Reason != "" {
		w.entry("counts", "as "+string(c.Severity)+": "+c.Reason)
	}
}

// entry is one labelled line below a failure.
func (w *testText) entry(label, text string) {
	if text == "" {
		return
	}
	for i, part := range fold(display.Line(w.o.t.redact.Text(text)), w.columns-9) {
		if i > 0 {
			label = ""
		}
		w.b.WriteString("  " + w.p.faint(pad(label, 6)) + " " + part + "\n")
	}
}

// repeat shows the lines that send a request again. They are not broken, so that they can
// be copied.
func (w *testText) repeat(a again) {
	label := "again"
	for _, command := range []string{a.send, a.curl} {
		if command == "" {
			continue
		}
		for part := range strings.SplitSeq(command, "\n") {
			w.b.WriteString("  " + w.p.faint(pad(label, 6)) + " " + display.Line(part) + "\n")
			label = ""
		}
	}
}

// fix says what to do, in the framework that is asked for.
func (w *testText) fix(r *contract.Report, c contract.Result) {
	advice := contract.AdviceOn(c.Topic)
	text := r.Fix(c)
	if text != advice.Text {
		w.entry("fix", text)
		return
	}
	if id := w.told[c.Topic]; id != "" {
		w.entry("fix", "as for "+id)
		return
	}
	w.told[c.Topic] = c.ID
	w.entry("fix", text)
	stack := w.o.t.flags.fix
	if strings.EqualFold(stack, "auto") {
		stack = w.stack
		if stack == "" && len(advice.Fixes) > 0 {
			w.entry("", "in code: whk test --explain "+c.ID)
			return
		}
	}
	for _, f := range advice.Fixes {
		if strings.EqualFold(stack, "all") || strings.EqualFold(stack, f.Stack) {
			w.code(f)
		}
	}
}

func (w *testText) code(f explain.Fix) {
	w.b.WriteString("         " + w.p.faint(f.Stack+":") + " " + display.Line(f.Code) + "\n")
}

// others are the checks that say something without blaming anybody.
func (w *testText) others(sorted []contract.Result) {
	why := map[string][]string{}
	var order []string
	for _, c := range sorted {
		switch c.Status {
		case contract.Inconclusive, contract.Skipped, contract.Noted:
		default:
			continue
		}
		text := c.Says
		if c.Status == contract.Skipped {
			text = strings.TrimSuffix("skipped: "+c.Reason, ": ")
		}
		if c.Status == contract.Noted && len(c.Findings) > 0 {
			text = c.Findings[0].Says
		}
		key := w.sign(c) + "\x00" + text
		if why[key] == nil {
			order = append(order, key)
		}
		why[key] = append(why[key], c.ID)
	}
	if len(order) > 0 {
		w.b.WriteString("\n")
	}
	for _, key := range order {
		sign, text, _ := strings.Cut(key, "\x00")
		ids := why[key]
		name := ids[0]
		if len(ids) > 1 {
			name = fmt.Sprintf("%d checks", len(ids))
		}
		for i, part := range fold(display.Line(w.o.t.redact.Text(text)), w.columns-28) {
			if i > 0 {
				sign, name = " ", ""
			}
			w.b.WriteString(sign + " " + pad(name, 24) + "  " + w.p.faint(part) + "\n")
		}
	}
}

// counts is the run in numbers.
func (w *testText) counts(r *contract.Report) {
	parts := []string{fmt.Sprintf("%d passed", r.Count(contract.Passed))}
	for _, part := range []struct {
		n     int
		words string
	}{{r.Failed(contract.Error), "error"}, {r.Failed(contract.Warning), "warning"}, {r.Failed(contract.Info), "info"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d failed (%s)", part.n, part.words))
		}
	}
	for _, s := range []contract.Status{contract.Noted, contract.Inconclusive, contract.Skipped} {
		if n := r.Count(s); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	w.b.WriteString("\n")
	w.line("%s", strings.Join(parts, ", "))
	if r.Idempotency != "" {
		w.line("%s", w.p.faint("repeats: "+r.Idempotency))
	}
	w.line("%s", w.p.faint(fmt.Sprintf("%s in %s, seed %d", plural(r.Requests, "request"), r.Took.Round(10*time.Millisecond), r.Seed)))
	w.line("%s", w.p.faint("ids of whk's events: "+contract.Reserved))
}
