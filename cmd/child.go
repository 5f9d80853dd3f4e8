package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"whk/cmd/config"
)

// child is the command that runs beside a listener.
type child struct {
	done chan struct{}
	err  error // valid once done is closed
}

// start runs a command that knows the listener's address and secrets. It is asked to
// end when ctx does, and killed if it does not listen.
func (r *receiver) start(ctx context.Context, command []string) (*child, error) {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Dir, c.Stdin, c.Stdout, c.Stderr = r.Dir, r.inherited(), r.Out, r.Err
	if r.isJSON() {
		c.Stdout = r.Err // standard output is for JSON lines alone
	}
	c.Env = append(os.Environ(), "WHK_URL="+r.url)
	for name, secrets := range r.secrets {
		if len(secrets) > 0 {
			c.Env = append(c.Env, config.SecretVariable(name)+"="+secrets[0].Reveal())
		}
	}
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 5 * time.Second
	if err := c.Start(); err != nil {
		return nil, fail(codeUsage, fmt.Errorf("run %s: %w", command[0], err))
	}
	k := &child{done: make(chan struct{})}
	go func() {
		defer close(k.done)
		k.err = c.Wait()
	}()
	return k, nil
}

// code waits for the command and returns its exit code.
func (k *child) code() int {
	<-k.done
	if e, ok := errors.AsType[*exec.ExitError](k.err); ok {
		if code := e.ExitCode(); code >= 0 {
			return code
		}
		return codeInterrupted // ended by a signal
	}
	if k.err != nil {
		return codeNo
	}
	return codeDone
}
