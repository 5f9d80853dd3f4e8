package config

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLocate(t *testing.T) {
	const text = "version: 1\n"
	for _, c := range []struct {
		name       string
		files      []string
		dir        string
		file, root string
	}{
		{"in the working folder", []string{"home/p/.whk.yaml"}, "home/p", "home/p/.whk.yaml", "home/p"},
		{"above", []string{"home/p/.git/", "home/p/.whk.yaml"}, "home/p/a/b", "home/p/.whk.yaml", "home/p"},
		{"nearest wins", []string{"home/p/.git/", "home/p/.whk.yaml", "home/p/a/.whk.yaml"}, "home/p/a/b", "home/p/a/.whk.yaml", "home/p"},
		{"not above the repository", []string{"home/p/.git/", "home/.whk.yaml"}, "home/p", "", "home/p"},
		{"a work tree's .git is a file", []string{"home/p/.git", "home/.whk.yaml"}, "home/p/a", "", "home/p"},
		{"up to the home folder", []string{"home/.whk.yaml"}, "home/p/a", "home/.whk.yaml", "home"},
		{"not above the home folder", []string{".whk.yaml"}, "home/p", "", ""},
		{"beside the home folder", []string{"srv/.whk.yaml"}, "srv/a", "srv/.whk.yaml", "srv"},
		{"nothing", nil, "home/p", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{c.dir + "/": "", "home/": ""}
			for _, name := range c.files {
				files[name] = text
			}
			base := tree(t, files)
			root, file := locate(filepath.Join(base, c.dir), filepath.Join(base, "home"))
			rel := func(path string) string {
				return filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(path, base), string(filepath.Separator)))
			}
			if rel(file) != c.file || rel(root) != c.root {
				t.Errorf("got %q in %q, want %q in %q", rel(file), rel(root), c.file, c.root)
			}
		})
	}
}

func TestLoadShowsRelativeNames(t *testing.T) {
	root := tree(t, map[string]string{"home/p/": "", "home/.whk.yaml": "version: 1\nlisten: {count: x}\n"})
	_, err := load(root)
	wantError(t, err, filepath.Join("..", ProjectFile)+":2:17: listen.count")
}

func TestLoadLinkedProjectFile(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string // empty: loads
	}{
		{"inside", map[string]string{"home/p/.whk.yaml": "-> conf/whk.yaml", "home/p/conf/whk.yaml": "version: 1\n"}, ""},
		{"outside", map[string]string{"home/p/.whk.yaml": "-> ../../outside.yaml", "outside.yaml": "version: 1\n"}, "outside the project"},
		{"absolute", map[string]string{"home/p/.whk.yaml": "-> /etc/passwd"}, "outside the project"},
		{"through a folder", map[string]string{"home/p/.whk.yaml": "-> conf/whk.yaml", "home/p/conf": "-> ../../o", "o/whk.yaml": "version: 1\n"}, "outside the project"},
		{"in a circle", map[string]string{"home/p/.whk.yaml": "-> .whk.yaml"}, "read the project file"},
		{"to nothing", map[string]string{"home/p/.whk.yaml": "-> missing"}, "no such file"},
		{"to a folder", map[string]string{"home/p/.whk.yaml": "-> conf", "home/p/conf/": ""}, "not a regular file"},
		{"to a device", map[string]string{"home/p/.whk.yaml": "-> /dev/zero"}, "outside the project"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.files["home/p/.git/"] = ""
			l, err := load(tree(t, c.files))
			if c.want == "" {
				must(t, err)
				if l.Project == nil {
					t.Error("no project file")
				}
				return
			}
			wantError(t, err, ProjectFile, c.want)
		})
	}
}

func TestLoadCapsTheFile(t *testing.T) {
	_, err := load(tree(t, map[string]string{"home/p/.whk.yaml": "version: 1\n#" + strings.Repeat("x", maxFile)}))
	wantError(t, err, ProjectFile, "more than 1MiB")
}

const away = "version: 1\nlisten: {addr: '0.0.0.0:80'}\n"

// A user file that comes with the repository is judged like the project file.
func TestLoadUserFile(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		env   []string // ROOT stands for the folder of all
		want  string   // empty: loads and is trusted
	}{
		{"default", map[string]string{userFile: away}, nil, ""},
		{"none", nil, nil, ""},
		{"none wanted", map[string]string{userFile: "broken"}, []string{"WHK_CONFIG", os.DevNull}, ""},
		{"elsewhere", map[string]string{"x.yaml": away}, []string{"WHK_CONFIG", "ROOT/x.yaml"}, ""},
		{"relative", map[string]string{"home/x.yaml": away}, []string{"WHK_CONFIG", "../x.yaml"}, ""},
		{"missing", nil, []string{"WHK_CONFIG", "ROOT/x.yaml"}, "x.yaml: read the user file: no such file"},
		{"a folder", map[string]string{"x/": ""}, []string{"WHK_CONFIG", "ROOT/x"}, "not a regular file"},
		{"in the project", map[string]string{"home/p/x.yaml": away}, []string{"WHK_CONFIG", "x.yaml"}, "WHK_CONFIG points into the project"},
		{"linked into the project", map[string]string{"home/p/x.yaml": away, "l": "-> home/p/x.yaml"}, []string{"WHK_CONFIG", "ROOT/l"}, "WHK_CONFIG points into the project"},
		{"folder in the project", map[string]string{"home/p/c/whk/config.yaml": away}, []string{"XDG_CONFIG_HOME", "ROOT/home/p/c"}, "XDG_CONFIG_HOME points into the project"},
		{"the project file", map[string]string{"home/p/.whk.yaml": away}, []string{"WHK_CONFIG", ".whk.yaml"}, ".whk.yaml:2:16: listen.addr"},
		{"repository is the home folder", map[string]string{"home/.git/": "", "home/x.yaml": away}, []string{"WHK_CONFIG", "ROOT/home/x.yaml"}, ""},
		{"literal secret", map[string]string{userFile: "version: 1\nproviders: {rentman: {secret: canary}}\n"}, nil, "config.yaml:2:31: providers.rentman.secret"},
		{"token", map[string]string{userFile: "version: 1\nlisten: {path_token: abc}\n"}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{"home/p/": ""}
			maps.Copy(files, c.files)
			if _, above := files["home/.git/"]; !above {
				files["home/p/.git/"] = ""
			}
			root := tree(t, files)
			var pairs []string
			for _, e := range c.env {
				pairs = append(pairs, strings.ReplaceAll(e, "ROOT", root))
			}
			l, err := load(root, pairs...)
			if c.want != "" {
				wantError(t, err, c.want)
				return
			}
			must(t, err)
			if l.User != nil && !l.User.Trusted {
				t.Error("not trusted")
			}
			if (l.User != nil) != !strings.HasPrefix(c.name, "none") {
				t.Errorf("user file: got %v", l.User)
			}
		})
	}
}

func TestLoadWithoutHome(t *testing.T) {
	l, err := Load(Options{Dir: t.TempDir(), Listen: listenFlags()})
	must(t, err)
	if l.User != nil || l.UserFile != "" {
		t.Errorf("got %v, %q", l.User, l.UserFile)
	}
	_, err = l.Apply(listenFlags(), "listen")
	must(t, err)
}

func TestErrorsKeepTheirCause(t *testing.T) {
	_, err := load(tree(t, map[string]string{"home/p/": ""}), "WHK_CONFIG", "missing.yaml")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestLoadRefusesEqualPaths(t *testing.T) {
	_, err := load(tree(t, map[string]string{
		"home/p/.whk.yaml": "version: 1\nproviders: {ubiqo: {path: /in}}\n",
		userFile:           "version: 1\nproviders: {acme: {path: /in}}\n",
	}))
	wantError(t, err, ":2:27: providers.ubiqo.path: acme has the same path")
}
