package provider

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Fault is something wrong with a definition, and where.
type Fault struct {
	File string
	// Line and Column count from 1, columns in signs; both are 0 when the fault concerns
	// the file as a whole.
	Line, Column int
	// Says is what is wrong, and what was expected in its place.
	Says string
}

func (f Fault) Error() string {
	if f.Line == 0 {
		return f.File + ": " + f.Says
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Says)
}

// Position is the place of the fault as editors and compilers write it: file:line:column.
func (f Fault) Position() string {
	switch {
	case f.Line == 0:
		return f.File
	case f.Column == 0:
		return fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	return fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
}

// Faults is every fault that was found in one reading, in the order of the file.
type Faults []Fault

func (f Faults) Error() string {
	texts := make([]string, len(f))
	for i, fault := range f {
		texts[i] = fault.Error()
	}
	return strings.Join(texts, "\n")
}

// yamlFaults turns the decoder's errors into faults that name no Go types.
func yamlFaults(file string, data []byte, err error) Faults {
	// Compiled here, since a faulty definition is rare and every start would pay.
	lineNumber := regexp.MustCompile(`^(?:yaml: )?line (\d+): (?s:(.*))$`)
	unknownField := regexp.MustCompile(`^field (\S+) not found in type (\S+)$`)
	wrongType := regexp.MustCompile(`^cannot unmarshal (!!\S+)(?s:(.*)) into (\S+)$`)
	texts := []string{err.Error()}
	if typed := (*yaml.TypeError)(nil); errors.As(err, &typed) {
		texts = typed.Errors
	}
	var faults Faults
	for _, text := range texts {
		f := Fault{File: file, Line: 1, Says: strings.TrimPrefix(text, "yaml: ")}
		if m := lineNumber.FindStringSubmatch(text); m != nil {
			f.Line, _ = strconv.Atoi(m[1])
			f.Says = m[2]
		}
		if m := unknownField.FindStringSubmatch(f.Says); m != nil {
			f.Says = fmt.Sprintf("unknown key %q", m[1]) + expectedKeys(m[1], keysOf(m[2]))
		} else if m := wrongType.FindStringSubmatch(f.Says); m != nil {
			f.Says = fmt.Sprintf("expected %s, found %s%s", plainType(m[3]), plainTag(m[1]), m[2])
		}
		f.Column = columnOf(data, f.Line, text)
		faults = append(faults, f)
	}
	return faults
}

// expectedKeys says which keys could have been meant, or which there are.
func expectedKeys(key string, known []string) string {
	slices.Sort(known)
	if nearest := Nearest(key, known); len(nearest) > 0 {
		known = nearest
	}
	if len(known) == 0 {
		return ""
	}
	return "; expected " + strings.Join(known, ", ")
}

// keysOf lists the keys of a mapping of the format by the name of its type.
func keysOf(goType string) []string {
	var keys []string
	seen := map[reflect.Type]bool{}
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		for t.Kind() == reflect.Slice || t.Kind() == reflect.Map || t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || seen[t] {
			return
		}
		seen[t] = true
		for field := range t.Fields() {
			key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			if t.String() == goType && key != "" {
				keys = append(keys, key)
			}
			walk(field.Type)
		}
	}
	walk(reflect.TypeFor[definition]())
	return keys
}

// columnOf finds the column of what the decoder complains about: the key or value of the
// line that its message names, else where the line's text begins.
func columnOf(data []byte, line int, message string) int {
	var root yaml.Node
	if yaml.Unmarshal(data, &root) == nil {
		var found *yaml.Node
		eachNode(&root, func(n *yaml.Node) bool {
			if n.Line != line {
				return true
			}
			if n.Kind == yaml.ScalarNode && n.Value != "" && names(message, n.Value) || n.Kind != yaml.ScalarNode && strings.Contains(message, "unmarshal "+n.ShortTag()) {
				found = n
			}
			return found == nil
		})
		if found != nil {
			return found.Column
		}
	}
	lines := bytes.SplitN(data, []byte("\n"), line+1)
	if line < 1 || line > len(lines) {
		return 1
	}
	return 1 + len(lines[line-1]) - len(bytes.TrimLeft(lines[line-1], " "))
}

// names reports whether a message of the decoder is about a key or a value: it writes
// keys bare or in quotes, values in backquotes and long ones cut.
func names(message, text string) bool {
	if strings.Contains(message, " key "+strconv.Quote(text)) || strings.Contains(message, " field "+text+" ") {
		return true
	}
	_, value, ok := strings.Cut(message, "`")
	value, _, closed := strings.Cut(value, "`")
	value = strings.TrimSuffix(value, "...")
	return ok && closed && value != "" && strings.HasPrefix(text, value)
}

// eachNode visits the nodes of a document until the visitor has enough; aliases are not
// followed, so that it takes no longer than the file is.
func eachNode(n *yaml.Node, visit func(*yaml.Node) bool) bool {
	if !visit(n) {
		return false
	}
	for _, child := range n.Content {
		if !eachNode(child, visit) {
			return false
		}
	}
	return true
}

func plainType(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case goType == "int":
		return "a whole number"
	case goType == "bool":
		return "true or false"
	case goType == "time.Duration":
		return "a duration such as 10m"
	case goType == "string", goType == "provider.Certainty":
		return "a text"
	}
	return "a mapping"
}

func plainTag(tag string) string {
	switch tag {
	case "!!map":
		return "a mapping"
	case "!!seq":
		return "a list"
	case "!!str":
		return "the text"
	case "!!int", "!!float":
		return "the number"
	case "!!bool":
		return "the word"
	}
	return "the value"
}

// placeOf finds the line and column of a key by its way through a YAML document: names for
// mappings, positions for lists. It stops at the last step that is there.
func placeOf(data []byte, way ...any) (line, column int) {
	var root yaml.Node
	if yaml.Unmarshal(data, &root) != nil || len(root.Content) == 0 {
		return 1, 1
	}
	node := root.Content[0]
	line, column = node.Line, node.Column
	for _, step := range way {
		var next *yaml.Node
		switch step := step.(type) {
		case int:
			if node.Kind == yaml.SequenceNode && step < len(node.Content) {
				next = node.Content[step]
				line, column = next.Line, next.Column
			}
		case string:
			for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
				if node.Content[i].Value == step {
					next, line, column = node.Content[i+1], node.Content[i].Line, node.Content[i].Column
				}
			}
		}
		if next == nil {
			break
		}
		if node = next; node.Kind == yaml.AliasNode {
			node = node.Alias
		}
	}
	return line, column
}
