package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// sending compares whk send, which forges and signs each request, with wrk, which sends
// one request over and over. The receiver counts, so both are measured alike.
func sending(ctx context.Context, b *bench) (sample, error) {
	if b.wrk == "" {
		return sample{}, fmt.Errorf("-wrk names no binary to compare with")
	}
	script := filepath.Join(b.dir, "event.lua")
	payload := body(1, 400)
	lua := fmt.Sprintf("wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nwrk.headers['Digest'] = '%s'\nwrk.body = '%s'\n",
		digest(payload), payload)
	if err := os.WriteFile(script, []byte(lua), 0o600); err != nil {
		return sample{}, err
	}
	length := b.length.Round(time.Second)
	theirs, err := b.countAt(ctx, func(url string) *exec.Cmd {
		return b.command(ctx, b.wrk, "-t", "1", "-c", "64", "-d", length.String(), "-s", script, url)
	})
	if err != nil {
		return sample{}, err
	}
	ours, err := b.countAt(ctx, func(url string) *exec.Cmd {
		return b.command(ctx, b.whk, "send", "rentman/Contact.create", url,
			"--secret", secret, "--duration", length.String(), "--concurrency", "64")
	})
	if err != nil {
		return sample{}, err
	}
	return sample{ours / theirs, fmt.Sprintf("%.0f requests/s against %.0f", ours, theirs)}, nil
}

// countAt runs a sender against a bare receiver and gives the rate that arrived.
func (b *bench) countAt(ctx context.Context, sender func(url string) *exec.Cmd) (float64, error) {
	counter := filepath.Join(b.dir, "counted")
	to, err := b.startServe(ctx, "-count-file", counter)
	if err != nil {
		return 0, err
	}
	cmd := sender(to.url)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(start)
	if err != nil {
		err = fmt.Errorf("run %s: %w\n%s", cmd.Args, err, out)
	} else {
		b.spent(cmd.ProcessState)
	}
	b.ours += to.running()
	if stopped := to.stop(); err == nil {
		err = stopped
	}
	if err != nil {
		return 0, err
	}
	text, err := os.ReadFile(counter)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	return float64(n) / took.Seconds(), err
}
