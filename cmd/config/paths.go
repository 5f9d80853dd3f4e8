package config

import (
	"os"
	"path/filepath"
	"runtime"
)

// Paths tells where whk keeps its files. It only names places; it creates none.
//
//	           config.yaml                    events.db                  locks, trust
//	Linux      ~/.config/whk                  ~/.local/share/whk         ~/.local/state/whk
//	macOS      ~/Library/Application Support/whk for both                state below it
//	Windows    %AppData%\whk                  %LocalAppData%\whk         state below it
//
// XDG_CONFIG_HOME, XDG_DATA_HOME and XDG_STATE_HOME win when they are set, except on
// Windows. A relative XDG folder is ignored, as its specification demands.
type Paths struct {
	Env Lookup
	// OS is a GOOS; empty means the one whk runs on.
	OS string
}

// Home is the user's own folder, or an Error when the environment does not say it.
func (p Paths) Home() (string, error) {
	name := "HOME"
	if p.os() == "windows" {
		name = "USERPROFILE"
	}
	if home := p.env(name); home != "" {
		return home, nil
	}
	return "", failf("set "+name+", or name the files with --store and WHK_CONFIG", "find the home folder: %s is not set", name)
}

// ConfigDir is the folder of the user's own configuration and definitions.
func (p Paths) ConfigDir() (string, error) {
	if p.os() == "windows" {
		return p.windows("APPDATA")
	}
	return p.xdg("XDG_CONFIG_HOME", ".config")
}

// UserFile is the user's configuration file, there or not: WHK_CONFIG, or config.yaml
// in ConfigDir. A relative WHK_CONFIG counts from dir. It is empty when WHK_CONFIG
// names the null device, which means: no user file.
func (p Paths) UserFile(dir string) (string, error) {
	switch named := p.env("WHK_CONFIG"); {
	case named == os.DevNull:
		return "", nil
	case named != "" && filepath.IsAbs(named):
		return filepath.Clean(named), nil
	case named != "":
		return filepath.Join(dir, named), nil
	}
	config, err := p.ConfigDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(config, "config.yaml"), nil
}

// DataDir is the folder of the event store.
func (p Paths) DataDir() (string, error) {
	if p.os() == "windows" {
		return p.windows("LOCALAPPDATA", "APPDATA")
	}
	return p.xdg("XDG_DATA_HOME", ".local/share")
}

// StorePath is where events are kept unless --store says otherwise.
func (p Paths) StorePath() (string, error) {
	data, err := p.DataDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(data, "events.db"), nil
}

// SecretFile is where whk secrets keeps secrets. WHK_CONFIG does not move it: that may
// name a file in a project, where secrets have no place.
func (p Paths) SecretFile() (string, error) {
	config, err := p.ConfigDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(config, "secrets.json"), nil
}

// StateDir is the folder of what whk notes for itself: locks, and which project files
// are trusted.
func (p Paths) StateDir() (string, error) {
	switch {
	case p.os() == "windows":
		local, err := p.windows("LOCALAPPDATA", "APPDATA")
		return filepath.Join(local, "state"), err
	case p.os() == "darwin" && !filepath.IsAbs(p.env("XDG_STATE_HOME")):
		library, err := p.xdg("XDG_STATE_HOME", "")
		return filepath.Join(library, "state"), err
	}
	return p.xdg("XDG_STATE_HOME", ".local/state")
}

// xdg is whk's folder below an XDG folder, which defaults to one in the home folder.
func (p Paths) xdg(name, fallback string) (string, error) {
	if base := p.env(name); filepath.IsAbs(base) {
		return filepath.Join(base, "whk"), nil
	}
	home, err := p.Home()
	if err != nil {
		return "", err
	}
	if p.os() == "darwin" {
		fallback = "Library/Application Support"
	}
	return filepath.Join(home, filepath.FromSlash(fallback), "whk"), nil
}

// windows is whk's folder below the first of the variables that is set.
func (p Paths) windows(names ...string) (string, error) {
	for _, name := range names {
		if base := p.env(name); base != "" {
			return filepath.Join(base, "whk"), nil
		}
	}
	return "", failf("name the files with --store and WHK_CONFIG", "find the folder for whk's files: %s is not set", names[0])
}

func (p Paths) env(name string) string {
	if p.Env == nil {
		return ""
	}
	value, _ := p.Env(name)
	return value
}

func (p Paths) os() string {
	if p.OS != "" {
		return p.OS
	}
	return runtime.GOOS
}
