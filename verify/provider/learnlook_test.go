package provider

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
)

// forged signs the learnable deliveries by a recipe, as its sender would. The secret is
// what whoever learns is given: of a key pair only the public half.
func forged(t *testing.T, r verify.Recipe, bend func(*verify.Delivery, int)) (recorded []*Recorded, secret verify.Secret) {
	t.Helper()
	scheme, err := verify.NewScheme(r)
	if err != nil {
		t.Fatal(err)
	}
	secret = scheme.DevelopmentSecret("acme")
	keyring, err := scheme.Bind("https://hooks.example.com", verify.NewSecret("test", secret.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	if public, ok := scheme.PublicKey(secret); ok {
		secret = verify.NewSecret("test", public)
	}
	n := 0
	recorded = learnable(func(d *verify.Delivery, unix int64, id string) {
		if bend != nil {
			bend(d, n)
		}
		n++
	})
	for i, one := range recorded {
		if err := keyring.Sign(one.Delivery, one.At, fmt.Sprintf("del-%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	return recorded, verify.NewSecret("test", secret.Reveal())
}

// What a private key has signed never passes for unsigned: it is said what it looks like
// and what checks it, and with the public key the recipe is found.
func TestLearnPublicKey(t *testing.T) {
	others := builtinSet(t).All()
	for _, c := range []struct {
		name   string
		recipe verify.Recipe
		looks  string
	}{
		{"ed25519 over time and body", verify.Recipe{Kind: verify.KindEd25519, Encoding: "hex", Header: "X-Acme-Ed25519", Signed: "{ts}{body}", Timestamp: &verify.Timestamp{Header: "X-Acme-Time"}},
			"X-Acme-Ed25519 looks like an Ed25519 signature"},
		{"ecdsa", verify.Recipe{Kind: verify.KindECDSA, Algorithm: "sha256", Encoding: "base64", Header: "X-Acme-Signature", Signed: "{ts}.{body}", Timestamp: &verify.Timestamp{Header: "X-Acme-Time"}},
			"X-Acme-Signature looks like an ECDSA signature"},
		{"rsa", verify.Recipe{Kind: verify.KindRSA, Algorithm: "sha256", Encoding: "base64", Header: "X-Acme-Signature"},
			"X-Acme-Signature looks like an RSA signature"},
		{"an HTTP message signature", verify.Recipe{Kind: verify.KindMessage, Algorithm: "ed25519", KeyID: "k1", Covered: []string{"@method", "@path", "content-digest"}},
			"Signature looks like an HTTP message signature (RFC 9421), keyid k1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			recorded, public := forged(t, c.recipe, nil)
			learned, err := Learn(t.Context(), recorded, LearnOptions{Name: "acme", Others: others})
			if err != nil {
				t.Fatal(err)
			}
			if want := c.looks + "; the provider's public key checks it"; learned.Scheme != "not known" || learned.Sure != want {
				t.Errorf("without a key: %s: %s\nwant %s", learned.Scheme, learned.Sure, want)
			}
			if notes := strings.Join(learned.Notes, "\n"); !strings.Contains(notes, "give the public key (as the secret) and learn again: "+c.looks) {
				t.Errorf("notes:\n%s", notes)
			}
			if text := string(learned.Files[DefinitionFile]); strings.Contains(text, "unsigned") {
				t.Errorf("the definition says that it is unsigned:\n%s", text)
			}
			o := LearnOptions{Name: "acme", Base: "https://hooks.example.com", Secrets: []verify.Secret{public}, Others: others}
			learned, err = Learn(t.Context(), recorded, o)
			if err != nil {
				t.Fatal(err)
			}
			want, err := verify.NewScheme(c.recipe)
			if err != nil {
				t.Fatal(err)
			}
			if learned.Scheme != want.String() || learned.Sure != "it verifies all 4 signed events, of 4 different bodies" {
				t.Errorf("with the key: %s: %s\nwant %s", learned.Scheme, learned.Sure, want)
			}
		})
	}
}

// A key that does not fit is said to be the wrong thing, and no definition is written.
func TestLearnWrongPublicKey(t *testing.T) {
	recorded, _ := forged(t, verify.Recipe{Kind: verify.KindRSA, Algorithm: "sha256", Encoding: "base64", Header: "X-Acme-Signature"}, nil)
	_, err := Learn(t.Context(), recorded, LearnOptions{Name: "acme", Secrets: []verify.Secret{verify.NewSecret("test", learnSecret)}})
	if err == nil || !strings.Contains(err.Error(), "X-Acme-Signature: it looks like an RSA signature, and nothing that was tried with this secret verifies it. It takes the provider's public key") {
		t.Errorf("error %v", err)
	}
}

// A signature in the body is seen, and with the secret its recipe is found.
func TestLearnSignatureInBody(t *testing.T) {
	recipe := verify.Recipe{Kind: verify.KindHMAC, Algorithm: "sha256", Encoding: "hex", Signed: "{ts}|{id}",
		Body: &verify.BodyFields{Sig: "auth.signature", TS: "auth.at", ID: "auth.nonce"}, Timestamp: &verify.Timestamp{Format: "unix"}}
	recorded, secret := forged(t, recipe, func(d *verify.Delivery, _ int) {
		d.Body = append([]byte(`{"auth":{"at":"1","nonce":"n","signature":""},`), d.Body[1:]...)
	})
	others := builtinSet(t).All()
	learned, err := Learn(t.Context(), recorded, LearnOptions{Name: "acme", Others: others})
	if err != nil {
		t.Fatal(err)
	}
	if want := "the field auth.signature of the body looks like a signature; the secret checks it"; learned.Scheme != "not known" || learned.Sure != want {
		t.Errorf("without the secret: %s: %s\nwant %s", learned.Scheme, learned.Sure, want)
	}
	learned, err = Learn(t.Context(), recorded, LearnOptions{Name: "acme", Secrets: []verify.Secret{secret}, Others: others})
	if err != nil {
		t.Fatal(err)
	}
	want, err := verify.NewScheme(recipe)
	if err != nil {
		t.Fatal(err)
	}
	if learned.Scheme != want.String() || !strings.HasPrefix(learned.Sure, "it verifies all 4 signed events") {
		t.Errorf("with the secret: %s: %s\nwant %s", learned.Scheme, learned.Sure, want)
	}
	_, err = Learn(t.Context(), recorded, LearnOptions{Name: "acme", Secrets: []verify.Secret{verify.NewSecret("test", "another")}, Others: others})
	if err == nil || !strings.Contains(err.Error(), "the field auth.signature of the body: it looks like a signature, and nothing that was tried") {
		t.Errorf("with another secret: error %v", err)
	}
}

// What whk has no recipe for is said to be just that, and what only bears the name of a
// signature is none.
func TestLearnOtherSignatures(t *testing.T) {
	jws := func(i int) string {
		head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256"}`))
		return fmt.Sprintf("%s..%s", head, base64.RawURLEncoding.EncodeToString(sumOf(sha256.New, "k", fmt.Sprint(i))))
	}
	for _, c := range []struct {
		name string
		bend func(d *verify.Delivery, i int)
		want string
	}{
		{"a JSON Web Signature", func(d *verify.Delivery, i int) { d.Header["X-Acme-Jws"] = []string{jws(i)} },
			"X-Acme-Jws looks like a JSON Web Signature (RS256); whk has no recipe for it, so that nothing is checked"},
		{"an old HTTP signature", func(d *verify.Delivery, i int) {
			d.Header["Signature"] = []string{fmt.Sprintf(`keyId="k",algorithm="rsa-sha256",headers="date",signature="%d"`, i)}
		}, "Signature looks like an HTTP signature from before RFC 9421; whk has no recipe for it, so that nothing is checked"},
		{"the signature of a letter", func(d *verify.Delivery, i int) {
			d.Body = append([]byte(fmt.Sprintf(`{"signature":"Kind regards, no. %d",`, i)), d.Body[1:]...)
		}, "no header looks like a signature"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := 0
			recorded := learnable(func(d *verify.Delivery, _ int64, _ string) { c.bend(d, n); n++ })
			learned, err := Learn(t.Context(), recorded, LearnOptions{Name: "acme", Others: builtinSet(t).All()})
			if err != nil {
				t.Fatal(err)
			}
			if learned.Sure != c.want {
				t.Errorf("got %q\nwant %q", learned.Sure, c.want)
			}
		})
	}
}

// formDeliveries are forms of an invented sender.
func formDeliveries(sign func(d *verify.Delivery, fields url.Values)) []*Recorded {
	var all []*Recorded
	for i, event := range []string{"order.created", "order.paid", "order.created"} {
		d := &verify.Delivery{Method: "POST", URL: "/hooks/acme", Host: "hooks.example.com", Header: map[string][]string{"Content-Type": {formType}}}
		fields := url.Values{"event": {event}, "order_id": {fmt.Sprint(10 + i)}, "email": {"jane@example.com"}, "total": {"10.50"}}
		sign(d, fields)
		if d.Body == nil {
			d.Body = []byte(fields.Encode())
		}
		all = append(all, &Recorded{Delivery: d, At: lintTime(), Ref: fmt.Sprintf("#%d", i+1)})
	}
	return all
}

// Forms are learned like bodies of JSON: the event's name, the recipe, the sample.
func TestLearnForms(t *testing.T) {
	others := builtinSet(t).All()
	secrets := []verify.Secret{verify.NewSecret("test", learnSecret)}
	t.Run("signed over the bytes", func(t *testing.T) {
		recorded := formDeliveries(func(d *verify.Delivery, fields url.Values) {
			d.Body = []byte(fields.Encode())
			d.Header["X-Acme-Sig"] = []string{base64.StdEncoding.EncodeToString(sumOf(sha256.New, learnSecret, string(d.Body)))}
		})
		learned, err := Learn(t.Context(), recorded, LearnOptions{Name: "acme", Secrets: secrets, Others: others})
		if err != nil {
			t.Fatal(err)
		}
		if want := "HMAC-SHA256 of the raw body, base64, in X-Acme-Sig"; learned.Scheme != want {
			t.Errorf("got %s, want %s", learned.Scheme, want)
		}
		if diff := cmp.Diff(map[string]int{"order.created": 2, "order.paid": 1}, learned.Events); diff != "" {
			t.Errorf("events (-want +got)\n%s", diff)
		}
		sample := string(learned.Files["samples/order.paid.json"])
		if !strings.Contains(sample, `"form": {`) || strings.Contains(sample, "jane@") || !strings.Contains(sample, `"total": "10.50"`) {
			t.Errorf("sample:\n%s", sample)
		}
		if len(learned.Files["schemas/order.paid.json"]) > 0 {
			t.Error("a form has a schema of JSON")
		}
	})
	t.Run("signed over the sorted fields", func(t *testing.T) {
		recorded := formDeliveries(func(d *verify.Delivery, fields url.Values) {
			content := "https://hooks.example.com/hooks/acme"
			for _, name := range []string{"email", "event", "order_id", "total"} {
				content += name + fields.Get(name)
			}
			d.Header["X-Acme-Sig"] = []string{base64.StdEncoding.EncodeToString(sumOf(sha256.New, learnSecret, content))}
		})
		learned, err := Learn(t.Context(), recorded, LearnOptions{Name: "acme", Base: "https://hooks.example.com", Secrets: secrets, Others: others})
		if err != nil {
			t.Fatal(err)
		}
		if want := "HMAC-SHA256 of {url}{form_sorted}, base64, in X-Acme-Sig"; learned.Scheme != want {
			t.Errorf("got %s, want %s", learned.Scheme, want)
		}
	})
	t.Run("signed in a field", func(t *testing.T) {
		recorded := formDeliveries(func(_ *verify.Delivery, fields url.Values) {
			fields.Set("signature", fmt.Sprintf("%x", sumOf(sha256.New, learnSecret, fields.Get("order_id"))))
		})
		for _, with := range [][]verify.Secret{nil, secrets} {
			learned, err := Learn(t.Context(), recorded, LearnOptions{Name: "acme", Secrets: with, Others: others})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(learned.Sure, "the field signature of the body looks like a signature; whk reads signatures from headers and from bodies of JSON, not from forms") {
				t.Errorf("got %s: %s", learned.Scheme, learned.Sure)
			}
		}
	})
	t.Run("some among JSON", func(t *testing.T) {
		recorded := append(formDeliveries(func(*verify.Delivery, url.Values) {})[:1], learnable(func(*verify.Delivery, int64, string) {})...)
		learned, err := Learn(t.Context(), recorded, LearnOptions{Name: "acme", Others: others})
		if err != nil {
			t.Fatal(err)
		}
		if len(learned.Notes) == 0 || learned.Notes[0] != "left out, since their bodies are no JSON objects: #1" {
			t.Errorf("notes %q", learned.Notes)
		}
	})
}
