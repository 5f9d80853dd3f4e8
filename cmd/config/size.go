package config

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// Size is a number of bytes, as a flag: 25MiB, 1.5GB, 4096. KB, MB, GB and TB count in
// thousands; KiB, MiB, GiB and TiB in steps of 1,024. Case does not matter.
type Size int64

// units has the larger of two units that end alike first: MiB before B.
func units() []struct {
	name  string
	bytes int64
} {
	return []struct {
		name  string
		bytes int64
	}{
		{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
		{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"B", 1},
	}
}

// ParseSize reads what Size describes. A bare K, M, G or T is refused, for half of
// the tools mean the one by it and half the other.
func ParseSize(text string) (Size, error) {
	number, scale := strings.TrimSpace(text), int64(1)
	for _, u := range units() {
		cut := len(number) - len(u.name)
		if cut >= 0 && strings.EqualFold(number[cut:], u.name) {
			number, scale = strings.TrimSpace(number[:cut]), u.bytes
			break
		}
	}
	whole, fraction, _ := strings.Cut(number, ".")
	digits := func(s string) bool { return strings.Trim(s, "0123456789") == "" }
	switch {
	case number == "", len(number) > 30, !digits(fraction):
		return 0, errors.New("want a size such as 25MiB, 1GB or 4096")
	case len(number) > 1 && digits(number[:len(number)-1]) && strings.ContainsAny(number[len(number)-1:], "kKmMgGtT"):
		unit := strings.ToUpper(number[len(number)-1:])
		return 0, fmt.Errorf("write %sB for steps of 1,000 or %siB for steps of 1,024", unit, unit)
	case whole == "" || !digits(whole):
		return 0, errors.New("want a size such as 25MiB, 1GB or 4096")
	}
	bytes, ok := new(big.Rat).SetString(strings.TrimSuffix(number, "."))
	if !ok {
		return 0, errors.New("want a size such as 25MiB, 1GB or 4096")
	}
	bytes.Mul(bytes, new(big.Rat).SetInt64(scale))
	if !bytes.IsInt() || !bytes.Num().IsInt64() {
		return 0, errors.New("not a whole number of bytes that fits 63 bits")
	}
	return Size(bytes.Num().Int64()), nil
}

// String is exact: the shortest text that ParseSize turns into this size.
func (s Size) String() string {
	best := strconv.FormatInt(int64(s), 10)
	for _, u := range units() {
		if s == 0 || int64(s)%u.bytes != 0 || u.bytes == 1 {
			continue
		}
		if text := strconv.FormatInt(int64(s)/u.bytes, 10) + u.name; len(text) <= len(best) {
			best = text
		}
	}
	return best
}

// Set makes a Size a flag.
func (s *Size) Set(text string) error {
	parsed, err := ParseSize(text)
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}

// Type is the word that help shows for the value.
func (s *Size) Type() string { return "size" }
