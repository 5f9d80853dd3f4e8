package tui

import tea "charm.land/bubbletea/v2"

// doBody folds and unfolds the body, or shows its bytes.
func (m *model) doBody(a action) tea.Cmd {
	d := &m.detail
	b, ok := d.pages[tabBody].(*body)
	if !ok {
		return nil
	}
	s := &d.at[tabBody]
	switch {
	case a == actRaw:
		d.raw = !d.raw
		s.line, s.top, s.left = 0, 0, 0
	case d.raw:
		m.status = status{faint, m.keys.key(actRaw) + " leaves the exact bytes; then there is something to fold"}
	case a == actFold:
		s.line = b.fold(s.line)
	case a == actFoldAll && m.allFolded:
		b.unfoldAll()
		m.allFolded = false
	default:
		b.foldAll(1)
		m.allFolded = true
		s.line = 0
	}
	m.holdScroll()
	return nil
}
