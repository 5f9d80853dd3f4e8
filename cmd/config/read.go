package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// FileRef is a file that a configuration file names.
type FileRef struct {
	// Path is absolute.
	Path   string
	Source Source

	// root confines the file to a folder; empty means anywhere.
	root string
}

var (
	errOutside  = errors.New("it is outside the project, or a symbolic link leads outside")
	errTooLarge = errors.New("it is too large")
)

// Read returns the file's content, at most limit bytes of it; a larger file is an
// error. What an untrusted project file names is read only inside the project,
// whatever symbolic links say at that moment, and only if it is a regular file.
func (r FileRef) Read(limit int64) ([]byte, error) {
	content, _, err := r.read(limit)
	if err != nil {
		e := r.Source.errorf("", "read %s", r.Path)
		e.Err = err
		return nil, e
	}
	return content, nil
}

func (r FileRef) read(limit int64) ([]byte, fs.FileInfo, error) {
	if r.root == "" {
		f, err := os.Open(r.Path)
		if err != nil {
			return nil, nil, bare(err)
		}
		defer f.Close()
		return readAll(f, limit, false)
	}
	rel, err := filepath.Rel(r.root, r.Path)
	if err != nil || !filepath.IsLocal(rel) {
		return nil, nil, errOutside
	}
	return readInside(r.root, rel, limit)
}

// Confined reports whether the file may be read inside its project only, because nobody
// has confirmed the project file that names it.
func (r FileRef) Confined() bool { return r.root != "" }

// Folder is the folder that the file stands in, with what is beside it. Of a confined
// file it leads nowhere outside the project.
func (r FileRef) Folder() (fs.FS, error) {
	dir := filepath.Dir(r.Path)
	if r.root == "" {
		return os.DirFS(dir), nil
	}
	rel, err := filepath.Rel(r.root, dir)
	if err != nil {
		return nil, r.Source.errorf("", "read %s: %v", r.Path, errOutside)
	}
	return Inside(r.root, rel)
}

// Inside is a folder of a project, in which no symbolic link leads outside the project.
// The folder may be missing.
func Inside(root string, elements ...string) (fs.FS, error) {
	dir, err := os.OpenRoot(root) // closed with the process: the file system is read when it is needed
	if err != nil {
		return nil, &Error{File: root, Msg: "open the project's folder", Err: bare(err)}
	}
	sub, err := fs.Sub(dir.FS(), filepath.ToSlash(filepath.Join(elements...)))
	if err != nil {
		return nil, &Error{File: root, Msg: "open a folder of the project", Err: bare(err)}
	}
	return sub, nil
}

// readInside reads a regular file below root. The operating system resolves every
// step inside the opened root, so that no link can be swapped in between.
func readInside(root, rel string, limit int64) ([]byte, fs.FileInfo, error) {
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil, nil, bare(err)
	}
	defer dir.Close()
	if err := inside(dir, rel); err != nil {
		return nil, nil, err
	}
	f, err := dir.OpenFile(rel, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, nil, bare(err)
	}
	defer f.Close()
	return readAll(f, limit, true)
}

// inside reports whether rel can be read below the root, without opening it: opening a
// pipe or a device may already have an effect.
func inside(dir *os.Root, rel string) error {
	info, err := dir.Stat(rel)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return bare(err)
	case err != nil:
		return errOutside
	case !info.Mode().IsRegular():
		return errors.New("it is not a regular file")
	}
	return nil
}

func readAll(f *os.File, limit int64, regular bool) ([]byte, fs.FileInfo, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, bare(err)
	}
	if info.IsDir() || regular && !info.Mode().IsRegular() {
		return nil, nil, errors.New("it is not a regular file")
	}
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, nil, bare(err)
	}
	if int64(len(content)) > limit {
		return nil, nil, fmt.Errorf("%w: more than %s", errTooLarge, Size(limit))
	}
	return content, info, nil
}

// bare drops the path that the os package adds, for ours names it already.
func bare(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
