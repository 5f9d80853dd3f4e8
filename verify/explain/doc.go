// Package explain says why a delivery did not pass its check: it looks for the smallest
// change to the body, the secret, the algorithm, the encoding, the header or the time
// that makes the signature match, and says what that means and how to mend it.
//
// Its laws: nothing found here makes a delivery valid; a change counts only when all
// bytes of a decoded signature are equal (or, for a signature that was cut short, at
// least its first eight), so that a random signature is never explained; no empty secret
// is tried; and nothing that is returned holds an expected signature, a received one, a
// secret, or a part of the body. Secrets go by their names and fingerprints.
//
//	e := explain.Explain(ctx, explain.Input{
//		Delivery: &delivery, Scheme: scheme, Secrets: secrets, Received: at,
//	})
//	if e.Found() {
//		fmt.Println("matches if", e.What())
//	}
//
// A change that is found may be what happened to the delivery on its way, or what its
// sender did wrong. Which of the two it was, no signature can tell.
package explain
