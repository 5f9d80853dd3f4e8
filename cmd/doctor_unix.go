//go:build unix

package cmd

import (
	"errors"

	"golang.org/x/sys/unix"
)

// alive reports whether a process is there, whoever owns it.
func alive(pid int) bool {
	err := unix.Kill(pid, 0)
	return err == nil || errors.Is(err, unix.EPERM)
}

// freeSpace is how many bytes may still be written below a folder.
func freeSpace(dir string) (int64, bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
