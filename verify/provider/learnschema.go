package provider

import (
	"encoding/json"
	"maps"
	"slices"
)

// schemaNode is a JSON Schema (2020-12) as far as a shape needs one.
type schemaNode struct {
	Schema      string                 `json:"$schema,omitempty"`
	Title       string                 `json:"title,omitempty"`
	Description string                 `json:"description,omitempty"`
	Type        any                    `json:"type,omitempty"` // a text, or a list of them
	Required    []string               `json:"required,omitempty"`
	Properties  map[string]*schemaNode `json:"properties,omitempty"`
	Items       *schemaNode            `json:"items,omitempty"`
}

// Schema writes the shape as a JSON Schema: what no object lacks is required, what was
// null is nullable, and fields that nobody has seen are allowed.
func (s *Shape) Schema(title string) []byte {
	root := s.root.schema()
	root.Schema, root.Title = "https://json-schema.org/draft/2020-12/schema", title
	root.Description = "Learned from " + countOf(s.bodies) + "."
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil // nothing in it fails to encode
	}
	return append(text, '\n')
}

func (n *shapeNode) schema() *schemaNode {
	out := &schemaNode{}
	switch names := n.types.Names(); len(names) {
	case 0:
	case 1:
		out.Type = names[0]
	default:
		out.Type = names
	}
	for _, key := range slices.Sorted(maps.Keys(n.fields)) {
		field := n.fields[key]
		if out.Properties == nil {
			out.Properties = map[string]*schemaNode{}
		}
		out.Properties[key] = field.schema()
		if field.seen == n.objects {
			out.Required = append(out.Required, key)
		}
	}
	if n.element != nil {
		out.Items = n.element.schema()
	}
	return out
}
