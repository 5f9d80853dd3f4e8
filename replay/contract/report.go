package contract

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"whk/verify/display"
)

// Paper is what reports are made of: one run or several, and what is said about them
// besides. A report repeats what endpoints answered; each form escapes it by its own
// rules, and all of them show what no eye could see.
type Paper []Page

// Page is one run on paper.
type Page struct {
	*Report
	// Name is that of a suite, the provider's when it is empty.
	Name string
	// Strict makes warnings count as errors.
	Strict bool
	// Crashed says how a command that was tested ended before its time.
	Crashed string
	// Redact takes secrets out of a text; nil leaves everything.
	Redact func(string) string
	// Again gives the commands that send the exchange of the n-th finding again; nil
	// knows of none.
	Again func(r Result, n int, x *Exchange) []string
}

// Form is a form of report.
type Form string

// The forms. JSON is not among them: it is made where the other JSON is.
const (
	JUnit  Form = "junit"
	TAP    Form = "tap"
	HTML   Form = "html"
	GitHub Form = "github"
)

// Write writes a report; that for GitHub is the Markdown of a step's summary, see
// Annotations for what belongs into its log.
func (p Paper) Write(w io.Writer, form Form) error {
	var text string
	switch form {
	case JUnit:
		text = p.junit()
	case TAP:
		text = p.tap()
	case HTML:
		text = p.html()
	case GitHub:
		text = p.markdown()
	default:
		return fmt.Errorf("report %q: expected junit, tap, html or github", form)
	}
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("write the %s report: %w", form, err)
	}
	return nil
}

func (p *Page) name() string {
	if p.Name != "" {
		return p.Name
	}
	return p.Provider
}

// text is a text as it may stand in a line: without secrets, and with everything visible.
func (p *Page) text(s string) string {
	if p.Redact != nil {
		s = p.Redact(s)
	}
	return display.Line(s)
}

// red reports whether a result makes the run fail.
func (p *Page) red(r Result) bool {
	return r.Status == Failed && (r.Severity == Error || p.Strict && r.Severity == Warning)
}

// trouble is what ended the run itself badly, "" when nothing did. It is reported like a
// check of its own, so that no report is green when the exit code is not.
func (p *Page) trouble() string {
	if p.Crashed != "" {
		return p.text(p.Crashed)
	}
	switch p.Verdict(p.Strict) {
	case Stopped, NoWay, Unknown:
		return p.text(p.Summary(p.Strict))
	}
	return ""
}

// says is a result in a sentence.
func (p *Page) says(r Result) string {
	if r.Status == Skipped {
		return p.text(r.Reason)
	}
	shown, more := "", 0
	for _, f := range r.Findings {
		switch {
		case r.Status == Failed && f.Note:
		case shown == "":
			shown = f.Says
			if x := f.Exchange; x != nil && x.Result.Status != 0 {
				shown = fmt.Sprintf("%d: %s", x.Result.Status, f.Says)
			}
		default:
			more++
		}
	}
	switch {
	case shown == "" || r.Status == Inconclusive:
		return p.text(r.Says)
	case more > 0:
		shown += fmt.Sprintf(" (and %d more)", more)
	}
	return p.text(shown)
}

// told is one labelled line of what is told about a failure. An answer has its lines in
// block, for reports that have room for them.
type told struct{ label, text, block string }

// mostAnswer is how much of an answer is told, in bytes.
const mostAnswer = 300

// mostTold is how many findings of one check are told in full.
const mostTold = 3

// story tells a failure in full. Commands have the label "again"; they may be several
// lines, of which each is visible.
func (p *Page) story(r Result) []told {
	var all []told
	add := func(label, text string) {
		if text != "" {
			all = append(all, told{label: label, text: text})
		}
	}
	findings := 0
	for i, f := range r.Findings {
		if f.Note {
			continue
		}
		if findings++; findings > mostTold {
			continue
		}
		x := f.Exchange
		if x == nil {
			add("found", p.text(f.Says))
			continue
		}
		add("sent", p.text(x.Sent))
		came := x.Came()
		if x.Result.Took > 0 {
			came += " in " + x.Result.Took.Round(time.Millisecond/10).String()
		}
		add("came", p.text(came)+": "+p.text(f.Says)) // Came is shown already
		if len(x.Result.Body) > 0 {
			all = append(all, p.answer(string(x.Result.Body)))
		}
		if p.Again != nil {
			for _, command := range p.Again(r, i, x) {
				add("again", p.lines(command))
			}
		}
	}
	if findings > mostTold {
		add("", fmt.Sprintf("and %d more", findings-mostTold))
	}
	if findings == 0 {
		add("found", p.text(r.Says))
	}
	add("expect", p.text(r.Expect))
	add("why", p.text(r.Why))
	add("fix", p.text(p.Fix(r)))
	if r.Reason != "" {
		add("counts", p.text("as "+string(r.Severity)+": "+r.Reason))
	}
	return all
}

// answer is the beginning of an answer. Secrets go first: a cut through one would leave
// its beginning.
func (p *Page) answer(body string) told {
	if p.Redact != nil {
		body = p.Redact(body)
	}
	rest := ""
	if more := len(body) - mostAnswer; more > 0 {
		at := mostAnswer
		for at > mostAnswer-utf8.UTFMax && !utf8.RuneStart(body[at]) {
			at--
		}
		body, rest = body[:at], " … and "+plural(len(body)-at, "byte")+" more"
	}
	return told{"answer", display.Line(body) + rest, display.Block(strings.TrimRight(body, "\r\n")) + rest}
}

// lines is text of several lines, each as it may stand.
func (p *Page) lines(s string) string {
	var parts []string
	for part := range strings.SplitSeq(s, "\n") {
		parts = append(parts, p.text(part))
	}
	return strings.Join(parts, "\n")
}

// counts is the run in numbers.
func (p *Page) counts() string {
	parts := []string{fmt.Sprintf("%d passed", p.Count(Passed))}
	for _, s := range Severities() {
		if n := p.Failed(s); n > 0 {
			parts = append(parts, fmt.Sprintf("%d failed (%s)", n, s))
		}
	}
	for _, s := range []Status{Noted, Inconclusive, Skipped} {
		if n := p.Count(s); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return strings.Join(parts, ", ")
}
