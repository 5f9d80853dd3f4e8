package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// The prefixes that Standard Webhooks gives to keys of Ed25519.
const (
	publicPrefix  = "whpk_"
	privatePrefix = "whsk_"
)

// prefixIn returns the prefix by which a secret says that it is for this recipe.
func (c *compiled) prefixIn(value string) string {
	for _, prefix := range [...]string{c.SecretPrefix, publicPrefix, privatePrefix} {
		if prefix == "" || prefix != c.SecretPrefix && c.primitive() != KindEd25519 {
			continue
		}
		if strings.HasPrefix(value, prefix) {
			return prefix
		}
	}
	return ""
}

// makeKey makes a secret ready for the recipe.
func (b *bound) makeKey(secret Secret) (*key, error) {
	if !b.asymmetric() {
		raw, err := b.key(secret)
		if err != nil {
			return nil, err
		}
		return newKey(b.compiled, secret, raw), nil
	}
	pair, err := b.parsePair(secret.value)
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", secret.Name, err)
	}
	k := newKey(b.compiled, secret, nil)
	k.pair = pair
	return k, nil
}

// parsePair reads a public or a private key and holds it to the recipe: its kind, and
// the curve or size that the recipe pins.
func (c *compiled) parsePair(text string) (keyPair, error) {
	found, err := c.parseKey(strings.TrimSpace(text))
	if err != nil {
		return keyPair{}, err
	}
	pair := keyPair{public: found}
	if signer, ok := found.(crypto.Signer); ok {
		pair = keyPair{public: signer.Public(), private: signer}
	}
	want := ""
	switch public := pair.public.(type) {
	case ed25519.PublicKey:
		if c.primitive() == KindEd25519 {
			return pair, nil
		}
		want = "Ed25519"
	case *ecdsa.PublicKey:
		if c.primitive() == KindECDSA && public.Curve == signingCurves[c.hashName()]() {
			return pair, nil
		}
		want = "ECDSA on " + public.Curve.Params().Name
	case *rsa.PublicKey:
		switch {
		case c.primitive() != KindRSA && c.primitive() != KindRSAPSS:
		case public.N.BitLen() < minRSA:
			return keyPair{}, fmt.Errorf("an RSA key of %d bits: at least %d are wanted", public.N.BitLen(), minRSA)
		default:
			return pair, nil
		}
		want = "RSA"
	}
	return keyPair{}, fmt.Errorf("a key for %s: the scheme is %s", want, c)
}

var errNoKey = errors.New("expected a public or a private key: PEM, base64 of DER, or for Ed25519 32 bytes in hex or behind whpk_")

// parseKey reads the forms in which keys are handed out.
func (c *compiled) parseKey(text string) (any, error) {
	if strings.HasPrefix(text, "-----BEGIN") {
		block, _ := pem.Decode([]byte(text + "\n"))
		if block == nil {
			return nil, errors.New("the PEM block is not whole: is the last line there?")
		}
		return parseDER(block.Bytes)
	}
	if c.primitive() == KindEd25519 {
		if key := parseEd25519(text); key != nil {
			return key, nil
		}
	}
	if der, err := decodeBase64(text); err == nil {
		return parseDER(der)
	}
	return nil, errNoKey
}

// parseEd25519 reads a key that is bytes alone: 32 are a public key, 64 a private one.
func parseEd25519(text string) any {
	rest, private := strings.CutPrefix(text, privatePrefix)
	rest, _ = strings.CutPrefix(rest, publicPrefix)
	raw, err := hex.DecodeString(rest)
	if err != nil || len(raw) < ed25519.PublicKeySize {
		if raw, err = decodeBase64(rest); err != nil {
			return nil
		}
	}
	switch {
	case len(raw) == ed25519.PrivateKeySize:
		if key := ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize]); string(key) == string(raw) {
			return key
		}
	case len(raw) == ed25519.SeedSize && private:
		return ed25519.NewKeyFromSeed(raw)
	case len(raw) == ed25519.PublicKeySize:
		return ed25519.PublicKey(raw)
	}
	return nil
}

func decodeBase64(text string) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.Join(strings.Fields(text), ""), "="))
}

// parseDER reads whatever kind of key, or the key of a certificate, stands in DER. A
// certificate is pinned: neither its dates nor who signed it matter.
func parseDER(der []byte) (any, error) {
	if key, err := x509.ParsePKIXPublicKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return key, nil
	}
	if certificate, err := x509.ParseCertificate(der); err == nil {
		return certificate.PublicKey, nil
	}
	// A private key that is marked for RSA-PSS, which crypto/x509 does not read.
	var marked struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}
	if _, err := asn1.Unmarshal(der, &marked); err == nil {
		if key, err := x509.ParsePKCS1PrivateKey(marked.Key); err == nil {
			return key, nil
		}
	}
	return nil, errNoKey
}

// PublicKey returns the public half of a secret for receivers: in hexadecimal or behind
// whpk_ for Ed25519, else base64 of DER. It reports false for a scheme or a secret that
// has none.
func (s *Scheme) PublicKey(secret Secret) (string, bool) {
	for _, r := range s.recipes {
		if !r.asymmetric() {
			continue
		}
		pair, err := r.parsePair(secret.value)
		if err != nil {
			continue
		}
		if key, ok := pair.public.(ed25519.PublicKey); ok {
			if r.encoding == encodingHex {
				return hex.EncodeToString(key), true
			}
			return publicPrefix + base64.StdEncoding.EncodeToString(key), true
		}
		der, err := x509.MarshalPKIXPublicKey(pair.public)
		return base64.StdEncoding.EncodeToString(der), err == nil
	}
	return "", false
}

// developmentRSA holds two keys that everybody knows, made for this and nothing else:
// RSA keys cannot be derived from a text in reasonable time.
//
//go:embed development_rsa.pem
var developmentRSA []byte

// developmentKey derives a private key from a text, as everybody can.
func (c *compiled) developmentKey(text string) string {
	encode := base64.StdEncoding.EncodeToString
	switch c.primitive() {
	case KindEd25519:
		seed := sha256.Sum256([]byte(text))
		return privatePrefix + encode(ed25519.NewKeyFromSeed(seed[:]))
	case KindECDSA:
		curve := signingCurves[c.hashName()]()
		bits := curve.Params().BitSize
		for seed := sha512.Sum512([]byte(text)); ; seed = sha512.Sum512(seed[:]) {
			scalar := make([]byte, (bits+7)/8)
			copy(scalar[len(scalar)-min(len(scalar), len(seed)):], seed[:])
			key, err := ecdsa.ParseRawPrivateKey(curve, scalar)
			if err != nil {
				continue // not below the order of the curve: once in 2^32 for P-256
			}
			if der, err := x509.MarshalPKCS8PrivateKey(key); err == nil {
				return encode(der)
			}
		}
	}
	first, rest := pem.Decode(developmentRSA)
	second, _ := pem.Decode(rest)
	if sha256.Sum256([]byte(text))[0]&1 == 1 {
		first = second
	}
	return encode(first.Bytes)
}
