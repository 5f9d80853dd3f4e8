package display

import (
	"unicode"
	"unicode/utf8"
)

// hidden reports whether a rune of two bytes or more, or an invalid byte (size 1), has
// to be written out.
func hidden(r rune, size int) bool {
	switch {
	case size == 1:
		return true
	case r < 0xA0: // C1 controls
		return true
	case r < 0x0300: // Latin letters and modifiers; all assigned but for the soft hyphen
		return r == 0xAD
	case r >= 0x0400 && r <= 0x052F, r >= 0x4E00 && r <= 0x9FFF, r >= 0xAC00 && r <= 0xD7A3:
		return false // Cyrillic, Han and Hangul, all assigned: worth a short way
	case r == utf8.RuneError: // a replacement character that was sent as one
		return false
	}
	if unicode.Is(unicode.Variation_Selector, r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || r == 0x2800 {
		return true // the last is an empty Braille pattern, a blank that is not a space
	}
	// What is neither a letter, mark, number, sign nor space is a format character, a
	// separator, private or unassigned.
	return !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r)
}
