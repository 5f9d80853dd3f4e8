// Command hello is the smallest cobra program: the measure of whk's start-up time.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func main() {
	root := &cobra.Command{Use: "hello", Short: "Say hello"}
	root.AddCommand(&cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Run:   func(c *cobra.Command, _ []string) { fmt.Fprintln(c.OutOrStdout(), "hello 1.0.0") },
	})
	if root.Execute() != nil {
		os.Exit(1)
	}
}
