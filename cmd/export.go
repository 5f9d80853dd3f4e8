package cmd

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/listener/store"
	"whk/replay"
	"whk/verify/display"
	"whk/verify/provider"
)

// eventsExportFlags are the flags of whk events export.
type eventsExportFlags struct {
	format string
	to     string
	force  bool
	target string
	pick   pickFlags
	limit  int
}

func (f *eventsExportFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.format, "format", "", "`FORMAT` of the export: "+strings.Join(formatNames(), ", "))
	flags.StringVar(&f.to, "to", "", "write to this `FILE`, or one file an event into this folder (http, curl); - is standard output")
	flags.BoolVar(&f.force, "force", false, "replace a file that exists, and write raw bytes to a terminal")
	flags.StringVar(&f.target, "target", "", "where the commands of curl send to: a port, a host or a `URL`")
	f.pick.add(flags)
	flags.IntVarP(&f.limit, "limit", "n", 0, "only the newest `N` of them (default: all)")
}

func formatNames() []string {
	written, _ := replay.Formats()
	var names []string
	for _, f := range written {
		names = append(names, string(f))
	}
	return names
}

func (a *app) eventsExportCommand() *cobra.Command {
	var f eventsExportFlags
	c := &cobra.Command{
		Use:   "export [EVENT|RANGE...]",
		Short: "Write events to a file that other programs, or another whk, can read",
		Long: `Write events to standard output or a file, the oldest first: those that are named, as
42, 3..7, last or last:ploomes, or all that fit the flags. The format is told by
--format or by the name of the file:

  bundle  .whk     everything, exact and with checksums, for whk events import elsewhere
  ndjson  .ndjson  everything, one JSON object a line, as whk events list --json writes it
  har     .har     for browsers and proxies: the request, the last answer, the time it took
  http    .http    the raw request; several events go into a folder, a file each
  curl    .sh      a script for sh that sends each request again, byte for byte
  csv     .csv     a table for spreadsheets, in which nothing can be a formula

Secrets that are known here and headers that carry keys are masked. --show-secrets
keeps them, which an event needs to be verified again where its bytes are judged.` + exitHelp(codeUsage, codeInterrupted),
		Example: `  whk events export --format har > events.har
  whk events export last --format curl
  whk events export 3..7 --to bug.whk --show-secrets
  whk events export --provider ploomes --since 2h --to ploomes.ndjson
  whk events export --event 'rentman/*.delete' --format http --to deletions/
  whk events export --where 'sig:invalid since:2d' --to invalid.har`,
		RunE: func(c *cobra.Command, args []string) error {
			if f.to == "-" { // as everywhere, and as without --to
				f.to = ""
			}
			return a.eventsExport(c.Context(), &f, args)
		},
	}
	f.add(c.Flags())
	c.ValidArgsFunction = a.completeRef
	_ = c.RegisterFlagCompletionFunc("format", words(formatNames()...)) // the flag is there
	return c
}

// chosen is the format that a person asked for, one way or another.
func (f *eventsExportFlags) chosen(asJSON bool) (replay.Format, error) {
	if f.format == "" {
		named := replay.FormatOf(f.to)
		switch {
		case named != "":
			return named, nil
		case asJSON:
			return replay.FormatNDJSON, nil
		}
		return "", hint(usagef("events export: in which format?"), "--format "+strings.Join(formatNames(), "|")+", or --to FILE with an ending such as .har")
	}
	format := replay.Format(strings.ToLower(f.format))
	if !slices.Contains(formatNames(), string(format)) {
		return "", usagef("--format %s: expected %s", f.format, strings.Join(formatNames(), ", "))
	}
	return format, nil
}

// selection reads the flags that say which events are meant.
func (f *eventsExportFlags) selection(a *app, refs []string, now time.Time) (*selection, error) {
	if f.limit < 0 {
		return nil, usagef("--limit %d: expected a number from 1", f.limit)
	}
	picked, err := f.pick.filter(a, now)
	return &selection{refs: refs, filter: picked, limit: f.limit}, err
}

func (a *app) eventsExport(ctx context.Context, f *eventsExportFlags, refs []string) error {
	format, err := f.chosen(a.isJSON())
	if err != nil {
		return err
	}
	if f.target != "" {
		if format != replay.FormatCurl {
			return usagef("--target %s: only commands of curl go anywhere; give --format curl", f.target)
		}
		if _, err := replay.Target(f.target, "/"); err != nil {
			return fail(codeUsage, fmt.Errorf("--target: %w", err))
		}
	}
	if a.common.jq != "" && f.to == "" {
		return hint(usagef("--jq: an export is written as it is"), "whk events list --json --jq filters events")
	}
	chosen, err := f.selection(a, refs, time.Now())
	if err != nil {
		return err
	}
	if _, err := a.providers(); err != nil {
		return err
	}
	log, err := a.openStore(store.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { a.closeStore(log) }()
	options := replay.ExportOptions{
		Redactor: a.redactor(a.knownSecrets()), Provider: a.rememberProviders(), Version: currentVersion(), Target: f.target,
	}
	out, err := a.exportFile(f, format, options)
	if err != nil {
		return err
	}
	count, err := a.writeEvents(ctx, log, chosen, out)
	_, isDamage := damaged(err)
	if err != nil && !isDamage {
		out.abort()
		return err
	}
	if closed := out.commit(); closed != nil {
		return closed
	}
	if reported := a.exported(f, out, count, isDamage, chosen); reported != nil {
		return reported
	}
	if isDamage {
		return hint(fail(codeUsage, err), "the others were written; whk doctor --full reads the whole store and lists what is damaged")
	}
	return nil
}

// rememberProviders finds definitions, each once. The answers are for one goroutine.
func (a *app) rememberProviders() func(name string) *provider.Provider {
	known := map[string]*provider.Provider{}
	return func(name string) *provider.Provider {
		p, ok := known[name]
		if !ok {
			p = a.providerOf(name)
			known[name] = p
		}
		return p
	}
}

// readAhead is how many events wait to be written while the next ones are read.
const readAhead = 64

// writeEvents writes what is chosen. Reading and writing go on side by side. It returns
// how many were written, and a *store.Damage when some could not be read.
func (a *app) writeEvents(ctx context.Context, log *store.Store, chosen *selection, out exportOutput) (count int, err error) {
	var reader sync.WaitGroup
	defer reader.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type read struct {
		x   *replay.Exchange
		err error
	}
	ready := make(chan []read, 4)
	newest, err := log.LastAttempt(ctx)
	if err != nil {
		return 0, err
	}
	reader.Go(func() {
		defer close(ready)
		var batch []read
		bytes := 0
		for e, err := range a.selected(ctx, log, chosen) {
			next := read{err: err}
			if err == nil {
				if newest > 0 { // else nothing was ever sent on
					next.x, next.err = withResults(e)
				} else {
					next.x = exchangeOf(e.Event, nil)
				}
				bytes += len(e.Delivery.Body)
			}
			batch = append(batch, next)
			if len(batch) < readAhead && bytes < 1<<20 && next.err == nil {
				continue
			}
			select {
			case ready <- batch:
			case <-ctx.Done():
				return
			}
			batch, bytes = nil, 0
		}
		if len(batch) > 0 {
			select {
			case ready <- batch:
			case <-ctx.Done():
			}
		}
	})
	bar := a.exportBar(ctx, log, chosen)
	defer bar.stop()
	var damage error
	for batch := range ready {
		for _, next := range batch {
			if _, ok := damaged(next.err); ok {
				damage = cmp.Or(damage, next.err)
			} else if next.err != nil {
				return count, next.err
			}
			if next.x == nil {
				continue
			}
			if err := out.write(next.x); err != nil {
				return count, fmt.Errorf("export event #%d: %w", next.x.N, err)
			}
			count++
			bar.add(1)
		}
	}
	if err := ctx.Err(); err != nil {
		return count, err
	}
	return count, damage
}

// withResults reads what came of an event. With a *store.Damage, when an attempt cannot
// be read, the exchange has the others.
func withResults(e found) (*replay.Exchange, error) {
	results, err := e.results()
	if _, ok := damaged(err); err != nil && !ok {
		return nil, err
	}
	return exchangeOf(e.Event, results), err
}

// exportBar shows how far an export has got, unless what is written stands on the same
// terminal.
func (a *app) exportBar(ctx context.Context, log *store.Store, chosen *selection) *progress {
	total := int64(chosen.limit)
	if total == 0 {
		if spans, err := refSpans(ctx, log, chosen.refs); err == nil {
			for _, sp := range spans {
				total += sp.last - sp.first + 1
			}
		}
	}
	quiet := *a
	quiet.ErrTTY = a.ErrTTY && !a.OutTTY
	return quiet.newProgress("events", int(total), 0)
}

// exportedJSON is what an export into a file came to, type "summary".
type exportedJSON struct {
	Exported int    `json:"exported"`
	Format   string `json:"format"`
	File     string `json:"file"`
	Masked   bool   `json:"masked"`
}

// exported says what was written.
func (a *app) exported(f *eventsExportFlags, out exportOutput, count int, damaged bool, chosen *selection) error {
	if count == 0 && !damaged {
		a.notice("no event fits: nothing was exported from %s", display.Line(chosen.describe()))
	}
	if f.to == "" {
		return nil
	}
	if a.isJSON() {
		json, err := a.newJSON()
		if err != nil {
			return err
		}
		return json.emit("summary", exportedJSON{count, string(out.format()), f.to, !a.common.showSecrets})
	}
	if count > 0 {
		noun := "events"
		if count == 1 {
			noun = "event"
		}
		a.notice("%s %s exported to %s", display.Thousands(int64(count)), noun, display.Line(f.to))
	}
	return nil
}

// describe names what was asked for.
func (s *selection) describe() string {
	parts := slices.Clone(s.refs)
	if !s.filter.Empty() {
		parts = append(parts, s.filter.String())
	}
	if len(parts) == 0 {
		return "the store, which is empty"
	}
	return strings.Join(parts, " ")
}
