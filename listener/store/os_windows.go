package store

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

const noFollow = 0

// checkOwner has nothing to look at: access lists are inherited from the user's folder.
func checkOwner(string, fs.FileInfo) error { return nil }

func closePermissions(*os.File) error { return nil }

// mayOpen lets SQLite find out.
func mayOpen(string, bool) error { return nil }

// lockFile locks one byte far behind the text, since a locked byte cannot be read by
// the process that wants to know who holds the lock.
func lockFile(f *os.File) error {
	at := &windows.Overlapped{Offset: 1 << 30}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return errHeld
	}
	return err
}

// freeBytes is the room that is left on the disk of a directory.
func freeBytes(dir string) (int64, bool) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0, false
	}
	return int64(free), true
}
