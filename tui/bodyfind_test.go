package tui

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestFindInBodies(t *testing.T) {
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, "line %d\n", i)
	}
	const form = "event=push&payload=%7B%22zen%22%3A%22Keep%22%7D&last=Keep"
	tests := []struct {
		name, body, contentType string
		text                    string
		from, step, want        int
	}{
		{"a name and its value", nested, jsonType, `"d": 2`, 0, +1, 6},
		{"in the first line", nested, jsonType, `{`, 0, +1, 0},
		{"not before where it starts", nested, jsonType, `"a"`, 2, +1, -1},
		{"backwards", nested, jsonType, `"a"`, 15, -1, 1},
		{"backwards, the nearest", nested, jsonType, `}`, 13, -1, 13},
		{"behind the last line", nested, jsonType, `"a"`, 16, +1, -1},
		{"before the first line", nested, jsonType, `"a"`, -1, -1, -1},
		{"far off", nested, jsonType, `"a"`, 100, -1, -1},
		{"small letters find capitals", `["ABC"]`, jsonType, "abc", 0, +1, 1},
		{"capitals do not find small letters", `["abc"]`, jsonType, "ABC", 0, +1, -1},
		{"capitals beyond ASCII", `["ÄÖ"]`, jsonType, "äö", 0, +1, 1},
		{"what is written out", "one\ntwo\x1b[2J", "", `\x1b[2j`, 0, +1, 1},
		{"many lines back", many.String(), "", "line 3", 999, -1, 399},
		{"many lines forth", many.String(), "", "line 999", 3, +1, 999},
		{"decoded fields", "a=1&b=x%20y", formType, "x y", 0, +1, 1},
		{"from one section to the next", form, formType, "keep", 0, +1, 3},
		{"and on", form, formType, "keep", 4, +1, 5},
		{"and back", form, formType, "keep", 4, -1, 3},
		{"back over a section", form, formType, "push", 5, -1, 0},
		{"in bytes", "\x00\x01hello", "", "68 65", 0, +1, 0},
		{"our own words", "", "", "no body", 0, +1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBody([]byte(tt.body), tt.contentType, "", "")
			if got := b.find(tt.text, tt.from, tt.step); got != tt.want {
				t.Errorf("find(%q, %d, %d) = %d, want %d in:\n%s", tt.text, tt.from, tt.step, got, tt.want, drawn(b, 0, 60))
			}
		})
	}
}

func TestFindUnfolds(t *testing.T) {
	for _, step := range []int{+1, -1} {
		b := newBody([]byte(nested), jsonType, "", "")
		b.fold(3)
		b.fold(1)
		b.fold(2) // "e", on the line after the folded "a"
		from := 0
		if step < 0 {
			from = b.height() - 1
		}
		if got := b.find(`"d"`, from, step); got != 6 {
			t.Errorf("step %d: found on line %d, want 6", step, got)
		}
		want := strings.Replace(drawn(newBody([]byte(nested), jsonType, "", ""), 0, 40), "▾ \"e\": {\n      \"f\": null\n    },", "▸ \"e\": { … 1 },", 1)
		if diff := cmp.Diff(want, drawn(b, 0, 40)); diff != "" {
			t.Errorf("step %d: only what hid it is unfolded (-want +got):\n%s", step, diff)
		}
	}
}

// Looking on from a folded line goes through what is in it, even when it is the last.
func TestFindGoesOnFromAFold(t *testing.T) {
	b := newBody([]byte(`{"a":1}`), jsonType, "", "")
	b.fold(0)
	if got := b.find(`"a"`, 1, +1); got != 1 {
		t.Errorf("found on line %d, want 1", got)
	}
	b = newBody([]byte(`p=[7]&q=8`), formType, "", "")
	b.fold(1)
	if got := b.find("7", 2, +1); got != 2 {
		t.Errorf("in a form: found on line %d, want 2", got)
	}
	b.fold(1)
	if got := b.find("7", 1, -1); got != 2 {
		t.Errorf("backwards in a form: found on line %d, want 2", got)
	}
}

// Looking for a text finds the lines that show it, no more and no fewer.
func TestFindAgreesWithWhatIsSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b *body
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			b = newBody(rapidJSON(t), jsonType, "", "")
		case 1:
			b = newBody([]byte(rapid.StringMatching(`([aAbB1 \n\x1b]|\xff){1,60}`).Draw(t, "text")), "", "", "")
		case 2:
			b = newBody([]byte(rapid.StringMatching(`([ab]=([aB+]|%41|%1B|\[1\]){0,5}&){0,9}`).Draw(t, "form")+"a"), formType, "", "")
		}
		text := rapid.StringMatching(`[aAbB1: "\[]{1,2}`).Draw(t, "text")
		var want, forth, back []int
		for i, l := range b.window(0, b.height(), 0, 500) {
			if contains(strings.TrimLeft(strings.Replace(l.plain(), b.signs.unfolded, "", 1), " "), strings.TrimLeft(text, " ")) {
				want = append(want, i)
			}
		}
		text = strings.TrimLeft(text, " ")
		for i := b.find(text, 0, +1); i >= 0; i = b.find(text, i+1, +1) {
			forth = append(forth, i)
		}
		for i := b.find(text, b.height()-1, -1); i >= 0; i = b.find(text, i-1, -1) {
			back = append([]int{i}, back...)
		}
		if diff := cmp.Diff(want, forth); diff != "" {
			t.Fatalf("find %q forwards (-want +got):\n%s%s", text, diff, drawn(b, 0, 60))
		}
		if diff := cmp.Diff(want, back); diff != "" {
			t.Fatalf("find %q backwards (-want +got):\n%s%s", text, diff, drawn(b, 0, 60))
		}
	})
}
