package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"

	"whk/listener"
)

// minPrefix is the fewest hexadecimal digits of an id that are accepted.
const minPrefix = 8

// Find reads the event that a person means: its number, the first 8 or more digits of
// its id, "last", "last:ploomes", or "last:" and a glob such as "ploomes/Contacts.*".
// It answers ErrReference for other texts, ErrNotFound, and ErrAmbiguous when several
// ids begin alike.
func (s *Store) Find(ctx context.Context, ref string) (*listener.Event, error) {
	what, which, named := strings.Cut(ref, ":")
	if strings.EqualFold(what, "last") && (which != "" || !named) {
		return s.findLast(ctx, which)
	}
	prefix := strings.ReplaceAll(ref, "-", "")
	isPrefix := len(prefix) >= minPrefix && isIDPrefix(ref)
	n, err := strconv.ParseInt(ref, 10, 64)
	switch {
	case err == nil && n > 0 && ref[0] != '0' && ref[0] != '+':
		e, err := s.Event(ctx, n)
		if err == nil || !isPrefix {
			return e, err
		}
		// Eight digits can be both; the number came first.
		if found, second := s.findPrefix(ctx, ref, prefix); second == nil {
			return found, nil
		}
		return nil, err
	case isPrefix:
		return s.findPrefix(ctx, ref, prefix)
	}
	return nil, fail(ErrReference, nil, "%q is not an event: give its number, %d or more digits of its id, last or last:PROVIDER", ref, minPrefix)
}

func (s *Store) findLast(ctx context.Context, which string) (*listener.Event, error) {
	provider, name, _ := strings.Cut(which, "/")
	events, err := s.List(ctx, Query{Provider: provider, Name: name, Limit: 1, Bodies: true})
	switch {
	case err != nil:
		return nil, err
	case len(events) == 0 && which == "":
		return nil, fail(ErrNotFound, nil, "no last event: the store %s is empty", s.path)
	case len(events) == 0:
		return nil, fail(ErrNotFound, nil, "no event of %s in %s", which, s.path)
	}
	return events[0], nil
}

// isIDPrefix reports whether a text is the beginning of a UUID, with or without its
// dashes.
func isIDPrefix(ref string) bool {
	dashed := strings.Contains(ref, "-")
	if len(ref) > 36 || !dashed && len(ref) > 32 {
		return false
	}
	for i := range len(ref) {
		c := ref[i]
		if dashed && dashes>>i&1 == 1 {
			if c != '-' {
				return false
			}
			continue
		}
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

// findPrefix looks for ids that begin with some digits, in the few spans of numbers
// in which there can be one.
func (s *Store) findPrefix(ctx context.Context, ref, prefix string) (*listener.Event, error) {
	low, high := make([]byte, 16), bytes.Repeat([]byte{0xff}, 16)
	lowText := prefix + strings.Repeat("0", 32-len(prefix))
	highText := prefix + strings.Repeat("f", 32-len(prefix))
	if _, err := hex.Decode(low, []byte(lowText)); err != nil {
		return nil, fmt.Errorf("find event %q: %w", ref, err)
	}
	if _, err := hex.Decode(high, []byte(highText)); err != nil {
		return nil, fmt.Errorf("find event %q: %w", ref, err)
	}
	var numbers []int64
	err := s.readers.read(ctx, func(c *sqlite.Conn) error {
		spans, err := spansOfIDs(c, low, high)
		if err != nil {
			return err
		}
		stmt, err := c.Prepare("SELECT n FROM events WHERE n BETWEEN ? AND ? AND id BETWEEN ? AND ? LIMIT 4")
		if err != nil {
			return err
		}
		for _, span := range spans {
			if len(numbers) > 3 {
				return nil
			}
			stmt.BindInt64(1, span.first)
			stmt.BindInt64(2, span.last)
			stmt.BindBytes(3, low)
			stmt.BindBytes(4, high)
			for {
				found, err := stmt.Step()
				if err != nil {
					return err
				}
				if !found {
					break
				}
				numbers = append(numbers, stmt.ColumnInt64(0))
			}
			if err := stmt.Reset(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, wrap("read", s.path, err)
	}
	switch len(numbers) {
	case 0:
		return nil, fail(ErrNotFound, nil, "no event in %s has an id that begins with %s", s.path, ref)
	case 1:
		return s.Event(ctx, numbers[0])
	}
	var like []string
	for _, n := range numbers[:min(3, len(numbers))] {
		like = append(like, strconv.FormatInt(n, 10))
	}
	if len(numbers) > 3 {
		like = append(like, "others")
	}
	return nil, fail(ErrAmbiguous, nil, "several events have an id that begins with %s (%s): give more digits or the number", ref, strings.Join(like, ", "))
}
