package tui

import (
	"cmp"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"whk/verify/display"
)

// order is how the rows stand. Only the order of the numbers is that of the log; any
// other one is over the rows that are held.
type order struct {
	by       column
	reversed bool
}

// column is what the rows can be ordered by.
type column string

const (
	byNumber   column = ""
	byName     column = "name"
	byVerdict  column = "verdict"
	byAnswer   column = "answer"
	byDuration column = "duration"
	bySize     column = "size"
)

func (o order) String() string {
	name := cmp.Or(string(o.by), "number")
	if o.reversed {
		name += ", reversed"
	}
	return name
}

// compare orders two rows; equal ones keep the order of their numbers.
func (o order) compare(a, b row) int {
	n := 0
	switch o.by {
	case byName:
		n = strings.Compare(a.provider+"/"+a.name, b.provider+"/"+b.name)
	case byVerdict:
		n = strings.Compare(string(a.verdict.Status), string(b.verdict.Status))
	case byAnswer:
		n = cmp.Compare(a.answer(), b.answer())
	case byDuration:
		n = cmp.Compare(a.took, b.took)
	case bySize:
		n = cmp.Compare(a.size, b.size)
	}
	if n == 0 {
		n = cmp.Compare(a.n, b.n)
	}
	if o.reversed {
		return -n
	}
	return n
}

// turned is the same order the other way round.
func (o order) turned() order { return order{o.by, !o.reversed} }

// menuOrder picks the column to order by.
func (m *model) menuOrder() tea.Cmd {
	by := func(key string, c column, name, note string) choice {
		return choice{key, name, note, func(m *model) tea.Cmd { return m.sort(order{c, m.order.reversed}) }}
	}
	return m.pick(say(bold, "order by"),
		by("n", byNumber, "number", "the order in which events came"),
		by("e", byName, "name", "provider and event"),
		by("v", byVerdict, "verdict", ""),
		by("a", byAnswer, "answer", "status of the app's last answer"),
		by("d", byDuration, "duration", "of the app's last answer"),
		by("s", bySize, "size", "of the body"),
		choice{m.keys.key(actReverse), "turned around", "the order that it has now", func(m *model) tea.Cmd { return m.sort(m.order.turned()) }})
}

// sort puts the rows that are held into another order, and the list stands still in it.
func (m *model) sort(o order) tea.Cmd {
	m.order = o
	if o == (order{}) {
		return m.readNewest()
	}
	m.follow, m.list.still = false, true
	current, held := m.list.current()
	slices.SortFunc(m.list.rows, o.compare)
	if held {
		m.list.at = slices.IndexFunc(m.list.rows, func(r row) bool { return r.n == current.n })
	}
	m.list.show(m.listHeight(m.arrange().list))
	m.status = status{faint, "ordered by " + o.String() + ": the " + display.Thousands(int64(len(m.list.rows))) + " events that are held"}
	return nil
}
