package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each trick is a project that asks for something nobody agreed to. None may load, and
// the message names the line and the way to do it oneself.
func TestHostileProject(t *testing.T) {
	const v = "version: 1\n"
	for _, c := range []struct {
		name  string
		text  string
		extra map[string]string
		want  []string
	}{
		{name: "binds every interface", text: v + "listen:\n  addr: 0.0.0.0:4400\n", want: []string{":3:9: listen.addr", "--addr", "WHK_ADDR", "config.yaml"}},
		{name: "binds no host", text: v + "listen: {addr: ':4400'}\n", want: []string{":2:16: listen.addr"}},
		{name: "binds another family", text: v + "listen: {addr: '[::]:4400'}\n", want: []string{":2:16: listen.addr"}},
		{name: "forwards away", text: v + "listen:\n  forward_to:\n    - 3000\n    - https://example.com/in\n", want: []string{":5:7: listen.forward_to", "example.com", "--forward-to"}},
		{name: "forwards to metadata", text: v + "listen: {forward_to: 'http://169.254.169.254/'}\n", want: []string{":2:22:"}},
		{name: "forwards behind a name and password", text: v + "listen: {forward_to: 'http://127.0.0.1:80@example.com/'}\n", want: []string{":2:22:"}},
		{name: "routes away", text: v + "routes:\n  - {event: '*/*', to: example.com:80}\n", want: []string{":3:24: routes.to", "--route"}},
		{name: "moves the store", text: v + "listen: {store: ./events.db}\n", want: []string{":2:17: listen.store", "--store"}},
		{name: "writes a file", text: v + "listen: {ready_file: .git/hooks/post-checkout}\n", want: []string{":2:22: listen.ready_file", "--ready-file"}},
		{name: "loads a definition from anywhere", text: v + "listen: {provider_file: ../../outside/p.yaml}\n", want: []string{":2:25: listen.provider_file"}},
		{name: "redefines a built-in provider", text: v + "providers:\n  rentman: {file: r.yaml}\n", extra: map[string]string{"home/p/r.yaml": ""}, want: []string{":3:19: providers.rentman.file", "redefine", "--provider-file"}},
		{name: "reads a definition above", text: v + "providers: {acme: {file: ../d.yaml}}\n", want: []string{":2:26: providers.acme.file"}},
		{name: "reads an absolute file", text: v + "providers: {acme: {secret: 'file:/etc/passwd'}}\n", want: []string{":2:28: providers.acme.secret", "--secret-file", "WHK_SECRET_FILE"}},
		{name: "reads a file above", text: v + "providers: {acme: {secrets: [env:A, 'file:a/../../../outside/key']}}\n", want: []string{":2:37:"}},
		{name: "reads through a link", text: v + "providers: {acme: {secret: 'file:key'}}\n", extra: map[string]string{"home/p/key": "-> ../../outside/key"}, want: []string{":2:28:", "outside the project"}},
		{name: "reads through a linked folder", text: v + "providers: {acme: {secret: 'file:sub/key'}}\n", extra: map[string]string{"home/p/sub": "-> ROOT/outside"}, want: []string{":2:28:", "outside the project"}},
		{name: "defines through a link", text: v + "providers: {acme: {file: d.yaml}}\n", extra: map[string]string{"home/p/d.yaml": "-> ../../outside/key"}, want: []string{":2:26:", "outside the project"}},
		{name: "runs a program for a secret", text: v + "providers: {acme: {secret: 'cmd:touch pwned'}}\n", want: []string{":2:28:", "no program"}},
		{name: "starts a tunnel", text: v + "tunnel_cmd: touch pwned\n", want: []string{":2:1: unknown key tunnel_cmd"}},
		{name: "trusts itself", text: v + "trust: true\n", want: []string{":2:1: unknown key trust"}},
		{name: "holds a secret", text: v + "providers: {acme: {secret: canary}}\n", want: []string{":2:28:", "env:NAME"}},
		{name: "holds a token", text: v + "listen: {path_token: canary}\n", want: []string{":2:22: listen.path_token", "WHK_PATH_TOKEN"}},
		{name: "switches certificates off", text: v + "listen: {insecure: true}\n", want: []string{":2:20: listen.insecure"}},
		{name: "shows secrets", text: v + "listen: {show_secrets: true}\n", want: []string{":2:24: listen.show_secrets"}},
		{name: "relies on the development secret", text: v + "listen: {secret_dev: true}\n", want: []string{":2:22: listen.secret_dev"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{"home/p/.git/": "", "home/p/.whk.yaml": c.text, "outside/key": "canary", "home/d.yaml": ""}
			for name, content := range c.extra {
				files[name] = content
			}
			l, err := load(tree(t, files))
			if l != nil {
				t.Errorf("loaded %v", l)
			}
			wantError(t, err, append(c.want, ProjectFile)...)
			if strings.Contains(fmt.Sprintf("%+v %#v", err, err), "canary") {
				t.Errorf("the secret stands in the error: %v", err)
			}
		})
	}
}

// What is refused from the project is a person's right in the user file, and in a
// project file that the person has confirmed.
func TestTrusted(t *testing.T) {
	const text = `version: 1
listen: {addr: "0.0.0.0:80", forward_to: "https://example.com", store: /s.db, insecure: true}
providers: {rentman: {file: /d.yaml, secret: file:/outside}}
routes: [{event: "*", to: "https://example.com"}]
`
	t.Run("user file", func(t *testing.T) {
		_, err := load(tree(t, map[string]string{"home/p/.git/": "", userFile: text}))
		must(t, err)
	})
	options := func(root, confirmed string) Options {
		return Options{
			Dir: root, Paths: Paths{Env: environment("HOME", root), OS: "linux"}, Listen: listenFlags(), Builtin: builtin,
			Trusted: func(path string, content []byte) bool {
				return path == filepath.Join(root, ProjectFile) && string(content) == confirmed
			},
		}
	}
	t.Run("confirmed project file", func(t *testing.T) {
		l, err := Load(options(tree(t, map[string]string{".whk.yaml": text}), text))
		must(t, err)
		if !l.Project.Trusted {
			t.Error("not trusted")
		}
	})
	t.Run("changed since", func(t *testing.T) {
		_, err := Load(options(tree(t, map[string]string{".whk.yaml": text + "# changed\n"}), text))
		wantError(t, err, ".whk.yaml:2:")
	})
	t.Run("not even then a secret", func(t *testing.T) {
		const token = "version: 1\nlisten: {path_token: canary}\n"
		_, err := Load(options(tree(t, map[string]string{".whk.yaml": token}), token))
		wantError(t, err, ".whk.yaml:2:22: listen.path_token: a project file holds no secret")
	})
}

// A flag that nobody put into the table is refused, so that a new one is safe.
func TestRuleOfUnknownFlag(t *testing.T) {
	if got := ruleOf("tunnel-command"); got != refused {
		t.Errorf("got %v", got)
	}
	f := &File{Layer: Project, Name: ProjectFile, sections: sections{listen: []setting{{flag: "tunnel-command", name: "listen.tunnel_command", values: []string{"x"}}}}}
	wantError(t, f.judge(policy{}), "listen.tunnel_command: a project file may not set this")
}

func TestLoopback(t *testing.T) {
	for target, want := range map[string]bool{
		"3000": true, "localhost:3000": true, "LOCALHOST": true, "127.0.0.1:1": true, "127.9.9.9": true,
		"http://[::1]:3000/a?b=c": true, "https://localhost/x": true, "HTTP://localhost": true, "http://[::ffff:127.0.0.1]/": true,

		"": false, "http://": false, ":3000": false, "example.com": false, "localhost.example.com": false, "localhost.": false,
		"a.localhost": false, "127.0.0.1.example.com": false, "0": true, "0.0.0.0:3000": false, "[::]:3000": false, "http://0/": false,
		"127.1": false, "http://0x7f.0.0.1": false, "http://2130706433": false, "http://0177.0.0.1": false, "http://[::1%25lo]/": false,
		"http://127.0.0.1@example.com": false, "http://a:b@localhost": false, "http://localhost:80@example.com": false,
		"http://localhost\\@example.com": false, "http://localhost%2eexample.com": false, "http://example.com#@localhost": false,
		"example.com/://localhost": false, "http:example.com": false, "http:/example.com": false, "//example.com": false,
		"file:///etc/passwd": false, "unix:///run/docker.sock": false, "ftp://localhost": false, " http://localhost": false,
		"http://localhost\n.example.com": false, "http://10.0.0.1": false, "http://169.254.169.254": false, "http://[fe80::1]": false,
		"http://１２７.0.0.1": false, "http://ⓛocalhost": false,
	} {
		if got := loopbackTarget(target) == ""; got != want {
			t.Errorf("target %q: got %v, want %v", target, got, want)
		}
	}
	for addr, want := range map[string]bool{
		"127.0.0.1:0": true, "localhost:4400": true, "[::1]:4400": true, "127.0.0.1:http": true,
		":4400": false, "0.0.0.0:1": false, "[::]:1": false, "4400": false, "127.0.0.1": false, "example.com:1": false,
		"*:1": false, "[::1%lo]:1": false, "unix:/x": false, "192.168.0.1:1": false,
	} {
		if got := loopbackAddr(addr) == ""; got != want {
			t.Errorf("addr %q: got %v, want %v", addr, got, want)
		}
	}
}

// A link that is set after the check still leads nowhere.
func TestConfinedRead(t *testing.T) {
	root := tree(t, map[string]string{
		"home/p/.whk.yaml": "version: 1\nproviders: {acme: {file: d.yaml, secret: 'file:key'}}\n",
		"home/p/d.yaml":    "definition", "home/p/key": "inside", "outside": "canary",
	})
	l, err := load(root)
	must(t, err)
	acme := l.Provider("acme")
	if content, err := acme.Definition.Read(100); err != nil || string(content) != "definition" {
		t.Errorf("got %q, %v", content, err)
	}
	_, err = acme.Definition.Read(3)
	wantError(t, err, ".whk.yaml:2:26", "more than 3")

	for _, name := range []string{"d.yaml", "key"} {
		path := filepath.Join(root, "home/p", name)
		must(t, os.Remove(path))
		if err := os.Symlink(filepath.Join(root, "outside"), path); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	_, err = acme.Definition.Read(100)
	wantError(t, err, ".whk.yaml:2:26", "outside the project")
	secrets, _, err := Secrets("acme", SecretInput{Config: acme.Secrets})
	wantError(t, err, ".whk.yaml:2:42", "outside the project")
	if len(secrets) > 0 {
		t.Errorf("got %v", secrets)
	}
}
