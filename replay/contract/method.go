package contract

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"

	"whk/verify"
)

func methodChecks() []Check {
	return []Check{
		{ID: "http.get", Scope: posting(), Severity: Warning, Risk: Medium, Mode: Quick, Topic: AboutMethod,
			Title: "the event by PUT and DELETE, and a bare GET", Expect: "405, 404 or 401",
			Why: "a handler that takes every method is met by crawlers and link previews", Run: httpMethods},
		{ID: "http.head", Scope: everywhere(), Severity: Warning, Risk: Low, Mode: Quick, Topic: AboutMethod,
			Title: "HEAD", Expect: "no failure",
			Why: "health checks and providers ask by HEAD whether somebody is there", Run: func(x *Exam) { x.Survive(x.bare(http.MethodHead)) }},
		{ID: "http.options", Scope: everywhere(), Severity: Info, Risk: Low, Mode: Full, Topic: AboutMethod,
			Title: "OPTIONS", Expect: "no failure",
			Why: "browsers and CloudEvents ask by OPTIONS", Run: func(x *Exam) { x.Survive(x.bare(http.MethodOptions)) }},
		{ID: "http.options-ce", Scope: asksOptions(), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutMethod,
			Title: "OPTIONS with WebHook-Request-Origin and -Rate", Expect: "both WebHook-Allowed headers and Allow: POST, or none",
			Why: "without a proper consent a sender that keeps to the specification sends nothing", Run: httpConsent},
		{ID: "http.ce-status", Scope: Scope{"CloudEvents", func(s *Subject) bool { return s.cloudEvents() }}, Severity: Info, Risk: Medium, Mode: Full, Topic: AboutStatus,
			Title: "events in both modes, and one of an unknown media type", Expect: "200, 201, 202 or 204; 415",
			Why: "the specification says which status means what", Run: httpCloudEvents},
		{ID: "http.no-redirect", Scope: everywhere(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutRoute,
			Title: "a valid event, to the URL as given and with its last slash changed", Expect: "no 3xx",
			Why: "providers follow no redirect: the event is lost", Run: httpRedirect},
		{ID: "http.large", Scope: jsonBodies(), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutSize,
			Title: "a valid event of 1 MB", Expect: "2xx or 413",
			Why: "frameworks allow 100 KB by default; some providers send 25 MB", Run: func(x *Exam) {
				s := x.Event()
				s.Body(x.extended(s, quoted(strings.Repeat("whk ", 256<<10))))
				if x.Sign(s) {
					x.Tolerate(s.Says("%s of 1 MB", s.What), http.StatusRequestEntityTooLarge)
				}
			}},
		{ID: "http.gzip", Scope: Scope{"bodies", func(s *Subject) bool { return s.basis.method == http.MethodPost }}, Severity: Info, Risk: High, Mode: Full, Topic: AboutRawBody,
			Title: "a body packed with gzip, signed as sent", Expect: "no failure",
			Why: "some frameworks unpack before the handler sees the bytes, others do not", Run: func(x *Exam) {
				s := x.Event().odd()
				var packed bytes.Buffer
				z := gzip.NewWriter(&packed)
				_, _ = z.Write(s.Delivery.Body)
				_ = z.Close()
				s.Body(packed.Bytes())
				s.Delivery.Header["Content-Encoding"] = []string{"gzip"}
				if x.recipe.Body == nil && x.Sign(s) {
					x.Survive(s.Says("%s packed with gzip", s.What))
				}
			}},
		{ID: "http.method-override", Scope: keyed(), Severity: Warning, Risk: Low, Mode: Full, Topic: AboutMethod, Refuses: true,
			Title: "an unsigned event that claims to be another method", Expect: "401 or 405",
			Why: "frameworks that obey such a header route around the check", Run: func(x *Exam) {
				for _, form := range []string{"header", "query"} {
					s := missingShot(x)
					if s.Delivery == nil {
						return
					}
					s.odd()
					if form == "header" {
						s.Delivery.Header["X-Http-Method-Override"] = []string{"PUT"}
						x.Reject(s.Says("%s, with X-HTTP-Method-Override: PUT", s.What))
						continue
					}
					s.Delivery.URL = withQuery(s.Delivery.URL, "_method=PUT")
					x.Reject(s.Says("%s, with ?_method=PUT", s.What))
				}
			}},
		{ID: "http.keepalive", Scope: everywhere(), Severity: Info, Risk: Low, Mode: Full, Topic: AboutServer,
			Title: "a hundred events on one connection", Expect: "2xx",
			Why: "providers keep connections; what is left of one request must not spoil the next", Run: httpKeepAlive},
	}
}

// bare is a request by another method, with nothing to read.
func (x *Exam) bare(method string) *Shot {
	s := x.Event().odd()
	s.spec = nil
	header := http.Header{}
	if x.run.basic != "" {
		header["Authorization"] = []string{x.run.basic}
	}
	s.Delivery.Method, s.Delivery.Body, s.Delivery.Header, s.Delivery.URL = method, nil, header, x.Target
	return s.Says("%s without a body", method)
}

func httpMethods(x *Exam) {
	for _, method := range []string{http.MethodPut, http.MethodDelete} {
		if x.Provider.Accepts(method) {
			continue
		}
		s := x.Event().odd()
		s.Delivery.Method = method
		if !x.Sign(s) {
			continue
		}
		s.Says("%s by %s", s.What, method)
		r, o := x.Send(s)
		switch {
		case x.settled(s, r, o), o == Rejected, r.Status == http.StatusNotImplemented:
		case o == Accepted:
			x.fail(x.check.Severity, s, r, "%s is accepted like %s", method, x.Provider.Methods[0])
		case !o.survived():
			x.fail(x.check.Severity, s, r, "the endpoint %s", o.did())
		}
	}
	s := x.bare(http.MethodGet)
	r, o := x.Send(s)
	if !x.settled(s, r, o) && !o.survived() && r.Status != http.StatusNotImplemented {
		x.fail(x.check.Severity, s, r, "the endpoint %s", o.did())
	}
}

func httpConsent(x *Exam) {
	const origin = "whk.example.com"
	s := x.bare(http.MethodOptions)
	s.Delivery.Header["Webhook-Request-Origin"] = []string{origin}
	s.Delivery.Header["Webhook-Request-Rate"] = []string{"120"}
	s.Says("OPTIONS with WebHook-Request-Origin: %s", origin)
	r, o := x.Send(s)
	if x.settled(s, r, o) {
		return
	}
	allowed, rate := r.Header.Get("WebHook-Allowed-Origin"), r.Header.Get("WebHook-Allowed-Rate")
	n, err := strconv.Atoi(rate)
	switch {
	case !o.survived():
		x.fail(x.check.Severity, s, r, "the endpoint %s", o.did())
	case allowed == "" && rate == "":
		x.note(s, r, "no consent: a sender that keeps to the specification would send nothing")
	case allowed == "":
		x.fail(x.check.Severity, s, r, "WebHook-Allowed-Rate without WebHook-Allowed-Origin")
	case allowed != "*" && allowed != origin:
		x.fail(x.check.Severity, s, r, "WebHook-Allowed-Origin is neither the origin that asked nor *")
	case rate != "" && rate != "*" && (err != nil || n < 1):
		x.fail(x.check.Severity, s, r, "WebHook-Allowed-Rate is neither a positive number nor *")
	case rate == "":
		x.fail(x.check.Severity, s, r, "WebHook-Allowed-Rate is missing, although a rate was asked for")
	case !strings.Contains(strings.ToUpper(r.Header.Get("Allow")), http.MethodPost):
		x.fail(x.check.Severity, s, r, "Allow does not name POST")
	}
}

// cloudEvents reports whether the provider speaks CloudEvents: its bodies carry the
// attributes that all of them have, and it asks for consent.
func (s *Subject) cloudEvents() bool {
	if !asksOptions().Fits(s) {
		return false
	}
	for _, spec := range s.specimens {
		if spec.tree != nil && spec.tree.get("specversion") != nil && spec.tree.get("source") != nil {
			return true
		}
	}
	return false
}

func httpCloudEvents(x *Exam) {
	for _, spec := range x.specimens {
		s := x.signedOf(spec)
		if s.Delivery == nil {
			continue
		}
		r, o := x.Send(s)
		if x.settled(s, r, o) {
			continue
		}
		switch {
		case o != Accepted:
			x.fail(x.check.Severity, s, r, "a valid event was %s", o.verb())
		case len(r.Body) > 0 && r.Header.Get("Content-Type") == "":
			x.fail(x.check.Severity, s, r, "the answer has a body and no Content-Type")
		case r.Status == http.StatusOK && len(r.Body) == 0:
			x.note(s, r, "200 without a body: the specification has 201 or 204 for that")
		}
	}
	s := x.Event().odd()
	s.Delivery.Header["Content-Type"] = []string{"application/x-unheard-of"}
	x.Sign(s)
	s.Says("an event with Content-Type: application/x-unheard-of")
	r, o := x.Send(s)
	if !x.settled(s, r, o) && r.Status != http.StatusUnsupportedMediaType {
		x.note(s, r, "an unknown media type is answered %d instead of 415", r.Status)
	}
}

func httpRedirect(x *Exam) {
	s := x.Signed()
	if s.Delivery == nil {
		return
	}
	r, o := x.Send(s)
	if !x.settled(s, r, o) && o == Redirected {
		x.fail(x.check.Severity, s, r, "a valid event is sent elsewhere")
	}
	path := pathOf(x.Target)
	other := path + "/"
	if trimmed := strings.TrimRight(path, "/"); trimmed != path {
		other = trimmed
	}
	if other == "" || !x.run.open.Load() {
		return
	}
	s = x.Event().odd()
	s.Delivery.URL = setPath(s.Delivery.URL, other)
	if !x.Sign(s) {
		return
	}
	s.Says("%s to %s", s.What, other)
	if r, o = x.Send(s); o == Redirected {
		x.note(s, r, "%s is redirected: give the provider exactly the URL that is tested here", other)
	} else {
		x.settled(s, r, o)
	}
}

func httpKeepAlive(x *Exam) {
	if _, stopped := x.stopped(); stopped {
		return
	}
	release := x.run.slot(x.Context)
	defer release()
	l, err := x.dial(x.run.timeout() * 3)
	if err != nil {
		x.unsure(err.Error())
		return
	}
	defer func() { l.conn.Close() }()
	reconnects := 0
	for i := range 100 {
		s := x.Signed()
		if s.Delivery == nil || x.Context.Err() != nil {
			return
		}
		s.Says("%s, the %d. on one connection", s.What, i+1)
		_, err := l.conn.Write(plainRequest(s.Delivery))
		var got verify.Result
		if err == nil {
			got, err = l.answer(s.Delivery.Method)
		}
		if err != nil { // a server may end a connection whenever it likes, between two requests
			l.conn.Close()
			if reconnects++; reconnects > 20 {
				x.Note("the endpoint ends every connection after one answer or a few")
				return
			}
			if l, err = x.dial(x.run.timeout() * 3); err != nil {
				x.unsure(err.Error())
				return
			}
			continue
		}
		got.Outcome = verify.Answered
		x.seen(s, got)
		if o := OutcomeOf(got); o != Accepted {
			if !x.settled(s, got, o) {
				x.fail(x.check.Severity, s, got, "a valid event was %s", o.verb())
			}
			return
		}
		if got.Header.Get("Connection") == "close" {
			l.conn.Close()
			if reconnects++; reconnects > 3 {
				x.Note("the endpoint ends every connection after one answer")
				return
			}
			if l, err = x.dial(x.run.timeout() * 3); err != nil {
				x.unsure(err.Error())
				return
			}
		}
		x.judged = true
	}
}
