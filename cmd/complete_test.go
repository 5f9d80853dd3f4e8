package cmd

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// complete asks whk what may stand where the last word is.
func (d *desk) complete(args ...string) (words []string, directive cobra.ShellCompDirective) {
	d.t.Helper()
	stdout, stderr, code := d.run(append([]string{"__complete"}, args...)...)
	if code != codeDone {
		d.t.Fatalf("complete %q: code %d, %s", args, code, stderr)
	}
	// Cobra itself tells on stderr what the directive means; nothing of whk's goes there.
	if said := strings.TrimSpace(stderr); said != "" && !strings.HasPrefix(said, "Completion ended with directive:") {
		d.t.Errorf("complete %q says %q", args, said)
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if _, err := fmt.Sscanf(lines[len(lines)-1], ":%d", &directive); err != nil {
		d.t.Fatalf("complete %q: no directive in %q", args, stdout)
	}
	for _, line := range lines[:len(lines)-1] {
		word, _, _ := strings.Cut(line, "\t")
		words = append(words, word)
	}
	return words, directive
}

func TestComplete(t *testing.T) {
	d := newDesk(t)
	d.store(threeEvents(time.Now()), nil)
	tests := []struct {
		name string
		args []string
		want []string // all of them, in order
	}{
		{"commands", []string{"prov"}, []string{"providers"}},
		{"verbs", []string{"events", ""}, []string{"diff", "drift", "export", "import", "list", "prune", "save", "show", "stats", "tail", "unqueue"}},
		{"colour", []string{"events", "list", "--color", ""}, []string{"auto", "always", "never"}},
		{"output", []string{"--output", "j"}, []string{"json"}},
		{"on invalid", []string{"listen", "--on-invalid", ""}, []string{"flag", "reject", "drop"}},
		{"providers", []string{"providers", "show", ""}, builtin(t).Names()},
		{"provider by its start", []string{"providers", "show", "R"}, []string{"rentman"}},
		{"one argument only", []string{"providers", "show", "rentman", ""}, nil},
		{"provider flag", []string{"listen", "--provider", "pl"}, []string{"ploomes"}},
		{"events begin with providers", []string{"listen", "--events", "c"}, []string{"calendly/", "cassaincloud/", "cloudevents/", "cmmshere/", "contentdigest/"}},
		{"events of a provider", []string{"listen", "-e", "cmmshere/"}, []string{"cmmshere/act.updated", "cmmshere/cli.created", "cmmshere/ot.created", "cmmshere/sol.created"}},
		{"events by their start", []string{"events", "list", "--event", "ploomes/deals.w"}, []string{"ploomes/Deals.Win"}},
		{"unknown provider", []string{"listen", "--events", "nobody/"}, nil},
		{"routes go on", []string{"listen", "--route", "ploomes/Deals.W"}, []string{"ploomes/Deals.Win="}},
		{"secrets are of providers", []string{"listen", "--secret", "u"}, []string{"ubiqo="}},
		{"secrets are not offered", []string{"listen", "--secret", "rentman="}, nil},
		{"events that were received", []string{"events", "show", ""}, []string{"last", "3", "2", "1"}},
		{"last of a provider", []string{"events", "show", "last:r"}, []string{"last:rentman"}},
		{"schemas", []string{"schema", ""}, []string{"output", "config", "provider", "sample", "suite"}},
		{"nothing", []string{"doctor", ""}, nil},
		{"numbers are not offered", []string{"listen", "--count", ""}, nil},
		{"ways of signing", []string{"send", "rentman/Contact.create", "--sign", ""}, []string{"normal", "wrong", "missing", "tampered", "downgrade"}},
		{"forms of printing", []string{"send", "--print", "c"}, []string{"curl"}},
		{"variants of the event", []string{"send", "ubiqo/GPS.coordinate", "--variant", ""}, []string{"default", "get"}},
		{"variants of a spelling", []string{"send", "rentman/Invoice.create", "--variant", "null-u"}, []string{"null-user"}},
		{"events to send", []string{"send", "ploomes/Products"}, []string{"ploomes/Products.Create", "ploomes/Products.Update", "ploomes/Products.Delete"}},
		{"providers to sign for", []string{"sign", "c"}, []string{"calendly", "cassaincloud", "cloudevents", "cmmshere", "contentdigest"}},
		{"events to replay", []string{"replay", "l"}, []string{"last"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d.t = t
			got, directive := d.complete(tt.args...)
			if !slices.Equal(got, tt.want) {
				t.Errorf("complete %q: got %q, want %q", tt.args, got, tt.want)
			}
			if directive&cobra.ShellCompDirectiveError != 0 {
				t.Errorf("complete %q: an error", tt.args)
			}
		})
	}
	d.t = t
	if _, directive := d.complete("listen", "--events", "rent"); directive&cobra.ShellCompDirectiveNoSpace == 0 {
		t.Error("a blank follows a provider that an event has to follow")
	}
	for _, args := range [][]string{{"listen", "--ready-file", ""}, {"sign", "rentman", ""}, {"verify", ""}} {
		if _, directive := d.complete(args...); directive&cobra.ShellCompDirectiveNoFileComp != 0 {
			t.Errorf("complete %q: no files are offered", args)
		}
	}
	if words, directive := d.complete("--store", ""); directive != cobra.ShellCompDirectiveFilterFileExt || !slices.Equal(words, []string{"db"}) {
		t.Errorf("--store: %q, %d", words, directive)
	}
}

// What is wrong with the configuration is no news while somebody types.
func TestCompleteIsSilent(t *testing.T) {
	d := newDesk(t)
	writeFile(t, filepath.Join(d.dir, ".whk.yaml"), "nonsense: {\n")
	d.env["WHK_SECRET_RENTMAN"] = ""
	if got, _ := d.complete("providers", "show", "rent"); !slices.Equal(got, []string{"rentman"}) {
		t.Errorf("got %q", got)
	}
	if got, _ := d.complete("events", "show", ""); !slices.Equal(got, []string{"last"}) {
		t.Errorf("without a store: %q", got)
	}
}

func TestCompleteOnesOwnProvider(t *testing.T) {
	d := newDesk(t)
	folder := filepath.Join(d.dir, ".whk", "providers", "mine")
	writeFile(t, filepath.Join(d.dir, ".git", "HEAD"), "")
	writeFile(t, filepath.Join(folder, "provider.yaml"), "version: 1\nname: mine\ncertainty: guessed\ndetect: path\nverify: [{kind: none}]\n"+
		"event: {name: thing.done}\nactions: [{name: done}]\nentities: {thing: {}}\n")
	writeFile(t, filepath.Join(folder, "samples", "thing.json"), `{"events": ["thing.done"], "body": {}}`)
	if got, _ := d.complete("listen", "--events", "mine/"); !slices.Equal(got, []string{"mine/thing.done"}) {
		t.Errorf("got %q", got)
	}
}

// The scripts come for every shell, whatever the state of the configuration.
func TestCompletionScripts(t *testing.T) {
	d := newDesk(t)
	writeFile(t, filepath.Join(d.dir, ".whk.yaml"), "nonsense: {\n")
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if got := d.ok("completion", shell); !strings.Contains(got, "__complete") {
			t.Errorf("%s: %d bytes", shell, len(got))
		}
	}
}
