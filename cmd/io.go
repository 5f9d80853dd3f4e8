package cmd

import (
	"io"
	"os"

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
		Columns: 80, Env: os.LookupEnv, Dir: dir,
	}
	if columns, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil && columns > 0 {
		s.Columns = columns
	}
	return s
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
