package contract

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"whk/verify"
	"whk/verify/display"
)

// Fix says what to do about a result. That valid events are not taken has many causes; the
// answer tells which is the most likely, and everything else waits for it. The text may hold
// what the endpoint said, as it came.
func (r *Report) Fix(c Result) string {
	switch {
	case c.Check == nil || !c.gate || c.Status != Failed:
	case strings.HasPrefix(r.Unreachable, string(verify.Refused)):
		return "start the endpoint, and name the address where it listens"
	case r.Unreachable != "":
		return "nothing can be said to the endpoint: mend what was found first"
	default:
		return cmp.Or(r.likely(c), AdviceOn(c.Topic).Text)
	}
	return AdviceOn(c.Topic).Text
}

// likely is the most likely cause, "" where nothing was answered.
func (r *Report) likely(c Result) string {
	var x *Exchange
	for _, f := range c.Findings {
		if !f.Note && f.Exchange != nil {
			x = f.Exchange
			break
		}
	}
	if x == nil {
		return ""
	}
	switch status := x.Result.Status; {
	case x.Outcome == Reset || x.Outcome == Broken || status == http.StatusBadRequest && !r.Open:
		return r.likelyTLS(x)
	case x.Outcome == Hung:
		return "answer first and work afterwards: put the event into a queue, and say 200"
	case x.Outcome == Redirected && x.Result.Header.Get("Location") != "":
		return "give the provider, and whk, the address that it is sent to, since no provider follows: " + display.Shorten(x.Result.Header.Get("Location"), 200, "...")
	case x.Outcome == Redirected:
		return ""
	case x.Outcome == Crashed:
		return "the endpoint failed on an event that is in order: its log says where"
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed || status == http.StatusGone:
		return "nothing takes a POST there: name the whole URL, with the path that the app serves, as in localhost:3000/webhooks/" + r.Provider
	case status != http.StatusUnauthorized && status != http.StatusForbidden && status != http.StatusBadRequest:
		return "the log of the endpoint says why it refuses an event that is in order"
	case r.Open:
		return "the secret is right, since other events are taken: check the signature over the raw bytes of the body, before any parser touches them"
	case r.Secret == "":
		return "this provider signs nothing: a login, a firewall or protection against forged forms (CSRF) stands before the handler"
	}
	return fmt.Sprintf("give the endpoint and whk the same secret (whk signs with %s), check the raw bytes of the body, and see that no login and no protection against forged forms (CSRF) stands before the handler", secretWords(r.Secret))
}

// likelyTLS is about answers that are none, or that may be those of a server for https.
func (r *Report) likelyTLS(x *Exchange) string {
	if u, err := url.Parse(r.Target); err == nil && u.Scheme == "http" {
		u.Scheme = "https"
		return "if the endpoint serves https, test " + u.Redacted() + "; else its log says why it does not answer"
	}
	return "the log of the endpoint says why it does not answer"
}

func secretWords(name string) string {
	if name == "development" {
		return "the development secret"
	}
	return name
}
