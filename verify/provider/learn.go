package provider

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
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

	// view is the body as JSON: a form is an object of texts.
	view []byte
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
var errNothing = errors.New("no delivery has a body that is a JSON object or a form, so that there is nothing to learn from")

// Learn infers a definition from deliveries of one provider. What contradicts it is an
// UnfitError.
func Learn(ctx context.Context, recorded []*Recorded, o LearnOptions) (*Learned, error) {
	l := &learner{o: o, learned: &Learned{Files: map[string][]byte{}, Events: map[string]int{}}}
	if l.sort(recorded); len(l.recorded) == 0 {
		return nil, errNothing
	}
	if err := l.recipe(ctx); err != nil {
		return nil, err
	}
	l.draft.form = l.form
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
	form     bool // whether the bodies are forms
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

// write makes the files.
func (l *learner) write() error {
	for _, r := range l.recorded {
		if !slices.Contains(l.draft.Methods, r.Delivery.Method) {
			l.draft.Methods = append(l.draft.Methods, r.Delivery.Method)
		}
	}
	l.draft.Headers = map[string]string{"Content-Type": "application/json"}
	if l.form {
		l.draft.Headers["Content-Type"] = formType
	}
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
		body := bytes.Clone(r.view)
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
		shape.Learn(l.resigned(body))
		if i == 0 {
			sample = body
		}
	}
	if l.form { // its texts are taken as they are read
		sample = bytes.ReplaceAll(sample, []byte("{{"), []byte("{ {"))
	} else {
		sample = bytes.ReplaceAll(sample, []byte("{{"), []byte(`{\u007b`))
	}
	if !l.o.KeepAll {
		sample, _ = p.freshen(sample, l.o.Mask.Keep)
	}
	content, err := p.sampleContent(recorded[0].Delivery, event, sample, "", SaveOptions{KeepAll: l.o.KeepAll})
	if err != nil {
		return err
	}
	content = bytes.Replace(content, []byte("  \"variant\": \"\",\n"), nil, 1)
	if l.form {
		content = bytes.Replace(content, []byte("\n  \"body\": {"), []byte("\n  \"form\": {"), 1)
	}
	file := strings.ReplaceAll(event, ":", "-")
	l.learned.Files[path.Join(SamplesFolder, file+".json")] = content
	if l.form {
		return nil // a schema describes JSON
	}
	l.learned.Files[path.Join(SchemasFolder, schemaFileOf(event))] = shape.Schema(l.o.Name + "/" + event)
	return nil
}

// resigned is a body as it is once whk has signed it: what stands in it for the
// signature is texts then, whatever it was.
func (l *learner) resigned(body []byte) []byte {
	fields := l.draft.Recipe.Body
	if fields == nil {
		return body
	}
	for _, at := range []string{fields.Sig, fields.TS, fields.ID} {
		if at == "" {
			continue
		}
		if put, err := Put(body, at, []byte(`"text"`)); err == nil {
			body = put
		}
	}
	return body
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
