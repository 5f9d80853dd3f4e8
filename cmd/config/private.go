package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Private files are what whk itself writes about its user: secrets, and which project
// files are trusted. They belong to the user, nobody else can read them, and none is a
// symbolic link. They are replaced in one step, so that a reader sees the old content
// or the new one.

// readPrivate reads a private file. One that is missing gives fs.ErrNotExist.
func readPrivate(path string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|noFollow|nonBlocking, 0)
	if err != nil {
		return nil, explainLink(path, err)
	}
	defer f.Close()
	content, info, err := readAll(f, limit, true)
	if err != nil {
		return nil, err
	}
	if problem := checkPrivate(info); problem != "" {
		return nil, &privacyError{problem, "chmod 600 " + path}
	}
	return content, nil
}

// writePrivate replaces a private file, and makes its folder if there is none.
func writePrivate(path string, content []byte) error {
	folder := filepath.Dir(path)
	if err := makePrivate(folder); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, "."+filepath.Base(path)+"-*") // exclusive, and 0600 whatever the umask
	if err != nil {
		return bare(err)
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(bare(err), os.Remove(f.Name()))
	}
	return syncFolder(folder)
}

// makePrivate makes a folder that nobody else can enter. One that is there already has
// to be one that nobody else can write to.
func makePrivate(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(folder)
	if err != nil {
		return err
	}
	if problem := checkFolder(info); problem != "" {
		return &privacyError{fmt.Sprintf("the folder %s: %s", folder, problem), "chmod 700 " + folder}
	}
	return nil
}

// privacyError says that others could read or change what is the user's own.
type privacyError struct{ problem, remedy string }

func (e *privacyError) Error() string { return e.problem }

// privateError makes an Error of what went wrong with a private file.
func privateError(path, doing string, err error) *Error {
	e := &Error{File: path, Msg: doing, Err: err}
	if p, ok := errors.AsType[*privacyError](err); ok {
		e.Hint = p.remedy
	}
	return e
}

// explainLink says in words what O_NOFOLLOW makes of a symbolic link.
func explainLink(path string, err error) error {
	if info, problem := os.Lstat(path); problem == nil && info.Mode()&fs.ModeSymlink != 0 {
		return errors.New("it is a symbolic link, which might lead to somebody else's file")
	}
	return bare(err)
}
