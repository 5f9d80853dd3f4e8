package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"
)

// What went wrong, for errors.Is. All but the first three are also ErrUnusable: the
// store cannot do its work until someone looks at it.
var (
	// ErrNotFound means that no event answers to a number or a reference.
	ErrNotFound = errors.New("no such event")
	// ErrAmbiguous means that several events answer to a reference.
	ErrAmbiguous = errors.New("several events")
	// ErrReference means that a text is no reference to an event at all.
	ErrReference = errors.New("not a reference to an event")
	// ErrUnusable means that the file cannot be used as it is.
	ErrUnusable = errors.New("the store cannot be used")
	// ErrForeign means that the file is not a store.
	ErrForeign = errors.New("not a store")
	// ErrNewer means that a later version wrote the store.
	ErrNewer = errors.New("a store of a newer version")
	// ErrLocked means that another listener holds the store.
	ErrLocked = errors.New("another listener holds the store")
	// ErrFull means that the disk has no room.
	ErrFull = errors.New("no room on the disk")
	// ErrBusy means that another process has held the write lock for too long.
	ErrBusy = errors.New("another process is writing")
	// ErrCorrupt means that stored bytes are not what was written. Damage tells which.
	ErrCorrupt = errors.New("damaged data")
	// ErrClosed means that the store was closed, or opened for reading only.
	ErrClosed = errors.New("the store is not open for this")
)

// failure is an error with a text for people, kinds for errors.Is and a cause.
type failure struct {
	text string
	of   []error
}

func (f *failure) Error() string   { return f.text }
func (f *failure) Unwrap() []error { return f.of }

// fail makes a failure of the given kind; its text is what and, when there is one,
// the cause.
func fail(kind, cause error, format string, args ...any) error {
	f := &failure{text: fmt.Sprintf(format, args...), of: []error{kind}}
	if slices.Contains([]error{ErrForeign, ErrNewer, ErrLocked, ErrFull, ErrBusy, ErrCorrupt}, kind) {
		f.of = append(f.of, ErrUnusable)
	}
	if cause != nil {
		f.text += ": " + cause.Error()
		f.of = append(f.of, cause)
	}
	return f
}

func unusable(path, what string, cause error) error {
	return fail(ErrUnusable, cause, "open store %s: %s", path, what)
}

// Damage is the error for events that cannot be read. It satisfies
// errors.Is(err, ErrCorrupt).
type Damage struct {
	// Path is the file.
	Path string
	// Numbers are the events, in ascending order.
	Numbers []int64
	// Cause is what was found at the first of them.
	Cause error
}

func (d *Damage) Error() string {
	if len(d.Numbers) == 0 {
		return fmt.Sprintf("read store %s: %v", d.Path, d.Cause)
	}
	noun := "event"
	if len(d.Numbers) > 1 {
		noun = "events"
	}
	return fmt.Sprintf("read store %s: %s %s unreadable: %v", d.Path, noun, ranges(d.Numbers), d.Cause)
}

// Damaged returns the numbers, for a listener, which goes on behind them.
func (d *Damage) Damaged() []int64 { return d.Numbers }

// Unwrap makes a Damage an ErrCorrupt, an ErrUnusable and its cause.
func (d *Damage) Unwrap() []error { return []error{ErrCorrupt, ErrUnusable, d.Cause} }

// add notes one more unreadable event.
func (d *Damage) add(n int64, cause error) {
	if d.Cause == nil {
		d.Cause = cause
	}
	if i, found := slices.BinarySearch(d.Numbers, n); !found {
		d.Numbers = slices.Insert(d.Numbers, i, n)
	}
}

// orNil is the error, if anything was noted.
func (d *Damage) orNil() error {
	if d.Cause == nil {
		return nil
	}
	return d
}

// ranges writes ascending numbers as "3, 7 to 9, 12", and stops after a few.
func ranges(numbers []int64) string {
	var parts []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		if len(parts) == 8 {
			parts = append(parts, fmt.Sprintf("and %d more", len(numbers)-i))
			break
		}
		part := strconv.FormatInt(numbers[i], 10)
		if j > i {
			part += " to " + strconv.FormatInt(numbers[j], 10)
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ", ")
}

// isCorrupt tells SQLite's complaints about the structure of a file from others.
func isCorrupt(err error) bool {
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return true
	}
	return false
}

// wrap turns what SQLite says about a statement into an error that names the file and
// says what to do. Errors of this package pass unchanged.
func wrap(doing, path string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*failure](err); ok {
		return err
	}
	if _, ok := errors.AsType[*Damage](err); ok {
		return err
	}
	code := sqlite.ErrCode(err)
	switch code.ToPrimary() {
	case sqlite.ResultFull:
		return full(doing, path, err)
	case sqlite.ResultIOErr:
		// The shared-memory file grows too, and its failure does not say why.
		if free, ok := freeBytes(filepath.Dir(path)); ok && free < 1<<20 {
			return full(doing, path, err)
		}
		return fail(ErrUnusable, err, "%s store %s: the disk failed", doing, path)
	case sqlite.ResultCorrupt:
		return fail(ErrCorrupt, err, "%s store %s: the file is damaged, `whk doctor` lists what can be read", doing, path)
	case sqlite.ResultNotADB:
		return fail(ErrForeign, err, "%s store %s: it is not an SQLite file; choose another store", doing, path)
	case sqlite.ResultBusy, sqlite.ResultLocked:
		return fail(ErrBusy, err, "%s store %s: another process has been writing to it for %s", doing, path, busyTimeout)
	case sqlite.ResultReadOnly, sqlite.ResultPerm, sqlite.ResultAuth, sqlite.ResultCantOpen:
		return fail(ErrUnusable, err, "%s store %s: it cannot be opened or written; check the permissions of the file and its directory", doing, path)
	}
	return fmt.Errorf("%s store %s: %w", doing, path, err)
}

func full(doing, path string, err error) error {
	if free, ok := freeBytes(filepath.Dir(path)); ok {
		return fail(ErrFull, err, "%s store %s: no room on its disk (%d bytes free); make room or choose another store", doing, path, free)
	}
	return fail(ErrFull, err, "%s store %s: no room on its disk; make room or choose another store", doing, path)
}
