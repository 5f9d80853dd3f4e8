package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func day(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }

// keptIn lists what a file keeps as "provider/name=value".
func keptIn(t *testing.T, file SecretFile) []string {
	t.Helper()
	all, err := file.List()
	must(t, err)
	var got []string
	for _, s := range all {
		got = append(got, s.Provider+"/"+s.Name+"="+s.Secret.Reveal()+" "+s.Added.Format(time.DateOnly))
	}
	return got
}

func TestStoredSecrets(t *testing.T) {
	file := SecretFile{Path: filepath.Join(t.TempDir(), "new", "folder", "secrets.json")}
	if got := keptIn(t, file); len(got) != 0 {
		t.Fatalf("got %v", got)
	}
	set := func(provider, name, value string, n int) {
		t.Helper()
		_, err := file.Set(provider, name, value, day(n))
		must(t, err)
	}
	set("rentman", "", "first", 1)
	set("ploomes", "key", "it's \"<&\u2028\n\\", 2)
	set("rentman", "2026-08", "second", 3)
	replaced, err := file.Set("rentman", "default", "third", day(4))
	if must(t, err); replaced == nil || replaced.Secret.Reveal() != "first" {
		t.Errorf("replaced %v", replaced)
	}
	want := []string{"ploomes/key=it's \"<&\u2028\n\\ 2026-01-02", "rentman/default=third 2026-01-04", "rentman/2026-08=second 2026-01-03"}
	if diff := cmp.Diff(want, keptIn(t, file)); diff != "" {
		t.Errorf("newest first (-want +got):\n%s", diff)
	}
	for _, c := range []struct {
		provider, name string
		want           int
		err            string
	}{
		{"rentmann", "", 0, "did you mean rentman?"},
		{"rentman", "2026-09", 0, "did you mean 2026-08?"},
		{"rentman", "default", 1, ""},
		{"rentman", "", 1, ""},
		{"rentman", "", 0, "none is kept"},
		{"ploomes", "", 1, ""},
		{"ploomes", "", 0, "whk secrets set"},
	} {
		n, err := file.Remove(c.provider, c.name)
		if c.err != "" {
			wantError(t, err, c.err)
		} else if must(t, err); n != c.want {
			t.Errorf("remove %s %s: got %d, want %d", c.provider, c.name, n, c.want)
		}
	}
}

func TestStoredSecretsRefuse(t *testing.T) {
	file := SecretFile{Path: filepath.Join(t.TempDir(), "secrets.json")}
	for _, c := range []struct{ name, provider, secret, value, want string }{
		{"empty", "rentman", "", "", "the secret is empty"},
		{"no text", "rentman", "", "canary\xff", "no text"},
		{"NUL", "rentman", "", "canary\x00", "no text"},
		{"too large", "rentman", "", strings.Repeat("canary", MaxSecret), "too large"},
		{"name", "rentman", "a b", "canary", "name of a secret"},
		{"escape in a name", "rentman", "\x1b[2J", "canary", "name of a secret"},
		{"provider", "Rentman", "", "canary", "not a name for a provider"},
		{"variable of a flag", "file", "", "canary", "not a name for a provider"},
	} {
		_, err := file.Set(c.provider, c.secret, c.value, day(1))
		wantError(t, err, c.want)
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the secret stands in %q", c.name, err)
		}
	}
	if got := keptIn(t, file); len(got) != 0 {
		t.Errorf("kept %v", got)
	}
	_, err := (SecretFile{}).Set("rentman", "", "x", day(1))
	wantError(t, err, "no folder")
}

// A damaged file is neither overwritten nor repeated.
func TestStoredSecretsDamaged(t *testing.T) {
	const entry = `{"name":"default","added":"2026-01-01T00:00:00Z","value":"canary"}`
	for name, text := range map[string]string{
		"empty": "", "no JSON": "canary", "cut": `{"version":1,"providers":{"rentman":[{"value":"canary`,
		"two":              `{"version":1,"providers":{}}canary`,
		"another version":  `{"version":2,"providers":{}}`,
		"unknown key":      `{"version":1,"canary":1}`,
		"empty secret":     `{"version":1,"providers":{"rentman":[{"name":"default","added":"2026-01-01T00:00:00Z","value":""}]}}`,
		"two of one name":  `{"version":1,"providers":{"rentman":[` + entry + `,` + entry + `]}}`,
		"hostile provider": `{"version":1,"providers":{"\u001b[2J":[` + entry + `]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "secrets.json")
			must(t, os.WriteFile(path, []byte(text), 0o600))
			file := SecretFile{Path: path}
			_, err := file.List()
			wantError(t, err, path+": read the secrets: ", "move the file away")
			_, other := file.Set("rentman", "", "x", day(1))
			wantError(t, other, "read the secrets")
			if strings.ContainsAny(err.Error(), "\x1b") || strings.Contains(err.Error(), "canary") {
				t.Errorf("got %q", err)
			}
			if content, _ := os.ReadFile(path); string(content) != text {
				t.Errorf("the file was changed: %q", content)
			}
		})
	}
}

// Every one of many writers finds its secret afterwards.
func TestStoredSecretsConcurrently(t *testing.T) {
	file := SecretFile{Path: filepath.Join(t.TempDir(), "secrets.json")}
	var group sync.WaitGroup
	var want []string
	for i := range 24 {
		name := fmt.Sprintf("n%02d", i)
		want = append(want, "rentman/"+name+"="+name+" 2026-01-01")
		group.Go(func() {
			if _, err := file.Set("rentman", name, name, day(1)); err != nil {
				t.Error(err)
			}
			if _, err := file.List(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	got := keptIn(t, file)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	entries, err := os.ReadDir(filepath.Dir(file.Path))
	if must(t, err); len(entries) != 2 {
		t.Errorf("left behind: %v", entries)
	}
}

// What is kept comes last, and only where nothing else says anything.
func TestStoredSecretsComeLast(t *testing.T) {
	const kept = "home/.config/whk/secrets.json"
	root := tree(t, map[string]string{"home/p/.git/": "", "home/p/.whk.yaml": "version: 1\nproviders: {ploomes: {secret: env:PLOOMES}}\n"})
	file := SecretFile{Path: filepath.Join(root, kept)}
	for _, provider := range []string{"rentman", "ploomes"} {
		for i, name := range []string{"old", "new"} {
			_, err := file.Set(provider, name, provider+"-"+name, day(i+1))
			must(t, err)
		}
	}
	for _, c := range []struct {
		provider string
		pairs    []string
		want     []string
	}{
		{"rentman", nil, []string{"rentman-new", "rentman-old"}},
		{"rentman", []string{"WHK_SECRET_RENTMAN", "env"}, []string{"env"}},
		{"ploomes", []string{"PLOOMES", "config"}, []string{"config"}},
		{"ubiqo", nil, nil},
	} {
		l, err := load(root, c.pairs...)
		must(t, err)
		secrets, notices, err := Secrets(c.provider, SecretInput{Env: environment(c.pairs...), Config: l.Provider(c.provider).Secrets})
		must(t, err)
		var got []string
		for _, s := range secrets {
			got = append(got, s.Reveal())
			if strings.HasPrefix(s.Reveal(), "rentman") && s.Name != "file "+file.Path+" ("+strings.TrimPrefix(s.Reveal(), "rentman-")+")" {
				t.Errorf("name %q", s.Name)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" || len(notices) > 0 {
			t.Errorf("%s %v: notices %v (-want +got):\n%s", c.provider, c.pairs, notices, diff)
		}
	}
}

// Secrets that came with a project are not used, and none is written into one.
func TestStoredSecretsInAProject(t *testing.T) {
	root := tree(t, map[string]string{"home/p/.git/": "", "home/p/c/whk/": ""})
	planted := SecretFile{Path: filepath.Join(root, "home/p/c/whk/secrets.json")}
	l, err := load(root, "XDG_CONFIG_HOME", filepath.Join(root, "home/p/c"))
	must(t, err)
	_, err = l.Stored.Set("rentman", "", "x", day(1))
	wantError(t, err, "XDG_CONFIG_HOME points into the project")
	if secrets, _, err := Secrets("rentman", SecretInput{Config: l.Provider("rentman").Secrets}); err != nil || secrets != nil {
		t.Errorf("no file: got %v, %v", secrets, err)
	}
	_, err = planted.Set("rentman", "", "planted", day(1))
	must(t, err)
	_, _, err = Secrets("rentman", SecretInput{Config: l.Provider("rentman").Secrets})
	wantError(t, err, "XDG_CONFIG_HOME points into the project")
}
