package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
)

// filled is an event log with many events, and what was seen while it was made.
type filled struct {
	store        string
	fresh, after int64 // memory of listen before the first and after the last event
	size         int64 // on disk, once listen has closed it
	tally        tally
}

// rare is the number of an event whose number no other body of a log has.
const rare = 10_000_000

// fill makes a log of so many events, the oldest a rare one, once in a run.
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
	oldest, err := b.load(ctx, whk, "-count", "1", "-first", strconv.Itoa(rare-1))
	if err == nil {
		f.tally, err = b.load(ctx, whk, "-count", strconv.Itoa(events-1))
		f.tally.OK += oldest.OK
	}
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
