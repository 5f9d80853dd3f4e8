package cmd

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"whk/cmd/config"
	"whk/verify"
)

// printed is a schema as whk prints it.
func (d *desk) printed(name string) (*jsonschema.Schema, *jsonschema.Resolved) {
	d.t.Helper()
	var s jsonschema.Schema
	if err := json.Unmarshal([]byte(d.ok("schema", name)), &s); err != nil {
		d.t.Fatalf("schema %s: %v", name, err)
	}
	if s.Schema != schemaDialect {
		d.t.Errorf("schema %s: dialect %q", name, s.Schema)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		d.t.Fatalf("schema %s: %v", name, err)
	}
	return &s, resolved
}

// Real output of the commands keeps to the schema.
func TestSchemaOutput(t *testing.T) {
	d := newDesk(t)
	refused := verify.Result{Target: "http://localhost:1/", At: time.Now(), Outcome: verify.Refused, Error: "connection refused"}
	strange := eventAt(4, time.Now(), "unknown", "", "", verify.Verdict{Status: verify.Unchecked, Reason: verify.Incomplete}, "\xff\x00")
	strange.Cut, strange.Notes, strange.Delivery.Header = "the sender left", []string{"odd"}, nil
	replayed := answered(200, "\xff")
	replayed.Replay, replayed.Truncated = true, true
	d.store(append(threeEvents(time.Now()), strange), map[int64][]verify.Result{1: {refused, replayed}})
	target := free(t)
	writeFile(t, filepath.Join(d.dir, "other", ".whk.yaml"), "version: 1\nlisten: {addr: '0.0.0.0:1'}\n")
	writeFile(t, filepath.Join(d.dir, "secret.txt"), "some-secret-key\n")
	writeFile(t, filepath.Join(d.dir, "broken", "provider.yaml"), "version: 2\n")
	echo := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer echo.Close()
	_, resolved := d.printed("output")
	seen := map[string]bool{}
	for _, args := range [][]string{
		{"events", "list", "--json"},
		{"events", "show", "1", "--json"},
		{"version", "--json"},
		{"providers", "list", "--json"},
		{"providers", "show", "rentman", "--json"},
		{"providers", "show", "cassaincloud", "--json"},
		{"providers", "show", "ubiqo", "--json"},
		{"doctor", "--json"},
		{"demo", "--json"},
		{"listen", "3000", "--json", "--addr", "127.0.0.1:0", "--timeout", "1ms", "--store", "other.db"},
		{"send", "rentman/Contact.create", "http://" + target, "--json", "--secret-dev"},
		{"send", "ploomes/Contacts.Update", "--dry-run", "--json"},
		{"send", "rentman/Contact.create", "http://" + target, "--json", "-n", "3"},
		{"replay", "1", "http://" + target, "--json"},
		{"verify", "1", "--json"},
		{"verify", "2", "--json"},
		{"sign", "rentman", "--json"},
		{"events", "tail", "--json"},
		{"events", "stats", "--json"},
		{"events", "drift", "--json"},
		{"events", "prune", "--keep", "1", "--dry-run", "--json"},
		{"events", "diff", "1", "2", "--json", "--unified"},
		{"events", "diff", "1", "4", "--json"},
		{"events", "save", "1", "--as", "mine", "--json"},
		{"providers", "new", "begun", "--kind", "none", "--event-path", "what", "--out", "begun", "--json"},
		{"providers", "learn", "1..3", "--name", "learned", "--out", "learned", "--json"},
		{"providers", "lint", "broken", "--json"},
		{"config", "path", "--json"},
		{"config", "show", "--json"},
		{"trust", "other", "--show", "--json"},
		{"trust", "other", "--yes", "--json"},
		{"trust", "--list", "--json"},
		{"secrets", "set", "cassaincloud", "--from-file", "secret.txt", "--json"},
		{"secrets", "list", "--json"},
		{"test", "http://" + target, "--provider", "rentman", "--json"},
		{"test", echo.URL + "/rentman", "--json", "--mode", "full", "--only", "sig.*", "--only", "http.chunked", "--skip", "sig.huge=why not", "--artifacts", "kept"},
		{"test", "--list", "--provider", "rentman", "--json"},
		{"test", echo.URL + "/rentman", "--only", "sig.missing", "--report", "json=-"},
		{"test", "--explain", "raw.unicode", "--json"},
	} {
		stdout, stderr, _ := d.run(args...)
		if stdout == "" {
			t.Errorf("whk %s: no output; %s", strings.Join(args, " "), stderr)
		}
		for line := range strings.Lines(stdout) {
			var value map[string]any
			if err := json.Unmarshal([]byte(line), &value); err != nil {
				t.Fatalf("whk %s: %v in %s", strings.Join(args, " "), err, line)
			}
			kind, _ := value["type"].(string)
			seen[kind] = true
			if err := resolved.Validate(value); err != nil {
				t.Errorf("whk %s: %v in\n%s", strings.Join(args, " "), err, line)
			}
		}
	}
	for _, k := range outputKinds() {
		if !seen[k.kind] {
			t.Errorf("no command of this test wrote a line of type %s", k.kind)
		}
	}
	for _, wrong := range []string{`{"type":"nonsense"}`, `{"n":1}`, `{"type":"version","version":"1","go":"1","os":"x","arch":"y","more":1}`, `{"type":"version"}`} {
		var value any
		if err := json.Unmarshal([]byte(wrong), &value); err != nil {
			t.Fatal(err)
		}
		if resolved.Validate(value) == nil {
			t.Errorf("%s keeps to the schema", wrong)
		}
	}
}

// Every line that is emitted anywhere has a type in the schema.
func TestSchemaKnowsEveryKind(t *testing.T) {
	var known []string
	for _, k := range outputKinds() {
		known = append(known, k.kind)
	}
	for _, file := range parseFolder(t, ".") {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); !ok || sel.Sel.Name != "emit" {
				return true
			}
			literal, ok := call.Args[0].(*ast.BasicLit)
			if !ok {
				return true
			}
			if kind, err := strconv.Unquote(literal.Value); err != nil || !slices.Contains(known, kind) {
				t.Errorf("lines of type %s are emitted and not in whk schema output", literal.Value)
			}
			return true
		})
	}
}

func parseFolder(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no Go in %s: %v", dir, err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// keysOf are the keys that a struct of a package reads, by their tags.
func keysOf(t *testing.T, dir, structName, tag string) []string {
	t.Helper()
	var keys []string
	for _, file := range parseFolder(t, dir) {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name != structName {
				return true
			}
			fields, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			for _, f := range fields.Fields.List {
				if f.Tag == nil {
					continue
				}
				text, err := strconv.Unquote(f.Tag.Value)
				if err != nil {
					t.Fatal(err)
				}
				name, _, _ := strings.Cut(reflect.StructTag(text).Get(tag), ",")
				keys = append(keys, name)
			}
			return false
		})
	}
	if len(keys) == 0 {
		t.Fatalf("no struct %s with %s keys in %s", structName, tag, dir)
	}
	slices.Sort(keys)
	return keys
}

func propertiesOf(s *jsonschema.Schema) []string {
	var keys []string
	for name := range s.Properties {
		keys = append(keys, name)
	}
	slices.Sort(keys)
	return keys
}

// The schemas of definitions and samples have the keys that the loader reads.
func TestSchemaHasTheKeysOfTheLoader(t *testing.T) {
	const providers = "../verify/provider"
	d := newDesk(t)
	definition, _ := d.printed("provider")
	sample, _ := d.printed("sample")
	tests := []struct {
		schema               *jsonschema.Schema
		dir, structName, tag string
	}{
		{definition, providers, "definition", "yaml"},
		{definition.Defs["event"], providers, "eventDef", "yaml"},
		{definition.Defs["time"], providers, "timeDef", "yaml"},
		{definition.Defs["entity"], providers, "entityDef", "yaml"},
		{definition.Defs["override"], providers, "eventCertainty", "yaml"},
		{definition.Defs["known"], providers, "knownEvent", "yaml"},
		{definition.Defs["docs"], providers, "Docs", "yaml"},
		{definition.Defs["claim"], providers, "Claim", "yaml"},
		{definition.Defs["alias"].AnyOf[1], providers, "Alias", "yaml"},
		{definition.Defs["action"], providers, "Action", "yaml"},
		{definition.Defs["manners"], providers, "Manners", "yaml"},
		{definition.Defs["manner"].AnyOf[1], providers, "Manner", "yaml"},
		{definition.Defs["retries"], providers, "Retries", "yaml"},
		{definition.Defs["disable"], providers, "Disable", "yaml"},
		{definition.Defs["budget"], providers, "Budget", "yaml"},
		{definition.Defs["recipe"], "../verify", "Recipe", "yaml"},
		{definition.Defs["timestamp"], "../verify", "Timestamp", "yaml"},
		{definition.Defs["conditions"], "../verify", "Conditions", "yaml"},
		{definition.Defs["bodyFields"], "../verify", "BodyFields", "yaml"},
		{definition.Defs["handshake"], providers, "handshakeDef", "yaml"},
		{definition.Defs["proof"], providers, "proofDef", "yaml"},
		{sample, providers, "sampleFile", "json"},
		{sample.Defs["variant"], providers, "variant", "json"},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(keysOf(t, tt.dir, tt.structName, tt.tag), propertiesOf(tt.schema)); diff != "" {
			t.Errorf("%s (-loader +schema):\n%s", tt.structName, diff)
		}
	}
}

// The built-in definitions and samples keep to the schemas, and a mistake does not.
func TestSchemaOfDefinitions(t *testing.T) {
	d := newDesk(t)
	_, definition := d.printed("definition")
	_, sample := d.printed("sample")
	read := 0
	err := filepath.WalkDir("../verify/provider", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.Contains(path, "testdata") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		switch {
		case entry.Name() == "provider.yaml":
			value := fromYAML(t, string(text))
			if err := definition.Validate(value); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			value["entitys"] = map[string]any{}
			if definition.Validate(value) == nil {
				t.Errorf("%s: an unknown key keeps to the schema", path)
			}
			read++
		case filepath.Ext(path) == ".json":
			var value any
			if err := json.Unmarshal(text, &value); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if err := sample.Validate(value); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			read++
		}
		return nil
	})
	if err != nil || read < 10 {
		t.Errorf("%d files were read: %v", read, err)
	}
}

// fromYAML reads YAML the way a schema sees it.
func fromYAML(t *testing.T, text string) map[string]any {
	t.Helper()
	var value map[string]any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	plain, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	value = nil
	if err := json.Unmarshal(plain, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// What the loader of configurations takes keeps to the schema, and what it refuses for
// its form does not.
func TestSchemaConfig(t *testing.T) {
	d := newDesk(t)
	schema, resolved := d.printed("config")
	tests := []struct {
		name, text string
		ok         bool
	}{
		{"least", "version: 1\n", true},
		{"all", `version: 1
listen: {addr: "127.0.0.1:4400", on_invalid: flag, count: 3, timeout: 30s, max_body: 1MiB, ack: true, forward_to: ["3000"], events: "rentman/*"}
providers:
  rentman: {path: /rentman, secret: env:RENTMAN_TOKEN}
  ploomes: {path: /ploomes, secrets: [env:PLOOMES_KEY, file:keys/ploomes]}
routes:
  - {event: "ploomes/Contacts.*", to: "http://localhost:3000/crm"}
`, true},
		{"profiles", `version: 1
profiles:
  work: {store: work.db, listen: {addr: "127.0.0.1:4500"}, providers: {rentman: {secret: env:W}}, routes: [{event: "*", to: 3000}]}
  empty:
`, true},
		{"unknown key of a profile", "version: 1\nprofiles: {work: {addr: x}}\n", false},
		{"name of a profile", "version: 1\nprofiles: {'a b': {}}\n", false},
		{"profile of a file", "version: 1\nlisten: {profile: work}\n", false},
		{"no version", "listen: {}\n", false},
		{"another version", "version: 2\n", false},
		{"unknown key", "version: 1\nlisten: {adr: x}\n", false},
		{"unknown section", "version: 1\nlisten_: {}\n", false},
		{"a duration without unit", "version: 1\nlisten: {timeout: 30}\n", false},
		{"a number that is text", "version: 1\nlisten: {count: many}\n", false},
		{"a secret itself", "version: 1\nproviders: {rentman: {secret: abc}}\n", false},
		{"secret twice", "version: 1\nproviders: {rentman: {secret: env:A, secrets: [env:B]}}\n", false},
		{"name of a provider", "version: 1\nproviders: {Rentman: {secret: env:A}}\n", false},
		{"path", "version: 1\nproviders: {rentman: {path: rentman}}\n", false},
		{"route without target", "version: 1\nroutes: [{event: a}]\n", false},
	}
	for _, tt := range tests {
		value := fromYAML(t, tt.text)
		err := resolved.Validate(value)
		if (err == nil) != tt.ok {
			t.Errorf("%s: schema: %v", tt.name, err)
		}
		writeFile(t, filepath.Join(d.dir, "config.yaml"), tt.text)
		if err := d.loads("config.yaml"); (err == nil) != tt.ok {
			t.Errorf("%s: loader: %v", tt.name, err)
		}
	}
	// Every key of the schema is one that the loader knows.
	for name := range schema.Properties["listen"].Properties {
		writeFile(t, filepath.Join(d.dir, "config.yaml"), "version: 1\nlisten: {"+name+": {}}\n")
		if err := d.loads("config.yaml"); err == nil || strings.Contains(err.Error(), "unknown key") {
			t.Errorf("listen.%s: %v", name, err)
		}
	}
}

// loads reads a user's configuration as the commands do.
func (d *desk) loads(file string) error {
	flags := pflag.NewFlagSet("listen", pflag.ContinueOnError)
	new(listenFlags).add(flags)
	(&app{}).newRoot().PersistentFlags().VisitAll(func(f *pflag.Flag) { flags.AddFlag(f) })
	d.env["WHK_CONFIG"] = filepath.Join(d.dir, file)
	_, err := config.Load(config.Options{Dir: d.dir, Listen: flags, Paths: config.Paths{
		Env: func(name string) (string, bool) { value, ok := d.env[name]; return value, ok }}})
	return err
}

func TestSchemaRefuses(t *testing.T) {
	d := newDesk(t)
	if _, stderr, code := d.run("schema", "ouput"); code != codeUsage || !strings.Contains(stderr, "did you mean output?") {
		t.Errorf("code %d, %q", code, stderr)
	}
	for _, s := range (&app{}).schemas() {
		if !strings.Contains(d.ok("schema"), s.name+" ") {
			t.Errorf("%s is not listed", s.name)
		}
	}
}
