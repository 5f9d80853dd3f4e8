package cmd

import (
	"bufio"
	"context"
	"errors"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/listener"
	"whk/listener/store"
	"whk/verify/display"
)

// eventsShowFlags are the flags of whk events show.
type eventsShowFlags struct {
	raw   bool
	force bool
}

func (f *eventsShowFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.raw, "raw", false, "write the body alone, byte for byte")
	flags.BoolVar(&f.force, "force", false, "with --raw, write to a terminal whatever the body holds")
}

func (a *app) eventsShowCommand() *cobra.Command {
	var f eventsShowFlags
	c := &cobra.Command{
		Use:   "show [EVENT]",
		Short: "Show one event in full",
		Long: `Show one event in full: the request with every header, what was thought of its
signature and why, what it says, its body, and every attempt to hand it to your app.

EVENT is a number (42), the first 8 or more digits of an id, last, last:ploomes or
last:ploomes/Contacts.*; without one it is the last event of all.

A body of JSON is indented for reading, its numbers and the order of its keys as they
came. Headers that carry keys are masked unless --show-secrets is given. --raw writes
the exact bytes of the body instead, unmasked.` + exitHelp(codeUsage),
		Example: `  whk events show last
  whk events show 1
  whk events show last:rentman
  whk events show last --raw > body.bin
  whk events show last --json --jq .verdict`,
		Args: atMost(1),
		RunE: func(c *cobra.Command, args []string) error {
			ref := "last"
			if len(args) == 1 {
				ref = args[0]
			}
			return a.eventsShow(c.Context(), &f, ref)
		},
	}
	f.add(c.Flags())
	return c
}

func (a *app) eventsShow(ctx context.Context, f *eventsShowFlags, ref string) error {
	if f.raw && a.isJSON() {
		return hint(usagef("--raw: the exact bytes are no JSON"), "give --raw or --json; in JSON the body is exact too, as text or base64")
	}
	if _, err := a.providers(); err != nil {
		return err
	}
	log, err := a.openStore(store.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { a.closeStore(log) }()
	e, err := a.findEvent(ctx, log, ref)
	if err != nil {
		return err
	}
	if f.raw {
		return a.writeRaw(e.Delivery.Body, f.force)
	}
	if a.isJSON() {
		return a.eventsJSON(ctx, log, []*listener.Event{e})
	}
	results, err := log.Results(ctx, e.N)
	if _, ok := errors.AsType[*store.Damage](err); err != nil && !ok {
		return err
	}
	s := eventSheet{Writer: a.buffered(), p: a.out, redact: a.redactor(a.knownSecrets())}
	s.event(e, a.providerOf(e.Provider), results)
	if flushed := s.Flush(); flushed != nil {
		return flushed
	}
	return err
}

// findEvent reads the event that a person means.
func (a *app) findEvent(ctx context.Context, log *store.Store, ref string) (*listener.Event, error) {
	e, err := log.Find(ctx, ref)
	switch {
	case errors.Is(err, store.ErrCorrupt):
		return nil, hint(fail(codeUsage, err), "whk doctor --full reads the whole store and lists what is damaged")
	case err != nil:
		return nil, hint(fail(codeUsage, err), "whk events list shows what there is")
	}
	return e, nil
}

// writeRaw writes a body to standard output, unless it could act on a terminal.
func (a *app) writeRaw(body []byte, force bool) error {
	if a.OutTTY && !force && (!utf8.Valid(body) || display.Block(string(body)) != string(body)) {
		return hint(usagef("--raw: the body holds bytes that a terminal should not get"), "redirect it, as in: whk events show last --raw > body.bin; --force writes it all the same")
	}
	_, err := a.Out.Write(body)
	return err
}

// buffered is standard output, for a text of many lines.
func (a *app) buffered() *bufio.Writer { return bufio.NewWriterSize(a.Out, 32<<10) }
