package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/verify"
	"whk/verify/display"
	"whk/verify/provider"
)

// newFlags are the flags of whk providers new: the answers to its questions.
type newFlags struct {
	title, header, algorithm, encoding, signed, prefix string
	timestamp, id                                      string
	eventPath, event                                   string
	kind                                               string
	out                                                string
	force                                              bool
}

func (f *newFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.title, "title", "", "the vendor's own `SPELLING` of its name")
	flags.StringVar(&f.kind, "kind", "", "`KIND` of signature: hmac, hash, static (the key itself) or none")
	flags.StringVar(&f.header, "header", "", "`NAME` of the header that carries the signature")
	flags.StringVar(&f.algorithm, "algorithm", "", "`HASH`: md5, sha1, sha256, sha384 or sha512 (default sha256)")
	flags.StringVar(&f.encoding, "encoding", "", "`FORM` of the signature: hex, base64 or base64url (default hex)")
	flags.StringVar(&f.signed, "signed", "", "`TEMPLATE` of what is signed, as in '{ts}.{body}' (default {body})")
	flags.StringVar(&f.prefix, "prefix", "", "`TEXT` before the signature in its header, as in sha256=")
	flags.StringVar(&f.timestamp, "timestamp-header", "", "`NAME` of the header with the time, for {ts}")
	flags.StringVar(&f.id, "id-header", "", "`NAME` of the header with the delivery's id, for {id}")
	flags.StringVar(&f.eventPath, "event-path", "", "`PATH` in the body where the event's name stands, as in event or data.type")
	flags.StringVar(&f.event, "event", "", "`NAME` of a first event, as in order.created")
	flags.StringVar(&f.out, "out", "", "write the definition to this `FOLDER` and not beside the project's")
	flags.BoolVar(&f.force, "force", false, "replace a definition that is there")
}

func (a *app) providersNewCommand() *cobra.Command {
	var f newFlags
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "Begin the definition of a provider",
		Long: `Begin the definition of a provider: a commented provider.yaml with one sample, which
whk providers lint accepts as it is. On a terminal what no flag answers is asked;
elsewhere --kind, --header (for all kinds but none) and --event-path have to be given.

The definition belongs to the project, in the folder .whk/providers/NAME; where there is
no project, to the user. Where events were received already, whk providers learn finds
most of it out by itself.` + exitHelp(codeUsage, codeInterrupted),
		Example: `  whk providers new acme
  whk providers new acme --kind hmac --header X-Acme-Signature --prefix sha256= --event-path event
  whk providers new acme --kind hmac --header X-Acme-Signature --signed '{ts}.{body}' --timestamp-header X-Acme-Time --event-path data.type
  whk providers new acme --kind none --event-path type --event invoice.paid --out definitions/acme`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return hint(usagef("providers new: expected the name of the provider"), "as in: whk providers new acme")
			}
			if why := provider.RefuseProviderName(args[0]); why != "" {
				return usagef("providers new: name %s", why)
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return a.providersNew(c.Context(), &f, args[0]) },
	}
	f.add(c.Flags())
	_ = c.RegisterFlagCompletionFunc("kind", words(verify.KindHMAC, verify.KindHash, verify.KindStatic, verify.KindNone)) // the flag is there
	return c
}

// newProviderJSON is a definition that was begun as output, type "definition".
type newProviderJSON struct {
	Provider string   `json:"provider"`
	Folder   string   `json:"folder"`
	Files    []string `json:"files"`
	Scheme   string   `json:"scheme"`
	Event    string   `json:"event"`
}

func (a *app) providersNew(ctx context.Context, f *newFlags, name string) error {
	set, err := a.providers()
	if err != nil {
		return err
	}
	folder, loaded, err := a.definitionFolder(name, f.out, f.force)
	if err != nil {
		return err
	}
	if err := a.answers(ctx, f); err != nil {
		return err
	}
	begun, err := provider.Begin(f.draft(name), f.event, f.eventPath, set.All()...)
	if err != nil {
		return hint(fail(codeUsage, fmt.Errorf("providers new: %w", err)), "whk providers new --help explains the flags; nothing was written")
	}
	if err := a.writeDefinition(folder, begun.Files, f.force); err != nil {
		return err
	}
	if a.isJSON() {
		out, err := a.newJSON()
		if err != nil {
			return err
		}
		return out.emit("definition", newProviderJSON{name, folder, begun.Names(), begun.Provider.Scheme.String(), f.event})
	}
	w := a.buffered()
	fmt.Fprintf(w, "%s  %s %s\n", a.out.bold(name), a.arrow(), display.Line(a.near(folder)))
	fmt.Fprintf(w, "signature: %s\n", display.Line(begun.Provider.Scheme.String()))
	a.nextSteps(w, name, f.event, folder, loaded)
	return w.Flush()
}

// nextSteps says how a definition is used that was just written.
func (a *app) nextSteps(w io.Writer, name, event, folder string, loaded bool) {
	file := filepath.Join(a.near(folder), provider.DefinitionFile)
	with := ""
	if !loaded {
		with = " --provider-file " + display.Line(file)
	}
	fmt.Fprintf(w, "look it over: %s\n", display.Line(file))
	fmt.Fprintf(w, "check it:     whk providers lint %s\n", display.Line(a.near(folder)))
	fmt.Fprintf(w, "send one:     whk send %s/%s%s\n", name, display.Line(event), with)
}

// draft makes a definition of the answers.
func (f *newFlags) draft(name string) *provider.Draft {
	d := &provider.Draft{
		Name: name, Title: f.title, Page: "the vendor's page about webhooks", Certainty: provider.Guessed,
		EventName: "{body." + f.eventPath + "}",
		Headers:   map[string]string{"Content-Type": "application/json"},
		Recipe:    verify.Recipe{Kind: f.kind, Header: f.header, Signed: f.signed, ID: f.id},
	}
	if d.Title == "" {
		d.Title = name
	}
	if f.kind == verify.KindHMAC || f.kind == verify.KindHash {
		d.Recipe.Algorithm, d.Recipe.Encoding = f.algorithm, f.encoding
		if d.Recipe.Algorithm == "" {
			d.Recipe.Algorithm = "sha256"
		}
		if d.Recipe.Encoding == "" {
			d.Recipe.Encoding = "hex"
		}
	}
	if f.prefix != "" {
		d.Recipe.Value = strings.ReplaceAll(f.prefix, "{", "{{") + "{sig}"
	}
	if f.timestamp != "" {
		d.Recipe.Timestamp = &verify.Timestamp{Header: f.timestamp, Format: "unix", Tolerance: "5m"}
	}
	if f.header != "" { // a name in the body alone would take the deliveries of others for its own
		d.Present = []string{d.EventName, "{header." + f.header + "}"}
	}
	return d
}

// question is one thing that a definition needs.
type question struct {
	flag, asks string
	answer     *string
	standard   string // what an empty answer means; without one there has to be an answer
	among      []string
}

// questions are what no flag has answered.
func (f *newFlags) questions() []question {
	all := []question{{"kind", "How are deliveries signed", &f.kind, "", []string{verify.KindHMAC, verify.KindHash, verify.KindStatic, verify.KindNone}}}
	if f.kind != verify.KindNone {
		all = append(all, question{"header", "Which header carries the signature", &f.header, "", nil})
	}
	if f.kind == verify.KindHMAC || f.kind == verify.KindHash {
		signed := "{body}"
		if f.kind == verify.KindHash {
			signed = "{secret}{body}"
		}
		all = append(all,
			question{"algorithm", "Which hash", &f.algorithm, "sha256", []string{"md5", "sha1", "sha256", "sha384", "sha512"}},
			question{"encoding", "In which form is the signature", &f.encoding, "hex", []string{"hex", "base64", "base64url"}},
			question{"signed", "What is signed", &f.signed, signed, nil})
		if strings.Contains(f.signed, "{ts}") {
			all = append(all, question{"timestamp-header", "Which header carries the time", &f.timestamp, "", nil})
		}
		if strings.Contains(f.signed, "{id}") {
			all = append(all, question{"id-header", "Which header carries the id", &f.id, "", nil})
		}
	}
	return append(all,
		question{"event-path", "Where in the body does the event's name stand", &f.eventPath, "", nil},
		question{"event", "What is a first event called", &f.event, "thing.created", nil})
}

// answers fills in what flags left open, by asking where a person is.
func (a *app) answers(ctx context.Context, f *newFlags) error {
	in := bufio.NewReader(a.In)
	for i := 0; i < len(f.questions()); i++ { // an answer may lead to another question
		q := f.questions()[i]
		if *q.answer == "" {
			if err := a.answer(ctx, in, q); err != nil {
				return err
			}
		}
		if len(q.among) > 0 && !slices.Contains(q.among, *q.answer) {
			return usagef("--%s %s: expected %s", q.flag, *q.answer, strings.Join(q.among, ", "))
		}
	}
	if f.kind == verify.KindNone && f.header+f.algorithm+f.encoding+f.signed+f.prefix+f.timestamp+f.id != "" {
		return usagef("--kind none takes no flag about a signature")
	}
	return nil
}

func (a *app) answer(ctx context.Context, in *bufio.Reader, q question) error {
	if !a.canAsk() {
		if *q.answer = q.standard; q.standard == "" {
			return hint(usagef("providers new: --%s is missing", q.flag), q.asks+"? There is no terminal to ask at")
		}
		return nil
	}
	prompt := q.asks
	if len(q.among) > 0 {
		prompt += " (" + strings.Join(q.among, ", ") + ")"
	}
	if q.standard != "" {
		prompt += " [" + q.standard + "]"
	}
	for *q.answer == "" {
		fmt.Fprint(a.Err, prompt+"? ")
		line, err := a.await(ctx, func() (string, error) { return in.ReadString('\n') })
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if *q.answer = strings.TrimSpace(line); *q.answer == "" {
			*q.answer = q.standard
		}
		if errors.Is(err, io.EOF) && *q.answer == "" {
			return usagef("providers new: --%s is missing", q.flag)
		}
	}
	return nil
}
