package contract

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// fieldsOf are the words of a sentence in lower case.
func fieldsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' })
}

// unitOf is the unit that a word stands for, 0 when it is none.
func unitOf(word string) time.Duration {
	switch strings.TrimSuffix(strings.Trim(word, "."), "s") {
	case "second", "sec", "":
		if word == "" {
			return 0
		}
		return time.Second
	case "minute", "min":
		return time.Minute
	}
	return 0
}

// makes, alters and removes say what an action does, by its name.
func makes(action string) bool { return hasWord(action, "creat", "new", "add", "open", "insert") }

func alters(action string) bool {
	return hasWord(action, "updat", "edit", "chang", "modif", "synchron")
}

func removes(action string) bool {
	return hasWord(action, "delet", "remov", "destroy", "cancel", "uninstall")
}

func hasWord(text string, words ...string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}
