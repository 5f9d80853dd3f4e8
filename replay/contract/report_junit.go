package contract

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// junit writes the schema that CI services agree on, that of Jenkins, whose oldest version
// knows neither a count of what was skipped for all suites nor a skip with an attribute.
// What makes the run fail is a failure; other failures and notes stand in the output of a
// case that passed.
func (p Paper) junit() string {
	var body strings.Builder
	var tests, failures, errors int
	var took time.Duration
	for i := range p {
		page := &p[i]
		t, f, e := page.junit(&body)
		tests, failures, errors, took = tests+t, failures+f, errors+e, took+page.Took
	}
	return fmt.Sprintf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"whk test\" tests=\"%d\" failures=\"%d\" errors=\"%d\" time=\"%s\">\n%s</testsuites>\n",
		tests, failures, errors, seconds(took), body.String())
}

func (p *Page) junit(w *strings.Builder) (tests, failures, errors int) {
	var cases strings.Builder
	skipped := 0
	for _, r := range p.Results {
		tests++
		said := p.says(r)
		fmt.Fprintf(&cases, "    <testcase classname=%s name=%s time=\"%s\">\n", xmlQuoted(p.Provider), xmlQuoted(r.ID), seconds(r.Took))
		switch {
		case p.red(r):
			failures++
			fmt.Fprintf(&cases, "      <failure message=%s type=%s>%s</failure>\n", xmlQuoted(said), xmlQuoted(string(r.Severity)), xmlText(p.plain(r)))
		case r.Status == Failed:
			fmt.Fprintf(&cases, "      <system-out>%s</system-out>\n", xmlText(string(r.Severity)+": "+said+"\n"+p.plain(r)))
		case r.Status == Skipped || r.Status == Inconclusive:
			skipped++
			fmt.Fprintf(&cases, "      <skipped>%s</skipped>\n", xmlText(strings.TrimSuffix(string(r.Status)+": "+said, ": ")))
		case said != "":
			fmt.Fprintf(&cases, "      <system-out>%s</system-out>\n", xmlText(said))
		}
		cases.WriteString("    </testcase>\n")
	}
	if trouble := p.trouble(); trouble != "" {
		tests, errors = tests+1, errors+1
		fmt.Fprintf(&cases, "    <testcase classname=%s name=\"run\" time=\"0.000\">\n      <error message=%s type=%s/>\n    </testcase>\n",
			xmlQuoted(p.Provider), xmlQuoted(trouble), xmlQuoted(string(p.Verdict(p.Strict))))
	}
	fmt.Fprintf(w, "  <testsuite name=%s tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\" time=\"%s\" timestamp=\"%s\">\n    <properties>\n",
		xmlQuoted(p.text(p.name())), tests, failures, errors, skipped, seconds(p.Took), p.Began.UTC().Format("2006-01-02T15:04:05"))
	for _, property := range [][2]string{
		{"target", p.Target}, {"mode", string(p.Mode)}, {"scheme", p.Scheme}, {"seed", fmt.Sprint(p.Seed)}, {"verdict", string(p.Verdict(p.Strict))}, {"summary", p.Summary(p.Strict)},
	} {
		fmt.Fprintf(w, "      <property name=%s value=%s/>\n", xmlQuoted(property[0]), xmlQuoted(p.text(property[1])))
	}
	fmt.Fprintf(w, "    </properties>\n%s  </testsuite>\n", cases.String())
	return tests, failures, errors
}

// plain tells a failure as text.
func (p *Page) plain(r Result) string {
	var b strings.Builder
	for _, t := range p.story(r) {
		fmt.Fprintf(&b, "%-7s %s\n", t.label, strings.ReplaceAll(t.text, "\n", "\n        "))
	}
	return b.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", max(d, 0).Seconds()) }

func xmlQuoted(s string) string { return `"` + xmlText(s) + `"` }

// xmlText escapes text. The characters that XML cannot hold even escaped are written as
// numbers.
func xmlText(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '"':
			b.WriteString("&#34;")
		case r == '\'':
			b.WriteString("&#39;")
		case r == '\n':
			b.WriteRune(r)
		case r < ' ' || r == 0x7f || r == 0xfffe || r == 0xffff || r == utf8.RuneError:
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
