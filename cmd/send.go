package cmd

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/replay"
	"whk/verify"
	"whk/verify/provider"
)

// sendFlags are the flags of whk send.
type sendFlags struct {
	to      string
	variant string

	set, unset  []string
	old, change []string
	body        string
	hasBody     bool // --body was given, be it empty
	edit        bool
	sign        string

	count       int
	hasCount    bool
	concurrency int
	rate        rate
	duration    time.Duration

	dryRun  bool
	print   string
	expect  expectation
	sending sendingFlags
	secrets secretFlags
}

func (f *sendFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.to, "to", "", "send to this `URL`; a port or host gets the path /<provider>")
	flags.StringVar(&f.variant, "variant", "", "`NAME` of another form of the sample, such as null-user; whk providers show lists them")
	flags.StringArrayVar(&f.set, "set", nil, "put a value into the sample: `PATH=VALUE` in the type of what it replaces, PATH:=JSON, or PATH=@FILE; repeatable")
	flags.StringArrayVar(&f.unset, "unset", nil, "take what is at `PATH` out of the sample; repeatable")
	flags.StringArrayVar(&f.old, "old", nil, "set a value from before the change: `PATH=VALUE`, below the old values")
	flags.StringArrayVar(&f.change, "change", nil, "set a value from after the change: `PATH=VALUE`; what was there becomes the old value")
	flags.StringVar(&f.body, "body", "", "send this body, byte for byte: `@FILE`, - for standard input, or the text itself")
	flags.BoolVar(&f.edit, "edit", false, "open the body in $EDITOR first")
	flags.StringVar(&f.sign, "sign", string(replay.SignNormal), "`HOW` to sign: normal, wrong (another secret), missing (no signature), tampered (changed after signing) or downgrade (a weaker hash)")
	flags.IntVarP(&f.count, "count", "n", 1, "send `N` events, each with ids and a signature of its own")
	flags.IntVarP(&f.concurrency, "concurrency", "c", 0, "send up to `N` at once (default 1, or 64 with --rate)")
	flags.Var(&f.rate, "rate", "start so many a second: 100/s, 100, or 90/m (default: as many as possible)")
	flags.DurationVar(&f.duration, "duration", 0, "go on sending for so long")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print what would be sent, and send nothing")
	flags.StringVar(&f.print, "print", "", "print the request in this `FORM`: http, curl or json")
	flags.Var(&f.expect, "expect", "statuses that are as they should be: 2xx, 200, 200,204, or any")
	f.sending.add(flags, "request-timeout", replay.DefaultTimeout)
	f.secrets.add(flags)
}

func (a *app) sendCommand() *cobra.Command {
	var f sendFlags
	c := &cobra.Command{
		Use:     "send PROVIDER/EVENT [URL]",
		Aliases: []string{"trigger"},
		Short:   "Forge a signed event and send it",
		Long: `Forge an event of a provider, with fresh ids and times, sign it as the provider does,
and send it. What is sent is not stored; a listener that receives it stores it.

Without a URL it goes to a whk listen on this machine. Without a secret it is signed
with the development secret, which a listener without one knows too.

An event may be a glob, which sends one of each: 'rentman/*.delete'. Edits are made
before the signature. Paths have dots between names and indices: items.0.id.` + exitHelp(codeNo, codeUsage, codeNetwork, codeInterrupted),
		Example: `  whk send rentman/Contact.create
  whk send ploomes/Contacts.Update 3000 --change LegalName='New name'
  whk send rentman/Contact.create --variant null-user --set account=example
  whk send rentman/Contact.create --sign tampered --expect 401
  whk send 'rentman/*.delete' --to localhost:3000/hooks
  whk send rentman/Contact.create -n 10000 -c 64
  whk send rentman/Contact.create --duration 30s --rate 100/s
  whk send cassaincloud/RECEIPT.CREATE --dry-run --print curl`,
		Args: func(_ *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return hint(usagef("send: which event?"), "as in: whk send rentman/Contact.create; whk providers list lists the providers")
			case 1, 2:
				return nil
			}
			return usagef("send: expected an event and a target, got %s", strings.Join(args, " "))
		},
		RunE: func(c *cobra.Command, args []string) error {
			f.hasBody, f.hasCount = c.Flags().Changed("body"), c.Flags().Changed("count")
			if len(args) == 2 {
				if c.Flags().Changed("to") && a.settings.Source("to").Name == "to" {
					return usagef("send: two targets, %s and --to %s: give one", args[1], f.to)
				}
				f.to = args[1]
			}
			return a.send(c.Context(), &f, args[0])
		},
	}
	f.add(c.Flags())
	return c
}

// check refuses values that no flag parser knows to be wrong.
func (f *sendFlags) check(a *app) error {
	modes := replay.SignModes()
	switch {
	case !slices.Contains(modes, replay.SignMode(f.sign)):
		return usagef("--sign %s: expected normal, wrong, missing, tampered or downgrade", f.sign)
	case f.count < 1:
		return usagef("--count %d: expected a number from 1", f.count)
	case f.concurrency < 0:
		return usagef("--concurrency %d: expected a number from 1", f.concurrency)
	case f.duration < 0:
		return usagef("--duration %s: expected a time such as 30s", f.duration)
	case f.sending.timeout <= 0:
		return usagef("--request-timeout %s: expected a time such as 10s", f.sending.timeout)
	case f.body == "-" && f.secrets.stdin:
		return usagef("--body - and --secret-stdin: standard input can be one of them")
	case f.edit && (!a.InTTY || !a.OutTTY && !a.ErrTTY):
		return hint(usagef("--edit: there is no terminal for an editor"), "--body @FILE sends a file")
	}
	switch f.print {
	case "", "json":
	case "http", "curl":
		if a.isJSON() {
			return usagef("--print %s and --json: standard output can be one of them", f.print)
		}
	default:
		return usagef("--print %s: expected http, curl or json", f.print)
	}
	return nil
}

// isLoad reports whether this is more than one of each event, which is told in a summary.
func (f *sendFlags) isLoad() bool { return f.count > 1 || f.duration > 0 }

// shot is one event that is about to be sent, as often as asked.
type shot struct {
	provider *provider.Provider
	sample   *provider.Sample
	secrets  []verify.Secret
	forge    *replay.Forge
	redact   *replay.Redactor
}

// name is the event's name as it will be received.
func (s *shot) name() string {
	return s.provider.Name + "/" + provider.Name(s.sample.Entity, s.sample.Action)
}

func (a *app) send(ctx context.Context, f *sendFlags, event string) error {
	if err := f.check(a); err != nil {
		return err
	}
	name, _, _ := strings.Cut(event, "/")
	if _, err := a.providers(name); err != nil {
		return err
	}
	shots, err := a.shots(event, f.variant)
	if err != nil {
		return err
	}
	if err := a.forgeAll(ctx, f, shots); err != nil {
		return err
	}
	out, err := a.newSent(f)
	if err != nil {
		return err
	}
	switch {
	case f.dryRun:
		return a.showAll(out, shots)
	case f.isLoad():
		return a.sendLoad(ctx, f, out, shots)
	}
	return a.sendEach(ctx, f, out, shots)
}

// shots finds the events that a name or glob means.
func (a *app) shots(event, variant string) ([]*shot, error) {
	if strings.Contains(event, "*") {
		return a.matching(event, variant)
	}
	name, rest, ok := strings.Cut(event, "/")
	p, err := a.set.Lookup(name)
	if err != nil {
		return nil, fail(codeUsage, fmt.Errorf("send %s: %w", event, err))
	}
	if !ok || rest == "" {
		return nil, hint(usagef("send %s: which event? Expected %s/<Entity.action>", event, p.Name), exampleEvent(p))
	}
	sample, err := p.Sample(rest, variant)
	_, broken := errors.AsType[*provider.SamplesError](err)
	switch {
	case broken, errors.Is(err, provider.ErrNotForgeable): // names the event itself
		return nil, fail(codeUsage, fmt.Errorf("send %w", err))
	case err != nil:
		return nil, fail(codeUsage, fmt.Errorf("send %s: %w", event, err))
	}
	return []*shot{{provider: p, sample: sample}}, nil
}

func exampleEvent(p *provider.Provider) string {
	text := "whk providers show " + p.Name + " lists its events"
	for _, e := range p.Events() {
		if !e.Known {
			return text + ", such as " + p.Name + "/" + e.Name
		}
	}
	return text
}

// matching finds one of each event that a glob fits. Events without the variant that is
// asked for are left out, unless all are.
func (a *app) matching(glob, variant string) ([]*shot, error) {
	var shots []*shot
	var lacking error
	for _, full := range a.set.Match(glob) {
		name, event, _ := strings.Cut(full, "/")
		p, err := a.set.Lookup(name)
		if err != nil {
			return nil, err
		}
		sample, err := p.Sample(event, variant)
		if errors.Is(err, provider.ErrUnknownVariant) {
			lacking = err
			continue
		}
		if err != nil {
			return nil, err
		}
		shots = append(shots, &shot{provider: p, sample: sample})
	}
	switch {
	case len(shots) > 0:
		return shots, nil
	case lacking != nil:
		return nil, fail(codeUsage, fmt.Errorf("send %s: %w", glob, lacking))
	}
	return nil, hint(usagef("send %s: no event fits", glob), "whk providers list lists the providers, whk providers show rentman the events of one")
}

// forgeAll makes a forge for each event. What is wrong with the edits, the secret or the
// target shows here, before anything is sent.
func (a *app) forgeAll(ctx context.Context, f *sendFlags, shots []*shot) error {
	edits, err := a.edits(f)
	if err != nil {
		return err
	}
	var body []byte
	if f.hasBody {
		if body, err = a.content(f.body); err != nil {
			return err
		}
	}
	only := shots[0].provider.Name
	for _, s := range shots {
		if s.provider.Name != only {
			only = ""
		}
	}
	if only == "" && f.secrets.stdin {
		return usagef("--secret-stdin: the events are of several providers, and standard input holds one secret")
	}
	if f.edit && len(shots) > 1 {
		return usagef("--edit: %d events; name one", len(shots))
	}
	rnd := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	known := map[string][]verify.Secret{}
	for _, s := range shots {
		secrets, asked := known[s.provider.Name]
		if !asked {
			if secrets, err = a.secrets(s.provider, &f.secrets, only); err != nil {
				return err
			}
			known[s.provider.Name] = secrets
		}
		s.secrets = secrets
		o := replay.ForgeOptions{Provider: s.provider, Sample: s.sample, Body: body, Edits: edits, Sign: replay.SignMode(f.sign), Secrets: secrets}
		if o.Target, err = a.sendTarget(s.provider, f.to); err != nil {
			return fail(codeUsage, fmt.Errorf("send %s: %w", s.name(), err))
		}
		if f.edit {
			if o.Body, err = a.edited(ctx, o, rnd); err != nil {
				return err
			}
			o.Edits = nil
		}
		if s.forge, err = replay.NewForge(o, time.Now(), rnd); err != nil {
			return a.unforgeable(s, err)
		}
		if s.forge.Secret().Development && !f.secrets.dev && !f.dryRun && !isLoopback(s.forge.Target()) {
			return hint(usagef("send %s to %s: it would be signed with the development secret, which everybody knows", s.name(), s.forge.Target()),
				"set WHK_SECRET_"+variableOf(s.provider)+" to the secret of that receiver; --secret-dev sends it all the same")
		}
		if !s.forge.Secret().Development && s.forge.Secret().Name != "" {
			s.redact = a.redactor(secrets)
		}
	}
	return nil
}

// variableOf is how a provider is called in the names of variables.
func variableOf(p *provider.Provider) string {
	return strings.ToUpper(strings.ReplaceAll(p.Name, "-", "_"))
}

// edits parses the edits in the order in which they are made.
func (a *app) edits(f *sendFlags) ([]replay.Edit, error) {
	var edits []replay.Edit
	unset := func(path string, _ replay.Reader) (replay.Edit, error) { return replay.Unset(path) }
	for _, group := range []struct {
		flag        string
		expressions []string
		parse       func(string, replay.Reader) (replay.Edit, error)
	}{{"set", f.set, replay.Set}, {"unset", f.unset, unset}, {"old", f.old, replay.Old}, {"change", f.change, replay.Change}} {
		for _, expression := range group.expressions {
			e, err := group.parse(expression, a.readContent)
			if err != nil {
				return nil, fail(codeUsage, fmt.Errorf("--%s %w", group.flag, err))
			}
			edits = append(edits, e)
		}
	}
	return edits, nil
}

// unforgeable says why an event cannot be had as it was asked for, and what can.
func (a *app) unforgeable(s *shot, err error) error {
	wrapped := fail(codeUsage, fmt.Errorf("send %s: %w", s.name(), err))
	switch {
	case errors.Is(err, replay.ErrNoSecret):
		return hint(wrapped, "set WHK_SECRET_"+variableOf(s.provider)+"; the development secret does not stand in where CI is set")
	case errors.Is(err, verify.ErrPublicKey):
		return hint(wrapped, publicKeyAdvice(s.provider))
	case errors.Is(err, replay.ErrNoOldValues):
		return hint(wrapped, "--old and --change are for updates of providers that tell old and new values, such as ploomes/Contacts.Update; --set edits everything else")
	}
	return wrapped
}

// publicKeyAdvice is for those who want to sign with what can only check.
func publicKeyAdvice(p *provider.Provider) string {
	return p.Title + " alone has the private key of what it signs; to try a receiver, give it the public half of a key pair of your own, and whk the private one. " +
		"Without any key, whk send and whk listen share a development key"
}

// edited lets a person edit the body that the other edits have made.
func (a *app) edited(ctx context.Context, o replay.ForgeOptions, rnd *rand.Rand) ([]byte, error) {
	o.Sign, o.Secrets = replay.SignNormal, []verify.Secret{o.Provider.Scheme.DevelopmentSecret(o.Provider.Name)}
	f, err := replay.NewForge(o, time.Now(), rnd)
	if err != nil {
		return nil, fail(codeUsage, err)
	}
	d, err := f.Make(time.Now(), rnd)
	if err != nil {
		return nil, err
	}
	if len(d.Body) == 0 {
		return nil, usagef("--edit: this event has no body; --set edits its query")
	}
	return a.editBody(ctx, d.Body)
}
