package cmd_test

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"whk/cmd"
)

// TestMain makes this program serve as whk too, for the tests that run it whole in a
// terminal (screen_*_test.go).
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"whk": func() { os.Exit(cmd.Main(cmd.System(), os.Args[1:])) },
	})
}
