package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// prepareFile makes sure that a database file may be opened at path: its directory
// and the file exist with closed permissions, and a file that is there is ours.
func prepareFile(path string, readOnly bool) error {
	info, err := os.Lstat(path)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist) && readOnly:
		return fmt.Errorf("open store %s: there is none yet, `whk listen` makes it: %w", path, fs.ErrNotExist)
	case errors.Is(err, fs.ErrNotExist):
		if err := makeDirs(filepath.Dir(path)); err != nil {
			return err
		}
		if err := createFile(path); err != nil {
			return err
		}
		if info, err = os.Lstat(path); err != nil {
			return unusable(path, "it cannot be read", err)
		}
	default:
		return unusable(path, "it cannot be reached; check the permissions of its directories", err)
	}
	switch {
	case info.IsDir():
		return unusable(path, "it is a directory; give the path of a file in it", nil)
	case info.Mode()&fs.ModeSymlink != 0:
		return unusable(path, "it is a symbolic link; give the path of the file itself", nil)
	case !info.Mode().IsRegular():
		return unusable(path, "it is not a regular file", nil)
	}
	if err := checkOwner(path, info); err != nil {
		return err
	}
	if err := mayOpen(path, !readOnly); err != nil {
		if readOnly {
			return unusable(path, "it cannot be read; check its permissions", err)
		}
		return unusable(path, "it cannot be written; check its permissions or choose another store", err)
	}
	if !readOnly && info.Mode().Perm()&^0o600 != 0 {
		if err := os.Chmod(path, 0o600); err != nil {
			return unusable(path, "its permissions cannot be set to 0600", err)
		}
	}
	return inspect(path, info, readOnly)
}

// makeDirs creates the missing directories down to dir, each closed to others
// whatever the umask.
func makeDirs(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return unusable(dir, "it is a file and not a directory; choose another store", nil)
	case !errors.Is(err, fs.ErrNotExist):
		return unusable(dir, "the directory cannot be reached", err)
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDirs(parent); err != nil {
			return err
		}
	}
	err = os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil // another process was faster
	}
	if err == nil {
		err = os.Chmod(dir, 0o700)
	}
	if err != nil {
		return unusable(dir, "the directory cannot be made; choose another store", err)
	}
	// SQLite syncs the directory of its files, and nobody those above it. Where a
	// directory cannot be synced there is nothing more to be had.
	if f, err := os.Open(parent); err == nil {
		_ = f.Sync()
		_ = f.Close()
	}
	return nil
}

// createFile makes an empty database file that only its owner can open. SQLite gives
// the same mode to the files it puts beside it. The file gets its name only after it
// was closed, for the reason that inspect gives.
func createFile(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-store-*")
	if err == nil {
		defer os.Remove(f.Name())
		err = errors.Join(closePermissions(f), f.Close())
	}
	if err == nil {
		err = os.Link(f.Name(), path)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		// Not every file system knows links.
		f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|noFollow, 0o600)
		if err == nil {
			err = errors.Join(closePermissions(f), f.Close())
		}
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return unusable(path, "it cannot be made; check the permissions of its directory or choose another store", err)
	}
	return nil
}
