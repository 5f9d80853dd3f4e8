package contract

import (
	"slices"
	"strings"
	"time"
)

// A provider that numbers its deliveries gives each change of a thing another number, and
// its documentation says to remember that one. Two changes of one thing with the same
// number would be a repeat.

// number gives a shot that is not signed yet a delivery id of its own, and leaves the ids
// of the thing that it is about.
func (x *Exam) number(s *Shot, at time.Time) {
	other := x.forgeAt(s.spec, at, x.seed())
	facts, err := x.Provider.Facts(s.Delivery)
	if err != nil {
		facts.IDs = nil
	}
	ofThing := func(text string) bool { // a short id stands in many a text by chance
		return slices.ContainsFunc(facts.IDs, func(id string) bool { return text == id || len(id) >= 5 && strings.Contains(text, id) })
	}
	for name, values := range s.Delivery.Header {
		if !slices.ContainsFunc(values, ofThing) {
			s.Delivery.Header[name] = slices.Clone(other.Delivery.Header[name])
		}
	}
	if s.spec.tree == nil {
		return
	}
	tree := x.treeOf(s)
	leaves, others := tree.walk(), x.treeOf(other).walk()
	if len(leaves) != len(others) {
		return
	}
	changed := false
	for i, l := range leaves {
		scalar := l.node.kind != '{' && l.node.kind != '['
		if scalar && l.node.raw != others[i].node.raw && (numbersEvent(l) || l.key == "id" && l.depth == 0 && !ofThing(plainText(l.node))) {
			l.node.raw, changed = others[i].node.raw, true
		}
	}
	if changed {
		s.Body(tree.bytes())
	}
}

// plainText is a scalar without its quotes.
func plainText(n *node) string {
	if n.kind == '"' {
		return n.text()
	}
	return n.raw
}

// numbersEvent reports whether a value is the id of an event or a delivery by its name:
// event_id, sg_event_id, eventId. The id of a CloudEvent is one, too.
func numbersEvent(l leaf) bool {
	if l.key == "id" && l.parent.get("specversion") != nil {
		return true
	}
	name := strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(l.key))
	return slices.ContainsFunc([]string{"eventid", "deliveryid", "notificationid", "triggerid", "requestid", "idempotencykey"}, func(id string) bool {
		return strings.HasSuffix(name, id)
	})
}
