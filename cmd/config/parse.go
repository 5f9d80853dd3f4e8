package config

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// maxFile bounds a configuration file; what people write stays far below it.
const maxFile = 1 << 20

// File is one configuration file as it is written, before anything is judged or
// merged.
type File struct {
	// Path is absolute; Name is what messages show, ".whk.yaml" or "../.whk.yaml".
	Path, Name string
	// Layer is Project or User.
	Layer Layer
	// Trusted says whether the file may do what a user's own file may.
	Trusted bool

	sections
	keys     map[string][]string
	profiles []profile
	// reading is the profile whose keys are being read, or "".
	reading string
}

// sections are what a file, or a profile in it, says about the rest of the program.
type sections struct {
	listen    []setting
	routes    *setting
	providers []entry
}

// setting is the value of one flag.
type setting struct {
	flag string
	// name is how messages call it: "listen.addr", "profiles.work.listen.addr".
	name   string
	values []string
	// at has the place of each value, for messages about one of several.
	at  []Source
	src Source
}

// entry is what the file says about one provider.
type entry struct {
	name       string
	prefix     string // "providers.rentman."
	src        Source
	path       Value
	definition FileRef
	secrets    []SecretRef
}

// parse reads a file's bytes and nothing else: no other file, no environment. The
// flags are those of listen; they say which keys and which types there are.
func (f *File) parse(content []byte, flags *pflag.FlagSet, bind func(action string, keys []string) error) error {
	var doc, more yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	if err := decoder.Decode(&doc); errors.Is(err, io.EOF) {
		return nil // empty, or comments only
	} else if err != nil {
		return f.syntax(err)
	}
	if err := decoder.Decode(&more); err == nil {
		return f.at(&more).errorf("remove the line ---", "a second document in one file")
	} else if !errors.Is(err, io.EOF) {
		return f.syntax(err)
	}
	root := doc.Content[0]
	if root.ShortTag() == "!!null" {
		return nil
	}
	if err := f.plain(root); err != nil {
		return err
	}
	if stray := child(root, "profiles"); stray != nil && f.Layer == Project {
		return f.at(stray).errorf("write them in the user file; whk config path says where it is", "profiles: a project file has none")
	}
	if stray := child(root, "keys"); stray != nil && f.Layer == Project {
		return f.at(stray).errorf("write them in the user file; whk config path says where it is", "keys: a project file binds none")
	}
	known := []string{"version", "listen", "providers", "routes"}
	if f.Layer == User {
		known = append(known, "keys", "profiles")
	}
	keys, err := f.mapping(root, "", known...)
	if err != nil {
		return err
	}
	version, ok := keys["version"]
	if !ok {
		return &Error{File: f.Name, Line: root.Line, Msg: "the key version is missing", Hint: "begin the file with: version: 1"}
	}
	if version.Kind != yaml.ScalarNode || version.Value != "1" {
		return f.at(version).errorf("this whk reads version: 1", "version: not a version that is known here")
	}
	f.sections, err = f.parseSections(keys, "", flags)
	if node := keys["keys"]; node != nil {
		err = first(err, f.parseKeys(node, bind))
	}
	if node := keys["profiles"]; node != nil {
		err = first(err, f.parseProfiles(node, flags))
	}
	return err
}

// parseSections reads the sections among the keys of a file or of a profile; prefix is
// how messages call the latter.
func (f *File) parseSections(keys map[string]*yaml.Node, prefix string, flags *pflag.FlagSet) (s sections, err error) {
	var problem error
	if node := keys["listen"]; node != nil {
		s.listen, problem = f.parseListen(node, prefix+"listen.", flags)
		err = first(err, problem)
	}
	if node := keys["providers"]; node != nil {
		s.providers, problem = f.parseProviders(node, prefix+"providers.")
		err = first(err, problem)
	}
	if node := keys["routes"]; node != nil {
		s.routes, problem = f.parseRoutes(node, prefix+"routes")
		err = first(err, problem)
	}
	return s, err
}

// parseKeys reads which keys do what on the screen: action: key, or a list of keys. Bind
// knows the actions.
func (f *File) parseKeys(node *yaml.Node, bind func(string, []string) error) error {
	actions, err := f.mapping(node, "keys.")
	if err != nil {
		return err
	}
	f.keys = map[string][]string{}
	for action, value := range actions {
		nodes := []*yaml.Node{value}
		if value.Kind == yaml.SequenceNode {
			nodes = value.Content
		}
		for _, n := range nodes {
			text, problem := f.scalar(n, "keys."+quoteOdd(action), "stringArray")
			err = first(err, problem)
			f.keys[action] = append(f.keys[action], text)
		}
		if bind == nil || err != nil {
			continue
		}
		if problem := bind(action, f.keys[action]); problem != nil {
			err = first(err, f.at(value).errorf("? on the screen lists the actions", "%v", problem))
		}
	}
	return err
}

// first keeps the error that stands higher in the file, so that a person who mends a
// file goes through it from top to bottom.
func first(a, b error) error {
	var x, y *Error
	if a == nil || b != nil && errors.As(a, &x) && errors.As(b, &y) &&
		(y.Line < x.Line || y.Line == x.Line && y.Column < x.Column) {
		return b
	}
	return a
}

func (f *File) parseListen(node *yaml.Node, prefix string, flags *pflag.FlagSet) ([]setting, error) {
	known := map[string]*pflag.Flag{}
	if flags != nil {
		flags.VisitAll(func(fl *pflag.Flag) {
			if !internal(fl.Name) {
				known[key(fl.Name)] = fl
			}
		})
	}
	for _, name := range []string{"route", "secret", "secret_file", "secret_stdin", "profile"} {
		if stray := child(node, name); stray != nil {
			instead := "secrets stand under their provider: providers: {rentman: {secret: env:NAME}}"
			switch name {
			case "route":
				instead = "routes stand in a list of their own: routes: [{event: GLOB, to: URL}]"
			case "profile":
				instead = "choose one with --profile or WHK_PROFILE"
			}
			return nil, f.at(stray).errorf(instead, "%s%s: not a key of a file", prefix, name)
		}
		delete(known, name)
	}
	keys, err := f.mapping(node, prefix, slices.AppendSeq([]string{}, maps.Keys(known))...)
	if err != nil {
		return nil, err
	}
	var all []setting
	for name, value := range keys {
		s, problem := f.setting(known[name], value, prefix+name)
		err = first(err, problem)
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b setting) int { return strings.Compare(a.flag, b.flag) })
	return all, err
}

// setting reads the value of one flag: a scalar of the flag's type, or a list of them
// where the flag may be repeated.
func (f *File) setting(flag *pflag.Flag, node *yaml.Node, name string) (setting, error) {
	s := setting{flag: flag.Name, name: name, src: f.at(node)}
	nodes := []*yaml.Node{node}
	if _, repeatable := flag.Value.(pflag.SliceValue); repeatable && node.Kind == yaml.SequenceNode {
		nodes = node.Content
	}
	for _, n := range nodes {
		text, err := f.scalar(n, name, flag.Value.Type())
		if err != nil {
			return s, err
		}
		s.values, s.at = append(s.values, text), append(s.at, f.at(n))
	}
	return s, nil
}

// scalar is the text of a scalar that suits a flag's type, as it is written.
func (f *File) scalar(node *yaml.Node, name, kind string) (string, error) {
	tag := node.ShortTag()
	var fits bool
	switch kind {
	case "bool":
		fits = tag == "!!bool"
	case "int", "int64", "uint", "uint16", "uint32", "uint64", "count":
		fits = tag == "!!int"
	case "float64":
		fits = tag == "!!int" || tag == "!!float"
	case "duration":
		fits = tag == "!!str" || node.Value == "0"
	case "size":
		fits = tag == "!!str" || tag == "!!int"
	default:
		fits = tag == "!!str" || tag == "!!int" || tag == "!!float" || tag == "!!timestamp"
	}
	if node.Kind != yaml.ScalarNode || !fits {
		return "", f.at(node).errorf("", "%s: want %s, got %s", name, wanted(kind), kindOf(node))
	}
	return node.Value, nil
}

func (f *File) parseRoutes(node *yaml.Node, section string) (*setting, error) {
	if node.Kind != yaml.SequenceNode {
		return nil, f.at(node).errorf("write routes: [{event: GLOB, to: URL}]", "%s: want a list, got %s", section, kindOf(node))
	}
	s := setting{flag: "route", name: section + ".to", src: f.at(node)}
	for _, n := range node.Content {
		keys, err := f.mapping(n, section+".", "event", "to")
		if err != nil {
			return nil, err
		}
		var texts [2]string
		for i, name := range []string{"event", "to"} {
			if keys[name] == nil {
				return nil, f.at(n).errorf("write {event: GLOB, to: URL}", "%s: the key %s is missing", section, name)
			}
			if texts[i], err = f.scalar(keys[name], section+"."+name, "string"); err != nil {
				return nil, err
			}
		}
		event, to := texts[0], texts[1]
		// The flag --route separates the two by the first equals sign.
		if event == "" || strings.Contains(event, "=") {
			return nil, f.at(keys["event"]).errorf("write a glob such as ploomes/Contacts.*", "%s.event: not the name of an event", section)
		}
		s.values, s.at = append(s.values, event+"="+to), append(s.at, f.at(keys["to"]))
	}
	return &s, nil
}

// mapping indexes the values of a mapping by key. Keys that are not known (if any are
// named at all) and keys that stand twice are errors: a setting that is silently
// ignored costs an afternoon.
func (f *File) mapping(node *yaml.Node, prefix string, known ...string) (map[string]*yaml.Node, error) {
	what := strings.TrimSuffix(prefix, ".")
	if what == "" {
		what = "the file"
	}
	if node.Kind != yaml.MappingNode {
		return nil, f.at(node).errorf("", "%s: want keys and values, got %s", what, kindOf(node))
	}
	found := make(map[string]*yaml.Node, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		k, v := node.Content[i], node.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			return nil, f.at(k).errorf("", "%s: %s cannot be a key", what, kindOf(k))
		}
		if known != nil && !slices.Contains(known, k.Value) {
			return nil, f.at(k).errorf(didYouMean(k.Value, known), "unknown key %s%s", prefix, quoteOdd(k.Value))
		}
		if before, twice := found[k.Value]; twice {
			return nil, f.at(k).errorf("", "the key %s%s stands twice, first with the value in line %d", prefix, quoteOdd(k.Value), before.Line)
		}
		found[k.Value] = v
	}
	return found, nil
}

// plain refuses what only serves to make a small file large or a plain value special:
// aliases and tags of one's own.
func (f *File) plain(node *yaml.Node) error {
	if node.Kind == yaml.AliasNode {
		return f.at(node).errorf("write the value out", "aliases are not allowed here")
	}
	switch node.ShortTag() {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!map", "!!seq", "!!merge":
	default:
		return f.at(node).errorf("", "tags are not allowed here")
	}
	for _, n := range node.Content {
		if err := f.plain(n); err != nil {
			return err
		}
	}
	return nil
}

func (f *File) at(node *yaml.Node) Source {
	return Source{Layer: f.Layer, Name: f.Name, Line: node.Line, Column: node.Column, Profile: f.reading}
}

// syntax turns an error of the YAML reader into ours; it names a line and no column.
func (f *File) syntax(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	e := &Error{File: f.Name, Msg: "not YAML: " + quoteOdd(text)}
	if m := regexp.MustCompile(`^line (\d+): (.*)$`).FindStringSubmatch(text); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
		e.Msg = "not YAML: " + quoteOdd(m[2])
		// The reader counts lines from 0 in the errors of its grammar, from 1 in the rest.
		switch strings.TrimPrefix(m[2], "did not find expected ") {
		case "<document start>", "node content", "'-' indicator", "key", "',' or ']'", "',' or '}'":
			e.Line++
		}
	}
	return e
}

// child is the key node of a mapping's key, if it is there.
func child(node *yaml.Node, name string) *yaml.Node {
	for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i]
		}
	}
	return nil
}

// wanted describes a flag's type to someone who writes a file.
func wanted(kind string) string {
	switch kind {
	case "bool":
		return "true or false"
	case "int", "int64", "uint", "uint16", "uint32", "uint64", "count":
		return "a whole number"
	case "float64":
		return "a number"
	case "duration":
		return "a duration such as 30s"
	case "size":
		return "a size such as 25MiB"
	case "stringArray", "stringSlice":
		return "text or a list of texts"
	}
	return "text"
}

// kindOf names what a node is, never what it says.
func kindOf(node *yaml.Node) string {
	switch node.ShortTag() {
	case "!!map":
		return "keys and values"
	case "!!seq":
		return "a list"
	case "!!null":
		return "nothing"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	}
	return "text"
}

// quoteOdd quotes words that are not plain ones, cut to a length that fits a line.
func quoteOdd(s string) string {
	if len(s) > 80 {
		s = s[:80]
	}
	if q := strconv.Quote(s); q != `"`+s+`"` || s == "" {
		return q
	}
	return s
}
