package replay

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"whk/verify"
	"whk/verify/display"
)

// maxArgument is the length from which a body goes through a pipe: Linux takes no
// argument over 128 KiB, and nobody reads one that long.
const maxArgument = 32 << 10

// CurlOptions say how a command treats what must not be shown.
type CurlOptions struct {
	// Redactor, when it is given, replaces secrets by variables of the shell.
	Redactor *Redactor
	// Provider names the variable, $WHK_SECRET_PLOOMES for "ploomes".
	Provider string
}

// Curl writes a POSIX shell command that sends d to a target just as Sender does: the
// same method, the same end-to-end headers and the same bytes, with nothing of curl's
// own. A secret becomes a variable, $WHK_SECRET_PLOOMES, and the value of any other
// credential header $WHK_HEADER_ and its name; with both set, the bytes are the same.
func Curl(d *verify.Delivery, target string, o CurlOptions) (string, error) {
	if err := checkDelivery(d); err != nil {
		return "", fmt.Errorf("write curl command: %w", err)
	}
	e, err := parseEndpoint(target)
	if err != nil {
		return "", fmt.Errorf("write curl command: %w", err)
	}
	w := curlWriter{o: o, variable: "WHK_SECRET"}
	if o.Provider != "" {
		w.variable += "_" + variableName(o.Provider)
	}

	options := []string{"curl -sS -i"}
	switch m := method(d); {
	case m == http.MethodHead:
		options = append(options, "-I")
	case m != http.MethodGet || len(d.Body) > 0:
		options = append(options, "-X "+w.word(m))
	}
	url := e.shown
	if strings.ContainsAny(url, "[]{}") {
		options = append(options, "-g") // or curl takes them for a pattern
	}
	if strings.Contains(e.path, "/.") {
		options = append(options, "--path-as-is")
	}
	lines := []string{strings.Join(options, " ") + " " + w.word(url)}

	if e.authorization != "" && d.Header.Get("Authorization") == "" {
		lines = append(lines, "-H "+w.header("Authorization", e.authorization))
	}
	names := endToEnd(d.Header)
	for _, name := range names {
		for _, value := range d.Header[name] {
			lines = append(lines, "-H "+w.header(name, value))
		}
	}
	// Headers that curl adds unless it is told not to.
	own := []string{"User-Agent", "Accept"}
	if len(d.Body) > 0 {
		own = append(own, "Content-Type")
	}
	if len(d.Body) > 1000 { // from about there on curl asks first whether to send it
		own = append(own, "Expect")
	}
	for _, name := range own {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			lines = append(lines, "-H '"+name+":'")
		}
	}

	pipe := ""
	if body := string(d.Body); body != "" {
		if len(body) <= maxArgument && body[0] != '@' && display.Block(body) == body {
			lines = append(lines, "--data-binary "+w.word(body))
		} else {
			pipe = w.printf(body) + " |\n"
			lines = append(lines, "--data-binary @-")
		}
	} else if takesBody(method(d)) {
		lines = append(lines, "-H 'Content-Length: 0'")
	}
	return pipe + strings.Join(lines, " \\\n  "), nil
}

// variableName is how a name appears in an environment variable.
func variableName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
}

// curlWriter writes words for the shell.
type curlWriter struct {
	o        CurlOptions
	variable string
}

// header writes the argument of -H. A header without a value ends in a semicolon,
// since curl takes "Name:" as a wish to leave it out.
func (w curlWriter) header(name, value string) string {
	if value == "" {
		return Quote(name + ";")
	}
	r := w.o.Redactor
	if r != nil && len(r.spans(value)) == 0 && r.isCredential(name) {
		return `"` + name + ": $WHK_HEADER_" + variableName(name) + `"`
	}
	return w.word(name + ": " + value)
}

// part is a piece of a text: literal bytes, or a variable of the shell.
type part struct {
	text     string
	variable bool
}

// parts takes a text apart at its secrets. A secret in some other form than its own
// cannot be written with the variable and becomes a mask.
func (w curlWriter) parts(s string) []part {
	var parts []part
	at := 0
	for _, sp := range w.o.Redactor.spans(s) {
		parts = append(parts, part{text: s[at:sp.start]})
		if sp.exact {
			parts = append(parts, part{w.variable, true})
		} else {
			parts = append(parts, part{text: sp.mask})
		}
		at = sp.end
	}
	return append(parts, part{text: s[at:]})
}

// word writes one argument. Bytes that a terminal must not get are spelled out through
// printf, which takes away newlines at the end; none of those is ever last here.
func (w curlWriter) word(s string) string {
	var out strings.Builder
	for _, p := range w.parts(s) {
		switch {
		case p.variable:
			out.WriteString(`"$` + p.text + `"`)
		case p.text == "":
		case display.Block(p.text) == p.text:
			out.WriteString(Quote(p.text))
		default:
			out.WriteString(`"$(printf '%b' ` + Quote(octal(p.text)) + `)"`)
		}
	}
	return out.String()
}

// printf writes a command that prints s byte for byte, NUL included.
func (w curlWriter) printf(s string) string {
	format, args := "", ""
	for _, p := range w.parts(s) {
		switch {
		case p.variable:
			format, args = format+"%s", args+` "$`+p.text+`"`
		case p.text != "":
			format, args = format+"%b", args+" "+Quote(octal(p.text))
		}
	}
	return "printf '" + format + "'" + args
}

// octal writes what printf's %b turns back into s, in printable ASCII, newline, tab and
// such text as is safe to show.
func octal(s string) string {
	var out strings.Builder
	for i, r := range s {
		size := len(string(r))
		if r == 0xFFFD && !strings.HasPrefix(s[i:], "\uFFFD") {
			size = 1 // an invalid byte
		}
		if chunk := s[i : i+size]; r != '\\' && display.Block(chunk) == chunk {
			out.WriteString(chunk)
			continue
		}
		for _, c := range []byte(s[i : i+size]) {
			fmt.Fprintf(&out, `\0%03o`, c)
		}
	}
	return out.String()
}

// Quote writes s as one word of a POSIX shell: between single quotes, within which the
// shell touches nothing, unless it needs none.
func Quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/:._-+=,%@") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
