package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Questions go to standard error, so that standard output can be a file or a pipe.
// They are asked only where a person sees them and can answer; every one of them has a
// flag that answers it elsewhere.

// canAsk reports whether a person is there.
func (a *app) canAsk() bool { return a.InTTY && a.ErrTTY }

// confirm asks a question whose answer is no unless it is a clear yes.
func (a *app) confirm(ctx context.Context, question string) (bool, error) {
	fmt.Fprint(a.Err, question+" [y/N] ")
	answer, err := a.await(ctx, func() (string, error) { return bufio.NewReader(a.In).ReadString('\n') })
	if errors.Is(err, io.EOF) {
		fmt.Fprintln(a.Err)
		err = nil
	}
	if err != nil {
		return false, err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true, nil
	}
	return false, nil
}

// longestLine is what a terminal hands over of one line; it drops the rest in silence.
const longestLine = 4095

// askHidden reads a line from the terminal that is not shown.
func (a *app) askHidden(ctx context.Context, prompt string) (string, error) {
	in, ok := a.inherited().(*os.File)
	if !ok {
		return "", errors.New("standard input is not a terminal")
	}
	fd := int(in.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	fmt.Fprint(a.Err, prompt)
	line, err := a.await(ctx, func() (string, error) {
		line, err := term.ReadPassword(fd)
		return string(line), err
	})
	if ctx.Err() != nil {
		return "", errors.Join(ctx.Err(), term.Restore(fd, before))
	}
	fmt.Fprintln(a.Err)
	switch {
	case errors.Is(err, io.EOF):
		return "", nil
	case err != nil:
		return "", err
	case len(line) >= longestLine:
		return "", fmt.Errorf("a terminal takes %d bytes in one line, and cuts the rest off", longestLine)
	}
	return line, nil
}

// await lets a person interrupt a question. The reader then stays behind until the
// process ends, which is next: nothing else can take a read of a terminal back.
func (a *app) await(ctx context.Context, read func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := read()
		answers <- answer{text, err}
	}()
	select {
	case got := <-answers:
		return got.text, got.err
	case <-ctx.Done():
		fmt.Fprintln(a.Err)
		return "", ctx.Err()
	}
}
