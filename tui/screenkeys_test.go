package tui

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEveryActionActs presses every key of every action, where it can do something, and
// wants something to come of it.
func TestEveryActionActs(t *testing.T) {
	first := map[action][]string{ // what has to be done before, on the last event of the log
		actDown: {"g"}, actPageDown: {"g"}, actBottom: {"g"}, actBack: {"enter"}, actQuit: {"enter"}, actBody: {"2"},
		actLeft: {"enter"}, actRight: {"enter"}, actNext: {"/", "type:needle", "enter", "up"}, actPrevious: {"/", "type:Ploomes", "enter"},
		actCompare: {"space", "up"}, actNormal: {"+"}, actTree: {"up", "d", "enter"}, actLess: {"up", "d", "enter", "t"}, actMore: {"up", "d", "enter", "t", "{", "{", "{"},
		actFold: {"enter"}, actFoldAll: {"enter"}, actRaw: {"enter"}, actCopyWhy: {"v", "enter"},
	}
	for _, b := range standard() {
		for _, key := range b.keys {
			t.Run(string(b.action)+" "+key, func(t *testing.T) {
				s := newScreen(t, someLog(), 120, 12, withReasons)
				s.keys(first[b.action]...)
				s.m.status = status{}
				s.clipboard, s.log.pages = "", 0
				before := s.text()
				s.keys(key)
				if before == s.text() && !s.quit && !s.suspended && s.clipboard == "" && s.ran == nil && s.edit == "" && s.log.pages == 0 {
					t.Errorf("nothing came of %s:\n%s", key, before)
				}
			})
		}
		if b.does == "" {
			t.Errorf("%s has no help", b.action)
		}
	}
}

// TestKeysDoOneThing wants every key to do one thing in a place, and no action to be
// named twice.
func TestKeysDoOneThing(t *testing.T) {
	keys, ids := map[string]action{}, map[action]bool{}
	for _, b := range standard() {
		if ids[b.action] {
			t.Errorf("%s is there twice", b.action)
		}
		ids[b.action] = true
		for _, key := range b.keys {
			at := string(b.in) + " " + key
			if other, taken := keys[at]; taken {
				t.Errorf("%s does %s and %s", at, other, b.action)
			}
			keys[at] = b.action
			if !known(key) {
				t.Errorf("%s: %q is no key", b.action, key)
			}
		}
	}
}

func TestNewKeymapRefuses(t *testing.T) {
	tests := []struct {
		name string
		own  map[string][]string
		want string
	}{
		{"no such action", map[string][]string{"replai": {"z"}}, `keys: there is no action "replai": did you mean replay?`},
		{"nothing like it", map[string][]string{"qqqqqqqqqq": {"z"}}, `keys: there is no action "qqqqqqqqqq"; ? lists the actions`},
		{"no such key", map[string][]string{"replay": {"hyper"}}, `keys: replay: "hyper" is no key: expected a sign such as x, or a name such as ctrl+x, enter, esc, tab, space, up, pgdown, home or f1`},
		{"the way out", map[string][]string{"replay": {"ctrl+c"}}, "keys: replay: ctrl+c leaves whatever is shown, and cannot be bound to anything else"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newKeymap(tt.own)
			if err == nil {
				t.Fatal("it was taken")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestReboundKeys(t *testing.T) {
	s := newScreen(t, someLog(), 120, 60, func(o *Options) { o.Keys = map[string][]string{"replay": {"f2", "u"}, "follow": {"r"}, "mark": {}} })
	s.sees(" f2 replay ", " / search ")
	s.lacks(" r replay ", "space mark")
	s.keys("f2", "u")
	if diff := cmp.Diff([][]string{{"replay", "12", "--to", "http://localhost:3000"}, {"replay", "12", "--to", "http://localhost:3000"}}, s.ran); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.keys("r")
	s.sees("not following; r follows the newest event again")
	s.keys("space")
	if s.m.marked != 0 {
		t.Error("a key that was taken from an action does it still")
	}
	s.keys("?")
	s.sees("f2 u            replay the event as it came", "r               follow the newest event")
}
