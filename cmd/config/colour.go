package config

import "strings"

// Colour decides once whether a stream gets colour. The mode of --color wins; in mode
// auto (or "") any NO_COLOR says no, then CLICOLOR_FORCE says yes, and otherwise a
// terminal gets it unless TERM is dumb or CLICOLOR is 0.
func Colour(mode string, env Lookup, isTerminal bool) (bool, error) {
	switch strings.ToLower(mode) {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto", "":
	default:
		return false, failf("write auto, always or never", "--color: unknown mode %q", mode)
	}
	get := Paths{Env: env}.env
	if get("NO_COLOR") != "" {
		return false, nil
	}
	if force := get("CLICOLOR_FORCE"); force != "" && force != "0" {
		return true, nil
	}
	return isTerminal && get("TERM") != "dumb" && get("CLICOLOR") != "0", nil
}
