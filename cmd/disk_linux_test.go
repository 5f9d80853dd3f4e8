package cmd

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"whk/listener"
)

// On a disk that is full every event is answered 503, whk stays up and says which path
// lacks room, what was stored before is there, and it goes on when there is room again.
func TestFullDisk(t *testing.T) {
	mount := t.TempDir()
	if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=16m,mode=0700"); err != nil {
		t.Skipf("a small file system cannot be mounted: %v", err) // needs root
	}
	t.Cleanup(func() { _ = syscall.Unmount(mount, syscall.MNT_DETACH) })
	path := filepath.Join(mount, "whk", "events.db")
	p := startListen(t, buildWhk(t), path)
	post := func() (int, string) {
		t.Helper()
		response, err := http.Post(p.url+"/cmmshere", "application/json", strings.NewReader(`{"type":"sol.created","pad":"`+strings.Repeat("x", 100_000)+`"}`))
		if err != nil {
			t.Fatalf("whk is gone: %v\n%s", err, p.stderr)
		}
		response.Body.Close()
		return response.StatusCode, response.Header.Get("Retry-After")
	}
	acknowledged := 0
	for range 500 {
		status, retry := post()
		if status == http.StatusServiceUnavailable {
			if retry == "" {
				t.Error("503 without Retry-After")
			}
			break
		}
		if status != http.StatusOK {
			t.Fatalf("answered %d", status)
		}
		acknowledged++
	}
	for range 5 {
		if status, _ := post(); status != http.StatusServiceUnavailable {
			t.Fatalf("answered %d on a full disk", status)
		}
	}
	if err := syscall.Mount("", mount, "", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	recovered := 0
	for range 20 {
		if status, _ := post(); status == http.StatusOK {
			recovered++
		}
	}
	if recovered == 0 {
		t.Error("whk does not recover when there is room again")
	}
	_ = p.Process.Signal(os.Interrupt)
	if err := p.Wait(); err != nil {
		t.Errorf("whk listen: %v\n%s", err, p.stderr)
	}
	if text := p.stderr.String(); !strings.Contains(text, path) || !strings.Contains(text, "free") {
		t.Errorf("the message names neither path nor free bytes:\n%s", text)
	}
	stored := 0
	eachEvent(t, path, 0, func(*listener.Event) { stored++ })
	if want := acknowledged + recovered; stored != want {
		t.Errorf("%d events stored, %d were answered 2xx", stored, want)
	}
	t.Logf("%d before, %d after there was room", acknowledged, recovered)
}
