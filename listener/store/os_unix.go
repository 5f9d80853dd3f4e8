//go:build unix

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const noFollow = unix.O_NOFOLLOW

// checkOwner refuses a file that somebody else could have written: it holds what will
// be shown, sent again and believed.
func checkOwner(path string, info fs.FileInfo) error {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() {
		return unusable(path, fmt.Sprintf("it belongs to user %d and whk runs as user %d; choose another store", stat.Uid, os.Geteuid()), nil)
	}
	if perm := info.Mode().Perm(); perm&0o022 != 0 {
		return unusable(path, fmt.Sprintf("others may write to it (mode %04o); run chmod 600 on it if you trust what it holds", perm), nil)
	}
	return nil
}

// closePermissions gives a file mode 0600 whatever the umask took away or left.
func closePermissions(f *os.File) error { return f.Chmod(0o600) }

// mayOpen asks whether a file can be opened, without opening it.
func mayOpen(path string, write bool) error {
	mode := uint32(unix.R_OK)
	if write {
		mode |= unix.W_OK
	}
	if err := unix.Faccessat(unix.AT_FDCWD, path, mode, unix.AT_EACCESS); err != nil {
		return err
	}
	return nil
}

func lockFile(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EWOULDBLOCK):
			return errHeld
		}
		return err
	}
}
