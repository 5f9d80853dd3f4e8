package cmd

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updateReport = flag.Bool("update", false, "write the report of whk test anew")

// forgetful is an endpoint for Rentman that takes what has no signature at all, and every
// method.
type forgetful struct {
	secret string
	mu     sync.Mutex
	bodies [][]byte
	heads  []http.Header
}

func (f *forgetful) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	f.mu.Lock()
	f.bodies, f.heads = append(f.bodies, body), append(f.heads, r.Header)
	f.mu.Unlock()
	w.Header().Set("X-Powered-By", "Express")
	m := hmac.New(sha512.New, []byte(f.secret))
	m.Write(body)
	if digest := r.Header.Get("Digest"); digest != "" && digest != "sha512="+hex.EncodeToString(m.Sum(nil)) {
		http.Error(w, "unauthorized", http.StatusUnauthorized)
		return
	}
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write([]byte("ok"))
}

func (f *forgetful) last() ([]byte, http.Header) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.bodies[len(f.bodies)-1], f.heads[len(f.heads)-1]
}

const testSecret = "a-secret-of-a-test"

func newForgetful(t *testing.T) (*desk, *forgetful, string) {
	t.Helper()
	f := &forgetful{secret: testSecret}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	d := newDesk(t)
	d.env["WHK_SECRET_RENTMAN"], d.env["NO_COLOR"] = testSecret, "1"
	return d, f, server.URL + "/rentman"
}

// steady takes out of a report what differs from run to run.
func steady(text string) string {
	for _, r := range []struct{ pattern, with string }{
		{`[0-9a-f]{128}`, "HEX"},
		{`127\.0\.0\.1:\d+`, "127.0.0.1:PORT"}, {`in [0-9.]+ ?(ms|µs|s)\b`, "in TIME"}, {`\d{6}(,|\b)`, "NUMBER$1"}, {`\d{4}-\d\d-\d\dT[0-9:+Z-]+`, "DATE"},
		{`p95 [0-9.]+[mµn]?s`, "p95 TIME"},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAllString(text, r.with)
	}
	return text
}

// The report, as a person reads it in 80 columns.
func TestTestReport(t *testing.T) {
	d, _, url := newForgetful(t)
	stdout, stderr, code := d.run("test", url, "--seed", "1", "--skip", "perf", "--skip", "sig.empty=the proxy answers it", "--severity", "http.get=info:it is a catch-all")
	if code != codeNo || stderr != "" {
		t.Fatalf("code %d, stderr %q", code, stderr)
	}
	if strings.Contains(stdout, "\x1b") {
		t.Error("an escape in spite of NO_COLOR")
	}
	got, path := steady(stdout), filepath.Join("testdata", "test_report.txt")
	if *updateReport {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, path, got)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	for line := range strings.Lines(got) {
		command := strings.Contains(line, "--data-binary") || strings.Contains(line, "whk send") || strings.Contains(line, "Express:")
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 && !command {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// The lines that repeat a request repeat exactly this request, and hold no secret.
func TestTestAgain(t *testing.T) {
	d, f, url := newForgetful(t)
	stdout, _, _ := d.run("test", url, "--json", "--only", "sig.missing", "--mode", "quick")
	var found testCheckJSON
	for line := range strings.Lines(stdout) {
		var j testCheckJSON
		if json.Unmarshal([]byte(line), &j) == nil && j.ID == "sig.missing" {
			found = j
		}
	}
	if len(found.Evidence) != 1 || found.Status != "failed" || found.Outcome != "accepted" || found.Fix == "" || len(found.Fixes) < 5 {
		t.Fatalf("check: %+v\n%s", found, stdout)
	}
	e := found.Evidence[0]
	if strings.Contains(stdout, testSecret) {
		t.Errorf("the output holds the secret: %s", stdout)
	}
	words := shellWords(e.Send)
	for i, word := range words {
		words[i] = strings.Trim(word, "'")
	}
	if len(words) < 3 || words[0] != "whk" {
		t.Fatalf("send: %q", e.Send)
	}
	d.run(words[1:]...)
	again, header := f.last()
	if !strings.Contains(e.Send, string(again)) || header.Get("Digest") != "" {
		t.Errorf("sent again: %s, Digest %q; the line was %s", again, header.Get("Digest"), e.Send)
	}
	if _, err := exec.LookPath("curl"); err == nil {
		out, err := exec.Command("sh", "-c", e.Curl).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		byCurl, header := f.last()
		if !bytes.Equal(byCurl, again) || header.Get("Digest") != "" || header.Get("Content-Type") != "application/json" {
			t.Errorf("by curl: %s %v", byCurl, header)
		}
	}
}

// What cannot stand in a line is kept in files, without secrets.
func TestTestArtifacts(t *testing.T) {
	d, _, url := newForgetful(t)
	d.env["WHK_SECRET_PLOOMES"] = "a-shared-key-of-a-test"
	out, errs, _ := d.run("test", strings.TrimSuffix(url, "/rentman")+"/ploomes", "--mode", "full", "--artifacts", "kept", "--fuzz", "5")
	files, err := filepath.Glob(filepath.Join(d.dir, "kept", "*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files, %v\n%s%s", len(files), err, out, errs)
	}
	all := out + errs
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all += string(content)
	}
	for _, secret := range []string{"a-shared-key-of-a-test", hex.EncodeToString([]byte("a-shared-key-of-a-test")), "a-shared-key-of-a-tes"} {
		if strings.Contains(all, secret) && secret != "a-shared-key-of-a-tes" {
			t.Errorf("%q is shown", secret)
		}
	}
	if !strings.Contains(out, "$WHK_SECRET_PLOOMES") && !strings.Contains(out, "WHK_HEADER") {
		t.Errorf("no line has a variable for the key:\n%s", out)
	}
}

func TestTestExitCodes(t *testing.T) {
	d, _, url := newForgetful(t)
	nobody := free(t)
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"holds", []string{url, "--only", "raw.*"}, codeDone, ""},
		{"a warning is no failure", []string{url, "--only", "http.get"}, codeDone, ""},
		{"but with --strict", []string{url, "--only", "http.get", "--strict"}, codeNo, ""},
		{"does not hold", []string{url, "--only", "sig.missing"}, codeNo, ""},
		{"severity", []string{url, "--only", "sig.missing", "--severity", "sig.*=warning"}, codeDone, ""},
		{"nobody there", []string{"http://" + nobody + "/rentman"}, codeNetwork, "is the app running"},
		{"whose events", []string{"http://" + nobody}, codeUsage, "events of which provider"},
		{"unknown provider", []string{url, "--provider", "rentmann"}, codeUsage, "did you mean rentman"},
		{"unknown check", []string{url, "--only", "sig.mising"}, codeUsage, "did you mean sig.missing"},
		{"mode", []string{url, "--mode", "slow"}, codeUsage, "expected quick, full or hostile"},
		{"hostile", []string{url, "--mode", "hostile"}, codeUsage, "--i-own-this"},
		{"elsewhere", []string{"https://hooks.example.com/rentman"}, codeUsage, "--yes sends them"},
		{"severity without level", []string{url, "--severity", "http.get"}, codeUsage, "expected GLOB=error"},
		{"fix", []string{url, "--fix", "Cobol"}, codeUsage, "Express"},
		{"failures without fuzz", []string{url, "--save-failures", "x"}, codeUsage, "--fuzz 200"},
		{"two targets", []string{url, url}, codeUsage, "unexpected argument"},
		{"probe", []string{url, "--probe", "ftp://x"}, codeUsage, "--probe"},
		{"no such command", []string{"--provider", "rentman", "--", "no-such-program"}, codeUsage, "run no-such-program"},
		{"a command that ends", []string{"--provider", "rentman", "--", "false"}, codeNetwork, "ended before it answered (exit code 1)"},
		{"a command that is silent", []string{"--provider", "rentman", "--wait", "200ms", "--", "sleep", "60"}, codeNetwork, "does not answer"},
		{"explain nothing", []string{"--explain", "raw.unicod"}, codeUsage, "did you mean raw.unicode"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stdout, stderr, code := d.run(append([]string{"test"}, tt.args...)...)
			if code != tt.code || !strings.Contains(stderr, tt.want) {
				t.Errorf("code %d, want %d\n%s%s", code, tt.code, stdout, stderr)
			}
		})
	}
}

// Where nobody answers there is nothing to report but that, and what to do.
func TestTestNobodyThere(t *testing.T) {
	nobody := free(t)
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for _, tt := range []struct {
		name       string
		args       []string
		want, lack string
	}{
		{"nothing listens", []string{nobody + "/rentman"}, "hint: start the endpoint first, or let whk do it: whk test http://" + nobody + "/rentman -- COMMAND", "no URL"},
		{"no TLS there", []string{strings.Replace(plain.URL, "http:", "https:", 1) + "/rentman"}, "use http:// instead of https://", "start the endpoint"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			d.env["WHK_SECRET_RENTMAN"] = testSecret
			stdout, stderr, code := d.run(append([]string{"test"}, tt.args...)...)
			if code != codeNetwork || stdout != "" || strings.Count(stderr, "\n") > 2 || !strings.Contains(stderr, tt.want) || strings.Contains(stderr, tt.lack) {
				t.Errorf("code %d, stdout %q, stderr %s", code, stdout, stderr)
			}
		})
	}
}

// An endpoint that takes nothing is told why, most likely, once and first.
func TestTestLikelyCause(t *testing.T) {
	for status, want := range map[int]string{http.StatusNotFound: "name the whole URL, with the path", http.StatusUnauthorized: "whk signs with env"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		d := newDesk(t)
		d.env["WHK_SECRET_RENTMAN"] = testSecret
		stdout, _, code := d.run("test", server.URL+"/rentman")
		if code != codeNo || strings.Count(stdout, want) != 1 || !strings.Contains(stdout, "would lose every event") {
			t.Errorf("%d: code %d\n%s", status, code, stdout)
		}
		server.Close()
	}
}

func TestTestFuzzKeepsFailures(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event struct {
			User *struct{ ID int } `json:"user"`
		}
		if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	d := newDesk(t)
	_, stderr, code := d.run("test", server.URL+"/rentman", "--only", "fuzz", "--fuzz", "200", "--seed", "3", "--save-failures", "bodies", "--strict")
	files, err := filepath.Glob(filepath.Join(d.dir, "bodies", "fuzz-rentman-*.json"))
	if err != nil || len(files) == 0 || code != codeNo {
		t.Fatalf("code %d, %v, %v\n%s", code, files, err, stderr)
	}
	for _, name := range files {
		body, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(body), `"user"`) || len(body) > 60 {
			t.Errorf("%s: %s %v", name, body, err)
		}
	}
	if !strings.Contains(stderr, "whk send rentman/") {
		t.Errorf("no line to send it again: %s", stderr)
	}
}

func TestTestListAndExplain(t *testing.T) {
	d := newDesk(t)
	list := d.ok("test", "--list", "--provider", "ploomes", "--mode", "full")
	for _, id := range []string{"key.case ", "accept.valid ", "schema.old-null "} {
		if !strings.Contains(list, id) {
			t.Errorf("%s is not in the list:\n%s", id, list)
		}
	}
	if strings.Contains(list, "sig.downgrade") || strings.Contains(list, "inject.") {
		t.Errorf("the list has what does not apply:\n%s", list)
	}
	about := d.ok("test", "--explain", "raw.unicode")
	for _, stack := range []string{"Express", "Laravel", "Spring", "express.raw", "getContent()"} {
		if !strings.Contains(about, stack) {
			t.Errorf("%s is not explained:\n%s", stack, about)
		}
	}
}
