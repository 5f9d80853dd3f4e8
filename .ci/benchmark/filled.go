package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// filled is an event log with many events, and what was seen while it was made.
type filled struct {
	store        string
	fresh, after int64 // memory of listen before the first and after the last event
	size         int64 // on disk, once listen has closed it
	tally        tally
}

// fill makes a log of so many events, once in a run.
func (b *bench) fill(ctx context.Context, events int) (filled, error) {
	if f, ok := b.logs[events]; ok {
		return f, nil
	}
	whk, err := b.startListen(ctx, "")
	if err != nil {
		return filled{}, err
	}
	f := filled{store: whk.store}
	if f.fresh, err = whk.memory(); err != nil {
		return filled{}, err
	}
	// Memory is read while listen still runs, so this stops it by hand.
	f.tally, err = b.load(ctx, whk, "-count", strconv.Itoa(events))
	if err == nil {
		f.after, err = whk.memory()
	}
	b.ours += whk.running()
	if stopped := whk.stop(); err == nil {
		err = stopped
	}
	if err == nil && f.tally.OK != events {
		err = fmt.Errorf("%d of %d answered 2xx, %d refused, %d lost %s", f.tally.OK, events, f.tally.Refused, f.tally.Lost, f.tally.Cause)
	}
	if err == nil {
		f.size, err = whk.onDisk()
	}
	if err != nil {
		return filled{}, err
	}
	b.logs[events] = f
	return f, nil
}

// memory reports what listen held after many events.
func memory(ctx context.Context, b *bench) (sample, error) {
	f, err := b.fill(ctx, b.events)
	if err != nil {
		return sample{}, err
	}
	return sample{float64(f.after) / megabyte, fmt.Sprintf("after %d events at %.0f/s; %.1f MB before the first",
		f.tally.OK, f.tally.rate(), float64(f.fresh)/megabyte)}, nil
}

// onDisk reports the size of the log after listen has closed it.
func onDisk(ctx context.Context, b *bench) (sample, error) {
	f, err := b.fill(ctx, b.events)
	if err != nil {
		return sample{}, err
	}
	return sample{float64(f.size) / float64(f.tally.OK), fmt.Sprintf("%.1f MB for %d events in %s",
		float64(f.size)/megabyte, f.tally.OK, filepath.Base(f.store))}, nil
}

// listing compares the time of whk events list on a large log and on a small one, from
// the start of the process to its end.
func listing(args ...string) func(ctx context.Context, b *bench) (sample, error) {
	return func(ctx context.Context, b *bench) (sample, error) {
		large, err := b.fill(ctx, b.events)
		if err != nil {
			return sample{}, err
		}
		small, err := b.fill(ctx, 1000)
		if err != nil {
			return sample{}, err
		}
		list := func(f filled) []string {
			return append([]string{b.whk, "events", "list", "--limit", "50", "--store", f.store}, args...)
		}
		l, s, err := b.inTurn(ctx, list(large), list(small))
		if err != nil {
			return sample{}, err
		}
		return sample{float64(l) / float64(s), fmt.Sprintf("%s with %d events, %s with 1000, start of the process included",
			round(l), b.events, round(s))}, nil
	}
}

// inTurn runs two commands 20 times each, in turn, and gives their median times.
func (b *bench) inTurn(ctx context.Context, first, second []string) (time.Duration, time.Duration, error) {
	const times = 20
	var took [2][times]time.Duration
	for i := range times {
		for j, args := range [2][]string{first, second} {
			cmd := b.command(ctx, args[0], args[1:]...)
			start := time.Now()
			if err := cmd.Run(); err != nil {
				return 0, 0, fmt.Errorf("run %s: %w", args, err)
			}
			took[j][i] = time.Since(start)
			b.spent(cmd.ProcessState)
		}
	}
	slices.Sort(took[0][:])
	slices.Sort(took[1][:])
	return took[0][times/2], took[1][times/2], nil
}
