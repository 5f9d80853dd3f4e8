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
	columns := 80
	if a.OutTTY {
		columns = min(max(60, a.Columns), 120)
	}
	b.WriteString(reflow(strings.TrimSpace(about), columns) + "\n")
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
	section("Flags", c.LocalNonPersistentFlags().FlagUsagesWrapped(columns))
	if c.HasParent() {
		section("Flags of every command", c.InheritedFlags().FlagUsagesWrapped(columns))
	} else {
		section("Flags of every command", c.PersistentFlags().FlagUsagesWrapped(columns))
	}
	section("Exit codes", hang(codes, columns, 7))
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n%s COMMAND --help says more about one of them.\n", c.CommandPath())
	}
	fmt.Fprint(c.OutOrStdout(), b.String())
}

// reflow breaks paragraphs anew at so many columns. What is indented, such as a table,
// is left as it is.
func reflow(text string, columns int) string {
	paragraphs := strings.Split(text, "\n\n")
	for i, paragraph := range paragraphs {
		if !strings.HasPrefix(paragraph, " ") && !strings.Contains(paragraph, "\n ") {
			paragraphs[i] = strings.Join(fold(paragraph, columns), "\n")
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

// hang breaks each line at so many columns, and indents what is left of it.
func hang(text string, columns, indent int) string {
	var out []string
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		start := len(line) - len(strings.TrimLeft(line, " "))
		folded := fold(line, columns-indent)
		for i := range folded {
			folded[i] = strings.Repeat(" ", indent) + folded[i]
		}
		if len(folded) > 0 {
			// The code stands in front, with the two blanks that fold has joined.
			code, rest, _ := strings.Cut(strings.TrimLeft(folded[0], " "), " ")
			folded[0] = strings.Repeat(" ", start) + code + "  " + rest
		}
		out = append(out, folded...)
	}
	return strings.Join(out, "\n")
}
