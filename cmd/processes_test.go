package cmd

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"whk/listener"
)

// One listener receives while ten other processes read its store and add to it: every
// event and every attempt is there afterwards, and nobody was kept waiting in vain.
func TestTenProcessesShareAStore(t *testing.T) {
	binary, path := buildWhk(t), filepath.Join(t.TempDir(), "events.db")
	p := startListen(t, binary, path, "--secret-dev")
	home := t.TempDir()
	whk := func(args ...string) (string, error) {
		c := exec.CommandContext(t.Context(), binary, append(args, "--store", path)...)
		c.Env = append(os.Environ(), "HOME="+home, "WHK_CONFIG="+os.DevNull, "CI=")
		out, err := c.CombinedOutput()
		return string(out), err
	}
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer app.Close()
	post := func(n int) {
		response, err := http.Post(p.url+"/cmmshere", "application/json", strings.NewReader(fmt.Sprintf(`{"type":"sol.created","n":%d}`, n)))
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("answered %d", response.StatusCode)
		}
	}
	for n := range 10 {
		post(n) // so that there is something to replay
	}
	receiving, stop := context.WithCancel(t.Context())
	received := 10
	var sender, others sync.WaitGroup
	sender.Go(func() {
		for ; receiving.Err() == nil; received++ {
			post(received)
		}
	})
	const rounds = 5
	for i := range 10 {
		others.Go(func() {
			for range rounds {
				args := []string{"replay", fmt.Sprint(i + 1), app.URL}
				if i%2 == 1 {
					args = []string{"events", "list", "--json", "--limit", "20"}
				}
				if out, err := whk(args...); err != nil {
					t.Errorf("whk %s: %v\n%s", strings.Join(args, " "), err, out)
				}
			}
		})
	}
	others.Wait()
	stop()
	sender.Wait()

	out, err := whk("listen", "--addr", "127.0.0.1:0")
	if err == nil || !strings.Contains(out, strings.TrimPrefix(p.url, "http://")) || !strings.Contains(out, "whk listen --store ") {
		t.Errorf("a second listener: %v, want a refusal that names the first\n%s", err, out)
	}
	stored := 0
	eachEvent(t, path, 0, func(*listener.Event) { stored++ })
	if stored != received {
		t.Errorf("%d events stored, %d were answered", stored, received)
	}
	for i := 1; i <= 9; i += 2 {
		if out, err := whk("events", "show", fmt.Sprint(i), "--json", "--jq", ".attempts | length"); err != nil || strings.TrimSpace(out) != fmt.Sprint(rounds) {
			t.Errorf("event %d has %s attempts, want %d (%v)", i, strings.TrimSpace(out), rounds, err)
		}
	}
}
