package provider

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// DefaultVariant is the name of a sample's own form, beside its variants.
const DefaultVariant = "default"

// EventInfo is one event of a provider, for lists.
type EventInfo struct {
	// Name is the event's name without its provider, "Contact.create".
	Name, Entity, Action string
	// Aliases are other names under which Sample finds it.
	Aliases []string
	// Certainty is that of the weakest part of what forging sends: the event's name,
	// its entity, its action, or the shape of the body.
	Certainty Certainty
	Note      string
	// Variants are the forms that Sample makes, the default one first.
	Variants []VariantInfo
	// Known marks an event that exists and cannot be forged; Why says why not.
	Known bool
	Why   string
}

// VariantInfo is one form of a sample.
type VariantInfo struct {
	Name      string
	Certainty Certainty
	Note      string
}

// Events lists every event that the definition names: those that can be forged, entity
// by entity, then those that are only known to exist. The result is shared.
func (p *Provider) Events() []EventInfo { return p.table() }

func (p *Provider) listEvents() []EventInfo {
	samples, _ := p.samples() // the sound ones; whoever reads a definition hears of the others
	var events []EventInfo
	for i := range p.Entities {
		e := &p.Entities[i]
		for _, action := range p.actionsOf(e) {
			events = append(events, p.eventInfo(e, action, samples))
		}
		if p.bare(e) {
			events = append(events, p.eventInfo(e, Action{}, samples))
		}
	}
	for _, k := range p.known {
		events = append(events, EventInfo{Name: k.Name, Certainty: k.Certainty, Known: true, Why: k.Why})
	}
	return events
}

func (p *Provider) eventInfo(e *Entity, action Action, samples []*sampleFile) EventInfo {
	info := EventInfo{
		Name: Name(e.Name, action.Name), Entity: e.Name, Action: action.Name,
		Certainty: e.Certainty.Weakest(action.Certainty),
	}
	for _, a := range e.Aliases {
		info.Aliases = append(info.Aliases, Name(a.Name, action.Name))
	}
	for _, c := range p.certain {
		if strings.EqualFold(c.Event, info.Name) {
			info.Aliases = append(info.Aliases, c.Aliases...)
		}
	}
	s, _ := pick(samples, info.Name)
	notes := []string{e.Note, action.Note}
	if s != nil {
		info.Certainty = info.Certainty.Weakest(s.Certainty)
		notes = append(notes, s.Note)
	}
	for _, c := range p.certain {
		if matchPart(c.Event, info.Name) {
			info.Certainty = cmp.Or(c.Certainty, info.Certainty)
			notes = append([]string{c.Note}, notes...)
			break
		}
	}
	info.Note = strings.Join(slices.DeleteFunc(notes, func(n string) bool { return n == "" }), "; ")
	if s == nil {
		info.Known, info.Why = true, "the definition has no sample for it"
		return info
	}
	for _, f := range formsOf(samples, info.Name, info.Certainty) {
		info.Variants = append(info.Variants, f.VariantInfo)
	}
	return info
}

// variantsOf lists the forms of an event that the sample itself makes, the default one
// first; none is more certain than the event itself.
func (s *sampleFile) variantsOf(event string, certainty Certainty) []VariantInfo {
	infos := []VariantInfo{{Name: DefaultVariant, Certainty: certainty}}
	for name, v := range s.Variants {
		if v.fits(event) {
			infos = append(infos, VariantInfo{name, certainty.Weakest(v.Certainty), v.Note})
		}
	}
	slices.SortFunc(infos[1:], func(a, b VariantInfo) int { return strings.Compare(a.Name, b.Name) })
	return infos
}

// form is one form of an event: its sample's own, one of the sample's variants, or a
// file that is a variant.
type form struct {
	VariantInfo
	file    *sampleFile
	variant variant
}

// formsOf lists every form of an event that has a sample, the default one first.
func formsOf(samples []*sampleFile, event string, certainty Certainty) []form {
	s, _ := pick(samples, event)
	var forms []form
	for _, info := range s.variantsOf(event, certainty) {
		forms = append(forms, form{info, s, s.Variants[info.Name]})
	}
	for _, other := range samples {
		if other.Variant != "" && other.serves(event) > 0 {
			forms = append(forms, form{VariantInfo{other.Variant, certainty.Weakest(other.Certainty), other.Note}, other, variant{}})
		}
	}
	slices.SortFunc(forms[1:], func(a, b form) int { return strings.Compare(a.Name, b.Name) })
	return forms
}

func (v variant) fits(event string) bool {
	return len(v.Events) == 0 || slices.ContainsFunc(v.Events, func(glob string) bool { return matchPart(glob, event) })
}

func (p *Provider) eventNames() []string {
	var names []string
	for i := range p.Entities {
		e := &p.Entities[i]
		for _, action := range p.actionsOf(e) {
			names = append(names, Name(e.Name, action.Name))
		}
		if p.bare(e) {
			names = append(names, e.Name)
		}
	}
	return names
}

// ErrNotForgeable says that an event exists, but that too little is known to send it.
var ErrNotForgeable = errors.New("the event exists, but cannot be forged")

// Sample returns what forging needs for an event, in one of its variants; "" or
// "default" is the sample's own form. The event's name, an alias of its entity and the
// variant are matched without regard to case. What nothing is called is an
// UnknownError, an event that is only known to exist wraps ErrNotForgeable.
func (p *Provider) Sample(event, variant string) (*Sample, error) {
	entity, emit, action, ok := p.resolve(event)
	if !ok {
		return nil, p.unknownEvent(event)
	}
	samples, broken := p.samples()
	name := Name(entity.Name, action)
	if file, _ := pick(samples, name); file == nil {
		if broken != nil {
			return nil, fmt.Errorf("%s/%s: %w", p.Name, name, &SamplesError{p.Name, broken})
		}
		return nil, fmt.Errorf("%s/%s: %w: the definition has no sample for it", p.Name, name, ErrNotForgeable)
	}
	a, _ := p.Action(action)
	known := formsOf(samples, name, p.eventInfo(entity, *cmp.Or(a, &Action{}), samples).Certainty)
	i := slices.IndexFunc(known, func(f form) bool { return strings.EqualFold(f.Name, cmp.Or(variant, DefaultVariant)) })
	if i < 0 && brokenVariant(broken, variant) {
		return nil, fmt.Errorf("%s/%s: variant %s: %w", p.Name, name, clip(variant), &SamplesError{p.Name, broken})
	}
	if i < 0 {
		names := make([]string, len(known))
		for i, f := range known {
			names[i] = f.Name
		}
		return nil, &UnknownError{What: ErrUnknownVariant, Name: variant, Of: p.Name + "/" + name, Nearest: Nearest(variant, names), Known: names}
	}
	f := known[i]
	return &Sample{
		Entity: emit, Action: action, Variant: f.Name, Certainty: f.Certainty, Note: cmp.Or(f.Note, f.file.Note),
		provider: p, of: entity, file: f.file, form: f.variant,
	}, nil
}

// brokenVariant reports whether a variant may be what a file holds that cannot be used: a
// sample that was saved lies in a file of its name.
func brokenVariant(broken error, variant string) bool {
	faults, _ := FaultsOf(broken)
	return slices.ContainsFunc(faults, func(f Fault) bool {
		return strings.EqualFold(path.Base(slashed(f.File)), variant+".json")
	})
}

// resolve takes the name of an event apart: at each dot from the last, since entities
// may have dots in their names.
func (p *Provider) resolve(event string) (e *Entity, emit, action string, ok bool) {
	for _, c := range p.certain {
		if slices.ContainsFunc(c.Aliases, func(alias string) bool { return strings.EqualFold(alias, event) }) {
			event = c.Event
			break
		}
	}
	if e, emit, found := p.Entity(event); found && p.bare(e) {
		return e, emit, "", true
	}
	for i := len(event) - 1; i > 0; i-- {
		if event[i] != '.' {
			continue
		}
		e, emit, found := p.Entity(event[:i])
		a, known := p.Action(event[i+1:])
		if found && known && (e.Actions == nil || slices.Contains(e.Actions, a.Name)) {
			return e, emit, a.Name, true
		}
	}
	return nil, "", "", false
}

func (p *Provider) unknownEvent(event string) error {
	for _, k := range p.known {
		fits := func(glob string) bool { return matchPart(glob, event) }
		if strings.EqualFold(k.Name, event) || slices.ContainsFunc(k.Match, fits) {
			return fmt.Errorf("%s/%s: %w: %s", p.Name, clip(event), ErrNotForgeable, k.Why)
		}
	}
	names := p.eventNames()
	for _, c := range p.certain {
		names = append(names, c.Aliases...)
	}
	for _, e := range p.Entities {
		for _, alias := range e.Aliases {
			for _, action := range p.actionsOf(&e) {
				names = append(names, Name(alias.Name, action.Name))
			}
		}
	}
	return &UnknownError{What: ErrUnknownEvent, Name: event, Of: p.Name, Nearest: Nearest(event, names)}
}
