package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"

	"whk/verify"
	"whk/verify/display"
)

// SchemasFolder is what the folder of JSON Schemas is called, beside a definition. A file
// in it holds for the body of the event that it is named after; see schemaFileOf.
const SchemasFolder = "schemas"

// schemaFileOf is the file that describes the bodies of an event.
func schemaFileOf(event string) string { return strings.ReplaceAll(event, ":", "-") + ".json" }

// schemas are those of one provider. The folder is listed once, and a schema is read when
// its first event comes.
type schemas struct {
	list sync.Once
	mu   sync.Mutex
	// byFile holds every file that there is; nil while it has not been read.
	byFile map[string]*schemaFile
}

type schemaFile struct {
	resolved *jsonschema.Resolved
	err      error
}

// Unfit says where the body of a delivery departs from the schema that the definition has
// for its event, "" when it does not or when there is none. A schema that cannot be used
// is an error. A body that is no JSON has been told of elsewhere.
func (p *Provider) Unfit(event string, d *verify.Delivery) (string, error) {
	schema, err := p.schemaOf(event)
	if schema == nil || err != nil {
		return "", err
	}
	var value any
	if json.Unmarshal(d.Body, &value) != nil {
		return "", nil
	}
	if err := schema.Validate(value); err != nil {
		return display.Shorten(plainUnfit(err), mostUnfit, "…"), nil
	}
	return "", nil
}

// mostUnfit bounds what is said of a body, which can hold a value of any length.
const mostUnfit = 300

// plainUnfit is what the validator says, without the way that it took there.
func plainUnfit(err error) string {
	says := err.Error()
	if i := strings.LastIndex(says, "validating /properties"); i >= 0 {
		where, what, _ := strings.Cut(says[i+len("validating "):], ": ")
		where = strings.NewReplacer("/properties/", ".", "/items", ".#").Replace(where)
		return strings.TrimPrefix(where, ".") + ": " + what
	}
	return strings.TrimPrefix(says, "validating root: ")
}

// schemaOf is the schema of an event, nil where there is none.
func (p *Provider) schemaOf(event string) (*jsonschema.Resolved, error) {
	s := p.schemas
	if s == nil {
		return nil, nil
	}
	s.list.Do(func() { s.byFile = p.listSchemas() })
	if len(s.byFile) == 0 {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := schemaFileOf(event)
	file, ok := s.byFile[name]
	if !ok {
		return nil, nil
	}
	if file == nil {
		file = p.readSchema(name)
		s.byFile[name] = file
	}
	return file.resolved, file.err
}

func (p *Provider) listSchemas() map[string]*schemaFile {
	items, err := fs.ReadDir(p.files, path.Join(p.dir, SchemasFolder))
	if err != nil {
		return nil // a definition need not have any
	}
	files := map[string]*schemaFile{}
	for _, item := range items {
		if path.Ext(item.Name()) == ".json" && !item.IsDir() {
			files[item.Name()] = nil
		}
	}
	return files
}

// readSchema reads one schema. It may refer to its own parts, and to nothing outside.
func (p *Provider) readSchema(name string) *schemaFile {
	shown := path.Join(path.Dir(slashed(p.file)), SchemasFolder, name)
	data, err := readFile(p.files, path.Join(p.dir, SchemasFolder, name), shown)
	if err != nil {
		return &schemaFile{err: err}
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(data, &schema); err != nil {
		return &schemaFile{err: Faults{faultIn(data, shown, jsonOffset(data, err), "no JSON Schema: %v", err)}}
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		return &schemaFile{err: Faults{faultIn(data, shown, 0, "no usable JSON Schema: %v", err)}}
	}
	return &schemaFile{resolved: resolved}
}

// schemaFiles holds every schema to what it is there for: it can be used, describes an
// event that there is, and the samples of that event fit it.
func (l *linter) schemaFiles() {
	known := map[string]string{}
	for _, name := range l.p.eventNames() {
		known[schemaFileOf(name)] = name
	}
	for file := range l.p.listSchemas() {
		shown := path.Join(path.Dir(slashed(l.p.file)), SchemasFolder, file)
		event, ok := known[file]
		if !ok {
			l.faults = append(l.faults, Fault{File: shown, Line: 1, Column: 1, Says: "named after no event of this provider; expected the name of one, as in " + schemaFileOf(l.p.firstEvent())})
			continue
		}
		_, err := l.p.schemaOf(event)
		if faults := (Faults)(nil); errors.As(err, &faults) {
			l.faults = append(l.faults, faults...)
		} else if err != nil {
			l.faults = append(l.faults, Fault{File: shown, Says: err.Error()})
		}
	}
}

// firstEvent is the name of some event, for a hint.
func (p *Provider) firstEvent() string {
	if names := p.eventNames(); len(names) > 0 {
		return names[0]
	}
	return "order.created"
}

// fits holds a rendered sample against the schema of its event.
func (l *linter) fits(event string, d *verify.Delivery, fault faultFunc) {
	if why, err := l.p.Unfit(event, d); err == nil && why != "" {
		fault("%s does not fit %s: %s", event, fmt.Sprintf("%s/%s", SchemasFolder, schemaFileOf(event)), why)
	}
}
