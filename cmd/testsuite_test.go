package cmd

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"go.yaml.in/yaml/v3"

	"whk/replay/contract"
)

func suiteText(url, rest string) string {
	return "version: 1\ntarget: " + url + "\nprovider: rentman\nchecks: {run: [sig.missing]}\n" + rest
}

// A suite runs like the flags that say the same, and its cases beside the catalogue.
func TestSuiteRuns(t *testing.T) {
	d, f, url := newForgetful(t)
	d.env["OF_THE_SUITE"] = testSecret
	delete(d.env, "WHK_SECRET_RENTMAN")
	if err := os.MkdirAll(filepath.Join(d.dir, "tests"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(d.dir, "tests", "body.json"), `{"from a":"file"}`)
	writeFile(t, filepath.Join(d.dir, "tests", "one.yaml"), suiteText(url, `secret: env:OF_THE_SUITE
cases:
  - {name: a body of a file, send: "file:body.json", expect: {status: 2xx}}
  - {name: forged, send: Contact.create, sign: wrong, expect: {status: 401}}
  - {name: never, send: Contact.create, expect: {status: 418}}
`))
	stdout, stderr, code := d.run("test", "tests/one.yaml", "--report", "junit=out.xml")
	for _, want := range []string{"case.never", "expected 418", "tests/one.yaml:9 demands it", "whk send rentman/Contact.create", "3 passed"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("lacks %q:\n%s", want, stdout)
		}
	}
	if code != codeNo || stderr != "" {
		t.Errorf("code %d, stderr %q", code, stderr)
	}
	if text := readText(t, d.dir, "out.xml"); !strings.Contains(text, `<testsuite name="tests/one.yaml"`) || !strings.Contains(text, `name="case.never"`) {
		t.Error(text)
	}
	if !slices.ContainsFunc(f.bodies, func(b []byte) bool { return string(b) == `{"from a":"file"}` }) {
		t.Error("the body of the file was not sent")
	}
	// Several suites make one report; the worst decides.
	writeFile(t, filepath.Join(d.dir, "tests", "two.yaml"), "version: 1\ntarget: http://127.0.0.1:1/rentman\nprovider: rentman\nsecret: env:OF_THE_SUITE\n")
	_, stderr, code = d.run("test", "tests/one.yaml", "tests/two.yaml", "--report", "json=out.json")
	var document struct{ Runs []struct{ Name string } }
	if err := json.Unmarshal([]byte(readText(t, d.dir, "out.json")), &document); err != nil || len(document.Runs) != 2 || document.Runs[1].Name != "tests/two.yaml" {
		t.Errorf("json: %v, %+v", err, document)
	}
	if code != codeNetwork || !strings.Contains(stderr, "no connection") {
		t.Errorf("code %d, stderr %q", code, stderr)
	}
}

// A suite that runs a command has to be agreed to.
func TestSuiteTrust(t *testing.T) {
	d, f, url := newForgetful(t)
	mark := filepath.Join(d.dir, "ran")
	writeFile(t, filepath.Join(d.dir, "s.yaml"), suiteText(url, "probe: {cmd: [touch, "+mark+"]}\ncases: [{name: x, send: Contact.create, expect: {probe: {equals: ''}}}]\n"))
	_, stderr, code := d.run("test", "s.yaml")
	if code != codeUsage || !strings.Contains(stderr, `s.yaml:5:14  probe.cmd: run "touch `) || !strings.Contains(stderr, "--trust-suite") {
		t.Errorf("code %d, stderr %q", code, stderr)
	}
	if _, err := os.Stat(mark); err == nil || len(f.bodies) > 0 {
		t.Fatal("the command ran, or something was sent")
	}
	if stdout, stderr, _ := d.run("test", "s.yaml", "--trust-suite"); stderr != "" {
		t.Errorf("stderr %q, stdout %s", stderr, stdout)
	}
	if _, err := os.Stat(mark); err != nil {
		t.Error("the command did not run")
	}
}

// A file that nobody agreed to is not reached through a link, either.
func TestSuiteStaysInside(t *testing.T) {
	d, _, url := newForgetful(t)
	outside := filepath.Join(t.TempDir(), "outside.json")
	writeFile(t, outside, "{}")
	if err := os.Symlink(outside, filepath.Join(d.dir, "link.json")); err != nil {
		t.Skip(err)
	}
	for _, rest := range []string{"cases: [{name: x, send: 'file:link.json'}]", "secret: file:link.json"} {
		writeFile(t, filepath.Join(d.dir, "s.yaml"), suiteText(url, rest))
		if _, stderr, code := d.run("test", "s.yaml"); code != codeUsage || !strings.Contains(stderr, "escapes") {
			t.Errorf("%s: code %d, stderr %q", rest, code, stderr)
		}
	}
}

func TestSuiteUsage(t *testing.T) {
	d, _, url := newForgetful(t)
	writeFile(t, filepath.Join(d.dir, "s.yaml"), suiteText(url, ""))
	writeFile(t, filepath.Join(d.dir, "unknown.yaml"), strings.Replace(suiteText(url, ""), "rentman\nchecks", "rentmann\nchecks", 1))
	writeFile(t, filepath.Join(d.dir, "bad.yaml"), suiteText(url, "casse: []"))
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"bad.yaml"}, `bad.yaml:5:1: suite: there is no key "casse"`},
		{[]string{"unknown.yaml"}, "unknown.yaml:3:11: provider: "},
		{[]string{"none.yaml"}, "suite none.yaml: no such file"},
		{[]string{url, "s.yaml"}, "give one URL, or suites alone"},
		{[]string{url, "--trust-suite"}, "no suite is named"},
		{[]string{"s.yaml", "--provider", "ploomes"}, "a suite names its own"},
		{[]string{"s.yaml", "--list"}, "take no suite"},
		{[]string{"--init", "s.yaml", "--provider", "rentman"}, "--init s.yaml: file exists"},
		{[]string{"--init", "x.yaml"}, "a suite for which provider?"},
		{[]string{"--init", "x.txt", "--provider", "rentman"}, "ends in .yaml or .yml"},
		{[]string{"--init", "x.yaml", "--provider", "rentman", "--mode", "full"}, "--mode has no place there"},
	} {
		_, stderr, code := d.run(append([]string{"test"}, tt.args...)...)
		if code != codeUsage || !strings.Contains(stderr, tt.want) {
			t.Errorf("%q: code %d, %s", tt.args, code, stderr)
		}
	}
}

// What --init writes is a suite that runs.
func TestSuiteInit(t *testing.T) {
	d, _, url := newForgetful(t)
	_, stderr, code := d.run("test", "--init", "tests/new.yaml", "--provider", "rentman")
	if code != codeDone || !strings.Contains(stderr, "wrote tests/new.yaml") {
		t.Fatalf("code %d, %s", code, stderr)
	}
	d.env["WHK_TARGET"] = url
	stdout, _, _ := d.run("test", "tests/new.yaml", "--only", "case")
	if !strings.Contains(stdout, "this endpoint would survive rentman") {
		t.Error(stdout)
	}
}

// The schema and the parser agree on every key, and on what is a suite.
func TestSuiteSchema(t *testing.T) {
	var schema jsonschema.Schema
	if err := json.Unmarshal([]byte(suiteSchema), &schema); err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	const head = "version: 1\ntarget: http://localhost/x\nprovider: rentman\n"
	for text, want := range map[string]bool{
		head: true,
		head + "secret: env:X\nbudget: {p95: 1s, timeout: 1m30s}\nprobe: {get: localhost/count, json: a.b}": true,
		head + "checks: {run: [full, sig.*], skip: {sig.huge: why}, severity: {sig.huge: info}}":            true,
		head + "cases: [{name: x, send: y, variant: z, set: {a: [1, {b: null}]}, unset: [c], sign: wrong, deliver: {times: 2, concurrent: true, interleave: false, order: shuffled}, expect: {status: [2xx, 404], within: 1s, probe: {cmd: [a], delta: 1}}}]": true,
		head + "cases: [{name: x, steps: [{send: y, expect: {outcome: [crashed, hung]}}], expect: {probe: {get: localhost, equals: 1}}}]":                                                                                                                     true,
		"target: http://localhost/x\nprovider: rentman\n": false,
		head + "other: 1":                                                       false,
		head + "secret: value":                                                  false,
		head + "budget: {p95: 1}":                                               false,
		head + "budget: {other: 1s}":                                            false,
		head + "probe: {json: x}":                                               false,
		head + "probe: {get: localhost, cmd: [x]}":                              false,
		head + "checks: {other: 1}":                                             false,
		head + "checks: {severity: {sig.huge: fatal}}":                          false,
		head + "cases: [{send: y}]":                                             false,
		head + "cases: [{name: x}]":                                             false,
		head + "cases: [{name: x, send: y, other: 1}]":                          false,
		head + "cases: [{name: x, send: y, sign: badly}]":                       false,
		head + "cases: [{name: x, send: y, deliver: {times: 0}}]":               false,
		head + "cases: [{name: x, send: y, deliver: {order: any}}]":             false,
		head + "cases: [{name: x, send: y, expect: {status: 600}}]":             false,
		head + "cases: [{name: x, send: y, expect: {outcome: fine}}]":           false,
		head + "cases: [{name: x, steps: []}]":                                  false,
		head + "cases: [{name: x, steps: [{send: y, expect: {probe: {}}}]}]":    false,
		head + "cases: [{name: x, send: y, expect: {probe: {get: localhost}}}]": false,
	} {
		var value any
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		bySchema := resolved.Validate(value)
		_, byParser := contract.ParseSuite("x.yaml", []byte(text), func(string) (string, bool) { return "", false })
		if (bySchema == nil) != want || (byParser == nil) != want {
			t.Errorf("%s\nwant %v, schema %v, parser %v", text, want, bySchema, byParser)
		}
	}
	// The parser lists its keys when it is given one that it does not know.
	for at, s := range map[string]*jsonschema.Schema{
		head + "?: 1": &schema, head + "budget: {?: 1}": schema.Properties["budget"], head + "probe: {?: 1}": schema.Properties["probe"], head + "checks: {?: 1}": schema.Properties["checks"],
		head + "cases: [{?: 1}]": schema.Defs["case"], head + "cases: [{deliver: {?: 1}}]": schema.Defs["case"].Properties["deliver"], head + "cases: [{steps: [{?: 1}]}]": schema.Defs["step"],
		head + "cases: [{expect: {?: 1}}]": schema.Defs["expect"], head + "cases: [{expect: {probe: {?: 1}}}]": schema.Defs["expect"].Properties["probe"], head + "cases: [{steps: [{expect: {?: 1}}]}]": schema.Defs["stepExpect"],
	} {
		_, err := contract.ParseSuite("x.yaml", []byte(strings.ReplaceAll(at, "?", "zzzzzzzz")), func(string) (string, bool) { return "", false })
		fault, ok := errors.AsType[*contract.SuiteError](err)
		if !ok {
			t.Fatalf("%s: %v", at, err)
		}
		_, list, _ := strings.Cut(fault.Hint, "the keys are ")
		got := strings.Split(list, ", ")
		var want []string
		for key := range s.Properties {
			want = append(want, key)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: the parser knows %q, the schema %q", at, got, want)
		}
	}
}
