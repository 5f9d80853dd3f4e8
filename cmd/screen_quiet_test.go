//go:build linux || darwin

package cmd_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// A terminal that answers nothing costs no time, and commands other than the screen do
// not even ask. (This test measures, so it does not run beside others.)
func TestScreenOnASilentTerminal(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many programs")
	}
	const runs = 7
	p := newPlace(t)
	for _, c := range []struct {
		name   string
		args   []string
		screen bool
		code   int
	}{
		{"version", []string{"version"}, false, 0},
		{"help", []string{"--help"}, false, 0},
		{"history", []string{"events", "list"}, false, 0},
		{"lines", []string{"listen", "--addr", "127.0.0.1:0", "--ui", "log", "--timeout", "1ms"}, false, 0},
		{"screen", []string{"listen", "--addr", "127.0.0.1:0"}, true, 0},
		{"screen of the history", []string{"events", "tail", "--ui", "tui"}, true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.t = t
			var elsewhere, silent []time.Duration
			for range runs {
				if c.screen { // on a pipe there is none: a terminal that answers stands in
					elsewhere = append(elsewhere, p.first(seat{}, c.args, nil))
				} else {
					elsewhere = append(elsewhere, p.firstOnPipe(c.args))
				}
				silent = append(silent, p.first(seat{silent: true}, c.args, func(s *sitting) {
					s.look(func(g *glass) {
						if !c.screen && len(g.queries) > 0 {
							t.Errorf("asked the terminal %q", g.queries)
						}
					})
				}))
			}
			// The quickest run says what the program costs; the others tell of the machine.
			want, got := slices.Min(elsewhere), slices.Min(silent)
			t.Logf("first output after %v, elsewhere after %v", got, want)
			if got > want+want/2+50*time.Millisecond {
				t.Errorf("first output after %v, elsewhere after %v", got, want)
			}
		})
	}
}

// first runs a command at a terminal, and returns how long its first output took: of the
// screen, the first frame.
func (p *place) first(seat seat, args []string, look func(*sitting)) time.Duration {
	p.t.Helper()
	s := p.sit(seat, args...)
	took := <-s.firstByte
	if strings.Contains(strings.Join(args, " "), "tail") || !slices.Contains(args, "log") && slices.Contains(args, "listen") {
		s.sees("quit")
		took = time.Since(s.began)
		s.types(ctrlC)
	}
	if code := s.exits(); code != 0 {
		p.t.Errorf("exit code %d:\n%s", code, s.screen())
	}
	s.drained()
	if look != nil {
		look(s)
	}
	return took
}

// firstOnPipe is the same on a pipe.
func (p *place) firstOnPipe(args []string) time.Duration {
	p.t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		p.t.Fatal(err)
	}
	defer read.Close()
	c := exec.Command("whk", args...)
	c.Dir, c.Env, c.Stdout, c.Stderr = p.dir, p.environ(), write, write
	began := time.Now()
	if err := c.Start(); err != nil {
		p.t.Fatal(err)
	}
	write.Close()
	if _, err := read.Read(make([]byte, 1)); err != nil {
		p.t.Fatal(err)
	}
	took := time.Since(began)
	buffer := make([]byte, 32<<10)
	for err == nil {
		_, err = read.Read(buffer)
	}
	if err := c.Wait(); err != nil {
		p.t.Error(err)
	}
	return took
}
