package verify_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"whk/verify"
)

var rentman = verify.Recipe{Kind: "hmac", Algorithm: "sha512", Encoding: "hex", Header: "Digest", Value: "sha512={sig}"}

func mustBind(t testing.TB, r verify.Recipe, secrets ...verify.Secret) *verify.Keyring {
	t.Helper()
	scheme, err := verify.NewScheme(r)
	if err != nil {
		t.Fatal(err)
	}
	keyring, err := scheme.Bind("", secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return keyring
}

func deliver(body string, header ...string) *verify.Delivery {
	d := &verify.Delivery{Method: "POST", URL: "/", Host: "localhost", Header: http.Header{}, Body: []byte(body)}
	for i := 0; i < len(header); i += 2 {
		d.Header.Add(header[i], header[i+1])
	}
	return d
}

func TestCheck(t *testing.T) {
	now := time.Unix(1700000000, 0)
	secret, other := verify.NewSecret("env A", "k"), verify.NewSecret("env B", "other")
	scheme, _ := verify.NewScheme(rentman)
	development := scheme.DevelopmentSecret("rentman")
	sign := func(r verify.Recipe, s verify.Secret, body string, at time.Time) string {
		d := deliver(body)
		if err := mustBind(t, r, s).Sign(d, at, "id-1"); err != nil {
			t.Fatal(err)
		}
		return d.Header.Get(r.Header)
	}
	good := sign(rentman, secret, `{"a":1}`, now)
	stripe := verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "hex", Header: "Stripe-Signature", Value: "t={ts},v1={sig}",
		Separator: ",", Signed: "{ts}.{body}", Timestamp: &verify.Timestamp{Tolerance: "5m"}}
	slack := verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "hex", Header: "X-Slack-Signature", Value: "v0={sig}",
		Signed: "v0:{ts}:{body}", Timestamp: &verify.Timestamp{Header: "X-Slack-Request-Timestamp", Tolerance: "5m"}}
	static := verify.Recipe{Kind: "static", Header: "X-Ploomes-Validation-Key"}
	base64 := verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "base64", Header: "X-Sig"}
	wide := rentman
	wide.AlgorithmsAllowed = []string{"sha512", "sha256"}
	sha256 := rentman
	sha256.Algorithm, sha256.Value = "sha256", "sha256={sig}"
	sha1 := rentman
	sha1.Algorithm, sha1.Value = "sha1", "sha1={sig}"

	tests := []struct {
		name    string
		recipe  verify.Recipe
		secrets []verify.Secret
		d       *verify.Delivery
		at      time.Time
		want    string
		secret  string
	}{
		{"signed", rentman, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", good), now, "valid", "env A"},
		{"white space around the value", rentman, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", " "+good+"\t"), now, "valid", "env A"},
		{"second of two secrets", rentman, []verify.Secret{other, secret}, deliver(`{"a":1}`, "Digest", good), now, "valid", "env A"},
		{"another body", rentman, []verify.Secret{secret}, deliver(`{"a":2}`, "Digest", good), now, "invalid: wrong value", ""},
		{"one byte more", rentman, []verify.Secret{secret}, deliver("{\"a\":1}\n", "Digest", good), now, "invalid: wrong value", ""},
		{"another secret", rentman, []verify.Secret{other}, deliver(`{"a":1}`, "Digest", good), now, "invalid: wrong value", ""},
		{"no header", rentman, []verify.Secret{secret}, deliver(`{"a":1}`), now, "missing", ""},
		{"no header and no secret", rentman, nil, deliver(`{"a":1}`), now, "missing", ""},
		{"no secret", rentman, nil, deliver(`{"a":1}`, "Digest", good), now, "unchecked: no secret configured", ""},
		{"empty header", rentman, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", ""), now, "invalid: malformed header", ""},
		{"prefix alone", rentman, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", "sha512="), now, "invalid: malformed header", ""},
		{"no algorithm", rentman, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", strings.TrimPrefix(good, "sha512=")), now, "invalid: malformed header", ""},
		{"truncated", rentman, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", good[:len(good)-2]), now, "invalid: wrong value", ""},
		{"half a byte", rentman, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", good[:len(good)-1]), now, "invalid: malformed header", ""},
		{"extended", rentman, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", good+"00"), now, "invalid: wrong value", ""},
		{"upper case", rentman, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", "sha512="+strings.ToUpper(good[7:])), now, "invalid: malformed header", ""},
		{"not hex", rentman, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", "sha512=zz"), now, "invalid: malformed header", ""},
		{"twice", rentman, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", good, "Digest", good), now, "invalid: malformed header", ""},
		{"sha1 named and used with the right key", rentman, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", sign(sha1, secret, `{"a":1}`, now)), now, "invalid: downgrade", ""},
		{"md5 named", rentman, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", "md5=d41d8cd98f00b204e9800998ecf8427e"), now, "invalid: downgrade", ""},
		{"crc32b named", rentman, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", "crc32b=00000000"), now, "invalid: downgrade", ""},
		{"SHA-256 named", rentman, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", "SHA-256=AAAA"), now, "invalid: downgrade", ""},
		{"the registered spelling SHA-512", rentman, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", "SHA-512=AAAA"), now, "invalid: unsupported algorithm", ""},
		{"an unknown name", rentman, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", "foo=00"), now, "invalid: unsupported algorithm", ""},
		{"none named", rentman, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", "none="), now, "invalid: unsupported algorithm", ""},
		{"another algorithm where it is allowed", wide, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", sign(sha256, secret, `{"a":1}`, now)), now, "valid", "env A"},
		{"one that is not allowed there", wide, []verify.Secret{secret}, deliver(`{"a":1}`, "Digest", sign(sha1, secret, `{"a":1}`, now)), now, "invalid: downgrade", ""},

		{"development secret", rentman, []verify.Secret{development}, deliver(`{"a":1}`, "Digest", sign(rentman, development, `{"a":1}`, now)), now, "valid", "development"},
		{"development secret does not lower", rentman, []verify.Secret{development}, deliver(`{"a":1}`, "Digest", good), now, "unchecked: no secret configured", ""},
		{"development secret and a downgrade", rentman, []verify.Secret{development}, deliver(`{"a":1}`, "Digest", "md5=00"), now, "unchecked: no secret configured", ""},
		{"development secret and no header", rentman, []verify.Secret{development}, deliver(`{"a":1}`), now, "missing", ""},

		{"base64", base64, []verify.Secret{secret}, deliver("x", "X-Sig", sign(base64, secret, "x", now)), now, "valid", "env A"},
		{"base64 with a line break", base64, []verify.Secret{secret}, deliver("x", "X-Sig", sign(base64, secret, "x", now)[:20]+"\n"+sign(base64, secret, "x", now)[20:]), now, "invalid: malformed header", ""},
		{"base64 without padding", base64, []verify.Secret{secret}, deliver("x", "X-Sig", strings.TrimRight(sign(base64, secret, "x", now), "=")), now, "invalid: malformed header", ""},

		{"in time", stripe, []verify.Secret{secret}, deliver("x", "Stripe-Signature", sign(stripe, secret, "x", now.Add(-5*time.Minute))), now, "valid", "env A"},
		{"stale", stripe, []verify.Secret{secret}, deliver("x", "Stripe-Signature", sign(stripe, secret, "x", now.Add(-6*time.Minute))), now, "invalid: stale", ""},
		{"in the future", stripe, []verify.Secret{secret}, deliver("x", "Stripe-Signature", sign(stripe, secret, "x", now.Add(6*time.Minute))), now, "invalid: in the future", ""},
		{"stale and wrong", stripe, []verify.Secret{other}, deliver("x", "Stripe-Signature", sign(stripe, secret, "x", now.Add(-6*time.Minute))), now, "invalid: wrong value", ""},
		{"no stamp in the value", stripe, []verify.Secret{secret}, deliver("x", "Stripe-Signature", "v1=00"), now, "invalid: malformed header", ""},
		{"no signature in the value", stripe, []verify.Secret{secret}, deliver("x", "Stripe-Signature", "t=1700000000,v0=00"), now, "invalid: malformed header", ""},
		{"stamp swapped", stripe, []verify.Secret{secret}, deliver("x", "Stripe-Signature", strings.Replace(sign(stripe, secret, "x", now), "t=1700000000", "t=1700000001", 1)), now, "invalid: wrong value", ""},
		{"no stamp header", slack, []verify.Secret{secret}, deliver("x", "X-Slack-Signature", "v0="+strings.Repeat("00", 32)), now, "invalid: malformed header", ""},

		{"shared key", static, []verify.Secret{secret}, deliver("x", "X-Ploomes-Validation-Key", "k"), now, "valid", "env A"},
		{"shared key, another case", static, []verify.Secret{secret}, deliver("x", "X-Ploomes-Validation-Key", "K"), now, "invalid: wrong value", ""},
		{"shared key and one more", static, []verify.Secret{secret}, deliver("x", "X-Ploomes-Validation-Key", "kk"), now, "invalid: wrong value", ""},
		{"shared key missing", static, []verify.Secret{secret}, deliver("x"), now, "missing", ""},
		{"nothing documented", verify.Recipe{Kind: "none"}, nil, deliver("x"), now, "unsigned", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := mustBind(t, tt.recipe, tt.secrets...).Check(tt.d, tt.at)
			if got.String() != tt.want || got.Secret != tt.secret {
				t.Errorf("Check = %v by %q (%s), want %s by %q", got, got.Secret, got.Detail, tt.want, tt.secret)
			}
			if got.Development != (tt.secret == "development") {
				t.Errorf("Development = %v", got.Development)
			}
			if got.Status == verify.Invalid && got.Detail == "" {
				t.Error("an invalid verdict says nothing of what was seen")
			}
		})
	}
}

func TestNewSchemeRefuses(t *testing.T) {
	tests := []struct {
		name   string
		recipe verify.Recipe
		want   string
	}{
		{"unknown kind", verify.Recipe{Kind: "magic"}, `kind "magic"`},
		{"none with a header", verify.Recipe{Kind: "none", Header: "X"}, "kind none takes no other field"},
		{"no header", verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "hex"}, "header: missing"},
		{"unknown algorithm", verify.Recipe{Kind: "hmac", Algorithm: "sha3", Encoding: "hex", Header: "X"}, `unknown algorithm "sha3"`},
		{"unknown encoding", verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "HEX", Header: "X"}, `encoding "HEX"`},
		{"no signature in the value", verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "hex", Header: "X", Value: "v1"}, "expected {sig} once"},
		{"body path in the value", verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "hex", Header: "X", Value: "{body.a}={sig}"}, "only {sig} and {ts}"},
		{"two variables without a separator", verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "hex", Header: "X", Value: "{ts}{sig}"}, "a separator must divide"},
		{"body path in the signed content", verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "hex", Header: "X", Signed: "{body.id}"}, "nothing is parsed before it is judged"},
		{"unknown variable", verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "hex", Header: "X", Signed: "{bdy}"}, "unknown variable {bdy}"},
		{"open brace", verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "hex", Header: "X", Signed: "ab{body"}, "column 3 is not closed"},
		{"id without a header", verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "hex", Header: "X", Signed: "{id}{body}"}, "{id} needs id"},
		{"stamp without a timestamp", verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "hex", Header: "X", Signed: "{ts}{body}"}, "{ts} needs a timestamp"},
		{"tolerance", verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "hex", Header: "X", Timestamp: &verify.Timestamp{Header: "T", Tolerance: "300"}}, `tolerance "300"`},
		{"stamp format", verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "hex", Header: "X", Timestamp: &verify.Timestamp{Header: "T", Format: "ansi"}}, `format "ansi"`},
		{"stamp from nowhere", verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "hex", Header: "X", Timestamp: &verify.Timestamp{}}, "either header or {ts}"},
		{"static with an algorithm", verify.Recipe{Kind: "static", Header: "X", Algorithm: "sha1"}, "kind static takes no algorithm"},
		{"secret in an hmac", verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "hex", Header: "X", Signed: "{secret}{body}"}, "{secret} belongs to kind hash"},
		{"secret encoding", verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "hex", Header: "X", SecretEncoding: "b64"}, `secret_encoding "b64"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := verify.NewScheme(tt.recipe)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("NewScheme = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestBindRefuses(t *testing.T) {
	encoded := rentman
	encoded.SecretEncoding, encoded.SecretPrefix = "base64", "whsec_"
	for name, tt := range map[string]struct {
		recipe verify.Recipe
		value  string
	}{
		"empty":        {rentman, ""},
		"prefix alone": {encoded, "whsec_"},
		"not base64":   {encoded, "whsec_???"},
	} {
		scheme, err := verify.NewScheme(tt.recipe)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := scheme.Bind("", verify.NewSecret("env A", tt.value)); err == nil || !strings.Contains(err.Error(), "env A") {
			t.Errorf("%s: Bind = %v, want an error that names the secret", name, err)
		}
	}
}

func TestDowngraded(t *testing.T) {
	scheme, _ := verify.NewScheme(rentman)
	bent, err := scheme.Downgraded()
	if err != nil {
		t.Fatal(err)
	}
	secret := verify.NewSecret("env A", "k")
	keyring, _ := bent.Bind("", secret)
	d := deliver("x")
	if err := keyring.Sign(d, time.Time{}, ""); err != nil {
		t.Fatal(err)
	}
	if got := d.Header.Get("Digest"); !strings.HasPrefix(got, "sha1=") || len(got) != 45 {
		t.Errorf("Digest = %q, want sha1= and 40 digits", got)
	}
	if got := mustBind(t, rentman, secret).Check(d, time.Time{}); got.Reason != verify.Downgrade {
		t.Errorf("Check = %v, want a downgrade", got)
	}
	plain, _ := verify.NewScheme(verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "hex", Header: "x-cn-signature"})
	if _, err := plain.Downgraded(); err == nil {
		t.Error("a header that names no algorithm was downgraded")
	}
}

func TestSecretMasksItself(t *testing.T) {
	const value = "tops3cret-value"
	secret := verify.NewSecret("env A", value)
	encoded, err := json.Marshal(map[string]any{"s": secret, "list": []verify.Secret{secret}})
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprintf("%v %+v %#v %s %q %x %d %v", secret, secret, secret, secret, secret, secret, secret, []any{secret, &secret}) + string(encoded)
	if strings.Contains(shown, value) || strings.Contains(shown, fmt.Sprintf("%x", value)) {
		t.Errorf("the value shows in %s", shown)
	}
	if !strings.Contains(shown, "env A (fp "+secret.Fingerprint()+")") {
		t.Errorf("name and fingerprint are not in %s", shown)
	}
}

// A check of the usual kind allocates nothing: the receive path runs it for every request.
func TestCheckAllocatesNothing(t *testing.T) {
	secret := verify.NewSecret("env A", "k")
	keyring := mustBind(t, rentman, secret)
	d := deliver(strings.Repeat("x", 400))
	if err := keyring.Sign(d, time.Time{}, ""); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(200, func() {
		if v := keyring.Check(d, time.Time{}); v.Status != verify.Valid {
			t.Fatal(v)
		}
	}); n > 0.5 && !raceEnabled {
		t.Errorf("Check allocates %v times", n)
	}
}

func BenchmarkCheck(b *testing.B) {
	keyring := mustBind(b, rentman, verify.NewSecret("env A", "k"))
	d := deliver(strings.Repeat("x", 400))
	if err := keyring.Sign(d, time.Time{}, ""); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		keyring.Check(d, time.Time{})
	}
}

// No header and no body makes the engine panic, and nothing but what Sign made is valid.
func FuzzCheck(f *testing.F) {
	for _, v := range loadVectors(f) {
		for name, value := range v.Headers {
			f.Add(name, value, []byte(v.Body), v.At.Unix())
		}
	}
	f.Add("Digest", "md5=", []byte("{"), int64(0))
	vectors := withRecipes(loadVectors(f))
	keyrings := make([]*verify.Keyring, len(vectors))
	for i, v := range vectors {
		keyrings[i] = v.keyring(f)
	}
	f.Fuzz(func(t *testing.T, name, value string, body []byte, at int64) {
		for i, v := range vectors {
			d := v.delivery()
			published := bytes.Equal(body, d.Body)
			d.Body = body
			for n, value := range v.Headers {
				d.Header.Set(n, value)
			}
			d.Header.Set(name, value)
			got := keyrings[i].Check(d, time.Unix(at, 0))
			if got.Status == verify.Valid && !published && v.Recipe.Kind != verify.KindStatic && !signedFields[v.Name] {
				t.Errorf("%s: %q: %q is valid for another body %q", v.Name, name, value, body)
			}
		}
	})
}

func withRecipes(vectors []vector) []vector {
	return slices.DeleteFunc(vectors, func(v vector) bool { return v.Recipe.Kind == "" })
}

// A form is signed as its sorted fields, so several bodies share one signature.
var signedFields = map[string]bool{"Twilio, form": true}

// What Sign makes is valid; with any one bit of body or signature flipped it is not.
func FuzzSign(f *testing.F) {
	f.Add([]byte(`{"a":1}`), "k", uint16(3))
	f.Add([]byte{}, "whsec_", uint16(900))
	vectors := withRecipes(loadVectors(f))
	f.Fuzz(func(t *testing.T, body []byte, secret string, bit uint16) {
		if secret == "" {
			return
		}
		for _, v := range vectors {
			if v.Recipe.Kind == verify.KindStatic || v.Secret == "" || v.Name == "Twilio, form" {
				continue
			}
			v.Body = string(body)
			v.Recipe.SecretEncoding, v.Recipe.SecretPrefix = "raw", ""
			v.Secret = secret
			keyring := v.keyring(t)
			d := v.delivery()
			if err := keyring.Sign(d, v.At, "id"); err != nil {
				t.Fatal(err)
			}
			if got := keyring.Check(d, v.At); got.Status != verify.Valid {
				t.Fatalf("%s: what was signed is %v", v.Name, got)
			}
			if len(body) > 0 {
				i := int(bit) % (len(body) * 8)
				d.Body[i/8] ^= 1 << (i % 8)
				if got := keyring.Check(d, v.At); got.Status == verify.Valid {
					t.Fatalf("%s: valid with bit %d of the body flipped", v.Name, i)
				}
				d.Body[i/8] ^= 1 << (i % 8)
			}
			name := http.CanonicalHeaderKey(v.Recipe.Header)
			value := []byte(d.Header.Get(name))
			i := int(bit) % (len(value) * 8)
			value[i/8] ^= 1 << (i % 8)
			d.Header.Set(name, string(value))
			if got := keyring.Check(d, v.At); got.Status == verify.Valid {
				t.Fatalf("%s: valid with bit %d of the signature flipped: %q", v.Name, i, value)
			}
		}
	})
}
