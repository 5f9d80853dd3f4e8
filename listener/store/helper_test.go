package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"whk/listener"
)

func itoa(n int) string { return strconv.Itoa(n) }

// TestMain lets the test binary play another process, for what only another process
// can show.
func TestMain(m *testing.M) {
	if role := os.Getenv("WHK_STORE_TEST_ROLE"); role != "" {
		if err := play(role, os.Getenv("WHK_STORE_TEST_PATH")); err != nil {
			fmt.Println(err)
		}
		return
	}
	os.Exit(m.Run())
}

func play(role, path string) error {
	switch role {
	case "open and close":
		s, err := Open(path, Options{})
		if err != nil {
			return err
		}
		return s.Close()
	case "listen":
		s, err := Open(path, Options{Exclusive: true, Holder: "helper"})
		if err != nil {
			return err
		}
		fmt.Println("ready")
		return appendForever(s)
	}
	return fmt.Errorf("unknown role %q", role)
}

// appendForever prints the number and the id of every event that was acknowledged.
func appendForever(s *Store) error {
	var t testing.T
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	for w := range 16 {
		wg.Go(func() {
			for i := 0; ; i++ {
				e := newEvent(&t, "rentman", "Contact", "create")
				e.Delivery.Body = allBytes(400)
				if w == 0 && i%20 == 0 {
					e.Delivery.Body = allBytes(600_000)
				}
				err := s.Append(context.Background(), e)
				mu.Lock()
				if err != nil {
					failed = err
					mu.Unlock()
					return
				}
				fmt.Println(e.N, e.ID)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return failed
}

func helperCommand(role, path string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "WHK_STORE_TEST_ROLE="+role, "WHK_STORE_TEST_PATH="+path)
	cmd.Stderr = os.Stderr
	return cmd
}

// helper runs a role to its end and returns what it printed.
func helper(t *testing.T, role, path string) string {
	t.Helper()
	out, err := helperCommand(role, path).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

type process struct {
	cmd *exec.Cmd
	out *bufio.Scanner
}

func startHelper(t *testing.T, role, path string) *process {
	t.Helper()
	cmd := helperCommand(role, path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return &process{cmd: cmd, out: bufio.NewScanner(out)}
}

func (p *process) line(t *testing.T) string {
	t.Helper()
	if !p.out.Scan() {
		t.Fatalf("the other process has ended: %v", p.out.Err())
	}
	return p.out.Text()
}

// kill ends the process without a warning and returns the lines that it had printed.
func (p *process) kill(t *testing.T) (lines []string) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for p.out.Scan() {
		lines = append(lines, p.out.Text())
	}
	_ = p.cmd.Wait()
	return lines
}

// TestKill ends a process in the middle of its work, several times on one store. Every
// event that it was told is stored must be there.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.db")
	acknowledged := map[int64]string{}
	var lines int
	for round := range 6 {
		p := startHelper(t, "listen", path)
		if got := p.line(t); got != "ready" {
			t.Fatalf("round %d: %s", round, got)
		}
		var printed []string
		for range 50 + 137*round {
			printed = append(printed, p.line(t))
		}
		for _, line := range append(printed, p.kill(t)...) {
			number, id, ok := strings.Cut(line, " ")
			n, err := strconv.ParseInt(number, 10, 64)
			if !ok || err != nil || len(id) != 36 {
				continue // cut off by the end
			}
			if other, twice := acknowledged[n]; twice {
				t.Fatalf("number %d was given to %s and to %s", n, other, id)
			}
			acknowledged[n] = id
			lines++
		}
		s := openAt(t, path, Options{Exclusive: true})
		stored := map[int64]*listener.Event{}
		for after := int64(0); ; {
			events, err := s.Since(t.Context(), after, 500)
			if err != nil {
				t.Fatal(err)
			}
			if len(events) == 0 {
				break
			}
			for _, e := range events {
				stored[e.N] = e
				after = e.N
			}
		}
		for n, id := range acknowledged {
			if stored[n] == nil || stored[n].ID != id {
				t.Fatalf("round %d: event %d was acknowledged and is not there", round, n)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d events acknowledged, all stored", lines)
}
