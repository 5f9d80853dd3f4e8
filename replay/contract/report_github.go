package contract

import (
	"fmt"
	"strings"
)

// Annotations are the lines for the log of a GitHub job that make marks of failures.
// Nothing that an endpoint answered can begin a command or end one.
func (p Paper) Annotations() string {
	var b strings.Builder
	for i := range p {
		page := &p[i]
		for _, r := range page.Sorted() {
			if r.Status == Failed {
				fmt.Fprintf(&b, "::%s title=%s::%s\n", page.level(r), property(page.text(page.name())+" "+r.ID), data(page.says(r)+". "+r.Why))
			}
		}
		if trouble := page.trouble(); trouble != "" {
			fmt.Fprintf(&b, "::error title=%s::%s\n", property(page.text(page.name())), data(trouble))
		}
	}
	return b.String()
}

func (p *Page) level(r Result) string {
	switch {
	case p.red(r):
		return "error"
	case r.Severity == Info:
		return "notice"
	}
	return "warning"
}

// data and property escape what GitHub's runner would read.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(s))
}

// markdown is the summary of a step. What others wrote stands in code, where nothing of
// it means anything: no link, no mention, no markup. Tables have whk's own words alone,
// since a table is cut before code is seen.
func (p Paper) markdown() string {
	var b strings.Builder
	for i := range p {
		p[i].markdown(&b)
	}
	return b.String()
}

func (p *Page) markdown(b *strings.Builder) {
	mark := map[Verdict]string{Held: "✅", NotHeld: "❌"}[p.Verdict(p.Strict)]
	if mark == "" || p.Crashed != "" {
		mark = "❗"
	}
	fmt.Fprintf(b, "## %s whk test %s\n\n%s\n\n%s at %s, mode %s, %s, seed %d\n\n", mark, codeSpan(p.text(p.name())), codeSpan(p.text(p.Summary(p.Strict))),
		p.counts(), codeSpan(p.text(p.Target)), p.Mode, plural(p.Requests, "request"), p.Seed)
	if trouble := p.trouble(); trouble != "" {
		fmt.Fprintf(b, "%s\n\n", codeSpan(trouble))
	}
	failed := 0
	for _, r := range p.Sorted() {
		if r.Status != Failed {
			break
		}
		if failed++; failed == 1 {
			b.WriteString("| check | counts as | requests |\n| --- | --- | --- |\n")
		}
		fmt.Fprintf(b, "| %s | %s | %d |\n", r.ID, r.Severity, r.Requests)
	}
	if failed > 0 {
		b.WriteString("\n")
	}
	for _, r := range p.Sorted()[:failed] {
		fmt.Fprintf(b, "### %s (%s)\n\n%s\n\n", r.ID, r.Severity, codeSpan(p.text(r.Title)))
		for _, t := range p.story(r) {
			switch t.label {
			case "again":
				fence := strings.Repeat("`", max(3, longestRun(t.text, '`')+1))
				fmt.Fprintf(b, "\n%ssh\n%s\n%s\n\n", fence, t.text, fence)
			case "":
				fmt.Fprintf(b, "- %s\n", t.text)
			default:
				fmt.Fprintf(b, "- %s: %s\n", t.label, codeSpan(t.text))
			}
		}
		b.WriteString("\n")
	}
}

// codeSpan is a span of code, fenced so that the text cannot end it.
func codeSpan(s string) string {
	if strings.TrimSpace(s) == "" {
		return "(nothing)"
	}
	fence := strings.Repeat("`", longestRun(s, '`')+1)
	return fence + " " + s + " " + fence
}

func longestRun(s string, c byte) int {
	longest, run := 0, 0
	for i := range len(s) {
		if run++; s[i] != c {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}
