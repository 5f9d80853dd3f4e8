package main

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// pace is how many events a second come where the rate is fixed.
const pace = 5000

// paced is a pair of runs at that rate, with the screen and without.
type paced struct {
	off, on         tally
	offCPU, onCPU   time.Duration
	drawn           int64 // bytes
	half, whole     int64 // memory with the screen, in the middle and at the end
	seconds, missed int
}

// pacing runs pairs, and hands each one to every bar that is read off it.
type pacing struct {
	pairs []paced
	seen  map[string]int
}

func newPacing() *pacing { return &pacing{seen: make(map[string]int)} }

// next is the next pair that a bar has not seen.
func (p *pacing) next(ctx context.Context, b *bench, bar string) (paced, error) {
	if p.seen[bar] == len(p.pairs) {
		pair, err := b.pacedPair(ctx)
		if err != nil {
			return paced{}, err
		}
		p.pairs = append(p.pairs, pair)
	}
	p.seen[bar]++
	return p.pairs[p.seen[bar]-1], nil
}

func (b *bench) pacedPair(ctx context.Context) (paced, error) {
	x := paced{seconds: b.seconds}
	off, err := b.startListen(ctx, "")
	if err != nil {
		return x, err
	}
	defer removeStore(off)
	x.off, x.offCPU, err = b.paceOn(ctx, off, nil)
	if err != nil {
		return x, err
	}
	on, err := b.startScreen(ctx, "")
	if err != nil {
		return x, err
	}
	defer removeStore(on)
	x.on, x.onCPU, err = b.paceOn(ctx, on, func(half, whole int64) { x.half, x.whole = half, whole })
	x.drawn = on.terminal.bytes
	x.missed = pace*b.seconds - x.on.OK
	return x, err
}

// paceOn loads a receiver at the fixed rate, and stops it. Memory is told as it is after
// half of the time, and at the end.
func (b *bench) paceOn(ctx context.Context, r *receiver, memory func(half, whole int64)) (tally, time.Duration, error) {
	// What is made at the start is not the price of an event.
	if _, err := b.load(ctx, r, "-rate", strconv.Itoa(pace), "-count", strconv.Itoa(pace)); err != nil {
		_ = r.stop()
		return tally{}, 0, err
	}
	before, err := r.processor()
	if err != nil {
		_ = r.stop()
		return tally{}, 0, err
	}
	half := make(chan int64, 1)
	timer := time.AfterFunc(time.Duration(b.seconds)*time.Second/2, func() {
		held, _ := r.memory() // a process that has ended holds nothing
		half <- held
	})
	defer timer.Stop()
	t, err := b.load(ctx, r, "-rate", strconv.Itoa(pace), "-count", strconv.Itoa(pace*b.seconds))
	var after time.Duration
	if err == nil {
		after, err = r.processor()
	}
	if err == nil && memory != nil {
		whole, failed := r.memory()
		memory(<-half, whole)
		err = failed
	}
	b.ours += r.running()
	if stopped := r.stop(); err == nil {
		err = stopped
	}
	return t, after - before, err
}

// drawing is the processor time that the screen takes at the fixed rate, in percent of
// one core.
func (p *pacing) drawing(ctx context.Context, b *bench) (sample, error) {
	x, err := p.next(ctx, b, "drawing")
	if err != nil {
		return sample{}, err
	}
	share := func(d time.Duration) float64 { return 100 * d.Seconds() / float64(x.seconds) }
	return sample{share(x.onCPU - x.offCPU), fmt.Sprintf("%.1f %% against %.1f %% without it, for %d s; %.0f KB/s to the terminal",
		share(x.onCPU), share(x.offCPU), x.seconds, float64(x.drawn)/1000/float64(x.seconds))}, nil
}

// missing is how many of the events that were due did not get in with the screen on.
func (p *pacing) missing(ctx context.Context, b *bench) (sample, error) {
	x, err := p.next(ctx, b, "missing")
	if err != nil {
		return sample{}, err
	}
	return sample{float64(x.missed + x.on.Refused + x.on.Lost), fmt.Sprintf("%d answered 2xx in %s, %d refused, %d lost %s",
		x.on.OK, x.on.Took.Round(time.Millisecond), x.on.Refused, x.on.Lost, x.on.Cause)}, nil
}

// lateness compares p99 with the screen and without, from when each event was due.
func (p *pacing) lateness(ctx context.Context, b *bench) (sample, error) {
	x, err := p.next(ctx, b, "lateness")
	if err != nil {
		return sample{}, err
	}
	return sample{float64(x.on.P99) / float64(x.off.P99), fmt.Sprintf("p99 %s against %s; p50 %s against %s",
		round(x.on.P99), round(x.off.P99), round(x.on.P50), round(x.off.P50))}, nil
}

// heldPaced is the memory of listen with the screen while events come at the fixed rate.
func (p *pacing) heldPaced(ctx context.Context, b *bench) (sample, error) {
	x, err := p.next(ctx, b, "held")
	if err != nil {
		return sample{}, err
	}
	return sample{float64(x.whole-x.half) / megabyte, fmt.Sprintf("%.1f MB after %d s, %.1f MB after %d s",
		float64(x.half)/megabyte, x.seconds/2, float64(x.whole)/megabyte, x.seconds)}, nil
}

// fullSpeed compares the rate with the screen and without.
func fullSpeed(ctx context.Context, b *bench) (sample, error) {
	off, err := b.startListen(ctx, "")
	if err != nil {
		return sample{}, err
	}
	defer removeStore(off)
	without, err := b.loadAndStop(ctx, off, "-length", b.length.String())
	if err != nil {
		return sample{}, err
	}
	on, err := b.startScreen(ctx, "")
	if err != nil {
		return sample{}, err
	}
	defer removeStore(on)
	with, err := b.loadAndStop(ctx, on, "-length", b.length.String())
	if err != nil {
		return sample{}, err
	}
	return sample{with.rate() / without.rate(), fmt.Sprintf("%.0f requests/s against %.0f; p99 %s against %s",
		with.rate(), without.rate(), round(with.P99), round(without.P99))}, nil
}

// screenMemory reports what listen holds after many events that came as fast as they can
// while the screen showed them.
func screenMemory(ctx context.Context, b *bench) (sample, error) {
	on, err := b.startScreen(ctx, "")
	if err != nil {
		return sample{}, err
	}
	defer removeStore(on)
	fresh, err := on.memory()
	var half, whole int64
	for _, held := range []*int64{&half, &whole} {
		if err == nil {
			_, err = b.load(ctx, on, "-count", strconv.Itoa(b.events/2))
		}
		if err == nil {
			*held, err = on.memory()
		}
	}
	b.ours += on.running()
	if stopped := on.stop(); err == nil {
		err = stopped
	}
	if err != nil {
		return sample{}, err
	}
	return sample{float64(whole) / megabyte, fmt.Sprintf("after %d events; %.1f MB after half of them, %.1f MB before the first",
		b.events, float64(half)/megabyte, float64(fresh)/megabyte)}, nil
}
