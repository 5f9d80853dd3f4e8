package provider

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// idKeys are the names under which an element of an array says which one it is, the
// most usual one first.
var idKeys = [...]string{"id", "_id", "uuid", "guid"}

// pairByID finds the elements of two arrays that have the same id, in an order that
// both arrays share. It reports false when the elements have no ids to go by.
func pairByID(old, new []byte, was, is []member) ([][2]int, bool) {
	if len(was) == 0 || len(is) == 0 {
		return nil, false
	}
	for _, key := range idCandidates(old, was[0]) {
		before, ok := idsOf(old, was, key)
		if !ok {
			continue
		}
		after, ok := idsOf(new, is, key)
		if !ok {
			continue
		}
		var pairs [][2]int
		places := make(map[string]int, len(after))
		for j, id := range after {
			places[id] = j
		}
		for i, id := range before {
			if j, both := places[id]; both {
				pairs = append(pairs, [2]int{i, j})
			}
		}
		return longestInOrder(pairs), true
	}
	return nil, false
}

// idCandidates are the names of an element that may hold its id.
func idCandidates(array []byte, first member) []string {
	if array[first.value] != '{' {
		return nil
	}
	var found []string
	rank := func(key string) int { return slices.Index(idKeys[:], strings.ToLower(key)) }
	for m := range members(array, first.value) {
		if key := unquote(array[m.key:m.keyEnd]); rank(key) >= 0 && !slices.Contains(found, key) {
			found = append(found, key)
		}
	}
	slices.SortStableFunc(found, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	return found
}

// idsOf returns the id of each element, if each has one that no other has.
func idsOf(array []byte, all []member, key string) ([]string, bool) {
	ids := make([]string, 0, len(all))
	seen := make(map[string]bool, len(all))
	for _, element := range all {
		if array[element.value] != '{' {
			return nil, false
		}
		m, n := findMember(array, element.value, key)
		if n != 1 {
			return nil, false
		}
		raw := array[m.value:m.end]
		id := string(raw)
		switch raw[0] {
		case '{', '[', 'n':
			return nil, false
		case '"': // a text and a number are two ids
			id = `"` + unquote(raw)
		}
		if seen[id] {
			return nil, false
		}
		seen[id] = true
		ids = append(ids, id)
	}
	return ids, true
}

// longestInOrder returns the most of the pairs, which rise on the left, that rise on
// the right too.
func longestInOrder(pairs [][2]int) [][2]int {
	var ends []int // ends[n] is the pair that ends the best chain of n+1 pairs
	before := make([]int, len(pairs))
	for i, pair := range pairs {
		n, _ := slices.BinarySearchFunc(ends, pair[1], func(end, right int) int { return cmp.Compare(pairs[end][1], right) })
		before[i] = -1
		if n > 0 {
			before[i] = ends[n-1]
		}
		if n == len(ends) {
			ends = append(ends, i)
		} else {
			ends[n] = i
		}
	}
	if len(ends) == 0 {
		return nil
	}
	chain := make([][2]int, len(ends))
	for i, n := ends[len(ends)-1], len(ends)-1; n >= 0; i, n = before[i], n-1 {
		chain[n] = pairs[i]
	}
	return chain
}

// sameValue reports whether two different spellings mean one value.
func sameValue(old, new []byte) bool {
	switch {
	case old[0] == '"' && new[0] == '"':
		return unquote(old) == unquote(new)
	case isNumber(old) && isNumber(new):
		a, ok := parseDecimal(old)
		b, also := parseDecimal(new)
		return ok && also && a == b
	}
	return false
}

func isNumber(raw []byte) bool { return raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9' }

// decimal is the value of a number: 0.digits times ten to the power of exponent, in one
// spelling only.
type decimal struct {
	negative bool
	digits   string
	exponent int64
}

// parseDecimal reads a JSON number of any length without computing with it. It reports
// false when the exponent has more than 17 digits.
func parseDecimal(raw []byte) (decimal, bool) {
	var d decimal
	raw, d.negative = bytes.CutPrefix(raw, []byte("-"))
	mantissa, power := raw, []byte(nil)
	if i := bytes.IndexAny(raw, "eE"); i >= 0 {
		mantissa, power = raw[:i], raw[i+1:]
	}
	whole, fraction, _ := bytes.Cut(mantissa, []byte("."))
	digits := string(whole) + string(fraction)
	d.exponent = int64(len(whole))
	significant := strings.TrimLeft(digits, "0")
	d.exponent -= int64(len(digits) - len(significant))
	d.digits = strings.TrimRight(significant, "0")
	if d.digits == "" {
		return decimal{}, true // zero, whatever its sign and exponent
	}
	if len(power) > 0 {
		sign := ""
		if power[0] == '+' || power[0] == '-' {
			sign, power = string(power[:1]), power[1:]
		}
		power = bytes.TrimLeft(power, "0")
		if len(power) > 17 {
			return decimal{}, false
		}
		n, err := strconv.ParseInt(sign+"0"+string(power), 10, 64)
		if err != nil {
			return decimal{}, false
		}
		d.exponent += n
	}
	return d, true
}
