package cmd

import "strings"

// ascii reports whether drawings have to do without Unicode: on a dumb terminal, and in
// a locale that is not UTF-8. Where no locale is set, as on Windows and in containers,
// UTF-8 is what terminals speak.
func (a *app) ascii() bool {
	if term, _ := a.Env("TERM"); term == "dumb" {
		return true
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale, _ := a.Env(name); locale != "" {
			locale = strings.ToLower(locale)
			return !strings.Contains(locale, "utf-8") && !strings.Contains(locale, "utf8")
		}
	}
	return false
}

// arrow points from what was sent to what came back.
func (a *app) arrow() string {
	if a.ascii() {
		return "->"
	}
	return "→"
}

// times stands between a number and what there is so many of.
func (a *app) times() string {
	if a.ascii() {
		return "x"
	}
	return "×"
}
