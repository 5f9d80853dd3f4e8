package replay_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"whk/replay"
	"whk/verify"
)

// taken is what an import came to.
type taken struct {
	all     []*replay.Exchange
	skipped []string
	err     error
}

func importText(text string, o replay.ImportOptions) (got taken) {
	for x, err := range replay.Import(strings.NewReader(text), o) {
		skipped, ok := errors.AsType[*replay.SkippedError](err)
		switch {
		case ok:
			got.skipped = append(got.skipped, skipped.Error())
		case err != nil:
			got.err = err
		default:
			got.all = append(got.all, x)
		}
	}
	return got
}

func har(entries ...string) string {
	return "\xef\xbb\xbf{\n \"log\": {\"version\": \"1.2\", \"creator\": {\"name\": \"x\"}, \"pages\": [{\"id\": [[{}]]}],\n \"entries\": [" + strings.Join(entries, ",") + "], \"comment\": \"\"}, \"more\": 1}"
}

// Browsers and proxies write entries that lack a lot.
func TestImportForeignHAR(t *testing.T) {
	at := time.Date(2025, 3, 1, 10, 0, 0, 5e6, time.UTC)
	tests := []struct {
		name, entry string
		want        replay.Exchange
	}{
		{"as a browser writes it", `{"_initiator": {"type": "script"}, "_priority": "High", "pageref": "p", "startedDateTime": "2025-03-01T11:00:00.005+01:00", "time": 12.5, "serverIPAddress": "",
			"request": {"method": "POST", "url": "https://hooks.example.com/rentman?a=1&b=%20x#frag", "httpVersion": "h2",
				"headers": [{"name": ":authority", "value": "hooks.example.com"}, {"name": ":method", "value": "POST"}, {"name": ":path", "value": "/rentman"}, {"name": "digest", "value": "sha512=ab"}, {"name": "x-a", "value": "2"}, {"name": "X-A", "value": "1"}],
				"queryString": [{"name": "a", "value": "1"}], "cookies": [{"name": "s", "value": "1"}, {"name": "t", "value": "2"}], "headersSize": -1, "bodySize": 11, "postData": {"mimeType": "application/json", "text": "{\"é\": true}"}},
			"response": {"status": 200, "statusText": "OK", "headers": [{"name": "set-cookie", "value": "a=1\nb=2"}, {"name": "bad name", "value": "x"}], "content": {"size": 3, "mimeType": "image/png", "text": "/wD/", "encoding": "base64"}, "redirectURL": ""}, "cache": {}, "timings": {}}`,
			replay.Exchange{At: at, Delivery: &verify.Delivery{Method: "POST", URL: "/rentman?a=1&b=%20x", Host: "hooks.example.com",
				Header: http.Header{"Digest": {"sha512=ab"}, "X-A": {"2", "1"}, "Cookie": {"s=1; t=2"}, "Content-Type": {"application/json"}}, Body: []byte("{\"é\": true}")},
				Altered: "the file holds 12 bytes of a body of 11",
				Results: []verify.Result{{Target: "https://hooks.example.com/rentman?a=1&b=%20x#frag", At: at, Took: 12500 * time.Microsecond, Outcome: verify.Answered, Status: 200, Header: http.Header{"Set-Cookie": {"a=1", "b=2"}}, Body: []byte{0xff, 0, 0xff}}}}},
		{"as a proxy writes it", `{"startedDateTime": "2025-03-01T10:00:00.005000+00:00", "time": 3, "request": {"method": "POST", "url": "http://localhost:4400/ploomes", "httpVersion": "HTTP/1.1", "cookies": [], "headers": [{"name": "Host", "value": "localhost:4400"}, {"name": "Content-Length", "value": "2"}], "bodySize": 2, "postData": {"mimeType": "", "text": "{}", "params": []}}, "response": {"status": 0, "_error": "net::ERR_FAILED"}}`,
			replay.Exchange{At: at, Delivery: &verify.Delivery{Method: "POST", URL: "/ploomes", Host: "localhost:4400", Header: http.Header{"Content-Length": {"2"}}, Body: []byte("{}")},
				Results: []verify.Result{{Target: "http://localhost:4400/ploomes", At: at, Took: 3 * time.Millisecond, Outcome: verify.Failed, Error: "net::ERR_FAILED"}}}},
		{"next to nothing", `{"request": {"url": "http://example.com"}}`,
			replay.Exchange{Delivery: &verify.Delivery{Method: "GET", URL: "/", Host: "example.com"}}},
		{"HTTP/2 alone", `{"request": {"headers": [{"name": ":method", "value": "PUT"}, {"name": ":path", "value": "/x?y"}, {"name": ":authority", "value": "h:1"}]}}`,
			replay.Exchange{Delivery: &verify.Delivery{Method: "PUT", URL: "/x?y", Host: "h:1"}}},
		{"parameters of a form", `{"request": {"method": "POST", "url": "http://h/", "postData": {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "Action", "value": "a b&"}, {"name": "q", "value": "x%20y%2F"}, {"name": "e"}]}}}`,
			replay.Exchange{Delivery: &verify.Delivery{Method: "POST", URL: "/", Host: "h", Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte("Action=a+b%26&q=x%2520y%252F&e=")}, Altered: "the body was put together from its parameters"}},
		{"parts of a form", `{"request": {"method": "POST", "url": "http://h/", "postData": {"mimeType": "multipart/form-data; boundary=x", "params": [{"name": "f", "fileName": "/etc/passwd", "contentType": "text/plain"}]}}}`,
			replay.Exchange{Delivery: &verify.Delivery{Method: "POST", URL: "/", Host: "h"}, Cut: "the file holds the parts of a form, and not the body"}},
		{"text in base64", `{"request": {"method": "POST", "url": "http://h/", "bodySize": 2, "postData": {"text": "/wA=", "encoding": "base64"}}}`,
			replay.Exchange{Delivery: &verify.Delivery{Method: "POST", URL: "/", Host: "h", Body: []byte{0xff, 0}}}},
		{"base64 that is none", `{"request": {"method": "POST", "url": "http://h/", "postData": {"text": "!!!", "encoding": "base64"}}}`,
			replay.Exchange{Delivery: &verify.Delivery{Method: "POST", URL: "/", Host: "h"}, Cut: "the file holds the body in base64 that does not decode"}},
		{"a body that was left out", `{"request": {"method": "POST", "url": "http://h/", "bodySize": 7}}`,
			replay.Exchange{Delivery: &verify.Delivery{Method: "POST", URL: "/", Host: "h"}, Cut: "the file does not hold the body, 7 bytes"}},
		{"a body that was no text", `{"request": {"method": "POST", "url": "http://h/", "bodySize": 2, "postData": {"text": "\ufffda"}}}`,
			replay.Exchange{Delivery: &verify.Delivery{Method: "POST", URL: "/", Host: "h", Body: []byte("\ufffda")}, Altered: "the file holds 4 bytes of a body of 2: what was not text was lost in it"}},
		{"values of other kinds", `{"startedDateTime": 17, "time": "4", "request": {"method": "POST", "url": "http://h/", "headers": [{"name": "X-N", "value": 3}], "bodySize": "x", "cookies": {}, "postData": {"text": null}}, "response": {"status": "201"}}`,
			replay.Exchange{Delivery: &verify.Delivery{Method: "POST", URL: "/", Host: "h", Header: http.Header{"X-N": {"3"}}}, Notes: []string{"the HAR is not well formed: request.cookies: a JSON object is not what belongs there"},
				Results: []verify.Result{{Target: "http://h/", Took: 4 * time.Millisecond, Outcome: verify.Answered, Status: 201}}}},
		{"headers that cannot be", `{"request": {"method": "POST", "url": "http://h/a b", "headers": [{"name": "X A", "value": "1"}, {"name": "X-B", "value": "1\r\nX-C: 2"}]}}`,
			replay.Exchange{Delivery: &verify.Delivery{Method: "POST", URL: "/a%20b", Host: "h"}, Notes: []string{"a header that cannot be one was left out", "a header that cannot be one was left out"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := importText(har(tt.entry), replay.ImportOptions{})
			if got.err != nil || len(got.all) != 1 {
				t.Fatalf("%d events, %q, %v", len(got.all), got.skipped, got.err)
			}
			if got.all[0].Verdict.Status != verify.Unchecked {
				t.Errorf("verdict %s", got.all[0].Verdict)
			}
			if diff := cmp.Diff(&tt.want, got.all[0], cmpopts.EquateEmpty(), cmpopts.IgnoreFields(replay.Exchange{}, "Verdict")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What cannot have been a request is passed over by its number, and the rest is read.
func TestImportSkips(t *testing.T) {
	const good = `{"request": {"method": "POST", "url": "http://h/"}}`
	event := func(fields string) string {
		return `{"type":"event","method":"POST","url":"/","host":"h","headers":{},"body":""` + fields + "}\n"
	}
	tests := []struct{ name, text, says string }{
		{"HAR: data", har(good, `{"request": {"url": "data:text/html,x"}}`, good), "event 2: its URL is not one of HTTP"},
		{"HAR: no URL", har(good, `{"request": {}}`, good), "event 2: it has no URL"},
		{"HAR: no object", har(good, `[1]`, good), "event 2: "},
		{"HAR: method", har(good, `{"request": {"method": "A B", "url": "http://h/"}}`, good), "event 2: method"},
		{"HAR: CONNECT", har(good, `{"request": {"method": "CONNECT", "url": "http://h/"}}`, good), "event 2: method CONNECT"},
		{"HAR: host", har(good, `{"request": {"url": "http://h/", "headers": [{"name": "Host", "value": "a b"}]}}`, good), "event 2: its Host is none"},
		{"lines: value", event("") + event(`,"headers":{"X-A":["a\r\nX-B: 1"]}`) + event(""), "event 2: header X-A: byte 2 of the value is a carriage return"},
		{"lines: name", event("") + event(`,"headers":{"X A":["a"]}`) + event(""), "event 2: header name"},
		{"lines: a body that is an object", event("") + event(`,"body":{"a":1}`) + event(""), "event 2: body: a JSON object is not what belongs there"},
		{"lines: base64", event("") + event(`,"body_base64":"!"`) + event(""), "event 2: "},
		{"lines: no event", event("") + "{\"hello\":1}\n" + event(""), "event 2: this is no event"},
		{"lines: url", event("") + event(`,"url":"/a b"`) + event(""), "event 2: path: byte 3"},
		{"lines: no url", event("") + event(`,"url":""`) + event(""), "event 2: it has no URL"},
		{"lines: too many headers", event("") + event(`,"headers":{"X-A":[`+strings.Repeat(`"",`, 10001)+`""]}`) + event(""), "are too many"},
		{"lines: too many attempts", event("") + event(`,"attempts":[`+strings.Repeat(`{},`, 10001)+`{}]`) + event(""), "attempts are the most"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := importText(tt.text, replay.ImportOptions{})
			if got.err != nil || len(got.all) != 2 || len(got.skipped) != 1 || !strings.Contains(got.skipped[0], tt.says) {
				t.Errorf("%d events, skipped %q, %v", len(got.all), got.skipped, got.err)
			}
		})
	}
}

func TestImportRefuses(t *testing.T) {
	deep := strings.Repeat("[", 1<<20)
	bundle := string(export(t, replay.FormatBundle, replay.ExportOptions{}, sample("a"), sample("b")))
	tests := []struct{ name, text, says string }{
		{"nothing", "", "the file is empty"},
		{"blanks", " \n\t", "the file is empty"},
		{"a list", "[1]", "JSON array"},
		{"csv", string(export(t, replay.FormatCSV, replay.ExportOptions{}, sample("a"))), "written and not read"},
		{"a script", "#!/bin/sh\ncurl http://h/", "written and not read"},
		{"a command", "curl http://h/", "written and not read"},
		{"prose", "hello", "expected a request line"},
		{"HAR without entries", `{"log": {}}`, "it has no log.entries"},
		{"HAR that is a list", `{"log": []}`, "an object was expected"},
		{"HAR with entries of another kind", `{"log": {"entries": {}}}`, "a list was expected"},
		{"HAR cut off", har(`{"request": {"url": "http://h/"}}`)[:150], "read HAR: "},
		{"HAR nested too deep", `{"log": {"entries": [` + deep, "not JSON at byte"},
		{"HAR nested too deep before its entries", `{"log": {"pages": ` + deep, "not JSON at byte"},
		{"lines nested too deep", `{"a": ` + deep, "object 1: not JSON at byte"},
		{"lines cut off", `{"type":"event","method":"PO`, "object 1: the JSON ends before it is complete"},
		{"no JSON", "{hello}", "object 1: not JSON"},
		{"lines of a newer whk", `{"type":"event","schema":2,"method":"POST","url":"/"}`, "newer whk"},
		{"bundle of a newer whk", "whk-bundle 2\n", "a bundle of version 2"},
		{"bundle of no version", "whk-bundle x\n", "not as whk writes a bundle"},
		{"bundle without an end", "whk-bundle 1\n", "it was cut off"},
		{"bundle cut off", bundle[:len(bundle)/2], "it was cut off"},
		{"bundle without its last line", bundle[:strings.LastIndex(bundle, "end ")], "it was cut off"},
		{"bundle with something behind it", bundle + "x", "bytes follow the end"},
		{"bundle that announces too much", "whk-bundle 1\nevent 9 2000000000 aa\n", "larger than whk would take"},
		{"bundle that announces more than comes", "whk-bundle 1\nevent 9 60000000 aa\n{}", "it was cut off"},
		{"bundle with negative lengths", "whk-bundle 1\nevent -1 2 aa\n", "not as whk writes a bundle"},
		{"bundle with an endless line", "whk-bundle 1\n" + strings.Repeat("e", 1<<16), "not as whk writes a bundle"},
		{"bundle with an event taken out", "whk-bundle 1\n" + bundle[strings.LastIndex(bundle, "event "):], "taken out or moved"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := importText(tt.text, replay.ImportOptions{})
			if got.err == nil || !strings.Contains(got.err.Error(), tt.says) {
				t.Errorf("got %v, want %q", got.err, tt.says)
			}
			if got.err != nil && len(got.err.Error()) > 400 {
				t.Errorf("an error of %d bytes", len(got.err.Error()))
			}
		})
	}
	t.Run("a file that is too large", func(t *testing.T) {
		for _, f := range []replay.Format{replay.FormatBundle, replay.FormatNDJSON, replay.FormatHAR, replay.FormatHTTP} {
			raw := export(t, f, replay.ExportOptions{}, sample(strings.Repeat("x", 1<<20)))
			if got := importText(string(raw), replay.ImportOptions{MaxFile: int64(len(raw) - 1)}); got.err == nil || !strings.Contains(got.err.Error(), "larger than") {
				t.Errorf("%s: %v", f, got.err)
			}
			if got := importText(string(raw), replay.ImportOptions{MaxFile: int64(len(raw))}); got.err != nil || len(got.all) != 1 {
				t.Errorf("%s: a file of just the size: %v", f, got.err)
			}
		}
	})
}

// A flipped bit costs the event that it is in, and no other.
func TestBundleChecksums(t *testing.T) {
	bundle := export(t, replay.FormatBundle, replay.ExportOptions{}, sample("first"), sample("second"), sample("third"))
	at := bytes.Index(bundle, []byte("second"))
	bundle[at] ^= 1
	got := importText(string(bundle), replay.ImportOptions{})
	if got.err != nil || len(got.all) != 2 || len(got.skipped) != 1 || !strings.Contains(got.skipped[0], "event 2: its bytes do not match their checksum") {
		t.Errorf("%d events, %q, %v", len(got.all), got.skipped, got.err)
	}
}

// Lines of a listener's log that are no events are passed over, and so is the layout.
func TestImportLinesOfALog(t *testing.T) {
	raw := string(export(t, replay.FormatNDJSON, replay.ExportOptions{}, sample("a")))
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(raw), "", "  "); err != nil {
		t.Fatal(err)
	}
	got := importText(`{"type":"ready","schema":1,"url":"http://127.0.0.1:4400"}`+"\n"+indented.String()+"\n"+`{"type":"attempt","event":7,"method":3}`+"\n\n", replay.ImportOptions{})
	if got.err != nil || len(got.all) != 1 || len(got.skipped) > 0 {
		t.Errorf("%d events, %q, %v", len(got.all), got.skipped, got.err)
	}
}

// A file cannot make up what a receiver would not have written.
func TestImportBelievesNothing(t *testing.T) {
	line := `{"type":"event","n":-5,"id":"../../etc","time":"9999-01-01T00:00:00Z","remote":"\u001b[2J","provider":"a/../b","event":"x y","verdict":{"status":"splendid","detail":"\u202e"},
		"status":-3,"cut":"\u001b]0;x\u0007","notes":["a\nb"],"method":"POST","url":"/","host":"h","headers":{"x-a":["1"],"X-A":["0"]},"body":"x",
		"attempts":[{"target":"http://h/","time":"0001-01-01T00:00:00Z","took_ms":-1e300,"outcome":"wonderful","status":70000}]}`
	got := importText(line, replay.ImportOptions{})
	if got.err != nil || len(got.all) != 1 {
		t.Fatalf("%q, %v", got.skipped, got.err)
	}
	want := &replay.Exchange{
		N: -5, Remote: `\x1b[2J`, Verdict: verify.Verdict{Status: verify.Unchecked, Detail: `\u{202E}`}, Cut: `\x1b]0;x\x07`, Notes: []string{`a\nb`},
		Delivery: &verify.Delivery{Method: "POST", URL: "/", Host: "h", Header: http.Header{"X-A": {"0", "1"}}, Body: []byte("x")},
		Results:  []verify.Result{{Target: "http://h/", Outcome: verify.Failed}},
	}
	if diff := cmp.Diff(want, got.all[0], cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestContentID(t *testing.T) {
	x := sample("a")
	id := x.ContentID()
	if len(id) != 36 || id[14] != '7' || !strings.Contains("89ab", id[19:20]) || !strings.HasPrefix(id, "018bcfe5-6800-") {
		t.Errorf("%s is no UUIDv7 of 2023-11-14T22:13:20Z", id)
	}
	if again := sample("a").ContentID(); again != id {
		t.Errorf("the same request gives %s and %s", id, again)
	}
	for name, change := range map[string]func(x *replay.Exchange){
		"body":   func(x *replay.Exchange) { x.Delivery.Body = []byte("b") },
		"header": func(x *replay.Exchange) { x.Delivery.Header.Add("X-A", "1") },
		"time":   func(x *replay.Exchange) { x.At = x.At.Add(1) },
		"url":    func(x *replay.Exchange) { x.Delivery.URL += "x" },
	} {
		other := sample("a")
		change(other)
		if other.ContentID() == id {
			t.Errorf("another %s gives the same id", name)
		}
	}
}

// No export holds a secret that the redactor knows, in whatever spelling.
func TestExportsHoldNoSecret(t *testing.T) {
	b := []byte(canary)
	quoted, _ := json.Marshal(canary)
	needles := []string{canary, string(quoted[1 : len(quoted)-1]), hex.EncodeToString(b), base64.StdEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b), url.QueryEscape(canary), url.PathEscape(canary), "another-canary"}
	r := replay.NewRedactor([]verify.Secret{verify.NewSecret("env KEY", canary)}, []string{"X-Validation-Key"})
	everywhere := strings.Join(needles[:7], " and ")
	x := sample("x")
	x.Delivery.URL = "/?key=" + url.QueryEscape(canary) + "&hex=" + hex.EncodeToString(b)
	x.Delivery.Header = http.Header{"X-Validation-Key": {"another-canary"}, "Authorization": {"Bearer another-canary"}, "X-Note": {everywhere}}
	x.Notes, x.Verdict.Detail = []string{everywhere}, everywhere
	x.Results[0].Error, x.Results[0].Target = everywhere, "http://h/"+url.PathEscape(canary)
	x.Results[1].Header = http.Header{"Set-Cookie": {"another-canary"}, "X-Echo": {everywhere}}
	for _, body := range []string{everywhere, "\xff\x00" + everywhere + "\xff"} {
		x.Delivery.Body, x.Results[1].Body = []byte(body), []byte("you said "+body)
		for _, f := range []replay.Format{replay.FormatBundle, replay.FormatNDJSON, replay.FormatHAR, replay.FormatHTTP, replay.FormatCurl, replay.FormatCSV} {
			masked := string(export(t, f, replay.ExportOptions{Redactor: r, Target: "9"}, x))
			plain := string(export(t, f, replay.ExportOptions{Target: "9"}, x))
			for _, text := range []string{masked, decoded(masked)} {
				for _, needle := range needles {
					if strings.Contains(text, needle) {
						t.Errorf("%s holds %q:\n%s", f, needle, text)
					}
				}
			}
			if !strings.Contains(plain, needles[2]) {
				t.Errorf("%s without a redactor does not hold the secret", f)
			}
			if f != replay.FormatCSV && f != replay.FormatCurl {
				if got := importAll(t, []byte(masked)); got[0].Altered != replay.MaskedSecrets {
					t.Errorf("%s does not say that secrets are masked: %q", f, got[0].Altered)
				}
			}
		}
	}
}

// decoded is everything in a text that is base64, as it was before.
func decoded(text string) string {
	var out strings.Builder
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/", r)
	}) {
		if b, err := base64.RawStdEncoding.DecodeString(word); err == nil {
			out.Write(b)
		}
	}
	return out.String()
}

// fuzzImport imports whatever comes. What was taken is fit to be written and read again,
// and stays the same.
func fuzzImport(t *testing.T, format replay.Format, raw []byte) {
	n := 0
	for x, err := range replay.Import(bytes.NewReader(raw), replay.ImportOptions{Format: format}) {
		if n++; n > len(raw)+1 {
			t.Fatal("more events than bytes")
		}
		if err != nil {
			if text := err.Error(); strings.ContainsAny(text, "\x1b\x00\r") || len(text) > 1000 {
				t.Fatalf("error %q", text)
			}
			continue
		}
		for _, again := range []replay.Format{replay.FormatBundle, replay.FormatNDJSON, replay.FormatHAR} {
			got := importText(string(export(t, again, replay.ExportOptions{}, x)), replay.ImportOptions{Format: again})
			if got.err != nil || len(got.all) != 1 {
				t.Fatalf("%s: %q, %v for %+v", again, got.skipped, got.err, x)
			}
			if diff := cmp.Diff(x, got.all[0], cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s (-imported +again):\n%s", again, diff)
			}
		}
		if err := replay.WriteHTTP(&bytes.Buffer{}, x.Delivery); err != nil {
			t.Fatalf("%v for %+v", err, x.Delivery)
		}
	}
}

func FuzzImportHAR(f *testing.F) {
	f.Add(export(f, replay.FormatHAR, replay.ExportOptions{}, sample("a\xff"), sample("\u202e")))
	f.Add([]byte(har(`{"request": {"headers": [{"name": ":path", "value": "/"}], "postData": {"params": [{"name": "a"}]}}, "response": {"status": 204}}`)))
	f.Add([]byte(`{"log": {"entries": [{"request": {"url": "http://h/?%", "postData": {"text": "/w==", "encoding": "base64"}}, "_whk": {"url": "/x"}}]}}`))
	f.Fuzz(func(t *testing.T, raw []byte) { fuzzImport(t, replay.FormatHAR, raw) })
}

func FuzzImportNDJSON(f *testing.F) {
	f.Add(export(f, replay.FormatNDJSON, replay.ExportOptions{}, sample("a\xff"), sample("\u202e")))
	f.Add([]byte(`{"type":"event","method":"","url":"/","headers":{"host":["h"]},"took_ms":1e400,"attempts":[{"headers":{}}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) { fuzzImport(t, replay.FormatNDJSON, raw) })
}

// The second and third argument become a frame whose checksum is right, or nothing
// behind the checksum would ever be reached.
func FuzzImportBundle(f *testing.F) {
	raw := export(f, replay.FormatBundle, replay.ExportOptions{}, sample("a\xff"), sample("\u202e"))
	f.Add(raw, `{"method":"POST","url":"/","host":"h","headers":{"X-A":["1"]},"attempts":[{"outcome":"answered"}],"sizes":[3,1]}`, []byte("abcd"))
	f.Add(raw[:len(raw)-10], `{"method":"POST","url":"/","body":"x","sizes":[0]}`, []byte(nil))
	f.Add([]byte("whk-bundle 1\nevent 2 0 44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\n{}\nend 1 00\n"), "{}", []byte("x"))
	f.Fuzz(func(t *testing.T, raw []byte, head string, payload []byte) {
		fuzzImport(t, replay.FormatBundle, raw)
		sum := sha256.Sum256(slices.Concat([]byte(head), payload))
		end := sha256.Sum256([]byte(hex.EncodeToString(sum[:])))
		fuzzImport(t, replay.FormatBundle, fmt.Appendf(nil, "whk-bundle 1\nevent %d %d %x\n%s%s\nend 1 %x\n", len(head), len(payload), sum, head, payload, end))
	})
}
