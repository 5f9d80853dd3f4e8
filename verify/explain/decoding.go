package explain

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
)

// decoding is a text read as bytes.
type decoding struct {
	sum     []byte
	cut     bool // only as a beginning
	half    int
	changes []Change
	weight  int
}

// decodings lists what a text may mean as bytes. The first is what the scheme's encoding
// says.
func decodings(text, scheme string) []decoding {
	var all []decoding
	add := func(sum []byte, weight int, c Cause, what string) {
		d := decoding{sum: sum, half: -1, weight: weight}
		if c != "" {
			d.changes = []Change{changeOf(c, what)}
		}
		all = append(all, d)
	}
	digits := strings.TrimPrefix(strings.TrimPrefix(text, "0x"), "0X")
	if b, half, ok := readHex(digits); ok {
		c, what := Cause(""), ""
		switch {
		case scheme == "":
		case scheme != "hex":
			c, what = OtherEncoding, "the signature is read as hexadecimal digits, not as "+scheme
		case digits != text:
			c, what = Prefix, "0x is removed from the signature"
		case digits != strings.ToLower(digits):
			c, what = HexCase, "the hexadecimal digits of the signature are in lower case"
		}
		add(b, 0, c, what)
		all[0].half, all[0].cut = half, half >= 0
	}
	if joined := strings.NewReplacer("-", "", ":", "", " ", "").Replace(text); joined != text {
		if b, half, ok := readHex(joined); ok && half < 0 {
			add(b, 3, OtherEncoding, "the signature is read as hexadecimal digits without the signs between them")
		}
	}
	if sum, changed, ok := readBase64(text, scheme); ok {
		c, what := Cause(""), ""
		switch {
		case scheme == "":
		case scheme == "hex":
			c, what = OtherEncoding, "the signature is read as base64, not as hexadecimal digits"
		case changed:
			c, what = Padding, "the signature is read as base64 of either alphabet, with or without = at its end"
		}
		add(sum, 1, c, what)
		last := &all[len(all)-1]
		if n := len(strings.TrimRight(text, "=")); n%4 == 1 {
			last.cut = true
		}
		if inner, half, ok := readHex(string(sum)); ok && half < 0 && len(inner) >= leastCut {
			add(inner, 2, DoubleEncoding, "the signature is read as base64 of hexadecimal digits")
		}
	}
	if b, _, ok := readHex(text); ok {
		if inner, _, ok := readBase64(string(b), "base64"); ok && len(inner) >= leastCut {
			add(inner, 4, DoubleEncoding, "the signature is read as hexadecimal digits of base64")
		}
	}
	if plain, err := url.PathUnescape(text); err == nil && plain != text {
		for _, d := range decodings(plain, scheme) {
			if len(d.changes) == 0 {
				add(d.sum, 4, DoubleEncoding, "the percent signs of the signature are decoded")
			}
		}
	}
	return all
}

// readHex decodes hexadecimal digits of either case; half is the last of an odd number.
func readHex(text string) (b []byte, half int, ok bool) {
	if len(text) < 2*leastCut || strings.Trim(strings.ToLower(text), "0123456789abcdef") != "" {
		return nil, -1, false
	}
	half = -1
	if len(text)%2 == 1 {
		last, err := hex.DecodeString("0" + text[len(text)-1:])
		if err != nil {
			return nil, -1, false
		}
		half, text = int(last[0]), text[:len(text)-1]
	}
	b, err := hex.DecodeString(text)
	return b, half, err == nil
}

// readBase64 decodes either alphabet, and says whether the text differs from what the
// scheme's encoding would be.
func readBase64(text, scheme string) (b []byte, changed, ok bool) {
	plain := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(strings.Join(strings.Fields(text), "")), "=")
	if len(plain) < leastCut*4/3 {
		return nil, false, false
	}
	if len(plain)%4 == 1 {
		plain = plain[:len(plain)-1]
	}
	b, err := base64.RawStdEncoding.DecodeString(plain)
	if err != nil {
		return nil, false, false
	}
	var want string
	switch scheme {
	case "base64":
		want = base64.StdEncoding.EncodeToString(b)
	case "base64url":
		want = base64.RawURLEncoding.EncodeToString(b)
		text = strings.TrimRight(text, "=")
	}
	return b, text != want, true
}
