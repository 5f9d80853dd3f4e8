package explain

import (
	"net/http"
	"slices"

	"whk/verify"
)

// choice is another hash or mode than that of the recipe.
type choice struct {
	index   int // of the hash, or the mode itself
	changes []Change
	weight  int
	hidden  bool // belongs to another recipe
}

// fitting is the recipe whose form the header has, of several that read the same one;
// first is the one that the scheme would take.
func fitting(d *verify.Delivery, recipes []verify.Recipe, first int) int {
	header := http.CanonicalHeaderKey(recipes[first].Header)
	fits := func(r verify.Recipe) bool {
		return http.CanonicalHeaderKey(r.Header) == header && slices.ContainsFunc(readings(d, r, header), func(x reading) bool {
			return x.own && !x.text && !x.cut && len(x.changes) == 0 && slices.ContainsFunc(algorithms(), func(h hashing) bool {
				return h.name == r.Algorithm && h.size == len(x.sum)
			})
		})
	}
	if len(recipes) > 1 && !fits(recipes[first]) {
		if i := slices.IndexFunc(recipes, fits); i >= 0 {
			return i
		}
	}
	return first
}

// addRecipe makes an attempt of another recipe of the scheme, one of the same header and
// of a version that is not told apart any more, perhaps.
func (s *search) addRecipe(r verify.Recipe, values *verify.Values) {
	parts, ok := segments(r.Signed, values)
	if !ok || r.Kind != verify.KindHMAC && r.Kind != verify.KindHash {
		return
	}
	a := attempt{signing: len(s.signings), recipe: true, key: -1, cost: 1, weight: 4}
	a.hash = slices.IndexFunc(s.hashes, func(c choice) bool { return s.names[c.index] == r.Algorithm })
	a.mode = slices.IndexFunc(s.modes, func(c choice) bool { return mode(c.index) == modeOf(r) })
	if a.hash < 0 {
		return
	}
	if a.mode < 0 {
		a.mode = len(s.modes)
		s.modes = append(s.modes, choice{index: int(modeOf(r)), hidden: true})
	}
	s.signings = append(s.signings, signing{segments: parts, hidden: true})
	s.others = append(s.others, a)
}

func modeOf(r verify.Recipe) mode {
	switch {
	case r.Kind == verify.KindStatic:
		return inClear
	case r.Kind == verify.KindHash && hasSecret(r.Signed):
		return inside
	case r.Kind == verify.KindHash:
		return digest
	}
	return keyed
}

func (s *search) asKey(secret verify.Secret) ([]byte, error) {
	return s.in.Scheme.Key(s.number, secret)
}

func hashChoices(r verify.Recipe) []choice {
	var all []choice
	for i, h := range algorithms() {
		c := choice{index: i, weight: 5 + i}
		switch {
		case h.name == r.Algorithm, r.Kind == verify.KindStatic:
			c.weight = 0
		default:
			c.changes = []Change{changeOf(OtherAlgorithm, "the hash is "+h.title+", not "+title(r.Algorithm))}
		}
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b choice) int { return len(a.changes) - len(b.changes) })
	return all
}

func title(name string) string {
	for _, h := range algorithms() {
		if h.name == name {
			return h.title
		}
	}
	return name
}

// modeChoices puts the mode of the recipe first.
func modeChoices(r verify.Recipe) []choice {
	own := modeOf(r)
	all := []choice{{index: int(own)}}
	add := func(m mode, weight int, c Cause, what string) {
		if m != own {
			all = append(all, choice{index: int(m), changes: []Change{changeOf(c, what)}, weight: weight})
		}
	}
	add(keyed, 8, KeyedHash, "the value is an HMAC under the secret")
	add(swapped, 20, KeySwapped, "key and message of the HMAC are swapped")
	add(secretFirst, 21, PlainHash, "a plain hash of secret and content is computed, not an HMAC")
	add(secretLast, 22, PlainHash, "a plain hash of content and secret is computed, not an HMAC")
	add(digest, 23, Unkeyed, "a plain hash of the content is computed, without any secret")
	add(inClear, 24, SecretInClear, "the header holds the secret itself")
	add(secretColon, 40, PlainHash, "a plain hash of secret, a colon and content is computed")
	add(colonSecret, 41, PlainHash, "a plain hash of content, a colon and secret is computed")
	add(secretBoth, 42, PlainHash, "a plain hash of secret, content and secret again is computed")
	return all
}

func hasSecret(template string) bool {
	parts, _ := segments(template, &verify.Values{Delivery: &verify.Delivery{}})
	return slices.ContainsFunc(parts, func(s segment) bool { return s.kind == segmentSecret }) || len(parts) == 0
}
