package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/cmd/config"
	"whk/listener"
	"whk/listener/filter"
	"whk/listener/store"
	"whk/verify"
	"whk/verify/display"
)

func (a *app) eventsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "events",
		Short: "Look at the events that were received",
		Long: `Look at the events that were received: every one is kept, exactly as it came, with its
verdict and with what your app answered. On a terminal, whk events alone opens the screen
of whk listen on what is stored.

Filters, for --where:

` + filter.Help(),
		Example: `  whk events list
  whk events show last
  whk events list --where 'app:5xx since:1h'
  whk events tail -f`,
		Args: a.unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error {
			if a.canShowScreen() {
				return a.eventsTail(c.Context(), &tailFlags{ui: "tui"})
			}
			return c.Help()
		},
	}
	c.AddCommand(a.eventsListCommand(), a.eventsShowCommand(), a.eventsExportCommand(), a.eventsImportCommand(),
		a.eventsTailCommand(), a.eventsStatsCommand(), a.eventsDriftCommand(), a.eventsPruneCommand(), a.eventsUnqueueCommand())
	c.AddCommand(a.eventsDiffCommand(), a.eventsSaveCommand())
	return c
}

// eventsListFlags are the flags of whk events list.
type eventsListFlags struct {
	limit    int
	provider string
	event    string
	since    string
	where    string
}

func (f *eventsListFlags) add(flags *pflag.FlagSet) {
	flags.IntVarP(&f.limit, "limit", "n", store.DefaultLimit, "show the newest `N` events")
	flags.StringVar(&f.provider, "provider", "", "only events of this `PROVIDER`; * stands for anything")
	flags.StringVar(&f.event, "event", "", "only events whose name fits this `GLOB`, as in Contact.* or rentman/*.delete")
	flags.StringVar(&f.since, "since", "", "only events since this `TIME`: 2h, 42m, 3d or 2w ago, 2026-01-31, or 2026-01-31T14:00:00Z")
	flags.StringVar(&f.where, "where", "", "only events that fit this `FILTER`, as in 'sig:invalid app:5xx'; whk events --help explains it")
}

func (a *app) eventsListCommand() *cobra.Command {
	var f eventsListFlags
	c := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the newest events, the last one at the bottom",
		Long: `List the newest events, the last one at the bottom: when each came, its number and
name, what was thought of its signature, and what it was answered in the end. That is
the last answer of your app with its time where the event was forwarded or replayed,
and whk's own answer elsewhere.

` + verdictLegend + `

` + marksLegend + `

With --json there is one event a line, whole, with its attempts.` + exitHelp(codeUsage),
		Example: `  whk events list
  whk events list --limit 200 --since 2h
  whk events list --event 'rentman/*.delete'
  whk events list --where 'sig:invalid since:10m'
  whk events list --json --jq 'select(.verdict.status != "valid") | .n'`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.eventsList(c.Context(), &f) },
	}
	f.add(c.Flags())
	return c
}

// verdictLegend explains the marks in help texts.
const verdictLegend = `Verdicts: ✓ valid · ✗ invalid · ∅ missing: no signature where one is due ·
? unsigned: the provider documents none · ! unchecked for lack of a secret ·
· unchecked for another reason. Where there is no Unicode they are + x 0 ? ! and a dot.
"valid dev" matched the well-known development secret, which proves nothing.`

func (a *app) eventsList(ctx context.Context, f *eventsListFlags) error {
	query, err := f.query(time.Now())
	if err != nil {
		return err
	}
	if _, err := a.providers(); err != nil {
		return err
	}
	var picked *filter.Filter // nil without --where
	if f.where != "" {
		if picked, err = (&pickFlags{f.provider, f.event, f.since, f.where}).filter(a, time.Now()); err != nil {
			return err
		}
	}
	log, err := a.openStore(store.Options{ReadOnly: true, Mapped: true})
	if errors.Is(err, fs.ErrNotExist) && a.common.store == "" {
		a.notice("no events yet; whk listen receives some, whk demo shows how it looks")
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { a.closeStore(log) }()
	events, damage := a.newest(ctx, log, picked, query)
	if _, ok := damaged(damage); damage != nil && !ok {
		return damage
	}
	slices.Reverse(events)
	if len(events) == 0 && damage == nil {
		a.noEvents(f, log.Path())
		return nil
	}
	if a.isJSON() {
		err = a.eventsJSON(ctx, log, events)
	} else {
		err = a.eventsText(ctx, log, events)
	}
	if d, ok := damaged(damage); ok && err == nil {
		err = damageError(d)
	}
	return err
}

// newest reads the newest events that fit, newest first, without their bodies.
func (a *app) newest(ctx context.Context, log *store.Store, picked *filter.Filter, q store.Query) (events []*listener.Event, err error) {
	if picked == nil {
		return log.List(ctx, q)
	}
	for e, err := range a.find(ctx, log, picked, store.SearchOptions{Limit: q.Limit}) {
		if err != nil {
			return events, err
		}
		events = append(events, e.Event)
	}
	return events, nil
}

func (f *eventsListFlags) query(now time.Time) (store.Query, error) {
	q := store.Query{Limit: f.limit, Provider: f.provider, Name: f.event}
	if f.limit < 1 {
		return q, usagef("--limit %d: expected a number from 1", f.limit)
	}
	if provider, name, ok := strings.Cut(f.event, "/"); ok {
		if f.provider != "" && !strings.EqualFold(f.provider, provider) {
			return q, usagef("--event %s: --provider %s says something else", f.event, f.provider)
		}
		q.Provider, q.Name = provider, name
	}
	var err error
	if f.since != "" {
		q.Since, err = parseMoment(f.since, now)
	}
	return q, err
}

// before is the moment that lies so long before another: "2h", "42m", "3d", "2w".
func before(text string, now time.Time) (time.Time, bool) {
	for unit, days := range map[string]int{"d": 1, "w": 7} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			if n, err := strconv.Atoi(number); err == nil && n >= 0 && n <= 100_000 {
				return now.AddDate(0, 0, -n*days), true
			}
		}
	}
	ago, err := time.ParseDuration(text)
	return now.Add(-ago), err == nil && ago >= 0
}

// parseMoment reads a time: so long ago ("2h", "42m", "3d", "2w"), a day, or RFC 3339.
func parseMoment(text string, now time.Time) (time.Time, error) {
	if at, ok := before(text, now); ok {
		return at, nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		return day, nil
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at, nil
	}
	return time.Time{}, usagef("%q is no time: expected how long ago (2h, 42m, 3d, 2w), a day (2026-01-31) or RFC 3339 (2026-01-31T14:00:00Z)", text)
}

// noEvents says why a list is empty.
func (a *app) noEvents(f *eventsListFlags, path string) {
	if f.provider+f.event+f.since+f.where == "" {
		a.notice("no events yet in %s; whk listen receives some", display.Line(path))
		return
	}
	a.notice("no event fits; whk events list without --provider, --event, --since and --where lists the newest of all")
}

// eventsJSON writes whole events. Their bodies are read one at a time, so that memory
// does not grow with the limit.
func (a *app) eventsJSON(ctx context.Context, log *store.Store, heads []*listener.Event) error {
	out, err := a.newJSON()
	if err != nil {
		return err
	}
	redact := a.redactor(a.knownSecrets())
	for _, head := range heads {
		e, err := log.Event(ctx, head.N)
		if errors.Is(err, store.ErrNotFound) {
			continue // deleted since it was listed
		}
		if err != nil {
			return err
		}
		results, err := log.Results(ctx, e.N)
		if err != nil {
			return err
		}
		j := newEvent(e, a.providerOf(e.Provider), redact)
		for _, r := range results {
			j.Attempts = append(j.Attempts, newAttempt(0, r, redact))
		}
		if err := out.emit("event", j); err != nil {
			return err
		}
	}
	return nil
}

// eventsText writes one line an event, in columns that fit what is listed.
func (a *app) eventsText(ctx context.Context, log *store.Store, events []*listener.Event) error {
	w := a.buffered()
	t := newEventTable(events, time.Now())
	if a.OutTTY {
		fmt.Fprintln(w, a.out.faint(t.heading()))
	}
	for _, e := range events {
		results, err := log.Results(ctx, e.N)
		if err != nil {
			return err
		}
		line := t.line(a.out, e, results)
		if why := t.why(e, a.Columns); why != "" && a.OutTTY {
			gap := answerColumn - display.Width(answerText(paint{}, e, results))
			line += strings.Repeat(" ", max(gap, 0)+2) + a.out.faint(why)
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return w.Flush()
}

// eventTable has the widths of the columns.
type eventTable struct {
	clock        string // the layout of the time
	number, name int
}

// The widest column of names; a longer name moves its own line only.
const maxNameColumn = 40

// answerColumn is wide enough for a status, a latency and the number of attempts.
const answerColumn = 16

func newEventTable(events []*listener.Event, now time.Time) eventTable {
	t := eventTable{clock: time.TimeOnly, name: len("event")}
	for _, e := range events {
		if e.At.In(now.Location()).Format(time.DateOnly) != now.Format(time.DateOnly) {
			t.clock = "01-02 15:04:05"
		}
		t.number = max(t.number, len(strconv.FormatInt(e.N, 10))+1)
		t.name = max(t.name, min(maxNameColumn, display.Width(display.Line(e.FullName()))))
	}
	return t
}

func (t eventTable) heading() string {
	return strings.TrimRight(fmt.Sprintf("%s  %*s  %s  %s answer", pad("time", len(t.clock)), t.number, "#", pad("event", t.name), pad("verdict", 11+1+marksColumn)), " ")
}

func (t eventTable) line(p paint, e *listener.Event, results []verify.Result) string {
	return fmt.Sprintf("%s  %s  %s  %s %s %s", p.faint(e.At.Local().Format(t.clock)),
		p.faint(fmt.Sprintf("%*s", t.number, "#"+strconv.FormatInt(e.N, 10))),
		p.bold(pad(display.Line(e.FullName()), t.name)),
		p.verdict(e.Verdict, pad(p.mark(e.Verdict)+" "+verdictText(e.Verdict), 11)),
		p.markColumn(e, results), answerText(p, e, results))
}

// answerText is what the event was answered in the end.
func answerText(p paint, e *listener.Event, results []verify.Result) string {
	last := verify.LastAttempt(results)
	if last == nil {
		if e.Status == 0 {
			return p.faint("no answer yet")
		}
		return p.status(e.Status, strconv.Itoa(e.Status))
	}
	text := resultText(p, *last)
	if len(results) > 1 {
		times := "×"
		if p.ascii {
			times = "x"
		}
		text += p.faint(" " + times + strconv.Itoa(len(results)))
	}
	return text
}

// why is the reason of a verdict, or what was odd, as far as the terminal has room.
func (t eventTable) why(e *listener.Event, columns int) string {
	text := string(e.Verdict.Reason)
	if e.Verdict.Reason == verify.NoSecret || e.Verdict.Reason == verify.NoProvider {
		text = "" // the mark says so
	}
	for _, more := range append(append([]string{e.Cut}, marked(e)...), e.Notes...) {
		if text == "" {
			text = more
		}
	}
	used := len(t.clock) + t.number + max(t.name, display.Width(display.Line(e.FullName()))) + 11 + marksColumn + answerColumn + 10
	if columns-used < 16 {
		return ""
	}
	return display.Shorten(display.Line(text), columns-used, "…")
}

// knownSecrets are all secrets that are at hand, for masking: those of every place, since
// one that another comes before may have been in use when an event was received. One that
// cannot be read cannot be looked for; the headers that carry keys are masked whatever
// they hold.
func (a *app) knownSecrets() []verify.Secret {
	var all []verify.Secret
	var names []string
	for _, p := range a.set.All() {
		if p.Scheme.Keyed() {
			names = append(names, p.Name)
		}
	}
	for _, b := range a.set.Broken() {
		names = append(names, b.Name)
	}
	for _, name := range names {
		variable := config.SecretVariable(name)
		places := []config.SecretInput{{Env: a.Env}}
		for _, ref := range a.loaded.Provider(name).Secrets {
			if ref.Stored() {
				continue // listed below, whatever the files say
			}
			others := func(asked string) (string, bool) {
				if asked == variable && ref.Env != variable {
					return "", false
				}
				return a.Env(asked)
			}
			places = append(places, config.SecretInput{Env: others, Config: []config.SecretRef{ref}})
		}
		for _, place := range places {
			if secrets, _, err := config.Secrets(name, place); err == nil {
				all = append(all, secrets...)
			}
		}
	}
	kept, err := a.loaded.Stored.List()
	if err != nil {
		return all
	}
	for _, s := range kept {
		all = append(all, s.Secret)
	}
	return all
}
