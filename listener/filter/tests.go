package filter

import "time"

// nameTest is provider: and event:.
type nameTest struct{ globs []nameGlob }

// nameGlob fits a provider, a name, or both.
type nameGlob struct{ provider, name glob }

func (t *nameTest) needs() Needs          { return Needs{} }
func (t *nameTest) match(x *Subject) bool { return t.fits(x.Event.Provider, x.Event.Name()) }
func (t *nameTest) row(r *Row) answer     { return answerOf(t.fits(r.Provider, r.Name)) }

func (t *nameTest) fits(provider, name string) bool {
	for i := range t.globs {
		if g := &t.globs[i]; g.provider.match(provider) && g.name.match(name) {
			return true
		}
	}
	return false
}

// numberTest is n: and size:.
type numberTest struct {
	of     quantity
	ranges []span
}

type quantity int

const (
	numberOfEvent quantity = iota
	sizeOfBody
)

// An event that was listed without its body cannot be measured.
func (t *numberTest) needs() Needs { return Needs{Body: t.of == sizeOfBody} }

func (t *numberTest) match(x *Subject) bool {
	return t.fits(&Row{N: x.Event.N, Size: int64(len(x.Event.Delivery.Body))})
}

func (t *numberTest) row(r *Row) answer { return answerOf(t.fits(r)) }

func (t *numberTest) fits(r *Row) bool {
	n := r.N
	if t.of == sizeOfBody {
		n = r.Size
	}
	for _, s := range t.ranges {
		if s.holds(n) {
			return true
		}
	}
	return false
}

// timeTest is since: and until:.
type timeTest struct {
	at    time.Time
	until bool
}

func (t *timeTest) needs() Needs          { return Needs{} }
func (t *timeTest) match(x *Subject) bool { return t.fits(x.Event.At) }
func (t *timeTest) row(r *Row) answer     { return answerOf(t.fits(r.At)) }

func (t *timeTest) fits(at time.Time) bool {
	if t.until {
		return !at.After(t.at)
	}
	return !at.Before(t.at)
}

// bodyTextTest is body:.
type bodyTextTest struct{ text text }

func (t *bodyTextTest) needs() Needs               { return Needs{Body: true} }
func (t *bodyTextTest) match(x *Subject) bool      { return t.text.in(x.Event.Delivery.Body) }
func (t *bodyTextTest) body(_ *Row, b []byte) bool { return t.text.in(b) }

// wordTest is a bare word.
type wordTest struct{ text text }

func (t *wordTest) needs() Needs { return Needs{Body: true} }

func (t *wordTest) match(x *Subject) bool {
	return t.fits(x.Event.Provider, x.Event.Name(), x.Event.Delivery.Body)
}

func (t *wordTest) body(r *Row, b []byte) bool { return t.fits(r.Provider, r.Name, b) }

func (t *wordTest) fits(provider, name string, body []byte) bool {
	return t.text.in(body) || t.text.in([]byte(provider+"/"+name))
}

// headerTest is header:.
type headerTest struct {
	name  glob
	value *glob
}

func (t *headerTest) needs() Needs { return Needs{} }

func (t *headerTest) match(x *Subject) bool {
	d := x.Event.Delivery
	if d.Host != "" && t.name.match("Host") && (t.value == nil || t.value.match(d.Host)) {
		return true
	}
	for name, values := range d.Header {
		if !t.name.match(name) {
			continue
		}
		if t.value == nil {
			return true
		}
		for _, v := range values {
			if t.value.match(v) {
				return true
			}
		}
	}
	return false
}

// methodTest is method:, pathTest path:.
type methodTest struct{ globs []glob }

func (t *methodTest) needs() Needs          { return Needs{} }
func (t *methodTest) match(x *Subject) bool { return matchAny(t.globs, x.Event.Delivery.Method) }

type pathTest struct{ globs []glob }

func (t *pathTest) needs() Needs          { return Needs{} }
func (t *pathTest) match(x *Subject) bool { return matchAny(t.globs, x.Event.Delivery.Path()) }

// idTest is id:.
type idTest struct {
	globs []glob
	// prefixes are hexadecimal digits with which the event's own id can begin.
	prefixes []string
}

func (t *idTest) needs() Needs { return Needs{Body: true, Facts: true} }

func (t *idTest) match(x *Subject) bool {
	for _, prefix := range t.prefixes {
		if hasDigits(x.Event.ID, prefix) {
			return true
		}
	}
	for _, id := range x.Facts().IDs {
		if matchAny(t.globs, id) {
			return true
		}
	}
	return false
}

// hasDigits reports whether an id begins with some digits, its dashes apart.
func hasDigits(id, prefix string) bool {
	for i := 0; i < len(id) && prefix != ""; i++ {
		switch {
		case id[i] == '-':
		case lower(id[i]) != prefix[0]:
			return false
		default:
			prefix = prefix[1:]
		}
	}
	return prefix == ""
}
