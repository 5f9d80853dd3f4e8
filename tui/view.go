package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"whk/verify/display"
)

// View draws the whole screen.
func (m *model) View() tea.View {
	v := tea.NewView(m.draw())
	v.AltScreen = true
	v.MouseMode = tea.MouseModeCellMotion
	if m.prompt != nil {
		v.Cursor = m.prompt.cursor(m.width, m.height)
	}
	return v
}

// draw makes the frame: height lines of width columns.
func (m *model) draw() string {
	if m.width <= 0 || m.height <= 0 {
		return ""
	}
	var b strings.Builder
	b.Grow(m.width * m.height * 2)
	for y, l := range m.frame() {
		if y > 0 {
			b.WriteByte('\n')
		}
		for _, part := range l {
			m.theme.draw(&b, part.line, part.width, part.chosen)
		}
	}
	return b.String()
}

// part is a piece of a screen line with a width of its own.
type part struct {
	line   line
	width  int
	chosen bool
}

// frame is every line of the screen, from the top.
func (m *model) frame() [][]part {
	if m.sheet != nil {
		return m.sheetFrame()
	}
	l := m.arrange()
	var frame [][]part
	if l.head {
		frame = append(frame, m.headLine())
	}
	frame = append(frame, m.titleLine(l, m.theme.tee))
	height := max(l.list.h, l.detail.h)
	var left, right []part
	if l.list.w > 0 {
		left = m.listPane(l.list)
	}
	if l.detail.w > 0 {
		right = m.detailPane(l.detail)
	}
	for y := range height {
		var parts []part
		if left != nil {
			parts = append(parts, left[y])
		}
		if left != nil && right != nil {
			parts = append(parts, part{say(faint, m.theme.side), 1, false})
		}
		if right != nil {
			parts = append(parts, right[y])
		}
		frame = append(frame, parts)
	}
	if l.foot {
		frame = append(frame, m.footLine(l))
	}
	if l.hints {
		frame = m.ended(frame, m.lastLines())
	}
	frame = frame[:min(len(frame), m.height)]
	if m.menu != nil {
		frame = m.menu.over(m, frame)
	}
	return frame
}

// ended is a frame with its last line. What has more lines than one covers those above.
func (m *model) ended(frame [][]part, last lines) [][]part {
	last = last[max(len(last)-m.height, 0):]
	frame = frame[:max(len(frame)+1-len(last), 0)]
	for _, l := range last {
		frame = append(frame, []part{{l, m.width, false}})
	}
	return frame
}

// listPane is the list with its heads.
func (m *model) listPane(r rect) []part {
	pane := make([]part, 0, r.h)
	shown := m.list.visible(m.listHeight(r))
	c := columnsFor(r.w, m.width < narrow, shown)
	if r.h > 2 {
		pane = append(pane, part{m.theme.listHead(c), r.w, false})
	}
	for i := range shown {
		chosen := m.list.top+i == m.list.at
		l := m.theme.listRow(&shown[i], c, chosen, shown[i].n == m.marked)
		pane = append(pane, part{l, r.w, chosen && m.focus == onList})
	}
	if len(m.list.rows) == 0 {
		for _, l := range m.emptyList(r.w) {
			pane = append(pane, part{l, r.w, false})
		}
	}
	return filled(pane, r)
}

// listHeight is how many rows of the list are seen.
func (m *model) listHeight(r rect) int {
	if r.h > 2 {
		return r.h - 1
	}
	return r.h
}

// emptyList says why there is nothing to see.
func (m *model) emptyList(width int) []line {
	switch {
	case m.reading:
		return []line{say(faint, "  reading "+m.theme.more)}
	case m.filterText != "" && !m.list.oldest:
		return []line{nil, say(plain, "  Stopped before an event that fits was found.")}
	case m.filterText != "":
		return []line{nil, say(plain, "  No event fits."), say(faint, "  "+m.keys.key(actFilter)+" changes the filter, "+m.keys.key(actBack)+" clears it.")}
	case m.o.Feed == nil:
		return []line{nil, say(plain, "  No events yet."), say(faint, "  whk listen receives some, whk demo makes some up.")}
	}
	hint := []line{nil, say(plain, "  Nothing has come yet.")}
	if m.o.SendTo != "" {
		hint = append(hint, say(faint, "  "+m.keys.key(actSend)+" sends a sample here. Or, in another terminal:"))
		for _, text := range display.Wrap(m.o.Shown([]string{"send", "rentman/Contact.create", m.o.SendTo}), width-3) {
			hint = append(hint, say(faint, "  "+text))
		}
	}
	return hint
}

// filled makes a pane as high as it has to be.
func filled(pane []part, r rect) []part {
	pane = pane[:min(len(pane), r.h)]
	for len(pane) < r.h {
		pane = append(pane, part{nil, r.w, false})
	}
	return pane
}
