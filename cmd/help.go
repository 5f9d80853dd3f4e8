package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// help prints a command's help: what it does, how it is called, its flags, and last
// the codes it can end with. Flags are broken at the width of the terminal.
func (a *app) help(c *cobra.Command) {
	about, codes, _ := strings.Cut(c.Long, exitTitle)
	if about == "" {
		about = c.Short
	}
	var b strings.Builder
	section := func(title, text string) {
		if text = strings.TrimRight(text, "\n"); text != "" {
			fmt.Fprintf(&b, "\n%s:\n%s\n", title, text)
		}
	}
	b.WriteString(strings.TrimSpace(about) + "\n")
	usage := "  " + c.UseLine()
	if c.HasAvailableSubCommands() {
		usage = "  " + c.CommandPath() + " COMMAND"
	}
	section("Usage", usage)
	if len(c.Aliases) > 0 {
		section("Also called", "  "+strings.Join(c.Aliases, ", "))
	}
	section("Examples", c.Example)
	var commands strings.Builder
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() || sub.Name() == "help" {
			fmt.Fprintf(&commands, "  %s  %s\n", pad(sub.Name(), c.NamePadding()), sub.Short)
		}
	}
	section("Commands", commands.String())
	columns := 80
	if a.OutTTY {
		columns = min(max(60, a.Columns), 120)
	}
	section("Flags", c.LocalNonPersistentFlags().FlagUsagesWrapped(columns))
	if c.HasParent() {
		section("Flags of every command", c.InheritedFlags().FlagUsagesWrapped(columns))
	} else {
		section("Flags of every command", c.PersistentFlags().FlagUsagesWrapped(columns))
	}
	section("Exit codes", codes)
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n%s COMMAND --help says more about one of them.\n", c.CommandPath())
	}
	fmt.Fprint(a.Out, b.String())
}
