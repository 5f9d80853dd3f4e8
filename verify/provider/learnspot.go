package provider

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// signatureSpot is where a signature may stand: a header, the text around it, and how the
// signature is written.
type signatureSpot struct {
	header, value, separator string
	encoding                 string
	size                     int    // of the signature, in bytes
	stamp                    string // the format of {ts} in value, when it stands there
	form                     string // asn1 for an ECDSA signature that is written so
}

// label is a word before the signature that may be signed too, as v0 in "v0={sig}".
func (s signatureSpot) label() string {
	for part := range strings.SplitSeq(s.value, ",") {
		if name, _, ok := strings.Cut(part, "={sig}"); ok && !strings.HasPrefix(name, "sha") {
			return strings.TrimSpace(name)
		}
	}
	return ""
}

// What every request has is never looked at for a signature.
var commonHeaders = [...]string{
	"Accept", "Accept-Encoding", "Accept-Language", "Connection", "Content-Length", "Content-Type", "Date", "Host",
	"User-Agent", "Traceparent", "Tracestate", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip",
	"Cache-Control", "Pragma", "Etag", "If-None-Match", "Cookie", "Via", "Forwarded", "Expect", "Te", "Transfer-Encoding",
}

// ownHeaders are the headers of a delivery that a sender chose, in order.
func ownHeaders(h http.Header) []string {
	var names []string
	for name, values := range h {
		if len(values) == 1 && !slices.Contains(commonHeaders[:], name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// algorithmOf is the hash with sums of so many bytes.
func algorithmOf(size int) string {
	return map[int]string{16: "md5", 20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}[size]
}

// spots finds everything in a delivery that has the form of a signature.
func spots(h http.Header) []signatureSpot {
	var found []signatureSpot
	for _, name := range ownHeaders(h) {
		found = append(found, spotsBy(name, h[name][0], written)...)
	}
	// Who calls a header a signature means it.
	slices.SortStableFunc(found, func(a, b signatureSpot) int { return unlikely(a.header) - unlikely(b.header) })
	return found
}

func unlikely(header string) int {
	name := strings.ToLower(header)
	for rank, words := range [][]string{{"sign", "hmac", "digest", "sig", "hash"}, {"authorization", "token", "key"}} {
		for _, word := range words {
			if strings.Contains(name, word) {
				return rank
			}
		}
	}
	return 2
}

// spotsBy takes one header apart: as one text with something in front of the signature,
// or as a list of fields. Read tells in which encodings a text is a signature.
func spotsBy(name, value string, read func(string) []signatureSpot) []signatureSpot {
	var found []signatureSpot
	for _, at := range tokenStarts(value) {
		if strings.ContainsAny(value[:at], ",;&|") || digitsIn(value[:at]) > 7 {
			continue // a list, or a time in front
		}
		for _, s := range read(value[at:]) {
			s.header, s.value = name, escapeBrace(value[:at])+"{sig}"
			found = append(found, s)
		}
	}
	if len(found) > 0 {
		return found
	}
	for _, separator := range []string{",", ";", "&", " ", "|", ":", "."} {
		fields := strings.Split(value, separator)
		if len(fields) < 2 || len(fields) > 8 {
			continue
		}
		if found = append(found, spotsInList(name, fields, separator, read)...); len(found) > 0 {
			return found
		}
	}
	return found
}

// spotsInList reads a header as a list: one field is the signature, one may be the time.
func spotsInList(name string, fields []string, separator string, read func(string) []signatureSpot) []signatureSpot {
	var found []signatureSpot
	stamp, format := "", ""
	for i, field := range fields {
		text := field
		if i > 0 {
			text = strings.TrimLeft(field, " ")
		}
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			key, value = "", text
		} else {
			key += "="
		}
		if f := stampFormat(value); f != "" && stamp == "" {
			stamp, format = escapeBrace(key)+"{ts}", f
		}
	}
	for _, field := range fields {
		text := strings.TrimLeft(field, " ")
		for _, at := range tokenStarts(text) {
			for _, s := range read(text[at:]) {
				s.header, s.separator, s.value = name, separator, escapeBrace(text[:at])+"{sig}"
				if stamp != "" {
					s.value, s.stamp = stamp+separator+s.value, format
				}
				found = append(found, s)
			}
		}
	}
	return found
}

func escapeBrace(text string) string { return strings.ReplaceAll(text, "{", "{{") }

// tokenStarts are where a signature may begin: at the start, and behind what senders put
// in front of one.
func tokenStarts(value string) []int {
	starts := []int{0}
	for i := range min(len(value), 40) {
		if strings.IndexByte("= :,", value[i]) >= 0 && i+1 < len(value) {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// written are the encodings in which a text is a sum of a known hash.
func written(text string) []signatureSpot {
	var found []signatureSpot
	if sum, err := hex.DecodeString(text); err == nil && algorithmOf(len(sum)) != "" {
		found = append(found, signatureSpot{encoding: "hex", size: len(sum)})
	}
	for name, encoding := range map[string]*base64.Encoding{"base64": base64.StdEncoding, "base64url": base64.URLEncoding} {
		sum, err := encoding.DecodeString(text)
		if err != nil {
			sum, err = encoding.WithPadding(base64.NoPadding).DecodeString(text)
		}
		if err == nil && algorithmOf(len(sum)) != "" && !(name == "base64url" && !strings.ContainsAny(text, "-_") && strings.HasSuffix(text, "=")) {
			found = append(found, signatureSpot{encoding: name, size: len(sum)})
		}
	}
	slices.SortFunc(found, func(a, b signatureSpot) int { return strings.Compare(a.encoding, b.encoding) })
	return found
}

// stampFormat tells how a text writes a time, "" when it does not.
func stampFormat(text string) string {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		switch {
		case len(text) == 10 && n > 9e8:
			return "unix"
		case len(text) == 13 && n > 9e11:
			return "unix_ms"
		}
		return ""
	}
	if _, err := time.Parse(time.RFC3339, text); err == nil {
		return "rfc3339"
	}
	return ""
}
