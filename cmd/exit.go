package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"whk/cmd/config"
	"whk/listener/store"
	"whk/verify/display"
	"whk/verify/provider"
)

// The exit codes; exitCodes says in words what each means.
const (
	codeDone         = 0
	codeNo           = 1
	codeUsage        = 2
	codeNetwork      = 3
	codeInVain       = 4
	codeInconclusive = 5
	codeInterrupted  = 130
)

var exitCodes = map[int]string{
	codeDone:         "done",
	codeNo:           "the thing checked is not so: signature invalid, status not as expected",
	codeUsage:        "usage, configuration or unreadable input; unknown provider or event; a store that cannot be used",
	codeNetwork:      "network: target unreachable, refused or timed out; address in use",
	codeInVain:       "waited in vain: --count was not reached within --timeout",
	codeInconclusive: "inconclusive: nothing to verify, for lack of a secret or because the provider documents none",
	codeInterrupted:  "interrupted before it was finished",
}

// exitError carries the code that the process ends with. Without a cause there is
// nothing left to say: the command has said it.
type exitError struct {
	code  int
	cause error
	hint  string
}

func (e *exitError) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.cause.Error()
}

func (e *exitError) Unwrap() error { return e.cause }

// exit ends the command with a code and no further words.
func exit(code int) error {
	if code == codeDone {
		return nil
	}
	return &exitError{code: code}
}

// fail ends the command with a code and says why.
func fail(code int, err error) error { return &exitError{code: code, cause: err} }

// usagef is a mistake in how the command was called.
func usagef(format string, args ...any) error {
	return fail(codeUsage, fmt.Errorf(format, args...))
}

// hint adds what to do about an error, keeping its code.
func hint(err error, text string) error {
	code, _ := outcome(err)
	return &exitError{code: code, cause: err, hint: text}
}

// outcome is the one place where errors become exit codes and hints.
func outcome(err error) (code int, hints []string) {
	code = codeNo
	if e, ok := errors.AsType[*exitError](err); ok {
		code = e.code
		if e.hint != "" {
			hints = append(hints, e.hint)
		}
	}
	if e, ok := errors.AsType[*config.Error](err); ok {
		code = codeUsage
		if e.Hint != "" {
			hints = append(hints, e.Hint)
		}
	}
	if e, ok := errors.AsType[*provider.UnknownError](err); ok {
		code = codeUsage
		hints = append(hints, nearestHint(e))
	}
	if b, ok := errors.AsType[*provider.BrokenError](err); ok {
		code = codeUsage
		if len(hints) == 0 {
			hints = append(hints, adviceOf(b))
		}
	}
	if e, ok := errors.AsType[*provider.SamplesError](err); ok {
		code = codeUsage
		hints = append(hints, samplesAdvice(e))
	}
	if unwritten(err) != nil {
		code = codeUsage
	}
	for _, unusable := range []error{store.ErrUnusable, store.ErrForeign, store.ErrNewer, store.ErrLocked, store.ErrFull, store.ErrNotFound, store.ErrCorrupt} {
		if errors.Is(err, unusable) {
			code = codeUsage
		}
	}
	if errors.Is(err, context.Canceled) {
		code = codeInterrupted
	}
	return code, hints
}

// unwritten is what kept standard output from being written, or nil: a full disk, mostly.
func unwritten(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok && e.Op == "write" && e.Path == os.Stdout.Name() {
		return e.Err
	}
	return nil
}

func nearestHint(e *provider.UnknownError) string {
	list := "whk providers list"
	if e.Of != "" {
		name, _, _ := strings.Cut(e.Of, "/")
		list = "whk providers show " + name
	}
	if len(e.Nearest) == 0 {
		return list + " lists what there is"
	}
	return "did you mean " + provider.Either(e.Nearest) + "? " + list + " lists them all"
}

// report tells a person what went wrong, one thought a line.
func (a *app) report(err error) int {
	code, hints := outcome(err)
	if e, ok := errors.AsType[*exitError](err); ok && e.cause == nil {
		return code
	}
	if errors.Is(err, context.Canceled) {
		return code
	}
	text := err.Error()
	if why := unwritten(err); why != nil {
		text = "write standard output: " + why.Error()
	}
	a.say(a.paint.bad("whk:") + " " + display.Line(text))
	for _, text := range hints {
		a.say(a.paint.faint("hint:") + " " + display.Line(text))
	}
	return code
}

// exitTitle divides what a command does from the codes it can return.
const exitTitle = "\n\nExit codes:\n"

// exitHelp is the end of a command's help: the codes it can return.
func exitHelp(codes ...int) string {
	var b strings.Builder
	b.WriteString(exitTitle)
	for _, code := range append([]int{codeDone}, codes...) {
		fmt.Fprintf(&b, "  %3d  %s\n", code, exitCodes[code])
	}
	return strings.TrimRight(b.String(), "\n")
}
