package cmd

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker for releases.
var version = ""

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs, Annotations: map[string]string{noConfig: ""},
		Example: "  whk version --json",
		RunE: func(*cobra.Command, []string) error {
			if !a.isJSON() {
				_, err := fmt.Fprintf(a.Out, "whk %s %s %s/%s\n", currentVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
				return err
			}
			out, err := a.newJSON()
			if err != nil {
				return err
			}
			return out.emit("version", versionJSON{currentVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH})
		},
	}
}

// versionJSON is the version as output, type "version".
type versionJSON struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func currentVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "development"
}
