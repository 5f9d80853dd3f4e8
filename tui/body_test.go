package tui

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"whk/verify/display/displaytest"
)

// drawn is a body as a terminal without colours shows it.
func drawn(b *body, left, width int) string {
	th := newTheme(false, false)
	var out strings.Builder
	for _, l := range b.window(0, b.height(), left, width) {
		var row strings.Builder
		th.draw(&row, l, width, false)
		out.WriteString(strings.TrimRight(row.String(), " ") + "\n")
	}
	return out.String()
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	pack(t, gzip.NewWriter(&b), data)
	return b.Bytes()
}

func zlibbed(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	pack(t, zlib.NewWriter(&b), data)
	return b.Bytes()
}

func pack(t testing.TB, w io.WriteCloser, data []byte) {
	t.Helper()
	if _, err := w.Write(data); err != nil {
		t.Fatalf("compress: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatalf("compress: %v", err)
	}
}

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json; charset=utf-8"
)

func TestBodyKind(t *testing.T) {
	object := []byte(`{"a":1}`)
	tests := []struct {
		name, body, contentType, encoding, query string
		want                                     string
	}{
		{"nothing", "", "", "", "", "empty"},
		{"nothing but a query", "", "", "", "a=1", "query"},
		{"JSON in a query", "", "", "", "a=[1]", "query with JSON"},
		{"a body goes before a query", "x", "", "", "a=1", "text"},
		{"JSON that was announced", `{"a":1}`, jsonType, "", "", "JSON"},
		{"JSON of a vendor's type", `"x"`, "application/vnd.example+json", "", "", "JSON"},
		{"JSON that was not announced", ` [1]`, "", "", "", "JSON"},
		{"JSON sent as a form", `{"a":1}`, formType, "", "", "JSON"},
		{"a number", `1`, "text/plain", "", "", "text"},
		{"a number announced as JSON", `1`, "application/json", "", "", "JSON"},
		{"broken JSON", `{"a":`, "application/json", "", "", "broken JSON"},
		{"deeper than decoders go", strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001), "application/json", "", "", "broken JSON"},
		{"JSON behind a byte order mark", "\ufeff{}", "application/json", "", "", "JSON behind a byte order mark"},
		{"a value on each line", "{}\n{}\n", "application/x-ndjson", "", "", "text"},
		{"a form", "a=1&b=2", formType + "; charset=utf-8", "", "", "form"},
		{"a form with bad parameters", "a=1&b=2", formType + "; =", "", "", "form"},
		{"a form with JSON", "payload=%7B%22a%22%3A1%7D", formType, "", "", "form with JSON"},
		{"a field that is a number is no JSON", "a=1", formType, "", "", "form"},
		{"a form that was not announced", "a=1", "", "", "", "text"},
		{"XML that was announced", "<a/>", "text/xml", "", "", "XML"},
		{"XML of a vendor's type", "<a/>", "application/soap+xml", "", "", "XML"},
		{"XML that was not announced", `<?xml version="1.0"?><a/>`, "", "", "", "XML"},
		{"HTML", "<html>", "text/html", "", "", "text"},
		{"a few bytes of Latin-1", "Gr\xf6\xdfe des Paketes", "text/plain; charset=iso-8859-1", "", "", "text"},
		{"a NUL", "a\x00b", "text/plain", "", "", "binary"},
		{"a picture", "\x89PNG\r\n\x1a\n\xff\xd8\xff", "image/png", "", "", "binary"},
		{"text announced as bytes", "hello", "application/octet-stream", "", "", "text"},
		{"parts", "--x\r\n\r\n1\r\n--x--\r\n", "multipart/form-data; boundary=x", "", "", "multipart"},
		{"parts of another boundary", "--y\r\n\r\n1\r\n--y--\r\n", "multipart/form-data; boundary=x", "", "", "text"},
		{"gzip", string(gzipped(t, object)), jsonType, "gzip", "", "JSON, gzip undone"},
		{"gzip by its old name", string(gzipped(t, object)), jsonType, "X-GZIP", "", "JSON, gzip undone"},
		{"deflate", string(zlibbed(t, object)), jsonType, "identity, deflate", "", "JSON, deflate undone"},
		{"gzip that was undone on the way", `{"a":1}`, jsonType, "gzip", "", "JSON"},
		{"gzip that was not announced", string(gzipped(t, object)), jsonType, "", "", "binary"},
		{"gzip of nothing", string(gzipped(t, nil)), jsonType, "gzip", "", "empty, gzip undone"},
		{"gzip twice", string(gzipped(t, gzipped(t, object))), jsonType, "gzip, gzip", "", "binary"},
		{"an encoding that is not known", "\x00", jsonType, "br", "", "binary"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := newBody([]byte(tt.body), tt.contentType, tt.encoding, tt.query).kind()
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("kind (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBodyLooks(t *testing.T) {
	const mixed = "{\"id\": 12345678901234567890, \"price\":1.10,\"tags\":[ \"a\",\"b\" ],\"none\":[ ],\"o\":{},\n" +
		"\"twice\":true,\"twice\":null,\"text\":\"Gr\\u00f6\\u00dfe\\n\\/ 日本\"}\n"
	// One and the same compressor, so that its bytes stay the same.
	const packed = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x15\xcb\x31\x0a\x80\x30\x0c\x40\xd1\xab\x84\xcc\x45\x50" +
		"\x37\x37\xaf\xe0\x2a\x0e\x55\x03\x2d\xd6\x26\xb4\x59\xaa\xf4\xee\xd6\xf5\xf3\xfe\x8b\xfe\xcc\x38" +
		"\xc1\xda\x1b\x18\x0c\x8c\x9b\x01\x7c\x28\xb6\x82\xb3\x48\x62\x7b\x38\xbb\x07\x02\x9f\x61\x27\x55" +
		"\x4a\xa0\xce\x46\xc8\xfe\x96\x40\x1d\x36\xed\x98\xaf\xc6\x5f\xd4\x22\xf4\x7f\x0b\x09\x67\xaf\x9c" +
		"\x0a\xd6\xfa\x01\x31\x3d\x75\x78\x60\x00\x00\x00"
	parts := strings.ReplaceAll(`--frontier
Content-Disposition: form-data; name="event"

push
--frontier
Content-Disposition: form-data; name="payload"; filename="p.json"
Content-Type: application/json

{"a":[1,2]}
--frontier--
`, "\n", "\r\n")
	tests := []struct{ golden, body, contentType, encoding, query string }{
		{"json", mixed, jsonType, "", ""},
		{"json_scalar", ` "text" `, jsonType, "", ""},
		{"json_broken", "{\"a\": 1,\n \"b\": tru}", jsonType, "", ""},
		{"json_mark", "\ufeff{\"a\":1}", jsonType, "", ""},
		{"json_gzip", packed, jsonType, "gzip", ""},
		{"gzip_cut", packed[:50], jsonType, "gzip", ""},
		{"encoding_unknown", "abc", "", "br", ""},
		{"form", "action=push&empty=&flag&&text=a%20b+c%26d%3D%C3%B6&bad=100%&hostile=%1B%5B2J%0A&action=again", formType, "", ""},
		{"form_json", "event=push&payload=%7B%22zen%22%3A%22Keep+it%22%2C%22ids%22%3A%5B1%2C2%5D%7D&last=1", formType, "", ""},
		{"query", "", "", "", "hub.mode=subscribe&hub.challenge=1158201444"},
		{"multipart", parts, "multipart/form-data; boundary=frontier", "", ""},
		{"multipart_cut", parts[:len(parts)-16], "multipart/form-data; boundary=frontier", "", ""},
		{"xml", "<?xml version=\"1.0\"?>\r\n<a>\n\t<b/>\n</a>\n", "text/xml", "", ""},
		{"text", "one\n\ntwo\twith a tab\x1b[31m\nGr\xf6\xdfe", "text/plain", "", ""},
		{"binary", "\x00\x01\x02\x1b[31m hello, world \x7f\x80\xff 0123456789", "application/octet-stream", "", ""},
		{"empty", "", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.golden, func(t *testing.T) {
			b := newBody([]byte(tt.body), tt.contentType, tt.encoding, tt.query)
			got := "# " + b.kind() + "\n" + drawn(b, 0, 100) +
				"# " + b.raw().kind() + "\n" + drawn(b.raw(), 0, 100)
			golden(t, "body/"+tt.golden+".golden", got)
		})
	}
}

func TestBodyInASCII(t *testing.T) {
	b := newBody([]byte(`{"a":[1,2],"b":{"c":1}}`), jsonType, "", "")
	b.signs = asciiSigns()
	b.fold(1)
	if diff := cmp.Diff("- {\n  + \"a\": [ ~ 2 ],\n  - \"b\": {\n      \"c\": 1\n    }\n  }\n", drawn(b, 0, 40)); diff != "" {
		t.Errorf("drawn (-want +got):\n%s", diff)
	}
}

// The raw view is what signatures are about: every byte has to be in it.
func TestRawBodyIsEveryByte(t *testing.T) {
	for _, data := range []string{"{\"a\" : 1}\n", "a\r\n\r\nb", "\n", "a=1&b", "\ufeff[]"} {
		raw := newBody([]byte(data), jsonType, "", "").raw()
		var joined []string
		for _, l := range raw.window(0, raw.height()-1, 0, 1000) {
			text := ""
			for _, s := range l {
				text += s.text
			}
			joined = append(joined, text)
		}
		got := strings.NewReplacer(`\x0d`, "\r", `\u{FEFF}`, "\ufeff").Replace(strings.Join(joined, "\n"))
		if diff := cmp.Diff(strings.TrimSuffix(data, "\n"), got); diff != "" {
			t.Errorf("raw of %q (-want +got):\n%s", data, diff)
		}
		if raw.raw() != raw {
			t.Errorf("the raw view of a raw view of %q is another one", data)
		}
	}
}

func TestHostileBodiesAreWrittenOut(t *testing.T) {
	th := newTheme(false, false)
	coloured := newTheme(true, false)
	for _, class := range displaytest.Classes {
		p := class.Payload
		quoted := strings.Map(func(r rune) rune {
			if r < ' ' || r == '\\' || r == '"' {
				return -1
			}
			return r
		}, p)
		cases := []struct{ name, body, contentType, query string }{
			{"JSON string", `{"a":"` + quoted + `"}`, jsonType, ""},
			{"JSON name", `{"` + quoted + `":{"` + quoted + `":1}}`, jsonType, ""},
			{"form value", "a=" + p + "&b=" + escaped(p), formType, ""},
			{"form name", p + "=1&" + escaped(p) + "=2", formType, ""},
			{"JSON in a form", "a=" + escaped(`["`+quoted+`"]`), formType, ""},
			{"query", "", "", p + "=" + escaped(p)},
			{"text", p, "text/plain", ""},
			{"bytes", p + "\x00\x00", "", ""},
			{"broken JSON", p, jsonType, ""},
			{"part", "--x\r\nA: " + p + "\r\n\r\n" + p + "\r\n--x--", "multipart/form-data; boundary=x", ""},
		}
		for _, c := range cases {
			t.Run(class.Name+" as "+c.name, func(t *testing.T) {
				b := newBody([]byte(c.body), c.contentType, "", c.query)
				for _, b := range []*body{b, b.raw()} {
					for left := range 12 {
						if fault := displaytest.Fault(drawn(b, left, 60), true); fault != "" {
							t.Errorf("%s is drawn from column %d", fault, left)
						}
					}
					for _, l := range b.window(0, b.height(), 0, 60) {
						var plain, colour strings.Builder
						th.draw(&plain, l, 60, false)
						coloured.draw(&colour, l, 60, false)
						if diff := cmp.Diff(plain.String(), withoutOurs(coloured, colour.String())); diff != "" {
							t.Errorf("with colours, without what the theme writes (-want +got):\n%s", diff)
						}
					}
				}
			})
		}
	}
}

// withoutOurs takes out what the theme writes around pieces.
func withoutOurs(th *theme, text string) string {
	for r := range roles {
		for _, ours := range []string{th.before[r], th.behind[r]} {
			if ours != "" {
				text = strings.ReplaceAll(text, ours, "")
			}
		}
	}
	return text
}

// escaped writes every byte as forms may.
func escaped(text string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		b.Write([]byte{'%', digits[text[i]>>4], digits[text[i]&15]})
	}
	return b.String()
}

func TestInflate(t *testing.T) {
	some := gzipped(t, []byte("some text"))
	zeros := make([]byte, 1<<20)
	// Noise of 16 letters, so that it is the size that is too much and not the ratio.
	noise := make([]byte, maxInflated+1)
	if testing.Short() {
		noise = noise[:4<<20] // enough to be skipped
	}
	state := uint32(1)
	for i := range noise {
		state = state*1664525 + 1013904223
		noise[i] = 'a' + byte(state>>28)
	}
	wrong := bytes.Clone(some)
	wrong[len(wrong)-5] ^= 1
	tests := []struct {
		name, encoding string
		data           []byte
		undone         string
		read           int
		note           string
	}{
		{"no encoding", "identity", some, "", len(some), ""},
		{"gzip", "gzip", some, "gzip", 9, "inflated to 9"},
		{"wrong checksum", "gzip", wrong, "gzip", 9, "inflated to 9 until this: gzip: invalid checksum"},
		{"cut in its head", "gzip", some[:5], "", 5, "not inflated: unexpected EOF"},
		{"within the ratio", "gzip", gzipped(t, zeros[:smallEnough]), "gzip", smallEnough, "inflated to 65536"},
		{"beyond the ratio", "gzip", gzipped(t, zeros), "", 0, "more than 100 times the size"},
		{"the same in deflate", "deflate", zlibbed(t, zeros), "", 0, "more than 100 times the size"},
		{"beyond the size", "gzip", gzipped(t, noise), "", 0, "more than 10 MiB"},
		{"just the size", "gzip", gzipped(t, noise[1:]), "gzip", maxInflated, "inflated to 10485760"},
		{"no deflate", "deflate", []byte("hello, world"), "", 12, "deflate, not inflated"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if testing.Short() && len(tt.data) > 1<<20 {
				t.Skip("megabytes take long under the race detector")
			}
			read, undone, notes := inflate(tt.data, tt.encoding)
			want := tt.read
			if tt.undone == "" {
				want = len(tt.data)
			}
			if undone != tt.undone || len(read) != want {
				t.Errorf("undone is %q with %d bytes, want %q with %d", undone, len(read), tt.undone, want)
			}
			note := ""
			for _, n := range notes {
				note += n.(remarks)[0].plain()
			}
			if !strings.Contains(note, tt.note) || note != "" && tt.note == "" {
				t.Errorf("the note is %q, want %q in it", note, tt.note)
			}
		})
	}
}

func TestBodyMovedSideways(t *testing.T) {
	b := newBody([]byte("日本語 text\nabcdef\n"), "", "", "")
	tests := []struct {
		left int
		want string
	}{
		{0, "日本…\nabcd…\n"},
		{1, " 本… \nbcdef\n"},
		{2, "本語…\ncdef\n"},
		{6, " text\n\n"},
		{100, "\n\n"},
	}
	for _, tt := range tests {
		got := drawn(b, tt.left, 5)
		trimmed := strings.ReplaceAll(tt.want, " \n", "\n")
		if diff := cmp.Diff(trimmed, got); diff != "" {
			t.Errorf("from column %d (-want +got):\n%s", tt.left, diff)
		}
	}
}

// What is seen of a long text is the same from wherever it is looked at.
func TestLongLinesMove(t *testing.T) {
	long := strings.Repeat("0123456789 \\n\x1b\u202e 日本 \\\\", 2000)
	for _, body := range []string{long, `["` + strings.ReplaceAll(long, "\x1b", "") + `"]`} {
		b := newBody([]byte(body), "", "", "")
		row := b.height() / 2
		whole := b.window(row, 1, 0, 200_000)[0].plain()
		for _, left := range []int{0, 1, 1000, 4096, 20_000, 50_000} {
			got := b.window(row, 1, left, 40)[0].plain()
			want := lines{{{plain, whole}}}.window(0, 1, left, 40)[0].plain()
			got = strings.TrimLeft(got, " ")
			if want = strings.TrimLeft(want, " "); !strings.HasPrefix(want, got) && !strings.Contains(want[:200], got) {
				t.Errorf("from column %d: %q, want the start of %q", left, got, want[:80])
			}
		}
	}
}

func TestManyPartsAndFieldsAreBounded(t *testing.T) {
	var parts, fields strings.Builder
	for range 3 * maxParts {
		parts.WriteString("--x\n\n{\"a\":1}\n")
		fields.WriteString("a=[1]&")
	}
	b := newBody([]byte(parts.String()), "multipart/mixed; boundary=x", "", "")
	if got, most := len(b.parts), 3*maxParts+3; got > most {
		t.Errorf("%d sections of parts, want at most %d", got, most)
	}
	if !strings.Contains(drawn(b, 0, 80), "what follows the first 64 parts") {
		t.Error("nothing says that the rest is not told apart")
	}
	b = newBody([]byte(fields.String()), formType, "", "")
	if got, most := len(b.parts), 2*maxFormTrees+1; got > most {
		t.Errorf("%d sections of fields, want at most %d", got, most)
	}
	if got, want := strings.Count(drawn(b, 0, 80), "a = "), 3*maxParts; got != want {
		t.Errorf("%d fields are shown, want %d", got, want)
	}
}

// Marks that take no column would make a line of any length.
func TestTextWithoutColumnsIsBounded(t *testing.T) {
	b := newBody([]byte("e"+strings.Repeat("\u0301", 1_000_000)), "", "", "")
	l := b.window(0, 1, 0, 80)[0]
	text := l.plain()
	if len(text) > 4096 || !strings.HasSuffix(text, b.signs.more) {
		t.Errorf("%d bytes are drawn, ending in %q", len(text), text[len(text)-9:])
	}
}
