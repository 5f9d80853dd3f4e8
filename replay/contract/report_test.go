package contract_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"whk/replay/contract"
	"whk/verify"
	"whk/verify/display/displaytest"
)

var updateReports = flag.Bool("update", false, "write the goldens of reports anew")

// paper is a run with every status and severity, in which the endpoint answered text.
func paper(text string) contract.Paper {
	check := func(id string, severity contract.Severity) *contract.Check {
		return &contract.Check{ID: id, Severity: severity, Title: "what is sent", Expect: "what is due", Why: "why it matters", Topic: contract.AboutVerifying}
	}
	exchange := &contract.Exchange{
		Sent:     "an event with " + text,
		Delivery: &verify.Delivery{Method: "POST", URL: "http://127.0.0.1:3000/hook", Host: "127.0.0.1:3000", Header: http.Header{}, Body: []byte(text)},
		Result:   verify.Result{Outcome: verify.Answered, Status: 302, Header: http.Header{"Location": {text}}, Body: []byte(text), Took: 3 * time.Millisecond},
		Outcome:  contract.Redirected,
	}
	finding := func(severity contract.Severity) []contract.Finding {
		return []contract.Finding{{Severity: severity, Says: "it said " + text, Exchange: exchange}, {Severity: severity, Says: "and again " + text}}
	}
	r := &contract.Report{
		Provider: "rentman", Target: "http://127.0.0.1:3000/hook", Mode: contract.Quick, Seed: 7, Scheme: "HMAC-SHA512", Requests: 12, Open: true,
		Began: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Took: 1500 * time.Millisecond, Idempotency: "idempotent",
		Results: []contract.Result{
			{Check: check("accept.valid", contract.Error), Status: contract.Passed, Severity: contract.Error, Requests: 3, Took: 20 * time.Millisecond},
			{Check: check("sig.missing", contract.Error), Status: contract.Failed, Severity: contract.Error, Findings: finding(contract.Error), Requests: 1, Took: 4 * time.Millisecond},
			{Check: check("http.get", contract.Warning), Status: contract.Failed, Severity: contract.Warning, Reason: text, Findings: finding(contract.Warning)},
			{Check: check("perf.first-byte", contract.Info), Status: contract.Failed, Severity: contract.Info, Findings: finding(contract.Info)},
			{Check: check("http.head", contract.Warning), Status: contract.Noted, Severity: contract.Warning, Findings: []contract.Finding{{Note: true, Says: "noted " + text}}},
			{Check: check("idem.duplicate", contract.Error), Status: contract.Inconclusive, Severity: contract.Error, Says: "not observed " + text},
			{Check: check("sig.huge", contract.Warning), Status: contract.Skipped, Severity: contract.Warning, Reason: "since " + text},
		},
		Latencies: []time.Duration{time.Millisecond, 2 * time.Millisecond, 2 * time.Millisecond, 9 * time.Millisecond, 120 * time.Millisecond},
	}
	return contract.Paper{{
		Report: r, Redact: func(s string) string { return strings.ReplaceAll(s, "a-secret", "***") },
		Again: func(contract.Result, int, *contract.Exchange) []string {
			return []string{"whk send rentman/Contact.create http://127.0.0.1:3000/hook", "curl http://127.0.0.1:3000/hook \\\n  --data-binary '" + text + "'"}
		},
	}}
}

func written(t *testing.T, p contract.Paper, form contract.Form) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b, form); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestReportsHostile sends everything that could act through every report, and reads each
// back with a parser that whk has no part in.
func TestReportsHostile(t *testing.T) {
	payloads := map[string]string{
		"script": "</script><script>alert(1)</script>", "image": `"><img src=x onerror=alert(1)>`, "comment": "--><!-- <![CDATA[ x ]]>", "end of style": "</style></title></pre>",
		"command": "::error::owned", "command in lines": "a\n::error title=x::owned\r\n::stop-commands::x", "percent": "100%0A::error::x, y: z", "not ok": "\nnot ok 1 - owned\nBail out! # SKIP \\# TODO",
		"markdown": "`` ``` `x` | [a](javascript:x) ![b](http://evil.example.com) @octocat <b> # h\n\n# owned | \\| &lt;", "entity": "&lt;&#60;&amp;<!ENTITY x SYSTEM 'file:///etc/passwd'>", "a-secret": "a-secret", "empty": "",
	}
	for _, class := range displaytest.Classes {
		payloads["display "+class.Name] = class.Payload
	}
	for name, payload := range payloads {
		t.Run(name, func(t *testing.T) {
			p := paper(payload)
			for _, form := range []contract.Form{contract.JUnit, contract.TAP, contract.HTML, contract.GitHub} {
				text := written(t, p, form)
				if strings.Contains(text, "a-secret") {
					t.Errorf("%s holds the secret", form)
				}
				if !utf8.ValidString(text) {
					t.Errorf("%s is not UTF-8", form)
				}
				if fault := displaytest.Fault(text, true); fault != "" {
					t.Errorf("%s: %s", form, fault)
				}
			}
			readJUnit(t, written(t, p, contract.JUnit))
			readTAP(t, written(t, p, contract.TAP))
			readHTML(t, written(t, p, contract.HTML))
			readMarkdown(t, written(t, p, contract.GitHub), payload)
			readAnnotations(t, p.Annotations())
		})
	}
}

type junitSuites struct {
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name    string      `xml:"name,attr"`
	Skipped int         `xml:"skipped,attr"`
	Cases   []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string  `xml:"classname,attr"`
	Name    string  `xml:"name,attr"`
	Failure *string `xml:"failure"`
	Error   *string `xml:"error"`
	Skipped *string `xml:"skipped"`
	Out     *string `xml:"system-out"`
}

func readJUnit(t *testing.T, text string) junitSuites {
	t.Helper()
	var s junitSuites
	if err := xml.Unmarshal([]byte(text), &s); err != nil {
		t.Fatalf("junit: %v\n%s", err, text)
	}
	if s.Tests != 7 || s.Failures != 1 || s.Errors != 0 || len(s.Suites) != 1 || s.Suites[0].Skipped != 2 || len(s.Suites[0].Cases) != 7 {
		t.Errorf("junit: %d tests, %d failures, %d errors, suites %+v", s.Tests, s.Failures, s.Errors, s.Suites)
	}
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return s
		}
		if err != nil {
			t.Fatalf("junit: %v", err)
		}
		if start, ok := token.(xml.StartElement); ok && !slices.Contains([]string{"testsuites", "testsuite", "properties", "property", "testcase", "failure", "skipped", "system-out", "error"}, start.Name.Local) {
			t.Errorf("junit: a foreign element %s", start.Name.Local)
		}
	}
}

// readTAP is a small reader of TAP: a version, a plan, test lines, YAML blocks.
func readTAP(t *testing.T, text string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != "TAP version 13" || lines[1] != "1..7" {
		t.Fatalf("tap: %q %q", lines[0], lines[1])
	}
	test := regexp.MustCompile(`^(not )?ok (\d+) - ([^#\\]|\\.)*?( # (SKIP|TODO) ([^#\\]|\\.)*)?$`)
	n, block := 0, false
	var failed []int
	for _, line := range lines[2:] {
		switch {
		case line == "  ---" && !block:
			block = true
		case line == "  ..." && block:
			block = false
		case block && (strings.HasPrefix(line, "    - ") || regexp.MustCompile(`^  (message|severity|duration_ms|told):`).MatchString(line)):
			if _, value, ok := strings.Cut(line, `"`); ok {
				if _, err := strconv.Unquote(`"` + strings.ReplaceAll(value, `\/`, "/")); err != nil {
					t.Errorf("tap: %s: %v", line, err)
				}
			}
		default:
			m := test.FindStringSubmatch(line)
			if m == nil {
				t.Fatalf("tap: not a line of TAP: %q", line)
			}
			if n++; m[2] != strconv.Itoa(n) {
				t.Errorf("tap: number %s, want %d", m[2], n)
			}
			if m[1] != "" && m[5] == "" {
				failed = append(failed, n)
			}
		}
	}
	if n != 7 || !slices.Equal(failed, []int{2}) || block {
		t.Errorf("tap: %d tests, failed %v", n, failed)
	}
}

// readHTML finds nothing that runs, nothing that loads and no element that is not meant.
func readHTML(t *testing.T, text string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	known := strings.Fields("html head meta title style body main article header nav div h1 h2 p dl dt dd ul li b a section span pre code details summary table tbody tr th td svg rect line text")
	attributes := strings.Fields("lang charset http-equiv content name class open scope viewbox role aria-label id href x y dx x1 x2 y1 y2 width height text-anchor viewBox")
	policy, style := "", ""
	places, links := map[string]bool{}, map[string]bool{}
	for n := range root.Descendants() {
		if n.Type == html.CommentNode {
			t.Errorf("html: a comment %q", n.Data)
		}
		if n.Type != html.ElementNode {
			continue
		}
		if !slices.Contains(known, n.Data) {
			t.Errorf("html: a foreign element %s", n.Data)
		}
		for _, a := range n.Attr {
			if !slices.Contains(attributes, a.Key) {
				t.Errorf("html: a foreign attribute %s on %s", a.Key, n.Data)
			}
			switch {
			case a.Key == "id" && places[a.Val]:
				t.Errorf("html: two places %s", a.Val)
			case a.Key == "id":
				places[a.Val] = true
			case a.Key == "href":
				links[a.Val] = true
			}
			if a.Key == "content" && strings.HasPrefix(a.Val, "default-src 'none'; style-src 'sha256-") {
				policy = a.Val
			}
		}
		if n.Data == "style" {
			style = n.FirstChild.Data
		}
		if n.Data == "style" && (strings.Contains(n.FirstChild.Data, "url(") || strings.Contains(n.FirstChild.Data, "@import") || strings.Contains(n.FirstChild.Data, "owned")) {
			t.Error("html: the style loads something")
		}
	}
	for link := range links {
		if place, ok := strings.CutPrefix(link, "#"); !ok || !places[place] {
			t.Errorf("html: a link that leads out of the page, or nowhere: %s", link)
		}
	}
	if len(links) != 3 {
		t.Errorf("html: %d links, want one for each failure", len(links))
	}
	sum := sha256.Sum256([]byte(style))
	if want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; policy != want {
		t.Errorf("html: policy %q, want %q", policy, want)
	}
}

// readMarkdown takes all code away, as a renderer does, and finds nothing of the payload
// in what is left.
func readMarkdown(t *testing.T, text, payload string) {
	t.Helper()
	var left strings.Builder
	fence := ""
	for line := range strings.SplitSeq(text, "\n") {
		ticks := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		switch {
		case fence != "" && line == fence:
			fence = ""
		case fence != "":
		case len(ticks) >= 3 && line == ticks+"sh":
			fence = ticks
		default:
			left.WriteString(withoutSpans(line) + "\n")
		}
	}
	if fence != "" {
		t.Error("markdown: code that does not end")
	}
	for _, word := range []string{"before", "after", "script", "onerror", "owned", "octocat", "evil", "javascript", "::", "<", "it said"} {
		if strings.Contains(left.String(), word) {
			t.Errorf("markdown: %q stands outside of code, payload %q:\n%s", word, payload, left.String())
		}
	}
}

// withoutSpans removes the spans of code of a line by the rule of CommonMark: a run of
// backticks ends at the next run of the same length.
func withoutSpans(line string) string {
	runs := regexp.MustCompile("`+").FindAllStringIndex(line, -1)
	var b strings.Builder
	at := 0
	for i := 0; i < len(runs); i++ {
		for j := i + 1; j < len(runs); j++ {
			if runs[j][1]-runs[j][0] == runs[i][1]-runs[i][0] {
				b.WriteString(line[at:runs[i][0]])
				at, i = runs[j][1], j
				break
			}
		}
	}
	return b.String() + line[at:]
}

func readAnnotations(t *testing.T, text string) {
	t.Helper()
	line := regexp.MustCompile(`^::(error|warning|notice) title=[^:,\r\n]*::[^\r\n]*$`)
	var kinds []string
	for l := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		m := line.FindStringSubmatch(l)
		if m == nil {
			t.Fatalf("annotations: %q", l)
		}
		kinds = append(kinds, m[1])
	}
	if diff := cmp.Diff([]string{"error", "warning", "notice"}, kinds); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
}

// TestReportGoldens shows every form as it is.
func TestReportGoldens(t *testing.T) {
	p := paper("<b>no</b> | `x` ::error:: \x1b[2J 100%")
	for name, text := range map[string]string{
		"report.junit.xml": written(t, p, contract.JUnit), "report.tap": written(t, p, contract.TAP), "report.html": written(t, p, contract.HTML),
		"report.md": written(t, p, contract.GitHub), "report.annotations": p.Annotations(),
	} {
		path := filepath.Join("testdata", name)
		if *updateReports {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), text); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// An answer is cut, and says so, but never through a secret, whose beginning would be
// left, nor through a character.
func TestReportLongAnswer(t *testing.T) {
	for _, before := range []int{0, 290, 295, 299, 300, 400, 401} {
		p := paper("x")
		p[0].Results[1].Findings[0].Exchange.Result.Body = []byte(strings.Repeat("-", before%2) + strings.Repeat("é", before/2) + "a-secret" + strings.Repeat("\n<tail>", 200))
		for _, form := range []contract.Form{contract.JUnit, contract.TAP, contract.HTML, contract.GitHub} {
			text := written(t, p, form)
			if strings.Contains(text, "a-s") || !utf8.ValidString(text) || strings.Contains(text, `\xc3`) {
				t.Errorf("%s, %d bytes before: a secret or a character was cut:\n%s", form, before, text)
			}
			if !strings.Contains(text, "more") || strings.Count(text, "tail") > 2*3*45 {
				t.Errorf("%s, %d bytes before: the answer is not cut", form, before)
			}
		}
	}
}

// The lines of an answer, a trace of calls most of all, are lines of the page, too.
func TestReportHTMLKeepsLines(t *testing.T) {
	text := written(t, paper("TypeError\n    at <handle>\r\n"), contract.HTML)
	if !strings.Contains(text, "<pre><code>TypeError\n    at &lt;handle&gt;</code></pre>") {
		t.Error(text)
	}
}

// A run that ended badly is red in every report, whatever its checks say.
func TestReportTrouble(t *testing.T) {
	p := paper("x")
	p[0].Results = p[0].Results[:1]
	p[0].Crashed = "node ended while it was tested (exit code 7)"
	if text := written(t, p, contract.JUnit); !strings.Contains(text, `<error message="node ended while it was tested (exit code 7)"`) || !strings.Contains(text, `errors="1"`) {
		t.Error(text)
	}
	if text := written(t, p, contract.TAP); !strings.Contains(text, "1..2\n") || !strings.Contains(text, "not ok 2 - rentman: node ended") {
		t.Error(text)
	}
	p[0].Crashed, p[0].Unreachable = "", "no connection"
	for form, want := range map[contract.Form]string{contract.JUnit: `type="unreachable"`, contract.TAP: "not ok 2 - rentman: nothing could be sent: no connection", contract.HTML: "no connection", contract.GitHub: "no connection"} {
		if text := written(t, p, form); !strings.Contains(text, want) {
			t.Errorf("%s lacks %q:\n%s", form, want, text)
		}
	}
	if text := p.Annotations(); text != "::error title=rentman::nothing could be sent: no connection\n" {
		t.Errorf("annotations: %q", text)
	}
}

// With strict, warnings are failures.
func TestReportStrict(t *testing.T) {
	p := paper("x")
	p[0].Strict = true
	if text := written(t, p, contract.JUnit); !strings.Contains(text, `failures="2"`) {
		t.Error(text)
	}
	if text := written(t, p, contract.TAP); strings.Contains(text, "TODO warning") || !strings.Contains(text, "TODO info") {
		t.Error(text)
	}
	if text := p.Annotations(); strings.Count(text, "::error title") != 2 {
		t.Error(text)
	}
}

// TestReportProve asks the usual harness.
func TestReportProve(t *testing.T) {
	prove, err := exec.LookPath("prove")
	if err != nil {
		t.Skip("prove is not installed")
	}
	p := paper("hostile # SKIP\nnot ok 9 \\ ::error::")
	file := filepath.Join(t.TempDir(), "report.tap")
	run := func() (string, error) {
		if err := os.WriteFile(file, []byte(written(t, p, contract.TAP)), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(prove, "--exec", "cat", file).CombinedOutput()
		return string(out), err
	}
	if out, err := run(); err == nil || !strings.Contains(out, "Failed test:  2\n") || !strings.Contains(out, "Tests=7") {
		t.Errorf("prove: %v\n%s", err, out)
	}
	p[0].Results = slices.DeleteFunc(p[0].Results, func(r contract.Result) bool { return r.ID == "sig.missing" })
	if out, err := run(); err != nil || !strings.Contains(out, "Result: PASS") {
		t.Errorf("prove: %v\n%s", err, out)
	}
}

func TestReportUnknownForm(t *testing.T) {
	if err := paper("x").Write(io.Discard, "pdf"); err == nil || !strings.Contains(err.Error(), "expected junit") {
		t.Error(fmt.Sprint(err))
	}
}
