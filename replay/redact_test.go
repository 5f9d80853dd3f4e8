package replay_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"whk/replay"
	"whk/verify"
)

const canary = "c4n/ry+\"ä\\ s3cret"

func TestRedactorFindsEveryForm(t *testing.T) {
	r := replay.NewRedactor([]verify.Secret{verify.NewSecret("a", canary), verify.NewSecret("b", "whsec_MfKQ9r8GKYqrTwjU")}, nil)
	b := []byte(canary)
	quoted, _ := json.Marshal(canary)
	forms := map[string]string{
		"as it is": canary, "in hex": hex.EncodeToString(b), "in capital hex": strings.ToUpper(hex.EncodeToString(b)),
		"in base64": base64.StdEncoding.EncodeToString(b), "in base64 without padding": base64.RawStdEncoding.EncodeToString(b),
		"in base64url": base64.URLEncoding.EncodeToString(b), "in a query": url.QueryEscape(canary), "in a path": url.PathEscape(canary),
		"in a query with small digits": "c4n%2fry%2b%22%c3%a4%5c+s3cret",
		"in JSON":                      string(quoted[1 : len(quoted)-1]),
		"without its label":            "MfKQ9r8GKYqrTwjU",
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			got := r.Text("before " + form + " after")
			if strings.Contains(got, form) || !strings.Contains(got, "[secret fp ") {
				t.Errorf("got %q", got)
			}
			if !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") {
				t.Errorf("the text around it was lost: %q", got)
			}
		})
	}
	for before := range 4 { // base64 of the secret between other bytes
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + canary + "yz"))
		if got := r.Text(text); !strings.Contains(got, "[secret fp ") || len(got) > 40 {
			t.Errorf("offset %d: %q left of %q", before, got, text)
		}
	}
}

func TestRedactorHeaders(t *testing.T) {
	secret := verify.NewSecret("a", canary)
	r := replay.NewRedactor([]verify.Secret{secret, verify.NewSecret("short", "ab")}, []string{"x-ploomes-key"})
	masked := "[secret fp " + secret.Fingerprint() + "]"
	tests := []struct{ name, value, want string }{
		{"Authorization", "Bearer abc", replay.Masked},
		{"Proxy-Authorization", "Basic abc", replay.Masked},
		{"Cookie", "a=b", replay.Masked},
		{"Set-Cookie", "a=b", replay.Masked},
		{"X-Api-Key", "abc", replay.Masked},
		{"X-Gitlab-Token", "abc", replay.Masked},
		{"X-Client-Secret", "abc", replay.Masked},
		{"X-Any-Validation-Key", "abc", replay.Masked},
		{"X-Ploomes-Key", "other", replay.Masked},
		{"X-Ploomes-Key", canary, masked},
		{"Authorization", "", ""},
		{"X-Other", canary, masked},
		{"X-Other", "key=" + canary, "key=" + masked},
		{"X-Short", "ab", "[secret fp " + verify.NewSecret("", "ab").Fingerprint() + "]"},
		{"X-Short", "cab", "cab"},
		{"Digest", "sha512=abcdef", "sha512=abcdef"},
		{"Idempotency-Key", "7", "7"},
		{"Content-Type", "application/json", "application/json"},
	}
	for _, tt := range tests {
		t.Run(tt.name+"="+tt.value, func(t *testing.T) {
			h := http.Header{tt.name: {tt.value}}
			if got := r.Header(h).Get(tt.name); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if h.Get(tt.name) != tt.value {
				t.Error("the original was changed")
			}
		})
	}
}

func TestRedactorLeavesAlone(t *testing.T) {
	dev := verify.NewSecret("development", "whk-development")
	dev.Development = true
	for name, r := range map[string]*replay.Redactor{
		"nil": nil, "the development secret": replay.NewRedactor([]verify.Secret{dev}, nil),
		"an empty secret": replay.NewRedactor([]verify.Secret{verify.NewSecret("e", "")}, nil),
	} {
		const text = "plain whk-development text"
		if got := r.Text(text); got != text {
			t.Errorf("%s: %q", name, got)
		}
		if got := r.Value("X-Key", "whk-development"); got != "whk-development" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestRedactorMergesOverlaps(t *testing.T) {
	r := replay.NewRedactor([]verify.Secret{verify.NewSecret("a", "aaaabbbb"), verify.NewSecret("b", "bbbbcccc")}, nil)
	if got := r.Text("-aaaabbbbcccc-bbbbcccc-"); strings.Contains(got, "bbbb") || strings.Contains(got, "cccc") || strings.Count(got, "[secret") != 2 {
		t.Errorf("got %q", got)
	}
}

func TestRedactorDelivery(t *testing.T) {
	secret := verify.NewSecret("a", "s3cretvalue")
	r := replay.NewRedactor([]verify.Secret{secret}, nil)
	m := "[secret fp " + secret.Fingerprint() + "]"
	d := &verify.Delivery{Method: "POST", URL: "/?key=s3cretvalue", Header: http.Header{"Content-Length": {"15"}}, Body: []byte("key=s3cretvalue")}
	want := &verify.Delivery{Method: "POST", URL: "/?key=" + m, Header: http.Header{"Content-Length": {"24"}}, Body: []byte("key=" + m)}
	if diff := cmp.Diff(want, r.Delivery(d)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if string(d.Body) != "key=s3cretvalue" {
		t.Error("the original was changed")
	}
}
