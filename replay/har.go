package replay

import (
	"bytes"
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"whk/verify"
	"whk/verify/display"
)

// The parts of a HAR 1.2 that whk writes. Names that begin with _ are its own, as the
// format allows; other programs pass over them.
type (
	harCreator struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	harEntry struct {
		Started  string       `json:"startedDateTime"`
		Time     Milliseconds `json:"time"`
		Request  harRequest   `json:"request"`
		Response harResponse  `json:"response"`
		Cache    struct{}     `json:"cache"`
		Timings  harTimings   `json:"timings"`
		Comment  string       `json:"comment,omitempty"`
		// Attempts are all but the one whose answer is the response.
		Attempts []AttemptJSON `json:"_attempts,omitempty"`
		Whk      *harOwn       `json:"_whk,omitempty"`
	}
	harRequest struct {
		Method      string    `json:"method"`
		URL         string    `json:"url"`
		HTTPVersion string    `json:"httpVersion"`
		Cookies     []harPair `json:"cookies"`
		Headers     []harPair `json:"headers"`
		QueryString []harPair `json:"queryString"`
		PostData    *harBody  `json:"postData,omitempty"`
		HeadersSize int       `json:"headersSize"`
		BodySize    int       `json:"bodySize"`
	}
	harResponse struct {
		Status      int       `json:"status"`
		StatusText  string    `json:"statusText"`
		HTTPVersion string    `json:"httpVersion"`
		Cookies     []harPair `json:"cookies"`
		Headers     []harPair `json:"headers"`
		Content     harBody   `json:"content"`
		RedirectURL string    `json:"redirectURL"`
		HeadersSize int       `json:"headersSize"`
		BodySize    int       `json:"bodySize"`
		// Error says why there is no answer, as browsers write it.
		Error string `json:"_error,omitempty"`
	}
	harPair struct {
		Name  string `json:"name"`
		Value string `json:"value"`
		// Base64 is the exact value where it is not valid UTF-8.
		Base64 []byte `json:"_base64,omitempty"`
	}
	// harBody is postData of a request and content of a response.
	harBody struct {
		Size     *int   `json:"size,omitempty"`
		MimeType string `json:"mimeType"`
		Text     string `json:"text"`
		Encoding string `json:"encoding,omitempty"`
	}
	harTimings struct {
		Send    int          `json:"send"`
		Wait    Milliseconds `json:"wait"`
		Receive int          `json:"receive"`
	}
	// harOwn is what a HAR has no place for.
	harOwn struct {
		N         int64          `json:"n,omitempty"`
		ID        string         `json:"id,omitempty"`
		Remote    string         `json:"remote,omitempty"`
		Provider  string         `json:"provider,omitempty"`
		Entity    string         `json:"entity,omitempty"`
		Action    string         `json:"action,omitempty"`
		Verdict   verify.Verdict `json:"verdict"`
		URL       string         `json:"url"`
		URLBase64 []byte         `json:"url_base64,omitempty"`
		Host      string         `json:"host"`
		Status    int            `json:"status,omitempty"`
		Cut       string         `json:"cut,omitempty"`
		Notes     []string       `json:"notes,omitempty"`
		Altered   string         `json:"altered,omitempty"`
		// Undated is set when the time of the entry is made up.
		Undated bool `json:"undated,omitempty"`
		// Attempt is the last attempt without its answer, which is the response. Place is
		// where it stands among all, when shadows were asked after it.
		Attempt *AttemptJSON `json:"attempt,omitempty"`
		Place   *int         `json:"place,omitempty"`
	}
)

// harVersion stands for the versions that are not known.
const harVersion = "HTTP/1.1"

// harWriter writes a HAR an entry at a time.
type harWriter struct {
	w     io.Writer
	o     ExportOptions
	begun bool
	comma bool
	buf   bytes.Buffer
}

func (h *harWriter) begin() error {
	if h.begun {
		return nil
	}
	h.begun = true
	version := h.o.Version
	if version == "" {
		version = unknown
	}
	creator, err := marshal(&h.buf, harCreator{"whk", version})
	if err != nil {
		return err
	}
	_, err = h.w.Write(slices.Concat([]byte(`{"log":{"version":"1.2","creator":`), creator, []byte(`,"entries":[`)))
	return err
}

func (h *harWriter) Write(x *Exchange) error {
	if err := h.begin(); err != nil {
		return err
	}
	entry := newHAREntry(h.o.Redactor.Exchange(x))
	text, err := marshal(&h.buf, &entry)
	if err != nil {
		return err
	}
	separator := "\n"
	if h.comma {
		separator = ",\n"
	}
	h.comma = true
	if _, err := io.WriteString(h.w, separator); err != nil {
		return err
	}
	_, err = h.w.Write(text)
	return err
}

func (h *harWriter) Close() error {
	if err := h.begin(); err != nil {
		return err
	}
	_, err := io.WriteString(h.w, "\n]}}\n")
	return err
}

func newHAREntry(x *Exchange) harEntry {
	d := x.Delivery
	last, place := x.answer()
	e := harEntry{
		Started: isoTime(x.At), Time: Milliseconds(max(last.Took, 0)), Timings: harTimings{Wait: Milliseconds(max(last.Took, 0))},
		Comment: display.Line(x.Provider + "/" + x.Name()),
		Request: harRequest{
			Method: method(d), URL: harURL(d), HTTPVersion: harVersion, Cookies: []harPair{},
			Headers: harHeaders(d.Header, d.Host), QueryString: harQuery(d), HeadersSize: -1, BodySize: len(d.Body),
		},
		Response: newHARResponse(last),
		Whk: &harOwn{
			N: x.N, ID: x.ID, Remote: x.Remote, Provider: x.Provider, Entity: x.Entity, Action: x.Action, Verdict: x.Verdict,
			URL: d.URL, URLBase64: inexact(d.URL), Host: d.Host, Status: x.Status, Cut: x.Cut, Notes: x.Notes, Altered: x.Altered,
		},
	}
	if x.At.IsZero() {
		e.Started, e.Whk.Undated = isoTime(time.Unix(0, 0)), true
	}
	if len(d.Body) > 0 {
		body := newHARBody(d.Header.Get("Content-Type"), d.Body)
		e.Request.PostData = &body
	}
	for i, result := range x.Results {
		if i != place {
			e.Attempts = append(e.Attempts, NewAttemptJSON(0, result, nil))
		}
	}
	if place < 0 {
		return e
	}
	if place < len(x.Results)-1 {
		e.Whk.Place = &place
	}
	own := NewAttemptJSON(0, last, nil)
	own.MessageJSON = nil
	e.Whk.Attempt = &own
	return e
}

func newHARResponse(r verify.Result) harResponse {
	content := newHARBody(r.Header.Get("Content-Type"), r.Body)
	size := len(r.Body)
	content.Size = &size
	return harResponse{
		Status: r.Status, StatusText: http.StatusText(r.Status), HTTPVersion: harVersion, Cookies: []harPair{},
		Headers: harHeaders(r.Header, ""), Content: content, RedirectURL: strings.ToValidUTF8(r.Header.Get("Location"), "\uFFFD"),
		HeadersSize: -1, BodySize: size, Error: r.Error,
	}
}

// newHARBody writes what is not text in base64, as browsers do.
func newHARBody(mimeType string, body []byte) harBody {
	b := harBody{MimeType: mimeType}
	if utf8.Valid(body) {
		b.Text = string(body)
	} else {
		b.Text, b.Encoding = base64.StdEncoding.EncodeToString(body), "base64"
	}
	return b
}

func harHeaders(h http.Header, host string) []harPair {
	pairs := []harPair{}
	if host != "" {
		pairs = append(pairs, harPair{Name: "Host", Value: host})
	}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			pairs = append(pairs, harPair{Name: name, Value: value, Base64: inexact(value)})
		}
	}
	return pairs
}

func harQuery(d *verify.Delivery) []harPair {
	pairs := []harPair{}
	for pair := range strings.SplitSeq(d.RawQuery(), "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		pairs = append(pairs, harPair{Name: unescaped(name), Value: unescaped(value)})
	}
	return pairs
}

func unescaped(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// harURL is the absolute URL that a HAR wants. What may stand in a request target and
// not in a URL is escaped; the exact one is among whk's own fields.
func harURL(d *verify.Delivery) string {
	scheme, host := "http", d.Host
	if isAbsolute(d.URL) {
		if e, err := parseEndpoint(d.URL); err == nil {
			scheme = e.scheme
			host = e.url.Host
		}
	}
	if host == "" || strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") != "" {
		host = "localhost"
	}
	var out strings.Builder
	out.WriteString(scheme + "://" + host)
	target := requestTarget(d.URL)
	if target == "*" {
		target = "/*"
	}
	for i := range len(target) {
		c := target[i]
		switch {
		case c == '%' && !isEscape(target[i:]), c <= ' ', c >= 0x7f, strings.IndexByte("\"<>\\^`{|}#", c) >= 0:
			out.WriteString("%" + strings.ToUpper(strconv.FormatInt(int64(c)|0x100, 16)[1:]))
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

// isEscape reports whether s begins with an escape of a URL, %2F.
func isEscape(s string) bool {
	return len(s) >= 3 && strings.Trim(s[1:3], "0123456789abcdefABCDEF") == ""
}
