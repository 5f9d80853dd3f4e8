package replay_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"whk/replay"
	"whk/verify"
)

func TestParseHTTP(t *testing.T) {
	tests := []struct {
		name, in string
		want     verify.Delivery
		notes    []string
	}{
		{"as on the wire", "POST /rentman?a=1 HTTP/1.1\r\nHost: example.com\r\nDigest: sha512=ab\r\nContent-Length: 2\r\n\r\n{}",
			verify.Delivery{Method: "POST", URL: "/rentman?a=1", Host: "example.com", Header: http.Header{"Digest": {"sha512=ab"}, "Content-Length": {"2"}}, Body: []byte("{}")}, nil},
		{"written by hand", "POST /x\ncontent-type:application/json\n\n{\"a\":\r\n1}\n",
			verify.Delivery{Method: "POST", URL: "/x", Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte("{\"a\":\r\n1}\n")}, nil},
		{"no body and no blank line", "GET /ubiqo?lat=1 HTTP/1.0\nHost: h",
			verify.Delivery{Method: "GET", URL: "/ubiqo?lat=1", Host: "h", Header: http.Header{}}, nil},
		{"several values, empty values and blanks around", "POST / HTTP/2\nx-a:  2 \nX-B:\nX-A:\t1\n\n",
			verify.Delivery{Method: "POST", URL: "/", Header: http.Header{"X-A": {"2", "1"}, "X-B": {""}}}, nil},
		{"blank lines before it", "\r\n\nPUT / HTTP/1.1\n\nx",
			verify.Delivery{Method: "PUT", URL: "/", Header: http.Header{}, Body: []byte("x")}, nil},
		{"an absolute URL, as to a proxy", "POST http://u:p@example.com:80/x?y HTTP/1.1\n\n",
			verify.Delivery{Method: "POST", URL: "http://u:p@example.com:80/x?y", Host: "example.com:80", Header: http.Header{}}, nil},
		{"a byte order mark", "\ufeffPOST / HTTP/1.1\n\n",
			verify.Delivery{Method: "POST", URL: "/", Header: http.Header{}}, []string{"byte order mark"}},
		{"any bytes as the body", "POST / HTTP/1.1\n\n\x00\xff\r\n\r\n\x1b",
			verify.Delivery{Method: "POST", URL: "/", Header: http.Header{}, Body: []byte("\x00\xff\r\n\r\n\x1b")}, nil},
		{"a newline that an editor added", "POST / HTTP/1.1\nContent-Length: 2\n\n{}\n",
			verify.Delivery{Method: "POST", URL: "/", Header: http.Header{"Content-Length": {"2"}}, Body: []byte("{}")}, []string{"Content-Length says 2, and 1 more bytes follow, line ends as an editor adds"}},
		{"more than declared", "POST / HTTP/1.1\nContent-Length: 2\n\n{}GET /",
			verify.Delivery{Method: "POST", URL: "/", Header: http.Header{"Content-Length": {"2"}}, Body: []byte("{}")}, []string{"5 more bytes follow, which were left out"}},
		{"less than declared", "POST / HTTP/1.1\nContent-Length: 20\n\n{}",
			verify.Delivery{Method: "POST", URL: "/", Header: http.Header{"Content-Length": {"20"}}, Body: []byte("{}")}, []string{"18 are missing, was it cut off?"}},
		{"line ends were converted", "POST / HTTP/1.1\nContent-Length: 6\n\na\nb\n",
			verify.Delivery{Method: "POST", URL: "/", Header: http.Header{"Content-Length": {"6"}}, Body: []byte("a\nb\n")}, []string{"turned CRLF line ends into LF"}},
		{"two lengths", "POST / HTTP/1.1\nContent-Length: 1\nContent-Length: 2\n\nabc",
			verify.Delivery{Method: "POST", URL: "/", Header: http.Header{"Content-Length": {"1", "2"}}, Body: []byte("abc")}, []string{"not one number"}},
		{"chunks", "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n2\r\n{}\r\n0\r\n\r\n",
			verify.Delivery{Method: "POST", URL: "/", Header: http.Header{}, Body: []byte("{}")}, []string{"were put together"}},
		{"chunks that a proxy put together", "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n{}",
			verify.Delivery{Method: "POST", URL: "/", Header: http.Header{}, Body: []byte("{}")}, []string{"taken as it is"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, notes, err := replay.ParseHTTP(strings.NewReader(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(notes) != len(tt.notes) {
				t.Fatalf("notes %q, want %q", notes, tt.notes)
			}
			for i, want := range tt.notes {
				if !strings.Contains(notes[i], want) {
					t.Errorf("note %q does not say %q", notes[i], want)
				}
			}
		})
	}
}

func TestParseHTTPErrors(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing", "", "message is empty"},
		{"blank lines", "\r\n\n", "line 2: the message is empty"},
		{"JSON alone", "{\n  \"a\": 1\n}", "body without its head"},
		{"compact JSON alone", `{"a": "b"}`, "body without its head"},
		{"a form alone", "Action=Update&Entity=Contacts", "body without its head"},
		{"XML alone", "<a>b</a>", "body without its head"},
		{"an answer", "HTTP/1.1 200 OK\n\n", "line 1: this is an answer"},
		{"no request line", "Host: example.com\n\n", "line 1: expected a request line such as POST /rentman HTTP/1.1, got the header Host"},
		{"prose", "hello \x1b[2J world", `line 1: expected a request line such as POST /rentman HTTP/1.1, got "hello \\x1b`},
		{"a blank in the path", "POST /a b HTTP/1.1\n\n", "%20"},
		{"a control character in the path", "POST /a\x01 HTTP/1.1\n\n", "line 1: path: byte 3"},
		{"no colon", "POST / HTTP/1.1\nHost: a\nAuthorization hunter2\n\n", "line 3: expected a header (Name: value)"},
		{"no blank line before the body", "POST / HTTP/1.1\nHost: a\n{\"a\":\"hunter2\"}", "line 3: expected a header (Name: value), or a blank line before the body"},
		{"a folded header", "POST / HTTP/1.1\nX-A: 1\n  hunter2\n\n", "line 3: expected a header (Name: value), or a blank line before the body: join"},
		{"a blank in a name", "POST / HTTP/1.1\nX A: 1\n\n", `line 2: expected a header`},
		{"pseudo-headers", "POST / HTTP/2\n:method: POST\n\n", "line 2: expected a header (Name: value), or a blank line before the body: the pseudo-headers"},
		{"a NUL in a value", "POST / HTTP/1.1\nX-A: a\x00\n\n", "line 2: header X-A: byte 2 of the value is a NUL"},
		{"a bare carriage return", "POST / HTTP/1.1\nX-A: a\rX-B: b\n\n", "line 2: header X-A: byte 2 of the value is a carriage return"},
		{"two hosts", "POST / HTTP/1.1\nHost: a\nHost: b\n\n", "line 3: a second Host"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, _, err := replay.ParseHTTP(strings.NewReader(tt.in))
			if err == nil {
				t.Fatalf("parsed as %+v", d)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("error %q repeats what it should not", err)
			}
			if got, want := errors.Is(err, replay.ErrBodyOnly), strings.Contains(tt.want, "without its head"); got != want {
				t.Errorf("is ErrBodyOnly: %v, want %v", got, want)
			}
		})
	}
}

func TestWriteHTTP(t *testing.T) {
	d := &verify.Delivery{Method: "POST", URL: "https://example.com/rentman?a=1", Body: []byte("{}"),
		Header: http.Header{"X-B": {"2", "1"}, "Digest": {"sha512=ab"}, "Transfer-Encoding": {"chunked"}}}
	var got strings.Builder
	if err := replay.WriteHTTP(&got, d); err != nil {
		t.Fatal(err)
	}
	const want = "POST /rentman?a=1 HTTP/1.1\r\nHost: example.com\r\nDigest: sha512=ab\r\nX-B: 2\r\nX-B: 1\r\nContent-Length: 2\r\n\r\n{}"
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Another reader agrees.
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(got.String())))
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(r.Body); string(body) != "{}" || err != nil || r.Host != "example.com" {
		t.Errorf("net/http reads %q from %s, %v", body, r.Host, err)
	}
}

func TestWriteHTTPRefusesInjection(t *testing.T) {
	for _, d := range []*verify.Delivery{
		{Method: "POST", URL: "/", Header: http.Header{"X-A": {"1\r\nX-B: 2"}}},
		{Method: "POST", URL: "/", Host: "a\r\nX-B: 2"},
		{Method: "POST", URL: "/ HTTP/1.1\r\nX-B: 2"},
		{Method: "POST /\r\n", URL: "/"},
	} {
		var out bytes.Buffer
		if err := replay.WriteHTTP(&out, d); err == nil || out.Len() > 0 {
			t.Errorf("wrote %q, %v", out.String(), err)
		}
	}
}

// What is written reads back as the same delivery, for every delivery that can be
// written.
func FuzzWriteParse(f *testing.F) {
	f.Add("POST", "/rentman?a=1", "example.com", "Digest", "sha512=ab", "x", []byte("{}"))
	f.Add("GET", "/%20//\"'", "", "X-Umläut", "ä\xff", "", []byte("\r\n\r\n\x00"))
	f.Fuzz(func(t *testing.T, method, url, host, name, first, second string, body []byte) {
		name = http.CanonicalHeaderKey(name)
		if name == "Host" || name == "Transfer-Encoding" || name == "Content-Length" || method == "" || !strings.HasPrefix(url, "/") {
			return
		}
		trim := func(s string) string { return strings.Trim(s, " \t") }
		d := &verify.Delivery{Method: method, URL: url, Host: host, Header: http.Header{name: {trim(first), trim(second)}}, Body: body}
		var raw bytes.Buffer
		if err := replay.WriteHTTP(&raw, d); err != nil {
			return
		}
		got, notes, err := replay.ParseHTTP(&raw)
		if err != nil || len(notes) > 0 {
			t.Fatalf("%q: notes %q, %v", raw.String(), notes, err)
		}
		if len(body) > 0 {
			delete(got.Header, "Content-Length") // added, so that the message is whole
		}
		if diff := cmp.Diff(d, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// Whatever is read can be written, and reads the same again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"POST /rentman HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}\n", "GET http://a/b\n\n", "{}", "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n2\r\n{}\r\n0\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, _, err := replay.ParseHTTP(bytes.NewReader(raw))
		if err != nil || !strings.HasPrefix(d.URL, "/") {
			return
		}
		delete(d.Header, "Content-Length")
		delete(d.Header, "Transfer-Encoding") // of a kind that is not chunked
		var out bytes.Buffer
		if err := replay.WriteHTTP(&out, d); err != nil {
			t.Fatalf("read %q, but: %v", raw, err)
		}
		again, _, err := replay.ParseHTTP(&out)
		if err != nil {
			t.Fatalf("second reading: %v", err)
		}
		delete(again.Header, "Content-Length")
		if diff := cmp.Diff(d, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
	})
}
