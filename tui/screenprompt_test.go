package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"
)

func TestPaste(t *testing.T) {
	paste := tea.PasteMsg{Content: "provider:rentman\nsig:valid\x1b[2J"}
	t.Run("into the filter", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 40)
		s.keys("f")
		s.send(paste)
		s.sees("filter: provider:rentman sig:valid[2J")
		s.keys("esc")
		if s.m.filterText != "" {
			t.Errorf("the filter is %q", s.m.filterText)
		}
	})
	t.Run("into the samples", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 40)
		s.keys("s")
		s.send(tea.PasteMsg{Content: "ubiqo"})
		s.sees("search: ubiqo", "ubiqo/gps.coordinate")
		s.lacks("rentman/Contact.update")
	})
	t.Run("into the keys", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 40)
		s.keys("?", "/")
		s.send(tea.PasteMsg{Content: "copy"})
		s.sees("copy the headers")
		s.lacks("pause the list")
	})
	t.Run("nowhere", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 40)
		before := s.text()
		s.send(tea.PasteMsg{Content: "qXy"})
		if s.text() != before || s.quit {
			t.Error("a paste acted as keys")
		}
	})
}

func TestCursorOfThePrompt(t *testing.T) {
	s := newScreen(t, someLog(), 40, 12)
	s.keys("f", "type:日本")
	if got, want := s.m.View().Cursor.Position.X, len(" filter: ")+4; got != want {
		t.Errorf("column %d, want %d", got, want)
	}
	s.keys("type:" + strings.Repeat("x", 100) + "end")
	s.sees("xxxend")
	if got := s.m.View().Cursor.Position; got.X >= 40 || got.Y != 11 {
		t.Errorf("the cursor is at %v", got)
	}
	s.keys("home")
	s.sees(" filter: 日本xxx")
	if got, want := s.m.View().Cursor.Position.X, len(" filter: "); got != want {
		t.Errorf("column %d, want %d", got, want)
	}
}

func TestWords(t *testing.T) {
	tests := []struct {
		text string
		want []string
		err  string
	}{
		{"", nil, ""},
		{"  \t ", nil, ""},
		{"events  list\t--json", []string{"events", "list", "--json"}, ""},
		{`a 'b c' "d e"`, []string{"a", "b c", "d e"}, ""},
		{`a'b'"c"d`, []string{"abcd"}, ""},
		{`'' "" x`, []string{"", "", "x"}, ""},
		{`a\ b \'`, []string{"a b", "'"}, ""},
		{`'a\b' "a\"b"`, []string{`a\b`, `a"b`}, ""},
		{`"it's"`, []string{"it's"}, ""},
		{"日本 語", []string{"日本", "語"}, ""},
		{"'a", nil, "a ' is not closed"},
		{`"a`, nil, `a " is not closed`},
		{`a\`, nil, `there is nothing behind the last \`},
	}
	for _, tt := range tests {
		got, err := words(tt.text)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
		if message := message(err); message != tt.err {
			t.Errorf("%q: error %q, want %q", tt.text, message, tt.err)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
