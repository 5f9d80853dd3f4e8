package cmd

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A mistyped command or flag is answered with what was probably meant, and with the
// command that lists the rest.
func TestMistakesGetHints(t *testing.T) {
	tests := []struct {
		name string
		args []string
		says []string
	}{
		{"command", []string{"lisen"}, []string{`unknown command "lisen"`, "did you mean listen?", "whk --help"}},
		{"nothing like it", []string{"frobnicate"}, []string{`unknown command "frobnicate"`, "hint: whk --help lists the commands"}},
		{"command below", []string{"events", "lst"}, []string{`unknown command "lst"`, "did you mean list", "whk events --help"}},
		{"provider below", []string{"providers", "rentman"}, []string{`unknown command "rentman"`, "whk providers --help"}},
		{"help of nothing", []string{"help", "doktor"}, []string{`unknown command "doktor"`, "did you mean doctor?"}},
		{"flag", []string{"events", "list", "--limt", "3"}, []string{"whk events list", "unknown flag: --limt", "did you mean --limit?", "whk events list --help"}},
		{"flag of another command", []string{"doctor", "--count", "3"}, []string{"unknown flag: --count", "whk doctor --help lists the flags"}},
		{"short flag", []string{"doctor", "-z"}, []string{"unknown shorthand flag", "whk doctor --help"}},
		{"value", []string{"events", "list", "--limit", "many"}, []string{"whk: events list: --limit", "many"}},
		{"no value", []string{"demo", "--count"}, []string{"flag needs an argument: --count"}},
		{"skip verify", []string{"listen", "--skip-verify"}, []string{"--insecure is about TLS", "--on-invalid"}},
		{"output", []string{"version", "--output", "xml"}, []string{"--output xml: expected text or json"}},
		{"colour", []string{"version", "--color", "red"}, []string{"red"}},
		{"jq", []string{"version", "--jq", ".["}, []string{"--jq .["}},
		{"jq at run time", []string{"version", "--jq", ".version | keys"}, []string{"--jq"}},
		{"argument too many", []string{"man", "page"}, []string{`whk: man: unexpected argument "page"`, "whk man --help"}},
		{"provider", []string{"providers", "show", "plomes"}, []string{`unknown provider "plomes"`, "did you mean ploomes?", "whk providers list"}},
		{"schema", []string{"schema", "samples"}, []string{"there is none", "did you mean sample?"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stdout, stderr, code := newDesk(t).run(tt.args...)
			if code != codeUsage || stdout != "" {
				t.Errorf("code %d, stdout %q", code, stdout)
			}
			for _, text := range tt.says {
				if !strings.Contains(stderr, text) {
					t.Errorf("%q does not hold %q", stderr, text)
				}
			}
			if !strings.HasPrefix(stderr, "whk: ") {
				t.Errorf("the name of the program is not in front: %q", stderr)
			}
		})
	}
}

// everyCommand visits the commands that help shows.
func everyCommand(visit func(c *cobra.Command)) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			if !sub.Hidden {
				visit(sub)
				walk(sub)
			}
		}
	}
	walk((&app{}).newRoot())
}

// Every command has an example, and every example is a command line that parses.
func TestExamplesParse(t *testing.T) {
	everyCommand(func(c *cobra.Command) {
		if c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		for line := range strings.SplitSeq(c.Example, "\n") {
			for _, args := range commandsOf(line) {
				found, rest, err := (&app{}).newRoot().Find(args)
				if err != nil || found.Parent() == nil {
					t.Errorf("%s: %q: no such command: %v", c.CommandPath(), line, err)
					continue
				}
				if err := found.ParseFlags(rest); err != nil {
					t.Errorf("%s: %q: %v", c.CommandPath(), line, err)
					continue
				}
				if err := found.ValidateArgs(found.Flags().Args()); err != nil {
					t.Errorf("%s: %q: %v", c.CommandPath(), line, err)
				}
			}
		}
	})
}

// commandsOf takes the command lines of whk out of one line for a shell: a remark stands
// behind # or several blanks.
func commandsOf(line string) [][]string {
	line, _, _ = strings.Cut(strings.TrimSpace(line), " # ")
	line, _, _ = strings.Cut(line, "   ")
	var all [][]string
	for part := range strings.SplitSeq(line, "|") {
		words := shellWords(part)
		if i := slices.Index(words, "whk"); i >= 0 && strings.Count(part, "'")%2 == 0 {
			words = words[i+1:]
			if end := slices.IndexFunc(words, func(w string) bool { return w == ">" || w == "&" || w == "&&" || w == "<" }); end >= 0 {
				words = words[:end]
			}
			all = append(all, words)
		}
	}
	return all
}

// shellWords splits at blanks outside of quotes.
func shellWords(text string) []string {
	var words []string
	word, quote, begun := "", rune(0), false
	for _, r := range text {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word += string(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r == ' ':
			if begun {
				words = append(words, word)
			}
			word, begun = "", false
		default:
			word += string(r)
			begun = true
		}
	}
	if begun {
		words = append(words, word)
	}
	return words
}

// Help fits a terminal, and ends with the codes that the command returns.
func TestHelp(t *testing.T) {
	everyCommand(func(c *cobra.Command) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: short help %q", c.CommandPath(), c.Short)
		}
		for line := range strings.SplitSeq(c.Long, "\n") {
			if n := len([]rune(line)); n > 110 {
				t.Errorf("%s: a line of %d columns: %s", c.CommandPath(), n, line)
			}
		}
		if c.HasSubCommands() || c.Name() == "version" || c.Parent().Name() == "completion" {
			return
		}
		if !strings.Contains(c.Long, "\nExit codes:\n") {
			t.Errorf("%s: no exit codes in its help", c.CommandPath())
		}
	})
}

// Values in capitals, as help shows them, belong to flags that take one.
func TestFlagsAreExplained(t *testing.T) {
	everyCommand(func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" && !f.Hidden {
				t.Errorf("%s --%s is not explained", c.CommandPath(), f.Name)
			}
		})
	})
}
