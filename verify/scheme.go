package verify

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Scheme is how a provider authenticates what it sends. It holds one recipe, or a
// few where a provider has changed its ways; Bind gives it its secrets.
type Scheme struct {
	recipes []*compiled
}

// NewScheme checks and parses recipes. An error names the field at fault.
func NewScheme(recipes ...Recipe) (*Scheme, error) {
	if len(recipes) == 0 {
		recipes = []Recipe{{Kind: KindNone}}
	}
	s := &Scheme{}
	for i, r := range recipes {
		c, err := compile(r)
		if err != nil {
			return nil, fmt.Errorf("verify[%d]: %w", i, err)
		}
		if r.Kind == KindNone && len(recipes) > 1 {
			return nil, fmt.Errorf("verify[%d]: kind none stands alone", i)
		}
		c.group = slices.IndexFunc(s.recipes, func(other *compiled) bool {
			return c.body == nil && other.body == nil && other.header == c.header
		})
		if c.group < 0 {
			c.group = i
		}
		s.recipes = append(s.recipes, c)
	}
	return s, nil
}

// pick returns the first recipe that is for a delivery and whose signature is there,
// else the first.
func (s *Scheme) pick(d *Delivery) int {
	for i, r := range s.recipes {
		if r.came(d) && r.applies(d) {
			return i
		}
	}
	return 0
}

// Kind is the kind of the first recipe, the one that Sign follows.
func (s *Scheme) Kind() string { return s.recipes[0].Kind }

// Header is the canonical name of the first recipe's signature header, "" for none.
func (s *Scheme) Header() string { return s.recipes[0].header }

// Headers are the canonical names of everything that signing may set: signatures, time
// stamps and ids.
func (s *Scheme) Headers() []string {
	var names []string
	for _, r := range s.recipes {
		list := []string{r.header, r.stamp, r.id}
		if r.message != nil {
			list = append(list, inputHeader)
		}
		for _, name := range list {
			if name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// Unsign takes the signature off a delivery, and nothing else: what is left is what
// somebody sends who signs nothing.
func (s *Scheme) Unsign(d *Delivery) error {
	for _, r := range s.recipes {
		switch {
		case r.body != nil:
			spans, ok := r.body.find(d.Body)
			if !ok || spans[0].from == 0 {
				return fmt.Errorf("the body has no field %s", r.Body.Sig)
			}
			d.Body = slices.Concat(d.Body[:spans[0].from], []byte(`""`), d.Body[spans[0].to:])
		case r.message != nil:
			delete(d.Header, inputHeader)
			delete(d.Header, r.header)
		default:
			delete(d.Header, r.header)
		}
	}
	return nil
}

// Signs reports whether there is anything to check or to sign.
func (s *Scheme) Signs() bool { return s.recipes[0].Kind != KindNone }

// Keyed reports whether the scheme involves a secret.
func (s *Scheme) Keyed() bool {
	return slices.ContainsFunc(s.recipes, (*compiled).keyed)
}

// Clear reports whether the secret itself crosses the wire, in the scheme's header.
func (s *Scheme) Clear() bool { return s.Kind() == KindStatic }

// Asymmetric reports whether what is configured may be a public key, with which nothing
// can be signed.
func (s *Scheme) Asymmetric() bool { return s.recipes[0].asymmetric() }

// RequiresURL reports whether the public URL is part of what is signed.
func (s *Scheme) RequiresURL() bool {
	return slices.ContainsFunc(s.recipes, func(c *compiled) bool { return c.RequireURL })
}

// String describes the scheme in words: "HMAC-SHA512 of {body}, hex, in Digest".
func (s *Scheme) String() string {
	var parts, names []string
	for _, r := range s.recipes {
		if r.message == nil {
			parts = append(parts, r.String())
			continue
		}
		if len(names) == 0 {
			parts = append(parts, "")
		}
		names = append(names, r.Algorithm) // one line for all that differ in the key alone
		parts[len(parts)-1] = "HTTP message signature (RFC 9421), " + strings.Join(names, " or ") + ", in " + r.Header
	}
	return strings.Join(parts, "; or ")
}

func (c *compiled) String() string {
	content := func() string {
		if c.Signed == "{body}" {
			return "the raw body"
		}
		return c.Signed
	}
	hash, place := strings.ToUpper(c.Algorithm), c.Header
	if c.Body != nil {
		place = c.place()
	}
	method := ""
	switch c.Kind {
	case KindHMAC:
		method = "HMAC-" + hash
	case KindHash:
		method = "plain " + hash
	case KindEd25519:
		method = "Ed25519"
	case KindECDSA:
		method = "ECDSA-" + hash
	case KindRSA:
		method = "RSA-" + hash
	case KindRSAPSS:
		method = "RSA-PSS-" + hash
	case KindStatic:
		return "shared key in clear in " + c.Header
	case KindMessage:
		return "HTTP message signature (RFC 9421), " + c.Algorithm + ", in " + c.Header
	default:
		return "no authentication documented"
	}
	return fmt.Sprintf("%s of %s, %s, in %s", method, content(), c.Encoding, place)
}

// DevelopmentSecret is the well-known secret that stands in for a provider when none
// is configured. Everybody knows it, so it proves nothing.
func (s *Scheme) DevelopmentSecret(provider string) Secret {
	text, r := "whk-development-secret-for-"+provider, s.recipes[0]
	if r.asymmetric() {
		return Secret{Name: "development", Development: true, value: r.developmentKey(text)}
	}
	switch r.SecretEncoding {
	case "base64":
		text = r.SecretPrefix + base64.StdEncoding.EncodeToString([]byte(text))
	case "hex":
		text = r.SecretPrefix + hex.EncodeToString([]byte(text))
	}
	return Secret{Name: "development", Development: true, value: text}
}

// Downgraded returns the scheme as an attacker would bend it: the header names a
// weaker hash, and the signature is made with it. It is an error when the header
// names no algorithm, for then there is nothing to bend.
func (s *Scheme) Downgraded() (*Scheme, error) {
	r := s.recipes[0]
	i := slices.IndexFunc(r.fields, func(f field) bool { return f.names })
	if i < 0 || r.asymmetric() {
		return nil, errors.New("its header names no algorithm, so it cannot be downgraded")
	}
	weaker := "sha1"
	if r.Algorithm == "sha1" || r.Algorithm == "md5" {
		weaker = "md5"
	}
	bent := r.Recipe
	name, _, _ := strings.Cut(r.fields[i].prefix, "=")
	bent.Algorithm, bent.AlgorithmsAllowed = weaker, nil
	bent.Value = strings.Replace(bent.Value, name+"=", weaker+"=", 1)
	return NewScheme(bent)
}

// Bind ties the scheme to the secrets of one receiver. Base is the receiver's public
// address for schemes that sign the URL, "" when it is not known. An empty secret, or
// one that does not decode as the scheme demands, is an error.
func (s *Scheme) Bind(base string, secrets ...Secret) (*Keyring, error) {
	k := &Keyring{scheme: s, base: base, onlyDevelopment: len(secrets) > 0}
	for _, secret := range secrets {
		k.onlyDevelopment = k.onlyDevelopment && secret.Development
	}
	for _, secret := range secrets {
		if secret.Empty() {
			return nil, fmt.Errorf("secret %s is empty", secret.Name)
		}
	}
	for _, r := range s.recipes {
		b := &bound{compiled: r}
		if !r.keyed() && r.Kind != KindNone {
			b.keys = append(b.keys, newKey(r, Secret{}, nil))
		}
		k.bound = append(k.bound, b)
	}
	for _, secret := range secrets {
		if err := k.give(secret); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// give hands a secret to the recipes that it is for: those whose prefix it carries;
// one that carries none to those without a prefix, and where all have one, to every
// recipe that can read it.
func (k *Keyring) give(secret Secret) error {
	var first error
	given := 0
	for _, b := range k.recipients(secret) {
		key, err := b.makeKey(secret)
		switch {
		case err == nil:
			b.keys = append(b.keys, key)
			given++
		case first == nil:
			first = err
		}
	}
	if given == 0 {
		return first
	}
	return nil
}

// recipients are the recipes that a secret is for. A key for signatures of one kind is
// never taken for the secret of another: whoever knows a public key could sign with it.
func (k *Keyring) recipients(secret Secret) []*bound {
	var keyed, named, readable, pairs, plain, prefixed []*bound
	for _, b := range k.bound {
		if !b.keyed() {
			continue
		}
		keyed = append(keyed, b)
		if b.prefixIn(secret.value) != "" {
			named = append(named, b)
			continue
		}
		switch {
		case b.asymmetric():
			pairs = append(pairs, b)
			if _, err := b.parsePair(secret.value); err == nil && b.SecretPrefix == "" {
				readable = append(readable, b)
			}
		case b.SecretPrefix == "":
			plain = append(plain, b)
		default:
			prefixed = append(prefixed, b)
		}
	}
	if strings.HasPrefix(secret.value, "-----BEGIN ") {
		plain = pairs
	}
	for _, some := range [][]*bound{named, readable, plain, prefixed} {
		if len(some) > 0 {
			return some
		}
	}
	return keyed
}
