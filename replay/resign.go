package replay

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"whk/verify"
	"whk/verify/provider"
)

// Resigner sends what was received once more as its provider would send it now: edited
// when that is asked for, with a fresh signature, and with the fresh time stamp and id
// that the signature covers. Everything else stays byte for byte. It is safe for
// concurrent use.
type Resigner struct {
	signer *signer
	edits  []Edit
}

// NewResigner signs with the first of the secrets. Only edits of Set and Unset fit what
// was received. A keyed scheme without a secret is ErrNoSecret.
func NewResigner(p *provider.Provider, secrets []verify.Secret, edits []Edit) (*Resigner, error) {
	for _, e := range edits {
		if e.kind != editSet && e.kind != editUnset {
			return nil, fmt.Errorf("%s: an old value and a change belong to a sample", e.path)
		}
	}
	s, err := newSigner(p, secrets, SignNormal)
	if err != nil {
		return nil, err
	}
	return &Resigner{signer: s, edits: edits}, nil
}

// Secret is what it signs with; its Name is empty when no secret is involved.
func (r *Resigner) Secret() verify.Secret { return r.signer.secret }

// ErrNothingToEdit says that a strict edit leaves a delivery as it was.
var ErrNothingToEdit = errors.New("the event has this already, so that nothing would change")

// Make returns the delivery as it goes to an absolute target, which is the URL of what
// it returns: an edit of a delivery that has a query and no body is one of the target's
// query. The delivery itself is not touched. A strict Make minds edits that change
// nothing. A source of randomness belongs to one caller at a time.
func (r *Resigner) Make(d *verify.Delivery, target string, strict bool, now time.Time, rnd *rand.Rand) (*verify.Delivery, error) {
	made := &verify.Delivery{Method: method(d), URL: beforeAny(target, "#"), Host: absoluteHost(target), Header: http.Header{}, Body: d.Body}
	// What belongs to the old connection must not take the new signature with it: its
	// Connection header may list any name.
	for _, name := range endToEnd(d.Header) {
		made.Header[name] = d.Header[name]
	}
	for _, e := range r.edits {
		if err := e.apply(made, beforeAny(target, "?#"), strict); errors.Is(err, errUnchanged) {
			return nil, fmt.Errorf("%s: %w", e.path, ErrNothingToEdit)
		} else if err != nil {
			return nil, err
		}
	}
	return made, r.signer.sign(made, now, rnd)
}
