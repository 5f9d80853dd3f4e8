package provider

import (
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"whk/verify"
)

// definition is a provider.yaml as it is written. Keys it does not list are errors.
//
// Where a text is called a template it is one of package verify: literal text with
// {body.some.path}, {header.Name}, {query.name}, {method}, {path} and so on. Where
// templates are asked for, one may stand alone or several in a list. A certainty is
// documented, seen or guessed; one that is left out is the definition's own.
type definition struct {
	// Version is the version of this format: 1.
	Version int `yaml:"version"`
	// Name is lower-case letters, digits and hyphens, at most 64.
	Name string `yaml:"name"`
	// Title is the vendor's own spelling of its name.
	Title string `yaml:"title"`
	// Docs names the vendor's page about webhooks, in words and as a URL.
	Docs Docs `yaml:"docs"`
	// Certainty holds for everything that says nothing else.
	Certainty Certainty `yaml:"certainty"`
	// Methods are the HTTP methods of deliveries, POST when left out.
	Methods []string `yaml:"methods"`
	// Detect tells the provider's deliveries from others when the path does not:
	// "path" for never, or present and absent (templates that have, or do not have, a
	// value other than null, "" or []; of a list within present any one) and equals (template to text). All must hold.
	// With generic, the definition gives way to every other that recognises a delivery.
	Detect detectDef `yaml:"detect"`
	// Verify lists recipes: kind, algorithm, algorithms_allowed, encoding, header,
	// value, separator, signed, secret_encoding, secret_prefix, timestamp (header,
	// format, tolerance, future), id, require_url and a few more. See verify.Recipe.
	Verify []verify.Recipe `yaml:"verify"`
	// Handshake lists the requests that are no events but questions of the provider's
	// whether an address is the receiver's, and their answers.
	Handshake []handshakeDef `yaml:"handshake"`
	// Limits says what the check does not prove, one sentence each.
	Limits []string `yaml:"limits"`
	// Advice says how to make up for it.
	Advice string `yaml:"advice"`
	// Event says where a delivery tells what happened.
	Event eventDef `yaml:"event"`
	// Headers are templates of what forging sets besides the signature; they may use
	// {entity} and {action}.
	Headers map[string]string `yaml:"headers"`
	// Delivery is how the sender behaves: duplicates, order and backup (a text, or
	// says and certainty), retries (max, same_body, on, certainty), disable
	// (after_consecutive_failures, notices, certainty), budget (a list of calls and
	// per, or concurrent, with certainty and note).
	Delivery Manners `yaml:"delivery"`
	// Actions lists what happens to entities: name, id, certainty, note.
	Actions []Action `yaml:"actions"`
	// Entities maps the name of each entity to what is known about it.
	Entities map[string]entityDef `yaml:"entities"`
	// Events overrides certainty and note for events that match a glob; the first
	// that matches counts. One that spells an event out may give it further names.
	Events []eventCertainty `yaml:"events"`
	// Known lists events that exist and cannot be forged: name, why, certainty, and
	// globs under which somebody might ask for them.
	Known []knownEvent `yaml:"known"`
	// Claims are further statements: about, says, certainty.
	Claims []Claim `yaml:"claims"`
	// Subscribe lists the steps that make the provider send.
	Subscribe []string `yaml:"subscribe"`
	// API is the address that a reference in a payload is appended to.
	API string `yaml:"api"`
}

// eventDef holds templates. Either name, which is split at the last split (a dot when
// left out), or entity and action.
type eventDef struct {
	Name    templates `yaml:"name"`
	Split   string    `yaml:"split"`
	Entity  templates `yaml:"entity"`
	Action  templates `yaml:"action"`
	Time    timeDef   `yaml:"time"`
	Account templates `yaml:"account"`
	Actor   templates `yaml:"actor"`
	// IDs may end in an array or hold "#" for each element.
	IDs templates `yaml:"ids"`
	// Refs are gathered from every template, not from the first that has any.
	Refs templates `yaml:"refs"`
	// Old and New are exactly one path of the body: {body.Old}.
	Old templates `yaml:"old"`
	New templates `yaml:"new"`
}

// timeDef is a time: from is a template, format rfc3339 (when left out), unix or
// unix_ms.
type timeDef struct {
	From   templates `yaml:"from"`
	Format string    `yaml:"format"`
}

// entityDef is one entity: path in the provider's API, its id there, parent (the name
// of another entity), aliases (a text, which is only understood, or name and
// certainty), actions (names; all when left out, none when empty), certainty, note.
type entityDef struct {
	Path      string    `yaml:"path"`
	ID        int       `yaml:"id"`
	Parent    string    `yaml:"parent"`
	Aliases   []Alias   `yaml:"aliases"`
	Actions   []string  `yaml:"actions"`
	Certainty Certainty `yaml:"certainty"`
	Note      string    `yaml:"note"`
}

// eventCertainty is what a definition says about the events that match a glob. Aliases
// are readable names of one event, for vendors that have numbers or long words: they are
// understood wherever an event is asked for by its name, and never sent.
type eventCertainty struct {
	Event     string    `yaml:"event"`
	Aliases   []string  `yaml:"aliases"`
	Certainty Certainty `yaml:"certainty"`
	Note      string    `yaml:"note"`
}

// knownEvent exists at the provider and cannot be forged.
type knownEvent struct {
	Name      string    `yaml:"name"`
	Why       string    `yaml:"why"`
	Certainty Certainty `yaml:"certainty"`
	Match     []string  `yaml:"match"`
}

// templates is one text or a list of them.
type templates []string

// UnmarshalYAML takes a text for a list of one.
func (t *templates) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.SequenceNode {
		var one string
		if err := n.Decode(&one); err != nil {
			return err
		}
		*t = templates{one}
		return nil
	}
	var many []string
	if err := n.Decode(&many); err != nil {
		return err
	}
	*t = many
	return nil
}

// detectDef is "path" or a mapping.
type detectDef struct {
	path    bool
	generic bool
	present []templates
	absent  []string
	equals  map[string]string
}

// UnmarshalYAML reads either form.
func (d *detectDef) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		if n.Value != "path" {
			return faultAt(n, "detect: expected path, or present, equals and absent")
		}
		d.path = true
		return nil
	}
	return decodeMapping(n, map[string]any{"present": &d.present, "absent": &d.absent, "equals": &d.equals, "generic": &d.generic})
}

// UnmarshalYAML takes a text for a spelling that is only understood, never sent.
func (a *Alias) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		a.Certainty = Guessed
		return n.Decode(&a.Name)
	}
	return decodeMapping(n, map[string]any{"name": &a.Name, "certainty": &a.Certainty})
}

// UnmarshalYAML takes a text for what the manner says.
func (m *Manner) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&m.Says)
	}
	return decodeMapping(n, map[string]any{"says": &m.Says, "certainty": &m.Certainty})
}

// decodeMapping decodes a mapping by hand, for the types that have a second form: the
// decoder's own check for unknown keys does not reach into them.
func decodeMapping(n *yaml.Node, fields map[string]any) error {
	if n.Kind != yaml.MappingNode {
		return faultAt(n, "expected a text or a mapping")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		target, ok := fields[key.Value]
		switch {
		case !ok:
			return faultAt(key, "unknown key %q%s", key.Value, expectedKeys(key.Value, slices.Collect(maps.Keys(fields))))
		case seen[key.Value]:
			return faultAt(key, "key %q is there twice", key.Value)
		}
		seen[key.Value] = true
		if err := n.Content[i+1].Decode(target); err != nil {
			return err
		}
	}
	return nil
}

func faultAt(n *yaml.Node, format string, args ...any) error {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: ", n.Line) + fmt.Sprintf(format, args...)}}
}

// The names that a provider cannot have: config and secret references use them.
var reservedNames = [...]string{"file", "stdin", "dev"}

// RefuseProviderName says why a name cannot be a provider's, or nothing.
func RefuseProviderName(name string) string {
	switch {
	case name == "":
		return "missing"
	case len(name) > 64:
		return "longer than 64 signs"
	case slices.Contains(reservedNames[:], name):
		return fmt.Sprintf("%q is reserved", name)
	case name[0] == '-':
		return fmt.Sprintf("%q: expected a letter or digit first", clip(name))
	}
	for i := range len(name) {
		if c := name[i]; c != '-' && !('a' <= c && c <= 'z') && !('0' <= c && c <= '9') {
			return fmt.Sprintf("%q: expected lower-case letters, digits and hyphens", clip(name))
		}
	}
	return ""
}
