package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"whk/verify"
)

// How the deliveries are authenticated: the recipe that the secret proves, or what can be
// said without one.

// recipe finds out how the deliveries are authenticated.
func (l *learner) recipe(ctx context.Context) error {
	l.draft = Draft{
		Name: l.o.Name, Title: l.o.Name, Certainty: Seen,
		Page:   fmt.Sprintf("learned from %s", countOf(len(l.recorded))),
		Recipe: verify.Recipe{Kind: verify.KindNone},
	}
	looks := l.looks()
	candidates := slices.DeleteFunc(l.candidates(), func(name string) bool { // what is told better below
		return slices.ContainsFunc(looks, func(k *look) bool {
			return k.header == name || k.header == "Signature" && name == "Content-Digest" // which it covers
		})
	})
	if len(l.o.Secrets) == 0 {
		l.withoutSecret(candidates, looks)
		return nil
	}
	probes := slices.Clone(l.recorded)
	slices.SortStableFunc(probes, func(a, b *Recorded) int { return len(a.Delivery.Body) - len(b.Delivery.Body) })
	slices.SortStableFunc(probes, func(a, b *Recorded) int { return carries(b, candidates) - carries(a, candidates) })
	for _, probe := range probes[:min(2, len(probes))] {
		search := &recipeSearch{base: l.base(probe), secrets: l.o.Secrets}
		// The public keys come first: what is none costs nothing there.
		for _, find := range []func(context.Context, *Recorded) (verify.Recipe, bool){search.public, search.find} {
			if r, ok := find(ctx, probe); ok {
				return l.accept(r)
			}
		}
		for _, k := range looks {
			if k.path == "" || l.form {
				continue
			}
			if r, ok := search.inBody(ctx, probe, k.path); ok {
				return l.accept(r)
			}
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("search for the recipe: %w", err)
		}
	}
	switch {
	case len(candidates)+len(looks) == 0:
		l.unsigned("no header holds the secret or looks like a signature")
		return nil
	case len(candidates) == 0 && slices.ContainsFunc(looks, func(k *look) bool { return k.needs == needsPublic || k.needs == needsSecret }):
		return unmatched(looks)
	case len(candidates) == 0:
		l.withoutKey(looks)
		return nil
	}
	return &UnfitError{[]string{fmt.Sprintf("%s: it looks like a signature, and nothing that was tried with this secret makes it. The secret may be another, the scheme may sign the public address (give it), or it may be one that whk does not search for", strings.Join(candidates, ", "))}}
}

func (l *learner) base(r *Recorded) string {
	if l.o.Base != "" {
		return l.o.Base
	}
	return "http://" + r.Delivery.Host
}

// candidates describes the headers that look like signatures and differ from delivery to
// delivery as signatures do.
func (l *learner) candidates() []string {
	var names []string
	values := map[string]map[string]bool{}
	for _, r := range l.recorded {
		for _, s := range spots(r.Delivery.Header) {
			if values[s.header] == nil {
				values[s.header] = map[string]bool{}
				names = append(names, s.header)
			}
			values[s.header][r.Delivery.Header[s.header][0]] = true
		}
	}
	slices.Sort(names)
	return slices.DeleteFunc(names, func(name string) bool {
		return unlikely(name) == 2 && (len(l.recorded) > 1 && len(values[name]) == 1 || strings.HasSuffix(strings.ToLower(name), "id"))
	})
}

// carries is 1 when a delivery has one of the headers.
func carries(r *Recorded, headers []string) int {
	if slices.ContainsFunc(headers, func(name string) bool { return len(r.Delivery.Header[name]) > 0 }) {
		return 1
	}
	return 0
}

// withoutSecret says what can be said of authentication when no secret is known.
func (l *learner) withoutSecret(candidates []string, looks []*look) {
	if len(candidates) == 0 && len(looks) > 0 {
		l.withoutKey(looks)
		return
	}
	if len(candidates) == 0 {
		l.unsigned("no header looks like a signature")
		for _, name := range ownHeaders(l.recorded[0].Delivery.Header) {
			if unlikely(name) < 2 {
				l.note("%s may be a shared key: if it is, give it as the secret and learn again", name)
			}
		}
		return
	}
	l.learned.Scheme = "not known"
	l.learned.Sure = strings.Join(candidates, ", ") + " looks like a signature; without the secret its recipe cannot be found"
	l.draft.Limits = []string{"Nothing is checked: " + l.learned.Sure + "."}
	l.note("give the secret and learn again: %s looks like a signature", strings.Join(candidates, ", "))
	if len(looks) > 0 {
		l.note("%s as well", described(looks))
	}
}

func (l *learner) unsigned(why string) {
	l.learned.Scheme = "unsigned"
	l.learned.Sure = why
	l.draft.Limits = []string{"The deliveries are unsigned: anybody who knows the address can send one."}
	l.draft.Advice = "Fetch what a delivery is about from the provider before you rely on it."
}

// accept holds a recipe against every delivery that carries its header.
func (l *learner) accept(r verify.Recipe) error {
	scheme, err := verify.NewScheme(r)
	if err != nil {
		return fmt.Errorf("learned recipe: %w", err)
	}
	var wrong, bare []string
	for _, d := range l.recorded {
		switch {
		case !bears(r, d):
			bare = append(bare, d.Ref)
		case !(&recipeSearch{base: l.base(d), secrets: l.o.Secrets}).fits(r, d):
			wrong = append(wrong, d.Ref)
		default:
			l.signed = append(l.signed, d)
		}
	}
	if len(wrong) > 0 {
		return &UnfitError{[]string{fmt.Sprintf("%s: %s verifies under it, %s not. Leave out what was tampered with or signed with another secret", scheme, countOf(len(l.signed)), few(wrong))}}
	}
	if len(bare) > 0 {
		l.note("without a signature: %s", few(bare))
	}
	l.draft.Recipe = r
	l.learned.Scheme, l.learned.Sure = scheme.String(), sureness(l.signed)
	l.draft.Limits = limitsOf(r)
	return nil
}

// limitsOf says what a recipe does not prove.
func limitsOf(r verify.Recipe) []string {
	if r.Kind == verify.KindStatic {
		return []string{"The key crosses the wire in clear, and covers nothing: whoever sees one delivery can send any other."}
	}
	var limits []string
	if r.Body != nil {
		limits = append(limits, "The signature stands in the body and covers a time stamp or an id, and not one byte of the event itself.")
	}
	switch {
	case r.Kind == verify.KindMessage:
		return []string{"It covers these parts of a delivery and no others: " + strings.Join(r.Covered, ", ") + ".",
			"The time of the signature is signed, and its age is not judged: what the sender tolerates is not known."}
	case r.Timestamp != nil && r.Timestamp.Tolerance != "":
		limits = append(limits, "A delivery can be sent again within "+r.Timestamp.Tolerance+" of its time stamp.")
	case r.Timestamp != nil:
		limits = append(limits, "The time stamp is signed, and its age is not judged: what the sender tolerates is not known.")
	default:
		limits = append(limits, "A delivery can be sent again at any time, since no time is signed.")
	}
	if !r.RequireURL {
		limits = append(limits, "It covers no address, so that a delivery can be sent to another receiver with the same secret.")
	}
	return limits
}
