package cmd

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A desk with something in every layer.
func layeredDesk(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	writeFile(t, filepath.Join(d.env["HOME"], ".config", "whk", "config.yaml"), `version: 1
listen: {timeout: 5s, path_token: canary-token}
profiles:
  work:
    store: work.db
    providers: {rentman: {secret: env:WORK}}
`)
	writeFile(t, filepath.Join(d.dir, ".whk.yaml"), `version: 1
listen: {on_invalid: reject, events: ["rentman/*", "ploomes/*"]}
providers:
  ploomes: {path: /p, secrets: [env:A, env:B]}
routes:
  - {event: "*", to: 3000}
  - {event: "a/*", to: 3001}
`)
	d.env["WHK_PROFILE"] = "work"
	d.env["WHK_ADDR"] = "127.0.0.1:9"
	d.env["WHK_FORWARD_TO"] = "http://user:canary@localhost:1/"
	d.env["WHK_ADD_HEADER"] = "Authorization: canary\nX-Plain: shown"
	d.env["WHK_SECRET_CASSAINCLOUD"] = "canary"
	return d
}

func TestConfigShow(t *testing.T) {
	d := layeredDesk(t)
	user := filepath.Join(d.env["HOME"], ".config", "whk", "config.yaml")
	got := map[string]settingJSON{}
	for line := range strings.Lines(d.ok("config", "show", "--json", "--color", "never")) {
		var s settingJSON
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		got[s.Name] = s
	}
	inUser := func(name, value string, line int, profile string) settingJSON {
		s := settingJSON{Name: name, Value: value, Source: user + ":" + string(rune('0'+line)), Layer: "user", File: user, Line: line, Profile: profile}
		if profile != "" {
			s.Source += " (profile " + profile + ")"
		}
		return s
	}
	inProject := func(name, value string, line int, values ...string) settingJSON {
		return settingJSON{Name: name, Value: value, Values: values, Source: ".whk.yaml:" + string(rune('0'+line)), Layer: "project", File: ".whk.yaml", Line: line}
	}
	for _, want := range []settingJSON{
		{Name: "color", Value: "never", Source: "flag --color", Layer: "flag"},
		{Name: "json", Value: "true", Source: "flag --json", Layer: "flag"},
		{Name: "addr", Value: "127.0.0.1:9", Source: "env WHK_ADDR", Layer: "env"},
		{Name: "profile", Value: "work", Source: "env WHK_PROFILE", Layer: "env"},
		{Name: "forward-to", Value: "http://(hidden)@localhost:1/", Values: []string{"http://(hidden)@localhost:1/"}, Source: "env WHK_FORWARD_TO", Layer: "env"},
		{Name: "add-header", Value: "Authorization: (hidden), X-Plain: shown", Values: []string{"Authorization: (hidden)", "X-Plain: shown"}, Source: "env WHK_ADD_HEADER", Layer: "env"},
		inProject("on-invalid", "reject", 2),
		inProject("events", "rentman/*, ploomes/*", 2, "rentman/*", "ploomes/*"),
		inUser("timeout", "5s", 2, ""),
		inUser("path-token", "(hidden)", 2, ""),
		inUser("store", filepath.Join(filepath.Dir(user), "work.db"), 5, "work"),
		{Name: "max-body", Value: "25MiB", Source: "default", Layer: "default"},
		inProject("providers.ploomes.path", "/p", 4),
		inUser("providers.rentman.secret", "env:WORK", 6, "work"),
		{Name: "providers.cassaincloud.secret", Value: "(hidden)", Source: "env WHK_SECRET_CASSAINCLOUD", Layer: "env"},
		inProject("routes.0", "*=3000", 6),
		inProject("routes.1", "a/*=3001", 7),
	} {
		if diff := cmp.Diff(want, got[want.Name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want.Name, diff)
		}
	}
	if text := d.ok("config", "show"); strings.Contains(text, "canary") {
		t.Errorf("a secret is shown:\n%s", text)
	}
	text := d.ok("config", "show", "--show-secrets")
	for _, want := range []string{"canary-token", "user:canary@localhost", "Authorization: canary"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not shown although it was asked for:\n%s", want, text)
		}
	}
}

func TestConfigShowOne(t *testing.T) {
	d := layeredDesk(t)
	for wanted, want := range map[string][]string{
		"on-invalid": {"on-invalid"}, "on_invalid": {"on-invalid"}, "WHK_ON_INVALID": {"on-invalid"}, "listen.on_invalid": {"on-invalid"},
		"routes": {"routes.0", "routes.1"}, "routes.1": {"routes.1"}, "providers.ploomes": {"providers.ploomes.path", "providers.ploomes.secret", "providers.ploomes.secret"},
	} {
		var got []string
		for line := range strings.Lines(d.ok("config", "show", wanted)) {
			got = append(got, strings.Fields(line)[0])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", wanted, diff)
		}
	}
	if _, stderr, code := d.run("config", "show", "on-invald"); code != codeUsage || !strings.Contains(stderr, "did you mean on-invalid?") {
		t.Errorf("code %d:\n%s", code, stderr)
	}
}

func TestProfile(t *testing.T) {
	d := layeredDesk(t)
	show := func(args ...string) string { return d.ok(append([]string{"config", "show", "store"}, args...)...) }
	if got := show(); !strings.Contains(got, "config.yaml:5 (profile work)") {
		t.Errorf("by the environment: %s", got)
	}
	if got := show("--profile", ""); !strings.Contains(got, "default") {
		t.Errorf("none: %s", got)
	}
	delete(d.env, "WHK_PROFILE")
	if got := show("--profile", "work"); !strings.Contains(got, "config.yaml:5 (profile work)") {
		t.Errorf("by the flag: %s", got)
	}
	for _, args := range [][]string{{"listen", "--profile", "wrok"}, {"events", "list", "--profile", "wrok"}} {
		if _, stderr, code := d.run(args...); code != codeUsage || !strings.Contains(stderr, "profile wrok") || !strings.Contains(stderr, "did you mean work?") {
			t.Errorf("%v: code %d:\n%s", args, code, stderr)
		}
	}
	if words, _ := d.complete("listen", "--profile", ""); len(words) != 1 || words[0] != "work" {
		t.Errorf("completion: %v", words)
	}
}

func TestConfigPath(t *testing.T) {
	d := newDesk(t)
	home := d.env["HOME"]
	want := `user file         missing  HOME/.config/whk/config.yaml
project file      missing  none; it would be .whk.yaml in this folder or above
user definitions  missing  HOME/.config/whk/providers
secrets           missing  HOME/.config/whk/secrets.json
store             missing  HOME/.local/share/whk/events.db
state             missing  HOME/.local/state/whk
`
	if diff := cmp.Diff(want, strings.ReplaceAll(d.ok("config", "path"), home, "HOME")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	// It helps most where nothing else does.
	writeFile(t, filepath.Join(d.dir, ".whk.yaml"), "version: 1\nlisten: {adr: x}\n")
	d.env["WHK_CONFIG"], d.env["WHK_STORE"] = "mine.yaml", "x.db"
	stdout, stderr, code := d.run("config", "path")
	for _, text := range []string{"missing  " + filepath.Join(d.dir, "mine.yaml") + "  named by WHK_CONFIG", "project file         found    " + filepath.Join(d.dir, ".whk.yaml"), filepath.Join(d.dir, "x.db") + "  named by env WHK_STORE"} {
		if !strings.Contains(stdout, text) {
			t.Errorf("not there: %s in\n%s", text, stdout)
		}
	}
	if code != codeUsage || !strings.Contains(stderr, ".whk.yaml:2:10: unknown key listen.adr") {
		t.Errorf("code %d:\n%s", code, stderr)
	}
}
