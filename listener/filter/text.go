package filter

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// text is something to look for, byte by byte.
type text struct {
	needle []byte // in small letters when the case does not matter
	fold   bool   // whether A to Z and a to z are the same
	rare   int    // the place in needle of the byte that bodies hold least often
}

// smartText folds the case while the text holds no capital.
func smartText(s string) text {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return text{needle: []byte(s)}
		}
	}
	return foldedText(s)
}

func foldedText(s string) text {
	t := text{needle: []byte(s), fold: true}
	toLower(t.needle, t.needle)
	for i, c := range t.needle {
		if commonness(c) < commonness(t.needle[t.rare]) {
			t.rare = i
		}
	}
	return t
}

// commonness orders bytes by how often JSON and forms hold them, capitals included.
func commonness(c byte) int {
	const known = "zqxjk%&=+wvybfghpu/.-_{}[]mdlc9876543rnsito21ae0:, \""
	return strings.IndexByte(known, c) // others are less common still
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// toLower writes b in small letters to the beginning of out, eight bytes at a time.
func toLower(out, b []byte) {
	const each, high = 0x0101010101010101, 0x8080808080808080
	for len(b) >= 8 {
		w := binary.LittleEndian.Uint64(b)
		seven := w &^ high
		fromA := seven + (0x80-'A')*each // the high bits of what is not less than A
		aboveZ := seven + (0x7f-'Z')*each
		capitals := (fromA ^ aboveZ) &^ w & high
		binary.LittleEndian.PutUint64(out, w|capitals>>2)
		b, out = b[8:], out[8:]
	}
	for i := range b {
		out[i] = lower(b[i])
	}
}

// in reports whether the text is somewhere in b.
func (t *text) in(b []byte) bool { return t.index(b) >= 0 }

const (
	window = 1 << 10 // bytes that are folded at once,
	folded = 1 << 8  // and how much of the text is looked for in them
)

// index is where the text first is in b, -1 when it is not. It looks for the rarest
// byte of the text, and goes over to folding a copy when that turns out to be common:
// the time does not depend much on what b holds.
func (t *text) index(b []byte) int {
	if !t.fold {
		return bytes.Index(b, t.needle)
	}
	if len(t.needle) == 0 {
		return 0
	}
	c := t.needle[t.rare]
	lower, upper := places{c: c}, places{c: c}
	if 'a' <= c && c <= 'z' {
		upper.c = c - ('a' - 'A')
	}
	end := len(b) - len(t.needle) + 1 // behind where the text can begin
	for at, misses := 0, 0; at < end; misses++ {
		const each = 32 // bytes take about as long to fold as one miss
		if misses > 4+at/each {
			return t.foldedIndex(b, at)
		}
		next := lower.from(b[:end+t.rare], at+t.rare)
		if upper.c != c {
			next = min(next, upper.from(b[:end+t.rare], at+t.rare))
		}
		if at = next - t.rare; at < end && t.equal(b[at:at+len(t.needle)]) {
			return at
		}
		at++
	}
	return -1
}

// places finds one place of a byte after the other.
type places struct {
	c    byte
	next int // the first place that has not been passed, plus one; 0 when it is not known
}

// from is the first place not before at, the length of b when there is none.
func (p *places) from(b []byte, at int) int {
	if p.next <= at {
		p.next = len(b) + 1
		if i := bytes.IndexByte(b[at:], p.c); i >= 0 {
			p.next = at + i + 1
		}
	}
	return p.next - 1
}

// foldedIndex is where the text first is in b, not before at. Folding a copy and leaving
// the search to the standard library takes the same time whatever b holds.
func (t *text) foldedIndex(b []byte, at int) int {
	head := t.needle[:min(len(t.needle), folded)]
	var copied [window]byte
	for at+len(t.needle) <= len(b) {
		size := min(window, len(b)-at)
		toLower(copied[:], b[at:at+size])
		switch i := bytes.Index(copied[:size], head); {
		case i < 0:
			at += size - len(head) + 1
		case at+i+len(t.needle) > len(b):
			return -1
		case t.equal(b[at+i : at+i+len(t.needle)]):
			return at + i
		default:
			at += i + 1
		}
	}
	return -1
}

// equal compares with a piece of the needle's length.
func (t *text) equal(b []byte) bool {
	if !t.fold {
		return bytes.Equal(b, t.needle)
	}
	for i, c := range t.needle {
		if lower(b[i]) != c {
			return false
		}
	}
	return true
}

// glob is a pattern in which * stands for any text, also none, and the case of letters
// does not matter.
type glob struct {
	parts []text // what stands between the stars
}

func newGlob(pattern string) glob {
	var g glob
	for part := range strings.SplitSeq(pattern, "*") {
		g.parts = append(g.parts, foldedText(part))
	}
	return g
}

func (g *glob) match(s string) bool {
	rest := []byte(s)
	first, more := &g.parts[0], g.parts[1:]
	if len(rest) < len(first.needle) || !first.equal(rest[:len(first.needle)]) {
		return false
	}
	rest = rest[len(first.needle):]
	if len(more) == 0 {
		return len(rest) == 0
	}
	for i := range more[:len(more)-1] {
		at := more[i].index(rest)
		if at < 0 {
			return false
		}
		rest = rest[at+len(more[i].needle):]
	}
	last := &more[len(more)-1]
	return len(rest) >= len(last.needle) && last.equal(rest[len(rest)-len(last.needle):])
}

// matchAny reports whether one of some globs fits.
func matchAny(globs []glob, s string) bool {
	for i := range globs {
		if globs[i].match(s) {
			return true
		}
	}
	return false
}
