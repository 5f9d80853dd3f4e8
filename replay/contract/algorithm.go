package contract

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // made to be refused
	"crypto/sha1" //nolint:gosec // made to be refused
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"strings"
)

func algorithmChecks() []Check {
	return []Check{
		{ID: "sig.downgrade", Scope: naming(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutAlgorithm, Refuses: true,
			Title: "weaker hashes named in the header, computed with the right key", Expect: "401",
			Why: "a sender who may choose the hash chooses one that can be broken", Run: sigDowngrade},
		{ID: "sig.unknown-alg", Scope: naming(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutAlgorithm, Refuses: true,
			Title: "names of algorithms that do not exist", Expect: "401, no failure",
			Why: "the name goes into a function that throws, so that anybody can make the endpoint fail", Run: sigUnknownAlgorithm},
		{ID: "sig.no-separator", Scope: naming(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutAlgorithm, Refuses: true,
			Title: "the signature without the name of its algorithm", Expect: "401, no failure",
			Why: "taking the value apart at a sign that is not there fails", Run: func(x *Exam) {
				s := x.Signed().odd()
				if s.Delivery != nil {
					x.setWhole(s.Delivery, x.signature(s.Delivery))
					x.Reject(s.Says("%s with its signature without %q", s.What, x.named()+"="))
				}
			}},
	}
}

// weakHash is a hash that must not be accepted in the place of the provider's.
type weakHash struct {
	name string
	make func() hash.Hash
}

func weakHashes() []weakHash {
	return []weakHash{
		{"md5", md5.New}, {"sha1", sha1.New}, {"sha224", sha256.New224}, {"sha256", sha256.New},
		{"sha384", sha512.New384}, {"sha512", sha512.New}, {"crc32b", func() hash.Hash { return crc32.NewIEEE() }},
	}
}

func sigDowngrade(x *Exam) {
	for _, weak := range weakHashes() {
		if weak.name == x.recipe.Algorithm || x.recipe.Signed != "{body}" {
			continue
		}
		if size := map[string]int{"sha1": 1, "sha256": 2, "sha384": 3, "sha512": 4}; size[weak.name] > size[x.recipe.Algorithm] {
			continue // no downgrade
		}
		s := x.Signed().odd()
		key, err := x.scheme.Key(x.index, x.secrets[0])
		if s.Delivery == nil || err != nil {
			return
		}
		mac := hmac.New(weak.make, key)
		mac.Write(s.Delivery.Body)
		x.setWhole(s.Delivery, x.renamed(weak.name, encodeAs(x.encoding(), mac.Sum(nil))))
		x.Reject(s.Says("%s signed with %s", s.What, weak.name))
	}
}

// renamed is the value of the header with another name of the algorithm.
func (s *Subject) renamed(name, signature string) string {
	prefix, suffix := s.sigField()
	return strings.Replace(prefix, s.named()+"=", name+"=", 1) + signature + suffix
}

func sigUnknownAlgorithm(x *Exam) {
	for _, name := range []string{"foo", "none", "", strings.ToUpper(x.recipe.Algorithm[:3]) + "-" + x.recipe.Algorithm[3:]} {
		s := x.Signed().odd()
		if s.Delivery == nil {
			return
		}
		signature := x.signature(s.Delivery)
		if strings.Contains(name, "-") { // the form of other standards: SHA-512=base64
			if sum, err := hex.DecodeString(signature); err == nil {
				signature = base64.StdEncoding.EncodeToString(sum)
			}
		}
		x.setWhole(s.Delivery, x.renamed(name, signature))
		x.Reject(s.Says("%s with %s as the algorithm", s.What, fmt.Sprintf("%q", name+"=")))
	}
}
