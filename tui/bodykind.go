package tui

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"
)

// media is what a Content-Type says.
type media struct {
	name     string // in small letters, without parameters
	boundary string
}

// readMedia takes the name even where the parameters cannot be read.
func readMedia(contentType string) media {
	name, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		name, _, _ = strings.Cut(contentType, ";")
		name = strings.ToLower(strings.TrimSpace(name))
	}
	return media{name, params["boundary"]}
}

// json reports whether one JSON value was announced. Several of them, one on a line, are
// text.
func (m media) json() bool {
	_, kind, _ := strings.Cut(m.name, "/")
	return kind == "json" || strings.HasSuffix(kind, "+json") || kind == "x-json"
}

func (m media) xml() bool {
	_, kind, _ := strings.Cut(m.name, "/")
	return kind == "xml" || strings.HasSuffix(kind, "+xml")
}

// maxLaidOut is the size up to which the positions of an index reach.
const maxLaidOut = 1 << 31

// layOut says what bytes are, and lays them out as that.
func layOut(data []byte, m media) (string, []section) {
	if len(data) == 0 {
		return "empty", []section{remark(faint, "nothing")}
	}
	if len(data) >= maxLaidOut {
		return "binary", []section{hexDump(data)}
	}
	if strings.HasPrefix(m.name, "multipart/") && m.boundary != "" {
		if parts, ok := layParts(data, m.boundary); ok {
			return "multipart", parts
		}
	}
	if name, parts := layJSON(data, m); parts != nil {
		return name, parts
	}
	switch {
	case isBinary(data):
		return "binary", []section{hexDump(data)}
	case m.name == "application/x-www-form-urlencoded":
		return layForm("form", data)
	case m.json():
		return "broken JSON", []section{remark(warn, notJSON(data)), newText(data)}
	case m.xml(), bytes.HasPrefix(bytes.TrimLeft(data, "\ufeff \t\r\n"), []byte("<?xml")):
		return "XML", []section{newText(data)}
	}
	return "text", []section{newText(data)}
}

const byteOrderMark = "\ufeff"

// layJSON returns nothing for what is not JSON. A mere number or word is JSON only when
// it was announced as that.
func layJSON(data []byte, m media) (string, []section) {
	rest := bytes.TrimPrefix(data, []byte(byteOrderMark))
	at := skipBlanks(rest, 0)
	if at == len(rest) || rest[at] != '{' && rest[at] != '[' && !m.json() || !json.Valid(rest) {
		return "", nil
	}
	if len(rest) < len(data) {
		return "JSON behind a byte order mark", []section{
			remarks{{{warn, byteOrderMark}, {faint, " a byte order mark stands before the JSON; strict decoders refuse that"}}},
			newTree(rest),
		}
	}
	return "JSON", []section{newTree(data)}
}

// notJSON says why bytes cannot be read as JSON, and where.
func notJSON(data []byte) string {
	var value json.RawMessage
	err := json.Unmarshal(data, &value)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line := 1 + bytes.Count(data[:max(min(int(syntax.Offset)-1, len(data)), 0)], []byte("\n"))
		return fmt.Sprintf("not valid JSON: byte %d, line %d: %v", syntax.Offset, line, syntax)
	}
	return fmt.Sprintf("not valid JSON: %v", err)
}

// isBinary judges the beginning: a NUL, or too many bytes that no text in UTF-8 has. A
// few of them are letters of an older encoding, and leave the text readable.
func isBinary(data []byte) bool {
	const looked = 8 << 10
	odd := 0
	start := data
	if len(start) > looked {
		start = start[:wholeRunes(start[:looked])]
	}
	for i := 0; i < len(start); {
		c := start[i]
		if c == 0 {
			return true
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(start[i:])
			if r == utf8.RuneError && size == 1 {
				odd++
			}
			i += size
			continue
		}
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\x1b' || c == 0x7f {
			odd++
		}
		i++
	}
	return odd*10 > len(start)*3
}
