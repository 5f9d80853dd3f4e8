package explain

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// charsetEdits convert a body between character sets.
func charsetEdits() []edit {
	return []edit{
		{cause: Charset, weight: 51, what: "the body is in ISO 8859-1 (Latin-1), not in UTF-8", make: toLatin1},
		{cause: Charset, weight: 13, what: "the body is in UTF-8, not in ISO 8859-1 (Latin-1)", make: func(dst []byte, c *content) ([]byte, bool) {
			if utf8.Valid(c.bytes) {
				return dst, false
			}
			return fromLatin1(dst, c.bytes), true
		}},
		{cause: Charset, weight: 53, what: "the body is encoded in UTF-8 once, not twice", make: func(dst []byte, c *content) ([]byte, bool) {
			out, ok := toLatin1(dst, c)
			return out, ok && utf8.Valid(out[len(dst):])
		}},
		{cause: Charset, weight: 54, what: "the body is encoded in UTF-8 twice", make: func(dst []byte, c *content) ([]byte, bool) {
			return fromLatin1(dst, c.bytes), !isASCII(c.bytes) && utf8.Valid(c.bytes)
		}},
		{cause: Charset, weight: 84, what: "the body is in UTF-16, as .NET's Encoding.Unicode writes it", make: toUTF16},
		{cause: Charset, weight: 85, what: "the characters of the body that are not ASCII are question marks", make: func(dst []byte, c *content) ([]byte, bool) {
			if isASCII(c.bytes) {
				return dst, false
			}
			for b := c.bytes; len(b) > 0; {
				r, n := utf8.DecodeRune(b)
				if r >= utf8.RuneSelf {
					r = '?'
				}
				dst, b = append(dst, byte(r)), b[n:]
			}
			return dst, true
		}},
		{cause: BodyNormalised, weight: 13, what: "bytes of the body that are no UTF-8 are replaced by U+FFFD", make: func(dst []byte, c *content) ([]byte, bool) {
			if utf8.Valid(c.bytes) {
				return dst, false
			}
			for b := c.bytes; len(b) > 0; {
				r, n := utf8.DecodeRune(b)
				dst, b = utf8.AppendRune(dst, r), b[n:]
			}
			return dst, true
		}},
		{cause: BodyNormalised, weight: 86, what: "bytes of the body that are no UTF-8 are left out", make: func(dst []byte, c *content) ([]byte, bool) {
			return append(dst, bytes.ToValidUTF8(c.bytes, nil)...), !utf8.Valid(c.bytes)
		}},
	}
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func toLatin1(dst []byte, c *content) ([]byte, bool) {
	if isASCII(c.bytes) || !utf8.Valid(c.bytes) {
		return dst, false
	}
	for b := c.bytes; len(b) > 0; {
		r, n := utf8.DecodeRune(b)
		if r > 0xff {
			return dst, false
		}
		dst, b = append(dst, byte(r)), b[n:]
	}
	return dst, true
}

func fromLatin1(dst, b []byte) []byte {
	for _, c := range b {
		dst = utf8.AppendRune(dst, rune(c))
	}
	return dst
}

func toUTF16(dst []byte, c *content) ([]byte, bool) {
	if len(c.bytes) == 0 || !utf8.Valid(c.bytes) {
		return dst, false
	}
	for b := c.bytes; len(b) > 0; {
		r, n := utf8.DecodeRune(b)
		if b = b[n:]; r > 0xffff {
			high, low := utf16.EncodeRune(r)
			dst = append(dst, byte(high), byte(high>>8), byte(low), byte(low>>8))
			continue
		}
		dst = append(dst, byte(r), byte(r>>8))
	}
	return dst, true
}
