package contract

import "strings"

func schemaChecks() []Check {
	return []Check{
		{ID: "schema.unknown-type", Scope: everywhere(), Severity: Error, Risk: Medium, Mode: Quick, Topic: AboutUnknown,
			Title: "events of a type that does not exist yet", Expect: "2xx",
			Why: "providers add types without asking, and count a refusal as a failure", Run: schemaUnknownType},
		{ID: "schema.extra-field", Scope: everywhere(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutUnknown,
			Title: "unknown fields, at the top and inside", Expect: "2xx",
			Why: "providers add fields without asking", Run: schemaExtraField},
		{ID: "schema.long-strings", Scope: jsonBodies(), Severity: Warning, Risk: Low, Mode: Full, Topic: AboutValues,
			Title: "a text of 64 KB, emoji, right-to-left and control characters", Expect: "no failure",
			Why: "a text that does not fit into a column makes an event that fails for ever", Run: func(x *Exam) {
				for _, t := range hostileTexts() {
					s := x.Event()
					s.Body(x.worded(s, quoted(t.text)))
					if x.Sign(s) {
						x.Survive(s.Says("%s with %s", s.What, t.name))
					}
				}
			}},
		{ID: "schema.types-off", Scope: jsonBodies(), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutShape,
			Title: "texts for numbers, null for objects and objects for lists", Expect: "no failure",
			Why: "a decoder that throws makes the provider send the same event again and again", Run: schemaTypesOff},
		{ID: "schema.deep", Scope: jsonBodies(), Severity: Warning, Risk: Low, Mode: Hostile, Topic: AboutSize,
			Title: "a thousand objects one within the other", Expect: "an answer within 2 s, no failure",
			Why: "a decoder without a limit overflows its stack", Run: func(x *Exam) {
				s := x.Event()
				s.Body(x.extended(s, strings.Repeat(`{"a":`, 1000)+"1"+strings.Repeat("}", 1000)))
				if !x.Sign(s) {
					return
				}
				s.Says("%s with a thousand objects one within the other", s.What)
				r, o := x.Send(s)
				switch {
				case x.settled(s, r, o):
				case !o.survived():
					x.fail(x.check.Severity, s, r, "the endpoint %s", o.did())
				case r.Took.Seconds() > 2:
					x.fail(x.check.Severity, s, r, "it took %.1f s", r.Took.Seconds())
				}
			}},
	}
}

// strange is a name that no provider uses.
const strange = "WhkUnheardOf"

// renameEvent makes a shot name another entity or action, wherever it names one.
func (x *Exam) renameEvent(s *Shot, entity, action string) bool {
	was, wasAction := s.spec.Entity, s.spec.Action
	swap := func(text string) string {
		if was != "" && entity != "" {
			text = strings.ReplaceAll(text, was, entity)
		}
		if wasAction != "" && action != "" {
			if text == wasAction {
				return action
			}
			for _, sep := range []string{".", "/", ":", "#"} {
				text = strings.ReplaceAll(text, sep+wasAction, sep+action)
			}
		}
		return text
	}
	before, beforeAction, _ := x.Provider.EventOf(s.Delivery)
	if s.spec.tree != nil {
		tree := x.treeOf(s)
		for _, l := range tree.walk() {
			if text := l.node.text(); l.node.kind == '"' && (x.names(s.spec, text) || text == was+"."+wasAction) {
				l.node.raw = quoted(swap(text))
			}
		}
		s.Body(tree.bytes())
	}
	for name, values := range s.Delivery.Header {
		for _, value := range values {
			if x.names(s.spec, value) || value == was+"/"+wasAction || value == was+":"+wasAction {
				s.Delivery.Header[name] = []string{swap(value)}
			}
		}
	}
	after, afterAction, _ := x.Provider.EventOf(s.Delivery)
	return after != before || afterAction != beforeAction
}

func schemaUnknownType(x *Exam) {
	tried := 0
	for _, form := range []struct{ entity, action, what string }{
		{strange, "", "about a kind of thing that does not exist"}, {"", strings.ToLower(strange), "with an action that does not exist"},
	} {
		s := x.Event().odd()
		if x.renameEvent(s, form.entity, form.action) && x.Sign(s) {
			tried++
			s.edited = true
			x.Accept(s.Says("%s, but %s", s.What, form.what))
		}
	}
	if tried == 0 {
		x.unsure("the events of this provider name no type")
	}
}

func schemaExtraField(x *Exam) {
	s := x.Event()
	switch {
	case s.spec.form:
		s.Body(append(s.Delivery.Body, "&WhkTest=1"...))
	case s.spec.isObject():
		tree := x.treeOf(s)
		tree.object().set("whk_test", rawNode(`{"added":[1,null,"later"]}`))
		for _, l := range tree.walk() {
			if l.node.kind == '{' && l.key != "whk_test" {
				l.node.set("whk_test", textNode("later"))
				break
			}
		}
		s.Body(tree.bytes())
	default:
		s.odd().Delivery.URL = withQuery(s.Delivery.URL, "whk_test=1")
	}
	if x.Sign(s) {
		x.Accept(s.Says("%s with fields that nobody knows", s.What))
	}
}

type hostileText struct{ name, text string }

// hostileTexts are texts that make trouble where nobody expects them.
func hostileTexts() []hostileText {
	return []hostileText{
		{"a text of 64 KB", strings.Repeat("whk ", 16<<10)},
		{"emoji and combining letters", "👩‍👩‍👧‍👦 e\u0301 🏴󠁧󠁢󠁥󠁮󠁧󠁿"},
		{"right-to-left text", "\u202eabc\u202c \u05e9\u05dc\u05d5\u05dd"},
		{"a NUL and control characters", "a\x00b\x1b[31m\x07"},
		{"quotes and backslashes", `'"\'; \\ %s {{7*7}} ${7*7} <%= 7 %>`},
		{"words that mean nothing", "null undefined NaN true 0 -1 1e309"},
		{"letters that change their length", "İ ß ﬃ K"},
	}
}

// deciding reports whether a value is one that the event or its signature is read from,
// so that bending it would make another test.
func (x *Exam) deciding(spec *Specimen, l leaf) bool {
	return l.node.kind == '"' && x.names(spec, l.node.text()) || x.recipe.Body != nil && (l.path == x.bodyRoot() || strings.HasPrefix(l.path, x.bodyRoot()+"."))
}

func schemaTypesOff(x *Exam) {
	s := x.Event()
	kinds := []struct {
		kind byte
		what string
		with *node
	}{{'0', "texts in the place of numbers", textNode("12x")}, {'{', "null in the place of objects", rawNode("null")}, {'[', "an object in the place of lists", rawNode("{}")}, {'"', "numbers in the place of texts", rawNode("7")}}
	for _, k := range kinds {
		tree, found := x.treeOf(s), false
		for _, l := range tree.walk() {
			if l.node.kind == k.kind && !x.deciding(s.spec, l) && (x.recipe.Body == nil || l.path != x.bodyRoot()) {
				*l.node = *k.with.clone()
				found = true
			}
		}
		if !found {
			continue
		}
		bent := x.Event()
		bent.Body(tree.bytes())
		if x.Sign(bent) {
			x.Survive(bent.Says("%s with %s", bent.What, k.what))
		}
	}
}
