package replay

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"whk/verify"
	"whk/verify/display"
	"whk/verify/provider"
)

// Format names a form in which exchanges are kept in files.
type Format string

// The formats. What a format has no place for is lost:
//
//   - FormatBundle and FormatNDJSON lose nothing.
//   - FormatHAR loses nothing that whk reads back; other programs see the request, the
//     last answer and the time it took.
//   - FormatHTTP is the request alone: no time, no id, no verdict, no attempts. A
//     Transfer-Encoding is gone, and a body has a Content-Length.
//   - FormatCurl is the request as a command, without its hop-by-hop headers.
//   - FormatCSV is for spreadsheets: headers are missing and long bodies are cut.
const (
	FormatBundle Format = "bundle"
	FormatNDJSON Format = "ndjson"
	FormatHAR    Format = "har"
	FormatHTTP   Format = "http"
	FormatCurl   Format = "curl"
	FormatCSV    Format = "csv"
)

// Formats lists every format that is written, and those of them that are read back.
func Formats() (written, read []Format) {
	read = []Format{FormatBundle, FormatHAR, FormatHTTP, FormatNDJSON}
	return append(slices.Clone(read), FormatCSV, FormatCurl), read
}

// FormatOf tells a format by the name of a file, "" when it cannot be told.
func FormatOf(file string) Format {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".whk":
		return FormatBundle
	case ".ndjson", ".jsonl":
		return FormatNDJSON
	case ".har":
		return FormatHAR
	case ".http":
		return FormatHTTP
	case ".sh":
		return FormatCurl
	case ".csv":
		return FormatCSV
	}
	return ""
}

// Extension is how the name of a file of this format ends.
func (f Format) Extension() string {
	switch f {
	case FormatBundle:
		return ".whk"
	case FormatCurl:
		return ".sh"
	}
	return "." + string(f)
}

// Single reports whether a file of this format holds one exchange only.
func (f Format) Single() bool { return f == FormatHTTP }

// ExportOptions say what an exporter writes besides the exchanges themselves.
type ExportOptions struct {
	// Redactor masks secrets; nil keeps them.
	Redactor *Redactor
	// Provider finds the definition of a provider, to say in NDJSON what a delivery is
	// about. It may be nil, and may answer nil.
	Provider func(name string) *provider.Provider
	// Version is that of the program, for formats that name their creator.
	Version string
	// Target is where a curl command sends to. Without one it is the target of the last
	// attempt, or a listener on this machine.
	Target string
}

func (o *ExportOptions) provider(name string) *provider.Provider {
	if o.Provider == nil {
		return nil
	}
	return o.Provider(name)
}

// Exporter writes exchanges one after another. Close ends the form, as with the last
// brackets of a HAR; it does not close what is written to.
type Exporter interface {
	Write(x *Exchange) error
	Close() error
}

// NewExporter writes to w, an exchange at a time, so that its memory does not grow with
// their number.
func NewExporter(f Format, w io.Writer, o ExportOptions) (Exporter, error) {
	switch f {
	case FormatBundle:
		return &bundleWriter{w: w, o: o}, nil
	case FormatNDJSON:
		return &jsonLines{w: w, o: o}, nil
	case FormatHAR:
		return &harWriter{w: w, o: o}, nil
	case FormatHTTP:
		return &httpWriter{w: w, o: o}, nil
	case FormatCurl:
		return &curlScript{w: w, o: o}, nil
	case FormatCSV:
		return newCSVWriter(w, o), nil
	}
	return nil, fmt.Errorf("unknown format %q", string(f))
}

// ErrSingle is returned for a second exchange where one file holds one.
var ErrSingle = errors.New("a raw HTTP file holds one request")

// httpWriter writes the raw message of one exchange.
type httpWriter struct {
	w    io.Writer
	o    ExportOptions
	done bool
}

func (h *httpWriter) Write(x *Exchange) error {
	if h.done {
		return ErrSingle
	}
	h.done = true
	return WriteHTTP(h.w, h.o.Redactor.Exchange(x).Delivery)
}

func (h *httpWriter) Close() error { return nil }

// curlScript writes a script for sh, one command an exchange.
type curlScript struct {
	w     io.Writer
	o     ExportOptions
	begun bool
}

// localListener is where a delivery goes that never went anywhere.
const localListener = "http://127.0.0.1:4400"

func (c *curlScript) Write(x *Exchange) error {
	target, err := c.target(x)
	if err != nil {
		return err
	}
	command, err := Curl(x.Delivery, target, CurlOptions{Redactor: c.o.Redactor, Provider: x.Provider})
	if err != nil {
		return err
	}
	b := bufio.NewWriter(c.w)
	if !c.begun {
		b.WriteString("#!/bin/sh\n")
		c.begun = true
	}
	fmt.Fprintf(b, "\n# %s\n%s\n", display.Line(c.remark(x)), command)
	return b.Flush()
}

func (c *curlScript) Close() error { return nil }

// target is a URL to send x to, which a redactor leaves as it is: a masked one would
// lead nowhere, and Curl writes its secrets as variables.
func (c *curlScript) target(x *Exchange) (string, error) {
	if c.o.Target != "" {
		return Target(c.o.Target, x.Delivery.URL)
	}
	if last, place := x.answer(); place >= 0 {
		if _, err := parseEndpoint(last.Target); err == nil {
			return last.Target, nil
		}
	}
	return localListener + requestTarget(x.Delivery.URL), nil
}

// remark is one line about x, which must not end the comment it stands in.
func (c *curlScript) remark(x *Exchange) string {
	text := x.Provider + "/" + x.Name()
	if x.N > 0 {
		text = fmt.Sprintf("%d ", x.N) + text
	}
	if !x.At.IsZero() {
		text += x.At.UTC().Format(" 2006-01-02T15:04:05Z")
	}
	if x.Cut != "" {
		text += ", incomplete: " + x.Cut
	}
	return c.o.Redactor.Text(text)
}

// FileName is a name for the file of one exchange, made of nothing but letters, digits,
// dots, dashes and underscores: "000042-rentman-Contact.create.http".
func FileName(x *Exchange, f Format) string {
	name := fmt.Sprintf("%06d", x.N)
	for _, part := range []string{x.Provider, x.Name()} {
		part = strings.Map(func(r rune) rune {
			switch {
			case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_':
				return r
			}
			return '-'
		}, part)
		name += "-" + part[:min(len(part), 80)]
	}
	return name + f.Extension()
}

// answer is what an exchange was answered in the end, by the last target that is no
// shadow, and its place among the results; by whk, with the place -1, when there is none.
func (x *Exchange) answer() (result verify.Result, place int) {
	for i, r := range slices.Backward(x.Results) {
		if !r.Shadow {
			return r, i
		}
	}
	return verify.Result{At: x.At, Outcome: verify.Answered, Status: x.Status}, -1
}

// isoTime writes a time as a HAR and a spreadsheet want it.
func isoTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }
