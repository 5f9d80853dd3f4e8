package provider

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// makeMask makes up what stands for the value that was met last. It depends on the form
// of the value and on how many were met before, not on what the value is.
func (m *masker) makeMask(kind MaskKind, text string) string {
	rnd := rand.New(rand.NewPCG(m.count, 0))
	mask := ""
	for range 50 { // more would be in vain: the form is too short for so many values
		mask = m.maskOnce(kind, text, rnd)
		if mask != text && !m.used[mask] || kind == MaskPlace || kind == MaskBirth {
			break
		}
	}
	return mask
}

func (m *masker) maskOnce(kind MaskKind, text string, rnd *rand.Rand) string {
	n := m.count
	switch kind {
	case MaskEmail:
		local, _, _ := strings.Cut(text, "@")
		return reshape(local, rnd) + "@example.com"
	case MaskIP:
		if addr, err := netip.ParseAddr(text); err == nil && addr.Is6() {
			return "2001:db8::" + strconv.FormatUint(n, 16)
		}
		// The three networks that are set apart for documentation.
		networks := [...]string{"192.0.2.", "198.51.100.", "203.0.113."}
		return networks[n/254%3] + strconv.FormatUint(1+n%254, 10)
	case MaskBirth:
		if _, err := time.Parse(time.DateOnly, text[:min(len(text), len(time.DateOnly))]); err == nil {
			return "1990-01-01" + strings.Map(func(r rune) rune {
				if unicode.IsDigit(r) {
					return '0'
				}
				return r
			}, text[10:])
		}
	case MaskPlace:
		return m.rules.decimals.ReplaceAllStringFunc(text, roundTenth)
	case MaskAccount, MaskTax:
		// The country stays in front, for those who decide by it.
		if len(text) > 4 && isUpper(text[0]) && isUpper(text[1]) && !isUpper(text[2]) {
			return text[:2] + reshape(text[2:], rnd)
		}
	}
	return reshape(text, rnd)
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

// reshape makes up a text of the same form: a digit for each digit, a letter for each
// letter, everything else as it is. Hex stays hex.
func reshape(text string, rnd *rand.Rand) string {
	const consonants, vowels, hexLetters = "bcdfghklmnprstvz", "aeiou", "abcdef"
	allHex := len(text) >= 8 && strings.Trim(text, "0123456789abcdef") == "" || strings.Trim(text, "0123456789ABCDEF") == ""
	var out strings.Builder
	letters, first := 0, true
	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			digit := rnd.IntN(10)
			if first && r != '0' {
				digit = 1 + rnd.IntN(9) // a number keeps its length
			}
			out.WriteByte(byte('0' + digit))
			first = false
			continue
		case !unicode.IsLetter(r):
			out.WriteRune(r)
			letters = 0
			continue
		}
		alphabet := consonants
		switch {
		case allHex:
			alphabet = hexLetters
		case letters%2 == 1:
			alphabet = vowels
		}
		c := alphabet[rnd.IntN(len(alphabet))]
		if unicode.IsUpper(r) {
			c -= 'a' - 'A'
		}
		out.WriteByte(c)
		letters++
		first = false
	}
	return out.String()
}

// roundTenth rounds a decimal number to one place, about 11 km of a degree, and fills
// it up with zeros.
func roundTenth(number string) string {
	rest, negative := strings.CutPrefix(number, "-")
	whole, fraction, _ := strings.Cut(rest, ".")
	tenths, err := strconv.Atoi(whole + fraction[:1])
	if err != nil {
		return "0.0"
	}
	if fraction[1] >= '5' {
		tenths++
	}
	text := strconv.Itoa(tenths/10) + "." + strconv.Itoa(tenths%10) + strings.Repeat("0", len(fraction)-1)
	if negative && tenths > 0 {
		text = "-" + text
	}
	return text
}

// What is shorter is not looked for elsewhere: shortestWord as a word of its own,
// shortestFound anywhere in a text. What is longer than longestFound is replaced where
// it is a whole value.
const (
	shortestWord  = 4
	shortestFound = 6
	longestFound  = 512
)

// seal ends the first pass: it makes what finds the learned values in other texts.
func (m *masker) seal() {
	type pair struct{ text, mask string }
	var pairs []pair
	for _, text := range m.order {
		known := m.known[text]
		if known.kind == MaskName || len(text) < shortestFound {
			m.learnWords(text, known)
			if known.kind == MaskName && !strings.Contains(strings.TrimSpace(text), " ") || len(text) < shortestFound {
				continue
			}
		}
		if len(text) > longestFound {
			continue
		}
		forms, masks := encodings(text), encodings(known.mask)
		for i := range forms {
			if forms[i] != text || i == 0 {
				pairs = append(pairs, pair{forms[i], masks[i]})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(len(b.text), len(a.text)) })
	flat := make([]string, 0, 2*len(pairs))
	for _, p := range pairs {
		flat = append(flat, p.text, p.mask)
	}
	m.replacer = strings.NewReplacer(flat...)
}

// encodings are the ways in which a value is written into other texts, itself first.
func encodings(text string) []string {
	b := []byte(text)
	lower := hex.EncodeToString(b)
	return []string{
		text, lower, strings.ToUpper(lower),
		base64.RawStdEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b),
		url.QueryEscape(text), url.PathEscape(text),
	}
}

// learnWords notes the words of a name, each with its part of the replacement.
func (m *masker) learnWords(text string, known learned) {
	words, masks := strings.FieldsFunc(text, notInWord), strings.FieldsFunc(known.mask, notInWord)
	if len(words) != len(masks) {
		return
	}
	for i, word := range words {
		folded := strings.ToLower(word)
		if _, ok := m.words[folded]; !ok && utf8.RuneCountInString(word) >= shortestWord {
			m.words[folded] = masks[i]
		}
	}
}

func notInWord(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// replaceWords replaces whole words, in whatever case they are written.
func (m *masker) replaceWords(text string) string {
	if len(m.words) == 0 {
		return text
	}
	var out strings.Builder
	for rest := text; rest != ""; {
		start := strings.IndexFunc(rest, func(r rune) bool { return !notInWord(r) })
		if start < 0 {
			out.WriteString(rest)
			break
		}
		end := strings.IndexFunc(rest[start:], notInWord)
		if end < 0 {
			end = len(rest) - start
		}
		word := rest[start : start+end]
		out.WriteString(rest[:start])
		if mask, ok := m.words[strings.ToLower(word)]; ok {
			word = sameCase(mask, word)
		}
		out.WriteString(word)
		rest = rest[start+end:]
	}
	return out.String()
}

func sameCase(mask, like string) string {
	switch like {
	case strings.ToUpper(like):
		return strings.ToUpper(mask)
	case strings.ToLower(like):
		return strings.ToLower(mask)
	}
	return mask
}

// eachEncoded decodes the parts of a text that are hex, base64 or URL-encoded text, and
// puts what f makes of each back in the same encoding.
func eachEncoded(text string, f func(decoded string) string) string {
	text = eachRun(text, func(c byte) bool { return strings.IndexByte("&=?#/;,\"'<> \t\r\n", c) < 0 }, func(run string) string {
		if !strings.Contains(run, "%") {
			return run
		}
		decode, encode := url.PathUnescape, url.PathEscape
		if strings.Contains(run, "+") {
			decode, encode = url.QueryUnescape, url.QueryEscape
		}
		decoded, err := decode(run)
		if err != nil {
			return run
		}
		if with := f(decoded); with != decoded {
			return encode(with)
		}
		return run
	})
	return eachRun(text, base64Byte, func(run string) string {
		if with, ok := decodeRun(run, f); ok {
			return with
		}
		// The run may be several texts with a sign of base64 between them.
		return eachRun(run, func(c byte) bool { return c != '-' && c != '_' && c != '/' && c != '=' }, func(part string) string {
			with, _ := decodeRun(part, f)
			return with
		})
	})
}

func base64Byte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("+/=_-", c) >= 0
}

// eachRun replaces the runs of bytes that belong together.
func eachRun(text string, in func(byte) bool, f func(string) string) string {
	var out strings.Builder
	start := -1
	for i := 0; i <= len(text); i++ {
		switch inside := i < len(text) && in(text[i]); {
		case inside && start < 0:
			start = i
		case !inside && start >= 0:
			out.WriteString(f(text[start:i]))
			start = -1
		}
		if i < len(text) && start < 0 {
			out.WriteByte(text[i])
		}
	}
	return out.String()
}

// decodeRun decodes one run if it is text in hex or base64.
func decodeRun(run string, f func(string) string) (string, bool) {
	if len(run) < 8 {
		return run, false
	}
	if b, err := hex.DecodeString(run); err == nil && readable(b) {
		with := f(string(b))
		if with == string(b) {
			return run, true
		}
		encoded := hex.EncodeToString([]byte(with))
		if strings.ToUpper(run) == run {
			encoded = strings.ToUpper(encoded)
		}
		return encoded, true
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		b, err := encoding.DecodeString(run)
		if err != nil || !readable(b) {
			continue
		}
		if with := f(string(b)); with != string(b) {
			return encoding.EncodeToString([]byte(with)), true
		}
		return run, true
	}
	return run, false
}

// readable reports whether bytes are text, so that decoding them was right.
func readable(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, r := range string(b) {
		if !unicode.IsPrint(r) && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
	}
	return len(b) > 0
}
