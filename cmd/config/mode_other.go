//go:build !unix

package config

import "io/fs"

const nonBlocking = 0

// Permission bits say nothing here: access lists do, and a user's own folders are
// closed to others by default.
func readableByOthers(fs.FileInfo) bool { return false }

func writableByAll(fs.FileInfo) bool { return false }
