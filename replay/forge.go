package replay

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"whk/verify"
	"whk/verify/provider"
)

// ForgeOptions say what is forged. Provider, Sample and Target are required.
type ForgeOptions struct {
	Provider *provider.Provider
	Sample   *provider.Sample
	// Target is an absolute URL. The query of a sample is appended to its own; user and
	// password go into a header when a delivery is sent, never into its URL.
	Target string
	// Body takes the place of the sample's, byte for byte, when it is not nil.
	Body []byte
	// Edits are made in this order; those of Old and Change come last.
	Edits []Edit
	// Sign is how the delivery is signed, SignNormal when empty; with the first of the
	// Secrets.
	Sign    SignMode
	Secrets []verify.Secret
}

// Forge makes deliveries of one event: each has fresh ids and times, the same edits and
// a signature of its own. It is safe for concurrent use.
type Forge struct {
	o        ForgeOptions
	edits    []Edit
	changes  *changes
	signer   *signer
	endpoint *endpoint
}

// NewForge makes one delivery to see that everything asked for can be had. Its errors
// are mistakes in what was asked: an edit that fails or changes nothing, a mode that the
// scheme cannot express (ErrInexpressible), no secret to sign with (ErrNoSecret).
func NewForge(o ForgeOptions, now time.Time, rnd *rand.Rand) (*Forge, error) {
	f := &Forge{o: o}
	var err error
	if f.endpoint, err = parseEndpoint(o.Target); err != nil {
		return nil, err
	}
	plain, err := f.unsigned(now, rnd)
	if err != nil {
		return nil, err
	}
	var late []Edit
	for _, e := range o.Edits {
		if e.kind == editOld || e.kind == editChange {
			late = append(late, e)
		} else {
			f.edits = append(f.edits, e)
		}
	}
	if len(late) > 0 {
		if f.changes, err = newChanges(o.Provider, plain, late); err != nil {
			return nil, err
		}
	}
	if err := f.edit(plain, true); err != nil {
		return nil, err
	}
	if f.signer, err = newSigner(o.Provider, o.Secrets, o.Sign); err != nil {
		return nil, err
	}
	if err := f.signer.sign(plain, now, rnd); err != nil {
		return nil, err
	}
	return f, f.signer.proves(plain, now)
}

// Secret is what the deliveries are signed with; its Name is empty when no secret of
// the user is involved.
func (f *Forge) Secret() verify.Secret { return f.signer.secret }

// Target is where the deliveries go, without user and password and without the query of
// a sample.
func (f *Forge) Target() string { return f.endpoint.shown }

// Make forges one delivery. A source of randomness belongs to one caller at a time.
func (f *Forge) Make(now time.Time, rnd *rand.Rand) (*verify.Delivery, error) {
	d, err := f.unsigned(now, rnd)
	if err != nil {
		return nil, err
	}
	if err := f.edit(d, false); err != nil {
		return nil, err
	}
	return d, f.signer.sign(d, now, rnd)
}

// unsigned renders the sample.
func (f *Forge) unsigned(now time.Time, rnd *rand.Rand) (*verify.Delivery, error) {
	r, err := f.o.Sample.Render(now, rnd)
	if err != nil {
		return nil, err
	}
	d := &verify.Delivery{Method: r.Method, URL: withQuery(f.endpoint.shown, r.Query), Host: f.endpoint.url.Host, Header: r.Header, Body: r.Body}
	if f.o.Body != nil {
		d.Body = f.o.Body
		rehash(d, r.Body)
	}
	return d, nil
}

// rehash writes the hash of the body anew where it stands in the URL, as Twilio has it
// there, when the body is another one than before.
func rehash(d *verify.Delivery, before []byte) {
	if !strings.Contains(d.URL, "?") || bytes.Equal(before, d.Body) {
		return
	}
	was, is := sha256.Sum256(before), sha256.Sum256(d.Body)
	d.URL = strings.ReplaceAll(d.URL, hex.EncodeToString(was[:]), hex.EncodeToString(is[:]))
}

// edit makes the edits. Only a strict one minds that an edit changes nothing: a fresh id
// may by chance be the one that is asked for.
func (f *Forge) edit(d *verify.Delivery, strict bool) error {
	before := d.Body
	defer func() { rehash(d, before) }()
	for _, e := range f.edits {
		if err := e.apply(d, f.endpoint.shown, strict); err != nil {
			return err
		}
	}
	if f.changes == nil {
		return nil
	}
	return f.changes.apply(d, strict)
}

// withQuery appends a query to that of a URL.
func withQuery(target, query string) string {
	switch {
	case query == "":
		return target
	case strings.Contains(target, "?"):
		return target + "&" + query
	}
	return target + "?" + query
}

// Forged is a load whose deliveries are forged one by one, from each forge in turn, and
// sent where their own URLs lead. Target and Next of the load are not used. Each, when
// given, gets every delivery with its forge and its result, but without the answer's
// body; it is called by several senders at once.
func (l Load) Forged(ctx context.Context, s *Sender, forges []*Forge, now func() time.Time, each func(f *Forge, d *verify.Delivery, r verify.Result)) (Summary, error) {
	if len(forges) == 0 {
		return Summary{}, errors.New("a load needs forges")
	}
	sources := sync.Pool{New: func() any { return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) }}
	var makers sync.Map // of the deliveries under way, where there is more than one forge
	l.Next = func(i int) (*verify.Delivery, error) {
		rnd := sources.Get().(*rand.Rand)
		defer sources.Put(rnd)
		f := forges[i%len(forges)]
		d, err := f.Make(now(), rnd)
		if err == nil && len(forges) > 1 {
			makers.Store(d, f)
		}
		return d, err
	}
	return l.run(ctx, nil, func(ctx context.Context, d *verify.Delivery) verify.Result {
		f := forges[0]
		if maker, ok := makers.LoadAndDelete(d); ok {
			f = maker.(*Forge)
		}
		r := f.send(ctx, s, d, false)
		if each != nil {
			each(f, d, r)
		}
		return r
	})
}

// Send sends a delivery of this forge where it leads, and waits for the whole answer.
func (f *Forge) Send(ctx context.Context, s *Sender, d *verify.Delivery) verify.Result {
	return f.send(ctx, s, d, true)
}

func (f *Forge) send(ctx context.Context, s *Sender, d *verify.Delivery, keep bool) verify.Result {
	e := f.endpoint
	if d.URL != e.shown { // it has a query of its own
		var err error
		if e, err = parseEndpoint(d.URL); err != nil {
			return verify.Result{Target: beforeAny(d.URL, "?#"), At: s.now(), Outcome: verify.Failed, Error: err.Error()}
		}
		e.authorization = f.endpoint.authorization
	}
	return s.send(ctx, e, d, keep)
}

// shorten makes a part of an expression fit for an error.
func shorten(text string) string {
	if len(text) > 64 {
		text = text[:64] + "..."
	}
	return fmt.Sprintf("%q", text)
}
