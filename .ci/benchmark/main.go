// Command benchmark measures whk against its bars. Every bar that gates is a ratio of
// two programs that are measured in turn, in one run, as the median of several pairs:
// absolute figures of a noisy machine say nothing, so those are printed beside it.
//
// Load and receivers are processes of their own, all of them this program under
// another name:
//
//	benchmark [flags]          measure
//	benchmark serve [flags]    a bare net/http receiver to compare with
//	benchmark load [flags]     send signed events over raw connections, report as JSON
//
// A pair during which other processes took more than a tenth of the machine is
// measured again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "benchmark:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "serve":
			return serve(ctx, args[1:])
		case "load":
			return load(ctx, args[1:])
		}
	}
	return measure(ctx, args)
}

// options is what a run is told.
type options struct {
	whk, hello, wrk string // binaries
	dir             string // for stores; emptied by whoever made it
	pairs           int
	length          time.Duration // of one measurement
	seconds         int           // of a measurement at a fixed rate
	events          int           // for what is measured after a number of events
	noise           float64
	only            string
	growth          bool
}

func measure(ctx context.Context, args []string) error {
	var o options
	flags := flag.NewFlagSet("benchmark", flag.ContinueOnError)
	flags.StringVar(&o.whk, "whk", "", "the whk `binary`")
	flags.StringVar(&o.hello, "hello", "", "the hello `binary` to compare start-up with")
	flags.StringVar(&o.wrk, "wrk", "wrk", "the wrk `binary` to compare sending with")
	flags.StringVar(&o.dir, "dir", os.TempDir(), "`folder` for stores, on the disk that counts")
	flags.IntVar(&o.pairs, "pairs", 5, "pairs of measurements for each bar")
	flags.DurationVar(&o.length, "length", 5*time.Second, "length of one measurement")
	flags.IntVar(&o.seconds, "seconds", 20, "length of a measurement at a fixed rate, in `seconds`")
	flags.IntVar(&o.events, "events", 200_000, "`number` of events in the log that is listed, searched, exported and weighed")
	flags.Float64Var(&o.noise, "noise", 0.1, "share of the machine that others may take")
	flags.StringVar(&o.only, "bars", "", "`numbers` of the bars to measure, such as 1,4,12; all by default")
	flags.BoolVar(&o.growth, "growth", false, "print the receive path over stored events, connections and sizes")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if o.whk == "" || flags.NArg() > 0 {
		return errors.New("usage: benchmark -whk BINARY [flags]")
	}
	b := &bench{options: o, out: os.Stdout, logs: make(map[int]filled)}
	if o.growth {
		return b.printGrowth(ctx)
	}
	chosen, err := choose(bars(), o.only)
	if err != nil {
		return err
	}
	missed := 0
	for _, bar := range chosen {
		met, err := b.run(ctx, bar)
		if err != nil {
			return fmt.Errorf("bar %d, %s: %w", bar.number, bar.title, err)
		}
		if !met {
			missed++
		}
	}
	if missed > 0 {
		return fmt.Errorf("%d of %d bars missed", missed, len(chosen))
	}
	return nil
}

// choose picks bars by a list of numbers; an empty list means all.
func choose(all []bar, only string) ([]bar, error) {
	if only == "" {
		return all, nil
	}
	var chosen []bar
	for s := range strings.SplitSeq(only, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil {
			return nil, fmt.Errorf("read the bars %q: %w", only, err)
		}
		before := len(chosen)
		for _, b := range all {
			if b.number == n {
				chosen = append(chosen, b)
			}
		}
		if len(chosen) == before {
			return nil, fmt.Errorf("no bar %d here", n)
		}
	}
	return chosen, nil
}
