package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

// pressed is a key press whose name is spelt as in a key binding.
func pressed(t *testing.T, name string) tea.KeyPressMsg {
	t.Helper()
	codes := map[string]rune{
		"left": tea.KeyLeft, "right": tea.KeyRight, "home": tea.KeyHome, "end": tea.KeyEnd,
		"backspace": tea.KeyBackspace, "delete": tea.KeyDelete, "up": tea.KeyUp, "f1": tea.KeyF1,
	}
	var k tea.KeyPressMsg
	rest := name
	for {
		if after, ok := strings.CutPrefix(rest, "ctrl+"); ok {
			k.Mod, rest = k.Mod|tea.ModCtrl, after
		} else if after, ok := strings.CutPrefix(rest, "alt+"); ok {
			k.Mod, rest = k.Mod|tea.ModAlt, after
		} else {
			break
		}
	}
	if code, ok := codes[rest]; ok {
		k.Code = code
	} else {
		k.Code = []rune(rest)[0]
		if k.Mod == 0 {
			k.Text = rest
		}
	}
	if k.String() != name {
		t.Fatalf("the key is called %q, want %q", k.String(), name)
	}
	return k
}

// A bar stands for the cursor.
func TestLineEdit(t *testing.T) {
	tests := []struct{ name, from, keys, want string }{
		{"letters go before the cursor", "a|c", "b", "ab|c"},
		{"letters of other scripts", "|", "ß 日 é", "ß日é|"},
		{"left", "ab|", "left", "a|b"},
		{"left at the start", "|ab", "left ctrl+b", "|ab"},
		{"right", "|ab", "right", "a|b"},
		{"right at the end", "ab|", "right ctrl+f", "ab|"},
		{"home", "ab|c", "home", "|abc"},
		{"the start as in a shell", "ab|c", "ctrl+a", "|abc"},
		{"end", "a|bc", "end", "abc|"},
		{"the end as in a shell", "a|bc", "ctrl+e", "abc|"},
		{"backspace", "ab|c", "backspace", "a|c"},
		{"backspace at the start", "|abc", "backspace ctrl+h", "|abc"},
		{"delete", "a|bc", "delete", "a|c"},
		{"delete at the end", "abc|", "delete ctrl+d", "abc|"},
		{"a word to the left", "one two|", "alt+b", "one |two"},
		{"blanks and a word to the left", "one two  |", "ctrl+left", "one |two  "},
		{"two words to the left", "one two|", "alt+left alt+left", "|one two"},
		{"a word to the right", "|one two", "alt+f", "one| two"},
		{"two words to the right", "|one  two", "ctrl+right alt+right", "one  two|"},
		{"delete a word before", "one two|", "ctrl+w", "one |"},
		{"delete half a word before", "one tw|o", "alt+backspace", "one |o"},
		{"delete a word and blanks before", "one two  |x", "ctrl+backspace", "one |x"},
		{"delete a word before at the start", "|one", "ctrl+w", "|one"},
		{"delete blanks alone", "  |", "ctrl+w", "|"},
		{"delete a word behind", "one| two x", "alt+d", "one| x"},
		{"delete a word behind at the end", "one|", "ctrl+delete alt+delete", "one|"},
		{"delete to the start", "one |two", "ctrl+u", "|two"},
		{"delete to the end", "one| two", "ctrl+k", "one|"},
		{"keys that mean nothing here", "a|b", "f1 up ctrl+x alt+x", "a|b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, behind, _ := strings.Cut(tt.from, "|")
			e := newLineEdit(before + behind)
			e.at = len([]rune(before))
			for _, name := range strings.Fields(tt.keys) {
				e.key(pressed(t, name))
			}
			got := string(e.text[:e.at]) + "|" + string(e.text[e.at:])
			if got != tt.want {
				t.Errorf("line %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLineEditInsert(t *testing.T) {
	long := strings.Repeat("x", mostTyped)
	tests := []struct{ name, from, text, want string }{
		{"a blank", "a", " ", "a "},
		{"several lines become one", "a ", "b\nc\td", "a b c d"},
		{"what acts on a terminal is left out", "", "a\x1b[31mb\x07\u009bc\r", "a[31mbc"},
		{"bytes that are no text are left out", "", "a\xffb", "ab"},
		{"as much as there is room for", long[:mostTyped-1], "ab", long[:mostTyped-1] + "a"},
		{"nothing when it is full", long, "ab", long},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := newLineEdit(tt.from)
			e.insert(tt.text)
			if got := e.value(); got != tt.want || e.at != len([]rune(tt.want)) {
				t.Errorf("line %q with the cursor at %d, want %q and the cursor behind it", got, e.at, tt.want)
			}
		})
	}
}

// A line that was set keeps nothing of the one before.
func TestLineEditSet(t *testing.T) {
	e := newLineEdit("one two")
	e.key(tea.KeyPressMsg{Code: tea.KeyHome})
	e.set("x")
	e.insert("y")
	if got := e.value(); got != "xy" {
		t.Errorf("line %q, want %q", got, "xy")
	}
}
