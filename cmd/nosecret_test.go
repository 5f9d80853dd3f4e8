package cmd

import (
	"fmt"
	"strings"
	"testing"

	"whk/cmd/config"
)

// However many providers there are, a listener says in a few lines who has no secret.
func TestListenTellsWhoHasNoSecret(t *testing.T) {
	var keyed []string
	for _, p := range builtin(t).All() {
		if p.Scheme.Keyed() {
			keyed = append(keyed, p.Name)
		}
	}
	const hint = "hint: whk secrets set %s keeps one; whk doctor lists who has none\n"
	tests := []struct {
		name       string
		configured []string
		ci         bool
		args       []string
		want       string
	}{
		{"none", nil, false, nil,
			"whk: ! no secret is configured; the development secret stands in, and proves nothing\n" + fmt.Sprintf(hint, "PROVIDER")},
		{"none, in CI", nil, true, nil,
			"whk: warning: no secret is configured, and none stands in where CI is set: the signatures cannot be checked\n" + fmt.Sprintf(hint, "PROVIDER")},
		{"none, and invalid ones are rejected", nil, false, []string{"--on-invalid", "reject"},
			"whk: warning: no secret is configured: the signatures cannot be checked, so they are not rejected\n" + fmt.Sprintf(hint, "PROVIDER")},
		{"one", []string{"rentman"}, false, nil,
			fmt.Sprintf("whk: ! no secret for %d of %d providers; the development secret stands in, and proves nothing\n", len(keyed)-1, len(keyed)) + fmt.Sprintf(hint, "PROVIDER")},
		{"all but two", keyed[2:], false, nil,
			"whk: ! no secret for " + keyed[0] + ", " + keyed[1] + "; the development secret stands in, and proves nothing\n" + fmt.Sprintf(hint, "PROVIDER")},
		{"all", keyed, false, nil, ""},
		{"not the one that is meant", nil, false, []string{"--provider", "Stripe", "--on-invalid", "reject"},
			"whk: warning: no secret for stripe: its signatures cannot be checked, so they are not rejected\n" + fmt.Sprintf(hint, "stripe")},
		{"the one that is meant", []string{"stripe"}, false, []string{"--provider", "stripe"}, ""},
		{"one that needs none is meant", nil, false, []string{"--provider", "cmmshere"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			for _, name := range tt.configured {
				p, err := builtin(t).Lookup(name)
				if err != nil {
					t.Fatal(err)
				}
				d.env[config.SecretVariable(name)] = p.Scheme.DevelopmentSecret("somebody's own").Reveal()
			}
			if tt.ci {
				d.env["CI"] = "true"
			}
			_, end := d.receiving(append([]string{"--ui", "log"}, tt.args...)...)
			_, stderr := end()
			var got strings.Builder
			for line := range strings.Lines(stderr) {
				if strings.Contains(line, "secret") {
					got.WriteString(line)
				}
			}
			if got.String() != tt.want {
				t.Errorf("got\n%swant\n%s", got.String(), tt.want)
			}
		})
	}
}

// A public key checks and cannot sign, which is said with what to do about it.
func TestSendAndSignWithAPublicKey(t *testing.T) {
	for _, name := range []string{"discord", "sendgrid", "wise", "httpsignature"} {
		d := newDesk(t)
		p, err := builtin(t).Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		public, ok := p.Scheme.PublicKey(p.Scheme.DevelopmentSecret("somebody's own"))
		if !ok {
			t.Fatalf("%s has no public key", name)
		}
		d.env[config.SecretVariable(name)] = public
		for _, args := range [][]string{
			{"send", name + "/*", "127.0.0.1:1"},
			{"sign", name, "{}", "--url", "http://localhost/"},
		} {
			stdout, stderr, code := d.run(args...)
			if code != codeUsage || stdout != "" ||
				!strings.Contains(stderr, "a public key checks signatures and makes none") || !strings.Contains(stderr, "hint: "+p.Title+" alone has the private key") {
				t.Errorf("whk %s: code %d\n%s%s", strings.Join(args, " "), code, stdout, stderr)
			}
		}
		address, end := d.receiving()
		if _, stderr, code := d.run("send", name+"/*", address, "--sign", "wrong"); code != codeDone {
			t.Errorf("%s: a wrong signature needs no private key: code %d\n%s", name, code, stderr)
		}
		if stdout, _ := end(); !strings.Contains(stdout, "invalid") {
			t.Errorf("%s: the listener, which has the public key, did not refuse it:\n%s", name, stdout)
		}
	}
}
