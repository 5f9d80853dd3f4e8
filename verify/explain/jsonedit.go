package explain

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"unicode/utf8"
)

// jsonEdits write a JSON body anew, as languages and their libraries do, each in the
// style that it has when nothing else is asked for, and in those that are often asked
// for.
func jsonEdits() []edit {
	compact := style{comma: ",", colon: ":"}
	spaced := style{comma: ", ", colon: ": "}
	indented := func(indent, newline string) style { return style{indent: indent, newline: newline, colon: ": "} }
	with := func(st style, e *escapes, n numbers, o order) style {
		st.escapes, st.numbers, st.order = e, n, o
		return st
	}
	plain := &escapes{}
	ascii := &escapes{ascii: true, del: true}
	phpEscapes, phpSlashes, phpUnicode := &escapes{slash: true, ascii: true}, &escapes{ascii: true}, &escapes{slash: true, lines: true}
	phpBoth := &escapes{lines: true}
	golang := &escapes{marks: "<>&", lines: true}
	oldGolang := &escapes{marks: "<>&", lines: true, long: true}
	dotnet := &escapes{ascii: true, del: true, upper: true, quote: true, marks: "<>&'+`"}
	gson := &escapes{marks: "<>&='", lines: true}
	phpPretty := indented("    ", "\n")
	lists := with(compact, phpEscapes, php, asWritten)
	lists.lists = true

	var all []edit
	add := func(weight int, c Cause, what string, st style) {
		all = append(all, edit{cause: c, weight: weight, what: "the body is written " + what, rare: weight >= 34,
			make: func(dst []byte, of *content) ([]byte, bool) {
				d := of.parsed().json
				if d == nil || st.lists && !d.hollow {
					return dst, false
				}
				return d.write(dst, &st)
			}})
	}
	add(15, JSONRewritten, "compactly, without blanks between its JSON values", compact)
	add(16, JSONRewritten, `with a blank after , and : as Python's json.dumps does`, spaced)
	add(17, JSONRewritten, "with an indent of 2, as JSON.stringify(…, null, 2) and Ruby's JSON.pretty_generate do", indented("  ", "\n"))
	add(18, JSONRewritten, "with an indent of 4, as Python's json.dumps(…, indent=4) does", indented("    ", "\n"))
	add(40, JSONRewritten, "with tabs as indent", indented("\t", "\n"))
	add(41, JSONRewritten, "with an indent of 2 and CRLF, as .NET does on Windows", indented("  ", "\r\n"))
	add(42, JSONRewritten, "as Jackson's pretty printer does", style{indent: "  ", newline: "\n", colon: " : ", spread: true, nothing: " "})

	add(20, JSONEscapes, "as JSON.stringify does", with(compact, plain, javascript, indexFirst))
	add(21, JSONEscapes, `as Python's json.dumps does, with a blank after , and : and \uXXXX for all but ASCII`, with(spaced, ascii, python, asWritten))
	add(22, JSONEscapes, `as PHP's json_encode does, with \/ and \uXXXX`, with(compact, phpEscapes, php, asWritten))
	add(24, JSONEscapes, "as PHP's json_encode(…, JSON_UNESCAPED_SLASHES) does", with(compact, phpSlashes, php, asWritten))
	add(25, JSONEscapes, "as PHP's json_encode(…, JSON_UNESCAPED_UNICODE) does", with(compact, phpUnicode, php, asWritten))
	add(25, JSONEscapes, "as PHP's json_encode(…, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE) does", with(compact, phpBoth, php, asWritten))
	add(26, JSONEscapes, "as PHP's json_encode does with an indent of 4 (JSON_PRETTY_PRINT)", with(phpPretty, phpEscapes, php, asWritten))
	add(27, JSONEscapes, "as PHP's json_encode(…, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES) does", with(phpPretty, phpSlashes, php, asWritten))
	add(61, JSONEscapes, "as PHP's json_encode(…, JSON_PRETTY_PRINT | JSON_UNESCAPED_UNICODE) does", with(phpPretty, phpUnicode, php, asWritten))
	add(61, JSONEscapes, "as PHP's json_encode(…, JSON_PRETTY_PRINT) does without further escapes", with(phpPretty, phpBoth, php, asWritten))
	add(28, JSONRewritten, "as PHP does that has read its objects as arrays, so that {} became []", lists)
	add(23, JSONKeyOrder, "as Go's json.Marshal writes a map, with sorted keys and <, > and & escaped", with(compact, golang, javascript, byName))
	add(39, JSONKeyOrder, "as Go's json.Marshal writes a map with json.Number, with sorted keys and <, > and & escaped", with(compact, golang, digits, byName))
	add(30, JSONEscapes, "as Go's json.Marshal writes a struct, with <, > and & escaped", with(compact, golang, javascript, asWritten))
	add(62, JSONEscapes, "as Rails' to_json does, with <, > and & escaped", with(compact, golang, ruby, asWritten))
	add(62, JSONKeyOrder, "as Go before 1.22 writes a map", with(compact, oldGolang, javascript, byName))
	add(31, JSONKeyOrder, "as Go's json.MarshalIndent writes a map", with(indented("  ", "\n"), golang, javascript, byName))
	add(31, JSONEscapes, `as System.Text.Json does, with \uXXXX for all but plain ASCII`, with(compact, dotnet, digits, asWritten))
	add(32, JSONEscapes, "as System.Text.Json does with an indent of 2", with(indented("  ", "\n"), dotnet, digits, asWritten))
	add(62, JSONEscapes, "as System.Text.Json does with an indent of 2 and CRLF", with(indented("  ", "\r\n"), dotnet, digits, asWritten))
	add(33, JSONEscapes, "as Ruby's JSON.generate does", with(compact, plain, ruby, asWritten))
	add(63, JSONEscapes, "as Newtonsoft.Json and Python's compact separators do", with(compact, plain, python, asWritten))
	add(33, JSONEscapes, `as Python's json.dumps(…, separators=(",", ":")) does`, with(compact, ascii, python, asWritten))
	add(34, JSONEscapes, "as Python's json.dumps(…, ensure_ascii=False) does", with(spaced, plain, python, asWritten))
	add(64, JSONEscapes, "as Python's json.dumps(…, indent=4) does", with(indented("    ", "\n"), ascii, python, asWritten))
	add(64, JSONEscapes, "as Python's json.dumps(…, indent=2) does", with(indented("  ", "\n"), ascii, python, asWritten))
	add(65, JSONEscapes, "as JSON.stringify(…, null, 2) does", with(indented("  ", "\n"), plain, javascript, indexFirst))
	add(65, JSONEscapes, "as JSON.stringify(…, null, 4) does", with(indented("    ", "\n"), plain, javascript, indexFirst))
	add(66, JSONEscapes, "as Gson does, with <, >, &, = and ' escaped", with(compact, gson, digits, asWritten))
	add(35, JSONKeyOrder, "compactly, with sorted keys", with(compact, nil, digits, byName))
	add(36, JSONKeyOrder, "as Python's json.dumps(…, sort_keys=True) does", with(spaced, nil, digits, byName))
	add(37, JSONKeyOrder, `as Python's json.dumps(…, sort_keys=True) does, with \uXXXX`, with(spaced, ascii, python, byName))
	add(38, JSONKeyOrder, `as Python's json.dumps(…, sort_keys=True, separators=(",", ":")) does`, with(compact, ascii, python, byName))
	add(67, JSONKeyOrder, "as JSON.stringify does, with sorted keys", with(compact, plain, javascript, byName))
	add(67, JSONKeyOrder, "with sorted keys and an indent of 2", with(indented("  ", "\n"), nil, digits, byName))
	add(67, JSONKeyOrder, "with sorted keys and an indent of 4", with(indented("    ", "\n"), nil, digits, byName))
	add(68, JSONKeyOrder, "with sorted keys as PHP's json_encode does", with(compact, phpEscapes, php, byName))
	add(43, JSONKeyOrder, "as a database's jsonb does, with short keys first", with(spaced, plain, digits, byLength))
	return append(all, inPlaceEdits()...)
}

// inPlaceEdits change texts or numbers and leave the blanks between them alone.
func inPlaceEdits() []edit {
	var all []edit
	add := func(weight int, c Cause, what string, change func(dst, token []byte) []byte) {
		all = append(all, edit{cause: c, weight: weight, what: what, rare: weight >= 34, make: func(dst []byte, of *content) ([]byte, bool) {
			d := of.parsed().json
			if d == nil {
				return dst, false
			}
			return d.rewrite(dst, change), true
		}})
	}
	texts := func(e *escapes) func(dst, token []byte) []byte {
		return func(dst, token []byte) []byte {
			if token[0] != '"' {
				return append(dst, token...)
			}
			return append(e.append(append(dst, '"'), token[1:len(token)-1]), '"')
		}
	}
	figures := func(n numbers) func(dst, token []byte) []byte {
		return func(dst, token []byte) []byte {
			if c := token[0]; c == '-' || c >= '0' && c <= '9' {
				return n.append(dst, token)
			}
			return append(dst, token...)
		}
	}
	add(45, JSONEscapes, `the texts of the JSON have / where they have \/`, func(dst, token []byte) []byte {
		dst, _ = replace(dst, token, `\/`, "/")
		return keep(dst, token, `\/`)
	})
	add(46, JSONEscapes, `the texts of the JSON have \/ where they have /`, func(dst, token []byte) []byte {
		if token[0] != '"' || bytes.Contains(token, []byte(`\/`)) {
			return append(dst, token...)
		}
		dst, _ = replace(dst, token, "/", `\/`)
		return keep(dst, token, "/")
	})
	add(47, JSONEscapes, `the texts of the JSON have \uXXXX for all but ASCII`, texts(&escapes{ascii: true}))
	add(48, JSONEscapes, `the texts of the JSON have their characters and not \uXXXX`, texts(&escapes{}))
	add(60, JSONEscapes, `the texts of the JSON have \uXXXX for all but ASCII, in upper-case digits`, texts(&escapes{ascii: true, upper: true}))
	add(61, JSONEscapes, "the texts of the JSON have <, > and & escaped", texts(&escapes{marks: "<>&"}))
	add(49, JSONNumbers, "the numbers of the JSON are written as JavaScript and Go do: 1 for 1.0, 1.1 for 1.10", figures(javascript))
	add(50, JSONNumbers, "the numbers of the JSON are written as Python does: 1.1 for 1.10, 1000.0 for 1e3", figures(python))
	add(66, JSONNumbers, "the numbers of the JSON are written as PHP does", figures(php))
	all = append(all,
		edit{cause: JSONQuoted, weight: 82, what: "the text inside of the JSON string is taken, not the string", make: func(dst []byte, of *content) ([]byte, bool) {
			d := of.parsed().json
			if d == nil || d.src[d.tokens[0].start] != '"' {
				return dst, false
			}
			for inner := d.src[d.tokens[0].start+1 : d.tokens[0].end-1]; len(inner) > 0; {
				r, n := unescape(inner)
				dst = utf8.AppendRune(dst, r)
				inner = inner[n:]
			}
			return dst, true
		}},
		edit{cause: JSONQuoted, weight: 83, what: "the JSON is written as one quoted JSON string", make: func(dst []byte, of *content) ([]byte, bool) {
			if of.parsed().json == nil {
				return dst, false
			}
			return append((&escapes{}).append(append(dst, '"'), escapeBackslashes(of.bytes)), '"'), true
		}})
	return all
}

// keep appends a token in which nothing was replaced.
func keep(dst, token []byte, old string) []byte {
	if bytes.Contains(token, []byte(old)) {
		return dst
	}
	return append(dst, token...)
}

// escapeBackslashes makes the inside of a JSON text of plain bytes, so that escapes can
// read it.
func escapeBackslashes(b []byte) []byte { return bytes.ReplaceAll(b, []byte(`\`), []byte(`\\`)) }

// firstValue is where the first JSON value of a text ends; 0 when there is none.
func firstValue(b []byte) int {
	if len(b) == 0 || b[0] != '{' && b[0] != '[' {
		return 0
	}
	decoder := json.NewDecoder(bytes.NewReader(b))
	var raw json.RawMessage
	if err := decoder.Decode(&raw); err != nil {
		return 0
	}
	return int(decoder.InputOffset())
}

// missingBrackets are those that the beginning of a JSON text lacks at its end, and
// reports false when it lacks more, or nothing.
func missingBrackets(b []byte) (string, bool) {
	const most = 16
	if len(b) == 0 || b[0] != '{' && b[0] != '[' {
		return "", false
	}
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.UseNumber()
	var open []byte
	for {
		t, err := decoder.Token()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			if len(open) == 0 || len(open) > most {
				return "", false
			}
			slices.Reverse(open)
			text := string(open)
			if !json.Valid(append(bytes.Clone(b), text...)) {
				return "", false
			}
			return text, true
		case err != nil:
			return "", false
		}
		switch t {
		case json.Delim('{'):
			open = append(open, '}')
		case json.Delim('['):
			open = append(open, ']')
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		if len(open) == 0 {
			return "", false
		}
	}
}
