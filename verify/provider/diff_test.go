package provider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// told writes changes the way a test reads them.
func told(c Changes) []string {
	signs := map[ChangeKind]string{Changed: "~", Added: "+", Removed: "-", NotReported: "?"}
	var lines []string
	for _, change := range c.List {
		line := signs[change.Kind] + " " + change.Path
		if change.Was != "" {
			line += " (was " + change.Was + ")"
		}
		if change.Old != nil {
			line += " " + string(change.Old)
		}
		if change.New != nil {
			line += " > " + string(change.New)
		}
		if change.SameValue {
			line += " same"
		}
		lines = append(lines, line)
	}
	return lines
}

func TestDiff(t *testing.T) {
	for _, c := range []struct {
		name, a, b string
		want       []string
	}{
		{"equal but for blanks and order", `{"a":1,"b":[1, 2]}`, ` {"b":[1,2] ,"a":1}`, nil},
		{"a value", `{"a":1,"b":"x"}`, `{"a":1,"b":"y"}`, []string{`~ b "x" > "y"`}},
		{"added and removed", `{"a":1,"b":null}`, `{"a":1,"c":{"d":[]}}`, []string{`- b null`, `+ c > {"d":[]}`}},
		{"null is not missing", `{"a":null}`, `{"a":false}`, []string{`~ a null > false`}},
		{"nested", `{"a":{"b":{"c":1}}}`, `{"a":{"b":{"c":2}}}`, []string{`~ a.b.c 1 > 2`}},
		{"a name with a dot", `{"a.b":1}`, `{"a.b":2}`, []string{`~ a\.b 1 > 2`}},
		{"the whole", `1`, `[1]`, []string{`~  1 > [1]`}},
		{"an object becomes an array", `{"a":{}}`, `{"a":[]}`, []string{`~ a {} > []`}},
		{"a number spelled anew", `[1.10, 1e2, -0, 0.001]`, `[1.1, 100, 0.0, 1E-3]`,
			[]string{`~ 0 1.10 > 1.1 same`, `~ 1 1e2 > 100 same`, `~ 2 -0 > 0.0 same`, `~ 3 0.001 > 1E-3 same`}},
		{"numbers that a float takes for one", `[9007199254740993, 0.1]`, `[9007199254740992, 0.10000000000000001]`,
			[]string{`~ 0 9007199254740993 > 9007199254740992`, `~ 1 0.1 > 0.10000000000000001`}},
		{"a number is not its text", `[1]`, `["1"]`, []string{`~ 0 1 > "1"`}},
		{"exponents that no computer can hold", `[1e99999999999999999999, 10e999999999]`, `[1e99999999999999999998, 1e1000000000]`,
			[]string{`~ 0 1e99999999999999999999 > 1e99999999999999999998`, `~ 1 10e999999999 > 1e1000000000 same`}},
		{"a text spelled anew", `["a\/b", "\u0041"]`, `["a/b", "B"]`, []string{`~ 0 "a\/b" > "a/b" same`, `~ 1 "\u0041" > "B"`}},
		{"scalars by index", `[10,31]`, `[31]`, []string{`~ 0 10 > 31`, `- 1 31`}},
		{"longer", `[1]`, `[1,2,3]`, []string{`+ 1 > 2`, `+ 2 > 3`}},
		{"objects without ids by index", `[{"TagId":290}]`, `[{"TagId":287}]`, []string{`~ 0.TagId 290 > 287`}},
		{"objects by id", `[{"id":1,"v":"a"},{"id":2,"v":"b"},{"id":3,"v":"c"}]`, `[{"id":2,"v":"B"},{"id":3,"v":"c"},{"id":4,"v":"d"}]`,
			[]string{`- 0 {"id":1,"v":"a"}`, `~ 0.v (was 1.v) "b" > "B"`, `+ 2 > {"id":4,"v":"d"}`}},
		{"an element that moved", `{"x":[{"Id":1},{"Id":2},{"Id":3}]}`, `{"x":[{"Id":2},{"Id":3},{"Id":1}]}`,
			[]string{`- x.0 {"Id":1}`, `+ x.2 > {"Id":1}`}},
		{"an id twice goes by index", `[{"id":1,"v":1},{"id":1,"v":2}]`, `[{"id":1,"v":2},{"id":1,"v":1}]`,
			[]string{`~ 0.v 1 > 2`, `~ 1.v 2 > 1`}},
		{"an id that is null goes by index", `[{"id":null,"v":1}]`, `[{"id":null,"v":2}]`, []string{`~ 0.v 1 > 2`}},
		{"the last of a doubled name", `{"a":1,"a":2}`, `{"a":2}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			changes, err := Diff([]byte(c.a), []byte(c.b), DiffOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, told(changes)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if changes.Differ() != (len(c.want) > 0) || changes.Coarse {
				t.Errorf("differ %v, coarse %v", changes.Differ(), changes.Coarse)
			}
			checkApply(t, []byte(c.a), []byte(c.b), DiffOptions{})
		})
	}
}

// The vendor's example of an update: what one side does not name was not deleted.
func TestDiffPartial(t *testing.T) {
	old := `{"OtherProperties":{"contact_check":false},"Phones":[{"PhoneNumber":"(11) 3842-6673","TypeId":1}],"Tags":[{"TagId":290},{"TagId":1}],"LegalName":"Ploomes","Gone":1}`
	new := `{"Id":7,"OtherProperties":{"contact_check":true,"limit":1.50},"Phones":[{"PhoneNumber":"(11) 4380-7749"}],"Tags":[{"TagId":287}],"LegalName":"Ploomes"}`
	changes, err := Diff([]byte(old), []byte(new), DiffOptions{Partial: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`~ OtherProperties.contact_check false > true`,
		`? OtherProperties.limit > 1.50`,
		`~ Phones.0.PhoneNumber "(11) 3842-6673" > "(11) 4380-7749"`,
		`? Phones.0.TypeId 1`,
		`~ Tags.0.TagId 290 > 287`,
		`- Tags.1 {"TagId":1}`,
		`? Gone 1`,
		`? Id > 7`,
	}
	if diff := cmp.Diff(want, told(changes)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	got, err := changes.Apply([]byte(old))
	merged := `{"OtherProperties":{"contact_check":true,"limit":1.50},"Phones":[{"PhoneNumber":"(11) 4380-7749","TypeId":1}],"Tags":[{"TagId":287}],"LegalName":"Ploomes","Gone":1,"Id":7}`
	if err != nil || string(got) != merged {
		t.Errorf("applied: %s, %v", got, err)
	}
	same, err := Diff([]byte(`{"a":1}`), []byte(`{"b":1}`), DiffOptions{Partial: true})
	if err != nil || same.Differ() || same.Count(NotReported) != 2 {
		t.Errorf("a name that one side lacks counts as a difference: %q, %v", told(same), err)
	}
}

func TestDiffRefuses(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{{`{`, `1`, "the old document"}, {`1`, ``, "the new document"}} {
		if _, err := Diff([]byte(c.a), []byte(c.b), DiffOptions{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	changes, err := Diff([]byte(`{"a":[1,{"b":2}],"c":3}`), []byte(`{"a":[1,{"b":4},5]}`), DiffOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{`{"a":[1,{"b":9}],"c":3}`, `{"a":[1],"c":3}`, `{"a":[1,{"b":2}],"c":4}`, `{"a":[1,{"b":2}]}`, `{"a":[],"c":3}`, `[]`, `7`, `{`} {
		if out, err := changes.Apply([]byte(other)); err == nil {
			t.Errorf("%s became %s", other, out)
		}
	}
}

// Whatever arrives, the time and what comes back stay in proportion to it.
func TestDiffIsBounded(t *testing.T) {
	const size = 1 << 20
	key := strings.Repeat("k", size)
	repeat := func(text string) string { return strings.Repeat(text, size/len(text)) }
	var wide, wider bytes.Buffer
	for i := range 90_000 {
		fmt.Fprintf(&wide, `"%d":%d,`, i, i)
		fmt.Fprintf(&wider, `"%d":%d,`, i, i+1)
	}
	ids := func(step int) string {
		var b strings.Builder
		for i := range 90_000 {
			fmt.Fprintf(&b, `{"id":%d},`, i*step%90_001)
		}
		return "[" + b.String() + "0]"
	}
	nest := func(inner string) string {
		return strings.Repeat(`[`, 9_000) + inner + strings.Repeat(`]`, 9_000)
	}
	for _, c := range []struct {
		name, a, b string
		coarse     bool
		most       int
	}{
		{"deep", nest(`"` + repeat("x") + `"`), nest(`"` + repeat("y") + `"`), true, 1},
		{"deep and equal but for blanks", nest(repeat(" ") + "1"), nest("1"), false, 0},
		{"a long name above many changes", `{"` + key + `":{` + wide.String() + `"x":0}}`, `{"` + key + `":{` + wider.String() + `"x":0}}`, true, 1},
		{"many changes", `{` + wide.String() + `"x":0}`, `{` + wider.String() + `"x":0}`, true, 1},
		{"many elements", `[` + repeat("1,") + `0]`, `[` + repeat("1,") + `1]`, true, 1},
		{"ids in another order", ids(1), ids(40_000), true, 1},
		{"a long exponent", `1e` + strings.Repeat("9", size), `2e` + strings.Repeat("9", size), false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			changes, err := Diff([]byte(c.a), []byte(c.b), DiffOptions{})
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %s", took)
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(changes.List) > c.most || changes.Coarse != c.coarse {
				t.Errorf("%d changes, coarse %v, want at most %d, %v", len(changes.List), changes.Coarse, c.most, c.coarse)
			}
			checkApply(t, []byte(c.a), []byte(c.b), DiffOptions{})
		})
	}
	coarse, err := Diff([]byte(`{"a":[1,2],"b":{"c":1},"d":0}`), []byte(`{"a":[2,1],"b":{"c":2},"d":0}`), DiffOptions{MaxChanges: 2})
	if diff := cmp.Diff([]string{`~ a [1,2] > [2,1]`, `~ b {"c":1} > {"c":2}`}, told(coarse)); diff != "" || !coarse.Coarse || err != nil {
		t.Errorf("with more changes than wanted (-want +got)\n%s%v", diff, err)
	}
}

// checkApply is the law of Diff: the changes lead from one document to the other.
func checkApply(t failer, a, b []byte, o DiffOptions) {
	t.Helper()
	changes, err := Diff(a, b, o)
	if err != nil {
		t.Fatalf("Diff: %v", err)
	}
	got, err := changes.Apply(a)
	if err != nil || !json.Valid(got) {
		t.Fatalf("Apply to %.300q: %.300q, %v", a, got, err)
	}
	rest, err := Diff(got, b, o)
	if err != nil || len(rest.List) > 0 {
		t.Fatalf("%.300q became %.300q, not %.300q: %.300q, %v", a, got, b, told(rest), err)
	}
	if len(a) < 1<<16 && utf8.Valid(a) && utf8.Valid(b) {
		if left, right := number(got), number(b); !reflect.DeepEqual(left, right) {
			t.Fatalf("%.300q became %.300q, not %.300q", a, got, b)
		}
	}
	if !changes.Differ() && len(a) < 1<<16 {
		if back, err := Diff(b, a, o); err != nil || back.Differ() {
			t.Fatalf("%.300q and %.300q differ in one direction only", a, b)
		}
	}
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// number decodes JSON with its numbers as they are written.
func number(raw []byte) any {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return err
	}
	return v
}

// document draws JSON that has few names and values, so that two of them have much in
// common.
func anyDocument(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		scalar := rapid.SampledFrom([]string{"0", "1", "1.0", "1.10", "1e1", "-2", `""`, `"a"`, `"\u0061"`, `"b\/c"`, "true", "false", "null"})
		if depth == 0 {
			return scalar.Draw(t, "scalar")
		}
		inner := anyDocument(depth - 1)
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			return scalar.Draw(t, "scalar")
		case 1:
			return "[" + strings.Join(rapid.SliceOfN(inner, 0, 4).Draw(t, "elements"), " , ") + "]"
		case 2:
			ids := rapid.SliceOfNDistinct(rapid.IntRange(1, 6), 0, 5, rapid.ID[int]).Draw(t, "ids")
			elements := make([]string, len(ids))
			for i, id := range ids {
				elements[i] = fmt.Sprintf(`{"id":%d,"v":%s}`, id, inner.Draw(t, "v"))
			}
			return "[" + strings.Join(elements, ",") + "]"
		}
		keys := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "id", "a.b", "#", "0", `\u0061`, ""}), 0, 5).Draw(t, "keys")
		members := make([]string, len(keys))
		for i, key := range keys {
			members[i] = fmt.Sprintf(`"%s": %s`, key, inner.Draw(t, "value"))
		}
		return "{" + strings.Join(members, ",\n") + "}"
	})
}

func TestDiffApplies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := []byte(anyDocument(3).Draw(t, "a")), []byte(anyDocument(3).Draw(t, "b"))
		checkApply(t, a, b, DiffOptions{MaxChanges: rapid.SampledFrom([]int{0, 1, 5}).Draw(t, "most")})
		partial, err := Diff(a, b, DiffOptions{Partial: true})
		if err != nil {
			t.Fatal(err)
		}
		if out, err := partial.Apply(a); err != nil || !json.Valid(out) {
			t.Fatalf("partial: %s, %v", out, err)
		}
		checkPaths(t, a, b, partial)
	})
}

// checkPaths looks every change up at the paths that it names, where a path can.
func checkPaths(t failer, a, b []byte, changes Changes) {
	t.Helper()
	for _, c := range changes.List {
		was := c.Path
		if c.Was != "" {
			was = c.Was
		}
		if c.Path == "" || strings.HasPrefix(c.Path, ".") {
			continue
		}
		if raw, _ := Get(a, was); c.Old != nil && !bytes.Equal(raw, c.Old) {
			t.Fatalf("%s of %s is %s, not %s", was, a, raw, c.Old)
		}
		if raw, _ := Get(b, c.Path); c.New != nil && !bytes.Equal(raw, c.New) {
			t.Fatalf("%s of %s is %s, not %s", c.Path, b, raw, c.New)
		}
	}
}

func FuzzDiff(f *testing.F) {
	f.Add([]byte(specimen), []byte(`{"price":1.1,"items":[{"id":31},{"id":10}],"bare":[]}`))
	f.Add([]byte(`[{"id":1},{"id":2},{"id":3}]`), []byte(`[{"id":3},{"id":1},{"id":4},{"id":2}]`))
	f.Add([]byte(`{"a":1,"a":{"b":2}}`), []byte(`{"\u0061":{"b":[2]}}`))
	f.Add([]byte(`{"a\n":1e400}`), []byte("{\"\xff\":\"\xfe\",\"\\ud800\":0}"))
	f.Add([]byte(`[[[[1]]]]`), []byte(` [[[[ 1, 2 ]]]] `))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if !json.Valid(a) || !json.Valid(b) {
			if _, err := Diff(a, b, DiffOptions{}); err == nil {
				t.Fatal("compared what is not JSON")
			}
			return
		}
		checkApply(t, a, b, DiffOptions{})
		checkApply(t, b, a, DiffOptions{MaxChanges: 2})
		partial, err := Diff(a, b, DiffOptions{Partial: true})
		if err != nil {
			t.Fatal(err)
		}
		checkPaths(t, a, b, partial)
		if out, err := partial.Apply(a); err != nil || !json.Valid(out) {
			t.Fatalf("partial: %q, %v", out, err)
		}
	})
}

func BenchmarkDiff(b *testing.B) {
	var old, new strings.Builder
	for i := range 2_000 {
		fmt.Fprintf(&old, `{"id":%d,"name":"item number %d","price":%d.10,"tags":["x","y"]},`, i, i, i)
		fmt.Fprintf(&new, `{"id":%d,"name":"item number %d","price":%d.20,"tags":["x","y"]},`, i+3, i, i)
	}
	left, right := []byte("["+old.String()+`{"id":-1}]`), []byte("["+new.String()+`{"id":-1}]`)
	b.SetBytes(int64(len(left) + len(right)))
	for b.Loop() {
		if _, err := Diff(left, right, DiffOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
