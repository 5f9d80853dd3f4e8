package cmd

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"whk/replay/contract"
	"whk/verify/display"
)

// testReports are the reports of whk test: where they go, and what they are made of.
type testReports struct {
	app   *app
	to    []reportTarget
	paper contract.Paper
	runs  []testRunJSON
}

// reportTarget is one report; "-" is standard output.
type reportTarget struct{ form, file string }

// reportJSON is a report as one document, type "report".
type testReportJSON struct {
	Runs []testRunJSON `json:"runs"`
}

// testRunJSON is one run of a report: the objects that --json writes a line each.
type testRunJSON struct {
	Name    string          `json:"name"`
	Checks  []testCheckJSON `json:"checks"`
	Summary testSummaryJSON `json:"summary"`
	// Crashed says how the command that was tested ended before its time.
	Crashed string `json:"crashed,omitempty"`
}

func reportForms() []string { return []string{"junit", "json", "tap", "html", "github"} }

// nextReport is where a list of reports goes on; a file's name may have commas itself.
var nextReport = regexp.MustCompile(`,[a-z]+=`)

// newTestReports reads the values of --report. The folders made are those that the test
// itself makes.
func (a *app) newTestReports(values []string, made ...string) (*testReports, error) {
	r := &testReports{app: a}
	screens := 0
	for _, value := range values {
		for value != "" {
			one := value
			if at := nextReport.FindStringIndex(value); at != nil {
				one, value = value[:at[0]], value[at[0]+1:]
			} else {
				value = ""
			}
			form, file, ok := strings.Cut(one, "=")
			if !ok || file == "" || !slices.Contains(reportForms(), form) {
				return nil, hint(usagef("--report %s: expected FORM=FILE", one), "the forms are "+strings.Join(reportForms(), ", ")+"; the file - is standard output")
			}
			if slices.ContainsFunc(r.to, func(t reportTarget) bool { return t.file == file && file != "-" }) {
				return nil, usagef("--report %s: another report goes into this file", one)
			}
			if file == "-" {
				screens++
			}
			r.to = append(r.to, reportTarget{form, file})
		}
	}
	switch {
	case screens > 1:
		return nil, usagef("--report: only one report can go to standard output")
	case screens > 0 && a.isJSON():
		return nil, usagef("--report: standard output has the JSON lines of --json already")
	}
	for _, to := range r.to {
		if err := r.writable(to.file, made); err != nil {
			return nil, hint(fail(codeUsage, fmt.Errorf("--report %s=%s: %w", to.form, to.file, err)), "a report goes into a folder that is there and that you may write to")
		}
	}
	return r, nil
}

// writable reports why a report could not be written after a test that may take minutes.
// Nothing is changed: what an earlier test has left stays until the new report is there.
func (r *testReports) writable(file string, made []string) error {
	if file == "-" {
		return nil
	}
	path := r.app.path(file)
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return errors.New("this is a folder")
	case err == nil && !info.Mode().IsRegular(): // a pipe would wait for its reader
		return nil
	case err == nil:
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return f.Close()
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	for _, folder := range made { // which the test makes before the reports are written
		if inside, err := filepath.Rel(r.app.path(folder), path); folder != "" && err == nil && filepath.IsLocal(inside) {
			return nil
		}
	}
	probe, err := os.CreateTemp(filepath.Dir(path), ".whk-*.part")
	if err != nil {
		if odd, ok := errors.AsType[*fs.PathError](err); ok { // its name is that of the probe
			err = odd.Err
		}
		return fmt.Errorf("make a file in %s: %w", display.Line(filepath.Dir(file)), err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// on reports whether a form goes to standard output.
func (r *testReports) on(form string) bool {
	return slices.Contains(r.to, reportTarget{form, "-"})
}

// alone reports whether standard output is one report's, so that there is no place for
// the usual text.
func (r *testReports) alone() bool {
	return slices.ContainsFunc(r.to, func(t reportTarget) bool { return t.file == "-" && t.form != "github" })
}

// text is the usual text as it may stand in the log of a job: where the runner of a CI
// service reads commands in it, none of the text is one.
func (r *testReports) text(s string) string {
	if !r.on("github") {
		return s
	}
	token := rand.Text()
	return "::stop-commands::" + token + "\n" + s + "::" + token + "::\n"
}

// add takes a run into the reports.
func (r *testReports) add(o *testOutput, name string, report *contract.Report, crashed string) {
	if len(r.to) == 0 {
		return
	}
	strict := o.t.flags.strict
	r.paper = append(r.paper, contract.Page{
		Report: report, Name: name, Strict: strict, Crashed: crashed, Redact: o.t.redact.Text,
		Again: func(c contract.Result, n int, x *contract.Exchange) []string {
			again := o.again(c, n, x)
			return slices.DeleteFunc([]string{again.send, again.curl}, func(s string) bool { return s == "" })
		},
	})
	run := testRunJSON{Name: name, Checks: []testCheckJSON{}, Summary: newTestSummary(report, strict, o.t.redact), Crashed: crashed}
	for _, c := range report.Results {
		run.Checks = append(run.Checks, o.checkJSON(c))
	}
	r.runs = append(r.runs, run)
}

// finish writes the reports, also of a test that could not be made, so that nobody takes
// those of an earlier one for these.
func (r *testReports) finish(failed error, provider, target string) error {
	if len(r.to) == 0 {
		return failed
	}
	if _, told := errors.AsType[*exitError](failed); len(r.paper) == 0 && (failed != nil && !told || told && errors.Unwrap(failed) != nil) {
		r.paper = contract.Paper{{Report: &contract.Report{Provider: provider, Target: target, Unreachable: failed.Error()}, Name: provider}}
		r.runs = []testRunJSON{{Name: provider, Checks: []testCheckJSON{}, Summary: newTestSummary(r.paper[0].Report, false, nil)}}
	}
	for _, to := range r.to {
		if err := r.write(to); err != nil {
			err = fail(codeUsage, fmt.Errorf("--report %s=%s: %w", to.form, to.file, err))
			if failed == nil {
				return err
			}
			r.app.warn(err.Error(), "")
		}
	}
	return failed
}

func (r *testReports) write(to reportTarget) error {
	var b bytes.Buffer
	if to.form == "json" {
		line, err := tagged("report", testReportJSON{r.runs}, true)
		if err != nil {
			return err
		}
		b.Write(append(line, '\n'))
	} else if err := r.paper.Write(&b, contract.Form(to.form)); err != nil {
		return err
	}
	switch {
	case to.form == "github":
		return r.github(to.file, b.Bytes())
	case to.file == "-":
		_, err := r.app.Out.Write(b.Bytes())
		return err
	}
	return os.WriteFile(r.app.path(to.file), b.Bytes(), 0o600)
}

// github writes the annotations into the log and appends the summary where the runner
// looks for it, or appends it to a file.
func (r *testReports) github(file string, summary []byte) (err error) {
	if file == "-" {
		if _, err := io.WriteString(r.app.Out, r.paper.Annotations()); err != nil {
			return err
		}
		var ok bool
		if file, ok = r.app.Env("GITHUB_STEP_SUMMARY"); !ok || file == "" {
			return nil
		}
	}
	f, err := os.OpenFile(r.app.path(file), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.Write(summary)
	return err
}
