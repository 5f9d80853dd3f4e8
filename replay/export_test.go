package replay_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/jsonschema-go/jsonschema"
	"pgregory.net/rapid"

	"whk/replay"
	"whk/verify"
	"whk/verify/display/displaytest"
)

// anyText draws a text of a header: any bytes but those that end one, and no blanks at
// its ends.
func anyText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		raw := rapid.OneOf(rapid.StringN(0, 20, 60), rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 20), func(b []byte) string { return string(b) })).Draw(t, "text")
		raw = strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return -1
			}
			return r
		}, strings.ReplaceAll(raw, "\uFFFD", ""))
		if rapid.Bool().Draw(t, "raw byte") {
			raw += "\xe9" // as obsolete clients write é
		}
		return strings.Trim(raw, " \t")
	})
}

func anyBody() *rapid.Generator[[]byte] {
	return rapid.OneOf(
		rapid.SliceOfN(rapid.Byte(), 0, 200),
		rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) }),
		rapid.SampledFrom([][]byte{nil, {}, []byte("{}"), []byte("\r\n\r\n"), []byte("a\u009b\u202e\u2028\x1b\x00"), []byte("\ufffd"), {0xff}}),
	)
}

func anyHeader() *rapid.Generator[http.Header] {
	return rapid.Custom(func(t *rapid.T) http.Header {
		h := http.Header{}
		for range rapid.IntRange(0, 4).Draw(t, "headers") {
			name := rapid.SampledFrom([]string{"X-A", "Digest", "Content-Type", "Location", "X-B!", "Content-Length"}).Draw(t, "name")
			h[name] = rapid.SliceOfN(anyText(), 1, 3).Draw(t, "values")
		}
		return h
	})
}

func anyTime() *rapid.Generator[time.Time] {
	return rapid.Map(rapid.Int64Range(0, 4e18), func(ns int64) time.Time { return time.Unix(0, ns).UTC() })
}

func anyURL() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		path := rapid.StringMatching(`/[a-zA-Z0-9/_.%{}|é]{0,20}(\?[a-z0-9&=+%]{0,20})?`).Draw(t, "path")
		if rapid.Bool().Draw(t, "raw byte") {
			path += "\xff"
		}
		origin := rapid.SampledFrom([]string{"", "", "https://example.com:8443", "http://example.com"}).Draw(t, "origin")
		if origin != "" {
			path = strings.ReplaceAll(path, "%", "%25") // or it is no URL
		}
		return origin + path
	})
}

func anyExchange() *rapid.Generator[*replay.Exchange] {
	word := rapid.StringMatching(`[A-Za-z][A-Za-z0-9_-]{0,9}`)
	maybe := func(g *rapid.Generator[string]) *rapid.Generator[string] { return rapid.OneOf(rapid.Just(""), g) }
	dotted := maybe(rapid.StringMatching(`[A-Za-z][A-Za-z0-9_]{0,5}(\.[a-z]{1,4})?`))
	line := maybe(rapid.StringMatching(`[ -~]{1,30}`))
	return rapid.Custom(func(t *rapid.T) *replay.Exchange {
		x := &replay.Exchange{
			N:  rapid.Int64Range(0, 1<<40).Draw(t, "n"),
			ID: maybe(rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)).Draw(t, "id"),
			At: rapid.OneOf(rapid.Just(time.Time{}), anyTime()).Draw(t, "at"), Remote: maybe(rapid.Just("127.0.0.1:53122")).Draw(t, "remote"),
			Provider: maybe(word).Draw(t, "provider"), Entity: dotted.Draw(t, "entity"), Action: dotted.Draw(t, "action"),
			Delivery: &verify.Delivery{
				Method: rapid.SampledFrom([]string{"POST", "GET", "PUT", "X'Y"}).Draw(t, "method"), URL: anyURL().Draw(t, "url"),
				Host: maybe(rapid.SampledFrom([]string{"example.com", "localhost:4400", "[::1]:80", "odd_host,x"})).Draw(t, "host"), Header: anyHeader().Draw(t, "header"), Body: anyBody().Draw(t, "body"),
			},
			Verdict: verify.Verdict{
				Status: rapid.SampledFrom([]verify.Status{verify.Valid, verify.Invalid, verify.Missing, verify.Unsigned, verify.Unchecked}).Draw(t, "verdict"),
				Reason: verify.Reason(line.Draw(t, "reason")), Secret: line.Draw(t, "secret"), Development: rapid.Bool().Draw(t, "development"), Detail: line.Draw(t, "detail"),
			},
			Status: rapid.SampledFrom([]int{0, 200, 503}).Draw(t, "status"), Cut: line.Draw(t, "cut"), Altered: line.Draw(t, "altered"),
			Notes: rapid.SliceOfN(rapid.StringMatching(`[ -~]{1,30}`), 0, 3).Draw(t, "notes"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "attempts") {
			r := verify.Result{
				Target: "http://localhost:3000" + rapid.StringMatching(`/[a-zé\xff]{0,9}`).Draw(t, "target"), At: anyTime().Draw(t, "attempted"),
				Took: time.Duration(rapid.Int64Range(0, int64(24*time.Hour)).Draw(t, "took")), Replay: rapid.Bool().Draw(t, "replay"), Shadow: rapid.Bool().Draw(t, "shadow"),
				Resigned: rapid.Bool().Draw(t, "resigned"), Edited: rapid.Bool().Draw(t, "edited"),
			}
			if rapid.Bool().Draw(t, "answered") {
				r.Outcome, r.Status, r.Header, r.Body = verify.Answered, rapid.IntRange(100, 999).Draw(t, "answer"), anyHeader().Draw(t, "answer header"), anyBody().Draw(t, "answer body")
				r.Truncated = rapid.Bool().Draw(t, "truncated")
			} else {
				r.Outcome, r.Error = rapid.SampledFrom([]verify.Outcome{verify.Refused, verify.TimedOut, verify.Reset, verify.Failed, verify.Interrupted}).Draw(t, "outcome"), line.Draw(t, "error")
			}
			x.Results = append(x.Results, r)
		}
		return x
	})
}

// fataler is a test or a check of a property.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func export(t fataler, f replay.Format, o replay.ExportOptions, all ...*replay.Exchange) []byte {
	t.Helper()
	var out bytes.Buffer
	e, err := replay.NewExporter(f, &out, o)
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, x := range all {
		if err := e.Write(x); err != nil {
			t.Fatalf("write %s: %v", f, err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatalf("close %s: %v", f, err)
	}
	return out.Bytes()
}

func importAll(t fataler, raw []byte) []*replay.Exchange {
	t.Helper()
	var all []*replay.Exchange
	for x, err := range replay.Import(bytes.NewReader(raw), replay.ImportOptions{}) {
		if err != nil {
			t.Fatalf("import: %v\n%q", err, raw)
		}
		all = append(all, x)
	}
	return all
}

// What is written and read again is what it was. A body of no bytes and none at all are
// the same, as are a header block that is empty and none.
func TestRoundTrip(t *testing.T) {
	for _, f := range []replay.Format{replay.FormatBundle, replay.FormatNDJSON, replay.FormatHAR} {
		t.Run(string(f), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				want := rapid.SliceOfN(anyExchange(), 0, 4).Draw(t, "exchanges")
				raw := export(t, f, replay.ExportOptions{Version: "1"}, want...)
				if len(want) == 0 && f == replay.FormatNDJSON {
					return // no bytes, which is no file of any format
				}
				if diff := cmp.Diff(want, importAll(t, raw), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("(-exported +imported):\n%s", diff)
				}
			})
		})
	}
}

// A raw HTTP request is the request alone: the rest of an exchange is lost, and with it
// the scheme of an absolute URL.
func TestRoundTripHTTP(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := anyExchange().Draw(t, "exchange")
		delete(x.Delivery.Header, "Content-Length")
		got := importAll(t, export(t, replay.FormatHTTP, replay.ExportOptions{}, x))
		if len(got) != 1 {
			t.Fatalf("%d requests", len(got))
		}
		if len(x.Delivery.Body) > 0 {
			delete(got[0].Delivery.Header, "Content-Length")
		}
		want := *x.Delivery
		if _, rest, ok := strings.Cut(want.URL, "://"); ok {
			host, path, _ := strings.Cut(rest, "/")
			want.URL = "/" + path
			if want.Host == "" {
				want.Host = host
			}
		}
		if diff := cmp.Diff(&replay.Exchange{Delivery: &want}, got[0], cmpopts.EquateEmpty(), cmpopts.IgnoreFields(replay.Exchange{}, "Verdict")); diff != "" {
			t.Fatalf("(-exported +imported):\n%s", diff)
		}
	})
}

// No form of an exchange can act on a terminal but the raw ones.
func TestExportsAreVisible(t *testing.T) {
	for _, c := range displaytest.Classes {
		x := sample(c.Payload)
		for _, f := range []replay.Format{replay.FormatNDJSON, replay.FormatHAR, replay.FormatCSV, replay.FormatCurl} {
			text := string(export(t, f, replay.ExportOptions{}, x))
			if fault := displaytest.Fault(text, true); fault != "" {
				t.Errorf("%s: %s: %s in %q", f, c.Name, fault, text)
			}
		}
	}
}

// sample is an exchange whose every text holds a payload.
func sample(payload string) *replay.Exchange {
	value := strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, payload)
	d := &verify.Delivery{Method: "POST", URL: "/rentman?q=" + strings.NewReplacer(" ", "+", "\t", "").Replace(value), Host: "example.com",
		Header: http.Header{"X-Note": {value}, "Content-Type": {"text/plain"}}, Body: []byte(payload)}
	return &replay.Exchange{
		N: 7, ID: "01890000-0000-7000-8000-000000000007", At: time.Unix(1700000000, 123).UTC(), Remote: "127.0.0.1:5000",
		Provider: "rentman", Entity: "Contact", Action: "create", Delivery: d, Notes: []string{payload}, Status: 200,
		Verdict: verify.Verdict{Status: verify.Invalid, Reason: verify.WrongValue, Detail: payload},
		Results: []verify.Result{
			{Target: "http://localhost:3000/a", At: time.Unix(1700000001, 0).UTC(), Took: time.Millisecond, Outcome: verify.Refused, Error: payload},
			{Target: "http://localhost:3000/b", At: time.Unix(1700000002, 0).UTC(), Took: 12345678, Outcome: verify.Answered, Status: 500, Header: http.Header{"X-Note": {value}}, Body: []byte(payload)},
		},
	}
}

func harSchema(t *testing.T) *jsonschema.Resolved {
	t.Helper()
	text, err := os.ReadFile("testdata/har-1.2.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

// Every HAR keeps to the format, also an empty one.
func TestHARKeepsToItsSchema(t *testing.T) {
	schema := harSchema(t)
	validate := func(t fataler, raw []byte) {
		var value any
		if err := json.Unmarshal(raw, &value); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
		if err := schema.Validate(value); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
	}
	validate(t, export(t, replay.FormatHAR, replay.ExportOptions{}))
	rapid.Check(t, func(t *rapid.T) {
		validate(t, export(t, replay.FormatHAR, replay.ExportOptions{Version: "1.0"}, rapid.SliceOfN(anyExchange(), 1, 3).Draw(t, "exchanges")...))
	})
	for _, wrong := range []string{`{}`, `{"log":{"version":"1.2","creator":{"name":"x","version":"1"},"entries":[{}]}}`, `{"log":{"version":"1.2","entries":[]}}`} {
		var value any
		if err := json.Unmarshal([]byte(wrong), &value); err != nil {
			t.Fatal(err)
		}
		if schema.Validate(value) == nil {
			t.Errorf("%s keeps to the schema", wrong)
		}
	}
}

func TestHARReads(t *testing.T) {
	x := sample("\xff")
	x.Delivery.URL, x.Delivery.Header = "/a b"[:2]+"?x=1&y=%2F", http.Header{"Content-Type": {"application/octet-stream"}}
	raw := export(t, replay.FormatHAR, replay.ExportOptions{Version: "1.0"}, x)
	var har struct {
		Log struct {
			Entries []struct {
				Time    float64
				Request struct {
					URL         string
					QueryString []struct{ Name, Value string }
					PostData    struct{ MimeType, Text, Encoding string }
				}
				Response struct {
					Status     int
					StatusText string
					Content    struct{ Text, Encoding string }
				}
				Attempts []struct{ Outcome string } `json:"_attempts"`
			}
		}
	}
	if err := json.Unmarshal(raw, &har); err != nil {
		t.Fatal(err)
	}
	e := har.Log.Entries[0]
	got := []any{e.Time, e.Request.URL, e.Request.QueryString[1].Value, e.Request.PostData.Text, e.Request.PostData.Encoding, e.Response.Status, e.Response.StatusText, e.Response.Content.Text, e.Attempts[0].Outcome}
	want := []any{12.345678, "http://example.com/a?x=1&y=%2F", "/", "/w==", "base64", 500, "Internal Server Error", "/w==", "refused"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A table reads back with an ordinary parser, and no cell of it is a formula.
func TestCSV(t *testing.T) {
	payloads := []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "|calc", "%0A", "＝1", "\u00a0=1", "\ufeff=1", `=cmd|' /C calc'!A0`, `","=1`, "\"\n=1", "plain", `quoted "text", with commas`}
	for _, c := range displaytest.Classes {
		payloads = append(payloads, c.Payload)
	}
	var all []*replay.Exchange
	for _, p := range payloads {
		x := sample(p)
		x.Provider, x.Remote, x.Cut = p, p, p
		all = append(all, x)
	}
	records, err := csv.NewReader(bytes.NewReader(export(t, replay.FormatCSV, replay.ExportOptions{}, all...))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != len(payloads)+1 {
		t.Fatalf("%d rows for %d events", len(records), len(payloads))
	}
	column := map[string]int{}
	for i, name := range records[0] {
		column[name] = i
	}
	for i, record := range records[1:] {
		for j, cell := range record {
			if trimmed := strings.TrimLeft(cell, " \u00a0\ufeff\u3000\t\r\n"); trimmed != "" && strings.ContainsRune("=+-@|%＝＋－＠", []rune(trimmed)[0]) {
				t.Errorf("%q: %s is %q, which can be a formula", payloads[i], records[0][j], cell)
			}
			if fault := displaytest.Fault(cell, false); fault != "" {
				t.Errorf("%q: %s: %s", payloads[i], records[0][j], fault)
			}
		}
	}
	row := records[len("=1")+15] // "plain"
	for name, want := range map[string]string{"n": "7", "time": "2023-11-14T22:13:20.000000123Z", "event": "Contact.create", "verdict": "invalid", "reason": "wrong value",
		"body": "plain", "body_bytes": "5", "answered": "500", "attempts": "2", "outcome": "answered", "target": "http://localhost:3000/b", "took_ms": "12.345678"} {
		if got := row[column[name]]; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	long := sample(strings.Repeat("ä", 100000))
	records, err = csv.NewReader(bytes.NewReader(export(t, replay.FormatCSV, replay.ExportOptions{}, long))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, cell := range records[1] {
		if n := len([]rune(cell)); n > 32767 {
			t.Errorf("%s has %d characters, more than a spreadsheet takes", records[0][i], n)
		}
	}
}

// The script of several events sends each of them byte for byte.
func TestCurlScriptSendsTheSameBytes(t *testing.T) {
	needsCurl(t)
	for _, payload := range []string{`{"it's": "$HOME"}`, allBytes(), strings.Repeat("long ", 20000)} {
		x := sample("x\n$(touch pwned)\n`id`")
		x.Provider = "rentman\nrm -rf ."
		x.Delivery = &verify.Delivery{Method: "POST", URL: "/rentman?a=1", Header: http.Header{"Content-Type": {"text/plain"}, "Digest": {"sha512=ab"}}, Body: []byte(payload)}
		got := run(t, func(target string) string {
			return string(export(t, replay.FormatCurl, replay.ExportOptions{Target: target}, x))
		})
		if string(got.Body) != payload || got.URL != "/rentman?a=1" || got.Header.Get("Digest") != "sha512=ab" {
			t.Errorf("got %s %.100q, want %.100q", got.URL, got.Body, payload)
		}
	}
}

func TestCurlScriptTarget(t *testing.T) {
	x := sample("x")
	for want, change := range map[string]func(o *replay.ExportOptions){
		"http://localhost:3000/b":         func(*replay.ExportOptions) {},
		"http://127.0.0.1:9/rentman?q=x":  func(o *replay.ExportOptions) { o.Target = "9" },
		"https://example.com/hooks?q=x":   func(o *replay.ExportOptions) { o.Target = "https://example.com/hooks" },
		"http://127.0.0.1:4400/rentman?q": func(*replay.ExportOptions) { x = sample("x"); x.Results = nil },
	} {
		x = sample("x")
		var o replay.ExportOptions
		change(&o)
		if text := string(export(t, replay.FormatCurl, o, x)); !strings.Contains(text, want) || !strings.HasPrefix(text, "#!/bin/sh\n\n# 7 rentman/Contact.create 2023-11-14T22:13:20Z\ncurl ") {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

func TestSingleFormat(t *testing.T) {
	e, err := replay.NewExporter(replay.FormatHTTP, &bytes.Buffer{}, replay.ExportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Write(sample("a")); err != nil {
		t.Fatal(err)
	}
	if err := e.Write(sample("b")); !errors.Is(err, replay.ErrSingle) {
		t.Errorf("a second request: %v", err)
	}
	if _, err := replay.NewExporter("xml", &bytes.Buffer{}, replay.ExportOptions{}); err == nil {
		t.Error("an unknown format is written")
	}
}

func TestFileName(t *testing.T) {
	x := &replay.Exchange{N: 42, Provider: "../..\\x", Entity: "a/b\x00\u202E", Action: strings.Repeat("y", 500)}
	got := replay.FileName(x, replay.FormatHTTP)
	if !strings.HasPrefix(got, "000042-..-..-x-a-b") || strings.Trim(got, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") != "" || len(got) > 200 {
		t.Errorf("got %q", got)
	}
}

func TestMilliseconds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := replay.Milliseconds(rapid.Int64Range(-1e15, 1e15).Draw(t, "ns"))
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got replay.Milliseconds
		if err := json.Unmarshal(text, &got); err != nil || got != want {
			t.Fatalf("%s: got %d, want %d, %v", text, got, want, err)
		}
	})
}
