package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"whk/cmd"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"whk": func() { os.Exit(cmd.Main(cmd.System(), os.Args[1:])) },
	})
}

// TestScripts runs the promises of the command line, one file each. A script that
// needs another program (openssl, curl) is skipped where that is missing. With -short
// only those run in which much goes on at once: the race detector, whose companion that
// is, makes every start of whk slow and has nothing to find in the others.
func TestScripts(t *testing.T) {
	names := []string{"*"}
	if testing.Short() {
		names = []string{"listen*", "replay*", "events_tail"}
	}
	var files []string
	for _, name := range names {
		found, err := filepath.Glob(filepath.Join("testdata", "script", name+".txtar"))
		if err != nil || len(found) == 0 {
			t.Fatalf("no scripts %s (%v)", name, err)
		}
		files = append(files, found...)
	}
	testscript.Run(t, testscript.Params{
		Files:               files,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			for _, name := range []string{"CONFIG", "DATA", "STATE"} {
				e.Setenv("XDG_"+name+"_HOME", filepath.Join(e.WorkDir, ".xdg", strings.ToLower(name)))
			}
			return os.MkdirAll(filepath.Join(e.WorkDir, ".xdg"), 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"waitfile": waitFile,
			"bytes":    writeBytes,
		},
	})
}

// waitfile FILE [VARIABLE] waits until a file is there, and puts its text into a
// variable.
func waitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: waitfile FILE [VARIABLE]")
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil {
			if len(args) == 2 {
				ts.Setenv(args[1], strings.TrimSpace(string(text)))
			}
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s did not appear", args[0])
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// bytes FILE TEXT writes a file without a final newline; \n, \r, \t, \e (ESC), \0 and \\ are
// understood, and the text "every" stands for the bytes 0 to 255.
func writeBytes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: bytes FILE TEXT")
	}
	text := strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\e`, "\x1b", `\0`, "\x00", `\\`, `\`).Replace(args[1])
	if args[1] == "every" {
		all := make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		text = string(all)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// Every command that the README shows exists, with the flags it shows.
func TestReadmeCommands(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for line := range strings.Lines(string(readme)) {
		_, command, ok := strings.Cut(line, "$ whk ")
		if !ok {
			continue
		}
		commands++
		var out, errs strings.Builder
		args := append(strings.Fields(command), "--help")
		if code := cmd.Main(cmd.IO{In: strings.NewReader(""), Out: &out, Err: &errs, Env: func(string) (string, bool) { return "", false }, Dir: t.TempDir()}, args); code != 0 {
			t.Errorf("whk %s: exit code %d\n%s", strings.TrimSpace(command), code, errs.String())
		}
	}
	if commands < 5 {
		t.Errorf("found %d commands in the README, expected the session", commands)
	}
}
