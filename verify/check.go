package verify

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"
	"time"
)

// Keyring is a scheme with its secrets. Check and Sign may be called from many
// goroutines at once.
type Keyring struct {
	scheme          *Scheme
	base            string
	bound           []*bound
	onlyDevelopment bool
}

// bound is one recipe with its keys.
type bound struct {
	*compiled
	keys []*key
	// received keeps the slices that headers are taken apart into.
	received sync.Pool
}

// key is one secret made ready: hash states that have absorbed it are kept for the
// next check, one pool for each algorithm that is allowed.
type key struct {
	secret Secret
	raw    string
	pair   keyPair // of an asymmetric scheme
	states []sync.Pool
}

// holds compares a signature that came with what was computed: the signature itself,
// or for an asymmetric scheme what was signed.
func (k *key) holds(c *compiled, computed, signature []byte) bool {
	if k.pair.public != nil {
		return k.pair.verify(c, computed, signature)
	}
	return hmac.Equal(signature, computed)
}

// state is what one computation needs; a pooled one makes a check free of allocation.
type state struct {
	hash   hash.Hash
	values Values
	buf    []byte
	sum    []byte
	sig    []byte
}

func newKey(r *compiled, secret Secret, raw []byte) *key {
	k := &key{secret: secret, raw: string(raw), states: make([]sync.Pool, len(r.hashes))}
	for i, a := range r.hashes {
		k.states[i].New = func() any {
			if r.primitive() == KindHMAC {
				return &state{hash: hmac.New(a.make, raw)}
			}
			return &state{hash: a.make()}
		}
	}
	return k
}

// Check judges a delivery at the time it was received. It looks at the bytes before
// anything is parsed: a body that fails here must not reach a decoder.
func (k *Keyring) Check(d *Delivery, received time.Time) Verdict {
	v := k.judge(d, received)
	if k.onlyDevelopment && v.Status == Invalid {
		return Verdict{Status: Unchecked, Reason: NoSecret, Detail: "signed with a secret that whk was not told"}
	}
	return v
}

// judge asks the one recipe, or all that have something to say: every signature that
// came, and that there is a key for, must hold.
func (k *Keyring) judge(d *Delivery, at time.Time) Verdict {
	if len(k.bound) == 1 {
		return k.bound[0].check(d, k.base, at)
	}
	var verdict Verdict
	for i, b := range k.bound {
		if b.group != i || !b.came(d) {
			continue
		}
		if v := k.judgeGroup(i, d, at); strictness(v) > strictness(verdict) {
			verdict = v
		}
	}
	if verdict.Status == "" { // nothing came
		return k.bound[0].check(d, k.base, at)
	}
	return verdict
}

// strictness orders the verdicts on signatures that came side by side: the worst counts.
func strictness(v Verdict) int {
	switch v.Status {
	case Invalid:
		return 4
	case Valid:
		return 3
	case Unsigned:
		return 2
	case Unchecked:
		return 1
	}
	return 0
}

// judgeGroup asks the recipes that read the same header, of which one is enough.
func (k *Keyring) judgeGroup(group int, d *Delivery, at time.Time) Verdict {
	best, rank := Verdict{}, -1
	for _, b := range k.bound[group:] {
		if b.group != group || !b.applies(d) {
			continue
		}
		v := b.check(d, k.base, at)
		if r := promise(v); r > rank {
			best, rank = v, r
		}
	}
	if rank < 0 {
		return Verdict{Status: Invalid, Reason: UnsupportedAlgorithm,
			Detail: k.bound[group].place() + " came, but in no version of the scheme that is known"}
	}
	return best
}

// promise orders the verdicts of recipes of which one is enough: the best counts, and
// of two that failed the one that understood more.
func promise(v Verdict) int {
	switch {
	case v.Status == Valid:
		return 5
	case v.Status == Unsigned:
		return 4
	case v.Status == Invalid && v.Reason != Malformed:
		return 3
	case v.Status == Unchecked:
		return 1
	case v.Status == Invalid:
		return 2
	}
	return 0
}

func (b *bound) check(d *Delivery, base string, at time.Time) Verdict {
	if b.Kind == KindNone {
		return Verdict{Status: Unsigned}
	}
	values := d.Header[b.header]
	switch {
	case b.body == nil && len(values) == 0:
		return Verdict{Status: Missing, Detail: "no " + b.header + " header came"}
	case len(b.keys) == 0 && b.body == nil:
		return Verdict{Status: Unchecked, Reason: NoSecret}
	case b.message != nil:
		return b.checkMessage(d, base, at)
	}
	got, ok := b.received.Get().(*received)
	if !ok {
		got = new(received)
	}
	defer func() {
		clear(got.signatures)
		*got = received{signatures: got.signatures[:0]}
		b.received.Put(got)
	}()
	if v := b.readAny(d, values, got); v.Status != "" {
		return v
	}
	if b.Kind == KindStatic {
		return b.checkStatic(got.signatures)
	}
	if b.stamp != "" {
		if stamps := d.Header[b.stamp]; len(stamps) > 0 {
			got.stamp = stamps[0]
		}
	}
	if ids := d.Header[b.id]; b.id != "" && len(ids) > 0 {
		got.id = ids[0]
	}
	matched, v := b.match(d, base, got)
	switch {
	case v.Status != "":
		return v
	case matched == nil:
		return Verdict{Status: Invalid, Reason: WrongValue, Detail: b.place() + " does not match the body and the secret"}
	}
	if r, failed := b.unmet(d, base); failed {
		return Verdict{Status: Invalid, Reason: WrongValue, Detail: r.left.String() + " is not " + r.right.String() + " of this delivery"}
	}
	if v := b.judgeTime(got.stamp, at); v.Status != "" {
		return v
	}
	if !b.keyed() {
		return Verdict{Status: Unsigned, Detail: b.header + " holds an unkeyed digest: the body is whole, the sender unknown"}
	}
	return Verdict{Status: Valid, Secret: matched.secret.Name, Development: matched.secret.Development}
}

// checkStatic compares digests, so that neither content nor length of a key shows in
// the time taken.
func (b *bound) checkStatic(values []string) Verdict {
	var matched *key
	for _, value := range values {
		got := sha256.Sum256([]byte(value))
		for _, k := range b.keys {
			want := sha256.Sum256([]byte(k.raw))
			if subtle.ConstantTimeCompare(got[:], want[:]) == 1 && matched == nil {
				matched = k
			}
		}
	}
	if matched == nil {
		return Verdict{Status: Invalid, Reason: WrongValue, Detail: b.header + " does not hold the shared key"}
	}
	return Verdict{Status: Valid, Secret: matched.secret.Name, Development: matched.secret.Development}
}

// match computes the signature with every key, without an early way out, and returns
// the first key that gives one of the signatures that came.
func (b *bound) match(d *Delivery, base string, got *received) (*key, Verdict) {
	var matched *key
	for _, k := range b.keys {
		s := k.states[got.hash].Get().(*state)
		err := b.compute(s, d, base, k, got)
		var bad string
		for _, text := range got.signatures {
			var ok bool
			if s.sig, ok = b.encoding.appendDecoded(s.sig[:0], text); !ok {
				bad = text
			} else if k.holds(b.compiled, s.sum, s.sig) && matched == nil {
				matched = k
			}
		}
		k.states[got.hash].Put(s)
		if err != nil {
			return nil, malformed("%s", err.Error())
		}
		if bad != "" && len(got.signatures) == 1 {
			return nil, b.undecodable(bad)
		}
	}
	return matched, Verdict{}
}

func (b *bound) undecodable(text string) Verdict {
	if b.encoding == encodingHex {
		if _, ok := appendLowerHex(nil, strings.ToLower(text)); ok {
			return malformed("%s is in upper case, expected lower-case hex", b.place())
		}
		return malformed("%s is not lower-case hex", b.place())
	}
	return malformed("%s is not %s", b.place(), b.encoding)
}

// compute leaves the signature of d in s.sum. The body goes straight into the hash.
func (b *bound) compute(s *state, d *Delivery, base string, k *key, got *received) error {
	s.values = Values{Delivery: d, Base: base, TS: got.stamp, ID: got.id, Secret: k.raw}
	defer func() { s.values.Delivery = nil }()
	s.hash.Reset()
	for _, p := range b.signed.parts {
		if p.variable == varBody {
			s.hash.Write(d.Body)
			continue
		}
		var ok bool
		if s.buf, ok = p.append(s.buf[:0], &s.values); !ok {
			return errors.New(b.lacking(p))
		}
		s.hash.Write(s.buf)
	}
	s.sum = s.hash.Sum(s.sum[:0])
	return nil
}

// lacking says which part of the signed content did not come.
func (b *bound) lacking(p part) string {
	switch p.variable {
	case varTS:
		return "the signed time stamp did not come in " + cmp.Or(b.stamp, b.bodyPath(varTS))
	case varID:
		return "the signed delivery id did not come in " + cmp.Or(b.id, b.bodyPath(varID))
	case varHeader:
		return "the signed header " + p.text + " did not come"
	case varQuery:
		return "the signed query parameter " + p.text + " did not come"
	}
	return "the body is not a form, which is what is signed"
}

func (b *bound) judgeTime(stamp string, at time.Time) Verdict {
	if b.Timestamp == nil || b.tolerance == 0 {
		return Verdict{}
	}
	signed, err := b.Timestamp.parse(stamp)
	if err != nil {
		return malformed("the time stamp %q is not %s", stamp, b.Timestamp.name())
	}
	age := at.Sub(signed)
	switch {
	case age > b.tolerance:
		return Verdict{Status: Invalid, Reason: Stale, Detail: fmt.Sprintf("signed %s before it came, %s is allowed", age.Round(time.Second), b.tolerance)}
	case age < -b.tolerance && !b.Timestamp.Future:
		return Verdict{Status: Invalid, Reason: Future, Detail: fmt.Sprintf("signed %s ahead of this clock, %s is allowed", age.Abs().Round(time.Second), b.tolerance)}
	}
	return Verdict{}
}

func (t *Timestamp) name() string {
	switch t.Format {
	case "unix_ms":
		return "a number of milliseconds since 1970"
	case "rfc3339":
		return "a time such as 2006-01-02T15:04:05Z"
	}
	return "a number of seconds since 1970"
}
