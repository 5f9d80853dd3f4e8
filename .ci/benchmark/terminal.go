package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/creack/pty"
)

// The size of the terminal that the screen is measured on.
const (
	columns = 120
	rows    = 40
)

// terminal is a terminal that answers no query. What a program writes to it is taken at
// once; it is drawn only where somebody looks at it, since that takes processor time.
type terminal struct {
	file *os.File // our end
	tty  *os.File // the program's, until it has started

	mu      sync.Mutex
	screen  *drawn // nil when nobody looks
	changed chan struct{}
	last    time.Time // when something was written last
	bytes   int64
	queries int
	ended   bool
}

// newTerminal makes a terminal; looked says that what it shows is asked for.
func newTerminal(looked bool) (*terminal, error) {
	file, tty, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("open a terminal: %w", err)
	}
	if err := pty.Setsize(file, &pty.Winsize{Rows: rows, Cols: columns}); err != nil {
		return nil, errors.Join(err, file.Close(), tty.Close())
	}
	t := &terminal{file: file, tty: tty, changed: make(chan struct{}, 1)}
	if looked {
		t.screen = newDrawn()
	}
	go t.drain()
	return t, nil
}

// attach makes this the terminal of a program that has not started.
func (t *terminal) attach(cmd *exec.Cmd) {
	cmd.Stdin, cmd.Stdout = t.tty, t.tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	env := cmd.Env[:0:0]
	for _, value := range cmd.Env {
		if !strings.HasPrefix(value, "NO_COLOR=") { // colours are part of what it costs to draw
			env = append(env, value)
		}
	}
	cmd.Env = append(env, "TERM=xterm-256color", "LANG=C.UTF-8")
}

// started leaves the program's end to the program.
func (t *terminal) started() { _ = t.tty.Close() }

func (t *terminal) drain() {
	chunk := make([]byte, 64<<10)
	for {
		n, err := t.file.Read(chunk)
		t.mu.Lock()
		if n > 0 {
			t.last = time.Now()
			t.bytes += int64(n)
			t.queries += queriesIn(chunk[:n])
			if t.screen != nil {
				t.screen.write(chunk[:n])
			}
		}
		t.ended = err != nil
		t.mu.Unlock()
		select {
		case t.changed <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// query is what asks a terminal for an answer: device attributes and status, cursor
// position, modes, keyboard, size, colours, termcap.
var query = regexp.MustCompile("\x1b\\[[>=]?0?c|\x1b\\[\\??[56]n|\x1b\\[\\??[0-9]+\\$p|\x1b\\[\\?u|\x1b\\[>0?q|\x1b\\[1[0-9]t|\x1b\\][0-9;]*;\\?|\x1bP\\+q")

func queriesIn(written []byte) int { return len(query.FindAll(written, -1)) }

// press types a text.
func (t *terminal) press(keys string) (time.Time, error) {
	at := time.Now()
	_, err := t.file.WriteString(keys)
	return at, err
}

// text is what the terminal shows.
func (t *terminal) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.screen.text()
}

// until waits until the terminal shows what is looked for, and says since when.
func (t *terminal) until(ctx context.Context, shows func(text string) bool) (time.Time, error) {
	late := time.NewTimer(30 * time.Second)
	defer late.Stop()
	for {
		t.mu.Lock()
		text, at, ended := t.screen.text(), t.last, t.ended
		t.mu.Unlock()
		switch {
		case shows(text):
			return at, nil
		case ended:
			return at, fmt.Errorf("the screen ended before it showed what was waited for:\n%s", text)
		}
		select {
		case <-t.changed:
		case <-late.C:
			return at, fmt.Errorf("the screen does not show what was waited for after 30 s:\n%s", text)
		case <-ctx.Done():
			return at, ctx.Err()
		}
	}
}

// quiet waits until nothing was written for a while.
func (t *terminal) quiet(ctx context.Context, length time.Duration) error {
	for {
		t.mu.Lock()
		left := length - time.Since(t.last)
		t.mu.Unlock()
		if left <= 0 {
			return nil
		}
		select {
		case <-time.After(left):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (t *terminal) close() { _ = t.file.Close() }

// startTail starts the screen on a log.
func (b *bench) startTail(ctx context.Context, store string) (*receiver, error) {
	t, err := newTerminal(true)
	if err != nil {
		return nil, err
	}
	cmd := b.command(ctx, b.whk, "events", "tail", "--ui", "tui", "--store", store)
	t.attach(cmd)
	r := &receiver{cmd: cmd, stderr: new(bytes.Buffer), ended: make(chan error, 1), terminal: t}
	cmd.Stderr = r.stderr
	if err := cmd.Start(); err != nil {
		t.close()
		return nil, err
	}
	t.started()
	go func() { r.ended <- cmd.Wait() }()
	return r, nil
}

// finished waits until the program and all that it has started have let go of the
// terminal, so that everything written was read.
func (t *terminal) finished(ctx context.Context) error {
	for {
		t.mu.Lock()
		ended := t.ended
		t.mu.Unlock()
		if ended {
			return nil
		}
		select {
		case <-t.changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
