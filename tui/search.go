package tui

import (
	"context"
	"errors"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"
)

// found brings where a search has ended.
type found struct {
	by   *scan // an answer to an earlier search is dropped
	n    int64 // 0 when nothing was found
	step int
	text string
	err  error
}

// searchOn looks for the text that was asked for: first in the open page, then in the
// events behind the cursor, or before it, without leaving the keyboard waiting.
func (m *model) searchOn(step int) tea.Cmd {
	if m.searching == "" {
		m.status = status{faint, m.keys.key(actSearch) + " asks for a text to look for"}
		return nil
	}
	if m.sheet != nil {
		m.searchSheet(step)
		return nil
	}
	if m.focus == onDetail {
		d := &m.detail
		s := &d.at[d.tab]
		from := s.line
		if !d.hasCursor() {
			from = s.top
		}
		if i := d.page().find(m.searching, from+step, step); i >= 0 {
			s.line, s.top = i, i
			m.holdScroll()
			return nil
		}
		m.status = status{faint, "no further line with " + m.searching + " here"}
		return nil
	}
	return m.findEvent(step)
}

// findEvent looks through names, headers and bodies of stored events.
func (m *model) findEvent(step int) tea.Cmd {
	if m.finding != nil {
		m.finding.cancel()
	}
	r, _ := m.list.current()
	ctx, cancel := context.WithCancel(m.ctx)
	s := &scan{cancel: cancel}
	m.finding, m.follow = s, false
	q := Query{Filter: m.filter, Text: m.searching, Limit: 1, Progress: s.progress}
	if q.Before = r.n; step > 0 {
		q.Before, q.After, q.OldestFirst = 0, r.n, true
	}
	log, text := m.o.Log, m.searching
	m.status = status{}
	look := func() tea.Msg {
		defer cancel()
		entries, err := log.Page(ctx, q)
		x := found{by: s, step: step, text: text, err: err}
		if len(entries) > 0 {
			x.n = entries[0].N
		}
		return x
	}
	return tea.Batch(look, m.watchFinding())
}

// findingOn comes while a search runs, so that it is seen how far it has got.
type findingOn struct{ s *scan }

func (m *model) watchFinding() tea.Cmd {
	s := m.finding
	return tea.Tick(100*time.Millisecond, func(time.Time) tea.Msg { return findingOn{s} })
}

// findingLine says what is looked for, and how far that is.
func (m *model) findingLine() line {
	l := line{{faint, " looking for "}, {plain, m.searching}, {faint, " " + m.theme.more}}
	if total := m.finding.total.Load(); total > 0 {
		l = append(l, span{warn, fmt.Sprintf(" %d %%", m.finding.done.Load()*100/total)})
	}
	return append(l, span{accent, "  " + m.keys.key(actBack)}, span{faint, " stops"})
}

// tookFound goes to what was found.
func (m *model) tookFound(x found) tea.Cmd {
	if x.by != m.finding {
		return nil
	}
	m.finding, m.status = nil, status{}
	switch {
	case errors.Is(x.err, context.Canceled):
		m.status = status{faint, "search stopped"}
	case x.n != 0:
		return m.goTo(x.n)
	case x.err != nil:
		m.status = status{bad, unreadable(x.err)}
	case x.step > 0:
		m.status = status{faint, "no later event with " + x.text + "; " + m.keys.key(actPrevious) + " looks at earlier ones"}
	default:
		m.status = status{faint, "no earlier event with " + x.text + "; " + m.keys.key(actNext) + " looks at later ones"}
	}
	return nil
}

// goTo puts the cursor on an event, which may not be held.
func (m *model) goTo(n int64) tea.Cmd {
	m.follow = false
	if i, ok := m.list.index(n); ok && m.order == (order{}) {
		m.list.at = i
		m.list.show(m.listHeight(m.arrange().list))
		return tea.Batch(m.want(), m.more())
	}
	m.order = order{}
	return m.readAround(n)
}

// cancel ends what takes long.
func (m *model) cancel() {
	if m.finding != nil {
		m.finding.cancel()
	}
	if m.scan != nil {
		m.scan.cancel()
	}
}
