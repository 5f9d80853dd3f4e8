package provider

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"whk/verify"
)

const schemaDefinition = `version: 1
name: acme
docs: {page: none}
certainty: guessed
detect: {present: ["{body.event}"]}
verify: [{kind: none}]
event: {name: "{body.event}"}
actions: [{name: created}]
entities: {order: {}}
`

func schemaFolder(t *testing.T, schema string) *Provider {
	t.Helper()
	files := fstest.MapFS{
		"acme/provider.yaml":              {Data: []byte(schemaDefinition)},
		"acme/samples/order.created.json": {Data: []byte(`{"events": ["order.created"], "body": {"event": "order.created", "total": 12, "lines": [{"id": 1}]}}`)},
	}
	if schema != "" {
		files["acme/schemas/order.created.json"] = &fstest.MapFile{Data: []byte(schema)}
	}
	p, err := Read(files, "acme", "acme/provider.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const orderSchema = `{
  "type": "object", "required": ["event", "total"],
  "properties": {
    "total": {"type": ["number", "null"]},
    "lines": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}}
  }
}`

func TestUnfit(t *testing.T) {
	tests := []struct{ name, event, body, want string }{
		{"fits", "order.created", `{"event":"order.created","total":12.5,"lines":[{"id":1}],"more":true}`, ""},
		{"null where it may be", "order.created", `{"event":"order.created","total":null}`, ""},
		{"another type", "order.created", `{"event":"order.created","total":"12"}`, `total: type: 12 has type "string", want one of "number, null"`},
		{"in a list", "order.created", `{"event":"order.created","total":1,"lines":[{"id":"x"}]}`, `id: type: x has type "string", want "integer"`},
		{"a field is missing", "order.created", `{"event":"order.created"}`, `required: missing properties: ["total"]`},
		{"no JSON", "order.created", `{`, ""},
		{"an event without a schema", "order.deleted", `{"event":"order.deleted"}`, ""},
	}
	p := schemaFolder(t, orderSchema)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := p.Unfit(tt.event, &verify.Delivery{Header: http.Header{}, Body: []byte(tt.body)})
			if err != nil || !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
}

func TestSchemasAreLinted(t *testing.T) {
	tests := []struct{ name, schema, want string }{
		{"sound", orderSchema, ""},
		{"none", "", ""},
		{"no JSON", `{"type": `, "no JSON Schema"},
		{"no schema", `{"type": 7}`, "no JSON Schema"},
		{"something else's", `{"$ref": "https://example.com/schema.json"}`, "no usable JSON Schema"},
		{"the sample does not fit", `{"required": ["customer"]}`, "does not fit schemas/order.created.json: required: missing properties"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			faults := schemaFolder(t, tt.schema).Lint()
			switch {
			case tt.want == "" && len(faults) > 0:
				t.Errorf("got %v, want none", faults)
			case tt.want != "" && (len(faults) != 1 || !strings.Contains(faults[0].Error(), tt.want)):
				t.Errorf("got %v, want one with %q", faults, tt.want)
			}
		})
	}
}
