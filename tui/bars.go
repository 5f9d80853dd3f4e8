package tui

import (
	"fmt"
	"strconv"
	"strings"

	"whk/verify"
	"whk/verify/display"
)

// headLine says what is received, where it goes, and what was thought of it. What moves
// the list stands at the right edge, however much the rest has to be cut.
func (m *model) headLine() []part {
	t := m.theme
	l := line{{bold, " whk"}, {plain, "  " + m.o.Title}}
	if len(m.o.Targets) > 0 {
		l = append(l, span{faint, " " + t.arrow + " "}, span{plain, shortTarget(m.o.Targets[0])}, blank(1))
		l = append(l, m.health()...)
		if more := len(m.o.Targets) - 1; more > 0 {
			l = append(l, span{faint, fmt.Sprintf(" +%d", more)})
		}
	}
	state := m.state()
	room := m.width - l.width() - state.width() - 4
	counts := m.counts(room)
	l = append(l, blank(2))
	l = append(l, counts...)
	edge := min(state.width()+2, m.width)
	return []part{{l, m.width - edge, false}, {append(line{blank(1)}, state...), edge, false}}
}

// shortTarget is a target as people write it.
func shortTarget(url string) string { return strings.TrimPrefix(url, "http://") }

// health says how the first target is doing.
func (m *model) health() line {
	switch m.news.forward {
	case "":
		return line{{faint, m.theme.unknown + " not called yet"}}
	case verify.Answered:
		return line{{good, m.theme.up + " up"}}
	}
	return line{{bad, m.theme.down + " " + string(m.news.forward)}}
}

// state is how the list moves, at the right edge.
func (m *model) state() line {
	var l line
	add := func(r role, text string) {
		if len(l) > 0 {
			l = append(l, span{faint, m.theme.dot})
		}
		l = append(l, span{r, text})
	}
	if m.running > 0 {
		add(accent, "running "+m.theme.more)
	}
	if m.masked {
		add(warn, "masked")
	}
	switch {
	case m.paused && m.last > m.held:
		add(warn, fmt.Sprintf("paused, %d more", m.last-m.held))
	case m.paused:
		add(warn, "paused")
	case m.follow && m.o.Feed != nil:
		add(faint, "follow")
	}
	return l
}

// counts are the verdicts by provider, as many as there is room for.
func (m *model) counts(room int) line {
	var l line
	for i, p := range m.news.providers {
		var one line
		if i > 0 {
			one = append(one, span{faint, m.theme.dot})
		}
		one = append(one, span{plain, p.name})
		for _, c := range p.verdicts {
			one = append(one, span{verdictRole(c.verdict), " " + m.theme.verdict(c.verdict) + strconv.FormatInt(c.n, 10)})
		}
		if l.width()+one.width() > room {
			break
		}
		l = append(l, one...)
	}
	return l
}

// titleLine is the line above the panes: a rule with their names.
func (m *model) titleLine(l layout, joint string) []part {
	var parts []part
	if l.list.w > 0 {
		parts = append(parts, part{m.ruled(m.listTitle(), l.list.w, m.focus == onList && m.menu == nil), l.list.w, false})
	}
	if l.list.w > 0 && l.detail.w > 0 {
		parts = append(parts, part{say(faint, joint), 1, false})
	}
	if l.detail.w > 0 {
		parts = append(parts, part{m.ruled(m.detailTitle(), l.detail.w, m.focus == onDetail && m.menu == nil), l.detail.w, false})
	}
	return parts
}

// ruled is a rule that begins with a title.
func (m *model) ruled(title line, width int, focused bool) line {
	if len(title) == 0 {
		return say(faint, strings.Repeat(m.theme.rule, width))
	}
	rule := m.theme.rule
	if focused && m.theme.before[accent] == "" { // what has no colour has a sign
		rule = m.theme.focused
	}
	l := line{{faint, " " + rule + " "}}
	if focused {
		l[0].role = accent
	}
	l = append(l, title...)
	l = append(l, blank(1))
	if left := width - l.width(); left > 0 {
		l = append(l, span{faint, strings.Repeat(rule, left)})
	}
	return l
}

// listTitle says which events are listed, and which of them is chosen.
func (m *model) listTitle() line {
	l := line{{bold, "Events"}}
	if r, ok := m.list.current(); ok {
		l = append(l, span{faint, fmt.Sprintf(" %s/%s", display.Thousands(r.n), display.Thousands(m.last))})
	}
	if m.order.by != byNumber || m.order.reversed {
		l = append(l, span{accent, " by " + m.order.String()})
	}
	if m.filterText != "" {
		l = append(l, span{faint, m.theme.dot}, span{accent, display.Shorten(display.Line(m.filterText), 40, m.theme.more)})
	}
	if m.reading && m.scan != nil {
		if total := m.scan.total.Load(); total > 0 {
			l = append(l, span{warn, fmt.Sprintf(" %d %%", m.scan.done.Load()*100/total)})
		}
	}
	return l
}

// detailTitle says which event is looked at.
func (m *model) detailTitle() line {
	e := m.detail.entry.Event
	if e == nil {
		return nil
	}
	verdict := m.theme.verdict(e.Verdict) + " " + string(e.Verdict.Status)
	if e.Verdict.Development {
		verdict += " dev"
	}
	return line{{faint, display.Thousands(e.N) + " "}, {bold, e.FullName()}, {plain, " "}, {verdictRole(e.Verdict), verdict}}
}

// footLine is the rule below the panes, with the figures.
func (m *model) footLine(l layout) []part {
	all := m.figures()
	figures := joined(all, span{faint, " " + m.theme.rule + " "})
	for len(all) > 0 && figures.width()+5 > m.width { // what is left out matters least
		all = all[1:]
		figures = joined(all, span{faint, " " + m.theme.rule + " "})
	}
	whole := m.ruled(figures, m.width, false)
	if l.list.w == 0 || l.detail.w == 0 || whole[:len(whole)-1].width() >= l.list.w {
		return []part{{whole, m.width, false}}
	}
	return []part{
		{m.ruled(figures, l.list.w, false), l.list.w, false},
		{say(faint, m.theme.foot+strings.Repeat(m.theme.rule, m.width-l.list.w-1)), m.width - l.list.w, false},
	}
}

// figures say how much comes and how it is answered, what matters most at the end.
func (m *model) figures() []line {
	var all []line
	if m.o.Feed != nil {
		spark := strings.ReplaceAll(sparkline(m.news.seconds, sparkSeconds, &m.theme.signs), " ", m.theme.rule)
		all = append(all, line{{faint, "per s "}, {plain, spark}})
	}
	if m.news.p95 > 0 {
		all = append(all, line{{faint, "p50 "}, {plain, display.Took(m.news.p50)}, {faint, " p95 "}, {plain, display.Took(m.news.p95)}})
	}
	if m.news.invalid > 0 {
		all = append(all, line{{bad, display.Thousands(m.news.invalid) + " invalid"}})
	}
	return all
}

// joined is all lines in one, with a span between them.
func joined(all []line, between span) line {
	var one line
	for i, l := range all {
		if i > 0 {
			one = append(one, between)
		}
		one = append(one, l...)
	}
	return one
}

// lastLines are a question, what was said last, or which keys there are: one line, but for
// what has to be read and has no room in one.
func (m *model) lastLines() lines {
	switch {
	case m.prompt != nil:
		return m.prompt.lines(m)
	case m.finding != nil:
		return lines{m.findingLine()}
	case m.status.text != "":
		return m.told(m.status.role, m.status.text)
	}
	return lines{m.hints()}
}

// told breaks what is said into as many lines as it takes, within bounds.
func (m *model) told(r role, text string) lines {
	const most = 4
	var said lines
	for _, l := range display.Wrap(display.Line(text), max(m.width-2, 1)) {
		if len(said) == most {
			said[most-1] = append(said[most-1], span{r, " " + m.theme.more})
			break
		}
		said = append(said, say(r, " "+l))
	}
	return said
}

// hints are the keys that matter here, as many as there is room for. The last one, which
// tells of all, is always there.
func (m *model) hints() line {
	var ids []action
	switch {
	case m.focus == onList && len(m.list.rows) == 0:
		ids = []action{actFilter, actSend, actStats, actCommand}
	case m.focus == onList:
		ids = []action{actOpen, actReplay, actEdit, actSearch, actFilter, actVerify, actDiff, actMark, actSend, actStats}
	case m.detail.tab == tabVerify:
		ids = []action{actBack, actCopyWhy, actReplay, actSearch}
	case m.detail.tab == tabDiff:
		ids = []action{actBack, actTree, actReplay, actSearch}
	case m.detail.tab == tabBody:
		ids = []action{actBack, actFold, actRaw, actReplay, actEdit, actCopy, actSearch}
	default:
		ids = []action{actBack, actReplay, actEdit, actCopy, actSearch}
	}
	hint := func(a action) line {
		for _, b := range m.keys {
			if b.action == a && len(b.keys) > 0 {
				return line{{accent, " " + b.keys[0]}, {faint, " " + b.short + " "}}
			}
		}
		return nil
	}
	last := append(hint(actHelp), hint(actQuit)...)
	var l line
	for _, id := range ids {
		if h := hint(id); l.width()+h.width()+last.width() <= m.width {
			l = append(l, h...)
		}
	}
	return append(l, last...)
}

// size is a number of bytes in words.
func size(n int) string {
	switch {
	case n < 10_000:
		return strconv.Itoa(n) + " B"
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
