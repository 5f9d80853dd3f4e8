package tui

import (
	"bytes"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"whk/listener"
	"whk/verify"
)

// tab is one way of looking at an event.
type tab int

const (
	tabBody tab = iota
	tabHead
	tabVerify
	tabDiff
	tabAttempts
	tabs
)

// tabNames are the tabs as they are called, and shorter.
func tabNames(short bool) [tabs]string {
	if short {
		return [tabs]string{"Body", "Head", "Sig", "Diff", "Tries"}
	}
	return [tabs]string{"Body", "Head", "Verify", "Diff", "Attempts"}
}

// detail is the event that is looked at.
type detail struct {
	// wanted is the number of the event that is to be seen, shown that of the one that is.
	wanted, shown int64
	entry         Entry
	err           error
	url           string // as it may be shown
	pages         [tabs]page
	tab           tab
	again         bool // it has to be read once more
	masked        bool // whether personal data is masked in its pages
	raw           bool // the bytes of the body as they are
	at            [tabs]scroll
}

// scroll is how far a page has been moved, and the line under the cursor.
type scroll struct{ top, left, line int }

// entryRead brings an event that was read, with the page that was seen when it was asked
// for, and its body. Other pages are made when somebody turns to them.
type entryRead struct {
	n      int64
	entry  Entry
	url    string
	masked bool
	pages  [tabs]page
	err    error
}

// pageMade brings another page of the event.
type pageMade struct {
	of   *listener.Event // as it was read then
	tab  tab
	page page
}

// page is what is seen of the event.
func (d *detail) page() page {
	p := d.pages[d.tab]
	if b, ok := p.(*body); ok && d.raw {
		return b.raw()
	}
	if p == nil {
		return lines{}
	}
	return p
}

// want reads the event under the cursor, if it is another one than the one that is seen
// or on its way, or if answers to it have come since it was read.
func (m *model) want() tea.Cmd {
	r, ok := m.list.current()
	switch {
	case !ok && !m.reading: // nothing is listed, so nothing is looked at
		m.detail = detail{tab: m.detail.tab}
		return nil
	case !ok || r.n == m.detail.wanted && !(r.n == m.detail.shown && r.attempts > len(m.detail.entry.Results)):
		return nil
	}
	return m.read(r.n)
}

// read reads an event, unless one is on its way already: then the one that is wanted by
// then is read next.
func (m *model) read(n int64) tea.Cmd {
	m.detail.wanted = n
	m.detail.again = m.busy // what is on its way may be of before
	if m.busy {
		return nil
	}
	m.busy = true
	build, tab := m.builder(), m.detail.tab
	ctx, log, d := m.ctx, m.o.Log, &m.detail
	var body page // folds stay as they are while the body is the same
	if n == d.shown && d.masked == build.masked {
		body = d.pages[tabBody]
	}
	return func() tea.Msg {
		entry, err := log.Entry(ctx, n)
		if entry.Event == nil {
			return entryRead{n: n, err: err}
		}
		x := entryRead{n: n, entry: entry, masked: build.masked, err: err}
		x.url = build.o.Redact.Delivery(&verify.Delivery{URL: entry.Delivery.URL}).URL
		if x.pages[tabBody] = body; body == nil {
			x.pages[tabBody] = build.page(ctx, entry, tabBody)
		}
		if tab != tabBody {
			x.pages[tab] = build.page(ctx, entry, tab)
		}
		return x
	}
}

// layOut makes the page of a tab that was turned to, unless it is there.
func (m *model) layOut(to tab) tea.Cmd {
	d := &m.detail
	if d.entry.Event == nil || d.pages[to] != nil {
		return nil
	}
	build, ctx, entry := m.builder(), m.ctx, d.entry
	return func() tea.Msg { return pageMade{entry.Event, to, build.page(ctx, entry, to)} }
}

// tookPage shows a page that was made, unless another event is seen by now.
func (m *model) tookPage(x pageMade) {
	if x.of == m.detail.entry.Event { // and was not read again since, with another answer
		m.detail.pages[x.tab] = x.page
		m.holdScroll()
	}
}

// took shows an event that was read.
func (m *model) took(x entryRead) tea.Cmd {
	m.busy = false
	if m.detail.wanted == 0 {
		return nil
	}
	if x.n != m.detail.shown {
		m.detail.at, m.allFolded = [tabs]scroll{}, false
	} else if b, ok := x.pages[tabBody].(*body); ok {
		if before, ok := m.detail.pages[tabBody].(*body); ok && bytes.Equal(before.data, b.data) {
			x.pages[tabBody] = before // with what is folded in it
		}
	}
	m.detail.shown, m.detail.entry, m.detail.url, m.detail.pages, m.detail.err = x.n, x.entry, x.url, x.pages, x.err
	m.detail.masked = x.masked
	if x.entry.Event == nil {
		m.detail.pages = [tabs]page{}
	}
	m.holdScroll()
	if m.detail.wanted != x.n || m.detail.again {
		return m.read(m.detail.wanted)
	}
	return m.layOut(m.detail.tab)
}

// detailHeight is how many lines of a page are seen.
func detailHeight(r rect) int { return max(r.h-2, 1) }

// detailPane is the event with its tabs.
func (m *model) detailPane(r rect) []part {
	d := &m.detail
	var pane []part
	add := func(l line, chosen bool) { pane = append(pane, part{l, r.w, chosen}) }
	if r.h > 4 {
		add(m.tabLine(r.w), false)
	}
	switch {
	case d.entry.Event == nil && d.err != nil:
		add(nil, false)
		add(say(bad, " "+d.err.Error()), false)
		return filled(pane, r)
	case d.entry.Event == nil:
		return filled(pane, r)
	}
	if r.h > 6 {
		add(m.requestLine(), false)
	}
	s := d.at[d.tab]
	page := d.page()
	for i, l := range page.window(s.top, r.h-len(pane), s.left, r.w-1) {
		chosen := m.focus == onDetail && d.hasCursor() && s.top+i == s.line
		add(append(line{{accent, m.cursorSign(chosen)}}, l...), chosen)
	}
	return filled(pane, r)
}

// hasCursor reports whether lines of the page can be chosen.
func (d *detail) hasCursor() bool {
	_, ok := d.pages[d.tab].(*body)
	return ok && d.tab == tabBody
}

// tabLine names the tabs.
func (m *model) tabLine(width int) line {
	l := line{blank(1)}
	for i, name := range tabNames(width < 50) {
		r := faint
		if tab(i) == m.detail.tab {
			r = bold
		}
		l = append(l, span{faint, fmt.Sprintf("[%d]", i+1)}, span{r, name}, blank(1))
	}
	return l
}

// requestLine says what came, in one line.
func (m *model) requestLine() line {
	e := m.detail.entry
	l := line{{plain, " "}, {bold, e.Delivery.Method}, {plain, " " + m.detail.url}, {faint, "  " + size(len(e.Delivery.Body))}}
	if b, ok := m.detail.pages[tabBody].(*body); ok && m.detail.tab == tabBody {
		kind := b.kind()
		if m.detail.raw {
			kind = "as it came"
		}
		l = append(l, span{faint, ", " + kind})
	}
	return l
}
