package config

import (
	"runtime"
	"slices"
	"strings"

	"whk/verify/provider"
)

// Strays are notices about variables that begin with WHK_ and that nothing reads: most
// likely a name that was misspelt. Names are those of the environment, flags those of all
// commands, and providers whose secrets may be in it.
//
// A variable WHK_SECRET_<PROVIDER> may belong to a definition that is not known in this
// folder, and one of WHK_HEADER_ to a printed curl; so they are strays only when they are
// spelt much like that of a provider.
func (l *Loaded) Strays(names, flags, providers []string) []Notice {
	known := []string{"WHK_CONFIG", "WHK_URL", "WHK_TARGET"}
	for _, flag := range flags {
		known = append(known, Variable(flag))
	}
	var secrets []string
	for _, name := range providers {
		secrets = append(secrets, SecretVariable(name))
	}
	for _, p := range l.Providers() {
		secrets = append(secrets, SecretVariable(p.Name))
		for _, ref := range p.Secrets {
			known = append(known, ref.Env)
		}
	}
	var notices []Notice
	for _, name := range slices.Sorted(slices.Values(names)) {
		if runtime.GOOS == "windows" { // which finds a variable in any case
			name = strings.ToUpper(name)
		}
		if value, _ := l.env(name); value == "" || !strings.HasPrefix(name, "WHK_") || strings.HasPrefix(name, "WHK_HEADER_") {
			continue
		}
		if slices.Contains(known, name) || slices.Contains(secrets, name) {
			continue
		}
		candidates := known
		secret := strings.HasPrefix(name, "WHK_SECRET_")
		if secret {
			candidates = secrets
		}
		near := nearestVariable(name, candidates, secret)
		switch {
		case near != "":
			notices = append(notices, Notice{"the variable " + quoteOdd(name) + " is not known, and not read", "did you mean " + near + "?"})
		case !secret:
			notices = append(notices, Notice{"the variable " + quoteOdd(name) + " is not known, and not read", "the variable of a flag is WHK_ and its name in capitals: WHK_ON_INVALID for --on-invalid"})
		}
	}
	return notices
}

// nearestVariable compares what tells variables apart, and not how all of them begin. Two
// providers may well have names of which one begins like the other.
func nearestVariable(name string, known []string, secret bool) string {
	prefix := "WHK_"
	if secret {
		prefix = "WHK_SECRET_"
	}
	var rests []string
	for _, other := range known {
		rest := strings.TrimPrefix(other, prefix)
		if !secret || !extends(rest, name[len(prefix):]) && !extends(name[len(prefix):], rest) {
			rests = append(rests, rest)
		}
	}
	if near := provider.Nearest(name[len(prefix):], rests); len(near) > 0 {
		return prefix + near[0]
	}
	return ""
}

// extends reports whether a name is another one with something added. One letter more is
// no name of its own, but a slip of the hand.
func extends(long, short string) bool {
	before, after, ok := strings.Cut(long, short)
	added := before + after
	return ok && (len(added) > 1 || strings.Trim(added, "0123456789_") == "")
}
