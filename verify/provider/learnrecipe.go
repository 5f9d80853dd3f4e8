package provider

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"whk/verify"
)

// The search for a recipe knows no vendor. It takes what could be a signature from the
// headers, what could be signed from the parts that a request has, and asks package
// verify whether one of the combinations is what the sender did. A combination that fits
// a keyed hash by chance does not exist, so the first that verifies is the recipe.

// signatureSpot is where a signature may stand: a header, the text around it, and how the
// signature is written.
type signatureSpot struct {
	header, value, separator string
	encoding                 string
	size                     int    // of the signature, in bytes
	stamp                    string // the format of {ts} in value, when it stands there
	form                     string // asn1 for an ECDSA signature that is written so
}

// label is a word before the signature that may be signed too, as v0 in "v0={sig}".
func (s signatureSpot) label() string {
	for part := range strings.SplitSeq(s.value, ",") {
		if name, _, ok := strings.Cut(part, "={sig}"); ok && !strings.HasPrefix(name, "sha") {
			return strings.TrimSpace(name)
		}
	}
	return ""
}

// What every request has is never looked at for a signature.
var commonHeaders = [...]string{
	"Accept", "Accept-Encoding", "Accept-Language", "Connection", "Content-Length", "Content-Type", "Date", "Host",
	"User-Agent", "Traceparent", "Tracestate", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip",
	"Cache-Control", "Pragma", "Etag", "If-None-Match", "Cookie", "Via", "Forwarded", "Expect", "Te", "Transfer-Encoding",
}

// ownHeaders are the headers of a delivery that a sender chose, in order.
func ownHeaders(h http.Header) []string {
	var names []string
	for name, values := range h {
		if len(values) == 1 && !slices.Contains(commonHeaders[:], name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// algorithmOf is the hash with sums of so many bytes.
func algorithmOf(size int) string {
	return map[int]string{16: "md5", 20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}[size]
}

// spots finds everything in a delivery that has the form of a signature.
func spots(h http.Header) []signatureSpot {
	var found []signatureSpot
	for _, name := range ownHeaders(h) {
		found = append(found, spotsBy(name, h[name][0], written)...)
	}
	// Who calls a header a signature means it.
	slices.SortStableFunc(found, func(a, b signatureSpot) int { return unlikely(a.header) - unlikely(b.header) })
	return found
}

func unlikely(header string) int {
	name := strings.ToLower(header)
	for rank, words := range [][]string{{"sign", "hmac", "digest", "sig", "hash"}, {"authorization", "token", "key"}} {
		for _, word := range words {
			if strings.Contains(name, word) {
				return rank
			}
		}
	}
	return 2
}

// spotsBy takes one header apart: as one text with something in front of the signature,
// or as a list of fields. Read tells in which encodings a text is a signature.
func spotsBy(name, value string, read func(string) []signatureSpot) []signatureSpot {
	var found []signatureSpot
	for _, at := range tokenStarts(value) {
		if strings.ContainsAny(value[:at], ",;&|") || digitsIn(value[:at]) > 7 {
			continue // a list, or a time in front
		}
		for _, s := range read(value[at:]) {
			s.header, s.value = name, escapeBrace(value[:at])+"{sig}"
			found = append(found, s)
		}
	}
	if len(found) > 0 {
		return found
	}
	for _, separator := range []string{",", ";", "&", " ", "|", ":", "."} {
		fields := strings.Split(value, separator)
		if len(fields) < 2 || len(fields) > 8 {
			continue
		}
		if found = append(found, spotsInList(name, fields, separator, read)...); len(found) > 0 {
			return found
		}
	}
	return found
}

// spotsInList reads a header as a list: one field is the signature, one may be the time.
func spotsInList(name string, fields []string, separator string, read func(string) []signatureSpot) []signatureSpot {
	var found []signatureSpot
	stamp, format := "", ""
	for i, field := range fields {
		text := field
		if i > 0 {
			text = strings.TrimLeft(field, " ")
		}
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			key, value = "", text
		} else {
			key += "="
		}
		if f := stampFormat(value); f != "" && stamp == "" {
			stamp, format = escapeBrace(key)+"{ts}", f
		}
	}
	for _, field := range fields {
		text := strings.TrimLeft(field, " ")
		for _, at := range tokenStarts(text) {
			for _, s := range read(text[at:]) {
				s.header, s.separator, s.value = name, separator, escapeBrace(text[:at])+"{sig}"
				if stamp != "" {
					s.value, s.stamp = stamp+separator+s.value, format
				}
				found = append(found, s)
			}
		}
	}
	return found
}

func escapeBrace(text string) string { return strings.ReplaceAll(text, "{", "{{") }

// tokenStarts are where a signature may begin: at the start, and behind what senders put
// in front of one.
func tokenStarts(value string) []int {
	starts := []int{0}
	for i := range min(len(value), 40) {
		if strings.IndexByte("= :,", value[i]) >= 0 && i+1 < len(value) {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// written are the encodings in which a text is a sum of a known hash.
func written(text string) []signatureSpot {
	var found []signatureSpot
	if sum, err := hex.DecodeString(text); err == nil && algorithmOf(len(sum)) != "" {
		found = append(found, signatureSpot{encoding: "hex", size: len(sum)})
	}
	for name, encoding := range map[string]*base64.Encoding{"base64": base64.StdEncoding, "base64url": base64.URLEncoding} {
		sum, err := encoding.DecodeString(text)
		if err != nil {
			sum, err = encoding.WithPadding(base64.NoPadding).DecodeString(text)
		}
		if err == nil && algorithmOf(len(sum)) != "" && !(name == "base64url" && !strings.ContainsAny(text, "-_") && strings.HasSuffix(text, "=")) {
			found = append(found, signatureSpot{encoding: name, size: len(sum)})
		}
	}
	slices.SortFunc(found, func(a, b signatureSpot) int { return strings.Compare(a.encoding, b.encoding) })
	return found
}

// stampFormat tells how a text writes a time, "" when it does not.
func stampFormat(text string) string {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		switch {
		case len(text) == 10 && n > 9e8:
			return "unix"
		case len(text) == 13 && n > 9e11:
			return "unix_ms"
		}
		return ""
	}
	if _, err := time.Parse(time.RFC3339, text); err == nil {
		return "rfc3339"
	}
	return ""
}

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
