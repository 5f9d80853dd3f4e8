package tui

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	tea "charm.land/bubbletea/v2"
	"pgregory.net/rapid"
)

// screenStates are ways to every kind of frame.
func screenStates() map[string][]string {
	return map[string][]string{
		"list": {}, "bare": {"i"}, "marked": {"space", "up"}, "paused": {"p"}, "masked": {"m"}, "ordered": {"o", "e"},
		"filtered": {"f", "type:provider:rentman", "enter"}, "none": {"f", "type:provider:github", "enter"},
		"body": {"enter"}, "raw": {"enter", "b"}, "folded": {"enter", "Z"}, "zoomed": {"enter", "+"}, "aside": {"enter", "right"},
		"head": {"2", "enter"}, "verify": {"up", "up", "up", "up", "up", "up", "up", "up", "up", "v", "enter"},
		"diff": {"up", "d", "enter"}, "lines": {"up", "d", "enter", "t"}, "attempts": {"up", "up", "up", "a", "enter"},
		"prompt": {"f", "type:provider:rentman sig:valid app:2xx body:Contact since:10m"}, "fault": {"f", "type:sig:vald", "enter"},
		"status": {"F"}, "search": {"/", "type:zebra", "enter"},
		"copy": {"y"}, "export": {"x"}, "order": {"o"}, "samples": {"s"}, "typed": {"s", "type:null"}, "nothing": {"s", "type:zebra"}, "confirm": {"X"},
		"help": {"?"}, "some help": {"?", "/", "type:copy"}, "commands": {"r", "@"}, "statistics": {"S"},
	}
}

// TestFramesFit draws every kind of frame at many sizes, and the list at all of them.
func TestFramesFit(t *testing.T) {
	t.Run("every size", func(t *testing.T) {
		s := newScreen(t, someLog(), 80, 24)
		for width := 20; width <= 200; width += sizeStep {
			for height := 5; height <= 60; height += sizeStep {
				s.m.width, s.m.height = width, height
				s.m.settle()
				if fault := s.fault(); fault != "" {
					t.Fatal(fault)
				}
			}
		}
	})
	for name, keys := range screenStates() {
		t.Run(name, func(t *testing.T) {
			s := newScreen(t, someLog(), 120, 40, withReasons)
			s.keys(keys...)
			try := func(width, height int) {
				s.send(tea.WindowSizeMsg{Width: width, Height: height})
				if fault := s.fault(); fault != "" {
					t.Fatal(fault)
				}
			}
			for width := 20; width <= 200; width += sizeStep {
				try(width, 5+width%56)
			}
			for height := 5; height <= 60; height += sizeStep {
				for _, width := range []int{20, 60, 100} {
					try(width, height)
				}
			}
			for width := range 20 { // smaller than anybody can use, and still no panic
				for height := range 6 {
					s.send(tea.WindowSizeMsg{Width: width, Height: height})
					s.m.draw()
				}
			}
		})
	}
}

// pressable are the keys that the storms press: those of every action, and of no action.
func pressable() []string {
	var keys []string
	for _, b := range standard() {
		if b.action != actInterrupt && b.action != actEdit { // which leave, and write files
			keys = append(keys, b.keys...)
		}
	}
	return append(keys, "u", "y", "type:pro", "type:\"x", "backspace", "esc", "enter", "down", "up")
}

// TestResizeStorm resizes and presses keys at random. Whatever the state is by then, the
// frame has its measures, and is the one that the same state has always had at that size:
// what was seen at the sizes on the way leaves nothing behind in how it is laid out.
func TestResizeStorm(t *testing.T) {
	keys := pressable()
	rapid.Check(t, func(r *rapid.T) {
		s := newScreen(t, someLog(), 80, 24)
		size := func(label string) tea.WindowSizeMsg {
			return tea.WindowSizeMsg{Width: rapid.IntRange(1, 210).Draw(r, label+" width"), Height: rapid.IntRange(1, 70).Draw(r, label+" height")}
		}
		for i := range rapid.IntRange(1, 40).Draw(r, "steps") {
			if rapid.Bool().Draw(r, "resize") {
				s.send(size(fmt.Sprint(i)))
			} else {
				s.keys(rapid.SampledFrom(keys).Draw(r, "key"))
			}
			if s.m.width >= 20 && s.m.height >= 5 {
				if fault := s.fault(); fault != "" {
					r.Fatal(fault)
				}
			}
			s.m.draw()
		}
	})
}

// TestResizeLeavesNothingBehind goes through a storm of sizes and compares the last frame
// with that of a screen which has always had this size.
func TestResizeLeavesNothingBehind(t *testing.T) {
	states := screenStates()
	names := slices.Sorted(maps.Keys(states))
	rapid.Check(t, func(r *rapid.T) {
		keys := states[rapid.SampledFrom(names).Draw(r, "state")]
		width, height := rapid.IntRange(20, 200).Draw(r, "width"), rapid.IntRange(24, 60).Draw(r, "height")
		fresh := newScreen(t, someLog(), width, height, withReasons)
		fresh.keys(keys...)
		s := newScreen(t, someLog(), width, height, withReasons)
		s.keys(keys...)
		for range rapid.IntRange(1, 5).Draw(r, "sizes") {
			s.send(tea.WindowSizeMsg{Width: rapid.IntRange(20, 200).Draw(r, "on the way"), Height: rapid.IntRange(24, 60).Draw(r, "on the way")})
		}
		s.send(tea.WindowSizeMsg{Width: width, Height: height})
		if got, want := s.text(), fresh.text(); got != want {
			r.Fatalf("after a storm:\n%s\nfresh:\n%s", got, want)
		}
	})
}

// TestASCIIHasNothingElse draws every kind of frame for a terminal that knows ASCII alone.
func TestASCIIHasNothingElse(t *testing.T) {
	for name, keys := range screenStates() {
		s := newScreen(t, someLog(), 120, 40, inASCII, withReasons)
		s.keys(keys...)
		for _, r := range s.text() {
			if r > '~' {
				t.Errorf("%s: %q is drawn:\n%s", name, r, s.text())
				break
			}
		}
	}
}

// A resize while another event is on its way does not bring back the one before.
func TestResizeWhileReading(t *testing.T) {
	s := newScreen(t, someLog(), 120, 40)
	s.held = true
	s.keys("up") // the event above is on its way
	s.send(tea.WindowSizeMsg{Width: 130, Height: 40})
	s.release()
	if got, want := s.m.detail.shown, s.cursor(); got != want {
		t.Errorf("event %d is seen, the cursor is on %d", got, want)
	}
}
