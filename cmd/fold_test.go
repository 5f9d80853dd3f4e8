package cmd

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFold(t *testing.T) {
	on := paint{on: true}
	tests := []struct {
		name, text string
		columns    int
		want       []string
	}{
		{"nothing", "", 10, nil},
		{"one line", "one two", 7, []string{"one two"}},
		{"two lines", "one two three", 7, []string{"one two", "three"}},
		{"a long word", "one antidisestablishmentarianism", 5, []string{"one", "antidisestablishmentarianism"}},
		{"wide signs", "会議 会議", 5, []string{"会議", "会議"}},
		{"colour takes no room", on.bad("one two") + " three", 13, []string{on.bad("one two") + " three"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, fold(tt.text, tt.columns)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// Where nothing is coloured nothing is taken out, whatever the text looks like.
func TestUncoloured(t *testing.T) {
	for _, text := range []string{"", "plain [31m text", "cut \x1b[31", strings.Repeat("m", 9)} {
		if got := uncoloured(text); got != text {
			t.Errorf("uncoloured(%q) = %q", text, got)
		}
	}
	on := paint{on: true}
	if got := uncoloured(on.good("a") + "b" + on.bold("c")); got != "abc" {
		t.Errorf("coloured: %q", got)
	}
}
