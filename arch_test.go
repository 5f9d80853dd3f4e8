package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The house has rooms, and arrows between them that point one way. Only the direct
// imports of files that end up in the binary are judged: tests may look anywhere.
// A package below a room belongs to that room.

// module is the module's path; its root package is the room "main".
const module = "whk"

// rooms maps every room to those it may import. All but verify/display itself may
// import verify/display, the boundary that hostile text passes.
func rooms() map[string][]string {
	return map[string][]string{
		"main": {"cmd"},
		"cmd": {
			"cmd/config", "tui",
			"listener", "listener/filter", "listener/store",
			"replay", "replay/contract", "replay/simulate",
			"verify", "verify/explain", "verify/provider",
		},
		"cmd/config":      {"verify", "verify/provider"},
		"tui":             {"listener", "listener/filter", "replay", "replay/simulate", "verify", "verify/explain", "verify/provider"},
		"listener":        {"verify", "verify/provider"},
		"listener/filter": {"listener", "verify", "verify/provider"},
		"listener/store":  {"listener", "listener/filter", "verify", "verify/provider"},
		"replay":          {"verify", "verify/provider"},
		"replay/contract": {"replay", "verify", "verify/explain", "verify/provider"},
		"replay/simulate": {"replay", "verify", "verify/provider"},
		"verify":          {},
		"verify/display":  {},
		"verify/explain":  {"verify"},
		"verify/provider": {"verify"},
	}
}

// screenModules draw on the terminal, under the names of both of their homes.
func screenModules() []string {
	return []string{
		"charm.land/bubbletea", "charm.land/lipgloss", "charm.land/bubbles",
		"github.com/charmbracelet/bubbletea", "github.com/charmbracelet/lipgloss", "github.com/charmbracelet/bubbles",
	}
}

// testModules have no place in the binary; go-cmp alone would add 2.8 MB to it.
func testModules() []string {
	return []string{
		"github.com/google/go-cmp", "github.com/rogpeppe/go-internal", "github.com/charmbracelet/x/vt",
		"github.com/charmbracelet/x/exp/teatest", "pgregory.net/rapid",
	}
}

// TestArrows holds every import of the module against the rules.
func TestArrows(t *testing.T) {
	imports := moduleImports(t)
	for _, pkg := range slices.Sorted(maps.Keys(imports)) {
		for _, imported := range slices.Sorted(maps.Keys(imports[pkg])) {
			if sentence := breach(pkg, imported); sentence != "" {
				t.Errorf("%s: %s imports %s: %s", imports[pkg][imported], pkg, imported, sentence)
			}
		}
	}
}

// TestBreach proves that each rule bites, and that what the plan allows passes.
func TestBreach(t *testing.T) {
	tests := []struct {
		pkg, imported string
		want          string
	}{
		{"main", "cmd", ""},
		{"cmd", "tui", ""},
		{"cmd", "github.com/spf13/cobra", ""},
		{"tui", "charm.land/lipgloss/v2", ""},
		{"listener/store", "zombiezen.com/go/sqlite", ""},
		{"listener/store/jetstream", "listener/store", ""},
		{"replay", "verify/display", ""},
		{"verify", "verify/display", ""},
		{"verify", "net/http", ""},

		{"main", "listener", "main runs cmd.Main and knows nothing else"},
		{"listener", "replay", "listener and replay never know each other: listener declares the Sender it needs and cmd hands it in"},
		{"replay/contract", "listener", "listener and replay never know each other: listener declares the Sender it needs and cmd hands it in"},
		{"verify/provider", "cmd/config", "nothing but main imports cmd"},
		{"listener", "tui", "nothing but cmd imports tui: the socket never waits for the screen"},
		{"cmd", "charm.land/bubbletea/v2", "only tui knows bubbletea, lipgloss and bubbles"},
		{"cmd", "github.com/charmbracelet/lipgloss", "only tui knows bubbletea, lipgloss and bubbles"},
		{"tui", "net/http", "tui never speaks to the network: cmd hands it what it needs"},
		{"tui", "listener/store", "tui may import listener, listener/filter, replay, replay/simulate, verify, verify/explain, verify/provider, verify/display"},
		{"verify", "github.com/tidwall/gjson", "verify is built on the standard library only"},
		{"verify/display", "github.com/charmbracelet/x/ansi", "verify/display is built on the standard library only"},
		{"verify/display", "verify", "verify/display may import nothing of the module"},
		{"verify/explain", "verify", ""},
		{"verify/explain", "github.com/tidwall/gjson", "verify/explain is built on the standard library only"},
		{"verify/explain", "verify/provider", "verify/explain may import verify, verify/display"},
		{"replay", "github.com/google/go-cmp/cmp", "github.com/google/go-cmp is for tests only and must not be in the binary"},
		{"verify/provider/rentman", "strings", "a provider is data: a definition and samples, no Go"},
		{"helpers", "strings", "helpers is no room of the house: put the code into one of " + strings.Join(slices.Sorted(maps.Keys(rooms())), ", ")},
	}
	for _, tt := range tests {
		t.Run(tt.pkg+" imports "+tt.imported, func(t *testing.T) {
			got := breach(tt.pkg, tt.imported)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("breach (-want +got):\n%s", diff)
			}
		})
	}
}

// breach returns the sentence of the rule that an import breaks, or "". Packages of
// the module go by their path below its root, which itself goes by "main".
func breach(pkg, imported string) string {
	from, ok := roomOf(pkg)
	switch {
	case !ok:
		return fmt.Sprintf("%s is no room of the house: put the code into one of %s",
			pkg, strings.Join(slices.Sorted(maps.Keys(rooms())), ", "))
	case path.Dir(pkg) == "verify/provider":
		return "a provider is data: a definition and samples, no Go"
	}
	if to, ok := roomOf(imported); ok {
		return breachInside(from, to)
	}
	return breachOutside(from, imported)
}

// breachInside judges an arrow between two rooms.
func breachInside(from, to string) string {
	if from == to {
		return ""
	}
	allowed := rooms()[from]
	if from != "verify/display" && from != "main" {
		allowed = append(allowed, "verify/display")
	}
	switch {
	case slices.Contains(allowed, to):
		return ""
	case from == "main":
		return "main runs cmd.Main and knows nothing else"
	case below(to, "cmd"):
		return "nothing but main imports cmd"
	case to == "tui":
		return "nothing but cmd imports tui: the socket never waits for the screen"
	case below(from, "listener") && below(to, "replay"), below(from, "replay") && below(to, "listener"):
		return "listener and replay never know each other: listener declares the Sender it needs and cmd hands it in"
	case len(allowed) == 0:
		return from + " may import nothing of the module"
	}
	return from + " may import " + strings.Join(allowed, ", ")
}

// breachOutside judges an import of the standard library or of another module.
func breachOutside(from, imported string) string {
	first, _, _ := strings.Cut(imported, "/")
	foreign := strings.Contains(first, ".")
	switch {
	case from == "tui" && imported == "net/http":
		return "tui never speaks to the network: cmd hands it what it needs"
	case foreign && (from == "verify" || from == "verify/display" || from == "verify/explain"):
		return from + " is built on the standard library only"
	}
	for _, m := range screenModules() {
		if from != "tui" && below(imported, m) {
			return "only tui knows bubbletea, lipgloss and bubbles"
		}
	}
	for _, m := range testModules() {
		if below(imported, m) {
			return m + " is for tests only and must not be in the binary"
		}
	}
	return ""
}

// roomOf names the room a package belongs to: the longest one it is below.
func roomOf(pkg string) (string, bool) {
	table := rooms()
	for p := pkg; p != "."; p = path.Dir(p) {
		if _, ok := table[p]; ok {
			return p, true
		}
	}
	return "", false
}

// below reports whether p is dir or lies under it.
func below(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

// moduleImports maps every package of the module to what its non-test files import,
// for all systems, each with the place of one import.
func moduleImports(t *testing.T) map[string]map[string]token.Position {
	t.Helper()
	all := make(map[string]map[string]token.Position)
	files := token.NewFileSet()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != "." && (base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(files, name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := inside(path.Join(module, path.Dir(filepath.ToSlash(name))))
		if all[pkg] == nil {
			all[pkg] = make(map[string]token.Position)
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return fmt.Errorf("%s: %w", files.Position(spec.Pos()), err)
			}
			all[pkg][inside(imported)] = files.Position(spec.Pos())
		}
		return nil
	})
	if err != nil {
		t.Fatalf("read the module: %v", err)
	}
	if len(all) == 0 {
		t.Fatal("read the module: no package found")
	}
	return all
}

// inside shortens a path of the module to the part below its root.
func inside(p string) string {
	if p == module {
		return "main"
	}
	return strings.TrimPrefix(p, module+"/")
}
