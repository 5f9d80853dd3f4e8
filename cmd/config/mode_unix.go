//go:build unix

package config

import (
	"io/fs"
	"syscall"
)

// nonBlocking keeps the opening of a named pipe from waiting for its other end.
const nonBlocking = syscall.O_NONBLOCK

// readableByOthers reports whether anyone but the owner can read a regular file.
func readableByOthers(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && info.Mode().Perm()&0o044 != 0
}

// writableByAll reports whether every user of the machine can change the file.
func writableByAll(info fs.FileInfo) bool { return info.Mode().Perm()&0o002 != 0 }
