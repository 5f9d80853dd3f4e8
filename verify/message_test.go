package verify_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"whk/verify"
)

type messageVectors struct {
	Keys     map[string]string `yaml:"keys"`
	Messages []messageVector   `yaml:"messages"`
}

type messageVector struct {
	Name    string        `yaml:"name"`
	Recipe  verify.Recipe `yaml:"recipe"`
	Key     string        `yaml:"key"`
	Request struct {
		Method  string            `yaml:"method"`
		URL     string            `yaml:"url"`
		Headers map[string]string `yaml:"headers"`
		Body    string            `yaml:"body"`
	} `yaml:"request"`
	Input     string `yaml:"input"`
	Signature string `yaml:"signature"`
	// Sign says that Sign makes the very same, Body that the body is covered.
	Sign bool `yaml:"sign"`
	Body bool `yaml:"body"`
}

func (v messageVector) delivery(signed bool) *verify.Delivery {
	d := &verify.Delivery{Method: v.Request.Method, URL: v.Request.URL, Header: http.Header{}, Body: []byte(v.Request.Body)}
	for name, value := range v.Request.Headers {
		d.Header.Set(name, value)
	}
	if signed {
		d.Header.Set("Signature-Input", v.Input)
		d.Header.Set("Signature", v.Signature)
	}
	return d
}

func loadMessages(t testing.TB) messageVectors {
	t.Helper()
	data, err := os.ReadFile("testdata/messages.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var vectors messageVectors
	if err := yaml.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	return vectors
}

// The signatures of RFC 9421, appendix B, and what may not be changed about them.
func TestMessages(t *testing.T) {
	vectors := loadMessages(t)
	at := time.Unix(1618884473, 0)
	for _, v := range vectors.Messages {
		t.Run(v.Name, func(t *testing.T) {
			keyring := mustBind(t, v.Recipe, verify.NewSecret("rfc", vectors.Keys[v.Key]))
			if got := keyring.Check(v.delivery(true), at); got.Status != verify.Valid {
				t.Fatalf("Check = %v (%s), want valid", got, got.Detail)
			}
			changes := map[string]func(*verify.Delivery){
				"another parameter":  func(d *verify.Delivery) { d.Header.Set("Signature-Input", v.Input+`;app="x"`) },
				"a flipped bit":      func(d *verify.Delivery) { d.Header.Set("Signature", flipped(v.Signature)) },
				"no Signature-Input": func(d *verify.Delivery) { d.Header.Del("Signature-Input") },
				"another label":      func(d *verify.Delivery) { d.Header.Set("Signature-Input", "x"+v.Input) },
			}
			if len(v.Recipe.Covered) > 0 {
				changes["another path and host"] = func(d *verify.Delivery) { d.URL = "https://example.net/bar?Pet=cat" }
				changes["nothing covered"] = func(d *verify.Delivery) {
					label, _, _ := strings.Cut(v.Input, "=")
					d.Header.Set("Signature-Input", label+"=();created=1618884473")
				}
			}
			if v.Body {
				changes["another body"] = func(d *verify.Delivery) { d.Body = []byte(`{"hello": "World"}`) }
			}
			for name, change := range changes {
				d := v.delivery(true)
				change(d)
				if got := keyring.Check(d, at); got.Status != verify.Invalid || got.Detail == "" {
					t.Errorf("with %s it is %v (%s), want invalid", name, got, got.Detail)
				}
			}
			if !v.Sign {
				return
			}
			d := v.delivery(false)
			if err := keyring.Sign(d, at, ""); err != nil {
				t.Fatal(err)
			}
			if got := d.Header.Get("Signature-Input"); got != v.Input {
				t.Errorf("Signature-Input = %s, want %s", got, v.Input)
			}
			if got := d.Header.Get("Signature"); got != v.Signature {
				t.Errorf("Signature = %s, want %s", got, v.Signature)
			}
		})
	}
}

// flipped changes the first letter behind the colon.
func flipped(signature string) string {
	at := strings.IndexByte(signature, ':') + 1
	return signature[:at] + string(signature[at]^1) + signature[at+1:]
}

func TestMessageVerdicts(t *testing.T) {
	now := time.Unix(1700000000, 0)
	recipe := verify.Recipe{Kind: "rfc9421", Algorithm: "hmac-sha256", Covered: []string{"@method", "@path", "content-digest"},
		Timestamp: &verify.Timestamp{Tolerance: "5m"}}
	secret := verify.NewSecret("env A", "k")
	keyring := mustBind(t, recipe, secret)
	signed := func(change func(*verify.Delivery)) *verify.Delivery {
		d := deliver(`{"a":1}`)
		if err := keyring.Sign(d, now, ""); err != nil {
			t.Fatal(err)
		}
		change(d)
		return d
	}
	input := func(old, new string) func(*verify.Delivery) {
		return func(d *verify.Delivery) {
			d.Header.Set("Signature-Input", strings.Replace(d.Header.Get("Signature-Input"), old, new, 1))
		}
	}
	narrow := recipe
	narrow.Covered = []string{"@method"}
	for _, tt := range []struct {
		name string
		d    *verify.Delivery
		at   time.Time
		want string
	}{
		{"as signed", signed(func(*verify.Delivery) {}), now, "valid"},
		{"late", signed(func(*verify.Delivery) {}), now.Add(6 * time.Minute), "invalid: stale"},
		{"early", signed(func(*verify.Delivery) {}), now.Add(-6 * time.Minute), "invalid: in the future"},
		{"nothing came", deliver("x"), now, "missing"},
		{"another algorithm", signed(input(";created", `;alg="ed25519";created`)), now, "invalid: downgrade"},
		{"an unknown algorithm", signed(input(";created", `;alg="rot13";created`)), now, "invalid: unsupported algorithm"},
		{"not a structured field", signed(input("sig1=(", "sig1=")), now, "invalid: malformed header"},
		{"a parameter that is not supported", signed(input(`"@method"`, `"@method";req`)), now, "invalid: downgrade"},
		{"a component twice", signed(input(`"@method"`, `"@method" "@method"`)), now, "invalid: malformed header"},
		{"a header that did not come", signed(input(`"@method"`, `"@method" "x-lost"`)), now, "invalid: malformed header"},
		{"a component of answers", signed(input(`"@method"`, `"@method" "@status"`)), now, "invalid: malformed header"},
		{"without a covered component", func() *verify.Delivery {
			d := deliver(`{"a":1}`)
			if err := mustBind(t, narrow, secret).Sign(d, now, ""); err != nil {
				t.Fatal(err)
			}
			return d
		}(), now, "invalid: downgrade"},
		{"a digest of another body", signed(func(d *verify.Delivery) { d.Body = []byte(`{"a":2}`) }), now, "invalid: wrong value"},
		{"a second signature beside it", signed(func(d *verify.Delivery) {
			d.Header.Add("Signature-Input", `other=("@method");created=1`)
			d.Header.Add("Signature", "other=:AAAA:")
		}), now, "valid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := keyring.Check(tt.d, tt.at); got.String() != tt.want {
				t.Errorf("Check = %v (%s), want %s", got, got.Detail, tt.want)
			}
		})
	}
}

// Every algorithm of the registry that whk speaks signs with its development key, and
// checks it with the public half alone.
func TestMessageAlgorithms(t *testing.T) {
	now := time.Unix(1700000000, 0)
	for _, algorithm := range []string{"hmac-sha256", "ed25519", "ecdsa-p256-sha256", "ecdsa-p384-sha384", "rsa-pss-sha512", "rsa-v1_5-sha256"} {
		t.Run(algorithm, func(t *testing.T) {
			recipe := verify.Recipe{Kind: "rfc9421", Algorithm: algorithm, Covered: []string{"@target-uri", "@scheme", "@request-target", "host", "content-digest"}}
			scheme, err := verify.NewScheme(recipe)
			if err != nil {
				t.Fatal(err)
			}
			d := deliver("x")
			d.URL = "/a?b=c"
			secret := scheme.DevelopmentSecret("acme")
			if err := mustBind(t, recipe, secret).Sign(d, now, ""); err != nil {
				t.Fatal(err)
			}
			if public, ok := scheme.PublicKey(secret); ok {
				secret = verify.NewSecret("public", public)
			} else if algorithm != "hmac-sha256" {
				t.Fatal("no public key")
			}
			if got := mustBind(t, recipe, secret).Check(d, now); got.Status != verify.Valid {
				t.Errorf("Check = %v (%s), want valid", got, got.Detail)
			}
		})
	}
}

// No Signature-Input makes the engine panic, and none but a signed one is believed.
func FuzzMessage(f *testing.F) {
	vectors := loadMessages(f)
	for _, v := range vectors.Messages {
		f.Add(v.Input, v.Signature, v.Request.URL)
	}
	f.Add(`sig1=("@query-param";name="%zz");created=x`, "sig1=:::", "/?%zz")
	f.Add(`a=("";sf)`, "a=1", "")
	recipe := verify.Recipe{Kind: "rfc9421", Algorithm: "hmac-sha256", Timestamp: &verify.Timestamp{Tolerance: "5m"}}
	keyring := mustBind(f, recipe, verify.NewSecret("env A", "a key that signs nothing here"))
	f.Fuzz(func(t *testing.T, input, signature, url string) {
		d := deliver("x", "Signature-Input", input, "Signature", signature)
		d.URL = url
		if got := keyring.Check(d, time.Unix(1700000000, 0)); got.Status != verify.Invalid {
			t.Errorf("%q, %q is %v", input, signature, got)
		}
	})
}
