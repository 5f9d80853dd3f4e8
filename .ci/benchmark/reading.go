package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"
)

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
		l, s, err := b.inTurn(ctx, 20, b.list(large, args...), b.list(small, args...))
		if err != nil {
			return sample{}, err
		}
		if l.lines() == 0 || s.lines() == 0 {
			return sample{}, fmt.Errorf("whk events list %q shows %d and %d events", args, l.lines(), s.lines())
		}
		return sample{l.ratio(s), fmt.Sprintf("%s with %d events, %s with 1000, start of the process included",
			round(l.took), b.events, round(s.took))}, nil
	}
}

func (b *bench) list(f filled, args ...string) []string {
	return append([]string{b.whk, "events", "list", "--limit", "50", "--store", f.store}, args...)
}

// searching compares the search for a text in the bodies of a large log with grep on the
// same bodies. One body has the text, the oldest: whoever finds it has read them all.
func searching(ctx context.Context, b *bench) (sample, error) {
	f, err := b.fill(ctx, b.events)
	if err != nil {
		return sample{}, err
	}
	bodies, err := b.bodies(ctx, f)
	if err != nil {
		return sample{}, err
	}
	text := "contacts/" + strconv.Itoa(rare)
	ours, theirs, err := b.inTurn(ctx, 5, b.list(f, "--where", "body:"+text), []string{"grep", "-F", text, bodies})
	if err != nil {
		return sample{}, err
	}
	if ours.lines() != 1 || theirs.lines() != 1 {
		return sample{}, fmt.Errorf("one body has %s, but whk finds %d and grep %d", text, ours.lines(), theirs.lines())
	}
	info, err := os.Stat(bodies)
	if err != nil {
		return sample{}, err
	}
	return sample{ours.ratio(theirs), fmt.Sprintf("%s against %s for %d bodies, %.1f MB, start of the process included",
		round(ours.took), round(theirs.took), b.events, float64(info.Size())/megabyte)}, nil
}

// bodies writes the bodies of a log into a file, one a line, once.
func (b *bench) bodies(ctx context.Context, f filled) (string, error) {
	name := f.store + ".bodies"
	if _, err := os.Stat(name); err == nil {
		return name, nil
	}
	out, err := os.Create(name + ".new")
	if err != nil {
		return "", err
	}
	defer out.Close()
	written := 0
	w := bufio.NewWriterSize(out, 1<<20)
	_, err = b.export(ctx, f, func(r io.Reader) error {
		for decoder := json.NewDecoder(r); ; written++ {
			var line struct {
				Body string `json:"body"`
			}
			if err := decoder.Decode(&line); errors.Is(err, io.EOF) {
				return w.Flush()
			} else if err != nil {
				return err
			}
			if _, err := w.WriteString(line.Body + "\n"); err != nil {
				return err
			}
		}
	})
	if err == nil && written != f.tally.OK {
		err = fmt.Errorf("the export has %d events, the log %d", written, f.tally.OK)
	}
	if err != nil {
		return "", err
	}
	return name, os.Rename(out.Name(), name)
}

// exporting reports what an export of everything held in memory at most, beside its rate
// and what the export of a small log needed.
func exporting(ctx context.Context, b *bench) (sample, error) {
	var seen [2]exported
	for i, events := range [...]int{1000, b.events} {
		f, err := b.fill(ctx, events)
		if err != nil {
			return sample{}, err
		}
		var bytes int64
		seen[i], err = b.export(ctx, f, func(r io.Reader) (err error) {
			bytes, err = io.Copy(io.Discard, r)
			return err
		})
		if err != nil {
			return sample{}, err
		}
		seen[i].bytes = bytes
	}
	small, large := seen[0], seen[1]
	return sample{float64(large.peak) / megabyte, fmt.Sprintf("%.1f MB/s, wanted 50: %.1f MB of %d events in %s; peak with 1000 %.1f MB",
		float64(large.bytes)/megabyte/large.took.Seconds(), float64(large.bytes)/megabyte, b.events, round(large.took), float64(small.peak)/megabyte)}, nil
}

// exported is what one export came to.
type exported struct {
	bytes, peak int64
	took        time.Duration
}

// export hands what whk events export writes to read, as it comes.
func (b *bench) export(ctx context.Context, f filled, read func(io.Reader) error) (exported, error) {
	cmd := b.command(ctx, b.whk, "events", "export", "--format", "ndjson", "--store", f.store)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return exported{}, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return exported{}, err
	}
	if err = read(out); err != nil {
		_ = cmd.Process.Kill()
	}
	if ended := cmd.Wait(); err == nil {
		err = ended
	}
	if err != nil {
		return exported{}, fmt.Errorf("export %s: %w\n%s", f.store, err, &stderr)
	}
	took := time.Since(start)
	b.spent(cmd.ProcessState)
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return exported{}, errors.New("the system does not tell the peak memory of a process")
	}
	// Linux counts what this process held when it started the other: that is less.
	return exported{peak: usage.Maxrss * 1024, took: took}, nil
}

// timed is a command that ran several times.
type timed struct {
	took time.Duration // the median
	out  []byte        // of the last time
}

func (t timed) lines() int { return bytes.Count(t.out, []byte("\n")) }

func (t timed) ratio(other timed) float64 { return float64(t.took) / float64(other.took) }

// inTurn runs two commands so many times each, in turn. What they write is read: grep
// stops at its first hit where nobody reads.
func (b *bench) inTurn(ctx context.Context, times int, first, second []string) (timed, timed, error) {
	var took [2][]time.Duration
	var out [2][]byte
	for range times {
		for j, args := range [2][]string{first, second} {
			cmd := b.command(ctx, args[0], args[1:]...)
			start := time.Now()
			var err error
			if out[j], err = cmd.Output(); err != nil {
				return timed{}, timed{}, fmt.Errorf("run %q: %w", args, err)
			}
			took[j] = append(took[j], time.Since(start))
			b.spent(cmd.ProcessState)
		}
	}
	slices.Sort(took[0])
	slices.Sort(took[1])
	return timed{took[0][times/2], out[0]}, timed{took[1][times/2], out[1]}, nil
}
