package cmd

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"whk/listener"
	"whk/replay"
	"whk/verify"
	"whk/verify/display"
	"whk/verify/provider"
)

// eventSheet writes one event as a page of text. What was received passes the boundary
// in its methods, and the redactor before that.
type eventSheet struct {
	*bufio.Writer
	p      paint
	redact *replay.Redactor
}

// sheetColumn is where the values of a sheet begin.
const sheetColumn = 11

func (s eventSheet) field(name, value string) {
	fmt.Fprintf(s, "%s%s\n", s.p.faint(pad(name, sheetColumn)), value)
}

func (s eventSheet) heading(name, note string) {
	if note != "" {
		name = pad(name, sheetColumn)
	}
	fmt.Fprintf(s, "\n%s%s\n", s.p.bold(name), s.p.faint(note))
}

func (s eventSheet) event(e *listener.Event, p *provider.Provider, results []verify.Result) {
	fmt.Fprintf(s, "%s %s  %s\n", s.p.faint("#"+strconv.FormatInt(e.N, 10)), s.p.bold(display.Line(e.FullName())), s.p.verdict(e.Verdict, s.p.mark(e.Verdict)+" "+verdictText(e.Verdict))+strings.TrimRight(" "+s.p.markColumn(e, results), " "))
	s.field("received", e.At.Local().Format("2006-01-02 15:04:05.000 -07:00")+s.p.faint(" from ")+display.Line(e.Remote))
	s.field("id", display.Line(e.ID))
	s.verdict(e.Verdict, p)
	s.facts(e, p)
	s.answer(e)
	s.request(e)
	s.attempts(results)
}

func (s eventSheet) verdict(v verify.Verdict, p *provider.Provider) {
	text := s.p.mark(v) + " " + v.String()
	if v.Detail != "" {
		text += ", " + v.Detail
	}
	s.field("verdict", s.p.verdict(v, display.Line(text)))
	if p != nil && p.Scheme.Signs() {
		s.field("checked", p.Scheme.String())
	}
	switch {
	case v.Development:
		s.field("secret", s.p.warn("the development secret, which everybody knows"))
	case v.Secret != "":
		s.field("secret", display.Line(v.Secret))
	}
}

func (s eventSheet) facts(e *listener.Event, p *provider.Provider) {
	if p == nil {
		if e.Provider != listener.UnknownName {
			s.field("note", "there is no definition of "+display.Line(e.Provider)+" any more: nothing is read from its events")
		}
		return
	}
	facts, _ := p.Facts(e.Delivery) // what cannot be read is in the notes already
	refs := make([]string, len(facts.Refs))
	for i, ref := range facts.Refs {
		refs[i] = p.API + ref
	}
	s.list("entity", []string{facts.Entity})
	s.list("action", []string{facts.Action})
	s.list("ids", facts.IDs)
	s.list("account", []string{facts.Account})
	s.list("actor", []string{facts.Actor})
	if !facts.Time.IsZero() {
		s.field("happened", facts.Time.Format("2006-01-02 15:04:05.999999 -07:00")+s.p.faint(delay(e.At.Sub(facts.Time))))
	}
	for i, ref := range refs[:min(len(refs), maxListed)] {
		name := ""
		if i == 0 {
			name = "refers to"
		}
		s.field(name, display.Line(s.redact.Text(ref)))
	}
	if more := len(refs) - maxListed; more > 0 {
		s.field("", s.p.faint(fmt.Sprintf("and %d more", more)))
	}
}

// delay says how long a delivery took from the fact to here, where that makes sense:
// clocks differ, and samples carry old dates.
func delay(d time.Duration) string {
	if d < 0 || d > 24*time.Hour {
		return ""
	}
	if d >= time.Minute {
		return ", " + d.Round(time.Second).String() + " before it came"
	}
	return ", " + display.Took(d) + " before it came"
}

// maxListed is how many values of one kind are shown.
const maxListed = 10

func (s eventSheet) list(name string, values []string) {
	shown := make([]string, 0, maxListed)
	for _, v := range values[:min(len(values), maxListed)] {
		if v != "" {
			shown = append(shown, display.Shorten(display.Line(s.redact.Text(v)), 200, "…"))
		}
	}
	text := strings.Join(shown, ", ")
	if more := len(values) - maxListed; more > 0 {
		text += s.p.faint(fmt.Sprintf(" and %d more", more))
	}
	if text != "" {
		s.field(name, text)
	}
}

// answer is what whk did by itself, and what it noted.
func (s eventSheet) answer(e *listener.Event) {
	switch {
	case e.Status != 0:
		s.field("answered", s.p.status(e.Status, strconv.Itoa(e.Status)+" "+http.StatusText(e.Status))+s.p.faint(" by whk"))
	default:
		s.field("answered", "as the forward target did")
	}
	if e.Cut != "" {
		s.field("cut", s.p.warn(display.Line(e.Cut)))
	}
	for _, line := range marked(e) {
		s.field("mark", s.p.warn(display.Line(line)))
	}
	for _, note := range e.Notes {
		s.field("note", display.Line(s.redact.Text(note)))
	}
}

func (s eventSheet) request(e *listener.Event) {
	d := s.redact.Delivery(e.Delivery)
	s.heading("request", "")
	fmt.Fprintf(s, "%s %s\n", s.p.bold(display.Line(d.Method)), display.Line(d.URL))
	s.header("", "Host", d.Host)
	s.headers("", d.Header)
	kind, text := bodyText(d.Body)
	note := kind
	if e.Cut != "" {
		note += ", cut"
	}
	if len(d.Body) != len(e.Delivery.Body) || !bytes.Equal(d.Body, e.Delivery.Body) {
		note += ", masked"
	}
	if len(e.Delivery.Body) == 0 && e.Cut == "" {
		s.heading("body", "none")
		return
	}
	s.heading("body", sized(len(e.Delivery.Body))+", "+note)
	fmt.Fprint(s, text)
}

func (s eventSheet) header(indent, name, value string) {
	fmt.Fprintf(s, "%s%s %s\n", indent, s.p.faint(display.Line(name)+":"), display.Line(value))
}

func (s eventSheet) headers(indent string, h http.Header) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			s.header(indent, name, value)
		}
	}
}

// excerpt is how much of an answer's body is shown.
const excerpt = 1 << 10

func (s eventSheet) attempts(results []verify.Result) {
	if len(results) == 0 {
		return
	}
	note := plural(len(results), "attempt")
	if len(results) > 1 {
		note += ", the last one at the bottom"
	}
	s.heading("attempts", note)
	for i, r := range results {
		how := ""
		if words := remade(r); len(words) > 0 {
			how = s.p.faint(" " + s.p.replay() + " " + strings.Join(words, ", "))
		}
		if r.Shadow {
			how = s.p.faint(" shadow")
		}
		fmt.Fprintf(s, "%s %s  %s → %s%s\n", s.p.faint("#"+strconv.Itoa(i+1)), r.At.Local().Format(time.TimeOnly),
			resultText(s.p, r), display.Line(s.redact.Text(r.Target)), how)
		if r.Error != "" {
			fmt.Fprintf(s, "   %s\n", display.Line(s.redact.Text(r.Error)))
		}
		if r.Outcome == verify.Answered {
			s.reply(r)
		}
	}
}

// remade says in words how an attempt came about that is no forwarding.
func remade(r verify.Result) []string {
	var words []string
	for _, fact := range []struct {
		is   bool
		word string
	}{{r.Replay, "replayed"}, {r.Edited, "edited"}, {r.Resigned, "signed anew"}} {
		if fact.is {
			words = append(words, fact.word)
		}
	}
	return words
}

// reply writes an answer, with the start of its body.
func (s eventSheet) reply(r verify.Result) {
	const indent = "   "
	s.headers(indent, s.redact.Header(r.Header))
	if len(r.Body) == 0 {
		return
	}
	head := start(r.Body, excerpt)
	_, text := bodyText([]byte(s.redact.Text(string(head))))
	fmt.Fprintln(s)
	for line := range strings.Lines(text) {
		fmt.Fprint(s, indent+line)
	}
	if more := len(r.Body) - len(head); more > 0 {
		fmt.Fprintln(s, indent+s.p.faint("… "+sized(more)+" more; --json has them"))
	}
	if r.Truncated {
		fmt.Fprintln(s, indent+s.p.warn("the answer was longer than what is kept of it"))
	}
}

// start is the start of a text of at most n bytes that cuts no character in two.
func start(text []byte, n int) []byte {
	if len(text) <= n {
		return text
	}
	for cut := n; cut > n-utf8.UTFMax; cut-- {
		if utf8.Valid(text[:cut]) {
			return text[:cut]
		}
	}
	return text[:n]
}

// hexShown is how much of a binary body is shown.
const hexShown = 1 << 10

// maxIndent is how deep JSON may be nested to be indented: the blanks in front of the
// lines grow with the square of the depth.
const maxIndent = 100

// bodyText makes a body readable: what it is, and the text of it, safe to show and
// ended by a newline.
func bodyText(body []byte) (kind, text string) {
	switch {
	case len(body) == 0:
		return "empty", ""
	case json.Valid(body):
		kind = "JSON"
		if nesting(body) <= maxIndent {
			var b bytes.Buffer
			if err := json.Indent(&b, bytes.TrimSpace(body), "", "  "); err == nil {
				body = b.Bytes()
			}
		}
	case utf8.Valid(body) && !bytes.ContainsRune(body, 0):
		kind = "text"
	default:
		shown := body[:min(len(body), hexShown)]
		text = hex.Dump(shown)
		if more := len(body) - len(shown); more > 0 {
			text += "… " + sized(more) + " more; --raw writes them all\n"
		}
		return "binary", text
	}
	return kind, strings.TrimSuffix(display.Block(string(body)), "\n") + "\n"
}

// nesting is how deep a JSON text is nested.
func nesting(body []byte) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// sized is a number of bytes in words.
func sized(n int) string {
	switch {
	case n == 1:
		return "1 byte"
	case n < 10_000:
		return strconv.Itoa(n) + " bytes"
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
