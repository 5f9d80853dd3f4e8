package verify_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"whk/verify"
)

// What a scheme was made of can be read, and changing it changes nothing.
func TestRecipes(t *testing.T) {
	scheme, err := verify.NewScheme(
		verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "hex", Header: "X-First", SecretPrefix: "whsec_", SecretEncoding: "base64"},
		verify.Recipe{Kind: "static", Header: "X-Second"})
	if err != nil {
		t.Fatal(err)
	}
	recipes := scheme.Recipes()
	if len(recipes) != 2 || recipes[0].Signed != "{body}" || recipes[0].Value != "{sig}" || recipes[1].Kind != verify.KindStatic {
		t.Errorf("Recipes = %+v", recipes)
	}
	recipes[0].Header = "X-Other"
	if got := scheme.Recipes()[0].Header; got != "X-First" {
		t.Errorf("the header became %q", got)
	}
	for want, header := range []string{"X-First", "X-Second"} {
		if got := scheme.Picks(&verify.Delivery{Header: http.Header{header: {"x"}}}); got != want {
			t.Errorf("Picks with %s = %d, want %d", header, got, want)
		}
	}
	key, err := scheme.Key(0, verify.NewSecret("s", "whsec_AAEC"))
	if err != nil || !bytes.Equal(key, []byte{0, 1, 2}) {
		t.Errorf("Key = %x, %v", key, err)
	}
	if _, err := scheme.Key(0, verify.NewSecret("s", "")); err == nil {
		t.Error("an empty secret has a key")
	}
}

// A time stamp in milliseconds where seconds are due lies so far ahead that the
// difference is no duration any more; it is refused all the same.
func TestTimeStampFarAhead(t *testing.T) {
	scheme, err := verify.NewScheme(verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "hex", Header: "X-Signature", Signed: "{ts}.{body}",
		Timestamp: &verify.Timestamp{Header: "X-Time", Tolerance: "5m"}})
	if err != nil {
		t.Fatal(err)
	}
	keyring, err := scheme.Bind("", verify.NewSecret("s", "some_secret_key"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_700_000_000, 0)
	d := &verify.Delivery{Header: http.Header{}, Body: []byte("{}")}
	ahead := time.Unix(now.UnixMilli(), 0)
	if err := keyring.Sign(d, ahead, ""); err != nil {
		t.Fatal(err)
	}
	if got := keyring.Check(d, now); got.Status != verify.Invalid || got.Reason != verify.Future {
		t.Errorf("Check = %v (%s), want in the future", got, got.Detail)
	}
}
