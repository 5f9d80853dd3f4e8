package explain_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"whk/verify/explain"
)

func pathEscape(s string) string { return url.QueryEscape(s) }

func zipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

// names reports whether an explanation names one of the causes.
func names(e explain.Explanation, causes []explain.Cause) bool {
	return slices.ContainsFunc(e.Changes, func(c explain.Change) bool { return slices.Contains(causes, c.Cause) })
}

// Every single mutation, under every scheme that it can happen to, is found and named by
// one change.
func TestSingleMutations(t *testing.T) {
	tried, found, kindsOf := 0, 0, map[string]int{}
	for _, m := range mutations() {
		for _, k := range kinds() {
			in, failed := signed(t, k, m)
			if !failed {
				continue
			}
			tried++
			kindsOf[m.name]++
			e := explain.Explain(t.Context(), in)
			switch {
			case !names(e, m.causes):
				t.Errorf("%s, %s: got %q (%s), want %v", k.name, m.name, e.What(), e.Meaning, m.causes)
			case len(e.Changes) != 1 && !m.pair:
				t.Errorf("%s, %s: %d changes: %q", k.name, m.name, len(e.Changes), e.What())
			default:
				found++
				if kindsOf[m.name] == 1 {
					t.Logf("%-45s %-12s %4d tried  %s", m.name, k.name, e.Tried, e.What())
				}
			}
			check(t, in, e)
		}
		if kindsOf[m.name] == 0 && m.name != "the development secret" {
			t.Errorf("%s: happens to no scheme", m.name)
		}
	}
	t.Logf("%d mutations, %d with their schemes: %d named by one change", len(kindsOf), tried, found)
	if len(kindsOf) < 60 {
		t.Errorf("%d mutations, want 60", len(kindsOf))
	}
}

// check holds every explanation against the laws of the package.
func check(t testing.TB, in explain.Input, e explain.Explanation) {
	t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, values := range [][]string{{otherSecret, secondSecret}, secretsOf(in)} {
		for _, value := range values {
			for _, form := range []string{value, url.QueryEscape(value)} {
				if bytes.Contains(text, []byte(form)) {
					t.Errorf("the explanation holds a secret: %s", text)
				}
			}
		}
	}
	for _, values := range in.Delivery.Header {
		for _, value := range values {
			if len(value) >= 32 && bytes.Contains(text, []byte(value)) {
				t.Errorf("the explanation holds the header %q: %s", value, text)
			}
		}
	}
	for _, c := range e.Changes {
		if c.Cause.Sentence() == "" || c.What == "" || c.Family == "" || explain.Advice(c.Cause) == "" {
			t.Errorf("change %+v says too little", c)
		}
	}
	if e.Meaning == "" || e.Changes == nil {
		t.Errorf("explanation %s says too little", text)
	}
}

func secretsOf(in explain.Input) []string {
	var all []string
	for _, s := range in.Secrets {
		all = append(all, s.Reveal())
	}
	return all
}

// Pairs of mutations are found, most of them at once.
func TestPairsOfMutations(t *testing.T) {
	wanted := 400
	if testing.Short() || raceEnabled {
		wanted = 60
	}
	random := rand.New(rand.NewPCG(1, 2))
	all, kinds := mutations(), kinds()
	tried, found, slow := 0, 0, 0
	var missed []string
	for tried < wanted {
		k, a, b := kinds[random.IntN(len(kinds))], all[random.IntN(len(all))], all[random.IntN(len(all))]
		if a.name == b.name || a.pair || b.pair || a.body != "" || b.body != "" {
			continue
		}
		// Each of the two must do something, or it is no pair, and undo nothing.
		if !apart(a, b) {
			continue
		}
		if _, ok := signed(t, k, a); !ok {
			continue
		}
		if _, ok := signed(t, k, b); !ok {
			continue
		}
		in, failed := signed(t, k, a, b)
		if !failed {
			continue
		}
		tried++
		e := explain.Explain(t.Context(), in)
		if time.Duration(e.Took) > explain.DefaultBudget {
			slow++
		}
		if e.Found() {
			found++
		} else {
			missed = append(missed, fmt.Sprintf("%s: %s + %s", k.name, a.name, b.name))
		}
		check(t, in, e)
	}
	t.Logf("%d pairs: %d found (%.1f %%), %d searches took longer than the usual budget; missed:\n  %s", tried, found, 100*float64(found)/float64(tried), slow, strings.Join(missed, "\n  "))
	if found*100 < tried*95 {
		t.Errorf("%d of %d pairs were found, want 95 %%", found, tried)
	}
}

// apart reports whether two mutations can happen side by side: not two that replace the
// same thing.
func apart(a, b mutation) bool {
	switch {
	case a.recipe != nil && b.recipe != nil, a.secret != nil && b.secret != nil, a.head != nil && b.head != nil:
		return false
	case a.signs != nil && b.signs != nil:
		return false
	case a.at != 0 && b.at != 0:
		return false
	}
	return true
}
