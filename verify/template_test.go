package verify_test

import (
	"net/http"
	"testing"

	"whk/verify"
)

func TestTemplateText(t *testing.T) {
	v := &verify.Values{
		Delivery: &verify.Delivery{Method: "POST", URL: "/a%20b?name=x%26y&empty=", Host: "localhost:4400",
			Header: http.Header{"X-Cn-Operation": {"RECEIPT/CREATE", "second"}}, Body: []byte(`b=2&a=1&a=0`)},
		Lookup: func(_ []byte, path string) (string, bool) { return "<" + path + ">", path != "absent" },
		TS:     "170", ID: "msg", Sig: "5f", Secret: "s", Entity: "Contact", Action: "create",
	}
	for _, tt := range []struct {
		source, want string
		ok           bool
	}{
		{"", "", true},
		{"plain } text", "plain } text", true},
		{"{{literal}", "{literal}", true},
		{"v0:{ts}:{body}", "v0:170:b=2&a=1&a=0", true},
		{"{body.items.#.id}", "<items.#.id>", true},
		{"a{body.x}b", "a<x>b", true},
		{"{body.absent}", "", false},
		{"{header.x-cn-operation}", "RECEIPT/CREATE", true},
		{"{header.X-Other}", "", false},
		{"{query.name}", "x&y", true},
		{"{query.empty}", "", true},
		{"{query.other}", "", false},
		{"{method} {path}", "POST /a%20b", true},
		{"{url}", "http://localhost:4400/a%20b?name=x%26y&empty=", true},
		{"{id}{sig}{secret}{entity}/{action}", "msg5fsContact/create", true},
		{"{form_sorted}", "a0a1b2", true},
		{"{body_sha256}", "c5bb64b6173fef008d05d0d4560561768cab78cb87ef18a2ae205ea446b0c130", true},
	} {
		tmpl, err := verify.ParseTemplate(tt.source)
		if err != nil {
			t.Errorf("ParseTemplate(%q): %v", tt.source, err)
			continue
		}
		got, ok := tmpl.Text(v)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%q = %q, %v, want %q, %v", tt.source, got, ok, tt.want, tt.ok)
		}
	}
}

func TestPublicURL(t *testing.T) {
	for _, tt := range []struct{ url, base, want string }{
		{"/hook?a=1", "", "http://localhost:4400/hook?a=1"},
		{"https://example.com/hook", "", "https://example.com/hook"},
		{"/hook?a=1", "https://example.com", "https://example.com/hook?a=1"},
		{"/hook", "https://example.com/", "https://example.com/hook"},
		{"/local?a=1", "https://example.com/public", "https://example.com/public?a=1"},
		{"/local", "https://example.com/public/", "https://example.com/public"},
		{"http://127.0.0.1:4400/hook?a=1", "https://example.com", "https://example.com/hook?a=1"},
	} {
		d := &verify.Delivery{URL: tt.url, Host: "localhost:4400"}
		if got := d.PublicURL(tt.base); got != tt.want {
			t.Errorf("PublicURL of %s at %q = %s, want %s", tt.url, tt.base, got, tt.want)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{"", "{body}", "{{", "{", "}", "{body.a.b}", "{header.}", "sha512={sig}", "{ts}.{body}"} {
		f.Add(seed)
	}
	v := &verify.Values{Delivery: &verify.Delivery{Header: http.Header{}}, Lookup: func([]byte, string) (string, bool) { return "", true }}
	f.Fuzz(func(t *testing.T, source string) {
		tmpl, err := verify.ParseTemplate(source)
		if err != nil {
			return
		}
		if tmpl.String() != source {
			t.Errorf("String = %q, want %q", tmpl.String(), source)
		}
		tmpl.Text(v)
	})
}
