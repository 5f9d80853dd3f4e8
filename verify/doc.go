// Package verify judges whether a webhook was sent by whoever shares a secret, and
// makes requests that pass the same judgement.
//
// Its laws: bytes are judged as they came, before anything is parsed (but for the fields
// that a recipe names where a body carries its own signature); the algorithm is
// pinned by the scheme and never read from the message; signatures are compared as
// decoded bytes in constant time, with every secret, without an early way out; an
// empty secret is refused; and no verdict, error or text of this package holds an
// expected signature or a secret.
//
//	scheme, err := verify.NewScheme(verify.Recipe{
//		Kind: "hmac", Algorithm: "sha512", Encoding: "hex",
//		Header: "Digest", Value: "sha512={sig}",
//	})
//	keyring, err := scheme.Bind("", verify.NewSecret("env RENTMAN_TOKEN", token))
//	verdict := keyring.Check(&delivery, time.Now())
package verify
