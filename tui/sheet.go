package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// sheet is a page that takes the whole screen until it is left.
type sheet struct {
	title string
	page  page
	top   int
	left  int
	// live lays the page out anew, where it changes while it is looked at; made is the
	// second in which it did so last.
	live func(m *model) page
	made int64
}

// open shows a page on the whole screen.
func (m *model) open(title string, p page) { m.sheet = &sheet{title: title, page: p} }

// sheetRoom is how many lines of a sheet are seen.
func sheetRoom(height int) int { return max(height-2, 1) }

// hold keeps what is seen inside of the page.
func (s *sheet) hold(height int) {
	s.top = max(min(s.top, s.page.height()-sheetRoom(height)), 0)
}

// sheetKey scrolls the page or leaves it.
func (m *model) sheetKey(k tea.KeyPressMsg) tea.Cmd {
	s := m.sheet
	a, _ := m.keys.find(k.String(), inDetail, everywhere)
	room := sheetRoom(m.height)
	switch a {
	case actUp:
		s.top--
	case actDown:
		s.top++
	case actPageUp:
		s.top -= room - 1
	case actPageDown:
		s.top += room - 1
	case actTop:
		s.top = 0
	case actBottom:
		s.top = s.page.height()
	case actLeft:
		s.left = max(s.left-8, 0)
	case actRight:
		s.left += 8
	case actSearch:
		if s.title == helpTitle {
			return m.ask(promptHelp, "")
		}
		return m.ask(promptSearch, m.searching)
	case actNext, actPrevious:
		m.searchSheet(map[action]int{actNext: 1, actPrevious: -1}[a])
	case actBack, actQuit, actHelp, actStats, actLog:
		m.sheet = nil
		return nil
	}
	s.hold(m.height)
	return nil
}

// searchSheet goes to the next line that holds what is searched.
func (m *model) searchSheet(step int) {
	if i := m.sheet.page.find(m.searching, m.sheet.top+step, step); m.searching != "" && i >= 0 {
		m.sheet.top = i
		return
	}
	m.status = status{faint, "no line with " + m.searching}
}

// sheetFrame draws the sheet.
func (m *model) sheetFrame() [][]part {
	s := m.sheet
	if s.live != nil {
		s.page = s.live(m)
		s.hold(m.height)
	}
	var frame [][]part
	whole := func(l line) { frame = append(frame, []part{{l, m.width, false}}) }
	whole(m.ruled(say(bold, s.title), m.width, true))
	for _, l := range s.page.window(s.top, sheetRoom(m.height), s.left, m.width) {
		whole(l)
	}
	for len(frame) < m.height-1 {
		whole(nil)
	}
	switch {
	case m.prompt != nil:
		frame = m.ended(frame, m.prompt.lines(m))
	case m.status.text != "":
		frame = m.ended(frame, m.told(m.status.role, m.status.text))
	default:
		whole(line{{accent, " " + m.keys.key(actBack)}, {faint, " back  "}, {accent, m.keys.key(actUp) + " " + m.keys.key(actDown)}, {faint, " scroll  "}, {accent, m.keys.key(actSearch)}, {faint, " search"}})
	}
	return frame[:min(len(frame), m.height)]
}

// helpTitle is the title of the keys.
const helpTitle = "keys"

// openHelp shows the keys.
func (m *model) openHelp() tea.Cmd {
	m.openHelpFor("")
	return nil
}

// openHelpFor shows the keys whose help holds a text: those of the pane in focus first.
func (m *model) openHelpFor(text string) {
	places := m.places()
	for _, other := range []place{everywhere, inList, inDetail, inBody, inVerify, inDiff} {
		if !slices.Contains(places, other) {
			places = append(places, other)
		}
	}
	var page lines
	for _, in := range places {
		var group lines
		for _, b := range m.keys {
			if b.in != in || len(b.keys) == 0 {
				continue
			}
			keys := strings.Join(b.keys, " ")
			l := line{cell(accent, "  "+keys, 18, m.theme.more), span{plain, b.does}}
			if m.width >= sideBySide {
				l = line{l[0], cell(plain, b.does, 62, m.theme.more), span{faint, string(b.action)}}
			}
			if contains(l.plain(), text) {
				group = append(group, l)
			}
		}
		if len(group) > 0 {
			page = append(append(page, nil, say(bold, " "+placeName(in))), group...)
		}
	}
	page = append(page, m.theme.legend(text)...)
	if text == "" && m.width >= sideBySide {
		page = append(page, nil, say(faint, " The words at the right are the names by which keys: in the configuration binds other keys."))
	}
	if len(page) == 0 {
		page = lines{nil, say(faint, " no key does that")}
	}
	m.open(helpTitle, page)
}

// legend says what the signs of the list mean, as far as that holds a text.
func (t *theme) legend(text string) lines {
	var page lines
	for _, sign := range []struct {
		role          role
		sign, meaning string
	}{
		{good, t.valid, "the signature is valid"},
		{bad, t.invalid, "the signature is invalid"},
		{bad, t.missing, "a signature is due and missing"},
		{faint, t.unsigned, "the provider signs nothing"},
		{warn, t.noSecret, "not checked, for lack of a secret"},
		{warn, t.unchecked, "not checked for another reason, or of an unknown provider"},
		{warn, t.development, "valid by the well-known development secret, which proves nothing"},
		{warn, t.duplicate, "same content as an earlier event"},
		{warn, t.reordered, "older than one that came before it"},
		{warn, t.replayed, "replayed"},
		{warn, t.edited, "replayed after an edit"},
		{warn, t.signs.cut, "the body was cut"},
		{warn, t.marked, "marked to be compared"},
	} {
		if contains(sign.meaning, text) {
			page = append(page, line{cell(sign.role, "  "+sign.sign, 18, t.more), span{plain, sign.meaning}})
		}
	}
	if len(page) > 0 {
		page = append(lines{nil, say(bold, " signs in the list")}, page...)
	}
	return page
}

func placeName(in place) string {
	switch in {
	case inList:
		return "in the list"
	case inDetail:
		return "in an event"
	case inBody:
		return "in the Body tab"
	case inVerify:
		return "in the Verify tab"
	case inDiff:
		return "in the Diff tab"
	}
	return "everywhere"
}
