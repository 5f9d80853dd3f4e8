package config

import (
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

const (
	nonBlocking = 0
	noFollow    = 0
)

// Permission bits say nothing here: access lists do, and a user's own folders are
// closed to others by default.
func readableByOthers(fs.FileInfo) bool { return false }

func writableByAll(fs.FileInfo) bool { return false }

func checkPrivate(fs.FileInfo) string { return "" }

func checkFolder(fs.FileInfo) string { return "" }

// lockFile waits until no other process holds the lock of a file.
func lockFile(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, new(windows.Overlapped))
}

// syncFolder has nothing to do: the file system notes a rename in its journal.
func syncFolder(string) error { return nil }
