package provider

import (
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

// Detect returns the provider whose deliveries look like d. When several do, it
// returns none of them and all their names; when none does, neither.
func (s *Set) Detect(d *verify.Delivery) (p *Provider, rivals []string) {
	var doc document
	doc.read(d, true)
	for _, e := range s.entries {
		candidate := must(e.get())
		if candidate.detect.hold(&doc) {
			p = candidate
			rivals = append(rivals, candidate.Name)
		}
	}
	if len(rivals) > 1 {
		return nil, rivals
	}
	return p, nil
}
