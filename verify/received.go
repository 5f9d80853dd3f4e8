package verify

import (
	"fmt"
	"strings"
)

// came reports whether there is anything where the recipe's signature stands.
func (c *compiled) came(d *Delivery) bool {
	if c.body == nil {
		return len(d.Header[c.header]) > 0
	}
	spans, ok := c.body.find(d.Body)
	return ok && spans[0].from > 0
}

// place names where the signature stands.
func (c *compiled) place() string {
	if c.Body != nil {
		return c.Body.Sig + " of the body"
	}
	return c.header
}

// received is what a signature header says.
type received struct {
	signatures []string
	stamp, id  string
	hash       int // index into compiled.hashes
}

// readAny takes the signature from wherever it stands.
func (b *bound) readAny(d *Delivery, values []string, got *received) Verdict {
	if b.body == nil {
		return b.read(values, got)
	}
	if v := b.readBody(d.Body, got); v.Status != "" {
		return v
	}
	switch {
	case len(got.signatures) == 0:
		return Verdict{Status: Missing, Detail: "the body has no " + b.Body.Sig}
	case len(b.keys) == 0:
		return Verdict{Status: Unchecked, Reason: NoSecret}
	}
	return Verdict{}
}

// read takes the header's values apart. It returns a verdict only when they cannot
// be a signature of this scheme.
func (b *bound) read(values []string, got *received) Verdict {
	if b.Separator == "" {
		if len(values) > 1 {
			return malformed("%s came %d times, expected once", b.header, len(values))
		}
		return b.readField(strings.TrimSpace(values[0]), got)
	}
	var first Verdict
	for _, value := range values {
		for text := range strings.SplitSeq(value, b.Separator) {
			if v := b.readField(strings.TrimSpace(text), got); v.Status != "" && first.Status == "" {
				first = v
			}
		}
	}
	if len(got.signatures) == 0 {
		if first.Status != "" && first.Reason != Malformed {
			return first
		}
		return malformed("%s holds no signature of the form %s", b.header, b.Value)
	}
	for _, f := range b.fields {
		if f.variable == varTS && got.stamp == "" {
			return malformed("%s holds no time stamp: expected the form %s", b.header, b.Value)
		}
	}
	return Verdict{}
}

// readField matches one field of the header against the fields of the recipe.
func (b *bound) readField(text string, got *received) Verdict {
	for _, f := range b.fields {
		if f.variable == literal {
			continue
		}
		inner, ok := f.inner(text, f.prefix)
		if !ok && f.names {
			for i, a := range b.hashes[1:] {
				name, _, _ := strings.Cut(f.prefix, "=")
				if inner, ok = f.inner(text, strings.Replace(f.prefix, name, a.name, 1)); ok {
					got.hash = i + 1
					break
				}
			}
		}
		switch {
		case !ok && f.names:
			if v := b.misnamed(text, f); v.Status != "" {
				return v
			}
		case ok && f.variable == varTS:
			got.stamp = inner
			return Verdict{}
		case ok:
			got.signatures = append(got.signatures, inner)
			return Verdict{}
		}
	}
	return malformed("%s does not have the form %s", b.header, b.Value)
}

func (f field) inner(text, prefix string) (string, bool) {
	if len(text) <= len(prefix)+len(f.suffix) {
		return "", false
	}
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, f.suffix)
}

// misnamed judges a header whose algorithm is not the pinned one. The name comes
// from the message, so it is never followed, only reported.
func (b *bound) misnamed(text string, f field) Verdict {
	name, _, ok := strings.Cut(text, "=")
	switch {
	case !ok || name == "" || len(name) > 32 || strings.HasPrefix(f.prefix, name+"="):
		return Verdict{} // no name, or the right one around something else
	case knownHash(name) && plainName(name) != b.Algorithm:
		return Verdict{Status: Invalid, Reason: Downgrade,
			Detail: fmt.Sprintf("%s names %q, the scheme is %s", b.header, name, b.Algorithm)}
	}
	return Verdict{Status: Invalid, Reason: UnsupportedAlgorithm,
		Detail: fmt.Sprintf("%s names %q, the scheme writes %q", b.header, name, f.prefix)}
}

func malformed(format string, args ...any) Verdict {
	return Verdict{Status: Invalid, Reason: Malformed, Detail: fmt.Sprintf(format, args...)}
}
