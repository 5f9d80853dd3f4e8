package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"whk/verify"
	"whk/verify/provider"
)

// SignMode says how a forged delivery is signed.
type SignMode string

// The modes of signing. All but the first make deliveries that a receiver must refuse.
const (
	SignNormal SignMode = "normal"
	// SignWrong signs with another secret of the same form.
	SignWrong SignMode = "wrong"
	// SignMissing leaves out the signature.
	SignMissing SignMode = "missing"
	// SignTampered changes one byte of the body after it was signed, in a value where
	// there is one, so that JSON stays JSON and the event keeps its name.
	SignTampered SignMode = "tampered"
	// SignDowngrade names and uses a weaker hash.
	SignDowngrade SignMode = "downgrade"
)

// SignModes returns every mode.
func SignModes() []SignMode {
	return []SignMode{SignNormal, SignWrong, SignMissing, SignTampered, SignDowngrade}
}

var (
	// ErrInexpressible says that a scheme leaves no room for a mode of signing.
	ErrInexpressible = errors.New("cannot be signed this way")
	// ErrNoSecret says that there is nothing to sign with.
	ErrNoSecret = errors.New("no secret to sign with")
)

// signer signs deliveries in one mode.
type signer struct {
	provider *provider.Provider
	mode     SignMode
	secret   verify.Secret
	keyring  *verify.Keyring
}

func newSigner(p *provider.Provider, secrets []verify.Secret, mode SignMode) (*signer, error) {
	s := &signer{provider: p, mode: mode}
	scheme := p.Scheme
	switch mode {
	case "":
		s.mode = SignNormal
	case SignNormal:
	case SignWrong:
		if scheme.Signs() && !scheme.Keyed() {
			return nil, s.inexpressible("no secret is involved, only a digest")
		}
	case SignMissing:
		// Its time stamp and id are set as usual, so something has to be signed with.
		secrets = []verify.Secret{scheme.DevelopmentSecret(p.Name)}
	case SignTampered:
		if scheme.Clear() {
			return nil, s.inexpressible("the key is sent in clear and the body is not signed")
		}
	case SignDowngrade:
		if scheme.Signs() {
			bent, err := scheme.Downgraded()
			if err != nil {
				return nil, s.inexpressible(err.Error())
			}
			scheme = bent
		}
	default:
		return nil, fmt.Errorf("%s is no way of signing: expected normal, wrong, missing, tampered or downgrade", shorten(string(mode)))
	}
	if !scheme.Signs() && s.mode != SignNormal {
		return nil, s.inexpressible("it documents no authentication, so that there is no signature to spoil")
	}
	if !scheme.Keyed() {
		secrets = nil
	} else if s.mode == SignWrong {
		wrong, ok := another(p, secrets)
		if !ok {
			return nil, s.inexpressible("every key that there is to sign wrongly with is configured")
		}
		secrets = []verify.Secret{wrong}
	} else if len(secrets) == 0 {
		return nil, ErrNoSecret
	}
	keyring, err := scheme.Bind("", secrets...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name, err)
	}
	s.keyring = keyring
	if len(secrets) > 0 && s.mode != SignWrong && s.mode != SignMissing {
		s.secret = secrets[0]
	}
	return s, nil
}

func (s *signer) inexpressible(why string) error {
	return fmt.Errorf("%s %w (%s): %s", s.provider.Name, ErrInexpressible, s.mode, why)
}

// another returns a secret of the same form that is none of those given, nor the other
// half of one. Of RSA keys there are few to choose from, so there may be none.
func another(p *provider.Provider, secrets []verify.Secret) (verify.Secret, bool) {
	name := "another-" + p.Name
	for range 64 {
		wrong := p.Scheme.DevelopmentSecret(name)
		public, pair := p.Scheme.PublicKey(wrong)
		if !slices.ContainsFunc(secrets, func(s verify.Secret) bool {
			if half, ok := p.Scheme.PublicKey(s); ok && pair {
				return half == public
			}
			return s.Reveal() == wrong.Reveal()
		}) {
			return verify.NewSecret("a wrong secret", wrong.Reveal()), true
		}
		name += "-still"
	}
	return verify.Secret{}, false
}

func (s *signer) sign(d *verify.Delivery, now time.Time, rnd *rand.Rand) error {
	err := s.keyring.Sign(d, now, deliveryID(rnd))
	if errors.Is(err, verify.ErrPublicKey) { // which is a sentence of its own
		return err
	}
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	switch s.mode {
	case SignMissing:
		if err := s.provider.Scheme.Unsign(d); err != nil {
			return fmt.Errorf("take the signature off: %w", err)
		}
	case SignTampered:
		if len(d.Body) == 0 {
			return s.inexpressible("the delivery has no body")
		}
		d.Body = tamper(s.provider, d)
	}
	return nil
}

// proves sees to it that a delivery which claims to be tampered with is.
func (s *signer) proves(d *verify.Delivery, now time.Time) error {
	if s.mode != SignTampered {
		return nil
	}
	if status := s.keyring.Check(d, now).Status; status == verify.Valid || status == verify.Unsigned {
		return s.inexpressible("the signature does not cover the body")
	}
	return nil
}

// deliveryID makes an id for the schemes that sign one.
func deliveryID(rnd *rand.Rand) string {
	const signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var b strings.Builder
	b.WriteString("msg_")
	for range 24 {
		b.WriteByte(signs[rnd.IntN(len(signs))])
	}
	return b.String()
}

// tamper returns the body with one byte changed. The last byte of a value is taken that
// leaves JSON valid and the event's name as it was, since a receiver should refuse the
// delivery for its signature and nothing else.
func tamper(p *provider.Provider, d *verify.Delivery) []byte {
	entity, action, _ := p.EventOf(d)
	spoilt := *d
	spoilt.Body = slices.Clone(d.Body)
	if json.Valid(d.Body) {
		for _, at := range slices.Backward(valueBytes(d.Body)) {
			spoilt.Body[at] = neighbour(d.Body[at])
			if e, a, _ := p.EventOf(&spoilt); e == entity && a == action {
				return spoilt.Body
			}
			spoilt.Body[at] = d.Body[at]
		}
	}
	// Any byte that changes is better than none.
	last := len(spoilt.Body) - 1
	spoilt.Body[last] ^= 1
	return spoilt.Body
}

// neighbour returns another letter or digit in the place of one. No digit becomes 0,
// with which a number must not begin.
func neighbour(c byte) byte {
	switch c {
	case '9':
		return '1'
	case 'z':
		return 'a'
	case 'Z':
		return 'A'
	}
	return c + 1
}

// valueBytes lists where letters and digits of texts and numbers stand in valid JSON,
// those of keys, words and escapes left out.
func valueBytes(body []byte) []int {
	var found []int
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '"':
			end := i + 1
			start := len(found)
			for ; body[end] != '"'; end++ {
				if body[end] == '\\' {
					end++
					if body[end] == 'u' {
						end += 4
					}
				} else if isAlphanumeric(body[end]) {
					found = append(found, end)
				}
			}
			after := end + 1
			for after < len(body) && strings.IndexByte(" \t\r\n", body[after]) >= 0 {
				after++
			}
			if after < len(body) && body[after] == ':' {
				found = found[:start] // it was a key
			}
			i = end
		case c >= '0' && c <= '9':
			found = append(found, i)
		}
	}
	return found
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}
