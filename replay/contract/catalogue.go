package contract

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"whk/verify"
	"whk/verify/provider"
)

// Catalogue returns every check, in the order in which they are reported. The slice and
// its checks are the caller's own.
func Catalogue() []Check {
	return slices.Concat(
		acceptChecks(), signatureChecks(), algorithmChecks(), keyChecks(), noneChecks(), bodyChecks(), rawChecks(), schemaChecks(), shapeChecks(),
		idempotencyChecks(), orderChecks(), replayChecks(), methodChecks(), wireChecks(), hostileWireChecks(), speedChecks(), failChecks(), edgeChecks(), attackChecks(),
	)
}

// The scopes. Each looks at what the scheme and the samples are.

func everywhere() Scope {
	return Scope{"every provider", func(*Subject) bool { return true }}
}

// keyed: a secret is involved, in a signature or in clear.
func keyed() Scope {
	return Scope{"schemes with a secret", func(s *Subject) bool { return s.scheme.Keyed() }}
}

// signing: a signature is computed, by a keyed hash or a key pair.
func signing() Scope {
	return Scope{"schemes with a signature", (*Subject).signs}
}

func (s *Subject) signs() bool { return s.scheme.Keyed() && s.recipe.Kind != verify.KindStatic }

// hashing: the signature is a keyed hash, which both sides compute.
func hashing() Scope {
	return Scope{"schemes with a keyed hash", (*Subject).hashes}
}

func (s *Subject) hashes() bool {
	return s.signs() && (s.recipe.Kind == verify.KindHMAC || s.recipe.Kind == verify.KindHash)
}

// bodySigning: a change of the body makes the signature wrong.
func bodySigning() Scope {
	return Scope{"signatures that cover the body", func(s *Subject) bool { return s.coversBody }}
}

// jsonSigning: the same, for bodies of JSON.
func jsonSigning() Scope {
	return Scope{"signatures that cover a body of JSON", func(s *Subject) bool { return s.coversBody && s.basis.tree != nil }}
}

// naming: the header names the algorithm, as in "sha512=".
func naming() Scope {
	return Scope{"headers that name the algorithm", func(s *Subject) bool { return s.signs() && s.named() != "" }}
}

// named is the algorithm as the header spells it, "" when it spells none.
func (s *Subject) named() string {
	prefix, _ := s.sigField()
	name, _, ok := strings.Cut(prefix, "=")
	if s.recipe.Kind != verify.KindHMAC || s.recipe.Body != nil || !ok || plainName(name) != s.recipe.Algorithm {
		return ""
	}
	return name
}

func plainName(name string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "-", "")
}

// sharing: the key itself crosses the wire.
func sharing() Scope {
	return Scope{"shared keys in clear", func(s *Subject) bool { return s.scheme.Keyed() && s.recipe.Kind == verify.KindStatic }}
}

// open: nothing shows who sent a delivery.
func open() Scope {
	return Scope{"providers without authentication", func(s *Subject) bool { return !s.scheme.Keyed() }}
}

// stamped: a time is signed, and its age is judged.
func stamped() Scope {
	return Scope{"signed time stamps with a tolerance", func(s *Subject) bool { return s.signs() && s.tolerance() > 0 }}
}

// timed: a time is signed, whether its age is judged or not.
func timed() Scope {
	return Scope{"signed time stamps", func(s *Subject) bool { return s.signs() && s.recipe.Timestamp != nil }}
}

// untimed: no time is signed or none is judged.
func untimed() Scope {
	return Scope{"schemes that judge no time stamp", func(s *Subject) bool { return !s.signs() || s.tolerance() == 0 }}
}

// identified: the delivery's id is signed.
func identified() Scope {
	return Scope{"signed delivery ids", func(s *Subject) bool { return s.signs() && s.recipe.ID != "" }}
}

// decoding: the key is made of the secret's text by decoding it.
func decoding() Scope {
	return Scope{"secrets that are decoded", func(s *Subject) bool {
		return s.hashes() && (s.recipe.SecretPrefix != "" || s.recipe.SecretEncoding == "base64" || s.recipe.SecretEncoding == "hex")
	}}
}

// rotating: two signatures may stand side by side, or the receiver has two secrets.
func rotating() Scope {
	return Scope{"several signatures or secrets", func(s *Subject) bool { return s.signs() && (s.lists() || len(s.secrets) > 1) }}
}

// lists reports whether one header may hold several signatures.
func (s *Subject) lists() bool { return s.recipe.Separator != "" }

// jsonBodies: events have bodies that can be bent as JSON objects.
func jsonBodies() Scope {
	return Scope{"bodies of JSON", func(s *Subject) bool { return s.basis.isObject() }}
}

// having: some sample has what a check is about.
func having(name string, fits func(*Specimen) bool) Scope {
	return Scope{name, func(s *Subject) bool { return slices.ContainsFunc(s.forms, fits) }}
}

// posting: the provider does not deliver by GET.
func posting() Scope {
	return Scope{"providers that do not use GET", func(s *Subject) bool { return !s.Provider.Accepts(http.MethodGet) }}
}

// overTLS and overPlain: the scheme of the URL.
func overTLS() Scope {
	return Scope{"https URLs", func(s *Subject) bool { return strings.HasPrefix(s.Target, "https://") }}
}

// wantsHTTPS: the definition says that only https is called, and the URL is http.
func wantsHTTPS() Scope {
	return Scope{"http URLs of providers that demand https", func(s *Subject) bool {
		return strings.HasPrefix(s.Target, "http://") && slices.ContainsFunc(s.Provider.Claims, func(c provider.Claim) bool {
			return c.About == "url" && strings.Contains(c.Says, "https")
		})
	}}
}

// asksOptions: the definition has a question by OPTIONS, as CloudEvents does.
func asksOptions() Scope {
	return Scope{"providers that ask by OPTIONS", func(s *Subject) bool {
		return slices.ContainsFunc(s.Provider.Handshakes(), func(h provider.Handshake) bool { return h.Method == http.MethodOptions })
	}}
}

// deep: the path of the URL has a last part that could be its secret.
func deep() Scope {
	return Scope{"paths that could hold a secret", func(s *Subject) bool {
		u, err := url.Parse(s.Target)
		return err == nil && !s.scheme.Keyed() && strings.Count(strings.Trim(u.Path, "/"), "/") > 0
	}}
}
