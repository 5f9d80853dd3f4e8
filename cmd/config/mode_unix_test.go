//go:build unix

package config

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestSecretFileMode(t *testing.T) {
	path := filepath.Join(tree(t, map[string]string{"s": "x"}), "s")
	for mode, warned := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true, 0o644: true} {
		must(t, os.Chmod(path, mode))
		_, notices, err := Secrets("rentman", SecretInput{Files: []string{path}, Only: "rentman"})
		must(t, err)
		if got := strings.Contains(texts(notices), "other users of this machine can read the secret in "+path); got != warned {
			t.Errorf("mode %v: got %q", mode, texts(notices))
		}
	}
}

func TestUserFileMode(t *testing.T) {
	root := tree(t, map[string]string{"home/p/": "", userFile: "version: 1\nlisten: {path_token: canary}\n"})
	path := filepath.Join(root, userFile)
	for mode, want := range map[os.FileMode]string{0o600: "", 0o640: "others can read", 0o644: "others can read", 0o602: "every user of this machine can change"} {
		must(t, os.Chmod(path, mode))
		_, err := load(root)
		if want == "" {
			must(t, err)
			continue
		}
		wantError(t, err, want, "chmod 600 "+path)
	}
	must(t, os.WriteFile(path, []byte("version: 1\nlisten: {ack: true}\n"), 0o644))
	must(t, os.Chmod(path, 0o644))
	_, err := load(root)
	must(t, err)
}

// A pipe in the place of a file must neither hang whk nor be opened at all.
func TestPipes(t *testing.T) {
	for name, text := range map[string]string{
		"project file":    "",
		"definition file": "version: 1\nproviders: {acme: {file: pipe}}\n",
		"secret file":     "version: 1\nproviders: {acme: {secret: 'file:pipe'}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			files, pipe := map[string]string{"home/p/": ""}, "home/p/.whk.yaml"
			if text != "" {
				files["home/p/.whk.yaml"], pipe = text, "home/p/pipe"
			}
			root := tree(t, files)
			must(t, syscall.Mkfifo(filepath.Join(root, pipe), 0o600))
			done := make(chan error, 1)
			go func() {
				_, err := load(root)
				done <- err
			}()
			select {
			case err := <-done:
				wantError(t, err, ProjectFile, "not a regular file")
			case <-time.After(10 * time.Second):
				t.Fatal("hangs")
			}
		})
	}
}

// <(command) of the shell hands a pipe over; it has to work for one's own secrets.
func TestSecretFromPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	must(t, syscall.Mkfifo(path, 0o644))
	go func() { _ = os.WriteFile(path, []byte("from-pipe\n"), 0o600) }()
	secrets, notices, err := Secrets("rentman", SecretInput{Files: []string{path}, Only: "rentman"})
	must(t, err)
	if len(secrets) != 1 || secrets[0].Reveal() != "from-pipe" || len(notices) != 0 {
		t.Errorf("got %v, %v", secrets, notices)
	}
}
