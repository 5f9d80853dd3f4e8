package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Template is one field of a provider definition: literal text with variables in
// braces, such as "sha512={sig}" or "{ts}.{body}". It is parsed once and evaluated
// without reflection.
//
// The variables are {body}, {body.some.path}, {form.name}, {header.Name}, {query.name}, {method},
// {url}, {path}, {ts}, {id}, {secret}, {sig}, {entity}, {action}, and the transforms
// {form_sorted} (fields of a form body sorted by name, names and values joined; empty
// for another content type) and {body_sha256} (lower-case hex). A literal brace is written "{{".
type Template struct {
	source string
	parts  []part
}

type variable uint8

const (
	literal variable = iota
	varBody
	varBodyPath
	varForm
	varHeader
	varQuery
	varMethod
	varURL
	varPath
	varTS
	varID
	varSecret
	varSig
	varEntity
	varAction
	varFormSorted
	varBodySHA256
)

var variables = map[string]variable{
	"body": varBody, "method": varMethod, "url": varURL, "path": varPath, "ts": varTS,
	"id": varID, "secret": varSecret, "sig": varSig, "entity": varEntity,
	"action": varAction, "form_sorted": varFormSorted, "body_sha256": varBodySHA256,
}

// part is a literal text, or a variable with its argument: a body path, a canonical
// header name or a query name.
type part struct {
	variable variable
	text     string
	// test is set for a variable that is asked for and not written.
	test bool
}

// Lookup reads one path of a JSON body. It reports false for a body that is not
// JSON, a path that is absent, and a value that is null, "" or [].
type Lookup func(body []byte, path string) (string, bool)

// Values is what a template is evaluated against.
type Values struct {
	Delivery *Delivery
	// Lookup reads body paths; a template that has some yields nothing without it.
	Lookup Lookup
	// Base is the public address of the receiver, for {url}; see Delivery.PublicURL.
	Base string

	TS, ID, Sig, Secret, Entity, Action string
}

// ParseTemplate parses the text of a definition's field. An error names the variable
// that is unknown or the brace that is not closed.
func ParseTemplate(source string) (*Template, error) {
	t := &Template{source: source}
	rest, text := source, ""
	for rest != "" {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			text, rest = text+rest, ""
			break
		}
		text += rest[:open]
		if strings.HasPrefix(rest[open:], "{{") {
			text, rest = text+"{", rest[open+2:]
			continue
		}
		name, after, ok := strings.Cut(rest[open+1:], "}")
		if !ok {
			return nil, fmt.Errorf("template %q: { at column %d is not closed (a literal brace is {{)", source, len(source)-len(rest)+open+1)
		}
		p, err := parseVariable(name)
		if err != nil {
			return nil, fmt.Errorf("template %q: %w", source, err)
		}
		if text != "" {
			t.parts = append(t.parts, part{variable: literal, text: text})
		}
		t.parts = append(t.parts, p)
		text, rest = "", after
	}
	if text != "" {
		t.parts = append(t.parts, part{variable: literal, text: text})
	}
	return t, nil
}

func parseVariable(name string) (part, error) {
	if bare, ok := strings.CutSuffix(name, "?"); ok {
		p, err := parseVariable(bare)
		p.test = true
		return p, err
	}
	if v, ok := variables[name]; ok {
		return part{variable: v}, nil
	}
	kind, arg, ok := strings.Cut(name, ".")
	if ok && arg != "" {
		switch kind {
		case "body":
			return part{variable: varBodyPath, text: arg}, nil
		case "form":
			return part{variable: varForm, text: arg}, nil
		case "header":
			return part{variable: varHeader, text: http.CanonicalHeaderKey(arg)}, nil
		case "query":
			return part{variable: varQuery, text: arg}, nil
		}
	}
	return part{}, fmt.Errorf("unknown variable {%s}: known are body, body.PATH, form.NAME, header.NAME, query.NAME, method, url, path, ts, id, secret, sig, entity, action, form_sorted and body_sha256", name)
}

// String returns the source text.
func (t *Template) String() string { return t.source }

// Text evaluates the template. It reports false when a variable has no value.
func (t *Template) Text(v *Values) (string, bool) {
	if len(t.parts) == 1 && t.parts[0].variable == varBodyPath && !t.parts[0].test && v.Lookup != nil {
		return v.Lookup(v.Delivery.Body, t.parts[0].text)
	}
	b, ok := t.Append(nil, v)
	return string(b), ok
}

// Append evaluates the template behind dst. It reports false, and returns what it had
// written, when a variable has no value.
func (t *Template) Append(dst []byte, v *Values) ([]byte, bool) {
	for _, p := range t.parts {
		var ok bool
		if dst, ok = p.append(dst, v); !ok {
			return dst, false
		}
	}
	return dst, true
}

// Path returns the body path when the template is exactly one {body.path}, for
// callers that want more of the value than its text.
func (t *Template) Path() (string, bool) {
	if len(t.parts) == 1 && t.parts[0].variable == varBodyPath && !t.parts[0].test {
		return t.parts[0].text, true
	}
	return "", false
}

// HeaderName returns the canonical name when the template is exactly one {header.Name}.
func (t *Template) HeaderName() (string, bool) {
	if len(t.parts) == 1 && t.parts[0].variable == varHeader && !t.parts[0].test {
		return t.parts[0].text, true
	}
	return "", false
}

// HeaderNames returns the canonical names of the headers that the template reads.
func (t *Template) HeaderNames() []string {
	var names []string
	for _, p := range t.parts {
		if p.variable == varHeader {
			names = append(names, p.text)
		}
	}
	return names
}

// ReadsBodyPath reports whether the template looks inside the body, which nothing may
// do before the body is judged.
func (t *Template) ReadsBodyPath() bool { return t.has(varBodyPath) || t.has(varForm) }

func (t *Template) has(v variable) bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return p.variable == v })
}

func (p part) append(dst []byte, v *Values) ([]byte, bool) {
	if p.test {
		p.test = false
		out, ok := p.append(dst, v)
		return dst, ok && len(out) > len(dst)
	}
	d := v.Delivery
	switch p.variable {
	case literal:
		return append(dst, p.text...), true
	case varBody:
		return append(dst, d.Body...), true
	case varBodyPath:
		if v.Lookup == nil {
			return dst, false
		}
		s, ok := v.Lookup(d.Body, p.text)
		return append(dst, s...), ok
	case varForm:
		s, ok := d.Form(p.text)
		return append(dst, s...), ok
	case varHeader:
		values := d.Header[p.text]
		if len(values) == 0 {
			return dst, false
		}
		return append(dst, values[0]...), true
	case varQuery:
		s, ok := d.Query(p.text)
		return append(dst, s...), ok
	case varMethod:
		return append(dst, d.Method...), true
	case varURL:
		return append(dst, d.PublicURL(v.Base)...), true
	case varPath:
		return append(dst, d.Path()...), true
	case varTS:
		return append(dst, v.TS...), v.TS != ""
	case varID:
		return append(dst, v.ID...), v.ID != ""
	case varSecret:
		return append(dst, v.Secret...), v.Secret != ""
	case varSig:
		return append(dst, v.Sig...), v.Sig != ""
	case varEntity:
		return append(dst, v.Entity...), v.Entity != ""
	case varAction:
		return append(dst, v.Action...), v.Action != ""
	case varFormSorted:
		if d.Header.Get("Content-Type") != "" && !d.IsForm() {
			return dst, true
		}
		return appendFormSorted(dst, d.Body)
	case varBodySHA256:
		sum := sha256.Sum256(d.Body)
		return hex.AppendEncode(dst, sum[:]), true
	}
	return dst, false
}

// appendFormSorted writes the fields of a form body as Twilio signs them: sorted by
// name, then value, every name directly followed by its value.
func appendFormSorted(dst, body []byte) ([]byte, bool) {
	if len(bytes.TrimSpace(body)) == 0 {
		return dst, true
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return dst, false
	}
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		slices.Sort(form[name])
		for _, value := range slices.Compact(form[name]) {
			dst = append(append(dst, name...), value...)
		}
	}
	return dst, true
}
