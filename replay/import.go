package replay

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"whk/verify"
	"whk/verify/display"
)

// What an import takes at most. A file may have been made to be imported, so every
// number in it is a claim until it was held against these.
const (
	// MaxImport is how large a file may be when nothing else is said.
	MaxImport = 100 << 20
	// maxImportValue bounds one event of a file, in whatever spelling.
	maxImportValue   = 2*MaxMessage + 32<<20
	maxImportHead    = 4 << 20
	maxImportHeaders = 10000
	maxImportResults = 10000
	maxImportNotes   = 100
	maxImportText    = 4096
	maxEventName     = 128
)

// ImportOptions say how a file is read.
type ImportOptions struct {
	// Format is that of the file; empty to tell it by its first bytes.
	Format Format
	// MaxFile is how many bytes are read, MaxImport when 0.
	MaxFile int64
}

// SkippedError is an event of a file that could not be taken, while those behind it can.
type SkippedError struct {
	// Number is the place of the event in its file, from 1.
	Number int
	Cause  error
}

func (e *SkippedError) Error() string { return fmt.Sprintf("event %d: %s", e.Number, e.Cause) }

func (e *SkippedError) Unwrap() error { return e.Cause }

// ErrExportOnly is returned for a format that cannot be read back.
var ErrExportOnly = errors.New("this format is written and not read")

// Import reads the exchanges of a file, one at a time. A *SkippedError stands for one
// that could not be taken, and the next one follows; any other error is the end.
//
// Every exchange that it yields could have been received: its method, URL and headers
// cannot break out of their place in a request, and no part of it is larger than whk
// takes. What else it says, above all its verdict and where it was sent to, is only
// what the file claims.
func Import(r io.Reader, o ImportOptions) iter.Seq2[*Exchange, error] {
	return func(yield func(*Exchange, error) bool) {
		p := &parser{yield: yield, limit: o.MaxFile}
		if p.limit <= 0 {
			p.limit = MaxImport
		}
		p.r = bufio.NewReaderSize(&meter{r: r, left: p.limit, err: fmt.Errorf("the file is larger than %d MiB", p.limit>>20)}, 64<<10)
		if err := p.read(o.Format); err != nil {
			yield(nil, err)
		}
	}
}

// parser reads one file.
type parser struct {
	r     *bufio.Reader
	limit int64
	yield func(*Exchange, error) bool
	value *meter
}

func (p *parser) read(f Format) error {
	start, err := p.r.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if bytes.HasPrefix(start, []byte("\xef\xbb\xbf")) && f != FormatHTTP {
		start = start[3:]
		if _, err := p.r.Discard(3); err != nil {
			return err
		}
	}
	if f == "" {
		if f, err = detect(start); err != nil {
			return err
		}
	}
	switch f {
	case FormatBundle:
		return p.readBundle()
	case FormatHAR:
		return p.readHAR()
	case FormatNDJSON:
		return p.readLines()
	case FormatHTTP:
		return p.readHTTP()
	case FormatCSV:
		return fmt.Errorf("csv: %w: a table has no headers and cuts long bodies; export a bundle", ErrExportOnly)
	case FormatCurl:
		return fmt.Errorf("curl: %w: a script is a program, and only a shell reads it as it runs; export a bundle", ErrExportOnly)
	}
	return fmt.Errorf("unknown format %q", string(f))
}

// detect tells a format by how a file starts.
func detect(start []byte) (Format, error) {
	text := strings.TrimLeft(string(start), " \t\r\n")
	switch {
	case text == "":
		return "", errors.New("the file is empty")
	case strings.HasPrefix(text, bundleMagic):
		return FormatBundle, nil
	case strings.HasPrefix(text, "#!"), strings.HasPrefix(text, "curl "):
		return FormatCurl, nil
	case strings.HasPrefix(text, strings.Join(csvColumns[:3], ",")):
		return FormatCSV, nil
	case text[0] == '{':
		decoder := json.NewDecoder(strings.NewReader(text))
		if _, err := decoder.Token(); err == nil {
			if key, err := decoder.Token(); err == nil && key == "log" {
				return FormatHAR, nil
			}
		}
		return FormatNDJSON, nil
	case text[0] == '[':
		return "", errors.New("this is a JSON array: expected a HAR, or one event a line (jq -c '.[]' makes lines of it)")
	}
	return FormatHTTP, nil
}

// readHTTP reads a file that is one raw request.
func (p *parser) readHTTP() error {
	d, notes, err := ParseHTTP(p.r)
	if err != nil {
		return err
	}
	x := &Exchange{Delivery: d, Notes: notes}
	if holdsMask(d) {
		x.Altered = MaskedSecrets // the other formats say so themselves
	}
	p.give(1, x)
	return nil
}

// meter ends a reader with an error when too much was read.
type meter struct {
	r    io.Reader
	left int64
	err  error
}

func (m *meter) Read(b []byte) (int, error) {
	if m.left <= 0 {
		// Too much only if there is anything more.
		if n, err := m.r.Read(make([]byte, 1)); n == 0 {
			return 0, err
		}
		return 0, m.err
	}
	n, err := m.r.Read(b[:min(int64(len(b)), m.left)])
	m.left -= int64(n)
	return n, err
}

// limited is the rest of the file for a decoder that takes one value after another,
// each of which nextValue allows to be so large and no larger.
func (p *parser) limited() io.Reader {
	p.value = &meter{r: p.r, err: fmt.Errorf("it is larger than whk would take (%d MiB)", maxImportValue>>20)}
	p.nextValue()
	return p.value
}

func (p *parser) nextValue() { p.value.left = maxImportValue }

// skip reports an event that cannot be taken, and whether to go on.
func (p *parser) skip(n int, cause error) bool {
	return p.yield(nil, &SkippedError{n, cause})
}

// give hands an exchange on once it is fit to be kept, and reports whether to go on.
func (p *parser) give(n int, x *Exchange) bool {
	if err := admit(x); err != nil {
		return p.skip(n, err)
	}
	return p.yield(x, nil)
}

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

// jsonFault says what is wrong with JSON, without the values that stand in it.
func jsonFault(err error) error {
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrong):
		// The path names the parts of whk's own types too, in capitals.
		path := slices.DeleteFunc(strings.Split(wrong.Field, "."), func(part string) bool { return part != "" && part[0] >= 'A' && part[0] <= 'Z' })
		return fmt.Errorf("%s: a JSON %s is not what belongs there", display.Line(strings.Join(path, ".")), beforeAny(wrong.Value, " "))
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON at byte %d: %s", syntax.Offset, display.Line(syntax.Error()))
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("the JSON ends before it is complete: the file was cut off")
	}
	return errors.New(display.Shorten(display.Line(err.Error()), 200, "..."))
}
