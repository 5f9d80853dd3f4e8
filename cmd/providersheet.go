package cmd

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"whk/cmd/config"
	"whk/verify/display"
	"whk/verify/provider"
)

// providerSheet writes one provider as a page of text. A definition may be anybody's,
// so it passes the boundary too.
type providerSheet struct {
	eventSheet
	columns int
}

// value writes a text beside its name, in as many lines as it takes.
func (s providerSheet) value(name, text string) {
	for _, line := range fold(display.Line(text), s.columns-sheetColumn) {
		s.field(name, line)
		name = ""
	}
}

// item writes one point of a list.
func (s providerSheet) item(bullet, text string) {
	for _, line := range fold(display.Line(text), s.columns-display.Width(bullet)-2) {
		fmt.Fprintf(s, "%s %s\n", s.p.faint(bullet), line)
		bullet = strings.Repeat(" ", display.Width(bullet))
	}
}

func (s providerSheet) provider(p *provider.Provider, path string) {
	fmt.Fprintf(s, "%s  %s\n", s.p.bold(display.Line(p.Title)), s.p.faint(p.Name))
	s.value("docs", strings.Trim(p.Docs.Page+", "+p.Docs.URL, ", "))
	s.value("path", path+" on whk listen, by "+provider.Either(p.Methods))
	s.value("check", p.Scheme.String())
	if p.Scheme.Keyed() {
		s.value("secret", "in "+config.SecretVariable(p.Name))
	}
	s.value("certainty", certaintyText(p.Certainty)+", where nothing else is said")
	if p.API != "" {
		s.value("API", p.API)
	}
	if p.Source != provider.BuiltinSource {
		s.value("defined in", p.Source)
	}
	s.section("what the check does not prove", p.Limits)
	if p.Advice != "" {
		s.item(" →", p.Advice)
	}
	s.section("manners", manners(p.Manners))
	s.section("questions that are answered", questions(p.Handshakes()))
	s.claims(p.Claims)
	s.steps(p.Subscribe)
	s.events(p)
}

func (s providerSheet) section(title string, points []string) {
	if len(points) == 0 {
		return
	}
	s.heading(title, "")
	for _, text := range points {
		s.item(" -", text)
	}
}

func (s providerSheet) claims(claims []provider.Claim) {
	texts := make([]string, len(claims))
	for i, c := range claims {
		texts[i] = c.About + ": " + c.Says + inBrackets(c.Certainty)
	}
	s.section("said about it", texts)
}

func (s providerSheet) steps(steps []string) {
	if len(steps) == 0 {
		return
	}
	s.heading("how to subscribe", "")
	for i, step := range steps {
		s.item(fmt.Sprintf("%2d.", i+1), step)
	}
}

func inBrackets(c provider.Certainty) string {
	if c == "" || c == provider.Documented {
		return ""
	}
	return " (" + string(c) + ")"
}

func certaintyText(c provider.Certainty) string {
	switch c {
	case provider.Documented:
		return "documented by the vendor"
	case provider.Seen:
		return "seen in consumer code"
	}
	return "guessed"
}

// manners puts how a provider behaves as a sender into words.
func manners(m provider.Manners) []string {
	var said []string
	add := func(c provider.Certainty, format string, args ...any) {
		said = append(said, fmt.Sprintf(format, args...)+inBrackets(c))
	}
	if r := m.Retries; r != nil {
		text := "retries: none"
		switch {
		case r.Max > 0:
			text = fmt.Sprintf("retries: up to %d", r.Max)
		case r.For > 0:
			text = "retries: for " + span(r.For)
		}
		if r.On != "" {
			text += ", on " + r.On
		}
		if r.SameBody {
			text += ", with the same body"
		}
		add(r.Certainty, "%s", text)
	} else {
		said = append(said, "retries: nothing is documented")
	}
	if d := m.Disable; d != nil {
		text := fmt.Sprintf("switch-off: after %d failures in a row", d.AfterConsecutiveFailures)
		for i, n := range d.Notices {
			text += []string{", with notices at ", ", "}[min(i, 1)] + strconv.Itoa(n)
		}
		add(d.Certainty, "%s", text)
	}
	for _, one := range []struct {
		name string
		says *provider.Manner
	}{{"duplicates", m.Duplicates}, {"order", m.Order}, {"backup", m.Backup}} {
		if one.says != nil {
			add(one.says.Certainty, "%s: %s", one.name, one.says.Says)
		}
	}
	for _, b := range m.Budget {
		text := fmt.Sprintf("its API allows %d calls in %s", b.Calls, span(b.Per))
		if b.Concurrent > 0 {
			text = fmt.Sprintf("its API allows %d calls at once", b.Concurrent)
		}
		if b.Note != "" {
			text += "; " + b.Note
		}
		add(b.Certainty, "%s", text)
	}
	return said
}

// questions puts what a provider asks of an address into words.
func questions(handshakes []provider.Handshake) []string {
	var said []string
	for _, h := range handshakes {
		text := h.Name + ", by " + h.Method
		switch {
		case h.Proof:
			text += ", with a proof of the secret, if it is signed"
		case h.Verified:
			text += ", if it is signed"
		}
		said = append(said, text+inBrackets(h.Certainty))
	}
	return said
}

// events lists every event, in groups of entities to which the same things happen with
// the same certainty.
func (s providerSheet) events(p *provider.Provider) {
	type group struct {
		actions  []string
		entities []string
	}
	var groups []*group
	byEntity := map[string][]string{}
	var entities []string
	for _, e := range p.Events() {
		if e.Known {
			continue
		}
		if _, ok := byEntity[e.Entity]; !ok {
			entities = append(entities, e.Entity)
		}
		byEntity[e.Entity] = append(byEntity[e.Entity], e.Action+certaintyMark(e.Certainty))
	}
	for _, entity := range entities {
		actions := byEntity[entity]
		i := slices.IndexFunc(groups, func(g *group) bool { return slices.Equal(g.actions, actions) })
		if i < 0 {
			groups = append(groups, &group{actions: actions})
			i = len(groups) - 1
		}
		groups[i].entities = append(groups[i].entities, entity)
	}
	s.heading("events", fmt.Sprintf("%d can be forged; ~ seen in consumer code, ? guessed", forgeable(p)))
	for _, g := range groups {
		names := make([]string, len(g.entities))
		for i, name := range g.entities {
			names[i] = display.Line(name)
		}
		if actions := strings.Join(g.actions, "  ."); strings.Trim(actions, "~?") != "" {
			fmt.Fprintf(s, " %s\n", s.p.faint("."+display.Line(actions)))
		} else {
			fmt.Fprintf(s, " %s\n", s.p.faint("without an action"+actions))
		}
		s.columnsOf(names)
	}
	s.aliases(p)
	s.variants(p)
	var known []string
	for _, e := range p.Events() {
		if e.Known {
			known = append(known, e.Name+": "+e.Why)
		}
	}
	s.section("events that exist and cannot be forged yet", known)
}

func certaintyMark(c provider.Certainty) string {
	switch c {
	case provider.Documented:
		return ""
	case provider.Seen:
		return "~"
	}
	return "?"
}

// columnsOf writes names in columns, sorted from top to bottom.
func (s providerSheet) columnsOf(names []string) {
	const indent, gap = 4, 2
	width := 0
	for _, name := range names {
		width = max(width, display.Width(name))
	}
	across := max(1, (s.columns-indent+gap)/(width+gap))
	down := (len(names) + across - 1) / across
	for row := range down {
		line := strings.Repeat(" ", indent)
		for i := row; i < len(names); i += down {
			line += pad(names[i], width+gap)
		}
		fmt.Fprintln(s, strings.TrimRight(line, " "))
	}
}

func (s providerSheet) aliases(p *provider.Provider) {
	var texts []string
	for _, e := range p.Entities {
		for _, alias := range e.Aliases {
			text := alias.Name + " is understood as " + e.Name
			if alias.Certainty != provider.Guessed {
				text = alias.Name + " stands for " + e.Name + " and is sent as typed"
			}
			texts = append(texts, text+inBrackets(alias.Certainty))
		}
	}
	aliases := p.EventAliases()
	for _, event := range slices.Sorted(maps.Keys(aliases)) {
		for _, alias := range aliases[event] {
			texts = append(texts, alias+" is understood as "+event)
		}
	}
	s.section("other spellings", texts)
}

// variants lists the forms of the samples, and the events that have them.
func (s providerSheet) variants(p *provider.Provider) {
	var names []string
	events, notes := map[string][]string{}, map[string]string{}
	for _, e := range p.Events() {
		for _, v := range e.Variants {
			if v.Name == provider.DefaultVariant {
				continue
			}
			if events[v.Name] == nil {
				names = append(names, v.Name)
				notes[v.Name] = v.Note
			} else if notes[v.Name] != v.Note {
				notes[v.Name] = "" // it differs from event to event
			}
			events[v.Name] = append(events[v.Name], e.Name)
		}
	}
	var texts []string
	for _, name := range names {
		of := plural(len(events[name]), "event")
		switch {
		case len(events[name]) == forgeable(p):
			of = "every event"
		case len(events[name]) <= 2:
			of = strings.Join(events[name], ", ")
		}
		text := name + ", of " + of
		if notes[name] != "" {
			text += ": " + notes[name]
		}
		texts = append(texts, text)
	}
	s.section("variants, for whk send --variant", texts)
}
