//go:build linux || darwin

package cmd_test

import (
	"errors"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// The command beside a listener reads what is typed: it is not in the background.
func TestChildReadsTheTerminal(t *testing.T) {
	s := newPlace(t).sit(seat{}, "listen", "--addr", "127.0.0.1:0", "--", "sh", "-c", `echo is ready; read line; echo "got $line"; exit 7`)
	s.sees("is ready")
	s.types("hello\r")
	s.sees("got hello")
	if code := s.exits(); code != 7 {
		t.Errorf("code %d, want that of the command, 7", code)
	}
}

// Ctrl-c reaches it once: many a program takes a second one for impatience.
func TestChildIsInterruptedOnce(t *testing.T) {
	s := newPlace(t).sit(seat{}, "listen", "--addr", "127.0.0.1:0", "--", "sh", "-c",
		`n=0; trap 'n=$((n+1))' INT; echo is ready; while [ $n = 0 ]; do sleep 0.05; done; for i in 1 2 3 4 5 6; do sleep 0.1; done; exit $((n+6))`)
	s.sees("is ready")
	s.types("\x03")
	if code := s.exits(); code != 7 {
		t.Errorf("it was interrupted %d times", code-6)
	}
}

// When the listener's time is up, what the command has started ends as well.
func TestChildEndsWithItsFamily(t *testing.T) {
	s := newPlace(t).sit(seat{}, "listen", "--addr", "127.0.0.1:0", "--timeout", "1s", "--", "sh", "-c", `sh -c 'echo pid $$.; exec sleep 1000'; true`)
	pid, err := strconv.Atoi(s.finds(`pid (\d+)\.`))
	if err != nil {
		t.Fatal(err)
	}
	s.exits()
	gone := func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
	if s.waits(patience, gone); !gone() {
		syscall.Kill(pid, syscall.SIGKILL)
		t.Error("it is still there")
	}
}

// What hears neither an interrupt nor a request to end is killed in the end, here a test's
// command, which is apart from the terminal.
func TestChildIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes as long as whk is patient")
	}
	s := newPlace(t).sit(seat{}, "test", "--provider", "rentman", "--wait", "500ms", "--", "sh", "-c", `trap '' INT TERM; echo pid $$.; while :; do sleep 0.2; done`)
	pid, err := strconv.Atoi(s.finds(`pid (\d+)\.`))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if code := s.exits(); code != 3 {
		t.Errorf("code %d, want 3, since it does not answer", code)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		syscall.Kill(pid, syscall.SIGKILL)
		t.Errorf("it is still there after %s: %v", time.Since(began), err)
	}
}
