package provider

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The errors of asking for something by a name that nothing has. They are wrapped in
// an UnknownError.
var (
	ErrUnknownProvider = errors.New("unknown provider")
	ErrUnknownEvent    = errors.New("unknown event")
	ErrUnknownVariant  = errors.New("unknown variant")
)

// UnknownError says what was asked for and which names come nearest.
type UnknownError struct {
	// What is ErrUnknownProvider, ErrUnknownEvent or ErrUnknownVariant.
	What error
	// Name is what was asked for; Of is the provider or event that was asked.
	Name, Of string
	// Nearest holds up to three names that are spelled much like it, nearest first.
	Nearest []string
	// Known holds every name there is, when they are few.
	Known []string
}

func (e *UnknownError) Error() string {
	if e.Of == "" {
		return fmt.Sprintf("%s %q", e.What, clip(e.Name))
	}
	return fmt.Sprintf("%s %q of %s", e.What, clip(e.Name), e.Of)
}

// Unwrap returns What.
func (e *UnknownError) Unwrap() error { return e.What }

// Nearest returns up to three of the known names that are spelled much like a word,
// nearest first, for "did you mean".
func Nearest(word string, known []string) []string {
	if len(word) > maxName {
		return nil
	}
	type near struct {
		name     string
		distance int
	}
	word = strings.ToLower(word)
	var found []near
	for _, name := range known {
		folded := strings.ToLower(name)
		d := distance(word, folded)
		limit := max(1, max(len(word), len(folded))/3)
		switch {
		case d <= limit:
		case len(word) >= 3 && strings.HasPrefix(folded, word):
			d = limit + 1
		case len(word) >= 3 && strings.Contains(folded, word):
			d = limit + 2
		default:
			continue
		}
		found = append(found, near{name, d})
	}
	slices.SortStableFunc(found, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	var names []string
	for _, n := range found[:min(3, len(found))] {
		names = append(names, n.name)
	}
	return names
}

// Either joins names of which one is meant: "a", "a or b", "a, b or c".
func Either(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// distance counts the single signs to insert, remove, replace or swap with their
// neighbour that turn a into b.
func distance(a, b string) int {
	before, last, this := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		this[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			this[j] = min(last[j]+1, this[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				this[j] = min(this[j], before[j-2]+1)
			}
		}
		before, last, this = last, this, before
	}
	return last[len(b)]
}
