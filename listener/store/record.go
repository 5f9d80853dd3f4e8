package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"whk/listener"
	"whk/verify"
)

// A record is the part of an event or a result that no query looks at, in bytes:
//
//	version  one byte, recordVersion
//	flags    one byte
//	fields   in a fixed order; numbers as uvarints, texts as a length and their bytes
//
// The head of an event goes on with method, URL, host, remote address and headers;
// reason, secret, detail; the verdict's status when it has no code; cut, notes and marks;
// and the SHA-256 of the body when the body is not hashed with the head. A header block is
// the number of names plus one (0 for none at all), then for each, in order of their
// bytes, its code and, for code 0, the name; the number of values; the values.
const recordVersion = 1

// Flags of the head of an event.
const (
	flagNilBody     = 1 << iota // Delivery.Body is nil
	flagChunked                 // the body is in the chunk table
	flagBodyHash                // the record ends in the hash of the body
	flagDevelopment             // Verdict.Development
	flagOtherStatus             // Verdict.Status has no code and is spelled out
	flagMarks                   // SameAs, Gap and OvertakenBy follow the notes
)

// Flags of a result.
const (
	resultNilBody = 1 << iota
	resultTruncated
	resultReplay
	resultShadow
	resultResigned
	resultEdited
)

// bodyHashFrom is the size from which a body has a hash of its own in the head, so that
// an event can be listed and its head believed without reading its body.
const bodyHashFrom = 1 << 10

var errRecord = errors.New("malformed record")

// statuses are the codes of the verdict column, from 1. They may grow at the end only.
var statuses = [...]verify.Status{verify.Valid, verify.Invalid, verify.Missing, verify.Unsigned, verify.Unchecked}

func statusCode(s verify.Status) int64 { return int64(slices.Index(statuses[:], s) + 1) }

// appendHead appends the head of an event. The flags of the body are the caller's, who
// also appends the hash of the body when flagBodyHash is among them.
func appendHead(b []byte, e *listener.Event, flags byte) []byte {
	d, v := e.Delivery, &e.Verdict
	if v.Development {
		flags |= flagDevelopment
	}
	other := statusCode(v.Status) == 0
	if other {
		flags |= flagOtherStatus
	}
	if e.SameAs != 0 || e.OvertakenBy != 0 {
		flags |= flagMarks
	}
	b = append(b, recordVersion, flags)
	b = appendText(b, d.Method)
	b = appendText(b, d.URL)
	b = appendText(b, d.Host)
	b = appendText(b, e.Remote)
	b = appendHeader(b, d.Header)
	b = appendText(b, string(v.Reason))
	b = appendText(b, v.Secret)
	b = appendText(b, v.Detail)
	if other {
		b = appendText(b, string(v.Status))
	}
	b = appendText(b, e.Cut)
	b = binary.AppendUvarint(b, uint64(len(e.Notes)))
	for _, note := range e.Notes {
		b = appendText(b, note)
	}
	if flags&flagMarks != 0 {
		b = binary.AppendUvarint(b, uint64(e.SameAs))
		b = binary.AppendUvarint(b, uint64(max(e.Gap, 0)))
		b = binary.AppendUvarint(b, uint64(e.OvertakenBy))
	}
	return b
}

// decodeHead fills in what appendHead wrote. It returns the flags and the hash of the
// body, which is nil unless flagBodyHash is set. The event keeps nothing of head.
func decodeHead(head []byte, e *listener.Event, d *verify.Delivery) (flags byte, bodyHash []byte, err error) {
	r, flags, err := newReader(head)
	if err != nil {
		return 0, nil, err
	}
	if flags >= flagMarks<<1 {
		return 0, nil, fmt.Errorf("%w: unknown flags %#x", errRecord, flags)
	}
	v := &e.Verdict
	d.Method = r.text()
	d.URL = r.text()
	d.Host = r.text()
	e.Remote = r.text()
	d.Header = r.header()
	v.Reason = verify.Reason(r.text())
	v.Secret = r.text()
	v.Detail = r.text()
	if flags&flagOtherStatus != 0 {
		v.Status = verify.Status(r.text())
	}
	v.Development = flags&flagDevelopment != 0
	e.Cut = r.text()
	if count := r.count(); count > 0 {
		e.Notes = make([]string, count)
		for i := range e.Notes {
			e.Notes[i] = r.text()
		}
	}
	if flags&flagMarks != 0 {
		e.SameAs, e.Gap, e.OvertakenBy = int64(r.number()), duration(r.number()), int64(r.number())
		if e.SameAs == 0 {
			e.Gap = 0 // there is nothing that it could lie behind
		}
	}
	if flags&flagBodyHash != 0 {
		bodyHash = []byte(r.take(32))
	}
	return flags, bodyHash, r.end()
}

// appendResult appends the record of a result.
func appendResult(b []byte, r *verify.Result) []byte {
	var flags byte
	if r.Body == nil {
		flags |= resultNilBody
	}
	if r.Truncated {
		flags |= resultTruncated
	}
	if r.Replay {
		flags |= resultReplay
	}
	if r.Shadow {
		flags |= resultShadow
	}
	if r.Resigned {
		flags |= resultResigned
	}
	if r.Edited {
		flags |= resultEdited
	}
	b = append(b, recordVersion, flags)
	b = appendText(b, r.Target)
	b = binary.BigEndian.AppendUint64(b, uint64(nanos(r.At)))
	b = binary.AppendUvarint(b, uint64(r.Took))
	b = appendText(b, string(r.Outcome))
	b = appendText(b, r.Error)
	b = binary.AppendUvarint(b, uint64(r.Status))
	b = appendHeader(b, r.Header)
	b = binary.AppendUvarint(b, uint64(len(r.Body)))
	return append(b, r.Body...)
}

func decodeResult(record []byte) (verify.Result, error) {
	r, flags, err := newReader(record)
	if err != nil {
		return verify.Result{}, err
	}
	if flags >= resultEdited<<1 {
		return verify.Result{}, fmt.Errorf("%w: unknown flags %#x", errRecord, flags)
	}
	var out verify.Result
	out.Target = r.text()
	if at := r.take(8); at != "" {
		out.At = moment(int64(binary.BigEndian.Uint64([]byte(at))))
	}
	out.Took = duration(r.number())
	out.Outcome = verify.Outcome(r.text())
	out.Error = r.text()
	out.Status = int(r.number())
	out.Header = r.header()
	body := r.text()
	if flags&resultNilBody == 0 {
		out.Body = []byte(body)
	} else if body != "" {
		return verify.Result{}, fmt.Errorf("%w: a body where none is due", errRecord)
	}
	out.Truncated = flags&resultTruncated != 0
	out.Replay = flags&resultReplay != 0
	out.Shadow = flags&resultShadow != 0
	out.Resigned = flags&resultResigned != 0
	out.Edited = flags&resultEdited != 0
	return out, r.end()
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendHeader(b []byte, h http.Header) []byte {
	if h == nil {
		return append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(len(h))+1)
	var few [24]string
	names := few[:0]
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		code := headerCodes[name]
		b = append(b, code)
		if code == 0 {
			b = appendText(b, name)
		}
		values := h[name]
		b = binary.AppendUvarint(b, uint64(len(values)))
		for _, value := range values {
			b = appendText(b, value)
		}
	}
	return b
}

// reader takes a record apart. The first error sticks, everything after it is empty.
// It works on one string, which all texts share, and never makes room for more than
// the bytes at hand can fill.
type reader struct {
	rest string
	err  error
}

func newReader(record []byte) (*reader, byte, error) {
	if len(record) < 2 {
		return nil, 0, fmt.Errorf("%w: %d bytes", errRecord, len(record))
	}
	if record[0] != recordVersion {
		return nil, 0, fmt.Errorf("%w: version %d", errRecord, record[0])
	}
	return &reader{rest: string(record[2:])}, record[1], nil
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", errRecord, what)
	}
	r.rest = ""
}

func (r *reader) number() uint64 {
	var n uint64
	for i := range min(len(r.rest), binary.MaxVarintLen64) {
		c := r.rest[i]
		if i == binary.MaxVarintLen64-1 && c > 1 {
			break
		}
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.rest = r.rest[i+1:]
			return n
		}
	}
	r.fail("a number that does not end")
	return 0
}

// count reads a number of things that take at least one byte each.
func (r *reader) count() int {
	n := r.number()
	if n > uint64(len(r.rest)) {
		r.fail("a count beyond the end")
		return 0
	}
	return int(n)
}

func (r *reader) take(n int) string {
	if n > len(r.rest) {
		r.fail("a text beyond the end")
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *reader) text() string { return r.take(r.count()) }

func (r *reader) header() http.Header {
	n := r.number()
	switch {
	case n == 0:
		return nil
	case n-1 > uint64(len(r.rest)):
		r.fail("a count beyond the end")
		return nil
	}
	h := make(http.Header, min(n-1, 64))
	for range n - 1 {
		if r.rest == "" {
			r.fail("a header block that does not end")
			return nil
		}
		code := r.take(1)[0]
		var name string
		switch {
		case code == 0:
			name = r.text()
		case int(code) <= len(headerNames):
			name = headerNames[code-1]
		default:
			r.fail("an unknown header name")
			return nil
		}
		if _, twice := h[name]; twice {
			r.fail("a header name twice")
			return nil
		}
		var values []string
		if count := r.count(); count > 0 {
			values = make([]string, count)
			for i := range values {
				values[i] = r.text()
			}
		}
		h[name] = values
	}
	return h
}

func (r *reader) end() error {
	if r.err == nil && r.rest != "" {
		r.fail("bytes after the end")
	}
	return r.err
}
