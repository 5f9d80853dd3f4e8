package contract

import (
	"math/rand/v2"
	"net/http"
	"strings"

	"whk/replay"
	"whk/verify"
)

func signatureChecks() []Check {
	return []Check{
		{ID: "sig.missing", Scope: keyed(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutVerifying, Refuses: true,
			Title: "an event without its signature", Expect: "401",
			Why: "anybody who knows the URL can send events", Run: func(x *Exam) { x.Reject(missingShot(x)) }},
		{ID: "sig.empty", Scope: keyed(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutVerifying, Refuses: true,
			Title: "an empty signature, and its prefix alone", Expect: "401",
			Why: "comparing with nothing is true in more places than one thinks", Run: sigEmpty},
		{ID: "sig.random", Scope: keyed(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutVerifying, Refuses: true,
			Title: "a signature of the right length, at random", Expect: "401",
			Why: "the signature is not compared: anybody can send events", Run: sigRandom},
		{ID: "sig.one-bit", Scope: signing(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutEncoding, Refuses: true,
			Title: "the last bit of the signature changed", Expect: "401",
			Why: "only a part of the signature is compared, which can be guessed", Run: func(x *Exam) {
				x.bendSignature("%s with the last bit of its signature changed", func(sum []byte) []byte {
					sum[len(sum)-1] ^= 1
					return sum
				})
			}},
		{ID: "sig.truncated", Scope: signing(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutEncoding, Refuses: true,
			Title: "the signature without its last byte, its first half, its first byte", Expect: "401",
			Why: "a comparison that ends with the shorter text accepts a guess of one digit", Run: sigTruncated},
		{ID: "sig.extended", Scope: signing(), Severity: Error, Risk: Medium, Mode: Full, Topic: AboutEncoding, Refuses: true,
			Title: "the valid signature with something behind it", Expect: "401",
			Why: "a search for the expected value within the header accepts whole lists of guesses", Run: sigExtended},
		{ID: "sig.wrong-key", Scope: keyed(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutVerifying, Refuses: true,
			Title: "an event signed with another secret", Expect: "401",
			Why: "the check looks at the form of the signature alone, which anybody can make", Run: func(x *Exam) { x.Reject(wrongKeyShot(x)) }},
		{ID: "sig.empty-key", Scope: hashing(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutSecret, Refuses: true,
			Title: "an event signed with an empty secret", Expect: "401",
			Why: "a variable that is not set makes an empty key, which everybody knows", Run: sigEmptyKey},
		{ID: "sig.plain-hash", Scope: Scope{"keyed hashes", func(s *Subject) bool { return s.signs() && s.recipe.Kind == verify.KindHMAC }}, Severity: Error, Risk: Low, Mode: Quick, Topic: AboutAlgorithm, Refuses: true,
			Title: "the hash of the signed content without any key", Expect: "401",
			Why: "a hash without a key is one that everybody can compute", Run: sigPlainHash},
		{ID: "sig.key-as-value", Scope: hashing(), Severity: Error, Risk: Low, Mode: Full, Topic: AboutVerifying, Refuses: true,
			Title: "the secret itself in the place of the signature", Expect: "401",
			Why: "an endpoint that takes the secret for a signature makes it cross the wire", Run: func(x *Exam) {
				s := x.Signed().odd()
				if s.Delivery != nil {
					x.setWhole(s.Delivery, x.secrets[0].Reveal())
					x.Reject(s.Says("%s with the secret itself in the place of its signature", s.What))
				}
			}},
		{ID: "sig.encoding", Scope: signing(), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutEncoding, Refuses: true,
			Title: "the signature in another encoding than the provider's", Expect: "401",
			Why: "what accepts several spellings of a signature compares more than it has to", Run: sigEncoding},
		{ID: "sig.non-ascii", Scope: keyed(), Severity: Error, Risk: Low, Mode: Full, Topic: AboutEncoding, Refuses: true,
			Title: "bytes over 0x7F in the signature", Expect: "401, no failure",
			Why: "comparing functions throw at them; a crash can be provoked by anybody", Run: func(x *Exam) {
				s := x.Signed().odd()
				if s.Delivery == nil {
					return
				}
				value := x.whole(s.Delivery)
				x.setWhole(s.Delivery, value[:len(value)-1]+"\xe9\xff")
				x.Reject(s.Says("%s with bytes over 0x7F in its signature", s.What))
			}},
		{ID: "sig.huge", Scope: keyed(), Severity: Warning, Risk: Low, Mode: Full, Topic: AboutEncoding, Refuses: true,
			Title: "a signature of 6,000 bytes", Expect: "401, no failure",
			Why: "anybody can send it", Run: func(x *Exam) {
				s := x.Signed().odd()
				if s.Delivery != nil {
					x.setSignature(s.Delivery, strings.Repeat("a", 6000))
					x.Reject(s.Says("%s with a signature of 6,000 bytes", s.What))
				}
			}},
		{ID: "sig.duplicate-header", Scope: Scope{"signatures in a header", func(s *Subject) bool { return s.scheme.Keyed() && s.recipe.Body == nil }}, Severity: Info, Risk: Medium, Mode: Full, Topic: AboutHeader,
			Title: "the signature's header twice, one valid, in both orders", Expect: "no failure",
			Why: "a proxy and the app behind it may each take another one for the header", Run: sigDuplicate},
		{ID: "sig.wrong-header", Scope: Scope{"signatures in a header", func(s *Subject) bool { return s.scheme.Keyed() && s.recipe.Body == nil }}, Severity: Error, Risk: Low, Mode: Full, Topic: AboutHeader, Refuses: true,
			Title: "the valid signature under a similar name", Expect: "401",
			Why: "a guessed name that works hides that the real one is not read", Run: sigWrongHeader},
		{ID: "sig.other-provider", Scope: keyed(), Severity: Warning, Risk: Low, Mode: Full, Topic: AboutVerifying, Refuses: true,
			Title: "a valid signature of another provider's scheme", Expect: "401",
			Why: "an endpoint that takes any known scheme is as weak as the weakest", Run: sigOtherProvider},
	}
}

// missingShot is an event whose signature was taken off.
func missingShot(x *Exam) *Shot {
	s := x.Signed()
	s.Says("%s without its signature", s.What)
	if s.Delivery == nil {
		return s
	}
	if err := x.scheme.Unsign(s.Delivery); err != nil {
		x.unsure(err.Error())
		s.Delivery = nil
	}
	s.sign = replay.SignMissing
	if x.recipe.Body != nil || x.recipe.Kind == verify.KindMessage {
		s.sign = ""
	}
	return s
}

// wrongKeyShot is an event that somebody signed who does not know the secret.
func wrongKeyShot(x *Exam) *Shot {
	s := x.Event()
	s.Says("%s signed with another secret", s.What)
	s.sign = replay.SignWrong
	wrong, err := x.another()
	if err != nil {
		x.unsure(err.Error())
		s.Delivery = nil
		return s
	}
	k, err := x.bent(wrong, nil)
	if err != nil {
		x.unsure(err.Error())
		s.Delivery = nil
		return s
	}
	x.signWith(s, k, s.at)
	return s
}

// bendSignature sends the bytes of a signature changed, in the encoding that they had.
func (x *Exam) bendSignature(what string, bend func(sum []byte) []byte) {
	s := x.Signed().odd()
	if s.Delivery == nil {
		return
	}
	s.Says(what, s.What)
	sum, err := decodeAs(x.encoding(), x.signature(s.Delivery))
	if err != nil || len(sum) == 0 {
		x.unsure("the signature cannot be taken apart")
		return
	}
	x.setSignature(s.Delivery, encodeAs(x.encoding(), bend(sum)))
	x.Reject(s)
}

func sigEmpty(x *Exam) {
	for _, form := range []string{"", "prefix"} {
		s := x.Signed().odd()
		if s.Delivery == nil {
			return
		}
		if form == "" {
			x.setWhole(s.Delivery, "")
			x.Reject(s.Says("%s with an empty signature", s.What))
			continue
		}
		before := x.whole(s.Delivery)
		x.setSignature(s.Delivery, "")
		if after := x.whole(s.Delivery); after != "" && after != before {
			x.Reject(s.Says("%s with nothing behind the prefix of its signature", s.What))
		}
	}
}

func sigRandom(x *Exam) {
	rnd := rand.New(rand.NewPCG(x.seed(), 2))
	s := x.Signed().odd()
	if s.Delivery == nil {
		return
	}
	sum, err := decodeAs(x.encoding(), x.signature(s.Delivery))
	text := ""
	switch {
	case x.recipe.Kind != verify.KindStatic && err == nil:
		for i := range sum {
			sum[i] = byte(rnd.UintN(256))
		}
		text = encodeAs(x.encoding(), sum)
	default:
		const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
		for range len(x.signature(s.Delivery)) {
			text += string(letters[rnd.IntN(len(letters))])
		}
	}
	x.setSignature(s.Delivery, text)
	x.Reject(s.Says("%s with a random %s of the right length", s.What, x.thing()))
}

// thing is what authenticates, in a word.
func (s *Subject) thing() string {
	if s.recipe.Kind == verify.KindStatic {
		return "key"
	}
	return "signature"
}

func sigTruncated(x *Exam) {
	for _, cut := range []struct {
		what string
		keep func(n int) int
	}{
		{"%s without the last byte of its signature", func(n int) int { return n - 1 }},
		{"%s with the first half of its signature", func(n int) int { return n / 2 }},
		{"%s with the first byte of its signature", func(int) int { return 1 }},
	} {
		x.bendSignature(cut.what, func(sum []byte) []byte { return sum[:cut.keep(len(sum))] })
	}
}

func sigExtended(x *Exam) {
	if x.recipe.Kind == verify.KindHMAC || x.recipe.Kind == verify.KindHash {
		x.bendSignature("%s with a zero byte behind its signature", func(sum []byte) []byte { return append(sum, 0) })
	}
	if x.lists() || x.recipe.Kind == verify.KindMessage {
		return
	}
	for _, more := range []struct {
		what string
		text func(string) string
	}{
		{"%s with \",x\" behind its signature", func(value string) string { return value + ",x" }},
		{"%s with its signature twice in one value", func(value string) string { return value + "," + value }},
	} {
		s := x.Signed().odd()
		if s.Delivery != nil {
			x.setWhole(s.Delivery, more.text(x.whole(s.Delivery)))
			x.Reject(s.Says(more.what, s.What))
		}
	}
}

func sigEmptyKey(x *Exam) {
	var k *verify.Keyring
	var err error
	if x.recipe.Kind == verify.KindHash {
		k, err = x.bent(verify.Secret{}, func(r *verify.Recipe) { r.Signed = strings.ReplaceAll(r.Signed, "{secret}", "") })
	} else {
		// A key is filled up with zeros, so that one zero is as good as none.
		k, err = x.bent(verify.NewSecret("an empty secret", "\x00"), func(r *verify.Recipe) { r.SecretEncoding, r.SecretPrefix = "", "" })
	}
	if err != nil {
		x.unsure(err.Error())
		return
	}
	s := x.Event().odd()
	if x.signWith(s, k, s.at) {
		x.Reject(s.Says("%s signed with an empty secret", s.What))
	}
}

func sigPlainHash(x *Exam) {
	k, err := x.bent(verify.Secret{}, func(r *verify.Recipe) { r.Kind, r.SecretEncoding, r.SecretPrefix = verify.KindHash, "", "" })
	if err != nil {
		x.unsure(err.Error())
		return
	}
	s := x.Event().odd()
	if x.signWith(s, k, s.at) {
		x.Reject(s.Says("%s with the hash of its content, made without a key", s.What))
	}
}

func sigEncoding(x *Exam) {
	other := "base64"
	if x.encoding() != "hex" {
		other = "hex"
	}
	s := x.Signed().odd()
	if s.Delivery == nil {
		return
	}
	sum, err := decodeAs(x.encoding(), x.signature(s.Delivery))
	if err != nil {
		return
	}
	x.setSignature(s.Delivery, encodeAs(other, sum))
	x.Reject(s.Says("%s with its signature in %s instead of %s", s.What, other, x.encoding()))
}

func sigDuplicate(x *Exam) {
	counts := map[string]Outcome{}
	for _, first := range []bool{true, false} {
		s := x.Signed().odd()
		if s.Delivery == nil {
			return
		}
		valid, spoilt := x.whole(s.Delivery), s.Delivery.Clone()
		x.setSignature(spoilt, strings.Repeat("0", len(x.signature(s.Delivery))))
		bad := x.whole(spoilt)
		pair, order := []string{valid, bad}, "first"
		if !first {
			pair, order = []string{bad, valid}, "second"
		}
		s.Delivery.Header[x.header()] = pair
		counts[order] = x.Survive(s.Says("%s with its header twice, the %s valid", s.What, order))
	}
	switch {
	case counts["first"] == Accepted && counts["second"] == Accepted:
		x.Note("one valid header of two is enough, whichever it is")
	case counts["first"] == Accepted:
		x.Note("of two headers the first counts")
	case counts["second"] == Accepted:
		x.Note("of two headers the second counts")
	}
}

func sigWrongHeader(x *Exam) {
	name := x.header()
	names := []string{"X-" + name, "X-Signature", "Signature", "X-Hub-Signature", "X-Webhook-Signature"}
	if short, ok := strings.CutPrefix(name, "X-"); ok {
		names[0] = short
	}
	tried := 0
	for _, other := range names {
		other = http.CanonicalHeaderKey(other)
		s := x.Signed().odd()
		if s.Delivery == nil || other == name || len(s.Delivery.Header[other]) > 0 || tried == 3 {
			continue
		}
		tried++
		value := x.whole(s.Delivery)
		if x.scheme.Unsign(s.Delivery) == nil {
			s.Delivery.Header[other] = []string{value}
			x.Reject(s.Says("%s with its %s in %s instead of %s", s.What, x.thing(), other, name))
		}
	}
}

func sigOtherProvider(x *Exam) {
	s := x.Signed().odd()
	if s.Delivery == nil || x.scheme.Unsign(s.Delivery) != nil {
		return
	}
	other := verify.Recipe{Kind: verify.KindHMAC, Algorithm: "sha256", Encoding: "hex", Header: "X-Hub-Signature-256", Value: "sha256={sig}"}
	if x.header() == http.CanonicalHeaderKey(other.Header) {
		other = verify.Recipe{Kind: verify.KindHMAC, Algorithm: "sha256", Encoding: "base64", Header: "X-Shopify-Hmac-Sha256"}
	}
	scheme, err := verify.NewScheme(other)
	if err != nil {
		x.unsure(err.Error())
		return
	}
	k, err := scheme.Bind("", x.secrets[0])
	if err == nil && x.signWith(s, k, s.at) {
		x.Reject(s.Says("%s signed with the right secret in %s, as another provider does", s.What, other.Header))
	}
}
