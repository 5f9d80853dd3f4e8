package cmd

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// rate is the value of --rate: requests per second, 0 for as many as possible.
type rate float64

// Set reads 100/s, 100 (which means the same), 90/m or 3600/h.
func (r *rate) Set(text string) error {
	number, unit, given := strings.Cut(strings.TrimSpace(text), "/")
	seconds, known := map[string]float64{"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600}[unit]
	if !given {
		seconds, known = 1, true
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !known || !(n > 0) || math.IsInf(n, 0) || n/seconds > 1e9 {
		return fmt.Errorf("%q: expected requests a second (100/s, 100) or a minute (90/m)", text)
	}
	*r = rate(n / seconds)
	return nil
}

func (r *rate) String() string {
	if *r == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(*r), 'g', -1, 64) + "/s"
}

// Type is the word that help shows for the value.
func (r *rate) Type() string { return "N/s" }
