package contract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"whk/replay"
	"whk/verify"
	"whk/verify/display"
	"whk/verify/provider"
)

// Probe reads a value that events change: a count, or the state of a thing. It is how
// effects are seen, which status codes do not show. Either URL or Command is given.
type Probe struct {
	// URL is asked by GET; Path is a path into an answer of JSON, the whole answer when
	// it is empty.
	URL, Path string
	// Command prints the value. Whoever makes a Probe of a file that others write has to
	// ask the user first.
	Command []string
	// Header is sent with the GET, for a probe behind a password.
	Header http.Header
}

// ParseProbe reads URL or URL#PATH.
func ParseProbe(text string) (*Probe, error) {
	at, path, _ := strings.Cut(text, "#")
	target, err := replay.Target(at, "/")
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	return &Probe{URL: target, Path: path}, nil
}

// Value is what a probe reads.
type Value struct {
	Text string
	// Number is set when the text is one.
	Number   float64
	IsNumber bool
}

func newValue(text string) Value {
	v := Value{Text: strings.TrimSpace(text)}
	n, err := strconv.ParseFloat(v.Text, 64)
	v.Number, v.IsNumber = n, err == nil
	return v
}

// since is by how much a number grew; ok is false when either is none.
func (v Value) since(before Value) (delta float64, ok bool) {
	return v.Number - before.Number, v.IsNumber && before.IsNumber
}

const (
	probeTimeout = 5 * time.Second
	maxProbe     = 1 << 20
)

// Read reads the value.
func (p *Probe) Read(ctx context.Context, s *replay.Sender) (Value, error) {
	if len(p.Command) > 0 {
		return p.execute(ctx)
	}
	header := http.Header{}
	for name, values := range p.Header {
		header[name] = values
	}
	r := s.Send(ctx, p.URL, &verify.Delivery{Method: http.MethodGet, Header: header})
	if !r.OK() {
		return Value{}, fmt.Errorf("probe %s: %s", p.URL, Came(r))
	}
	if p.Path == "" {
		return newValue(string(r.Body)), nil
	}
	raw, ok := provider.Get(r.Body, p.Path)
	if !ok {
		return Value{}, fmt.Errorf("probe %s: the answer has nothing at %s", p.URL, p.Path)
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	}
	return newValue(text), nil
}

func (p *Probe) execute(ctx context.Context) (Value, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	c := exec.CommandContext(ctx, p.Command[0], p.Command[1:]...)
	c.WaitDelay = time.Second
	out, err := c.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) && len(failed.Stderr) > 0 {
			err = fmt.Errorf("%w: %s", err, display.Shorten(display.Line(strings.TrimSpace(string(failed.Stderr))), 200, "..."))
		}
		return Value{}, fmt.Errorf("probe %s: %w", p.Command[0], err)
	}
	return newValue(string(out[:min(len(out), maxProbe)])), nil
}

// observed is the value now; ok is false, and the check knows why, when it cannot be had.
func (x *Exam) observed() (Value, bool) {
	v, err := x.run.o.Probe.Read(x.Context, x.run.o.Sender)
	if err != nil {
		x.unsure(err.Error())
		return v, false
	}
	return v, true
}

// patience is how many times the settling time it may take until earlier events have had
// their effects.
const patience = 10

// atRest waits until the value stays as it is: endpoints that work behind their answer may
// still be at what earlier checks sent, which would count as an effect of the next event.
func (x *Exam) atRest() (Value, bool) {
	last, ok := x.observed()
	step := x.run.o.Settle / 10
	for still, waited := 0, time.Duration(0); ok && still < 2; waited += step {
		if waited > patience*x.run.o.Settle {
			x.unsure("effect not observed: the probe still changes long after the last event")
			return last, false
		}
		x.pause(step)
		var now Value
		if now, ok = x.observed(); now == last {
			still++
		} else {
			last, still = now, 0
		}
	}
	return last, ok
}

// settledValue waits until the value has changed and then stays as it is, or until it is
// clear that it will not change: endpoints work behind their answer.
func (x *Exam) settledValue(before Value) (Value, bool) {
	last, ok := x.observed()
	wait := x.run.o.Settle
	for waited := time.Duration(0); ok && waited < wait; waited += wait / 10 {
		x.pause(wait / 10)
		var now Value
		if now, ok = x.observed(); ok && now != before && now == last && waited >= wait/5 {
			return now, true
		}
		last = now
	}
	return last, ok
}
