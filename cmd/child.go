package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"whk/cmd/config"
)

// child is a command that runs beside whk, with everything that it starts in its turn:
// `npm start` and `sh -c` have the server as a child of theirs, which must not stay behind.
type child struct {
	name    string
	process *exec.Cmd
	family  family
	done    chan struct{} // closed when the command itself has ended
	err     error         // valid once done is closed
}

// startChild runs a command. One that shares the terminal with whk stays in its process
// group: it may read what is typed, and ctrl-c reaches it without whk. Any other is apart,
// so that a signal for all of it cannot hit anything else.
func startChild(c *exec.Cmd, sharesTerminal bool) (*child, error) {
	k := &child{name: c.Args[0], process: c, done: make(chan struct{})}
	k.family.prepare(c, sharesTerminal)
	c.WaitDelay = stopAfter
	if err := c.Start(); err != nil {
		return nil, fail(codeUsage, fmt.Errorf("run %s: %w", k.name, err))
	}
	k.family.begin(c.Process)
	go func() {
		defer close(k.done)
		k.err = c.Wait()
	}()
	return k, nil
}

// stopAfter is how long a command may take to end, before it is killed.
const stopAfter = 5 * time.Second

// farewell is what a command and its family are asked.
type farewell int

// The farewells, each with less patience than the one before. Shells start what runs in
// the background so that it ignores an interrupt, and some servers know nothing else.
const (
	wait farewell = iota
	interrupt
	terminate
	kill
)

// stop ends the command and its family. With asked, they have got the signal that whk got,
// and a second one at once would cut their farewell short.
func (k *child) stop(asked bool) {
	first := interrupt
	if asked {
		first = wait
	}
	for _, step := range []struct {
		what farewell
		time time.Duration
	}{{first, stopAfter * 3 / 5}, {terminate, stopAfter * 2 / 5}, {kill, stopAfter}} {
		if k.gone() {
			break
		}
		k.family.ask(step.what)
		k.goneWithin(step.time)
	}
	k.family.end()
}

func (k *child) gone() bool {
	select {
	case <-k.done:
		return !k.family.alive()
	default:
		return false
	}
}

// goneWithin waits for the end of the command, and of what outlives it.
func (k *child) goneWithin(d time.Duration) {
	deadline := time.Now().Add(d)
	select {
	case <-k.done:
	case <-time.After(d):
	}
	for !k.gone() && time.Now().Before(deadline) {
		time.Sleep(askEvery)
	}
}

// code is the exit code of a command that has ended.
func (k *child) code() int {
	if e, ok := errors.AsType[*exec.ExitError](k.err); ok {
		if code := e.ExitCode(); code >= 0 {
			return code
		}
		return codeInterrupted // ended by a signal
	}
	if k.err != nil && !errors.Is(k.err, exec.ErrWaitDelay) {
		return codeNo
	}
	return codeDone
}

// ended says how the command ended.
func (k *child) ended() string {
	if k.err == nil || errors.Is(k.err, exec.ErrWaitDelay) {
		return "exit code 0"
	}
	return strings.Replace(k.err.Error(), "exit status", "exit code", 1)
}

// companion is the command that runs beside a listener.
type companion struct {
	*child
	// timeIsUp is set when whk ended it, since the listener had done what it was asked.
	timeIsUp bool
	stopped  chan struct{} // closed when nothing of it is left
}

// start runs a command that knows the listener's address and secrets. It ends when serving
// does, which ends with ctx: that is when whk gets a signal.
func (r *receiver) start(ctx, serving context.Context, command []string) (*companion, error) {
	c := exec.Command(command[0], command[1:]...)
	c.Dir, c.Stdin, c.Stdout, c.Stderr = r.Dir, r.inherited(), r.Out, r.Err
	if r.isJSON() {
		c.Stdout = r.Err // standard output is for JSON lines alone
	}
	c.Env = append(os.Environ(), "WHK_URL="+r.address())
	for name, secrets := range r.secrets {
		if len(secrets) > 0 {
			c.Env = append(c.Env, config.SecretVariable(name)+"="+secrets[0].Reveal())
		}
	}
	shares := r.InTTY || r.OutTTY || r.ErrTTY
	k, err := startChild(c, shares)
	if err != nil {
		return nil, err
	}
	b := &companion{child: k, stopped: make(chan struct{})}
	go func() {
		defer close(b.stopped)
		select {
		case <-k.done:
		case <-serving.Done():
			b.timeIsUp = ctx.Err() == nil
		}
		k.stop(shares && ctx.Err() != nil) // a terminal sends its signals to all
	}()
	return b, nil
}

// code waits for the end and returns the exit code of the command. That it obeyed when its
// time was up is no failure.
func (b *companion) code() int {
	<-b.stopped
	if code := b.child.code(); code != codeInterrupted || !b.timeIsUp {
		return code
	}
	return codeDone
}
