package replay

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"whk/verify/display"
)

// csvColumns is the first row of a CSV file. Columns may be added at the end only.
var csvColumns = [...]string{
	"n", "id", "time", "remote", "provider", "event", "verdict", "reason", "detail",
	"method", "host", "url", "content_type", "body_bytes", "body_sha256",
	"answered", "attempts", "outcome", "target", "took_ms", "notes", "body",
}

// csvCell is how many characters of a text a cell gets: common spreadsheets refuse more
// than 32,767.
const csvCell = 32000

// csvWriter writes a row for each exchange.
type csvWriter struct {
	w     *csv.Writer
	o     ExportOptions
	begun bool
}

func newCSVWriter(w io.Writer, o ExportOptions) *csvWriter {
	return &csvWriter{w: csv.NewWriter(w), o: o}
}

func (c *csvWriter) head() error {
	if c.begun {
		return nil
	}
	c.begun = true
	return c.w.Write(csvColumns[:])
}

func (c *csvWriter) Write(x *Exchange) error {
	if err := c.head(); err != nil {
		return err
	}
	sum := sha256.Sum256(x.Delivery.Body) // of what was received, whatever is masked
	size := len(x.Delivery.Body)
	x = c.o.Redactor.Exchange(x)
	d := x.Delivery
	last, place := x.answer()
	outcome, took := "", ""
	if place >= 0 {
		outcome, took = string(last.Outcome), milliseconds(last.Took)
	}
	at := ""
	if !x.At.IsZero() {
		at = isoTime(x.At)
	}
	number := ""
	if x.N > 0 {
		number = strconv.FormatInt(x.N, 10)
	}
	status := ""
	if last.Status != 0 {
		status = strconv.Itoa(last.Status)
	}
	notes := x.Notes
	if x.Cut != "" {
		notes = append([]string{"incomplete: " + x.Cut}, notes...)
	}
	return c.w.Write([]string{
		number, cell(x.ID), at, cell(x.Remote), cell(x.Provider), cell(x.Name()),
		cell(string(x.Verdict.Status)), cell(string(x.Verdict.Reason)), cell(x.Verdict.Detail),
		cell(d.Method), cell(d.Host), cell(d.URL), cell(d.Header.Get("Content-Type")), strconv.Itoa(size), hex.EncodeToString(sum[:]),
		status, strconv.Itoa(len(x.Results)), cell(outcome), cell(last.Target), took,
		cell(strings.Join(notes, "; ")), cell(string(d.Body)),
	})
}

func (c *csvWriter) Close() error {
	if err := c.head(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

// cell makes a text that no spreadsheet takes for a formula and that hides nothing. A
// text that could be one gets an apostrophe in front, which spreadsheets understand.
func cell(text string) string {
	if len(text) > 4*csvCell {
		text = text[:4*csvCell]
	}
	shown := display.Line(text)
	if len(shown) > csvCell && utf8.RuneCountInString(shown) > csvCell {
		shown = string([]rune(shown)[:csvCell]) + "…"
	}
	if isFormula(text) || isFormula(shown) {
		shown = "'" + shown
	}
	return shown
}

// isFormula reports whether a spreadsheet could take a text for more than that. Some
// pass over blanks in front, and some know the wide forms of the signs.
func isFormula(text string) bool {
	if text != "" && strings.ContainsRune("\t\r\n", rune(text[0])) {
		return true
	}
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(text, " \t\r\n\v\f\u00A0\u3000\uFEFF"))
	return strings.ContainsRune("=+-@|%＝＋－＠", r) && r != utf8.RuneError
}

func milliseconds(d time.Duration) string {
	text, err := Milliseconds(d).MarshalJSON()
	if err != nil {
		return ""
	}
	return string(text)
}
