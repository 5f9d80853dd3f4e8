package contract

import (
	"crypto/tls"
	"net/url"
	"strings"
	"time"
)

func edgeChecks() []Check {
	return []Check{
		{ID: "tls.valid", Scope: overTLS(), Severity: Error, Risk: Low, Mode: Quick, Topic: AboutTLS,
			Title: "the certificate", Expect: "trusted, for this name, valid for 14 days and more, TLS 1.2 or newer",
			Why: "providers check certificates; one that runs out stops every event", Run: tlsValid},
		{ID: "tls.plain-http", Scope: wantsHTTPS(), Severity: Warning, Risk: Low, Mode: Quick, Topic: AboutTLS,
			Title: "nothing: the URL itself", Expect: "https",
			Why: "the provider takes only public https URLs", Run: func(x *Exam) {
				x.Note("%s demands a public https URL; this one is http", x.Provider.Title)
			}},
		{ID: "tls.http-twin", Scope: overTLS(), Severity: Warning, Risk: Medium, Mode: Full, Topic: AboutTLS,
			Title: "the same path on http", Expect: "no 2xx",
			Why: "what is accepted without TLS can be read and changed on its way", Run: tlsTwin},
		{ID: "cors.none", Scope: everywhere(), Severity: Info, Risk: Medium, Mode: Full, Topic: AboutServer,
			Title: "an event with the Origin of a web page", Expect: "no leave for every page with credentials",
			Why: "a web page has no business here", Run: func(x *Exam) {
				s := x.Event().odd()
				s.Delivery.Header["Origin"] = []string{"https://page.example.com"}
				x.Sign(s)
				s.Says("%s with Origin: https://page.example.com", s.What)
				if s.Delivery == nil {
					return
				}
				r, o := x.Send(s)
				if x.settled(s, r, o) {
					return
				}
				if origin := r.Header.Get("Access-Control-Allow-Origin"); (origin == "*" || strings.Contains(origin, "page.example.com")) && r.Header.Get("Access-Control-Allow-Credentials") == "true" {
					x.fail(x.check.Severity, s, r, "every web page may send events with the cookies of its visitor")
				}
			}},
	}
}

// days14 is how long a certificate should still be good for.
const days14 = 14 * 24 * time.Hour

func tlsValid(x *Exam) {
	x.result.Requests++
	conn, err := x.run.o.Sender.Connect(x.Context, x.run.o.Target)
	if err != nil {
		_, text := x.run.o.Sender.Classify(x.Context, err)
		x.Fail(x.check.Severity, "%s", text)
		return
	}
	defer conn.Close()
	secured, ok := conn.(*tls.Conn)
	if !ok || len(secured.ConnectionState().PeerCertificates) == 0 {
		x.unsure("the connection is not secured")
		return
	}
	x.judged = true
	state := secured.ConnectionState()
	leaf := state.PeerCertificates[0]
	left := leaf.NotAfter.Sub(x.run.now())
	switch {
	case left < 0:
		x.Fail(x.check.Severity, "the certificate ran out on %s", leaf.NotAfter.Format(time.DateOnly))
	case left < days14:
		x.Fail(x.check.Severity, "the certificate runs out in %d days, on %s", int(left/(24*time.Hour)), leaf.NotAfter.Format(time.DateOnly))
	}
	if state.Version < tls.VersionTLS12 {
		x.Fail(x.check.Severity, "%s is spoken; providers demand TLS 1.2", tls.VersionName(state.Version))
	}
	if x.run.o.Sender.Insecure {
		x.Note("whether the certificate is trusted was not checked, as --insecure asks")
	}
}

func tlsTwin(x *Exam) {
	u, err := url.Parse(x.Target)
	if err != nil || u.Port() != "" && u.Port() != "443" {
		x.unsure("the URL names a port of its own, so that there is no twin on http")
		return
	}
	s := x.Signed().odd()
	if s.Delivery == nil {
		return
	}
	s.Delivery.URL = "http://" + u.Hostname() + strings.TrimPrefix(s.Delivery.URL, "https://"+u.Host)
	s.Delivery.Host = u.Hostname()
	s.Says("%s to the same path on http", s.What)
	if _, stopped := x.stopped(); stopped {
		return
	}
	r := x.run.free(x.Context, s.Delivery)
	x.result.Requests++
	x.judged = true
	if OutcomeOf(r) == Accepted {
		x.fail(x.check.Severity, s, r, "it is accepted without TLS")
	}
}
