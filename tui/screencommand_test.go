package tui

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"whk/verify/provider"
)

// TestActionsRunCommands holds what keys run against the command lines that are
// documented for them.
func TestActionsRunCommands(t *testing.T) {
	to := []string{"--to", "http://localhost:3000"}
	tests := []struct {
		name    string
		keys    []string
		want    []string
		options []option
	}{
		{"replay", []string{"r"}, append([]string{"replay", "12"}, to...), nil},
		{"replay, signed", []string{"R"}, append(append([]string{"replay", "12"}, to...), "--resign"), nil},
		{"replay without a target", []string{"r"}, []string{"replay", "12"}, []option{func(o *Options) { o.Targets = nil }}},
		{"replay to the first of several", []string{"r"}, []string{"replay", "12", "--to", "http://a.example.com"}, []option{func(o *Options) { o.Targets = []string{"http://a.example.com", "http://b.example.com"} }}},
		{"replay in an event", []string{"up", "enter", "r"}, append([]string{"replay", "11"}, to...), nil},
		{"curl", []string{"C"}, []string{"events", "export", "12", "--format", "curl", "--target", "http://localhost:3000"}, nil},
		{"curl by the menu", []string{"y", "C"}, []string{"events", "export", "12", "--format", "curl", "--target", "http://localhost:3000"}, nil},
		{"curl without a target", []string{"y", "enter"}, []string{"events", "export", "12", "--format", "curl"}, []option{func(o *Options) { o.Targets = nil }}},
		{"export as curl", []string{"x", "c"}, []string{"events", "export", "12", "--format", "curl", "--to", "event-12.sh"}, nil},
		{"export as HAR", []string{"x", "h"}, []string{"events", "export", "12", "--format", "har", "--to", "event-12.har"}, nil},
		{"export as HTTP", []string{"x", "r"}, []string{"events", "export", "12", "--format", "http", "--to", "event-12.http"}, nil},
		{"export as JSON", []string{"x", "j"}, []string{"events", "export", "12", "--format", "ndjson", "--to", "event-12.ndjson"}, nil},
		{"export as a bundle", []string{"x", "down", "down", "down", "down", "enter"}, []string{"events", "export", "12", "--format", "bundle", "--to", "event-12.whk"}, nil},
		{"export as CSV", []string{"x", "v"}, []string{"events", "export", "12", "--format", "csv", "--to", "event-12.csv"}, nil},
		{"save", []string{"w", "type:big-order", "enter"}, []string{"events", "save", "12", "--as", "big-order"}, nil},
		{"delete", []string{"X", "y"}, []string{"events", "prune", "--where", "n:12", "--yes"}, nil},
		{"clear", []string{"ctrl+x", "down", "enter"}, []string{"events", "prune", "--all", "--yes"}, nil},
		{"clear what fits", []string{"f", "type:provider:rentman sig:valid", "enter", "ctrl+x", "y"}, []string{"events", "prune", "--where", "provider:rentman sig:valid", "--yes"}, nil},
		{"send", []string{"s", "enter"}, []string{"send", "rentman/Contact.create", "http://127.0.0.1:4400"}, nil},
		{"send a variant", []string{"s", "type:contact.create null", "enter"}, []string{"send", "rentman/Contact.create", "http://127.0.0.1:4400", "--variant", "null-user"}, nil},
		{"send to the target", []string{"s", "enter"}, []string{"send", "rentman/Contact.create", "http://localhost:3000"}, []option{func(o *Options) { o.SendTo = "" }}},
		{"a command", []string{":", "type:events list --where 'sig:valid app:5xx'", "enter"}, []string{"events", "list", "--where", "sig:valid app:5xx"}, nil},
		{"a command with its name", []string{":", "type:whk version", "enter"}, []string{"version"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newScreen(t, someLog(), 120, 40, tt.options...)
			s.keys(tt.keys...)
			if diff := cmp.Diff([][]string{tt.want}, s.ran); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
			s.keys("@")
			s.sees("whk "+strings.Join(tt.want, " "), "# exit 0")
		})
	}
}

func TestCommandsThatAreNotRun(t *testing.T) {
	tests := []struct {
		name string
		keys []string
		sees string
	}{
		{"another listener", []string{":", "type:listen", "enter"}, "listen: run it in a terminal of its own"},
		{"nothing", []string{":", "enter"}, "enter open"},
		{"a quote is open", []string{":", "type:events list 'x", "enter"}, "a ' is not closed"},
		{"no name", []string{"w", "enter"}, "a name for the sample, as in big-order"},
		{"left", []string{":", "type:version", "esc"}, "enter open"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newScreen(t, someLog(), 120, 40)
			s.keys(tt.keys...)
			if s.ran != nil {
				t.Errorf("%q ran", s.ran)
			}
			s.sees(tt.sees)
		})
	}
	for _, word := range []string{"q", "quit", "exit"} {
		s := newScreen(t, someLog(), 120, 40)
		s.keys(":", "type:"+word, "enter")
		if !s.quit {
			t.Errorf(":%s does not leave", word)
		}
	}
}

func TestNobodyToSendTo(t *testing.T) {
	s := newScreen(t, someLog(), 120, 40, func(o *Options) { o.SendTo, o.Targets = "", nil })
	s.keys("s")
	s.sees("nobody listens here: :send EVENT URL sends to an address")
}

func TestConfirmMeansNo(t *testing.T) {
	for name, keys := range map[string][]string{"enter": {"X", "enter"}, "n": {"X", "n"}, "esc": {"X", "esc"}, "anything else": {"X", "Y", "q", "esc"}, "enter, all": {"ctrl+x", "enter"}} {
		s := newScreen(t, someLog(), 120, 40)
		s.keys(keys...)
		if s.ran != nil {
			t.Errorf("%s: %q ran", name, s.ran)
		}
		if s.m.menu != nil {
			t.Errorf("%s: the question is still there", name)
		}
	}
	s := newScreen(t, someLog(), 120, 40)
	s.keys("f", "type:provider:rentman", "enter", "ctrl+x")
	s.sees("Delete every event that fits provider:rentman for good?", "▸ n no", "whk events prune --where provider:rentman --yes")
}

func TestCommandIsRunning(t *testing.T) {
	s := newScreen(t, someLog(), 120, 40)
	s.held = true
	s.keys("r")
	s.sees("running …", "replaying #12 …")
	s.keys("@")
	s.sees("whk replay 12 --to http://localhost:3000   # running")
	s.keys("q")
	s.output = "\n#13 answered 200 in 3 ms\n"
	s.release()
	s.sees("#13 answered 200 in 3 ms")
	s.lacks("running")
}

func TestOutputOfACommand(t *testing.T) {
	s := newScreen(t, someLog(), 80, 24)
	s.output = "one\ntwo\nneedle\n" + strings.Repeat("more\n", 50) + "last\n"
	s.keys(":", "type:providers list", "enter")
	s.sees("whk providers list", " one", " needle", "esc back")
	s.lacks(" last")
	s.keys("G")
	s.sees(" last")
	s.keys("g", "/", "type:needle", "enter")
	s.lacks(" one")
	s.sees(" needle")
	s.keys("n")
	s.sees("no line with needle")
	s.keys("esc")
	s.sees("Events 12/12")
}

func TestSampleKeyAndChosenSample(t *testing.T) {
	s := newScreen(t, someLog(), 120, 40)
	s.goTo(evPloomes)
	s.keys("s")
	s.sees("▸   ploomes/Contacts.Update")
	s.keys("esc")
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	s.m.o.Set = set // all there are
	s.keys("s", "type:ubiqo", "enter")
	if len(s.ran) != 1 || s.ran[0][0] != "send" || !strings.HasPrefix(s.ran[0][1], "ubiqo/") {
		t.Errorf("%q ran", s.ran)
	}
}
