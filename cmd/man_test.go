package cmd

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The page names every command, every flag and every exit code.
func TestMan(t *testing.T) {
	page := newDesk(t).ok("man")
	plain := strings.NewReplacer(`\-`, "-", `\&`, "", `\fB`, "", `\fP`, "").Replace(page)
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if !strings.Contains(plain, "\n"+c.Name()) {
			t.Errorf("%s is not there", c.CommandPath())
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(plain, "--"+f.Name+"\n") {
				t.Errorf("%s --%s is not there", c.CommandPath(), f.Name)
			}
		})
		for _, sub := range c.Commands() {
			if !sub.Hidden {
				walk(sub)
			}
		}
	}
	walk((&app{}).newRoot())
	for _, text := range exitCodes {
		if !strings.Contains(plain, text) {
			t.Errorf("%q is not there", text)
		}
	}
	for _, wrong := range []string{"%!", "(MISSING)", "(EXTRA", "`"} {
		if strings.Contains(page, wrong) {
			t.Errorf("%q is in the page", wrong)
		}
	}
	for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES"} {
		if !strings.Contains(page, "\n.SH "+section+"\n") {
			t.Errorf("no section %s", section)
		}
	}
}

// The tools that read man pages have nothing to say about it.
func TestManIsRoff(t *testing.T) {
	page := newDesk(t).ok("man")
	ran := false
	for _, tool := range [][]string{{"mandoc", "-Tlint", "-Wwarning"}, {"groff", "-man", "-ww", "-Tutf8", "-z"}} {
		if _, err := exec.LookPath(tool[0]); err != nil {
			continue
		}
		ran = true
		c := exec.CommandContext(t.Context(), tool[0], tool[1:]...)
		c.Stdin = strings.NewReader(page)
		var said bytes.Buffer
		c.Stdout, c.Stderr = &said, &said
		if err := c.Run(); err != nil || said.Len() > 0 {
			t.Errorf("%s: %v\n%s", tool[0], err, said.String())
		}
	}
	if !ran {
		t.Skip("neither mandoc nor groff is here")
	}
}
