package main

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// careless is an app that takes everything.
const careless = `require("node:http").createServer((q, r) => { q.resume(); q.on("end", () => r.end()) }).listen(process.env.PORT, "127.0.0.1")`

// recipe is what the README tells a CI service to do. What is not in it is refused, so
// that a misspelt key does not go unnoticed.
type recipe struct {
	commands  []string
	variables map[string]string
	artifact  string // a report that is to be kept
}

func githubRecipe(t *testing.T, text string) recipe {
	t.Helper()
	var workflow struct {
		On   string
		Jobs map[string]struct {
			Runs  string `yaml:"runs-on"`
			Steps []struct {
				Uses, Run string
				Env       map[string]string
			}
		}
	}
	decode(t, text, &workflow)
	r := recipe{variables: map[string]string{}}
	for _, job := range workflow.Jobs {
		if workflow.On == "" || job.Runs == "" {
			t.Errorf("a workflow says when it runs, and a job where:\n%s", text)
		}
		for _, step := range job.Steps {
			if (step.Uses == "") == (step.Run == "") {
				t.Errorf("a step uses or runs something: %+v", step)
			}
			if step.Run != "" {
				r.commands = append(r.commands, step.Run)
			}
			for name, value := range step.Env {
				if !regexp.MustCompile(`^\$\{\{ secrets\.[A-Z_]+ \}\}$`).MatchString(value) {
					t.Errorf("%s: %s is no secret of the repository", name, value)
				}
				r.variables[name] = value
			}
		}
	}
	return r
}

func gitlabRecipe(t *testing.T, text string) recipe {
	t.Helper()
	var pipeline map[string]struct {
		Image     string
		Variables map[string]string
		Script    []string
		Artifacts struct {
			When    string
			Reports struct{ JUnit string }
		}
	}
	decode(t, text, &pipeline)
	r := recipe{variables: map[string]string{}}
	for _, job := range pipeline {
		r.commands = append(r.commands, job.Script...)
		for name, value := range job.Variables {
			if !regexp.MustCompile(`^\$[A-Z_]+$`).MatchString(value) {
				t.Errorf("%s: %s is no variable of the project", name, value)
			}
			r.variables[name] = value
		}
		if r.artifact = job.Artifacts.Reports.JUnit; job.Artifacts.When != "always" {
			t.Error("the report of a failure would not be kept")
		}
	}
	return r
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// run runs the commands of a recipe as a runner does, in a checkout whose server.js is
// given.
func (r recipe) run(t *testing.T, server string, more ...string) (out, dir string, err error) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "server.js"), []byte(server), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "CI=true"}, more...)
	for name := range r.variables {
		env = append(env, name+"=a-token-of-the-recipe")
	}
	for _, command := range r.commands {
		c := exec.Command("sh", "-e", "-c", command)
		c.Dir, c.Env = dir, env
		text, err := c.CombinedOutput()
		if out += string(text); err != nil {
			return out, dir, err
		}
	}
	return out, dir, nil
}

// recipes are the blocks of YAML in the README's section about CI.
func recipes(t *testing.T) []string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## In CI\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var found []string
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(section, -1) {
		if n := strings.Count(m[1], "\n"); n > 8 {
			t.Errorf("a recipe of %d lines, want 8 at most:\n%s", n, m[1])
		}
		found = append(found, m[1])
	}
	return found
}

// The recipes of the README do what it says: a careful app passes, and a careless one
// fails the job and leaves a report.
func TestReadmeRecipes(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long under the race detector")
	}
	for _, program := range []string{"node", "sh"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	careful, err := os.ReadFile(filepath.Join("testdata", "recipe", "server.js"))
	if err != nil {
		t.Fatal(err)
	}
	all := recipes(t)
	if len(all) != 2 {
		t.Fatalf("found %d recipes in the README, expected one for GitHub and one for GitLab", len(all))
	}
	t.Run("GitHub", func(t *testing.T) {
		t.Parallel()
		r := githubRecipe(t, all[0])
		if out, _, err := r.run(t, string(careful)); err != nil || !strings.Contains(out, "this endpoint would survive rentman") || strings.Contains(out, "::error") {
			t.Errorf("a careful app: %v\n%s", err, out)
		}
		out, dir, err := r.run(t, careless, "GITHUB_STEP_SUMMARY=summary.md")
		summary, _ := os.ReadFile(filepath.Join(dir, "summary.md"))
		if err == nil || !strings.Contains(out, "\n::error title=rentman sig.missing::") || !strings.Contains(string(summary), "### sig.missing (error)") {
			t.Errorf("a careless app: %v\n%s\n%s", err, out, summary)
		}
	})
	t.Run("GitLab", func(t *testing.T) {
		t.Parallel()
		r := gitlabRecipe(t, all[1])
		for server, fails := range map[string]bool{string(careful): false, careless: true} {
			out, dir, err := r.run(t, server)
			var report struct {
				Tests    int `xml:"tests,attr"`
				Failures int `xml:"failures,attr"`
			}
			text, readErr := os.ReadFile(filepath.Join(dir, r.artifact))
			if readErr == nil {
				readErr = xml.Unmarshal(text, &report)
			}
			if readErr != nil || report.Tests < 20 || (report.Failures > 0) != fails || (err != nil) != fails {
				t.Errorf("want a failure: %v; %v, the report %v %+v\n%s", fails, err, readErr, report, out)
			}
		}
	})
}
