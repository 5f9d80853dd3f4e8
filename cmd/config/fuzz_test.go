package config

import (
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzProject gives arbitrary bytes the chance to be a stranger's project file. They
// must not panic, have no file read, and what is accepted must keep to this machine.
func FuzzProject(f *testing.F) {
	for _, seed := range []string{
		"", "version: 1\n", "version: 1\nlisten: {addr: '127.0.0.1:0', forward_to: [3000, 'http://localhost:1/a'], on_invalid: flag}\n",
		"version: 1\nproviders:\n  acme: {path: /a, secrets: [env:A, file:key], file: acme.yaml}\n",
		"version: 1\nproviders: {rentman: {secret: 'file:../../etc/passwd'}}\n",
		"version: 1\nroutes:\n  - {event: \"ploomes/Contacts.*\", to: \"http://localhost:3000/crm\"}\n",
		"version: 1\nlisten: {addr: '0.0.0.0:1', store: x, path_token: y}\n",
		"version: 1\nlisten: {forward_to: 'http://127.0.0.1:80@example.com'}\n",
		"version: &a 1\nlisten: {<<: *a}\n", "version: 1\n---\n", "? [a]\n: !!binary b\n", "version: 1\nproviders: {0: {file: .}}\n", "{version: 1, listen: {max_body: 1e9, timeout: 0}}", "\ufeffversion: 1\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		root := string(filepath.Separator) + "p"
		p := &File{Path: filepath.Join(root, ProjectFile), Name: ProjectFile, Layer: Project}
		check := func(err error) {
			if e, ok := errors.AsType[*Error](err); !ok || e.File != ProjectFile {
				t.Fatalf("got %T: %v", err, err)
			} else if strings.ContainsAny(e.Error()+e.Hint, "\x00\x1b\n\r\u202e\u009b") {
				t.Fatalf("the message acts on a terminal: %q", e.Error())
			}
		}
		if err := p.parse(content, listenFlags(), nil); err != nil {
			check(err)
			return
		}
		p.resolve(root, "/home")
		err := p.judge(policy{root: root, builtin: builtin, contained: func(rel string) error {
			if !filepath.IsLocal(rel) {
				t.Fatalf("the file system is asked for %q", rel)
			}
			return nil
		}})
		if err != nil {
			check(err)
			return
		}
		for _, s := range p.listen {
			for _, v := range s.values {
				switch s.flag {
				case "addr":
					host, _, _ := net.SplitHostPort(v)
					stays(t, host)
				case "forward-to":
					dialled(t, v)
				case "store", "path-token", "ready-file", "provider-file", "insecure", "show-secrets", "secret", "secret-dev":
					t.Fatalf("listen.%s is accepted", s.flag)
				}
			}
		}
		if p.routes != nil {
			for _, v := range p.routes.values {
				_, target, _ := strings.Cut(v, "=")
				dialled(t, target)
			}
		}
		for _, e := range p.providers {
			refs := []FileRef{e.definition}
			for _, s := range e.secrets {
				if s.Env == "" && s.File.Path == "" {
					t.Fatalf("%s has a secret from nowhere", e.name)
				}
				refs = append(refs, s.File)
			}
			for _, r := range refs {
				if r.Path != "" && (r.root != root || !within(r.Path, root)) {
					t.Fatalf("%s reads %q below %q", e.name, r.Path, r.root)
				}
			}
		}
	})
}

// dialled checks the host that net/http would dial for a target.
func dialled(t *testing.T, target string) {
	if strings.Trim(target, "0123456789") == "" && target != "" {
		return
	}
	if !strings.Contains(target, "://") {
		target = "http://" + target
	}
	u, err := url.Parse(target)
	if err != nil {
		t.Fatalf("target %q: %v", target, err)
	}
	stays(t, u.Hostname())
}

func stays(t *testing.T, host string) {
	if ip := net.ParseIP(host); !strings.EqualFold(host, "localhost") && (ip == nil || !ip.IsLoopback()) {
		t.Fatalf("host %q is accepted", host)
	}
}
