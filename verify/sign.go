package verify

import (
	"errors"
	"strings"
	"time"
)

// Sign sets the headers that authenticate d, with the first secret and the first
// recipe: the time stamp, the delivery's id and the signature, whichever the scheme
// has. A scheme without authentication sets none.
func (k *Keyring) Sign(d *Delivery, at time.Time, id string) error {
	b := k.bound[0]
	if b.Kind == KindNone {
		return nil
	}
	if len(b.keys) == 0 {
		return errors.New("sign: no secret")
	}
	key := b.keys[0]
	if b.Kind == KindStatic {
		d.Header[b.header] = []string{b.render(key.raw, "")}
		return nil
	}
	stamp := ""
	if b.Timestamp != nil {
		stamp = b.Timestamp.format(at)
	}
	if b.stamp != "" {
		d.Header[b.stamp] = []string{stamp}
	}
	if b.id != "" {
		d.Header[b.id] = []string{id}
	}
	s := key.states[0].Get().(*state)
	defer key.states[0].Put(s)
	if err := b.compute(s, d, k.base, key, stamp); err != nil {
		return err
	}
	s.buf = b.encoding.append(s.buf[:0], s.sum)
	d.Header[b.header] = []string{b.render(string(s.buf), stamp)}
	return nil
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
