package tui

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"whk/listener"
	"whk/verify"
	"whk/verify/display"
	"whk/verify/provider"
)

// builder lays out an event. It is made in Update and used in a command, so it has a
// copy of all that it needs.
type builder struct {
	o       Options
	theme   *theme
	width   int
	masked  bool
	against int64
	context int
	unified bool
	keys    keymap
}

func (m *model) builder() builder {
	return builder{m.o, m.theme, m.detailWidth(), m.masked, m.against, m.context, m.unified, m.keys}
}

// page lays out one way of looking at an event.
func (b builder) page(ctx context.Context, e Entry, t tab) page {
	switch t {
	case tabHead:
		return b.head(b.shown(e.Event), e.Event)
	case tabVerify:
		return b.verify(ctx, e.Event)
	case tabDiff:
		return b.diff(ctx, e)
	case tabAttempts:
		return b.attempts(e)
	}
	return b.body(b.shown(e.Event))
}

// shown is the delivery as it may be seen: without secrets, and without personal data
// when that is masked.
func (b builder) shown(e *listener.Event) *verify.Delivery {
	d := b.o.Redact.Delivery(e.Delivery)
	if b.masked {
		d = provider.MaskDelivery(d)
	}
	return d
}

// masked is a body without personal data.
func masked(body []byte) []byte {
	masked, _, err := provider.Mask(body, provider.MaskOptions{})
	if err != nil { // nothing can be told apart in it
		return []byte(strings.Repeat("*", min(len(body), 64)))
	}
	return masked
}

// body lays out the body of a delivery.
func (b builder) body(d *verify.Delivery) page {
	query := ""
	if len(d.Body) == 0 {
		query = d.RawQuery()
	}
	page := newBody(d.Body, d.Header.Get("Content-Type"), d.Header.Get("Content-Encoding"), query)
	page.signs = b.theme.signs
	return page
}

// field is a line of a name and a value.
func field(name string, width int, r role, value string) line {
	return line{cell(faint, name, width, "~"), span{r, value}}
}

// head is everything but the body.
func (b builder) head(d *verify.Delivery, e *listener.Event) page {
	page := lines{
		{{bold, d.Method}, {plain, " " + d.URL}},
		field("Host:", 6, plain, d.Host),
	}
	page = append(page, headers(d.Header)...)
	if query := d.RawQuery(); query != "" {
		page = append(page, nil, say(bold, "query"))
		for part := range strings.SplitSeq(query, "&") {
			name, value, _ := strings.Cut(part, "=")
			page = append(page, line{{keyRole, unescaped(name)}, {faint, " = "}, {plain, unescaped(value)}})
		}
	}
	page = append(page, nil, field("received", 10, plain, e.At.Local().Format("2006-01-02 15:04:05.000 -07:00")))
	if !b.masked {
		page = append(page, field("from", 10, plain, e.Remote))
	}
	page = append(page, field("id", 10, plain, e.ID))
	if e.Cut != "" {
		page = append(page, field("cut", 10, warn, e.Cut))
	}
	page = append(page, b.facts(e)...)
	for _, note := range e.Notes {
		page = append(page, b.folded("note", note)...)
	}
	return page
}

func unescaped(text string) string {
	if s, err := url.QueryUnescape(text); err == nil {
		return s
	}
	return text
}

// headers are all values of all headers.
func headers(h map[string][]string) lines {
	var page lines
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			page = append(page, line{{keyRole, name}, {faint, ": "}, {plain, value}})
		}
	}
	return page
}

// facts is what the delivery says.
func (b builder) facts(e *listener.Event) lines {
	p, err := b.o.Set.Lookup(e.Provider)
	if err != nil {
		return nil
	}
	facts, _ := p.Facts(e.Delivery) // what cannot be read is in the notes already
	var page lines
	add := func(name, value string) {
		if value != "" && !b.masked {
			page = append(page, field(name, 10, plain, b.o.Redact.Text(value)))
		}
	}
	add("entity", facts.Entity)
	add("action", facts.Action)
	add("ids", strings.Join(facts.IDs[:min(len(facts.IDs), 20)], ", "))
	add("account", facts.Account)
	add("actor", facts.Actor)
	if !facts.Time.IsZero() {
		add("happened", facts.Time.Format("2006-01-02 15:04:05.999999 -07:00"))
	}
	for _, ref := range facts.Refs[:min(len(facts.Refs), 20)] {
		add("refers to", p.API+ref)
	}
	for _, mark := range markWords(e) {
		page = append(page, field("mark", 10, warn, mark))
	}
	return page
}

// markWords says what the marks of an event refer to.
func markWords(e *listener.Event) []string {
	var words []string
	if e.SameAs != 0 {
		words = append(words, fmt.Sprintf("same content as #%d, %s earlier", e.SameAs, display.Took(max(e.Gap, 0))))
	}
	if e.OvertakenBy != 0 {
		words = append(words, fmt.Sprintf("older than #%d, which tells of the same thing", e.OvertakenBy))
	}
	return words
}

// folded is a field whose value is broken at the width.
func (b builder) folded(name, value string) lines {
	var page lines
	for i, text := range display.Wrap(display.Line(b.o.Redact.Text(value)), b.width-13) {
		if i > 0 {
			name = ""
		}
		page = append(page, field(name, 10, plain, text))
	}
	return page
}

// verify says what was thought of the signature, and why.
func (b builder) verify(ctx context.Context, e *listener.Event) page {
	v, t := e.Verdict, b.theme
	page := lines{
		{cell(faint, "verdict", 10, t.more), {verdictRole(v), t.verdict(v) + " " + strings.ToUpper(string(v.Status))}, {plain, reasonOf(v)}},
	}
	if v.Detail != "" {
		page = append(page, b.folded("", v.Detail)...)
	}
	p, err := b.o.Set.Lookup(e.Provider)
	if err == nil && p.Scheme.Signs() {
		page = append(page, b.folded("scheme", p.Scheme.String())...)
		for _, value := range e.Delivery.Header.Values(p.Scheme.Header()) {
			page = append(page, field("received", 10, plain, p.Scheme.Header()+": "+b.o.Redact.Value(p.Scheme.Header(), value)))
		}
	}
	page = append(page, field("body", 10, plain, fmt.Sprintf("%d bytes, SHA-256 %s", len(e.Delivery.Body), fingerprint(e.Delivery.Body))))
	page = append(page, b.secrets(e)...)
	switch {
	case err != nil:
		page = append(page, nil)
		for _, text := range display.Wrap("Nobody is known who sends like this. whk providers lists who is known.", b.width-4) {
			page = append(page, say(faint, text))
		}
	case !p.Scheme.Signs():
		page = append(page, nil)
		page = append(page, b.folded("", p.Title+" documents no authentication. "+p.Advice)...)
	}
	if b.o.Explain != nil && (v.Status == verify.Invalid || v.Status == verify.Missing) {
		page = append(page, nil)
		for _, text := range b.o.Explain(ctx, e, b.width-2) {
			page = append(page, say(plain, text))
		}
	}
	if err == nil && len(p.Limits) > 0 && p.Scheme.Signs() {
		page = append(page, nil)
		name := "limits"
		for _, limit := range p.Limits {
			page = append(page, b.folded(name, limit)...)
			name = ""
		}
	}
	return page
}

func reasonOf(v verify.Verdict) string {
	if v.Reason == "" {
		return ""
	}
	return ": " + string(v.Reason)
}

// secrets names the secrets that an event was judged by.
func (b builder) secrets(e *listener.Event) lines {
	if b.o.Secrets == nil {
		return nil
	}
	var page lines
	for _, s := range b.o.Secrets(e.Provider) {
		note := ""
		switch {
		case s.Development:
			note = ", which everybody knows"
		case s.Name == e.Verdict.Secret:
			note = ", which matched"
		}
		page = append(page, line{cell(faint, "secret", 10, "~"), {plain, s.Name}, {faint, " (" + s.Fingerprint() + ")" + note}})
	}
	return page
}

// excerpt is how much of an answer is shown.
const excerpt = 8 << 10

// attempts are the answers of the app, the last one first.
func (b builder) attempts(e Entry) page {
	if len(e.Results) == 0 {
		what := "Nothing was forwarded."
		if e.Status != 0 {
			what = fmt.Sprintf("Nothing was forwarded; whk answered %d.", e.Status)
		}
		return lines{nil, say(plain, what), say(faint, b.keys.key(actReplay)+" replays the event, and its answer stands here then.")}
	}
	var page lines
	for i := range slices.Backward(e.Results) {
		if len(page) > 0 {
			page = append(page, nil)
		}
		page = append(page, b.attempt(i, &e.Results[i], verify.LastAttempt(e.Results[:i]))...)
	}
	return page
}

func (b builder) attempt(i int, r, before *verify.Result) lines {
	role, text := answerText(r)
	l := line{{faint, fmt.Sprintf("#%d ", i+1)}, {plain, r.At.Local().Format(time.TimeOnly) + "  "}, {role, text}, {faint, " " + display.Took(r.Took) + " " + b.theme.arrow + " "}, {plain, b.o.Redact.Text(r.Target)}}
	page := lines{l}
	if how := b.how(r, before); len(how) > 0 {
		page = append(page, append(line{blank(3)}, how...))
	}
	if r.Error != "" {
		for _, text := range display.Wrap(display.Line(b.o.Redact.Text(r.Error)), b.width-6) {
			page = append(page, line{blank(3), {bad, text}})
		}
	}
	if r.Outcome != verify.Answered {
		return page
	}
	for _, l := range headers(b.o.Redact.Header(r.Header)) {
		page = append(page, append(line{blank(3)}, l...))
	}
	if len(r.Body) == 0 {
		return page
	}
	page = append(page, nil)
	body := newBody(b.answer(r.Body), r.Header.Get("Content-Type"), "", "")
	body.signs = b.theme.unfoldable()
	for _, l := range body.window(0, 200, 0, 1000) {
		page = append(page, append(line{blank(3)}, l...))
	}
	if len(r.Body) > excerpt || r.Truncated {
		page = append(page, line{blank(3), {faint, b.theme.more + " " + size(len(r.Body)) + " in all; :events show has more"}})
	}
	return page
}

// answer is the start of an answer's body as it may be seen.
func (b builder) answer(body []byte) []byte {
	if b.masked {
		body = masked(body)
	}
	return []byte(b.o.Redact.Text(string(body[:min(len(body), excerpt)])))
}

func answerText(r *verify.Result) (role, string) {
	if r.Outcome != verify.Answered {
		return bad, string(r.Outcome)
	}
	return statusRole(r.Status), fmt.Sprint(r.Status)
}

// how says what an attempt was, and what it changed.
func (b builder) how(r, before *verify.Result) line {
	var l line
	add := func(role role, text string) {
		if len(l) > 0 {
			l = append(l, span{faint, b.theme.dot})
		}
		l = append(l, span{role, text})
	}
	if r.Shadow {
		add(faint, "shadow")
	}
	if r.Replay {
		add(plain, b.theme.replayed+" replayed")
	}
	if r.Edited {
		add(plain, b.theme.edited+" edited")
	}
	if r.Resigned {
		add(plain, "signed anew")
	}
	if change := r.Since(before); before != nil && r.Replay {
		role := bad
		if change.Good() {
			role = good
		}
		add(role, string(change))
	}
	return l
}
