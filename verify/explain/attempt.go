package explain

import (
	"bytes"
	"crypto/hmac"
	"slices"
	"strconv"
)

// pairPlace is where the places of pairs begin, behind those of all single changes.
const pairPlace = 1 << 40

// attempt computes one combination and compares it with every reading of the signature.
// Place is its number in the order of attempts.
func (s *search) attempt(ev *evaluator, a attempt, place int64) *match {
	mode := mode(s.modes[a.mode].index)
	if !s.promising(mode, s.hashes[a.hash], a.cost) && a.edit == 0 {
		if a.cost == 1 {
			s.count(a) // its length alone rules it out
		}
		return nil
	}
	if len(s.signings[a.signing].segments) == 0 && mode != inClear {
		return nil // a part of what is signed did not come
	}
	body, edited := s.edited(ev, a, place)
	if body == nil || !s.promising(mode, s.hashes[a.hash], a.cost) {
		return nil
	}
	first, last := a.key, a.key+1
	if a.key < 0 {
		first, last = 0, len(s.baseKeys())
	}
	for number := first; number < last; number++ {
		k := key{}
		if number < len(s.keys) {
			k = s.keys[number]
		}
		if len(k.bytes) == 0 && mode != digest {
			continue // an empty secret explains nothing
		}
		if a.prefix {
			if m := s.prefixes(ev, a, number, k, body, edited); m != nil {
				return m
			}
			continue
		}
		s.note(a)
		sum := ev.compute(mode, s.hashes[a.hash].index, number, k.bytes, body.bytes, s.signings[a.signing].segments)
		if r := s.matching(sum, mode, s.hashes[a.hash], a.cost); r != nil {
			return s.matched(a, k, r, edited, len(body.bytes))
		}
	}
	return nil
}

// note counts a signature that is computed.
func (s *search) note(a attempt) {
	s.tried.Add(1)
	if a.cost == 2 {
		s.pairs.Add(1)
		return
	}
	s.count(a)
}

// count counts a single change that is ruled out, if it is not what matches.
func (s *search) count(a attempt) {
	if name := s.family(a); name != "" {
		s.mu.Lock()
		s.counts[name]++
		s.mu.Unlock()
	}
}

// family is what a single change belongs to, "" for none.
func (s *search) family(a attempt) FamilyName {
	switch {
	case a.edit > 0 || a.prefix:
		return FamilyBody
	case a.key >= 0 && len(s.keys[a.key].changes) > 0:
		return FamilySecret
	case a.recipe || a.signing > 0:
		return FamilyContent
	case a.mode > 0:
		return FamilyMethod
	case a.hash > 0:
		return FamilyAlgorithm
	}
	return ""
}

// edited is the body of an attempt and the edits that made it, nil when there is no such
// body or an earlier attempt had the same.
func (s *search) edited(ev *evaluator, a attempt, place int64) (*content, []edit) {
	if a.edit == 0 {
		return s.bodies.base, nil
	}
	c := s.bodies.variant(a.edit-1, ev.scratch)
	if c == nil {
		return nil, nil
	}
	if !s.bodies.keeps() {
		ev.scratch = c.bytes[:0]
	}
	edits := []edit{s.bodies.edits[a.edit-1]}
	switch {
	case a.next > 0:
		e := s.bodies.edits[a.next-1]
		out, ok := e.make(nil, c)
		if !ok {
			return nil, nil
		}
		if c = (&content{bytes: out}); !s.bodies.fresh(c, pairPlace+place) {
			return nil, nil
		}
		return c, append(edits, e)
	case a.cost == 1:
		if !s.bodies.fresh(c, place) {
			return nil, nil
		}
		s.bodies.enliven(a.edit - 1)
	}
	return c, edits
}

// Of a body up to allPrefixes every prefix is tried, of others those that lack up to
// lastPrefixes bytes. Prefixes come behind all other changes of their number.
const (
	allPrefixes  = 4096
	lastPrefixes = 512
	prefixWeight = 120
)

// prefixes tries the body without its last bytes, one length after the other: a hash can
// be asked for its sum at any time. What comes behind the body would have to be written
// anew for each, so only content that ends with the body is tried so.
func (s *search) prefixes(ev *evaluator, a attempt, number int, k key, body *content, edited []edit) *match {
	parts, hash := s.signings[a.signing].segments, s.hashes[a.hash]
	mode := mode(s.modes[a.mode].index)
	text, last := body.bytes, len(parts)-1
	if last < 0 || parts[last].kind != segmentBody || mode != keyed && mode != inside && mode != digest && mode != secretFirst || len(text) < 2 {
		return nil
	}
	h := ev.plain[hash.index]
	h.Reset()
	switch mode {
	case keyed:
		h = ev.mac(hash.index, number, k.bytes)
	case secretFirst:
		h.Write(k.bytes)
	}
	ev.write(h, parts[:last], text, k.bytes)
	first := 1
	if len(text) > allPrefixes {
		first = len(text) - lastPrefixes
	}
	h.Write(text[:first])
	for n := first; n < len(text); n++ {
		s.note(a)
		ev.sum = h.Sum(ev.sum[:0])
		if r := s.matching(ev.sum, mode, hash, a.cost); r != nil {
			m := s.matched(a, k, r, edited, n)
			c := changeOf(BodyTooLong, "only the first "+strconv.Itoa(n)+" bytes of the body are taken")
			if len(edited) == 0 {
				c.Detail = lengths(len(s.bodies.base.bytes), n)
			}
			m.changes = slices.Insert(m.changes, len(edited), c)
			return m
		}
		h.Write(text[n : n+1])
	}
	return nil
}

// matched puts together what had to change.
func (s *search) matched(a attempt, k key, r *reading, edits []edit, size int) *match {
	m := &match{weight: a.weight + r.weight}
	for i, e := range edits {
		c := e.change()
		if i == 0 {
			c.Detail = lengths(len(s.bodies.base.bytes), size)
		}
		m.changes = append(m.changes, c)
	}
	m.changes = append(m.changes, k.changes...)
	if a.recipe {
		m.changes = append(m.changes, changeOf(OtherRecipe, "it is signed by another of the provider's schemes"))
	} else {
		m.changes = append(append(append(m.changes, s.modes[a.mode].changes...), s.hashChange(a)...), s.signings[a.signing].changes...)
	}
	m.changes = append(m.changes, r.changes...)
	return m
}

// hashChange is that of the hash; for a scheme without one the hash belongs to the mode.
func (s *search) hashChange(a attempt) []Change {
	if mode(s.modes[0].index) != inClear {
		return s.hashes[a.hash].changes
	}
	return nil
}

// promising reports whether any reading is as long as what a hash gives, so that it is
// worth being computed.
func (s *search) promising(m mode, hash choice, cost int) bool {
	return slices.ContainsFunc(s.readings, func(r reading) bool {
		return s.comparable(&r, m, hash, cost) && (m == inClear || len(r.sum) == s.size(hash) || r.cut && len(r.sum) < s.size(hash))
	})
}

func (s *search) size(hash choice) int { return s.sizes[hash.index] }

// comparable reports whether a reading has to do with a mode and a hash.
func (s *search) comparable(r *reading, m mode, hash choice, cost int) bool {
	switch {
	case r.text != (m == inClear), cost+len(r.changes) > 2:
		return false
	case r.hash != "" && r.hash != s.names[hash.index]:
		return false
	case m == digest && !r.own && s.modes[0].index != int(digest): // some digest, which anybody may send
		return false
	}
	return true
}

// matching is the least changed reading that holds a signature.
func (s *search) matching(sum []byte, m mode, hash choice, cost int) *reading {
	var best *reading
	for i := range s.readings {
		r := &s.readings[i]
		if !s.comparable(r, m, hash, cost) || !r.holds(sum) {
			continue
		}
		if best == nil || len(r.changes) < len(best.changes) || len(r.changes) == len(best.changes) && r.weight < best.weight {
			best = r
		}
	}
	return best
}

// holds compares all bytes, or for a reading that was cut short all that came.
func (r *reading) holds(sum []byte) bool {
	switch {
	case r.folded:
		return len(sum) == len(r.sum) && bytes.EqualFold(sum, r.sum)
	case !r.cut:
		return hmac.Equal(sum, r.sum)
	case len(sum) <= len(r.sum):
		return false
	}
	n := len(r.sum)
	return hmac.Equal(sum[:n], r.sum) && (r.half < 0 || int(sum[n]>>4) == r.half)
}
