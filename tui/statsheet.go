package tui

import (
	"context"
	"errors"

	tea "charm.land/bubbletea/v2"

	"whk/listener/tally"
)

// historyCounted tells that the events of the past were counted.
type historyCounted struct{ err error }

// openStats shows the statistics, which go on while they are looked at. The past is
// counted when somebody asks for the first time, where it was not counted before.
func (m *model) openStats() tea.Cmd {
	if m.o.Feed == nil {
		m.status = status{faint, "nothing was counted; :events stats counts everything"}
		return nil
	}
	s := &sheet{title: statsTitle}
	m.sheet = s
	width := 0
	s.live = func(m *model) page {
		if s.made == m.now.Unix() && width == m.width { // the listener waits meanwhile
			return s.page
		}
		s.made, width = m.now.Unix(), m.width
		var p lines
		m.o.Feed.read(func(c *tally.Counts) {
			p = m.theme.statistics(c, statsOptions{now: m.now, sampleKey: m.sampleKey()}, m.width-2)
		})
		for i := range p {
			p[i] = append(line{blank(1)}, p[i]...)
		}
		return p
	}
	m.sheet.page = lines{}
	count, ctx := m.o.Count, m.ctx
	if count == nil || m.counted {
		return nil
	}
	m.counted = true
	m.status = status{faint, "counting the past " + m.theme.more}
	return func() tea.Msg { return historyCounted{count(ctx)} }
}

// statsTitle is the title of the statistics.
const statsTitle = "statistics"

// sampleKey is the key that sends a sample, where that can be done.
func (m *model) sampleKey() string {
	if m.o.SendTo == "" {
		return ""
	}
	return m.keys.key(actSend)
}

func (m *model) tookCounted(x historyCounted) tea.Cmd {
	m.status = status{}
	if m.sheet != nil {
		m.sheet.made = 0
	}
	if x.err != nil && !errors.Is(x.err, context.Canceled) {
		m.status = status{bad, unreadable(x.err)}
	}
	return nil
}
