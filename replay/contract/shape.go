package contract

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"whk/verify/provider"
)

// These checks are about forms that some provider sends and that handlers trip over.
// Which provider that is, the samples say: a check is for whoever has the form.

func shapeChecks() []Check {
	return []Check{
		{ID: "schema.null-user", Scope: having("events that nobody caused", func(s *Specimen) bool { return s.Variant == "null-user" }), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutShape,
			Title: "events that no user caused", Expect: "2xx",
			Why: "the user is null then; reading its id fails", Run: func(x *Exam) {
				for _, spec := range x.withVariant(func(name string) bool { return name == "null-user" }) {
					if !x.hopeless(spec) {
						x.Accept(x.signedOf(spec))
					}
				}
			}},
		{ID: "schema.delete-ints", Scope: Scope{"lists that hold objects or numbers", func(s *Subject) bool { _, ok := s.numbersForObjects(); return ok }}, Severity: Error, Risk: Low, Mode: Quick, Topic: AboutShape,
			Title: "a list of numbers where other events have objects", Expect: "2xx",
			Why: "reading the id of a number fails, or deletes nothing", Run: schemaDeleteInts},
		{ID: "schema.parent-null", Scope: having("parents that may be null", func(s *Specimen) bool { return strings.Contains(s.Variant, "parent") }), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutShape,
			Title: "a parent that is null, and one that is an object", Expect: "2xx",
			Why: "both occur for one kind of thing", Run: schemaParent},
		{ID: "schema.many-items", Scope: Scope{"events about several things", func(s *Subject) bool { _, _, ok := s.itemList(); return ok }}, Severity: Error, Risk: Low, Mode: Full, Topic: AboutShape,
			Title: "0, 1, 2 and 500 things in one event", Expect: "2xx",
			Why: "who reads the first one alone loses the others without notice", Run: schemaManyItems},
		{ID: "schema.typo-types", Scope: Scope{"types with several spellings", func(s *Subject) bool { return len(s.aliases()) > 0 }}, Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutUnknown,
			Title: "the spellings of types that the vendor documents, misspelt ones too", Expect: "2xx",
			Why: "nobody knows which of them is sent tomorrow", Run: func(x *Exam) {
				for _, name := range x.aliases() {
					if sample, err := x.Provider.Sample(name, ""); err == nil {
						spec := &Specimen{Event: name, Variant: provider.DefaultVariant, Entity: sample.Entity, Action: sample.Action, Certainty: sample.Certainty, sample: sample, method: http.MethodPost}
						x.Accept(x.signedOf(spec))
					}
				}
			}},
		{ID: "schema.old-null", Scope: Scope{"events with old and new values", (*Subject).changes}, Severity: Error, Risk: Medium, Mode: Quick, Topic: AboutShape,
			Title: "a creation without old values, a deletion without new ones, an update with few", Expect: "2xx",
			Why: "one of the two sides is null, and only what changed is sent", Run: func(x *Exam) {
				for _, spec := range x.forms {
					if spec.Variant == provider.DefaultVariant || spec.Variant == "sparse" {
						x.acceptAs(x.signedOf(spec), x.check.Severity)
					}
				}
			}},
		{ID: "schema.other-properties", Scope: Scope{"maps of custom fields", func(s *Subject) bool { return len(s.customMaps()) > 0 }}, Severity: Error, Risk: Low, Mode: Full, Topic: AboutShape,
			Title: "custom fields that are missing, empty and unknown", Expect: "2xx",
			Why: "whoever administers the account adds and removes them at any time", Run: schemaOther},
		{ID: "schema.actions", Scope: Scope{"more actions than create, update and delete", func(s *Subject) bool { return len(s.furtherActions()) > 0 }}, Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutUnknown,
			Title: "every action that the provider has, and one that it has not", Expect: "2xx",
			Why: "an action that nobody thought of counts as a failure", Run: schemaActions},
		{ID: "schema.asset-null", Scope: having("ids that may be null", func(s *Specimen) bool { return len(s.nullIDs()) > 0 }), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutShape,
			Title: "things without an id, without an address, with blank names", Expect: "2xx",
			Why: "the vendor's own sample has them", Run: schemaNulls},
		{ID: "schema.micros", Scope: having("times with microseconds", func(s *Specimen) bool { return len(s.microTimes()) > 0 }), Severity: Error, Risk: Low, Mode: Full, Topic: AboutShape,
			Title: "times with six digits, other zones and a leap day", Expect: "2xx",
			Why: "parsers that know three digits or Z alone fail", Run: schemaMicros},
		{ID: "schema.gps", Scope: having("coordinates", func(s *Specimen) bool { return len(s.coordinates()) > 0 }), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutShape,
			Title: "coordinates of zero, of the poles, with eight digits and with a decimal comma, by every method", Expect: "2xx",
			Why: "zero is a place, and the form of numbers is not settled", Run: schemaGPS},
		{ID: "schema.pos", Scope: Scope{"events named by an unsigned header", (*Subject).namedByHeader}, Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutUnknown,
			Title: "a body with the header of every event, and of another kind of thing", Expect: "no failure",
			Why: "the header is not signed, so that it may disagree with the body", Run: schemaHeaderNames},
	}
}

// numbersForObjects finds a list that holds numbers in one event and objects in another.
func (s *Subject) numbersForObjects() (*Specimen, bool) {
	objects := map[string]bool{}
	for _, spec := range s.forms {
		for _, l := range spec.lists() {
			if len(l.node.kids) > 0 && l.node.kids[0].kind == '{' {
				objects[l.path] = true
			}
		}
	}
	i := slices.IndexFunc(s.forms, func(spec *Specimen) bool {
		return slices.ContainsFunc(spec.lists(), func(l leaf) bool {
			return objects[l.path] && len(l.node.kids) > 0 && l.node.kids[0].kind == '0'
		})
	})
	if i < 0 {
		return nil, false
	}
	return s.forms[i], true
}

// lists are the lists of a body.
func (s *Specimen) lists() []leaf { return s.leaves(func(l leaf) bool { return l.node.kind == '[' }) }

func (s *Specimen) leaves(fits func(leaf) bool) []leaf {
	if s.tree == nil {
		return nil
	}
	return slices.DeleteFunc(s.tree.walk(), func(l leaf) bool { return !fits(l) })
}

func schemaDeleteInts(x *Exam) {
	spec, _ := x.numbersForObjects()
	x.Accept(x.signedOf(spec))
	s := x.forge(spec)
	tree := x.treeOf(s)
	for _, l := range tree.walk() {
		if l.node.kind == '[' && len(l.node.kids) > 0 && l.node.kids[0].kind == '0' {
			l.node.kids = append(l.node.kids, rawNode("10"), rawNode("31"))
		}
	}
	s.Body(tree.bytes())
	if x.Sign(s) {
		x.Accept(s.Says("%s of three things", s.What))
	}
}

func schemaParent(x *Exam) {
	for _, spec := range x.withVariant(func(name string) bool { return strings.Contains(name, "parent") }) {
		x.acceptAs(x.signedOf(spec), x.check.Severity)
		plain, err := x.Provider.Sample(spec.Event, "")
		if err != nil {
			continue
		}
		x.acceptAs(x.signedOf(&Specimen{Event: spec.Event, Variant: provider.DefaultVariant, Entity: plain.Entity, Action: plain.Action, Certainty: plain.Certainty, sample: plain, tree: spec.tree, method: spec.method}), x.check.Severity)
	}
}

// itemList finds the list that one variant has longer than another, and where it stands;
// the path is empty when it is the body itself.
func (s *Subject) itemList() (*Specimen, string, bool) {
	for _, longer := range s.withVariant(func(name string) bool { return strings.HasPrefix(name, "two-") }) {
		for _, spec := range s.forms {
			if spec.Variant != provider.DefaultVariant || spec.tree == nil || longer.tree == nil {
				continue
			}
			if spec.tree.kind == '[' && longer.tree.kind == '[' && len(longer.tree.kids) > len(spec.tree.kids) {
				return spec, "", true
			}
			for _, l := range spec.lists() {
				for _, other := range longer.lists() {
					if other.path == l.path && len(other.node.kids) > len(l.node.kids) && len(l.node.kids) > 0 {
						return spec, l.path, true
					}
				}
			}
		}
	}
	return nil, "", false
}

func schemaManyItems(x *Exam) {
	spec, path, _ := x.itemList()
	if x.hopeless(spec) {
		return
	}
	for _, n := range []int{0, 1, 2, 500} {
		s := x.forge(spec)
		tree := x.treeOf(s)
		list := tree
		for _, l := range tree.walk() {
			if l.path == path {
				list = l.node
			}
		}
		if len(list.kids) == 0 {
			continue
		}
		first := list.kids[0]
		list.kids = nil
		for i := range n {
			list.kids = append(list.kids, renumbered(first, i))
		}
		s.Body(tree.bytes())
		if x.Sign(s) {
			x.Accept(s.Says("%s about %s", s.What, plural(n, "thing")))
		}
	}
}

// renumbered is a copy of a thing with another id.
func renumbered(n *node, i int) *node {
	c := n.clone()
	if c.kind == '0' {
		c.raw = fmt.Sprint(500_500 + i)
	}
	if id := c.get("id"); id != nil && id.kind == '0' {
		id.raw = fmt.Sprint(500_500 + i)
	}
	return c
}

// aliases are the events under the other documented names of their entities.
func (s *Subject) aliases() []string {
	var names []string
	for _, e := range s.Provider.Entities {
		for _, a := range e.Aliases {
			if a.Certainty == provider.Guessed {
				continue
			}
			for _, info := range s.Provider.Events() {
				if info.Entity == e.Name && !info.Known {
					names = append(names, provider.Name(a.Name, info.Action))
					break
				}
			}
		}
	}
	return names
}

// changes reports whether events tell old and new values.
func (s *Subject) changes() bool {
	return slices.ContainsFunc(s.forms, func(spec *Specimen) bool { return len(spec.facts.Old) > 0 && len(spec.facts.New) > 0 })
}

// customMaps are objects of fields that an account's own people make up.
func (s *Subject) customMaps() []*Specimen {
	return slices.DeleteFunc(slices.Clone(s.forms), func(spec *Specimen) bool { return len(spec.custom()) == 0 })
}

func (s *Specimen) custom() []leaf {
	return s.leaves(func(l leaf) bool {
		key := strings.ToLower(l.key)
		return l.node.kind == '{' && (strings.Contains(key, "properties") || strings.Contains(key, "custom") && !strings.Contains(key, "customer") || key == "metadata")
	})
}

func schemaOther(x *Exam) {
	spec := x.customMaps()[0]
	if x.hopeless(spec) {
		return
	}
	for _, form := range []struct {
		what string
		bend func(parent *node, i int)
	}{
		{"without custom fields", func(parent *node, i int) { parent.remove(i) }},
		{"with no custom field filled in", func(parent *node, i int) { parent.kids[i] = rawNode("{}") }},
		{"with custom fields that are null", func(parent *node, i int) { parent.kids[i] = rawNode("null") }},
		{"with custom fields that are unknown", func(parent *node, i int) {
			parent.kids[i].set("whk_text", textNode("x"))
			parent.kids[i].set("whk_list", rawNode(`[{"Id":1},null]`))
		}},
	} {
		s := x.forge(spec)
		tree := x.treeOf(s)
		for _, l := range tree.walk() {
			key := strings.ToLower(l.key)
			for _, c := range spec.custom() {
				if c.path == l.path && strings.ToLower(c.key) == key && l.index < len(l.parent.kids) && l.parent.kids[l.index] == l.node {
					form.bend(l.parent, l.index)
				}
			}
		}
		s.Body(tree.bytes())
		if x.Sign(s) {
			x.Accept(s.Says("%s %s", s.What, form.what))
		}
	}
}

// furtherActions are those that are neither of the three.
func (s *Subject) furtherActions() []string {
	var names []string
	for _, a := range s.Provider.Actions {
		if !makes(a.Name) && !alters(a.Name) && !removes(a.Name) {
			names = append(names, a.Name)
		}
	}
	return names
}

func schemaActions(x *Exam) {
	tried := map[string]bool{}
	further := x.furtherActions()
	for _, spec := range x.every {
		if !tried[spec.Action] && slices.Contains(further, spec.Action) {
			tried[spec.Action] = true
			x.acceptAs(x.signedOf(spec), x.check.Severity)
		}
	}
	s := x.Event().odd()
	if x.renameEvent(s, "", strange) && x.Sign(s) {
		x.Accept(s.Says("%s, but with an action that does not exist", s.What))
	}
}

func (s *Specimen) nullIDs() []leaf {
	return s.leaves(func(l leaf) bool { return l.node.kind == 'n' && strings.EqualFold(l.key, "id") })
}

func schemaNulls(x *Exam) {
	for _, spec := range x.forms {
		if len(spec.nullIDs()) == 0 {
			continue
		}
		x.acceptAs(x.signedOf(spec), x.check.Severity)
		s := x.forge(spec)
		tree := x.treeOf(s)
		for _, l := range tree.walk() {
			key := strings.ToLower(l.key)
			switch {
			case l.node.kind == '"' && (strings.Contains(key, "mail") || strings.Contains(key, "phone") || strings.Contains(key, "telefono")):
				*l.node = *rawNode("null")
			case l.node.kind == '"' && (strings.HasPrefix(key, "nombre") || strings.HasPrefix(key, "ap_") || key == "name"):
				l.node.raw = `" "`
			}
		}
		s.Body(tree.bytes())
		if x.Sign(s) {
			x.Accept(s.Says("%s with blank names and no address", s.What))
		}
	}
}

// isMicros reports whether a text is a time with six digits behind the second, in UTC.
func isMicros(text string) bool {
	_, err := time.Parse("2006-01-02T15:04:05.000000Z", text)
	return err == nil && len(text) == len("2006-01-02T15:04:05.000000Z")
}

func (s *Specimen) microTimes() []leaf {
	return s.leaves(func(l leaf) bool { return l.node.kind == '"' && isMicros(l.node.text()) })
}

func schemaMicros(x *Exam) {
	i := slices.IndexFunc(x.forms, func(s *Specimen) bool { return len(s.microTimes()) > 0 })
	spec := x.forms[i]
	if x.hopeless(spec) {
		return
	}
	now := x.run.now().UTC()
	for _, text := range []string{now.Format("2006-01-02T15:04:05.000001Z"), now.Format("2006-01-02T15:04:05.000000") + "+05:30", now.Format("2006-01-02T15:04:05.000000") + "-04:00", "2024-02-29T23:59:59.999999Z"} {
		s := x.forge(spec)
		tree := x.treeOf(s)
		for _, l := range tree.walk() {
			if l.node.kind == '"' && isMicros(l.node.text()) {
				l.node.raw = quoted(text)
			}
		}
		s.Body(tree.bytes())
		if x.Sign(s) {
			x.Accept(s.Says("%s with the time %s", s.What, text))
		}
	}
}

func (s *Specimen) coordinates() []leaf {
	return s.leaves(func(l leaf) bool {
		switch strings.ToLower(l.key) {
		case "lat", "lon", "lng", "latitude", "longitude":
			return l.node.kind == '0' || l.node.kind == '"'
		}
		return false
	})
}

func schemaGPS(x *Exam) {
	for _, spec := range x.forms {
		if spec.method != http.MethodPost {
			x.Accept(x.signedOf(spec))
			continue
		}
		if len(spec.coordinates()) == 0 {
			continue
		}
		for _, pair := range [][2]string{{"0", "0"}, {"-90", "180"}, {"90.0", "-180.0"}, {"20.58879012", "-100.38988034"}, {`"20,588790"`, `"-100,389880"`}} {
			s := x.forge(spec)
			tree := x.treeOf(s)
			for _, l := range tree.walk() {
				switch key := strings.ToLower(l.key); {
				case strings.HasPrefix(key, "lat"):
					*l.node = *rawNode(pair[0])
				case strings.HasPrefix(key, "lon"), key == "lng":
					*l.node = *rawNode(pair[1])
				}
			}
			s.Body(tree.bytes())
			if x.Sign(s) {
				x.Accept(s.Says("%s at %s, %s", s.What, pair[0], pair[1]))
			}
		}
	}
}

// namedByHeader reports whether the event's name stands in a header that no signature
// covers.
func (s *Subject) namedByHeader() bool {
	d, err := s.render(s.basis, s.at, 1)
	if err != nil || s.sign(s.keyring, d, s.at) != nil {
		return false
	}
	entity, action, _ := s.Provider.EventOf(d)
	bare := *d
	bare.Body = []byte("{}")
	e, a, _ := s.Provider.EventOf(&bare)
	return entity != "" && e == entity && a == action && s.coversBody
}

func schemaHeaderNames(x *Exam) {
	basis := x.run.basis()
	for i, other := range x.every {
		if i == 60 {
			break
		}
		s, named := x.forge(basis).odd(), x.forge(other)
		for name, values := range named.Delivery.Header {
			s.Delivery.Header[name] = values
		}
		if x.Sign(s) {
			x.Survive(s.Says("the body of %s with the headers of %s", basis.Event, other.Event))
		}
	}
}
