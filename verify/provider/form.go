package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Samples whose body is a form are written as an object of texts.

const (
	formType = "application/x-www-form-urlencoded"
	bodyHash = "{{body:sha256}}"
	// bodyMark holds the place of the hash until the body is made.
	bodyMark = "\x00body-sha256\x00"
)

// formField is one field of a form, in the order it is sent.
type formField struct{ name, value string }

func formFields(raw json.RawMessage) ([]formField, error) {
	at := skipSpace(raw, 0)
	if !json.Valid(raw) || raw[at] != '{' {
		return nil, errors.New("expected an object of texts")
	}
	var fields []formField
	for m := range members(raw, at) {
		name := unquote(raw[m.key:m.keyEnd])
		if raw[m.value] != '"' {
			return nil, fmt.Errorf("%s: expected a text", clip(name))
		}
		fields = append(fields, formField{name, unquote(raw[m.value:m.end])})
	}
	return fields, nil
}

// form takes a form apart, with the literals between its placeholders escaped.
func (c *compiler) form(raw []byte) (text, error) {
	fields, err := formFields(raw)
	if err != nil {
		return text{}, err
	}
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(f.name) + "=")
		for rest := f.value; rest != ""; {
			literal, after, found := strings.Cut(rest, "{{")
			b.WriteString(url.QueryEscape(literal))
			if !found {
				break
			}
			name, after, closed := strings.Cut(after, "}}")
			if !closed {
				return text{}, fmt.Errorf("placeholder {{%s is not closed", clip(after))
			}
			b.WriteString("{{" + name + "}}")
			rest = after
		}
	}
	return c.text(b.String(), url.QueryEscape)
}
