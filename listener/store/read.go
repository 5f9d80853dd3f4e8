package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"

	"zombiezen.com/go/sqlite"

	"whk/listener"
	"whk/verify"
)

// Both statements answer with what event reads, in its order. The second leaves out
// the bodies that have a hash of their own, and SQLite then never touches their pages.
const (
	wholeEvent = "SELECT n, name, at, verdict, status, size, id, hash, head, body FROM events WHERE n = ?"
	eventHead  = "SELECT n, name, at, verdict, status, size, id, hash, head, CASE WHEN size < 1024 THEN body END FROM events WHERE n = ?"
)

// damaged is what is wrong with a row that SQLite could read.
type damaged string

func (d damaged) Error() string { return string(d) }

// nameTable remembers rows of the table of names, which never change.
type nameTable struct {
	mu   sync.Mutex
	rows map[int64]nameKey
}

func (t *nameTable) get(c *sqlite.Conn, id int64) (nameKey, error) {
	t.mu.Lock()
	k, ok := t.rows[id]
	t.mu.Unlock()
	if ok {
		return k, nil
	}
	s, err := c.Prepare("SELECT provider, entity, action FROM names WHERE id = ?")
	if err != nil {
		return k, err
	}
	defer s.Reset()
	s.BindInt64(1, id)
	switch row, err := s.Step(); {
	case err != nil:
		return k, err
	case !row:
		return k, damaged("its name is missing")
	}
	k = nameKey{s.ColumnText(0), s.ColumnText(1), s.ColumnText(2)}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows == nil || len(t.rows) >= namesKept {
		t.rows = make(map[int64]nameKey)
	}
	t.rows[id] = k
	return k, nil
}

// bytesOf copies a column. It is never nil.
func bytesOf(s *sqlite.Stmt, col int) []byte {
	b := make([]byte, s.ColumnLen(col))
	s.ColumnBytes(col, b)
	return b
}

// event makes an event of a row of eventColumns and believes nothing that its hash
// does not cover. Without bodies, a body is read only when the hash needs it, and never
// kept.
func (s *Store) event(c *sqlite.Conn, row *sqlite.Stmt, bodies bool) (*listener.Event, error) {
	n := row.ColumnInt64(0)
	col := columns{
		at:      row.ColumnInt64(2),
		verdict: row.ColumnInt64(3),
		status:  row.ColumnInt64(4),
		size:    row.ColumnInt64(5),
	}
	if row.ColumnBytes(6, col.id[:]) != len(col.id) || row.ColumnLen(6) != len(col.id) {
		return nil, damaged("its id has the wrong length")
	}
	var want [32]byte
	if row.ColumnBytes(7, want[:]) != len(want) || row.ColumnLen(7) != len(want) {
		return nil, damaged("its hash has the wrong length")
	}
	bind(&want, n)
	var err error
	if col.name, err = s.names.get(c, row.ColumnInt64(1)); err != nil {
		return nil, err
	}
	d := new(verify.Delivery)
	e := &listener.Event{
		N: n, ID: formatID(col.id[:]), At: moment(col.at), Delivery: d,
		Provider: col.name.provider, Entity: col.name.entity, Action: col.name.action,
		Status: int(col.status),
	}
	if col.verdict > 0 && col.verdict <= int64(len(statuses)) {
		e.Verdict.Status = statuses[col.verdict-1]
	}
	head := bytesOf(row, 8)
	flags, bodyHash, err := decodeHead(head, e, d)
	if err != nil {
		return nil, err
	}
	var body []byte
	if bodies || bodyHash == nil {
		if body, err = s.body(c, row, n, col.size, flags); err != nil {
			return nil, err
		}
	}
	hashed := body
	if bodyHash != nil {
		hashed = nil
	}
	var sum [32]byte
	col.seal(sha256.New(), &sum, nil, head, hashed)
	if !sameHash(sum[:], want[:]) {
		return nil, damaged("its bytes do not match their hash")
	}
	if !bodies {
		return e, nil
	}
	if bodyHash != nil {
		if sum := sha256.Sum256(body); !sameHash(sum[:], bodyHash) {
			return nil, damaged("its body does not match its hash")
		}
	}
	d.Body = body
	return e, nil
}

// body reads a body of a known size from the row or from its chunks.
func (s *Store) body(c *sqlite.Conn, row *sqlite.Stmt, n, size int64, flags byte) ([]byte, error) {
	switch {
	case flags&flagNilBody != 0:
		return nil, nil
	case flags&flagChunked == 0:
		if int64(row.ColumnLen(9)) != size {
			return nil, damaged("its body has the wrong length")
		}
		return bytesOf(row, 9), nil
	}
	chunks, err := c.Prepare("SELECT data FROM chunks WHERE key BETWEEN ? AND ? ORDER BY key")
	if err != nil {
		return nil, err
	}
	defer chunks.Reset()
	chunks.BindInt64(1, n<<chunkBits)
	chunks.BindInt64(2, n<<chunkBits|(1<<chunkBits-1))
	// The size is not to be believed yet: room is made for what is there.
	var body []byte
	for {
		more, err := chunks.Step()
		switch {
		case err != nil:
			return nil, err
		case !more && int64(len(body)) != size:
			return nil, damaged("a part of its body is missing")
		case !more:
			return body, nil
		}
		part := chunks.ColumnLen(0)
		if part > chunkSize || int64(len(body)+part) > size {
			return nil, damaged("a part of its body has the wrong length")
		}
		if body == nil {
			body = make([]byte, 0, min(size, 32<<20))
		}
		at := len(body)
		body = append(body, make([]byte, part)...)
		chunks.ColumnBytes(0, body[at:])
	}
}

// Event reads one event with its body. It answers ErrNotFound when there is none of
// this number, and ErrCorrupt when there is one that cannot be believed.
func (s *Store) Event(ctx context.Context, n int64) (*listener.Event, error) {
	var e *listener.Event
	err := s.readers.read(ctx, func(c *sqlite.Conn) error {
		d := &Damage{Path: s.path}
		var err error
		if e, err = s.one(c, n, true, d); err != nil {
			return err
		}
		if err := d.orNil(); err != nil {
			return err
		}
		if e == nil {
			return s.notFound(c, n)
		}
		return nil
	})
	if err != nil {
		return nil, wrap("read", s.path, err)
	}
	return e, nil
}

// one reads the event n. An event that is damaged is noted in d; both results are nil
// then, and also when there is no such event.
func (s *Store) one(c *sqlite.Conn, n int64, bodies bool, d *Damage) (*listener.Event, error) {
	query := eventHead
	if bodies {
		query = wholeEvent
	}
	row, err := c.Prepare(query)
	if err != nil {
		return nil, err
	}
	defer row.Reset()
	row.BindInt64(1, n)
	found, err := row.Step()
	if err == nil && !found {
		return nil, nil
	}
	var e *listener.Event
	if err == nil {
		e, err = s.event(c, row, bodies)
	}
	return e, note(d, n, err)
}

// note puts an error that damage explains into d and passes on every other.
func note(d *Damage, n int64, err error) error {
	if err == nil {
		return nil
	}
	_, ours := errors.AsType[damaged](err)
	if ours || errors.Is(err, errRecord) || isCorrupt(err) || sqlite.ErrCode(err) == sqlite.ResultIOErrShortRead {
		d.add(n, err)
		return nil
	}
	return err
}

// notFound says why there is no event n: it never was, or it was deleted, or it is
// lost.
func (s *Store) notFound(c *sqlite.Conn, n int64) error {
	last, err := lastNumber(c)
	switch {
	case err != nil:
		return err
	case last == 0:
		return fail(ErrNotFound, nil, "no event %d: the store %s is empty", n, s.path)
	case n > last || n < 1:
		return fail(ErrNotFound, nil, "no event %d in %s: the newest is %d", n, s.path, last)
	}
	gone, err := deletedAround(c, n)
	switch {
	case err != nil:
		return err
	case gone.last == 0:
		return &Damage{Path: s.path, Numbers: []int64{n}, Cause: errMissing}
	}
	return fail(ErrNotFound, nil, "no event %d in %s: it was deleted", n, s.path)
}

const errMissing = damaged("it is missing")

// deletedAround is the range of deleted numbers that holds n, zero if there is none.
func deletedAround(c *sqlite.Conn, n int64) (spanRange, error) {
	s, err := c.Prepare("SELECT first, last FROM deleted WHERE first <= ? ORDER BY first DESC LIMIT 1")
	if err != nil {
		return spanRange{}, err
	}
	defer s.Reset()
	s.BindInt64(1, n)
	found, err := s.Step()
	if err != nil || !found || s.ColumnInt64(1) < n {
		return spanRange{}, err
	}
	return spanRange{s.ColumnInt64(0), s.ColumnInt64(1)}, nil
}
