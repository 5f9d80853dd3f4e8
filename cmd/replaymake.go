package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"whk/replay"
	"whk/verify/provider"
)

// settle decides what becomes of signatures: what is on the command line counts more than
// what the environment says.
func (f *replayFlags) settle(a *app) error {
	given := func(name string) bool { return a.settings.Source(name).Name == name }
	f.mode = replay.SignatureKeep
	if f.resign || f.changes() {
		f.mode = replay.SignatureNew
	}
	if f.signature != "" {
		mode := replay.Signature(strings.ToLower(f.signature))
		switch {
		case !slices.Contains(replay.Signatures(), mode):
			return usagef("--signature %s: expected new, keep or none", f.signature)
		case f.resign && mode != replay.SignatureNew && given("resign") && given("signature"):
			return usagef("--resign and --signature %s: give one of them", mode)
		case !f.resign || !given("resign") || given("signature"):
			f.mode = mode
		}
	}
	for _, name := range [...]string{"secret", "secret-file", "secret-stdin", "secret-dev"} {
		switch {
		case !given(name) || f.mode == replay.SignatureNew:
		case f.signature != "":
			return usagef("--%s: nothing is signed with --signature %s", name, f.mode)
		default:
			return usagef("--%s: nothing is signed without --resign", name)
		}
	}
	return nil
}

// changes reports whether the body is changed before it is sent.
func (f *replayFlags) changes() bool { return f.hasBody || f.edit || len(f.set)+len(f.unset) > 0 }

// remakes reports whether what is sent is more than a copy.
func (f *replayFlags) remakes() bool {
	return f.changes() || f.mode == replay.SignatureNew || f.mode == replay.SignatureNone
}

// errUnsignable is an event of a provider that there is no definition of.
var errUnsignable = errors.New("its provider is not known, so there is no way to tell what its signature is")

// prepareMaking makes a resigner for each provider, with a secret where one is needed, and
// sees to it that the edits parse.
func (r *replaying) prepareMaking() error {
	o := replay.ResignOptions{Signature: r.flags.mode}
	var err error
	if o.Edits, err = r.edits(&sendFlags{set: r.flags.set, unset: r.flags.unset}); err != nil {
		return err
	}
	if r.flags.hasBody {
		if o.Body, err = r.content(r.flags.body); err != nil {
			return err
		}
	}
	names := slices.Sorted(maps.Keys(r.plan.providers))
	if len(names) > 1 && r.flags.secrets.stdin {
		return usagef("--secret-stdin: the events are of several providers, and standard input holds one secret")
	}
	r.resigners = map[string]*replay.Resigner{}
	for _, name := range names {
		o.Provider = r.providerOf(name)
		if o.Provider == nil && r.flags.mode != replay.SignatureKeep {
			if len(r.plan.events) == 1 {
				return fail(codeUsage, fmt.Errorf("replay %s: %w", r.plan.name(), errUnsignable))
			}
			continue // told when its turn comes
		}
		if r.resigners[name], err = r.resigner(o, len(names) == 1); err != nil {
			return err
		}
	}
	return nil
}

// resigner makes the resigner of one provider, which may be the only one.
func (r *replaying) resigner(o replay.ResignOptions, alone bool) (*replay.Resigner, error) {
	p := o.Provider
	if o.Signature == replay.SignatureNew {
		only := ""
		if alone {
			only = p.Name
		}
		var err error
		if o.Secrets, err = r.app.secrets(p, &r.flags.secrets, only); err != nil {
			return nil, err
		}
	}
	resigner, err := replay.NewResigner(o)
	switch {
	case errors.Is(err, replay.ErrNoSecret):
		return nil, hint(unsigned(p, err), "set WHK_SECRET_"+variableOf(p)+", or see whk secrets; the development secret does not stand in where CI is set")
	case err != nil && p == nil:
		return nil, fail(codeUsage, fmt.Errorf("replay: %w", err))
	case err != nil:
		return nil, unsigned(p, err)
	case resigner.Secret().Development && !r.flags.secrets.dev && len(r.plan.away) > 0:
		return nil, hint(usagef("replay: events of %s would be signed with the development secret, which everybody knows, and %s", p.Name, r.plan.elsewhere()),
			"set WHK_SECRET_"+variableOf(p)+" to the secret of that receiver; --secret-dev sends them all the same")
	}
	return resigner, nil
}

func unsigned(p *provider.Provider, err error) error {
	return fail(codeUsage, fmt.Errorf("replay: sign events of %s anew: %w", p.Name, err))
}

// edit lets a person edit the body of the only event, as the other edits leave it, and
// reports whether they changed anything.
func (r *replaying) edit(ctx context.Context) (changed bool, err error) {
	n := r.plan.events[0].n
	e, err := r.log.Event(ctx, n)
	if refused := unreadable(err); refused != nil {
		err = fail(codeUsage, refused)
	}
	if err != nil {
		return false, fmt.Errorf("replay event #%d: %w", n, err)
	}
	resigner := r.resigners[e.Provider]
	body, err := resigner.Body(e.Delivery, true)
	switch {
	case err != nil:
		return false, fail(codeUsage, fmt.Errorf("replay event #%d: %w", n, err))
	case len(body) == 0:
		return false, hint(usagef("replay event #%d: --edit: it has no body", n), "--body gives it one")
	case !utf8.Valid(body):
		return false, hint(usagef("replay event #%d: --edit: its body is no text, which an editor could spoil", n), fmt.Sprintf("whk events show %d --raw writes it; --body @FILE sends a file", n))
	}
	edited, err := r.editBody(ctx, body)
	if err != nil {
		return false, err
	}
	if bytes.Equal(edited, body) {
		r.notice("the body was not changed, so nothing is sent")
		return false, nil
	}
	r.resigners[e.Provider] = resigner.WithBody(edited)
	return true, nil
}
