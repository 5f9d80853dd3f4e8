package cmd

import (
	"fmt"
	"io"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	mango "github.com/muesli/mango-cobra"
	"github.com/muesli/roff"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use: "man", Short: "Print the man page of whk",
		Long: "Print the man page of whk with all its commands, in roff." + exitHelp(),
		Example: `  whk man > whk.1
  whk man | man -l -`,
		Args: noArgs, Annotations: map[string]string{noConfig: ""},
		RunE: func(*cobra.Command, []string) error {
			page, err := manPage()
			if err != nil {
				return err
			}
			_, err = io.WriteString(a.Out, page)
			return err
		},
	}
}

// manPage is the man page of all commands. It is made of commands of its own: in those
// that run, each has the flags of its parents too, which would be told over and over.
func manPage() (string, error) {
	root := (&app{}).newRoot()
	root.InitDefaultCompletionCmd()
	root.Long = paragraphs(root.Long)
	unquote(root)
	page, err := mango.NewManPage(1, root)
	if err != nil {
		return "", fmt.Errorf("make the man page: %w", err)
	}
	var codes []string
	for _, code := range slices.Sorted(maps.Keys(exitCodes)) {
		codes = append(codes, fmt.Sprintf("* %d: %s", code, exitCodes[code]))
	}
	page = page.
		WithSection("Exit status", strings.Join(codes, "\n")).
		WithSection("Environment", strings.Join([]string{
			"* WHK_ and the name of a flag in capitals, as in WHK_ON_INVALID: the value of the flag where it is not given",
			"* WHK_SECRET_RENTMAN, WHK_SECRET_PLOOMES and so on: the secret of a provider",
			"* WHK_CONFIG: the user's configuration file",
			"* WHK_PROFILE: the profile of that file that holds",
			"* XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME: where the files below are",
			"* NO_COLOR, CLICOLOR, CLICOLOR_FORCE: whether there is colour, unless --color says it",
			"* CI: the development secret is off where it is set",
		}, "\n")).
		WithSection("Files", strings.Join([]string{
			"* .whk.yaml: the configuration of a project, found from the working directory upwards to the root of the repository; whk schema config describes it",
			"* .whk/providers/: provider definitions of a project",
			"* ~/.config/whk/config.yaml: the user's configuration, of the same form",
			"* ~/.config/whk/providers/: the user's provider definitions",
			"* ~/.config/whk/secrets.json: the secrets that whk secrets keeps, for their owner alone",
			"* ~/.local/state/whk/trust/: which project files are trusted",
			"* ~/.local/share/whk/events.db: the events, an SQLite database",
		}, "\n"))
	return tidyRoff(page.Build(literalRoff{roff.NewDocument()})), nil
}

// literalRoff takes every text as it is: the document beneath reads all but the points
// of lists as the format of a printf. Its date is that of the build, so that equal
// builds make equal pages.
type literalRoff struct{ *roff.Document }

// Heading writes the title.
func (r literalRoff) Heading(section uint, title, description string, now time.Time) {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if at, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
				now = at
			}
		}
	}
	r.Document.Heading(section, title, description, now)
}

// Text writes text.
func (r literalRoff) Text(text string) {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, "*") {
			line = strings.ReplaceAll(line, "%", "%%")
		}
		lines = append(lines, line)
	}
	r.Document.Text(strings.Join(lines, "\n"))
}

// TextBold writes text in bold.
func (r literalRoff) TextBold(text string) {
	r.Document.TextBold(strings.ReplaceAll(text, "%", "%%"))
}

// TextItalic writes text in italic.
func (r literalRoff) TextItalic(text string) {
	r.Document.TextItalic(strings.ReplaceAll(text, "%", "%%"))
}

// String is the document.
func (r literalRoff) String() string { return r.Document.String() }

// paragraphs makes one line of each paragraph that was broken for a terminal. Lines
// that are indented stay as they are.
func paragraphs(text string) string {
	var lines []string
	for block := range strings.SplitSeq(text, "\n\n") {
		if !strings.HasPrefix(block, " ") {
			block = strings.ReplaceAll(block, "\n", " ")
		}
		lines = append(lines, block)
	}
	return strings.Join(lines, "\n")
}

// unquote takes the marks off the words that stand for the values of flags.
func unquote(c *cobra.Command) {
	plain := func(f *pflag.Flag) { _, f.Usage = pflag.UnquoteUsage(f) }
	c.Flags().VisitAll(plain)
	c.PersistentFlags().VisitAll(plain)
	for _, sub := range c.Commands() {
		unquote(sub)
	}
}

// tidyRoff makes flags copyable, since a plain hyphen becomes a typographic one; keeps
// indented lines as they are, since roff fills paragraphs; and keeps lines from being
// read as requests.
func tidyRoff(page string) string {
	// The first option of a command would run into its own description.
	page = strings.ReplaceAll(page, "\\fBOPTIONS\\fP\n.RS 4\n", "\\fBOPTIONS\\fP\n.RS 4\n.TP\n")
	var out []string
	verbatim := false
	end := func() {
		if verbatim {
			out = append(out, ".fi")
			verbatim = false
		}
	}
	lines := strings.Split(strings.TrimRight(page, "\n"), "\n")
	for i, line := range lines {
		switch {
		case line == ".PP" && verbatim && i+1 < len(lines) && strings.HasPrefix(lines[i+1], "  "):
			continue
		case strings.HasPrefix(line, "."):
			end()
			out = append(out, line)
			continue
		case strings.HasPrefix(line, "  ") && !verbatim:
			out = append(out, ".nf")
			verbatim = true
		case !strings.HasPrefix(line, "  "):
			end()
		}
		if line = strings.ReplaceAll(line, "-", `\-`); strings.HasPrefix(line, "'") {
			line = `\&` + line
		}
		out = append(out, line)
	}
	end()
	return strings.Join(out, "\n") + "\n"
}
