//go:build unix

package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// nonBlocking keeps the opening of a named pipe from waiting for its other end.
const nonBlocking = syscall.O_NONBLOCK

const noFollow = unix.O_NOFOLLOW

// readableByOthers reports whether anyone but the owner can read a regular file.
func readableByOthers(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && info.Mode().Perm()&0o044 != 0
}

// writableByAll reports whether every user of the machine can change the file.
func writableByAll(info fs.FileInfo) bool { return info.Mode().Perm()&0o002 != 0 }

// checkPrivate says how others could read or change a file, or "".
func checkPrivate(info fs.FileInfo) string {
	if problem := checkOwner(info); problem != "" {
		return problem
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return fmt.Sprintf("others can read or change it (mode %04o)", perm)
	}
	return ""
}

// checkFolder says how others could replace the files of a folder, or "".
func checkFolder(info fs.FileInfo) string {
	if problem := checkOwner(info); problem != "" {
		return problem
	}
	if perm := info.Mode().Perm(); perm&0o022 != 0 {
		return fmt.Sprintf("others can write to it (mode %04o)", perm)
	}
	return ""
}

// checkOwner lets root use what belongs to somebody else: under sudo, whk may still
// have the home folder of the user who asked for it.
func checkOwner(info fs.FileInfo) string {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() && os.Geteuid() != 0 {
		return fmt.Sprintf("it belongs to user %d, and whk runs as user %d", stat.Uid, os.Geteuid())
	}
	return ""
}

// lockFile waits until no other process holds the lock of a file.
func lockFile(f *os.File) error {
	for {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// syncFolder makes a rename last.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return bare(err)
	}
	defer folder.Close()
	return folder.Sync()
}
