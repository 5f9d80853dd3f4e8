package explain

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"

	"whk/verify"
)

// key is what may have been the key of a signature.
type key struct {
	bytes   []byte
	changes []Change
	weight  int
}

// source is a secret that keys are made of.
type source struct {
	secret  verify.Secret
	changes []Change
	weight  int
}

// keys lists the keys of all secrets, up to so many changes away: first those that the
// check was made with, then those with one change, then with two. No key is empty, and
// none comes twice.
func keys(in Input, r verify.Recipe, most int, asKey func(verify.Secret) ([]byte, error)) []key {
	var found []key
	add := func(b []byte, weight int, changes ...Change) {
		if len(b) > 0 && len(changes) <= most {
			found = append(found, key{b, changes, weight})
		}
	}
	for _, s := range secretSources(in) {
		if b, err := asKey(s.secret); err == nil {
			add(b, s.weight, s.changes...)
		} else if len(s.changes) > 0 { // the encoding is that of another scheme
			add([]byte(s.secret.Reveal()), s.weight, s.changes...)
		}
		if len(s.changes) < most {
			variants(s, r, most-len(s.changes) > 1, asKey, add)
		}
	}
	slices.SortStableFunc(found, func(a, b key) int {
		return cmp.Or(cmp.Compare(len(a.changes), len(b.changes)), cmp.Compare(a.weight, b.weight))
	})
	seen := map[string]bool{}
	return slices.DeleteFunc(found, func(k key) bool {
		again := seen[string(k.bytes)]
		seen[string(k.bytes)] = true
		return again
	})
}

// secretSources are the secrets that were used, those that were not, and what stands in
// for one that is missing.
func secretSources(in Input) []source {
	var all []source
	for _, s := range in.Secrets {
		all = append(all, source{secret: s})
	}
	add := func(weight int, c Cause, s verify.Secret, what string) {
		if !s.Empty() {
			change := changeOf(c, what)
			change.Detail = named(s)
			all = append(all, source{s, []Change{change}, weight})
		}
	}
	for _, s := range in.Others[in.Provider] {
		add(1, SecretUnused, s, "another secret of the provider is used, one that is configured but was not asked")
	}
	for _, name := range slices.Sorted(maps.Keys(in.Others)) {
		for _, s := range in.Others[name] {
			if name != in.Provider {
				add(5, SecretOfOther, s, "the secret is that of "+name)
			}
		}
	}
	add(3, SecretDevelopment, in.Scheme.DevelopmentSecret(in.Provider), "the secret is the development secret of "+in.Provider)
	for i, word := range []string{"undefined", "null", "None", "nil"} {
		change := changeOf(SecretMissing, `the secret is the word "`+word+`"`)
		all = append(all, source{verify.NewSecret(word, word), []Change{change}, 90 + i})
	}
	return all
}

func named(s verify.Secret) string { return s.Name + ", fp " + s.Fingerprint() }

// variants are other readings of a secret's text, by one change or also by two.
func variants(s source, r verify.Recipe, twice bool, asKey func(verify.Secret) ([]byte, error), add func([]byte, int, ...Change)) {
	text := s.secret.Reveal()
	with := func(c Cause, what string) []Change {
		change := changeOf(c, what)
		change.Detail = named(s.secret)
		return append(slices.Clone(s.changes), change)
	}
	edits := textEdits(r)
	apply := func(e textEdit, of string) (string, bool) {
		changed, ok := e.make(of)
		return changed, ok && changed != of && changed != ""
	}
	decodings := keyDecodings(r)
	for i, e := range edits {
		changed, ok := apply(e, text)
		if !ok {
			continue
		}
		changes, weight := with(e.cause, e.what), s.weight+e.weight+i
		if b, err := asKey(verify.NewSecret(s.secret.Name, changed)); err == nil {
			add(b, weight, changes...)
		}
		if !twice {
			continue
		}
		for _, next := range edits {
			if again, ok := apply(next, changed); ok {
				if b, err := asKey(verify.NewSecret(s.secret.Name, again)); err == nil {
					add(b, weight+next.weight, append(changes, changeOf(next.cause, next.what))...)
				}
			}
		}
		for _, d := range decodings {
			if b, ok := d.make(changed); ok {
				add(b, weight+d.weight, append(changes, changeOf(d.cause, d.what))...)
			}
		}
	}
	for i, d := range decodings {
		if b, ok := d.make(text); ok {
			add(b, s.weight+d.weight+i, with(d.cause, d.what)...)
		}
	}
}

// textEdit is a way in which the text of a secret is changed when it is copied.
type textEdit struct {
	cause  Cause
	weight int
	what   string
	make   func(string) (string, bool)
}

func textEdits(r verify.Recipe) []textEdit {
	always := func(f func(string) string) func(string) (string, bool) {
		return func(s string) (string, bool) { return f(s), true }
	}
	tail := func(text string) func(string) (string, bool) {
		return func(s string) (string, bool) { return s + text, true }
	}
	upTo := func(signs string) func(string) (string, bool) {
		return func(s string) (string, bool) {
			i := strings.IndexAny(s, signs)
			return s[:max(i, 0)], i > 0
		}
	}
	return []textEdit{
		{SecretBlanks, 10, "the secret is used without the white space around it", always(strings.TrimSpace)},
		{SecretBlanks, 11, "the secret is used with a newline at its end", tail("\n")},
		{SecretBlanks, 12, "the secret is used with CRLF at its end", tail("\r\n")},
		{SecretBlanks, 50, "the secret is used with a blank at its end", tail(" ")},
		{SecretBlanks, 51, "the secret is used with a blank at its start", always(func(s string) string { return " " + s })},
		{SecretQuotes, 20, "the secret is used without the quotes around it", always(unquote)},
		{SecretQuotes, 21, `the secret is used with "" around it`, always(func(s string) string { return `"` + s + `"` })},
		{SecretQuotes, 22, "the secret is used with '' around it", always(func(s string) string { return "'" + s + "'" })},
		{SecretCut, 40, "the secret is used without NAME= at its start", func(s string) (string, bool) {
			name, value, ok := strings.Cut(s, "=")
			plain := strings.Trim(strings.ToUpper(name), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ ") == ""
			return value, ok && plain && name != ""
		}},
		{SecretCut, 41, "the secret ends before its first $, which a shell expands", upTo("$")},
		{SecretCut, 42, "the secret ends before its first #, which starts a comment in .env files", upTo("#")},
		{SecretCut, 43, "the secret ends before its first blank", upTo(" \t\r\n")},
		{SecretPrefix, 30, "the secret is used without its prefix", func(s string) (string, bool) {
			prefix, rest, ok := strings.Cut(s, "_")
			return rest, ok && prefix != "" && len(prefix) <= 8 && prefix+"_" != r.SecretPrefix
		}},
		{SecretCase, 60, "the secret is used in lower case", always(strings.ToLower)},
		{SecretCase, 61, "the secret is used in upper case", always(strings.ToUpper)},
		{SecretBlanks, 62, `\n in the secret stands for a newline`, func(s string) (string, bool) {
			return strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t").Replace(s), strings.Contains(s, `\`)
		}},
		{SecretEncoding, 63, "the percent signs of the secret are decoded", func(s string) (string, bool) {
			text, err := url.QueryUnescape(s)
			return text, err == nil
		}},
		{SecretBlanks, 64, "the secret is used without the byte order mark before it", always(func(s string) string { return strings.TrimPrefix(s, bom) })},
		{SecretBlanks, 65, "the secret is used with a byte order mark before it", always(func(s string) string { return bom + s })},
	}
}

func unquote(s string) string {
	s = strings.TrimSpace(s)
	if n := len(s); n > 2 && s[0] == s[n-1] && strings.IndexByte("\"'`", s[0]) >= 0 {
		return s[1 : n-1]
	}
	return s
}

// keyDecoding is a way to make a key of the text of a secret.
type keyDecoding struct {
	cause  Cause
	weight int
	what   string
	make   func(string) ([]byte, bool)
}

func keyDecodings(r verify.Recipe) []keyDecoding {
	bare := func(s string) string { return strings.TrimPrefix(s, r.SecretPrefix) }
	all := []keyDecoding{
		{SecretEncoding, 24, "the secret is decoded from base64", fromBase64},
		{SecretEncoding, 25, "the secret is decoded from hexadecimal digits", fromHex},
		{SecretEncoding, 26, "the secret is decoded from base64, without its prefix", func(s string) ([]byte, bool) {
			_, rest, ok := strings.Cut(s, "_")
			b, decodes := fromBase64(rest)
			return b, ok && decodes
		}},
		{SecretEncoding, 70, "the secret is encoded as base64", func(s string) ([]byte, bool) {
			return base64.StdEncoding.AppendEncode(nil, []byte(bare(s))), true
		}},
		{SecretEncoding, 71, "the secret is encoded as hexadecimal digits", func(s string) ([]byte, bool) {
			return hex.AppendEncode(nil, []byte(bare(s))), true
		}},
		{SecretHashed, 80, "the key is the SHA-256 of the secret", func(s string) ([]byte, bool) {
			sum := sha256.Sum256([]byte(bare(s)))
			return sum[:], true
		}},
		{SecretHashed, 81, "the key is the SHA-256 of the secret, as hexadecimal digits", func(s string) ([]byte, bool) {
			sum := sha256.Sum256([]byte(bare(s)))
			return hex.AppendEncode(nil, sum[:]), true
		}},
	}
	if r.SecretEncoding != "" && r.SecretEncoding != "raw" {
		all = append(all, keyDecoding{SecretEncoding, 8, "the text of the secret is the key, and not decoded", func(s string) ([]byte, bool) {
			return []byte(bare(s)), true
		}})
	}
	if r.SecretPrefix != "" {
		all = append(all, keyDecoding{SecretPrefix, 9, "the text of the secret is the key, with its prefix " + r.SecretPrefix, func(s string) ([]byte, bool) {
			return []byte(s), strings.HasPrefix(s, r.SecretPrefix)
		}}, keyDecoding{SecretPrefix, 27, "the secret is decoded with its prefix " + r.SecretPrefix, func(s string) ([]byte, bool) {
			return lenientBase64(s), strings.HasPrefix(s, r.SecretPrefix)
		}})
	}
	return all
}

// fromBase64 decodes what is plausible base64, of either alphabet and with or without
// padding.
func fromBase64(s string) ([]byte, bool) {
	s = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimSpace(s)), "=")
	if len(s) < 4 {
		return nil, false
	}
	b, err := base64.RawStdEncoding.DecodeString(s)
	return b, err == nil
}

// lenientBase64 decodes as Node and Python do, which pass over other characters.
func lenientBase64(s string) []byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '-':
			return '+'
		case r == '_':
			return '/'
		case strings.ContainsRune(alphabet, r):
			return r
		}
		return -1
	}, s)
	if len(s)%4 == 1 {
		s = s[:len(s)-1]
	}
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}

func fromHex(s string) ([]byte, bool) {
	b, err := hex.DecodeString(strings.TrimSpace(s))
	return b, err == nil && len(b) >= 4 && !bytes.Equal(b, []byte(s))
}
