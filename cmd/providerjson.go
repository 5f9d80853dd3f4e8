package cmd

import (
	"strings"
	"time"

	"whk/cmd/config"
	"whk/verify/provider"
)

// providerJSON is a provider as output, type "provider".
type providerJSON struct {
	Name      string             `json:"name"`
	Title     string             `json:"title"`
	Docs      docsJSON           `json:"docs"`
	Certainty provider.Certainty `json:"certainty"`
	Source    string             `json:"source"`
	Methods   []string           `json:"methods"`
	PathOnly  bool               `json:"path_only,omitempty"`
	Scheme    schemeJSON         `json:"scheme"`
	API       string             `json:"api,omitempty"`
	// EventCount is how many events can be forged.
	EventCount int           `json:"event_count"`
	Limits     []string      `json:"limits,omitempty"`
	Advice     string        `json:"advice,omitempty"`
	Manners    *mannersJSON  `json:"manners,omitempty"`
	Handshakes []shakeJSON   `json:"handshakes,omitempty"`
	Claims     []claimJSON   `json:"claims,omitempty"`
	Subscribe  []string      `json:"subscribe,omitempty"`
	Events     []eventOfJSON `json:"events,omitempty"`
	Known      []knownJSON   `json:"known,omitempty"`
}

type docsJSON struct {
	Page string `json:"page,omitempty"`
	URL  string `json:"url,omitempty"`
}

// schemeJSON is how a provider authenticates what it sends.
type schemeJSON struct {
	Kind           string `json:"kind"`
	Description    string `json:"description"`
	Header         string `json:"header,omitempty"`
	SecretVariable string `json:"secret_variable,omitempty"`
	RequiresURL    bool   `json:"requires_url,omitempty"`
}

// mannersJSON is how a provider behaves as a sender.
type mannersJSON struct {
	Retries    *retriesJSON `json:"retries,omitempty"`
	Disable    *disableJSON `json:"disable,omitempty"`
	Duplicates *mannerJSON  `json:"duplicates,omitempty"`
	Order      *mannerJSON  `json:"order,omitempty"`
	Backup     *mannerJSON  `json:"backup,omitempty"`
	Budget     []budgetJSON `json:"budget,omitempty"`
}

type retriesJSON struct {
	Max int `json:"max"`
	// ForSeconds is how long it is tried, where a time is stated and no number.
	ForSeconds float64            `json:"for_seconds,omitempty"`
	SameBody   bool               `json:"same_body"`
	On         string             `json:"on,omitempty"`
	Certainty  provider.Certainty `json:"certainty"`
}

type disableJSON struct {
	AfterConsecutiveFailures int                `json:"after_consecutive_failures"`
	Notices                  []int              `json:"notices,omitempty"`
	Certainty                provider.Certainty `json:"certainty"`
}

type mannerJSON struct {
	Says      string             `json:"says"`
	Certainty provider.Certainty `json:"certainty"`
}

type budgetJSON struct {
	Calls      int                `json:"calls,omitempty"`
	PerSeconds float64            `json:"per_seconds,omitempty"`
	Concurrent int                `json:"concurrent,omitempty"`
	Certainty  provider.Certainty `json:"certainty"`
	Note       string             `json:"note,omitempty"`
}

// shakeJSON is a question that the provider asks of an address.
type shakeJSON struct {
	Name      string             `json:"name"`
	Method    string             `json:"method"`
	Certainty provider.Certainty `json:"certainty"`
	Verified  bool               `json:"verified"`
	Proof     bool               `json:"proof"`
}

type claimJSON struct {
	About     string             `json:"about"`
	Says      string             `json:"says"`
	Certainty provider.Certainty `json:"certainty"`
}

// eventOfJSON is an event that can be forged.
type eventOfJSON struct {
	Name      string             `json:"name"`
	Entity    string             `json:"entity"`
	Action    string             `json:"action"`
	Aliases   []string           `json:"aliases,omitempty"`
	Certainty provider.Certainty `json:"certainty"`
	Note      string             `json:"note,omitempty"`
	Variants  []variantJSON      `json:"variants"`
}

type variantJSON struct {
	Name      string             `json:"name"`
	Certainty provider.Certainty `json:"certainty"`
	Note      string             `json:"note,omitempty"`
}

// knownJSON is an event that exists and cannot be forged.
type knownJSON struct {
	Name      string             `json:"name"`
	Why       string             `json:"why"`
	Certainty provider.Certainty `json:"certainty"`
}

// newProvider describes a provider, with its events in full or without them.
func newProvider(p *provider.Provider, full bool) providerJSON {
	j := providerJSON{
		Name: p.Name, Title: p.Title, Docs: docsJSON(p.Docs), Certainty: p.Certainty, Source: p.Source, Methods: p.Methods,
		PathOnly: p.PathOnly, API: p.API, EventCount: forgeable(p),
		Scheme: schemeJSON{Kind: p.Scheme.Kind(), Description: p.Scheme.String(), Header: p.Scheme.Header(), RequiresURL: p.Scheme.RequiresURL()},
	}
	if p.Scheme.Keyed() {
		j.Scheme.SecretVariable = config.SecretVariable(p.Name)
	}
	if !full {
		return j
	}
	j.Limits, j.Advice, j.Subscribe, j.Manners = p.Limits, p.Advice, p.Subscribe, newManners(p.Manners)
	for _, h := range p.Handshakes() {
		j.Handshakes = append(j.Handshakes, shakeJSON(h))
	}
	for _, c := range p.Claims {
		j.Claims = append(j.Claims, claimJSON(c))
	}
	for _, e := range p.Events() {
		if e.Known {
			j.Known = append(j.Known, knownJSON{e.Name, e.Why, e.Certainty})
			continue
		}
		one := eventOfJSON{Name: e.Name, Entity: e.Entity, Action: e.Action, Aliases: e.Aliases, Certainty: e.Certainty, Note: e.Note}
		for _, v := range e.Variants {
			one.Variants = append(one.Variants, variantJSON(v))
		}
		j.Events = append(j.Events, one)
	}
	return j
}

func newManners(m provider.Manners) *mannersJSON {
	j := &mannersJSON{Duplicates: (*mannerJSON)(m.Duplicates), Order: (*mannerJSON)(m.Order), Backup: (*mannerJSON)(m.Backup)}
	if m.Retries != nil {
		j.Retries = &retriesJSON{m.Retries.Max, m.Retries.For.Seconds(), m.Retries.SameBody, m.Retries.On, m.Retries.Certainty}
	}
	if m.Disable != nil {
		j.Disable = &disableJSON{m.Disable.AfterConsecutiveFailures, m.Disable.Notices, m.Disable.Certainty}
	}
	for _, b := range m.Budget {
		j.Budget = append(j.Budget, budgetJSON{b.Calls, b.Per.Seconds(), b.Concurrent, b.Certainty, b.Note})
	}
	return j
}

// span is a round duration in words: "1s", "10m", "24h".
func span(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if short, ok := strings.CutSuffix(text, zero); ok {
			text = short + zero[:1]
		}
	}
	return text
}
