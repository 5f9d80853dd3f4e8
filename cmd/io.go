package cmd

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"whk/cmd/config"
)

// IO is everything of the process that a command may touch: streams, environment and
// working directory. Tests hand in their own.
type IO struct {
	In       io.Reader
	Out, Err io.Writer
	// InTTY, OutTTY and ErrTTY report whether a person is at the other end.
	InTTY, OutTTY, ErrTTY bool
	// Columns is the width of the terminal, 80 where there is none.
	Columns int
	Env     config.Lookup
	// Environ lists the names of the environment; nil means that nobody knows them.
	Environ func() []string
	// Dir is the working directory.
	Dir string
}

// System is the process's own IO.
func System() IO {
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	s := IO{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTTY: isTerminal(os.Stdin), OutTTY: isTerminal(os.Stdout), ErrTTY: isTerminal(os.Stderr),
		Columns: 80, Env: os.LookupEnv, Environ: variables, Dir: dir,
	}
	if columns, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil && columns > 0 {
		s.Columns = columns
	}
	return s
}

// variables are the names in the process's environment.
func variables() []string {
	var names []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name)
	}
	return names
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
