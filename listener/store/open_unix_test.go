//go:build unix

package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// TestModes is not parallel to anything: the umask belongs to the whole process.
func TestModes(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077, 0o777} {
		base := t.TempDir()
		old := unix.Umask(umask)
		path := filepath.Join(base, "share", "whk", "events.db")
		s, err := Open(path, Options{Exclusive: true})
		if err == nil {
			err = s.Append(t.Context(), newEvent(t, "a", "b", "c"))
		}
		unix.Umask(old)
		if err != nil {
			t.Fatalf("umask %03o: %v", umask, err)
		}
		for name, want := range map[string]fs.FileMode{
			filepath.Join(base, "share"): 0o700, filepath.Dir(path): 0o700,
			path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600, path + ".lock": 0o600,
		} {
			if got := modeOf(t, name); got != want {
				t.Errorf("umask %03o: mode of %s = %03o, want %03o", umask, name, got, want)
			}
		}
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil || len(entries) != 4 {
			t.Errorf("umask %03o: %v, %v", umask, entries, err)
		}
		_ = s.Close()
	}
}

func TestOpenRefusesByMode(t *testing.T) {
	closed := func(t *testing.T) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "dir", "events.db")
		s := openAt(t, path, Options{})
		appendNew(t, s, "a", "b", "c")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	refuses := func(t *testing.T, path, text string) {
		t.Helper()
		for _, o := range []Options{{}, {ReadOnly: true}} {
			s, err := Open(path, o)
			if err == nil {
				_ = s.Close()
				t.Errorf("%+v: was opened", o)
			} else if !errors.Is(err, ErrUnusable) || !strings.Contains(err.Error(), text) {
				t.Errorf("%+v: %v", o, err)
			}
		}
	}
	for _, mode := range []fs.FileMode{0o620, 0o602, 0o666} {
		path := closed(t)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		refuses(t, path, "chmod 600")
		if got := modeOf(t, path); got != mode {
			t.Errorf("mode %03o was changed to %03o", mode, got)
		}
	}
	t.Run("readable by others is closed", func(t *testing.T) {
		path := closed(t)
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		openAt(t, path, Options{})
		if got := modeOf(t, path); got != 0o600 {
			t.Errorf("mode = %03o", got)
		}
	})
	t.Run("symbolic link", func(t *testing.T) {
		path := closed(t)
		link := filepath.Join(t.TempDir(), "link.db")
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		refuses(t, link, "symbolic link")
		lock := filepath.Join(filepath.Dir(path), "victim")
		if err := os.Symlink(lock, path+".lock"); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, Options{Exclusive: true}); !errors.Is(err, ErrUnusable) {
			t.Errorf("a lock file that is a link: %v", err)
		}
		if _, err := os.Stat(lock); !errors.Is(err, fs.ErrNotExist) {
			t.Error("the target of the link was made")
		}
	})
	t.Run("pipe", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "pipe")
		if err := unix.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		refuses(t, path, "regular file")
	})
	t.Run("another user's", func(t *testing.T) {
		if os.Getuid() != 0 {
			t.Skip("only root can give files away")
		}
		path := closed(t)
		if err := os.Chown(path, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		refuses(t, path, "belongs to user 65534")
	})
}
