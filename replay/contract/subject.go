package contract

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"whk/replay"
	"whk/verify"
	"whk/verify/provider"
)

// Subject is what is tested: an address, as one provider sees it.
type Subject struct {
	Provider *provider.Provider
	// Target is the URL that the provider would be given.
	Target string
	// Secret is what deliveries are signed with; its Name is empty where nothing is.
	Secret verify.Secret

	scheme  *verify.Scheme
	keyring *verify.Keyring
	secrets []verify.Secret
	base    string
	at      time.Time // when it was made
	// recipe is the one of the scheme's that deliveries are signed by, index its number.
	recipe verify.Recipe
	index  int
	// coversBody is set when a changed body makes the signature wrong.
	coversBody bool

	specimens []*Specimen // one of each shape, the best first
	forms     []*Specimen // one of each shape in each variant
	every     []*Specimen // one of each event
	basis     *Specimen
}

// Specimen is an event that can be forged, in one variant.
type Specimen struct {
	Event, Variant string
	Entity, Action string
	Certainty      provider.Certainty

	sample *provider.Sample
	method string
	tree   *node // of the body, nil when that is no JSON
	form   bool
	asks   bool // it is a question of the provider's, not an event
	facts  provider.Facts
	// shape tells forms apart; plain is the shape of the event's usual form.
	shape, plain string
}

// name is the event with its variant, for people.
func (s *Specimen) name() string {
	if s.Variant == provider.DefaultVariant {
		return s.Event
	}
	return s.Event + " (" + s.Variant + ")"
}

// ErrNoEvent says that a definition has no event that could be sent.
var ErrNoEvent = errors.New("there is no event to send")

// NewSubject finds out how deliveries of a provider are made. Events are globs that
// choose among them, all when there is none. The public URL is for schemes that sign it,
// the target when it is empty.
func NewSubject(p *provider.Provider, target, publicURL string, secrets []verify.Secret, events []string, now time.Time) (*Subject, error) {
	if err := checkTarget(target); err != nil {
		return nil, err
	}
	s := &Subject{Provider: p, Target: target, scheme: p.Scheme, base: publicURL, at: now}
	if !p.Scheme.Keyed() {
		secrets = nil
	} else if len(secrets) == 0 {
		return nil, replay.ErrNoSecret
	}
	for _, secret := range secrets {
		// What whk itself thinks of a request counts here, also where the secret is one
		// that everybody knows.
		s.secrets = append(s.secrets, verify.NewSecret(secret.Name, secret.Reveal()))
	}
	var err error
	if s.keyring, err = p.Scheme.Bind(publicURL, s.secrets...); err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name, err)
	}
	if err := s.collect(events, now); err != nil {
		return nil, err
	}
	if err := s.understand(now); err != nil {
		return nil, err
	}
	if len(secrets) > 0 {
		s.Secret = secrets[0]
	}
	return s, nil
}

// collect finds the shapes that can be sent.
func (s *Subject) collect(events []string, now time.Time) error {
	shapes, forms := map[string]int{}, map[string]bool{}
	for _, info := range s.Provider.Events() {
		if info.Known || len(events) > 0 && !slices.ContainsFunc(events, func(glob string) bool {
			return provider.Match(glob, s.Provider.Name+"/"+info.Name) || provider.Match(s.Provider.Name+"/"+glob, s.Provider.Name+"/"+info.Name)
		}) {
			continue
		}
		plain := ""
		for i, v := range info.Variants {
			sample, err := s.Provider.Sample(info.Name, v.Name)
			if err != nil {
				return err
			}
			spec := &Specimen{Event: info.Name, Variant: v.Name, Entity: sample.Entity, Action: sample.Action, Certainty: sample.Certainty, sample: sample}
			d, err := s.render(spec, now, 1)
			if err != nil {
				return err
			}
			s.describe(spec, d)
			if i == 0 {
				s.every = append(s.every, spec)
			}
			shape := shapeOf(spec, d)
			if i == 0 {
				plain = shape
			}
			spec.shape, spec.plain = shape, plain
			if !forms[shape+v.Name] {
				forms[shape+v.Name] = true
				s.forms = append(s.forms, spec)
			}
			at, known := shapes[shape]
			switch {
			case !known:
				shapes[shape] = len(s.specimens)
				s.specimens = append(s.specimens, spec)
			case spec.demerits() < s.specimens[at].demerits():
				s.specimens[at] = spec
			}
		}
	}
	if len(s.specimens) == 0 {
		return fmt.Errorf("%s: %w", s.Provider.Name, ErrNoEvent)
	}
	slices.SortStableFunc(s.specimens, func(a, b *Specimen) int { return a.demerits() - b.demerits() })
	s.basis = s.specimens[0]
	return nil
}

// describe reads a rendered specimen once.
func (s *Subject) describe(spec *Specimen, d *verify.Delivery) {
	spec.method, spec.form = d.Method, d.IsForm()
	if tree, err := parseTree(d.Body); err == nil && len(d.Body) > 0 {
		spec.tree = tree
	}
	spec.facts, _ = s.Provider.Facts(d)
	_, spec.asks = s.Provider.Handshake(d, verify.Verdict{Status: verify.Valid, Secret: secretName(s.secrets)}, s.secrets)
}

func secretName(secrets []verify.Secret) string {
	if len(secrets) == 0 {
		return ""
	}
	return secrets[0].Name
}

// demerits orders specimens: what the provider is known to send goes first, and bodies
// of JSON, since most can be done with them. Deletions do the most harm.
func (s *Specimen) demerits() int {
	n := 0
	for i, bad := range []bool{s.Variant != provider.DefaultVariant, s.Certainty == provider.Seen, removes(s.Action), s.Certainty == provider.Guessed, s.tree == nil, s.method != http.MethodPost, s.asks} {
		if bad {
			n += 1 << i
		}
	}
	return n
}

// shapeOf tells forms of deliveries apart that a receiver has to cope with one by one.
func shapeOf(spec *Specimen, d *verify.Delivery) string {
	var b strings.Builder
	fmt.Fprintln(&b, d.Method, d.RawQuery() != "", d.Header.Get("Content-Type"), bytes.Contains(d.Body, []byte(`\/`)))
	for name := range d.Header {
		if strings.HasPrefix(name, "Ce-") {
			b.WriteString("binary")
			break
		}
	}
	switch {
	case spec.form:
		for pair := range strings.SplitSeq(string(d.Body), "&") {
			name, _, _ := strings.Cut(pair, "=")
			b.WriteString(name + "\n")
		}
	case spec.tree != nil:
		for _, l := range spec.tree.walk() {
			fmt.Fprintf(&b, "%s %c\n", l.path, l.node.kind)
		}
	}
	return b.String()
}

// understand finds out which recipe signs, and what it covers.
func (s *Subject) understand(now time.Time) error {
	d, err := s.render(s.basis, now, 1)
	if err != nil {
		return err
	}
	if err := s.sign(s.keyring, d, now); err != nil {
		return err
	}
	s.index = s.scheme.Picks(d)
	s.recipe = s.scheme.Recipes()[s.index]
	if len(d.Body) == 0 || !s.scheme.Keyed() {
		return nil
	}
	spoilt := d.Clone()
	spoilt.Body = append(spoilt.Body, ' ')
	s.coversBody = s.scheme.Keyed() && s.keyring.Check(d, now).Status == verify.Valid && s.keyring.Check(spoilt, now).Status != verify.Valid
	return nil
}

// Reserved says, for people, from which range the ids of generated events come.
const Reserved = "whole numbers from 500,500 to 999,999, digits from 5 to 9, and texts of the letters V to Z and a to z"

// reserved is a source of randomness that makes whk's samples draw their ids from the
// upper half of what they could be. The low bits stay free, so that hexadecimal ids, which
// are drawn from them, cannot repeat.
type reserved struct{ *rand.PCG }

func (r reserved) Uint64() uint64 {
	return r.PCG.Uint64() | 1<<63
}

// idRand makes equal ids for equal seeds, all from the reserved range.
func idRand(seed uint64) *rand.Rand { return rand.New(reserved{rand.NewPCG(seed, 0x77686b)}) }

// render makes a delivery without a signature.
func (s *Subject) render(spec *Specimen, now time.Time, seed uint64) (*verify.Delivery, error) {
	r, err := spec.sample.Render(now, idRand(seed))
	if err != nil {
		return nil, err
	}
	return &verify.Delivery{Method: r.Method, URL: withQuery(s.Target, r.Query), Host: hostOf(s.Target), Header: r.Header, Body: r.Body}, nil
}

// sign signs a delivery with a keyring of the scheme or of one that was bent.
func (s *Subject) sign(k *verify.Keyring, d *verify.Delivery, at time.Time) error {
	sum := sha256.Sum256(append([]byte(d.Method+" "+d.URL+"\n"), d.Body...))
	return s.signAs(k, d, at, "msg_whk_"+hex.EncodeToString(sum[:8]))
}

func (s *Subject) signAs(k *verify.Keyring, d *verify.Delivery, at time.Time, id string) error {
	if err := k.Sign(d, at, id); err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	return nil
}

// valid reports whether whk itself would believe a delivery.
func (s *Subject) valid(d *verify.Delivery, at time.Time) bool {
	switch s.keyring.Check(d, at).Status {
	case verify.Valid, verify.Unsigned:
		return true
	}
	return false
}

// written is the recipe as a definition would have it: a shared key has no content that is
// signed, though the scheme fills one in.
func (s *Subject) written() verify.Recipe {
	r := s.recipe
	if r.Kind == verify.KindStatic {
		r.Algorithm, r.Encoding, r.Signed = "", "", ""
	}
	return r
}

// bent is the scheme with its recipe changed, bound to a secret.
func (s *Subject) bent(secret verify.Secret, bend func(*verify.Recipe)) (*verify.Keyring, error) {
	r := s.written()
	if bend != nil {
		bend(&r)
	}
	scheme, err := verify.NewScheme(r)
	if err != nil {
		return nil, err
	}
	if !scheme.Keyed() {
		return scheme.Bind(s.base)
	}
	return scheme.Bind(s.base, secret)
}

// another is a secret of the same form that is none of the receiver's.
func (s *Subject) another() (verify.Secret, error) {
	scheme, err := verify.NewScheme(s.written())
	if err != nil {
		return verify.Secret{}, err
	}
	for name := "another-" + s.Provider.Name; ; name += "-still" {
		wrong := scheme.DevelopmentSecret(name)
		if !slices.ContainsFunc(s.secrets, func(o verify.Secret) bool { return o.Reveal() == wrong.Reveal() }) {
			return verify.NewSecret("a wrong secret", wrong.Reveal()), nil
		}
	}
}

// rebody puts another body into a delivery that is not signed yet. A query that holds
// the hash of the body follows it.
func rebody(d *verify.Delivery, body []byte) {
	old, fresh := sha256.Sum256(d.Body), sha256.Sum256(body)
	if path, query, ok := strings.Cut(d.URL, "?"); ok {
		d.URL = path + "?" + strings.ReplaceAll(query, hex.EncodeToString(old[:]), hex.EncodeToString(fresh[:]))
	}
	d.Body = body
}

// eventTexts are the texts by which a body or a header names the event.
func (s *Specimen) eventTexts() []string {
	return []string{s.Entity, s.Action, provider.Name(s.Entity, s.Action)}
}

// isObject reports whether the body is JSON that members can be added to.
func (s *Specimen) isObject() bool { return s.tree != nil && s.tree.object() != nil }

// withVariant finds specimens by the names of their variants.
func (s *Subject) withVariant(fits func(name string) bool) []*Specimen {
	return slices.DeleteFunc(slices.Clone(s.forms), func(spec *Specimen) bool { return !fits(spec.Variant) })
}

func withQuery(target, query string) string {
	switch {
	case query == "":
		return target
	case strings.Contains(target, "?"):
		return target + "&" + query
	}
	return target + "?" + query
}
