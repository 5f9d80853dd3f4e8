package cmd

import (
	"fmt"
	"strings"
	"time"

	"whk/verify/display"
)

// chartRows is how high a chart is.
const chartRows = 4

// chart draws counts as columns of blocks, the highest over all rows. What is not zero
// is never invisible.
func chart(counts []int, ascii bool) []string {
	most := 0
	for _, n := range counts {
		most = max(most, n)
	}
	if most == 0 {
		return nil
	}
	blocks := []rune(" ▁▂▃▄▅▆▇█")
	if ascii {
		blocks = []rune(" ...::::#")
	}
	lines := make([]string, chartRows)
	for row := range lines {
		below := (chartRows - 1 - row) * 8
		var b strings.Builder
		for _, n := range counts {
			height := n * chartRows * 8 / most
			if n > 0 {
				height = max(height, 1)
			}
			b.WriteRune(blocks[min(max(height-below, 0), 8)])
		}
		lines[row] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

// perUnit writes a limit as people do: "10/s", "360 in 10 min", "50,000 a day".
func perUnit(calls int, per time.Duration) string {
	switch per {
	case time.Second:
		return display.Thousands(int64(calls)) + "/s"
	case time.Minute:
		return display.Thousands(int64(calls)) + " a minute"
	case time.Hour:
		return display.Thousands(int64(calls)) + " an hour"
	case 24 * time.Hour:
		return display.Thousands(int64(calls)) + " a day"
	}
	return fmt.Sprintf("%s in %s", display.Thousands(int64(calls)), stretchName(per))
}

// stretchName writes a length of time without its zeros: "10 min", "2 h", "1h30m".
func stretchName(d time.Duration) string {
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Minute && d < time.Hour && d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < time.Minute:
		return display.Took(d)
	}
	return strings.TrimSuffix(d.Round(time.Second).String(), "0s")
}
