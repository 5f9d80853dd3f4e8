package contract

import (
	"bytes"
	"net/http"
	"strings"
)

// What is signed are bytes. Each of these bodies is JSON that decoders and encoders do
// not give back as it was, so that only who verifies the raw bytes accepts it.

func rawChecks() []Check {
	const why = "the signature is checked against JSON that was decoded and written anew; the first event that is written otherwise is refused"
	accept := func(id, title string, body func(x *Exam, s *Shot) []byte) Check {
		return Check{ID: id, Scope: jsonSigning(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutRawBody, Title: title, Expect: "2xx", Why: why,
			Run: func(x *Exam) { x.rawBody(title, body) }}
	}
	checks := []Check{
		accept("raw.pretty", "a body with CRLF, tabs and indentation", func(x *Exam, s *Shot) []byte {
			return x.treeOf(s).append(nil, layout{pretty: true}, 0)
		}),
		accept("raw.key-order", "a body with its keys backwards", func(x *Exam, s *Shot) []byte {
			return x.treeOf(s).append(nil, layout{reverse: true}, 0)
		}),
		accept("raw.slashes", `a body with slashes as \/`, func(x *Exam, s *Shot) []byte {
			return bytes.ReplaceAll(x.worded(s, `"a/b"`), []byte("/"), []byte(`\/`))
		}),
		accept("raw.unicode", `a body with \u00e9 and a surrogate pair, and the same as UTF-8`, nil),
		accept("raw.html-chars", "a body with <, >, & and U+2028", func(x *Exam, s *Shot) []byte {
			return x.worded(s, "\"<b>R&D</b>\u2028\"")
		}),
		accept("raw.numbers", "a body with 9007199254740993, 1.0e0, -0 and 1.10", func(x *Exam, s *Shot) []byte {
			return x.extended(s, "[9007199254740993,1.0e0,-0,1.10]")
		}),
	}
	for i := range checks {
		if checks[i].ID == "raw.unicode" {
			checks[i].Run = func(x *Exam) {
				x.rawBody("escaped letters", func(x *Exam, s *Shot) []byte { return x.worded(s, `"caf\u00e9 \ud83d\ude00"`) })
				x.rawBody("the same letters as UTF-8", func(x *Exam, s *Shot) []byte { return x.worded(s, "\"caf\u00e9 \U0001f600\"") })
			}
		}
	}
	return append(checks,
		Check{ID: "raw.duplicate-keys", Scope: jsonSigning(), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutRawBody,
			Title: "the same key twice, with the same value", Expect: "2xx or 400",
			Why: "JSON allows it; decoders differ in which one counts", Run: func(x *Exam) {
				s := x.Event()
				tree := x.treeOf(s)
				if o := tree.object(); o != nil && len(o.keys) > 0 {
					o.keys, o.kids = append(o.keys, o.keys[0]), append(o.kids, o.kids[0].clone())
				}
				if s.Body(tree.bytes()); x.Sign(s) {
					x.Tolerate(s.Says("%s with the same key twice", s.What), http.StatusBadRequest)
				}
			}},
		Check{ID: "raw.bom", Scope: jsonSigning(), Severity: Info, Risk: Medium, Mode: Full, Topic: AboutRawBody,
			Title: "a byte order mark before the body", Expect: "no failure",
			Why: "some senders write one", Run: func(x *Exam) {
				s := x.Event()
				s.Body(append([]byte("\xef\xbb\xbf"), s.Delivery.Body...))
				if x.Sign(s) {
					x.Survive(s.Says("%s with a byte order mark before its body", s.What))
				}
			}},
		Check{ID: "raw.non-utf8", Scope: jsonSigning(), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutRawBody,
			Title: "one Latin-1 byte in a text, signed as sent", Expect: "not 401, no failure",
			Why: "the body is read as text before it is checked, which changes every byte that is not UTF-8", Run: rawNonUTF8},
		Check{ID: "raw.empty-object", Scope: jsonSigning(), Severity: Warning, Risk: Low, Mode: Quick, Topic: AboutShape,
			Title: "{}, validly signed", Expect: "no failure",
			Why: "a body without any field is the quickest way to see what is taken for granted", Run: func(x *Exam) {
				s := x.Event().Body([]byte("{}"))
				if x.Sign(s) {
					x.Survive(s.Says("{} in the place of the body"))
				}
			}},
	)
}

// rawBody signs and sends a body that a decoder would not give back as it was.
func (x *Exam) rawBody(title string, body func(x *Exam, s *Shot) []byte) {
	s := x.Event()
	s.Body(body(x, s))
	if x.Sign(s) {
		x.Believe(s.Says("%s: %s", s.What, title))
	}
}

// wordKeys are what free texts are called, of which the value matters to nobody.
func wordKeys() []string {
	return []string{"title", "titulo", "descrip", "nombre", "legalname", "name", "note", "text", "message", "subject", "label", "summary"}
}

// freeText finds a text whose value decides nothing.
func (x *Exam) freeText(tree *node, spec *Specimen) *node {
	leaves := tree.walk()
	for _, word := range wordKeys() {
		for _, l := range leaves {
			if l.node.kind == '"' && strings.Contains(strings.ToLower(l.key), word) && !x.names(spec, l.node.text()) && !looksFixed(l.node.text()) {
				return l.node
			}
		}
	}
	return nil
}

// looksFixed reports whether a text is one of a form that receivers may insist on.
func looksFixed(text string) bool {
	return strings.Contains(text, "://") || strings.Contains(text, "@") || strings.Count(text, "-") >= 2 || len(text) == 0
}

// worded is the body with a text in the place of one that decides nothing, or in a field
// of its own.
func (x *Exam) worded(s *Shot, raw string) []byte {
	tree := x.treeOf(s)
	if n := x.freeText(tree, s.spec); n != nil {
		n.kind, n.raw = '"', raw
		return tree.bytes()
	}
	return x.extended(s, raw)
}

// extended is the body with a field of its own.
func (x *Exam) extended(s *Shot, raw string) []byte {
	tree := x.treeOf(s)
	if o := tree.object(); o != nil {
		o.keys, o.kids = append(o.keys, `"whk_test"`), append(o.kids, &node{kind: '0', raw: raw})
	}
	return tree.bytes()
}

func rawNonUTF8(x *Exam) {
	s := x.Event()
	s.Body(x.worded(s, "\"caf\xe9\""))
	if !x.Sign(s) {
		return
	}
	s.Says("%s with one Latin-1 byte", s.What)
	if !x.valid(s.Delivery, s.at) {
		x.unsure("whk itself would not believe it")
		return
	}
	r, o := x.Send(s)
	switch {
	case x.settled(s, r, o), o == Accepted:
	case o == Rejected && x.run.isRefusal(r.Status) && r.Status != 400:
		x.fail(x.check.Severity, s, r, "it was refused as forged events are: the body seems to be read as text before it is checked")
	case !o.survived():
		x.fail(x.check.Severity, s, r, "the endpoint %s", o.did())
	}
}
