package verify

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrPublicKey says that a secret can check and not sign: it is a public key.
var ErrPublicKey = errors.New("a public key checks signatures and makes none")

// Sign sets the headers that authenticate d, with the first secret that a recipe can
// use: the time stamp, the delivery's id and the signature, whichever the scheme has.
// Of several recipes it follows the one whose conditions d meets, else the first that
// has none. A signature that stands in the body replaces what is in its place there. A
// scheme without authentication sets nothing.
func (k *Keyring) Sign(d *Delivery, at time.Time, id string) error {
	b := k.signer(d)
	switch {
	case b.Kind == KindNone:
		return nil
	case len(b.keys) == 0:
		return errors.New("sign: no secret")
	}
	key := b.keys[0]
	if i := slices.IndexFunc(b.keys, b.canSign); i > 0 {
		key = b.keys[i]
	}
	if !b.canSign(key) {
		return fmt.Errorf("%s holds no private key: %w", key.secret.Name, ErrPublicKey)
	}
	switch {
	case b.Kind == KindStatic:
		d.Header[b.header] = []string{b.render(key.raw, "")}
		return nil
	case b.message != nil:
		return b.signMessage(d, k.base, at, key)
	}
	got := received{id: id}
	if b.Timestamp != nil {
		got.stamp = b.Timestamp.format(at)
	}
	if b.stamp != "" {
		d.Header[b.stamp] = []string{got.stamp}
	}
	if b.id != "" {
		d.Header[b.id] = []string{id}
	}
	if r, failed := b.unmet(d, k.base); failed {
		return b.explainUnmet(d, r)
	}
	return b.signContent(d, k.base, key, &got)
}

// signContent computes the signature and writes it where it belongs.
func (b *bound) signContent(d *Delivery, base string, key *key, got *received) error {
	s := key.states[0].Get().(*state)
	defer key.states[0].Put(s)
	if err := b.compute(s, d, base, key, got); err != nil {
		return err
	}
	if key.pair.private != nil {
		var err error
		if s.sum, err = key.pair.sign(b.compiled, s.sum); err != nil {
			return err
		}
	}
	s.buf = b.encoding.append(s.buf[:0], s.sum)
	if b.body != nil {
		body, err := b.body.write(d.Body, [3]string{string(s.buf), got.stamp, got.id})
		if err != nil {
			return err
		}
		d.Body = body
		return nil
	}
	d.Header[b.header] = []string{b.render(string(s.buf), got.stamp)}
	return nil
}

// signer is the recipe that Sign follows.
func (k *Keyring) signer(d *Delivery) *bound {
	if len(k.bound) == 1 {
		return k.bound[0]
	}
	var usable []*bound
	for _, b := range k.bound {
		if len(b.keys) > 0 {
			usable = append(usable, b)
		}
	}
	if i := slices.IndexFunc(usable, func(b *bound) bool { return b.when != nil && b.when.hold(d) }); i >= 0 {
		return usable[i]
	}
	if i := slices.IndexFunc(usable, func(b *bound) bool { return b.when == nil }); i >= 0 {
		return usable[i]
	}
	return k.bound[0]
}

func (b *bound) canSign(k *key) bool { return !b.asymmetric() || k.pair.private != nil }

// explainUnmet says what a request must look like so that it can be signed.
func (b *bound) explainUnmet(d *Delivery, r requirement) error {
	want, _ := r.right.Text(&Values{Delivery: d})
	return fmt.Errorf("the scheme wants %s to be %s, which is %s here", r.left, r.right, want)
}

// render writes the header's value around a signature.
func (b *bound) render(signature, stamp string) string {
	var out strings.Builder
	for i, f := range b.fields {
		if i > 0 {
			out.WriteString(b.Separator)
		}
		out.WriteString(f.prefix)
		switch f.variable {
		case varSig:
			out.WriteString(signature)
		case varTS:
			out.WriteString(stamp)
		}
		out.WriteString(f.suffix)
	}
	return out.String()
}
