package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/listener"
	"whk/listener/store"
	"whk/replay"
	"whk/verify"
)

// replayFlags are the flags of whk replay.
type replayFlags struct {
	to string

	pick   pickFlags
	events []string
	limit  int

	resign     bool
	signature  string
	mode       replay.Signature // what signature, resign and the edits come to
	set, unset []string
	body       string
	hasBody    bool // --body was given, be it empty
	edit       bool
	asIs       bool

	speed       speed
	concurrency int
	sequential  bool

	expect  replayExpectation
	yes     bool
	sending sendingFlags
	secrets secretFlags
}

// choosing are the flags that pick events. One of them is enough to mean all that fit.
var choosing = [...]string{"where", "provider", "events", "since", "limit"}

func (f *replayFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.to, "to", "", "send to this `URL`, port or host (default: where the last attempt went)")
	flags.StringVar(&f.pick.where, "where", "", "only events that fit this `FILTER`, as in 'app:5xx -is:replayed'; whk events --help explains it")
	flags.StringVar(&f.pick.provider, "provider", "", "only events of this `PROVIDER`; * stands for anything")
	flags.StringArrayVarP(&f.events, "events", "e", nil, "only events whose name fits this `GLOB`, as in Contact.* or rentman/*.delete; repeatable")
	f.pick.addSince(flags)
	flags.IntVar(&f.limit, "limit", 0, "only the newest `N` of them (default: all)")
	flags.BoolVar(&f.resign, "resign", false, "sign anew, with a fresh time stamp and id where the scheme has them; short for --signature new")
	flags.StringVar(&f.signature, "signature", "", "`HOW` to treat the signature: new (sign anew; the default when the body is changed), keep (as it came; the default otherwise) or none (left out, with its time stamp and id)")
	flags.StringArrayVar(&f.set, "set", nil, "put a value into the body: `PATH=VALUE` in the type of what it replaces, PATH:=JSON, or PATH=@FILE; signs anew; repeatable")
	flags.StringArrayVar(&f.unset, "unset", nil, "take what is at `PATH` out of the body; signs anew; repeatable")
	flags.StringVar(&f.body, "body", "", "send this body in the place of the stored one: `@FILE`, - for standard input, or the text itself; signs anew; for one event")
	flags.BoolVar(&f.edit, "edit", false, "open the body in $EDITOR first; signs anew, and sends nothing when nothing was changed; for one event")
	flags.BoolVar(&f.asIs, "as-is", false, "send Authorization and Cookie headers to other machines, too")
	flags.Var(&f.speed, "speed", "keep the gaps between the events: original, a number of times as fast (2x), or max for none")
	flags.IntVarP(&f.concurrency, "concurrency", "c", 1, "send up to `N` at once")
	flags.BoolVar(&f.sequential, "sequential", false, "send each event when the one before is answered, whatever the environment says of --concurrency")
	flags.Var(&f.expect, "expect", "what is as it should be: statuses (2xx, 200, 200,204), fixed (none fails still or anew), same (the last status), or any")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask before events leave this machine")
	f.sending.add(flags, "request-timeout", replay.DefaultTimeout)
	f.secrets.add(flags)
}

func (a *app) replayCommand() *cobra.Command {
	var f replayFlags
	c := &cobra.Command{
		Use:     "replay [EVENT|RANGE...] [URL]",
		Aliases: []string{"resend", "retry"},
		Short:   "Send stored events again",
		Long: `Send stored events again, the oldest first, byte for byte as they were received, and
compare each answer with that to the last attempt: fixed, still failing, regressed, or
still passing.

Events are named by number (42), range (3..7), as last or last:ploomes, or by the first
8 or more digits of their id. - reads them from standard input, as whk events list
--json prints them. --where, --provider, --events, --since and --limit pick among those
that are named, or among all.

The last of several arguments is the target, a port, a host or a URL; --to names it too.
Without one each event goes where its last attempt went. Several events, and imported
ones, leave this machine only when somebody has agreed. Authorization and Cookie headers
stay at home, unless the target is the host that they came for, or --as-is is given.

--set and --unset edit the body; --body and --edit give one event another. What was
changed is signed anew, with the secret that is configured; --signature keep leaves the
old signature, none sends none, and --resign signs anew without a change. An event whose
body is incomplete is not sent, unless --body replaces it.

Every attempt is stored under its event; the event itself never changes. This works
while whk listen runs.` + exitHelp(codeNo, codeUsage, codeNetwork, codeInterrupted),
		Example: `  whk replay 42 3000
  whk replay last
  whk replay 3..7 last:ploomes localhost:3000/crm --expect fixed
  whk replay --where 'app:5xx since:2h' 3000
  whk replay 42 3000 --set LegalName='New name'
  whk replay 42 3000 --body @contact.json --signature keep --expect 401
  whk replay --provider rentman --since 1h --speed 10x --to 3000
  whk events list --json | whk replay - 3000`,
		RunE: func(c *cobra.Command, args []string) error {
			chosen := slices.ContainsFunc(choosing[:], func(name string) bool {
				return c.Flags().Changed(name) && a.settings.Source(name).Name == name
			})
			f.hasBody = c.Flags().Changed("body")
			return a.replay(c.Context(), &f, args, chosen)
		},
	}
	f.add(c.Flags())
	_ = c.RegisterFlagCompletionFunc("expect", words("2xx\tany success", "fixed\tnothing fails still or anew", "same\tthe status of the last attempt", "any\twhatever is answered")) // the flag is there
	_ = c.RegisterFlagCompletionFunc("signature", words("new\tsign anew", "keep\tas it came", "none\tleft out"))
	return c
}

// check refuses values that no flag parser knows to be wrong.
func (f *replayFlags) check(a *app) error {
	if f.sequential {
		if f.concurrency > 1 && a.settings.Source("concurrency").Name == "concurrency" {
			return usagef("--sequential and --concurrency %d: give one of them", f.concurrency)
		}
		f.concurrency = 1
	}
	if err := f.settle(a); err != nil {
		return err
	}
	switch {
	case f.hasBody && f.body == "-" && f.secrets.stdin:
		return usagef("--body - and --secret-stdin: standard input can be one of them")
	case f.edit && (!a.InTTY || !a.OutTTY && !a.ErrTTY):
		return hint(usagef("--edit: there is no terminal for an editor"), "--body @FILE sends a file")
	case f.sending.timeout <= 0:
		return usagef("--request-timeout %s: expected a time such as 10s", f.sending.timeout)
	case f.limit < 0:
		return usagef("--limit %d: expected a number from 1", f.limit)
	case f.concurrency < 1:
		return usagef("--concurrency %d: expected a number from 1", f.concurrency)
	}
	return nil
}

// replaying is one run of whk replay.
type replaying struct {
	*app
	flags     *replayFlags
	log       *store.Store
	sender    *replay.Sender
	plan      *replayPlan
	resigners map[string]*replay.Resigner // by provider
	out       *replayOutput
	rnd       sync.Pool // of *rand.Rand
}

func (a *app) replay(ctx context.Context, f *replayFlags, args []string, chosen bool) error {
	if err := f.check(a); err != nil {
		return err
	}
	refs, err := f.references(a, args, chosen)
	if err != nil {
		return err
	}
	if _, err := a.providers(); err != nil {
		return err
	}
	r := &replaying{app: a, flags: f}
	r.rnd.New = func() any { return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) }
	if r.log, err = a.openExisting(); err != nil {
		return err
	}
	defer func() { a.closeStore(r.log) }()
	if err := r.prepare(ctx, refs); err != nil {
		return err
	}
	if f.edit {
		if changed, err := r.edit(ctx); err != nil || !changed {
			return err
		}
	}
	if r.sender, err = f.sending.sender(); err != nil {
		return err
	}
	defer r.sender.Close()
	if r.out, err = r.newOutput(); err != nil {
		return err
	}
	return r.run(ctx)
}

// references reads the arguments that name events, and leaves the target in f.to.
func (f *replayFlags) references(a *app, args []string, chosen bool) ([]string, error) {
	if f.to == "" || a.settings.Source("to").Name != "to" {
		named, to, err := splitTarget(args, chosen)
		if err != nil {
			return nil, err
		}
		if args = named; to != "" {
			f.to = to
		}
	}
	if len(args) == 0 && !chosen {
		return nil, hint(usagef("replay: which event?"), "as in: whk replay last 3000; whk events list lists them")
	}
	var refs []string
	for _, arg := range args {
		if arg != "-" {
			refs = append(refs, strings.Split(arg, ",")...)
			continue
		}
		if f.secrets.stdin {
			return nil, usagef("replay - and --secret-stdin: standard input can be one of them")
		}
		if f.hasBody && f.body == "-" {
			return nil, usagef("replay - and --body -: standard input can be one of them")
		}
		read, err := references(a.In)
		if err != nil {
			return nil, err
		}
		if len(read) == 0 {
			return nil, usagef("replay: standard input names no event")
		}
		refs = append(refs, read...)
	}
	return refs, nil
}

// openExisting opens the store for adding to it, and makes none.
func (a *app) openExisting() (*store.Store, error) {
	path, err := a.storePath()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return a.openStore(store.Options{ReadOnly: true}) // has the words for it
	}
	return a.openStore(store.Options{})
}

// run sends what was planned, and says by the exit code whether all came out as expected.
func (r *replaying) run(ctx context.Context) error {
	pace := replay.Pace{Count: len(r.plan.events), Concurrency: r.flags.concurrency}
	if r.flags.speed > 0 {
		pace.Due = replay.Gaps(r.plan.moments(), float64(r.flags.speed))
		if last := pace.Due[len(pace.Due)-1]; last > time.Minute {
			r.notice("at this speed the last event is sent in %s", last.Round(time.Second))
		}
	}
	// What goes wrong with the store or the output ends the run; what was sent stays.
	sending, stop := context.WithCancel(ctx)
	defer stop()
	var once sync.Once
	var broken error
	r.out.begin(pace.Count)
	sum := pace.Run(sending, func(ctx context.Context, i int) (verify.Result, bool) {
		result, sent, err := r.one(ctx, r.plan.events[i].n)
		if err != nil {
			once.Do(func() { broken = err })
			stop()
		}
		return result, sent
	})
	r.out.end()
	if broken != nil && !errors.Is(broken, context.Canceled) {
		return broken
	}
	if err := r.out.summary(sum); err != nil {
		return err
	}
	if ctx.Err() != nil {
		r.leftUndone(sum.Sent, r.out.verdicts[notSent], pace.Count)
		return exit(codeInterrupted)
	}
	return r.out.outcome(sum)
}

// one sends one event. What cannot be sent is told like an answer; the error is one that
// ends the run.
func (r *replaying) one(ctx context.Context, n int64) (result verify.Result, sent bool, err error) {
	e, err := r.log.Event(ctx, n)
	if refused := unreadable(err); refused != nil {
		return result, false, r.out.refused(n, nil, refused)
	}
	if err != nil {
		return result, false, err
	}
	attempts, err := r.log.Results(ctx, n)
	if _, ok := damaged(err); err != nil && !ok {
		return result, false, err
	}
	before := verify.LastAttempt(attempts)
	made, err := r.request(e, before)
	if err != nil {
		return result, false, r.out.refused(n, e, err)
	}
	result = r.sender.Send(ctx, made.target, made.Delivery)
	result.Replay, result.Resigned, result.Edited = true, made.Resigned, made.Edited
	// What was sent is recorded even when the command is interrupted meanwhile.
	if err := r.log.AddResult(context.WithoutCancel(ctx), n, result); err != nil {
		return result, true, fmt.Errorf("replay event #%d: it was sent, but the attempt could not be stored: %w", n, err)
	}
	return result, true, r.out.attempt(e, before, result)
}

// unreadable is the error of an event that has gone or been damaged since it was picked,
// nil for any other.
func unreadable(err error) error {
	if _, ok := damaged(err); ok {
		return err
	}
	if errors.Is(err, store.ErrNotFound) {
		return errors.New("it has been deleted")
	}
	return nil
}

// request is what is sent of an event, and where.
type request struct {
	*replay.Made
	target string
}

func (r *replaying) request(e *listener.Event, before *verify.Result) (*request, error) {
	if err := r.incomplete(e); err != nil {
		return nil, err
	}
	target, err := r.target(e, before)
	if err != nil {
		return nil, err
	}
	made := &replay.Made{Delivery: e.Delivery}
	if r.flags.remakes() {
		resigner := r.resigners[e.Provider]
		if resigner == nil {
			return nil, errUnsignable
		}
		rnd := r.rnd.Get().(*rand.Rand)
		defer r.rnd.Put(rnd)
		if made, err = resigner.Make(e.Delivery, target, len(r.plan.events) == 1, time.Now(), rnd); err != nil {
			return nil, err
		}
		target = made.URL
	}
	if names := r.private(e, target); len(names) > 0 {
		made.Delivery = without(made.Delivery, names)
	}
	return &request{made, target}, nil
}

// incomplete is the error for an event that cannot be sent as it was, else nil.
func (r *replaying) incomplete(e *listener.Event) error {
	if e.Cut == "" || r.flags.hasBody {
		return nil
	}
	return fmt.Errorf("its body is incomplete (%s), so that it cannot be sent as it was", e.Cut)
}
