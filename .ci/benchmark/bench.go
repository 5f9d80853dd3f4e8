package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// bench is one run over the bars.
type bench struct {
	options
	out   io.Writer
	ours  time.Duration // processor time of our processes in this measurement
	noisy int           // measurements that stayed noisy in every try
	logs  map[int]filled
}

// bar is a figure that must be reached.
type bar struct {
	number int
	title  string
	limit  float64
	atMost bool   // otherwise at least
	unit   string // of the figure; empty for a ratio
	rounds int    // 0 for options.pairs
	// figure makes one measurement, or one pair of them.
	figure func(ctx context.Context, b *bench) (sample, error)
}

// sample is one figure with the words behind it.
type sample struct {
	value float64
	note  string
}

// run measures a bar and prints one line for it, and one below with the figures of its
// median round. It reports whether the bar is met.
func (b *bench) run(ctx context.Context, bar bar) (bool, error) {
	rounds := bar.rounds
	if rounds == 0 {
		rounds = b.pairs
	}
	b.noisy = 0
	var samples []sample
	for range rounds {
		var s sample
		err := b.quietly(ctx, func() (err error) {
			s, err = bar.figure(ctx, b)
			return err
		})
		if err != nil {
			return false, err
		}
		samples = append(samples, s)
	}
	var all []string
	for _, s := range samples {
		all = append(all, number(s.value))
	}
	slices.SortFunc(samples, func(a, c sample) int {
		switch {
		case a.value < c.value:
			return -1
		case a.value > c.value:
			return 1
		}
		return 0
	})
	median := samples[len(samples)/2]
	met, words := median.value >= bar.limit, "at least"
	if bar.atMost {
		met, words = median.value <= bar.limit, "at most"
	}
	outcome := "ok"
	if !met {
		outcome = "MISSED"
	}
	fmt.Fprintf(b.out, "bar %-2d  %-62s %9s%s  %s %s  %s\n",
		bar.number, bar.title, number(median.value), bar.unit, words, number(bar.limit), outcome)
	if rounds > 1 {
		fmt.Fprintf(b.out, "        rounds %s; min %s, median %s, max %s\n",
			strings.Join(all, " "), number(samples[0].value), number(median.value), number(samples[rounds-1].value))
	}
	fmt.Fprintf(b.out, "        %s\n", median.note)
	if b.noisy > 0 {
		fmt.Fprintf(b.out, "        %d of %d rounds were noisy: other processes took over %.0f %% of the machine in every try\n",
			b.noisy, rounds, 100*b.noise)
	}
	return met, nil
}

// number prints a figure with as many digits as mean something.
func number(f float64) string {
	switch {
	case f == 0 || f >= 100:
		return fmt.Sprintf("%.0f", f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}
