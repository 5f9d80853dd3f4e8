package explain

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"whk/verify"
)

// content is a body, or what a change makes of one, with what has been read from it.
type content struct {
	bytes  []byte
	once   sync.Once
	json   *document // nil when it is none
	fields []pair    // those of a form; nil when it is none

	escaping  sync.Once
	form, uri string // the content with percent signs, as in a form and as in a URI
}

// largeBody is where rare ways of writing JSON are left out, keptBody where what the
// edits make of a body is made anew whenever it is needed.
const (
	largeBody = 1 << 20
	keptBody  = 256 << 10
)

// parsed reads the content as JSON and as a form, once.
func (c *content) parsed() *content {
	c.once.Do(func() {
		if first := bytes.TrimLeft(c.bytes, " \t\r\n"); len(first) > 0 {
			switch first[0] {
			case '{', '[', '"':
				c.json, _ = parse(c.bytes)
			default:
				c.fields = parseForm(c.bytes)
			}
		}
	})
	return c
}

// percent is the content with percent signs, as a form has it or as encodeURIComponent
// writes it.
func (c *content) percent(uri bool) string {
	c.escaping.Do(func() {
		c.form = url.QueryEscape(string(c.bytes))
		c.uri = encodeURIComponent(string(c.bytes))
	})
	if uri {
		return c.uri
	}
	return c.form
}

// edit is one way to change a body. It writes what it makes of a content behind dst, and
// reports false where it does not apply.
type edit struct {
	cause  Cause
	weight int
	what   string
	make   func(dst []byte, c *content) ([]byte, bool)
	rare   bool // left out for large bodies
}

func (e edit) change() Change { return changeOf(e.cause, e.what) }

// edits lists all changes of a body that are tried, those that happen most first.
func edits(d *verify.Delivery) []edit {
	headerLength, _ := strconv.Atoi(d.Header.Get("Content-Length"))
	var all []edit
	all = append(all, newlineEdits()...)
	all = append(all, jsonEdits()...)
	all = append(all, charsetEdits()...)
	all = append(all, formEdits()...)
	all = append(all, wireEdits()...)
	all = append(all, zipEdits(strings.Contains(d.Header.Get("Content-Encoding"), "gzip"))...)
	all = append(all, lengthEdits(headerLength)...)
	all = append(all, mistakeEdits()...)
	return all
}

// trimming is an edit that cuts a content without copying its sense.
func trimming(cut func([]byte) []byte) func([]byte, *content) ([]byte, bool) {
	return func(dst []byte, c *content) ([]byte, bool) {
		rest := cut(c.bytes)
		return append(dst, rest...), len(rest) != len(c.bytes)
	}
}

func appending(tail string) func([]byte, *content) ([]byte, bool) {
	return func(dst []byte, c *content) ([]byte, bool) {
		return append(append(dst, c.bytes...), tail...), true
	}
}

func newlineEdits() []edit {
	suffix := func(text string) func([]byte, *content) ([]byte, bool) {
		return trimming(func(b []byte) []byte { return bytes.TrimSuffix(b, []byte(text)) })
	}
	const blanks = " \t\r\n"
	return []edit{
		{cause: NewlineAdded, weight: 10, what: "the final newline (0x0A) is removed from the body", make: suffix("\n")},
		{cause: NewlineLost, weight: 11, what: "a final newline (0x0A) is put back at the end of the body", make: appending("\n")},
		{cause: NewlineAdded, weight: 12, what: "the final CRLF (0x0D 0x0A) is removed from the body", make: suffix("\r\n")},
		{cause: NewlineLost, weight: 13, what: "a final CRLF (0x0D 0x0A) is put back at the end of the body", make: appending("\r\n")},
		{cause: BlanksAdded, weight: 14, what: "the white space around the body is removed",
			make: trimming(func(b []byte) []byte { return bytes.Trim(b, blanks) })},
		{cause: BlanksAdded, weight: 14, what: "the white space at the end of the body is removed",
			make: trimming(func(b []byte) []byte { return bytes.TrimRight(b, blanks) })},
		{cause: BlanksAdded, weight: 14, what: "the last byte of the body is removed, a blank", make: suffix(" ")},
		{cause: BlanksAdded, weight: 60, what: "a blank is put back at the end of the body", make: appending(" ")},
		{cause: BlanksAdded, weight: 14, what: "the white space before the body is removed",
			make: trimming(func(b []byte) []byte { return bytes.TrimLeft(b, blanks) })},
		{cause: LineEnds, weight: 14, what: "the line ends of the body are LF, not CRLF",
			make: func(dst []byte, c *content) ([]byte, bool) { return replace(dst, c.bytes, "\r\n", "\n") }},
		{cause: LineEnds, weight: 14, what: "the line ends of the body are CRLF, not LF",
			make: func(dst []byte, c *content) ([]byte, bool) {
				if bytes.Contains(c.bytes, []byte("\r\n")) {
					return dst, false
				}
				return replace(dst, c.bytes, "\n", "\r\n")
			}},
		{cause: LineEnds, weight: 80, what: "the line ends of the body are removed", make: func(dst []byte, c *content) ([]byte, bool) {
			return replace(dst, bytes.ReplaceAll(c.bytes, []byte("\r"), nil), "\n", "")
		}},
		{cause: ByteOrderMark, weight: 30, what: "the byte order mark (EF BB BF) is removed from the body",
			make: trimming(func(b []byte) []byte { return bytes.TrimPrefix(b, []byte(bom)) })},
		{cause: ByteOrderMark, weight: 31, what: "a byte order mark (EF BB BF) stands before the body",
			make: func(dst []byte, c *content) ([]byte, bool) { return append(append(dst, bom...), c.bytes...), true }},
	}
}

const bom = "\xef\xbb\xbf"

// replace reports false where there is nothing to replace.
func replace(dst, b []byte, old, new string) ([]byte, bool) {
	n := bytes.Count(b, []byte(old))
	if n == 0 {
		return dst, false
	}
	for {
		i := bytes.Index(b, []byte(old))
		if i < 0 {
			return append(dst, b...), true
		}
		dst = append(append(dst, b[:i]...), new...)
		b = b[i+len(old):]
	}
}

// lengthEdits make a body longer or shorter. What a prefix search covers (see prefixes)
// is not repeated here.
func lengthEdits(headerLength int) []edit {
	all := []edit{
		{cause: BodyTwice, weight: 70, what: "only the first half of the body is taken; it came twice", make: func(dst []byte, c *content) ([]byte, bool) {
			n := len(c.bytes) / 2
			if n == 0 || !bytes.Equal(c.bytes[:n], c.bytes[len(c.bytes)-n:]) {
				return dst, false
			}
			return append(dst, c.bytes[:n]...), true
		}},
		{cause: BodyTwice, weight: 110, what: "the body is taken twice", make: func(dst []byte, c *content) ([]byte, bool) {
			if len(c.bytes) == 0 || len(c.bytes) > largeBody {
				return dst, false
			}
			return append(append(dst, c.bytes...), c.bytes...), true
		}},
		{cause: BodyTooLong, weight: 72, what: "what follows the first JSON value is removed from the body", make: func(dst []byte, c *content) ([]byte, bool) {
			if c.parsed().json != nil {
				return dst, false
			}
			n := firstValue(c.bytes)
			if n <= 0 || n == len(c.bytes) || len(bytes.TrimSpace(c.bytes[n:])) == 0 {
				return dst, false
			}
			return append(dst, c.bytes[:n]...), true
		}},
		{cause: BodyTooShort, weight: 74, what: "the closing brackets that the JSON lacks are put back", make: func(dst []byte, c *content) ([]byte, bool) {
			if c.parsed().json != nil {
				return dst, false
			}
			closing, ok := missingBrackets(c.bytes)
			return append(append(dst, c.bytes...), closing...), ok
		}},
	}
	sizes := []int{1 << 10, 2 << 10, 4 << 10, 8 << 10, 1<<14 - 1, 1 << 14, 1 << 15, 65535, 1 << 16, 100_000, 100 << 10, 1 << 17, 1 << 18, 1 << 19, 1_000_000, 1 << 20, 2 << 20, 4 << 20}
	if headerLength > 0 {
		all = append(all, cutAt(headerLength, 71, "the body is cut at the "+strconv.Itoa(headerLength)+" bytes that its Content-Length says"))
	}
	for _, n := range sizes {
		all = append(all, cutAt(n, 115, fmt.Sprintf("only the first %d bytes of the body are taken", n)))
	}
	return all
}

func cutAt(n, weight int, what string) edit {
	return edit{cause: BodyTooLong, weight: weight, what: what, make: func(dst []byte, c *content) ([]byte, bool) {
		if len(c.bytes) <= n {
			return dst, false
		}
		return append(dst, c.bytes[:n]...), true
	}}
}

// mistakeEdits are what a sender signs by mistake in place of the body.
func mistakeEdits() []edit {
	constant := func(text, what string, c Cause, weight int) edit {
		return edit{cause: c, weight: weight, what: what, make: func(dst []byte, of *content) ([]byte, bool) {
			return append(dst, text...), string(of.bytes) != text
		}}
	}
	all := []edit{
		constant("", "the signed body is empty", BodyNotSigned, 40),
		constant("[object Object]", `the signed body is "[object Object]", which is an object of JavaScript as text`, BodyAsText, 100),
		constant("{}", `the signed body is "{}", which is a body that was not parsed, as JSON`, BodyNotSigned, 100),
		constant("null", `the signed body is "null"`, BodyNotSigned, 101),
		constant("undefined", `the signed body is "undefined"`, BodyNotSigned, 101),
		constant("None", `the signed body is "None"`, BodyNotSigned, 102),
		constant("Array", `the signed body is "Array", which is an array of PHP as text`, BodyAsText, 102),
		constant("[]", `the signed body is "[]"`, BodyNotSigned, 102),
	}
	return append(all, partEdits()...)
}

// partEdits take the values of the outermost object one by one.
func partEdits() []edit {
	const most = 8
	var all []edit
	part := func(n int, st *style, what string) edit {
		return edit{cause: JSONPart, weight: 105, what: what, rare: true, make: func(dst []byte, c *content) ([]byte, bool) {
			d := c.parsed().json
			if d == nil || d.src[d.tokens[0].start] != '{' {
				return dst, false
			}
			for i, seen := 1, 0; i < d.tokens[0].next-1; i = d.tokens[i+1].next {
				value := d.tokens[i+1]
				if opening := d.src[value.start]; opening != '{' && opening != '[' {
					continue
				}
				if seen++; seen <= n {
					continue
				}
				if st == nil {
					return append(dst, d.src[value.start:d.tokens[value.next-1].end]...), true
				}
				w := writer{document: d, style: st, out: dst} // without an indent nothing grows
				w.value(i+1, 0)
				return w.out, true
			}
			return dst, false
		}}
	}
	for n := range most {
		what := fmt.Sprintf("only value %d of those in the JSON that are objects or lists is signed", n+1)
		all = append(all, part(n, nil, what), part(n, &style{comma: ",", colon: ":"}, what+", written compactly"))
	}
	return all
}

// bodies are what the edits make of a body.
type bodies struct {
	edits []edit
	base  *content
	seed  maphash.Seed

	mu   sync.Mutex
	seen map[uint64]int64 // the place of the first attempt that tried a content
	kept []*content       // by edit
	live []bool           // whether an edit makes anything new
}

func newBodies(d *verify.Delivery) *bodies {
	b := &bodies{edits: edits(d), base: &content{bytes: d.Body}, seed: maphash.MakeSeed()}
	b.kept, b.live = make([]*content, len(b.edits)), make([]bool, len(b.edits))
	b.seen = map[uint64]int64{maphash.Bytes(b.seed, d.Body): -1}
	return b
}

// variant is what edit i makes of the body, nil when it does not apply. Scratch may be
// used for it.
func (b *bodies) variant(i int, scratch []byte) *content {
	b.mu.Lock()
	kept := b.kept[i]
	b.mu.Unlock()
	if kept != nil {
		return kept
	}
	e := b.edits[i]
	if e.rare && len(b.base.bytes) > largeBody {
		return nil
	}
	if b.keeps() || cap(scratch) == 0 {
		scratch = make([]byte, 0, len(b.base.bytes)+len(b.base.bytes)/4+64)
	}
	out, ok := e.make(scratch[:0], b.base)
	if !ok {
		return nil
	}
	c := &content{bytes: out}
	if b.keeps() {
		b.mu.Lock()
		b.kept[i] = c
		b.mu.Unlock()
	}
	return c
}

func (b *bodies) keeps() bool { return len(b.base.bytes) <= keptBody }

// fresh reports whether no attempt in an earlier place has tried a content.
func (b *bodies) fresh(c *content, place int64) bool {
	sum := maphash.Bytes(b.seed, c.bytes)
	b.mu.Lock()
	defer b.mu.Unlock()
	first, ok := b.seen[sum]
	if ok && first < place {
		return false
	}
	b.seen[sum] = place
	return true
}

// enliven notes that an edit makes something new.
func (b *bodies) enliven(i int) {
	b.mu.Lock()
	b.live[i] = true
	b.mu.Unlock()
}

// parseForm reads a form body; nil when it does not look like one.
func parseForm(body []byte) []pair {
	if len(body) == 0 || len(body) > largeBody || bytes.IndexByte(body, '=') < 1 || bytes.ContainsAny(body, " \r\n\"{<") {
		return nil
	}
	var all []pair
	for part := range bytes.SplitSeq(body, []byte("&")) {
		name, value, _ := bytes.Cut(part, []byte("="))
		n, err := url.QueryUnescape(string(name))
		if err != nil {
			return nil
		}
		v, err := url.QueryUnescape(string(value))
		if err != nil {
			return nil
		}
		all = append(all, pair{n, v})
	}
	return all
}

// pair is a field of a form.
type pair struct{ name, value string }
