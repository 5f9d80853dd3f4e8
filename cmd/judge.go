package cmd

import (
	"net/url"
	"slices"
	"strings"

	"whk/listener"
	"whk/replay"
	"whk/verify"
)

// altered is the reason of events whose bytes are not those that were received.
const altered verify.Reason = "altered in the file"

// judge recognises and verifies what was received elsewhere.
type judge struct {
	app        *app
	recogniser *listener.Recogniser
}

// newJudge ties every provider to the secrets that are known here.
func (a *app) newJudge(f *eventsImportFlags) (*judge, error) {
	if u, err := url.Parse(f.publicURL); f.publicURL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return nil, usagef("--public-url %s: expected an address such as https://hooks.example.com", f.publicURL)
	}
	// The providers are told and judged as whk listen does it.
	listen := &listenFlags{provider: f.provider, publicURL: f.publicURL, secrets: f.secrets}
	r := &receiver{app: a, flags: listen, secrets: map[string][]verify.Secret{}}
	recogniser, err := r.recogniser()
	if err != nil {
		return nil, err
	}
	return &judge{app: a, recogniser: recogniser}, nil
}

// event makes an event of what a file says. Its verdict is made here: that of the file
// proves nothing, and is repeated only where nothing could be judged.
func (j *judge) event(x *replay.Exchange) *listener.Event {
	e := eventOf(x)
	e.Notes = slices.Clone(x.Notes)
	claimed := x.Verdict
	entity, action := e.Entity, e.Action
	e.Entity, e.Action = "", ""
	recogniser := j.recogniser
	if p := j.app.providerOf(x.Provider); p != nil {
		own := *j.recogniser
		own.Only, own.Paths = p.Name, nil // whoever exported it knew better than its path
		recogniser = &own
	}
	e.Provider = listener.UnknownName
	recogniser.Recognise(e)
	if e.Provider == listener.UnknownName && x.Provider != "" && x.Provider != listener.UnknownName {
		e.Provider = strings.ToLower(x.Provider)
		e.Notes = append(e.Notes, "there is no definition of this provider here")
	}
	if e.Entity == "" && e.Action == "" {
		e.Entity, e.Action = entity, action
	}
	said := ""
	if claimed.Status != "" && claimed.Status != verify.Unchecked {
		said = "the file says " + claimed.String()
	}
	switch {
	case x.Altered != "" && e.Verdict.Status == verify.Invalid:
		e.Verdict = verify.Verdict{Status: verify.Unchecked, Reason: altered, Detail: joined(x.Altered, said)}
	case e.Verdict.Status == verify.Unchecked:
		e.Verdict.Detail = joined(e.Verdict.Detail, said)
	}
	if x.Altered != "" && e.Verdict.Status != verify.Valid { // a valid signature proves the bytes
		e.Notes = append(e.Notes, x.Altered)
	}
	seen := map[string]bool{}
	e.Notes = slices.DeleteFunc(e.Notes, func(note string) bool {
		twice := seen[note]
		seen[note] = true
		return twice
	})
	return e
}

func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
}
