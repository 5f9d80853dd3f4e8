package store

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"time"

	"whk/listener"
)

// nameKey is a row of the table of names.
type nameKey struct{ provider, entity, action string }

// columns are the values of an event that stand beside its head and body.
type columns struct {
	name    nameKey
	at      int64
	verdict int64
	status  int64
	size    int64
	id      [16]byte
}

// seal hashes what an event is made of: its columns, its head and, unless the head
// holds the hash of the body, its body. The number is known only later and is bound by
// bind.
func (c *columns) seal(h hash.Hash, sum *[32]byte, scratch, head, body []byte) []byte {
	b := append(scratch[:0], c.id[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(c.at))
	b = binary.BigEndian.AppendUint64(b, uint64(c.verdict))
	b = binary.BigEndian.AppendUint64(b, uint64(c.status))
	b = binary.BigEndian.AppendUint64(b, uint64(c.size))
	b = appendText(b, c.name.provider)
	b = appendText(b, c.name.entity)
	b = appendText(b, c.name.action)
	b = binary.AppendUvarint(b, uint64(len(head)))
	h.Reset()
	h.Write(b)
	h.Write(head)
	h.Write(body)
	h.Sum(sum[:0])
	return b
}

// bind makes a hash hold for one number only, and undoes that: a row that damage has
// given another number does not match.
func bind(sum *[32]byte, n int64) {
	last := sum[24:]
	binary.BigEndian.PutUint64(last, binary.BigEndian.Uint64(last)^uint64(n))
}

func sameHash(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// sealResult hashes a result with the number of its event.
func sealResult(n int64, record []byte) [32]byte {
	h := sha256.New()
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], uint64(n))
	h.Write(number[:])
	h.Write(record)
	var sum [32]byte
	h.Sum(sum[:0])
	return sum
}

// columnsOf takes the columns from an event, and refuses one that would not come back
// as it is.
func columnsOf(e *listener.Event) (columns, error) {
	c := columns{
		name:    nameKey{e.Provider, e.Entity, e.Action},
		at:      nanos(e.At),
		verdict: statusCode(e.Verdict.Status),
		status:  int64(e.Status),
	}
	if e.Delivery == nil {
		return c, fmt.Errorf("the event has no delivery")
	}
	if !moment(c.at).Equal(e.At) {
		return c, fmt.Errorf("the time %s is out of range", e.At)
	}
	if !parseID(&c.id, e.ID) {
		return c, fmt.Errorf("the id %q is not a UUID in small letters", e.ID)
	}
	c.size = int64(len(e.Delivery.Body))
	if c.size > chunkSize<<chunkBits {
		return c, fmt.Errorf("a body of %d bytes is too long", c.size)
	}
	return c, nil
}

// nanos writes a moment as nanoseconds since 1970, the zero time as the smallest number.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return math.MinInt64
	}
	return t.UnixNano()
}

func moment(ns int64) time.Time {
	if ns == math.MinInt64 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

func duration(n uint64) time.Duration { return time.Duration(n) }

// dashes are the places of the dashes in a UUID.
const dashes = 1<<8 | 1<<13 | 1<<18 | 1<<23

// parseID reads a UUID in the one spelling that formatID writes.
func parseID(id *[16]byte, s string) bool {
	if len(s) != 36 {
		return false
	}
	nibble := 0
	for i := range len(s) {
		c := s[i]
		if dashes>>i&1 == 1 {
			if c != '-' {
				return false
			}
			continue
		}
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		default:
			return false
		}
		if nibble%2 == 0 {
			id[nibble/2] = c << 4
		} else {
			id[nibble/2] |= c
		}
		nibble++
	}
	return true
}

func formatID(id []byte) string {
	var b [36]byte
	hex.Encode(b[:8], id[:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:], id[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}
