package cmd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"whk/verify/display/displaytest"
)

const askingProject = "version: 1\nlisten:\n  addr: '0.0.0.0:1'\n  store: /elsewhere/events.db\n"

// A refused file says how it can be confirmed; once it is, it does what it asks for.
func TestTrust(t *testing.T) {
	d := newDesk(t)
	project := filepath.Join(d.dir, ".whk.yaml")
	writeFile(t, project, askingProject)
	refused := func() {
		t.Helper()
		_, stderr, code := d.run("providers", "list")
		if code != codeUsage || !strings.Contains(stderr, ".whk.yaml:3:9: listen.addr") || !strings.Contains(stderr, "whk trust") {
			t.Errorf("code %d:\n%s", code, stderr)
		}
	}
	refused()
	if _, stderr, code := d.run("trust"); code != codeUsage || !strings.Contains(stderr, "whk trust --yes") {
		t.Errorf("without a terminal: code %d:\n%s", code, stderr)
	}
	refused()
	shown := d.ok("trust", "--show")
	for _, text := range []string{"not trusted", ".whk.yaml:3:9  listen.addr: receive at 0.0.0.0:1", ".whk.yaml:4:10  listen.store: set this to /elsewhere/events.db"} {
		if !strings.Contains(shown, text) {
			t.Errorf("not shown: %s in\n%s", text, shown)
		}
	}
	refused()
	stdout, stderr, code := d.run("trust", "--yes")
	if code != codeDone || stdout != "" || !strings.Contains(stderr, "listen.store: set this to") || !strings.Contains(stderr, "is trusted until it changes") {
		t.Errorf("code %d, stdout %q:\n%s", code, stdout, stderr)
	}
	if got := d.ok("config", "show", "addr"); !strings.Contains(got, "0.0.0.0:1") {
		t.Errorf("got %s", got)
	}
	if got := d.ok("config", "path"); !strings.Contains(got, "store                missing  /elsewhere/events.db  named by .whk.yaml:4") {
		t.Errorf("got %s", got)
	}
	if _, stderr, code := d.run("trust"); code != codeDone || !strings.Contains(stderr, "is trusted already") {
		t.Errorf("again: code %d:\n%s", code, stderr)
	}
	list := func(want string) {
		t.Helper()
		if got := d.ok("trust", "--list"); !strings.Contains(got, project+"  "+want+"\n") {
			t.Errorf("want %s:\n%s", want, got)
		}
	}
	list("trusted")
	writeFile(t, project, askingProject+"#\n")
	list("changed since it was trusted")
	refused()
	if _, stderr, _ := d.run("trust"); !strings.Contains(stderr, "has changed since it was trusted") {
		t.Errorf("after a change:\n%s", stderr)
	}
	if err := os.Remove(project); err != nil {
		t.Fatal(err)
	}
	list("gone")
	writeFile(t, project, askingProject)
	if _, stderr, code := d.run("trust", "--remove"); code != codeDone || !strings.Contains(stderr, "no longer trusted") {
		t.Errorf("code %d:\n%s", code, stderr)
	}
	refused()
	if _, stderr, code := d.run("trust", "--remove"); code != codeNo || !strings.Contains(stderr, "was not trusted") {
		t.Errorf("twice: code %d:\n%s", code, stderr)
	}
}

func TestTrustAFileThatAsksForNothing(t *testing.T) {
	d := newDesk(t)
	writeFile(t, filepath.Join(d.dir, ".whk.yaml"), "version: 1\nlisten: {ack: true}\n")
	if _, stderr, code := d.run("trust"); code != codeDone || !strings.Contains(stderr, "asks for nothing") {
		t.Errorf("code %d:\n%s", code, stderr)
	}
	if _, err := os.Stat(filepath.Join(d.env["HOME"], ".local")); err == nil {
		t.Error("that was written down")
	}
	if _, stderr, _ := d.run("trust", "--list"); !strings.Contains(stderr, "no file is trusted") {
		t.Errorf("got %s", stderr)
	}
}

func TestTrustRefuses(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--show", "--list"}, "exclude each other"},
		{[]string{"--list", "x"}, "takes none"},
		{[]string{"a", "b"}, "unexpected argument"},
		{nil, "no project file"},
		{[]string{"--remove"}, "there is no .whk.yaml here"},
		{[]string{"missing.yaml"}, "no such file"},
	} {
		if _, stderr, code := newDesk(t).run(append([]string{"trust"}, c.args...)...); code != codeUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: code %d:\n%s", c.args, code, stderr)
		}
	}
}

// What a hostile file asks for is shown, not obeyed.
func TestTrustShowsHostileText(t *testing.T) {
	for _, class := range displaytest.Classes {
		d := newDesk(t)
		payload, err := json.Marshal(class.Payload)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(d.dir, ".whk.yaml"), "version: 1\nlisten: {ready_file: "+string(payload)+", forward_to: "+string(payload)+", addr: "+string(payload)+"}\n")
		for _, args := range [][]string{{"trust", "--show"}, {"trust"}, {"trust", "--yes"}, {"config", "show"}} {
			stdout, stderr, _ := d.run(args...)
			if fault := displaytest.Fault(stdout+stderr, true); fault != "" {
				t.Errorf("%s: %s: %s", class.Name, strings.Join(args, " "), fault)
			}
		}
	}
}

// A project file may name definitions of its own, yet no other provider's name is taken
// by them, and they are not read through links to elsewhere.
func TestProjectDefinitionsKeepToThemselves(t *testing.T) {
	const definition = "version: 1\nname: NAME\ntitle: Mine\ndocs: {page: none}\ncertainty: guessed\ndetect: path\nverify: [{kind: none}]\nevent: {name: thing.done}\nactions: [{name: done}]\nentities: {thing: {note: none}}\n"
	const sample = `{"events": ["thing.done"], "body": {}}`
	mine := func(d *desk, folder, name string) {
		writeFile(t, filepath.Join(folder, "provider.yaml"), strings.ReplaceAll(definition, "NAME", name))
		writeFile(t, filepath.Join(folder, "samples", "thing.json"), sample)
		writeFile(t, filepath.Join(d.dir, ".whk.yaml"), "version: 1\nproviders: {mine: {file: mine/provider.yaml}}\n")
	}
	t.Run("its own", func(t *testing.T) {
		d := newDesk(t)
		mine(d, filepath.Join(d.dir, "mine"), "mine")
		if got := d.ok("providers", "list"); !strings.Contains(got, "mine") {
			t.Errorf("got %s", got)
		}
	})
	t.Run("under the name of another", func(t *testing.T) {
		d := newDesk(t)
		mine(d, filepath.Join(d.dir, "mine"), "rentman")
		stdout, stderr, code := d.run("providers", "show", "rentman")
		if code != codeDone || !strings.Contains(stderr, "the name is taken") || strings.Contains(stdout, "Mine") {
			t.Errorf("code %d:\n%s%s", code, stdout, stderr)
		}
		if _, stderr, code := d.run("listen", "--addr", "127.0.0.1:0", "--timeout", "1ms"); code != codeUsage || !strings.Contains(stderr, "listen: the definition of mine cannot be used") {
			t.Errorf("listen: code %d:\n%s", code, stderr)
		}
	})
	t.Run("samples elsewhere", func(t *testing.T) {
		d := newDesk(t)
		mine(d, filepath.Join(d.dir, "mine"), "mine")
		outside := t.TempDir()
		writeFile(t, filepath.Join(outside, "thing.json"), sample)
		if err := os.RemoveAll(filepath.Join(d.dir, "mine", "samples")); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(outside, filepath.Join(d.dir, "mine", "samples")); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
		if _, stderr, code := d.run("send", "mine/thing.done", "--dry-run"); code != codeUsage || !strings.Contains(stderr, "escapes") {
			t.Errorf("code %d:\n%s", code, stderr)
		}
	})
	t.Run("folder elsewhere", func(t *testing.T) {
		d := newDesk(t)
		outside := t.TempDir()
		mine(d, filepath.Join(outside, "mine"), "mine")
		writeFile(t, filepath.Join(d.dir, ".whk.yaml"), "version: 1\n")
		writeFile(t, filepath.Join(d.dir, ".whk", "x"), "")
		if err := os.Symlink(outside, filepath.Join(d.dir, ".whk", "providers")); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
		if _, stderr, code := d.run("providers", "list"); code != codeUsage || !strings.Contains(stderr, "escapes") {
			t.Errorf("code %d:\n%s", code, stderr)
		}
	})
}
