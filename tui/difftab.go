package tui

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"whk/verify/display"
	"whk/verify/provider"
)

// pair is two texts that are compared.
type pair struct {
	title    string
	old, new []byte
	// partial is set for the old and new values of one event, of which the sender tells
	// only a part.
	partial bool
}

// diff compares the old and new values of an event, or another event with it.
func (b builder) diff(ctx context.Context, e Entry) page {
	p, why := b.pair(ctx, e)
	if why != "" {
		page := lines{nil, say(plain, why)}
		for _, text := range display.Wrap("Mark an event ("+b.keys.key(actMark)+"), go to another one, and compare ("+b.keys.key(actCompare)+").", b.width-4) {
			page = append(page, say(faint, text))
		}
		return page
	}
	if b.masked {
		return lines{nil, say(plain, "Values are masked.")}
	}
	if b.unified || !json.Valid(p.old) || !json.Valid(p.new) {
		return append(lines{say(bold, p.title)}, b.unifiedDiff(p)...)
	}
	changes, err := provider.Diff(p.old, p.new, provider.DiffOptions{Partial: p.partial})
	if err != nil {
		return lines{say(bad, err.Error())}
	}
	return b.treeDiff(p, changes)
}

// pair is what an event is compared with; why says why with nothing.
func (b builder) pair(ctx context.Context, e Entry) (p pair, why string) {
	if b.against != 0 && b.against != e.N {
		other, err := b.o.Log.Entry(ctx, b.against)
		if err != nil {
			return p, fmt.Sprintf("#%d cannot be read: %v", b.against, err)
		}
		title := fmt.Sprintf("#%d %s %s #%d %s", other.N, other.FullName(), b.theme.arrow, e.N, e.FullName())
		return pair{title, other.Delivery.Body, e.Delivery.Body, false}, ""
	}
	sender, err := b.o.Set.Lookup(e.Provider)
	if err != nil {
		return p, "This event has no old and new values that are known."
	}
	facts, _ := sender.Facts(e.Delivery) // what cannot be read is in the notes already
	p = pair{fmt.Sprintf("%s %s, old %s new", facts.Entity, strings.Join(facts.IDs[:min(len(facts.IDs), 3)], ", "), b.theme.arrow), facts.Old, facts.New, true}
	switch {
	case facts.Old == nil && facts.New == nil:
		return p, "This event carries no old and new values."
	case facts.Old == nil:
		p.old, p.partial = []byte("{}"), false
	case facts.New == nil:
		p.new, p.partial = []byte("{}"), false
	}
	return p, ""
}

// treeColumns are the widths of paths and old values: as wide as they are where all three
// columns have room, or else a fair share.
func (b builder) treeColumns(changes provider.Changes) (paths, olds int) {
	news := 0
	for _, c := range changes.List {
		if c.Kind == provider.NotReported {
			continue
		}
		paths = max(paths, display.Width(display.Line(c.Path)))
		if c.Kind == provider.Changed {
			olds, news = max(olds, display.Width(b.value(c.Old))), max(news, display.Width(b.value(c.New)))
		}
	}
	const between = 8
	room := max(b.width-between, 30)
	if paths+olds+news > room {
		paths = min(paths, room*2/5)
		olds = min(olds, max(room-paths-news, (room-paths)/2))
	}
	return paths, olds
}

// treeDiff lists the changes by path, the changed ones first.
func (b builder) treeDiff(p pair, changes provider.Changes) lines {
	counts := say(faint, fmt.Sprintf("changed %d%sadded %d%sremoved %d", changes.Count(provider.Changed),
		b.theme.dot, changes.Count(provider.Added), b.theme.dot, changes.Count(provider.Removed)))
	page := lines{say(bold, p.title), counts, nil}
	if one := joined(page[:2], span{faint, b.theme.dot}); one.width() < b.width-1 {
		page = lines{one, nil}
	}
	paths, olds := b.treeColumns(changes)
	for _, kind := range []struct {
		of   provider.ChangeKind
		sign string
		role role
	}{{provider.Changed, "~", warn}, {provider.Added, "+", good}, {provider.Removed, "-", bad}} {
		for _, c := range changes.List {
			if c.Kind != kind.of {
				continue
			}
			path := c.Path
			if path == "" {
				path = "(the whole)"
			}
			l := line{{kind.role, kind.sign + " "}, cell(plain, path, paths, b.theme.more), blank(2)}
			switch kind.of {
			case provider.Changed:
				l = append(l, cell(bad, b.value(c.Old), olds, b.theme.more), span{faint, " " + b.theme.arrow + " "}, span{good, b.value(c.New)})
			case provider.Added:
				l = append(l, span{good, b.value(c.New)})
			default:
				l = append(l, span{bad, b.value(c.Old)})
			}
			if c.SameValue {
				l = append(l, span{faint, "  same value, spelled another way"})
			}
			page = append(page, l)
		}
	}
	if !changes.Differ() {
		page = append(page, say(plain, "no difference in what both sides tell"))
	}
	return append(page, b.notReported(changes)...)
}

// notReported tells of names that one side lacks, where the sender tells only a part.
func (b builder) notReported(changes provider.Changes) lines {
	var onlyNew, onlyOld []string
	for _, c := range changes.List {
		switch {
		case c.Kind != provider.NotReported:
		case c.Old == nil:
			onlyNew = append(onlyNew, c.Path)
		default:
			onlyOld = append(onlyOld, c.Path)
		}
	}
	var page lines
	tell := func(paths []string, text string) {
		if len(paths) == 0 {
			return
		}
		page = append(page, nil)
		for _, l := range display.Wrap(fmt.Sprintf(text, len(paths))+": "+display.Line(strings.Join(paths, ", ")), b.width-4) {
			page = append(page, say(faint, l))
		}
	}
	tell(onlyNew, "old value not reported for %d")
	tell(onlyOld, "new value not reported for %d")
	if changes.Coarse {
		page = append(page, nil, say(faint, "too much differs to tell apart: some values are compared as a whole"))
	}
	return page
}

// value is a JSON value in one line.
func (b builder) value(raw json.RawMessage) string {
	const most = 2000
	return display.Line(b.o.Redact.Text(string(raw[:min(len(raw), most)])))
}

// unifiedDiff compares line by line.
func (b builder) unifiedDiff(p pair) lines {
	hunks := provider.DiffLines(b.printed(p.old), b.printed(p.new), b.context)
	if len(hunks) == 0 {
		return lines{nil, say(plain, "no difference")}
	}
	var page lines
	for _, h := range hunks {
		page = append(page, say(faint, fmt.Sprintf("@@ -%d,%d +%d,%d @@", h.OldStart, h.OldLines, h.NewStart, h.NewLines)))
		for _, l := range h.Lines {
			r := map[byte]role{'-': bad, '+': good}[l.Sign]
			page = append(page, line{{r, string(l.Sign)}, {r, l.Text}})
		}
	}
	return page
}

// printed are the lines of a body as it is shown.
func (b builder) printed(text []byte) []string {
	body := newBody([]byte(b.o.Redact.Text(string(text))), "", "", "")
	body.signs = b.theme.unfoldable()
	const most = 20_000
	var all []string
	for _, l := range body.window(0, most, 0, 4000) {
		all = append(all, l.plain())
	}
	return all
}

// doDiff changes how the Diff tab compares.
func (m *model) doDiff(a action) tea.Cmd {
	switch a {
	case actTree:
		m.unified = !m.unified
	case actLess:
		m.context = max(m.context-1, 0)
	case actMore:
		m.context = min(m.context+1, 100)
	}
	return m.reread()
}

// compare shows what differs between the marked event and this one.
func (m *model) compare(n int64) tea.Cmd {
	if m.marked == 0 || m.marked == n {
		m.status = status{faint, m.keys.key(actMark) + " marks an event first; " + m.keys.key(actCompare) + " on another one compares the two"}
		return nil
	}
	if m.against == m.marked && m.detail.shown == n && m.detail.tab == tabDiff { // the second time, back to its own values
		m.against = 0
		return m.read(n)
	}
	m.against = m.marked
	m.turn(tabDiff)
	return m.read(n)
}
