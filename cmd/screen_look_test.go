//go:build linux || darwin

package cmd_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The screen is shown where it can be, and lines elsewhere.
func TestScreenOrLines(t *testing.T) {
	t.Parallel()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, c := range map[string]struct {
		seat   seat
		args   []string
		screen bool
	}{
		"a terminal":            {seat{}, nil, true},
		"asked for":             {seat{}, []string{"--ui", "tui"}, true},
		"a dumb terminal":       {seat{env: []string{"TERM=dumb"}}, nil, false},
		"input from elsewhere":  {seat{in: null}, nil, false},
		"output to elsewhere":   {seat{out: file}, nil, false},
		"lines are asked for":   {seat{}, []string{"--ui", "log"}, false},
		"JSON is asked for":     {seat{}, []string{"--json"}, false},
		"a program beside it":   {seat{}, []string{"--", "sh", "-c", "until [ -e done ]; do sleep 0.02; done"}, false},
		"nothing is to be seen": {seat{}, []string{"--ui", "none"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			s, url := p.listens(c.seat, append([]string{"--count", "2"}, c.args...)...)
			p.whk(0, "send", "rentman/Contact.create", url+"/rentman")
			if c.screen {
				s.sees("Contact.create", "q quit")
			}
			p.whk(0, "send", "rentman/Contact.create", url+"/rentman")
			writeScript(t, filepath.Join(p.dir, "done"), "")
			if code := s.exits(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if name == "a dumb terminal" && strings.Contains(s.stream(), "\x1b") {
				t.Errorf("a dumb terminal got %q", s.stream())
			}
			s.restored()
			if was := strings.Contains(s.stream(), "\x1b[?1049h"); was != c.screen {
				t.Errorf("screen %v, want %v:\n%q", was, c.screen, s.stream())
			}
			if shown := s.screen(); c.screen || name == "output to elsewhere" || name == "nothing is to be seen" {
				return
			} else if !strings.Contains(shown, "Contact.create") {
				t.Errorf("no lines either:\n%s", shown)
			}
		})
	}
}

func TestScreenIsRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.whk(0, "events", "list")
	for _, args := range [][]string{
		{"listen", "--addr", "127.0.0.1:0", "--ui", "tui"}, {"events", "tail", "--ui", "tui"}, {"demo", "--ui", "tui"},
	} {
		if _, stderr := p.whk(2, args...); !strings.Contains(stderr, "--ui tui: ") || !strings.Contains(stderr, "hint: --ui log") {
			t.Errorf("%v: %s", args, stderr)
		}
	}
	s := p.sit(seat{}, "listen", "--addr", "127.0.0.1:0", "--ui", "tui", "--json")
	if code := s.exits(); code != 2 {
		t.Errorf("--json: exit code %d", code)
	}
	s.restored()
	s.asBefore("whk: --ui tui: the screen writes no JSON")
}

func TestScreenWithoutColour(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env    []string
		args   []string
		colour bool
	}{
		"as it is":      {colour: true},
		"NO_COLOR":      {env: []string{"NO_COLOR=1"}},
		"--color never": {args: []string{"--color", "never"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.env["WHK_SECRET_PLOOMES"] = "example"
			s, url := p.listens(seat{env: c.env}, c.args...)
			p.whk(0, "send", "rentman/Contact.create", url+"/rentman")
			p.whk(0, "send", "ploomes/Contacts.Update", url+"/ploomes", "--sign", "wrong")
			s.sees("✓", "✗", "2/2")
			for _, step := range []struct{ key, shows string }{
				{"v", "verdict"}, {"d", "LegalName"}, {"1", "Entity"}, {"S", "statistics"}, {"q", "Events"}, {"?", "everywhere"}, {"q", "Events"}, {"/", " /"},
			} {
				s.types(step.key)
				s.sees(step.shows)
			}
			s.types(ctrlC)
			s.exits()
			s.restored()
			s.look(func(g *glass) {
				if was := len(g.colours) > 0; was != c.colour {
					t.Errorf("attributes %q, want some: %v", g.colours, c.colour)
				}
			})
		})
	}
}

// In a locale without Unicode the program draws with ASCII alone.
func TestScreenInASCII(t *testing.T) {
	t.Parallel()
	p, a := newPlace(t), newApp(t)
	p.env["WHK_SECRET_RENTMAN"] = "example"
	s, url := p.listens(seat{env: []string{"LC_ALL=C"}}, a.URL)
	s.sees("Nothing has come yet")
	p.whk(0, "send", "rentman/Contact.create", url+"/rentman")
	p.whk(0, "send", "rentman/Contact.create", url+"/rentman", "--sign", "wrong")
	p.whk(0, "send", "ubiqo/gps.coordinate", url+"/ubiqo")
	s.sees("3/3")
	for _, step := range []struct{ key, shows string }{
		{"k", "2 rentman"}, {"v", "INVALID"}, {"d", "[4]Diff"}, {"a", "[5]Attempts"}, {"2", "[2]Head"}, {"1", "[1]Body"},
		{"S", "p95"}, {"q", "Events"}, {"?", "everywhere"}, {"q", "Events"}, {"@", "Nothing was done yet"}, {"q", "Events"},
		{"y", "esc leaves"}, {esc, "? keys"}, {"x", "esc leaves"}, {esc, "? keys"}, {"s", "send a sample"}, {esc, "? keys"}, {"r", "still passing"},
	} {
		s.types(step.key)
		s.sees(step.shows)
	}
	s.types("q")
	s.exits()
	s.restored()
	s.look(func(g *glass) {
		if len(g.signs) > 0 {
			var signs []string
			for r := range g.signs {
				signs = append(signs, string(r))
			}
			slices.Sort(signs)
			t.Errorf("drew %q", signs)
		}
	})
}
