package cmd

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"whk/cmd/config"
	"whk/verify"
	"whk/verify/display"
	"whk/verify/explain"
	"whk/verify/provider"
)

// explainFor bounds a whole search, however large the body is.
const explainFor = 3 * time.Second

// explain looks for the reason why a delivery did not pass its check with these secrets
// at this time; nil when it did pass, or when there was nothing to check. The search may
// take explainFor, so a screen does not wait for it.
func (a *app) explain(ctx context.Context, p *provider.Provider, d *verify.Delivery, v verify.Verdict, secrets []verify.Secret, publicURL string, at time.Time) *explain.Explanation {
	if p == nil || !p.Scheme.Signs() || v.Status != verify.Invalid && v.Status != verify.Missing {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, explainFor)
	defer cancel()
	e := explain.Explain(ctx, explain.Input{
		Delivery: d, Scheme: p.Scheme, Provider: p.Name, Secrets: secrets,
		Others: a.otherSecrets(p, secrets), Base: publicURL, Received: at,
	})
	return &e
}

// otherSecrets are those that are known here and were not used: of other providers, and
// of this one in places that come behind the one that counted. What cannot be read is
// passed over, for it is only a guess.
func (a *app) otherSecrets(of *provider.Provider, used []verify.Secret) map[string][]verify.Secret {
	known := a.set.Names()
	gather := func(p *provider.Provider, env config.Lookup) []verify.Secret {
		if !p.Scheme.Keyed() {
			return nil
		}
		secrets, _, err := config.Secrets(p.Name, config.SecretInput{
			Env: env, Config: a.loaded.Provider(p.Name).Secrets, Only: p.Name,
			Known: func(name string) bool { return slices.Contains(known, name) },
		})
		if err != nil {
			return nil
		}
		return secrets
	}
	without := func(name string) (string, bool) { // as if the variable of this provider were not set
		if name == "WHK_SECRET_"+variableOf(of) {
			return "", false
		}
		return a.Env(name)
	}
	all := map[string][]verify.Secret{}
	for _, p := range a.set.All() {
		all[p.Name] = gather(p, a.Env)
	}
	all[of.Name] = append(all[of.Name], gather(of, without)...)
	all[of.Name] = slices.DeleteFunc(all[of.Name], func(s verify.Secret) bool {
		return slices.ContainsFunc(used, func(u verify.Secret) bool { return u.Reveal() == s.Reveal() })
	})
	return all
}

// explanationLines say what an explanation found, broken at so many columns, 0 for
// never: what was tried, the change that makes the signature match, what it means and
// how to mend it. Names of headers come from outside, so they pass the boundary here.
func explanationLines(p paint, e *explain.Explanation, columns int) []string {
	var lines []string
	add := func(indent, text string, style func(string) string) {
		folded := []string{text}
		if columns > 40 {
			folded = fold(text, columns-display.Width(indent))
		}
		for i, line := range folded {
			if i > 0 {
				indent = strings.Repeat(" ", display.Width(indent))
			}
			lines = append(lines, indent+style(line))
		}
	}
	plain := func(s string) string { return s }
	if !e.Found() {
		add("", display.Line(e.Meaning)+", in "+display.Took(time.Duration(e.Took)), plain)
		if tried := familiesText(e, pick(p.ascii, " - ", " · ")); tried != "" {
			add("", "no match: "+tried, p.faint)
		}
		for _, note := range e.Notes {
			add("", display.Line(note), p.warn)
		}
		return lines
	}
	add("", "tried "+plural(e.Tried, "variant")+" in "+display.Took(time.Duration(e.Took)), p.faint)
	add(pick(p.ascii, "> ", "► "), "matches if "+display.Line(e.What()), p.bold)
	add("  ", display.Line(e.Meaning), plain)
	for _, c := range e.Changes {
		if c.Detail != "" && c.Family != explain.FamilyBody {
			add("  ", display.Line(c.Detail), p.faint)
		}
	}
	for _, note := range e.Notes {
		add("  ", display.Line(note), p.warn)
	}
	add("  ", "this explains the delivery, it does not accept it", p.faint)
	return lines
}

// fixLines say how to mend what an explanation found.
func fixLines(p paint, e *explain.Explanation, columns int) []string {
	if e.Advice == "" {
		return nil
	}
	lines := []string{e.Advice}
	if columns > 40 {
		lines = fold(e.Advice, columns)
	}
	for _, f := range e.Fixes {
		lines = append(lines, p.faint(pad(f.Stack, 8))+" "+f.Code)
	}
	return lines
}

// familiesText counts what was tried by what was changed.
func familiesText(e *explain.Explanation, between string) string {
	var parts []string
	for _, f := range e.Families {
		parts = append(parts, string(f.Name)+" "+strconv.Itoa(f.Tried))
	}
	if e.Pairs > 0 {
		parts = append(parts, "pairs "+strconv.Itoa(e.Pairs))
	}
	return strings.Join(parts, between)
}

// pick is one of two texts.
func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// causes and familyNames are what an explanation may name, for the schema.
func causes() []any {
	var all []any
	for _, c := range explain.Causes() {
		all = append(all, c)
	}
	return all
}

func familyNames() []any {
	var all []any
	for _, name := range explain.FamilyNames() {
		all = append(all, name)
	}
	return all
}
