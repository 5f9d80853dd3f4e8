package cmd

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"whk/listener"
	"whk/listener/filter"
	"whk/listener/store"
	"whk/verify"
	"whk/verify/provider"
)

// pickFlags say which events of the store a command is about. All of them have to fit.
type pickFlags struct {
	provider string
	event    string
	since    string
	where    string
}

func (f *pickFlags) add(flags *pflag.FlagSet) {
	f.addNames(flags)
	f.addSince(flags)
}

func (f *pickFlags) addNames(flags *pflag.FlagSet) {
	flags.StringVar(&f.provider, "provider", "", "only events of this `PROVIDER`; * stands for anything")
	flags.StringVar(&f.event, "event", "", "only events whose name fits this `GLOB`, as in Contact.* or rentman/*.delete")
	flags.StringVar(&f.where, "where", "", "only events that fit this `FILTER`, as in 'sig:invalid app:5xx'; whk events --help explains it")
}

func (f *pickFlags) addSince(flags *pflag.FlagSet) {
	flags.StringVar(&f.since, "since", "", "only events since this `TIME`: 2h, 42m, 3d or 2w ago, 2026-01-31, or 2026-01-31T14:00:00Z")
}

// filter makes one filter of all that the flags say.
func (f *pickFlags) filter(a *app, now time.Time) (*filter.Filter, error) {
	where, err := a.where(f.where, now)
	if err != nil {
		return nil, err
	}
	terms := []string{where.String()}
	if f.provider != "" {
		if strings.ContainsAny(f.provider, "/") {
			return nil, usagef("--provider %s: a provider's name has no slash; --event takes the name of an event", f.provider)
		}
		terms = append(terms, "provider:"+quotedTerm(f.provider))
	}
	if f.event != "" {
		if of, _, ok := strings.Cut(f.event, "/"); ok && f.provider != "" && !strings.EqualFold(f.provider, of) {
			return nil, usagef("--event %s: --provider %s says something else", f.event, f.provider)
		}
		terms = append(terms, "event:"+quotedTerm(f.event))
	}
	if f.since != "" {
		at, err := parseMoment(f.since, now)
		if err != nil {
			return nil, err
		}
		terms = append(terms, "since:"+at.Format(time.RFC3339Nano))
	}
	return a.where(strings.Join(terms, " "), now)
}

// quotedTerm spells a value of a filter so that it is taken as it is.
func quotedTerm(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

// where reads a filter of the command line. An empty one lets everything pass.
func (a *app) where(text string, now time.Time) (*filter.Filter, error) {
	f, err := filter.Parse(text, now)
	if err == nil {
		return f, nil
	}
	fault := fail(codeUsage, err)
	if e, ok := errors.AsType[*filter.Error](err); ok && e.Hint != "" {
		return nil, hint(fault, e.Hint+"; whk events --help explains filters")
	}
	return nil, hint(fault, "whk events --help explains filters")
}

// found is an event that fits a filter, with a way to the attempts to deliver it.
type found struct {
	*listener.Event
	results func() ([]verify.Result, error)
}

// errEnough ends a search whose reader has stopped reading.
var errEnough = errors.New("enough")

// find yields the events of a store that fit a filter. What cannot be read is left out,
// and a *store.Damage that names it is the last that is yielded. Memory does not grow
// with the number of events.
func (a *app) find(ctx context.Context, log *store.Store, f *filter.Filter, o store.SearchOptions) iter.Seq2[found, error] {
	o.Facts, o.Marked = a.factsOf, markedAs
	return func(yield func(found, error) bool) {
		err := log.Search(ctx, f, o, func(e *listener.Event, results func() ([]verify.Result, error)) error {
			if !yield(found{e, results}, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(found{}, err)
		}
	}
}

// fits reports whether an event that is at hand, whole, fits a filter.
func (a *app) fits(f *filter.Filter, e *listener.Event, results func() []verify.Result) bool {
	return f.Match(filter.Subject{
		Event: e, Results: results,
		Facts:  func() provider.Facts { return a.factsOf(e) },
		Marked: func(m filter.Mark) bool { return markedAs(e, m) },
	})
}

// factsOf is what an event says, as far as its provider is known.
func (a *app) factsOf(e *listener.Event) provider.Facts {
	p := a.providerOf(e.Provider)
	if p == nil {
		return provider.Facts{}
	}
	facts, _ := p.Facts(e.Delivery) // what cannot be read is in the notes already
	return facts
}

func markedAs(e *listener.Event, m filter.Mark) bool {
	switch m {
	case filter.Duplicate:
		return e.SameAs != 0
	case filter.Reordered:
		return e.OvertakenBy != 0
	}
	return false
}

// damaged tells damage, which a command works around and reports in the end, from
// errors that end it.
func damaged(err error) (*store.Damage, bool) { return errors.AsType[*store.Damage](err) }

// damageError is how a command ends that had to leave out what it could not read.
func damageError(d *store.Damage) error {
	if d == nil {
		return nil
	}
	return hint(fail(codeUsage, d), "whk doctor --full reads the whole store and lists what is damaged")
}

// scanProgress shows how far a walk over the store is, from the first report on.
func (a *app) scanProgress() (report func(scanned, total int64), stop func()) {
	var bar *progress
	report = func(scanned, total int64) {
		if bar == nil {
			bar = a.newProgress("events", int(total), 0)
		}
		bar.add(int(scanned - bar.done.Load()))
	}
	return report, func() {
		if bar != nil {
			bar.stop()
		}
	}
}
