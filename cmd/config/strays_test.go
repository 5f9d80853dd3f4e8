package config

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStrays(t *testing.T) {
	root := tree(t, map[string]string{"home/p/": "", userFile: "version: 1\nproviders:\n  shop: {secret: env:WHK_SHOPKEY, file: shop.yaml}\n"})
	for _, c := range []struct{ name, variable, want string }{
		{"a flag", "WHK_ON_INVALID", ""},
		{"a flag, misspelt", "WHK_ON_INVALD", "did you mean WHK_ON_INVALID?"},
		{"a short one, misspelt", "WHK_ADR", "did you mean WHK_ADDR?"},
		{"nothing like any", "WHK_FROBNICATE", "the variable of a flag is WHK_ and its name in capitals: WHK_ON_INVALID for --on-invalid"},
		{"somebody else's", "OTHER_ADR", ""},
		{"the user file", "WHK_CONFIG", ""},
		{"what listen gives its command", "WHK_URL", ""},
		{"a header of a printed curl", "WHK_HEADER_COOKIE", ""},
		{"a secret", "WHK_SECRET_RENTMAN", ""},
		{"a secret, misspelt", "WHK_SECRET_RENTMN", "did you mean WHK_SECRET_RENTMAN?"},
		{"a secret, one letter too long", "WHK_SECRET_PLOOMESS", "did you mean WHK_SECRET_PLOOMES?"},
		{"a secret, one letter too short", "WHK_SECRET_PLOOME", "did you mean WHK_SECRET_PLOOMES?"},
		{"a provider that is another's second", "WHK_SECRET_PLOOMES2", ""},
		{"a secret of a user's definition", "WHK_SECRET_RENTMEN", ""},
		{"a secret of a provider in a file", "WHK_SECRET_SHOP", ""},
		{"a reference of a file", "WHK_SHOPKEY", ""},
		{"a secret of a definition elsewhere", "WHK_SECRET_ACME", ""},
		{"a provider of which another's name is a part", "WHK_SECRET_RENTMAN_TWO", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := load(root, c.variable, "x")
			if c.variable == "WHK_CONFIG" {
				l, err = load(root, c.variable, filepath.Join(root, userFile))
			}
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, n := range l.Strays([]string{c.variable}, []string{"addr", "on-invalid", "secret", "secret-file"}, []string{"rentman", "rentmen", "ploomes"}) {
				got += n.Hint
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// An empty variable counts as unset, and is no mistake.
func TestStraysEmpty(t *testing.T) {
	l, err := load(tree(t, map[string]string{"home/p/": ""}), "WHK_ADR", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Strays([]string{"WHK_ADR"}, []string{"addr"}, nil); len(got) > 0 {
		t.Errorf("got %v", got)
	}
}
