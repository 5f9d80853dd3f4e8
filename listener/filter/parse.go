package filter

import (
	"strings"
	"time"

	"whk/verify/provider"
)

// maxLength is more than anybody types.
const maxLength = 4096

// Parse reads a filter. Times such as 10m are reckoned from now. An empty text is a
// filter that everything fits. An error is always an *Error.
func Parse(text string, now time.Time) (*Filter, error) {
	p := &parser{text: text, now: now}
	if len(text) > maxLength {
		return nil, p.fault(maxLength, "", "a filter has at most %d bytes", maxLength)
	}
	var terms []term
	for {
		p.skipBlanks()
		if p.at == len(p.text) {
			return newFilter(terms), nil
		}
		t, err := p.term()
		if err != nil {
			return nil, err
		}
		terms = append(terms, t)
	}
}

// parser reads one text from left to right.
type parser struct {
	text string
	now  time.Time
	at   int
}

// value is one value of a term and where it stands.
type value struct {
	text string
	at   int
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func (p *parser) skipBlanks() {
	for p.at < len(p.text) && blank(p.text[p.at]) {
		p.at++
	}
}

// next is the sign at hand, a blank at the end.
func (p *parser) next() byte {
	if p.at == len(p.text) {
		return ' '
	}
	return p.text[p.at]
}

func (p *parser) term() (term, error) {
	var t term
	start := p.at
	if p.next() == '-' {
		t.not = true
		p.at++
		if blank(p.next()) || p.next() == '-' {
			return t, p.fault(start, `to look for a text that starts with "-", put it in quotes`, `"-" inverts the term behind it, and there is none`)
		}
	}
	if name, ok := p.key(); ok {
		err := p.keyed(&t, name)
		return t, err
	}
	word, err := p.value("")
	if err != nil {
		return t, err
	}
	if word.text == "" {
		return t, p.fault(word.at, "", "there is nothing between the quotes to look for")
	}
	t.values = []string{word.text}
	t.test = &wordTest{text: smartText(word.text)}
	return t, nil
}

// key reads letters and a colon, if that is what comes.
func (p *parser) key() (string, bool) {
	rest := p.text[p.at:]
	length := keyLength(rest)
	if length == 0 {
		return "", false
	}
	p.at += length + 1
	return rest[:length], true
}

// keyLength is the number of letters before a colon, 0 when a text starts otherwise.
func keyLength(s string) int {
	for i := range len(s) {
		c := lower(s[i])
		if c == ':' {
			return i
		}
		if c < 'a' || c > 'z' {
			break
		}
	}
	return 0
}

// keyed reads the values of a key and makes the term of them.
func (p *parser) keyed(t *term, name string) error {
	at := p.at - len(name) - 1
	k, ok := lookup(name)
	if !ok {
		return p.unknownKey(at, name)
	}
	t.key = k.name
	var values []value
	for stops := k.stops; ; {
		v, err := p.value(stops)
		if err != nil {
			return err
		}
		if v.text == "" {
			return p.fault(v.at, "for example "+k.examples[0], "%s: has no value here", k.name)
		}
		values = append(values, v)
		t.values = append(t.values, v.text)
		if blank(p.next()) {
			break
		}
		p.at++
		if stops == "=" {
			stops = "" // a header has one value, in which it is a sign like any other
		}
	}
	var err error
	t.test, err = k.parse(p, values)
	return err
}

func (p *parser) unknownKey(at int, name string) error {
	hint := `to look for it as a text, put it in quotes`
	if near := provider.Nearest(name, keyNames()); len(near) > 0 {
		hint = "did you mean " + either(near) + "? " + hint
	} else {
		hint = "the keys are " + strings.Join(keyNames(), ", ") + "; " + hint
	}
	return p.fault(at, hint, "unknown key %q", clip(name))
}

// value reads up to a blank, or to one of the signs that part values.
func (p *parser) value(stops string) (value, error) {
	v := value{at: p.at}
	if p.next() != '"' {
		for !blank(p.next()) && strings.IndexByte(stops, p.next()) < 0 {
			p.at++
		}
		v.text = p.text[v.at:p.at]
		return v, nil
	}
	var b strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		c := p.text[p.at]
		if c == '"' {
			p.at++
			v.text = b.String()
			if !blank(p.next()) && strings.IndexByte(stops, p.next()) < 0 {
				return v, p.fault(p.at, `write \" for a quote inside of quotes`, "a quoted value ends here, and more follows")
			}
			return v, nil
		}
		if c == '\\' && p.at+1 < len(p.text) && (p.text[p.at+1] == '"' || p.text[p.at+1] == '\\') {
			p.at++
			c = p.text[p.at]
		}
		b.WriteByte(c)
	}
	return v, p.fault(v.at, `write \" for a quote inside of quotes`, "this quote is never closed")
}

// spell writes the term so that it is read back as it is.
func (t *term) spell(b *strings.Builder) {
	if t.not {
		b.WriteByte('-')
	}
	if t.key == "" {
		word := t.values[0]
		spellValue(b, word, "", word[0] == '-' || keyLength(word) > 0)
		return
	}
	k, _ := lookup(t.key)
	b.WriteString(t.key)
	b.WriteByte(':')
	for i, v := range t.values {
		if i > 0 {
			b.WriteByte(k.stops[0])
		}
		spellValue(b, v, k.stops, false)
	}
}

func spellValue(b *strings.Builder, v, stops string, quote bool) {
	if !quote && v[0] != '"' && !strings.ContainsAny(v, " \t\n\r"+stops) {
		b.WriteString(v)
		return
	}
	b.WriteByte('"')
	for i := range len(v) {
		if v[i] == '"' || v[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(v[i])
	}
	b.WriteByte('"')
}

// either joins names as "a", "a or b", "a, b or c".
func either(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
