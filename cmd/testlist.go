package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"whk/replay/contract"
	"whk/verify"
	"whk/verify/explain"
	"whk/verify/provider"
)

// testInfoJSON is a check as it is listed, type "catalogue".
type testInfoJSON struct {
	ID       string            `json:"id"`
	Scope    string            `json:"scope"`
	Severity contract.Severity `json:"severity"`
	Risk     contract.Risk     `json:"false_alarm_risk"`
	Mode     contract.Mode     `json:"mode"`
	Title    string            `json:"title"`
	Expect   string            `json:"expect"`
	Why      string            `json:"why"`
	Fix      string            `json:"fix,omitempty"`
	Fixes    []explain.Fix     `json:"fixes,omitempty"`
}

func newTestInfo(c contract.Check) testInfoJSON {
	advice := contract.AdviceOn(c.Topic)
	return testInfoJSON{ID: c.ID, Scope: c.Scope.Name, Severity: c.Severity, Risk: c.Risk, Mode: c.Mode, Title: c.Title, Expect: c.Expect, Why: c.Why, Fix: advice.Text, Fixes: advice.Fixes}
}

// listChecks lists what would be asked of an endpoint.
func (a *app) listChecks(f *testFlags, p *provider.Provider) error {
	var secrets []verify.Secret
	if p.Scheme.Keyed() {
		secrets = []verify.Secret{p.Scheme.DevelopmentSecret(p.Name)}
	}
	subject, err := contract.NewSubject(p, "http://127.0.0.1/"+p.Name, f.publicURL, secrets, f.events, time.Now())
	if err != nil {
		return fail(codeUsage, fmt.Errorf("test %s: %w", p.Name, err))
	}
	checks := slices.DeleteFunc(contract.Applicable(subject), func(c contract.Check) bool {
		return slices.Index(contract.Modes(), c.Mode) > slices.Index(contract.Modes(), contract.Mode(f.mode))
	})
	if a.isJSON() {
		out, err := a.newJSON()
		if err != nil {
			return err
		}
		for _, c := range checks {
			if err := out.emit("catalogue", newTestInfo(c)); err != nil {
				return err
			}
		}
		return nil
	}
	for _, c := range checks {
		fmt.Fprintf(a.Out, "%s %s %s\n", a.out.bold(pad(c.ID, 24)), a.out.faint(pad(string(c.Severity), 8)), c.Title)
	}
	return nil
}

// explainCheck says what a check is about.
func (a *app) explainCheck(id string) error {
	all := contract.Catalogue()
	i := slices.IndexFunc(all, func(c contract.Check) bool { return c.ID == id })
	if i < 0 {
		return hint(usagef("test --explain %s: there is no such check", id), nearestCheck(id))
	}
	c := newTestInfo(all[i])
	if a.isJSON() {
		out, err := a.newJSON()
		if err != nil {
			return err
		}
		return out.emit("catalogue", c)
	}
	fmt.Fprintf(a.Out, "%s  %s\n", a.out.bold(c.ID), c.Title)
	columns := min(max(a.Columns, 60), 120)
	for _, entry := range [][2]string{
		{"for", c.Scope}, {"mode", string(c.Mode)}, {"counts", string(c.Severity) + ", false alarms: " + string(c.Risk) + " risk"}, {"expect", c.Expect}, {"why", c.Why}, {"fix", c.Fix},
	} {
		for i, part := range fold(entry[1], columns-9) {
			if i > 0 {
				entry[0] = ""
			}
			fmt.Fprintf(a.Out, "  %s %s\n", a.out.faint(pad(entry[0], 6)), part)
		}
	}
	for _, f := range c.Fixes {
		fmt.Fprintf(a.Out, "\n  %s\n    %s\n", a.out.bold(f.Stack), f.Code)
	}
	return nil
}

// nearestCheck names the checks that come nearest to a mistyped one.
func nearestCheck(glob string) string {
	var ids []string
	for _, c := range contract.Catalogue() {
		ids = append(ids, c.ID)
	}
	text := "whk test --list lists them"
	if group, _, ok := strings.Cut(glob, "."); ok {
		var same []string
		for _, id := range ids {
			if strings.HasPrefix(id, group+".") {
				same = append(same, id)
			}
		}
		ids = slices.Concat(same, ids)
	}
	if nearest := provider.Nearest(cmp.Or(glob, "?"), ids); len(nearest) > 0 {
		text = "did you mean " + provider.Either(nearest) + "? " + text
	}
	return text
}
