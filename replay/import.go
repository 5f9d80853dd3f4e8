package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

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
