package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"whk/verify"
)

// Begun is a definition that was just begun, with one sample.
type Begun struct {
	Provider *Provider
	// Files are the definition's files by their paths within its folder.
	Files map[string][]byte
}

// Names are the paths of the files, in order.
func (b *Begun) Names() []string { return slices.Sorted(maps.Keys(b.Files)) }

// Begin makes the files of a draft and of one event, whose name stands at a path of the
// body. They were read back and held to the contract.
func Begin(d *Draft, event, at string, others ...*Provider) (*Begun, error) {
	entity, action := event, ""
	if i := strings.LastIndexByte(event, '.'); i > 0 {
		entity, action = event[:i], event[i+1:]
	}
	d.Events = []DraftEntity{{Name: entity}}
	if action != "" {
		d.Events[0].Actions = []string{action}
	}
	if d.Recipe.Kind == verify.KindNone {
		d.Limits = []string{"The deliveries are unsigned: anybody who knows the address can send one."}
	} else {
		d.Limits = limitsOf(d.Recipe)
	}
	body, err := beginBody(event, at)
	if err != nil {
		return nil, err
	}
	definition, err := d.Definition()
	if err != nil {
		return nil, err
	}
	sample := fmt.Sprintf("{\n  \"events\": [%s],\n  \"certainty\": \"guessed\",\n  \"note\": \"an example, to be replaced by what the vendor sends\",\n  \"body\": %s\n}\n", quote(event), body)
	b := &Begun{Files: map[string][]byte{
		DefinitionFile: definition,
		path.Join(SamplesFolder, strings.ReplaceAll(event, ":", "-")+".json"): []byte(sample),
	}}
	fsys, err := memory(d.Name, b.Files)
	if err != nil {
		return nil, err
	}
	if b.Provider, err = Read(fsys, d.Name, path.Join(d.Name, DefinitionFile)); err != nil {
		return nil, err
	}
	if faults := b.Provider.Lint(others...); len(faults) > 0 {
		return nil, Faults(faults)
	}
	return b, nil
}

// beginBody is a body that names its event at a path.
func beginBody(event, at string) (string, error) {
	p, err := parsePath(at)
	if err != nil {
		return "", fmt.Errorf("path %q: %w", at, err)
	}
	var value any = event
	for i, s := range slices.Backward(p) {
		if s.each || s.index >= 0 || strings.ContainsAny(s.key, "{}") {
			return "", fmt.Errorf("path %q: expected names with dots between them, as in data.type", at)
		}
		object := map[string]any{s.key: value}
		if i == 0 && s.key != "id" {
			object["id"] = "{{id:base62:12}}"
		}
		value = object
	}
	text, err := json.MarshalIndent(value, "  ", "  ")
	return string(text), err
}
