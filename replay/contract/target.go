package contract

import (
	"errors"
	"net/url"
	"strings"
)

var errTarget = errors.New("the target has to be an absolute http or https URL")

func checkTarget(target string) error {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errTarget
	}
	return nil
}

// hostOf is the Host header for a target.
func hostOf(target string) string {
	if u, err := url.Parse(target); err == nil {
		return u.Host
	}
	return ""
}

// requestTarget is path and query of an absolute URL, as they are written.
func requestTarget(target string) string {
	_, rest, _ := strings.Cut(target, "://")
	rest, _, _ = strings.Cut(rest, "#")
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		rest = rest[i:]
	} else {
		rest = "/"
	}
	if !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	return rest
}

// pathOf and setPath are about the path of a target alone.
func pathOf(target string) string {
	path, _, _ := strings.Cut(requestTarget(target), "?")
	return path
}

func setPath(target, path string) string {
	scheme, rest, _ := strings.Cut(target, "://")
	host := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host = rest[:i]
	}
	_, query, found := strings.Cut(rest, "?")
	out := scheme + "://" + host + path
	if found {
		out += "?" + query
	}
	return out
}
