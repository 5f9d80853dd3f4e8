package cmd

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"whk/listener/store"
	counting "whk/listener/tally"
	"whk/verify"
)

func (a *app) eventsStatsCommand() *cobra.Command {
	var f pickFlags
	c := &cobra.Command{
		Use:   "stats",
		Short: "Count what came, how it was answered, and what it would cost",
		Long: `Count what came: by provider the events, their verdicts and marks; what your app
answered and how fast; how many events in a row were not answered 2xx, against the
number at which the provider switches the endpoint off; the most frequent events; the
rate over time; and, for providers whose events only refer to things in their API, how
many calls it would cost to fetch them, against what the API allows.

Answers are those of forwards and replays, not of shadows. What cannot be read is left
out and named at the end.` + exitHelp(codeUsage, codeInterrupted),
		Example: `  whk events stats
  whk events stats --since 24h --provider rentman
  whk events stats --where 'app:5xx'
  whk events stats --json --jq '.providers[] | {provider, failing}'`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.eventsStats(c.Context(), &f) },
	}
	f.add(c.Flags())
	return c
}

// statsJSON is what was counted, type "stats".
type statsJSON struct {
	Events    int64               `json:"events"`
	From      *time.Time          `json:"from,omitempty"`
	To        *time.Time          `json:"to,omitempty"`
	Providers []providerStatsJSON `json:"providers,omitempty"`
	// Frequent are the events that came most often.
	Frequent []nameStatsJSON `json:"frequent,omitempty"`
	Rate     *rateJSON       `json:"rate,omitempty"`
}

type providerStatsJSON struct {
	Provider   string                  `json:"provider"`
	Events     int64                   `json:"events"`
	Verdicts   map[verify.Status]int64 `json:"verdicts"`
	Duplicates int64                   `json:"duplicates"`
	Late       int64                   `json:"late"`
	Replayed   int64                   `json:"replayed"`
	// Answers are the app's, by class: "2xx"; "none" where none came.
	Answers map[string]int64 `json:"answers,omitempty"`
	P50MS   *milliseconds    `json:"p50_ms,omitempty"`
	P95MS   *milliseconds    `json:"p95_ms,omitempty"`
	MaxMS   *milliseconds    `json:"max_ms,omitempty"`
	// Failing is how many events in a row, up to the newest, were not answered 2xx;
	// DisabledAt is at how many the provider switches the endpoint off.
	Failing    int        `json:"failing"`
	DisabledAt int        `json:"disabled_at,omitempty"`
	Calls      *callsJSON `json:"api_calls,omitempty"`
}

// callsJSON is what it would cost to fetch each reference from the provider's API.
type callsJSON struct {
	Total int64 `json:"total"`
	// Minute is the busiest minute, and how long its calls take at the narrowest limit.
	Minute   int              `json:"busiest_minute"`
	MinuteAt *time.Time       `json:"busiest_minute_at,omitempty"`
	TakesMS  milliseconds     `json:"takes_ms"`
	Budgets  []callBudgetJSON `json:"budgets"`
}

type callBudgetJSON struct {
	Calls     int          `json:"calls"`
	PerMS     milliseconds `json:"per_ms"`
	Certainty string       `json:"certainty"`
	// Busiest is the most calls that one such stretch would have cost, where it is
	// longer than a minute.
	Busiest int `json:"busiest,omitempty"`
}

type nameStatsJSON struct {
	Event  string `json:"event"`
	Events int64  `json:"events"`
}

// rateJSON is how many events came in each step of time.
type rateJSON struct {
	From   time.Time `json:"from"`
	StepS  int64     `json:"step_s"`
	Counts []int     `json:"counts"`
}

func (a *app) eventsStats(ctx context.Context, f *pickFlags) error {
	now := time.Now()
	picked, err := f.filter(a, now)
	if err != nil {
		return err
	}
	if _, err := a.providers(); err != nil {
		return err
	}
	log, err := a.openStore(store.Options{ReadOnly: true})
	if errors.Is(err, fs.ErrNotExist) && a.common.store == "" && !a.isJSON() {
		a.notice("no events yet; whk listen receives some, whk demo shows how it looks")
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { a.closeStore(log) }()
	c := counting.New(now, counting.Options{Definition: a.providerOf, Calls: true})
	damage, err := a.count(ctx, log, c, picked)
	if err != nil {
		return err
	}
	if a.isJSON() {
		out, err := a.newJSON()
		if err != nil {
			return err
		}
		if err := out.emit("stats", newStats(c)); err != nil {
			return err
		}
		return damageError(damage)
	}
	if c.Events == 0 && damage == nil {
		a.notice("no event fits")
		return nil
	}
	w := statsSheet{Writer: a.buffered(), p: a.out, columns: min(max(a.Columns, 60), 120)}
	w.sheet(c)
	if err := w.Flush(); err != nil {
		return err
	}
	return damageError(damage)
}

// jsonSteps is how many steps of the rate JSON gets at most, frequentJSON how many names.
const (
	jsonSteps    = 500
	frequentJSON = 100
)

func newStats(c *counting.Counts) statsJSON {
	j := statsJSON{Events: c.Events}
	if c.Events == 0 {
		return j
	}
	j.From, j.To = &c.From, &c.To
	for _, p := range c.Providers() {
		j.Providers = append(j.Providers, newProviderStats(p))
	}
	frequent, _, _ := c.Frequent(frequentJSON)
	for _, n := range frequent {
		j.Frequent = append(j.Frequent, nameStatsJSON{n.Name, n.Events})
	}
	over := c.Rate(jsonSteps)
	j.Rate = &rateJSON{From: over.From, StepS: over.Unit.Seconds, Counts: over.Counts}
	return j
}

func newProviderStats(p *counting.Provider) providerStatsJSON {
	j := providerStatsJSON{
		Provider: p.Name, Events: p.Events, Verdicts: p.Verdicts, Duplicates: p.Duplicates, Late: p.Late, Replayed: p.Replayed,
		Failing: p.Failing(), DisabledAt: p.Threshold(),
	}
	for class, n := range p.Classes {
		if n == 0 {
			continue
		}
		if j.Answers == nil {
			j.Answers = map[string]int64{}
		}
		j.Answers[className(class)] = n
	}
	if p.Timed() {
		p50, p95, longest := milliseconds(p.Quantile(50)), milliseconds(p.Quantile(95)), milliseconds(p.Quantile(100))
		j.P50MS, j.P95MS, j.MaxMS = &p50, &p95, &longest
	}
	if p.Calls != nil {
		j.Calls = newCalls(p)
	}
	return j
}

func newCalls(p *counting.Provider) *callsJSON {
	minute := p.Calls.Minute
	j := &callsJSON{Total: p.Calls.Total, Minute: minute.Most}
	if minute.Most > 0 {
		j.MinuteAt = &minute.At
	}
	longer := p.Calls.Longer
	for _, b := range p.Definition.Manners.Budget {
		if b.Calls == 0 || b.Per == 0 {
			continue
		}
		budget := callBudgetJSON{Calls: b.Calls, PerMS: milliseconds(b.Per), Certainty: string(b.Certainty)}
		if b.Per > time.Minute {
			budget.Busiest, longer = longer[0].Most, longer[1:]
		}
		j.Budgets = append(j.Budgets, budget)
		j.TakesMS = max(j.TakesMS, milliseconds(callsTake(minute.Most, b.Calls, b.Per)))
	}
	return j
}

// callsTake is how long so many calls take when only some are allowed in a time.
func callsTake(n, calls int, per time.Duration) time.Duration {
	if n <= calls && per > time.Minute {
		return 0 // they all fit into the budget of one stretch
	}
	return time.Duration(float64(n) / float64(calls) * float64(per))
}

func className(class int) string {
	if class == 0 {
		return "none"
	}
	return string(rune('0'+class)) + "xx"
}
