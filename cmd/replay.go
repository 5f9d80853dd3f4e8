package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/listener"
	"whk/listener/store"
	"whk/replay"
	"whk/verify"
	"whk/verify/display"
)

// replayFlags are the flags of whk replay.
type replayFlags struct {
	expect  expectation
	asIs    bool
	sending sendingFlags
}

func (f *replayFlags) add(flags *pflag.FlagSet) {
	flags.Var(&f.expect, "expect", "statuses that are as they should be: 2xx, 200, 200,204, or any")
	flags.BoolVar(&f.asIs, "as-is", false, "send Authorization and Cookie headers to other machines, too")
	f.sending.add(flags, "request-timeout", replay.DefaultTimeout)
}

func (a *app) replayCommand() *cobra.Command {
	var f replayFlags
	c := &cobra.Command{
		Use:     "replay EVENT [URL]",
		Aliases: []string{"resend", "retry"},
		Short:   "Send a stored event again",
		Long: `Send a stored event again, byte for byte as it was received, and compare the answer
with that of the last attempt. The event is named by its number, as last or
last:ploomes, or by the first 8 or more digits of its id.

Without a URL it goes where the last attempt went. The new attempt is stored under the
event; the event itself never changes. This works while whk listen runs.` + exitHelp(codeNo, codeUsage, codeNetwork, codeInterrupted),
		Example: `  whk replay 42 3000
  whk replay last
  whk replay last:ploomes localhost:3000/crm --expect 200`,
		Args: func(_ *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return hint(usagef("replay: which event?"), "as in: whk replay last 3000; whk events list lists them")
			case 1, 2:
				return nil
			}
			return usagef("replay: expected an event and a target, got %s", strings.Join(args, " "))
		},
		RunE: func(c *cobra.Command, args []string) error {
			to := ""
			if len(args) == 2 {
				to = args[1]
			}
			return a.replay(c.Context(), &f, args[0], to)
		},
	}
	f.add(c.Flags())
	return c
}

func (a *app) replay(ctx context.Context, f *replayFlags, ref, to string) error {
	if f.sending.timeout <= 0 {
		return usagef("--request-timeout %s: expected a time such as 10s", f.sending.timeout)
	}
	if _, err := a.providers(); err != nil {
		return err
	}
	log, err := a.openExisting()
	if err != nil {
		return err
	}
	defer func() { a.closeStore(log) }()
	e, err := a.findEvent(ctx, log, ref)
	if err != nil {
		return err
	}
	name := "event #" + strconv.FormatInt(e.N, 10)
	if e.Cut != "" {
		return fail(codeUsage, fmt.Errorf("replay %s: its body is incomplete (%s), so that it cannot be sent as it was", name, e.Cut))
	}
	before, err := log.Results(ctx, e.N)
	if _, damaged := errors.AsType[*store.Damage](err); err != nil && !damaged {
		return err
	}
	target, err := replayTarget(e, before, to)
	if err != nil {
		return err
	}
	sender, err := f.sending.sender()
	if err != nil {
		return err
	}
	defer sender.Close()
	result := sender.Send(ctx, target, a.outgoing(f, e.Delivery, target))
	result.Replay = true
	// What was sent is recorded even when the command is interrupted meanwhile.
	if err := log.AddResult(context.WithoutCancel(ctx), e.N, result); err != nil {
		return fmt.Errorf("replay %s: it was sent, but the attempt could not be stored: %w", name, err)
	}
	if err := a.printReplay(f, e, before, result); err != nil {
		return err
	}
	return unexpected("replay", name, &f.expect, result)
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

// replayTarget is what the user named, else where the last attempt went.
func replayTarget(e *listener.Event, before []verify.Result, to string) (string, error) {
	if to != "" {
		target, err := replay.Target(to, e.Delivery.URL)
		if err != nil {
			return "", fail(codeUsage, fmt.Errorf("replay: %w", err))
		}
		return target, nil
	}
	if len(before) == 0 {
		return "", hint(usagef("replay: event #%d was never sent on, so there is no target", e.N), fmt.Sprintf("name one, as in: whk replay %d 3000", e.N))
	}
	return before[len(before)-1].Target, nil
}

// personal are the headers that open doors at the machine that they were meant for.
var personal = [...]string{"Authorization", "Cookie"}

// outgoing is the delivery as it may leave this machine: elsewhere, the credentials of
// whoever sent it are nobody's business.
func (a *app) outgoing(f *replayFlags, d *verify.Delivery, target string) *verify.Delivery {
	if f.asIs || isLoopback(target) {
		return d
	}
	var dropped []string
	kept := *d
	kept.Header = http.Header{}
	for name, values := range d.Header {
		kept.Header[name] = values
	}
	for _, name := range personal {
		if len(kept.Header[name]) > 0 {
			delete(kept.Header, name)
			dropped = append(dropped, name)
		}
	}
	if len(dropped) == 0 {
		return d
	}
	a.notice("%s left out, since %s is another machine; --as-is sends it", strings.Join(dropped, " and "), display.Line(hostOf(target)))
	return &kept
}

// comparison says how an attempt compares with the one before, as far as expectations go.
type comparison string

const (
	fixed        comparison = "fixed"
	stillFailing comparison = "still failing"
	regressed    comparison = "regressed"
	stillPassing comparison = "still passing"
)

// compare returns "" when there is nothing to compare with.
func compare(expect *expectation, before []verify.Result, now verify.Result) comparison {
	if len(before) == 0 {
		return ""
	}
	switch was, is := expect.met(before[len(before)-1]), expect.met(now); {
	case !was && is:
		return fixed
	case !was:
		return stillFailing
	case is:
		return stillPassing
	}
	return regressed
}

// replayedJSON is an attempt with what it changed as output, type "attempt".
type replayedJSON struct {
	attemptJSON
	Comparison comparison `json:"comparison,omitempty"`
}

func (a *app) printReplay(f *replayFlags, e *listener.Event, before []verify.Result, result verify.Result) error {
	redact := a.redactor(a.knownSecrets())
	versus := compare(&f.expect, before, result)
	if a.isJSON() {
		out, err := a.newJSON()
		if err != nil {
			return err
		}
		return out.emit("attempt", replayedJSON{newAttempt(e.N, result, redact), versus})
	}
	if _, err := fmt.Fprintf(a.Out, "%s  to %s\n", eventLine(a.out, e), display.Line(result.Target)); err != nil {
		return err
	}
	if err := a.printAnswer(result, redact); err != nil || versus == "" {
		return err
	}
	_, err := fmt.Fprintln(a.Out, "  "+a.comparisonText(versus, before[len(before)-1]))
	return err
}

// comparisonText names the last attempt, so that a person need not look it up.
func (a *app) comparisonText(c comparison, last verify.Result) string {
	text := string(c)
	switch c {
	case fixed, stillPassing:
		text = a.out.good(text)
	default:
		text = a.out.bad(text)
	}
	was := string(last.Outcome)
	if last.Outcome == verify.Answered {
		was = "answered " + strconv.Itoa(last.Status)
	}
	return text + a.out.faint(": the last attempt, "+last.At.Local().Format("2006-01-02 15:04:05")+", was "+was)
}
