package provider

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"whk/verify"
)

// The recipes that a public key proves, and those of a signature in the body.

// maxKeyTrials bounds the checks with a public key, each of which takes a tenth of a
// millisecond.
const maxKeyTrials = 6000

// public looks for what a public key verifies: an HTTP message signature, or a signature
// of what headers and body make together.
func (s *recipeSearch) public(ctx context.Context, d *Recorded) (verify.Recipe, bool) {
	if r, ok := s.message(d); ok {
		return r, true
	}
	defer func() { s.tried = 0 }() // the search for a secret has a bound of its own
	for parts := range 3 {
		for _, name := range ownHeaders(d.Delivery.Header) {
			for _, spot := range spotsBy(name, d.Delivery.Header[name][0], writtenByKey) {
				if r, ok := s.paired(ctx, d, spot, parts+1); ok {
					return r, true
				}
			}
		}
	}
	return verify.Recipe{}, false
}

// message looks for an HTTP message signature, whose header says what it covers.
func (s *recipeSearch) message(d *Recorded) (verify.Recipe, bool) {
	input := d.Delivery.Header.Get("Signature-Input")
	_, list, ok := strings.Cut(input, "=(")
	list, _, closed := strings.Cut(list, ")")
	if !ok || !closed {
		return verify.Recipe{}, false
	}
	var covered []string
	for _, m := range regexp.MustCompile(`"([^"]+)"((?:;[a-z]+(?:="[^"]*")?)*)`).FindAllStringSubmatch(list, -1) {
		switch name, ok := strings.CutPrefix(m[2], `;name="`); {
		case m[2] == "":
			covered = append(covered, m[1])
		case ok:
			covered = append(covered, m[1]+":"+strings.TrimSuffix(name, `"`))
		}
	}
	for _, algorithm := range []string{"ed25519", "ecdsa-p256-sha256", "ecdsa-p384-sha384", "rsa-pss-sha512", "rsa-v1_5-sha256", "hmac-sha256"} {
		keys := [][2]string{{"", ""}}
		if algorithm == "hmac-sha256" {
			keys = s.keys()
		}
		for _, key := range keys {
			r := verify.Recipe{Kind: verify.KindMessage, Algorithm: algorithm, Covered: covered, SecretEncoding: key[0], SecretPrefix: key[1]}
			if s.fits(r, d) {
				return r, true
			}
		}
	}
	return verify.Recipe{}, false
}

// paired tries everything of so many parts that a private key may have signed.
func (s *recipeSearch) paired(ctx context.Context, d *Recorded, spot signatureSpot, parts int) (verify.Recipe, bool) {
	base := verify.Recipe{Header: spot.header, Value: spot.value, Separator: spot.separator, Encoding: spot.encoding}
	if spot.value == "{sig}" {
		base.Value = ""
	}
	schemes := s.pairs(base, spot)
	for _, o := range s.options(d, spot) {
		for _, content := range contents(o.parts, parts, d.Delivery) {
			r, ok := o.onto(base, content)
			if !ok {
				continue
			}
			for _, scheme := range schemes {
				r.Kind, r.Algorithm, r.Form = scheme.Kind, scheme.Algorithm, scheme.Form
				if s.tried++; s.tried > maxKeyTrials || ctx.Err() != nil {
					return verify.Recipe{}, false
				}
				if s.fits(r, d) {
					return r, true
				}
			}
		}
	}
	return verify.Recipe{}, false
}

// pairs are the schemes that a signature of this size can be of, and the keys fit.
func (s *recipeSearch) pairs(base verify.Recipe, spot signatureSpot) []verify.Recipe {
	var all []verify.Recipe
	add := func(kind, algorithm, form string) {
		r := base
		r.Kind, r.Algorithm, r.Form = kind, algorithm, form
		if strings.Contains(r.Value, "{ts}") {
			r.Timestamp = &verify.Timestamp{Format: spot.stamp}
		}
		scheme, err := verify.NewScheme(r)
		if err != nil {
			return
		}
		if _, err := scheme.Bind("https://example.com", s.secrets...); err == nil {
			all = append(all, r)
		}
	}
	for i, hash := range []string{"sha256", "sha384", "sha512"} {
		switch {
		case spot.form == "asn1":
			add(verify.KindECDSA, hash, "")
		case spot.size == []int{64, 96, 132}[i]:
			add(verify.KindECDSA, hash, "raw")
		case spot.size >= 128:
			add(verify.KindRSA, hash, "")
			add(verify.KindRSAPSS, hash, "")
		}
	}
	if spot.size == 64 && spot.form == "" {
		add(verify.KindEd25519, "", "")
	}
	return all
}

// inBody looks for a keyed hash that stands in a field of the body, and covers other
// fields of it: a time, an id, or both.
func (s *recipeSearch) inBody(ctx context.Context, d *Recorded, at string) (verify.Recipe, bool) {
	var sig string
	stamps, ids := []bodyField{{}}, []bodyField{{}}
	eachScalar(d.view, func(path jsonPath, text string) {
		field := bodyField{path: path.String(), text: text}
		switch format := stampFormat(text); {
		case strings.Contains(field.path, `\`): // a recipe has no way to write it
		case field.path == at:
			sig = text
		case format != "":
			field.format = format
			stamps = append(stamps, field)
		case text != "" && len(text) <= 128:
			ids = append(ids, field)
		}
	})
	near := func(f bodyField) int { // what stands beside the signature comes first
		if f.path == "" || f.path[:strings.LastIndexByte(f.path, '.')+1] == at[:strings.LastIndexByte(at, '.')+1] {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(ids, func(a, b bodyField) int { return near(a) - near(b) })
	slices.SortStableFunc(stamps, func(a, b bodyField) int { return near(a) - near(b) })
	for _, spot := range written(sig) {
		for _, stamp := range stamps[:min(4, len(stamps))] {
			for _, id := range ids[:min(9, len(ids))] {
				if ctx.Err() != nil {
					return verify.Recipe{}, false
				}
				if r, ok := s.fields(d, at, spot, stamp, id); ok {
					return r, true
				}
			}
		}
	}
	return verify.Recipe{}, false
}

// bodyField is a field of the body that may be signed.
type bodyField struct{ path, text, format string }

// fields tries every way of signing two fields of the body, or one.
func (s *recipeSearch) fields(d *Recorded, at string, spot signatureSpot, stamp, id bodyField) (verify.Recipe, bool) {
	base := verify.Recipe{
		Kind: verify.KindHMAC, Algorithm: algorithmOf(spot.size), Encoding: spot.encoding,
		Body: &verify.BodyFields{Sig: at, TS: stamp.path, ID: id.path},
	}
	var must []string
	if stamp.path != "" {
		must, base.Timestamp = append(must, "{ts}"), &verify.Timestamp{Format: stamp.format}
	}
	if id.path != "" {
		must = append(must, "{id}")
	}
	if len(must) == 0 {
		return base, false
	}
	pool := slices.Concat(must, []string{"{method}", "{url}", "{path}"})
	for n := len(must); n <= len(must)+1; n++ {
		for _, content := range arranged(pool, n) {
			if slices.ContainsFunc(must, func(part string) bool { return !strings.Contains(content, part) }) {
				continue
			}
			base.Signed, base.RequireURL = content, strings.Contains(content, "{url}")
			for _, key := range s.keys() {
				if base.SecretEncoding, base.SecretPrefix = key[0], key[1]; s.fits(base, d) {
					return base, true
				}
			}
		}
	}
	return base, false
}

// arranged are the ways of putting n different parts in order, with a sign between them.
func arranged(pool []string, n int) []string {
	var all, chosen []string
	var choose func()
	choose = func() {
		if len(chosen) == n {
			for _, between := range betweens {
				all = append(all, strings.Join(chosen, between))
			}
			return
		}
		for _, part := range pool {
			if slices.Contains(chosen, part) {
				continue
			}
			chosen = append(chosen, part)
			choose()
			chosen = chosen[:len(chosen)-1]
		}
	}
	choose()
	return all
}

// bears reports whether a delivery carries the signature of a recipe.
func bears(r verify.Recipe, d *Recorded) bool {
	switch {
	case r.Kind == verify.KindMessage:
		return len(d.Delivery.Header["Signature"]) > 0
	case r.Body != nil:
		raw, ok := Get(d.view, r.Body.Sig)
		return ok && string(raw) != `""` && string(raw) != "null"
	}
	return len(d.Delivery.Header[http.CanonicalHeaderKey(r.Header)]) > 0
}
