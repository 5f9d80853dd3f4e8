package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"whk/verify"
)

// Lint holds a provider to the contract that every definition keeps, built-in or not:
// each event has a sample; each sample, in each variant, is valid JSON, is recognised
// as this provider's and as no other's, yields the event it is filed under, and is
// judged as the scheme promises; nothing that was tampered with is judged valid; and
// where there is a JSON Schema of an event, its samples fit it.
func (p *Provider) Lint(others ...*Provider) []Fault {
	l := linter{p: p, others: others}
	samples, err := p.samples()
	if faults := (Faults)(nil); errors.As(err, &faults) {
		return faults
	} else if err != nil {
		return []Fault{{File: p.file, Says: err.Error()}}
	}
	l.overrides()
	tampered := map[*sampleFile]bool{}
	for _, name := range p.eventNames() {
		if file, _ := pick(samples, name); file == nil {
			e, _, _, _ := p.resolve(name)
			l.fault(at("entities", e.Name), "%s: no sample serves this event; expected one whose events name it", name)
			continue
		}
		for _, f := range formsOf(samples, name, Documented) {
			l.sample(name, f.Name, !tampered[f.file])
			tampered[f.file] = true
		}
	}
	l.aliases()
	l.schemaFiles()
	return l.faults
}

type linter struct {
	p      *Provider
	others []*Provider
	faults []Fault
}

// fault records what is wrong with a key of the definition.
func (l *linter) fault(way []any, format string, args ...any) {
	f := Fault{File: l.p.file, Says: fmt.Sprintf(format, args...)}
	if data, err := readFile(l.p.files, path.Join(l.p.dir, path.Base(slashed(l.p.file))), l.p.file); err == nil {
		f.Line, f.Column = placeOf(data, way...)
	}
	l.faults = append(l.faults, f)
}

// overrides finds globs of the definition that fit no event.
func (l *linter) overrides() {
	names := l.p.eventNames()
	for i, c := range l.p.certain {
		fits := false
		for _, name := range names {
			fits = fits || matchPart(c.Event, name)
		}
		if !fits {
			l.fault(at("events", i, "event"), "events: %q fits no event; expected a name or a glob of one", clip(c.Event))
		}
	}
}

// aliases renders one event of every other spelling.
func (l *linter) aliases() {
	for i := range l.p.Entities {
		e := &l.p.Entities[i]
		for _, a := range e.Aliases {
			actions := l.p.actionsOf(e)
			if len(actions) == 0 {
				l.sample(a.Name, DefaultVariant, false)
				continue
			}
			l.sample(Name(a.Name, actions[0].Name), DefaultVariant, false)
		}
	}
}

// lintTime is when the deliveries of Lint are made and received.
func lintTime() time.Time {
	return time.Date(2024, 2, 29, 23, 59, 58, 987654321, time.FixedZone("", 3600))
}

// sample renders and judges one variant; thorough also tampers with it.
func (l *linter) sample(event, variant string, thorough bool) {
	s, err := l.p.Sample(event, variant)
	if err != nil {
		l.fault(at("entities"), "%s", err)
		return
	}
	fault := func(format string, args ...any) {
		near := []byte(`"body"`)
		if s.Variant != DefaultVariant {
			near = quote(s.Variant)
		}
		l.faults = append(l.faults, faultIn(s.file.data, s.file.file, bytes.Index(s.file.data, near),
			"%s (%s): %s", event, s.Variant, fmt.Sprintf(format, args...)))
	}
	r, err := s.Render(lintTime(), rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		fault("%s", err)
		return
	}
	d := r.delivery(l.p.Name)
	if len(d.Body) > 0 && !d.IsForm() && !json.Valid(d.Body) {
		fault("the body is not valid JSON")
		return
	}
	if !l.p.Accepts(d.Method) {
		fault("method %s is none of the definition's", d.Method)
	}
	unsigned := d.Header.Clone()
	keyring, err := l.p.signed(d)
	if err != nil {
		fault("%s", err)
		return
	}
	l.recognition(d, fault) // what tells many providers is the header of their signature
	entity, action, note := l.p.EventOf(d)
	if entity != r.Entity || action != r.Action {
		fault("reads as the event %q, not as %q (%s)", Name(entity, action), Name(r.Entity, r.Action), note)
	}
	if _, err := l.p.Facts(d); err != nil {
		fault("facts: %s", err)
	}
	l.fits(event, d, fault)
	l.judge(keyring, d, unsigned, thorough, fault)
}

type faultFunc func(format string, args ...any)

func (l *linter) recognition(d *verify.Delivery, fault faultFunc) {
	if !l.p.PathOnly && !l.p.Recognises(d) {
		fault("is not recognised as %s", l.p.Name)
	}
	for _, other := range l.others {
		if other.Name != l.p.Name && (!other.Generic || l.p.Generic) && other.Recognises(d) {
			fault("is recognised as %s too", other.Name)
		}
	}
}

// delivery is the rendered sample as a request to /provider.
func (r *Rendered) delivery(provider string) *verify.Delivery {
	d := &verify.Delivery{Method: r.Method, URL: "/" + provider, Host: "example.com", Header: r.Header.Clone(), Body: r.Body}
	if r.Query != "" {
		d.URL += "?" + r.Query
	}
	return d
}

// signed signs a delivery with the development secret, taken for a real one.
func (p *Provider) signed(d *verify.Delivery) (*verify.Keyring, error) {
	secret := verify.NewSecret("lint", p.Scheme.DevelopmentSecret(p.Name).Reveal())
	keyring, err := p.Scheme.Bind("https://example.com", secret)
	if err != nil {
		return nil, err
	}
	return keyring, keyring.Sign(d, lintTime(), "whk_lint")
}

// judge checks what the scheme promises about a delivery that was signed.
func (l *linter) judge(keyring *verify.Keyring, d *verify.Delivery, unsigned http.Header, thorough bool, fault faultFunc) {
	scheme := l.p.Scheme
	want := verify.Valid
	if !scheme.Keyed() {
		want = verify.Unsigned
	}
	if got := keyring.Check(d, lintTime()); got.Status != want {
		fault("signed, it is judged %s, not %s", got, want)
	}
	if !scheme.Signs() {
		return
	}
	bare := d.Clone()
	if err := scheme.Unsign(bare); err != nil {
		fault("%s", err)
	}
	if got := keyring.Check(bare, lintTime()); got.Status != verify.Missing {
		fault("without its signature it is judged %s, not missing", got)
	}
	if thorough && scheme.Keyed() {
		l.tamper(keyring, d, unsigned, fault)
	}
}

// The most bytes that Lint hashes for one sample, to find a bit that is not covered.
const maxTampering = 64 << 20

// tamper flips every bit of what the signature covers, and of every header that
// signing has set. None of it may be judged valid. Of a body above 3 KiB it takes the
// bytes in steps, since each flip costs a hash of the whole; where each costs a check
// with a public key, it takes fewer, and one bit of a byte.
func (l *linter) tamper(keyring *verify.Keyring, d *verify.Delivery, unsigned http.Header, fault faultFunc) {
	n := len(d.Body)
	step, bits := 1+n*n/(maxTampering/8), func(int) []int { return []int{0, 1, 2, 3, 4, 5, 6, 7} }
	if l.p.Scheme.Asymmetric() {
		step, bits = 1+n/64, func(i int) []int { return []int{i % 8} }
	}
	if l.p.coversBody[l.p.Scheme.Picks(d)] {
		for i := 0; i < n; i += step {
			for _, bit := range bits(i / step) {
				bent := d.Clone()
				bent.Body[i] ^= 1 << bit
				if keyring.Check(bent, lintTime()).Status == verify.Valid {
					fault("valid with bit %d of byte %d of the body flipped", bit, i)
					return
				}
			}
		}
	}
	for name, values := range d.Header {
		if _, ok := unsigned[name]; ok {
			continue
		}
		for i := range values[0] {
			for _, bit := range bits(i) {
				bent := d.Clone()
				value := []byte(values[0])
				value[i] ^= 1 << bit
				bent.Header[name] = []string{string(value)}
				if keyring.Check(bent, lintTime()).Status == verify.Valid {
					fault("valid with bit %d of byte %d of the header %s flipped", bit, i, name)
					return
				}
			}
		}
	}
}

// coversBody reports whether a recipe signs the body's bytes.
func coversBody(r verify.Recipe) bool {
	switch r.Kind {
	case verify.KindStatic, verify.KindNone:
		return false
	case verify.KindMessage:
		return slices.Contains(r.Covered, "content-digest")
	}
	for _, hash := range r.Require {
		if hash == "{body_sha256}" {
			return true
		}
	}
	signed := r.Signed == "" || strings.Contains(r.Signed, "{body}") || strings.Contains(r.Signed, "{body_sha256}")
	return signed && r.Body == nil
}
