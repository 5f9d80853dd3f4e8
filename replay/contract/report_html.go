package contract

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"strings"
	"time"
)

// html writes a page that stands alone: no script, nothing that is loaded, and a policy
// which forbids both. It follows the reader's choice of light or dark, and prints.
func (p Paper) html() string {
	var m markup
	sum := sha256.Sum256([]byte(pageStyle))
	m.b.WriteString("<!DOCTYPE html>\n")
	m.open("html", "lang", "en")
	m.open("head")
	m.void("meta", "charset", "utf-8")
	m.void("meta", "http-equiv", "Content-Security-Policy", "content", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	m.void("meta", "name", "referrer", "content", "no-referrer")
	m.void("meta", "name", "viewport", "content", "width=device-width, initial-scale=1")
	m.void("meta", "name", "color-scheme", "content", "light dark")
	m.leaf("title", p.title())
	m.b.WriteString("<style>" + pageStyle + "</style>\n")
	m.close()
	m.open("body")
	m.open("main")
	for i := range p {
		p[i].html(&m, fmt.Sprintf("run%d-", i+1))
	}
	m.closeAll()
	return m.b.String()
}

// title is what the tab of a browser says.
func (p Paper) title() string {
	if len(p) != 1 {
		return "whk test"
	}
	return "whk test " + p[0].text(p[0].name()) + ": " + string(p[0].verdict())
}

// verdict is that of the run, or of the command that did not live to its end.
func (p *Page) verdict() Verdict {
	if p.Crashed != "" {
		return NotHeld
	}
	return p.Verdict(p.Strict)
}

// html writes one run; anchor begins the names of its places.
func (p *Page) html(m *markup, anchor string) {
	m.open("article")
	p.htmlHead(m)
	sorted := p.Sorted()
	failed := sorted[:p.Count(Failed)]
	p.htmlIndex(m, anchor, failed)
	for i, r := range failed {
		p.htmlFailure(m, fmt.Sprintf("%s%d", anchor, i+1), r)
	}
	if len(p.Latencies) > 0 {
		m.open("section")
		m.leaf("h2", "How long answers took")
		plotLatencies(m, p.Latencies)
		m.close()
	}
	p.htmlOthers(m, sorted)
	m.close()
}

func (p *Page) htmlHead(m *markup) {
	m.open("header")
	m.leaf("p", "whk test", "class", "brand")
	m.leaf("h1", p.text(p.name()))
	verdict := p.verdict()
	m.open("div", "class", "outcome "+string(verdict))
	mark := map[Verdict]string{Held: "✓ ", NotHeld: "✗ "}[verdict]
	if summary := p.text(p.Summary(p.Strict)); p.Crashed == "" {
		m.leaf("p", mark+summary, "class", "verdict")
	} else {
		m.leaf("p", mark+p.text(p.Crashed), "class", "verdict")
		m.leaf("p", "until then: "+summary, "class", "faint")
	}
	p.htmlTally(m)
	m.close()
	m.open("dl", "class", "about")
	for _, row := range [][2]string{
		{"endpoint", p.Target}, {"provider", p.Provider}, {"scheme", p.Scheme}, {"mode", string(p.Mode)}, {"began", p.began()},
		{"took", fmt.Sprintf("%s, %s", p.Took.Round(10*time.Millisecond), plural(p.Requests, "request"))}, {"seed", fmt.Sprint(p.Seed)}, {"repeats", p.Idempotency}, {"ids sent", Reserved},
	} {
		if row[1] != "" {
			m.leaf("dt", row[0])
			m.leaf("dd", p.text(row[1]))
		}
	}
	m.close()
	m.close()
}

// began is when the run did; a test that could not be made has no beginning.
func (p *Page) began() string {
	if p.Began.IsZero() {
		return ""
	}
	return p.Began.UTC().Format("2006-01-02 15:04:05 UTC")
}

// htmlTally shows the run in numbers, and their shares as a strip.
func (p *Page) htmlTally(m *markup) {
	type part struct {
		class, words string
		n            int
	}
	parts := []part{
		{"error", "failed, error", p.Failed(Error)}, {"warning", "failed, warning", p.Failed(Warning)}, {"info", "failed, info", p.Failed(Info)},
		{"passed", "passed", p.Count(Passed)}, {"noted", "noted", p.Count(Noted)}, {"unclear", "inconclusive", p.Count(Inconclusive)}, {"unclear", "skipped", p.Count(Skipped)},
	}
	all := len(p.Results)
	if all == 0 {
		return
	}
	m.open("svg", "class", "share", "role", "img", "aria-label", p.counts())
	at := 0
	for _, part := range parts {
		if part.n > 0 {
			m.leaf("rect", "", "class", part.class, "x", percent(at, all), "y", "0", "width", percent(part.n, all), "height", "100%")
		}
		at += part.n
	}
	m.close()
	m.open("ul", "class", "tally")
	for _, part := range parts {
		if part.n > 0 {
			m.open("li", "class", part.class)
			m.leaf("b", fmt.Sprint(part.n))
			m.text(" " + part.words)
			m.close()
		}
	}
	m.close()
}

func percent(n, of int) string { return fmt.Sprintf("%.2f%%", 100*float64(n)/float64(of)) }

// htmlIndex lists what failed, each with the way to its story.
func (p *Page) htmlIndex(m *markup, anchor string, failed []Result) {
	if len(failed) < 2 {
		return
	}
	m.open("nav")
	m.leaf("h2", "What failed")
	m.open("table")
	for i, r := range failed {
		m.open("tr", "class", string(r.Severity))
		m.open("th", "scope", "row")
		m.leaf("a", r.ID, "href", fmt.Sprintf("#%s%d", anchor, i+1))
		m.close()
		m.open("td", "class", "level")
		m.leaf("span", string(r.Severity), "class", "badge")
		m.close()
		m.leaf("td", p.says(r))
		m.close()
	}
	m.close()
	m.close()
}

func (p *Page) htmlFailure(m *markup, id string, r Result) {
	m.open("section", "class", "failure "+string(r.Severity), "id", id)
	m.open("h2")
	m.text(r.ID + " ")
	m.leaf("span", string(r.Severity), "class", "badge")
	m.close()
	m.leaf("p", p.text(r.Title), "class", "faint")
	p.htmlStory(m, p.story(r))
	if fixes := AdviceOn(r.Topic).Fixes; len(fixes) > 0 {
		m.open("details")
		m.leaf("summary", "how to fix it, by framework")
		m.open("dl")
		for _, f := range fixes {
			m.leaf("dt", f.Stack)
			m.open("dd")
			m.code(p.lines(f.Code))
			m.close()
		}
		m.close()
		m.close()
	}
	m.close()
}

// htmlStory tells a failure: the first finding, what is due, and folded away the others,
// which are of the same kind.
func (p *Page) htmlStory(m *markup, story []told) {
	var groups [][]told
	begin := true
	due := len(story)
	for i, t := range story {
		if t.label == "expect" {
			due = i
			break
		}
		if begin || t.label == "sent" || t.label == "found" {
			groups = append(groups, nil)
		}
		begin = false
		groups[len(groups)-1] = append(groups[len(groups)-1], t)
	}
	for _, group := range groups[:min(1, len(groups))] {
		htmlTold(m, group)
	}
	htmlTold(m, story[due:])
	if len(groups) < 2 {
		return
	}
	m.open("details")
	m.leaf("summary", "what else was found")
	for _, group := range groups[1:] {
		htmlTold(m, group)
	}
	m.close()
}

func htmlTold(m *markup, group []told) {
	m.open("dl")
	last := "none"
	for _, t := range group {
		if t.label != last { // several commands stand together
			m.leaf("dt", t.label)
		}
		last = t.label
		m.open("dd")
		switch t.label {
		case "again":
			m.code(t.text)
		case "answer":
			m.code(t.block)
		default:
			m.text(t.text)
		}
		m.close()
	}
	m.close()
}

// htmlOthers lists the checks that did not fail.
func (p *Page) htmlOthers(m *markup, sorted []Result) {
	for _, s := range Statuses()[1:] {
		if p.Count(s) == 0 {
			continue
		}
		attributes := []string{"class", "others"}
		if s != Passed {
			attributes = append(attributes, "open", "")
		}
		m.open("details", attributes...)
		m.leaf("summary", fmt.Sprintf("%d %s", p.Count(s), s))
		m.open("table")
		for _, r := range sorted {
			if r.Status != s {
				continue
			}
			m.open("tr")
			m.leaf("th", r.ID, "scope", "row")
			said := p.says(r)
			if said == "" {
				said = p.text(r.Title)
			}
			m.leaf("td", said)
			took := ""
			if r.Took >= 10*time.Microsecond {
				took = brief(r.Took)
			}
			m.leaf("td", took, "class", "took")
			m.close()
		}
		m.close()
		m.close()
	}
}

// markup writes elements. Text and the values of attributes are escaped here and nowhere
// else; names of elements and attributes are always whk's own.
type markup struct {
	b     strings.Builder
	stack []string
}

func (m *markup) tag(name string, attributes []string) {
	m.b.WriteString("<" + name)
	for i := 0; i+1 < len(attributes); i += 2 {
		m.b.WriteString(" " + attributes[i] + `="` + html.EscapeString(attributes[i+1]) + `"`)
	}
	m.b.WriteString(">")
}

// open begins an element, with the names and values of its attributes in turn.
func (m *markup) open(name string, attributes ...string) {
	m.tag(name, attributes)
	m.stack = append(m.stack, name)
}

func (m *markup) close() {
	last := len(m.stack) - 1
	m.b.WriteString("</" + m.stack[last] + ">\n")
	m.stack = m.stack[:last]
}

func (m *markup) closeAll() {
	for len(m.stack) > 0 {
		m.close()
	}
}

func (m *markup) void(name string, attributes ...string) { m.tag(name, attributes) }

func (m *markup) text(s string) { m.b.WriteString(html.EscapeString(s)) }

// code is a piece of text as it has to be typed or as it came.
func (m *markup) code(s string) {
	m.open("pre")
	m.leaf("code", s)
	m.close()
}

// leaf is an element that holds text alone.
func (m *markup) leaf(name, text string, attributes ...string) {
	m.tag(name, attributes)
	m.text(text)
	m.b.WriteString("</" + name + ">")
}
