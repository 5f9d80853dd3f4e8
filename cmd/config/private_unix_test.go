//go:build unix

package config

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Whatever the umask, nobody else can read or change what whk writes.
func TestPrivateModes(t *testing.T) {
	for _, mask := range []int{0, 0o022, 0o077, 0o777 &^ 0o700} {
		before := syscall.Umask(mask)
		base := t.TempDir()
		file := SecretFile{Path: filepath.Join(base, "c", "whk", "secrets.json")}
		_, err := file.Set("rentman", "", "x", day(1))
		trust := Trust{Dir: filepath.Join(base, "s", "whk")}
		err2 := trust.Confirm("/p/.whk.yaml", ContentHash(nil), time.Now())
		syscall.Umask(before)
		must(t, err)
		must(t, err2)
		for path, want := range map[string]os.FileMode{
			file.Path: 0o600, file.Path + ".lock": 0o600, filepath.Dir(file.Path): 0o700 | os.ModeDir, filepath.Join(base, "c"): 0o700 | os.ModeDir,
			trust.file("/p/.whk.yaml"): 0o600, trust.folder(): 0o700 | os.ModeDir, trust.Dir: 0o700 | os.ModeDir,
		} {
			if info, err := os.Lstat(path); err != nil || info.Mode() != want {
				t.Errorf("umask %03o: %s: got %v, %v, want %v", mask, path, info.Mode(), err, want)
			}
		}
	}
}

func TestPrivateFilesOfOthersAreRefused(t *testing.T) {
	base := t.TempDir()
	file := SecretFile{Path: filepath.Join(base, "secrets.json")}
	_, err := file.Set("rentman", "", "x", day(1))
	must(t, err)
	trust := Trust{Dir: base}
	must(t, trust.Confirm("/p/.whk.yaml", ContentHash(nil), time.Now()))
	for mode, fine := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o640: false, 0o604: false, 0o660: false, 0o602: false} {
		must(t, os.Chmod(file.Path, mode))
		must(t, os.Chmod(trust.file("/p/.whk.yaml"), mode))
		_, err := file.List()
		if fine {
			must(t, err)
		} else {
			wantError(t, err, "others can read or change it", "chmod 600 "+file.Path)
		}
		if got := trust.Confirmed("/p/.whk.yaml", nil); got != fine {
			t.Errorf("mode %v: trusted %v", mode, got)
		}
	}
	must(t, os.Chmod(file.Path, 0o600))
	must(t, os.Chmod(base, 0o777))
	_, err = file.Set("rentman", "", "y", day(1))
	wantError(t, err, "others can write to it", "chmod 700 "+base)
	if os.Geteuid() != 0 {
		return
	}
	must(t, os.Chmod(base, 0o700))
	must(t, os.Chown(file.Path, 12345, 12345))
	if _, err := file.List(); err != nil { // root may
		t.Error(err)
	}
}

// A link in the place of a file is neither followed nor written through.
func TestPrivateFilesAreNoLinks(t *testing.T) {
	root := tree(t, map[string]string{
		"outside": `{"version":1,"providers":{"rentman":[{"name":"default","added":"2026-01-01T00:00:00Z","value":"canary"}]}}`,
		"lock":    "", "c/secrets.json": "-> ../outside",
	})
	before, err := os.ReadFile(filepath.Join(root, "outside"))
	must(t, err)
	file := SecretFile{Path: filepath.Join(root, "c", "secrets.json")}
	_, err = file.List()
	wantError(t, err, "symbolic link")
	_, err = file.Set("rentman", "", "x", day(1))
	wantError(t, err, "symbolic link")

	// The lock as well: it could have a file of somebody else made.
	must(t, os.Remove(file.Path))
	must(t, os.Remove(file.Path+".lock"))
	must(t, os.Symlink(filepath.Join(root, "made"), file.Path+".lock"))
	_, err = file.Set("rentman", "", "x", day(1))
	wantError(t, err, "symbolic link")
	if _, err := os.Lstat(filepath.Join(root, "made")); err == nil {
		t.Error("a file was made through the link")
	}

	trust := Trust{Dir: filepath.Join(root, "s")}
	must(t, trust.Confirm("/p/.whk.yaml", ContentHash(nil), time.Now()))
	record := trust.file("/p/.whk.yaml")
	must(t, os.Rename(record, filepath.Join(root, "elsewhere")))
	must(t, os.Symlink(filepath.Join(root, "elsewhere"), record))
	if trust.Confirmed("/p/.whk.yaml", nil) {
		t.Error("trusted through a link")
	}
	must(t, trust.Confirm("/p/.whk.yaml", ContentHash([]byte("new")), time.Now())) // takes the place of the link
	if info, err := os.Lstat(record); err != nil || !info.Mode().IsRegular() {
		t.Errorf("got %v, %v", info, err)
	}
	if after, _ := os.ReadFile(filepath.Join(root, "outside")); string(after) != string(before) {
		t.Errorf("the file behind the link was changed: %s", after)
	}
}

// A pipe must not make whk wait.
func TestPrivateFilesAreNoPipes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets.json")
	must(t, syscall.Mkfifo(path, 0o600))
	_, err := SecretFile{Path: path}.List()
	wantError(t, err, "not a regular file")
}
