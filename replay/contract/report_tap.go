package contract

import (
	"fmt"
	"strings"
)

// tap writes TAP that readers of version 14 and of version 13 understand alike; it calls
// itself 13, since Perl's prove refuses a document of a version that it does not know. A
// failure that does not make the run fail is a TODO, which harnesses show and forgive.
func (p Paper) tap() string {
	var b strings.Builder
	n := 0
	for i := range p {
		page := &p[i]
		for _, r := range page.Results {
			n++
			page.tap(&b, n, r)
		}
		if trouble := page.trouble(); trouble != "" {
			n++
			fmt.Fprintf(&b, "not ok %d - %s\n", n, tapText(page.name()+": "+trouble))
		}
	}
	return fmt.Sprintf("TAP version 13\n1..%d\n%s", n, b.String())
}

func (p *Page) tap(b *strings.Builder, n int, r Result) {
	said := p.says(r)
	ok, directive := "ok", ""
	switch {
	case p.red(r):
		ok = "not ok"
	case r.Status == Failed:
		ok, directive = "not ok", " # TODO "+string(r.Severity)
	case r.Status == Skipped || r.Status == Inconclusive:
		directive = " # SKIP " + tapText(strings.TrimSuffix(string(r.Status)+": "+said, ": "))
	}
	fmt.Fprintf(b, "%s %d - %s%s\n", ok, n, tapText(p.text(p.name())+" "+r.ID), directive)
	if r.Status != Failed && said == "" || directive != "" && r.Status != Failed {
		return
	}
	b.WriteString("  ---\n")
	fmt.Fprintf(b, "  message: %s\n  severity: %s\n  duration_ms: %d\n", quoted(said), r.Severity, max(r.Took, 0).Milliseconds())
	if r.Status == Failed {
		b.WriteString("  told:\n")
		for _, t := range p.story(r) {
			fmt.Fprintf(b, "    - %s\n", quoted(strings.TrimSpace(t.label+" "+t.text)))
		}
	}
	b.WriteString("  ...\n")
}

// tapText escapes what would begin a directive.
func tapText(s string) string {
	return strings.NewReplacer(`\`, `\\`, "#", `\#`, "\n", " ").Replace(s)
}
