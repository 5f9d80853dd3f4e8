//go:build unix

package cmd

import "golang.org/x/sys/unix"

// maxConns leaves half of the file descriptors to everything but connections.
func maxConns() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 512
	}
	return int(min(8192, limit.Cur/2))
}
