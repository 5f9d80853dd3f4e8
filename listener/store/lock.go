package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// lock is the listener's lock: a file beside the database that the operating system
// locks for as long as the process lives, also when it dies without a word. Its text
// tells the next one who holds it. The file stays when the lock is released, since
// removing it would let two processes lock two files of one name.
type lock struct{ file *os.File }

var errHeld = errors.New("held")

func takeLock(path, holder string, at time.Time) (*lock, error) {
	name := path + ".lock"
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|noFollow, 0o600)
	if err == nil {
		err = closePermissions(f)
	}
	if err != nil {
		if f != nil {
			f.Close()
		}
		return nil, unusable(path, "its lock file cannot be made", err)
	}
	l := &lock{file: f}
	switch err := lockFile(f); {
	case errors.Is(err, errHeld):
		defer f.Close()
		return nil, fail(ErrLocked, nil, "open store %s: another listener receives into it (%s); stop it or choose another store with --store", path, l.read())
	case err != nil:
		f.Close()
		return nil, unusable(path, "its lock file cannot be locked", err)
	}
	if err := l.write(holder, at); err != nil {
		return nil, errors.Join(unusable(path, "its lock file cannot be written", err), l.release())
	}
	return l, nil
}

func (l *lock) write(holder string, at time.Time) error {
	text := fmt.Sprintf("pid %d", os.Getpid())
	if holder != "" {
		text += ", " + strings.Join(strings.Fields(holder), " ")
	}
	text += ", since " + at.Format(time.RFC3339) + "\n"
	if _, err := l.file.WriteAt([]byte(text), 0); err != nil {
		return err
	}
	return l.file.Truncate(int64(len(text)))
}

func (l *lock) read() string {
	b, err := io.ReadAll(io.NewSectionReader(l.file, 0, 1<<10))
	line, _, _ := strings.Cut(string(b), "\n")
	if err != nil || line == "" {
		return "it does not say which"
	}
	return line
}

func (l *lock) release() error {
	return errors.Join(l.file.Truncate(0), l.file.Close())
}
