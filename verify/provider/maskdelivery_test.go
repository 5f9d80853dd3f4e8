package provider

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
)

func TestMaskDelivery(t *testing.T) {
	const planted = "ada@example.net"
	tests := []struct {
		name string
		give verify.Delivery
		body string // what is left of the body, "" where anything may be
	}{
		{
			name: "known from the body, seen elsewhere",
			give: verify.Delivery{URL: "/hooks/ada@example.net?by=ada%40example.net&n=1", Header: http.Header{"X-By": {"ada@example.net", "other"}}, Body: []byte(`{ "email": "ada@example.net", "n": 1 }`)},
		},
		{
			name: "a form",
			give: verify.Delivery{URL: "/", Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte("email=ada%40example.net&n=1&n=2&empty=")},
		},
		{
			name: "a text",
			give: verify.Delivery{URL: "/?a", Header: http.Header{}, Body: []byte("from ada@example.net")},
			body: "********************",
		},
		{
			name: "nothing to mask",
			give: verify.Delivery{URL: "/x?a=1&b", Header: http.Header{"Accept": {"*/*"}}, Body: []byte(`{"a": [1, 2]}`)},
			body: `{"a": [1, 2]}`,
		},
		{name: "nothing at all", give: verify.Delivery{URL: "/"}},
		{name: "nested too deeply", give: verify.Delivery{URL: "/" + planted, Header: http.Header{"X-By": {planted}}, Body: []byte(strings.Repeat("[", 20000) + strings.Repeat("]", 20000))}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := tt.give
			before := d.Clone()
			got := MaskDelivery(&d)
			if diff := cmp.Diff(before, &d, cmp.AllowUnexported(verify.Delivery{})); diff != "" {
				t.Errorf("the delivery itself was changed (-before +after):\n%s", diff)
			}
			text := got.URL + string(got.Body)
			for name, values := range got.Header {
				text += name + strings.Join(values, " ")
			}
			for _, form := range []string{planted, strings.ReplaceAll(planted, "@", "%40")} {
				if strings.Contains(text, form) {
					t.Errorf("%s is left in %s", form, text)
				}
			}
			if tt.body != "" && string(got.Body) != tt.body {
				t.Errorf("body %s, want %s", got.Body, tt.body)
			}
		})
	}
}

// What says nothing of a person stays as it was sent.
func TestMaskDeliveryKeeps(t *testing.T) {
	d := &verify.Delivery{
		Method: "POST", URL: "/rentman?page=2&x=a+b", Host: "localhost:4400",
		Header: http.Header{"Content-Type": {"application/json"}, "X-Attempt": {"1", "2"}},
		Body:   []byte("{\n  \"eventType\": \"create\",\n  \"items\": [1, 2]\n}\n"),
	}
	if diff := cmp.Diff(d.Clone(), MaskDelivery(d), cmp.AllowUnexported(verify.Delivery{})); diff != "" {
		t.Errorf("masked (-want +got):\n%s", diff)
	}
}
