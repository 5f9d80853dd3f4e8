package contract

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"whk/replay"
)

func stepKeys() []string {
	return []string{"send", "variant", "set", "unset", "sign", "expect"}
}

func caseKeys() []string { return append([]string{"name", "steps", "deliver"}, stepKeys()...) }

// oneCase reads a case: a delivery of its own, or steps.
func (r *suiteReader) oneCase(s *Suite, n *yaml.Node) *Case {
	c := &Case{Position: at(n), Times: 1, Order: inGivenOrder}
	members := r.mapping(n, "case", caseKeys()...)
	var own []pair
	for _, p := range members {
		switch p.key {
		case "name":
			c.Name = r.text(p.value, "name")
		case "deliver":
			r.deliver(c, p.value)
		case "expect":
			c.Expect = r.expect(s, p.value, true)
		case "steps":
			if p.value.Kind != yaml.SequenceNode || len(p.value.Content) == 0 {
				r.fail(p.value, "", "steps: expected a list of deliveries, found %s", kindName(p.value))
				continue
			}
			for _, item := range p.value.Content {
				c.Steps = append(c.Steps, r.step(s, item, r.mapping(item, "step", stepKeys()...), true))
			}
		default:
			own = append(own, p)
		}
	}
	switch {
	case c.Name == "" && r.err == nil:
		r.fail(n, "", "case: there is no name")
	case len(c.Steps) > 0 && len(own) > 0:
		r.fail(own[0].name, "", "case: %s belongs to a step when there are steps", own[0].key)
	case len(c.Steps) == 0:
		c.Steps = []Step{r.step(s, n, own, false)}
	}
	if total := c.Times * len(c.Steps); total > maxDeliveries || c.Concurrent && total > maxAtOnce {
		r.fail(n, "", "case: these are %d deliveries; %d are the most, and %d at once", total, maxDeliveries, maxAtOnce)
	}
	return c
}

func (r *suiteReader) deliver(c *Case, n *yaml.Node) {
	for _, p := range r.mapping(n, "deliver", "times", "concurrent", "interleave", "order") {
		switch p.key {
		case "times":
			c.Times = r.number(p.value, "deliver.times", 1, maxDeliveries)
		case "concurrent":
			c.Concurrent = r.flag(p.value, "deliver.concurrent")
		case "interleave":
			c.Interleave = r.flag(p.value, "deliver.interleave")
		case "order":
			c.Order = r.oneOf(p.value, "deliver.order", inGivenOrder, inReverse, inAnyOrder)
		}
	}
}

func (r *suiteReader) step(s *Suite, n *yaml.Node, members []pair, expects bool) Step {
	step := Step{Position: at(n), Sign: replay.SignNormal}
	for _, p := range members {
		switch p.key {
		case "send":
			step.Position = at(p.value)
			step.Send = r.text(p.value, "send")
			if name, ok := strings.CutPrefix(step.Send, "file:"); ok {
				r.path(s, p.value, "send", name, "read ")
			}
		case "variant":
			step.Variant = r.text(p.value, "variant")
		case "set":
			step.Edits = append(step.Edits, r.set(p.value)...)
		case "unset":
			for _, item := range r.items(p.value) {
				if edit, err := replay.Unset(r.text(item, "unset")); err == nil {
					step.Edits = append(step.Edits, edit)
				}
			}
		case "sign":
			var words []string
			for _, m := range replay.SignModes() {
				words = append(words, string(m))
			}
			step.Sign = replay.SignMode(r.oneOf(p.value, "sign", words...))
		case "expect":
			if expects {
				step.Expect = r.expect(s, p.value, false)
			}
		}
	}
	if step.Send == "" && r.err == nil {
		r.fail(n, "expected PROVIDER/EVENT, event:ID or file:PATH", "case: there is nothing to send")
	}
	if step.Variant != "" && (strings.HasPrefix(step.Send, "file:") || strings.HasPrefix(step.Send, "event:")) {
		r.fail(n, "", "variant: only shipped samples have variants")
	}
	return step
}

// set reads what is set. The types are those of the file: 7001 is a number, "7001" a text.
func (r *suiteReader) set(n *yaml.Node) []replay.Edit {
	var edits []replay.Edit
	for _, p := range r.mapping(n, "set") {
		value, ok := r.json(p.value)
		if !ok {
			continue
		}
		path := strings.NewReplacer("=", `\=`, ":", `\:`).Replace(p.key)
		edit, err := replay.Set(path+":="+value, func(string) ([]byte, error) { return nil, errNoTree })
		if err != nil {
			r.fail(p.name, "", "set: %s", err.Error())
			continue
		}
		edits = append(edits, edit)
	}
	return edits
}

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$`)

// json writes a node as JSON, numbers as they are written.
func (r *suiteReader) json(n *yaml.Node) (string, bool) {
	var parts []string
	switch n.Kind {
	case yaml.SequenceNode:
		for _, item := range n.Content {
			text, ok := r.json(item)
			if !ok {
				return "", false
			}
			parts = append(parts, text)
		}
		return "[" + strings.Join(parts, ",") + "]", true
	case yaml.MappingNode:
		for _, p := range r.mapping(n, "set") {
			text, ok := r.json(p.value)
			if !ok {
				return "", false
			}
			parts = append(parts, quoted(p.key)+":"+text)
		}
		return "{" + strings.Join(parts, ",") + "}", true
	}
	switch n.Tag {
	case "!!null":
		return "null", true
	case "!!bool":
		return strings.ToLower(n.Value), true
	case "!!int", "!!float":
		if jsonNumber.MatchString(n.Value) {
			return n.Value, true
		}
		var v float64
		if n.Decode(&v) != nil || math.IsInf(v, 0) || math.IsNaN(v) {
			r.fail(n, "", "set: JSON has no number %s", shown(n.Value))
			return "", false
		}
		text, err := json.Marshal(v)
		return string(text), err == nil
	}
	return quoted(n.Value), true
}

func (r *suiteReader) expect(s *Suite, n *yaml.Node, probes bool) *Expect {
	known := []string{"status", "outcome", "within"}
	if probes {
		known = append(known, "probe")
	}
	e := &Expect{}
	for _, p := range r.mapping(n, "expect", known...) {
		switch p.key {
		case "status":
			for _, item := range r.items(p.value) {
				e.Status = append(e.Status, r.status(item))
			}
		case "outcome":
			for _, item := range r.items(p.value) {
				e.Outcome = append(e.Outcome, Outcome(r.oneOf(item, "expect.outcome", expectable()...)))
			}
		case "within":
			e.Within = r.duration(p.value, "expect.within")
		case "probe":
			_, e.Probe = r.probe(s, p.value, "expect.probe", true)
		}
	}
	if len(e.Status) > 0 && len(e.Outcome) > 0 {
		r.fail(n, "", "expect: give status or outcome, not both")
	}
	return e
}

// expectable are the outcomes that a case can ask for.
func expectable() []string {
	return []string{string(Accepted), string(Rejected), string(Throttled), string(Crashed), string(Hung), string(Redirected), string(Reset)}
}

var statusClass = regexp.MustCompile(`^[1-5]xx$`)

func (r *suiteReader) status(n *yaml.Node) string {
	code, err := strconv.Atoi(n.Value)
	if n.Kind == yaml.ScalarNode && (statusClass.MatchString(n.Value) || err == nil && code >= 100 && code <= 599 && len(n.Value) == 3) {
		return n.Value
	}
	r.fail(n, "", "expect.status: expected a code such as 204, a class such as 2xx, or a list of them, found %s", kindName(n))
	return ""
}

// fits reports whether an answer is as expected; forged is set when the delivery was
// signed in a way that has to be refused.
func (e *Expect) fits(status int, o Outcome, forged bool) bool {
	switch {
	case e != nil && len(e.Status) > 0:
		text := strconv.Itoa(status)
		return status != 0 && o != Hung && o != Reset && slices.ContainsFunc(e.Status, func(want string) bool {
			return want == text || statusClass.MatchString(want) && want[0] == text[0]
		})
	case e != nil && len(e.Outcome) > 0:
		return slices.Contains(e.Outcome, o)
	case forged:
		return o == Rejected
	}
	return o == Accepted
}

// words say what is expected.
func (e *Expect) words(forged bool) string {
	var parts []string
	switch {
	case e != nil && len(e.Status) > 0:
		parts = append(parts, strings.Join(e.Status, " or "))
	case e != nil && len(e.Outcome) > 0:
		var names []string
		for _, o := range e.Outcome {
			names = append(names, string(o))
		}
		parts = append(parts, strings.Join(names, " or "))
	case forged:
		parts = append(parts, string(Rejected))
	default:
		parts = append(parts, string(Accepted))
	}
	if e != nil && e.Within > 0 {
		parts = append(parts, "within "+e.Within.String())
	}
	return strings.Join(parts, ", ")
}

// refusing reports whether only a refusal would do.
func (e *Expect) refusing(forged bool) bool {
	return !e.fits(200, Accepted, forged) && (e.fits(401, Rejected, forged) || e.fits(403, Rejected, forged) || e.fits(400, Rejected, forged))
}
