package filter

import (
	"math"
	"strconv"
	"strings"
	"time"

	"whk/verify/provider"
)

// span is a range of numbers, both ends included.
type span struct{ first, last int64 }

func (s span) holds(n int64) bool { return s.first <= n && n <= s.last }

// unknownWord is the error for a value that a key does not know.
func (p *parser) unknownWord(v value, key string, known []string) error {
	hint := key + ": takes " + either(known)
	if near := provider.Nearest(v.text, known); len(near) > 0 {
		hint = "did you mean " + either(near) + "? " + hint
	}
	return p.fault(v.at, hint, "%s: does not know %q", key, clip(v.text))
}

// rangeOf reads "3", "3..7", "3.." or "..7", whose ends a function reads.
func rangeOf(s string, most int64, number func(string) (int64, bool)) (span, bool) {
	low, high, isRange := strings.Cut(s, "..")
	if !isRange {
		n, ok := number(s)
		return span{n, n}, ok
	}
	r, ok := span{0, most}, low+high != ""
	for _, end := range []struct {
		text string
		at   *int64
	}{{low, &r.first}, {high, &r.last}} {
		if end.text == "" {
			continue
		}
		n, read := number(end.text)
		*end.at, ok = n, ok && read
	}
	return r, ok && r.first <= r.last
}

func wholeNumber(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && s[0] >= '0' && s[0] <= '9'
}

// units are what sizes are written in; the longest spellings come first.
var units = [...]struct {
	name string
	size int64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"b", 1},
}

// byteSize reads "400", "64KiB", "1.5MB".
func byteSize(s string) (int64, bool) {
	unit := int64(1)
	for _, u := range units {
		if n := len(s) - len(u.name); n > 0 && strings.EqualFold(s[n:], u.name) {
			s, unit = s[:n], u.size
			break
		}
	}
	if n, ok := wholeNumber(s); ok {
		return n * unit, n <= math.MaxInt64/unit
	}
	whole, fraction, found := strings.Cut(s, ".")
	if !found || strings.Trim(whole+fraction, "0123456789") != "" || whole == "" || fraction == "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	size := f * float64(unit)
	return int64(size), err == nil && size < 1<<62
}

// sizeRange reads what size: takes.
func sizeRange(s string) (span, bool) {
	for _, op := range []string{">=", "<=", ">", "<"} {
		rest, ok := strings.CutPrefix(s, op)
		if !ok {
			continue
		}
		n, ok := byteSize(rest)
		switch op {
		case ">=":
			return span{n, math.MaxInt64}, ok
		case "<=":
			return span{0, n}, ok
		case ">":
			return span{n + 1, math.MaxInt64}, ok && n < math.MaxInt64
		}
		return span{0, n - 1}, ok && n > 0
	}
	return rangeOf(s, math.MaxInt64, byteSize)
}

// moment reads how long ago something was, a day, or a time of RFC 3339. Of a day it
// is the start, or the last moment.
func moment(s string, now time.Time, end bool) (time.Time, bool) {
	if days, ok := strings.CutSuffix(s, "d"); ok && days != "" {
		if n, ok := wholeNumber(days); ok && n < 1e6 {
			return now.AddDate(0, 0, -int(n)), true
		}
	}
	if ago, err := time.ParseDuration(s); err == nil && ago >= 0 && s[0] != '+' && s[0] != '-' {
		return now.Add(-ago), true
	}
	if day, err := time.ParseInLocation(time.DateOnly, s, now.Location()); err == nil {
		if end {
			day = day.AddDate(0, 0, 1).Add(-time.Nanosecond)
		}
		return day, true
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	return at, err == nil
}
