package cmd

import "github.com/spf13/cobra"

// noArgs refuses arguments, which makes a mistake of a command that has none.
func noArgs(c *cobra.Command, args []string) error { return atMost(0)(c, args) }

// atMost refuses more than n arguments.
func atMost(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		return hint(usagef("%s: unexpected argument %q", c.CommandPath(), args[n]), c.CommandPath()+" --help explains it")
	}
}
