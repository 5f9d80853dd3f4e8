package tui

import (
	"context"
	"strings"
	"testing"

	"whk/listener"
	"whk/verify"

	"whk/verify/display"
)

// goTo puts the cursor of a screen on an event.
func (s *screen) goTo(n int64) {
	s.t.Helper()
	s.run(s.m.goTo(n))
	if s.cursor() != n {
		s.t.Fatalf("the cursor is on %d, not on %d", s.cursor(), n)
	}
}

// withReasons gives the Verify tab what a run knows.
func withReasons(o *Options) {
	o.Secrets = func(name string) []verify.Secret {
		if name != "rentman" {
			return nil
		}
		return []verify.Secret{verify.NewSecret("env RENTMAN_TOKEN", "token-1"), verify.NewSecret("profile shop", "token-2")}
	}
	o.Explain = func(_ context.Context, _ *listener.Event, width int) []string {
		return display.Wrap("matches if the final newline (0x0A) is removed: a proxy or an editor added one byte", width)
	}
}

// TestFrames holds whole frames against goldens. Look at them as pictures when they
// change.
func TestFrames(t *testing.T) {
	at := func(n int64, keys ...string) func(*screen) {
		return func(s *screen) {
			s.goTo(n)
			s.keys(keys...)
		}
	}
	press := func(keys ...string) func(*screen) { return func(s *screen) { s.keys(keys...) } }
	tests := []struct {
		name          string
		width, height int
		do            func(*screen)
		options       []option
	}{
		{"list_60x20", 60, 20, press(), nil},
		{"list_50x16", 50, 16, press(), nil},
		{"list_80x24", 80, 24, press(), nil},
		{"list_120x40", 120, 40, press(), nil},
		{"list_200x50", 200, 50, press(), nil},
		{"list_80x24_ascii", 80, 24, press(), []option{inASCII}},
		{"list_120x40_ascii", 120, 40, press(), []option{inASCII}},
		{"list_20x5", 20, 5, press(), nil},
		{"body_60x20", 60, 20, press("enter"), nil},
		{"body_80x24", 80, 24, press("enter"), nil},
		{"body_80x24_ascii", 80, 24, press("enter"), []option{inASCII}},
		{"body_200x50", 200, 50, at(evPloomes, "enter"), nil},
		{"body_raw", 120, 40, at(evPloomes, "enter", "b"), nil},
		{"body_folded", 120, 40, at(evPloomes, "enter", "Z"), nil},
		{"body_zoomed", 120, 40, at(evPloomes, "enter", "+"), nil},
		{"body_bare", 120, 40, at(evPloomes, "enter", "i"), nil},
		{"body_text", 120, 40, at(evUnchecked), nil},
		{"body_cut", 120, 40, at(evCut), nil},
		{"head", 120, 40, at(evValid, "2"), nil},
		{"head_notes", 120, 40, at(evInvalid, "2"), nil},
		{"head_marks", 120, 40, at(evDuplicate, "2"), nil},
		{"head_80x24", 80, 24, at(evDuplicate, "2"), nil},
		{"verify_valid", 120, 40, at(evValid, "v"), nil},
		{"verify_invalid", 120, 40, at(evInvalid, "v"), nil},
		{"verify_invalid_80x24", 80, 24, at(evInvalid, "v"), nil},
		{"verify_invalid_60x20", 60, 20, at(evInvalid, "v"), nil},
		{"verify_missing", 120, 40, at(evMissing, "v"), nil},
		{"verify_unsigned", 120, 40, at(evUnsigned, "v"), nil},
		{"verify_unchecked", 120, 40, at(evUnchecked, "v"), nil},
		{"verify_no_secret", 120, 40, at(evNoSecret, "v"), nil},
		{"diff_tree", 120, 40, at(evPloomes, "d"), nil},
		{"diff_tree_80x24", 80, 24, at(evPloomes, "d"), nil},
		{"diff_unified", 120, 40, at(evPloomes, "d", "enter", "t"), nil},
		{"diff_unified_less", 120, 40, at(evPloomes, "d", "enter", "t", "{", "{"), nil},
		{"diff_two", 120, 40, func(s *screen) {
			s.goTo(evValid)
			s.keys("space")
			s.goTo(evUnsigned)
			s.keys("W")
		}, nil},
		{"diff_none", 120, 40, at(evUnchecked, "d"), nil},
		{"diff_same", 120, 40, func(s *screen) {
			s.goTo(evValid)
			s.keys("space")
			s.goTo(evLast)
			s.keys("W")
		}, nil},
		{"attempts_none", 120, 40, at(evInvalid, "a"), nil},
		{"attempts_several", 120, 40, at(evReplayed, "a"), nil},
		{"attempts_several_80x24", 80, 24, at(evReplayed, "a"), nil},
		{"attempts_refused", 120, 40, at(evUnsigned, "a"), nil},
		{"marked", 120, 40, at(evInvalid, "space", "up"), nil},
		{"filter_prompt", 120, 40, press("f", "type:provider:rent"), nil},
		{"filter_error", 120, 40, press("f", "type:provder:x", "enter"), nil},
		{"filter_error_60x20", 60, 20, press("f", "type:sig:vald", "enter"), nil},
		{"filtered", 120, 40, press("f", "type:provider:rentman sig:valid", "enter"), nil},
		{"filtered_none", 120, 40, press("f", "type:provider:github", "enter"), nil},
		{"search_found", 120, 40, press("/", "type:latitude", "enter", "N"), nil},
		{"search_none", 120, 40, press("/", "type:zebra", "enter"), nil},
		{"menu_copy", 120, 40, press("y"), nil},
		{"menu_copy_60x20", 60, 20, press("y"), nil},
		{"menu_export", 120, 40, press("x"), nil},
		{"menu_order", 120, 40, press("o"), nil},
		{"menu_samples", 120, 40, press("s"), nil},
		{"menu_samples_60x20", 60, 20, press("s"), nil},
		{"menu_samples_typed", 120, 40, press("s", "type:contact null"), nil},
		{"menu_samples_nothing", 120, 40, press("s", "type:zebra"), nil},
		{"menu_confirm", 120, 40, press("X"), nil},
		{"menu_confirm_80x24_ascii", 80, 24, press("ctrl+x"), []option{inASCII}},
		{"ordered", 120, 40, press("o", "e"), nil},
		{"ordered_reversed", 120, 40, press("O"), nil},
		{"help", 120, 60, press("?"), nil},
		{"help_80x24", 80, 24, press("?"), nil},
		{"help_filtered", 120, 40, press("?", "/", "type:copy"), nil},
		{"commands", 120, 40, func(s *screen) {
			s.output = "#13 answered 200\n"
			s.keys("r")
			s.code, s.output = 3, "whk: connect: refused\nhint: is your app running?\n"
			s.keys("R", "@")
		}, nil},
		{"commands_none", 80, 24, press("@"), nil},
		{"status_failed", 120, 40, func(s *screen) {
			s.code, s.output = 3, "whk: connect: refused\nhint: is your app running?\n"
			s.keys("r")
		}, nil},
		{"output", 80, 24, func(s *screen) {
			s.output = "NAME     EVENTS\nploomes  14\nrentman  132\n"
			s.keys(":", "type:providers list", "enter")
		}, nil},
		{"command_prompt", 80, 24, press(":", "type:events list --where 'sig:inv"), nil},
		{"statistics_120x40", 120, 40, press("S"), nil},
		{"statistics_80x24", 80, 24, press("S"), nil},
		{"paused", 120, 40, func(s *screen) {
			s.keys("p")
			s.arrive(smallEvent(13), smallEvent(14))
		}, nil},
		{"not_following", 120, 40, press("F"), nil},
		{"masked", 120, 40, at(evPloomes, "m"), nil},
		{"warned", 120, 40, func(s *screen) {
			s.m.o.Feed.Say("rentman: no secret is configured, so nothing is checked")
			s.hear()
		}, nil},
		{"list_colour", 100, 20, press(), []option{inColour}},
		{"body_colour", 100, 20, press("enter"), []option{inColour}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newScreen(t, someLog(), tt.width, tt.height, append(tt.options, withReasons)...)
			tt.do(s)
			if fault := s.fault(); fault != "" {
				t.Error(fault)
			}
			golden(t, "screen/"+tt.name+".txt", s.picture())
		})
	}
}

// TestEmptyFrames holds the screens without events against goldens.
func TestEmptyFrames(t *testing.T) {
	tests := []struct {
		name          string
		width, height int
		options       []option
	}{
		{"empty_listening", 120, 40, nil},
		{"empty_listening_60x20", 60, 20, nil},
		{"empty_watching", 80, 24, []option{func(o *Options) { o.SendTo, o.Targets = "", nil }}},
		{"empty_history", 80, 24, []option{func(o *Options) { o.SendTo, o.Targets, o.Feed = "", nil, nil }}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newScreen(t, &fakeLog{}, tt.width, tt.height, tt.options...)
			if fault := s.fault(); fault != "" {
				t.Error(fault)
			}
			golden(t, "screen/"+tt.name+".txt", s.picture())
		})
	}
}

// picture is the frame as a golden shows it: with its escape sequences, if there are any,
// written so that they can be read.
func (s *screen) picture() string {
	if !s.m.o.Colour {
		return s.text()
	}
	return strings.ReplaceAll(s.m.draw(), "\x1b", "␛") + "\n"
}
