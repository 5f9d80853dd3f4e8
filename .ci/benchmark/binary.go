package main

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// startUp compares how long a command takes from start to end.
func startUp(argument string) func(ctx context.Context, b *bench) (sample, error) {
	return func(ctx context.Context, b *bench) (sample, error) {
		if b.hello == "" {
			return sample{}, errors.New("-hello names no binary to compare with")
		}
		ours, theirs, err := b.inTurn(ctx, 20, []string{b.whk, argument}, []string{b.hello, argument})
		if err != nil {
			return sample{}, err
		}
		return sample{ours.ratio(theirs), fmt.Sprintf("%s against %s", round(ours.took), round(theirs.took))}, nil
	}
}

// binarySize takes the binary as it is: .ci/bench builds it as a release does.
func binarySize(_ context.Context, b *bench) (sample, error) {
	info, err := os.Stat(b.whk)
	if err != nil {
		return sample{}, err
	}
	return sample{float64(info.Size()) / megabyte, fmt.Sprintf("%d bytes", info.Size())}, nil
}
