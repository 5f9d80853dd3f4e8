package replay

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"

	"whk/verify"
	"whk/verify/display"
)

// MaxMessage is how large a raw HTTP message may be.
const MaxMessage = 64 << 20

// ErrBodyOnly is returned when a message has no head: only a body was given.
var ErrBodyOnly = errors.New("this looks like a body without its head: put the request line and the headers before it, then a blank line")

// WriteHTTP writes d as one raw HTTP message: request line, Host, headers in the order
// of their names, a blank line and the exact body. A body that declares no length gets
// one, so that the message can be sent as it is; Transfer-Encoding is left out, since
// the body is no longer in chunks.
func WriteHTTP(w io.Writer, d *verify.Delivery) error {
	if err := checkDelivery(d); err != nil {
		return fmt.Errorf("write raw HTTP: %w", err)
	}
	host := d.Host
	if host == "" {
		host = absoluteHost(d.URL)
	}
	if strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return errors.New("write raw HTTP: the Host holds a blank or a control character")
	}
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s %s HTTP/1.1\r\n", method(d), requestTarget(d.URL))
	if host != "" {
		fmt.Fprintf(b, "Host: %s\r\n", host)
	}
	declared := false
	for _, name := range slices.Sorted(maps.Keys(d.Header)) {
		switch http.CanonicalHeaderKey(name) {
		case "Host", "Transfer-Encoding":
			continue
		case "Content-Length":
			declared = declared || len(d.Header[name]) > 0
		}
		for _, value := range d.Header[name] {
			fmt.Fprintf(b, "%s: %s\r\n", name, value)
		}
	}
	if len(d.Body) > 0 && !declared {
		fmt.Fprintf(b, "Content-Length: %d\r\n", len(d.Body))
	}
	b.WriteString("\r\n")
	b.Write(d.Body)
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write raw HTTP: %w", err)
	}
	return nil
}

// ParseHTTP reads one raw HTTP request, as a proxy saves it or a person writes it. The
// head may have CRLF or LF line ends; the body is what follows the blank line, byte for
// byte, and never more than a Content-Length says, as on the wire. The notes say what
// was odd about the message, above all a body that is not as long as declared, the most
// frequent cause of a signature that does not match. Errors name the line.
func ParseHTTP(r io.Reader) (d *verify.Delivery, notes []string, err error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxMessage+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read raw HTTP: %w", err)
	}
	if len(raw) > MaxMessage {
		return nil, nil, fmt.Errorf("read raw HTTP: the message is larger than %d MiB", MaxMessage>>20)
	}
	p := &messageReader{rest: raw}
	if d, err = p.head(); err != nil {
		if errors.Is(err, ErrBodyOnly) {
			return nil, nil, fmt.Errorf("read raw HTTP: %w", err)
		}
		return nil, nil, fmt.Errorf("read raw HTTP: line %d: %w", p.line, err)
	}
	p.body(d)
	return d, p.notes, nil
}

// messageReader takes a message apart line by line.
type messageReader struct {
	rest  []byte
	line  int
	notes []string
}

func (p *messageReader) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// next returns the next line without its end, and false at the end of the message.
func (p *messageReader) next() (string, bool) {
	if len(p.rest) == 0 {
		return "", false
	}
	p.line++
	line, rest, _ := bytes.Cut(p.rest, []byte("\n"))
	p.rest = rest
	return string(bytes.TrimSuffix(line, []byte("\r"))), true
}

func (p *messageReader) head() (*verify.Delivery, error) {
	if rest, ok := bytes.CutPrefix(p.rest, []byte("\xef\xbb\xbf")); ok {
		p.rest = rest
		p.note("a byte order mark before the request line was left out")
	}
	line, ok := p.next()
	for ok && line == "" {
		line, ok = p.next()
	}
	if !ok {
		return nil, errors.New("the message is empty, expected a request line such as POST /rentman HTTP/1.1")
	}
	d := &verify.Delivery{Header: http.Header{}}
	if err := requestLine(d, line); err != nil {
		return nil, err
	}
	for {
		line, ok := p.next()
		if !ok || line == "" {
			break
		}
		if err := headerLine(d, line); err != nil {
			return nil, err
		}
	}
	if d.Host == "" {
		d.Host = absoluteHost(d.URL)
	}
	return d, nil
}

func requestLine(d *verify.Delivery, line string) error {
	const want = "expected a request line such as POST /rentman HTTP/1.1"
	if strings.HasPrefix(line, "HTTP/") {
		return fmt.Errorf("this is an answer, not a request: %s", want)
	}
	verb, rest, _ := strings.Cut(line, " ")
	target, proto, versioned := strings.Cut(rest, " ")
	if !isToken(verb) || !strings.HasPrefix(target, "/") && !isAbsolute(target) && target != "*" {
		// A head that lacks its first line starts with a header.
		if name, _, ok := strings.Cut(line, ":"); ok && isToken(name) {
			return fmt.Errorf("%s, got the header %s", want, name)
		}
		if strings.ContainsAny(line[:1], "{[<\"") || strings.Contains(line, "=") {
			return ErrBodyOnly
		}
		return fmt.Errorf("%s, got %q", want, display.Shorten(display.Line(line), 40, "..."))
	}
	if versioned && (!strings.HasPrefix(proto, "HTTP/") || strings.Contains(proto, " ")) {
		return fmt.Errorf("%s: after the path comes HTTP/1.1, and a blank in the path is written %%20", want)
	}
	d.Method, d.URL = verb, target
	return checkDelivery(d)
}

func headerLine(d *verify.Delivery, line string) error {
	const want = "expected a header (Name: value), or a blank line before the body"
	if line[0] == ' ' || line[0] == '\t' {
		return fmt.Errorf("%s: join a header that goes on in a second line", want)
	}
	name, value, ok := strings.Cut(line, ":")
	switch {
	case !ok:
		return errors.New(want)
	case name == "":
		return fmt.Errorf("%s: the pseudo-headers of HTTP/2 (:method, :path) belong into the request line", want)
	case !isToken(name):
		// The start of a body would be quoted here; a header's name is short and plain.
		return fmt.Errorf("%s: %q is no name of a header", want, display.Shorten(display.Line(name), 40, "..."))
	}
	value = strings.Trim(value, " \t")
	if i := strings.IndexFunc(value, isForbidden); i >= 0 {
		return fmt.Errorf("header %s: byte %d of the value is %s", name, i+1, charName(value[i]))
	}
	name = http.CanonicalHeaderKey(name)
	if name != "Host" {
		d.Header[name] = append(d.Header[name], value)
		return nil
	}
	if d.Host != "" {
		return errors.New("a second Host header: a request has one")
	}
	if strings.ContainsAny(value, " \t") {
		return errors.New("the Host header holds a blank")
	}
	d.Host = value
	return nil
}

// body takes what is left as the body, and says where it differs from what the head
// declares.
func (p *messageReader) body(d *verify.Delivery) {
	d.Body = p.rest
	if strings.EqualFold(d.Header.Get("Transfer-Encoding"), "chunked") {
		delete(d.Header, "Transfer-Encoding")
		if whole, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(p.rest))); err == nil && len(p.rest) > 0 {
			d.Body = whole
			p.note("the body was in chunks (Transfer-Encoding); they were put together")
		} else {
			p.note("Transfer-Encoding says chunked, but the body is not in chunks; it was taken as it is")
		}
		return
	}
	lengths := d.Header["Content-Length"]
	if len(lengths) == 0 {
		return
	}
	declared, err := strconv.ParseUint(lengths[0], 10, 63)
	if err != nil || len(lengths) > 1 {
		p.note("Content-Length is not one number; the body was taken as it is, %d bytes", len(d.Body))
		return
	}
	switch have := uint64(len(d.Body)); {
	case have > declared:
		extra := d.Body[declared:]
		d.Body = d.Body[:declared:declared]
		what := "which were left out"
		if strings.Trim(string(extra), "\r\n") == "" {
			what = "line ends as an editor adds them, which were left out"
		}
		p.note("Content-Length says %d, and %d more bytes follow, %s", declared, len(extra), what)
	case have < declared:
		missing := declared - have
		why := "was it cut off?"
		if lines := uint64(bytes.Count(d.Body, []byte("\n"))); lines == missing {
			why = "as many as it has lines: a tool turned CRLF line ends into LF"
		}
		p.note("Content-Length says %d, but the body has only %d bytes: %d are missing, %s", declared, have, missing, why)
	}
}
