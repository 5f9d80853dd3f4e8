package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

const megabyte = 1_000_000

// bars are those that this program can judge; others stand in the tests.
func bars() []bar {
	paced := newPacing()
	return []bar{
		{number: 1, title: "receive, verified and durable, against a bare handler", limit: 0.33, figure: receive},
		{number: 4, title: "refused or lost, 100,000 sent over 64 connections", limit: 0, atMost: true, rounds: 1, figure: lost},
		{number: 6, title: "one connection: p50 added by the store, in fdatasyncs of 1 KB", limit: 2.5, atMost: true, figure: latency},
		{number: 8, title: "resident memory of listen, without the screen", limit: 40, atMost: true, unit: " MB", rounds: 1, figure: memory},
		{number: 8, title: "the same with the screen", limit: 80, atMost: true, unit: " MB", rounds: 1, figure: screenMemory},
		{number: 8, title: "by how much it grows with the screen, 5,000 events/s", limit: 8, atMost: true, unit: " MB", rounds: 3, figure: paced.heldPaced},
		{number: 9, title: "list the newest 50 of many events, against 1,000", limit: 5, atMost: true, figure: listing()},
		{number: 10, title: "list the newest 50 of one name, as above", limit: 5, atMost: true, figure: listing("--event", "rentman/*.delete")},
		{number: 10, title: "the same as a filter, provider:rentman event:*.delete", limit: 5, atMost: true, figure: listing("--where", "provider:rentman event:*.delete")},
		{number: 9, title: "the first frame of the screen, many events against 1,000", limit: 2, atMost: true, figure: firstFrame},
		{number: 9, title: "from a key to the end of its frame, p99, many events", limit: 16, atMost: true, unit: " ms", figure: keys},
		{number: 10, title: "a filter on the screen, many events against 1,000", limit: 5, atMost: true, figure: filtering},
		{number: 11, title: "find a rare text in the bodies, against grep -F on them", limit: 5, atMost: true, figure: searching},
		{number: 11, title: "esc leaves a search on the screen, which shows its progress", limit: 100, atMost: true, unit: " ms", figure: leaving},
		{number: 12, title: "1 MiB bodies, against a handler that only verifies", limit: 0.22, figure: large},
		{number: 13, title: "send -n, forged and signed, against wrk sending one body", limit: 0.45, figure: sending},
		{number: 15, title: "whk version, against a hello-world cobra program", limit: 2, atMost: true, figure: startUp("version")},
		{number: 15, title: "whk --help, against a hello-world cobra program", limit: 2, atMost: true, figure: startUp("--help")},
		{number: 16, title: "whk version on a terminal that answers nothing, extra time", limit: 50, atMost: true, unit: " ms", rounds: 3, figure: silent("version")},
		{number: 16, title: "whk --help, as above", limit: 50, atMost: true, unit: " ms", rounds: 3, figure: silent("--help")},
		{number: 16, title: "whk events list, as above", limit: 50, atMost: true, unit: " ms", rounds: 3, figure: silent("events", "list")},
		{number: 17, title: "stripped binary", limit: 18, atMost: true, unit: " MB", rounds: 1, figure: binarySize},
		{number: 18, title: "drawing at 5,000 events/s, of one core", limit: 15, atMost: true, unit: " %", rounds: 3, figure: paced.drawing},
		{number: 18, title: "processor time for a key, many events against 1,000", limit: 1.2, atMost: true, figure: keyCost},
		{number: 19, title: "missed at 5,000 events/s with the screen", limit: 0, atMost: true, rounds: 3, figure: paced.missing},
		{number: 19, title: "p99 at 5,000 events/s, screen on against off", limit: 1.5, atMost: true, rounds: 3, figure: paced.lateness},
		{number: 19, title: "receive at full speed, screen on against off", limit: 0.9, figure: fullSpeed},
		{number: 21, title: "on disk for each event of 400 bytes", limit: 1000, atMost: true, unit: " B", rounds: 1, figure: onDisk},
		{number: 22, title: "memory of an export of all events as NDJSON, at its peak", limit: 64, atMost: true, unit: " MB", rounds: 3, figure: exporting},
	}
}

// receive compares the rates of whk and a bare handler.
func receive(ctx context.Context, b *bench) (sample, error) {
	return b.compare(ctx, nil, "-length", b.length.String())
}

// large compares with a handler that verifies: the hash is most of the work there.
func large(ctx context.Context, b *bench) (sample, error) {
	return b.compare(ctx, []string{"-verify"}, "-length", b.length.String(), "-size", "1048576", "-connections", "16")
}

// compare loads the receiver that serve gives, then whk, and divides the rates.
func (b *bench) compare(ctx context.Context, serve []string, args ...string) (sample, error) {
	other, err := b.startServe(ctx, serve...)
	if err != nil {
		return sample{}, err
	}
	theirs, err := b.loadAndStop(ctx, other, args...)
	if err != nil {
		return sample{}, err
	}
	whk, err := b.startListen(ctx, "")
	if err != nil {
		return sample{}, err
	}
	defer removeStore(whk)
	ours, err := b.loadAndStop(ctx, whk, args...)
	if err != nil {
		return sample{}, err
	}
	return sample{ours.rate() / theirs.rate(), fmt.Sprintf("%.0f requests/s against %.0f; p99 %s against %s",
		ours.rate(), theirs.rate(), round(ours.P99), round(theirs.P99))}, nil
}

// loadAndStop fails when anything was refused or lost: a rate is only a rate then.
func (b *bench) loadAndStop(ctx context.Context, r *receiver, args ...string) (tally, error) {
	t, err := b.load(ctx, r, args...)
	b.ours += r.running()
	if stopped := r.stop(); err == nil {
		err = stopped
	}
	if err == nil && (t.OK == 0 || t.Refused+t.Lost > 0) {
		err = fmt.Errorf("%d answered 2xx, %d refused, %d lost %s\n%s", t.OK, t.Refused, t.Lost, t.Cause, r.stderr)
	}
	return t, err
}

// lost counts what was not answered 2xx, and what was and is not in the log.
func lost(ctx context.Context, b *bench) (sample, error) {
	const sent = 100_000
	whk, err := b.startListen(ctx, "")
	if err != nil {
		return sample{}, err
	}
	defer removeStore(whk)
	t, err := b.load(ctx, whk, "-count", strconv.Itoa(sent))
	b.ours += whk.running()
	if stopped := whk.stop(); err == nil {
		err = stopped
	}
	if err != nil {
		return sample{}, err
	}
	stored, valid, err := b.countStored(ctx, whk.store, 2*sent)
	if err != nil {
		return sample{}, err
	}
	note := fmt.Sprintf("%d answered 2xx, %d refused, %d not answered; %d in the log, %d of them valid",
		t.OK, t.Refused, t.Lost, stored, valid)
	return sample{float64(sent - min(t.OK, valid)), note}, nil
}

// countStored reads the log as a user's script would.
func (b *bench) countStored(ctx context.Context, store string, limit int) (stored, valid int, err error) {
	cmd := b.command(ctx, b.whk, "events", "list", "--json", "--limit", strconv.Itoa(limit), "--store", store)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	decoder := json.NewDecoder(bufio.NewReaderSize(out, 1<<20))
	for {
		var line struct {
			Type    string `json:"type"`
			Verdict struct {
				Status string `json:"status"`
			} `json:"verdict"`
		}
		if err = decoder.Decode(&line); err != nil {
			break
		}
		if line.Type == "event" {
			stored++
			if line.Verdict.Status == "valid" {
				valid++
			}
		}
	}
	if !errors.Is(err, io.EOF) {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return 0, 0, fmt.Errorf("read the log: %w", err)
	}
	if err := cmd.Wait(); err != nil {
		return 0, 0, fmt.Errorf("read the log: %w", err)
	}
	b.spent(cmd.ProcessState)
	return stored, valid, nil
}

// latency divides what the store adds to one request by what the disk needs anyway.
func latency(ctx context.Context, b *bench) (sample, error) {
	length := max(b.length/4, time.Second).String()
	other, err := b.startServe(ctx, "-verify")
	if err != nil {
		return sample{}, err
	}
	theirs, err := b.loadAndStop(ctx, other, "-connections", "1", "-length", length)
	if err != nil {
		return sample{}, err
	}
	whk, err := b.startListen(ctx, "")
	if err != nil {
		return sample{}, err
	}
	defer removeStore(whk)
	ours, err := b.loadAndStop(ctx, whk, "-connections", "1", "-length", length)
	if err != nil {
		return sample{}, err
	}
	sync, err := b.fdatasync()
	if err != nil {
		return sample{}, err
	}
	return sample{float64(ours.P50-theirs.P50) / float64(sync), fmt.Sprintf("p50 %s against %s; fdatasync %s",
		round(ours.P50), round(theirs.P50), round(sync))}, nil
}

// fdatasync is the median time that the disk takes to keep one more kilobyte.
func (b *bench) fdatasync() (time.Duration, error) {
	f, err := os.CreateTemp(b.dir, "sync")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	kilobyte := make([]byte, 1024)
	times := make([]time.Duration, 500)
	for i := range times {
		start := time.Now()
		if _, err := f.Write(kilobyte); err != nil {
			return 0, err
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			return 0, err
		}
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

// removeStore frees the disk; what cannot be removed goes with the folder of the run.
func removeStore(r *receiver) { _ = os.RemoveAll(filepath.Dir(r.store)) }

func round(d time.Duration) time.Duration {
	switch {
	case d > 10*time.Millisecond:
		return d.Round(100 * time.Microsecond)
	case d > time.Millisecond:
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Microsecond)
}
