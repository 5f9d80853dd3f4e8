package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"whk/listener"
	"whk/listener/store"
	"whk/verify"
)

// findings runs whk doctor and returns what it found, by name and what it is of.
func (d *desk) findings(args ...string) (map[string]check, int) {
	d.t.Helper()
	stdout, _, code := d.run(append([]string{"doctor", "--json"}, args...)...)
	found := map[string]check{}
	for line := range strings.Lines(stdout) {
		var c check
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			d.t.Fatal(err)
		}
		found[strings.TrimSuffix(c.Name+":"+c.Of, ":")] = c
	}
	return found, code
}

// want compares the findings that are named with "status: a part of the detail".
func want(t *testing.T, found map[string]check, wanted map[string]string) {
	t.Helper()
	for name, text := range wanted {
		status, detail, _ := strings.Cut(text, ": ")
		got, ok := found[name]
		if !ok || got.Status != status || !strings.Contains(got.Detail, detail) {
			t.Errorf("%s: got %s: %s, want %s", name, got.Status, got.Detail, text)
		}
		if got.Status != checkOK && got.Hint == "" {
			t.Errorf("%s: no hint to %q", name, got.Detail)
		}
	}
}

// free is an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	return socket.Addr().String()
}

func TestDoctorOfAFreshMachine(t *testing.T) {
	d := newDesk(t)
	d.env["WHK_ADDR"] = free(t)
	found, code := d.findings()
	if code != codeDone {
		t.Errorf("code %d, want 0", code)
	}
	want(t, found, map[string]string{
		"version":         "ok: whk ",
		"terminal":        "ok: none",
		"project file":    "ok: none",
		"user file":       "ok: none; it would be ",
		"store":           "ok: none yet",
		"address":         "ok: " + d.env["WHK_ADDR"] + " is free",
		"secret:rentman":  "warn: the development secret stands in",
		"secret:cmmshere": "ok: no authentication",
		"forward target":  "ok: none",
		"clock":           "ok: 20",
		"disk":            "ok: GiB free",
	})
	if _, err := os.Stat(filepath.Join(d.env["HOME"], ".local")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the examination made a store: %v", err)
	}
}

func TestDoctorOfSecrets(t *testing.T) {
	const canary = "canary-of-the-doctor"
	d := newDesk(t)
	d.env["WHK_SECRET_RENTMAN"] = canary
	d.env["PLOOMES_NEW"], d.env["PLOOMES_OLD"] = canary+"1", canary+"2"
	d.env["CI"] = "true"
	writeFile(t, filepath.Join(d.dir, ".whk.yaml"), "version: 1\nproviders:\n  ploomes: {secrets: [env:PLOOMES_NEW, env:PLOOMES_OLD]}\n")
	stdout, stderr, _ := d.run("doctor")
	if strings.Contains(stdout+stderr, canary) {
		t.Errorf("a secret is shown:\n%s%s", stdout, stderr)
	}
	found, code := d.findings()
	if code != codeDone {
		t.Errorf("code %d, want 0", code)
	}
	fingerprint := verify.NewSecret("", canary).Fingerprint()
	want(t, found, map[string]string{
		"project file":        "ok: .whk.yaml",
		"secret:rentman":      "ok: env WHK_SECRET_RENTMAN (fingerprint " + fingerprint + ")",
		"secret:ploomes":      "ok: env PLOOMES_OLD (fingerprint ",
		"secret:cassaincloud": "warn: off in CI",
	})
}

func TestDoctorOfConfiguration(t *testing.T) {
	tests := []struct {
		name, project string
		env           map[string]string
		finding, want string
	}{
		{"unknown key", "version: 1\nlisten:\n  adr: 1\n", nil, "configuration", "fail: .whk.yaml:3"},
		{"empty secret", "version: 1\n", map[string]string{"WHK_SECRET_RENTMAN": ""}, "secret:rentman", "fail: empty"},
		{"missing variable", "version: 1\nproviders: {rentman: {secret: env:NOT_SET}}\n", nil, "secret:rentman", "fail: NOT_SET"},
		{"variable of a flag", "version: 1\n", map[string]string{"WHK_COUNT": "many"}, "configuration", "fail: WHK_COUNT"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			for name, value := range tt.env {
				d.env[name] = value
			}
			writeFile(t, filepath.Join(d.dir, ".whk.yaml"), tt.project)
			found, code := d.findings()
			if code != codeUsage {
				t.Errorf("code %d, want 2", code)
			}
			want(t, found, map[string]string{tt.finding: tt.want, "version": "ok: whk"})
		})
	}
}

func TestDoctorOfTheStore(t *testing.T) {
	d := newDesk(t)
	d.store(threeEvents(time.Now()), map[int64][]verify.Result{2: {answered(200, "ok")}})
	found, code := d.findings()
	want(t, found, map[string]string{"store": "ok: last event #3", "integrity": "ok: 3 events and 1 attempt are as they were written"})
	if _, there := found["listener"]; there || code != codeDone {
		t.Errorf("code %d, listener %+v", code, found["listener"])
	}

	// One byte of a body changes.
	path := filepath.Join(d.env["XDG_DATA_HOME"], "whk", "events.db")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(content), `"account":"demo"`)
	if at < 0 {
		t.Fatal("the body is not in the file")
	}
	content[at+11] ^= 1
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	found, code = d.findings("--full")
	want(t, found, map[string]string{"integrity": "fail: 2 events"})
	if code != codeUsage {
		t.Errorf("damage: code %d, want 2", code)
	}
	if err := os.WriteFile(path, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	found, code = d.findings()
	want(t, found, map[string]string{"store": "fail: events.db"})
	if code != codeUsage {
		t.Errorf("no store: code %d, want 2", code)
	}
}

func TestDoctorOfTheClock(t *testing.T) {
	d := newDesk(t)
	d.store([]*listener.Event{eventAt(1, time.Now().Add(time.Hour), "rentman", "Contact", "create", verify.Verdict{Status: verify.Valid}, "{}")}, nil)
	found, code := d.findings()
	want(t, found, map[string]string{"clock": "warn: but the newest event is from"})
	if code != codeDone {
		t.Errorf("code %d, want 0", code)
	}
}

func TestDoctorOfAListener(t *testing.T) {
	d := newDesk(t)
	d.store(nil, nil)
	path := filepath.Join(d.env["XDG_DATA_HOME"], "whk", "events.db")
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	addr := socket.Addr().String()
	d.env["WHK_ADDR"], d.env["WHK_FORWARD_TO"] = addr, addr
	found, _ := d.findings()
	want(t, found, map[string]string{"address": "warn: taken by another program", "forward target:" + addr: "ok: accepts connections"})

	log, err := store.Open(path, store.Options{Exclusive: true, Holder: addr})
	if err != nil {
		t.Fatal(err)
	}
	found, code := d.findings()
	want(t, found, map[string]string{"listener": fmt.Sprintf("ok: pid %d, %s", os.Getpid(), addr), "address": "ok: taken by the listener"})
	if code != codeDone {
		t.Errorf("code %d, want 0", code)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	// A listener that was killed leaves its words in the lock, but is not there.
	if err := os.WriteFile(path+".lock", []byte("pid 999999999, "+addr+", since then\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if found, _ = d.findings(); found["listener"].Name != "" {
		t.Errorf("a dead listener is alive: %+v", found["listener"])
	}
	gone := free(t)
	d.env["WHK_FORWARD_TO"] = gone
	found, code = d.findings()
	want(t, found, map[string]string{"forward target:" + gone: "warn: does not accept connections"})
	if code != codeDone {
		t.Errorf("no app: code %d, want 0", code)
	}
}

func TestDoctorInWords(t *testing.T) {
	d := newDesk(t)
	d.env["WHK_ADDR"] = free(t)
	d.env["NO_COLOR"] = "1"
	piped := d.ok("doctor")
	var findings []string
	for line := range strings.Lines(piped) {
		if strings.Contains(line, "  secret  ") {
			findings = append(findings, line)
		}
	}
	if len(findings) != 3 || !strings.Contains(findings[0], "providers: none; the development secret stands in (bitbucket, ") || !strings.Contains(findings[0], ", rentman, ") ||
		!strings.Contains(findings[1], "none needed; it documents no authentication (cloudevents, cmmshere, ubiqo)") {
		t.Errorf("piped, the same of many providers is one line:\n%s", piped)
	}
	if !strings.Contains(piped, "→ whk secrets set PROVIDER keeps one; or set WHK_SECRET_<PROVIDER>, ") {
		t.Errorf("the advice is not for all of them:\n%s", piped)
	}
	d.tty = true
	for line := range strings.Lines(d.ok("doctor")) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 && strings.Contains(strings.TrimSpace(line[22:]), " ") {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
}
