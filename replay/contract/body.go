package contract

import (
	"net/http"
	"strings"
)

// treeOf is the body of a shot as it was rendered, to be bent.
func (x *Exam) treeOf(s *Shot) *node {
	tree, err := parseTree(s.Delivery.Body)
	if err != nil {
		x.unsure(err.Error())
		return &node{kind: '{'}
	}
	return tree
}

func bodyChecks() []Check {
	return []Check{
		{ID: "body.tampered", Scope: bodySigning(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutVerifying, Refuses: true,
			Title: "one value changed, with the signature of the unchanged body", Expect: "401",
			Why: "the signature is not checked against the body: anybody who saw one event can send any other", Run: bodyTampered},
		{ID: "body.space-added", Scope: bodySigning(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutRawBody, Refuses: true,
			Title: "a newline behind the signed body", Expect: "401",
			Why: "what is checked is not what came, but something that was made of it", Run: func(x *Exam) {
				s := x.Signed().odd()
				if s.Delivery == nil {
					return
				}
				s.Delivery.Body = append(s.Delivery.Body[:len(s.Delivery.Body):len(s.Delivery.Body)], '\n')
				s.edited = true
				x.Reject(s.Says("%s with a newline added after it was signed", s.What))
			}},
		{ID: "body.swapped", Scope: bodySigning(), Severity: Error, Risk: Low, Mode: Full, Topic: AboutVerifying, Refuses: true,
			Title: "the body of one event with the signature of another", Expect: "401",
			Why: "the signature is not checked against the body", Run: func(x *Exam) {
				s, other := x.Signed().odd(), x.Signed()
				if s.Delivery == nil || other.Delivery == nil {
					return
				}
				signature := x.signature(other.Delivery)
				x.setSignature(s.Delivery, signature)
				s.edited = true
				x.Reject(s.Says("%s with the signature of another event", s.What))
			}},
		{ID: "body.not-json", Scope: Scope{"bodies of JSON", func(s *Subject) bool { return s.basis.tree != nil }}, Severity: Warning, Risk: Low, Mode: Full, Topic: AboutVerifying,
			Title: "bodies that are no JSON, signed and unsigned", Expect: "no failure; unsigned 401",
			Why: "what is parsed before it is verified can be made to fail by anybody", Run: bodyNotJSON},
		{ID: "body.empty", Scope: posting(), Severity: Warning, Risk: Low, Mode: Quick, Topic: AboutShape,
			Title: "an empty body, validly signed, and none at all", Expect: "no failure",
			Why: "scanners and health checks send it", Run: bodyEmpty},
	}
}

// bodyEmpty sends a body without a byte, and a request that announces none: frameworks
// hand on an empty body for the one, and for the other now and then nothing.
func bodyEmpty(x *Exam) {
	s := x.Event().Body(nil)
	if !x.Sign(s) {
		return
	}
	x.Survive(s.Says("%s with an empty body", s.What))
	s = x.Event().Body(nil)
	if x.Sign(s) {
		s.odd().Says("%s without any body", s.What)
		r, o := x.converse(s, dialogue{pieces: [][]byte{head(s.Delivery, "HTTP/1.1", "", "Connection: close")}})
		x.survived(s, r, o)
	}
}

func bodyTampered(x *Exam) {
	s := x.Signed()
	if s.Delivery == nil {
		return
	}
	if tampered, ok := x.tamper(s); ok {
		s.Delivery.Body = tampered
		s.sign = ""
		s.edited = true
		x.Reject(s.Says("%s with one value changed after it was signed", s.What))
	}
}

// tamper changes one value of a body, so that it stays what it is and names the event that
// it named.
func (x *Exam) tamper(s *Shot) ([]byte, bool) {
	body := s.Delivery.Body
	if s.spec.tree == nil {
		bent := append([]byte(nil), body...)
		bent[len(bent)-1] ^= 1
		return bent, true
	}
	tree := x.treeOf(s)
	leaves := tree.walk()
	for i := len(leaves) - 1; i >= 0; i-- {
		n := leaves[i].node
		was := n.raw
		switch {
		case n.kind == '0':
			n.raw = "1" + strings.TrimLeft(was, "-")
		case n.kind == '"' && !x.names(s.spec, n.text()) && n.text() != "":
			n.raw = quoted(n.text() + "x")
		default:
			continue
		}
		d := *s.Delivery
		d.Body = tree.bytes()
		if x.recipe.Body == nil || !strings.HasPrefix(leaves[i].path, x.bodyRoot()) {
			return d.Body, true
		}
		n.raw = was
	}
	x.unsure("there is no value to change")
	return nil, false
}

// bodyRoot is where a body carries its own signature.
func (s *Subject) bodyRoot() string {
	root, _, _ := strings.Cut(s.recipe.Body.Sig, ".")
	return root
}

// names reports whether a text is one by which the event is told.
func (s *Subject) names(spec *Specimen, text string) bool {
	for _, name := range spec.eventTexts() {
		if text == name && name != "" {
			return true
		}
	}
	return false
}

func bodyNotJSON(x *Exam) {
	for _, garbage := range []string{"this is no JSON", `{"items": [`, "[]", "null", "\x00\x01\x02"} {
		s := x.Event().Body([]byte(garbage))
		if x.recipe.Body == nil && x.Sign(s) {
			x.Survive(s.Says("a signed body that is %s", sayBody(garbage)))
		}
	}
	if !x.scheme.Keyed() || !x.run.open.Load() {
		return
	}
	s := x.Event().Body([]byte("this is no JSON")).odd()
	s.Says("an unsigned body that is no JSON")
	r, o := x.Send(s)
	switch {
	case x.settled(s, r, o), x.run.isRefusal(r.Status), o == Rejected && r.Status == http.StatusRequestEntityTooLarge:
	case o == Rejected:
		x.note(s, r, "refused with %d, not as forged events are: the body seems to be parsed before it is verified", r.Status)
	case o == Accepted && x.run.refusedInWords(s, r):
		x.note(s, r, "refused in words, see fail.status-in-body")
	case o == Accepted:
		x.fail(Error, s, r, "an unsigned body was accepted")
	default:
		x.fail(x.check.Severity, s, r, "the body is parsed before it is verified: the endpoint %s", o.did())
	}
}

func sayBody(body string) string {
	switch body {
	case "[]", "null":
		return body
	case "\x00\x01\x02":
		return "three control characters"
	}
	return "no JSON"
}
