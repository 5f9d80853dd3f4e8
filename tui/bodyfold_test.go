package tui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"whk/verify/provider"
)

const nested = `{"a":[1,{"b":[],"c":{"d":2}},3],"e":{"f":null},"g":"end"}`

func TestFold(t *testing.T) {
	b := newBody([]byte(nested), jsonType, "", "")
	whole := drawn(b, 0, 40)
	tests := []struct {
		name   string
		line   int
		cursor int
		want   string
	}{
		{"an object in an array", 3, 3, `▾ {
  ▾ "a": [
      1,
    ▸ { … 2 },
      3
    ],
  ▾ "e": {
      "f": null
    },
    "g": "end"
  }
`},
		{"from inside, what is around that", 4, 1, `▾ {
  ▸ "a": [ … 3 ],
  ▾ "e": {
      "f": null
    },
    "g": "end"
  }
`},
		{"the end of another one", 4, 2, `▾ {
  ▸ "a": [ … 3 ],
  ▸ "e": { … 1 },
    "g": "end"
  }
`},
		{"unfold the outer one: the inner one is still folded", 1, 1, `▾ {
  ▾ "a": [
      1,
    ▸ { … 2 },
      3
    ],
  ▸ "e": { … 1 },
    "g": "end"
  }
`},
		{"everything, from the last line", 8, 0, "▸ { … 3 }\n"},
		{"and unfold it", 0, 0, `▾ {
  ▾ "a": [
      1,
    ▸ { … 2 },
      3
    ],
  ▸ "e": { … 1 },
    "g": "end"
  }
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if cursor := b.fold(tt.line); cursor != tt.cursor {
				t.Errorf("the cursor is on line %d, want %d", cursor, tt.cursor)
			}
			if diff := cmp.Diff(tt.want, drawn(b, 0, 40)); diff != "" {
				t.Errorf("drawn (-want +got):\n%s", diff)
			}
		})
	}
	if !b.folded() {
		t.Error("nothing is said to be folded")
	}
	b.unfoldAll()
	if diff := cmp.Diff(whole, drawn(b, 0, 40)); diff != "" || b.folded() {
		t.Errorf("with all unfolded, folded is %v (-want +got):\n%s", b.folded(), diff)
	}
}

func TestFoldAll(t *testing.T) {
	b := newBody([]byte(nested), jsonType, "", "")
	for _, tt := range []struct {
		depth  int
		height int
	}{{2, 11}, {1, 5}, {0, 1}, {-1, 1}, {3, 14}, {9, 16}} {
		b.foldAll(tt.depth)
		if got := b.height(); got != tt.height {
			t.Errorf("folded at depth %d there are %d lines, want %d:\n%s", tt.depth, got, tt.height, drawn(b, 0, 40))
		}
		b.unfoldAll()
	}
	b.foldAll(2)
	b.foldAll(1)
	b.fold(1)
	if diff := cmp.Diff("▾ {\n  ▾ \"a\": [\n      1,\n    ▸ { … 2 },\n      3\n    ],\n  ▸ \"e\": { … 1 },\n    \"g\": \"end\"\n  }\n", drawn(b, 0, 40)); diff != "" {
		t.Errorf("folds within are kept (-want +got):\n%s", diff)
	}
}

func TestNothingToFold(t *testing.T) {
	for _, b := range []*body{
		newBody([]byte("text"), "", "", ""),
		newBody([]byte("5"), jsonType, "", ""),
		newBody([]byte("[]"), jsonType, "", ""),
		newBody(nil, "", "", ""),
	} {
		before := drawn(b, 0, 40)
		for i := -1; i <= b.height(); i++ {
			if got := b.fold(i); got != i {
				t.Errorf("%s: folding line %d moves the cursor to %d", b.kind(), i, got)
			}
			if b.foldable(i) || b.at(i) != "" {
				t.Errorf("%s: line %d is said to open something, or to have the path %q", b.kind(), i, b.at(i))
			}
		}
		b.foldAll(0)
		if diff := cmp.Diff(before, drawn(b, 0, 40)); diff != "" || b.folded() {
			t.Errorf("%s changed (-want +got):\n%s", b.kind(), diff)
		}
	}
}

func TestAt(t *testing.T) {
	b := newBody([]byte("\ufeff"+`{"a.b":[1,{"#":[],"ö":{"d\\":2}},3],"":{"f":null}}`), jsonType, "", "")
	var got strings.Builder
	for i := range b.height() {
		fmt.Fprintf(&got, "%-18s %s\n", strings.TrimRight(b.window(i, 1, 0, 18)[0].plain(), " "), b.at(i))
	}
	golden(t, "body/paths.golden", got.String())

	b = newBody([]byte("a=1&p=[5,6]"), formType, "", "")
	if diff := cmp.Diff("1", b.at(4)); diff != "" {
		t.Errorf("path in a field (-want +got):\n%s", diff)
	}
}

// rapidJSON draws JSON text of any shape with blanks between its tokens.
func rapidJSON(t *rapid.T) []byte {
	var b bytes.Buffer
	gap := func() { b.WriteString(rapid.SampledFrom([]string{"", "", "", " ", "\n", "\t\r\n  "}).Draw(t, "gap")) }
	text := func() {
		b.WriteString(rapid.StringMatching(`"([a-zA-Z.#, :{}\[\]äß日]|\\n|\\\\|\\"|\\u00e4){0,6}"`).Draw(t, "text"))
	}
	var value func(depth int)
	value = func(depth int) {
		kinds := 6
		if depth > 5 {
			kinds = 4
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			text()
		case 1:
			b.WriteString(rapid.SampledFrom([]string{"0", "-1.50", "1e9", "123456789012345678901234567890"}).Draw(t, "number"))
		case 2:
			b.WriteString(rapid.SampledFrom([]string{"true", "false", "null"}).Draw(t, "word"))
		case 3:
			text()
		case 4:
			b.WriteByte('[')
			gap()
			for i := range rapid.IntRange(0, 5).Draw(t, "elements") {
				if i > 0 {
					b.WriteByte(',')
				}
				gap()
				value(depth + 1)
				gap()
			}
			b.WriteByte(']')
		case 5:
			b.WriteByte('{')
			gap()
			for i := range rapid.IntRange(0, 5).Draw(t, "members") {
				if i > 0 {
					b.WriteByte(',')
				}
				gap()
				text()
				gap()
				b.WriteByte(':')
				gap()
				value(depth + 1)
				gap()
			}
			b.WriteByte('}')
		}
	}
	gap()
	value(0)
	gap()
	return b.Bytes()
}

// tokens puts together what a window shows, without what is only there to look nice.
func tokens(b *body) string {
	var out strings.Builder
	for _, l := range b.window(0, b.height(), 0, 1000) {
		for _, s := range l {
			switch {
			case s.role == faint, strings.TrimLeft(s.text, " ") == "":
			case s.role == plain:
				out.WriteString(strings.TrimRight(s.text, " "))
			default:
				out.WriteString(s.text)
			}
		}
	}
	return out.String()
}

func TestPrintedJSONIsWhatWasSent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapidJSON(t)
		var want bytes.Buffer
		if err := json.Compact(&want, data); err != nil {
			t.Fatalf("drew %q: %v", data, err)
		}
		b := newBody(data, jsonType, "", "")
		if diff := cmp.Diff(want.String(), tokens(b)); diff != "" {
			t.Fatalf("tokens (-want +got):\n%s", diff)
		}
	})
}

func TestFoldsAndWindowsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBody(rapidJSON(t), jsonType, "", "")
		whole := b.window(0, b.height(), 0, 200)
		for range rapid.IntRange(1, 8).Draw(t, "folds") {
			i := rapid.IntRange(0, b.height()-1).Draw(t, "line")
			before, path := b.height(), b.at(i)
			opens, shut := b.foldable(i), strings.Contains(b.window(i, 1, 0, 200)[0].plain(), b.signs.folded)
			cursor := b.fold(i)
			switch after := b.height(); {
			case shut && (after <= before || cursor != i):
				t.Fatalf("unfolding line %d left %d of %d lines", i, after, before)
			case opens && !shut && (after >= before || cursor != i || b.at(cursor) != path):
				t.Fatalf("folding line %d left %d of %d lines and the cursor on %d", i, after, before, cursor)
			case !opens && (cursor > i || after > before):
				t.Fatalf("folding around line %d left %d of %d lines and the cursor on %d", i, after, before, cursor)
			}
			all := b.window(0, b.height()+5, 0, 200)
			if len(all) != b.height() {
				t.Fatalf("the window has %d lines, the height is %d", len(all), b.height())
			}
			from := rapid.IntRange(0, b.height()).Draw(t, "from")
			n := rapid.IntRange(0, 9).Draw(t, "n")
			if diff := cmp.Diff(drawLines(all[from:min(from+n, len(all))]), drawLines(b.window(from, n, 0, 200))); diff != "" {
				t.Fatalf("lines %d to %d alone (-of all +got):\n%s", from, from+n, diff)
			}
		}
		b.unfoldAll()
		if diff := cmp.Diff(drawLines(whole), drawLines(b.window(0, b.height(), 0, 200))); diff != "" {
			t.Fatalf("with all unfolded again (-want +got):\n%s", diff)
		}
	})
}

func drawLines(all []line) string {
	var out strings.Builder
	for _, l := range all {
		out.WriteString(l.plain() + "\n")
	}
	return out.String()
}

// A path that is copied leads to the value it was copied from, unless its name was
// doubled.
func TestPathsLeadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapidJSON(t)
		b := newBody(data, jsonType, "", "")
		doubled := map[string]bool{}
		for i := range b.height() {
			if !strings.ContainsAny(strings.TrimLeft(b.window(i, 1, 0, 200)[0].plain(), " ")[:1], "}]") {
				_, doubled[b.at(i)] = doubled[b.at(i)]
			}
		}
		for i := range b.height() {
			path := b.at(i)
			if path == "" || b.foldable(i) || within(doubled, path) {
				continue
			}
			got, ok := provider.Get(data, path)
			if !ok {
				t.Fatalf("line %d: nothing at %q of %s", i, path, data)
			}
			if l := b.window(i, 1, 0, 200)[0].plain(); got[0] != '[' && got[0] != '{' && !strings.Contains(l, string(got)) {
				t.Fatalf("line %d is %q, at %q is %q", i, l, path, got)
			}
		}
	})
}

// within reports whether the path is one of those, or leads through one.
func within(doubled map[string]bool, path string) bool {
	for p, is := range doubled {
		if is && (path == p || strings.HasPrefix(path, p+".")) {
			return true
		}
	}
	return false
}

// Marks and leaps are for large bodies; every way through one has to end at the same.
func TestLargeJSONIsReadFromAnywhere(t *testing.T) {
	var data bytes.Buffer
	data.WriteString(`{"long":"` + strings.Repeat(`x\"`, 9000) + `","` + strings.Repeat("k", 9000) + `" : [` + strings.Repeat(" ", 9000))
	for i := range 3000 {
		fmt.Fprintf(&data, `%d,{"i":%d,"empty":[%s]},`, i, i, strings.Repeat("\n", i%7*1000))
	}
	data.WriteString(`"` + strings.Repeat("é", 5000) + `"` + strings.Repeat(" ", 9000) + `]` + strings.Repeat(" ", 9000) + `}` + strings.Repeat("\n", 9000))
	b := newBody(data.Bytes(), jsonType, "", "")
	all := b.window(0, b.height(), 0, 100)
	if got, want := len(all), 1+1+1+3000*5+1+2; got != want {
		t.Fatalf("%d lines, want %d", got, want)
	}
	for i := range all {
		one := b.window(i, 1, 0, 100)
		if diff := cmp.Diff(all[i].plain(), one[0].plain()); diff != "" {
			t.Fatalf("line %d alone (-of all +got):\n%s", i, diff)
		}
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data.Bytes()); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, shown := range b.parts[0].(*jsonTree).shown(0, b.height()) {
		text.WriteString(strings.ReplaceAll(string(shown), ": ", ":"))
	}
	if text.String() != compact.String() {
		t.Error("all lines together are not what was sent")
	}
}
