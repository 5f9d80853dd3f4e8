package verify_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"whk/verify"
)

func mustScheme(t testing.TB, recipes ...verify.Recipe) *verify.Scheme {
	t.Helper()
	scheme, err := verify.NewScheme(recipes...)
	if err != nil {
		t.Fatal(err)
	}
	return scheme
}

func bind(t testing.TB, s *verify.Scheme, secrets ...verify.Secret) *verify.Keyring {
	t.Helper()
	keyring, err := s.Bind("", secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return keyring
}

// Every signature that came and that there is a key for must hold; of recipes that read
// one header, one is enough.
func TestSeveralRecipes(t *testing.T) {
	now := time.Unix(1700000000, 0)
	token := verify.NewSecret("token", "a token of words")
	signing := verify.NewSecret("signing", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	static := verify.Recipe{Kind: "static", Header: "X-Token"}
	signed := verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "base64", Header: "X-Sig", SecretEncoding: "base64", SecretPrefix: "whsec_"}
	other := signed
	other.Value = "v2={sig}"
	scheme := mustScheme(t, static, signed, other)
	good := deliver("x")
	if err := bind(t, scheme, signing).Sign(good, now, ""); err != nil {
		t.Fatal(err)
	}
	sig := good.Header.Get("X-Sig")
	if good.Header.Get("X-Token") != "" || sig == "" {
		t.Fatalf("signed with %v, want the recipe that the secret is for", good.Header)
	}
	v2 := deliver("x")
	if err := bind(t, mustScheme(t, other), signing).Sign(v2, now, ""); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		secrets []verify.Secret
		d       *verify.Delivery
		want    string
	}{
		{"both hold", []verify.Secret{token, signing}, deliver("x", "X-Token", "a token of words", "X-Sig", sig), "valid"},
		{"one came", []verify.Secret{token, signing}, deliver("x", "X-Token", "a token of words"), "valid"},
		{"the signature is of another body", []verify.Secret{token, signing}, deliver("y", "X-Token", "a token of words", "X-Sig", sig), "invalid: wrong value"},
		{"the token is another", []verify.Secret{token, signing}, deliver("x", "X-Token", "another", "X-Sig", sig), "invalid: wrong value"},
		{"no key for the signature", []verify.Secret{token}, deliver("y", "X-Token", "a token of words", "X-Sig", sig), "valid"},
		{"no key for the token", []verify.Secret{signing}, deliver("x", "X-Token", "a token of words", "X-Sig", sig), "valid"},
		{"no key for what came", []verify.Secret{signing}, deliver("x", "X-Token", "a token of words"), "unchecked: no secret configured"},
		{"the second form of one header", []verify.Secret{signing}, deliver("x", "X-Sig", v2.Header.Get("X-Sig")), "valid"},
		{"no form of it", []verify.Secret{signing}, deliver("x", "X-Sig", "???"), "invalid: malformed header"},
		{"nothing came", []verify.Secret{token, signing}, deliver("x"), "missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := bind(t, scheme, tt.secrets...).Check(tt.d, now); got.String() != tt.want {
				t.Errorf("Check = %v (%s), want %s", got, got.Detail, tt.want)
			}
		})
	}
}

func TestWhenAndRequire(t *testing.T) {
	now := time.Unix(1700000000, 0)
	first := verify.Recipe{Kind: "hash", Algorithm: "sha256", Encoding: "hex", Header: "X-Sig", Signed: "{secret}{body}",
		When: &verify.Conditions{Equals: map[string]string{"{header.X-Version}": "v1"}}}
	second := verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "hex", Header: "X-Sig", Signed: "{url}", RequireURL: true,
		When: &verify.Conditions{Present: []string{"{query.hash}"}, Absent: []string{"{header.X-Version}"}}, Require: map[string]string{"{query.hash}": "{body_sha256}"}}
	scheme := mustScheme(t, first, second)
	keyring := bind(t, scheme, verify.NewSecret("env A", "k"))
	one := deliver("x", "X-Version", "v1")
	if err := keyring.Sign(one, now, ""); err != nil || len(one.Header.Get("X-Sig")) != 64 {
		t.Fatalf("signed with %v (%v), want the recipe whose conditions hold", one.Header, err)
	}
	const hash = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" // of x
	two := deliver("x")
	two.URL = "/?hash=" + hash
	if err := keyring.Sign(two, now, ""); err != nil || len(two.Header.Get("X-Sig")) != 40 {
		t.Fatalf("signed with %v (%v), want the second recipe", two.Header, err)
	}
	bent := two.Clone()
	bent.Body = []byte("y")
	unknown := one.Clone()
	unknown.Header.Set("X-Version", "v9")
	for _, tt := range []struct {
		name string
		d    *verify.Delivery
		want string
	}{
		{"the first", one, "valid"}, {"the second", two, "valid"},
		{"a body that its hash is not of", bent, "invalid: wrong value"},
		{"a version that nobody knows", unknown, "invalid: unsupported algorithm"},
	} {
		if got := keyring.Check(tt.d, now); got.String() != tt.want {
			t.Errorf("%s: Check = %v (%s), want %s", tt.name, got, got.Detail, tt.want)
		}
	}
	if err := keyring.Sign(bent, now, ""); err == nil || !strings.Contains(err.Error(), "{query.hash}") {
		t.Errorf("signing a request whose query is wrong: %v", err)
	}
}

func TestSignatureInBody(t *testing.T) {
	now := time.Unix(1700000000, 0)
	recipe := verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "hex", Signed: "{ts}{id}",
		Body: &verify.BodyFields{Sig: "signature.signature", TS: "signature.timestamp", ID: "signature.token"}, Timestamp: &verify.Timestamp{Tolerance: "5m"}}
	scheme := mustScheme(t, recipe)
	keyring := bind(t, scheme, verify.NewSecret("env A", "k"))
	d := deliver(`{"n": [1, {"signature": 0}], "signature": {"token": "", "timestamp": "", "signature": ""}, "z": "\"}"}`)
	if err := keyring.Sign(d, now, "tok"); err != nil {
		t.Fatal(err)
	}
	const want = `{"n": [1, {"signature": 0}], "signature": {"token": "tok", "timestamp": "1700000000", "signature": "`
	if !strings.HasPrefix(string(d.Body), want) || len(d.Header) > 0 {
		t.Fatalf("signed: %s with %v", d.Body, d.Header)
	}
	unsigned := d.Clone()
	if err := scheme.Unsign(unsigned); err != nil {
		t.Fatal(err)
	}
	body := string(d.Body)
	for _, tt := range []struct {
		name, body, want string
		at               time.Time
	}{
		{"as signed", body, "valid", now},
		{"late", body, "invalid: stale", now.Add(time.Hour)},
		{"another token", strings.Replace(body, `"tok"`, `"tik"`, 1), "invalid: wrong value", now},
		{"a number for the time", strings.Replace(body, `"1700000000"`, `1700000000`, 1), "valid", now},
		{"another event", strings.Replace(body, "[1,", "[2,", 1), "valid", now}, // the scheme does not cover it
		{"unsigned", string(unsigned.Body), "missing", now},
		{"no signature at all", `{"a":1}`, "missing", now},
		{"no object", `[1]`, "missing", now},
		{"two signatures", strings.Replace(body, `{"token"`, `{"signature":"00","token"`, 1), "invalid: malformed header", now},
		{"not JSON", `{"signature": {"signature`, "invalid: malformed header", now},
		{"too deep to matter", `{"a":` + strings.Repeat("[", 100_000), "invalid: malformed header", now},
		{"empty", "", "invalid: malformed header", now},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := keyring.Check(deliver(tt.body), tt.at); got.String() != tt.want {
				t.Errorf("Check = %v (%s), want %s", got, got.Detail, tt.want)
			}
		})
	}
	if err := keyring.Sign(deliver(`{"a":1}`), now, "tok"); err == nil || !strings.Contains(err.Error(), "no field") {
		t.Errorf("signing a body without a place for it: %v", err)
	}
}

// Arbitrary bodies get an answer, and none is believed but those with the signature.
func FuzzSignatureInBody(f *testing.F) {
	f.Add([]byte(`{"signature":{"token":"t","timestamp":"1","signature":"00"}}`))
	f.Add([]byte(`{"signature":{"signature":"\u0030`))
	f.Add([]byte(`{"a":{"b":[}]},"signature":`))
	keyring := mustBind(f, verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "hex", Signed: "{ts}{id}", Timestamp: &verify.Timestamp{},
		Body: &verify.BodyFields{Sig: "signature.signature", TS: "signature.timestamp", ID: "signature.token"}}, verify.NewSecret("env A", "nobody has this"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if got := keyring.Check(deliver(string(body)), time.Time{}); got.Status == verify.Valid {
			t.Errorf("%q is valid", body)
		}
	})
}

func TestAsymmetric(t *testing.T) {
	now := time.Unix(1700000000, 0)
	for _, recipe := range []verify.Recipe{
		{Kind: "ed25519", Encoding: "hex", Header: "X-Sig", Signed: "{ts}{body}", Timestamp: &verify.Timestamp{Header: "X-TS", Tolerance: "5m"}},
		{Kind: "ed25519", Encoding: "base64", Header: "X-Sig"},
		{Kind: "ecdsa", Algorithm: "sha256", Encoding: "base64", Header: "X-Sig"},
		{Kind: "ecdsa", Algorithm: "sha384", Encoding: "base64url", Form: "raw", Header: "X-Sig"},
		{Kind: "ecdsa", Algorithm: "sha512", Encoding: "base64", Header: "X-Sig"},
		{Kind: "rsa", Algorithm: "sha256", Encoding: "base64", Header: "X-Sig"},
		{Kind: "rsa-pss", Algorithm: "sha512", Encoding: "base64", Header: "X-Sig", Value: "a={sig}", Separator: ","},
	} {
		scheme := mustScheme(t, recipe)
		t.Run(scheme.String(), func(t *testing.T) {
			secret := scheme.DevelopmentSecret("acme")
			if secret.Reveal() != scheme.DevelopmentSecret("acme").Reveal() || !scheme.Asymmetric() {
				t.Error("the development key is not always the same")
			}
			d := deliver(`{"a":1}`)
			if err := bind(t, scheme, secret).Sign(d, now, ""); err != nil {
				t.Fatal(err)
			}
			public, ok := scheme.PublicKey(secret)
			if !ok || strings.Contains(public, secret.Reveal()) {
				t.Fatalf("public key %q", public)
			}
			checker := bind(t, scheme, verify.NewSecret("other", otherPublic(t, scheme)), verify.NewSecret("public", public))
			if got := checker.Check(d, now); got.Status != verify.Valid || got.Secret != "public" {
				t.Errorf("Check = %v by %q (%s), want valid by the second key", got, got.Secret, got.Detail)
			}
			bent := d.Clone()
			bent.Body[2] ^= 1
			if got := checker.Check(bent, now); got.Reason != verify.WrongValue {
				t.Errorf("another body is %v", got)
			}
			if err := checker.Sign(d, now, ""); !errors.Is(err, verify.ErrPublicKey) || !strings.Contains(err.Error(), "other holds no private key") {
				t.Errorf("signing with a public key: %v", err)
			}
			if _, err := scheme.Downgraded(); err == nil {
				t.Error("a pinned algorithm was downgraded")
			}
		})
	}
}

func otherPublic(t *testing.T, s *verify.Scheme) string {
	t.Helper()
	own, _ := s.PublicKey(s.DevelopmentSecret("acme"))
	for name := "other"; ; name += "!" {
		if public, ok := s.PublicKey(s.DevelopmentSecret(name)); ok && public != own {
			return public
		}
	}
}

// A key is taken in every form in which it is handed out, and only for what it is.
func TestKeyForms(t *testing.T) {
	const (
		rfcPublic  = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----"
		rfcPrivate = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----\n"
		ecdsa      = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA=="
		ecdsaEC    = "MHcCAQEEIEQmZgBEh9DcU9zMl34czK3xov4AYvm9P3r7rNB2dNXtoAoGCCqGSM49AwEHoUQDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA=="
	)
	ed := verify.Recipe{Kind: "ed25519", Encoding: "hex", Header: "X-Sig"}
	p256 := verify.Recipe{Kind: "ecdsa", Algorithm: "sha256", Encoding: "base64", Header: "X-Sig"}
	for _, tt := range []struct {
		name   string
		recipe verify.Recipe
		value  string
		want   string // of the error, "" for none
	}{
		{"PEM, public", ed, rfcPublic, ""},
		{"PEM, private", ed, rfcPrivate, ""},
		{"hexadecimal", ed, "26b40b8f93fff3d897112f7ebc582b232dbd72517d082fe83cfb30ddce43d1bb", ""},
		{"base64 behind whpk_", ed, "whpk_JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=", ""},
		{"base64 of a seed behind whsk_", ed, "whsk_n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU=", ""},
		{"base64 of DER", p256, ecdsa, ""},
		{"base64 of the older private form", p256, ecdsaEC, ""},
		{"for another kind", ed, ecdsa, "ECDSA on P-256"},
		{"for another kind, in PEM", p256, rfcPublic, "a key for Ed25519"},
		{"on another curve", verify.Recipe{Kind: "ecdsa", Algorithm: "sha384", Encoding: "base64", Header: "X-Sig"}, ecdsa, "ECDSA on P-256"},
		{"half of it", ed, rfcPublic[:80], "not whole"},
		{"31 bytes", ed, "whpk_JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0Q==", "expected a public or a private key"},
		{"a text", ed, "a secret of words", "expected a public or a private key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := mustScheme(t, tt.recipe).Bind("", verify.NewSecret("env A", tt.value))
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("Bind = %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "env A")):
				t.Errorf("Bind = %v, want an error with %q", err, tt.want)
			case err != nil && strings.Contains(err.Error(), tt.value):
				t.Errorf("the error holds the value: %v", err)
			}
		})
	}
}

// A public key is known to everybody, so it must never become the secret of an HMAC that
// stands beside it.
func TestPublicKeysAreNoSecrets(t *testing.T) {
	now := time.Unix(1700000000, 0)
	hmac := verify.Recipe{Kind: "rfc9421", Algorithm: "hmac-sha256", Covered: []string{"content-digest"}}
	ed := verify.Recipe{Kind: "rfc9421", Algorithm: "ed25519", Covered: []string{"content-digest"}}
	for _, public := range []string{
		"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----",
		"26b40b8f93fff3d897112f7ebc582b232dbd72517d082fe83cfb30ddce43d1bb", "whpk_JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=",
	} {
		secret := verify.NewSecret("public", public)
		forged := deliver("x")
		if err := bind(t, mustScheme(t, hmac), secret).Sign(forged, now, ""); err != nil {
			t.Fatal(err)
		}
		if got := bind(t, mustScheme(t, hmac, ed), secret).Check(forged, now); got.Status == verify.Valid {
			t.Errorf("an HMAC keyed with the public key %.12s... is believed", public)
		}
	}
}

func TestNewKindsRefuse(t *testing.T) {
	for _, tt := range []struct {
		name   string
		recipe verify.Recipe
		want   string
	}{
		{"an algorithm for ed25519", verify.Recipe{Kind: "ed25519", Algorithm: "sha256", Encoding: "hex", Header: "X"}, "takes no algorithm"},
		{"sha1 for rsa", verify.Recipe{Kind: "rsa", Algorithm: "sha1", Encoding: "hex", Header: "X"}, "takes sha256, sha384 or sha512"},
		{"a form for rsa", verify.Recipe{Kind: "rsa", Algorithm: "sha256", Encoding: "hex", Form: "raw", Header: "X"}, "form belongs to kind ecdsa"},
		{"an unknown form", verify.Recipe{Kind: "ecdsa", Algorithm: "sha256", Encoding: "hex", Form: "der", Header: "X"}, `form "der"`},
		{"a secret encoding", verify.Recipe{Kind: "ecdsa", Algorithm: "sha256", Encoding: "hex", SecretEncoding: "hex", Header: "X"}, "told by its own form"},
		{"an algorithm that RFC 9421 has not", verify.Recipe{Kind: "rfc9421", Algorithm: "sha256"}, `algorithm "sha256"`},
		{"signed content for rfc9421", verify.Recipe{Kind: "rfc9421", Algorithm: "ed25519", Signed: "{body}"}, "kind rfc9421 takes"},
		{"another header for rfc9421", verify.Recipe{Kind: "rfc9421", Algorithm: "ed25519", Header: "X"}, "the header is Signature"},
		{"a component of answers", verify.Recipe{Kind: "rfc9421", Algorithm: "ed25519", Covered: []string{"@status"}}, "no component"},
		{"a component in upper case", verify.Recipe{Kind: "rfc9421", Algorithm: "ed25519", Covered: []string{"Date"}}, "lower case"},
		{"a component twice", verify.Recipe{Kind: "rfc9421", Algorithm: "ed25519", Covered: []string{"date", "date"}}, "twice"},
		{"a label elsewhere", verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "hex", Header: "X", Label: "a"}, "belong to kind rfc9421"},
		{"a condition on the body", verify.Recipe{Kind: "static", Header: "X", When: &verify.Conditions{Present: []string{"{body.a}"}}}, "may stand here"},
		{"a requirement of the body", verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "hex", Header: "X", Require: map[string]string{"{body}": "x"}}, "{body_sha256} may stand here"},
		{"a header and the body", verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "hex", Header: "X", Body: &verify.BodyFields{Sig: "a"}}, "has no header"},
		{"a body without a signature", verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "hex", Body: &verify.BodyFields{TS: "a"}}, "sig is missing"},
		{"a field of a form", verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "hex", Header: "X", Signed: "{form.a}"}, "nothing is parsed before"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := verify.NewScheme(tt.recipe); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("NewScheme = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestFormFields(t *testing.T) {
	d := deliver("command=%2Fweather&text=&a=1&a=2", "Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	values := &verify.Values{Delivery: d}
	for source, want := range map[string]string{"{form.command}": "/weather", "{form.a}": "1", "slash_command{form.command?}": "slash_command", "{form.text}": "-", "x{form.none?}": "-"} {
		tmpl, err := verify.ParseTemplate(source)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := tmpl.Text(values)
		if !ok {
			got = "-"
		}
		if got != want {
			t.Errorf("%s = %q, want %q", source, got, want)
		}
	}
	d.Header = http.Header{"Content-Type": {"application/json"}}
	if _, ok := d.Form("command"); ok || d.IsForm() {
		t.Error("a body of JSON has the fields of a form")
	}
}
