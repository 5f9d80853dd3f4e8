package provider

import (
	"maps"
	"slices"
	"strings"
)

// The most events that one definition may span.
const maxEvents = 10_000

// entities checks the table of entities and actions against itself.
func (b *builder) entities(p *Provider) {
	actions := map[string]bool{}
	for i, a := range p.Actions {
		switch folded := strings.ToLower(a.Name); {
		case a.Name == "" || refuseName(a.Name, "") != "":
			b.fault(at("actions", i, "name"), "actions: %q cannot be a name: letters, digits and _ . : - only", clip(a.Name))
		case actions[folded]:
			b.fault(at("actions", i, "name"), "actions: %s is there twice", a.Name)
		default:
			actions[folded] = true
		}
	}
	if n := len(p.Actions) * len(b.d.Entities); n > maxEvents {
		b.fault(at("entities"), "entities: %d events, at most %d can be listed", n, maxEvents)
		return
	}
	taken := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(b.d.Entities)) {
		d := b.d.Entities[name]
		way := func(key string) []any { return at("entities", name, key) }
		b.claimName(way(""), taken, name, name)
		for _, alias := range d.Aliases {
			b.claimName(way("aliases"), taken, alias.Name, name)
		}
		for _, action := range d.Actions {
			if !slices.ContainsFunc(p.Actions, func(a Action) bool { return a.Name == action }) {
				b.fault(way("actions"), "%s: there is no action %q", name, action)
			}
		}
		if _, ok := b.d.Entities[d.Parent]; d.Parent != "" && !ok {
			b.fault(way("parent"), "%s: there is no entity %q", name, d.Parent)
		}
		p.Entities = append(p.Entities, Entity{
			Name: name, Path: d.Path, ID: d.ID, Parent: d.Parent, Aliases: d.Aliases,
			Actions: d.Actions, Certainty: d.Certainty, Note: d.Note,
		})
	}
}

// claimName records a spelling of an entity, which no other may have.
func (b *builder) claimName(way []any, taken map[string]string, name, entity string) {
	folded := strings.ToLower(name)
	switch owner, ok := taken[folded]; {
	case name == "" || refuseName(name, "") != "":
		b.fault(way, "entities: %q cannot be a name: letters, digits and _ . : - only", clip(name))
	case ok:
		b.fault(way, "entities: %s is a name of %s and of %s", name, owner, entity)
	}
	taken[folded] = entity
}

// certainties fills in what was left out and refuses what is none.
func (b *builder) certainties(p *Provider) {
	b.certainty(at("certainty"), &p.Certainty)
	for i := range p.Actions {
		b.certainty(at("actions", i, "certainty"), &p.Actions[i].Certainty)
	}
	for i := range p.Entities {
		e := &p.Entities[i]
		b.certainty(at("entities", e.Name, "certainty"), &e.Certainty)
		for j := range e.Aliases {
			b.certainty(at("entities", e.Name, "aliases", j, "certainty"), &e.Aliases[j].Certainty)
		}
	}
	for i := range p.known {
		b.certainty(at("known", i, "certainty"), &p.known[i].Certainty)
		if p.known[i].Name == "" || p.known[i].Why == "" {
			b.fault(at("known", i), "known: give a name and why it cannot be forged")
		}
	}
	for i := range p.certain {
		if p.certain[i].Certainty != "" {
			b.certainty(at("events", i, "certainty"), &p.certain[i].Certainty)
		}
		if p.certain[i].Event == "" {
			b.fault(at("events", i), "events: missing event, a name or a glob")
		}
	}
	b.eventAliases(p)
	for i := range p.Claims {
		b.certainty(at("claims", i, "certainty"), &p.Claims[i].Certainty)
	}
	m := &p.Manners
	for key, manner := range map[string]*Manner{"duplicates": m.Duplicates, "order": m.Order, "backup": m.Backup} {
		if manner != nil {
			b.certainty(at("delivery", key, "certainty"), &manner.Certainty)
		}
	}
	if m.Retries != nil {
		b.certainty(at("delivery", "retries", "certainty"), &m.Retries.Certainty)
		b.notNegative(at("delivery", "retries", "max"), m.Retries.Max)
	}
	if m.Disable != nil {
		b.certainty(at("delivery", "disable", "certainty"), &m.Disable.Certainty)
		b.notNegative(at("delivery", "disable", "after_consecutive_failures"), m.Disable.AfterConsecutiveFailures)
	}
	for i := range m.Budget {
		limit := &m.Budget[i]
		b.certainty(at("delivery", "budget", i, "certainty"), &limit.Certainty)
		if (limit.Calls > 0) != (limit.Per > 0) || (limit.Calls > 0) == (limit.Concurrent > 0) {
			b.fault(at("delivery", "budget", i), "budget: give calls and per, or concurrent")
		}
	}
}

// eventAliases checks that each further name stands for one event, and is no other's.
func (b *builder) eventAliases(p *Provider) {
	taken := map[string]string{}
	for i, c := range p.certain {
		if len(c.Aliases) == 0 {
			continue
		}
		if len(taken) == 0 {
			for _, name := range p.eventNames() {
				taken[strings.ToLower(name)] = name
			}
		}
		if _, ok := taken[strings.ToLower(c.Event)]; !ok {
			b.fault(at("events", i, "event"), "events: %q is no event; expected the name of one, for aliases stand for one event", clip(c.Event))
			continue
		}
		for j, alias := range c.Aliases {
			owner, ok := taken[strings.ToLower(alias)]
			switch {
			case refuseName(alias, "") != "":
				b.fault(at("events", i, "aliases", j), "aliases: %q cannot be a name: letters, digits and _ . : - only", clip(alias))
			case ok:
				b.fault(at("events", i, "aliases", j), "aliases: %s is a name of %s already", alias, owner)
			default:
				taken[strings.ToLower(alias)] = c.Event
			}
		}
	}
}

func (b *builder) certainty(way []any, c *Certainty) {
	if *c == "" {
		*c = b.d.Certainty
	}
	switch {
	case c.rank() >= 0:
	case *c == b.d.Certainty && len(way) > 1: // reported once, where it was written
	case *c == "":
		b.fault(way, "certainty: missing; expected documented, seen or guessed")
	default:
		b.fault(way, "certainty %q: expected documented, seen or guessed", clip(string(*c)))
	}
}

func (b *builder) notNegative(way []any, n int) {
	if n < 0 {
		b.fault(way, "%s: expected a number from 0", label(way))
	}
}
