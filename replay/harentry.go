package replay

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"whk/verify"
)

// What whk reads of an entry of a HAR. Browsers and proxies leave out, rename and
// mistype a lot of it, so nothing is required that a request can do without.
type (
	foreignEntry struct {
		Started  looseText       `json:"startedDateTime"`
		Time     looseNumber     `json:"time"`
		Request  foreignRequest  `json:"request"`
		Response foreignResponse `json:"response"`
		Attempts []AttemptJSON   `json:"_attempts"`
		Whk      *harOwn         `json:"_whk"`
		Remote   looseText       `json:"_clientAddress"`
	}
	foreignRequest struct {
		Method   looseText     `json:"method"`
		URL      looseText     `json:"url"`
		Cookies  []foreignPair `json:"cookies"`
		Headers  []foreignPair `json:"headers"`
		Query    []foreignPair `json:"queryString"`
		PostData *foreignBody  `json:"postData"`
		BodySize looseNumber   `json:"bodySize"`
	}
	foreignResponse struct {
		Status  looseNumber   `json:"status"`
		Headers []foreignPair `json:"headers"`
		Content foreignBody   `json:"content"`
		Error   looseText     `json:"_error"`
	}
	foreignPair struct {
		Name     looseText `json:"name"`
		Value    looseText `json:"value"`
		FileName looseText `json:"fileName"`
		Base64   []byte    `json:"_base64"`
	}
	foreignBody struct {
		MimeType looseText     `json:"mimeType"`
		Text     *looseText    `json:"text"`
		Encoding looseText     `json:"encoding"`
		Own      looseText     `json:"_encoding"`
		Params   []foreignPair `json:"params"`
	}
	looseText   string
	looseNumber float64
)

// UnmarshalJSON takes a text, and a number or a truth value as it is written.
func (t *looseText) UnmarshalJSON(raw []byte) error {
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || string(raw) == "null" {
		return nil
	}
	if raw[0] != '"' {
		*t = looseText(raw)
		return nil
	}
	return json.Unmarshal(raw, (*string)(t))
}

// UnmarshalJSON takes a number, also one in quotes; anything else is -1, which in a HAR
// means that it is not known.
func (n *looseNumber) UnmarshalJSON(raw []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if err != nil || f != f || f > 1e15 || f < -1 {
		f = -1
	}
	*n = looseNumber(f)
	return nil
}

// exchange makes an exchange of an entry of whatever program.
func (e *foreignEntry) exchange() (*Exchange, error) {
	x := &Exchange{Delivery: &verify.Delivery{Method: string(e.Request.Method), Header: http.Header{}}}
	if at, err := time.Parse(time.RFC3339Nano, string(e.Started)); err == nil {
		x.At = at
	}
	x.Remote = string(e.Remote)
	pseudo := e.requestHeaders(x)
	if err := e.target(x, pseudo); err != nil {
		return nil, err
	}
	e.body(x)
	if x.Delivery.Method == "" {
		x.Delivery.Method = pseudo["method"]
	}
	if x.Delivery.Method == "" && len(x.Delivery.Body) == 0 {
		x.Delivery.Method = http.MethodGet
	}
	if e.Whk != nil {
		e.own(x)
	} else if result, ok := e.result(x); ok {
		x.Results = append(x.Results, result)
	}
	return x, nil
}

// requestHeaders takes the headers, and returns the pseudo-headers of HTTP/2 without
// their colon.
func (e *foreignEntry) requestHeaders(x *Exchange) (pseudo map[string]string) {
	pseudo = map[string]string{}
	d := x.Delivery
	for _, h := range e.Request.Headers {
		name, value := string(h.Name), h.value()
		switch {
		case strings.HasPrefix(name, ":"):
			pseudo[strings.ToLower(name[1:])] = value
		case strings.EqualFold(name, "Host"):
			d.Host = value
		case !isToken(name) || strings.ContainsFunc(value, isForbidden):
			x.Notes = append(x.Notes, "a header that cannot be one was left out")
		default:
			key := http.CanonicalHeaderKey(name)
			d.Header[key] = append(d.Header[key], value)
		}
	}
	if d.Host == "" {
		d.Host = pseudo["authority"]
	}
	if len(d.Header["Cookie"]) == 0 && len(e.Request.Cookies) > 0 {
		var pairs []string
		for _, c := range e.Request.Cookies {
			pairs = append(pairs, string(c.Name)+"="+c.value())
		}
		if cookie := strings.Join(pairs, "; "); !strings.ContainsFunc(cookie, isForbidden) {
			d.Header.Set("Cookie", cookie)
		}
	}
	return pseudo
}

func (p foreignPair) value() string { return exact(string(p.Value), p.Base64) }

// target takes from the absolute URL of an entry what a receiver gets to see of it.
func (e *foreignEntry) target(x *Exchange, pseudo map[string]string) error {
	d, address := x.Delivery, string(e.Request.URL)
	if address == "" {
		address = pseudo["path"]
	}
	if address == "" {
		return errors.New("it has no URL")
	}
	address, _, _ = strings.Cut(escapeBlanks(address), "#")
	if scheme, _, ok := strings.Cut(address, ":"); ok && !strings.HasPrefix(address, "/") {
		if s := strings.ToLower(scheme); s != "http" && s != "https" {
			return errors.New("its URL is not one of HTTP")
		}
		if !isAbsolute(address) {
			return errors.New("its URL names no host")
		}
		if d.Host == "" {
			d.Host = absoluteHost(address)
		}
	}
	d.URL = requestTarget(address)
	if !strings.Contains(d.URL, "?") && len(e.Request.Query) > 0 && e.Whk == nil {
		var pairs []string
		for _, q := range e.Request.Query {
			pairs = append(pairs, url.QueryEscape(string(q.Name))+"="+url.QueryEscape(q.value()))
		}
		d.URL += "?" + strings.Join(pairs, "&")
		x.Notes = append(x.Notes, "the query was put together from its parameters")
	}
	return nil
}

// escapeBlanks writes blanks and control characters as a URL does.
func escapeBlanks(s string) string {
	var out strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == 0x7f {
			fmt.Fprintf(&out, "%%%02X", c)
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}

// body takes the body of the request, or puts it together from its parameters. Where
// it cannot be the one that was sent, the exchange says so.
func (e *foreignEntry) body(x *Exchange) {
	d, post := x.Delivery, e.Request.PostData
	size := int(e.Request.BodySize)
	switch {
	case post == nil && size > 0:
		x.Cut = fmt.Sprintf("the file does not hold the body, %d bytes", size)
		return
	case post == nil:
		return
	case post.Text != nil && (*post.Text != "" || len(post.Params) == 0):
		body, ok := post.bytes()
		if !ok {
			x.Cut = "the file holds the body in base64 that does not decode"
		}
		d.Body = body
	case len(post.Params) > 0:
		e.rebuild(x)
		return
	}
	if d.Header.Get("Content-Type") == "" && post.MimeType != "" && e.Whk == nil && !strings.ContainsFunc(string(post.MimeType), isForbidden) {
		d.Header.Set("Content-Type", string(post.MimeType))
	}
	declared := size
	if length, err := strconv.Atoi(d.Header.Get("Content-Length")); err == nil && length >= 0 {
		declared = length
	}
	if declared > 0 && declared != len(d.Body) && x.Cut == "" && e.Whk == nil {
		x.Altered = fmt.Sprintf("the file holds %d bytes of a body of %d", len(d.Body), declared)
		if strings.ContainsRune(string(d.Body), utf8.RuneError) {
			x.Altered += ": what was not text was lost in it"
		}
	}
}

// rebuild makes a form of the parameters, which is what was sent unless its sender
// writes forms in another way.
func (e *foreignEntry) rebuild(x *Exchange) {
	d, post := x.Delivery, e.Request.PostData
	kind := strings.ToLower(d.Header.Get("Content-Type") + string(post.MimeType))
	if strings.Contains(kind, "multipart/") || slices.ContainsFunc(post.Params, func(p foreignPair) bool { return p.FileName != "" }) {
		x.Cut = "the file holds the parts of a form, and not the body"
		return
	}
	var pairs []string
	for _, p := range post.Params {
		pairs = append(pairs, formEscape(string(p.Name))+"="+formEscape(p.value()))
	}
	d.Body = []byte(strings.Join(pairs, "&"))
	x.Altered = "the body was put together from its parameters"
	if d.Header.Get("Content-Type") == "" {
		d.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
}

// formEscape escapes what is not escaped yet: some programs write parameters as they
// were sent and some as they were meant.
func formEscape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil && plain != s && url.QueryEscape(plain) == s {
		return s
	}
	return url.QueryEscape(s)
}

// bytes returns a body, and false when its base64 does not decode.
func (b *foreignBody) bytes() ([]byte, bool) {
	if b.Text == nil {
		return nil, true
	}
	text := string(*b.Text)
	if !strings.EqualFold(string(b.Encoding), "base64") && !strings.EqualFold(string(b.Own), "base64") {
		return []byte(text), true
	}
	body, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		body, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.TrimSpace(text), "="))
	}
	if err != nil {
		return nil, false
	}
	return body, true
}

// result makes an attempt of the response of an entry.
func (e *foreignEntry) result(x *Exchange) (verify.Result, bool) {
	status := int(e.Response.Status)
	if status <= 0 && e.Response.Error == "" {
		return verify.Result{}, false
	}
	r := verify.Result{
		Target: string(e.Request.URL), At: x.At, Took: time.Duration(max(float64(e.Time), 0) * 1e6),
		Outcome: verify.Answered, Status: max(status, 0), Header: e.Response.header(),
	}
	if status <= 0 {
		r.Outcome, r.Error = verify.Failed, string(e.Response.Error)
	}
	body, ok := e.Response.Content.bytes()
	r.Body, r.Truncated = body, !ok
	return r, true
}

// header takes the headers of a response. Browsers write values of one name into one
// field, a line each.
func (r *foreignResponse) header() http.Header {
	h := http.Header{}
	for _, pair := range r.Headers {
		name := string(pair.Name)
		if !isToken(name) {
			continue
		}
		for value := range strings.SplitSeq(pair.value(), "\n") {
			if !strings.ContainsFunc(value, isForbidden) {
				key := http.CanonicalHeaderKey(name)
				h[key] = append(h[key], value)
			}
		}
	}
	return h
}

// own takes what whk wrote into a HAR besides what belongs there.
func (e *foreignEntry) own(x *Exchange) {
	w, d := e.Whk, x.Delivery
	x.N, x.ID, x.Remote, x.Provider, x.Entity, x.Action = w.N, w.ID, w.Remote, w.Provider, w.Entity, w.Action
	x.Verdict, x.Status, x.Notes = w.Verdict, w.Status, append(w.Notes, x.Notes...)
	if w.Cut != "" {
		x.Cut = w.Cut
	}
	if w.Altered != "" {
		x.Altered = w.Altered
	}
	if w.URL != "" {
		d.URL = exact(w.URL, w.URLBase64)
	}
	d.Host = w.Host
	if w.Undated {
		x.At = time.Time{}
	}
	for i := range e.Attempts {
		x.Results = append(x.Results, e.Attempts[i].Result())
	}
	if w.Attempt == nil {
		return
	}
	last := w.Attempt.Result()
	last.Header = e.Response.header()
	last.Body, _ = e.Response.Content.bytes()
	place := len(x.Results)
	if w.Place != nil && *w.Place >= 0 && *w.Place < place {
		place = *w.Place
	}
	x.Results = slices.Insert(x.Results, place, last)
}
