package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDepartures(t *testing.T) {
	tests := []struct {
		name  string
		known []string
		body  string
		want  []string // kind path: known -> seen
	}{
		{"nothing known", nil, `{"a":1}`, nil},
		{"the same", []string{`{"a":1,"b":"x"}`}, `{"b":"y","a":2.5}`, nil},
		{"no JSON", []string{`{"a":1}`}, `{"a":`, nil},
		{"a new field", []string{`{"a":1}`}, `{"a":1,"b":true}`, []string{"new b:  -> boolean"}},
		{"only the outermost of what is new", []string{`{"a":1}`}, `{"a":1,"b":{"c":[1]}}`, []string{"new b:  -> object"}},
		{"a new field in an element", []string{`{"items":[{"id":1}]}`}, `{"items":[{"id":1},{"id":2,"ref":"/x"},{"id":3,"ref":null}]}`, []string{"new items.#.ref:  -> string or null"}},
		{"another type", []string{`{"a":1}`}, `{"a":"1"}`, []string{"type a: number -> string"}},
		{"one of several types", []string{`{"a":1}`, `{"a":"1"}`}, `{"a":"2"}`, nil},
		{"null where none was", []string{`{"a":{"b":1}}`}, `{"a":null}`, []string{"type a: object -> null"}},
		{"nullable", []string{`{"a":{"b":1}}`, `{"a":null}`}, `{"a":null}`, nil},
		{"always null before", []string{`{"a":null}`}, `{"a":{"b":1}}`, nil},
		{"an element of another type", []string{`{"items":[1,2]}`}, `{"items":[3,"4",{"id":5}]}`, []string{"type items.#: number -> object or string"}},
		{"an array that was empty", []string{`{"items":[]}`}, `{"items":[{"id":1}]}`, nil},
		{"an array that is empty now", []string{`{"items":[{"id":1}]}`}, `{"items":[]}`, nil},
		{"a field gone", []string{`{"a":1,"b":2}`, `{"a":1,"b":3}`}, `{"a":1}`, []string{"gone b: number -> "}},
		{"an optional field", []string{`{"a":1,"b":2}`, `{"a":1}`}, `{"a":1}`, nil},
		{"gone in one element of three", []string{`{"items":[{"id":1},{"id":2}]}`}, `{"items":[{"id":1},{},{"id":2}]}`, []string{"gone items.#.id: number -> "}},
		{"optional in one element", []string{`{"items":[{"id":1},{}]}`}, `{"items":[{}]}`, nil},
		{"a whole object gone", []string{`{"a":{"b":{"c":1}}}`}, `{"a":{}}`, []string{"gone a.b: object -> "}},
		{"a doubled name counts once", []string{`{"a":1,"a":2}`}, `{}`, []string{"gone a: number -> "}},
		{"the body as a whole", []string{`{"a":1}`}, `[1]`, []string{"type : object -> array"}},
		{"a name with signs of paths", []string{`{}`}, `{"a.b":1,"#":2}`, []string{`new \#:  -> number`, `new a\.b:  -> number`}},
		{"an escaped name", []string{`{"é":1}`}, `{"\u00e9":2}`, nil},
		{"several", []string{`{"a":1,"b":2}`}, `{"a":"1","c":3}`, []string{"type a: number -> string", "gone b: number -> ", "new c:  -> number"}},
		{"a name that is too long", []string{`{}`}, `{"` + strings.Repeat("x", maxShapeKey) + `":1}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Shape
			for _, body := range tt.known {
				if !s.Learn([]byte(body)) {
					t.Fatalf("Learn(%s) = false", body)
				}
			}
			var got []string
			for _, d := range s.Departures([]byte(tt.body)) {
				got = append(got, fmt.Sprintf("%s %s: %s -> %s", d.Kind, d.Path, d.Known, d.Seen))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Departures (-want +got):\n%s", diff)
			}
		})
	}
}

func TestShapeLearnRefuses(t *testing.T) {
	var s Shape
	if s.Learn([]byte(`{"a":`)) || s.Learn(nil) || s.Bodies() != 0 {
		t.Errorf("a shape learned from what is no JSON: %d bodies", s.Bodies())
	}
}

// A map of custom fields with a new name in every body does not explode.
func TestShapeIsBounded(t *testing.T) {
	var s Shape
	for i := range 3 * MaxPaths {
		s.Learn(fmt.Appendf(nil, `{"id":%d,"OtherProperties":{"field_%d":1}}`, i, i))
	}
	if !s.Full() || s.Paths() != MaxPaths {
		t.Errorf("paths %d, full %v; want %d, true", s.Paths(), s.Full(), MaxPaths)
	}
	if got := s.Departures([]byte(`{"id":1,"OtherProperties":{"field_new":1}}`)); got != nil {
		t.Errorf("a full shape judges new names: %v", got)
	}
	want := []Departure{{Kind: TypeChanged, Path: "id", Known: Number, Seen: Text}}
	if diff := cmp.Diff(want, s.Departures([]byte(`{"id":"1","OtherProperties":{}}`))); diff != "" {
		t.Errorf("a full shape judges what it knows (-want +got):\n%s", diff)
	}
	var wide strings.Builder
	wide.WriteString(`{"x":1`)
	for i := range 2 * MaxPaths {
		fmt.Fprintf(&wide, `,"field_%d":1`, i)
	}
	wide.WriteByte('}')
	var small Shape
	small.Learn([]byte(`{"x":1}`))
	if got := len(small.Departures([]byte(wide.String()))); got != MaxPaths {
		t.Errorf("%d departures of one body, want %d", got, MaxPaths)
	}
}

func TestShapeDepth(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000)
	var s Shape
	if !s.Learn([]byte(deep)) || s.Paths() != maxShapeDepth {
		t.Errorf("paths %d, want %d", s.Paths(), maxShapeDepth)
	}
	if got := s.Departures([]byte(deep)); got != nil {
		t.Errorf("departures of the body itself: %v", got)
	}
}

// What every built-in provider's samples teach, the samples do not depart from, and
// what is guessed teaches nothing.
func TestLearnSamples(t *testing.T) {
	set, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	learned := map[string]int{}
	for _, p := range set.All() {
		for _, e := range p.Events() {
			if e.Known {
				continue
			}
			var s Shape
			n := p.LearnSamples(e.Name, &s)
			learned[p.Name] += n
			if render(t, p, e.Name, "").Header.Get("Content-Type") == formType {
				continue // a form has no shape
			}
			if guessed := e.Variants[0].Certainty == Guessed; guessed != (n == 0) {
				t.Errorf("%s/%s: %d samples, guessed %v", p.Name, e.Name, n, guessed)
			}
		}
	}
	if learned["rentman"] == 0 || learned["ploomes"] == 0 {
		t.Errorf("samples learned: %v", learned)
	}
	rentman, err := set.Lookup("rentman")
	if err != nil {
		t.Fatal(err)
	}
	var s Shape
	rentman.LearnSamples("Contact.create", &s)
	nullUser := `{"account":"a","user":null,"eventType":"create","itemType":"Contact","items":[{"id":1,"ref":"/contacts/1","parent":null}],"eventDate":"2026-01-31T12:00:00+01:00"}`
	if got := s.Departures([]byte(nullUser)); got != nil {
		t.Errorf("a user that is null is documented, got %v", got)
	}
	if got := rentman.LearnSamples("Nothing.create", &s); got != 0 {
		t.Errorf("an unknown event has %d samples", got)
	}
}

func FuzzShape(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"a":1}`, `{"a":"1","b":[{"c":null},{"c":1}]}`},
		{`[{"a":1},{"b":2}]`, `[]`},
		{`{"a":1,"a":"x"}`, `{"\u0061":null}`},
		{`null`, `"text"`},
		{strings.Repeat("[", 100) + strings.Repeat("]", 100), `{"#":{".":1}}`},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		var s Shape
		s.Learn([]byte(first))
		for _, d := range s.Departures([]byte(second)) {
			if _, err := parsePath(d.Path); err != nil && d.Path != "" {
				t.Errorf("the path %q of a departure cannot be read: %v", d.Path, err)
			}
			if d.Seen&d.Known != 0 || d.Seen|d.Known == 0 {
				t.Errorf("%s %q: known %s, seen %s", d.Kind, d.Path, d.Known, d.Seen)
			}
		}
		s.Learn([]byte(second))
		for _, body := range []string{first, second} {
			if got := s.Departures([]byte(body)); got != nil {
				t.Errorf("a body departs from the shape that it taught: %v", got)
			}
		}
	})
}
