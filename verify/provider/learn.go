package provider

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"whk/verify"
)

// Recorded is one delivery to learn from.
type Recorded struct {
	Delivery *verify.Delivery
	At       time.Time
	// Ref is what people call it, "#12".
	Ref string
}

// LearnOptions say how a definition is learned.
type LearnOptions struct {
	// Name is the provider's name.
	Name string
	// Secrets are what the deliveries may be signed with; Base is the public address of
	// the receiver, for schemes that sign it.
	Secrets []verify.Secret
	Base    string
	// KeepAll leaves samples as they were received; Mask says what is masked otherwise.
	KeepAll bool
	Mask    MaskOptions
	// Others are the providers that must not take the deliveries for theirs.
	Others []*Provider
}

// Learned is a definition that was inferred from recorded deliveries. Every file of it
// was read back, held to the contract, and tried on the deliveries.
type Learned struct {
	Provider *Provider
	// Files are the definition's files by their paths within its folder.
	Files map[string][]byte
	// Scheme says how deliveries are authenticated, Sure how far that is proven.
	Scheme, Sure string
	// Events counts the deliveries of each event.
	Events map[string]int
	// Masked counts the values that were masked.
	Masked int
	// Notes are what a person should look at.
	Notes []string
}

// UnfitError says what does not fit: a definition was learned that the deliveries, or
// the contract, contradict.
type UnfitError struct{ Reasons []string }

func (e *UnfitError) Error() string { return strings.Join(e.Reasons, "\n") }

// errNothing says that there is nothing to learn from.
var errNothing = errors.New("no delivery has a body that is a JSON object, so that there is nothing to learn from")

// Learn infers a definition from deliveries of one provider. What contradicts it is an
// UnfitError.
func Learn(ctx context.Context, recorded []*Recorded, o LearnOptions) (*Learned, error) {
	l := &learner{o: o, learned: &Learned{Files: map[string][]byte{}, Events: map[string]int{}}}
	for _, r := range recorded {
		if body := trimJSON(r.Delivery.Body); json.Valid(body) && len(body) > 0 && body[0] == '{' {
			l.recorded = append(l.recorded, r)
		} else {
			l.passed = append(l.passed, r.Ref)
		}
	}
	if len(l.recorded) == 0 {
		return nil, errNothing
	}
	if len(l.passed) > 0 {
		l.note("left out, since their bodies are no JSON objects: %s", few(l.passed))
	}
	if err := l.recipe(ctx); err != nil {
		return nil, err
	}
	signed := signedHeaders(l.draft.Recipe)
	if !l.draft.learnEvent(l.recorded, signed) {
		l.note("nothing names the event: no field or header with a telling name has few values; all are called %s", l.draft.EventName)
	}
	l.draft.learnFacts(l.recorded, signed)
	l.draft.learnDetect(l.recorded)
	if err := l.write(); err != nil {
		return nil, err
	}
	return l.learned, l.try()
}

// learner is one run of Learn.
type learner struct {
	o        LearnOptions
	recorded []*Recorded
	passed   []string
	// signed are the deliveries with a signature.
	signed  []*Recorded
	draft   Draft
	learned *Learned
	by      map[string][]*Recorded // by the name of the event
}

func (l *learner) note(format string, args ...any) {
	l.learned.Notes = append(l.learned.Notes, fmt.Sprintf(format, args...))
}

// few lists some of many.
func few(refs []string) string {
	const shown = 5
	if len(refs) <= shown {
		return strings.Join(refs, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(refs[:shown], ", "), len(refs)-shown)
}

// recipe finds out how the deliveries are authenticated.
func (l *learner) recipe(ctx context.Context) error {
	l.draft = Draft{
		Name: l.o.Name, Title: l.o.Name, Certainty: Seen,
		Page:   fmt.Sprintf("learned from %s", countOf(len(l.recorded))),
		Recipe: verify.Recipe{Kind: verify.KindNone},
	}
	candidates := l.candidates()
	if len(l.o.Secrets) == 0 {
		l.withoutSecret(candidates)
		return nil
	}
	probes := slices.Clone(l.recorded)
	slices.SortStableFunc(probes, func(a, b *Recorded) int { return len(a.Delivery.Body) - len(b.Delivery.Body) })
	slices.SortStableFunc(probes, func(a, b *Recorded) int { return carries(b, candidates) - carries(a, candidates) })
	for _, probe := range probes[:min(2, len(probes))] {
		search := &recipeSearch{base: l.base(probe), secrets: l.o.Secrets}
		if r, ok := search.find(ctx, probe); ok {
			return l.accept(r)
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("search for the recipe: %w", err)
		}
	}
	if len(candidates) == 0 {
		l.unsigned("no header holds the secret or looks like a signature")
		return nil
	}
	return &UnfitError{[]string{fmt.Sprintf("%s: it looks like a signature, and nothing that was tried with this secret makes it. The secret may be another, the scheme may sign the public address (give it), or it may be one that whk does not search for", strings.Join(candidates, ", "))}}
}

func (l *learner) base(r *Recorded) string {
	if l.o.Base != "" {
		return l.o.Base
	}
	return "http://" + r.Delivery.Host
}

// candidates describes the headers that look like signatures and differ from delivery to
// delivery as signatures do.
func (l *learner) candidates() []string {
	var names []string
	values := map[string]map[string]bool{}
	for _, r := range l.recorded {
		for _, s := range spots(r.Delivery.Header) {
			if values[s.header] == nil {
				values[s.header] = map[string]bool{}
				names = append(names, s.header)
			}
			values[s.header][r.Delivery.Header[s.header][0]] = true
		}
	}
	slices.Sort(names)
	return slices.DeleteFunc(names, func(name string) bool {
		return unlikely(name) == 2 && (len(l.recorded) > 1 && len(values[name]) == 1 || strings.HasSuffix(strings.ToLower(name), "id"))
	})
}

// carries is 1 when a delivery has one of the headers.
func carries(r *Recorded, headers []string) int {
	if slices.ContainsFunc(headers, func(name string) bool { return len(r.Delivery.Header[name]) > 0 }) {
		return 1
	}
	return 0
}

// withoutSecret says what can be said of authentication when no secret is known.
func (l *learner) withoutSecret(candidates []string) {
	if len(candidates) == 0 {
		l.unsigned("no header looks like a signature")
		for _, name := range ownHeaders(l.recorded[0].Delivery.Header) {
			if unlikely(name) < 2 {
				l.note("%s may be a shared key: if it is, give it as the secret and learn again", name)
			}
		}
		return
	}
	l.learned.Scheme = "not known"
	l.learned.Sure = strings.Join(candidates, ", ") + " looks like a signature; without the secret its recipe cannot be found"
	l.draft.Limits = []string{"Nothing is checked: " + l.learned.Sure + "."}
	l.note("give the secret and learn again: %s looks like a signature", strings.Join(candidates, ", "))
}

func (l *learner) unsigned(why string) {
	l.learned.Scheme = "unsigned"
	l.learned.Sure = why
	l.draft.Limits = []string{"The deliveries are unsigned: anybody who knows the address can send one."}
	l.draft.Advice = "Fetch what a delivery is about from the provider before you rely on it."
}

// accept holds a recipe against every delivery that carries its header.
func (l *learner) accept(r verify.Recipe) error {
	scheme, err := verify.NewScheme(r)
	if err != nil {
		return fmt.Errorf("learned recipe: %w", err)
	}
	var wrong, bare []string
	for _, d := range l.recorded {
		switch {
		case len(d.Delivery.Header[http.CanonicalHeaderKey(r.Header)]) == 0:
			bare = append(bare, d.Ref)
		case !(&recipeSearch{base: l.base(d), secrets: l.o.Secrets}).fits(r, d):
			wrong = append(wrong, d.Ref)
		default:
			l.signed = append(l.signed, d)
		}
	}
	if len(wrong) > 0 {
		return &UnfitError{[]string{fmt.Sprintf("%s: %s verifies under it, %s not. Leave out what was tampered with or signed with another secret", scheme, countOf(len(l.signed)), few(wrong))}}
	}
	if len(bare) > 0 {
		l.note("without a signature: %s", few(bare))
	}
	l.draft.Recipe = r
	l.learned.Scheme, l.learned.Sure = scheme.String(), sureness(l.signed)
	l.draft.Limits = limitsOf(r)
	return nil
}

// limitsOf says what a recipe does not prove.
func limitsOf(r verify.Recipe) []string {
	if r.Kind == verify.KindStatic {
		return []string{"The key crosses the wire in clear, and covers nothing: whoever sees one delivery can send any other."}
	}
	var limits []string
	switch {
	case r.Timestamp != nil && r.Timestamp.Tolerance != "":
		limits = append(limits, "A delivery can be sent again within "+r.Timestamp.Tolerance+" of its time stamp.")
	case r.Timestamp != nil:
		limits = append(limits, "The time stamp is signed, and its age is not judged: what the sender tolerates is not known.")
	default:
		limits = append(limits, "A delivery can be sent again at any time, since no time is signed.")
	}
	if !r.RequireURL {
		limits = append(limits, "It covers no address, so that a delivery can be sent to another receiver with the same secret.")
	}
	return limits
}

// write makes the files.
func (l *learner) write() error {
	for _, r := range l.recorded {
		if !slices.Contains(l.draft.Methods, r.Delivery.Method) {
			l.draft.Methods = append(l.draft.Methods, r.Delivery.Method)
		}
	}
	l.draft.Headers = map[string]string{"Content-Type": "application/json"}
	p, err := l.load() // as yet without events, to read their names as whk will
	if err != nil {
		return err
	}
	l.group(p)
	if p, err = l.load(); err != nil {
		return err
	}
	for _, event := range slices.Sorted(maps.Keys(l.by)) {
		if err := l.writeEvent(p, event); err != nil {
			return fmt.Errorf("sample of %s: %w", event, err)
		}
	}
	return nil
}

// group names every delivery and lists the events.
func (l *learner) group(p *Provider) {
	l.by = map[string][]*Recorded{}
	actions := map[string][]string{}
	var nameless []string
	for _, r := range l.recorded {
		entity, action, _ := p.EventOf(r.Delivery)
		if entity == "" {
			nameless = append(nameless, r.Ref)
			continue
		}
		name := Name(entity, action)
		l.by[name] = append(l.by[name], r)
		if known, ok := actions[entity]; !ok {
			actions[entity] = []string{}
		} else if slices.Contains(known, action) {
			continue
		}
		if action != "" {
			actions[entity] = append(actions[entity], action)
		}
	}
	l.draft.Events = nil
	for _, entity := range slices.Sorted(maps.Keys(actions)) {
		slices.Sort(actions[entity])
		l.draft.Events = append(l.draft.Events, DraftEntity{entity, actions[entity]})
	}
	for name, of := range l.by {
		l.learned.Events[name] = len(of)
	}
	if len(nameless) > 0 {
		l.note("without a name that can be one: %s", few(nameless))
	}
}

// writeEvent writes the sample and the schema of one event.
func (l *learner) writeEvent(p *Provider, event string) error {
	recorded := l.by[event]
	var shape Shape
	var sample []byte
	for i, r := range recorded {
		body := bytes.Clone(trimJSON(r.Delivery.Body))
		if !l.o.KeepAll {
			masked, _, list, err := p.mask(body, "", l.o.Mask)
			if err != nil {
				return err
			}
			if body = masked; i == 0 {
				l.learned.Masked += len(list)
			}
		}
		shape.Learn(body)
		if i == 0 {
			sample = body
		}
	}
	sample = bytes.ReplaceAll(sample, []byte("{{"), []byte(`{\u007b`))
	if !l.o.KeepAll {
		sample, _ = p.freshen(sample, l.o.Mask.Keep)
	}
	content, err := p.sampleContent(recorded[0].Delivery, event, sample, "", SaveOptions{KeepAll: l.o.KeepAll})
	if err != nil {
		return err
	}
	content = bytes.Replace(content, []byte("  \"variant\": \"\",\n"), nil, 1)
	file := strings.ReplaceAll(event, ":", "-")
	l.learned.Files[path.Join(SamplesFolder, file+".json")] = content
	l.learned.Files[path.Join(SchemasFolder, schemaFileOf(event))] = shape.Schema(l.o.Name + "/" + event)
	return nil
}

// load writes the definition and reads it, with the samples that there are.
func (l *learner) load() (*Provider, error) {
	definition, err := l.draft.Definition()
	if err != nil {
		return nil, err
	}
	l.learned.Files[DefinitionFile] = definition
	fsys, err := memory(l.o.Name, l.learned.Files)
	if err != nil {
		return nil, err
	}
	return Read(fsys, l.o.Name, path.Join(l.o.Name, DefinitionFile))
}

// memory is a file system that holds files in one folder.
func memory(folder string, files map[string][]byte) (fs.FS, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file, err := w.CreateHeader(&zip.FileHeader{Name: path.Join(folder, name), Method: zip.Store})
		if err == nil {
			_, err = file.Write(files[name])
		}
		if err != nil {
			return nil, fmt.Errorf("hold %s in memory: %w", name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("hold %s in memory: %w", folder, err)
	}
	return zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
}

// try reads the files back, holds them to the contract, and tries them on the deliveries.
func (l *learner) try() error {
	p, err := l.load()
	if err != nil {
		return &UnfitError{[]string{err.Error()}}
	}
	l.learned.Provider = p
	rivals := l.rivals(p)
	var reasons []string
	for _, f := range p.Lint(slices.DeleteFunc(slices.Clone(l.o.Others), func(other *Provider) bool { return slices.Contains(rivals, other.Name) })...) {
		reasons = append(reasons, f.Position()+": "+f.Says)
	}
	for _, r := range l.recorded {
		if entity, _, note := p.EventOf(r.Delivery); entity == "" {
			reasons = append(reasons, fmt.Sprintf("%s: %s", r.Ref, note))
		}
		if !p.Recognises(r.Delivery) && !p.PathOnly {
			reasons = append(reasons, fmt.Sprintf("%s is not recognised as %s", r.Ref, p.Name))
		}
	}
	for _, r := range l.signed {
		keyring, err := p.Scheme.Bind(l.base(r), l.o.Secrets...)
		if err != nil {
			return fmt.Errorf("bind the secret: %w", err)
		}
		if got := keyring.Check(r.Delivery, r.At); got.Status != verify.Valid {
			reasons = append(reasons, fmt.Sprintf("%s is judged %s", r.Ref, got))
		}
	}
	if len(reasons) > 0 {
		return &UnfitError{reasons}
	}
	return nil
}

// rivals are the other providers that take the deliveries for theirs.
func (l *learner) rivals(p *Provider) []string {
	var names []string
	for _, other := range l.o.Others {
		if other.Name != p.Name && !other.Generic && slices.ContainsFunc(l.recorded, func(r *Recorded) bool { return other.Recognises(r.Delivery) }) {
			names = append(names, other.Name)
		}
	}
	if len(names) > 0 {
		l.note("%s recognises the deliveries too: tell them apart by the path /%s or with --provider", strings.Join(names, ", "), p.Name)
	}
	return names
}
