package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEdit(t *testing.T) {
	open := func(t *testing.T, options ...option) (*screen, edited) {
		t.Setenv("TMPDIR", t.TempDir())
		s := newScreen(t, someLog(), 120, 40, options...)
		s.keys("e")
		before, err := os.ReadFile(s.edit)
		if err != nil {
			t.Fatal(err)
		}
		return s, edited{n: 12, folder: filepath.Dir(s.edit), file: s.edit, before: before}
	}
	write := func(t *testing.T, file, text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("the file is easy to read", func(t *testing.T) {
		_, x := open(t)
		if got := string(x.before); !strings.HasPrefix(got, "{\n  \"account\": \"youraccountname\",\n") || filepath.Base(x.file) != "body.json" {
			t.Errorf("%s:\n%s", x.file, got)
		}
	})
	for key, signature := range map[string]string{"s": "new", "k": "keep", "n": "none"} {
		t.Run("sent, signature "+signature, func(t *testing.T) {
			s, x := open(t)
			write(t, x.file, strings.Replace(string(x.before), "12014", "12015", 1))
			s.send(x)
			s.sees("send the edited #12 to http://localhost:3000", "sign anew", "keep the signature", "no signature", "drop it")
			s.keys(key)
			want := []string{"replay", "12", "--to", "http://localhost:3000", "--body", "@" + x.file, "--signature", signature}
			if diff := cmp.Diff([][]string{want}, s.ran); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			sent, err := os.ReadFile(x.file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Replace(rentmanBody, "12014", "12015", 1), string(sent)); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
			s.m.close()
			if _, err := os.Stat(x.folder); !os.IsNotExist(err) {
				t.Errorf("the folder is left behind: %v", err)
			}
		})
	}
	t.Run("dropped", func(t *testing.T) {
		s, x := open(t)
		write(t, x.file, "{}")
		s.send(x)
		s.keys("d")
		if s.ran != nil || s.m.menu != nil {
			t.Errorf("%q ran", s.ran)
		}
	})
	t.Run("no JSON any more", func(t *testing.T) {
		s, x := open(t)
		write(t, x.file, "{")
		s.send(x)
		s.sees("1 B, no JSON any more")
	})
	t.Run("unchanged", func(t *testing.T) {
		s, x := open(t)
		s.send(x)
		s.sees("nothing was changed, so nothing was sent")
	})
	t.Run("the editor failed", func(t *testing.T) {
		s, x := open(t)
		x.err = os.ErrPermission
		s.send(x)
		s.sees("edit: permission denied; nothing was sent")
	})
	t.Run("no editor", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 40, func(o *Options) { o.Editor = nil })
		s.keys("e")
		s.sees("there is no editor: set EDITOR")
	})
	t.Run("an incomplete body", func(t *testing.T) {
		s := newScreen(t, someLog(), 120, 40)
		s.goTo(evCut)
		s.keys("e")
		s.sees("the body is incomplete, so it is not sent")
	})
}
