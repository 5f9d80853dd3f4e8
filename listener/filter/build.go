package filter

import (
	"math"
	"strings"
)

// The functions of this file make tests of values; the table of keys names them.

func parseProviders(p *parser, values []value) (test, error) {
	t := &nameTest{}
	for _, v := range values {
		if strings.Contains(v.text, "/") {
			return nil, p.fault(v.at, "did you mean event:"+clip(v.text)+"?", "provider: takes no event")
		}
		t.globs = append(t.globs, nameGlob{provider: newGlob(v.text), name: newGlob("*")})
	}
	return t, nil
}

func parseEvents(_ *parser, values []value) (test, error) {
	t := &nameTest{}
	for _, v := range values {
		provider, name, both := strings.Cut(v.text, "/")
		if !both {
			provider, name = "*", v.text
		}
		t.globs = append(t.globs, nameGlob{newGlob(provider), newGlob(name)})
	}
	return t, nil
}

func parseNumbers(p *parser, values []value) (test, error) {
	t := &numberTest{of: numberOfEvent}
	for _, v := range values {
		s, ok := rangeOf(v.text, math.MaxInt64, wholeNumber)
		if !ok {
			return nil, p.fault(v.at, "n: takes a number or a range, as in 42, 3..7, 3.. or ..7", "n: cannot read %q", clip(v.text))
		}
		t.ranges = append(t.ranges, s)
	}
	return t, nil
}

func parseSizes(p *parser, values []value) (test, error) {
	t := &numberTest{of: sizeOfBody}
	for _, v := range values {
		s, ok := sizeRange(v.text)
		if !ok {
			return nil, p.fault(v.at, "size: takes a number of bytes, as in >1MiB, <400, <=2KiB, 400 or 1KiB..1MiB", "size: cannot read %q", clip(v.text))
		}
		t.ranges = append(t.ranges, s)
	}
	return t, nil
}

func parseSince(p *parser, values []value) (test, error) { return p.time(values[0], "since", false) }
func parseUntil(p *parser, values []value) (test, error) { return p.time(values[0], "until", true) }

func (p *parser) time(v value, key string, until bool) (test, error) {
	at, ok := moment(v.text, p.now, until)
	if !ok {
		return nil, p.fault(v.at, key+": takes how long ago (10m, 2h, 3d), a day (2026-01-31) or RFC 3339 (2026-01-31T14:00:00Z)", "%s: cannot read %q", key, clip(v.text))
	}
	return &timeTest{at: at, until: until}, nil
}

func parseBody(_ *parser, values []value) (test, error) {
	return &bodyTextTest{text: smartText(values[0].text)}, nil
}

func parseHeader(_ *parser, values []value) (test, error) {
	t := &headerTest{name: newGlob(values[0].text)}
	if len(values) > 1 {
		g := newGlob(values[1].text)
		t.value = &g
	}
	return t, nil
}

func parseMethods(_ *parser, values []value) (test, error) {
	return &methodTest{globs: globsOf(values)}, nil
}

func parsePaths(_ *parser, values []value) (test, error) {
	return &pathTest{globs: globsOf(values)}, nil
}

func globsOf(values []value) []glob {
	var globs []glob
	for _, v := range values {
		globs = append(globs, newGlob(v.text))
	}
	return globs
}

// minDigits is the fewest digits of an event's own id that are looked at.
const minDigits = 8

func parseIDs(_ *parser, values []value) (test, error) {
	t := &idTest{globs: globsOf(values)}
	for _, v := range values {
		digits := strings.ToLower(strings.ReplaceAll(v.text, "-", ""))
		if len(digits) >= minDigits && strings.Trim(digits, "0123456789abcdef") == "" {
			t.prefixes = append(t.prefixes, digits)
		}
	}
	return t, nil
}
