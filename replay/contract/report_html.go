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
// which forbids both. It follows the reader's choice of light or dark.
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
	m.leaf("title", "whk test")
	m.b.WriteString("<style>" + pageStyle + "</style>\n")
	m.close()
	m.open("body")
	for i := range p {
		p[i].html(&m)
	}
	m.closeAll()
	return m.b.String()
}

func (p *Page) html(m *markup) {
	m.open("main")
	m.open("header")
	m.leaf("h1", p.text(p.name()))
	verdict := p.Verdict(p.Strict)
	if p.Crashed != "" {
		verdict = NotHeld
	}
	m.leaf("p", p.text(p.Summary(p.Strict)), "class", "verdict "+string(verdict))
	if p.Crashed != "" {
		m.leaf("p", p.text(p.Crashed), "class", "verdict failed")
	}
	m.leaf("p", p.counts(), "class", "counts")
	m.open("dl", "class", "about")
	for _, row := range [][2]string{
		{"endpoint", p.Target}, {"provider", p.Provider}, {"scheme", p.Scheme}, {"mode", string(p.Mode)}, {"began", p.Began.UTC().Format("2006-01-02 15:04:05 UTC")},
		{"took", fmt.Sprintf("%s, %s", p.Took.Round(10*time.Millisecond), plural(p.Requests, "request"))}, {"seed", fmt.Sprint(p.Seed)}, {"repeats", p.Idempotency},
	} {
		if row[1] != "" {
			m.leaf("dt", row[0])
			m.leaf("dd", p.text(row[1]))
		}
	}
	m.close()
	m.close()
	sorted := p.Sorted()
	for _, r := range sorted {
		if r.Status == Failed {
			p.htmlFailure(m, r)
		}
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

func (p *Page) htmlFailure(m *markup, r Result) {
	m.open("section", "class", "failure "+string(r.Severity))
	m.open("h2")
	m.leaf("span", string(r.Severity), "class", "badge")
	m.text(" " + r.ID)
	m.close()
	m.leaf("p", p.text(r.Title), "class", "title")
	m.open("dl")
	for _, t := range p.story(r) {
		m.leaf("dt", t.label)
		m.open("dd")
		switch t.label {
		case "again", "answer":
			m.open("pre")
			m.leaf("code", t.text)
			m.close()
		default:
			m.text(t.text)
		}
		m.close()
	}
	m.close()
	if fixes := AdviceOn(r.Topic).Fixes; len(fixes) > 0 {
		m.open("details")
		m.leaf("summary", "how to fix it, by framework")
		m.open("dl")
		for _, f := range fixes {
			m.leaf("dt", f.Stack)
			m.open("dd")
			m.open("pre")
			m.leaf("code", p.lines(f.Code))
			m.close()
			m.close()
		}
		m.close()
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
			m.leaf("td", r.Took.Round(time.Millisecond).String(), "class", "took")
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
	m.b.WriteString("</" + m.stack[last] + ">")
	if m.stack[last] != "code" {
		m.b.WriteString("\n")
	}
	m.stack = m.stack[:last]
}

func (m *markup) closeAll() {
	for len(m.stack) > 0 {
		m.close()
	}
}

func (m *markup) void(name string, attributes ...string) { m.tag(name, attributes) }

func (m *markup) text(s string) { m.b.WriteString(html.EscapeString(s)) }

// leaf is an element that holds text alone.
func (m *markup) leaf(name, text string, attributes ...string) {
	m.tag(name, attributes)
	m.text(text)
	m.b.WriteString("</" + name + ">")
}

const pageStyle = `
:root{color-scheme:light dark;--ground:#fff;--ink:#1c2024;--faint:#60646c;--line:#d9d9e0;--box:#f6f6f8;--bad:#b4232c;--warn:#8f5500;--good:#1a7a3c;--bar:#4a7dd8}
@media (prefers-color-scheme:dark){:root{--ground:#15171a;--ink:#e6e8ea;--faint:#a0a6ae;--line:#363a40;--box:#1f2226;--bad:#ff8b86;--warn:#f0b35a;--good:#6fd08c;--bar:#7aa7f5}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:62rem;margin:0 auto;padding:1.5rem 1rem}
h1{font-size:1.5rem;margin:0}
h2{font-size:1.1rem;margin:0 0 .25rem}
.verdict{font-size:1.1rem;font-weight:600;margin:.25rem 0;color:var(--warn);overflow-wrap:anywhere}
.verdict.passed{color:var(--good)}.verdict.failed,.verdict.unreachable{color:var(--bad)}
.counts,.title{color:var(--faint);margin:.25rem 0 .75rem}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.2rem 1rem;margin:0}
dt{color:var(--faint)}
dd{margin:0;overflow-wrap:anywhere;min-width:0}
section{border:1px solid var(--line);border-radius:6px;padding:1rem;margin:1rem 0}
.failure{border-left:4px solid var(--faint)}.failure.error{border-left-color:var(--bad)}.failure.warning{border-left-color:var(--warn)}
.badge{font-size:.8rem;font-weight:600;color:var(--faint)}
.error .badge{color:var(--bad)}.warning .badge{color:var(--warn)}
pre{margin:.1rem 0;padding:.5rem;background:var(--box);border-radius:4px;overflow-x:auto;font:13px/1.45 ui-monospace,monospace}
summary{cursor:pointer;margin:.5rem 0}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-top:1px solid var(--line);overflow-wrap:anywhere}
th{font-weight:600;white-space:nowrap}
.took{color:var(--faint);white-space:nowrap;text-align:right;padding-right:0}
svg{display:block;width:100%;height:auto}
.bar{fill:var(--bar)}.axis{stroke:var(--line)}.mark{stroke:var(--ink);stroke-dasharray:3 3}
svg text{fill:var(--faint);font:12px system-ui,sans-serif}
`
