package store

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestOpenRefuses(t *testing.T) {
	make := func(t *testing.T, content string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, tt := range map[string]struct {
		path func(t *testing.T) string
		kind error
		text string
	}{
		"an empty path":              {func(*testing.T) string { return "" }, ErrUnusable, "not a usable path"},
		"a directory":                {func(t *testing.T) string { return t.TempDir() }, ErrUnusable, "a directory"},
		"a file as a directory":      {func(t *testing.T) string { return filepath.Join(make(t, "x"), "events.db") }, ErrUnusable, ""},
		"a text":                     {func(t *testing.T) string { return make(t, "hello") }, ErrForeign, "not an SQLite file"},
		"a long text":                {func(t *testing.T) string { return make(t, strings.Repeat("hello ", 1000)) }, ErrForeign, "not an SQLite file"},
		"another program's database": {foreign("CREATE TABLE t(x)"), ErrForeign, "another program"},
		"another application":        {foreign("PRAGMA application_id=7"), ErrForeign, "another program"},
		"another program's, in WAL":  {foreign("PRAGMA journal_mode=WAL; CREATE TABLE t(x)"), ErrForeign, "another program"},
		"a newer store":              {newer, ErrNewer, "version 99"},
	} {
		t.Run(name, func(t *testing.T) {
			path := tt.path(t)
			before := snapshot(t, path)
			for _, o := range []Options{{}, {ReadOnly: true}, {Exclusive: true}} {
				s, err := Open(path, o)
				if err == nil {
					s.Close()
					t.Fatalf("%+v: was opened", o)
				}
				if !errors.Is(err, tt.kind) || !errors.Is(err, ErrUnusable) || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("%+v: %v", o, err)
				}
				if !strings.Contains(err.Error(), path) && path != "" && name != "a file as a directory" {
					t.Errorf("%+v: the path is not named: %v", o, err)
				}
			}
			if after := snapshot(t, path); !bytes.Equal(before, after) {
				t.Error("the file or what lies beside it was changed")
			}
		})
	}
	t.Run("read-only and exclusive", func(t *testing.T) {
		if _, err := Open(filepath.Join(t.TempDir(), "x"), Options{ReadOnly: true, Exclusive: true}); err == nil {
			t.Error("was opened")
		}
	})
}

func foreign(queries string) func(t *testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "foreign.db")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		execute(t, path, queries+"; CREATE TABLE last(x)")
		return path
	}
}

func newer(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events.db")
	if err := openAt(t, path, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	execute(t, path, "PRAGMA journal_mode=DELETE; PRAGMA user_version=99")
	return path
}

// snapshot is everything in the directory of a file.
func snapshot(t *testing.T, path string) []byte {
	t.Helper()
	var all bytes.Buffer
	if path == "" {
		return nil
	}
	err := filepath.WalkDir(filepath.Dir(path), func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		b, err := os.ReadFile(p)
		all.WriteString(p)
		all.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.Bytes()
}

func TestOpenMissing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a", "b", "events.db")
	if _, err := Open(path, Options{ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("read-only: %v, want fs.ErrNotExist", err)
	}
	if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("opening for reading made a directory")
	}
	s := openAt(t, path, Options{})
	if s.Path() != path {
		t.Errorf("path = %s, want %s", s.Path(), path)
	}
	empty := filepath.Join(dir, "empty.db")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(empty, Options{ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("read-only on an empty file: %v, want fs.ErrNotExist", err)
	}
	appendNew(t, openAt(t, empty, Options{}), "a", "b", "c")
}

func TestReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd name?#%20.db")
	w := openAt(t, path, Options{})
	appendNew(t, w, "a", "b", "c")
	r := openAt(t, path, Options{ReadOnly: true})
	for _, write := range []func() error{
		func() error { return r.Append(t.Context(), newEvent(t, "a", "b", "c")) },
		func() error { return r.AddResult(t.Context(), 1, resultOK) },
		func() error { return r.SetCursor(t.Context(), "x", 1) },
		func() error { _, err := r.Delete(t.Context(), 1, 1); return err },
	} {
		if err := write(); !errors.Is(err, ErrClosed) {
			t.Errorf("write to a store that is open for reading: %v", err)
		}
	}
	// What is written after opening is seen at once.
	e := appendNew(t, w, "a", "b", "c")
	if got, err := r.Event(t.Context(), e.N); err != nil || got.ID != e.ID {
		t.Errorf("event = %v, %v", got, err)
	}
	// The other's log can be read before it was ever folded, and after.
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Event(t.Context(), e.N); err != nil || got.ID != e.ID {
		t.Errorf("event after the writer closed = %v, %v", got, err)
	}
}

// TestOpenTwice opens and closes the same store again and again beside one that is in
// use, which must keep its locks: a third party would otherwise throw its log away.
func TestOpenTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.db")
	first := openAt(t, path, Options{Exclusive: true})
	for range 5 {
		e := appendNew(t, first, "a", "b", "c")
		for _, o := range []Options{{ReadOnly: true}, {}} {
			again, err := Open(path, o)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := again.Event(t.Context(), e.N); err != nil || got.ID != e.ID {
				t.Errorf("event %d through the second = %v, %v", e.N, got, err)
			}
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if out := helper(t, "open and close", path); out != "" {
			t.Fatalf("another process: %s", out)
		}
	}
	if got, err := first.List(t.Context(), Query{}); err != nil || len(got) != 5 {
		t.Errorf("list = %d events, %v", len(got), err)
	}
	if _, err := os.Stat(path + "-wal"); err != nil {
		t.Errorf("the log was thrown away under a store that is in use: %v", err)
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.db")
	at := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	first := openAt(t, path, Options{Exclusive: true, Holder: "127.0.0.1:0", Now: func() time.Time { return at }})
	if err := first.SetHolder("127.0.0.1:4400\nforged"); err != nil {
		t.Fatal(err)
	}
	_, err := Open(path, Options{Exclusive: true})
	if !errors.Is(err, ErrLocked) || !errors.Is(err, ErrUnusable) {
		t.Fatalf("second listener: %v", err)
	}
	for _, want := range []string{path, "pid " + itoa(os.Getpid()), "127.0.0.1:4400 forged", "2025-01-02T03:04:05Z", "--store"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %q", want, err)
		}
	}
	if strings.Contains(err.Error(), "127.0.0.1:0") {
		t.Errorf("the old holder is still named: %v", err)
	}
	// Others read and write meanwhile.
	other := openAt(t, path, Options{})
	e := appendNew(t, first, "a", "b", "c")
	if err := other.AddResult(t.Context(), e.N, resultOK); err != nil {
		t.Error(err)
	}
	if err := other.SetHolder("x"); err != nil {
		t.Error(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := openAt(t, path, Options{Exclusive: true})
	appendNew(t, second, "a", "b", "c")
}

func TestLockOfAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.db")
	p := startHelper(t, "listen", path)
	p.line(t) // it holds the lock
	_, err := Open(path, Options{Exclusive: true})
	if want := "pid " + itoa(p.cmd.Process.Pid) + ", helper"; !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), want) {
		t.Errorf("second listener: %v, want %q in it", err, want)
	}
	p.kill(t)
	openAt(t, path, Options{Exclusive: true})
}

func TestWindowsPathInURI(t *testing.T) {
	got := immutable(filepath.FromSlash("C:/a b/c?#%.db"))
	if want := "file:///C:/a%20b/c%3F%23%25.db?immutable=1"; got != want {
		t.Errorf("got %s, want %s on %s", got, want, runtime.GOOS)
	}
}
