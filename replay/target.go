package replay

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"whk/verify/display"
)

// Target makes a URL of what a user types as one: a port ("3000", ":3000"), a host
// ("localhost:3000") or a URL, whose scheme defaults to http. Without a path it gets
// that of the event; the event's query is appended to its own. EventPath is the
// request target the event came in on, "/rentman?shop=3".
func Target(arg, eventPath string) (string, error) {
	full := strings.TrimSpace(arg)
	port, rest := full, ""
	if i := strings.IndexAny(full, "/?#"); i >= 0 {
		port, rest = full[:i], full[i:]
	}
	port = strings.TrimPrefix(port, ":")
	if isDigits(port) {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", fmt.Errorf("target %q: a port is a number from 1 to 65535", display.Line(arg))
		}
		full = "127.0.0.1:" + port + rest
	}
	e, err := parseEndpoint(full)
	if err != nil {
		return "", err
	}
	path, query, _ := strings.Cut(requestTarget(eventPath), "?")
	if e.path != "" {
		path = e.path
	}
	switch {
	case e.query == "":
	case query == "":
		query = e.query
	default:
		query = e.query + "&" + query
	}
	if query != "" {
		path += "?" + query
	}
	return e.scheme + "://" + e.authority + path, nil
}

// endpoint is a target taken apart without re-encoding its path and query: what a
// scheme signs is the URL as it is written.
type endpoint struct {
	scheme, authority, path, query string

	// authorization is what user and password of the URL come to as a header.
	authorization string
	url           *url.URL

	// shown is the target without user and password, address what is dialed, and key
	// names the connections that lead there.
	shown, address, key string
}

func parseEndpoint(target string) (*endpoint, error) {
	if target == "" {
		return nil, errors.New("no target: give a port (3000), a host (localhost:3000) or a URL")
	}
	for i := range len(target) {
		if c := target[i]; c <= ' ' || c == 0x7f {
			return nil, fmt.Errorf("target: byte %d is a blank or a control character: write it as %%%02X", i+1, c)
		}
	}
	if !isAbsolute(target) {
		target = "http://" + strings.TrimPrefix(target, "//")
	}
	u, err := url.Parse(target)
	if err != nil {
		// The error of url.Parse repeats the whole target, password and all.
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return nil, fmt.Errorf("target is no URL: %s", display.Line(err.Error()))
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("target %q: scheme %q is not supported: use http or https", display.Line(u.Redacted()), display.Line(u.Scheme))
	}
	if u.Hostname() == "" {
		return nil, fmt.Errorf("target %q names no host: give a port (3000), a host (localhost:3000) or a URL", display.Line(u.Redacted()))
	}
	if strings.ContainsFunc(u.Host, func(r rune) bool { return r >= 0x80 }) {
		return nil, fmt.Errorf("target: host %s is not ASCII: write it in its xn-- form", display.Line(u.Host))
	}
	if strings.HasSuffix(u.Host, ":") {
		return nil, fmt.Errorf("target: the port is missing behind the colon of %s", display.Line(u.Host))
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, fmt.Errorf("target: port %s: a port is a number from 1 to 65535", port)
		}
	}

	_, rest, _ := strings.Cut(target, "://")
	rest, _, _ = strings.Cut(rest, "#")
	e := &endpoint{scheme: u.Scheme, authority: beforeAny(rest, "/?"), url: u}
	e.path, e.query, _ = strings.Cut(rest[len(e.authority):], "?")
	if u.User != nil {
		password, _ := u.User.Password()
		e.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password))
		u.User = nil
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	e.address = net.JoinHostPort(u.Hostname(), port)
	e.key = e.scheme + " " + e.address
	e.shown = e.scheme + "://" + u.Host + e.path
	if e.query != "" {
		e.shown += "?" + e.query
	}
	return e, nil
}

// requestTarget is path and query of an absolute URL, "/" when it has no path; what is
// no absolute URL is one already.
func requestTarget(rawURL string) string {
	target := rawURL
	if isAbsolute(rawURL) {
		_, rest, _ := strings.Cut(beforeAny(rawURL, "#"), "://")
		target = rest[len(beforeAny(rest, "/?")):]
	}
	if !strings.HasPrefix(target, "/") && target != "*" {
		target = "/" + target
	}
	return target
}

// absoluteHost is the host and port of an absolute URL, "" for anything else.
func absoluteHost(rawURL string) string {
	if isAbsolute(rawURL) {
		if e, err := parseEndpoint(rawURL); err == nil {
			return e.url.Host
		}
	}
	return ""
}

func isAbsolute(rawURL string) bool {
	scheme, _, ok := strings.Cut(beforeAny(rawURL, "?#"), "://")
	return ok && scheme != "" && !strings.Contains(scheme, "/")
}

func beforeAny(s, chars string) string {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i]
	}
	return s
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
