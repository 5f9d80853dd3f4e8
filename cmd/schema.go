package cmd

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whk/tui"
	"whk/verify"
	"whk/verify/explain"
	"whk/verify/provider"
)

// schemaDialect is the dialect of every schema that is printed.
const schemaDialect = "https://json-schema.org/draft/2020-12/schema"

// The schemas of what other packages read by hand; the tests hold them against the code.
var (
	//go:embed schema/provider.json
	providerSchema string
	//go:embed schema/sample.json
	sampleSchema string
	//go:embed schema/suite.json
	suiteSchema string
)

// schemaEntry is one schema that can be printed.
type schemaEntry struct {
	name, about string
	make        func() ([]byte, error)
}

func (a *app) schemas() []schemaEntry {
	embedded := func(text string) func() ([]byte, error) {
		return func() ([]byte, error) { return []byte(text), nil }
	}
	return []schemaEntry{
		{"output", "the JSON lines of every command (--json)", outputSchema},
		{"config", "the configuration files .whk.yaml and config.yaml", configSchema},
		{"provider", "a provider definition, provider.yaml", embedded(providerSchema)},
		{"sample", "a sample of a provider definition, samples/*.json", embedded(sampleSchema)},
		{"suite", "a suite of whk test, FILE.yaml", embedded(suiteSchema)},
	}
}

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema [NAME]",
		Short: "Print the JSON Schema of an output or a file",
		Long: `Print the JSON Schema (2020-12) of what whk writes and reads; without a name, list what
there is. Editors use them to check and complete files, programs to make types.` + exitHelp(codeUsage),
		Example: `  whk schema
  whk schema output
  whk schema provider > provider.schema.json`,
		Args: atMost(1), Annotations: map[string]string{noConfig: ""},
		RunE: func(_ *cobra.Command, args []string) error { return a.schema(args) },
	}
}

func (a *app) schema(args []string) error {
	all := a.schemas()
	if len(args) == 0 {
		for _, s := range all {
			fmt.Fprintf(a.Out, "%s  %s\n", a.out.bold(pad(s.name, len("provider"))), s.about)
		}
		return nil
	}
	name := strings.ToLower(args[0])
	if name == "definition" {
		name = "provider"
	}
	i := slices.IndexFunc(all, func(s schemaEntry) bool { return s.name == name })
	if i < 0 {
		var names []string
		for _, s := range all {
			names = append(names, s.name)
		}
		text := "whk schema lists what there is"
		if nearest := provider.Nearest(name, names); len(nearest) > 0 {
			text = "did you mean " + provider.Either(nearest) + "? " + text
		}
		return hint(usagef("schema %s: there is none", args[0]), text)
	}
	text, err := all[i].make()
	if err != nil {
		return err
	}
	_, err = a.Out.Write(append(bytes.TrimRight(text, "\n"), '\n'))
	return err
}

// outputKind is one type of JSON line.
type outputKind struct {
	kind  string
	about string
	of    []reflect.Type // one, or the forms that it has
}

// outputKinds lists the type of every line that a command emits.
func outputKinds() []outputKind {
	return []outputKind{
		{"ready", "the listener receives", types(readyJSON{})},
		{"event", "a delivery that was received, with what was thought of it", types(eventJSON{})},
		{"attempt", "what a target answered to an event", types(attemptJSON{}, replayedJSON{})},
		{"delivery", "a request that whk send forged, with --dry-run", types(sentJSON{})},
		{"summary", "how a run went: that of a listener, of deliveries that were sent, of events that were exported, imported, removed or taken off a queue, or of a test", types(listenSummaryJSON{}, summaryJSON{}, replaySummaryJSON{}, exportedJSON{}, importedJSON{}, prunedJSON{}, unqueuedJSON{}, testSummaryJSON{})},
		{"verification", "the verdict of whk verify", types(verificationJSON{})},
		{"signature", "the headers that whk sign made", types(signatureJSON{})},
		{"check", "a finding of whk doctor, or the result of a check of whk test", types(check{}, testCheckJSON{})},
		{"report", "the report of whk test as one document, with --report json=FILE", types(testReportJSON{})},
		{"catalogue", "a check that whk test knows", types(testInfoJSON{})},
		{"provider", "what is known about a provider", types(providerJSON{})},
		{"diff", "a comparison of two events, or of the old and new values of one", types(comparedJSON{})},
		{"sample", "a sample that was made of an event", types(savedJSON{})},
		{"fault", "something wrong with a definition, of whk providers lint", types(faultJSON{})},
		{"learned", "a definition that whk providers learn has written", types(learnedJSON{})},
		{"definition", "a definition that whk providers new has begun", types(newProviderJSON{})},
		{"stats", "what was counted of the stored events", types(statsJSON{})},
		{"drift", "how the body of an event departs from the shape that it is known to have", types(driftJSON{})},
		{"version", "the version of whk", types(versionJSON{})},
		{"path", "a file or folder that whk looks at", types(pathJSON{})},
		{"setting", "the value of a setting, and where it comes from", types(settingJSON{})},
		{"trust", "a project file, and whether it is trusted", types(trustJSON{})},
		{"secret", "a secret that is kept, without its value", types(keptSecretJSON{})},
	}
}

func types(values ...any) []reflect.Type {
	var all []reflect.Type
	for _, v := range values {
		all = append(all, reflect.TypeOf(v))
	}
	return all
}

// outputSchema is made of the very types that are written.
func outputSchema() ([]byte, error) {
	root := &jsonschema.Schema{
		Schema: schemaDialect, Title: "whk output",
		Description: "One JSON object a line. Its type says which of the forms below it has; the first object of a run carries the version of this schema.",
		Type:        "object", Required: []string{"type"}, Defs: map[string]*jsonschema.Schema{},
	}
	for _, k := range outputKinds() {
		for i, t := range k.of {
			s, err := lineSchema(k, t)
			if err != nil {
				return nil, fmt.Errorf("schema of %s: %w", k.kind, err)
			}
			name := k.kind
			if i > 0 {
				name = fmt.Sprintf("%s-%d", k.kind, i+1)
			}
			root.Defs[name] = s
			root.AnyOf = append(root.AnyOf, &jsonschema.Schema{Ref: "#/$defs/" + name})
		}
	}
	return json.MarshalIndent(root, "", "  ")
}

func lineSchema(k outputKind, t reflect.Type) (*jsonschema.Schema, error) {
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: typeSchemas()})
	if err != nil {
		return nil, err
	}
	notNull(s)
	relax(s, t)
	s.Description = k.about
	s.Properties["type"] = &jsonschema.Schema{Const: jsonschema.Ptr[any](k.kind)}
	s.Properties["schema"] = &jsonschema.Schema{Const: jsonschema.Ptr[any](schemaVersion), Description: "in the first object of a run"}
	s.PropertyOrder = append([]string{"type", "schema"}, s.PropertyOrder...)
	s.Required = append([]string{"type"}, s.Required...)
	return s, nil
}

// notNull takes back that lists and pointers may be null: those that are empty are left
// out.
func notNull(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if len(s.Types) == 2 && s.Types[0] == "null" {
		s.Type, s.Types = s.Types[1], nil
	}
	notNull(s.Items)
	for _, p := range s.Properties {
		notNull(p)
	}
}

// relax takes back that the fields of an embedded pointer are required: an attempt that
// was not answered has no headers.
func relax(s *jsonschema.Schema, t reflect.Type) {
	if s == nil {
		return
	}
	if t.Kind() == reflect.Slice {
		relax(s.Items, t.Elem())
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case f.Anonymous && f.Type.Kind() == reflect.Pointer:
			for j := range f.Type.Elem().NumField() {
				s.Required = slices.DeleteFunc(s.Required, func(name string) bool { return name == jsonName(f.Type.Elem().Field(j)) })
			}
		case f.Anonymous:
			relax(s, f.Type)
		default:
			relax(s.Properties[jsonName(f)], f.Type)
		}
	}
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// typeSchemas describes the types that write themselves.
func typeSchemas() map[reflect.Type]*jsonschema.Schema {
	text := func(values ...any) *jsonschema.Schema { return &jsonschema.Schema{Type: "string", Enum: values} }
	counts := &jsonschema.Schema{Type: "object", AdditionalProperties: &jsonschema.Schema{Type: "integer"}}
	return map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[verify.Status]():        text(verify.Valid, verify.Invalid, verify.Missing, verify.Unsigned, verify.Unchecked),
		reflect.TypeFor[verify.Reason]():        {Type: "string"},
		reflect.TypeFor[verify.Outcome]():       text(verify.Answered, verify.Refused, verify.TimedOut, verify.Reset, verify.Failed, verify.Interrupted),
		reflect.TypeFor[provider.Certainty]():   text(provider.Documented, provider.Seen, provider.Guessed),
		reflect.TypeFor[milliseconds]():         {Type: "number", Minimum: jsonschema.Ptr(0.0)},
		reflect.TypeFor[explain.Milliseconds](): {Type: "number", Minimum: jsonschema.Ptr(0.0)},
		reflect.TypeFor[explain.Cause]():        text(causes()...),
		reflect.TypeFor[explain.FamilyName]():   text(familyNames()...),
		reflect.TypeFor[[]byte]():               {Type: "string", ContentEncoding: "base64"},
		reflect.TypeFor[http.Header](): {Type: "object", Description: "every value of every header, by name",
			AdditionalProperties: &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{Type: "string"}}},
		reflect.TypeFor[map[verify.Status]int]():   counts,
		reflect.TypeFor[map[verify.Status]int64](): counts,
		reflect.TypeFor[map[string]int64]():        counts,
		reflect.TypeFor[provider.DepartureKind]():  text(provider.NewField, provider.TypeChanged, provider.FieldGone),
		reflect.TypeFor[map[verify.Outcome]int]():  counts,
		reflect.TypeFor[map[int]int]():             counts,
	}
}

// actions are the ids of what keys can be bound to.
func actions() []any {
	var ids []any
	for _, id := range tui.Actions() {
		ids = append(ids, id)
	}
	return ids
}

// configSchema follows the flags of whk listen, which are the keys of the section
// listen.
func configSchema() ([]byte, error) {
	flags := pflag.NewFlagSet("listen", pflag.ContinueOnError)
	new(listenFlags).add(flags)
	(&app{}).newRoot().PersistentFlags().VisitAll(func(f *pflag.Flag) { flags.AddFlag(f) })
	listen := object("Values for the flags of whk listen; store and color hold for every command.")
	flags.VisitAll(func(f *pflag.Flag) {
		switch f.Name {
		case "help", "route", "secret", "secret-file", "secret-stdin", "profile":
			return
		}
		listen.Properties[strings.ReplaceAll(f.Name, "-", "_")] = flagSchema(f)
	})
	reference := &jsonschema.Schema{Type: "string", Pattern: "^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$",
		Description: "Where the secret is: env:NAME or file:PATH. A file never holds the secret itself."}
	one := object("What is said about one provider.")
	one.Properties["path"] = &jsonschema.Schema{Type: "string", Pattern: `^/[^\s?#\\]*$`, Description: "Where its deliveries arrive; /NAME when left out."}
	one.Properties["file"] = &jsonschema.Schema{Type: "string", Description: "A definition file for a provider that is not built in."}
	one.Properties["secret"] = reference
	one.Properties["secrets"] = &jsonschema.Schema{Type: "array", MinItems: jsonschema.Ptr(1), Items: reference.CloneSchemas(), Description: "Several secrets, any of which may match."}
	one.Not = &jsonschema.Schema{Required: []string{"secret", "secrets"}}
	providers := &jsonschema.Schema{Type: "object", Description: "Providers by name.", AdditionalProperties: one,
		PropertyNames: &jsonschema.Schema{Pattern: "^[a-z0-9][a-z0-9-]{0,63}$"}}
	route := object("Events that go to a target of their own.")
	route.Properties["event"] = &jsonschema.Schema{Type: "string", Pattern: "^[^=]+$", Description: "A glob such as ploomes/Contacts.*"}
	route.Properties["to"] = &jsonschema.Schema{Types: []string{"string", "integer"}, Description: "The target: a port, a host or a URL."}
	route.Required = []string{"event", "to"}

	root := object("The configuration of whk: .whk.yaml of a project, which is committed and holds no secret, or config.yaml of a user.")
	root.Schema, root.Title = schemaDialect, "whk configuration"
	root.Required = []string{"version"}
	root.Properties["keys"] = &jsonschema.Schema{Type: "object", Description: "Keys of the screen by action, in the user file only; ? on the screen lists the actions.",
		PropertyNames:        &jsonschema.Schema{Enum: actions()},
		AdditionalProperties: &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "array", Items: &jsonschema.Schema{Type: "string"}}}}}
	root.Properties["version"] = &jsonschema.Schema{Const: jsonschema.Ptr[any](1), Description: "The version of this format."}
	root.Properties["listen"] = listen
	root.Properties["providers"] = providers
	root.Properties["routes"] = &jsonschema.Schema{Type: "array", Items: route, Description: "The first route that fits an event counts."}
	profile := object("What lies over the rest of the file while --profile or WHK_PROFILE names it.")
	profile.Properties["store"] = &jsonschema.Schema{Types: []string{"string", "number"}, MinLength: jsonschema.Ptr(1), Description: "Where this profile keeps events."}
	for _, name := range []string{"listen", "providers", "routes"} {
		profile.Properties[name] = root.Properties[name].CloneSchemas()
	}
	profile.Types, profile.Type = []string{"object", "null"}, ""
	root.Properties["profiles"] = &jsonschema.Schema{Type: "object", Description: "Profiles by name, in the user's file only.", AdditionalProperties: profile,
		PropertyNames: &jsonschema.Schema{Pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"}}
	root.PropertyOrder = []string{"version", "listen", "providers", "routes", "profiles"}
	return json.MarshalIndent(root, "", "  ")
}

// object is an object that has the properties it names and no others.
func object(description string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", Description: description, Properties: map[string]*jsonschema.Schema{},
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}}}
}

// flagSchema is what a file may say about a flag.
func flagSchema(f *pflag.Flag) *jsonschema.Schema {
	_, usage := pflag.UnquoteUsage(f)
	s := &jsonschema.Schema{Description: usage}
	enums := map[string][]any{"on-invalid": {"flag", "reject", "drop"}, "output": {"text", "json"}, "color": {"auto", "always", "never"}}
	switch kind := f.Value.Type(); kind {
	case "bool":
		s.Type = "boolean"
	case "int":
		s.Type = "integer"
	case "duration":
		s.Types = []string{"string", "integer"}
		s.Pattern, s.Maximum = `^[0-9.]+(ns|us|µs|ms|s|m|h)([0-9.]+(ns|us|µs|ms|s|m|h))*$|^0$`, jsonschema.Ptr(0.0)
	case "size":
		s.Types = []string{"string", "integer"}
	case "stringArray":
		s.Types, s.Items = []string{"string", "number", "array"}, &jsonschema.Schema{Types: []string{"string", "number"}}
	default:
		s.Types = []string{"string", "number"}
	}
	if values, ok := enums[f.Name]; ok {
		s.Type, s.Types, s.Enum = "string", nil, values
	}
	return s
}
