package listener

import (
	"strings"
	"time"

	"whk/verify"
	"whk/verify/provider"
)

// Endpoint is one provider as a receiver knows it.
type Endpoint struct {
	Provider *provider.Provider
	Keyring  *verify.Keyring
	// Secrets are those of the keyring, for answers that prove that they are known.
	Secrets []verify.Secret
}

// Recogniser tells who sent a delivery, and judges it.
type Recogniser struct {
	// Set detects providers by what a delivery looks like.
	Set *provider.Set
	// Endpoints holds every known provider by name, Paths the name of a provider by
	// the path it sends to, such as "/rentman"; what lies below a path belongs to it.
	Endpoints map[string]Endpoint
	Paths     map[string]string
	// Only names the provider of whatever comes by another path; empty for detection.
	Only string
	// Token is the last part of the only paths that are admitted, "" admits all.
	Token string
	// DevelopmentIsUnchecked takes a match of the well-known secret for no check at all.
	DevelopmentIsUnchecked bool
}

// Recognise fills in what an event says and what is thought of it. The signature is
// judged before the body is read.
func (r *Recogniser) Recognise(e *Event) {
	endpoint, ok := r.endpoint(e)
	if !ok {
		e.Verdict = verify.Verdict{Status: verify.Unchecked, Reason: verify.NoProvider}
		if e.Cut != "" {
			e.Verdict.Reason = verify.Incomplete
		}
		return
	}
	e.Provider = endpoint.Provider.Name
	if e.Cut != "" {
		e.Verdict = verify.Verdict{Status: verify.Unchecked, Reason: verify.Incomplete}
		return
	}
	e.Verdict = endpoint.Keyring.Check(e.Delivery, e.At)
	if r.DevelopmentIsUnchecked && e.Verdict.Development {
		e.Verdict = verify.Verdict{Status: verify.Unchecked, Reason: verify.NoSecret, Detail: "only the development secret matched"}
	}
	var note string
	if e.Entity, e.Action, note = endpoint.Provider.EventOf(e.Delivery); note != "" {
		e.Notes = append(e.Notes, note)
	}
	if p := endpoint.Provider; !p.Accepts(e.Delivery.Method) && !p.Asks(e.Delivery.Method) {
		e.Notes = append(e.Notes, "came by "+e.Delivery.Method+"; "+p.Title+" sends by "+provider.Either(p.Methods))
	}
	if why, err := endpoint.Provider.Unfit(e.Name(), e.Delivery); err != nil {
		e.Notes = append(e.Notes, "its schema cannot be used: "+err.Error())
	} else if why != "" {
		e.Notes = append(e.Notes, "does not fit its schema: "+why)
	}
}

// Handshake answers an event that is a question of its provider's.
func (r *Recogniser) Handshake(e *Event) (provider.Answer, bool) {
	endpoint, ok := r.Endpoints[e.Provider]
	if !ok || e.Cut != "" {
		return provider.Answer{}, false
	}
	return endpoint.Provider.Handshake(e.Delivery, e.Verdict, endpoint.Secrets)
}

// Moment tells when an event says that something happened, and to what.
func (r *Recogniser) Moment(e *Event) (ids []string, at time.Time, ok bool) {
	endpoint, known := r.Endpoints[e.Provider]
	if !known {
		return nil, time.Time{}, false
	}
	return endpoint.Provider.Moment(e.Delivery)
}

func (r *Recogniser) endpoint(e *Event) (Endpoint, bool) {
	if name, ok := r.byPath(e.Delivery.Path()); ok {
		return r.Endpoints[name], true
	}
	if r.Only != "" {
		return r.Endpoints[r.Only], true
	}
	p, rivals := r.Set.Detect(e.Delivery)
	if p == nil {
		if len(rivals) > 0 {
			e.Notes = append(e.Notes, "looks like "+strings.Join(rivals, " and like ")+": send it to the provider's own path, or name one with --provider")
		}
		return Endpoint{}, false
	}
	return r.Endpoints[p.Name], true
}

// byPath finds the provider whose path is path or lies above it.
func (r *Recogniser) byPath(path string) (string, bool) {
	for path != "" && path != "/" {
		path = strings.TrimSuffix(path, "/")
		if name, ok := r.Paths[path]; ok {
			return name, true
		}
		path = path[:strings.LastIndexByte(path, '/')+1]
	}
	return "", false
}

// Admit reports whether a path is received: with a token, only a provider's path
// followed by it.
func (r *Recogniser) Admit(path string) bool {
	if r.Token == "" {
		return true
	}
	base, ok := strings.CutSuffix(strings.TrimSuffix(path, "/"), "/"+r.Token)
	if !ok {
		return false
	}
	_, known := r.Paths[base]
	return known
}

// Accepts reports whether the provider of a path sends, or asks, by this method even when
// the request has no content.
func (r *Recogniser) Accepts(method, path string) bool {
	name, ok := r.byPath(path)
	if !ok {
		name = r.Only
	}
	endpoint, ok := r.Endpoints[name]
	return ok && (endpoint.Provider.Accepts(method) || endpoint.Provider.Asks(method))
}
