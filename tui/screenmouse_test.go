package tui

import (
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

func TestMouse(t *testing.T) {
	click := func(x, y int) tea.Msg { return tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft} }
	wheel := func(x, y int, b tea.MouseButton) tea.Msg { return tea.MouseWheelMsg{X: x, Y: y, Button: b} }
	t.Run("on a row", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 40)
		s.send(click(10, 7)) // the head, the titles, the names of the columns, and four rows
		if got, want := s.cursor(), int64(5); got != want {
			t.Errorf("cursor on %d, want %d", got, want)
		}
		s.sees("5 ploomes/Contacts.Update ? unsigned")
	})
	t.Run("below the rows, on the rules, and with another button", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 40)
		for _, msg := range []tea.Msg{click(10, 30), click(10, 0), click(10, 1), click(10, 2), click(10, 38), click(10, 39), click(60, 8), tea.MouseClickMsg{X: 10, Y: 7, Button: tea.MouseRight}} {
			s.send(msg)
			if got, want := s.cursor(), int64(12); got != want {
				t.Errorf("%v: cursor on %d, want %d", msg, got, want)
			}
		}
	})
	t.Run("on a tab", func(t *testing.T) {
		for _, width := range []int{100, 120} {
			s := newScreen(t, someLog(), width, 40)
			lines := strings.Split(s.text(), "\n")
			for i, name := range tabNames(width < 120) {
				at := slices.Index([]rune(lines[2]), rune('1'+i))
				s.send(click(at, 2))
				if got := s.m.detail.tab; got != tab(i) {
					t.Errorf("a click on %s shows tab %d", name, got)
				}
			}
		}
	})
	t.Run("on a line of the body", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 40)
		s.send(click(80, 6))
		if s.m.focus != onDetail || s.m.detail.at[tabBody].line != 2 {
			t.Errorf("focus %d, line %d", s.m.focus, s.m.detail.at[tabBody].line)
		}
	})
	t.Run("a second click opens where the panes are one", func(t *testing.T) {
		s := newScreen(t, someLog(), 80, 24)
		s.send(click(10, 5))
		s.sees("Events 3/12")
		s.send(click(10, 5))
		s.sees("3 rentman/SerialNumber.update ✗ invalid")
	})
	t.Run("the wheel on the list", func(t *testing.T) {
		s := newScreen(t, manyEvents(5000), 120, 40)
		for range 700 {
			s.send(wheel(10, 10, tea.MouseWheelUp))
		}
		if got, want := s.cursor(), int64(5000-3*700); got != want {
			t.Errorf("cursor on %d, want %d", got, want)
		}
		s.send(wheel(10, 10, tea.MouseWheelDown))
		if got, want := s.cursor(), int64(5000-3*699); got != want {
			t.Errorf("cursor on %d, want %d", got, want)
		}
	})
	t.Run("the wheel on the event", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 14)
		s.send(wheel(80, 6, tea.MouseWheelDown))
		if got, want := s.m.detail.at[tabBody].line, 3; got != want {
			t.Errorf("line %d, want %d", got, want)
		}
		if got, want := s.cursor(), int64(12); got != want {
			t.Errorf("cursor on %d, want %d", got, want)
		}
		s.keys("2")
		s.send(wheel(80, 6, tea.MouseWheelDown))
		if got, want := s.m.detail.at[tabHead].top, 3; got != want {
			t.Errorf("the page begins at %d, want %d", got, want)
		}
	})
	t.Run("the wheel on a page", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 14)
		s.keys("?")
		s.send(wheel(80, 6, tea.MouseWheelDown))
		if got, want := s.m.sheet.top, 3; got != want {
			t.Errorf("the page begins at %d, want %d", got, want)
		}
	})
}
