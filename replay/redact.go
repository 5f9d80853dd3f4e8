package replay

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"whk/verify"
)

// Masked stands where a credential was taken out whose value whk does not know.
const Masked = "[masked]"

// shortest is the length from which a secret is looked for inside other text: a
// shorter one would be found everywhere, and is only masked where it is a whole value.
const shortest = 4

// Redactor takes secrets out of what is shown: known values, also in base64, hex,
// URL-encoded and JSON-escaped form, and whatever stands in a header that carries
// credentials. The well-known development secrets are left alone. A nil Redactor
// changes nothing. It is safe for concurrent use.
type Redactor struct {
	needles []needle
	headers map[string]bool
}

// needle is one form of a secret.
type needle struct {
	text  string
	mask  string
	exact bool // the value itself, not an encoding of it
}

// NewRedactor looks for these secrets, and masks these headers besides the well-known
// ones: those in which a provider sends a shared key.
func NewRedactor(secrets []verify.Secret, sharedKeyHeaders []string) *Redactor {
	r := &Redactor{headers: make(map[string]bool, len(sharedKeyHeaders))}
	for _, name := range sharedKeyHeaders {
		r.headers[http.CanonicalHeaderKey(name)] = true
	}
	seen := map[string]bool{"": true}
	for _, s := range secrets {
		if s.Development {
			continue
		}
		mask := "[secret fp " + s.Fingerprint() + "]"
		for i, text := range forms(s.Reveal()) {
			if !seen[text] {
				seen[text] = true
				r.needles = append(r.needles, needle{text: text, mask: mask, exact: i == 0})
			}
		}
	}
	slices.SortStableFunc(r.needles, func(a, b needle) int { return cmp.Compare(len(b.text), len(a.text)) })
	return r
}

// forms lists how a value may be written, the value itself first.
func forms(value string) []string {
	all := []string{value}
	if _, key, ok := strings.Cut(value, "whsec_"); ok {
		all = append(all, key) // the prefix is a label, the rest is the key
	}
	for _, v := range slices.Clone(all) {
		b := []byte(v)
		lowerHex := hex.EncodeToString(b)
		all = append(all, lowerHex, strings.ToUpper(lowerHex),
			base64.StdEncoding.EncodeToString(b), base64.URLEncoding.EncodeToString(b))
		// Within a longer text, as in "user:secret", base64 looks different at each of
		// three offsets; what lies between the edges does not depend on the neighbours.
		for offset := range 3 {
			for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				text := enc.EncodeToString(append(make([]byte, offset), b...))
				start := (offset*8 + 5) / 6
				end := (offset + len(b)) * 8 / 6
				if end-start >= 8 {
					all = append(all, text[start:end])
				}
			}
		}
		for _, escaped := range []string{url.QueryEscape(v), url.PathEscape(v), allPercent(b)} {
			all = append(all, escaped, lowerPercent(escaped))
		}
		if quoted, err := json.Marshal(v); err == nil {
			all = append(all, strings.Trim(string(quoted), `"`))
		}
		quoted := strconv.Quote(v)
		all = append(all, quoted[1:len(quoted)-1], strings.ReplaceAll(v, "/", `\/`))
	}
	return all
}

func allPercent(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		s.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{c})))
	}
	return s.String()
}

// lowerPercent writes the digits of %2F in small letters.
func lowerPercent(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i:], strings.ToLower(string(b[i:i+3])))
			i += 2
		}
	}
	return string(b)
}

// Header returns a copy in which every credential is masked.
func (r *Redactor) Header(h http.Header) http.Header {
	out := h.Clone()
	if r == nil {
		return out
	}
	for name, values := range out {
		for i, value := range values {
			values[i] = r.Value(name, value)
		}
	}
	return out
}

// Value masks one value of a header.
func (r *Redactor) Value(name, value string) string {
	if r == nil || value == "" {
		return value
	}
	for _, n := range r.needles {
		if n.text == value {
			return n.mask
		}
	}
	if r.isCredential(name) {
		return Masked
	}
	return r.Text(value)
}

// Text masks every known secret in a text.
func (r *Redactor) Text(s string) string {
	spans := r.spans(s)
	if len(spans) == 0 {
		return s
	}
	var out strings.Builder
	at := 0
	for _, sp := range spans {
		out.WriteString(s[at:sp.start])
		out.WriteString(sp.mask)
		at = sp.end
	}
	out.WriteString(s[at:])
	return out.String()
}

// Delivery returns a copy of d that can be shown: headers, URL and body are masked, and
// a Content-Length follows the body.
func (r *Redactor) Delivery(d *verify.Delivery) *verify.Delivery {
	c := d.Clone()
	if r == nil {
		return c
	}
	c.URL = r.Text(d.URL)
	c.Header = r.Header(d.Header)
	if body := r.Text(string(d.Body)); body != string(d.Body) {
		c.Body = []byte(body)
		if c.Header.Get("Content-Length") != "" {
			c.Header.Set("Content-Length", strconv.Itoa(len(body)))
		}
	}
	return c
}

// isCredential reports whether a header is there to carry one.
func (r *Redactor) isCredential(name string) bool {
	name = http.CanonicalHeaderKey(name)
	switch name {
	case "Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "Apikey", "X-Apikey":
		return true
	}
	if r.headers[name] {
		return true
	}
	for _, suffix := range []string{"Api-Key", "Access-Key", "Auth-Key", "Validation-Key", "Token", "Secret", "Password"} {
		if name == suffix || strings.HasSuffix(name, "-"+suffix) {
			return true
		}
	}
	return false
}

// span is a part of a text that has to go.
type span struct {
	start, end int
	needle
}

// spans finds the secrets in a text, in order; those that overlap are one.
func (r *Redactor) spans(s string) []span {
	if r == nil {
		return nil
	}
	var found []span
	for _, n := range r.needles {
		if len(n.text) < shortest && n.text != s {
			continue
		}
		for at := 0; ; {
			i := strings.Index(s[at:], n.text)
			if i < 0 {
				break
			}
			found = append(found, span{at + i, at + i + len(n.text), n})
			at += i + 1
		}
	}
	slices.SortStableFunc(found, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end))
	})
	merged := found[:0]
	for _, sp := range found {
		if last := len(merged) - 1; last >= 0 && sp.start < merged[last].end {
			if sp.end > merged[last].end {
				merged[last].end, merged[last].exact = sp.end, false
			}
			continue
		}
		merged = append(merged, sp)
	}
	return merged
}
