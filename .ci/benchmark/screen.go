package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// firstFrame compares how long the screen takes to show the newest events, from the start
// of the process, of many and of a few.
func firstFrame(ctx context.Context, b *bench) (sample, error) {
	var took [2][]time.Duration
	for range 5 {
		for i, events := range []int{b.events, 1000} {
			start := time.Now()
			r, shown, err := b.watch(ctx, events)
			if err != nil {
				return sample{}, err
			}
			took[i] = append(took[i], shown.Sub(start))
			if err := b.left(r); err != nil {
				return sample{}, err
			}
		}
	}
	large, small := middle(took[0]), middle(took[1])
	return sample{float64(large) / float64(small), fmt.Sprintf("%s with %d events, wanted 100 ms; %s with 1000; start of the process included",
		round(large), b.events, round(small))}, nil
}

// watch starts the screen on a log of so many events, and says when they were seen.
func (b *bench) watch(ctx context.Context, events int) (*receiver, time.Time, error) {
	f, err := b.fill(ctx, events)
	if err != nil {
		return nil, time.Time{}, err
	}
	r, err := b.startTail(ctx, f.store)
	if err != nil {
		return nil, time.Time{}, err
	}
	shown, err := r.terminal.until(ctx, func(text string) bool { return cursor(text) == events })
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, r.stderr)
		_ = r.stop()
		return nil, shown, err
	}
	return r, shown, nil
}

// left ends a screen as a person does.
func (b *bench) left(r *receiver) error {
	b.ours += r.running()
	if _, err := r.terminal.press("\x03"); err != nil {
		return err
	}
	return r.stop()
}

// place is the number of the event under the cursor, as the title of the list says it.
var place = regexp.MustCompile(`Events ([0-9,]+)/`)

// cursor is the number of the event that the cursor is on, 0 for none.
func cursor(text string) int {
	found := place.FindStringSubmatch(text)
	if found == nil {
		return 0
	}
	n, err := strconv.Atoi(strings.ReplaceAll(found[1], ",", ""))
	if err != nil {
		return 0
	}
	return n
}

// keys measures from a key until the last byte of the frame in which the cursor has
// moved, at p99.
func keys(ctx context.Context, b *bench) (sample, error) {
	r, _, err := b.watch(ctx, b.events)
	if err != nil {
		return sample{}, err
	}
	t := r.terminal
	var all []time.Duration
	names := []string{"k", "j", "\x1b[5~", "\x1b[6~", "g", "G"}
	worst := make(map[string]time.Duration)
	for i := range 300 {
		key := names[0] // mostly up and down, as people do
		switch {
		case i%30 == 29:
			key = names[4+i/30%2]
		case i%2 == 1:
			key = names[1+i%3]
		}
		if err := t.quiet(ctx, 20*time.Millisecond); err != nil {
			return sample{}, err
		}
		// A pause of no fixed length, so that no clock of the screen keeps step.
		time.Sleep(time.Duration(i*7919%17_000) * time.Microsecond)
		before := cursor(t.text())
		at, err := t.press(key)
		if err != nil {
			return sample{}, err
		}
		if stays(key, before, b.events) {
			continue
		}
		seen, err := t.until(ctx, func(text string) bool { return cursor(text) != before })
		if err != nil {
			return sample{}, fmt.Errorf("key %q on event %d: %w", key, before, err)
		}
		all = append(all, seen.Sub(at))
		worst[key] = max(worst[key], seen.Sub(at))
	}
	if err := b.left(r); err != nil {
		return sample{}, err
	}
	slices.Sort(all)
	p99 := all[len(all)*99/100]
	return sample{milliseconds(p99), fmt.Sprintf("p50 %s of %d keys with %d events; slowest up %s, page up %s, first %s, last %s", round(middle(all)), len(all), b.events,
		round(worst["k"]), round(worst["\x1b[5~"]), round(worst["g"]), round(worst["G"]))}, nil
}

// stays reports whether a key leaves the cursor where it is, at an end of the list.
func stays(key string, at, last int) bool {
	switch key {
	case "k", "\x1b[5~":
		return at <= 1
	case "j", "\x1b[6~", "G":
		return at >= last
	}
	return false
}

// filtering compares the time from enter in the filter prompt to the rows that fit.
func filtering(ctx context.Context, b *bench) (sample, error) {
	var took [2][]time.Duration
	for range 5 {
		for i, events := range []int{b.events, 1000} {
			r, _, err := b.watch(ctx, events)
			if err != nil {
				return sample{}, err
			}
			t := r.terminal
			if _, err = t.press("fprovider:rentman event:*.delete"); err == nil {
				_, err = t.until(ctx, func(text string) bool { return strings.Contains(text, "filter: provider:rentman event:*.delete") })
			}
			var enter, seen time.Time
			if err == nil {
				enter, err = t.press("\r")
			}
			if err == nil {
				seen, err = t.until(ctx, func(text string) bool {
					return strings.Contains(text, "Contact.delete") && !strings.Contains(text, "Contact.update")
				})
			}
			if err != nil {
				return sample{}, err
			}
			took[i] = append(took[i], seen.Sub(enter))
			if err := b.left(r); err != nil {
				return sample{}, err
			}
		}
	}
	large, small := middle(took[0]), middle(took[1])
	return sample{float64(large) / float64(small), fmt.Sprintf("%s with %d events, %s with 1000, from enter to the rows",
		round(large), b.events, round(small))}, nil
}

// leaving starts the search for a text that no event has, waits until the screen says how
// far it has got, and measures how long esc takes to end it.
func leaving(ctx context.Context, b *bench) (sample, error) {
	r, _, err := b.watch(ctx, b.events)
	if err != nil {
		return sample{}, err
	}
	t := r.terminal
	if _, err := t.press("g"); err != nil {
		return sample{}, err
	}
	if _, err := t.until(ctx, func(text string) bool { return cursor(text) == 1 }); err != nil {
		return sample{}, err
	}
	if _, err := t.press("/no-event-has-this\r"); err != nil {
		return sample{}, err
	}
	progress := regexp.MustCompile(`looking for no-event-has-this [^\n]* ([0-9]+) %`)
	if _, err := t.until(ctx, progress.MatchString); err != nil {
		return sample{}, err
	}
	said := progress.FindString(t.text())
	at, err := t.press("\x1b")
	if err != nil {
		return sample{}, err
	}
	seen, err := t.until(ctx, func(text string) bool { return strings.Contains(text, "search stopped") })
	if err != nil {
		return sample{}, err
	}
	return sample{milliseconds(seen.Sub(at)), fmt.Sprintf("%q was seen, with %d events", said, b.events)}, b.left(r)
}

// keyCost compares the processor time that the screen takes for a key and its frames.
func keyCost(ctx context.Context, b *bench) (sample, error) {
	const presses = 200
	var costs [2]time.Duration
	for i, events := range []int{b.events, 1000} {
		r, _, err := b.watch(ctx, events)
		if err != nil {
			return sample{}, err
		}
		t := r.terminal
		before, err := r.processor()
		for n := range presses {
			if err == nil {
				_, err = t.press("k")
			}
			if err == nil {
				_, err = t.until(ctx, func(text string) bool { return cursor(text) == events-n-1 })
			}
		}
		if err != nil {
			return sample{}, err
		}
		after, err := r.processor()
		if err != nil {
			return sample{}, err
		}
		costs[i] = (after - before) / presses
		if err := b.left(r); err != nil {
			return sample{}, err
		}
	}
	return sample{float64(costs[0]) / float64(costs[1]), fmt.Sprintf("%s of processor time for each key with %d events, %s with 1000",
		round(costs[0]), b.events, round(costs[1]))}, nil
}

// processor is the processor time that a living process of ours has taken, to the
// nanosecond.
func (r *receiver) processor() (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", r.cmd.Process.Pid))
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("read the processor time of %s: %w", r.cmd.Args[0], os.ErrNotExist)
	}
	var all time.Duration
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // the thread has ended
		}
		first, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", name, err)
		}
		all += time.Duration(n)
	}
	return all, nil
}

// silent compares a command on a terminal that answers nothing with the same command
// without one.
func silent(args ...string) func(ctx context.Context, b *bench) (sample, error) {
	return func(ctx context.Context, b *bench) (sample, error) {
		f, err := b.fill(ctx, 1000)
		if err != nil {
			return sample{}, err
		}
		whole := append(slices.Clone(args), "--store", f.store)
		var took [2][]time.Duration
		queries := 0
		for range 20 {
			cmd := b.command(ctx, b.whk, whole...)
			start := time.Now()
			if _, err := cmd.Output(); err != nil {
				return sample{}, fmt.Errorf("run %q: %w", cmd.Args, err)
			}
			took[0] = append(took[0], time.Since(start))
			b.spent(cmd.ProcessState)

			t, err := newTerminal(false)
			if err != nil {
				return sample{}, err
			}
			cmd = b.command(ctx, b.whk, whole...)
			t.attach(cmd)
			cmd.Stderr = cmd.Stdout
			start = time.Now()
			err = cmd.Run()
			took[1] = append(took[1], time.Since(start))
			t.started()
			if err != nil {
				return sample{}, fmt.Errorf("run %q: %w", cmd.Args, err)
			}
			b.spent(cmd.ProcessState)
			if err := t.finished(ctx); err != nil {
				return sample{}, err
			}
			queries += t.queries
			t.close()
		}
		without, with := middle(took[0]), middle(took[1])
		if queries > 0 {
			return sample{}, fmt.Errorf("whk %s asked the terminal %d questions, which may never be answered", strings.Join(args, " "), queries)
		}
		return sample{milliseconds(with - without), fmt.Sprintf("%s on a terminal, %s without; 0 queries", round(with), round(without))}, nil
	}
}

// middle is the median.
func middle(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
