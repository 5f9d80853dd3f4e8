package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// faultIn is a fault at an offset of a file; at its start when the offset is below 0.
func faultIn(data []byte, file string, offset int, format string, args ...any) Fault {
	before := data[:max(0, min(offset, len(data)))]
	start := 1 + bytes.LastIndexByte(before, '\n')
	return Fault{
		File: file, Line: 1 + bytes.Count(before, []byte("\n")), Column: 1 + utf8.RuneCount(before[start:]),
		Says: fmt.Sprintf(format, args...),
	}
}

// jsonOffset is where decoding failed.
func jsonOffset(data []byte, err error) int {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return max(0, int(syntax.Offset)-1) // the offset is behind the sign at fault
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return valueBefore(data, int(kind.Offset))
	}
	if _, field, ok := strings.Cut(err.Error(), "unknown field "); ok {
		return bytes.Index(data, []byte(field))
	}
	return len(data)
}

// valueBefore is where the value starts that ends at an offset, or that has just begun
// there: the decoder points at either.
func valueBefore(data []byte, offset int) int {
	offset = min(offset, len(data))
	i := offset - 1
	if i < 0 || strings.IndexByte("{[", data[i]) >= 0 {
		return max(0, i)
	}
	if data[i] == '"' {
		for i--; i > 0 && (data[i] != '"' || data[i-1] == '\\'); i-- {
		}
		return max(0, i)
	}
	for i > 0 && strings.IndexByte(" \t\r\n:,[", data[i-1]) < 0 {
		i--
	}
	return i
}

// plainJSON says what is wrong with a sample's JSON without naming types of Go.
func plainJSON(err error) string {
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		want := "a text"
		switch kind.Type.Kind().String() {
		case "slice":
			want = "a list"
		case "map", "struct":
			want = "an object"
		case "bool":
			want = "true or false"
		}
		return fmt.Sprintf("%s: expected %s, found %s", kind.Field, want, article(kind.Value))
	}
	says := strings.TrimPrefix(err.Error(), "json: ")
	if _, field, ok := strings.Cut(says, "unknown field "); ok {
		return says + expectedKeys(strings.Trim(field, `"`), []string{
			"events", "variant", "note", "certainty", "method", "headers", "query", "body", "form", "variants", "set", "unset", "escape_slashes",
		})
	}
	return says
}

func article(jsonType string) string {
	word, _, _ := strings.Cut(jsonType, " ")
	switch word {
	case "array", "object":
		return "an " + word
	case "bool":
		return "true or false"
	}
	return "a " + word
}
