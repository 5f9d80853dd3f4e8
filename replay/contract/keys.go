package contract

import (
	"net/url"
	"path"
	"strings"
)

func keyChecks() []Check {
	return []Check{
		{ID: "key.case", Scope: sharing(), Severity: Warning, Risk: Medium, Mode: Quick, Topic: AboutVerifying, Refuses: true,
			Title: "the key with the case of its letters changed", Expect: "401",
			Why: "a comparison without case makes a key that is much easier to guess", Run: func(x *Exam) {
				key := x.secrets[0].Reveal()
				bent := strings.ToUpper(key)
				if bent == key {
					bent = strings.ToLower(key)
				}
				if bent == key {
					x.unsure("the key has no letters")
					return
				}
				x.withKey(bent, "%s with its key in another case")
			}},
		{ID: "key.prefix", Scope: sharing(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutVerifying, Refuses: true,
			Title: "the key without its last letter, and with one more", Expect: "401",
			Why: "a comparison that ends with the shorter text lets a key be guessed letter by letter", Run: func(x *Exam) {
				key := x.secrets[0].Reveal()
				if len(key) > 1 {
					x.withKey(key[:len(key)-1], "%s with its key but for the last letter")
				}
				x.withKey(key+"1", "%s with its key and one letter more")
			}},
		{ID: "key.in-query", Scope: sharing(), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutHeader, Refuses: true,
			Title: "the key as a parameter of the URL alone", Expect: "401",
			Why: "URLs stand in logs, and whoever reads only the URL has never seen the provider's header", Run: keyInQuery},
		{ID: "key.in-body", Scope: sharing(), Severity: Error, Risk: Low, Mode: Full, Topic: AboutHeader, Refuses: true,
			Title: "the key inside the body alone", Expect: "401",
			Why: "the provider sends it in a header; what looks elsewhere looks at what the sender chose", Run: func(x *Exam) {
				s := x.Event().odd()
				tree := s.spec.tree
				if tree == nil || tree.object() == nil {
					return
				}
				bent := x.treeOf(s)
				bent.object().set("key", textNode(x.secrets[0].Reveal()))
				bent.object().set(x.header(), textNode(x.secrets[0].Reveal()))
				x.Reject(s.Body(bent.bytes()).Says("%s with its key in the body alone", s.What))
			}},
	}
}

// withKey sends an event with another text in the place of the shared key.
func (x *Exam) withKey(key, what string) {
	s := x.Signed().odd()
	if s.Delivery != nil {
		x.setSignature(s.Delivery, key)
		x.Reject(s.Says(what, s.What))
	}
}

func keyInQuery(x *Exam) {
	key := url.QueryEscape(x.secrets[0].Reveal())
	for _, name := range []string{"key", "token", "validationKey"} {
		s := x.Event().odd()
		s.Delivery.URL = withQuery(s.Delivery.URL, name+"="+key)
		x.Reject(s.Says("%s with its key in ?%s= alone", s.What, name))
	}
}

func noneChecks() []Check {
	return []Check{
		{ID: "none.exposed", Scope: open(), Severity: Info, Risk: Low, Mode: Quick, Topic: AboutExposure,
			Title: "an event from nowhere", Expect: "2xx",
			Why: "the provider documents no authentication, so that the address is all there is", Run: func(x *Exam) {
				s := x.Signed()
				r, o := x.Send(s)
				if !x.settled(s, r, o) && o == Accepted {
					x.note(s, r, "anyone who knows the address can send this")
				}
			}},
		{ID: "none.path-guess", Scope: deep(), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutExposure,
			Title: "an event to the path without its last part", Expect: "404 or 401",
			Why: "the last part of the path is the only secret there is", Run: func(x *Exam) {
				u, err := url.Parse(x.Target)
				if err != nil {
					return
				}
				s := x.Signed().odd()
				if s.Delivery == nil {
					return
				}
				_, query, _ := strings.Cut(s.Delivery.URL, "?")
				s.Delivery.URL = withQuery(setPath(strings.Split(x.Target, "?")[0], path.Dir(strings.TrimRight(u.Path, "/"))), query)
				s.Says("%s to the path without its last part", s.What)
				r, o := x.Send(s)
				if x.settled(s, r, o) {
					return
				}
				switch o {
				case Accepted:
					x.fail(x.check.Severity, s, r, "it was accepted, too: the last part of the path protects nothing")
				case Crashed:
					x.fail(x.check.Severity, s, r, "the endpoint %s", o.did())
				}
			}},
	}
}
