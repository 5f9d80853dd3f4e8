package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/listener"
	"whk/listener/store"
	"whk/replay"
	"whk/verify/provider"
)

// diffFlags are the flags of whk events diff.
type diffFlags struct {
	unified  bool
	exitCode bool
}

func (f *diffFlags) add(flags *pflag.FlagSet) {
	flags.BoolVarP(&f.unified, "unified", "u", false, "compare line by line, as diff -u does")
	flags.BoolVar(&f.exitCode, "exit-code", false, "exit with 1 when something differs")
}

func (a *app) eventsDiffCommand() *cobra.Command {
	var f diffFlags
	c := &cobra.Command{
		Use:   "diff EVENT [EVENT]",
		Short: "Compare the old and new values of an event, or two events",
		Long: `Compare the old and new values that one event carries, as those of Ploomes do, or the
bodies of two events.

JSON is compared value by value: ~ changed, + added, - removed. Blanks and the order of
names make no difference; numbers and texts are compared as they are written, so 1.10
and 1.1 differ and are marked as the same value. Objects in an array belong together
when they have the same id, all other elements by their place.

Within one event, a name that only one side has was not reported by the sender; that
says nothing about whether it is there. An event whose old or new values are null made
or deleted all of the others. Bodies that are no JSON are compared line by line.` + exitHelp(codeNo, codeUsage),
		Example: `  whk events diff last
  whk events diff 12 14
  whk events diff 12 14 --unified
  whk events diff 12 last --exit-code --json --jq '.changes[].path'`,
		Args: func(_ *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return hint(usagef("diff: which event?"), "as in: whk events diff last; whk events list lists them")
			case 1, 2:
				return nil
			}
			return usagef("diff: expected one event or two, got %s", strings.Join(args, " "))
		},
		ValidArgsFunction: func(c *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 1 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return a.completeRef(c, args, prefix)
		},
		RunE: func(c *cobra.Command, args []string) error { return a.eventsDiff(c.Context(), &f, args) },
	}
	f.add(c.Flags())
	return c
}

// comparedSide is one of the two texts that are compared.
type comparedSide struct {
	event *listener.Event
	part  string // "body", "old" or "new"
	text  []byte
}

// title names the side in a heading.
func (s comparedSide) title() string {
	return "#" + strconv.FormatInt(s.event.N, 10) + " " + s.event.FullName() + " " + s.part
}

// comparedPair is two texts and what is different about them.
type comparedPair struct {
	old, new comparedSide
	partial  bool // the sender reports part of each side only
	form     string
	changes  provider.Changes
	hunks    []provider.Hunk // of --unified, and of bodies that are not both JSON
	lined    bool            // whether hunks says what differs
	first    int             // the first byte that differs, from 1; 0 when none does
}

// The forms of what is compared.
const (
	diffJSON   = "json"
	diffText   = "text"
	diffBinary = "binary"
)

// differ reports whether anything is different, as it was compared.
func (c *comparedPair) differ() bool {
	switch {
	case c.lined:
		return len(c.hunks) > 0
	case c.form == diffJSON:
		return c.changes.Differ()
	}
	return c.first > 0
}

func (a *app) eventsDiff(ctx context.Context, f *diffFlags, refs []string) error {
	if _, err := a.providers(); err != nil {
		return err
	}
	log, err := a.openStore(store.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { a.closeStore(log) }()
	events := make([]*listener.Event, len(refs))
	for i, ref := range refs {
		if events[i], err = a.findEvent(ctx, log, ref); err != nil {
			return err
		}
	}
	pair, err := a.sides(events)
	if err != nil {
		return err
	}
	if err := pair.compare(f.unified); err != nil {
		return err
	}
	if err := a.printDiff(pair, a.redactor(a.knownSecrets())); err != nil {
		return err
	}
	if f.exitCode && pair.differ() {
		return exit(codeNo)
	}
	return nil
}

// sides are the old and new values of one event, or the bodies of two.
func (a *app) sides(events []*listener.Event) (*comparedPair, error) {
	if len(events) == 2 {
		for _, e := range events {
			if e.Cut != "" {
				a.warn(fmt.Sprintf("the body of event #%d is incomplete: %s", e.N, e.Cut), "")
			}
		}
		return &comparedPair{
			old: comparedSide{events[0], "body", events[0].Delivery.Body},
			new: comparedSide{events[1], "body", events[1].Delivery.Body},
		}, nil
	}
	e := events[0]
	var facts provider.Facts
	if p := a.providerOf(e.Provider); p != nil {
		facts, _ = p.Facts(e.Delivery) // what cannot be read is in the notes already
	}
	pair := &comparedPair{old: comparedSide{e, "old", facts.Old}, new: comparedSide{e, "new", facts.New}, partial: true}
	switch {
	case facts.Old == nil && facts.New == nil:
		return nil, hint(usagef("diff: event #%d (%s) carries no old and new values", e.N, e.FullName()), fmt.Sprintf("compare it with another event, as in: whk events diff %d last", e.N))
	case facts.Old == nil: // null, so that everything new was added
		pair.old.text, pair.partial = []byte("{}"), false
	case facts.New == nil:
		pair.new.text, pair.partial = []byte("{}"), false
	}
	return pair, nil
}

// compare finds what differs: by value where both sides are JSON, else by line.
func (c *comparedPair) compare(unified bool) error {
	old, new := c.old.text, c.new.text
	c.first = firstDifference(old, new)
	switch {
	case json.Valid(old) && json.Valid(new):
		c.form = diffJSON
		var err error
		if c.changes, err = provider.Diff(old, new, provider.DiffOptions{Partial: c.partial}); err != nil {
			return err
		}
		c.lined = unified
	case isText(old) && isText(new):
		c.form, c.lined = diffText, true
	default:
		c.form = diffBinary
	}
	if c.lined {
		c.hunks = provider.DiffLines(shownLines(old), shownLines(new), diffContext)
	}
	return nil
}

// diffContext is how many equal lines stand around those that differ.
const diffContext = 3

func isText(body []byte) bool { return utf8.Valid(body) && !bytes.ContainsRune(body, 0) }

// shownLines are the lines of a body as it is shown.
func shownLines(body []byte) []string {
	_, text := bodyText(body)
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// firstDifference is the first byte that differs, from 1, as cmp counts them; 0 when
// none does.
func firstDifference(a, b []byte) int {
	if bytes.Equal(a, b) {
		return 0
	}
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return i + 1
}

// comparedJSON is a comparison as output, type "diff".
type comparedJSON struct {
	Old comparedSideJSON `json:"old"`
	New comparedSideJSON `json:"new"`
	// Form is json, text or binary: what could be compared.
	Form   string `json:"form"`
	Differ bool   `json:"differ"`
	// FirstDifference is the first byte that differs, from 1.
	FirstDifference int          `json:"first_difference,omitempty"`
	Changed         int          `json:"changed"`
	Added           int          `json:"added"`
	Removed         int          `json:"removed"`
	NotReported     int          `json:"not_reported"`
	Coarse          bool         `json:"coarse,omitempty"`
	Changes         []changeJSON `json:"changes,omitempty"`
	// Unified is the comparison line by line, where it was asked for or is the only one.
	Unified string `json:"unified,omitempty"`
}

type comparedSideJSON struct {
	N     int64  `json:"n"`
	ID    string `json:"id"`
	Event string `json:"event"`
	Part  string `json:"part"`
	Bytes int    `json:"bytes"`
}

// changeJSON has its values as JSON, absent where there is none.
type changeJSON struct {
	Path      string `json:"path"`
	Was       string `json:"was,omitempty"`
	Kind      string `json:"kind"`
	Old       any    `json:"old,omitempty"`
	New       any    `json:"new,omitempty"`
	SameValue bool   `json:"same_value,omitempty"`
}

func newCompared(c *comparedPair, r *replay.Redactor) comparedJSON {
	side := func(s comparedSide) comparedSideJSON {
		return comparedSideJSON{N: s.event.N, ID: s.event.ID, Event: s.event.FullName(), Part: s.part, Bytes: len(s.text)}
	}
	j := comparedJSON{
		Old: side(c.old), New: side(c.new), Form: c.form, Differ: c.differ(), FirstDifference: c.first,
		Changed: c.changes.Count(provider.Changed), Added: c.changes.Count(provider.Added),
		Removed: c.changes.Count(provider.Removed), NotReported: c.changes.Count(provider.NotReported), Coarse: c.changes.Coarse,
	}
	for _, change := range c.changes.List {
		j.Changes = append(j.Changes, changeJSON{
			Path: r.Text(change.Path), Was: r.Text(change.Was), Kind: string(change.Kind),
			Old: redacted(change.Old, r), New: redacted(change.New, r), SameValue: change.SameValue,
		})
	}
	if c.lined {
		j.Unified = r.Text(unifiedText(paint{}, c))
	}
	return j
}

// redacted is a JSON value for output; nil for none.
func redacted(raw json.RawMessage, r *replay.Redactor) any {
	if raw == nil {
		return nil
	}
	text := strings.ToValidUTF8(r.Text(string(raw)), "\uFFFD")
	if !json.Valid([]byte(text)) { // a secret that was no text
		return text
	}
	return json.RawMessage(text)
}
