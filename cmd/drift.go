package cmd

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/listener/store"
	"whk/verify/display"
	"whk/verify/provider"
)

// driftFlags are the flags of whk events drift.
type driftFlags struct {
	pickFlags
	exitCode bool
}

func (f *driftFlags) add(flags *pflag.FlagSet) {
	f.pickFlags.addNames(flags)
	flags.StringVar(&f.since, "since", "", "what came before this `TIME` is known, what came since is judged: 2h, 3d or 2w ago, 2026-01-31, or 2026-01-31T14:00:00Z")
	flags.BoolVar(&f.exitCode, "exit-code", false, "exit 1 when there is drift")
}

func (a *app) eventsDriftCommand() *cobra.Command {
	var f driftFlags
	c := &cobra.Command{
		Use:   "drift",
		Short: "Tell where bodies depart from the shape they used to have",
		Long: `Tell where the bodies of events depart from the shape that they are known to have, by
provider and event: fields that were never seen, types that changed, and fields that
every body had and some now lack, each with the first event that shows it.

Known are the samples of the provider's definition, but for guessed ones, and with
--since what was received before. Without --since every stored event is judged against
the samples; the first of an event that has none is taken for its shape.

The elements of an array share one shape, items.#.id. Of one event ` + fmt.Sprintf("%d", provider.MaxPaths) + ` paths are kept;
where there are more, new fields are not judged. Bodies that are cut or no JSON are
passed over.` + exitHelp(codeNo, codeUsage, codeInterrupted),
		Example: `  whk events drift --since 1d
  whk events drift --provider ploomes
  whk events drift --since 2w --exit-code
  whk events drift --json --jq 'select(.kind == "gone") | .path'`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.eventsDrift(c.Context(), &f) },
	}
	f.add(c.Flags())
	return c
}

// driftJSON is one way in which bodies depart from what is known, type "drift".
type driftJSON struct {
	Provider string                 `json:"provider"`
	Event    string                 `json:"event"`
	Kind     provider.DepartureKind `json:"kind"`
	// Path is where in the body; empty for the body as a whole.
	Path string `json:"path"`
	// Known are the types that the value had before, Seen those that it has now.
	Known []string `json:"known,omitempty"`
	Seen  []string `json:"seen,omitempty"`
	// First is the number of the first event that shows it, Last of the newest, Events
	// how many show it of those that were Judged.
	First  int64 `json:"first"`
	Last   int64 `json:"last"`
	Events int   `json:"events"`
	Judged int   `json:"judged"`
}

func (a *app) eventsDrift(ctx context.Context, f *driftFlags) error {
	now := time.Now()
	var since time.Time
	if f.since != "" {
		var err error
		if since, err = parseMoment(f.since, now); err != nil {
			return err
		}
	}
	f.since = "" // what is older is not passed over: it is known
	picked, err := f.filter(a, now)
	if err != nil {
		return err
	}
	if _, err := a.providers(); err != nil {
		return err
	}
	log, err := a.openStore(store.Options{ReadOnly: true})
	if errors.Is(err, fs.ErrNotExist) && a.common.store == "" {
		a.notice("no events yet; whk listen receives some, whk demo shows how it looks")
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { a.closeStore(log) }()
	known := newShapes(a.providerOf)
	drift := newDrift(known)
	drift.learns = true
	var damage *store.Damage
	report, stop := a.scanProgress()
	for e, err := range a.find(ctx, log, picked, store.SearchOptions{OldestFirst: true, Bodies: true, Progress: report}) {
		if d, ok := damaged(err); ok {
			damage = d
			continue
		}
		if err != nil {
			stop()
			return err
		}
		if e.At.Before(since) {
			known.learn(e.Event)
		} else {
			drift.judge(e.Event)
		}
	}
	stop()
	if err := a.printDrift(drift); err != nil {
		return err
	}
	if damage != nil {
		return damageError(damage)
	}
	if f.exitCode && drift.count() > 0 {
		return exit(codeNo)
	}
	return nil
}

func (a *app) printDrift(d *drift) error {
	if a.isJSON() {
		out, err := a.newJSON()
		if err != nil {
			return err
		}
		for _, x := range d.all() {
			for _, departure := range x.list() {
				if err := out.emit("drift", departure.json(x)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	w := a.buffered()
	drifting, full := 0, 0
	for _, x := range d.all() {
		if x.known.shape.Full() {
			full++
			a.warn(fmt.Sprintf("%s has more than %s paths: new fields are not judged", display.Line(x.known.name()), display.Thousands(provider.MaxPaths)), "")
		}
		if len(x.departures) == 0 {
			continue
		}
		if drifting++; drifting > 1 {
			fmt.Fprintln(w)
		}
		a.driftSheet(w, x)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	judged, names := d.judged()
	switch {
	case judged == 0:
		a.notice("no event was judged: none fits, or there is nothing to judge it by")
	case drifting == 0:
		a.notice("no drift: %s of %s look as they are known to", plural64(int64(judged), "event"), plural(names, "name"))
	default:
		a.notice("%s of %s drift, %s judged", plural(drifting, "name"), display.Thousands(int64(names)), plural64(int64(judged), "event"))
	}
	if d.passed > 0 {
		a.notice("%s passed over: their bodies are cut or no JSON", plural64(d.passed, "event"))
	}
	if d.known.crowded {
		a.warn(fmt.Sprintf("there are more than %s names: the others were not judged", display.Thousands(mostShapes)), "--provider and --event say which are meant")
	}
	return nil
}

// driftShown is how many departures of one event are shown.
const driftShown = 40

func (a *app) driftSheet(w *bufio.Writer, x *eventDrift) {
	p := a.out
	fmt.Fprintf(w, "%s  %s\n", p.bold(display.Line(x.known.name())), p.faint(x.known.source()+", "+display.Thousands(int64(x.judged))+" judged"))
	all := x.list()
	path, change := 0, 0
	widest := 40 // a longer path moves its own line only
	if a.OutTTY {
		widest = min(widest, max(16, a.Columns-58))
	}
	for _, d := range all[:min(len(all), driftShown)] {
		path = max(path, min(widest, display.Width(d.shownPath())))
		change = max(change, display.Width(a.change(&d.Departure)))
	}
	for _, d := range all[:min(len(all), driftShown)] {
		sign, text := map[provider.DepartureKind]string{provider.NewField: "+", provider.TypeChanged: "~", provider.FieldGone: "-"}[d.Kind], a.change(&d.Departure)
		fmt.Fprintf(w, "  %s %s  %s  %s\n", p.warn(sign), pad(d.shownPath(), path), pad(text, change),
			p.faint(fmt.Sprintf("since #%d, in %s", d.first, inAll(d.events, x.judged))))
	}
	if more := len(all) - driftShown; more > 0 {
		fmt.Fprintln(w, p.faint(fmt.Sprintf("    and %d more; --json has them all", more)))
	}
}

// inAll says how many of all there are.
func inAll(n, all int) string {
	if n == all {
		return "all of them"
	}
	return display.Thousands(int64(n)) + " of " + display.Thousands(int64(all))
}

// change says in words how a value departs.
func (a *app) change(d *provider.Departure) string {
	switch d.Kind {
	case provider.NewField:
		return "new, " + d.Seen.String()
	case provider.FieldGone:
		return "gone, was " + d.Known.String()
	}
	return d.Known.String() + " " + a.arrow() + " " + d.Seen.String()
}

// sentence is the departure of one event, for the lines below it.
func (a *app) sentence(d *provider.Departure) string {
	return "drift: " + shownPath(d.Path) + ": " + a.change(d)
}

func shownPath(path string) string {
	if path == "" {
		return "(body)"
	}
	return display.Shorten(display.Line(path), 120, "…")
}

// departureCount is a departure and the events that show it.
type departureCount struct {
	provider.Departure
	first, last int64
	events      int
}

func (d *departureCount) shownPath() string { return shownPath(d.Path) }

func (d *departureCount) json(x *eventDrift) driftJSON {
	return driftJSON{
		Provider: x.known.provider, Event: x.known.event, Kind: d.Kind, Path: d.Path, Known: d.Known.Names(), Seen: d.Seen.Names(),
		First: d.first, Last: d.last, Events: d.events, Judged: x.judged,
	}
}

// rank orders what one event shows: first what breaks a reader of it.
func rank(k provider.DepartureKind) int {
	return slices.Index([]provider.DepartureKind{provider.TypeChanged, provider.FieldGone, provider.NewField}, k)
}

// list is the departures of an event in the order in which they were first seen.
func (x *eventDrift) list() []*departureCount {
	all := make([]*departureCount, 0, len(x.departures))
	for _, d := range x.departures {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b *departureCount) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(rank(a.Kind), rank(b.Kind)), strings.Compare(a.Path, b.Path))
	})
	return all
}
