package contract

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"whk/verify"
	"whk/verify/provider"
)

// This file knows where a signature and its time stamp stand in a delivery, so that they
// can be bent there. Nothing here computes any.

// header is the canonical name of the header that carries the signature, "" when it
// stands in the body.
func (s *Subject) header() string { return http.CanonicalHeaderKey(s.recipe.Header) }

// sigField is the text around {sig} in one field of the header's value.
func (s *Subject) sigField() (prefix, suffix string) {
	if s.recipe.Kind == verify.KindMessage {
		return ":", ":"
	}
	field := s.recipe.Value
	if s.recipe.Separator != "" {
		for part := range strings.SplitSeq(s.recipe.Value, s.recipe.Separator) {
			if strings.Contains(part, "{sig}") {
				field = part
			}
		}
	}
	prefix, suffix, _ = strings.Cut(field, "{sig}")
	return prefix, suffix
}

// span finds the signature within the value of its header.
func (s *Subject) span(value string) (from, to int) {
	prefix, suffix := s.sigField()
	if s.recipe.Kind == verify.KindMessage {
		from = strings.Index(value, "=:") + 2
		return from, max(from, strings.LastIndex(value, ":"))
	}
	at := 0
	parts := []string{value}
	if s.recipe.Separator != "" {
		parts = strings.Split(value, s.recipe.Separator)
	}
	for _, part := range parts {
		if strings.HasPrefix(part, prefix) && strings.HasSuffix(part, suffix) && len(part) >= len(prefix)+len(suffix) {
			return at + len(prefix), at + len(part) - len(suffix)
		}
		at += len(part) + len(s.recipe.Separator)
	}
	return 0, len(value)
}

// whole is everything that stands where the signature belongs: the header's value, or
// the text of the body's field.
func (s *Subject) whole(d *verify.Delivery) string {
	if s.recipe.Body != nil {
		text, _ := provider.Lookup(d.Body, s.recipe.Body.Sig)
		return text
	}
	return d.Header.Get(s.header())
}

func (s *Subject) setWhole(d *verify.Delivery, value string) {
	if s.recipe.Body == nil {
		d.Header[s.header()] = []string{value}
		return
	}
	if text, err := json.Marshal(value); err == nil {
		if body, err := provider.Put(d.Body, s.recipe.Body.Sig, text); err == nil {
			d.Body = body
		}
	}
}

// signature is the encoded signature alone.
func (s *Subject) signature(d *verify.Delivery) string {
	value := s.whole(d)
	if s.recipe.Body != nil {
		return value
	}
	from, to := s.span(value)
	return value[from:to]
}

func (s *Subject) setSignature(d *verify.Delivery, signature string) {
	value := s.whole(d)
	if s.recipe.Body != nil {
		s.setWhole(d, signature)
		return
	}
	from, to := s.span(value)
	s.setWhole(d, value[:from]+signature+value[to:])
}

// encoding is how the signature is written.
func (s *Subject) encoding() string {
	if s.recipe.Kind == verify.KindMessage {
		return "base64"
	}
	return s.recipe.Encoding
}

func decodeAs(encoding, text string) ([]byte, error) {
	switch encoding {
	case "base64":
		return base64.StdEncoding.DecodeString(text)
	case "base64url":
		return base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	}
	return hex.DecodeString(text)
}

func encodeAs(encoding string, sum []byte) string {
	switch encoding {
	case "base64":
		return base64.StdEncoding.EncodeToString(sum)
	case "base64url":
		return base64.RawURLEncoding.EncodeToString(sum)
	}
	return hex.EncodeToString(sum)
}

// stamp is the text of the signed time as it was sent.
func (s *Subject) stamp(at time.Time) string {
	switch t := s.recipe.Timestamp; t.Format {
	case "unix_ms":
		return strconv.FormatInt(at.UnixMilli(), 10)
	case "rfc3339":
		return at.UTC().Format(time.RFC3339)
	default:
		return strconv.FormatInt(at.Unix(), 10)
	}
}

// setStamp writes another time in the place of the one that was signed. An empty one is
// taken away, with the header that held it.
func (s *Subject) setStamp(d *verify.Delivery, old, fresh string) {
	t := s.recipe.Timestamp
	switch {
	case s.recipe.Kind == verify.KindMessage:
		const input = "Signature-Input"
		param := ";created=" + fresh
		if fresh == "" {
			param = ""
		}
		d.Header[input] = []string{strings.Replace(d.Header.Get(input), ";created="+old, param, 1)}
	case s.recipe.Body != nil:
		if fresh == "" {
			if body, err := provider.Unset(d.Body, s.recipe.Body.TS); err == nil {
				d.Body = body
			}
		} else if body, err := provider.Put(d.Body, s.recipe.Body.TS, json.RawMessage(quoted(fresh))); err == nil {
			d.Body = body
		}
	case t.Header != "" && fresh == "":
		delete(d.Header, http.CanonicalHeaderKey(t.Header))
	case t.Header != "":
		d.Header[http.CanonicalHeaderKey(t.Header)] = []string{fresh}
	default:
		s.setValueStamp(d, old, fresh)
	}
}

// setValueStamp is setStamp for a time that stands in the signature's own header.
func (s *Subject) setValueStamp(d *verify.Delivery, old, fresh string) {
	var before string
	for part := range strings.SplitSeq(s.recipe.Value, s.recipe.Separator) {
		if prefix, _, ok := strings.Cut(part, "{ts}"); ok {
			before = prefix
		}
	}
	var parts []string
	for part := range strings.SplitSeq(d.Header.Get(s.header()), s.recipe.Separator) {
		if part == before+old {
			if fresh == "" {
				continue
			}
			part = before + fresh
		}
		parts = append(parts, part)
	}
	s.setWhole(d, strings.Join(parts, s.recipe.Separator))
}

// tolerance is how old a signed time may be, 0 when none is judged.
func (s *Subject) tolerance() time.Duration {
	if s.recipe.Timestamp == nil {
		return 0
	}
	d, _ := time.ParseDuration(s.recipe.Timestamp.Tolerance)
	return d
}
