package provider

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"whk/verify"
)

// MaskDelivery is a copy of a delivery without personal data and credentials, to be
// looked at: what Mask finds in the body is taken out of path, query and headers too,
// and what stands there under a name that says so, or has the form of it, as well. A
// body that is a form is masked like JSON. Of any other no more is left than that there
// is one.
func MaskDelivery(d *verify.Delivery) *verify.Delivery {
	path, query, asked := strings.Cut(d.URL, "?")
	form := d.IsForm()
	parts := [...]struct {
		name string
		json []byte
	}{
		{"body", bodyJSON(d.Body, form)},
		{"path", quoted(path)},
		{"query", pairsJSON(query)},
		{"header", headerJSON(d.Header)},
	}
	var document bytes.Buffer
	for i, part := range parts {
		document.WriteByte("{,"[min(i, 1)])
		document.Write(quoted(part.name))
		document.WriteByte(':')
		document.Write(part.json)
	}
	document.WriteByte('}')

	masked := *d
	masked.URL, masked.Header, masked.Body = hidden(d.URL), http.Header{}, []byte(hidden(string(d.Body)))
	text, _, err := Mask(document.Bytes(), MaskOptions{})
	if err != nil {
		return &masked // nothing can be told apart in it
	}
	var of struct {
		Body, Query, Header json.RawMessage
		Path                string
	}
	if json.Unmarshal(text, &of) != nil {
		return &masked
	}
	masked.URL = of.Path
	if asked {
		masked.URL += "?" + formOf(of.Query)
	}
	for _, p := range pairsOf(of.Header) {
		masked.Header[p[0]] = append(masked.Header[p[0]], p[1])
	}
	switch {
	case form:
		masked.Body = []byte(formOf(of.Body))
	case json.Valid(d.Body):
		inner := bytes.TrimSpace(d.Body)
		masked.Body = bytes.Replace(d.Body, inner, of.Body, 1)
	}
	return &masked
}

// hidden stands for a text of which nothing may be seen.
func hidden(text string) string { return strings.Repeat("*", min(len(text), 64)) }

// bodyJSON is a body as JSON, null where it is neither that nor a form.
func bodyJSON(body []byte, form bool) []byte {
	switch {
	case form:
		return pairsJSON(string(body))
	case json.Valid(body):
		return body
	}
	return []byte("null")
}

// pairsJSON writes a form as an object, whose names may come again.
func pairsJSON(form string) []byte {
	var pairs [][2]string
	for part := range strings.SplitSeq(form, "&") {
		name, value, _ := strings.Cut(part, "=")
		pairs = append(pairs, [2]string{unescaped(name), unescaped(value)})
	}
	return objectOf(pairs)
}

func headerJSON(h http.Header) []byte {
	var pairs [][2]string
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			pairs = append(pairs, [2]string{name, value})
		}
	}
	return objectOf(pairs)
}

func objectOf(pairs [][2]string) []byte {
	object := []byte{'{'}
	for i, p := range pairs {
		if i > 0 {
			object = append(object, ',')
		}
		object = append(append(append(object, quoted(p[0])...), ':'), quoted(p[1])...)
	}
	return append(object, '}')
}

// pairsOf reads what objectOf wrote.
func pairsOf(object []byte) (pairs [][2]string) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if _, err := decoder.Token(); err != nil {
		return nil
	}
	for decoder.More() {
		var p [2]string
		for i := range p {
			token, err := decoder.Token()
			text, ok := token.(string)
			if err != nil || !ok {
				return pairs
			}
			p[i] = text
		}
		pairs = append(pairs, p)
	}
	return pairs
}

// formOf writes the pairs of an object as a form.
func formOf(object []byte) string {
	var parts []string
	for _, p := range pairsOf(object) {
		part := url.QueryEscape(p[0])
		if p[1] != "" {
			part += "=" + url.QueryEscape(p[1])
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "&")
}

func quoted(text string) []byte {
	b, _ := json.Marshal(text) // a text always can be
	return b
}

func unescaped(text string) string {
	if s, err := url.QueryUnescape(text); err == nil {
		return s
	}
	return text
}
