package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"whk/verify"
	"whk/verify/provider"
)

// Edit is one change of a sample, made before it is signed. Every byte that an edit does
// not name stays as it was.
type Edit struct {
	kind editKind
	// path is a path into the body; of a body that is a form it is the name of a field,
	// and of a delivery that has no body but a query, that of a parameter.
	path  string
	value string
	json  bool // value is JSON, whatever it replaces
}

type editKind int

const (
	editSet editKind = iota
	editUnset
	editOld
	editChange
)

// Reader reads a file that an edit names.
type Reader func(name string) ([]byte, error)

// Set parses an edit that puts a value at a path:
//
//	path=value    a value of the type that it replaces; a new one, or one in the place
//	              of null, is JSON if it parses, else a string
//	path:=json    JSON, whatever it replaces
//	path=@file    the value is what the file holds; path:=@file likewise
//
// A "=" or ":" that belongs to the path is written "\=" or "\:".
func Set(expression string, read Reader) (Edit, error) { return parseEdit(editSet, expression, read) }

// Unset takes away what is at a path.
func Unset(path string) (Edit, error) {
	if path == "" {
		return Edit{}, errors.New("the path is empty")
	}
	return Edit{kind: editUnset, path: path}, nil
}

// Old is Set for the values before a change, Change for those after it: that also makes
// the value that was there an old one. Their paths start below the old and new values.
func Old(expression string, read Reader) (Edit, error) { return parseEdit(editOld, expression, read) }

// Change is explained at Old.
func Change(expression string, read Reader) (Edit, error) {
	return parseEdit(editChange, expression, read)
}

func parseEdit(kind editKind, expression string, read Reader) (Edit, error) {
	e := Edit{kind: kind}
	var ok bool
	if e.path, e.value, e.json, ok = cutExpression(expression); !ok {
		return Edit{}, fmt.Errorf("%s: expected path=value, path:=json or path=@file", shorten(expression))
	}
	if e.path == "" {
		return Edit{}, fmt.Errorf("%s: there is no path before the =", shorten(expression))
	}
	if name, isFile := strings.CutPrefix(e.value, "@"); isFile {
		content, err := read(name)
		if err != nil {
			return Edit{}, fmt.Errorf("%s: %w", e.path, err)
		}
		e.value = string(content)
	}
	if e.json && !json.Valid([]byte(e.value)) {
		return Edit{}, fmt.Errorf("%s: what follows := is not JSON; a text stands in quotes, or follows = alone", e.path)
	}
	return e, nil
}

// cutExpression takes an expression apart at its first "=" or ":=".
func cutExpression(expression string) (path, value string, isJSON, ok bool) {
	var b strings.Builder
	for i := 0; i < len(expression); i++ {
		switch c := expression[i]; {
		case c == '\\' && i+1 < len(expression) && strings.IndexByte(`=:`, expression[i+1]) >= 0:
			i++
			b.WriteByte(expression[i])
		case c == '\\' && i+1 < len(expression) && strings.IndexByte(`.#\`, expression[i+1]) >= 0:
			b.WriteString(expression[i : i+2]) // for the path itself to read
			i++
		case c == ':' && strings.HasPrefix(expression[i:], ":="):
			return b.String(), expression[i+2:], true, true
		case c == '=':
			return b.String(), expression[i+1:], false, true
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false, false
}

// errUnchanged is an edit that was made for nothing, which is most often a mistake in
// the path or the value.
var errUnchanged = errors.New("this is what the sample has already, so that nothing would change")

// apply edits a delivery in place. Target is the URL that belongs to the user and is not
// edited.
func (e Edit) apply(d *verify.Delivery, target string, strict bool) error {
	if len(d.Body) == 0 && d.Method == http.MethodGet {
		query := strings.TrimLeft(strings.TrimPrefix(d.URL, target), "?&")
		edited, err := e.applyPairs(query, "query", "parameter")
		if err == nil && strict && edited == query {
			err = fmt.Errorf("set %s: %w", e.path, errUnchanged)
		}
		d.URL = withQuery(target, edited)
		return err
	}
	edited, err := e.applyTo(d)
	if err != nil {
		return err
	}
	if strict && bytes.Equal(edited, d.Body) {
		return fmt.Errorf("set %s: %w", e.path, errUnchanged)
	}
	d.Body = edited
	return nil
}

func (e Edit) applyTo(d *verify.Delivery) ([]byte, error) {
	if isForm(d) {
		edited, err := e.applyPairs(string(d.Body), "form", "field")
		return []byte(edited), err
	}
	return e.applyBody(d.Body)
}

func (e Edit) applyBody(body []byte) ([]byte, error) {
	if e.kind == editUnset {
		return provider.Unset(body, e.path)
	}
	current, _ := provider.Get(body, e.path)
	value, err := e.replacing(current)
	if err != nil {
		return nil, fmt.Errorf("set %s: %w", e.path, err)
	}
	return provider.Put(body, e.path, value)
}

// isForm reports whether a body is the fields of a form; JSON is JSON, whatever its
// header says.
func isForm(d *verify.Delivery) bool {
	kind, _, _ := strings.Cut(d.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") && !json.Valid(d.Body)
}

// replacing returns the value as JSON, in the type of what it replaces.
func (e Edit) replacing(current json.RawMessage) (json.RawMessage, error) {
	value := json.RawMessage(strings.TrimSpace(e.value))
	valid := json.Valid(value)
	kind := typeName(current)
	switch {
	case e.json:
		return value, nil
	case kind == "text", kind == "" && !valid:
		return jsonString(e.value)
	case kind == "", valid && typeName(value) == kind:
		return value, nil
	}
	return nil, fmt.Errorf("it is %s, and the value is not; %s:=JSON changes the type", kind, e.path)
}

// typeName names the type of a JSON value in words, "" for null and for none.
func typeName(value json.RawMessage) string {
	if len(value) == 0 {
		return ""
	}
	switch value[0] {
	case '"':
		return "text"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "true or false"
	case 'n':
		return ""
	}
	return "a number"
}

// jsonString writes a text as JSON, leaving alone what need not be escaped.
func jsonString(text string) (json.RawMessage, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("the value is not UTF-8, as JSON must be")
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// applyPairs edits one parameter of a raw query, or one field of a form, and leaves the
// others as written.
func (e Edit) applyPairs(query, whole, one string) (string, error) {
	verb := "set"
	if e.kind == editUnset {
		verb = "unset"
	}
	var parameters []string
	if query != "" {
		parameters = strings.Split(query, "&")
	}
	at := -1
	for i, parameter := range parameters {
		name, _, _ := strings.Cut(parameter, "=")
		if name, err := url.QueryUnescape(name); err != nil || name != e.path {
			continue
		}
		if at >= 0 {
			return "", fmt.Errorf("%s %s: the %s has it more than once, so that it is not clear which is meant", verb, e.path, whole)
		}
		at = i
	}
	if e.kind == editUnset {
		if at < 0 {
			return "", fmt.Errorf("unset %s: the %s has no such %s", e.path, whole, one)
		}
		return strings.Join(append(parameters[:at:at], parameters[at+1:]...), "&"), nil
	}
	text := e.value
	if e.json && text != "" && strings.TrimSpace(text)[0] == '"' {
		if err := json.Unmarshal([]byte(text), &text); err != nil {
			return "", fmt.Errorf("set %s: %w", e.path, err)
		}
	}
	parameter := url.QueryEscape(e.path) + "=" + url.QueryEscape(text)
	if at < 0 {
		return strings.Join(append(parameters, parameter), "&"), nil
	}
	_, was, _ := strings.Cut(parameters[at], "=")
	if plain, err := url.QueryUnescape(was); err == nil && plain == text {
		return query, nil // the same in another spelling is no change
	}
	parameters[at] = parameter
	return strings.Join(parameters, "&"), nil
}
