package cmd

import (
	"fmt"
	"slices"
	"strings"

	"whk/cmd/config"
	"whk/listener"
	"whk/verify"
)

// namedProviders is how many providers a notice names; of more it says the number.
const namedProviders = 3

// warnOfNoSecrets says, in a line however many providers there are, whose signatures
// cannot be checked for want of a secret, and what comes of it. With --provider that is
// the one that is meant.
func (r *receiver) warnOfNoSecrets() {
	names := r.providersWithoutSecret()
	if only := r.flags.provider; only != "" {
		names = slices.DeleteFunc(names, func(name string) bool { return name != only })
	}
	if len(names) == 0 {
		return
	}
	who, whose := r.lacking(names)
	one := names[0]
	if len(names) > 1 {
		one = "PROVIDER"
	}
	advice := "whk secrets set " + one + " keeps one; whk doctor lists who has none"
	switch standsIn := r.developmentStandsIn(names); {
	case r.flags.onInvalid == string(listener.Reject):
		r.warn(who+": "+whose+" signatures cannot be checked, so they are not rejected", advice)
	case standsIn:
		r.notice("%s %s; the development secret stands in, and proves nothing", r.paint.warn("!"), who)
		r.say(r.paint.faint("hint:") + " " + advice)
	default:
		r.warn(who+", and none stands in where CI is set: "+whose+" signatures cannot be checked", advice)
	}
}

// lacking names providers that have no secret, or says how many they are.
func (r *receiver) lacking(names []string) (who, whose string) {
	switch n := len(names); {
	case n == 1:
		return "no secret for " + names[0], "its"
	case n <= namedProviders:
		return "no secret for " + strings.Join(names, ", "), "their"
	case n == len(r.secrets):
		return "no secret is configured", "the"
	default:
		return fmt.Sprintf("no secret for %d of %s", n, plural(len(r.secrets), "provider")), "their"
	}
}

// developmentStandsIn reports whether the well-known secrets are in use.
func (r *receiver) developmentStandsIn(names []string) bool {
	return slices.ContainsFunc(r.secrets[names[0]], func(s verify.Secret) bool { return s.Development })
}

// secretAdvice says how a provider gets its secret.
func secretAdvice(provider, variable string) string {
	return "whk secrets set " + provider + " keeps one; or set " + variable + ", or name it in " + config.ProjectFile
}
