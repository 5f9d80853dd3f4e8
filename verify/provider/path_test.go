package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

const specimen = `{ "price": 1.10, "big":12345678901234567 , "name":"Caf\u00e9 \/ bar", "none":null, "empty":"", "list":[ ],
 "a.b": {"#":1, "c\\d":2, "0":"zero"}, "items":[{"id":10,"tags":["x","y"]}, {"id":31,"tags":[]}, {"note":"no id"}],
 "bare": [10, "31", null, {"id":5}], "twice":1, "twice":2, "@this":"literal", "*":"star", "esc\u0061ped":true, "obj":{} }`

func TestGet(t *testing.T) {
	for _, c := range []struct{ name, path, want string }{
		{"a number keeps its zeros", "price", `1.10`},
		{"seventeen digits stay exact", "big", `12345678901234567`},
		{"a string keeps its escapes", "name", `"Caf\u00e9 \/ bar"`},
		{"null is a value", "none", `null`},
		{"an index", "items.1.id", `31`},
		{"a dot in a name", `a\.b.0`, `"zero"`},
		{"a hash as a name", `a\.b.\#`, `1`},
		{"a backslash in a name", `a\.b.c\\d`, `2`},
		{"a backslash before another sign", `a\.b.c\d`, `2`},
		{"each element", "items.#.id", `[10,31]`},
		{"each of each", "items.#.tags.#", `["x","y"]`},
		{"the last of a doubled name", "twice", `2`},
		{"no modifier", "@this", `"literal"`},
		{"no wildcard", "*", `"star"`},
		{"an escaped name", "escaped", `true`},
		{"beyond the end", "items.3", ``},
		{"a leading zero is no index", "items.01", ``},
		{"a name in an array", "items.id", ``},
		{"each of an object", `a\.b.#`, ``},
		{"through a scalar", "price.x", ``},
		{"a query of gjson", `items.#(id==10).id`, ``},
		{"a multipath of gjson", `{price,big}`, ``},
		{"a pipe of gjson", `items|0`, ``},
		{"the empty path", "", ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := Get([]byte(specimen), c.path)
			if diff := cmp.Diff(c.want, string(got)); diff != "" || ok != (c.want != "") {
				t.Errorf("Get(%q) = %s, %v (-want +got)\n%s", c.path, got, ok, diff)
			}
		})
	}
}

func TestLookup(t *testing.T) {
	for _, c := range []struct {
		name, path, want string
		ok               bool
	}{
		{"a string is decoded", "name", "Café / bar", true},
		{"a number is as written", "price", "1.10", true},
		{"true", "escaped", "true", true},
		{"null is absent", "none", "", false},
		{"an empty string is absent", "empty", "", false},
		{"an empty list is absent", "list", "", false},
		{"an empty object is there", "obj", "{}", true},
		{"no such path", "nothing", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := Lookup([]byte(specimen), c.path)
			if got != c.want || ok != c.ok {
				t.Errorf("Lookup(%q) = %q, %v, want %q, %v", c.path, got, ok, c.want, c.ok)
			}
		})
	}
}

func TestAll(t *testing.T) {
	for _, c := range []struct {
		path string
		want []string
	}{
		{"items.#.id", []string{"10", "31"}},
		{"bare", []string{"10", "31"}},
		{"items.#.tags", []string{"x", "y"}},
		{"price", []string{"1.10"}},
		{"items", nil},
		{"none", nil},
	} {
		if diff := cmp.Diff(c.want, All([]byte(specimen), c.path)); diff != "" {
			t.Errorf("All(%q) (-want +got)\n%s", c.path, diff)
		}
	}
}

// Only text that encoding/json accepts is read: it bounds the depth, so that 25 MiB of
// brackets cannot exhaust a stack.
func TestReadsOnlyValidJSON(t *testing.T) {
	deep := bytes.Repeat([]byte("["), 25<<20)
	for name, body := range map[string][]byte{
		"empty": nil, "deep": deep, "cut": []byte(`{"a":1`), "comment": []byte(`{"a":1 // no
}`), "trailing comma": []byte(`{"a":1,}`), "two values": []byte(`{"a":1}{"a":2}`),
	} {
		t.Run(name, func(t *testing.T) {
			if raw, ok := Get(body, "a"); ok {
				t.Errorf("Get read %q", raw)
			}
			if text, ok := Lookup(body, "a"); ok {
				t.Errorf("Lookup read %q", text)
			}
			if all := All(body, "#"); all != nil {
				t.Errorf("All read %q", all)
			}
			if out, err := Put(body, "a", []byte("1")); !errors.Is(err, errNotJSON) {
				t.Errorf("Put made %q, %v", out, err)
			}
			if out, err := Unset(body, "a"); !errors.Is(err, errNotJSON) {
				t.Errorf("Unset made %q, %v", out, err)
			}
		})
	}
}

func TestPut(t *testing.T) {
	for _, c := range []struct{ name, body, path, value, want string }{
		{"replaces and keeps the rest", `{ "a" : 1.10 , "b":[ 1 ]}`, "a", `"x"`, `{ "a" : "x" , "b":[ 1 ]}`},
		{"adds at the end", `{"b":1, "a":2 }`, "c", `3`, `{"b":1, "a":2,"c":3 }`},
		{"adds to an empty object", `{ }`, "a", `1`, `{"a":1 }`},
		{"appends", `[1,2 ]`, "2", `3`, `[1,2,3 ]`},
		{"appends to an empty array", `{"a":[]}`, "a.0", `{}`, `{"a":[{}]}`},
		{"makes objects on the way", `{}`, `New.Other\.x.y`, `1`, `{"New":{"Other.x":{"y":1}}}`},
		{"an element's member", `{"items":[{"id":1},{"id":2}]}`, "items.1.id", `31`, `{"items":[{"id":1},{"id":31}]}`},
		{"a name of digits that is there", `{"0":1}`, "0", `2`, `{"0":2}`},
		{"a name with signs", `{}`, "a<b>&", `1`, `{"a<b>&":1}`},
		{"a literal modifier", `{"@this":1}`, "@this", `2`, `{"@this":2}`},
		{"an escaped name", `{"\u0061":1}`, "a", `2`, `{"\u0061":2}`},
		{"the value's blanks are not kept", `{"a":1}`, "a", " 2\n", `{"a":2}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Put([]byte(c.body), c.path, []byte(c.value))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestPutRefuses(t *testing.T) {
	for _, c := range []struct{ name, body, path, value, want string }{
		{"a path through a scalar", `{"a":1}`, "a.b", `1`, "a stands for no object or array"},
		{"a path through null", `{"a":null}`, "a.b", `1`, "a stands for no object or array"},
		{"a scalar body", `7`, "a", `1`, "the body stands for no object or array"},
		{"an index into an object", `{"items":{}}`, "items.0", `1`, "items is an object"},
		{"a name into an array", `{"items":[10,31]}`, "items.id", `1`, "items is an array"},
		{"an index far beyond the end", `[1]`, "2", `1`, "has 1 elements"},
		{"a doubled name", `{"a":1,"a":2}`, "a", `3`, "a is there 2 times"},
		{"a doubled name on the way", `{"a":{},"a":{"b":1}}`, "a.b", `3`, "a is there 2 times"},
		{"each", `{"a":[1]}`, "a.#", `1`, "# reads each element"},
		{"an index into nothing", `{}`, "a.0", `1`, "a is not there"},
		{"a value that is not JSON", `{"a":1}`, "a", `x`, "the value is not valid JSON"},
		{"the empty path", `{}`, "", `1`, "empty path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Put([]byte(c.body), c.path, []byte(c.value))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Put made %s, error %v, want one with %q", got, err, c.want)
			}
		})
	}
}

func TestUnset(t *testing.T) {
	for _, c := range []struct{ name, body, path, want string }{
		{"the first member", `{"a":1, "b":2}`, "a", `{"b":2}`},
		{"the last member", `{"a":1 , "b":2 }`, "b", `{"a":1 }`},
		{"the only member", `{"a":1}`, "a", `{}`},
		{"a middle element", `[1, 2, 3]`, "1", `[1, 3]`},
		{"the only element", `[[1]]`, "0", `[]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Unset([]byte(c.body), c.path)
			if err != nil || string(got) != c.want {
				t.Errorf("Unset = %s, %v, want %s", got, err, c.want)
			}
		})
	}
	for name, path := range map[string]string{"nothing there": "b", "a scalar on the way": "a.b", "each": "#"} {
		t.Run(name, func(t *testing.T) {
			if got, err := Unset([]byte(`{"a":1}`), path); err == nil {
				t.Errorf("Unset made %s", got)
			}
		})
	}
}

// FuzzPath holds the paths against encoding/json, and edits against reading.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"items.0.id", "a\\.b.\\#", "items.#.id", "@this", "", "..", `\`, "new.x", "bare.4", "0"} {
		f.Add([]byte(specimen), path)
	}
	f.Add([]byte(`[[1,2],[3]]`), "1.0")
	f.Add([]byte(`{"a":{"b":"\ud800"},"":1}`), "a.b")
	f.Add([]byte("{\"\xff\":1}"), "\xff")
	f.Fuzz(func(t *testing.T, body []byte, at string) {
		before := bytes.Clone(body)
		raw, ok := Get(body, at)
		text, _ := Lookup(body, at)
		if text != "" && !ok {
			t.Fatalf("Lookup found %q where Get found nothing", text)
		}
		All(body, at)
		if ok && !json.Valid(raw) {
			t.Fatalf("Get returned %q, which is not JSON", raw)
		}
		p, err := parsePath(at)
		if err == nil {
			if back, err := parsePath(p.String()); err != nil || !slices.Equal(back, p) {
				t.Fatalf("%q is spelled %q, which reads as %v", at, p, back)
			}
		}
		if json.Valid(body) && utf8.Valid(body) && utf8.ValidString(at) && err == nil && !p.plural() {
			compareWithDecoder(t, body, p, raw, ok)
		}
		value := json.RawMessage(`{"put":[1.10]}`)
		if out, err := Put(body, at, value); err == nil {
			checkPut(t, body, at, out, value)
		}
		if out, err := Unset(body, at); err == nil && !json.Valid(out) {
			t.Fatalf("Unset made %q", out)
		}
		if !bytes.Equal(body, before) {
			t.Fatal("the body was changed in place")
		}
	})
}

func compareWithDecoder(t *testing.T, body []byte, p jsonPath, raw []byte, ok bool) {
	t.Helper()
	want, there := oracle(t, body, p)
	if there != ok {
		t.Fatalf("path %s of %q: found %v, encoding/json says %v", p, body, ok, there)
	}
	if !ok {
		return
	}
	if got := decode(t, raw); !reflect.DeepEqual(got, want) {
		t.Fatalf("path %s of %q: %v, encoding/json says %v", p, body, got, want)
	}
}

// oracle walks the decoded body. Values are decoded level by level, since encoding/json
// merges doubled objects when it decodes into maps within maps.
func oracle(t *testing.T, body []byte, p jsonPath) (any, bool) {
	t.Helper()
	for _, s := range p {
		var object map[string]json.RawMessage
		var array []json.RawMessage
		switch {
		case json.Unmarshal(body, &object) == nil && object != nil:
			raw, ok := object[s.key]
			if !ok {
				return nil, false
			}
			body = raw
		case json.Unmarshal(body, &array) == nil && s.index >= 0 && s.index < len(array):
			body = array[s.index]
		default:
			return nil, false
		}
	}
	return decode(t, body), true
}

func decode(t *testing.T, raw []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("decode %q: %v", raw, err)
	}
	return v
}

func checkPut(t *testing.T, body []byte, at string, out []byte, value json.RawMessage) {
	t.Helper()
	got, ok := Get(out, at)
	if !ok || !bytes.Equal(got, value) {
		t.Fatalf("after Put(%q, %q) = %q, Get = %q", body, at, out, got)
	}
	if old, there := Get(body, at); there {
		back, err := Put(out, at, old)
		if err != nil || !bytes.Equal(back, body) {
			t.Fatalf("putting the old value back made %q of %q (%v)", back, body, err)
		}
		return
	}
	head := 0
	for head < len(body) && body[head] == out[head] {
		head++
	}
	if tail := body[head:]; !bytes.HasSuffix(out, tail) {
		t.Fatalf("Put(%q, %q) = %q changed other bytes", body, at, out)
	}
}
