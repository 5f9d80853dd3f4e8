package config

import (
	"slices"
	"strings"

	"whk/verify/provider"
)

// didYouMean is a hint about an unknown word: the nearest known one, else all of them.
func didYouMean(word string, known []string) string {
	if near := provider.Nearest(word, known); len(near) > 0 {
		return "did you mean " + near[0] + "?"
	}
	return "known here: " + strings.Join(slices.Sorted(slices.Values(known)), ", ")
}
