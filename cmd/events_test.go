package cmd

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/listener"
	"whk/listener/store"
	"whk/verify"
	"whk/verify/display/displaytest"
)

// desk is a place to run commands at: a home and a project of its own.
type desk struct {
	t       *testing.T
	dir     string
	env     map[string]string
	tty     bool
	columns int
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	return &desk{t: t, dir: t.TempDir(), env: map[string]string{"HOME": t.TempDir()}, columns: 80}
}

// run runs one command line.
func (d *desk) run(args ...string) (stdout, stderr string, code int) {
	d.t.Helper()
	var out, err bytes.Buffer
	io := IO{In: strings.NewReader(""), Out: &out, Err: &err, OutTTY: d.tty, ErrTTY: d.tty, Columns: d.columns, Dir: d.dir,
		Env: func(name string) (string, bool) { value, ok := d.env[name]; return value, ok }}
	code = run(d.t.Context(), io, args)
	return out.String(), err.String(), code
}

// ok runs a command that has to succeed and to be quiet about it.
func (d *desk) ok(args ...string) string {
	d.t.Helper()
	stdout, stderr, code := d.run(args...)
	if code != codeDone || stderr != "" {
		d.t.Fatalf("whk %s: code %d, stderr:\n%s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

// store puts events with their results into the store of the desk.
func (d *desk) store(events []*listener.Event, results map[int64][]verify.Result) {
	d.t.Helper()
	path := filepath.Join(d.env["HOME"], ".local", "share", "whk", "events.db")
	d.env["XDG_DATA_HOME"] = filepath.Join(d.env["HOME"], ".local", "share")
	s, err := store.Open(path, store.Options{})
	if err != nil {
		d.t.Fatal(err)
	}
	defer s.Close()
	for _, e := range events {
		if err := s.Append(d.t.Context(), e); err != nil {
			d.t.Fatal(err)
		}
		for _, r := range results[e.N] {
			if err := s.AddResult(d.t.Context(), e.N, r); err != nil {
				d.t.Fatal(err)
			}
		}
	}
}

// eventAt makes an event; its id ends in n.
func eventAt(n int, at time.Time, provider, entity, action string, v verify.Verdict, body string) *listener.Event {
	return &listener.Event{
		ID: fmt.Sprintf("01890000-0000-7000-8000-%012d", n), At: at, Remote: "127.0.0.1:50000",
		Provider: provider, Entity: entity, Action: action, Status: 200, Verdict: v,
		Delivery: &verify.Delivery{Method: "POST", URL: "/" + provider, Host: "localhost:4400", Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)},
	}
}

func answered(status int, body string) verify.Result {
	return verify.Result{Target: "http://localhost:3000/hook", At: time.Now(), Took: 12 * time.Millisecond, Outcome: verify.Answered,
		Status: status, Header: http.Header{"X-App": {"yes"}}, Body: []byte(body)}
}

const contactBody = `{"account":"demo","user":{"id":7,"ref":"/crew/7"},"eventType":"create","itemType":"Contact","items":[{"id":10,"ref":"/contacts/10"}],"eventDate":"2026-01-31T12:00:00+01:00","price":1.10}`

// threeEvents are a good one, a bad one and one that nobody is known for.
func threeEvents(at time.Time) []*listener.Event {
	good := eventAt(1, at, "rentman", "Contact", "create", verify.Verdict{Status: verify.Valid, Secret: "env RENTMAN_TOKEN"}, contactBody)
	good.Status = 0
	bad := eventAt(2, at.Add(time.Second), "ploomes", "Contacts", "Update", verify.Verdict{Status: verify.Invalid, Reason: verify.WrongValue, Detail: "the key is another"}, `{}`)
	strange := eventAt(3, at.Add(2*time.Second), "unknown", "", "", verify.Verdict{Status: verify.Unchecked, Reason: verify.NoProvider}, "hello")
	return []*listener.Event{good, bad, strange}
}

func TestEventsList(t *testing.T) {
	now := time.Now()
	clock := func(i int) string { return now.Add(time.Duration(i) * time.Second).Local().Format(time.TimeOnly) }
	if now.Add(2*time.Second).Format(time.DateOnly) != now.Format(time.DateOnly) {
		t.Skip("midnight is about to come between the events")
	}
	d := newDesk(t)
	d.store(threeEvents(now), map[int64][]verify.Result{1: {
		{Target: "http://localhost:3000/hook", At: now, Took: 3 * time.Millisecond, Outcome: verify.Refused, Error: "connection refused"},
		answered(200, "ok"),
	}})
	first := clock(0) + "  #1  rentman/Contact.create   ✓ valid        200 12 ms ×2\n"
	second := clock(1) + "  #2  ploomes/Contacts.Update  ✗ invalid      200\n"
	third := clock(2) + "  #3  unknown/unknown          · unchecked    200\n"
	narrow := func(line string) string { return strings.Replace(line, "create   ", "create  ", 1) }
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"all, newest last", nil, first + second + third},
		{"limit keeps the newest", []string{"--limit", "1"}, clock(2) + "  #3  unknown/unknown  · unchecked    200\n"},
		{"provider", []string{"--provider", "RENTMAN"}, narrow(first)},
		{"glob over names", []string{"--event", "contact*.*"}, first + second},
		{"glob with a provider", []string{"--event", "rentman/*"}, narrow(first)},
		{"since a while", []string{"--since", "1h"}, first + second + third},
		{"since later", []string{"--since", now.Add(time.Second).Format(time.RFC3339Nano)}, second + third},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d.t = t
			got := d.ok(append([]string{"events", "list"}, tt.args...)...)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("events list (-want +got):\n%s", diff)
			}
		})
	}
	d.t = t
	d.tty, d.columns = true, 120
	d.env["NO_COLOR"] = "1"
	got := d.ok("events", "list")
	for _, want := range []string{"time       #  event", "200               wrong value\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("on a terminal, %q is missing in:\n%s", want, got)
		}
	}
}

func TestEventsListOfEarlierDays(t *testing.T) {
	d := newDesk(t)
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.Local)
	d.store(threeEvents(at)[:1], nil)
	want := "01-31 12:00:00  #1  rentman/Contact.create  ✓ valid        no answer yet\n"
	if diff := cmp.Diff(want, d.ok("events", "list")); diff != "" {
		t.Errorf("events list (-want +got):\n%s", diff)
	}
}

func TestEventsListWithoutEvents(t *testing.T) {
	d := newDesk(t)
	stdout, stderr, code := d.run("events", "list")
	if stdout != "" || code != codeDone || !strings.Contains(stderr, "no events yet") {
		t.Errorf("no store: code %d, %q, %q", code, stdout, stderr)
	}
	_, stderr, code = d.run("events", "list", "--store", "other.db")
	if code != codeUsage || !strings.Contains(stderr, "other.db") {
		t.Errorf("a store that was named: code %d, %q", code, stderr)
	}
	d.store(nil, nil)
	if _, stderr, code = d.run("events", "list"); code != codeDone || !strings.Contains(stderr, "no events yet in ") {
		t.Errorf("empty store: code %d, %q", code, stderr)
	}
	d.store(threeEvents(time.Now()), nil)
	if _, stderr, code = d.run("events", "list", "--event", "nothing.*"); code != codeDone || !strings.Contains(stderr, "no event fits") {
		t.Errorf("nothing fits: code %d, %q", code, stderr)
	}
}

func TestEventsListRefuses(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no limit", []string{"--limit", "0"}, "--limit 0: expected a number from 1"},
		{"two providers", []string{"--provider", "ploomes", "--event", "rentman/*"}, "--provider ploomes says something else"},
		{"no time", []string{"--since", "yesterday"}, `"yesterday" is no time`},
		{"an argument", []string{"42"}, `whk: events list: unexpected argument "42"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			_, stderr, code := d.run(append([]string{"events", "list"}, tt.args...)...)
			if !strings.Contains(stderr, tt.want) || code == codeDone {
				t.Errorf("code %d, %q does not hold %q", code, stderr, tt.want)
			}
		})
	}
}

func TestParseMoment(t *testing.T) {
	now := time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct{ text, want string }{
		{"2h", "2026-02-01T10:00:00Z"},
		{"42m", "2026-02-01T11:18:00Z"},
		{"3d", "2026-01-29T12:00:00Z"},
		{"2026-01-31", "2026-01-31T00:00:00Z"},
		{"2026-01-31T14:00:00Z", "2026-01-31T14:00:00Z"},
		{"2026-01-31T14:00:00.5+01:00", "2026-01-31T13:00:00.5Z"},
		{"-2h", ""}, {"-3d", ""}, {"2026-02-30", ""}, {"", ""}, {"d", ""},
	}
	for _, tt := range tests {
		got := ""
		if at, err := parseMoment(tt.text, now); err == nil {
			got = at.UTC().Format(time.RFC3339Nano)
		}
		if got != tt.want {
			t.Errorf("parseMoment(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestEventsJSON(t *testing.T) {
	d := newDesk(t)
	d.store(threeEvents(time.Now()), map[int64][]verify.Result{1: {answered(201, "made")}})
	lines := strings.Split(strings.TrimSpace(d.ok("events", "list", "--json")), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines, want 3", len(lines))
	}
	var first struct {
		Type     string
		Schema   int
		N        int
		Event    string
		Body     string
		IDs      []string
		Attempts []struct {
			Status int
			Body   string
		}
	}
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatal(err)
	}
	if first.Type != "event" || first.Schema != 1 || first.N != 1 || first.Event != "Contact.create" || first.Body != contactBody ||
		len(first.IDs) != 1 || len(first.Attempts) != 1 || first.Attempts[0].Status != 201 || first.Attempts[0].Body != "made" {
		t.Errorf("first event: %+v", first)
	}
	show := strings.TrimSpace(d.ok("events", "show", "1", "--json"))
	if diff := cmp.Diff(lines[0], show); diff != "" {
		t.Errorf("show and list differ (-list +show):\n%s", diff)
	}
	if got := d.ok("events", "list", "--jq", ".n"); got != "1\n2\n3\n" {
		t.Errorf("--jq .n: %q", got)
	}
}

func TestEventsShow(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 2, 500_000_000, time.Local)
	d := newDesk(t)
	e := threeEvents(at)[0]
	e.Delivery.Header["Digest"] = []string{"sha512=00", "second"}
	e.Notes = []string{"something was odd"}
	result := answered(500, strings.Repeat("é", 600))
	result.At = at
	d.store([]*listener.Event{e}, map[int64][]verify.Result{1: {result}})
	happened, err := time.Parse(time.RFC3339, "2026-01-31T12:00:00+01:00")
	if err != nil {
		t.Fatal(err)
	}
	want := `#1 rentman/Contact.create  ✓ valid
received   ` + at.Format("2006-01-02 15:04:05.000 -07:00") + ` from 127.0.0.1:50000
id         01890000-0000-7000-8000-000000000001
verdict    ✓ valid
checked    HMAC-SHA512 of the raw body, hex, in Digest
secret     env RENTMAN_TOKEN
entity     Contact
action     create
ids        10
account    demo
actor      7
happened   2026-01-31 12:00:00 +01:00` + delay(at.Sub(happened)) + `
refers to  https://api.rentman.net/contacts/10
           https://api.rentman.net/crew/7
answered   as the forward target did
note       something was odd

request
POST /rentman
Host: localhost:4400
Content-Type: application/json
Digest: sha512=00
Digest: second

body       186 bytes, JSON
{
  "account": "demo",
  "user": {
    "id": 7,
    "ref": "/crew/7"
  },
  "eventType": "create",
  "itemType": "Contact",
  "items": [
    {
      "id": 10,
      "ref": "/contacts/10"
    }
  ],
  "eventDate": "2026-01-31T12:00:00+01:00",
  "price": 1.10
}

attempts   1 attempt
#1 12:00:02  500 12 ms → http://localhost:3000/hook
   X-App: yes

   ` + strings.Repeat("é", 512) + `
   … 176 bytes more; --json has them
`
	for _, ref := range []string{"1", "last", "last:rentman", "01890000-0000", "last:rentman/Contact.*"} {
		if diff := cmp.Diff(want, d.ok("events", "show", ref)); diff != "" {
			t.Errorf("events show %s (-want +got):\n%s", ref, diff)
		}
	}
	if diff := cmp.Diff(want, d.ok("events", "show")); diff != "" {
		t.Errorf("events show (-want +got):\n%s", diff)
	}
}

func TestEventsShowRefuses(t *testing.T) {
	d := newDesk(t)
	if _, stderr, code := d.run("events", "show", "1"); code != codeUsage || !strings.Contains(stderr, "whk listen makes the store") {
		t.Errorf("no store: code %d, %q", code, stderr)
	}
	d.store(threeEvents(time.Now()), nil)
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no such number", []string{"99"}, "the newest is 3"},
		{"no reference", []string{"rentman"}, "is not an event"},
		{"no such provider", []string{"last:ubiqo"}, "no event of ubiqo"},
		{"ambiguous", []string{"01890000"}, "several events"},
		{"raw JSON", []string{"1", "--raw", "--json"}, "give --raw or --json"},
	}
	for _, tt := range tests {
		_, stderr, code := d.run(append([]string{"events", "show"}, tt.args...)...)
		if code != codeUsage || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: code %d, %q does not hold %q", tt.name, code, stderr, tt.want)
		}
	}
}

func TestEventsShowRaw(t *testing.T) {
	d := newDesk(t)
	binary, text := "\x00\x1b[2J\xff\r\n", "{ \"a\": 1 }\n"
	d.store([]*listener.Event{
		eventAt(1, time.Now(), "rentman", "", "", verify.Verdict{Status: verify.Missing}, binary),
		eventAt(2, time.Now(), "rentman", "", "", verify.Verdict{Status: verify.Missing}, text),
	}, nil)
	if got := d.ok("events", "show", "1", "--raw"); got != binary {
		t.Errorf("raw: %q", got)
	}
	d.tty = true
	if got := d.ok("events", "show", "2", "--raw"); got != text {
		t.Errorf("text on a terminal: %q", got)
	}
	stdout, stderr, code := d.run("events", "show", "1", "--raw")
	if stdout != "" || code != codeUsage || !strings.Contains(stderr, "--force") {
		t.Errorf("binary on a terminal: code %d, %q, %q", code, stdout, stderr)
	}
	if got := d.ok("events", "show", "1", "--raw", "--force"); got != binary {
		t.Errorf("forced: %q", got)
	}
}

// What was received cannot act on the terminal, wherever it stands.
func TestEventsAreShownNotObeyed(t *testing.T) {
	for _, class := range displaytest.Classes {
		t.Run(class.Name, func(t *testing.T) {
			e := eventAt(1, time.Now(), "rentman", "Contact", "create", verify.Verdict{Status: verify.Invalid, Reason: verify.Malformed, Detail: class.Payload}, class.Payload)
			e.Delivery.Method, e.Delivery.URL, e.Delivery.Host = class.Payload, "/"+class.Payload, class.Payload
			e.Delivery.Header[class.Payload] = []string{class.Payload}
			e.Remote, e.Cut, e.Notes = class.Payload, class.Payload, []string{class.Payload}
			// Control characters of the answer, and inside of valid JSON.
			quoted, err := json.Marshal(map[string]string{"account": class.Payload})
			if err != nil {
				t.Fatal(err)
			}
			second := eventAt(2, time.Now(), "ploomes", "Contacts", "Update", verify.Verdict{Status: verify.Valid, Secret: class.Payload}, string(quoted))
			result := answered(200, class.Payload)
			result.Target, result.Error, result.Header = class.Payload, class.Payload, http.Header{class.Payload: {class.Payload}}
			d := newDesk(t)
			d.tty, d.columns = true, 200
			d.env["NO_COLOR"] = "1"
			d.store([]*listener.Event{e, second}, map[int64][]verify.Result{1: {result}})
			for _, args := range [][]string{{"events", "list"}, {"events", "show", "1"}, {"events", "show", "2"}} {
				if fault := displaytest.Fault(d.ok(args...), true); fault != "" {
					t.Errorf("%s: %s", strings.Join(args, " "), fault)
				}
			}
		})
	}
}

// A shared key stands in the store as it came, and nowhere else.
func TestEventsMaskSecrets(t *testing.T) {
	const canary = "canary-key-0815-of-a-test"
	d := newDesk(t)
	d.env["WHK_SECRET_PLOOMES"] = canary
	e := eventAt(1, time.Now(), "ploomes", "Contacts", "Update", verify.Verdict{Status: verify.Valid, Secret: "env WHK_SECRET_PLOOMES"}, `{"New":{"Id":1,"Note":"`+canary+`"}}`)
	e.Delivery.Header["X-Ploomes-Validation-Key"] = []string{canary}
	e.Delivery.Header["Authorization"] = []string{"Bearer another-canary"}
	e.Delivery.URL = "/ploomes?key=" + canary
	result := answered(200, "got "+base64.StdEncoding.EncodeToString([]byte(canary)))
	result.Header = http.Header{"X-Echo": {hex.EncodeToString([]byte(canary))}}
	d.store([]*listener.Event{e}, map[int64][]verify.Result{1: {result}})
	for _, args := range [][]string{{"events", "list"}, {"events", "list", "--json"}, {"events", "show"}, {"events", "show", "--json"}} {
		got := d.ok(args...)
		for _, needle := range []string{canary, "another-canary", hex.EncodeToString([]byte(canary)), base64.StdEncoding.EncodeToString([]byte(canary))} {
			if strings.Contains(got, needle) {
				t.Errorf("%s shows %s", strings.Join(args, " "), needle)
			}
		}
		if shown := d.ok(append(args, "--show-secrets")...); args[1] == "show" && !strings.Contains(shown, canary) {
			t.Errorf("%s --show-secrets hides the key", strings.Join(args, " "))
		}
	}
}

func TestBodyText(t *testing.T) {
	deep := strings.Repeat("[", maxIndent+1) + strings.Repeat("]", maxIndent+1)
	tests := []struct{ name, body, kind, text string }{
		{"empty", "", "empty", ""},
		{"numbers as written", `{"b":1.10,"a":1e5}`, "JSON", "{\n  \"b\": 1.10,\n  \"a\": 1e5\n}\n"},
		{"a scalar", "12", "JSON", "12\n"},
		{"blanks around", " {}\n", "JSON", "{}\n"},
		{"too deep to indent", deep, "JSON", deep + "\n"},
		{"brackets in a text", `"` + strings.Repeat("[", 200) + `\""`, "JSON", `"` + strings.Repeat("[", 200) + `\""` + "\n"},
		{"nearly JSON", `{"a":1,}`, "text", "{\"a\":1,}\n"},
		{"text", "a\tb\nc", "text", "a\tb\nc\n"},
		{"binary", "a\x00b", "binary", "00000000  61 00 62                                          |a.b|\n"},
	}
	for _, tt := range tests {
		kind, text := bodyText([]byte(tt.body))
		if kind != tt.kind || text != tt.text {
			t.Errorf("%s: got %s %q, want %s %q", tt.name, kind, text, tt.kind, tt.text)
		}
	}
	if _, text := bodyText(bytes.Repeat([]byte{0xff}, hexShown+500)); !strings.HasSuffix(text, "… 500 bytes more; --raw writes them all\n") {
		t.Errorf("a long binary body ends in %q", text[len(text)-60:])
	}
}
