package store

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// asNobody runs a function with the file permissions of a user who owns nothing, and
// skips where that cannot be had. Root would otherwise be refused nothing.
func asNobody(t *testing.T, do func()) {
	t.Helper()
	if os.Getuid() != 0 {
		do() // permissions hold for us as they are
		return
	}
	runtime.LockOSThread()
	// The thread is not unlocked on failure, so that it ends with the goroutine.
	if _, _, e := unix.RawSyscall(unix.SYS_SETFSUID, 65534, 0, 0); e > 65534 {
		t.Skip("cannot take another user's permissions")
	}
	do()
	_, _, _ = unix.RawSyscall(unix.SYS_SETFSUID, 0, 0, 0)
	runtime.UnlockOSThread()
}

func TestNoPermission(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "events.db")
	s := openAt(t, path, Options{})
	appendNew(t, s, "a", "b", "c")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	sealed := filepath.Join(dir, "sealed")
	if err := os.Mkdir(sealed, 0o500); err != nil {
		t.Fatal(err)
	}
	open := filepath.Join(dir, "open") // may be looked into
	if err := os.Mkdir(open, 0o555); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // the directory of the test, which is closed
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		path string
		o    Options
		text string
	}{
		"read-only file":       {path, Options{}, "cannot be written"},
		"sealed directory":     {filepath.Join(sealed, "events.db"), Options{}, "permissions"},
		"sealed parent":        {filepath.Join(sealed, "a", "events.db"), Options{}, "permissions"},
		"parent not ours":      {filepath.Join(open, "a", "events.db"), Options{}, "directory cannot be made"},
		"directory of another": {"/proc/1/fd/x/events.db", Options{}, "directories"},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			asNobody(t, func() {
				var s *Store
				if s, err = Open(tt.path, tt.o); err == nil {
					_ = s.Close()
				}
			})
			if !errors.Is(err, ErrUnusable) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("open = %v, want %q", err, tt.text)
			}
		})
	}
	t.Run("read-only file for reading", func(t *testing.T) {
		r := openAt(t, path, Options{ReadOnly: true})
		if got, err := r.List(t.Context(), Query{}); err != nil || len(got) != 1 {
			t.Errorf("list = %d, %v", len(got), err)
		}
	})
}

// mount gives a test a file system of its own.
func mount(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("cannot mount a file system: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestFullDisk fills a small file system, reads what was acknowledged while it is
// full, makes room and goes on.
func TestFullDisk(t *testing.T) {
	dir := mount(t, "size=4m")
	path := filepath.Join(dir, "events.db")
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, path, Options{Exclusive: true})
	ids := map[int64]string{}
	fill := func(size int) (full error) {
		t.Helper()
		for i := 0; full == nil; i++ {
			e := newEvent(t, "a", "b", "c")
			e.Delivery.Body = allBytes(size)
			if full = s.Append(t.Context(), e); full == nil {
				ids[e.N] = e.ID
			} else if e.N != 0 {
				t.Errorf("the event that did not fit has number %d", e.N)
			}
			if i > 5000 {
				t.Fatal("the disk does not get full")
			}
		}
		return full
	}
	check := func(s *Store, when string) {
		t.Helper()
		for n, id := range ids {
			if e, err := s.Event(t.Context(), n); err != nil || e.ID != id {
				t.Fatalf("%s: event %d: %v", when, n, err)
			}
		}
		if last, err := s.Last(t.Context()); err != nil || last != int64(len(ids)) {
			t.Errorf("%s: last = %d, %v, want %d", when, last, err, len(ids))
		}
	}
	for _, size := range []int{300_000, 4000, 1} {
		full := fill(size)
		if !errors.Is(full, ErrFull) || !strings.Contains(full.Error(), path) || !strings.Contains(full.Error(), "bytes free") {
			t.Errorf("full disk: %v", full)
		}
		check(s, "full")
	}
	for range 20 {
		if err := s.Append(t.Context(), newEvent(t, "a", "b", "c")); !errors.Is(err, ErrFull) {
			t.Fatalf("still full: %v", err)
		}
	}
	other, err := Open(path, Options{ReadOnly: true})
	if err != nil {
		t.Fatalf("opening beside it while full: %v", err)
	}
	check(other, "full, another reader")
	_ = other.Close()

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		e := appendNew(t, s, "a", "b", "c")
		ids[e.N] = e.ID
	}
	check(s, "room again")
	t.Logf("%d events stored", len(ids))
}

// TestReadOnlyDisk reads a store where nothing at all can be written.
func TestReadOnlyDisk(t *testing.T) {
	dir := mount(t, "size=4m")
	path := filepath.Join(dir, "events.db")
	s := openAt(t, path, Options{})
	e := appendNew(t, s, "a", "b", "c")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Skip(err)
	}
	r := openAt(t, path, Options{ReadOnly: true})
	if got, err := r.Event(t.Context(), 1); err != nil || got.ID != e.ID {
		t.Errorf("event = %v, %v", got, err)
	}
	_ = r.Close()
	if _, err := Open(path, Options{}); !errors.Is(err, ErrUnusable) || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("open for writing: %v", err)
	}
}
