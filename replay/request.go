package replay

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"whk/verify"
	"whk/verify/display"
)

// appendRequest writes the request of a delivery to an endpoint. The body is left to
// the caller.
func appendRequest(dst []byte, e *endpoint, d *verify.Delivery) []byte {
	verb := method(d)
	dst = append(append(dst, verb...), ' ')
	if e.path == "" {
		dst = append(dst, '/')
	}
	dst = append(dst, e.path...)
	if e.query != "" {
		dst = append(append(dst, '?'), e.query...)
	}
	dst = append(dst, " HTTP/1.1\r\n"...)
	dst = appendHeader(dst, "Host", e.url.Host)
	if len(d.Body) > 0 || takesBody(verb) {
		dst = append(dst, "Content-Length: "...)
		dst = append(strconv.AppendInt(dst, int64(len(d.Body)), 10), "\r\n"...)
	}
	if e.authorization != "" && d.Header.Get("Authorization") == "" {
		dst = appendHeader(dst, "Authorization", e.authorization)
	}
	for _, name := range endToEnd(d.Header) {
		for _, value := range d.Header[name] {
			dst = appendHeader(dst, name, value)
		}
	}
	return append(dst, "\r\n"...)
}

func appendHeader(dst []byte, name, value string) []byte {
	dst = append(append(dst, name...), ": "...)
	return append(append(dst, value...), "\r\n"...)
}

// takesBody reports whether a method usually comes with a body, so that a missing one
// is declared.
func takesBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

func method(d *verify.Delivery) string {
	if d.Method == "" {
		return http.MethodPost
	}
	return d.Method
}

// endToEnd lists the names of the headers that travel with a delivery, in the order in
// which they are written.
func endToEnd(h http.Header) []string {
	names := make([]string, 0, len(h))
	for name, values := range h {
		if len(values) > 0 && !isHopByHop(name) {
			names = append(names, name)
		}
	}
	for _, field := range h["Connection"] {
		for listed := range strings.SplitSeq(field, ",") {
			listed = strings.TrimSpace(listed)
			names = slices.DeleteFunc(names, func(name string) bool { return strings.EqualFold(name, listed) })
		}
	}
	slices.Sort(names)
	return names
}

// isHopByHop reports whether a header belongs to one connection, or is written anew
// for each. A name in other letters must not get past: it would be a second length or
// a second Host on the wire.
func isHopByHop(name string) bool {
	name = http.CanonicalHeaderKey(name)
	switch name {
	case "Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Host":
		return true
	}
	return strings.HasPrefix(name, "Proxy-")
}

// checkDelivery refuses what would break out of its place in the request, and names
// the field. The value itself may be a secret and is not repeated.
func checkDelivery(d *verify.Delivery) error {
	if m := method(d); !isToken(m) {
		return fmt.Errorf("method %q: a method is one word of letters, such as POST", display.Line(m))
	} else if m == http.MethodConnect {
		return errors.New("method CONNECT opens a tunnel and delivers nothing: use POST")
	}
	if i := strings.IndexFunc(d.URL, func(r rune) bool { return r <= ' ' || r == 0x7f }); i >= 0 {
		return fmt.Errorf("path: byte %d is %s, which ends the request line: write it as %%%02X", i+1, charName(d.URL[i]), d.URL[i])
	}
	for name, values := range d.Header {
		if !isToken(name) {
			return fmt.Errorf("header name %q: a name holds only letters, digits and -", display.Line(name))
		}
		for _, value := range values {
			if i := strings.IndexFunc(value, isForbidden); i >= 0 {
				return fmt.Errorf("header %s: byte %d of the value is %s: a header value is one line of text", name, i+1, charName(value[i]))
			}
		}
	}
	return nil
}

// isToken reports whether s can be a method or the name of a header.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
				return false
			}
		}
	}
	return s != ""
}

func isForbidden(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

func charName(c byte) string {
	names := map[byte]string{'\r': "a carriage return", '\n': "a line feed", 0: "a NUL", ' ': "a blank"}
	if name, ok := names[c]; ok {
		return name
	}
	return fmt.Sprintf("the control character 0x%02X", c)
}
