package display

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Took writes how long something took as people read it: "0.358 ms", "12.1 ms", "3.2 s".
func Took(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.3g ms", float64(d.Microseconds())/1000)
	}
	return fmt.Sprintf("%.3g s", d.Seconds())
}

// Thousands writes a number with a comma at every third digit.
func Thousands(n int64) string {
	text, sign := strconv.FormatInt(n, 10), ""
	if n < 0 {
		text, sign = text[1:], "-"
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return sign + text
}

// Wrap breaks a text that Line has made safe into lines of at most so many columns, at
// blanks, and inside of a word only where the word has no room on a line of its own.
func Wrap(text string, columns int) []string {
	columns = max(columns, 2) // the widest character
	var all []string
	current := ""
	for word := range strings.FieldsSeq(text) {
		for Width(word) > columns {
			if current != "" {
				all, current = append(all, current), ""
			}
			head := Cut(word, columns)
			all, word = append(all, head), word[len(head):]
		}
		switch {
		case current == "":
			current = word
		case Width(current)+1+Width(word) > columns:
			all, current = append(all, current), word
		default:
			current += " " + word
		}
	}
	if current != "" {
		all = append(all, current)
	}
	return all
}
