package cmd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"whk/listener"
	"whk/listener/store"
	"whk/verify"
	"whk/verify/provider"
)

const crashSecret = "some_secret_key"

// buildWhk compiles the program under test.
func buildWhk(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "whk")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "whk")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// process is a running whk listen.
type process struct {
	*exec.Cmd
	url    string
	stderr *bytes.Buffer
}

// startListen starts whk listen on a store and waits until it receives.
func startListen(t *testing.T, binary, path string, args ...string) *process {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready")
	p := &process{stderr: &bytes.Buffer{}}
	p.Cmd = exec.CommandContext(t.Context(), binary, append([]string{"listen", "--addr", "127.0.0.1:0",
		"--ui", "none", "--store", path, "--ready-file", ready}, args...)...)
	p.Env = append(os.Environ(), "WHK_SECRET_RENTMAN="+crashSecret, "CI=", "HOME="+t.TempDir(), "WHK_CONFIG="+os.DevNull)
	p.Stderr = p.stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill(); _ = p.Wait() })
	deadline := time.Now().Add(20 * time.Second)
	for {
		if url, err := os.ReadFile(ready); err == nil {
			p.url = strings.TrimSpace(string(url))
			return p
		}
		if time.Now().After(deadline) {
			t.Fatalf("whk listen is not ready\n%s", p.stderr)
		}
		time.Sleep(time.Millisecond)
	}
}

func rentmanKeyring(t *testing.T) *verify.Keyring {
	t.Helper()
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := set.Lookup("rentman")
	if err != nil {
		t.Fatal(err)
	}
	keyring, err := p.Scheme.Bind("", verify.NewSecret("env", crashSecret))
	if err != nil {
		t.Fatal(err)
	}
	return keyring
}

// load sends signed events as fast as they are answered until the listener is gone,
// and returns the marks of those that were answered 2xx.
func load(t *testing.T, url string, keyring *verify.Keyring, round int) map[string]bool {
	var mu sync.Mutex
	var senders sync.WaitGroup
	acknowledged := map[string]bool{}
	transport := &http.Transport{MaxIdleConnsPerHost: 32}
	defer transport.CloseIdleConnections()
	for sender := range 16 {
		senders.Go(func() {
			for i := 0; ; i++ {
				mark := fmt.Sprintf("%d-%d-%d", round, sender, i)
				body := fmt.Sprintf(`{"account":%q,"user":null,"eventType":"create","itemType":"Contact","items":[{"id":%d}]}`, mark, i)
				d := &verify.Delivery{Header: http.Header{}, Body: []byte(body)}
				if err := keyring.Sign(d, time.Time{}, ""); err != nil {
					t.Error(err)
					return
				}
				request, _ := http.NewRequestWithContext(t.Context(), "POST", url+"/rentman", strings.NewReader(body))
				request.Header = d.Header
				response, err := transport.RoundTrip(request)
				if err != nil {
					return // killed
				}
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
				if response.StatusCode/100 == 2 {
					mu.Lock()
					acknowledged[mark] = true
					mu.Unlock()
				}
			}
		})
	}
	senders.Wait()
	return acknowledged
}

// Killed at any moment under load, whk has every event that it answered 2xx, whole and
// with a signature that still holds, and starts again at once.
func TestKilledUnderLoadLosesNothing(t *testing.T) {
	rounds := 20
	switch {
	case testing.Short():
		rounds = 4
	case os.Getenv("WHK_LONG") != "":
		rounds = 100
	}
	binary, path, keyring := buildWhk(t), filepath.Join(t.TempDir(), "events.db"), rentmanKeyring(t)
	var last int64
	total := 0
	for round := range rounds {
		p := startListen(t, binary, path)
		timer := time.AfterFunc(time.Duration(20+rand.IntN(200))*time.Millisecond, func() { _ = p.Process.Kill() })
		acknowledged := load(t, p.url, keyring, round)
		timer.Stop()
		_ = p.Wait()

		stored := map[string]bool{}
		last = eachEvent(t, path, last, func(e *listener.Event) {
			if v := keyring.Check(e.Delivery, e.At); v.Status != verify.Valid || e.Verdict.Status != verify.Valid {
				t.Errorf("event %d is %s, was %s", e.N, v, e.Verdict)
			}
			mark, _ := provider.Lookup(e.Delivery.Body, "account")
			stored[mark] = true
		})
		for mark := range acknowledged {
			if !stored[mark] {
				t.Errorf("round %d: %s was answered 2xx and is not in the store", round, mark)
			}
		}
		total += len(acknowledged)
	}
	if total == 0 {
		t.Fatal("nothing was acknowledged, so nothing was tested")
	}
	t.Logf("%d rounds, %d events acknowledged, none lost", rounds, total)
}

// eachEvent visits the events after a number and returns the last one's.
func eachEvent(t *testing.T, path string, after int64, visit func(*listener.Event)) int64 {
	t.Helper()
	s, err := store.Open(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for {
		events, err := s.Since(t.Context(), after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 {
			return after
		}
		for _, e := range events {
			visit(e)
			after = e.N
		}
	}
}

func TestRestartIsFastWithHistory(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a store with 100,000 events; the full run does")
	}
	path := filepath.Join(t.TempDir(), "events.db")
	fill(t, path, 100_000)
	binary := buildWhk(t)
	best := time.Hour
	for range 3 {
		began := time.Now()
		p := startListen(t, binary, path)
		best = min(best, time.Since(began))
		_ = p.Process.Kill()
		_ = p.Wait()
	}
	if best > time.Second {
		t.Errorf("ready after %v with 100,000 events, want less than a second", best)
	}
	t.Logf("ready after %v", best)
}

// fill puts small events into a store.
func fill(t *testing.T, path string, events int) {
	t.Helper()
	s, err := store.Open(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var writers sync.WaitGroup
	for range 64 {
		writers.Go(func() {
			for range events / 64 {
				e := &listener.Event{ID: uuid.Must(uuid.NewV7()).String(), At: time.Now(), Provider: "rentman", Entity: "Contact", Action: "create",
					Status: 200, Verdict: verify.Verdict{Status: verify.Valid},
					Delivery: &verify.Delivery{Method: "POST", URL: "/rentman", Header: http.Header{}, Body: bytes.Repeat([]byte("x"), 300)}}
				if err := s.Append(context.Background(), e); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
}
