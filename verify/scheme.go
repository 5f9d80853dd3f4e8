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
		s.recipes = append(s.recipes, c)
	}
	return s, nil
}

// pick returns the first recipe whose header is present, else the first.
func (s *Scheme) pick(d *Delivery) int {
	for i, r := range s.recipes {
		if len(d.Header[r.header]) > 0 {
			return i
		}
	}
	return 0
}

// Kind is the kind of the first recipe, the one that Sign follows.
func (s *Scheme) Kind() string { return s.recipes[0].Kind }

// Header is the canonical name of the first recipe's signature header, "" for none.
func (s *Scheme) Header() string { return s.recipes[0].header }

// Signs reports whether there is anything to check or to sign.
func (s *Scheme) Signs() bool { return s.recipes[0].Kind != KindNone }

// Keyed reports whether the scheme involves a secret.
func (s *Scheme) Keyed() bool {
	return slices.ContainsFunc(s.recipes, (*compiled).keyed)
}

// Clear reports whether the secret itself crosses the wire, in the scheme's header.
func (s *Scheme) Clear() bool { return s.Kind() == KindStatic }

// RequiresURL reports whether the public URL is part of what is signed.
func (s *Scheme) RequiresURL() bool {
	return slices.ContainsFunc(s.recipes, func(c *compiled) bool { return c.RequireURL })
}

// String describes the scheme in words: "HMAC-SHA512 of {body}, hex, in Digest".
func (s *Scheme) String() string {
	parts := make([]string, len(s.recipes))
	for i, r := range s.recipes {
		parts[i] = r.String()
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
	hash := strings.ToUpper(c.Algorithm)
	switch c.Kind {
	case KindHMAC:
		return fmt.Sprintf("HMAC-%s of %s, %s, in %s", hash, content(), c.Encoding, c.Header)
	case KindHash:
		return fmt.Sprintf("plain %s of %s, %s, in %s", hash, content(), c.Encoding, c.Header)
	case KindStatic:
		return "shared key in clear in " + c.Header
	}
	return "no authentication documented"
}

// DevelopmentSecret is the well-known secret that stands in for a provider when none
// is configured. Everybody knows it, so it proves nothing.
func (s *Scheme) DevelopmentSecret(provider string) Secret {
	text, r := "whk-development-secret-for-"+provider, s.recipes[0]
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
	if i < 0 {
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
	for _, r := range s.recipes {
		b := &bound{compiled: r}
		for _, secret := range secrets {
			if secret.Empty() {
				return nil, fmt.Errorf("secret %s is empty", secret.Name)
			}
			if !r.keyed() {
				continue
			}
			key, err := r.key(secret)
			if err != nil {
				return nil, err
			}
			b.keys = append(b.keys, newKey(r, secret, key))
		}
		if !r.keyed() {
			b.keys = append(b.keys, newKey(r, Secret{}, nil))
		}
		k.bound = append(k.bound, b)
	}
	return k, nil
}
