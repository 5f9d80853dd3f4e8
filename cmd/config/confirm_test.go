package config

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// asking is a project file that asks for things, in every place that can.
const asking = `version: 1
listen:
  addr: 0.0.0.0:80
  on_invalid: reject
  forward_to: [3000, "https://user:canary@example.com/in"]
  insecure: true
providers:
  rentman: {file: r.yaml, secret: 'file:/outside/key'}
  acme: {secret: env:ACME}
routes:
  - {event: "*/*", to: example.com}
`

// trusting are the options of somebody whose home is root/home and who stands in dir.
func trusting(root, dir string, pairs ...string) (Options, Trust) {
	home := filepath.Join(root, "home")
	paths := Paths{Env: environment(append(pairs, "HOME", home, "USERPROFILE", home)...), OS: "linux"}
	state, _ := paths.StateDir()
	t := Trust{Dir: state}
	return Options{Dir: filepath.Join(root, dir), Paths: paths, Listen: listenFlags(), Builtin: builtin, Trusted: t.Confirmed}, t
}

// agree examines a file and confirms it.
func agree(t *testing.T, o Options, trust Trust, path string) *Examined {
	t.Helper()
	e, err := Examine(o, path, trust)
	must(t, err)
	must(t, trust.Confirm(e.Path, e.Hash, time.Unix(0, 0)))
	return e
}

func TestExamineListsWhatAFileAsksFor(t *testing.T) {
	root := tree(t, map[string]string{"home/p/.git/": "", "home/p/.whk.yaml": asking, "home/p/r.yaml": ""})
	o, trust := trusting(root, "home/p")
	e, err := Examine(o, "", trust)
	must(t, err)
	var got []string
	for _, ask := range e.Asks {
		text := ask.Source.String() + " " + ask.Key + ": " + ask.Wants
		if ask.Problem != "" {
			text += " (" + ask.Problem + ")"
		}
		got = append(got, strings.ReplaceAll(text, root, "ROOT"))
	}
	want := []string{
		".whk.yaml:3 listen.addr: receive at 0.0.0.0:80 (0.0.0.0 is not a loopback address)",
		".whk.yaml:5 listen.forward_to: send what is received to https://(hidden)@example.com/in (the target holds a name or a password)",
		".whk.yaml:6 listen.insecure: set this to true",
		".whk.yaml:8 providers.rentman.file: redefine a built-in provider by ROOT/home/p/r.yaml",
		".whk.yaml:8 providers.rentman.secret: read the secret in /outside/key (it is outside the project, or a symbolic link leads outside)",
		".whk.yaml:11 routes.to: send */* to example.com (example.com is not a loopback address)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if e.Trusted || e.Changed || e.Path != filepath.Join(root, "home/p/.whk.yaml") || e.Name != ".whk.yaml" {
		t.Errorf("got %+v", e)
	}
}

func TestTrustIsForOneContentAtOnePath(t *testing.T) {
	root := tree(t, map[string]string{
		"home/p/.git/": "", "home/p/.whk.yaml": asking, "home/p/r.yaml": "", "home/p/sub/": "",
		"home/q/.git/": "", "home/q/.whk.yaml": asking,
		"home/r/.git/": "", "home/r/.whk.yaml": "-> ../p/.whk.yaml",
		"home/link": "-> p",
	})
	loads := func(dir string) error {
		o, _ := trusting(root, dir)
		_, err := Load(o)
		return err
	}
	wantError(t, loads("home/p"), ".whk.yaml:3:9: listen.addr", "whk trust")
	o, trust := trusting(root, "home/p")
	agree(t, o, trust, "")

	must(t, loads("home/p"))
	must(t, loads("home/p/sub"))
	must(t, loads("home/link")) // the same folder by another name
	wantError(t, loads("home/q"), ".whk.yaml:3:9: listen.addr")
	wantError(t, loads("home/r"), "outside the project")

	path := filepath.Join(root, "home/p/.whk.yaml")
	change := func(text string) { must(t, os.WriteFile(path, []byte(text), 0o600)) }
	change(asking + "# a remark\n")
	wantError(t, loads("home/p"), ".whk.yaml:3:9: listen.addr")
	e, err := Examine(o, "", trust)
	must(t, err)
	if !e.Changed || e.Trusted {
		t.Errorf("after a change: got %+v", e)
	}
	change(asking)
	must(t, loads("home/p"))

	// The file becomes a link to another one with another content, inside the project.
	must(t, os.WriteFile(filepath.Join(root, "home/p/other.yaml"), []byte(asking+"#\n"), 0o600))
	must(t, os.Remove(path))
	must(t, os.Symlink("other.yaml", path))
	wantError(t, loads("home/p"), ".whk.yaml:3:9: listen.addr")
	must(t, os.Remove(path))
	change(asking)

	// Moved away, the project is another one.
	must(t, os.Rename(filepath.Join(root, "home/p"), filepath.Join(root, "home/moved")))
	wantError(t, loads("home/moved"), ".whk.yaml:3:9: listen.addr")
	must(t, os.Rename(filepath.Join(root, "home/moved"), filepath.Join(root, "home/p")))
	must(t, loads("home/p"))

	was, err := trust.Forget(e.Path)
	if must(t, err); !was {
		t.Error("was not trusted")
	}
	wantError(t, loads("home/p"), ".whk.yaml:3:9: listen.addr")
	if was, err = trust.Forget(e.Path); was || err != nil {
		t.Errorf("forget twice: %v, %v", was, err)
	}
}

// What is refused even in a trusted file cannot be confirmed in the first place.
func TestExamineRefuses(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		want             []string
	}{
		{"no project file", "", "", []string{"no project file", "whk trust FILE"}},
		{"no such file", "missing.yaml", "", []string{"trust missing.yaml: there is no such file"}},
		{"a token", "", "version: 1\nlisten: {path_token: canary}\n", []string{":2:22: listen.path_token: a project file holds no secret"}},
		{"a secret", "", "version: 1\nproviders: {acme: {secret: canary}}\n", []string{":2:28:", "a file holds no secret"}},
		{"a mistake", "", "version: 1\nlisten: {adr: x}\n", []string{":2:10: unknown key listen.adr"}},
		{"a program", "", "version: 1\nproviders: {acme: {secret: 'cmd:x'}}\n", []string{"no program is run for a secret"}},
		{"link to elsewhere", "", "-> ../q/.whk.yaml", []string{"outside the project"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{"home/p/.git/": "", "home/q/.whk.yaml": asking}
			if c.text != "" {
				files["home/p/.whk.yaml"] = c.text
			}
			o, trust := trusting(tree(t, files), "home/p")
			_, err := Examine(o, c.file, trust)
			wantError(t, err, c.want...)
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the secret stands in %q", err)
			}
		})
	}
}

// Only what stands in the user's own state folder counts.
func TestTrustComesFromTheUserOnly(t *testing.T) {
	files := map[string]string{"home/p/.git/": "", "home/p/.whk.yaml": asking, "home/p/r.yaml": ""}
	t.Run("not from the project", func(t *testing.T) {
		root := tree(t, files)
		inside := []string{"XDG_STATE_HOME", filepath.Join(root, "home/p/state")}
		o, trust := trusting(root, "home/p", inside...)
		_, err := Examine(o, "", trust)
		wantError(t, err, "XDG_STATE_HOME points into the project")
		must(t, trust.Confirm(filepath.Join(root, "home/p/.whk.yaml"), ContentHash([]byte(asking)), time.Now()))
		_, err = Load(o)
		wantError(t, err, ".whk.yaml:3:9: listen.addr")
	})
	t.Run("not about another file", func(t *testing.T) {
		root := tree(t, files)
		o, trust := trusting(root, "home/p")
		must(t, trust.Confirm("/elsewhere/.whk.yaml", ContentHash([]byte(asking)), time.Now()))
		must(t, os.Rename(trust.file("/elsewhere/.whk.yaml"), trust.file(filepath.Join(root, "home/p/.whk.yaml"))))
		_, err := Load(o)
		wantError(t, err, ".whk.yaml:3:9: listen.addr")
	})
	t.Run("not damaged", func(t *testing.T) {
		root := tree(t, files)
		o, trust := trusting(root, "home/p")
		e := agree(t, o, trust, "")
		must(t, os.WriteFile(trust.file(e.Path), []byte("{}"), 0o600))
		_, err := Load(o)
		wantError(t, err, ".whk.yaml:3:9: listen.addr")
		_, err = trust.List()
		wantError(t, err, "not what whk trust writes")
	})
	t.Run("from a home that is a repository", func(t *testing.T) {
		root := tree(t, map[string]string{"home/.git/": "", "home/.whk.yaml": asking, "home/r.yaml": ""})
		o, trust := trusting(root, "home", "XDG_STATE_HOME", filepath.Join(root, "home/state"))
		agree(t, o, trust, "")
		_, err := Load(o)
		must(t, err)
	})
	t.Run("nowhere without a home", func(t *testing.T) {
		wantError(t, Trust{}.Confirm("/x", "", time.Now()), "HOME")
		if (Trust{}).Confirmed("/x", nil) {
			t.Error("trusted")
		}
	})
}

// A user file inside a project is confirmed like a project file.
func TestTrustForeignUserFile(t *testing.T) {
	root := tree(t, map[string]string{"home/p/.git/": "", "home/p/conf.yaml": asking, "home/p/r.yaml": ""})
	o, trust := trusting(root, "home/p", "WHK_CONFIG", "conf.yaml")
	_, err := Load(o)
	wantError(t, err, "WHK_CONFIG points into the project")
	agree(t, o, trust, "conf.yaml")
	l, err := Load(o)
	if must(t, err); !l.User.Trusted {
		t.Error("not trusted")
	}
}

func TestTrustList(t *testing.T) {
	trust := Trust{Dir: t.TempDir()}
	all, err := trust.List()
	if must(t, err); len(all) != 0 {
		t.Errorf("got %v", all)
	}
	hash := ContentHash(nil)
	// Several processes confirm at once.
	var group sync.WaitGroup
	for range 20 {
		for _, path := range []string{"/b/.whk.yaml", "/a/.whk.yaml"} {
			group.Go(func() {
				if err := trust.Confirm(path, hash, time.Unix(1, 0)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	must(t, os.WriteFile(filepath.Join(trust.folder(), ".killed.json-1"), []byte("{"), 0o600))
	all, err = trust.List()
	must(t, err)
	at := time.Unix(1, 0).UTC()
	if diff := cmp.Diff([]Confirmation{{1, "/a/.whk.yaml", hash, at}, {1, "/b/.whk.yaml", hash, at}}, all); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
