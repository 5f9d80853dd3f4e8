package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"
)

// Update is the one place where the model changes.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) { return m, m.update(msg) }

func (m *model) update(msg tea.Msg) tea.Cmd {
	m.now = m.o.Now()
	switch x := msg.(type) {
	case tea.WindowSizeMsg:
		return m.resize(x.Width, x.Height)
	case tea.KeyPressMsg:
		return m.key(x)
	case tea.PasteMsg:
		return m.paste(x)
	case tea.MouseClickMsg:
		return m.click(tea.Mouse(x))
	case tea.MouseWheelMsg:
		return m.wheel(tea.Mouse(x))
	case news:
		return m.hear(x)
	case second:
		if m.o.Feed != nil {
			m.news.seconds = m.o.Feed.rate(m.now)
		}
		return tick()
	case rowsRead:
		return m.tookRows(x)
	case entryRead:
		return m.took(x)
	case pageMade:
		m.tookPage(x)
	case reportMade:
		return m.clip("the report", string(x))
	case found:
		return m.tookFound(x)
	case findingOn:
		if x.s == m.finding {
			return m.watchFinding()
		}
	case commandDone:
		return m.tookDone(x)
	case edited:
		return m.tookEdited(x)
	case historyCounted:
		return m.tookCounted(x)
	}
	return nil
}

// paste puts a text into the line that is open, as if it had been typed.
func (m *model) paste(x tea.PasteMsg) tea.Cmd {
	switch {
	case m.prompt != nil:
		cmd := m.prompt.update(x)
		if m.prompt.kind == promptHelp {
			m.openHelpFor(m.prompt.input.value())
		}
		return cmd
	case m.menu != nil && m.menu.typed != nil:
		m.menu.typed.insert(x.Content)
		m.menu.at = 0
	}
	return nil
}

func (m *model) resize(width, height int) tea.Cmd {
	wider := width != m.width
	m.width, m.height = width, height
	m.settle()
	m.holdScroll()
	if m.sheet != nil {
		m.sheet.hold(m.height)
	}
	if wider { // what explains is broken at the width
		return m.reread()
	}
	return nil
}

// hear takes what has happened since the last frame.
func (m *model) hear(n news) tea.Cmd {
	m.drawn = m.now
	if len(n.said) > 0 {
		m.status = status{warn, n.said[len(n.said)-1]}
	}
	m.news = n
	m.stale = m.stale || !n.onlyEvents
	return tea.Batch(m.readOn(), m.wait())
}

// key does what a key is bound to.
func (m *model) key(k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "ctrl+c":
		return tea.Quit
	case "ctrl+z": // stops the listener, too, until fg in the shell
		return tea.Suspend
	}
	if m.status.text != "" {
		m.status = status{}
	}
	switch {
	case m.prompt != nil:
		return m.promptKey(k)
	case m.menu != nil:
		return m.menuKey(k)
	case m.sheet != nil:
		return m.sheetKey(k)
	}
	a, ok := m.keys.find(k.String(), m.places()...)
	if !ok {
		return nil
	}
	return m.do(a)
}

// places are where keys are pressed now, the narrowest first.
func (m *model) places() []place {
	if m.focus == onList {
		return []place{inList, everywhere}
	}
	in := map[tab]place{tabBody: inBody, tabVerify: inVerify, tabDiff: inDiff}[m.detail.tab]
	return []place{in, inDetail, everywhere}
}

// do does an action.
func (m *model) do(a action) tea.Cmd {
	switch a {
	case actUp, actDown, actPageUp, actPageDown, actTop, actBottom, actLeft, actRight:
		return m.move(a)
	case actOpen:
		m.focus = onDetail
		return m.want()
	case actBack:
		return m.back()
	case actQuit:
		if m.focus == onDetail || m.zoomed {
			return m.back()
		}
		return tea.Quit
	case actSuspend:
		return tea.Suspend
	case actInterrupt:
		return tea.Quit
	case actPane:
		m.focus = onDetail - m.focus
		m.settle()
		return m.want()
	case actNextTab:
		return m.turn((m.detail.tab + 1) % tabs)
	case actPrevTab:
		return m.turn((m.detail.tab + tabs - 1) % tabs)
	case actBody:
		return m.turn(tabBody)
	case actHead:
		return m.turn(tabHead)
	case actVerify:
		return m.turn(tabVerify)
	case actDiff:
		return m.turn(tabDiff)
	case actAttempts:
		return m.turn(tabAttempts)
	}
	return m.doMore(a)
}

// doMore does what is more than moving about.
func (m *model) doMore(a action) tea.Cmd {
	switch a {
	case actSearch:
		return m.ask(promptSearch, m.searching)
	case actNext:
		return m.searchOn(+1)
	case actPrevious:
		return m.searchOn(-1)
	case actFilter:
		return m.ask(promptFilter, m.filterText)
	case actCommand:
		return m.ask(promptCommand, "")
	case actFollow:
		m.follow = !m.follow
		if !m.follow {
			m.status = status{faint, "not following; " + m.keys.key(actFollow) + " follows the newest event again"}
			return nil
		}
		return m.readNewest()
	case actPause:
		return m.pause()
	case actMask:
		m.masked = !m.masked
		return m.reread()
	case actZoom:
		m.zoomed = true
		m.settle()
	case actNormal:
		m.zoomed = false
		m.settle()
	case actHeader:
		m.bare = !m.bare
		m.settle()
	case actRefresh:
		return tea.Batch(tea.ClearScreen, m.readNewest(), m.reread())
	case actOrder:
		return m.menuOrder()
	case actReverse:
		return m.sort(m.order.turned())
	case actStats:
		return m.openStats()
	case actHelp:
		return m.openHelp()
	case actLog:
		return m.openLog()
	case actTree, actLess, actMore:
		return m.doDiff(a)
	case actFold, actFoldAll, actRaw:
		return m.doBody(a)
	}
	return m.doEvent(a)
}

// doEvent does something with the event under the cursor.
func (m *model) doEvent(a action) tea.Cmd {
	if a == actSend {
		return m.menuSamples()
	}
	r, ok := m.list.current()
	if !ok {
		m.status = status{faint, "there is no event yet"}
		return nil
	}
	id := fmt.Sprint(r.n)
	switch a {
	case actReplay:
		return m.replay(id)
	case actResign:
		return m.replay(id, "--resign")
	case actEdit:
		return m.edit(r.n)
	case actMark:
		m.against = 0
		if m.marked == r.n {
			m.marked = 0
			return m.reread()
		}
		m.marked = r.n
		m.status = status{faint, fmt.Sprintf("#%d is marked; %s on another event compares the two", r.n, m.keys.key(actCompare))}
		return m.reread()
	case actCompare:
		return m.compare(r.n)
	case actCopy:
		return m.menuCopy()
	case actCopyCurl, actCopyHead, actCopyBody, actCopyWhy:
		return m.copyOf(a)
	case actExport:
		return m.menuExport(r.n)
	case actSave:
		return m.ask(promptSave, "")
	case actDelete:
		return m.confirm(fmt.Sprintf("Delete #%d for good?", r.n), "events", "prune", "--where", "n:"+id, "--yes")
	case actClear:
		if m.filterText == "" {
			return m.confirm("Delete ALL events for good?", "events", "prune", "--all", "--yes")
		}
		return m.confirm("Delete every event that fits "+m.filterText+" for good?", "events", "prune", "--where", m.filterText, "--yes")
	}
	return nil
}

// back leaves what was entered last.
func (m *model) back() tea.Cmd {
	switch {
	case m.reading && m.scan != nil && m.scan.total.Load() > 0 || m.finding != nil:
		m.cancel()
	case m.zoomed:
		m.zoomed = false
	case m.focus == onDetail:
		m.focus = onList
	case m.searching != "":
		m.searching = ""
	case m.filterText != "":
		return m.setFilter("")
	}
	m.settle()
	return nil
}

func (m *model) pause() tea.Cmd {
	if m.paused = !m.paused; m.paused {
		m.held = m.last
		return nil
	}
	if m.follow {
		return m.readNewest()
	}
	return m.refresh()
}

// move moves the cursor of the pane, or what is seen of a page.
func (m *model) move(a action) tea.Cmd {
	l := m.arrange()
	if m.focus == onDetail {
		m.scroll(a, detailHeight(l.detail))
		return nil
	}
	height := m.listHeight(l.list)
	m.follow = false
	switch a {
	case actUp:
		m.list.move(-1)
	case actDown:
		m.list.move(+1)
	case actPageUp:
		m.list.move(1 - height)
	case actPageDown:
		m.list.move(height - 1)
	case actTop:
		if !m.list.oldest && m.order == (order{}) {
			return m.readOldest()
		}
		m.list.move(-len(m.list.rows))
	case actBottom:
		m.follow = m.o.Feed != nil
		if !m.list.newest {
			return m.readNewest()
		}
		m.list.move(len(m.list.rows))
	}
	m.list.show(height)
	return tea.Batch(m.want(), m.more())
}

// scroll moves the page of the detail.
func (m *model) scroll(a action, height int) {
	d := &m.detail
	s := &d.at[d.tab]
	by := map[action]int{actUp: -1, actDown: 1, actPageUp: 1 - height, actPageDown: height - 1, actTop: -1 << 30, actBottom: 1 << 30}[a]
	switch {
	case a == actLeft && s.left == 0:
		m.focus = onList
		m.settle()
	case a == actLeft:
		s.left = max(s.left-8, 0)
	case a == actRight:
		s.left += 8
	case d.hasCursor():
		s.line += by
	default:
		s.top += by
	}
	m.holdScroll()
}

// holdScroll keeps what is seen of a page inside of it.
func (m *model) holdScroll() {
	d := &m.detail
	s := &d.at[d.tab]
	height, seen := d.page().height(), detailHeight(m.arrange().detail)
	s.line = min(max(s.line, 0), max(height-1, 0))
	if d.hasCursor() {
		s.top = max(min(s.top, s.line), s.line-seen+1)
	}
	s.top = max(min(s.top, height-seen), 0)
}

// turn shows another tab, and goes to it where the list would hide it.
func (m *model) turn(to tab) tea.Cmd {
	m.detail.tab = to
	if m.arrange().detail.w == 0 {
		m.focus = onDetail
	}
	m.holdScroll()
	return tea.Batch(m.want(), m.layOut(to))
}

// reread lays the event out anew: the one that is seen, or the one on its way.
func (m *model) reread() tea.Cmd {
	if m.detail.wanted == 0 {
		return nil
	}
	return m.read(m.detail.wanted)
}
