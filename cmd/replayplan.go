package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"whk/listener"
	"whk/listener/filter"
	"whk/listener/store"
	"whk/replay"
	"whk/verify"
	"whk/verify/display"
)

// replayPlan is what is going to be sent. It holds little of each event, since there can
// be very many.
type replayPlan struct {
	events []plannedEvent // the oldest first

	providers map[string]int // how many events of each
	imported  int
	homeless  []int64        // events that have no target, and
	why       error          // why the oldest of them has none
	cut       string         // why the only one, or the last, is incomplete
	away      map[string]int // events to each machine that is not this one
	withheld  map[string]int // headers that stay at home, "Cookie" of so many events
}

type plannedEvent struct {
	n  int64
	at time.Time
}

func (p *replayPlan) moments() []time.Time {
	moments := make([]time.Time, len(p.events))
	for i, e := range p.events {
		moments[i] = e.at
	}
	return moments
}

// name is what the events are called in errors.
func (p *replayPlan) name() string {
	if len(p.events) == 1 {
		return "event #" + strconv.FormatInt(p.events[0].n, 10)
	}
	return plural(len(p.events), "event")
}

// prepare picks the events and finds out everything that can be wrong with the request,
// before anything is sent.
func (r *replaying) prepare(ctx context.Context, refs []string) error {
	if r.flags.to != "" {
		if _, err := replay.Target(r.flags.to, "/"); err != nil {
			return fail(codeUsage, fmt.Errorf("replay: %w", err))
		}
	}
	if err := r.pick(ctx, refs); err != nil {
		return err
	}
	p := r.plan
	switch {
	case len(p.events) == 0:
		return hint(usagef("replay: no event fits"), "whk events list shows what there is")
	case len(p.events) > 1 && r.flags.hasBody:
		return usagef("--body: it is the body of one event, and these are %d; name one", len(p.events))
	case len(p.events) > 1 && r.flags.edit:
		return usagef("--edit: these are %d events; name one", len(p.events))
	case len(p.events) == 1 && p.cut != "":
		return fail(codeUsage, fmt.Errorf("replay %s: %s", p.name(), p.cut))
	case len(p.homeless) > 0:
		return r.noTarget()
	}
	if r.flags.remakes() {
		if err := r.prepareMaking(); err != nil {
			return err
		}
	}
	if err := r.ask(ctx); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(p.withheld)) {
		of := ""
		if len(p.events) > 1 {
			of = " of " + plural(p.withheld[name], "event")
		}
		r.notice("%s%s left out, since %s; --as-is sends it", name, of, p.elsewhere())
	}
	return nil
}

// pick plans the events that the references and the flags mean.
func (r *replaying) pick(ctx context.Context, refs []string) error {
	f, err := r.flags.filter(r.app, time.Now())
	if err != nil {
		return err
	}
	spans, err := refSpans(ctx, r.log, refs)
	if err != nil {
		return err
	}
	p := &replayPlan{providers: map[string]int{}, away: map[string]int{}, withheld: map[string]int{}}
	r.plan = p
	var options store.SearchOptions
	for _, sp := range slices.Backward(spans) {
		if r.flags.limit > 0 {
			if options.Limit = r.flags.limit - len(p.events); options.Limit <= 0 {
				break
			}
		}
		options.After, options.Before = sp.first-1, sp.last+1
		for e, err := range r.find(ctx, r.log, f, options) {
			if err == nil {
				err = r.add(e)
			}
			damage, isDamage := damaged(err)
			switch {
			case isDamage && !f.Empty(): // whether they fit cannot be told
				r.warn(display.Line(damage.Error()), "whk doctor --full reads the whole store and lists what is damaged")
			case isDamage:
				for _, n := range damage.Numbers {
					p.events = append(p.events, plannedEvent{n: n})
				}
			case err != nil:
				return err
			}
		}
	}
	slices.SortFunc(p.events, func(a, b plannedEvent) int { return cmp.Compare(a.n, b.n) })
	for i, e := range p.events { // one that cannot be read has no time of its own
		if e.at.IsZero() && i > 0 {
			p.events[i].at = p.events[i-1].at
		}
	}
	return nil
}

// filter makes one filter of the flags that pick events.
func (f *replayFlags) filter(a *app, now time.Time) (*filter.Filter, error) {
	picked, err := f.pick.filter(a, now)
	if err != nil || len(f.events) == 0 {
		return picked, err
	}
	var globs []string
	for _, glob := range f.events {
		globs = append(globs, quotedTerm(glob))
	}
	return a.where(picked.String()+" event:"+strings.Join(globs, ","), now)
}

// add plans one event, of which it sees the head.
func (r *replaying) add(e found) error {
	p := r.plan
	p.events = append(p.events, plannedEvent{e.N, e.At})
	if err := r.incomplete(e.Event); err != nil {
		p.cut = err.Error()
		return nil
	}
	p.providers[e.Provider]++
	var before *verify.Result
	if r.flags.to == "" {
		attempts, err := e.results()
		if _, ok := damaged(err); err != nil && !ok {
			return err
		}
		before = verify.LastAttempt(attempts)
	}
	target, err := r.target(e.Event, before)
	switch {
	case errors.Is(err, errNeverSent), errors.Is(err, errImported):
		p.homeless, p.why = append(p.homeless, e.N), err // they are found the newest first
		return nil
	case err != nil: // its own path that makes no URL: told when its turn comes
		return nil
	}
	if e.Imported() {
		p.imported++
	}
	if !isLoopback(target) {
		p.away[hostOf(target)]++
		for _, name := range r.private(e.Event, target) {
			p.withheld[name]++
		}
	}
	return nil
}

// Why an event has no target when the user names none.
var (
	errNeverSent = errors.New("it was never sent on, so there is no target")
	errImported  = errors.New("it was imported, and where it went is only what its file says: name a target")
)

// target is what the user named, else where the last attempt went. That of an imported
// event is only what a file claims.
func (r *replaying) target(e *listener.Event, before *verify.Result) (string, error) {
	switch {
	case r.flags.to != "":
		return replay.Target(r.flags.to, e.Delivery.URL)
	case e.Imported():
		return "", errImported
	case before == nil:
		return "", errNeverSent
	}
	return before.Target, nil
}

// noTarget says which events have no target.
func (r *replaying) noTarget() error {
	p := r.plan
	first := p.homeless[len(p.homeless)-1]
	err := usagef("replay event #%d: %w", first, p.why)
	if more := len(p.homeless) - 1; more > 0 {
		err = usagef("replay event #%d: %w; %d more of %d have none", first, p.why, more, len(p.events))
	}
	if len(p.events) == 1 {
		return hint(err, fmt.Sprintf("as in: whk replay %d 3000", first))
	}
	return hint(err, "name one for all, as in --to 3000")
}

// elsewhere names the machines that the events go to.
func (p *replayPlan) elsewhere() string {
	hosts := slices.Sorted(maps.Keys(p.away))
	switch len(hosts) {
	case 1:
		return display.Line(hosts[0]) + " is another machine"
	case 2, 3:
		return display.Line(strings.Join(hosts, ", ")) + " are other machines"
	}
	return display.Line(strings.Join(hosts[:2], ", ")) + fmt.Sprintf(" and %d more are other machines", len(hosts)-2)
}

// ask makes sure that somebody wants several events, or what came from a file, to leave
// this machine.
func (r *replaying) ask(ctx context.Context) error {
	p := r.plan
	if r.flags.yes || len(p.away) == 0 || len(p.events) == 1 && p.imported == 0 {
		return nil
	}
	going := 0
	for _, n := range p.away {
		going += n
	}
	what := p.name()
	if len(p.events) > 1 {
		what = plural(going, "event")
	}
	if p.imported > 0 {
		what += " (" + plural(p.imported, "imported one") + ")"
		if len(p.events) == 1 {
			what = p.name() + ", which was imported,"
		}
	}
	if !r.canAsk() {
		return hint(usagef("replay: %s would leave this machine: %s", what, p.elsewhere()), "--yes sends it all the same")
	}
	agreed, err := r.confirm(ctx, fmt.Sprintf("Send %s away? %s.", what, p.elsewhere()))
	if err != nil {
		return err
	}
	if !agreed {
		return exit(codeNo)
	}
	return nil
}

// private lists the headers of an event that open doors at the machine that they were
// meant for, when the target is another one.
func (r *replaying) private(e *listener.Event, target string) []string {
	if r.flags.asIs || isLoopback(target) || sameHost(e.Delivery.Host, target) {
		return nil
	}
	var names []string
	for _, name := range [...]string{"Authorization", "Cookie"} {
		if len(e.Delivery.Header[name]) > 0 && !r.signsIn(e, name) {
			names = append(names, name)
		}
	}
	return names
}

// signsIn reports whether a header is where an event is signed anew, or is left out with
// its signature in any case.
func (r *replaying) signsIn(e *listener.Event, header string) bool {
	if !r.flags.remakes() {
		return false
	}
	p := r.providerOf(e.Provider)
	switch {
	case p == nil:
		return false
	case r.flags.mode == replay.SignatureNone:
		return slices.Contains(p.Scheme.Headers(), header)
	}
	return r.flags.mode == replay.SignatureNew && p.Scheme.Header() == header
}

// sameHost reports whether a target is the host that a delivery came for, whatever the
// ports.
func sameHost(host, target string) bool {
	u, err := url.Parse(target)
	if err != nil || host == "" {
		return false
	}
	came := &url.URL{Host: host}
	return strings.EqualFold(came.Hostname(), u.Hostname())
}

// without is a delivery without some of its headers.
func without(d *verify.Delivery, names []string) *verify.Delivery {
	kept := *d
	kept.Header = http.Header{}
	for name, values := range d.Header {
		if !slices.Contains(names, name) {
			kept.Header[name] = values
		}
	}
	return &kept
}
