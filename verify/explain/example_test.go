package explain_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"whk/verify"
	"whk/verify/explain"
)

// A delivery is signed, and an editor adds a newline to the file it was saved in.
func ExampleExplain() {
	scheme, err := verify.NewScheme(verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "hex", Header: "X-Signature"})
	if err != nil {
		fmt.Println(err)
		return
	}
	secret := verify.NewSecret("env WEBHOOK_SECRET", "some_secret_key")
	keyring, err := scheme.Bind("", secret)
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Now()
	d := &verify.Delivery{Method: http.MethodPost, URL: "/", Header: http.Header{}, Body: []byte(`{"id":1}`)}
	if err := keyring.Sign(d, now, ""); err != nil {
		fmt.Println(err)
		return
	}
	d.Body = append(d.Body, '\n')

	fmt.Println(keyring.Check(d, now))
	e := explain.Explain(context.Background(), explain.Input{Delivery: d, Scheme: scheme, Secrets: []verify.Secret{secret}, Received: now})
	fmt.Println("matches if", e.What())
	fmt.Println(e.Changes[0].Cause, "-", e.Meaning)
	// Output:
	// invalid: wrong value
	// matches if the final newline (0x0A) is removed from the body
	// newline-added - the body that reached whk is one byte longer than the one that was signed: a proxy, an editor or a shell added a final newline
}
