package contract_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"whk/replay"
	"whk/replay/contract"
	"whk/verify"
	"whk/verify/provider"
)

// careful is an endpoint that does everything right for any provider: it bounds the body,
// verifies raw bytes before anything is parsed, takes the provider's methods alone, and
// counts an event once.
type careful struct {
	provider *provider.Provider
	keyring  *verify.Keyring

	mu    sync.Mutex
	seen  map[[32]byte]bool
	count int
}

func (c *careful) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/count" {
		c.mu.Lock()
		defer c.mu.Unlock()
		fmt.Fprintf(w, `{"count":%d}`, c.count)
		return
	}
	if !c.provider.Accepts(r.Method) {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 5<<20))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	d := &verify.Delivery{Method: r.Method, URL: r.RequestURI, Host: r.Host, Header: r.Header, Body: body}
	switch c.keyring.Check(d, time.Now()).Status {
	case verify.Valid, verify.Unsigned:
	default:
		http.Error(w, "unauthorized", http.StatusUnauthorized)
		return
	}
	if len(body) == 0 && r.URL.RawQuery == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	sum := sha256.Sum256(append([]byte(r.URL.RawQuery+"\n"), body...))
	c.mu.Lock()
	if !c.seen[sum] {
		c.seen[sum] = true
		c.count++
	}
	c.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

func lookup(t testing.TB, name string) *provider.Provider {
	t.Helper()
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := set.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// secretsOf are secrets that no development mode knows.
func secretsOf(p *provider.Provider) []verify.Secret {
	if !p.Scheme.Keyed() {
		return nil
	}
	return []verify.Secret{verify.NewSecret("test", p.Scheme.DevelopmentSecret(p.Name+"-of-a-test").Reveal())}
}

func newCareful(t testing.TB, p *provider.Provider) *careful {
	t.Helper()
	k, err := p.Scheme.Bind("", secretsOf(p)...)
	if err != nil {
		t.Fatal(err)
	}
	return &careful{provider: p, keyring: k, seen: map[[32]byte]bool{}}
}

// test runs a test of a handler; change adjusts the options.
func test(t testing.TB, p *provider.Provider, h http.Handler, change func(*contract.Options)) *contract.Report {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	sender := &replay.Sender{Timeout: 5 * time.Second}
	t.Cleanup(sender.Close)
	o := contract.Options{Provider: p, Target: server.URL + "/hook", Secrets: secretsOf(p), Sender: sender, Seed: 7, Settle: 20 * time.Millisecond,
		Sleep: func(ctx context.Context, d time.Duration) {
			select {
			case <-time.After(min(d, 2*time.Millisecond)):
			case <-ctx.Done():
			}
		}}
	if change != nil {
		change(&o)
	}
	if o.Probe != nil && o.Probe.URL == "" {
		o.Probe.URL = server.URL + "/count"
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	report, err := contract.Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// A careful endpoint has nothing to fear, whoever sends.
func TestCarefulEndpoint(t *testing.T) {
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range set.All() {
		if raced && i%5 != 0 {
			continue
		}
		for _, mode := range []contract.Mode{contract.Quick, contract.Full} {
			t.Run(p.Name+"/"+string(mode), func(t *testing.T) {
				t.Parallel()
				report := test(t, p, newCareful(t, p), func(o *contract.Options) {
					o.Mode = mode
					o.Probe = &contract.Probe{Path: "count"}
				})
				for _, r := range report.Results {
					if r.Status == contract.Failed {
						t.Errorf("%s failed (%s): %s", r.ID, r.Severity, findings(r))
					}
					if r.Status == contract.Inconclusive && (r.ID == "sig.wrong-key" || r.ID == "sig.missing") {
						t.Errorf("%s is open: %s", r.ID, r.Says)
					}
				}
				t.Log(summary(report))
			})
		}
	}
}

func findings(r contract.Result) string {
	text := r.Says
	for _, f := range r.Findings {
		text += "\n  " + f.Says
		if f.Exchange != nil {
			text += " | " + f.Exchange.Sent + " | " + f.Exchange.Came()
		}
	}
	return text
}

func summary(r *contract.Report) string {
	text := fmt.Sprintf("%s: %d checks, %d requests, %s, idempotency %q", r.Summary(false), len(r.Results), r.Requests, r.Took.Round(time.Millisecond), r.Idempotency)
	for _, c := range r.Results {
		if c.Status == contract.Inconclusive {
			text += "\n  ~ " + c.ID + ": " + c.Says
		}
	}
	return text
}
