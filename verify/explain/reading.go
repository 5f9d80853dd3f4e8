package explain

import (
	"bytes"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"

	"whk/verify"
)

// leastCut is how many bytes of a signature that was cut short have to be there.
const leastCut = 8

// reading is one way to read a signature off a delivery.
type reading struct {
	sum []byte // the decoded signature, or the text of a key in clear
	// text marks a key in clear, folded one that is compared without regard to case.
	text, folded bool
	// cut marks a beginning, half the first four bits behind it, -1 for none.
	cut  bool
	half int
	// hash is the algorithm that the header names, "" for none.
	hash string
	// own marks what stands in the header of the scheme.
	own     bool
	changes []Change
	weight  int
}

// fields are what the form of a signature header says: the text around {sig} and {ts}.
type fields struct {
	before, behind           string
	stampBefore, stampBehind string
	hasStamp                 bool
}

func fieldsOf(r verify.Recipe) fields {
	var f fields
	parts := []string{r.Value}
	if r.Separator != "" {
		parts = strings.Split(r.Value, r.Separator)
	}
	for _, part := range parts {
		part = strings.ReplaceAll(part, "{{", "{")
		if before, behind, ok := strings.Cut(part, "{sig}"); ok {
			f.before, f.behind = before, behind
		} else if before, behind, ok := strings.Cut(part, "{ts}"); ok {
			f.stampBefore, f.stampBehind, f.hasStamp = before, behind, true
		}
	}
	return f
}

// within is the text between the two others.
func within(text, before, behind string) (string, bool) {
	rest, ok := strings.CutPrefix(text, before)
	if !ok || len(rest) <= len(behind) {
		return "", false
	}
	return strings.CutSuffix(rest, behind)
}

// reader gathers the readings of a delivery.
type reader struct {
	recipe verify.Recipe
	fields fields
	all    []reading
}

// readings lists the ways to read the signature: as the scheme says first, without any
// change, then in other forms, encodings and places.
func readings(d *verify.Delivery, r verify.Recipe, header string) []reading {
	rd := &reader{recipe: r, fields: fieldsOf(r)}
	rd.own(d.Header[header])
	for _, name := range slices.Sorted(maps.Keys(d.Header)) {
		if name == header || slices.Contains(plainHeaders(), name) {
			continue
		}
		change := changeOf(OtherHeader, "the signature is taken from the header "+name)
		for _, value := range d.Header[name][:min(len(d.Header[name]), mostParts)] {
			rd.elsewhere(value, change, 2)
		}
	}
	for _, part := range split(d.RawQuery(), "&") {
		name, value, _ := strings.Cut(part, "=")
		if text, err := url.QueryUnescape(value); err == nil && text != "" {
			what := "the signature is taken from the query of the URL"
			if len(name) <= 40 && wordLike(name) {
				what += ", parameter " + name
			}
			change := changeOf(InQuery, what)
			rd.elsewhere(text, change, 3)
			if strings.Contains(text, " ") {
				rd.elsewhere(strings.ReplaceAll(text, " ", "+"), change, 4)
			}
		}
	}
	return rd.all
}

// plainHeaders hold no signature. Digests of the body that everybody can compute are
// among them.
func plainHeaders() []string {
	return []string{"Accept", "Accept-Encoding", "Accept-Language", "Cache-Control", "Connection", "Content-Digest", "Content-Encoding",
		"Content-Length", "Content-Md5", "Content-Type", "Date", "Etag", "Host", "Repr-Digest", "Transfer-Encoding", "User-Agent",
		"X-Amz-Content-Sha256", "X-Goog-Hash", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}
}

// Of hostile heads only so much is read.
const (
	mostReadings = 256
	mostParts    = 32
	longestText  = 4096
)

// split divides a text at any of some signs, and gives up on what is too long.
func split(text, signs string) []string {
	if len(text) > longestText {
		return nil
	}
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(signs, r) })
	return parts[:min(len(parts), mostParts)]
}

// own reads the header of the scheme.
func (rd *reader) own(values []string) {
	var texts []string
	for _, value := range values[:min(len(values), mostParts)] {
		if len(value) > longestText {
			continue
		}
		if rd.recipe.Separator == "" {
			texts = append(texts, strings.TrimSpace(value))
			continue
		}
		for text := range strings.SplitSeq(value, rd.recipe.Separator) {
			texts = append(texts, strings.TrimSpace(text))
		}
	}
	var twice []Change
	if len(values) > 1 && rd.recipe.Separator == "" {
		twice = []Change{changeOf(HeaderTwice, "only one of the values of the header is taken, which came more than once")}
	}
	strict := false
	for _, text := range texts {
		if inner, ok := within(text, rd.fields.before, rd.fields.behind); ok {
			strict = true
			rd.decode(inner, "", rd.recipe.Encoding, true, 0, twice...)
		}
	}
	for _, text := range texts {
		for _, l := range loosen(text, rd.fields, rd.recipe.Algorithm) {
			rd.decode(l.text, l.hash, rd.encoding(l), true, l.weight, append(slices.Clone(twice), l.changes...)...)
		}
	}
	if strict && len(texts) > 1 {
		return
	}
	// Proxies join equal headers by commas, and senders choose other separators.
	for _, value := range values[:min(len(values), mostParts)] {
		if !strings.ContainsAny(value, ",; ") {
			continue
		}
		for _, text := range split(value, ",; ") {
			change := changeOf(HeaderTwice, "only one part of the header is taken, which holds several")
			if inner, ok := within(text, rd.fields.before, rd.fields.behind); ok {
				rd.decode(inner, "", rd.recipe.Encoding, true, 6, change)
			}
			for _, l := range loosen(text, rd.fields, rd.recipe.Algorithm) {
				rd.decode(l.text, l.hash, rd.encoding(l), true, 7+l.weight, change)
			}
		}
	}
}

// elsewhere reads a text that may be a signature. That it has another prefix there is no
// change of its own.
func (rd *reader) elsewhere(text string, change Change, weight int) {
	text = strings.TrimSpace(text)
	if len(text) < 4 || len(text) > 1024 {
		return
	}
	if inner, ok := within(text, rd.fields.before, rd.fields.behind); ok {
		rd.decode(inner, "", rd.recipe.Encoding, false, weight, change)
	}
	rd.decode(text, "", rd.recipe.Encoding, false, weight+1, change)
	for _, l := range loosen(text, rd.fields, rd.recipe.Algorithm) {
		rd.decode(l.text, l.hash, rd.encoding(l), false, weight+1, change)
	}
	for _, part := range split(text, ",; ") {
		if part == text {
			continue
		}
		if inner, ok := within(part, rd.fields.before, rd.fields.behind); ok {
			rd.decode(inner, "", rd.recipe.Encoding, false, weight+2, change)
		}
		for _, l := range loosen(part, rd.fields, rd.recipe.Algorithm) {
			rd.decode(l.text, l.hash, rd.encoding(l), false, weight+2, change)
		}
	}
}

// loose is the inside of a header that does not have the form of the scheme.
type loose struct {
	text, hash string
	changes    []Change
	weight     int
	free       bool // a form of its own, which has its own encoding
}

// loosen reads a text without what may stand around a signature.
func loosen(text string, f fields, own string) []loose {
	var all []loose
	add := func(inner, hash string, weight int, c Cause, what string) {
		if inner = strings.TrimSpace(inner); inner == "" {
			return
		}
		l := loose{text: inner, hash: hash, weight: weight}
		if hash == "" {
			l.changes = []Change{changeOf(c, what)}
		}
		all = append(all, l)
	}
	quoted := func(inner string) string { return strings.Trim(inner, `"'`) }
	form := f.before + "…" + f.behind
	if f.before+f.behind != "" && !strings.HasPrefix(text, f.before) {
		add(quoted(strings.TrimSuffix(text, f.behind)), "", 4, Prefix, "the signature stands in its header as "+form)
	}
	if f.before != "" && f.behind != "" && strings.HasPrefix(text, f.before) {
		add(strings.TrimPrefix(text, f.before), "", 4, Prefix, "the signature stands in its header as "+form)
	}
	if plain := quoted(text); plain != text {
		inner, ok := within(plain, f.before, f.behind)
		if ok {
			add(inner, "", 4, Quotes, "the quotes around the header's value are removed")
		}
	}
	if n := len(f.before); n > 0 && len(text) > n && text[:n] != f.before && strings.EqualFold(text[:n], f.before) {
		add(text[n:], "", 3, Prefix, "the signature stands in its header as "+form+", in this case")
	}
	if i := strings.IndexAny(text, "=:, "); i > 0 && i <= 20 && i < len(text)-1 && wordLike(text[:i]) {
		inner := quoted(strings.Trim(text[i+1:], ": "))
		hash := plainHash(text[:i])
		if hash == own {
			hash = "" // the right name in another form
		}
		if text[:i+1] != f.before {
			what := "the prefix is removed from the header's value"
			if f.before != "" {
				what = "the signature stands in its header as " + form
			}
			add(inner, hash, 5, Prefix, what)
			if len(all) > 0 {
				all[len(all)-1].free = plainHash(text[:i]) != ""
			}
			if hash != "" { // in case it was not made with what it names
				l := all[len(all)-1]
				l.hash, l.changes, l.weight = "", []Change{changeOf(Prefix, what)}, 6
				all = append(all, l)
			}
		}
	}
	return all
}

func wordLike(s string) bool {
	return strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// plainHash is the name of the algorithm that a prefix spells, "" for none.
func plainHash(s string) string {
	s = strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(strings.ToLower(s), "hmac-")), "-", "")
	for _, a := range algorithms() {
		if a.name == s {
			return s
		}
	}
	return ""
}

// encoding is that of the scheme, "" where a header names its hash in a form of its own:
// then any will do.
func (rd *reader) encoding(l loose) string {
	if l.free {
		return ""
	}
	return rd.recipe.Encoding
}

// decode adds the readings of one text.
func (rd *reader) decode(text, hash, scheme string, own bool, weight int, changes ...Change) {
	add := func(r reading, c ...Change) {
		r.hash, r.own = hash, own
		r.changes = append(slices.Clone(changes), c...)
		r.weight += weight
		if len(r.changes) <= 2 {
			rd.add(r)
		}
	}
	for _, d := range decodings(text, scheme) {
		if !d.cut && len(d.sum) >= leastCut && (own || isSize(len(d.sum))) {
			add(reading{sum: d.sum, half: -1, weight: d.weight}, d.changes...)
		}
		if own && len(d.sum) >= leastCut {
			cut := changeOf(SignatureCut, "the signature is compared as far as it came")
			add(reading{sum: d.sum, half: d.half, cut: true, weight: d.weight + 30}, append(slices.Clone(d.changes), cut)...)
		}
	}
	switch {
	case rd.recipe.Kind == verify.KindStatic:
	case own: // a secret where a signature was expected, in whatever form
		rd.add(reading{sum: []byte(text), text: true, half: -1, own: true, weight: weight})
		return
	default: // a secret in clear elsewhere says nothing about this scheme
		return
	}
	add(reading{sum: []byte(text), text: true, half: -1})
	folded := changeOf(KeyCase, "the key is compared without regard to case")
	add(reading{sum: []byte(text), text: true, folded: true, half: -1, weight: 5}, folded)
	if len(text) >= leastCut {
		add(reading{sum: []byte(text), text: true, cut: true, half: -1, weight: 30}, changeOf(SignatureCut, "the key is compared as far as it came"))
	}
	for _, v := range textReadings(text) {
		add(reading{sum: []byte(v.text), text: true, half: -1, weight: v.weight}, v.changes...)
	}
}

// isSize reports whether a known hash is so long.
func isSize(n int) bool {
	return slices.ContainsFunc(algorithms(), func(h hashing) bool { return h.size == n })
}

// add keeps the first and least changed of equal readings.
func (rd *reader) add(r reading) {
	i := slices.IndexFunc(rd.all, func(o reading) bool {
		return o.text == r.text && o.folded == r.folded && o.cut == r.cut && o.half == r.half && o.hash == r.hash && bytes.Equal(o.sum, r.sum)
	})
	switch {
	case i < 0 && len(rd.all) >= mostReadings:
	case i < 0:
		rd.all = append(rd.all, r)
	case len(r.changes) < len(rd.all[i].changes) || len(r.changes) == len(rd.all[i].changes) && r.weight < rd.all[i].weight:
		rd.all[i] = r
	}
}

// textReadings are other ways to read a key in clear.
func textReadings(text string) []loose {
	var all []loose
	add := func(inner string, weight int, c Cause, what string) {
		if len(inner) >= 4 && inner != text {
			all = append(all, loose{text: inner, weight: weight, changes: []Change{changeOf(c, what)}})
		}
	}
	add(strings.Trim(text, `"'`), 3, Quotes, "the quotes around the key are removed")
	if word, rest, ok := strings.Cut(text, " "); ok && slices.Contains([]string{"bearer", "token", "basic", "key", "secret", "apikey"}, strings.ToLower(word)) {
		add(strings.TrimSpace(rest), 2, Prefix, "the word "+word+" is removed from the header's value")
		if strings.EqualFold(word, "basic") {
			if b, ok := fromBase64(rest); ok {
				user, password, _ := strings.Cut(string(b), ":")
				add(password, 4, OtherEncoding, "the password of the Basic authorization is the key")
				add(user, 5, OtherEncoding, "the name of the Basic authorization is the key")
			}
		}
	}
	if plain, err := url.QueryUnescape(text); err == nil {
		add(plain, 6, OtherEncoding, "the percent signs of the key are decoded")
	}
	if b, ok := fromBase64(text); ok {
		add(string(b), 7, OtherEncoding, "the key is decoded from base64")
	}
	if b, err := hex.DecodeString(text); err == nil {
		add(string(b), 8, OtherEncoding, "the key is decoded from hexadecimal digits")
	}
	return all
}
