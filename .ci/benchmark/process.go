package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// receiver is a process that takes events.
type receiver struct {
	cmd    *exec.Cmd
	url    string
	store  string // whk's event log; empty for others
	stderr *bytes.Buffer
	ended  chan error
	// terminal is what it draws on, nil for none.
	terminal *terminal
}

// startServe starts this program's own receiver.
func (b *bench) startServe(ctx context.Context, args ...string) (*receiver, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(b.dir, "serve")
	if err != nil {
		return nil, err
	}
	ready := filepath.Join(dir, "ready")
	cmd := exec.CommandContext(ctx, self, append([]string{"serve", "-ready-file", ready}, args...)...)
	return start(ctx, cmd, ready)
}

// startListen starts whk without a screen, on a new store, or on the one that is named.
func (b *bench) startListen(ctx context.Context, store string, args ...string) (*receiver, error) {
	return b.startListenOn(ctx, nil, store, append([]string{"--ui", "none"}, args...)...)
}

// startScreen starts whk with its screen.
func (b *bench) startScreen(ctx context.Context, store string) (*receiver, error) {
	t, err := newTerminal(false)
	if err != nil {
		return nil, err
	}
	r, err := b.startListenOn(ctx, t, store, "--ui", "tui")
	if err != nil {
		t.close()
	}
	return r, err
}

func (b *bench) startListenOn(ctx context.Context, t *terminal, store string, args ...string) (*receiver, error) {
	dir, err := os.MkdirTemp(b.dir, "listen")
	if err != nil {
		return nil, err
	}
	if store == "" {
		store = filepath.Join(dir, "events.db")
	}
	ready := filepath.Join(dir, "ready")
	cmd := b.command(ctx, b.whk, append([]string{
		"listen", "--addr", "127.0.0.1:0", "--ready-file", ready, "--store", store,
	}, args...)...)
	cmd.Env = append(cmd.Env, "WHK_SECRET_RENTMAN="+secret)
	if t != nil {
		t.attach(cmd)
		defer t.started()
	}
	r, err := start(ctx, cmd, ready)
	if err != nil {
		return nil, err
	}
	r.store, r.terminal = store, t
	return r, nil
}

// command runs a binary as if nobody had configured anything.
func (b *bench) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = b.dir
	cmd.Env = []string{"HOME=" + b.dir, "PATH=" + os.Getenv("PATH"), "NO_COLOR=1"}
	return cmd
}

// start waits until the ready file holds a URL, or the process has ended. Events go to
// the path of their provider, which the bare receiver does not look at.
func start(ctx context.Context, cmd *exec.Cmd, ready string) (*receiver, error) {
	r := &receiver{cmd: cmd, stderr: new(bytes.Buffer), ended: make(chan error, 1)}
	cmd.Stderr = r.stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { r.ended <- cmd.Wait() }()
	poll := time.NewTicker(2 * time.Millisecond)
	defer poll.Stop()
	late := time.After(20 * time.Second)
	for {
		select {
		case err := <-r.ended:
			return nil, fmt.Errorf("start %s: ended at once: %w\n%s", cmd.Args, err, r.stderr)
		case <-late:
			_ = r.stop()
			return nil, fmt.Errorf("start %s: not ready after 20 s\n%s", cmd.Args, r.stderr)
		case <-ctx.Done():
			_ = r.stop()
			return nil, ctx.Err()
		case <-poll.C:
			text, err := os.ReadFile(ready)
			if err != nil {
				continue
			}
			for word := range strings.FieldsSeq(string(text)) {
				if strings.HasPrefix(word, "http://") {
					r.url = strings.TrimSuffix(word, "/") + "/rentman"
					return r, nil
				}
			}
		}
	}
}

// stop ends the process as Ctrl-C does and waits for it.
func (r *receiver) stop() error {
	if r.terminal != nil {
		defer r.terminal.close()
	}
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-r.ended:
		if err != nil {
			return fmt.Errorf("stop %s: %w\n%s", r.cmd.Args[0], err, r.stderr)
		}
		return nil
	case <-time.After(30 * time.Second):
		_ = r.cmd.Process.Kill()
		return fmt.Errorf("stop %s: still running after 30 s", r.cmd.Args[0])
	}
}

// memory is what the process holds in RAM now.
func (r *receiver) memory() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb * 1024, err
		}
	}
	return 0, errors.New("no VmRSS in /proc")
}

// onDisk is the size of the event log with all its side files.
func (r *receiver) onDisk() (int64, error) {
	names, err := filepath.Glob(r.store + "*")
	if err != nil {
		return 0, err
	}
	var total int64
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return 0, err
		}
		total += info.Size()
	}
	if total == 0 {
		return 0, fmt.Errorf("nothing is at %s", r.store)
	}
	return total, nil
}

// load sends events to a receiver from another process.
func (b *bench) load(ctx context.Context, to *receiver, args ...string) (tally, error) {
	self, err := os.Executable()
	if err != nil {
		return tally{}, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{"load", "-url", to.url}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return tally{}, fmt.Errorf("load %s: %w", to.url, err)
	}
	b.spent(cmd.ProcessState)
	var t tally
	if err := json.Unmarshal(out, &t); err != nil {
		return tally{}, fmt.Errorf("read the tally: %w", err)
	}
	return t, nil
}
