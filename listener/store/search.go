package store

import (
	"context"
	"errors"
	"math"
	"runtime"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"

	"whk/listener"
	"whk/listener/filter"
	"whk/verify"
	"whk/verify/provider"
)

// SearchOptions say how Search walks. The zero value looks at every event, the newest
// first.
type SearchOptions struct {
	// Limit is the most events to visit, 0 for all that fit.
	Limit int
	// Before and After leave out events with this number or a higher one, and with this
	// number or a lower one. 0 means no bound.
	Before, After int64
	// OldestFirst turns the order around.
	OldestFirst bool
	// Bodies asks for Delivery.Body, which is nil otherwise.
	Bodies bool
	// Facts reads what a delivery says, and Marked knows marks of events. A filter that
	// needs one of them is refused without it. They must not use the store.
	Facts  func(*listener.Event) provider.Facts
	Marked func(*listener.Event, filter.Mark) bool
	// Progress is told from time to time how many numbers have been passed, of how many.
	Progress func(scanned, total int64)

	// block is the most numbers that are looked at at once, fullBlock when 0; tests make
	// it small.
	block int64
}

const (
	firstBlock = 256     // numbers that are looked at before the first answer
	aheadFrom  = 1 << 10 // numbers of a block from which on others are looked at too
	fullBlock  = 8 << 10 // numbers that are looked at at once, later on
	loadStep   = 1 << 10 // events that are read whole in one transaction
	hitsKept   = 64      // events that wait to be visited,
	hitBytes   = 1 << 20 // and about the most that they take in memory
)

// Search visits the events that fit a filter, in the order of their numbers. An error
// of visit ends it and is returned as it is. Results reads the attempts to deliver the
// event. No transaction is open during a visit, and what is appended after Search
// began is not looked at.
//
// What the index of names and the columns can tell is not read, and bodies are looked
// through as they lie in the file: an event is read whole, and held against its hash,
// only when it may fit. So Search finds damage in what it hands out, and numbers that
// are missing, but not every flipped bit in what does not fit; that is what Check is
// for. It goes on after damage and returns it as a *Damage in the end.
func (s *Store) Search(ctx context.Context, f *filter.Filter, o SearchOptions, visit func(e *listener.Event, results func() ([]verify.Result, error)) error) error {
	sr := &search{store: s, filter: f, can: f.Narrowing(), needs: f.Needs(), options: o}
	switch {
	case sr.needs.Facts && o.Facts == nil:
		return errors.New("search store " + s.path + ": changed: and id: need the definitions of providers, which are not at hand here")
	case sr.needs.Marks && o.Marked == nil:
		return errors.New("search store " + s.path + ": is:duplicate and is:reordered are known only where events are watched as they come")
	}
	if err := sr.start(ctx); err != nil {
		return wrap("search", s.path, err)
	}
	if err := sr.run(ctx, visit); err != nil {
		if sr.failed {
			return wrap("search", s.path, err)
		}
		return err
	}
	return sr.damage.orNil()
}

// search is one run of Search. Blocks of numbers are looked through ahead, by several
// connections, and consumed in their order.
type search struct {
	store   *Store
	filter  *filter.Filter
	can     filter.Narrowing
	needs   filter.Needs
	options SearchOptions

	first, last int64  // the bounds
	next        int64  // the first number that is in no block yet
	names       *merge // nil when the names rule nothing out
	size, full  int64  // of the next block, and of the largest

	found  int
	failed bool // whether the store failed, and not a visit
	damage Damage
}

// block is a piece of the walk.
type block struct {
	from, to int64   // in the order of the walk, both included
	numbers  []int64 // the only ones in question, nil for all of them
	indexed  bool    // whether the index of names was asked

	done       chan struct{}
	candidates []int64
	err        error
}

// start finds the bounds, and the names when they narrow the search.
func (sr *search) start(ctx context.Context) error {
	if sr.full = sr.options.block; sr.full == 0 {
		sr.full = fullBlock
	}
	sr.size = min(firstBlock, sr.full)
	sr.damage.Path = sr.store.path
	return sr.store.readers.read(ctx, func(c *sqlite.Conn) error {
		since, until := sr.filter.Times()
		var err error
		sr.first, sr.last, err = sr.store.bounds(c, Query{Since: inRange(since), Before: sr.options.Before, After: sr.options.After})
		if err != nil {
			return err
		}
		if !until.IsZero() && sr.first <= sr.last {
			newest, err := lastUntil(c, nanos(inRange(until)))
			switch {
			case err == nil:
				sr.last = min(sr.last, newest)
			case !isCorrupt(err):
				return err
			}
		}
		low, high := sr.filter.Numbers()
		sr.first, sr.last = max(sr.first, low), min(sr.last, high)
		sr.next = sr.last
		if sr.options.OldestFirst {
			sr.next = sr.first
		}
		if !sr.can.Names || sr.first > sr.last {
			return nil
		}
		return sr.startNames(c)
	})
}

// inRange is the nearest time that an event can have.
func inRange(t time.Time) time.Time {
	switch earliest, latest := moment(math.MinInt64+1), moment(math.MaxInt64); {
	case t.Before(earliest):
		return time.Time{}
	case t.After(latest):
		return latest
	}
	return t
}

// startNames prepares the walk along the names that fit, unless all of them do.
func (sr *search) startNames(c *sqlite.Conn) error {
	all := 0
	runs, err := runsOf(c, func(provider, name string) bool {
		all++
		return sr.filter.MatchName(provider, name)
	})
	if err != nil || len(runs) == all || len(runs) > namesKept {
		return err
	}
	fetch := 256
	if limit := sr.options.Limit; limit > 0 {
		fetch = min(fetch, max(limit, 16))
	}
	sr.names, err = newMerge(c, runs, sr.first, sr.last, fetch, sr.options.OldestFirst)
	return err
}

// run looks through block after block and visits what fits.
func (sr *search) run(ctx context.Context, visit func(*listener.Event, func() ([]verify.Result, error)) error) error {
	var working sync.WaitGroup
	defer working.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var ahead []*block
	for {
		for len(ahead) < sr.width() {
			b, err := sr.nextBlock(ctx)
			if err != nil {
				sr.failed = true
				return err
			}
			if b == nil {
				break
			}
			ahead = append(ahead, b)
			working.Go(func() {
				defer close(b.done)
				b.err = sr.store.readers.read(ctx, func(c *sqlite.Conn) error { return sr.scan(c, b) })
			})
		}
		if len(ahead) == 0 {
			return nil
		}
		b := ahead[0]
		ahead = ahead[1:]
		<-b.done
		if b.err != nil {
			sr.failed = true
			return b.err
		}
		if done, err := sr.consume(ctx, b, visit); done || err != nil {
			return err
		}
		sr.progress(b)
	}
}

// width is how many blocks are looked through at the same time. A search that ends
// soon starts no others, and one connection is left to other readers.
func (sr *search) width() int {
	if sr.size < min(aheadFrom, sr.full) {
		return 1
	}
	return min(runtime.GOMAXPROCS(0), readersKept-1)
}

// over reports whether a number is behind the end of the walk.
func (sr *search) over(n int64) bool { return n < sr.first || n > sr.last }

// step is the way from one number to the next.
func (sr *search) step() int64 {
	if sr.options.OldestFirst {
		return 1
	}
	return -1
}

// nextBlock cuts off the next piece of the walk, nil at its end.
func (sr *search) nextBlock(ctx context.Context) (*block, error) {
	if sr.over(sr.next) {
		return nil, nil
	}
	b := &block{from: sr.next, done: make(chan struct{})}
	b.to = min(max(b.from+sr.step()*(sr.size-1), sr.first), sr.last)
	if sr.names != nil {
		if err := sr.takeNumbers(ctx, b); err != nil {
			return nil, err
		}
	}
	sr.next = b.to + sr.step()
	sr.size = min(2*sr.size, sr.full)
	return b, nil
}

// takeNumbers fills a block with the next numbers of the names that fit. Where they
// lie close to each other it is quicker to read what is between them too.
func (sr *search) takeNumbers(ctx context.Context, b *block) error {
	most := int(sr.size)
	if limit := sr.options.Limit; limit > 0 && !sr.can.Rows && !sr.can.Body {
		most = min(most, max(limit, 16))
	}
	b.numbers, b.indexed = make([]int64, 0, most), true
	err := sr.store.readers.read(ctx, func(c *sqlite.Conn) error {
		for len(b.numbers) < most {
			n, _, err := sr.names.next(c)
			if err != nil || n == 0 {
				return err
			}
			b.numbers = append(b.numbers, n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.to = sr.last
	if len(b.numbers) == most {
		b.to = b.numbers[most-1]
	} else if !sr.options.OldestFirst {
		b.to = sr.first
	}
	const near = 4
	if width := (b.to-b.from)*sr.step() + 1; (sr.can.Rows || sr.can.Body) && width < near*int64(len(b.numbers)) {
		b.numbers, b.indexed = nil, false
	}
	return nil
}

// hit is an event that fits.
type hit struct {
	event   *listener.Event
	results []verify.Result
	read    bool // whether results were read
}

// consume visits what fits among the candidates of a block, and reports whether the
// limit was reached.
func (sr *search) consume(ctx context.Context, b *block, visit func(*listener.Event, func() ([]verify.Result, error)) error) (done bool, err error) {
	for rest := b.candidates; len(rest) > 0; {
		var hits []hit
		err := sr.store.readers.read(ctx, func(c *sqlite.Conn) (err error) {
			hits, rest, err = sr.load(c, b, rest)
			return err
		})
		if err != nil {
			sr.failed = true
			return false, err
		}
		for _, h := range hits {
			err := visit(h.event, func() ([]verify.Result, error) {
				if h.read {
					return h.results, nil
				}
				return sr.store.Results(ctx, h.event.N)
			})
			if err != nil {
				return false, err
			}
			if sr.found++; sr.found == sr.options.Limit {
				return true, nil
			}
		}
	}
	return false, nil
}

// load reads candidates whole, as many as memory has room for, and returns those that
// fit and the candidates that are left.
func (sr *search) load(c *sqlite.Conn, b *block, candidates []int64) (hits []hit, rest []int64, err error) {
	most := hitsKept
	if limit := sr.options.Limit; limit > 0 {
		most = min(most, limit-sr.found)
	}
	bytes := 0
	for i, n := range candidates {
		if len(hits) == most || bytes > hitBytes || i == loadStep {
			return hits, candidates[i:], nil
		}
		h, ok, err := sr.examine(c, b, n)
		if err != nil {
			return nil, nil, err
		}
		if !ok {
			continue
		}
		if !sr.options.Bodies {
			h.event.Delivery.Body = nil
		}
		bytes += len(h.event.Delivery.Body)
		for _, r := range h.results {
			bytes += len(r.Body)
		}
		hits = append(hits, h)
	}
	return hits, nil, nil
}

// examine reads one event and reports whether it fits.
func (sr *search) examine(c *sqlite.Conn, b *block, n int64) (h hit, fits bool, err error) {
	damage := Damage{Path: sr.store.path}
	defer func() {
		if damage.Cause != nil {
			sr.damage.add(n, damage.Cause)
		}
	}()
	e, err := sr.store.one(c, n, sr.needs.Body || sr.options.Bodies, &damage)
	switch {
	case err != nil:
		return h, false, err
	case e == nil && damage.Cause == nil:
		gone, err := deletedAround(c, n)
		if err == nil && gone.last == 0 {
			damage.add(n, errMissing)
		}
		return h, false, err
	case e == nil:
		return h, false, nil
	case b.indexed && !sr.filter.MatchName(e.Provider, e.Name()):
		damage.add(n, errOtherName)
		return h, false, nil
	}
	h.event = e
	var failure error
	fits = sr.filter.Match(filter.Subject{
		Event: e,
		Results: func() []verify.Result {
			if !h.read && failure == nil {
				h.results, failure = resultsOf(c, n, &damage)
				h.read = true
			}
			return h.results
		},
		Facts:  func() provider.Facts { return sr.options.Facts(e) },
		Marked: func(m filter.Mark) bool { return sr.options.Marked(e, m) },
	})
	return h, fits && failure == nil, failure
}

// progress tells how far the search is.
func (sr *search) progress(b *block) {
	if sr.options.Progress == nil {
		return
	}
	passed := sr.last - b.to + 1
	if sr.options.OldestFirst {
		passed = b.to - sr.first + 1
	}
	sr.options.Progress(passed, sr.last-sr.first+1)
}
