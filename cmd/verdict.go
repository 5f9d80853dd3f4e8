package cmd

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"whk/replay"
	"whk/verify"
	"whk/verify/display"
)

// endBytes is how much of the start and the end of a body is shown when its signature
// does not match.
const endBytes = 32

// verificationText prints the verdict for a person.
func (a *app) verificationText(j *judged) error {
	p := a.out
	redact := a.redactor(j.secrets)
	w := a.buffered()
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %s %s\n", p.faint(pad(name, 9)), fmt.Sprintf(format, args...))
	}
	columns := 0 // of a value; 0 for as many as it takes
	if a.OutTTY {
		columns = max(a.Columns-12, 20)
	}
	block := func(name string, lines []string) {
		for i, text := range lines {
			line(pick(i == 0, name, ""), "%s", text)
		}
	}
	// prose breaks a text between its words.
	prose := func(name, text string, paint func(string) string) {
		lines := []string{text}
		if columns > 0 {
			lines = fold(text, columns)
		}
		for i := range lines {
			lines[i] = paint(lines[i])
		}
		block(name, lines)
	}
	who := j.source
	if j.provider != nil {
		who = display.Line(j.FullName()) + ", " + j.source
	}
	fmt.Fprintf(w, "%s  %s\n", p.verdict(j.Verdict, p.mark(j.Verdict)+" "+verdictText(j.Verdict)), p.bold(display.Line(who)))
	if why := reasonText(j); why != "" {
		prose("reason", display.Line(why), plainly)
	}
	if j.provider != nil {
		line("scheme", "%s", j.provider.Scheme)
	}
	if j.Verdict.Status != verify.Missing {
		for _, s := range j.matched() {
			line(secretLabel(j.Verdict), "%s, fp %s", display.Line(s.Name), s.Fingerprint())
		}
	}
	body := j.Delivery.Body
	if size, sum := sized(len(body)), fmt.Sprintf("%x", sha256.Sum256(body)); columns > 0 && len(size+", sha256 "+sum) > columns {
		line("body", "%s", size)
		line("sha256", "%s", sum)
	} else {
		line("body", "%s, sha256 %s", size, sum)
	}
	if j.Verdict.Status != verify.Valid && len(body) > 0 {
		a.printEnds(line, prose, body, redact)
	}
	for _, note := range j.Notes {
		prose("note", display.Line(note), p.warn)
	}
	if e := j.explanation; e != nil {
		block("explain", explanationLines(p, e, columns))
		block("fix", fixLines(p, e, columns))
	}
	if advice := a.verdictAdvice(j); advice != "" {
		prose("hint", advice, plainly)
	}
	if j.provider != nil && len(j.provider.Limits) > 0 {
		heading := "What this check does not prove:"
		if !j.provider.Scheme.Signs() {
			heading = "What that means:"
		}
		fmt.Fprintf(w, "\n%s\n", p.faint(heading))
		for _, limit := range j.provider.Limits {
			lines := []string{limit}
			if columns > 0 {
				lines = fold(limit, a.Columns-4)
			}
			for i, text := range lines {
				fmt.Fprintln(w, p.faint(pick(i == 0, "  - ", "    ")+text))
			}
		}
	}
	return w.Flush()
}

// plainly paints nothing.
func plainly(text string) string { return text }

// secretLabel tells the secret that matched from those that did not.
func secretLabel(v verify.Verdict) string {
	if v.Status == verify.Valid {
		return "secret"
	}
	return "tried"
}

// reasonText says in one line why a delivery is not valid.
func reasonText(j *judged) string {
	v := j.Verdict
	switch {
	case v.Status == verify.Unsigned && v.Detail == "":
		return j.provider.Title + " documents no authentication, so there is nothing to check"
	case v.Reason == "":
		return v.Detail
	case v.Detail == "":
		return string(v.Reason)
	}
	return string(v.Reason) + ": " + v.Detail
}

// printEnds shows the first and the last bytes of a body, where proxies and editors
// change it.
func (a *app) printEnds(line func(string, string, ...any), prose func(string, string, func(string) string), body []byte, redact *replay.Redactor) {
	show := func(b []byte) string { return display.Line(redact.Text(string(b))) }
	if len(body) <= 2*endBytes {
		line("bytes", "%s", show(body))
	} else {
		line("begins", "%s", show(body[:endBytes]))
		line("ends", "%s", show(body[len(body)-endBytes:]))
	}
	if last := body[len(body)-1]; last == '\n' || last == '\r' || last == ' ' {
		prose("", "the last byte is white space, which many tools add and few providers send", plainly)
	}
}

// verdictAdvice says what to do about a verdict.
func (a *app) verdictAdvice(j *judged) string {
	switch v := j.Verdict; {
	case j.explanation != nil && j.explanation.Found():
		return ""
	case v.Development:
		return "only the development secret matched, which everybody knows; set WHK_SECRET_" + variableOf(j.provider) + " to check for real"
	case v.Reason == verify.NoSecret:
		return "set WHK_SECRET_" + variableOf(j.provider) + ", or use --secret-file, to check it"
	case v.Reason == verify.NoProvider:
		return "--provider NAME says whose it is; whk providers list lists them"
	case v.Reason == verify.WrongValue && strings.EqualFold(j.provider.Scheme.Kind(), verify.KindHMAC):
		return "either the secret is another one, or the body is not byte for byte what was signed"
	case v.Reason == verify.Stale && j.N == 0:
		return "--at says when it came"
	}
	return ""
}
