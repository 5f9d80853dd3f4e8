package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// maxContent bounds what is read from a file or standard input as a body.
const maxContent = 64 << 20

var errContentTooLarge = errors.New("larger than 64 MiB")

// content is the bytes that an argument stands for: a file (@FILE), standard input (-),
// or the argument itself.
func (a *app) content(argument string) ([]byte, error) {
	switch {
	case argument == "-":
		return a.stdin()
	case len(argument) > 1 && argument[0] == '@':
		return a.readContent(argument[1:])
	}
	return []byte(argument), nil
}

// stdin reads standard input to its end.
func (a *app) stdin() ([]byte, error) {
	content, err := readAtMost(a.In)
	if err != nil {
		return nil, fail(codeUsage, fmt.Errorf("read standard input: %w", err))
	}
	return content, nil
}

// readContent reads a file that the command line names.
func (a *app) readContent(name string) ([]byte, error) {
	file, err := os.Open(a.path(name))
	if err != nil {
		return nil, hint(fail(codeUsage, fmt.Errorf("read %s: %s", name, cause(err))), "@FILE stands for the bytes of a file, counted from this folder")
	}
	defer file.Close()
	content, err := readAtMost(file)
	if err != nil {
		return nil, fail(codeUsage, fmt.Errorf("read %s: %w", name, err))
	}
	return content, nil
}

func readAtMost(r io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxContent+1))
	if err == nil && len(content) > maxContent {
		err = errContentTooLarge
	}
	if content == nil {
		content = []byte{}
	}
	return content, err
}
