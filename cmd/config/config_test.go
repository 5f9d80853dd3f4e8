package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

// listenFlags resembles the flags of listen: at least one of every type and rule.
func listenFlags() *pflag.FlagSet {
	size := Size(25 << 20)
	fs := pflag.NewFlagSet("listen", pflag.ContinueOnError)
	fs.String("addr", "127.0.0.1:4400", "")
	fs.StringArrayP("forward-to", "f", nil, "")
	fs.StringArrayP("events", "e", nil, "")
	fs.StringArray("route", nil, "")
	fs.String("on-invalid", "flag", "")
	fs.Int("respond", 200, "")
	fs.Duration("respond-delay", 0, "")
	fs.Int("fail-first", 0, "")
	fs.Bool("ack", false, "")
	fs.String("ui", "auto", "")
	fs.Int("count", 0, "")
	fs.Duration("timeout", 0, "")
	fs.String("ready-file", "", "")
	fs.StringArray("provider-file", nil, "")
	fs.String("path-token", "", "")
	fs.String("public-url", "", "")
	fs.String("store", "", "")
	fs.Var(&size, "max-body", "")
	fs.StringArray("secret", nil, "")
	fs.StringArray("secret-file", nil, "")
	fs.Bool("secret-stdin", false, "")
	fs.Bool("secret-dev", false, "")
	fs.Bool("show-secrets", false, "")
	fs.BoolP("insecure", "k", false, "")
	fs.String("color", "auto", "")
	fs.BoolP("help", "h", false, "")
	return fs
}

// environment is a Lookup over NAME, value pairs.
func environment(pairs ...string) Lookup {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

// tree writes files into a new folder: names with a slash at the end become folders,
// values that begin with "-> " become symbolic links.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := physical(t.TempDir())
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			must(t, os.MkdirAll(path, 0o700))
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		if target, link := strings.CutPrefix(content, "-> "); link {
			if err := os.Symlink(strings.ReplaceAll(target, "ROOT", root), path); err != nil {
				t.Skipf("no symbolic links here: %v", err)
			}
			continue
		}
		must(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return root
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func builtin(name string) bool { return name == "rentman" || name == "ploomes" || name == "ubiqo" }

// load loads with root/home as the home folder and root/home/p as the working folder.
func load(root string, pairs ...string) (*Loaded, error) {
	home := filepath.Join(root, "home")
	return Load(Options{
		Dir:     filepath.Join(home, "p"),
		Paths:   Paths{Env: environment(append(pairs, "HOME", home, "USERPROFILE", home)...), OS: "linux"},
		Listen:  listenFlags(),
		Builtin: builtin,
	})
}

const userFile = "home/.config/whk/config.yaml"

// wantError checks that an error is ours, and that its text and hint hold the words.
func wantError(t *testing.T, err error, words ...string) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("got %v (%T), want an Error", err, err)
	}
	for _, w := range words {
		if text := e.Error() + "\nhint: " + e.Hint; !strings.Contains(text, w) {
			t.Errorf("error %q does not hold %q", text, w)
		}
	}
}

func TestPrecedence(t *testing.T) {
	// Every subset of the four layers above the default; bit 0 is the weakest.
	layers := []Layer{User, Project, Env, Flag}
	for set := range 1 << len(layers) {
		has := func(l Layer) bool { return set&(1<<(l-User)) != 0 }
		want, source := "flag", "default"
		files := map[string]string{"home/p/.git/": ""}
		var pairs, args []string
		if has(User) {
			files[userFile] = "version: 1\n\nlisten: {on_invalid: user}\n"
			want, source = "user", "config.yaml:3"
		}
		if has(Project) {
			files["home/p/.whk.yaml"] = "version: 1\nlisten:\n  ack: true\n  on_invalid: project\n"
			want, source = "project", ".whk.yaml:4"
		}
		if has(Env) {
			pairs = []string{"WHK_ON_INVALID", "env"}
			want, source = "env", "env WHK_ON_INVALID"
		}
		if has(Flag) {
			args = []string{"--on-invalid", "given"}
			want, source = "given", "flag --on-invalid"
		}
		t.Run(fmt.Sprintf("layers %04b", set), func(t *testing.T) {
			l, err := load(tree(t, files), pairs...)
			must(t, err)
			flags := listenFlags()
			must(t, flags.Parse(args))
			settings, err := l.Apply(flags, "listen")
			must(t, err)
			got, err := flags.GetString("on-invalid")
			must(t, err)
			if got != want {
				t.Errorf("value: got %q, want %q", got, want)
			}
			if s := settings.Source("on-invalid").String(); !strings.HasSuffix(s, source) {
				t.Errorf("source: got %q, want …%q", s, source)
			}
			if flags.Changed("on-invalid") != (set != 0) {
				t.Errorf("changed: got %v", flags.Changed("on-invalid"))
			}
		})
	}
}

func TestApplyFillsEveryType(t *testing.T) {
	l, err := load(tree(t, map[string]string{
		"home/p/.whk.yaml": `version: 1
listen:
  addr: localhost:0
  forward_to: [3000, "http://[::1]:9/x"]
  events: rentman/*
  respond: 0x1F4
  respond_delay: 1m30s
  ack: true
  max_body: 1.5MiB
  color: never
routes:
  - {event: "ploomes/Contacts.*", to: "http://localhost:3000/crm?a=b"}
  - {event: "*/*.delete", to: 3001}
`,
		userFile: "version: 1\nlisten: {store: ~/events.db, ready_file: ready, provider_file: [a.yaml, /abs/b.yaml], events: [never], show_secrets: true}\n",
	}))
	must(t, err)
	flags := listenFlags()
	settings, err := l.Apply(flags, "listen")
	must(t, err)

	got := map[string]any{}
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			got[f.Name] = f.Value.String()
			if list, ok := f.Value.(pflag.SliceValue); ok {
				got[f.Name] = list.GetSlice()
			}
		}
	})
	root := filepath.Dir(filepath.Dir(l.Project.Path))
	config := filepath.Join(root, ".config", "whk")
	want := map[string]any{
		"addr":          "localhost:0",
		"forward-to":    []string{"3000", "http://[::1]:9/x"},
		"events":        []string{"rentman/*"},
		"route":         []string{"ploomes/Contacts.*=http://localhost:3000/crm?a=b", "*/*.delete=3001"},
		"respond":       "500",
		"respond-delay": (90 * time.Second).String(),
		"ack":           "true",
		"max-body":      "1536KiB",
		"color":         "never",
		"store":         filepath.Join(root, "events.db"),
		"ready-file":    filepath.Join(config, "ready"),
		"provider-file": []string{filepath.Join(config, "a.yaml"), "/abs/b.yaml"},
		"show-secrets":  "true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("flags (-want +got):\n%s", diff)
	}
	if s := settings.Source("route").String(); s != ".whk.yaml:12" {
		t.Errorf("source of route: got %q", s)
	}
	if s := settings.Source("help"); s != (Source{}) || len(settings) != 25 {
		t.Errorf("got %d settings, help from %q", len(settings), s)
	}
}

func TestApplyEnvironment(t *testing.T) {
	root := tree(t, map[string]string{"home/p/": ""})
	apply := func(t *testing.T, pairs ...string) (*pflag.FlagSet, Settings, error) {
		l, err := load(root, pairs...)
		must(t, err)
		flags := listenFlags()
		settings, err := l.Apply(flags, "listen")
		return flags, settings, err
	}
	t.Run("every flag", func(t *testing.T) {
		listenFlags().VisitAll(func(f *pflag.Flag) {
			if internal(f.Name) {
				return
			}
			value := "7"
			if strings.HasSuffix(f.Value.Type(), "duration") {
				value = "7s"
			} else if f.Value.Type() == "bool" {
				value = "true"
			}
			name := "WHK_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
			flags, settings, err := apply(t, name, value)
			must(t, err)
			if got := strings.Trim(flags.Lookup(f.Name).Value.String(), "[]"); got != value {
				t.Errorf("%s: got %q, want %q", name, got, value)
			}
			if got := settings.Source(f.Name).String(); got != "env "+name {
				t.Errorf("%s: source %q", name, got)
			}
		})
	})
	t.Run("one value a line", func(t *testing.T) {
		flags, _, err := apply(t, "WHK_EVENTS", "a,b/*\r\nc/*\n\n")
		must(t, err)
		got, _ := flags.GetStringArray("events")
		if diff := cmp.Diff([]string{"a,b/*", "c/*"}, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("empty is unset", func(t *testing.T) {
		_, settings, err := apply(t, "WHK_ADDR", "", "WHK_ACK", "")
		must(t, err)
		if settings.Source("addr").Layer != Default || settings.Source("ack").Layer != Default {
			t.Errorf("got %v", settings)
		}
	})
	t.Run("secrets are hidden", func(t *testing.T) {
		_, settings, err := apply(t, "WHK_SECRET", "rentman=canary", "WHK_PATH_TOKEN", "canary")
		must(t, err)
		for _, s := range settings {
			if strings.Contains(s.Value, "canary") {
				t.Errorf("%s shows %q", s.Name, s.Value)
			}
		}
	})
	for name, c := range map[string]struct {
		pairs []string
		want  []string
	}{
		"bool":             {[]string{"WHK_ACK", "yes"}, []string{"env WHK_ACK: want true or false, got yes"}},
		"duration":         {[]string{"WHK_TIMEOUT", "30"}, []string{"env WHK_TIMEOUT: want a duration such as 30s"}},
		"size":             {[]string{"WHK_MAX_BODY", "5K"}, []string{"env WHK_MAX_BODY: 5K: write KB for"}},
		"empty secret":     {[]string{"WHK_SECRET", ""}, []string{"env WHK_SECRET: set, but empty"}},
		"empty path token": {[]string{"WHK_PATH_TOKEN", ""}, []string{"env WHK_PATH_TOKEN: set, but empty"}},
	} {
		t.Run("refuses a wrong "+name, func(t *testing.T) {
			_, _, err := apply(t, c.pairs...)
			wantError(t, err, c.want...)
		})
	}
}

// Only listen reads its section, but for the one store and the one terminal.
func TestApplyOtherCommand(t *testing.T) {
	l, err := load(tree(t, map[string]string{"home/p/": "", userFile: "version: 1\nlisten: {timeout: 3s, store: /s.db, color: never}\n"}))
	must(t, err)
	flags := listenFlags()
	settings, err := l.Apply(flags, "send")
	must(t, err)
	got := []string{settings.Source("timeout").String(), flags.Lookup("store").Value.String(), flags.Lookup("color").Value.String()}
	if diff := cmp.Diff([]string{"default", "/s.db", "never"}, got); diff != "" {
		t.Error(diff)
	}
}

// A value of the right type that a flag refuses is reported with its place.
func TestApplyPointsAtTheFile(t *testing.T) {
	l, err := load(tree(t, map[string]string{"home/p/.whk.yaml": "version: 1\nlisten:\n  max_body: 5 apples\n"}))
	must(t, err)
	_, err = l.Apply(listenFlags(), "listen")
	wantError(t, err, ".whk.yaml:3:13: listen.max_body: 5 apples: want a size")
}

func TestProvidersMerge(t *testing.T) {
	root := tree(t, map[string]string{
		"home/p/.whk.yaml": "version: 1\nproviders:\n  rentman: {secret: env:A}\n  acme: {file: acme.yaml, secrets: [env:B, file:s/b]}\n",
		"home/p/acme.yaml": "x",
		"home/p/s/b":       "x",
		userFile:           "version: 1\nproviders:\n  rentman: {path: /r, secrets: [env:C]}\n  ubiqo: {file: ../u.yaml, secret: file:~/u}\n",
	})
	l, err := load(root)
	must(t, err)
	type flat struct {
		Name, Path, File string
		Secrets          []string
	}
	var got []flat
	for _, p := range l.Providers() {
		f := flat{Name: p.Name, Path: p.Path.Text}
		if p.Definition != nil {
			f.File = strings.TrimPrefix(filepath.ToSlash(p.Definition.Path), filepath.ToSlash(root))
		}
		for _, s := range p.Secrets {
			f.Secrets = append(f.Secrets, s.Env+strings.TrimPrefix(filepath.ToSlash(s.File.Path), filepath.ToSlash(root)))
		}
		got = append(got, f)
	}
	want := []flat{
		{"acme", "", "/home/p/acme.yaml", []string{"B", "/home/p/s/b"}},
		{"rentman", "/r", "", []string{"A"}},
		{"ubiqo", "", "/home/.config/u.yaml", []string{"/home/u"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if p := l.Provider("nobody"); p.Name != "nobody" || len(p.Secrets) != 1 || !p.Secrets[0].Stored() {
		t.Errorf("got %v", p)
	}
	if content, err := l.Provider("acme").Definition.Read(10); err != nil || string(content) != "x" {
		t.Errorf("got %q, %v", content, err)
	}
}
