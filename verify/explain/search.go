package explain

import (
	"cmp"
	"context"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"whk/verify"
)

// search is one hunt for the smallest change. It brings together, for each part of a
// signature, the ways in which it may differ: what was signed, with which key, by which
// hash, and how the result is read off the delivery.
type search struct {
	in      Input
	recipe  verify.Recipe
	number  int // of the recipe
	header  string
	stamp   string
	foreign bool   // a recipe whose signatures this package does not compute
	demand  string // what a scheme demands besides a signature, and is not met

	bodies   *bodies
	keys     []key
	signings []signing
	others   []attempt // other recipes of the scheme
	modes    []choice
	hashes   []choice
	readings []reading
	names    []string // of all hashes
	sizes    []int

	tried, pairs atomic.Int64
	cutShort     atomic.Bool
	mu           sync.Mutex
	counts       map[FamilyName]int // single changes that were tried
}

// match is a set of changes under which a signature matched.
type match struct {
	changes []Change
	weight  int
	meaning string
}

func newSearch(in Input) *search {
	recipes := in.Scheme.Recipes()
	s := &search{in: in, number: fitting(in.Delivery, recipes, in.Scheme.Picks(in.Delivery)), counts: map[FamilyName]int{}}
	s.recipe = recipes[s.number]
	for _, h := range algorithms() {
		s.names, s.sizes = append(s.names, h.name), append(s.sizes, h.size)
	}
	s.header = http.CanonicalHeaderKey(s.recipe.Header)
	s.bodies = newBodies(in.Delivery)
	switch s.recipe.Kind {
	case verify.KindNone:
		return s
	case verify.KindHMAC, verify.KindHash, verify.KindStatic:
	default:
		s.foreign = true
	}
	if s.foreign = s.foreign || s.header == ""; s.foreign {
		return s
	}
	s.stamp = stampOf(in.Delivery, s.recipe, s.header)
	values := &verify.Values{Delivery: in.Delivery, Base: in.Base, TS: s.stamp}
	if ids := in.Delivery.Header[http.CanonicalHeaderKey(s.recipe.ID)]; s.recipe.ID != "" && len(ids) > 0 {
		values.ID = ids[0]
	}
	s.keys = keys(in, s.recipe, 1, s.asKey)
	s.signings = signings(s.recipe, in.Delivery, values)
	s.readings = readings(in.Delivery, s.recipe, s.header)
	s.hashes = hashChoices(s.recipe)
	s.modes = modeChoices(s.recipe)
	for i, r := range recipes {
		if i != s.number {
			s.addRecipe(r, values)
		}
	}
	return s
}

// attempt is one combination to try, by the numbers of the choices; 0 is what the recipe
// says. A second edit applies to what the first one made.
type attempt struct {
	edit, next          int // 0 for none, else one more than the number of an edit
	key                 int // -1 for every key that the check was made with
	signing, mode, hash int
	recipe              bool // all of them are those of another recipe of the scheme
	prefix              bool // every prefix of the body, one after the other
	cost, weight        int
}

// run looks for the smallest change: nil when there is none.
func (s *search) run(ctx context.Context) *match {
	switch {
	case s.recipe.Kind == verify.KindNone:
		return nil
	case s.foreign:
		return s.ask(ctx)
	}
	for _, r := range s.readings {
		if len(r.changes) == 1 {
			s.counts[r.changes[0].Family]++
		}
	}
	if len(s.readings) == 0 {
		return nil
	}
	singles, best := s.singles(), (*match)(nil)
	if m := s.try(ctx, singles, 1); m != nil {
		if len(m.changes) <= 1 {
			return s.conclude(ctx, m)
		}
		best = m
	}
	if m := s.try(ctx, []attempt{{key: -1, prefix: true, cost: 1, weight: prefixWeight}}, 1); m != nil && (best == nil || len(m.changes) < len(best.changes)) {
		best = m
	}
	if best != nil {
		return s.conclude(ctx, best)
	}
	budget := cmp.Or(s.in.Budget, DefaultBudget)
	if budget < 0 || ctx.Err() != nil || s.recipe.Kind != verify.KindStatic && !s.legible() {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	if m := s.try(bounded, s.combinations(), 2); m != nil {
		return s.conclude(ctx, m)
	}
	return nil
}

// legible reports whether anything can be read as a signature.
func (s *search) legible() bool {
	return slices.ContainsFunc(s.readings, func(r reading) bool { return !r.text })
}

// conclude adds what the time stamp needs, and says what it all means.
func (s *search) conclude(ctx context.Context, m *match) *match {
	m.changes = append(m.changes, judgeTime(s.recipe.Timestamp, s.stamp, s.in.Received)...)
	if len(m.changes) == 0 {
		m = s.ask(ctx) // the signature is right; is anything else demanded?
		if m == nil {
			s.demand = s.verdict().Detail
		}
		return m
	}
	m.meaning = s.meaning(m)
	return m
}

// singles are the attempts with one change at most, the likeliest first.
func (s *search) singles() []attempt {
	all := append([]attempt{{key: -1}}, s.options()...)
	if len(s.in.Delivery.Body) > largeBody {
		all = slices.DeleteFunc(all, attempt.rare)
	}
	slices.SortStableFunc(all, func(a, b attempt) int { return cmp.Or(cmp.Compare(a.cost, b.cost), cmp.Compare(a.weight, b.weight)) })
	return all
}

// rare reports whether an attempt is left out for large bodies. Edits say so themselves.
func (a attempt) rare() bool {
	return a.key >= 0 && a.weight >= 40 || a.signing > 0 && a.weight > 20 || a.mode > 0 && a.weight >= 40
}

// options lists every single change but those in how a signature is read.
func (s *search) options() []attempt {
	var all []attempt
	static := s.recipe.Kind == verify.KindStatic
	all = append(all, s.others...)
	if !static {
		for i, e := range s.bodies.edits {
			all = append(all, attempt{edit: i + 1, key: -1, cost: 1, weight: e.weight})
		}
		for i, c := range s.hashes {
			if len(c.changes) > 0 {
				all = append(all, attempt{hash: i, key: -1, cost: 1, weight: c.weight})
			}
		}
		for i, c := range s.signings {
			if len(c.changes) > 0 {
				all = append(all, attempt{signing: i, key: -1, cost: 1, weight: c.weight})
			}
		}
	}
	for i, k := range s.keys {
		if len(k.changes) == 1 {
			all = append(all, attempt{key: i, cost: 1, weight: k.weight})
		}
	}
	for i, c := range s.modes {
		if len(c.changes) == 0 || c.hidden {
			continue
		}
		if !static {
			all = append(all, attempt{mode: i, key: -1, cost: 1, weight: c.weight})
			continue
		}
		for h := range s.hashes { // what a scheme without a hash would use is open
			all = append(all, attempt{mode: i, hash: h, key: -1, cost: 1, weight: c.weight + h})
		}
	}
	return all
}

// combinations are all pairs of options, the likeliest first.
func (s *search) combinations() []attempt {
	options := s.options()
	// What changes nothing on its own, or nothing new, may still follow another edit.
	first := slices.DeleteFunc(slices.Clone(options), func(a attempt) bool { return a.edit > 0 && !s.bodies.live[a.edit-1] })
	var all []attempt
	for i, a := range first {
		for _, b := range first[i+1:] {
			if a.edit > 0 && b.edit > 0 || a.key >= 0 && b.key >= 0 || a.mode > 0 && b.mode > 0 || a.hash > 0 && b.hash > 0 || a.signing > 0 && b.signing > 0 {
				continue
			}
			if a.recipe && b.mode+b.hash+b.signing > 0 || b.recipe && a.mode+a.hash+a.signing > 0 {
				continue
			}
			all = append(all, attempt{edit: a.edit + b.edit, recipe: a.recipe || b.recipe, key: max(a.key, b.key), mode: a.mode + b.mode, hash: a.hash + b.hash,
				signing: a.signing + b.signing, cost: 2, weight: a.weight + b.weight})
		}
		if a.edit > 0 {
			for _, b := range options {
				if b.edit > 0 && b.edit != a.edit {
					all = append(all, attempt{edit: a.edit, next: b.edit, key: -1, cost: 2, weight: a.weight + b.weight})
				}
			}
		}
		if len(s.in.Delivery.Body) <= allPrefixes {
			a.prefix, a.cost, a.weight = true, 2, a.weight+prefixWeight
			all = append(all, a)
		}
	}
	s.keys = keys(s.in, s.recipe, 2, s.asKey) // those with fewer changes keep their places
	for i, k := range s.keys {
		if len(k.changes) == 2 {
			all = append(all, attempt{key: i, cost: 2, weight: k.weight})
		}
	}
	slices.SortStableFunc(all, func(a, b attempt) int { return cmp.Compare(a.weight, b.weight) })
	return all
}

// try makes attempts until one matches with so many changes in all, and returns the
// first of those in their order; else the least of the matches with more.
func (s *search) try(ctx context.Context, attempts []attempt, enough int) *match {
	var (
		mu    sync.Mutex
		next  atomic.Int64
		found = int64(len(attempts)) // the number of the first that is enough
		first *match
		least *match
	)
	work := func() {
		ev := newEvaluator(s.in.Delivery.Header)
		for {
			n := next.Add(1) - 1
			mu.Lock()
			done := n >= found
			mu.Unlock()
			if done {
				return
			}
			if ctx.Err() != nil {
				s.cutShort.Store(true)
				return
			}
			m := s.attempt(ev, attempts[n], n)
			if m == nil {
				continue
			}
			mu.Lock()
			switch {
			case len(m.changes) <= enough && n < found:
				found, first = n, m
			case len(m.changes) > enough && (least == nil || m.weight < least.weight):
				least = m
			}
			mu.Unlock()
		}
	}
	if len(s.in.Delivery.Body) < 32<<10 {
		work()
	} else {
		var group sync.WaitGroup
		for range min(runtime.GOMAXPROCS(0), 4) {
			group.Go(work)
		}
		group.Wait()
	}
	if first != nil {
		s.cutShort.Store(false)
		return first
	}
	return least
}

// baseKeys are those that the check was made with; a scheme without a key has one that
// is empty and never used.
func (s *search) baseKeys() []key {
	var all []key
	for _, k := range s.keys {
		if len(k.changes) == 0 {
			all = append(all, k)
		}
	}
	if len(all) == 0 && s.modes[0].index == int(digest) {
		all = append(all, key{})
	}
	return all
}
