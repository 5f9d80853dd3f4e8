package provider

import (
	"slices"

	"whk/verify"
)

// conditions tell a provider's deliveries from others: all must hold.
type conditions struct {
	present, absent []field
	equals          []equality
	readsBody       bool
}

type equality struct {
	field
	value string
}

// Recognises reports whether a delivery looks like one of the provider's. It says
// nothing about who sent it. A provider that is told by its path alone recognises none.
func (p *Provider) Recognises(d *verify.Delivery) bool {
	var doc document
	doc.read(d, p.detect.readsBody)
	return p.detect.hold(&doc)
}

func (c *conditions) hold(doc *document) bool {
	if len(c.present)+len(c.equals) == 0 {
		return false
	}
	for i := range c.present {
		if _, ok := c.present[i].text(doc); !ok {
			return false
		}
	}
	for i := range c.equals {
		if text, ok := c.equals[i].text(doc); !ok || text != c.equals[i].value {
			return false
		}
	}
	for i := range c.absent {
		if _, ok := c.absent[i].text(doc); ok {
			return false
		}
	}
	return true
}

// index is what Detect needs of every definition: those that ask for a header, by that
// header, and the others. A delivery is then compared with few of them, however many
// there are.
type index struct {
	byHeader map[string][]*Provider
	rest     []*Provider
	readers  bool // whether any of rest reads the body
}

// required are headers of which one must be there, or the definition recognises
// nothing; none when there is no such rule.
func (c *conditions) required() []string {
	for _, f := range c.present {
		var names []string
		for _, a := range f.alternatives {
			if name, ok := a.template.HeaderName(); ok {
				names = append(names, name)
			}
		}
		if len(names) == len(f.alternatives) {
			return names
		}
	}
	for _, f := range c.equals {
		if name, ok := f.alternatives[0].template.HeaderName(); ok {
			return []string{name}
		}
	}
	return nil
}

// indexed returns the index, which is made when it is first needed.
func (s *Set) indexed() *index {
	if i := s.index.Load(); i != nil {
		return i
	}
	s.readAll()
	i := &index{byHeader: map[string][]*Provider{}}
	for _, e := range s.entries {
		p := must(e.get())
		names := p.detect.required()
		for _, name := range names {
			i.byHeader[name] = append(i.byHeader[name], p)
		}
		if len(names) == 0 && !p.PathOnly {
			i.rest = append(i.rest, p)
			i.readers = i.readers || p.detect.readsBody
		}
	}
	s.index.Store(i)
	return i
}

// Detect returns the provider whose deliveries look like d. When several do, it
// returns none of them and all their names; when none does, neither. A definition for
// a scheme gives way to one for a vendor.
func (s *Set) Detect(d *verify.Delivery) (p *Provider, rivals []string) {
	var doc document
	doc.read(d, false)
	var generic *Provider
	var generics []string
	consider := func(candidate *Provider) {
		if candidate == p || candidate == generic { // two of its headers came
			return
		}
		if candidate.detect.readsBody {
			doc.ensure()
		}
		switch {
		case !candidate.detect.hold(&doc):
		case candidate.Generic:
			generic, generics = candidate, append(generics, candidate.Name)
		default:
			p, rivals = candidate, append(rivals, candidate.Name)
		}
	}
	i := s.indexed()
	for name := range d.Header {
		for _, candidate := range i.byHeader[name] {
			consider(candidate)
		}
	}
	for _, candidate := range i.rest {
		consider(candidate)
	}
	if p == nil {
		p, rivals = generic, generics
	}
	if len(rivals) > 1 {
		slices.Sort(rivals)
		return nil, rivals
	}
	return p, nil
}
