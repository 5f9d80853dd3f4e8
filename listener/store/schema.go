package store

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const (
	// applicationID marks the file as a store: "whk1" in ASCII.
	applicationID = 0x77686b31
	// version is the version of the schema. A store of a later one is refused.
	version = 1
	// chunkSize is the most of a body that is kept in one row.
	chunkSize = 256 << 10
	// chunkBits is the room for the index of a chunk in its key.
	chunkBits = 16
	// busyTimeout is how long a write waits for other processes.
	busyTimeout = 10 * time.Second
)

// schema is what a new store holds.
//
// Rows of events have the columns that queries look at, then the hash, the head and
// the body, so that a walk which needs no bodies stops before their overflow pages. An
// index on one column of a table ends in the row's number anyway, so events_name
// answers "the newest of this name" by itself.
//
// There is no index on ids: it would cost every event some 40 bytes and a tenth of
// the time of its insert, for a look-up that people make by hand. Ids are UUIDs of
// version 7, which start with the time, so events that were appended together have ids
// close together. For every 256 numbers one row of spans keeps the lowest and highest
// id (and time), a prefix picks the few spans that it can lie in, and those are read.
// Ids in any order are still found, they only pick more spans.
//
// A chunk's key is the number of its event times 65,536 plus its index.
const schema = `
CREATE TABLE names(
	id INTEGER PRIMARY KEY,
	provider TEXT NOT NULL,
	entity TEXT NOT NULL,
	action TEXT NOT NULL,
	UNIQUE(provider, entity, action)
);
CREATE TABLE events(
	n INTEGER PRIMARY KEY,
	name INTEGER NOT NULL,
	at INTEGER NOT NULL,
	verdict INTEGER NOT NULL,
	status INTEGER NOT NULL,
	size INTEGER NOT NULL,
	id BLOB NOT NULL,
	hash BLOB NOT NULL,
	head BLOB NOT NULL,
	body BLOB
);
CREATE INDEX events_name ON events(name);
CREATE TABLE chunks(key INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE spans(
	span INTEGER PRIMARY KEY,
	id_min BLOB NOT NULL,
	id_max BLOB NOT NULL,
	at_min INTEGER NOT NULL,
	at_max INTEGER NOT NULL
);
CREATE TABLE deleted(first INTEGER PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE results(
	key INTEGER PRIMARY KEY,
	event INTEGER NOT NULL,
	hash BLOB NOT NULL,
	record BLOB NOT NULL
);
CREATE INDEX results_event ON results(event);
CREATE TABLE cursors(target TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
`

// inspect refuses a file that is not a store before it is opened in earnest, since
// that alone can change the files beside another program's database. An empty file is
// a store that is about to be made.
//
// The file is read through SQLite, in the mode that takes no locks and looks at no
// other file. Opening it by itself would not do: closing a file drops every lock that
// the process has on it, also those of a store that is open already, and another
// process would then throw away the log that is in use.
func inspect(path string, info fs.FileInfo, readOnly bool) error {
	switch {
	case info.Size() > 0:
	case readOnly:
		return fmt.Errorf("open store %s: nothing has been written to it yet: %w", path, fs.ErrNotExist)
	default:
		return nil
	}
	c, err := sqlite.OpenConn(immutable(path), sqlite.OpenReadOnly|sqlite.OpenURI)
	if err != nil {
		return wrap("open", path, err)
	}
	defer c.Close()
	application, err := number(c, "PRAGMA application_id")
	if err != nil {
		return wrap("open", path, err)
	}
	user, err := number(c, "PRAGMA user_version")
	if err != nil {
		return wrap("open", path, err)
	}
	return checkIdentity(path, application, user)
}

// immutable is the name under which SQLite opens a file as one that nobody changes.
func immutable(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: "immutable=1"}
	return u.String()
}

func checkIdentity(path string, application, user int64) error {
	if application != applicationID {
		return fail(ErrForeign, nil, "open store %s: it is the database of another program; choose another store", path)
	}
	if user > version {
		return fail(ErrNewer, nil, "open store %s: it has version %d and this whk knows version %d; use a newer whk or choose another store", path, user, version)
	}
	return nil
}

// connect opens a connection and makes sure that the file is a store, which it makes
// of an empty file.
func connect(path string, o Options, flags sqlite.OpenFlags) (*sqlite.Conn, error) {
	c, err := sqlite.OpenConn(path, flags)
	if err != nil {
		return nil, err
	}
	if err := setUp(c, path, o, flags); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Elsewhere a file and what is mapped of it may not be one and the same, or a file that is
// mapped cannot be cut off.
const (
	canMap     = runtime.GOOS == "linux" || runtime.GOOS == "darwin"
	mostMapped = 0x7fff0000 // bytes: as many as SQLite maps
)

func setUp(c *sqlite.Conn, path string, o Options, flags sqlite.OpenFlags) error {
	c.SetBusyTimeout(busyTimeout)
	if err := pragmas(c, "trusted_schema=OFF", "cache_size=-1000"); err != nil {
		return err
	}
	if o.ReadOnly && o.Mapped && canMap {
		if err := pragmas(c, fmt.Sprintf("mmap_size=%d", mostMapped)); err != nil {
			return err
		}
	}
	if flags&sqlite.OpenReadWrite != 0 {
		if err := initialise(c, path); err != nil {
			return err
		}
		// The writer decides itself when to fold the log into the file, and leaves the
		// log's file in place up to the limit because overwriting is cheaper to sync
		// than growing. Deleted requests are overwritten where that costs nothing.
		err := pragmas(c, "synchronous=FULL", "wal_autocheckpoint=0",
			fmt.Sprintf("journal_size_limit=%d", walLimit), "secure_delete=FAST", "cache_size=-4000",
			// Whoever reads holds every event against its hash instead, which is a check
			// that no page passes by chance.
			"cell_size_check=ON")
		if err != nil {
			return err
		}
	}
	application, err := number(c, "PRAGMA application_id")
	if err != nil {
		return err
	}
	user, err := number(c, "PRAGMA user_version")
	if err != nil {
		return err
	}
	if err := checkIdentity(path, application, user); err != nil {
		return err
	}
	if o.onConnect != nil {
		return o.onConnect(c)
	}
	return nil
}

func pragmas(c *sqlite.Conn, list ...string) error {
	for _, p := range list {
		if err := sqlitex.ExecuteTransient(c, "PRAGMA "+p, nil); err != nil {
			return err
		}
	}
	return nil
}

// initialise makes a store of an empty file. The whole of it is one transaction that
// lands in the file itself, so that the header tells what the file is from the first
// moment on; only then comes the write-ahead log.
func initialise(c *sqlite.Conn, path string) error {
	application, err := number(c, "PRAGMA application_id")
	if err != nil {
		return err
	}
	if application != applicationID {
		if err := create(c, path); err != nil {
			return err
		}
	}
	stmt, err := c.Prepare("PRAGMA journal_mode=WAL")
	if err != nil {
		return err
	}
	defer stmt.Reset()
	if _, err := stmt.Step(); err != nil {
		return err
	}
	if mode := stmt.ColumnText(0); mode != "wal" {
		return unusable(path, "its file system cannot share memory between processes; choose a store on a local disk", nil)
	}
	return nil
}

func create(c *sqlite.Conn, path string) (err error) {
	if err := pragmas(c, fmt.Sprintf("page_size=%d", pageSize)); err != nil {
		return err
	}
	end, err := sqlitex.ExclusiveTransaction(c)
	if err != nil {
		return err
	}
	defer end(&err)
	application, err := number(c, "PRAGMA application_id")
	if err != nil || application == applicationID {
		return err // made by another process while we waited
	}
	tables, err := number(c, "SELECT count(*) FROM sqlite_schema")
	if err != nil {
		return err
	}
	if tables > 0 || application != 0 {
		return checkIdentity(path, application, 0)
	}
	return sqlitex.ExecuteScript(c, schema+fmt.Sprintf("PRAGMA application_id=%d; PRAGMA user_version=%d;", applicationID, version), nil)
}

// pageSize is SQLite's own default, written down because the figures of this package
// were measured with it.
const pageSize = 4096

// number is the value of a statement that answers with one, 0 when it answers NULL.
func number(c *sqlite.Conn, query string) (int64, error) {
	stmt, err := c.Prepare(query)
	if err != nil {
		return 0, err
	}
	defer stmt.Reset()
	if row, err := stmt.Step(); err != nil || !row {
		return 0, err
	}
	return stmt.ColumnInt64(0), nil
}

// lastNumber is the highest number ever given out.
func lastNumber(c *sqlite.Conn) (int64, error) {
	return number(c, `SELECT max(coalesce((SELECT max(n) FROM events), 0), coalesce((SELECT last FROM deleted ORDER BY first DESC LIMIT 1), 0))`)
}

// fileExists reports whether there is a file with something in it.
func fileExists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}
