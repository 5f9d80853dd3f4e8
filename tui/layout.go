package tui

// rect is a part of the screen, in columns and lines from the upper left.
type rect struct{ x, y, w, h int }

func (r rect) holds(x, y int) bool { return x >= r.x && x < r.x+r.w && y >= r.y && y < r.y+r.h }

// layout is where everything stands.
type layout struct {
	width, height int
	// head and foot are whether the lines above and below are shown, hints the last line.
	head, foot, hints bool
	// list and detail are the panes, below their titles; a pane that is not seen has no
	// width.
	list, detail rect
	// titles is the line with the titles of the panes.
	titles int
}

// sideBySide is from how many columns the panes stand beside each other.
const sideBySide = 100

// arrange shares out the screen.
func (m *model) arrange() layout {
	l := layout{width: m.width, height: m.height}
	l.head = !m.bare && m.height >= 8
	l.foot = !m.bare && m.height >= 9
	l.hints = m.height >= 4
	top, bottom := 0, m.height
	if l.head {
		top++
	}
	l.titles = top
	top++
	if l.hints {
		bottom--
	}
	if l.foot {
		bottom--
	}
	pane := rect{0, top, m.width, max(bottom-top, 0)}
	switch {
	case m.width >= sideBySide && !m.zoomed:
		l.list, l.detail = pane, pane
		l.detail.w = m.detailWidth()
		l.list.w = m.width - l.detail.w - 1
		l.detail.x = l.list.w + 1
	case m.focus == onDetail:
		l.detail = pane
	default:
		l.list = pane
	}
	return l
}

// detailWidth is how wide a detail is when it is seen. Beside it the list is as wide as it
// needs to be, and on wide screens a little more.
func (m *model) detailWidth() int {
	if m.width < sideBySide || m.zoomed {
		return m.width
	}
	return m.width - 1 - min(max(54, m.width/2), 90)
}
