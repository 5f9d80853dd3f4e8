package filter

import (
	"errors"
	"math"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var testNow = time.Date(2026, 1, 31, 14, 0, 0, 0, time.UTC)

func mustParse(t testing.TB, text string) *Filter {
	t.Helper()
	f, err := Parse(text, testNow)
	if err != nil {
		t.Fatalf("parse %s: %v", text, err)
	}
	return f
}

// TestParse spells what was parsed, which shows how it was taken apart.
func TestParse(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"  \t\r\n ", ""},
		{"Contact", "Contact"},
		{"  provider:rentman\tsig:invalid  ", "provider:rentman sig:invalid"},
		{"provider:rentman sig:invalid app:5xx body:Contact -event:*.delete changed:LegalName since:10m", "provider:rentman sig:invalid app:5xx body:Contact -event:*.delete changed:LegalName since:10m"},
		{"PROVIDER:Rentman", "provider:Rentman"},
		{"event:a,b", "event:a,b"},
		{`event:"a",b`, "event:a,b"},
		{`path:"/a,b",/c`, `path:"/a,b",/c`},
		{`body:a,b`, "body:a,b"},
		{`body:a:b`, "body:a:b"},
		{`body:{"Action":"Update"}`, `body:{"Action":"Update"}`},
		{`body:"\"Action\""`, `body:"\"Action\""`},
		{`body:"a b"`, `body:"a b"`},
		{`body:"a\\b c"`, `body:"a\\b c"`},
		{`body:"a\nb c"`, `body:"a\\nb c"`},
		{`body:a\b`, `body:a\b`},
		{`"a b"`, `"a b"`},
		{`-"a b"`, `-"a b"`},
		{`"-a"`, `"-a"`},
		{`-"-a"`, `-"-a"`},
		{`"sig:valid"`, `"sig:valid"`},
		{"http//x", "http//x"},
		{"12:30", "12:30"},
		{":x", ":x"},
		{"a-b", "a-b"},
		{"header:Digest", "header:Digest"},
		{"header:Digest=sha512=*", "header:Digest=\"sha512=*\""},
		{`header:User-Agent="curl *"`, `header:User-Agent="curl *"`},
		{"size:>1MiB,<400", "size:>1MiB,<400"},
		{"n:3..7,42", "n:3..7,42"},
		{"is:cut,dev", "is:cut,dev"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			if got := mustParse(t, tt.text).String(); got != tt.want {
				t.Errorf("String() = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct {
		text      string
		column    int
		msg, hint string // parts of them
	}{
		{"proivder:rentman", 1, `unknown key "proivder"`, "did you mean provider?"},
		{"sig:valid -evnt:x", 12, `unknown key "evnt"`, "did you mean event?"},
		{"http://example.com", 1, `unknown key "http"`, "put it in quotes"},
		{"qqqqqqqq:1", 1, `unknown key "qqqqqqqq"`, "the keys are provider, event, sig"},
		{"sig:vaild", 5, `sig: does not know "vaild"`, "did you mean valid"},
		{"sig:valid,stael", 11, `sig: does not know "stael"`, "did you mean stale?"},
		{"app:6xx", 5, `app: does not know "6xx"`, "did you mean"},
		{"app:20", 5, `app: does not know "20"`, ""},
		{"app:+20", 5, `app: does not know "+20"`, "app: takes 2xx, 3xx"},
		{"app:timout", 5, `app: does not know "timout"`, "did you mean timeout?"},
		{"is:replay", 4, `is: does not know "replay"`, "did you mean replayed?"},
		{"provider:a/b", 10, "provider: takes no event", "event:a/b"},
		{"n:x", 3, `n: cannot read "x"`, "3..7"},
		{"n:7..3", 3, `n: cannot read "7..3"`, ""},
		{"n:..", 3, `n: cannot read ".."`, ""},
		{"n:-3", 3, `n: cannot read "-3"`, ""},
		{"n:99999999999999999999", 3, "n: cannot read", ""},
		{"size:>", 6, `size: cannot read ">"`, ">1MiB"},
		{"size:<0", 6, `size: cannot read "<0"`, ""},
		{"size:9999999999GiB", 6, "size: cannot read", ""},
		{"size:1.5.5k", 6, "size: cannot read", ""},
		{"since:yesterday", 7, `since: cannot read "yesterday"`, "how long ago"},
		{"until:-5m", 7, `until: cannot read "-5m"`, ""},
		{"since:2026-02-30", 7, "since: cannot read", ""},
		{"a body:", 8, "body: has no value here", "body:Contact"},
		{`body:""`, 6, "body: has no value here", ""},
		{"event:a,", 9, "event: has no value here", ""},
		{"event:,a", 7, "event: has no value here", ""},
		{"header:=x", 8, "header: has no value here", ""},
		{"header:x=", 10, "header: has no value here", ""},
		{"a - b", 3, `"-" inverts the term behind it`, ""},
		{"--a", 1, `"-" inverts the term behind it`, "quotes"},
		{`body:"a`, 6, "never closed", `\"`},
		{`"a`, 1, "never closed", ""},
		{`body:"a"b`, 9, "a quoted value ends here", `\"`},
		{`""`, 1, "nothing between the quotes", ""},
		{"ööö sig:x", 9, `sig: does not know "x"`, ""},
		{strings.Repeat("ö", 3000), 2049, "at most 4096 bytes", ""},
	} {
		t.Run(tt.text, func(t *testing.T) {
			f, err := Parse(tt.text, testNow)
			e, ok := errors.AsType[*Error](err)
			if !ok || f != nil {
				t.Fatalf("Parse = %v, %v, want an *Error", f, err)
			}
			if e.Column != tt.column || !strings.Contains(e.Msg, tt.msg) || !strings.Contains(e.Hint, tt.hint) {
				t.Errorf("column %d, %s (%s), want column %d, %s (%s)", e.Column, e.Msg, e.Hint, tt.column, tt.msg, tt.hint)
			}
			if !strings.Contains(err.Error(), e.Msg) {
				t.Errorf("Error() = %s, without its message", err)
			}
		})
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]span{
		"400": {400, 400}, "0": {0, 0}, "1KiB": {1024, 1024}, "1kb": {1000, 1000}, "1k": {1024, 1024}, "2M": {2 << 20, 2 << 20}, "7b": {7, 7},
		"1.5KiB": {1536, 1536}, ">1": {2, math.MaxInt64}, ">=1": {1, math.MaxInt64}, "<5": {0, 4}, "<=5": {0, 5},
		"1KiB..1MiB": {1024, 1 << 20}, "5..": {5, math.MaxInt64}, "..5": {0, 5},
	} {
		if got, ok := sizeRange(text); !ok || got != want {
			t.Errorf("size %s = %v, %v, want %v", text, got, ok, want)
		}
	}
}

func TestMoments(t *testing.T) {
	for text, want := range map[string]time.Time{
		"10m": testNow.Add(-10 * time.Minute), "1h30m": testNow.Add(-90 * time.Minute), "3d": testNow.AddDate(0, 0, -3), "0s": testNow,
		"2026-01-30": time.Date(2026, 1, 30, 0, 0, 0, 0, time.UTC), "2026-01-30T01:02:03.5+01:00": time.Date(2026, 1, 30, 0, 2, 3, 5e8, time.UTC),
	} {
		if got, ok := moment(text, testNow, false); !ok || !got.Equal(want) {
			t.Errorf("%s = %v, %v, want %v", text, got, ok, want)
		}
	}
	if got, _ := moment("2026-01-30", testNow, true); !got.Equal(time.Date(2026, 1, 30, 23, 59, 59, 999999999, time.UTC)) {
		t.Errorf("the end of a day = %v", got)
	}
}

// TestHelp holds what people are shown against the parser.
func TestHelp(t *testing.T) {
	help := Help()
	tried := 0
	for line := range strings.Lines(help) {
		if example, ok := strings.CutPrefix(line, "    "); ok && example[0] != ' ' {
			mustParse(t, example)
			tried++
		}
		if width := len([]rune(line)); width > 90 {
			t.Errorf("the line is %d columns wide: %s", width, line)
		}
	}
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, quoted := range regexp.MustCompile(`--where '([^']+)'`).FindAllStringSubmatch(string(doc), -1) {
		mustParse(t, quoted[1])
	}
	if tried != len(Examples()) || tried == 0 {
		t.Errorf("help shows %d examples, there are %d", tried, len(Examples()))
	}
	for _, k := range keys() {
		if !strings.Contains(help, "  "+k.name+":"+k.takes) {
			t.Errorf("help does not explain %s", k.name)
		}
		for _, example := range k.examples {
			f := mustParse(t, example)
			if len(f.terms) != 1 || f.terms[0].key != k.name {
				t.Errorf("%s is no example of %s", example, k.name)
			}
		}
	}
}

// FuzzParse checks that nothing panics, and that a filter survives being spelled.
func FuzzParse(f *testing.F) {
	for _, k := range keys() {
		for _, example := range k.examples {
			f.Add(example)
			f.Add("-" + example)
		}
	}
	for _, example := range Examples() {
		f.Add(example)
	}
	for _, odd := range []string{`"\"" "\\"`, `body:"\x00\\"`, "-", "--", `"`, "a:\"", "header:a=\"=\"", "n:..", "size:1e9", "since:1e9h", "\xff:\xff", "é-é", `body:"a"b`, "id:----", "changed:[0][[#].]"} {
		f.Add(odd)
	}
	subject := newSubject(f)
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := Parse(text, testNow)
		if err != nil {
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Column < 1 || e.Column > len(text)+1 || e.Msg == "" {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		spelled := parsed.String()
		again, err := Parse(spelled, testNow)
		if err != nil {
			if len(spelled) > maxLength {
				return // quotes have made it too long
			}
			t.Fatalf("%q is spelled %q: %v", text, spelled, err)
		}
		if !reflect.DeepEqual(parsed, again) {
			t.Fatalf("%q is spelled %q, which means something else:\n%s", text, spelled, cmp.Diff(spelled, again.String()))
		}
		fits := parsed.Match(subject.Subject)
		e := subject.Event
		r := Row{N: e.N, Provider: e.Provider, Name: e.Name(), At: e.At, Verdict: e.Verdict.Status, Size: int64(len(e.Delivery.Body))}
		if fits && !(parsed.MatchName(r.Provider, r.Name) && parsed.MatchRow(&r) && parsed.MatchBody(&r, e.Delivery.Body)) {
			t.Fatalf("%q fits the event, and a part of the event rules it out", text)
		}
	})
}
