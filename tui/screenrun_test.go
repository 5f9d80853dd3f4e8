package tui

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
)

// TestRun starts the screen as a program does, on a terminal that is none, and leaves it.
func TestRun(t *testing.T) {
	start := func(ctx context.Context, in string) (string, error) {
		var out bytes.Buffer
		err := Run(ctx, Options{
			In: strings.NewReader(in), Out: &out, Environ: []string{"TERM=xterm-256color"}, Log: someLog(), Set: knownProviders(t),
			Shown: func(args []string) string { return strings.Join(args, " ") },
		})
		return out.String(), err
	}
	t.Run("q leaves, and the terminal is as it was", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		out, err := start(ctx, "q")
		if err != nil || ctx.Err() != nil {
			t.Fatalf("error %v, context %v", err, ctx.Err())
		}
		for on, off := range map[string]string{"\x1b[?1049h": "\x1b[?1049l", "\x1b[?1002h": "\x1b[?1002l", "\x1b[?2004h": "\x1b[?2004l"} {
			if strings.Contains(out, on) && strings.LastIndex(out, off) < strings.LastIndex(out, on) {
				t.Errorf("%q is never taken back by %q: %q", on, off, out)
			}
		}
	})
	t.Run("ctrl-c leaves", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := start(ctx, "\x03"); err != nil || ctx.Err() != nil {
			t.Errorf("error %v, context %v", err, ctx.Err())
		}
	})
	t.Run("the end of the context leaves", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := start(ctx, ""); err != nil {
			t.Error(err)
		}
	})
	t.Run("a wrong filter and a wrong key are told at once", func(t *testing.T) {
		if err := Run(t.Context(), Options{Filter: "sig:vald", Log: someLog()}); message(err) != `filter, column 5: sig: does not know "vald"` {
			t.Errorf("error %v", err)
		}
		if err := Run(t.Context(), Options{Keys: map[string][]string{"replai": {"x"}}}); err == nil {
			t.Error("a wrong action was taken")
		}
	})
}
