package verify

import (
	"net/http"
	"net/url"
	"strings"
)

// Delivery is one webhook request, as it crossed the wire. It is made once, at the
// socket or in the forge, and never changed afterwards.
type Delivery struct {
	// Method is the HTTP method, "POST" for most providers.
	Method string
	// URL is the request target exactly as received ("/rentman?shop=3"), or the
	// absolute address of the target when the delivery was forged for one.
	URL string
	// Host is the value of the Host header, which net/http keeps apart from the others.
	Host string
	// Header holds every value of every header, in its order per name, under the
	// names as net/http canonicalises them.
	Header http.Header
	// Body holds the exact bytes of the body and is never re-encoded.
	Body []byte
}

// Path is the path of the URL, still escaped, "/" when there is none.
func (d *Delivery) Path() string {
	target, _, _ := strings.Cut(d.URL, "?")
	if _, rest, ok := strings.Cut(target, "://"); ok {
		_, path, _ := strings.Cut(rest, "/")
		return "/" + path
	}
	if target == "" {
		return "/"
	}
	return target
}

// RawQuery is what follows the first question mark of the URL, without a fragment.
func (d *Delivery) RawQuery() string {
	_, query, _ := strings.Cut(d.URL, "?")
	query, _, _ = strings.Cut(query, "#")
	return query
}

// Query returns the first value of a query parameter and whether it is present.
func (d *Delivery) Query(name string) (string, bool) { return fieldOf(d.RawQuery(), name) }

// IsForm reports whether the delivery says that its body is a form.
func (d *Delivery) IsForm() bool {
	return strings.HasPrefix(d.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// Form returns the first value of a field of a form body that is not empty, and whether
// there is one.
func (d *Delivery) Form(name string) (string, bool) {
	if !d.IsForm() {
		return "", false
	}
	text, ok := fieldOf(string(d.Body), name)
	return text, ok && text != ""
}

func fieldOf(pairs, name string) (string, bool) {
	for pair := range strings.SplitSeq(pairs, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if k, err := url.QueryUnescape(key); err == nil && k == name && pair != "" {
			v, err := url.QueryUnescape(value)
			return v, err == nil
		}
	}
	return "", false
}

// PublicURL is the address the sender used, for schemes that sign it. Base is the
// public address of the receiver (scheme and host, and a path when a proxy rewrites
// it); without one the address is put together from the Host header.
func (d *Delivery) PublicURL(base string) string {
	if base == "" {
		if strings.Contains(d.URL, "://") {
			return d.URL
		}
		return "http://" + d.Host + d.URL
	}
	address := strings.TrimSuffix(base, "/")
	_, rest, _ := strings.Cut(address, "://")
	if !strings.Contains(rest, "/") {
		address += d.Path()
	}
	if query := d.RawQuery(); query != "" {
		address += "?" + query
	}
	return address
}

// Clone returns a delivery that shares nothing with d.
func (d *Delivery) Clone() *Delivery {
	c := *d
	c.Header = d.Header.Clone()
	c.Body = append([]byte(nil), d.Body...)
	return &c
}
