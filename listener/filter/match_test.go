package filter

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"whk/listener"
	"whk/verify"
	"whk/verify/provider"
)

// counted is a subject that notes what it was asked for.
type counted struct {
	Subject
	asked map[string]int
}

// newSubject is a change of a Ploomes contact that was refused at first and answered
// when it was replayed, with the real reading of facts.
func newSubject(t testing.TB) *counted {
	t.Helper()
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	ploomes, err := set.Lookup("ploomes")
	if err != nil {
		t.Fatal(err)
	}
	x := &counted{asked: map[string]int{}}
	x.Event = &listener.Event{
		N: 42, ID: "01980000-0001-7abc-8000-00000000abcd", At: testNow.Add(-5 * time.Minute),
		Provider: "ploomes", Entity: "Contacts", Action: "Update", Status: 200,
		Verdict: verify.Verdict{Status: verify.Invalid, Reason: verify.Stale},
		Delivery: &verify.Delivery{
			Method: "POST", URL: "/ploomes/hook?x=1", Host: "localhost:4400",
			Header: http.Header{"Content-Type": {"application/json"}, "X-Two": {"one", "two = 2"}},
			Body: []byte(`{"Action":"Update","Entity":"Contacts","AccountId":57,` +
				`"Old":{"Id":2630362,"LegalName":"Ploomes","Same":1,"Gone":2,"OtherProperties":{"contact_check":false,"b":1},"Phones":[{"PhoneNumber":"(11) 3842-6673","Type":1}],"Tags":[{"TagId":290}]},` +
				`"New":{"Id":2630362,"LegalName":"Ploomes Sistemas","Same":1,"Added":3,"OtherProperties":{"contact_check":true,"b":1},"Phones":[{"PhoneNumber":"(11) 4380-7749","Type":1}],"Tags":[{"TagId":290}]}}`),
		},
	}
	x.Results = func() []verify.Result {
		x.asked["results"]++
		return []verify.Result{{Outcome: verify.Refused}, {Outcome: verify.Answered, Status: 503, Replay: true}}
	}
	x.Facts = func() provider.Facts {
		x.asked["facts"]++
		f, err := ploomes.Facts(x.Event.Delivery)
		if err != nil {
			t.Error(err)
		}
		return f
	}
	x.Marked = func(m Mark) bool {
		x.asked["marks"]++
		return m == Duplicate
	}
	return x
}

func TestMatch(t *testing.T) {
	x := newSubject(t)
	for _, tt := range []struct{ fits, not string }{
		{"", ""},
		{"provider:ploomes", "provider:rentman"},
		{"provider:rentman,PLO*", "provider:plo"},
		{"event:Contacts.Update", "event:Contacts"},
		{"event:*.update", "event:*.delete"},
		{"event:ploomes/*", "event:rentman/*"},
		{"event:*/contact*", "event:*/deals*"},
		{"sig:invalid", "sig:valid"},
		{"sig:valid,stale", "sig:downgrade,valid"},
		{"app:5xx", "app:2xx"},
		{"app:200,503", "app:200,504"},
		{"app:none,5XX", "app:refused,timeout,none"},
		{"body:legalname", "body:Legalname"},
		{"body:LegalName", "body:LEGALNAME"},
		{`body:"(11) 4380"`, `body:"(11)  4380"`},
		{"contact", "contact_CHECK"},
		{"ploomes/contacts", "rentman"},
		{"Contacts.Update", "contacts.delete"},
		{"changed:LegalName", "changed:Same"},
		{"changed:OtherProperties", "changed:Tags"},
		{"changed:OtherProperties.contact_check", "changed:OtherProperties.b"},
		{"changed:Phones[0].PhoneNumber", "changed:Phones[0].Type"},
		{"changed:Phones.#.PhoneNumber", "changed:Phones[1]"},
		{"changed:Gone", "changed:Added"},
		{"header:content-type", "header:Digest"},
		{"header:Content-Type=*JSON", "header:Content-Type=json"},
		{"header:x-*=two*", "header:x-*=three"},
		{`header:X-Two="two = 2"`, "header:X-Two=on"},
		{"header:host=localhost:*", "header:host=example.com"},
		{"id:2630362", "id:57"},
		{"id:26303*", "id:26303"},
		{"id:01980000", "id:0198000"},
		{"id:019800000001-7ABC", "id:019800000002"},
		{"id:x,2630362", "id:x,y"},
		{"method:get,post", "method:get"},
		{"path:/ploomes/*", "path:/ploomes"},
		{"path:/ploomes/hook", "path:*x=1"},
		{"n:42", "n:41,43"},
		{"n:3..7,40..", "n:..41"},
		{"size:>400", "size:<400"},
		{"size:1..1KiB", "size:>1MiB"},
		{"since:10m", "since:1m"},
		{"until:1m", "until:10m"},
		{"since:2026-01-31 until:2026-01-31", "until:2026-01-30"},
		{"is:replayed", "is:cut"},
		{"is:forwarded", "is:dev"},
		{"is:cut,duplicate", "is:reordered"},
		{"provider:ploomes sig:stale -event:*.delete body:LegalName", "provider:ploomes sig:valid"},
	} {
		for _, c := range []struct {
			text string
			want bool
		}{{tt.fits, true}, {tt.not, tt.not == ""}} {
			if got := mustParse(t, c.text).Match(x.Subject); got != c.want {
				t.Errorf("%s: match = %v, want %v", c.text, got, c.want)
			}
			if inverted := "-" + c.text; c.text != "" && !strings.Contains(c.text, " ") {
				if got := mustParse(t, inverted).Match(x.Subject); got == c.want {
					t.Errorf("%s: match = %v, want %v", inverted, got, !c.want)
				}
			}
		}
	}
}

// TestMatchWithoutAttempts shows what app: says of events that were not forwarded.
func TestMatchWithoutAttempts(t *testing.T) {
	for _, tt := range []struct {
		status int
		text   string
		want   bool
	}{
		{200, "app:2xx", true}, {200, "app:none", false}, {0, "app:none", true}, {0, "app:2xx", false}, {0, "-app:2xx", true},
		{500, "app:500", true}, {500, "app:refused", false}, {500, "is:replayed", false}, {500, "-is:forwarded", true},
	} {
		x := newSubject(t)
		x.Event.Status = tt.status
		x.Results = func() []verify.Result { return nil }
		if got := mustParse(t, tt.text).Match(x.Subject); got != tt.want {
			t.Errorf("%s of an event answered %d: match = %v, want %v", tt.text, tt.status, got, tt.want)
		}
	}
}

// TestMatchIgnoresShadows shows that app: tells of the target that answers the sender.
func TestMatchIgnoresShadows(t *testing.T) {
	app := verify.Result{Outcome: verify.Answered, Status: 200}
	shadow := verify.Result{Outcome: verify.Answered, Status: 500, Shadow: true}
	down := verify.Result{Outcome: verify.Refused, Shadow: true}
	for _, tt := range []struct {
		results []verify.Result
		status  int
		text    string
		want    bool
	}{
		{[]verify.Result{app, shadow}, 0, "app:2xx", true},
		{[]verify.Result{app, shadow, down}, 0, "app:5xx,refused", false},
		{[]verify.Result{shadow, app}, 0, "app:200", true},
		{[]verify.Result{{Outcome: verify.Interrupted}, shadow}, 0, "app:interrupted", true},
		{[]verify.Result{shadow}, 0, "app:none", true},
		{[]verify.Result{shadow, down}, 204, "app:204", true},
		{[]verify.Result{shadow, down}, 204, "app:500,refused,none", false},
	} {
		x := newSubject(t)
		x.Event.Status = tt.status
		x.Results = func() []verify.Result { return tt.results }
		if got := mustParse(t, tt.text).Match(x.Subject); got != tt.want {
			t.Errorf("%s of %+v: match = %v, want %v", tt.text, tt.results, got, tt.want)
		}
	}
}

// TestChangedNeedsBothStates shows that neither a creation nor a deletion changes a
// field.
func TestChangedNeedsBothStates(t *testing.T) {
	for _, tt := range []struct {
		before, after string
		want          bool
	}{
		{`{"A":1}`, `{"A":2}`, true}, {`{"A":1}`, `{ "A" : 1 }`, false}, {`{"A":1.10}`, `{"A":1.1}`, true},
		{`{"A":{"x":1,"y":2}}`, `{"A":{"y":2,"x":1}}`, false}, {`{"A":{}}`, `{"A":[]}`, true}, {`{"A":[1]}`, `{"A":[1,2]}`, true},
		{`{"A":1}`, `{"A":{}}`, true}, {`{"A":null}`, `{"A":1}`, true}, {`{"A":1}`, `{}`, true}, {`{}`, `{"A":1}`, false},
		{`{"A":1}`, `null`, false}, {`{"A":1}`, ``, false}, {``, `{"A":1}`, false}, {`null`, `{"A":1}`, false},
	} {
		x := newSubject(t)
		x.Facts = func() provider.Facts { return provider.Facts{Old: []byte(tt.before), New: []byte(tt.after)} }
		if got := mustParse(t, "changed:A").Match(x.Subject); got != tt.want {
			t.Errorf("from %s to %s: changed = %v, want %v", tt.before, tt.after, got, tt.want)
		}
	}
}

// TestMatchAsksForLittle shows that only what Needs names is asked for, and that by
// nobody when a cheaper term has decided.
func TestMatchAsksForLittle(t *testing.T) {
	for _, tt := range []struct {
		text  string
		needs Needs
		asked map[string]int
	}{
		{"provider:ploomes sig:stale n:42 since:1h header:host path:* method:*", Needs{}, map[string]int{}},
		{"body:x", Needs{Body: true}, map[string]int{}},
		{"word", Needs{Body: true}, map[string]int{}},
		{"size:3", Needs{Body: true}, map[string]int{}},
		{"app:5xx", Needs{Results: true}, map[string]int{"results": 1}},
		{"is:cut", Needs{}, map[string]int{}},
		{"is:replayed", Needs{Results: true}, map[string]int{"results": 1}},
		{"is:duplicate", Needs{Marks: true}, map[string]int{"marks": 1}},
		{"changed:LegalName", Needs{Body: true, Facts: true}, map[string]int{"facts": 1}},
		{"id:2630362", Needs{Body: true, Facts: true}, map[string]int{"facts": 1}},
		{"id:01980000", Needs{Body: true, Facts: true}, map[string]int{}},
		{"changed:LegalName app:5xx is:duplicate body:nowhere", Needs{Body: true, Results: true, Facts: true, Marks: true}, map[string]int{}},
		{"changed:LegalName app:2xx", Needs{Body: true, Results: true, Facts: true}, map[string]int{"results": 1}},
	} {
		x := newSubject(t)
		f := mustParse(t, tt.text)
		f.Match(x.Subject)
		if diff := cmp.Diff(tt.needs, f.Needs()); diff != "" {
			t.Errorf("%s: needs (-want +got)\n%s", tt.text, diff)
		}
		if diff := cmp.Diff(tt.asked, x.asked); diff != "" {
			t.Errorf("%s: asked for (-want +got)\n%s", tt.text, diff)
		}
	}
}

// TestBounds shows what a log is told about numbers and times.
func TestBounds(t *testing.T) {
	for _, tt := range []struct {
		text         string
		first, last  int64
		since, until time.Duration // ago, 0 for none
	}{
		{"n:3..7 n:5..", 5, 7, 0, 0},
		{"n:3,9", 3, 9, 0, 0},
		{"-n:3 size:3", 1, 1<<63 - 1, 0, 0},
		{"since:10m since:5m until:1m until:2m", 1, 1<<63 - 1, 5 * time.Minute, 2 * time.Minute},
		{"-since:10m -until:30m", 1, 1<<63 - 1, 30 * time.Minute, 10 * time.Minute},
	} {
		f := mustParse(t, tt.text)
		if first, last := f.Numbers(); first != tt.first || last != tt.last {
			t.Errorf("%s: numbers %d to %d, want %d to %d", tt.text, first, last, tt.first, tt.last)
		}
		since, until := f.Times()
		for _, c := range []struct {
			got  time.Time
			want time.Duration
		}{{since, tt.since}, {until, tt.until}} {
			if c.want == 0 != c.got.IsZero() || c.want != 0 && !c.got.Equal(testNow.Add(-c.want)) {
				t.Errorf("%s: time %v, want %v ago", tt.text, c.got, c.want)
			}
		}
	}
}

// TestText compares the search for texts with the standard library.
func TestText(t *testing.T) {
	bytesOf := rapid.StringOf(rapid.SampledFrom([]rune{'a', 'A', 'b', 'B', 'z', 'Z', '"', 0, 'é', '[', '{'}))
	rapid.Check(t, func(t *rapid.T) {
		needle, hay := bytesOf.Draw(t, "needle"), bytesOf.Draw(t, "hay")
		hay = strings.Repeat(hay, rapid.SampledFrom([]int{1, 1, 9, 400}).Draw(t, "repeated"))
		if rapid.Bool().Draw(t, "planted") {
			hay += strings.ToUpper(needle) + hay
		}
		folded := foldedText(needle)
		if got, want := folded.index([]byte(hay)), strings.Index(foldASCII(hay), foldASCII(needle)); got != want {
			t.Fatalf("folded index = %d, want %d", got, want)
		}
		smart := smartText(needle)
		want := strings.Contains(hay, needle)
		if foldASCII(needle) == needle {
			want = strings.Contains(foldASCII(hay), needle)
		}
		if got := smart.in([]byte(hay)); got != want {
			t.Fatalf("in = %v, want %v", got, want)
		}
	})
}

func foldASCII(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] = lower(b[i])
	}
	return string(b)
}

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		glob, text string
		want       bool
	}{
		{"*", "", true}, {"*", "a/b", true}, {"", "", true}, {"", "a", false}, {"a", "A", true}, {"a*", "ab", true}, {"*a", "ab", false},
		{"a*a", "a", false}, {"a*a", "aa", true}, {"a*b*c", "aXbXc", true}, {"a*b*c", "acb", false}, {"*ab*ab*", "abab", true}, {"*ab*ab*", "aba", false},
		{"**", "x", true}, {"a**b", "ab", true}, {"ä*", "äx", true},
	} {
		g := newGlob(tt.glob)
		if got := g.match(tt.text); got != tt.want {
			t.Errorf("%q fits %q = %v, want %v", tt.glob, tt.text, got, tt.want)
		}
	}
}
