package explain

import (
	"net/url"
	"slices"
	"strings"
)

// formEdits convert between forms and JSON.
func formEdits() []edit {
	compact, spaced := &style{comma: ",", colon: ":"}, &style{comma: ", ", colon: ": "}
	all := []edit{
		{cause: FormParsed, weight: 57, what: "the fields of the form are written as JSON", make: formJSON(compact, false)},
		{cause: FormParsed, weight: 58, what: "the fields of the form are written as JSON, as Python's json.dumps does", make: formJSON(spaced, false)},
		{cause: FormParsed, weight: 87, what: "the fields of the form are written as JSON with sorted keys", make: formJSON(compact, true)},
		{cause: FormRewritten, weight: 59, what: "the form is written with its fields sorted", make: formAgain(url.QueryEscape, true)},
		{cause: FormRewritten, weight: 59, what: "the form is written with + for a blank", make: formAgain(url.QueryEscape, false)},
		{cause: FormRewritten, weight: 59, what: "the form is written with %20 for a blank", make: formAgain(encodeURIComponent, false)},
		{cause: FormRewritten, weight: 88, what: "the form is decoded", make: formAgain(func(s string) string { return s }, false)},
		{cause: FormParsed, weight: 89, what: "the fields of the JSON are written as a form", make: jsonForm},
	}
	for i, name := range []string{"payload", "data", "body", "json", "event"} {
		what := "the body is the content of the form field " + name
		all = append(all, edit{cause: FormWrapped, weight: 56 + i, what: what, make: func(dst []byte, c *content) ([]byte, bool) {
			for _, f := range c.parsed().fields {
				if f.name == name {
					return append(dst, f.value...), true
				}
			}
			return dst, false
		}})
		what = "the body stands in a form field " + name
		all = append(all,
			edit{cause: FormWrapped, weight: 90 + i, what: what, make: wrap(name, false)},
			edit{cause: FormWrapped, weight: 92 + i, what: what + ", with %20 for blanks", make: wrap(name, true)})
	}
	return all
}

// wrap puts a body that is not a form itself into one.
func wrap(name string, uri bool) func([]byte, *content) ([]byte, bool) {
	return func(dst []byte, c *content) ([]byte, bool) {
		if len(c.bytes) == 0 || len(c.bytes) > largeBody || c.parsed().fields != nil {
			return dst, false
		}
		return append(append(append(dst, name...), '='), c.percent(uri)...), true
	}
}

// encodeURIComponent escapes as JavaScript does, which leaves !'()* alone and writes a
// blank as %20.
func encodeURIComponent(s string) string {
	return strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*").Replace(url.QueryEscape(s))
}

func formAgain(escape func(string) string, sorted bool) func([]byte, *content) ([]byte, bool) {
	return func(dst []byte, c *content) ([]byte, bool) {
		fields := c.parsed().fields
		if len(fields) == 0 {
			return dst, false
		}
		if sorted {
			fields = byFieldName(fields)
		}
		for i, f := range fields {
			if i > 0 {
				dst = append(dst, '&')
			}
			dst = append(append(append(dst, escape(f.name)...), '='), escape(f.value)...)
		}
		return dst, true
	}
}

func byFieldName(fields []pair) []pair {
	return slices.SortedStableFunc(slices.Values(fields), func(a, b pair) int { return strings.Compare(a.name, b.name) })
}

func formJSON(st *style, sorted bool) func([]byte, *content) ([]byte, bool) {
	return func(dst []byte, c *content) ([]byte, bool) {
		fields := c.parsed().fields
		if len(fields) == 0 {
			return dst, false
		}
		if sorted {
			fields = byFieldName(fields)
		}
		quote := func(s string) {
			dst = append((&escapes{}).append(append(dst, '"'), escapeBackslashes([]byte(s))), '"')
		}
		dst = append(dst, '{')
		for i, f := range fields {
			if i > 0 {
				dst = append(dst, st.comma...)
			}
			quote(f.name)
			dst = append(dst, st.colon...)
			quote(f.value)
		}
		return append(dst, '}'), true
	}
}

// jsonForm writes the outermost fields of a JSON object as a form.
func jsonForm(dst []byte, c *content) ([]byte, bool) {
	d := c.parsed().json
	if d == nil || len(c.bytes) > largeBody || d.src[d.tokens[0].start] != '{' || len(d.tokens) == 2 {
		return dst, false
	}
	for i := 1; i < d.tokens[0].next-1; i = d.tokens[i+1].next {
		value := d.tokens[i+1]
		text := string(d.src[value.start:value.end])
		switch text[0] {
		case '{', '[':
			return dst, false
		case '"':
			text = string(d.key(i + 1))
		}
		if i > 1 {
			dst = append(dst, '&')
		}
		dst = append(append(append(dst, url.QueryEscape(string(d.key(i)))...), '='), url.QueryEscape(text)...)
	}
	return dst, true
}
