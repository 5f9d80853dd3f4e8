package contract

import (
	"fmt"
	"net/http"
	"strings"

	"whk/verify"
	"whk/verify/provider"
)

func acceptChecks() []Check {
	return []Check{
		{ID: "accept.valid", Scope: everywhere(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutRoute, gate: true,
			Title: "one event of each shape the provider sends, correctly signed", Expect: "2xx",
			Why: "what is not answered 2xx counts as lost; after enough of that, providers switch an endpoint off", Run: acceptValid},
		{ID: "accept.each-type", Scope: everywhere(), Severity: Error, Risk: Medium, Mode: Full, Topic: AboutUnknown,
			Title: "one event of every known type", Expect: "2xx",
			Why: "a type that nobody thought of fails, and counts towards the switch-off of all of them", Run: acceptEach},
		{ID: "accept.header-case", Scope: everywhere(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutHeader,
			Title: "the names of headers in lower, upper and odd case", Expect: "2xx",
			Why: "names of headers have no case, and proxies and HTTP/2 change it", Run: acceptHeaderCase},
		{ID: "accept.charset", Scope: having("bodies of JSON", func(s *Specimen) bool { return s.tree != nil }), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutShape,
			Title: "Content-Type: application/json; charset=UTF-8", Expect: "2xx",
			Why: "many senders add the charset; a comparison of the whole value fails then", Run: func(x *Exam) {
				s := x.Event()
				s.Delivery.Header["Content-Type"] = []string{"application/json; charset=UTF-8"}
				x.Sign(s)
				x.Accept(s.Says("%s with Content-Type: application/json; charset=UTF-8", s.What).odd())
			}},
		{ID: "accept.no-content-type", Scope: having("bodies", func(s *Specimen) bool { return s.tree != nil || s.form }), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutShape,
			Title: "no Content-Type, and text/plain", Expect: "no failure",
			Why: "some senders and proxies leave it out; a crash is answered with repeats", Run: acceptContentType},
		{ID: "accept.user-agent", Scope: everywhere(), Severity: Info, Risk: Medium, Mode: Full, Topic: AboutServer,
			Title: "an empty and an unknown User-Agent", Expect: "2xx",
			Why: "firewalls drop agents that they do not know; providers change theirs without notice", Run: func(x *Exam) {
				for _, agent := range []string{"", "unheard-of/0.1"} {
					s := x.Event()
					s.Delivery.Header["User-Agent"] = []string{agent}
					x.Sign(s)
					x.Accept(s.Says("%s with User-Agent: %q", s.What, agent).odd())
				}
			}},
		{ID: "accept.extra-header", Scope: everywhere(), Severity: Warning, Risk: Low, Mode: Full, Topic: AboutServer,
			Title: "twenty headers that proxies add", Expect: "2xx",
			Why: "tunnels and load balancers add them on the way", Run: acceptExtraHeaders},
		{ID: "accept.query", Scope: everywhere(), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutRoute,
			Title: "the URL with a query string", Expect: "2xx",
			Why: "some set-ups need a token or a tenant in the URL", Run: func(x *Exam) {
				s := x.Event()
				s.Delivery.URL = withQuery(s.Delivery.URL, "whk=1")
				x.Sign(s)
				x.Accept(s.Says("%s to the URL with ?whk=1", s.What).odd())
			}},
		{ID: "accept.rotation", Scope: rotating(), Severity: Error, Risk: Low, Mode: Full, Topic: AboutVerifying,
			Title: "two signatures of which the second is valid, or an old and a new secret", Expect: "2xx",
			Why: "while a secret is being replaced, providers sign with both", Run: acceptRotation},
		{ID: "accept.sig-upper-hex", Scope: Scope{"signatures in hexadecimal digits", func(s *Subject) bool { return s.hashes() && s.encoding() == "hex" }}, Severity: Info, Risk: High, Mode: Full, Topic: AboutEncoding,
			Title: "the signature in upper case", Expect: "2xx or a refusal",
			Why: "the vendors' libraries refuse it; either is fine, as long as it is meant", Run: acceptUpperHex},
		{ID: "accept.b64-key-forms", Scope: decoding(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutKeyForm,
			Title: "a signature made with the text of the secret in the place of the decoded key", Expect: "refused",
			Why: "whoever uses the text as key refuses every real event", Run: acceptKeyForms},
	}
}

// acceptValid is the gate. The first event that is accepted is the one that all other
// checks use.
func acceptValid(x *Exam) {
	var unreachable string
	accepted := 0
	for _, spec := range x.specimens {
		s := x.signedOf(spec)
		if s.Delivery == nil {
			continue
		}
		r, o := x.Send(s)
		switch o {
		case Accepted:
			if accepted++; accepted == 1 {
				text := strings.ToLower(string(r.Body))
				x.run.mild.Store(&text)
				x.run.base.Store(spec)
			}
		case Refused, Broken:
			if accepted == 0 && r.Status == 0 {
				unreachable = Came(r)
			}
		}
		if unreachable != "" && accepted == 0 {
			x.run.report.Unreachable = unreachable
			x.Fail(Error, "no request could be sent: %s", unreachable)
			return
		}
		if x.Context.Err() != nil {
			break
		}
		if !x.settled(s, r, o) && o != Accepted {
			x.run.refused.Store(spec.shape, true)
			x.fail(severityFor(spec, x.check.Severity), s, r, "a valid event was %s", o.verb())
		}
		if len(x.result.Findings) == maxShapes && accepted == 0 {
			break // the rest would say the same
		}
	}
	x.run.open.Store(accepted > 0)
}

// hopeless reports whether an event is refused in its plain form already, so that another
// form of it would tell nothing.
func (x *Exam) hopeless(spec *Specimen) bool {
	if _, refused := x.run.refused.Load(spec.plain); refused {
		x.unsure(spec.Event + " is not accepted in its usual form, see accept.valid")
		return true
	}
	return false
}

// maxShapes is after how many events that were all refused the gate is taken for shut.
const maxShapes = 12

// severityFor is milder for an event whose shape nobody has confirmed.
func severityFor(spec *Specimen, s Severity) Severity {
	if spec.Certainty == provider.Guessed && s == Error {
		return Warning
	}
	return s
}

func acceptEach(x *Exam) {
	refused := 0
	for _, spec := range x.every {
		s := x.signedOf(spec)
		if s.Delivery == nil {
			continue
		}
		if o := x.acceptAs(s, severityFor(spec, x.check.Severity)); o != Accepted {
			refused++
		}
		if refused > 20 {
			x.Note("more types are not tried")
			return
		}
	}

}

func acceptHeaderCase(x *Exam) {
	odd := func(name string) string {
		out := []byte(strings.ToLower(name))
		for i := 1; i < len(out); i += 2 {
			out[i] = strings.ToUpper(string(out[i]))[0]
		}
		return string(out)
	}
	for _, form := range []struct {
		name  string
		spell func(string) string
	}{{"lower case", strings.ToLower}, {"upper case", strings.ToUpper}, {"odd case", odd}} {
		s := x.Signed().odd()
		s.Says("%s with the names of its headers in %s", s.What, form.name)
		s.rename = func(h http.Header) http.Header {
			out := http.Header{}
			for name, values := range h {
				out[form.spell(name)] = values
			}
			return out
		}
		x.Accept(s)
	}
}

func acceptContentType(x *Exam) {
	for _, kind := range []string{"", "text/plain"} {
		s := x.Event()
		if s.spec.form && !x.scheme.Signs() || s.spec.form && strings.Contains(x.recipe.Signed, "{form") {
			x.unsure("the signature is made of the fields of a form, which has to be called one")
			return
		}
		what := "without Content-Type"
		delete(s.Delivery.Header, "Content-Type")
		if kind != "" {
			s.Delivery.Header["Content-Type"] = []string{kind}
			what = "with Content-Type: " + kind
		}
		x.Sign(s)
		x.Survive(s.Says("%s %s", s.What, what).odd())
	}
}

func acceptExtraHeaders(x *Exam) {
	s := x.Event()
	for name, value := range map[string]string{
		"X-Forwarded-For": "203.0.113.7, 10.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "hooks.example.com", "X-Forwarded-Port": "443",
		"X-Real-Ip": "203.0.113.7", "Forwarded": "for=203.0.113.7;proto=https;by=10.0.0.1", "Via": "1.1 proxy.example.com", "X-Request-Id": "whk-test-1",
		"X-Correlation-Id": "whk-test-1", "Traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "Tracestate": "whk=1", "Baggage": "test=whk",
		"X-B3-Traceid": "4bf92f3577b34da6a3ce929d0e0e4736", "Cf-Ray": "7d1b2c3d4e5f6789-FRA", "Cf-Connecting-Ip": "203.0.113.7", "Cdn-Loop": "cloudflare",
		"X-Amzn-Trace-Id": "Root=1-67891233-abcdef012345678912345678", "X-Cloud-Trace-Context": "105445aa7843bc8bf206b12000100000/1;o=1", "Accept": "*/*", "Accept-Encoding": "gzip, deflate, br",
	} {
		if len(s.Delivery.Header[name]) == 0 {
			s.Delivery.Header[name] = []string{value}
		}
	}
	if x.recipe.RequireURL || x.recipe.Kind == verify.KindMessage {
		for _, name := range []string{"X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "Forwarded"} {
			delete(s.Delivery.Header, name) // a receiver that believes its proxy would compute another URL
		}
	}
	x.Sign(s)
	x.Accept(s.Says("%s with the headers of proxies", s.What).odd())
}

func acceptRotation(x *Exam) {
	for i, secret := range x.secrets {
		if len(x.secrets) == 1 {
			break
		}
		s := x.Event().odd()
		k, err := x.bent(secret, nil)
		if err != nil || !x.signWith(s, k, s.at) {
			continue
		}
		x.Accept(s.Says("%s signed with secret %d of %d", s.What, i+1, len(x.secrets)))
	}
	if !x.lists() {
		return
	}
	good, bad := x.Event().odd(), (*Shot)(nil)
	wrong, err := x.another()
	if err != nil {
		x.unsure(err.Error())
		return
	}
	k, err := x.bent(wrong, nil)
	if err != nil {
		x.unsure(err.Error())
		return
	}
	copied := *good
	copied.Delivery = good.Delivery.Clone()
	bad = &copied
	if !x.Sign(good) || !x.signWith(bad, k, good.at) {
		return
	}
	sep := x.recipe.Separator
	valid, other := strings.Split(x.whole(good.Delivery), sep), strings.Split(x.whole(bad.Delivery), sep)
	var both []string
	for i, part := range valid {
		if i < len(other) && other[i] != part {
			both = append(both, other[i])
		}
		both = append(both, part)
	}
	x.setWhole(good.Delivery, strings.Join(both, sep))
	x.Accept(good.Says("%s with two signatures, the second valid", good.What))
}

func acceptUpperHex(x *Exam) {
	s := x.Signed().odd()
	if s.Delivery == nil {
		return
	}
	x.setSignature(s.Delivery, strings.ToUpper(x.signature(s.Delivery)))
	s.Says("%s with its signature in upper case", s.What)
	r, o := x.Send(s)
	switch {
	case x.settled(s, r, o), o == Accepted:
	case o == Rejected:
		x.note(s, r, "a signature in upper case is refused, as the vendors' libraries do")
	default:
		x.fail(Info, s, r, "the endpoint %s", o.did())
	}
}

func acceptKeyForms(x *Exam) {
	secret := x.secrets[0]
	k, err := x.bent(secret, func(r *verify.Recipe) { r.SecretEncoding, r.SecretPrefix = "", "" })
	if err != nil {
		x.unsure(err.Error())
		return
	}
	s := x.Event().odd()
	if !x.signWith(s, k, s.at) {
		return
	}
	s.Says("%s signed with the text of the secret as key", s.What)
	r, o := x.Send(s)
	if x.settled(s, r, o) {
		return
	}
	if o == Accepted {
		x.fail(x.check.Severity, s, r, "the text of the secret is used as key: it has to be decoded first")
	} else if !x.run.open.Load() {
		x.Note("%s", fmt.Sprintf("the form of the key is not why events are refused: the text as key is %s, too", o))
	}
}
