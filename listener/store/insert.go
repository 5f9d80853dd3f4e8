package store

import (
	"crypto/sha256"
	"hash"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"whk/listener"
)

// row is an event made ready to be inserted, so that the writer only has to bind it.
type row struct {
	columns
	hash    hash.Hash
	sum     [32]byte
	scratch []byte
	head    []byte
	body    []byte
	flags   byte
}

func newRow() row { return row{hash: sha256.New()} }

func (r *row) fill(e *listener.Event) (err error) {
	if r.columns, err = columnsOf(e); err != nil {
		return err
	}
	body := e.Delivery.Body
	r.body, r.flags = body, 0
	switch {
	case body == nil:
		r.flags |= flagNilBody
	case len(body) > chunkSize:
		r.flags |= flagChunked
	}
	if len(body) < bodyHashFrom {
		r.head = appendHead(r.head[:0], e, r.flags)
		r.scratch = r.seal(r.hash, &r.sum, r.scratch, r.head, body)
		return nil
	}
	r.flags |= flagBodyHash
	sum := sha256.Sum256(body)
	r.head = append(appendHead(r.head[:0], e, r.flags), sum[:]...)
	r.scratch = r.seal(r.hash, &r.sum, r.scratch, r.head, nil)
	return nil
}

// weight is about what the row takes in the log, in bytes.
func (r *row) weight() int { return len(r.head) + len(r.body) + 128 }

// release forgets the event and reports whether the buffers are worth keeping.
func (r *row) release() bool {
	r.body, r.name = nil, nameKey{}
	return cap(r.head) <= 64<<10
}

// conn is the writing connection with its statements.
type conn struct {
	*sqlite.Conn
	begin, commit, back         *sqlite.Stmt
	insert, chunk, span         *sqlite.Stmt
	findName, insertName        *sqlite.Stmt
	insertResult, hasEvent      *sqlite.Stmt
	putCursor, dropCursor       *sqlite.Stmt
	passive, truncate, spanRows *sqlite.Stmt

	names map[nameKey]int64
	spans spanner
}

// namesKept bounds what is remembered of the table of names; a sender can make up any
// number of them.
const namesKept = 4096

func openWriter(path string, o Options) (*conn, error) {
	raw, err := connect(path, o, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, names: make(map[nameKey]int64)}
	for _, p := range []struct {
		stmt  **sqlite.Stmt
		query string
	}{
		{&c.begin, "BEGIN IMMEDIATE"},
		{&c.commit, "COMMIT"},
		{&c.back, "ROLLBACK"},
		{&c.insert, "INSERT INTO events(n, name, at, verdict, status, size, id, hash, head, body) VALUES(?,?,?,?,?,?,?,?,?,?)"},
		{&c.chunk, "INSERT INTO chunks(key, data) VALUES(?,?)"},
		{&c.span, "INSERT OR REPLACE INTO spans(span, id_min, id_max, at_min, at_max) VALUES(?,?,?,?,?)"},
		{&c.spanRows, "SELECT id, at FROM events WHERE n BETWEEN ? AND ?"},
		{&c.findName, "SELECT id FROM names WHERE provider = ? AND entity = ? AND action = ?"},
		{&c.insertName, "INSERT INTO names(provider, entity, action) VALUES(?,?,?)"},
		{&c.insertResult, "INSERT INTO results(event, hash, record) VALUES(?,?,?)"},
		{&c.hasEvent, "SELECT 1 FROM events WHERE n = ?"},
		{&c.putCursor, "INSERT INTO cursors(target, n) VALUES(?,?) ON CONFLICT(target) DO UPDATE SET n = excluded.n"},
		{&c.dropCursor, "DELETE FROM cursors WHERE target = ?"},
		{&c.passive, "PRAGMA wal_checkpoint(PASSIVE)"},
		{&c.truncate, "PRAGMA wal_checkpoint(TRUNCATE)"},
	} {
		if *p.stmt, err = raw.Prepare(p.query); err != nil {
			_ = raw.Close()
			return nil, err
		}
	}
	return c, nil
}

// write puts jobs into one transaction and commits it. It returns the number of the
// first event among them.
func (c *conn) write(jobs []*job) (first int64, err error) {
	if err := c.lock(); err != nil {
		return 0, err
	}
	last, err := lastNumber(c.Conn)
	if err != nil {
		return 0, err
	}
	n := last
	for _, j := range jobs {
		if j.do != nil {
			if err := j.do(c); err != nil {
				return 0, err
			}
			continue
		}
		n++
		if err := c.append(n, &j.row); err != nil {
			return 0, err
		}
	}
	if err := c.spans.follow(c, last, jobs); err != nil {
		return 0, err
	}
	return last + 1, run(c.commit)
}

// lock begins the transaction. SQLite's own way of waiting for another process sleeps
// up to 100 ms between two attempts and would hardly ever meet the gaps that a busy
// listener leaves, so the attempts here are short and many.
func (c *conn) lock() error {
	c.SetBusyTimeout(0)
	defer c.SetBusyTimeout(busyTimeout)
	var deadline time.Time
	for {
		err := run(c.begin)
		if sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy {
			return err
		}
		now := time.Now()
		if deadline.IsZero() {
			deadline = now.Add(busyTimeout)
		} else if now.After(deadline) {
			return err
		}
		time.Sleep(300*time.Microsecond + time.Duration(now.UnixNano()%512)*time.Microsecond)
	}
}

// rollback undoes what write has done, also to what is remembered here.
func (c *conn) rollback() error {
	clear(c.names)
	c.spans = spanner{}
	if c.AutocommitEnabled() {
		return nil // SQLite has done it
	}
	return run(c.back)
}

func (c *conn) append(n int64, r *row) error {
	name, err := c.nameOf(r.name)
	if err != nil {
		return err
	}
	sum := r.sum
	bind(&sum, n)
	s := c.insert
	s.BindInt64(1, n)
	s.BindInt64(2, name)
	s.BindInt64(3, r.at)
	s.BindInt64(4, r.verdict)
	s.BindInt64(5, r.status)
	s.BindInt64(6, r.size)
	s.BindBytes(7, r.id[:])
	s.BindBytes(8, sum[:])
	s.BindBytes(9, r.head)
	if r.flags&(flagNilBody|flagChunked) != 0 {
		s.BindNull(10)
	} else {
		s.BindBytes(10, r.body)
	}
	if err := run(s); err != nil {
		return err
	}
	if r.flags&flagChunked == 0 {
		return nil
	}
	key := n << chunkBits
	for rest := r.body; len(rest) > 0; key++ {
		part := rest[:min(chunkSize, len(rest))]
		rest = rest[len(part):]
		if err := c.appendChunk(key, part); err != nil {
			return err
		}
	}
	return nil
}

// appendChunk makes room for a chunk and then writes it, which takes a third less time
// than binding it: a bound value is copied byte by byte.
func (c *conn) appendChunk(key int64, part []byte) error {
	c.chunk.BindInt64(1, key)
	c.chunk.BindZeroBlob(2, int64(len(part)))
	if err := run(c.chunk); err != nil {
		return err
	}
	blob, err := c.OpenBlob("", "chunks", "data", key, true)
	if err != nil {
		return err
	}
	_, err = blob.Write(part)
	if second := blob.Close(); err == nil {
		err = second
	}
	return err
}

// nameOf is the row of a name in the table of names, a new one if need be.
func (c *conn) nameOf(k nameKey) (int64, error) {
	if id, ok := c.names[k]; ok {
		return id, nil
	}
	s := c.findName
	s.BindText(1, k.provider)
	s.BindText(2, k.entity)
	s.BindText(3, k.action)
	found, err := s.Step()
	id := s.ColumnInt64(0)
	if err := reset(s, err); err != nil {
		return 0, err
	}
	if !found {
		s = c.insertName
		s.BindText(1, k.provider)
		s.BindText(2, k.entity)
		s.BindText(3, k.action)
		if err := run(s); err != nil {
			return 0, err
		}
		id = c.LastInsertRowID()
	}
	if len(c.names) >= namesKept {
		clear(c.names)
	}
	c.names[nameKey{strings.Clone(k.provider), strings.Clone(k.entity), strings.Clone(k.action)}] = id
	return id, nil
}

// checkpoint folds the log into the file and returns about how many bytes of it are
// left to fold.
func (c *conn) checkpoint(mode string) (left int64, err error) {
	s := c.passive
	if mode == "TRUNCATE" {
		s = c.truncate
	}
	if _, err := s.Step(); err != nil {
		return 0, err
	}
	left = (s.ColumnInt64(1) - s.ColumnInt64(2)) * pageSize
	return left, s.Reset()
}

// run steps a statement that answers no rows, and makes it ready for the next time.
func run(s *sqlite.Stmt) error {
	_, err := s.Step()
	return reset(s, err)
}

// reset makes a statement ready for the next time; what it says about a step that
// failed has been said already.
func reset(s *sqlite.Stmt, err error) error {
	if r := s.Reset(); err == nil {
		err = r
	}
	return err
}
