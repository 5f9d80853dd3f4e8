package replay

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"whk/verify"
	"whk/verify/display"
)

// admit holds an exchange against the bounds, and takes away what no receiver could
// have written. What cannot be taken is an error.
func admit(x *Exchange) error {
	d := x.Delivery
	d.Method = method(d)
	if err := checkDelivery(d); err != nil {
		return err
	}
	if d.URL == "" {
		return errors.New("it has no URL")
	}
	if strings.ContainsFunc(d.Host, func(r rune) bool { return r <= ' ' || r >= 0x7f }) || len(d.Host) > 300 {
		return errors.New("its Host is none")
	}
	if len(d.Body) > MaxMessage {
		return fmt.Errorf("its body is larger than %d MiB", MaxMessage>>20)
	}
	header, err := canonical(d.Header)
	if err != nil {
		return err
	}
	if hosts := header["Host"]; len(hosts) > 0 { // net/http keeps it apart
		if d.Host == "" && len(hosts) == 1 && !strings.ContainsFunc(hosts[0], func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			d.Host = hosts[0]
		}
		delete(header, "Host")
	}
	d.Header = header
	if len(d.URL) > maxImportHead {
		return errors.New("its URL is too long")
	}
	x.ID = admitID(x.ID)
	x.At = admitTime(x.At)
	x.Remote = admitText(x.Remote, 100)
	if !isName(x.Provider) {
		x.Provider = ""
	}
	if name := x.Name(); !isName(name) || len(name) > maxEventName {
		x.Entity, x.Action = "", ""
	}
	x.Verdict = verify.Verdict{
		Status: admitStatus(x.Verdict.Status), Reason: verify.Reason(admitText(string(x.Verdict.Reason), 100)), Secret: admitText(x.Verdict.Secret, 200),
		Development: x.Verdict.Development, Detail: admitText(x.Verdict.Detail, maxImportText),
	}
	if x.Status < 100 || x.Status > 999 {
		x.Status = 0
	}
	x.Cut, x.Altered = admitText(x.Cut, maxImportText), admitText(x.Altered, maxImportText)
	x.Notes = x.Notes[:min(len(x.Notes), maxImportNotes)]
	for i := range x.Notes {
		x.Notes[i] = admitText(x.Notes[i], maxImportText)
	}
	if len(x.Results) > maxImportResults {
		return fmt.Errorf("it was sent %d times: %d attempts are the most", len(x.Results), maxImportResults)
	}
	for i := range x.Results {
		if err := admitResult(&x.Results[i]); err != nil {
			return fmt.Errorf("attempt %d: %w", i+1, err)
		}
	}
	return nil
}

// outcomes lists every way in which an attempt can end.
func outcomes() []verify.Outcome {
	return []verify.Outcome{verify.Answered, verify.Refused, verify.TimedOut, verify.Reset, verify.Failed, verify.Interrupted}
}

func admitResult(r *verify.Result) error {
	header, err := canonical(r.Header)
	switch {
	case err != nil:
		return err
	case len(r.Body) > MaxMessage:
		return fmt.Errorf("its answer is larger than %d MiB", MaxMessage>>20)
	case len(r.Target) > maxImportHead:
		return errors.New("its target is too long")
	}
	r.Header = header
	r.At = admitTime(r.At)
	r.Took = max(r.Took, 0)
	r.Error = admitText(r.Error, maxImportText)
	if !slices.Contains(outcomes(), r.Outcome) {
		r.Outcome = verify.Failed
	}
	if r.Status < 100 || r.Status > 999 {
		r.Status = 0
	}
	if r.Outcome != verify.Answered && len(r.Header) == 0 && len(r.Body) == 0 {
		r.Header, r.Body = nil, nil // as a sender leaves them
	}
	return nil
}

// canonical writes the names of headers as net/http does, and refuses what no header
// can be. Names that become one are put together in the order of their spelling.
func canonical(h http.Header) (http.Header, error) {
	out := make(http.Header, len(h))
	count, size := 0, 0
	for _, name := range sortedNames(h) {
		if !isToken(name) {
			return nil, fmt.Errorf("header name %q: a name holds only letters, digits and -", display.Shorten(display.Line(name), 40, "..."))
		}
		key := http.CanonicalHeaderKey(name)
		for _, value := range h[name] {
			if i := strings.IndexFunc(value, isForbidden); i >= 0 {
				return nil, fmt.Errorf("header %s: byte %d of the value is %s", key, i+1, charName(value[i]))
			}
			count++
			size += len(name) + len(value)
			out[key] = append(out[key], value)
		}
	}
	if count > maxImportHeaders || size > maxImportHead {
		return nil, fmt.Errorf("%d headers of %d bytes are too many", count, size)
	}
	return out, nil
}

func sortedNames(h http.Header) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// admitTime lets through what a store and JSON can hold.
func admitTime(t time.Time) time.Time {
	if t.Year() < 1970 || t.Year() > 2200 {
		return time.Time{}
	}
	return t.UTC()
}

func admitStatus(s verify.Status) verify.Status {
	switch s {
	case verify.Valid, verify.Invalid, verify.Missing, verify.Unsigned, verify.Unchecked:
		return s
	}
	return verify.Unchecked
}

// admitText makes one line of at most so many bytes.
func admitText(s string, most int) string {
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return display.Line(s)
}

// isName reports whether s can be the name of a provider or an event.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("_.:-", rune(c)) {
			return false
		}
	}
	return s != "" && len(s) <= maxEventName
}

// admitID lets through a UUID in small letters.
func admitID(id string) string {
	if len(id) != 36 {
		return ""
	}
	for i := range len(id) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if c := id[i]; dash != (c == '-') || !dash && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return ""
		}
	}
	return id
}

// ContentID is an id for an exchange that has none: a UUIDv7 of its time whose random
// part is a hash of the request, so that the same file gives the same ids again.
func (x *Exchange) ContentID() string {
	sum := sha256.New()
	d := x.Delivery
	fmt.Fprintf(sum, "%d\n%q %q %q\n", x.At.UnixNano(), d.Method, d.URL, d.Host)
	for _, name := range sortedNames(d.Header) {
		fmt.Fprintf(sum, "%q: %q\n", name, d.Header[name])
	}
	sum.Write(d.Body)
	id := sum.Sum(nil)[:16]
	var ms uint64
	if !x.At.IsZero() {
		ms = uint64(max(x.At.UnixMilli(), 0))
	}
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	text := hex.EncodeToString(id)
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
