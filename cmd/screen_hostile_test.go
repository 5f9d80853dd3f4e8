//go:build linux || darwin

package cmd_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"whk/verify/display"
	"whk/verify/display/displaytest"
)

// headerSafe leaves out what HTTP refuses in a header: control characters of ASCII.
func headerSafe(payload string) string {
	return string(slices.DeleteFunc([]byte(payload), func(c byte) bool { return c < ' ' || c == 0x7f }))
}

// jsonEscaped writes every character as \u with its number, so that it is in a string
// only after it was decoded.
func jsonEscaped(payload string) string {
	var b strings.Builder
	for payload != "" {
		r, size := utf8.DecodeRuneInString(payload)
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
		payload = payload[size:]
	}
	return b.String()
}

// hostileRequests are webhooks with a payload wherever one can carry it: as it is where
// HTTP allows it, escaped as JSON and as a URL does, in names and in values.
func hostileRequests(payload string) []string {
	wire, coded := headerSafe(payload), jsonEscaped(payload)
	request := func(path, body string) string {
		return "POST " + path + url.PathEscape(payload) + "?q=" + url.QueryEscape(payload) + " HTTP/1.1\r\nHost: localhost\r\n" +
			"X-Hostile: " + wire + "\r\nDigest: " + wire + "=" + wire + "\r\nContent-Type: " + wire + "\r\n" +
			"Content-Length: " + strconv.Itoa(len(body)) + "\r\nConnection: close\r\n\r\n" + body
	}
	return []string{
		request("/rentman/", payload),
		request("/ploomes/", `{"Action":"`+coded+`","Entity":"`+coded+`","Old":{"a":"`+coded+`","`+coded+`":1},"New":{"a":"`+coded+`!","`+coded+`":2,"raw":"`+wire+`"}}`),
	}
}

// send writes a request as it is.
func send(t *testing.T, to, request string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(to, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, request)
	conn.SetReadDeadline(time.Now().Add(patience))
	answer, _ := io.ReadAll(conn)
	if !strings.Contains(string(answer), " 418 ") { // the app's
		t.Fatalf("%q was answered %q", request, answer)
	}
}

// walk receives the payloads and shows each of them in every place of the screen. It
// returns the kinds of sequences that the terminal got. After each step, the terminal is
// set as it was at first.
func walk(t *testing.T, payloads []string, at func(s *sitting, raw bool, tab, payload string)) []string {
	t.Helper()
	p, a := newPlace(t), newApp(t)
	a.answers(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header()["X-Answer"] = r.Header["X-Hostile"]
		w.WriteHeader(http.StatusTeapot)
		w.Write(body)
	})
	s, to := p.listens(seat{columns: 200, rows: 40}, a.URL)
	s.sees("Nothing has come yet")
	var modes []string
	settings := func(g *glass) []string { // without how widths are measured, which begins with the second frame
		return slices.DeleteFunc(g.set(), func(mode string) bool { return mode == "?2027" })
	}
	s.until("a frame", func(g *glass) bool {
		modes = settings(g)
		return g.alternate && !g.modes["?25"] && !g.modes["?2026"] && len(g.style) == 0
	})
	for _, payload := range payloads {
		for _, request := range hostileRequests(payload) {
			send(t, to, request)
		}
	}
	last := 2 * len(payloads)
	s.sees(fmt.Sprintf("Events %d/%d", last, last))
	same := func(what string) {
		t.Helper()
		s.until("the terminal as it was, at "+what, func(g *glass) bool { return slices.Equal(settings(g), modes) })
	}
	for _, tab := range []string{"1", "2", "3", "4", "5"} {
		s.types("g", tab)
		for n := 1; n <= last; n++ {
			s.until(fmt.Sprintf("#%d", n), func(g *glass) bool {
				return strings.Contains(strings.SplitN(g.text(), "\n", 3)[1], fmt.Sprintf("┬ ─ %d ", n))
			})
			at(s, n%2 == 1, tab, payloads[(n-1)/2])
			same(fmt.Sprintf("tab %s of #%d", tab, n))
			if n < last {
				s.types("j")
			}
		}
	}
	unclosed := false
	for _, payload := range payloads {
		typed := strings.ReplaceAll(payload, "\x1b", "") // which terminals leave out of what is pasted
		s.types("/")
		s.until("a question", func(g *glass) bool { return g.modes["?25"] })
		s.types("\x15", "\x1b[200~"+typed+"\x1b[201~", enter) // ctrl-u empties the line
		s.until("the end of the search", func(g *glass) bool { return !g.modes["?25"] && !strings.Contains(g.text(), "looking for") })
		s.types(":")
		s.until("a question", func(g *glass) bool { return g.modes["?25"] })
		s.types("\x1b[200~events show "+typed+"\x1b[201~", enter)
		s.until("the end of the command", func(g *glass) bool {
			return strings.Contains(g.text(), " is not closed") || !g.modes["?25"] && !strings.Contains(g.text(), "running ")
		})
		s.look(func(g *glass) { unclosed = g.modes["?25"] })
		if unclosed { // a quote, so there is no command
			s.types(esc)
			s.until("no question", func(g *glass) bool { return !g.modes["?25"] })
		}
		same(fmt.Sprintf("the questions about %q", payload))
		if !strings.Contains(s.screen(), "Events ") {
			s.types("q")
			s.sees("Events ")
		}
	}
	for _, key := range []string{"S", "?", "@"} {
		s.types(key)
		s.misses("Events ")
		same(key)
		s.types("q")
		s.sees("Events ")
	}
	s.types(ctrlC)
	if code := s.exits(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.restored()
	s.asBefore("")
	s.look(func(g *glass) {
		if len(g.copied) > 0 {
			t.Errorf("copied %q", g.copied)
		}
	})
	raw := s.stream()
	for _, payload := range payloads {
		payload = strings.TrimSuffix(payload, "\x1b") // which what follows the text begins with, too
		if display.Line(payload) != payload && strings.Contains(raw, payload) {
			t.Errorf("the terminal got %q as it is", payload)
		}
	}
	var kinds []string
	s.look(func(g *glass) { kinds = g.sent() })
	return kinds
}

// Nothing that was received acts on the terminal. Whatever it got beside text, it also
// gets when the same is received written out, except for moves that depend on what is
// drawn.
func TestScreenShowsHostileText(t *testing.T) {
	if testing.Short() {
		t.Skip("walks through every tab of many events")
	}
	t.Parallel()
	moves := []string{"0x08", "0x09", "0x0a", "0x0d", "CSI @", "CSI A", "CSI B", "CSI C", "CSI D", "CSI G", "CSI H", "CSI K", "CSI P", "CSI X", "CSI d", "CSI Z", "ESC M"}
	const shards = 3
	var shard [shards][]string
	for i, class := range displaytest.Classes {
		shard[i%shards] = append(shard[i%shards], class.Payload)
	}
	var once sync.Once
	var harmless []string
	for i, payloads := range shard {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			got := walk(t, payloads, func(s *sitting, raw bool, tab, payload string) {
				s.sees("before")
				switch {
				case tab == "2":
					s.sees(display.Cut(display.Line(headerSafe(payload)), 30))
				case tab == "1" && raw && !strings.ContainsAny(payload, "\n\t"):
					s.until("the payload or its bytes", func(g *glass) bool {
						return strings.Contains(g.text(), display.Cut(display.Line(payload), 30)) || strings.Contains(g.text(), " B, binary")
					})
				}
			})
			once.Do(func() {
				var written []string
				for _, payload := range payloads {
					written = append(written, display.Line(payload))
				}
				harmless = walk(t, written, func(*sitting, bool, string, string) {})
			})
			allowed := slices.Concat(moves, harmless)
			for _, kind := range got {
				if !slices.Contains(allowed, kind) {
					t.Errorf("the terminal got %s, which it does not get without hostile text", kind)
				}
			}
		})
	}
}
