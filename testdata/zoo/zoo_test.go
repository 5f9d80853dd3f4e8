// Package zoo holds endpoints as people write them, in Express, Flask, PHP and Go: careful
// ones, to be copied, and what goes wrong in them. Each careful one must survive whk test,
// and each fault must be found by the check that is made for it, and trouble no other but
// those that cannot but notice. It is a module of its own, without dependencies.
//
//	(cd express && npm ci) && WHK=/path/to/whk go test -v ./...
package zoo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"
)

// endpoint is a program that serves PORT, with its secret in the environment.
type endpoint struct {
	name, provider, secret string
	dir                    string
	command                []string
}

// endpoints are those of the zoo; built is the one in Go.
func endpoints(built string) []endpoint {
	return []endpoint{
		{"express", "rentman", "some_secret_key", "express", []string{"node", "server.mjs"}},
		{"php", "rentman", "some_secret_key", "php", []string{"sh", "-c", "exec php -q -d log_errors=0 -S 127.0.0.1:$PORT server.php"}},
		{"flask", "cassaincloud", "d9d36bea41c44ae49d1bfc4a48ba2abe", "flask", []string{"/usr/bin/python3", "server.py", "cassaincloud"}},
		{"flask", "slack", "8f742231b10e8888abcd99yyyzzz85a5", "flask", []string{"/usr/bin/python3", "server.py", "slack"}},
		{"go", "ploomes", "b7c4f8a2-validation-key", ".", []string{built}},
	}
}

// Careful endpoints have nothing to fear, and faults are found.
func TestZoo(t *testing.T) {
	whk := os.Getenv("WHK")
	if whk == "" {
		t.Fatal("set WHK to the path of the program")
	}
	built := filepath.Join(t.TempDir(), "ploomes")
	if out, err := exec.Command("go", "build", "-o", built, "./go").CombinedOutput(); err != nil {
		t.Fatalf("build the endpoint in Go: %v\n%s", err, out)
	}
	rows := map[string][]string{}
	var order []string
	t.Run("endpoints", func(t *testing.T) {
		for _, e := range endpoints(built) {
			quick := quickChecks(t, whk, e.provider)
			for _, mode := range []string{"quick", "full"} {
				t.Run(e.name+"/"+e.provider+"/careful, "+mode, func(t *testing.T) {
					t.Parallel()
					for id, says := range e.test(t, whk, mode, "").failed {
						t.Errorf("%s failed: %s", id, says)
					}
				})
			}
			for _, f := range faults()[e.name+"/"+e.provider] {
				key := e.name + "\t" + e.provider + "\t" + f.name
				order = append(order, key)
				row := make([]string, 1)
				rows[key] = row
				t.Run(e.name+"/"+e.provider+"/"+strings.ReplaceAll(f.name, "/", " "), func(t *testing.T) {
					t.Parallel()
					mode := "full"
					if slices.Contains(quick, f.found) && !f.full {
						mode = "quick"
					}
					row[0] = f.judge(t, mode, e.test(t, whk, mode, f.name, f.flags...))
				})
			}
		}
	})
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "endpoint\tprovider\tfault\tmode\tfound by\talso noticed by")
	for _, key := range order {
		fmt.Fprintln(w, key+"\t"+rows[key][0])
	}
	_ = w.Flush()
	t.Logf("%d faults:\n%s", len(order), &table)
}

// judge holds what failed to what should, and returns its row of the matrix.
func (f fault) judge(t *testing.T, mode string, o outcome) string {
	by := f.found
	if _, ok := o.failed[f.found]; !ok {
		t.Errorf("%s did not find it; %v failed", f.found, o.order)
		by = "not " + by
	}
	for id, says := range o.failed {
		if id != f.found && !slices.ContainsFunc(f.also, func(glob string) bool { ok, _ := path.Match(glob, id); return ok }) {
			t.Errorf("%s failed, too: %s", id, says)
		}
	}
	others := slices.DeleteFunc(slices.Clone(o.order), func(id string) bool { return id == f.found })
	return mode + "\t" + by + "\t" + strings.Join(others, " ")
}

// outcome is what a test found: what failed, and why.
type outcome struct {
	failed map[string]string
	order  []string
}

// test runs whk test, which starts the endpoint, and sees to it that nothing stays.
func (e endpoint) test(t *testing.T, whk, mode, fault string, flags ...string) outcome {
	t.Helper()
	dir := t.TempDir()
	report, run, at := filepath.Join(dir, "report.json"), filepath.Base(filepath.Dir(dir))+filepath.Base(dir), freeAddress(t)
	args := []string{"test", "http://" + at + "/" + e.provider, "--provider", e.provider, "--mode", mode, "--seed", "7", "--settle", "500ms",
		"--probe", "http://" + at + "/count#count", "--report", "json=" + report}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, whk, slices.Concat(args, flags, []string{"--"}, e.command)...)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 10 * time.Second
	c.Dir = e.dir
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	c.Env = []string{
		"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "CI=false", "ZOO_RUN=" + run,
		"WHK_SECRET_" + strings.ToUpper(e.provider) + "=" + e.secret, "FAULT=" + fault,
		"INBOX=" + filepath.Join(dir, "inbox.sqlite"), "PHP_CLI_SERVER_WORKERS=4", "PYTHONDONTWRITEBYTECODE=1",
	}
	t.Cleanup(func() { nothingLeft(t, run) })
	err := c.Run()
	o, readErr := readReport(report)
	if readErr != nil {
		t.Fatalf("whk test: %v, %v\n%s", err, readErr, &said)
	}
	return o
}

func readReport(name string) (outcome, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return outcome{}, err
	}
	var report struct {
		Runs []struct {
			Summary struct{ Says string }
			Checks  []struct {
				ID, Status, Severity, Says string
				Evidence                   []struct{ Says, Sent, Came string }
			}
		}
	}
	if err := json.Unmarshal(content, &report); err != nil {
		return outcome{}, err
	}
	if len(report.Runs) != 1 || len(report.Runs[0].Checks) < 10 {
		return outcome{}, fmt.Errorf("the endpoint was not tested: %s", content)
	}
	o := outcome{failed: map[string]string{}}
	for _, check := range report.Runs[0].Checks {
		if check.Status != "failed" {
			continue
		}
		o.order = append(o.order, check.ID)
		o.failed[check.ID] = check.Severity + " " + check.Says
		for _, e := range check.Evidence {
			o.failed[check.ID] += "\n  " + e.Says + " | " + e.Sent + " | " + e.Came
		}
	}
	return o, nil
}

// quickChecks are the checks that a quick test of a provider has.
func quickChecks(t *testing.T, whk, provider string) []string {
	t.Helper()
	out, err := exec.Command(whk, "test", "--list", "--provider", provider, "--json").Output()
	if err != nil {
		t.Fatalf("list the checks of %s: %v", provider, err)
	}
	var ids []string
	for line := range bytes.Lines(out) {
		var check struct{ ID string }
		if err := json.Unmarshal(line, &check); err != nil {
			t.Fatalf("list the checks of %s: %v: %s", provider, err, line)
		}
		ids = append(ids, check.ID)
	}
	return ids
}

// freeAddress is one on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// nothingLeft fails when a process of a run is still there after whk ended, and ends it.
func nothingLeft(t *testing.T, run string) {
	environs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, name := range environs {
		environ, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(environ, []byte("ZOO_RUN="+run+"\x00")) {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		what, _ := os.ReadFile(filepath.Join(filepath.Dir(name), "cmdline"))
		t.Errorf("process %d outlived whk test: %s", pid, bytes.ReplaceAll(what, []byte{0}, []byte(" ")))
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}
