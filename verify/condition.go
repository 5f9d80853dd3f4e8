package verify

import (
	"fmt"
	"maps"
	"slices"
)

// Conditions are things that hold of a delivery or do not, all of them at once. They
// look at its method, URL, query and headers, and never into its body, so that they can
// be asked before anything is judged.
type Conditions struct {
	// Present are templates that have a value, Absent such as have none.
	Present []string `yaml:"present,omitempty"`
	Absent  []string `yaml:"absent,omitempty"`
	// Equals maps templates to the text that they give.
	Equals map[string]string `yaml:"equals,omitempty"`
}

// conditions are Conditions made ready.
type conditions struct {
	present, absent []*Template
	equals          []requirement
}

// requirement is two templates that must give the same text.
type requirement struct {
	left, right *Template
}

// headOnly are the variables that conditions may use.
var headOnly = []variable{literal, varHeader, varQuery, varMethod, varPath}

func headTemplate(source string) (*Template, error) {
	t, err := ParseTemplate(source)
	if err != nil {
		return nil, err
	}
	for _, p := range t.parts {
		if !slices.Contains(headOnly, p.variable) {
			return nil, fmt.Errorf("%q: only {header.NAME}, {query.NAME}, {method} and {path} may stand here", source)
		}
	}
	return t, nil
}

func (c *compiled) compileWhen() error {
	if c.When == nil {
		return nil
	}
	when := &conditions{}
	for _, list := range []struct {
		sources []string
		into    *[]*Template
	}{{c.When.Present, &when.present}, {c.When.Absent, &when.absent}} {
		for _, source := range list.sources {
			t, err := headTemplate(source)
			if err != nil {
				return fmt.Errorf("when %w", err)
			}
			*list.into = append(*list.into, t)
		}
	}
	for _, source := range slices.Sorted(maps.Keys(c.When.Equals)) {
		t, err := headTemplate(source)
		if err != nil {
			return fmt.Errorf("when %w", err)
		}
		when.equals = append(when.equals, requirement{t, &Template{source: c.When.Equals[source], parts: []part{{variable: literal, text: c.When.Equals[source]}}}})
	}
	c.when = when
	return nil
}

// compileRequire reads the templates that must agree.
func (c *compiled) compileRequire() error {
	for _, left := range slices.Sorted(maps.Keys(c.Require)) {
		var r requirement
		for source, into := range map[string]**Template{left: &r.left, c.Require[left]: &r.right} {
			t, err := ParseTemplate(source)
			if err != nil {
				return fmt.Errorf("require: %w", err)
			}
			for _, p := range t.parts {
				if !slices.Contains(headOnly, p.variable) && p.variable != varBodySHA256 && p.variable != varURL {
					return fmt.Errorf("require %q: only the head of a delivery and {body_sha256} may stand here", source)
				}
			}
			*into = t
		}
		c.require = append(c.require, r)
	}
	return nil
}

func (c *conditions) hold(d *Delivery) bool {
	values := Values{Delivery: d}
	has := func(t *Template) bool {
		text, ok := t.Text(&values)
		return ok && text != ""
	}
	return !slices.ContainsFunc(c.present, func(t *Template) bool { return !has(t) }) &&
		!slices.ContainsFunc(c.absent, has) &&
		!slices.ContainsFunc(c.equals, func(r requirement) bool { return !r.met(&values) })
}

func (r requirement) met(v *Values) bool {
	left, ok := r.left.Text(v)
	right, also := r.right.Text(v)
	return ok && also && left == right
}

// applies reports whether the recipe is one for a delivery.
func (c *compiled) applies(d *Delivery) bool { return c.when == nil || c.when.hold(d) }

// unmet returns the first of the requirements that a delivery does not meet.
func (c *compiled) unmet(d *Delivery, base string) (requirement, bool) {
	if len(c.require) == 0 {
		return requirement{}, false
	}
	values := Values{Delivery: d, Base: base}
	for _, r := range c.require {
		if !r.met(&values) {
			return r, true
		}
	}
	return requirement{}, false
}
