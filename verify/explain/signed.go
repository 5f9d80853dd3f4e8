package explain

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"whk/verify"
)

// signing is one form of what is signed.
type signing struct {
	segments []segment
	changes  []Change
	weight   int
	hidden   bool // belongs to another recipe
}

// signings lists what may have been signed: what the recipe says first, then the same
// parts in other orders and with other signs between them, without some of them, or
// together with others of the delivery.
func signings(r verify.Recipe, d *verify.Delivery, v *verify.Values) []signing {
	var all []signing
	seen := map[string]bool{}
	add := func(source string, values *verify.Values, weight int, changes ...Change) {
		parts, ok := segments(source, values)
		if !ok || len(parts) == 0 {
			return
		}
		key := ""
		for _, p := range parts {
			key += string(rune('0'+p.kind)) + string(p.text) + "\x00"
		}
		if !seen[key] {
			seen[key] = true
			all = append(all, signing{segments: parts, changes: changes, weight: weight})
		}
	}
	if add(r.Signed, v, 0); len(all) == 0 {
		all = append(all, signing{}) // a part of it did not come
	}
	for i, u := range urls(d, v.Base) {
		if strings.Contains(r.Signed, "{url}") {
			values := *v
			values.Delivery, values.Base = &verify.Delivery{Method: d.Method, URL: u.text, Header: d.Header, Body: d.Body}, ""
			add(r.Signed, &values, 1+i, changeOf(SignedURL, u.what))
		}
	}
	for i, source := range templates(r, d) {
		what := "what is signed is " + source + ", not " + r.Signed
		add(source, v, 10+i, changeOf(SignedContent, what))
	}
	return all
}

// templates are forms of signed content that other schemes have, of parts that this
// delivery has.
func templates(r verify.Recipe, d *verify.Delivery) []string {
	var all []string
	base := strings.NewReplacer("{secret}", "").Replace(r.Signed)
	all = append(all, "{body}")
	stamps, ids := stampSources(r, d), idSources(r, d)
	for _, ts := range stamps {
		for _, between := range []string{".", "", ":", "|", "\n", "-", "&", ",", " "} {
			all = append(all, ts+between+"{body}")
		}
		for _, between := range []string{"", ".", ":"} {
			all = append(all, "{body}"+between+ts)
		}
		for _, version := range []string{"v0:", "v1:", "v1.", "t="} {
			all = append(all, version+ts+version[len(version)-1:]+"{body}")
		}
		for _, id := range ids {
			for _, between := range []string{".", "", ":"} {
				all = append(all, id+between+ts+between+"{body}", ts+between+id+between+"{body}")
			}
		}
		all = append(all, ts+"{method}{path}{body}", ts+".{method}.{path}.{body}", "{method}{path}"+ts+"{body}", "{method}{url}{body}"+ts,
			ts+"{url}{body}", ts+"{path}{body}", ts)
	}
	for _, id := range ids {
		all = append(all, id+".{body}", id+"{body}", id+":{body}")
	}
	all = append(all, "{url}{body}", "{body}{url}", "{path}{body}", "{method}{url}{body}", "{method}{path}{body}",
		"{url}.{body}", "{url}|{body}", "{method}:{path}:{body}", "{method}\n{path}\n{body}", "{body_sha256}")
	if strings.HasPrefix(d.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		all = append(all, "{url}{form_sorted}")
	}
	// The last: a separator of the scheme's own template is missing.
	for _, sign := range []string{".", ":", "|", "\n"} {
		if strings.Contains(base, "}"+sign+"{") {
			all = append(all, strings.ReplaceAll(base, "}"+sign+"{", "}{"))
		}
	}
	return all
}

// stampSources are the time stamps of a delivery, as templates.
func stampSources(r verify.Recipe, d *verify.Delivery) []string {
	var all []string
	if r.Timestamp != nil {
		all = append(all, "{ts}")
	}
	for _, name := range sortedNames(d.Header) {
		if strings.Contains(name, "Timestamp") || strings.HasSuffix(name, "-Time") {
			if r.Timestamp == nil || http.CanonicalHeaderKey(r.Timestamp.Header) != name {
				all = append(all, "{header."+name+"}")
			}
		}
	}
	return all[:min(len(all), 2)]
}

// idSources are the ids of a delivery, as templates.
func idSources(r verify.Recipe, d *verify.Delivery) []string {
	var all []string
	if r.ID != "" {
		all = append(all, "{id}")
	}
	for _, name := range sortedNames(d.Header) {
		if (strings.HasSuffix(name, "-Id") || strings.HasSuffix(name, "-Delivery") || strings.HasSuffix(name, "-Nonce")) && http.CanonicalHeaderKey(r.ID) != name {
			all = append(all, "{header."+name+"}")
		}
	}
	return all[:min(len(all), 2)]
}

func sortedNames(h http.Header) []string {
	var all []string
	for name := range h {
		if !strings.ContainsAny(name, "{}") {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// otherURL is a URL by which the sender may know the receiver.
type otherURL struct{ text, what string }

// urls are those that differ from what was assumed in a way that proxies and settings
// make common. What they say holds no part of them: a path may be a secret.
func urls(d *verify.Delivery, base string) []otherURL {
	var all []otherURL
	is := d.PublicURL(base)
	add := func(text, what string) {
		if text != "" && text != is {
			all = append(all, otherURL{text, what})
		}
	}
	schemeOf := func(s string) string {
		if rest, ok := strings.CutPrefix(s, "http://"); ok {
			return "https://" + rest
		}
		if rest, ok := strings.CutPrefix(s, "https://"); ok {
			return "http://" + rest
		}
		return ""
	}
	slash := func(s string) string {
		path, query, ok := strings.Cut(s, "?")
		if trimmed := strings.TrimSuffix(path, "/"); trimmed != path {
			path = trimmed
		} else {
			path += "/"
		}
		if ok {
			path += "?" + query
		}
		return path
	}
	add(schemeOf(is), "the URL starts with the other of http and https")
	bare, _, _ := strings.Cut(is, "?")
	add(bare, "the URL is signed without its query")
	add(slash(is), "the URL has, or has not, a slash at its end")
	u, err := url.Parse(is)
	if err != nil {
		return all
	}
	with := func(change func(*url.URL)) string {
		c := *u
		change(&c)
		return c.String()
	}
	if host := d.Header.Get("X-Forwarded-Host"); host != "" {
		moved := with(func(c *url.URL) { c.Host = host })
		add(moved, "the host of the URL is that of X-Forwarded-Host")
		add(schemeOf(moved), "the host of the URL is that of X-Forwarded-Host, with the other of http and https")
	}
	if d.Host != "" && d.Host != u.Host {
		moved := with(func(c *url.URL) { c.Host = d.Host })
		add(moved, "the host of the URL is that of the request")
		add(schemeOf(moved), "the host of the URL is that of the request, with the other of http and https")
	}
	if u.Port() != "" {
		bare := with(func(c *url.URL) { c.Host = u.Hostname() })
		add(bare, "the URL has no port")
		add(schemeOf(bare), "the URL has no port, and the other of http and https")
	} else {
		port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
		add(with(func(c *url.URL) { c.Host += port }), "the URL has its port, though it is the usual one")
	}
	add(with(func(c *url.URL) { c.Path, c.RawPath = d.Path(), "" }), "the path of the URL is that of the request")
	if text, err := url.PathUnescape(is); err == nil {
		add(text, "the percent signs of the URL are decoded")
	}
	add(schemeOf(bare), "the URL is signed without its query, with the other of http and https")
	return all
}
