package tui

import (
	tea "charm.land/bubbletea/v2"

	"whk/verify/display"
)

// wheelStep is how many lines a notch of the wheel moves.
const wheelStep = 3

// wheel scrolls what is under the mouse.
func (m *model) wheel(mouse tea.Mouse) tea.Cmd {
	by := wheelStep
	switch mouse.Button {
	case tea.MouseWheelUp:
		by = -wheelStep
	case tea.MouseWheelDown:
	default:
		return nil
	}
	l := m.arrange()
	switch {
	case m.menu != nil || m.prompt != nil:
		return nil
	case m.sheet != nil:
		m.sheet.top += by
		m.sheet.hold(m.height)
	case l.detail.holds(mouse.X, mouse.Y):
		s := &m.detail.at[m.detail.tab]
		if m.detail.hasCursor() {
			s.line += by
		} else {
			s.top += by
		}
		m.holdScroll()
	case l.list.holds(mouse.X, mouse.Y):
		m.follow = false
		m.list.move(by)
		m.list.show(m.listHeight(l.list))
		return tea.Batch(m.want(), m.more())
	}
	return nil
}

// click goes to what was clicked: an event, a tab, or a line.
func (m *model) click(mouse tea.Mouse) tea.Cmd {
	if mouse.Button != tea.MouseLeft || m.menu != nil || m.prompt != nil || m.sheet != nil {
		return nil
	}
	l := m.arrange()
	switch {
	case l.list.holds(mouse.X, mouse.Y):
		i := m.list.top + mouse.Y - l.list.y - (l.list.h - m.listHeight(l.list))
		if i < m.list.top || i >= len(m.list.rows) {
			return nil
		}
		if i == m.list.at && m.focus == onList && l.detail.w == 0 {
			return m.do(actOpen) // a second click on a narrow screen
		}
		m.focus, m.follow, m.list.at = onList, false, i
		return tea.Batch(m.want(), m.more())
	case l.detail.holds(mouse.X, mouse.Y):
		m.focus = onDetail
		if mouse.Y == l.detail.y && l.detail.h > 4 {
			return m.clickTab(mouse.X-l.detail.x, l.detail.w)
		}
		if m.detail.hasCursor() {
			s := &m.detail.at[m.detail.tab]
			s.line = s.top + mouse.Y - l.detail.y - (l.detail.h - detailHeight(l.detail))
			m.holdScroll()
		}
	}
	return nil
}

// clickTab turns to the tab at a column.
func (m *model) clickTab(x, width int) tea.Cmd {
	at := 1
	for i, name := range tabNames(width < 50) {
		if at += display.Width(name) + 4; x < at {
			return m.turn(tab(i))
		}
	}
	return nil
}
