package cmd

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/listener"
	"whk/listener/store"
	"whk/replay"
	"whk/verify"
	"whk/verify/explain"
	"whk/verify/provider"
)

// verifyFlags are the flags of whk verify.
type verifyFlags struct {
	provider string
	at       string
	body     string
	hasBody  bool
	explain  bool
	request  requestFlags
	secrets  secretFlags
}

func (f *verifyFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.provider, "provider", "", "judge it as this `PROVIDER`'s (default: by its path, else by its looks)")
	flags.StringVar(&f.at, "at", "", "judge time stamps as of this `TIME`: now, 5m (ago), or RFC 3339 (default: when it came, else now)")
	flags.StringVar(&f.body, "body", "", "the body, together with --header: `@FILE`, - for standard input, or the text itself")
	flags.BoolVar(&f.explain, "explain", true, "say why a signature does not match: try other bodies, secrets, hashes, encodings and places")
	f.request.add(flags)
	f.secrets.add(flags)
}

func (a *app) verifyCommand() *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify [FILE|-|EVENT]",
		Short: "Judge the signature of one delivery, offline",
		Long: `Judge one delivery: a file or standard input with a raw HTTP request, an event of the
store (its number, last, last:rentman, or the start of its id), or a body with --header.

A file is read byte for byte. When a signature does not match, the smallest change is
looked for that makes it match: to the body, the secret, the hash, what is signed, the
encoding, the header or the time. It says what happened and how to mend it; it never
makes a delivery valid, and shows neither secrets nor the signature that would be right.
--explain=false leaves it out.` + exitHelp(codeNo, codeUsage, codeInconclusive),
		Example: `  whk verify request.http
  whk verify last
  whk verify last:ploomes --secret-file key.txt
  whk send rentman/Contact.create --dry-run | whk verify -
  whk verify --provider rentman --header 'Digest: sha512=2d09...' --body @body.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("verify: expected one file or event, got %s", strings.Join(args, " "))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			f.hasBody = c.Flags().Changed("body")
			return a.verify(c.Context(), &f, args)
		},
	}
	f.add(c.Flags())
	return c
}

// judged is one delivery and what is thought of it.
type judged struct {
	*listener.Event
	// source says where the delivery came from, for people.
	source   string
	provider *provider.Provider
	secrets  []verify.Secret
	at       time.Time // what time stamps are compared with
	// explanation says why the delivery is not valid, nil when nobody asked.
	explanation *explain.Explanation
}

func (a *app) verify(ctx context.Context, f *verifyFlags, args []string) error {
	if _, err := a.providers(); err != nil {
		return err
	}
	if err := f.request.check(); err != nil {
		return err
	}
	j, err := a.toJudge(ctx, f, args)
	if err != nil {
		return err
	}
	if f.at != "" {
		if j.at, err = parseTime(f.at, time.Now()); err != nil {
			return err
		}
	}
	if err := a.judge(f, j); err != nil {
		return err
	}
	if f.explain {
		j.explanation = a.explain(ctx, j.provider, j.Delivery, j.Verdict, j.secrets, f.request.publicURL, j.at)
	}
	if a.isJSON() {
		err = a.verificationJSON(j)
	} else {
		err = a.verificationText(j)
	}
	if err != nil {
		return err
	}
	switch j.Verdict.Status {
	case verify.Valid:
		return nil
	case verify.Invalid, verify.Missing:
		return exit(codeNo)
	}
	return exit(codeInconclusive)
}

// toJudge reads the delivery that is meant.
func (a *app) toJudge(ctx context.Context, f *verifyFlags, args []string) (*judged, error) {
	fromFlags := f.hasBody || len(f.request.headers) > 0
	fromStdin := len(args) == 1 && args[0] == "-" || f.body == "-"
	switch {
	case fromFlags && len(args) > 0:
		return nil, usagef("verify: %s, or --header and --body: give one", args[0])
	case fromStdin && f.secrets.stdin:
		return nil, usagef("verify: standard input can be the delivery or the secret, not both")
	case fromFlags:
		return a.fromFlags(f)
	case len(args) == 0 && (a.InTTY || f.secrets.stdin):
		return nil, hint(usagef("verify: which delivery?"), "a file with a raw HTTP request, - for standard input, an event such as last, or --header and --body")
	case len(args) == 0 || args[0] == "-":
		raw, err := a.stdin()
		if err != nil {
			return nil, err
		}
		return rawRequest("standard input", raw)
	}
	return a.fileOrEvent(ctx, args[0])
}

func (a *app) fromFlags(f *verifyFlags) (*judged, error) {
	body, err := a.content(f.body)
	if err != nil {
		return nil, err
	}
	d, err := f.request.delivery(a, body)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &judged{Event: &listener.Event{At: now, Delivery: d}, source: "the command line", at: now}, nil
}

// rawRequest parses a raw HTTP request.
func rawRequest(source string, raw []byte) (*judged, error) {
	d, notes, err := replay.ParseHTTP(bytes.NewReader(raw))
	if err != nil {
		err = fail(codeUsage, fmt.Errorf("verify %s: %w", source, err))
		if errors.Is(err, replay.ErrBodyOnly) {
			err = hint(err, "or give the signature beside the body: whk verify --provider rentman --header 'Digest: sha512=...' --body @FILE")
		}
		return nil, err
	}
	now := time.Now()
	return &judged{Event: &listener.Event{At: now, Delivery: d, Notes: notes}, source: source, at: now}, nil
}

// fileOrEvent reads a file where there is one of this name, else an event.
func (a *app) fileOrEvent(ctx context.Context, name string) (*judged, error) {
	if info, err := os.Stat(a.path(name)); err == nil && !info.IsDir() {
		if isReference(name) {
			a.notice("there is a file %s here, so that is judged and not the event; whk events show %s looks at the event", name, name)
		}
		raw, err := a.readContent(name)
		if err != nil {
			return nil, err
		}
		return rawRequest(name, raw)
	}
	if !isReference(name) {
		return nil, hint(usagef("verify %s: there is no such file, and it is no reference to an event", name),
			"expected a file with a raw HTTP request, - for standard input, or an event: 42, last, last:rentman")
	}
	log, err := a.openStore(store.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { a.closeStore(log) }()
	e, err := a.findEvent(ctx, log, name)
	if err != nil {
		return nil, err
	}
	return &judged{Event: e, source: "event #" + strconv.FormatInt(e.N, 10), at: e.At}, nil
}

// isReference reports whether a text looks like a reference to an event.
func isReference(text string) bool {
	if text == "last" || strings.HasPrefix(text, "last:") {
		return true
	}
	if _, err := strconv.ParseUint(text, 10, 63); err == nil {
		return true
	}
	return len(text) >= 8 && strings.Trim(strings.ToLower(text), "0123456789abcdef-") == ""
}

// judge finds the provider and its secrets, and checks the delivery.
func (a *app) judge(f *verifyFlags, j *judged) error {
	if err := a.recognise(f.provider, j); err != nil {
		return err
	}
	if j.provider == nil {
		j.Verdict = verify.Verdict{Status: verify.Unchecked, Reason: verify.NoProvider}
		return nil
	}
	var err error
	if j.secrets, err = a.secrets(j.provider, &f.secrets, j.provider.Name); err != nil {
		return err
	}
	keyring, err := bind(j.provider, f.request.publicURL, j.secrets)
	if err != nil {
		return err
	}
	if j.provider.Scheme.RequiresURL() && f.request.publicURL == "" {
		j.Notes = append(j.Notes, "the URL is part of what is signed; --public-url says which one the sender used")
	}
	if j.Cut != "" {
		j.Verdict = verify.Verdict{Status: verify.Unchecked, Reason: verify.Incomplete, Detail: j.Cut}
		return nil
	}
	j.Verdict = keyring.Check(j.Delivery, j.at)
	return nil
}

// recognise finds who sent a delivery: who was named, who was recognised when it came,
// or as whk listen does, by its path and then by its looks.
func (a *app) recognise(name string, j *judged) error {
	if name == "" && j.N > 0 && j.Provider != listener.UnknownName {
		name = j.Provider // an unknown one may have been learned since
	}
	if name != "" {
		p, err := a.set.Lookup(name)
		if err != nil {
			return fail(codeUsage, fmt.Errorf("verify: %w", err))
		}
		j.provider, j.Provider = p, p.Name
		j.Entity, j.Action, _ = p.EventOf(j.Delivery)
		return nil
	}
	g := &listener.Recogniser{Set: a.set, Endpoints: map[string]listener.Endpoint{}, Paths: map[string]string{}}
	for _, p := range a.set.All() {
		keyring, err := p.Scheme.Bind("")
		if err != nil {
			return err
		}
		g.Endpoints[p.Name] = listener.Endpoint{Provider: p, Keyring: keyring}
		g.Paths["/"+p.Name] = p.Name
		if said := a.loaded.Provider(p.Name).Path.Text; said != "" {
			g.Paths["/"+strings.Trim(said, "/")] = p.Name
		}
	}
	g.Recognise(j.Event)
	j.provider = a.providerOf(j.Provider)
	return nil
}

// verificationJSON is a verdict as output, type "verification".
type verificationJSON struct {
	Source   string         `json:"source"`
	N        int64          `json:"n,omitempty"`
	ID       string         `json:"id,omitempty"`
	Provider string         `json:"provider,omitempty"`
	Event    string         `json:"event,omitempty"`
	Verdict  verify.Verdict `json:"verdict"`
	Scheme   string         `json:"scheme,omitempty"`
	Secrets  []secretJSON   `json:"secrets"`
	At       time.Time      `json:"at"`
	Bytes    int            `json:"body_bytes"`
	SHA256   string         `json:"body_sha256"`
	Notes    []string       `json:"notes,omitempty"`
	Limits   []string       `json:"limits,omitempty"`
	// Explanation says why the delivery is invalid or missing a signature.
	Explanation *explain.Explanation `json:"explanation,omitempty"`
}

// secretJSON is a secret as output, which is all but its value.
type secretJSON struct {
	Name        string `json:"name"`
	Fingerprint string `json:"fingerprint"`
}

// verificationJSON prints the verdict as one object.
func (a *app) verificationJSON(j *judged) error {
	out, err := a.newJSON()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(j.Delivery.Body)
	v := verificationJSON{Source: j.source, N: j.N, ID: j.ID, Event: provider.Name(j.Entity, j.Action), Verdict: j.Verdict, Secrets: []secretJSON{},
		At: j.at, Bytes: len(j.Delivery.Body), SHA256: hex.EncodeToString(sum[:]), Notes: j.Notes, Explanation: j.explanation}
	if j.provider != nil {
		v.Provider, v.Scheme, v.Limits = j.provider.Name, j.provider.Scheme.String(), j.provider.Limits
	}
	for _, s := range j.secrets {
		v.Secrets = append(v.Secrets, secretJSON{s.Name, s.Fingerprint()})
	}
	return out.emit("verification", v)
}

// matched is the secret that a verdict names, else all that were tried.
func (j *judged) matched() []verify.Secret {
	i := slices.IndexFunc(j.secrets, func(s verify.Secret) bool { return s.Name == j.Verdict.Secret })
	if i < 0 {
		return j.secrets
	}
	return j.secrets[i : i+1]
}
