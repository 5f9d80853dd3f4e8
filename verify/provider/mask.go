package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Masking stands in this package because a sample is part of a provider, and because it
// reads and edits bodies by position as everything here does: every byte that is not
// masked stays as it was.

// MaskOptions say what is masked. The zero value masks everything that a rule fits.
type MaskOptions struct {
	// Keep are paths whose values stay, with everything below them; "#" stands for
	// each element of an array.
	Keep []string
	// Secrets are values that must not stay, whatever they are called.
	Secrets []string
}

// Masked is one value that was replaced. Path names the place, in the masked document.
type Masked struct {
	Path string
	As   MaskKind
}

// Mask replaces personal data and credentials in a JSON body: what stands under a name
// that says so (an e-mail, a phone, the name of a person or a company, an address, a
// tax, bank or card number, a key, an IP address, a date of birth, coordinates), what
// has the form of one, and every other appearance of a value that was replaced, also in
// base64, in hex, URL-encoded, in JSON within a text, and as the name of a member.
//
// A replacement has the type, the form and about the length of the value. Within one
// body equal values have equal replacements. They are made up from their count alone,
// so that nothing can be read back from them; equal bodies are masked alike.
//
// No rule finds everything: a name in running text is only found when it also stands
// under a name that says so.
func Mask(body []byte, o MaskOptions) ([]byte, []Masked, error) {
	m, err := newMasker(o)
	if err != nil {
		return nil, nil, err
	}
	if err := m.collectBody(body); err != nil {
		return nil, nil, err
	}
	m.seal()
	out := m.rewrite(body, 0)
	return out, m.masked, nil
}

// masker works in two passes: it learns every value that has to go, then takes each of
// them away wherever it stands.
type masker struct {
	rules    *maskRules
	keep     []jsonPath
	known    map[string]learned
	order    []string // the known values, in the order they were met
	used     map[string]bool
	words    map[string]string // single words to replace, in small letters
	replacer *strings.Replacer
	masked   []Masked
	count    uint64
}

// learned is what becomes of a value.
type learned struct {
	mask string
	kind MaskKind
}

func newMasker(o MaskOptions) (*masker, error) {
	m := &masker{rules: sharedMaskRules(), known: map[string]learned{}, used: map[string]bool{}, words: map[string]string{}}
	for _, text := range o.Keep {
		p, err := parsePath(text)
		if err != nil {
			return nil, fmt.Errorf("mask: keep %q: %w", text, err)
		}
		m.keep = append(m.keep, p)
	}
	for _, secret := range o.Secrets {
		m.learn(MaskKey, secret)
	}
	return m, nil
}

// kept reports whether a path is to be left alone.
func (m *masker) kept(path jsonPath) bool {
	for _, keep := range m.keep {
		if len(keep) > len(path) {
			continue
		}
		fits := true
		for i, s := range keep {
			fits = fits && (s.key == path[i].key || s.each && path[i].each)
		}
		if fits {
			return true
		}
	}
	return false
}

// learn notes a value that has to go.
func (m *masker) learn(kind MaskKind, text string) {
	if _, ok := m.known[text]; ok || text == "" {
		return
	}
	m.count++
	mask := m.makeMask(kind, text)
	m.used[mask] = true
	m.known[text] = learned{mask, kind}
	m.order = append(m.order, text)
}

// collectBody learns from a body what has to go.
func (m *masker) collectBody(body []byte) error {
	if !json.Valid(body) {
		return fmt.Errorf("mask: %w", errNotJSON)
	}
	return m.collect(body, 0)
}

func (m *masker) collect(body []byte, depth int) error {
	return m.walkScalars(body, func(s spot) string {
		raw := body[s.value:s.end]
		if raw[0] != '"' && !isNumber(raw) {
			return ""
		}
		text := string(raw)
		if raw[0] == '"' {
			text = unquote(raw)
		}
		if depth > 0 || !m.kept(s.path) {
			m.collectText(text, s, raw[0] != '"', depth)
		}
		return text
	})
}

func (m *masker) collectText(text string, s spot, number bool, depth int) {
	if !s.isKey {
		if kind := m.rules.fits(s.kind, text, number); kind != "" {
			m.learn(kind, text)
			return
		}
	}
	if !number {
		m.find(text, s.isKey, s.plain, depth)
	}
}

// find learns what has the form of something personal in a text, also in what the text
// holds in another encoding.
func (m *masker) find(text string, isKey, plain bool, depth int) {
	if depth > maxEncodings || len(text) < 6 {
		return
	}
	digits := digitsIn(text)
	for _, p := range m.rules.patterns {
		if (isKey && !p.inNames) || plain && p.loose {
			continue
		}
		for _, found := range p.find(text, digits) {
			m.learn(p.kind, found)
		}
	}
	if nested := []byte(text); isNested(nested) {
		_ = m.collect(nested, depth+1) // nested too deeply, it is a text as any other
		return
	}
	eachEncoded(text, func(decoded string) string {
		m.find(decoded, false, plain, depth+1)
		return decoded
	})
}

// maxEncodings is how many encodings within each other are looked into.
const maxEncodings = 3

// isNested reports whether a text is a JSON object or array itself.
func isNested(text []byte) bool {
	at := skipSpace(text, 0)
	return at < len(text) && (text[at] == '{' || text[at] == '[') && json.Valid(text)
}

// rewrite returns the body without what was learned, and notes where it stood.
func (m *masker) rewrite(body []byte, depth int) []byte {
	var out bytes.Buffer
	copied := 0
	replace := func(s spot, with []byte) {
		out.Write(body[copied:s.value])
		out.Write(with)
		copied = s.end
	}
	err := m.walkScalars(body, func(s spot) string {
		raw := body[s.value:s.end]
		if raw[0] != '"' && !isNumber(raw) {
			return ""
		}
		text := string(raw)
		if raw[0] == '"' {
			text = unquote(raw)
		}
		if depth == 0 && m.kept(s.path) {
			return text
		}
		with, kind := m.replacement(text, s, raw[0] != '"', depth)
		if with == text {
			return text
		}
		spelled := quote(with)
		if raw[0] != '"' {
			if spelled = []byte(with); !json.Valid(spelled) {
				return text
			}
		}
		replace(s, spelled)
		if depth == 0 {
			shown := s.shown
			if s.isKey {
				shown = joinShown(shown, EscapeKey(with))
			}
			m.note(shown, kind)
		}
		return with
	})
	if err != nil {
		return body // collect has met the same fault, and nothing was replaced
	}
	out.Write(body[copied:])
	return out.Bytes()
}

func (m *masker) note(path string, kind MaskKind) {
	m.masked = append(m.masked, Masked{Path: path, As: kind})
}

// replacement is what a name or scalar becomes, and why.
func (m *masker) replacement(text string, s spot, number bool, depth int) (string, MaskKind) {
	if !s.isKey {
		if kind := m.rules.fits(s.kind, text, number); kind != "" {
			return m.known[text].mask, kind
		}
	}
	known, ok := m.known[text]
	switch {
	case s.isKey:
		if ok && strings.ContainsAny(text, " @") {
			return known.mask, known.kind
		}
		if !m.rules.personalName(text) {
			return text, ""
		}
	case number:
		if ok && len(text) >= shortestFound {
			return known.mask, known.kind
		}
		return text, ""
	case ok && len(text) >= shortestWord:
		return known.mask, known.kind
	}
	with := m.free(text, depth)
	return with, m.whyChanged(text, known)
}

// whyChanged names the first thing that a text held.
func (m *masker) whyChanged(text string, known learned) MaskKind {
	if known.kind != "" {
		return known.kind
	}
	digits := digitsIn(text)
	for _, p := range m.rules.patterns {
		for _, found := range p.find(text, digits) {
			if _, ok := m.known[found]; ok {
				return p.kind
			}
		}
	}
	return MaskRepeated
}

// free takes everything that was learned out of a text.
func (m *masker) free(text string, depth int) string {
	if depth > maxEncodings || len(text) < shortestWord {
		return text
	}
	if known, ok := m.known[text]; ok {
		return known.mask
	}
	if nested := []byte(text); isNested(nested) {
		return string(m.rewrite(nested, depth+1))
	}
	text = m.replaceWords(m.replacer.Replace(text))
	return eachEncoded(text, func(decoded string) string { return m.free(decoded, depth+1) })
}

// query masks the values of a raw query, whose names are paths of one step.
func (m *masker) query(raw string, visit func(name, value string, s spot) string) string {
	pairs := strings.Split(raw, "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		plainName, err := url.QueryUnescape(name)
		plain, valueErr := url.QueryUnescape(value)
		if err = errors.Join(err, valueErr); err != nil {
			plainName, plain = name, value
		}
		s := spot{path: jsonPath{{key: plainName, index: -1}}, shown: EscapeKey(plainName)}
		s.kind, s.plain = m.rules.kindOf(plainName)
		if m.kept(s.path) {
			continue
		}
		if with := visit(plainName, plain, s); with != plain {
			pairs[i] = name + "=" + url.QueryEscape(with)
		}
	}
	return strings.Join(pairs, "&")
}

func (m *masker) collectQuery(raw string) {
	m.query(raw, func(_, value string, s spot) string {
		m.collectText(value, s, false, 0)
		return value
	})
}

func (m *masker) rewriteQuery(raw string) string {
	return m.query(raw, func(_, value string, s spot) string {
		with, kind := m.replacement(value, s, false, 0)
		if with != value {
			m.note(s.shown, kind)
		}
		return with
	})
}
