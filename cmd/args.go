package cmd

import (
	"strings"

	"github.com/spf13/cobra"
)

// noArgs refuses arguments, which makes a mistake of a command that has none.
func noArgs(c *cobra.Command, args []string) error { return atMost(0)(c, args) }

// atMost refuses more than n arguments.
func atMost(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		return hint(usagef("%s: unexpected argument %q", verbOf(c), args[n]), c.CommandPath()+" --help explains it")
	}
}

// verbOf is a command as messages name it: they begin with the program's name already.
func verbOf(c *cobra.Command) string {
	return strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" ")
}
