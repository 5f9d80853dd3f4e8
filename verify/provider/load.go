package provider

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"whk/verify"
)

// The largest file of a definition that is read.
const maxFile = 1 << 20

// DefinitionFile is what the file of a definition is called in its folder.
const DefinitionFile = "provider.yaml"

// readFile reads a file of bounded size.
func readFile(fsys fs.FS, name, shown string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read definition %s: %w", shown, err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read definition %s: %w", shown, err)
	}
	if len(data) > maxFile {
		return nil, Faults{{File: shown, Line: 1, Column: 1, Says: "larger than 1 MiB"}}
	}
	return data, nil
}

// load reads and checks the definition in file of fsys. Shown is the file's name for
// people; it is where faults are reported.
func load(fsys fs.FS, file, shown, source string) (*Provider, error) {
	data, err := readFile(fsys, file, shown)
	if err != nil {
		return nil, err
	}
	d, err := parse(data, shown)
	if err != nil {
		return nil, err
	}
	b := &builder{d: d, data: data, file: shown}
	p := b.build()
	if len(b.faults) > 0 {
		slices.SortStableFunc(b.faults, func(a, b Fault) int { return a.Line - b.Line })
		return nil, b.faults
	}
	p.Source, p.files, p.file, p.dir = source, fsys, shown, path.Dir(file)
	p.schemas = &schemas{}
	p.share()
	return p, nil
}

// share prepares what is read once, when it is first asked for.
func (p *Provider) share() {
	p.samples = sync.OnceValues(p.readSamples)
	p.table = sync.OnceValue(p.listEvents)
}

// parse decodes the YAML of a definition: one document, known keys only.
func parse(data []byte, file string) (*definition, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	var d definition
	if err := decoder.Decode(&d); errors.Is(err, io.EOF) {
		return nil, Faults{{File: file, Line: 1, Column: 1, Says: "the file is empty"}}
	} else if err != nil {
		return nil, yamlFaults(file, data, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, Faults{{File: file, Line: 1, Column: 1, Says: "more than one document in the file"}}
	}
	return &d, nil
}

// builder turns a definition into a provider and gathers what is wrong with it.
type builder struct {
	d      *definition
	data   []byte
	file   string
	faults Faults
}

// The most faults that one reading reports.
const maxFaults = 20

// fault records what is wrong with the key at the end of a way through the file. Lines
// are looked up only then: a sound definition is not parsed for them.
func (b *builder) fault(way []any, format string, args ...any) {
	if len(b.faults) < maxFaults {
		line, column := placeOf(b.data, way...)
		b.faults = append(b.faults, Fault{File: b.file, Line: line, Column: column, Says: fmt.Sprintf(format, args...)})
	}
}

func at(way ...any) []any { return way }

// label is the last key of a way, for the text of a fault.
func label(way []any) string {
	for _, step := range slices.Backward(way) {
		if key, ok := step.(string); ok {
			return key
		}
	}
	return ""
}

func (b *builder) build() *Provider {
	d := b.d
	p := &Provider{
		Name: d.Name, Title: d.Title, Docs: d.Docs, Certainty: d.Certainty, Methods: d.Methods,
		Limits: d.Limits, Advice: d.Advice, Claims: d.Claims, Actions: d.Actions,
		Manners: d.Delivery, Subscribe: d.Subscribe, API: d.API, PathOnly: d.Detect.path, Generic: d.Detect.generic,
		known: d.Known, certain: d.Events,
	}
	if d.Version != 1 {
		b.fault(at("version"), "version: expected 1, found %d", d.Version)
	}
	if why := RefuseProviderName(d.Name); why != "" {
		b.fault(at("name"), "name: %s", why)
	}
	if d.Title == "" {
		p.Title = d.Name
	}
	if len(p.Methods) == 0 {
		p.Methods = []string{http.MethodPost}
	}
	for i, method := range p.Methods {
		if method == "" || strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			b.fault(at("methods", i), "methods: %q is no HTTP method", method)
		}
	}
	b.verify(p)
	b.event(p)
	b.detect(p)
	b.headers(p)
	b.handshakes(p)
	b.entities(p)
	b.certainties(p)
	return p
}

func (b *builder) verify(p *Provider) {
	if len(b.d.Verify) == 0 {
		b.fault(at("verify"), "verify: missing; kind none says that the provider documents no authentication")
		return
	}
	sound := true
	for i, recipe := range b.d.Verify {
		if _, err := verify.NewScheme(recipe); err != nil {
			says := strings.TrimPrefix(err.Error(), "verify[0]: ")
			field, _, _ := strings.Cut(strings.TrimPrefix(says, "unknown "), " ")
			b.fault(at("verify", i, strings.TrimSuffix(field, ":")), "verify: %s", says)
			sound = false
		}
	}
	if !sound {
		return
	}
	for _, recipe := range b.d.Verify {
		p.coversBody = append(p.coversBody, coversBody(recipe))
	}
	var err error
	if p.Scheme, err = verify.NewScheme(b.d.Verify...); err != nil {
		b.fault(at("verify"), "%s", err)
	}
}

// notInEvents are the variables that have no value when an event is read.
var notInEvents = [...]string{"{secret}", "{sig}", "{ts}", "{id}", "{entity}", "{action}"}

// field parses the templates of one key. Each says that "#" may stand in their paths.
func (b *builder) field(way []any, sources templates, each bool) field {
	var f field
	for _, source := range sources {
		t, err := verify.ParseTemplate(source)
		if err != nil {
			b.fault(way, "%s: %s", label(way), err)
			continue
		}
		for _, variable := range notInEvents {
			if strings.Contains(source, variable) {
				b.fault(way, "%s: %s has no value here", label(way), variable)
			}
		}
		a := alternative{template: t}
		if text, ok := t.Path(); ok {
			if a.path, err = parsePath(text); err != nil {
				b.fault(way, "%s: %s", label(way), err)
			} else if a.path.plural() && !each {
				b.fault(way, "%s: # reads several values where one is wanted", label(way))
			}
		}
		f.alternatives = append(f.alternatives, a)
	}
	return f
}

func (b *builder) event(p *Provider) {
	d, e := &b.d.Event, &p.event
	single := func(key string, sources templates) field { return b.field(at("event", key), sources, false) }
	e.name, e.entity, e.action = single("name", d.Name), single("entity", d.Entity), single("action", d.Action)
	switch {
	case len(d.Name) == 0 && len(d.Entity) == 0:
		b.fault(at("event"), "event: give a name, or an entity and an action")
	case len(d.Name) > 0 && len(d.Entity)+len(d.Action) > 0:
		b.fault(at("event", "name"), "event: give a name, or an entity and an action, not both")
	case d.Split != "" && len(d.Name) == 0:
		b.fault(at("event", "split"), "split: there is no name to split")
	}
	if e.split = d.Split; e.split == "" {
		e.split = "."
	}
	e.nameReadsBody = e.name.readsBody() || e.entity.readsBody() || e.action.readsBody()
	e.account, e.actor = single("account", d.Account), single("actor", d.Actor)
	e.ids, e.refs = b.field(at("event", "ids"), d.IDs, true), b.field(at("event", "refs"), d.Refs, true)
	e.old, e.new = b.value("old", d.Old), b.value("new", d.New)
	e.time = b.field(at("event", "time", "from"), d.Time.From, false)
	if e.timeFormat = d.Time.Format; e.timeFormat == "" {
		e.timeFormat = timeFormats[0]
	}
	if !slices.Contains(timeFormats[:], e.timeFormat) {
		b.fault(at("event", "time", "format"), "format %q: expected %s", e.timeFormat, strings.Join(timeFormats[:], ", "))
	}
}

// value is a field that is read as JSON, so that it must be a path and nothing else.
func (b *builder) value(key string, sources templates) field {
	f := b.field(at("event", key), sources, false)
	for _, a := range f.alternatives {
		if a.path == nil {
			b.fault(at("event", key), "%s: expected one path of the body, as in {body.Old}", key)
		}
	}
	return f
}

func (b *builder) detect(p *Provider) {
	d := b.d.Detect
	if d.path {
		return
	}
	b.conditions(&p.detect, d, "detect")
}

// conditions reads what must hold of a delivery; way is where it stands in the file.
func (b *builder) conditions(c *conditions, d detectDef, way ...any) {
	in := func(steps ...any) []any { return slices.Concat(way, steps) }
	for i, source := range d.present {
		c.present = append(c.present, b.field(in("present", i), source, false))
	}
	for i, source := range d.absent {
		c.absent = append(c.absent, b.field(in("absent", i), templates{source}, false))
	}
	for _, source := range slices.Sorted(maps.Keys(d.equals)) {
		f := b.field(in("equals", source), templates{source}, false)
		c.equals = append(c.equals, equality{f, d.equals[source]})
	}
	if len(c.present)+len(c.equals) == 0 {
		says := "give present or equals"
		if way[0] == "detect" {
			says += ", or path when only the path tells the provider"
		}
		b.fault(way, "%s: %s", way[0], says)
	}
	for _, f := range slices.Concat(c.present, c.absent) {
		c.readsBody = c.readsBody || f.readsBody()
	}
	for _, f := range c.equals {
		c.readsBody = c.readsBody || f.readsBody()
	}
}

// headerTemplate is one header that forging sets.
type headerTemplate struct {
	name     string
	template *verify.Template
}

func (b *builder) headers(p *Provider) {
	for _, name := range slices.Sorted(maps.Keys(b.d.Headers)) {
		t, err := verify.ParseTemplate(b.d.Headers[name])
		if err != nil {
			b.fault(at("headers", name), "%s: %s", name, err)
			continue
		}
		text, ok := t.Text(&verify.Values{Delivery: &verify.Delivery{}, Entity: "entity", Action: "action"})
		switch {
		case !validHeader(name, ""):
			b.fault(at("headers", name), "%q is no header name", name)
		case !ok:
			b.fault(at("headers", name), "%s: only {entity} and {action} have a value here", name)
		case !validHeader(name, text):
			b.fault(at("headers", name), "%s: line breaks and control characters cannot be sent", name)
		}
		p.headers = append(p.headers, headerTemplate{http.CanonicalHeaderKey(name), t})
	}
}

// validHeader reports whether a header can be sent as it is.
func validHeader(name, value string) bool {
	if name == "" {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if !nameByte(c) && strings.IndexByte("!#$%&'*+^`|~", c) < 0 || c == ':' {
			return false
		}
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
