package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"whk/cmd/config"
	"whk/replay/contract"
	"whk/verify"
)

// endpoint is the command that is tested.
type endpoint struct {
	*child
	t       *trial
	stopped bool // by whk
}

// freePort finds a port that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// start runs the command with the address that it has to serve, and with its secret or
// without.
func (t *trial) start(ctx context.Context, secret bool) (*endpoint, error) {
	c := exec.Command(t.command[0], t.command[1:]...)
	a := t.app
	c.Dir, c.Stdin, c.Stdout, c.Stderr = a.Dir, nil, a.Err, a.Err // standard output is the report's
	variable := config.SecretVariable(t.options.Provider.Name)
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); name != variable {
			c.Env = append(c.Env, pair)
		}
	}
	c.Env = append(c.Env, "WHK_URL="+t.shown())
	if u, err := url.Parse(t.options.Target); err == nil && u.Port() != "" {
		c.Env = append(c.Env, "PORT="+u.Port())
	}
	if secret && len(t.options.Secrets) > 0 {
		c.Env = append(c.Env, variable+"="+t.options.Secrets[0].Reveal())
	}
	k, err := startChild(c, false) // nothing that is tested asks a person
	if err != nil {
		return nil, err
	}
	return &endpoint{child: k, t: t}, ctx.Err()
}

// askEvery is how often it is asked whether the endpoint is there.
const askEvery = 50 * time.Millisecond

// ready waits until the endpoint answers.
func (e *endpoint) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, e.t.flags.wait)
	defer cancel()
	for {
		r := e.t.sender.Send(ctx, e.t.options.Target, &verify.Delivery{Method: http.MethodHead, Header: http.Header{}})
		if r.Outcome == verify.Answered || r.Outcome == verify.Reset {
			return nil
		}
		select {
		case <-e.done:
			return fail(codeNetwork, fmt.Errorf("test: %s ended before it answered (%s)", e.name, e.ended()))
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return ctx.Err()
			}
			return hint(fail(codeNetwork, fmt.Errorf("test: %s does not answer at %s within %s", e.name, e.t.shown(), e.t.flags.wait)),
				"it has to serve $WHK_URL, whose port is in $PORT; or name the URL that it serves: whk test URL -- COMMAND")
		case <-time.After(askEvery):
		}
	}
}

// died says that the command ended during the test, "" when it did not. When the endpoint
// was gone at some time, the news may take a moment: a port closes before its process ends,
// and that of a server before that of the shell around it.
func (e *endpoint) died(gone bool) string {
	if e == nil || e.stopped {
		return ""
	}
	var patience time.Duration
	if gone {
		patience = time.Second
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-e.done:
	case <-timer.C:
		select {
		case <-e.done:
		default:
			return ""
		}
	}
	return fmt.Sprintf("%s ended during the test (%s)", e.name, e.ended())
}

// endpointGone reports whether nobody listened at some time.
func endpointGone(r *contract.Report) bool {
	return slices.ContainsFunc(r.Results, func(c contract.Result) bool {
		return c.Outcome == contract.Refused || slices.ContainsFunc(c.Findings, func(f contract.Finding) bool { return f.Exchange != nil && f.Exchange.Outcome == contract.Refused })
	})
}

// stop ends the command with all that it started, kindly at first. Workers that outlive
// their server would go on answering in its place.
func (e *endpoint) stop() {
	e.stopped = true
	e.child.stop(false)
}

// withoutSecret runs the command without its secret while something is asked of it, and
// afterwards with it again.
func (t *trial) withoutSecret(ctx context.Context, ask func()) error {
	t.beside.stop()
	bare, err := t.start(ctx, false)
	if err == nil {
		if err = bare.ready(ctx); err == nil {
			ask()
		}
		bare.stop()
	}
	again, startErr := t.start(ctx, true)
	if startErr == nil {
		t.beside = again
		startErr = again.ready(ctx)
	}
	if startErr != nil {
		return errors.Join(err, fmt.Errorf("start it again with its secret: %w", startErr))
	}
	return err
}
