package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of /proc/stat, USER_HZ, which is the same on every Linux.
const tick = 10 * time.Millisecond

// clock reads the machine: how much processor time there was since it started, and how
// much of it was used.
type clock struct{ total, busy time.Duration }

func readClock() (clock, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return clock{}, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return clock{}, fmt.Errorf("read /proc/stat: unknown form %q", line)
	}
	var c clock
	// user nice system idle iowait irq softirq steal; guest is part of user.
	for i, f := range fields[1:9] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return clock{}, fmt.Errorf("read /proc/stat: %w", err)
		}
		c.total += time.Duration(n) * tick
		if i != 3 && i != 4 {
			c.busy += time.Duration(n) * tick
		}
	}
	return c, nil
}

// spent notes the processor time of a process of ours that has ended.
func (b *bench) spent(s *os.ProcessState) {
	b.ours += s.UserTime() + s.SystemTime()
}

// itself is the processor time that this process has taken.
func itself() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// running is the processor time that a living process of ours has taken.
func (r *receiver) running() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	// The second field, the name, may hold blanks and stands in parentheses.
	rest := string(text[strings.LastIndexByte(string(text), ')')+1:])
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick
}

// quietly runs a measurement again, three times at most, as long as other processes
// take more than their share of the machine meanwhile. Measure adds what the
// processes that it starts took to b.ours.
func (b *bench) quietly(ctx context.Context, measure func() error) error {
	for try := 1; ; try++ {
		before, err := readClock()
		if err != nil {
			return err
		}
		b.ours = -itself()
		if err := measure(); err != nil {
			return err
		}
		b.ours += itself()
		after, err := readClock()
		if err != nil {
			return err
		}
		others := float64(after.busy-before.busy-b.ours) / float64(max(after.total-before.total, 1))
		if others <= b.noise {
			return nil
		}
		if try == 3 || ctx.Err() != nil {
			b.noisy++
			return ctx.Err()
		}
	}
}
