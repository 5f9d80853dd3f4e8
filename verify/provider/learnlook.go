package provider

import (
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// What looks like a signature and is none that a shared secret makes in a header: one of a
// private key, one that stands in the body, one that whk has no recipe for. None of these
// may pass for unsigned.

// look is one place in the deliveries that looks like such a signature.
type look struct {
	// place is what people call it, "X-Acme-Signature" or "the field sig of the body".
	place string
	// header is the header it stands in, path its path in the body; one of them is empty.
	header, path string
	// like completes "it looks like", and needs says what it takes to check it.
	like, needs string
	// public is true where a public key checks it.
	public bool
	values []string
}

func (k *look) String() string { return k.place + " looks like " + k.like }

const (
	needsPublic = "the provider's public key checks it"
	needsSecret = "the secret checks it"
	needsNobody = "whk has no recipe for it, so that nothing is checked"
)

// looks finds them in the deliveries. What is the same in all of several is none.
func (l *learner) looks() []*look {
	var all []*look
	note := func(found look, value string) {
		i := slices.IndexFunc(all, func(k *look) bool { return k.place == found.place })
		if i < 0 {
			i, all = len(all), append(all, &found)
		}
		all[i].values = append(all[i].values, value)
	}
	for _, r := range l.recorded {
		for _, name := range ownHeaders(r.Delivery.Header) {
			value := r.Delivery.Header[name][0]
			if found, ok := headerLook(name, value, r.Delivery.Header.Get("Signature-Input")); ok {
				note(found, value)
			}
		}
		eachScalar(r.view, func(path jsonPath, text string) {
			if found, ok := fieldLook(path, text, l.form); ok {
				note(found, text)
			}
		})
	}
	return slices.DeleteFunc(all, func(k *look) bool {
		return len(k.values) > 1 && len(slices.Compact(slices.Sorted(slices.Values(k.values)))) == 1
	})
}

// headerLook judges one header; input is the header Signature-Input, if there is one.
func headerLook(name, value, input string) (look, bool) {
	found := look{place: name, header: name, public: true, needs: needsPublic}
	switch {
	case name == "Signature-Input":
		return found, false // it belongs to Signature
	case name == "Signature" && input != "":
		found.like, found.public = messageLike(input)
		if !found.public {
			found.needs = needsSecret
		}
		return found, true
	case strings.Contains(value, `signature="`) && strings.Contains(value, `keyId="`):
		found.like, found.needs, found.public = "an HTTP signature from before RFC 9421", needsNobody, false
		return found, true
	}
	if alg := webSignature(value); alg != "" {
		found.like, found.needs, found.public = "a JSON Web Signature ("+alg+")", needsNobody, false
		return found, true
	}
	if found.like = keyPairLike(name, value); found.like == "" {
		return found, false
	}
	says := regexp.MustCompile(`(?i)ed25519|ecdsa|rsa`).MatchString(name)
	return found, says || unlikely(name) < 2 || strings.Contains(found.like, "ECDSA")
}

// messageLike says what the parameters of an HTTP message signature tell of it.
func messageLike(input string) (like string, public bool) {
	var told []string
	for _, m := range regexp.MustCompile(`;(alg|keyid)="([^"]{1,80})"`).FindAllStringSubmatch(input, 4) {
		told = append(told, m[1]+" "+m[2])
	}
	like = "an HTTP message signature (RFC 9421)"
	if len(told) > 0 {
		like += ", " + strings.Join(told, ", ")
	}
	return like, !strings.Contains(like, "alg hmac-")
}

// webSignature is the algorithm of a JSON Web Signature, "" for everything else.
func webSignature(value string) string {
	value = value[strings.LastIndexByte(value, ' ')+1:]
	parts := strings.Split(value, ".")
	if len(parts) != 3 {
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[0])
	var head struct{ Alg string }
	if err != nil || json.Unmarshal(raw, &head) != nil {
		return ""
	}
	return clip(head.Alg)
}

// keyPairLike says which signature of a private key a text has the form of.
func keyPairLike(name, value string) string {
	name = strings.ToLower(name)
	for _, s := range spotsBy(name, value, writtenByKey) {
		switch {
		case s.size == 64 && strings.Contains(name, "ed25519"):
			return "an Ed25519 signature"
		case s.size == 64 && strings.Contains(name, "ecdsa"), s.form == "asn1", s.size == 96, s.size == 132:
			return "an ECDSA signature"
		case s.size >= 256, strings.Contains(name, "rsa"):
			return "an RSA signature"
		}
	}
	return ""
}

// keySizes are the lengths of the signatures of key pairs: Ed25519 and ECDSA side by side
// on three curves, RSA of 1024 to 4096 bits.
var keySizes = [...]int{64, 96, 132, 128, 256, 384, 512}

// writtenByKey are the encodings in which a text is a signature of a key pair.
func writtenByKey(text string) []signatureSpot {
	var found []signatureSpot
	add := func(encoding string, raw []byte, err error) {
		switch {
		case err != nil:
		case isDER(raw):
			found = append(found, signatureSpot{encoding: encoding, size: len(raw), form: "asn1"})
		case slices.Contains(keySizes[:], len(raw)):
			found = append(found, signatureSpot{encoding: encoding, size: len(raw)})
		}
	}
	raw, err := hex.DecodeString(text)
	add("hex", raw, err)
	trimmed := strings.TrimRight(text, "=")
	if strings.ContainsAny(text, "-_") {
		raw, err = base64.RawURLEncoding.DecodeString(trimmed)
		add("base64url", raw, err)
	} else {
		raw, err = base64.RawStdEncoding.DecodeString(trimmed)
		add("base64", raw, err)
	}
	return found
}

// isDER reports whether bytes are two numbers as ECDSA writes them.
func isDER(raw []byte) bool {
	var parts struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(raw, &parts)
	return err == nil && len(rest) == 0 && len(raw) > 60 && parts.R.Sign() > 0 && parts.S.Sign() > 0
}

// fieldLook judges one field of the body: its name has to say that it is a signature, and
// its value to have the form of one.
func fieldLook(path jsonPath, text string, form bool) (look, bool) {
	key := plainKey(path[len(path)-1].key)
	said := strings.Contains(key, "signature") || strings.Contains(key, "hmac") || slices.Contains([]string{"sig", "sign", "mac"}, key)
	if len(path) == 1 && slices.Contains([]string{"hash", "digest", "checksum"}, key) {
		said = true
	}
	if !said {
		return look{}, false
	}
	found := look{place: "the field " + path.String() + " of the body", path: path.String(), like: "a signature", needs: needsSecret}
	if like := keyPairLike(key, text); like != "" {
		found.like, found.needs, found.public = like, needsPublic, true
	} else if len(written(text)) == 0 {
		return look{}, false
	}
	if form {
		found.needs = "whk reads signatures from headers and from bodies of JSON, not from forms, so that nothing is checked"
	}
	return found, true
}

// described joins what several looks are.
func described(looks []*look) string {
	var texts []string
	for _, k := range looks {
		texts = append(texts, k.String())
	}
	return strings.Join(texts, "; ")
}

// withoutKey says what can be said when nothing is known that could check them.
func (l *learner) withoutKey(looks []*look) {
	l.learned.Scheme = "not known"
	l.learned.Sure = described(looks) + "; " + looks[0].needs
	l.draft.Limits = []string{"Nothing is checked: " + l.learned.Sure + "."}
	for _, k := range looks {
		if k.needs == needsPublic || k.needs == needsSecret {
			what := "secret"
			if k.public {
				what = "public key (as the secret)"
			}
			l.note("give the %s and learn again: %s", what, k)
			continue
		}
		l.note("%s: %s", k, k.needs)
	}
}

// unmatched says that a key was given which does not fit what looks like a signature.
func unmatched(looks []*look) error {
	var reasons []string
	for _, k := range looks {
		switch {
		case k.public:
			reasons = append(reasons, fmt.Sprintf("%s: it looks like %s, and nothing that was tried with this secret verifies it. It takes the provider's public key; the scheme may also sign the public address (give it), or be one that whk does not search for", k.place, k.like))
		default:
			reasons = append(reasons, fmt.Sprintf("%s: it looks like %s, and nothing that was tried with this secret makes it", k.place, k.like))
		}
	}
	return &UnfitError{reasons}
}
