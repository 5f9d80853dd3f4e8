package provider

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"whk/verify"
)

// The search for a recipe knows no vendor. It takes what could be a signature from the
// headers, what could be signed from the parts that a request has, and asks package
// verify whether one of the combinations is what the sender did. A combination that fits
// a keyed hash by chance does not exist, so the first that verifies is the recipe.

// recipeSearch looks for the recipe by which deliveries were signed.
type recipeSearch struct {
	base    string
	secrets []verify.Secret
	tried   int
}

// The most that a search tries, and hashes: some seconds of work.
const (
	maxTrials = 1_500_000
	maxHashed = 1 << 30
)

// find returns the recipe under which a delivery verifies.
func (s *recipeSearch) find(ctx context.Context, d *Recorded) (verify.Recipe, bool) {
	if r, ok := s.shared(d); ok {
		return r, true
	}
	found := spots(d.Delivery.Header)
	for parts := range 5 {
		for _, spot := range found {
			if r, ok := s.signed(ctx, d, spot, parts+1); ok {
				return r, true
			}
		}
	}
	return verify.Recipe{}, false
}

// shared looks for the secret itself.
func (s *recipeSearch) shared(d *Recorded) (verify.Recipe, bool) {
	for _, name := range ownHeaders(d.Delivery.Header) {
		value := d.Delivery.Header[name][0]
		for _, secret := range s.secrets {
			before, after, ok := strings.Cut(value, secret.Reveal())
			if !ok || after != "" || len(before) > 20 {
				continue
			}
			r := verify.Recipe{Kind: verify.KindStatic, Header: name}
			if before != "" {
				r.Value = escapeBrace(before) + "{sig}"
			}
			if s.fits(r, d) {
				return r, true
			}
		}
	}
	return verify.Recipe{}, false
}

// signed tries everything that may have been signed, made of so many parts, for one
// place of the signature.
func (s *recipeSearch) signed(ctx context.Context, d *Recorded, spot signatureSpot, parts int) (verify.Recipe, bool) {
	base := verify.Recipe{
		Header: spot.header, Value: spot.value, Separator: spot.separator,
		Algorithm: algorithmOf(spot.size), Encoding: spot.encoding,
	}
	if spot.value == "{sig}" {
		base.Value = ""
	}
	for _, o := range s.options(d, spot) {
		if ctx.Err() != nil {
			break
		}
		for _, content := range contents(o.parts, parts, d.Delivery) {
			for _, r := range s.keyed(base, o, content) {
				if s.tried++; s.tried > maxTrials || s.tried*len(d.Delivery.Body) > maxHashed {
					return r, false
				}
				if s.fits(r, d) {
					return r, true
				}
			}
		}
	}
	return verify.Recipe{}, false
}

// option is a choice of headers for the time and the id, and the parts that may then be
// signed.
type option struct {
	stamp *verify.Timestamp
	id    string
	parts []string
}

// options are the choices that a delivery leaves: which header is the time, which the id.
func (s *recipeSearch) options(d *Recorded, spot signatureSpot) []option {
	stamps := []*verify.Timestamp{}
	if spot.stamp != "" {
		stamps = append(stamps, &verify.Timestamp{Format: spot.stamp})
	}
	var ids []string
	for _, name := range ownHeaders(d.Delivery.Header) {
		value := d.Delivery.Header[name][0]
		switch format := stampFormat(value); {
		case name == spot.header:
		case format != "" && spot.stamp == "":
			stamps = append(stamps, &verify.Timestamp{Header: name, Format: format})
		case len(value) <= 128 && len(ids) < 6:
			ids = append(ids, name)
		}
	}
	if len(stamps) == 0 {
		stamps = append(stamps, nil)
	}
	var all []option
	for _, stamp := range stamps {
		for _, id := range append([]string{""}, ids...) {
			o := option{stamp: stamp, id: id, parts: []string{"{path}", "{url}", "{method}"}}
			if label := spot.label(); label != "" {
				o.parts = append(o.parts, label)
			}
			if id != "" {
				o.parts = append([]string{"{id}"}, o.parts...)
			}
			if stamp != nil {
				o.parts = append([]string{"{ts}"}, o.parts...)
			}
			all = append(all, o)
		}
	}
	return all
}

// betweens are the signs that senders put between the parts of what they sign, the
// most usual first.
var betweens = [...]string{".", ":", "", "\n", "|", "-", "_", ",", ";", "&", " ", "/", "+", "#"}

// contents are the ways of putting so many parts together, the body or its hash among
// them, with a sign between them.
func contents(pool []string, n int, d *verify.Delivery) []string {
	bodies := []string{"{body}", "{body_sha256}"}
	if d.IsForm() {
		bodies = append(bodies, "{form_sorted}")
	}
	if n == 1 {
		return bodies
	}
	var all []string
	var chosen []string
	var choose func()
	choose = func() {
		if len(chosen) == n {
			if slices.ContainsFunc(chosen, func(c string) bool { return slices.Contains(bodies, c) }) {
				signs := betweens[:]
				if n > 3 {
					signs = signs[:5]
				}
				for _, between := range signs {
					all = append(all, strings.Join(chosen, between))
				}
			}
			return
		}
		for _, part := range slices.Concat(pool, bodies) {
			isBody := slices.Contains(bodies, part)
			address := part == "{path}" && slices.Contains(chosen, "{url}") || part == "{url}" && slices.Contains(chosen, "{path}")
			if slices.Contains(chosen, part) || address || isBody && slices.ContainsFunc(chosen, func(c string) bool { return slices.Contains(bodies, c) }) {
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

// onto makes a content part of a recipe. It reports false when another choice has it.
func (o option) onto(base verify.Recipe, content string) (verify.Recipe, bool) {
	base.Signed = content
	if content == "{body}" {
		base.Signed = ""
	}
	if strings.Contains(content, "{ts}") || strings.Contains(base.Value, "{ts}") {
		stamp := *o.stamp
		base.Timestamp = &stamp
	}
	if strings.Contains(content, "{id}") {
		base.ID = o.id
	} else if o.id != "" {
		return base, false // the choice without an id has it
	}
	base.RequireURL = strings.Contains(content, "{url}")
	return base, true
}

// keyed are the ways in which a secret may have gone into a signature of a content: as
// the key of an HMAC, or before or behind what is hashed.
func (s *recipeSearch) keyed(base verify.Recipe, o option, content string) []verify.Recipe {
	base, ok := o.onto(base, content)
	if !ok {
		return nil
	}
	var all []verify.Recipe
	base.Kind = verify.KindHMAC
	for _, key := range s.keys() {
		base.SecretEncoding, base.SecretPrefix = key[0], key[1]
		all = append(all, base)
	}
	if strings.Count(content, "{") > 3 {
		return all
	}
	base.Kind, base.SecretEncoding, base.SecretPrefix = verify.KindHash, "", ""
	betweens := []string{"", ".", ":", "\n", "|"}
	if i := strings.IndexByte(content, '}'); i >= 0 && i+1 < len(content) && content[i+1] != '{' {
		betweens = append(betweens, content[i+1:i+2])
	}
	for _, between := range betweens {
		for _, signed := range []string{"{secret}" + between + content, content + between + "{secret}"} {
			base.Signed = signed
			all = append(all, base)
		}
	}
	return all
}

// keys are the ways in which the text of a secret may stand for its bytes: encoding and
// prefix.
func (s *recipeSearch) keys() [][2]string {
	all := [][2]string{{"", ""}}
	add := func(encoding, prefix string) {
		if key := [2]string{encoding, prefix}; !slices.Contains(all, key) {
			all = append(all, key)
		}
	}
	for _, secret := range s.secrets {
		text, prefix := secret.Reveal(), ""
		if i := strings.IndexByte(text, '_'); i > 0 && i < 12 && i+1 < len(text) {
			prefix = text[:i+1]
		}
		for _, prefix := range slices.Compact([]string{"", prefix}) {
			rest := strings.TrimPrefix(text, prefix)
			if prefix != "" {
				add("", prefix)
			}
			if _, err := hex.DecodeString(rest); err == nil {
				add("hex", prefix)
			}
			if _, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(rest, "=")); err == nil {
				add("base64", prefix)
			}
		}
	}
	return all
}

// fits reports whether a delivery verifies under a recipe.
func (s *recipeSearch) fits(r verify.Recipe, d *Recorded) bool {
	scheme, err := verify.NewScheme(r)
	if err != nil {
		return false
	}
	keyring, err := scheme.Bind(s.base, s.secrets...)
	return err == nil && keyring.Check(d.Delivery, d.At).Status == verify.Valid
}

// sureness says how far a recipe is proven by the deliveries that verify under it.
func sureness(verified []*Recorded) string {
	bodies := 0
	for i, d := range verified {
		if !slices.ContainsFunc(verified[:i], func(other *Recorded) bool { return bytes.Equal(other.Delivery.Body, d.Delivery.Body) }) {
			bodies++
		}
	}
	if bodies < 2 {
		return fmt.Sprintf("it verifies %s with one body only, so that it is not proven: record another event and learn again", countOf(len(verified)))
	}
	return fmt.Sprintf("it verifies all %d signed events, of %d different bodies", len(verified), bodies)
}

func countOf(n int) string {
	if n == 1 {
		return "1 event"
	}
	return strconv.Itoa(n) + " events"
}
