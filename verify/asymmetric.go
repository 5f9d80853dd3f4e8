package verify

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"fmt"
	"hash"
	"math/big"
)

// The hashes of asymmetric kinds, and the curve that each pins.
var (
	signingHashes = map[string]crypto.Hash{"sha256": crypto.SHA256, "sha384": crypto.SHA384, "sha512": crypto.SHA512}
	signingCurves = map[string]func() elliptic.Curve{"sha256": elliptic.P256, "sha384": elliptic.P384, "sha512": elliptic.P521}
)

// The smallest RSA key that is believed, in bits.
const minRSA = 2048

func (c *compiled) compileAsymmetric() error {
	if _, ok := signingHashes[c.Algorithm]; !ok {
		return fmt.Errorf("algorithm %q: kind %s takes sha256, sha384 or sha512", c.Algorithm, c.Kind)
	}
	if len(c.AlgorithmsAllowed) > 0 {
		return fmt.Errorf("algorithms_allowed: not for kind %s, whose key is made for one algorithm", c.Kind)
	}
	switch c.Form {
	case "", "asn1", "raw":
		return nil
	}
	return fmt.Errorf("form %q: expected asn1 or raw", c.Form)
}

// primitive is the kind of computation behind a recipe.
func (c *compiled) primitive() string {
	if c.message != nil {
		return c.message.kind
	}
	return c.Kind
}

// hashName is the hash that is pinned, "" for Ed25519.
func (c *compiled) hashName() string { return c.hashes[0].name }

// keyPair is the key of an asymmetric scheme; private is nil when only the public half
// is known.
type keyPair struct {
	public  crypto.PublicKey
	private crypto.Signer
}

// verify judges a signature of signed, which is a digest, or for Ed25519 the message.
func (p keyPair) verify(c *compiled, signed, signature []byte) bool {
	switch public := p.public.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(public, signed, signature)
	case *ecdsa.PublicKey:
		if c.Form == "raw" {
			size := (public.Curve.Params().BitSize + 7) / 8
			if len(signature) != 2*size {
				return false
			}
			return ecdsa.Verify(public, signed, new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:]))
		}
		return ecdsa.VerifyASN1(public, signed, signature)
	case *rsa.PublicKey:
		h := signingHashes[c.hashName()]
		if c.primitive() == KindRSAPSS {
			return rsa.VerifyPSS(public, h, signed, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
		return rsa.VerifyPKCS1v15(public, h, signed, signature) == nil
	}
	return false
}

// sign makes a signature that verify accepts.
func (p keyPair) sign(c *compiled, signed []byte) ([]byte, error) {
	var options crypto.SignerOpts = signingHashes[c.hashName()]
	random := rand.Reader
	switch c.primitive() {
	case KindEd25519:
		options = crypto.Hash(0)
	case KindRSAPSS:
		options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: signingHashes[c.hashName()]}
	case KindECDSA:
		random = nil // the same delivery gets the same signature, as RFC 6979 makes it
	}
	if key, ok := p.private.(*ecdsa.PrivateKey); ok && c.Form == "raw" {
		return signRaw(key, signed, signingHashes[c.hashName()])
	}
	signature, err := p.private.Sign(random, signed, options)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return signature, nil
}

// signRaw writes r and s side by side.
func signRaw(key *ecdsa.PrivateKey, digest []byte, h crypto.Hash) ([]byte, error) {
	der, err := key.Sign(nil, digest, h)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	var parts struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &parts); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	size := (key.Curve.Params().BitSize + 7) / 8
	raw := make([]byte, 2*size)
	parts.R.FillBytes(raw[:size])
	parts.S.FillBytes(raw[size:])
	return raw, nil
}

func newCollector() hash.Hash { return new(collector) }

// collector takes the place of a hash for schemes that sign the message itself.
type collector struct{ bytes.Buffer }

// Sum appends everything that was written.
func (c *collector) Sum(b []byte) []byte { return append(b, c.Bytes()...) }

// Size is unknown: a message has any length.
func (c *collector) Size() int { return 0 }

// BlockSize is 1: nothing is gathered into blocks.
func (c *collector) BlockSize() int { return 1 }
