package cmd

import (
	"strings"

	"whk/verify/display"
)

// fold breaks a text into lines of so many columns, at blanks. Colour takes no room.
func fold(text string, columns int) []string {
	var lines []string
	line, used := "", 0
	for word := range strings.FieldsSeq(text) {
		width := display.Width(uncoloured(word))
		switch {
		case line == "":
			line, used = word, width
		case used+1+width > columns:
			lines = append(lines, line)
			line, used = word, width
		default:
			line, used = line+" "+word, used+1+width
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// uncoloured is a text without what paint has put around its parts.
func uncoloured(text string) string {
	for {
		before, rest, found := strings.Cut(text, "\x1b[")
		_, after, ended := strings.Cut(rest, "m")
		if !found || !ended {
			return text
		}
		text = before + after
	}
}
