package replay_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"whk/replay"
	"whk/verify"
	"whk/verify/display/displaytest"
)

func allBytes() string {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
}

// run has a shell run the command and returns what reached the server.
func run(t *testing.T, command func(target string) string, environ ...string) (d *verify.Delivery) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		d = &verify.Delivery{Method: r.Method, URL: r.RequestURI, Header: r.Header, Body: body}
	}))
	defer srv.Close()
	script := command(srv.URL)
	sh := exec.Command("/bin/sh")
	sh.Stdin = strings.NewReader(script)
	sh.Env = append(os.Environ(), environ...)
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	if d == nil {
		t.Fatalf("nothing was sent by\n%s", script)
	}
	return d
}

func needsCurl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("there is no /bin/sh")
	}
}

func TestCurlSendsTheSameBytes(t *testing.T) {
	needsCurl(t)
	header := http.Header{"Content-Type": {"application/json"}, "Digest": {"sha512=ab/+="}}
	tests := []struct {
		name string
		d    verify.Delivery
	}{
		{"JSON", verify.Delivery{Method: "POST", URL: "/rentman?a=1&b=2", Header: header, Body: []byte(`{"a": "b\n\u0041 \\ 100% $HOME ` + "`id`" + `"}`)}},
		{"nothing at all", verify.Delivery{Method: "POST", URL: "/"}},
		{"GET", verify.Delivery{Method: "GET", URL: "/ubiqo?lat=1"}},
		{"GET with a body", verify.Delivery{Method: "GET", URL: "/", Body: []byte("x")}},
		{"HEAD", verify.Delivery{Method: "HEAD", URL: "/"}},
		{"PUT", verify.Delivery{Method: "PUT", URL: "/", Body: []byte("x")}},
		{"odd method", verify.Delivery{Method: "X'$`id`", URL: "/", Body: []byte("x")}},
		{"quotes", verify.Delivery{Method: "POST", URL: "/it's?q='\"", Header: http.Header{"X-It's": {`'"$(id)\`}}, Body: []byte(`'it''s' "quoted" \'`)}},
		{"newlines", verify.Delivery{Method: "POST", URL: "/", Body: []byte("\n\na\nb\n\n\n")}},
		{"CRLF", verify.Delivery{Method: "POST", URL: "/", Body: []byte("a\r\nb\r\n")}},
		{"all bytes", verify.Delivery{Method: "POST", URL: "/", Body: []byte(allBytes() + "\\0101" + allBytes() + "7\n")}},
		{"a leading @", verify.Delivery{Method: "POST", URL: "/", Body: []byte("@/etc/hostname")}},
		{"a leading dash", verify.Delivery{Method: "POST", URL: "/", Body: []byte("-d x")}},
		{"percent signs and backslashes in a pipe", verify.Delivery{Method: "POST", URL: "/", Body: []byte("@%s%%\\c\\n\\\\0")}},
		{"text of many scripts", verify.Delivery{Method: "POST", URL: "/", Body: []byte("Größe 日本語 🎉")}},
		{"a long body", verify.Delivery{Method: "POST", URL: "/", Body: []byte(strings.Repeat(`{"it's": "long"} `, 20000))}},
		{"an empty header and repeated ones", verify.Delivery{Method: "POST", URL: "/", Header: http.Header{"X-Empty": {""}, "X-Twice": {"2", "1", "2"}, "Accept": {"*/*"}}, Body: []byte("x")}},
		{"hostile header values", verify.Delivery{Method: "POST", URL: "/", Header: http.Header{"X-Rtl": {"a\u202Eb'\\"}, "X-Raw": {"\x80\xff\\n"}}}},
		{"signs that curl expands", verify.Delivery{Method: "POST", URL: "/{a,b}[1-3]/../x/./y"}},
		{"hop-by-hop headers", verify.Delivery{Method: "POST", URL: "/", Header: http.Header{"Connection": {"X-A"}, "X-A": {"1"}, "Te": {"trailers"}, "Content-Length": {"7"}}, Body: []byte("x")}},
	}
	for _, c := range displaytest.Classes {
		tests = append(tests, struct {
			name string
			d    verify.Delivery
		}{"hostile body: " + c.Name, verify.Delivery{Method: "POST", URL: "/", Body: []byte(c.Payload)}})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var want *verify.Delivery
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				want = &verify.Delivery{Method: r.Method, URL: r.RequestURI, Header: r.Header, Body: body}
			}))
			var s replay.Sender
			if r := s.Send(t.Context(), srv.URL+tt.d.URL, &tt.d); r.Status != 200 {
				t.Fatalf("%s %d %s", r.Outcome, r.Status, r.Error)
			}
			s.Close()
			srv.Close()

			got := run(t, func(target string) string {
				command, err := replay.Curl(&tt.d, target+tt.d.URL, replay.CurlOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if fault := displaytest.Fault(command, true); fault != "" {
					t.Errorf("%s in %q", fault, command)
				}
				return command
			})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-Sender +curl):\n%s", diff)
			}
			if string(got.Body) != string(tt.d.Body) {
				t.Errorf("body %q, want %q", got.Body, tt.d.Body)
			}
		})
	}
}

func TestCurlReads(t *testing.T) {
	d := &verify.Delivery{Method: "POST", Header: http.Header{"Content-Type": {"application/json"}, "User-Agent": {"Vendor/1"}}, Body: []byte("{\"it's\": 1}\n")}
	got, err := replay.Curl(d, "localhost:3000/ploomes?a=1&b=2", replay.CurlOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := `curl -sS -i -X POST 'http://localhost:3000/ploomes?a=1&b=2' \
  -H 'Content-Type: application/json' \
  -H 'User-Agent: Vendor/1' \
  -H 'Accept:' \
  --data-binary '{"it'\''s": 1}
'`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCurlUsesVariablesForSecrets(t *testing.T) {
	needsCurl(t)
	const key = "k3y'$\"\\value"
	r := replay.NewRedactor([]verify.Secret{verify.NewSecret("env PLOOMES_KEY", key)}, []string{"X-Ploomes-Validation-Key"})
	d := &verify.Delivery{Method: "POST", URL: "/?key=abc", Body: []byte("\x00key=" + key + "\n"), Header: http.Header{
		"X-Ploomes-Validation-Key": {key}, "X-Mixed": {"a " + key + " b"}, "Cookie": {"session=1"},
	}}
	var script string
	got := run(t, func(target string) string {
		var err error
		script, err = replay.Curl(d, target+d.URL, replay.CurlOptions{Redactor: r, Provider: "my-ploomes"})
		if err != nil {
			t.Fatal(err)
		}
		return script
	}, "WHK_SECRET_MY_PLOOMES="+key, "WHK_HEADER_COOKIE=session=1")
	if strings.Contains(script, "value") || strings.Contains(script, "session") {
		t.Errorf("a secret stands in\n%s", script)
	}
	got.Header = http.Header{"X-Ploomes-Validation-Key": got.Header["X-Ploomes-Validation-Key"], "X-Mixed": got.Header["X-Mixed"], "Cookie": got.Header["Cookie"]}
	if diff := cmp.Diff(d, got); diff != "" {
		t.Errorf("with the variables set (-want +got):\n%s\n%s", diff, script)
	}
}

func TestCurlRefusesInjection(t *testing.T) {
	d := &verify.Delivery{Method: "POST", Header: http.Header{"X-A": {"a\nb"}}}
	if got, err := replay.Curl(d, "localhost:1", replay.CurlOptions{}); err == nil {
		t.Errorf("got %q", got)
	}
}
