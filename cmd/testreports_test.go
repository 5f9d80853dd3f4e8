package cmd

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func readText(t *testing.T, elements ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// One run writes every report; the text goes on.
func TestReportFiles(t *testing.T) {
	d, _, url := newForgetful(t)
	stdout, stderr, code := d.run("test", url, "--only", "sig.missing", "--only", "http.get",
		"--report", "junit=out.xml,json=out.json,tap=a,b.tap", "--report", "html=out.html,github=summary.md")
	if code != codeNo || stderr != "" || !strings.Contains(stdout, "sig.missing") {
		t.Fatalf("code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	var suites struct {
		Failures int `xml:"failures,attr"`
	}
	if err := xml.Unmarshal([]byte(readText(t, d.dir, "out.xml")), &suites); err != nil || suites.Failures != 1 {
		t.Errorf("junit: %v, %d failures", err, suites.Failures)
	}
	var document struct {
		Type string
		Runs []struct {
			Checks  []struct{ ID, Status string }
			Summary struct{ Verdict string }
		}
	}
	if err := json.Unmarshal([]byte(readText(t, d.dir, "out.json")), &document); err != nil || document.Type != "report" || len(document.Runs) != 1 || document.Runs[0].Summary.Verdict != "failed" || len(document.Runs[0].Checks) != 3 {
		t.Errorf("json: %v, %+v", err, document)
	}
	for file, want := range map[string]string{"a,b.tap": "not ok 2 - rentman sig.missing\n", "out.html": "whk send rentman/Contact.create", "summary.md": "### sig.missing (error)"} {
		text := readText(t, d.dir, file)
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %q:\n%s", file, want, text)
		}
		if strings.Contains(text, testSecret) {
			t.Errorf("%s holds the secret", file)
		}
	}
	// The summary of a step is appended to.
	d.run("test", url, "--only", "sig.missing", "--report", "github=summary.md")
	if n := strings.Count(readText(t, d.dir, "summary.md"), "## ❌ whk test"); n != 2 {
		t.Errorf("%d summaries in the file", n)
	}
}

// A report on standard output has it for itself.
func TestReportStandardOutput(t *testing.T) {
	d, _, url := newForgetful(t)
	stdout, _, code := d.run("test", url, "--only", "sig.missing", "--report", "tap=-")
	if code != codeNo || !strings.HasPrefix(stdout, "TAP version 13\n1..2\nok 1 ") || strings.Contains(stdout, "survive") {
		t.Errorf("code %d: %s", code, stdout)
	}
}

// In the log of a job, only whk's own lines are commands of the runner.
func TestReportGitHub(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte("\n::error::owned\n::set-output name=x::y at /srv/app.js:1"))
	}))
	defer server.Close()
	d := newDesk(t)
	d.env["WHK_SECRET_RENTMAN"], d.env["NO_COLOR"] = testSecret, "1"
	d.env["GITHUB_STEP_SUMMARY"] = filepath.Join(d.dir, "step.md")
	stdout, _, _ := d.run("test", server.URL+"/rentman", "--only", "fail.*", "--report", "github=-")
	m := regexp.MustCompile(`^::stop-commands::([A-Z0-9]{26})\n`).FindStringSubmatch(stdout)
	if m == nil {
		t.Fatalf("the text is not guarded: %s", stdout)
	}
	_, annotations, ok := strings.Cut(stdout, "\n::"+m[1]+"::\n")
	if !ok || !strings.HasPrefix(annotations, "::error title=rentman accept.valid::") {
		t.Fatalf("annotations: %q", annotations)
	}
	for line := range strings.Lines(annotations) {
		if !strings.HasPrefix(line, "::error title=rentman ") && !strings.HasPrefix(line, "::warning title=rentman ") && !strings.HasPrefix(line, "::notice title=rentman ") {
			t.Errorf("a command that is none of whk's: %q", line)
		}
	}
	if text := readText(t, d.dir, "step.md"); !strings.Contains(text, "### accept.valid (error)") {
		t.Errorf("the summary: %s", text)
	}
}

// A test that could not run leaves no report of an earlier one behind.
func TestReportOfNoRun(t *testing.T) {
	d := newDesk(t)
	d.env["WHK_SECRET_RENTMAN"] = testSecret
	writeFile(t, filepath.Join(d.dir, "out.tap"), "TAP version 13\n1..1\nok 1 - earlier\n")
	_, _, code := d.run("test", "http://127.0.0.1:1/rentman", "--report", "tap=out.tap")
	if text := readText(t, d.dir, "out.tap"); code != codeNetwork || !strings.Contains(text, "not ok") || strings.Contains(text, "earlier") {
		t.Errorf("code %d: %s", code, text)
	}
	_, _, code = d.run("test", "--provider", "rentman", "--report", "tap=out.tap", "--", filepath.Join(d.dir, "no-such-command"))
	if text := readText(t, d.dir, "out.tap"); code != codeUsage || !strings.Contains(text, "not ok 1 - rentman: nothing could be sent: run ") {
		t.Errorf("code %d: %s", code, text)
	}
}

func TestReportUsage(t *testing.T) {
	d, _, url := newForgetful(t)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--report", "pdf=x"}, "--report pdf=x: expected FORM=FILE"},
		{[]string{"--report", "junit"}, "--report junit: expected FORM=FILE"},
		{[]string{"--report", "junit=x,tap=x"}, "another report goes into this file"},
		{[]string{"--report", "junit=-,tap=-"}, "only one report can go to standard output"},
		{[]string{"--report", "json=-", "--json"}, "has the JSON lines of --json already"},
		{[]string{"--report", "tap=x", "--list"}, "nothing is tested with --list"},
		{[]string{"--report", "tap=no/such/folder/x", "--only", "sig.missing", "--strict"}, "no such file or directory"},
	} {
		_, stderr, code := d.run(append([]string{"test", url}, tt.args...)...)
		if !strings.Contains(stderr, tt.want) || code == codeDone {
			t.Errorf("%q: code %d, %s", tt.args, code, stderr)
		}
	}
}

// A report that cannot be written is found out before anything is sent, and what an
// earlier test has left stays as it is.
func TestReportUnwritable(t *testing.T) {
	d := newDesk(t)
	d.env["WHK_SECRET_RENTMAN"] = testSecret
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests++ }))
	t.Cleanup(server.Close)
	writeFile(t, filepath.Join(d.dir, "out.tap"), "earlier")
	writeFile(t, filepath.Join(d.dir, "suite.yaml"), "version: 1\nprovider: rentman\ntarget: "+server.URL+"/rentman\nchecks: {only: [sig.missing]}\n")
	for _, tt := range []struct{ name, report, want string }{
		{"no folder", "tap=out.tap,html=nodir/x.html", "--report html=nodir/x.html: make a file in nodir: no such file or directory"},
		{"a file for a folder", "tap=out.tap/x", "--report tap=out.tap/x: "},
		{"a folder", "junit=.", "--report junit=.: this is a folder"},
	} {
		for _, what := range []string{server.URL + "/rentman", "suite.yaml"} {
			t.Run(tt.name+", "+filepath.Base(what), func(t *testing.T) {
				_, stderr, code := d.run("test", what, "--report", tt.report)
				if code != codeUsage || !strings.Contains(stderr, tt.want) {
					t.Errorf("code %d, %s", code, stderr)
				}
			})
		}
	}
	if text := readText(t, d.dir, "out.tap"); text != "earlier" || requests > 0 {
		t.Errorf("%d requests were sent, and the earlier report is %q", requests, text)
	}
	left, err := filepath.Glob(filepath.Join(d.dir, ".whk-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v was left (%v)", left, err)
	}
}

// The folder of --artifacts is made by the test; a report may lie in it.
func TestReportBesideArtifacts(t *testing.T) {
	d, _, url := newForgetful(t)
	_, stderr, _ := d.run("test", url, "--only", "sig.*", "--only", "http.get", "--artifacts", "kept", "--report", "tap=kept/out.tap")
	if strings.Contains(stderr, "--report") || !strings.Contains(readText(t, d.dir, "kept", "out.tap"), "TAP version") {
		t.Error(stderr)
	}
}
