package replay

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"whk/verify"
	"whk/verify/provider"
)

// Signature says what becomes of the signature of what is sent again.
type Signature string

// What can become of a signature.
const (
	// SignatureNew signs anew, with the fresh time stamp and id that a signature covers.
	SignatureNew Signature = "new"
	// SignatureKeep leaves the headers as they came, whatever becomes of the body.
	SignatureKeep Signature = "keep"
	// SignatureNone leaves out the signature and what belongs to it alone: its time stamp,
	// its id, its digest of the body.
	SignatureNone Signature = "none"
)

// Signatures returns all of them.
func Signatures() []Signature { return []Signature{SignatureNew, SignatureKeep, SignatureNone} }

// ResignOptions say what is made of what was received.
type ResignOptions struct {
	// Provider is whose signature it is. Only SignatureKeep can do without.
	Provider *provider.Provider
	// Signature is SignatureNew when it is empty; that signs with the first of Secrets.
	Signature Signature
	Secrets   []verify.Secret
	// Body takes the place of what was received, byte for byte, when it is not nil.
	Body []byte
	// Edits are made after that. Only those of Set and Unset fit what was received.
	Edits []Edit
}

// Resigner sends what was received once more as its provider would send it now: edited
// when that is asked for, and with the signature that is wanted. Everything else stays
// byte for byte. It is safe for concurrent use.
type Resigner struct {
	o      ResignOptions
	signer *signer // of SignatureNew
}

// NewResigner finds out what is wrong with the options. A keyed scheme that is to sign
// without a secret is ErrNoSecret.
func NewResigner(o ResignOptions) (*Resigner, error) {
	for _, e := range o.Edits {
		if e.kind != editSet && e.kind != editUnset {
			return nil, fmt.Errorf("%s: an old value and a change belong to a sample", e.path)
		}
	}
	if o.Signature == "" {
		o.Signature = SignatureNew
	}
	r := &Resigner{o: o}
	switch {
	case !slices.Contains(Signatures(), o.Signature):
		return nil, fmt.Errorf("%s is nothing that can become of a signature: expected new, keep or none", shorten(string(o.Signature)))
	case o.Signature == SignatureKeep:
		return r, nil
	case o.Provider == nil:
		return nil, fmt.Errorf("signature %s: no provider says where it stands", o.Signature)
	case o.Signature == SignatureNone:
		return r, nil
	}
	var err error
	r.signer, err = newSigner(o.Provider, o.Secrets, SignNormal)
	return r, err
}

// Secret is what it signs with; its Name is empty when no secret is involved.
func (r *Resigner) Secret() verify.Secret {
	if r.signer == nil {
		return verify.Secret{}
	}
	return r.signer.secret
}

// WithBody is the same with a body that is sent as it is, in the place of all edits.
func (r *Resigner) WithBody(body []byte) *Resigner {
	with := *r
	with.o.Body, with.o.Edits = body, nil
	return &with
}

// ErrNothingToEdit says that a strict edit leaves a delivery as it was.
var ErrNothingToEdit = errors.New("the event has this already, so that nothing would change")

// Made is a delivery that a Resigner made.
type Made struct {
	*verify.Delivery
	// Resigned is set when it was signed anew, Edited when its content is not what was
	// received: the body, or the query of a delivery without one.
	Resigned, Edited bool
}

// Make returns the delivery as it goes to an absolute target, which is the URL of what
// it returns: an edit of a delivery that has a query and no body is one of the target's
// query. The delivery itself is not touched. A strict Make minds edits that change
// nothing. A source of randomness belongs to one caller at a time.
func (r *Resigner) Make(d *verify.Delivery, target string, strict bool, now time.Time, rnd *rand.Rand) (*Made, error) {
	made, err := r.unsigned(d, target, strict)
	if err != nil {
		return nil, err
	}
	switch r.o.Signature {
	case SignatureNew:
		made.Resigned = r.o.Provider.Scheme.Signs()
		return made, r.signer.sign(made.Delivery, now, rnd)
	case SignatureNone:
		unsign(r.o.Provider.Scheme, made.Delivery)
	}
	return made, nil
}

// Body is what the edits make of the body of a delivery, before it is signed.
func (r *Resigner) Body(d *verify.Delivery, strict bool) ([]byte, error) {
	made, err := r.unsigned(d, "http://localhost/", strict)
	if err != nil {
		return nil, err
	}
	return made.Delivery.Body, nil
}

func (r *Resigner) unsigned(d *verify.Delivery, target string, strict bool) (*Made, error) {
	made := &verify.Delivery{Method: method(d), URL: beforeAny(target, "#"), Host: absoluteHost(target), Header: http.Header{}, Body: d.Body}
	// What belongs to the old connection must not take the new signature with it: its
	// Connection header may list any name.
	for _, name := range endToEnd(d.Header) {
		made.Header[name] = d.Header[name]
	}
	if r.o.Body != nil {
		made.Body = r.o.Body
	}
	url := made.URL
	for _, e := range r.o.Edits {
		if err := e.apply(made, beforeAny(target, "?#"), strict); errors.Is(err, errUnchanged) {
			return nil, fmt.Errorf("%s: %w", e.path, ErrNothingToEdit)
		} else if err != nil {
			return nil, err
		}
	}
	return &Made{Delivery: made, Edited: made.URL != url || !bytes.Equal(made.Body, d.Body)}, nil
}

// unsign takes off a delivery what signing it would set.
func unsign(s *verify.Scheme, d *verify.Delivery) {
	// It fails where the body has no field for a signature, and so has none.
	_ = s.Unsign(d)
	for _, name := range s.Headers() {
		delete(d.Header, name)
	}
	for _, recipe := range s.Recipes() {
		if slices.Contains(recipe.Covered, "content-digest") {
			delete(d.Header, "Content-Digest")
		}
	}
}
