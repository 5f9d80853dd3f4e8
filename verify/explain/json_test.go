package explain

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"whk/verify"
)

// written are texts of one JSON document as Node and Python wrote them.
type written struct {
	Source  string            `json:"source"`
	Written map[string]string `json:"written"`
}

// What Node, Python and Go write of a document is among what is tried.
func TestEditsWriteWhatLibrariesWrite(t *testing.T) {
	file, err := os.ReadFile("testdata/written.json")
	if err != nil {
		t.Fatal(err)
	}
	var w written
	if err := json.Unmarshal(file, &w); err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal([]byte(w.Source), &value); err != nil {
		t.Fatal(err)
	}
	for name, indent := range map[string]string{"Go": "", "Go, indented": "  "} {
		var out []byte
		if indent == "" {
			out, err = json.Marshal(value)
		} else {
			out, err = json.MarshalIndent(value, "", indent)
		}
		if err != nil {
			t.Fatal(err)
		}
		// whk leaves out that Go keeps the sign of a zero.
		w.Written[name] = strings.Replace(string(out), "-0", "0", 1)
	}
	made := allEdits(t, w.Source)
	for name, text := range w.Written {
		if _, ok := made[text]; !ok {
			t.Errorf("no edit writes the document as %s does:\n%s", name, text)
		}
	}
}

// allEdits are what the edits make of a body, with what they say.
func allEdits(t testing.TB, body string) map[string]string {
	t.Helper()
	b := newBodies(&verify.Delivery{Body: []byte(body)})
	made := map[string]string{}
	for i, e := range b.edits {
		if c := b.variant(i, nil); c != nil {
			if _, ok := made[string(c.bytes)]; !ok {
				made[string(c.bytes)] = e.what
			}
		}
	}
	return made
}

// What PHP, .NET, Ruby, Jackson and databases write of a document, by their manuals.
func TestEditsWriteByTheManual(t *testing.T) {
	tests := []struct{ name, source, want string }{
		{"PHP", `{"a": "x/y é", "b": 1.0, "c": {}}`, `{"a":"x\/y \u00e9","b":1,"c":{}}`},
		{"PHP, large numbers", `{"a": 1e25, "b": 12345678901234567890, "c": 0.00001}`, `{"a":1.0e+25,"b":1.2345678901234567e+19,"c":1.0e-5}`},
		{"PHP, objects as arrays", `{"a": {}, "b": "/"}`, `{"a":[],"b":"\/"}`},
		{"PHP, pretty", `{"a":["/"],"b":{}}`, "{\n    \"a\": [\n        \"\\/\"\n    ],\n    \"b\": {}\n}"},
		{"PHP, unescaped slashes", `{"a": "/é"}`, `{"a":"/\u00e9"}`},
		{"PHP, unescaped Unicode", `{"a": "/é"}`, `{"a":"\/é"}`},
		{".NET", `{"a": "é'<+\"", "b": 1.10}`, `{"a":"\u00E9\u0027\u003C\u002B\u0022","b":1.10}`},
		{"Gson", `{"a": "x='y'"}`, `{"a":"x\u003d\u0027y\u0027"}`},
		{"Rails", `{"a": "<é>", "n": 1e20}`, `{"a":"\u003cé\u003e","n":1.0e+20}`},
		{"Ruby", `{"a": "<é>", "n": 1.50}`, `{"a":"<é>","n":1.5}`},
		{"Jackson", `{"a":{"b":[1,{"c":2}],"d":[],"e":{}}}`, "{\n  \"a\" : {\n    \"b\" : [ 1, {\n      \"c\" : 2\n    } ],\n    \"d\" : [ ],\n    \"e\" : { }\n  }\n}"},
		{"PostgreSQL", `{"long":1,"b":2,"a":[1,2],"b":3}`, `{"a": [1, 2], "b": 3, "long": 1}`},
		{"JavaScript, keys that are numbers", `{"b":1,"10":2,"9":3}`, `{"9":3,"10":2,"b":1}`},
		{"a key twice", `{"a": 1, "b": 2, "a": 3}`, `{"a":3,"b":2}`},
		{"blanks stay, slashes do not", `{ "a": "\/" }`, `{ "a": "/" }`},
		{"blanks stay, numbers do not", `{ "a": 1.10 }`, `{ "a": 1.1 }`},
		{"a half of a surrogate pair", `{"a": "\ud800x"}`, `{"a":"\ud800x"}`},
		{"quoted", `"{\"a\":1}"`, `{"a":1}`},
		{"quotes", `{"a":"\n"}`, `"{\"a\":\"\\n\"}"`},
		{"a part", `{"id": 1, "data": {"x": [1]}}`, `{"x": [1]}`},
		{"missing brackets", `{"a":[{"b":1}`, `{"a":[{"b":1}]}`},
		{"a second document", `{"a":1}{"b":2}`, `{"a":1}`},
		{"a form", `payload=%7B%22a%22%3A1%7D`, `{"a":1}`},
		{"a form as JSON", `a=1&b=x+y`, `{"a":"1","b":"x y"}`},
		{"JSON as a form", `{"a":1,"b":"x y"}`, `a=1&b=x+y`},
		{"chunks", "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "hello!"},
		{"base64", "aGVsbG8gd29ybGQ=", "hello world"},
		{"Latin-1", "caf\xe9", "café"},
		{"to Latin-1", "café", "caf\xe9"},
		{"UTF-8 twice", "cafÃ©", "café"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if made := allEdits(t, tt.source); made[tt.want] == "" {
				t.Errorf("no edit of %s gives %s", tt.source, tt.want)
			}
		})
	}
}

// Brackets within brackets do not grow without bound.
func TestDeepJSON(t *testing.T) {
	for _, body := range []string{strings.Repeat("[", 9000) + strings.Repeat("]", 9000), strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000), strings.Repeat("[", 1<<20)} {
		longest := 0
		for text := range allEdits(t, body) {
			longest = max(longest, len(text))
		}
		if longest > 10*len(body)+1<<20 {
			t.Errorf("a body of %d bytes became one of %d", len(body), longest)
		}
	}
}

// Whatever is JSON is taken apart and put together again without loss.
func FuzzDocument(f *testing.F) {
	for _, seed := range []string{`{}`, `[1,{"a":"\u00e9\ud800"}]`, "\"\xff\"", ` {"a" : [ ] } `, `-0`, `"\\\""`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		d, ok := parse(src)
		if ok != json.Valid(src) {
			t.Fatalf("parse: %v", ok)
		}
		if !ok {
			return
		}
		var want bytes.Buffer
		if err := json.Compact(&want, src); err != nil {
			t.Fatal(err)
		}
		if got, _ := d.write(nil, &style{comma: ",", colon: ":"}); !bytes.Equal(got, want.Bytes()) {
			t.Errorf("compact: got %q, want %q", got, want.Bytes())
		}
		if got := d.rewrite(nil, func(dst, token []byte) []byte { return append(dst, token...) }); !bytes.Equal(got, src) {
			t.Errorf("rewrite: got %q, want %q", got, src)
		}
		c := &content{bytes: src}
		for _, e := range jsonEdits() {
			if out, ok := e.make(nil, c); ok && e.cause != JSONQuoted && !json.Valid(out) {
				t.Errorf("%s gives %q", e.what, out)
			}
		}
	})
}
