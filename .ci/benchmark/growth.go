package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// printGrowth shows how the receive path grows: over what is stored already, and over
// connections and sizes. These are figures of this machine, and gate nothing.
func (b *bench) printGrowth(ctx context.Context) error {
	fmt.Fprintf(b.out, "%-34s %12s %10s %10s %8s\n", "receive path", "events/s", "p50", "p99", "refused")
	dir, err := os.MkdirTemp(b.dir, "growth")
	if err != nil {
		return err
	}
	store, held := filepath.Join(dir, "events.db"), 0
	for _, stored := range []int{0, 100_000, b.events} {
		if stored > held {
			if _, err := b.cell(ctx, store, "", "-count", strconv.Itoa(stored-held), "-first", strconv.Itoa(held)); err != nil {
				return err
			}
			held = stored
		}
		t, err := b.cell(ctx, store, fmt.Sprintf("%d events stored", stored), "-length", b.length.String(), "-first", strconv.Itoa(held))
		if err != nil {
			return err
		}
		held += t.OK
	}
	for _, connections := range []int{1, 64, 512} {
		for _, size := range []int{400, 100_000, 10_000_000} {
			label := fmt.Sprintf("%d connections, %d bytes", connections, size)
			_, err := b.cell(ctx, "", label, "-length", b.length.String(),
				"-connections", strconv.Itoa(connections), "-size", strconv.Itoa(size))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// cell makes one measurement and prints a line under the label, if there is one. With
// more bytes in flight than whk takes at once, refusals are expected, and shown.
func (b *bench) cell(ctx context.Context, store, label string, args ...string) (tally, error) {
	whk, err := b.startListen(ctx, store)
	if err != nil {
		return tally{}, err
	}
	if store == "" {
		defer removeStore(whk)
	}
	t, err := b.load(ctx, whk, args...)
	if stopped := whk.stop(); err == nil {
		err = stopped
	}
	if err != nil {
		return tally{}, err
	}
	if label != "" {
		fmt.Fprintf(b.out, "%-34s %12.0f %10s %10s %8d\n", label, t.rate(), round(t.P50), round(t.P99), t.Refused+t.Lost)
	}
	return t, nil
}
