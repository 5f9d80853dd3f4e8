package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/cmd/config"
	"whk/listener/store"
	"whk/verify/display"
)

// pruneFlags are the flags of whk events prune.
type pruneFlags struct {
	pickFlags
	olderThan string
	keep      int
	maxSize   config.Size
	queued    bool
	// kept and sized tell whether keep and maxSize were given.
	kept, sized bool
	dryRun      bool
	yes         bool
}

func (f *pruneFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.olderThan, "older-than", "", "remove what is older than this `AGE`: 12h, 30d or 8w, or came before a time such as 2026-01-31")
	flags.IntVar(&f.keep, "keep", 0, "remove all but the newest `N` events")
	flags.Var(&f.maxSize, "max-size", "remove the oldest until what is left takes no more than this, as in 500MB")
	f.pickFlags.addNames(flags)
	flags.BoolVar(&f.queued, "queued", false, "also remove events that still wait to be forwarded")
	flags.BoolVar(&f.dryRun, "dry-run", false, "say what would be removed, and remove nothing")
	flags.BoolVarP(&f.yes, "yes", "y", false, "remove without asking")
}

func (a *app) eventsPruneCommand() *cobra.Command {
	var f pruneFlags
	c := &cobra.Command{
		Use:   "prune",
		Short: "Remove old events for good",
		Long: `Remove events for good, with the attempts to deliver them. What goes is said first, and
asked about on a terminal; elsewhere --yes is needed. Several conditions all have to
hold; --keep and --max-size then count only what fits the others. Numbers of removed
events are not used again, and events that wait to be forwarded stay unless --queued is
given.

A listener may be running: its events wait for a moment at most. The room of what was
removed is used for later events. When no listener runs, and a tenth of the file or more
is free, the file is written anew and gets smaller; for a while that takes twice the
room of what stays.` + exitHelp(codeUsage, codeInterrupted),
		Example: `  whk events prune --older-than 30d --dry-run
  whk events prune --older-than 30d --yes
  whk events prune --keep 10000
  whk events prune --max-size 500MB --yes
  whk events prune --where 'provider:ubiqo until:1d' --yes`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			f.kept, f.sized = c.Flags().Changed("keep"), c.Flags().Changed("max-size")
			return a.eventsPrune(c.Context(), &f)
		},
	}
	f.add(c.Flags())
	return c
}

// prunedJSON is what was removed, or would be, type "summary".
type prunedJSON struct {
	Removed int64 `json:"removed"`
	// Bytes is about what the events took, with their results.
	Bytes  int64      `json:"bytes"`
	Oldest *time.Time `json:"oldest,omitempty"`
	Newest *time.Time `json:"newest,omitempty"`
	// Kept is how many events are left, Queued how many of them fit but wait to be
	// forwarded.
	Kept   int64 `json:"kept"`
	Queued int64 `json:"queued,omitempty"`
	DryRun bool  `json:"dry_run,omitempty"`
	// Compacted tells whether the file was written anew; FileBefore and FileAfter are its
	// size, Free the part of it that later events will use.
	Compacted  bool  `json:"compacted"`
	FileBefore int64 `json:"file_before"`
	FileAfter  int64 `json:"file_after"`
	Free       int64 `json:"free"`
}

func (f *pruneFlags) rule(a *app, now time.Time) (*pruneRule, error) {
	switch {
	case f.keep < 0:
		return nil, usagef("--keep %d: expected a number from 0", f.keep)
	case f.sized && f.maxSize <= 0:
		return nil, hint(usagef("--max-size %s: expected a size such as 500MB", f.maxSize.String()), "--keep 0 removes everything")
	case f.kept && f.sized:
		return nil, usagef("--keep and --max-size: give one of them")
	case f.olderThan == "" && !f.kept && !f.sized && f.where+f.provider+f.event == "":
		return nil, hint(usagef("events prune: which events?"), "--older-than 30d, --keep 10000, --max-size 500MB or --where FILTER; --keep 0 means all")
	}
	rule := &pruneRule{keep: -1}
	if f.kept {
		rule.keep = int64(f.keep)
	}
	if f.sized {
		rule.maxSize = int64(f.maxSize)
	}
	if f.where+f.provider+f.event != "" {
		picked, err := f.filter(a, now)
		if err != nil {
			return nil, err
		}
		rule.filter = picked
	}
	if f.olderThan != "" {
		at, err := parseMoment(f.olderThan, now)
		if err != nil {
			return nil, fmt.Errorf("--older-than: %w", err)
		}
		rule.before = at
	}
	return rule, nil
}

func (a *app) eventsPrune(ctx context.Context, f *pruneFlags) error {
	rule, err := f.rule(a, time.Now())
	if err != nil {
		return err
	}
	if _, err := a.providers(); err != nil {
		return err
	}
	if !f.dryRun && !f.yes && !a.canAsk() {
		return hint(usagef("events prune: nobody can be asked here"), "--yes removes without asking, --dry-run says what would go")
	}
	plan, err := a.lookAhead(ctx, f, rule)
	if errors.Is(err, fs.ErrNotExist) && a.common.store == "" && !a.isJSON() {
		a.notice("no events yet, so there is nothing to remove")
		return nil
	}
	if err != nil {
		return err
	}
	done := prunedJSON{Removed: plan.count, Bytes: plan.bytes, Kept: plan.total - plan.count, Queued: plan.queued,
		DryRun: f.dryRun, FileBefore: plan.usage.File, FileAfter: plan.usage.File, Free: plan.usage.Free}
	if plan.count > 0 {
		done.Oldest, done.Newest = &plan.oldest, &plan.newest
	}
	if !a.isJSON() || !f.yes && !f.dryRun {
		a.tellPrune(plan, f.dryRun)
	}
	if plan.count == 0 || f.dryRun {
		return a.pruned(&done, false)
	}
	if !f.yes {
		sure, err := a.confirm(ctx, fmt.Sprintf("remove %s for good?", events(plan.count)))
		if err != nil {
			return err
		}
		if !sure {
			a.notice("nothing was removed")
			return nil
		}
	}
	alone, err := a.remove(ctx, plan, &done)
	if err != nil {
		return err
	}
	return a.pruned(&done, alone)
}

// lookAhead finds out what goes, with a store that is only read: whoever thinks about
// the question that follows keeps no listener from starting.
func (a *app) lookAhead(ctx context.Context, f *pruneFlags, rule *pruneRule) (*prunePlan, error) {
	log, err := a.openStore(store.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { a.closeStore(log) }()
	return a.planPrune(ctx, log, rule, f.queued)
}

// remove deletes what was planned, and gives the room back where that can be done:
// where this is the only process that could receive into the store.
func (a *app) remove(ctx context.Context, plan *prunePlan, done *prunedJSON) (alone bool, err error) {
	log, err := a.openStore(store.Options{Exclusive: true, Holder: "whk events prune"})
	alone = err == nil
	if errors.Is(err, store.ErrLocked) {
		log, err = a.openStore(store.Options{})
	}
	if err != nil {
		return false, err
	}
	defer func() { a.closeStore(log) }()
	return alone, a.removeFrom(ctx, log, plan, done, alone)
}

func (a *app) removeFrom(ctx context.Context, log *store.Store, plan *prunePlan, done *prunedJSON, alone bool) error {
	bar := a.newProgress("events", int(plan.count), 0)
	removed, err := log.Remove(ctx, plan.spans, bar.add)
	bar.stop()
	done.Removed, done.Kept = int64(removed), plan.total-int64(removed)
	if err != nil {
		a.notice("%s removed before that", events(int64(removed)))
		return err
	}
	usage, err := log.Usage(ctx)
	if err != nil {
		return err
	}
	if alone && usage.Free >= usage.File/10 {
		if !a.isJSON() && a.ErrTTY {
			a.notice("writing the file anew without what was removed")
		}
		switch err := log.Compact(ctx); {
		case errors.Is(err, store.ErrFull):
			a.warn(display.Line(err.Error()), "the events are removed, and their room is used for later ones")
		case err != nil:
			a.notice("%s removed; the file keeps its size", events(int64(removed)))
			return err
		default:
			done.Compacted = true
		}
		if usage, err = log.Usage(ctx); err != nil {
			return err
		}
	}
	done.FileAfter, done.Free = usage.File, usage.Free
	return nil
}

// tellPrune says what goes before it goes.
func (a *app) tellPrune(plan *prunePlan, dryRun bool) {
	if plan.queued > 0 {
		wait := "wait"
		if plan.queued == 1 {
			wait = "waits"
		}
		a.notice("%s would go too, but %s to be forwarded to %s; --queued removes such events", events(plan.queued), wait, display.Line(plan.target))
	}
	if plan.count == 0 {
		a.notice("nothing to remove: %s kept", events(plan.total))
		return
	}
	will := "removing"
	if dryRun {
		will = "would remove"
	}
	a.notice("%s %s of %s, about %s", will, display.Thousands(plan.count), events(plan.total), bytesText(plan.bytes))
	a.notice("the oldest from %s, the newest from %s",
		plan.oldest.Local().Format("2006-01-02 15:04:05"), plan.newest.Local().Format("2006-01-02 15:04:05"))
}

// pruned tells how it went.
func (a *app) pruned(done *prunedJSON, alone bool) error {
	if a.isJSON() {
		out, err := a.newJSON()
		if err != nil {
			return err
		}
		return out.emit("summary", done)
	}
	if done.DryRun || done.Removed == 0 {
		return nil
	}
	a.notice("%s removed, %s kept", events(done.Removed), display.Thousands(done.Kept))
	switch {
	case done.Compacted:
		a.notice("the file had %s and has %s now", bytesText(done.FileBefore), bytesText(done.FileAfter))
	case !alone:
		a.notice("a listener is running, so the file keeps its %s; %s of it are free for later events", bytesText(done.FileAfter), bytesText(done.Free))
	default:
		a.notice("the file keeps its %s; %s of it are free for later events", bytesText(done.FileAfter), bytesText(done.Free))
	}
	return nil
}

// bytesText is a number of bytes in words, up to GiB.
func bytesText(n int64) string {
	if n < 1<<30 {
		return sized(int(n))
	}
	return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30))
}
