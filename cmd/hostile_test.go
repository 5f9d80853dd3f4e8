package cmd

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"whk/verify/display/displaytest"
)

// receiving runs whk listen on the desk until end is called, which returns what it wrote.
func (d *desk) receiving(args ...string) (address string, end func() (stdout, stderr string)) {
	d.t.Helper()
	ready := filepath.Join(d.t.TempDir(), "ready")
	ctx, stop := context.WithCancel(d.t.Context())
	var out, errs strings.Builder
	streams := IO{In: strings.NewReader(""), Out: &out, Err: &errs, OutTTY: d.tty, ErrTTY: d.tty, Columns: d.columns, Dir: d.dir,
		Env: func(name string) (string, bool) { value, ok := d.env[name]; return value, ok }}
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, streams, append([]string{"listen", "--addr", "127.0.0.1:0", "--ready-file", ready}, args...))
	}()
	end = func() (string, string) {
		stop()
		if code := <-ended; code != codeDone {
			d.t.Errorf("listen: code %d\n%s", code, errs.String())
		}
		return out.String(), errs.String()
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		if text, err := os.ReadFile(ready); err == nil {
			address, _ := strings.CutPrefix(strings.TrimSpace(string(text)), "http://")
			return address, end
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("whk listen is not ready\n%s", errs.String())
		}
		time.Sleep(time.Millisecond)
	}
}

// headerSafe leaves out what net/http refuses in a header's value: control characters
// of ASCII. All other hostile bytes get through.
func headerSafe(payload string) string {
	return string(slices.DeleteFunc([]byte(payload), func(c byte) bool { return c < ' ' || c == 0x7f }))
}

// hostileRequest puts a payload wherever a request can carry one: as it is where HTTP
// allows it, escaped as JSON and as a URL does it too.
func hostileRequest(payload string) string {
	onTheWire := headerSafe(payload)
	escaped := strings.Trim(strconv.QuoteToASCII(payload), `"`)
	escaped = strings.NewReplacer(`\x`, `\u00`, `\a`, `\u0007`, `\v`, `\u000b`, `\U000`, `\u`).Replace(escaped)
	body := `{"eventType":"` + onTheWire + `","itemType":"` + escaped + `","items":[1],"raw":"` + payload + `"}`
	return "POST /rentman/" + url.PathEscape(payload) + "?q=" + url.QueryEscape(payload) + " HTTP/1.1\r\nHost: localhost\r\n" +
		"X-Hostile: " + onTheWire + "\r\nDigest: " + onTheWire + "=" + onTheWire + "\r\nContent-Type: " + onTheWire + "\r\n" +
		"Content-Length: " + strconv.Itoa(len(body)) + "\r\nConnection: close\r\n\r\n" + body
}

// Nothing that was received acts on a terminal: not in the lines of listen, not in the
// history, the verdict, warnings or errors, nor in a forward target's answer.
func TestHostileTextIsShownAndNotObeyed(t *testing.T) {
	for _, class := range displaytest.Classes {
		t.Run(class.Name, func(t *testing.T) {
			d := newDesk(t)
			d.tty, d.env["NO_COLOR"] = true, "1" // a terminal, without whk's own sequences
			app := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["X-Answer"] = []string{headerSafe(class.Payload)}
				w.WriteHeader(http.StatusInternalServerError)
				_, _ = io.WriteString(w, class.Payload)
			})}
			socket, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			go func() { _ = app.Serve(socket) }()
			defer app.Close()
			address, end := d.receiving("--forward-to", socket.Addr().String())
			for _, request := range []string{hostileRequest(class.Payload), "GET /" + class.Payload + " HTTP/1.1\r\n\r\n", class.Payload + "\r\n\r\n"} {
				conn, err := net.Dial("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = io.WriteString(conn, request)
				_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
				_, _ = io.Copy(io.Discard, conn)
				conn.Close()
			}
			shown := map[string]string{}
			shown["listen"], shown["listen, stderr"] = end()
			for _, args := range [][]string{
				{"events", "list"}, {"events", "show", "1"}, {"verify", "1"}, {"events", "show", class.Payload},
				{"send", "rentman/" + class.Payload}, {"providers", "show", class.Payload}, {class.Payload}, {"listen", "--" + class.Payload},
				{"send", "rentman/Contact.create", "--set", class.Payload, "--dry-run"}, {"listen", "--on-invalid", class.Payload},
				{"listen", "--addr", class.Payload}, {"replay", "1", "http://127.0.0.1:1/" + class.Payload},
			} {
				name := strings.Join(args, " ")
				shown[name], shown[name+", stderr"], _ = d.run(args...)
			}
			if !strings.Contains(shown["events list"], "#1") {
				t.Errorf("nothing was received:\n%s", shown["listen"])
			}
			for name, text := range shown {
				if fault := displaytest.Fault(text, true); fault != "" {
					t.Errorf("%s: %s in\n%q", name, fault, text)
				}
			}
			if text := shown["events show 1"]; !strings.Contains(text, "before") || !strings.Contains(text, "after") {
				t.Errorf("events show swallows evidence:\n%s", text)
			}
		})
	}
}
