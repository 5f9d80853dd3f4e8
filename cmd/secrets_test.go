package cmd

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"whk/verify"
)

// piped runs a command with something on standard input.
func (d *desk) piped(input string, args ...string) (stdout, stderr string, code int) {
	d.t.Helper()
	var out, err bytes.Buffer
	io := IO{In: strings.NewReader(input), Out: &out, Err: &err, OutTTY: d.tty, ErrTTY: d.tty, Columns: d.columns, Dir: d.dir,
		Env: func(name string) (string, bool) { value, ok := d.env[name]; return value, ok }}
	code = run(d.t.Context(), io, args)
	return out.String(), err.String(), code
}

func TestSecrets(t *testing.T) {
	const canary = "canary-kept"
	d := newDesk(t)
	kept := filepath.Join(d.env["HOME"], ".config", "whk", "secrets.json")
	said := ""
	set := func(input string, args ...string) {
		t.Helper()
		stdout, stderr, code := d.piped(input, append([]string{"secrets", "set"}, args...)...)
		if code != codeDone || stdout != "" {
			t.Fatalf("set %v: code %d, stdout %q:\n%s", args, code, stdout, stderr)
		}
		said = stderr
	}
	fingerprint := func(value string) string { return verify.NewSecret("", value).Fingerprint() }
	set(canary+"1\n", "rentman")
	if want := `rentman: the secret "default" (fingerprint ` + fingerprint(canary+"1") + ") is kept in " + kept + "\n"; !strings.Contains(said, want) || strings.Contains(said, "white space") {
		t.Errorf("got %q, want %q", said, want)
	}
	set(" "+canary+"2\t\n", "rentman", "--name", "2026-08", "--from-file", "-")
	if !strings.Contains(said, "white space around the secret was removed: standard input") {
		t.Errorf("got %q", said)
	}
	writeFile(t, filepath.Join(d.dir, "key.txt"), canary+"3\n")
	set("", "ploomes", "--from-file", "key.txt")
	writeFile(t, filepath.Join(d.dir, "key.txt"), canary+"4")
	set("", "ploomes", "--from-file", filepath.Join(d.dir, "key.txt"))
	if !strings.Contains(said, "in place of "+fingerprint(canary+"3")) {
		t.Errorf("got %q", said)
	}

	want := "ploomes   default  " + fingerprint(canary+"4") + "     now\n" +
		"rentman   2026-08  " + fingerprint(canary+"2") + "     now\n" +
		"rentman   default  " + fingerprint(canary+"1") + "     now\n"
	if got := d.ok("secrets", "list", "--show-secrets"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}

	// They check what is received, and are named wherever that is explained.
	found, _ := d.findings()
	detail := found["secret:rentman"].Detail
	for _, text := range []string{"file " + kept + " (2026-08)", "(default)", fingerprint(canary + "1")} {
		if !strings.Contains(detail, text) {
			t.Errorf("doctor says %q, which does not hold %q", detail, text)
		}
	}
	if got := d.ok("config", "show", "providers.rentman"); strings.Count(got, kept) != 2 || strings.Contains(got, canary) {
		t.Errorf("config show: %s", got)
	}
	d.env["WHK_SECRET_RENTMAN"] = "other"
	if got := d.ok("secrets", "list"); !strings.Contains(got, "not used here: env WHK_SECRET_RENTMAN comes first") {
		t.Errorf("got %s", got)
	}
	set(canary+"1", "rentman")
	if !strings.Contains(said, "it is not used here: env WHK_SECRET_RENTMAN comes first") {
		t.Errorf("got %q", said)
	}
	delete(d.env, "WHK_SECRET_RENTMAN")

	stdout, stderr, code := d.run("secrets", "env")
	if want := "export WHK_SECRET_PLOOMES='" + canary + "4'\nexport WHK_SECRET_RENTMAN='" + canary + "1'\n"; code != codeDone || stdout != want || !strings.Contains(stderr, "the newest of 2") {
		t.Errorf("code %d:\n%s%s", code, stdout, stderr)
	}
	d.tty = true
	if stdout, stderr, code := d.run("secrets", "env"); code != codeUsage || strings.Contains(stdout+stderr, canary) {
		t.Errorf("on a terminal: code %d:\n%s%s", code, stdout, stderr)
	}
	if stdout, _, code := d.run("secrets", "env", "ploomes", "--show-secrets"); code != codeDone || stdout != "export WHK_SECRET_PLOOMES='"+canary+"4'\n" {
		t.Errorf("code %d: %s", code, stdout)
	}
	d.tty = false

	if _, stderr, code := d.run("secrets", "rm", "rentman"); code != codeUsage || !strings.Contains(stderr, "there are 2: default, 2026-08") || !strings.Contains(stderr, "--yes") {
		t.Errorf("code %d:\n%s", code, stderr)
	}
	for _, args := range [][]string{{"rentman", "2026-08"}, {"rentman"}, {"ploomes", "--yes"}} {
		if _, stderr, code := d.run(append([]string{"secrets", "rm"}, args...)...); code != codeDone || !strings.Contains(stderr, "forgot 1 secret") {
			t.Errorf("rm %v: code %d:\n%s", args, code, stderr)
		}
	}
	if _, stderr, code := d.run("secrets", "list"); code != codeDone || !strings.Contains(stderr, "no secrets are kept") {
		t.Errorf("code %d:\n%s", code, stderr)
	}
}

func TestSecretsRefuse(t *testing.T) {
	const canary = "canary-refused"
	for _, c := range []struct {
		name, input string
		args        []string
		want        string
	}{
		{"nothing", "", []string{"set", "rentman"}, "the secret is empty: standard input"},
		{"a newline", "\n", []string{"set", "rentman"}, "the secret is empty: standard input"},
		{"blanks", " \t\n", []string{"set", "rentman"}, "the secret is empty: standard input"},
		{"bytes", canary + "\xff", []string{"set", "rentman"}, "no text"},
		{"too much", strings.Repeat(canary, 10_000), []string{"set", "rentman"}, "too large"},
		{"a value", "", []string{"set", "rentman", canary}, "no value: others could see it"},
		{"a value behind an equals sign", "", []string{"set", "rentman=" + canary}, "no value: others could see it"},
		{"no provider", canary, []string{"set"}, "expected the name of one provider"},
		{"unknown provider", canary, []string{"set", "rentmann"}, "did you mean rentman?"},
		{"provider without secret", canary, []string{"set", "ubiqo"}, "UBIQO needs none"},
		{"name", canary, []string{"set", "rentman", "--name", "a/b"}, "a name of a secret has letters"},
		{"missing file", "", []string{"set", "rentman", "--from-file", "missing"}, "no such file"},
		{"remove what is not there", "", []string{"rm", "rentman"}, "none is kept"},
		{"remove nothing", "", []string{"rm"}, "expected a provider"},
		{"variable of nothing", "", []string{"env", "rentman"}, `no secret of "rentman" is kept`},
		{"variables as JSON", "", []string{"env", "--json"}, "has no JSON"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			stdout, stderr, code := d.piped(c.input, append([]string{"secrets"}, c.args...)...)
			if code != codeUsage || !strings.Contains(stderr, c.want) {
				t.Errorf("code %d:\n%s", code, stderr)
			}
			if strings.Contains(stdout+stderr, canary) {
				t.Errorf("the secret is shown:\n%s%s", stdout, stderr)
			}
			if _, err := os.Stat(filepath.Join(d.env["HOME"], ".config", "whk", "secrets.json")); err == nil {
				t.Error("something was kept")
			}
		})
	}
}

// Whatever a secret holds, the shell takes it as it is.
func TestSecretsEnvIsQuoted(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell here")
	}
	for _, value := range []string{"plain", "it's", "'", "''", `a\'b`, "$(touch pwned)`touch pwned`", `"$HOME"`, "a\nb", "!x;&|<>*?[~]#", "é\u202e", "-n", `\n\\`} {
		d := newDesk(t)
		d.piped(value, "secrets", "set", "rentman")
		stdout, _, _ := d.run("secrets", "env")
		c := exec.Command(sh, "-c", stdout+"printf %s \"$WHK_SECRET_RENTMAN\"")
		c.Dir = t.TempDir()
		got, err := c.CombinedOutput()
		if err != nil || string(got) != value {
			t.Errorf("%q: got %q, %v from\n%s", value, got, err, stdout)
		}
		if left, _ := os.ReadDir(c.Dir); len(left) > 0 {
			t.Errorf("%q was run", value)
		}
	}
}

func TestAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour: "now", 59 * time.Second: "now", time.Minute: "1m", 59 * time.Minute: "59m", time.Hour: "1h",
		47 * time.Hour: "47h", 48 * time.Hour: "2d", 400 * 24 * time.Hour: "400d",
	} {
		if got := age(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}
