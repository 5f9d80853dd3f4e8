package verify

import (
	"crypto/md5"  //nolint:gosec // some providers still sign with it; definitions that do are warned about
	"crypto/sha1" //nolint:gosec // Cassa in Cloud and Twilio sign with it
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"
)

// algorithm is one of the hash functions a recipe may name.
type algorithm struct {
	name string
	make func() hash.Hash
}

var algorithms = []algorithm{
	{"md5", md5.New}, {"sha1", sha1.New}, {"sha256", sha256.New},
	{"sha384", sha512.New384}, {"sha512", sha512.New},
}

func findAlgorithm(name string) (algorithm, error) {
	i := slices.IndexFunc(algorithms, func(a algorithm) bool { return a.name == name })
	if i < 0 {
		return algorithm{}, fmt.Errorf("unknown algorithm %q: known are md5, sha1, sha256, sha384 and sha512", name)
	}
	return algorithms[i], nil
}

// otherHashes are the names that make a header a downgrade although whk computes
// none of them.
var otherHashes = []string{
	"md2", "md4", "sha224", "sha512/224", "sha512/256", "sha3224", "sha3256", "sha3384", "sha3512",
	"ripemd128", "ripemd160", "ripemd256", "ripemd320", "whirlpool", "crc32", "crc32b", "crc32c",
	"adler32", "fnv132", "fnv1a32", "fnv164", "fnv1a64", "joaat", "xxh32", "xxh64", "xxh3", "murmur3a",
	"blake2b", "blake2s", "tiger192,3", "gost", "snefru",
}

// plainName folds the spellings of a hash name: "SHA-512" and "sha512" are one.
func plainName(name string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "-", "")
}

func knownHash(name string) bool {
	plain := plainName(name)
	_, err := findAlgorithm(plain)
	return err == nil || slices.Contains(otherHashes, plain)
}

// encoding turns a signature into text and back. Decoding is strict: whatever it
// accepts is the one text that encoding gives (base64url may leave its padding out).
type encoding string

const (
	encodingHex       encoding = "hex"
	encodingBase64    encoding = "base64"
	encodingBase64URL encoding = "base64url"
)

func (e encoding) append(dst, sum []byte) []byte {
	switch e {
	case encodingBase64:
		return base64.StdEncoding.AppendEncode(dst, sum)
	case encodingBase64URL:
		return base64.RawURLEncoding.AppendEncode(dst, sum)
	default:
		return hex.AppendEncode(dst, sum)
	}
}

// appendDecoded decodes text behind dst and reports whether text is well formed.
func (e encoding) appendDecoded(dst []byte, text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") { // encoding/base64 skips line breaks
		return dst, false
	}
	var err error
	switch e {
	case encodingBase64:
		dst, err = base64.StdEncoding.Strict().AppendDecode(dst, []byte(text))
	case encodingBase64URL:
		if n := len(text) % 4; n == 0 {
			text = strings.TrimSuffix(strings.TrimSuffix(text, "="), "=")
		}
		dst, err = base64.RawURLEncoding.Strict().AppendDecode(dst, []byte(text))
	default:
		return appendLowerHex(dst, text)
	}
	return dst, err == nil
}

// appendLowerHex refuses upper case: every vendor's own library does, so a signature
// in upper case was not made by one.
func appendLowerHex(dst []byte, text string) ([]byte, bool) {
	if len(text)%2 != 0 {
		return dst, false
	}
	for i := 0; i < len(text); i += 2 {
		high, low := lowerNibble(text[i]), lowerNibble(text[i+1])
		if high > 15 || low > 15 {
			return dst, false
		}
		dst = append(dst, high<<4|low)
	}
	return dst, true
}

func lowerNibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 0xff
}
