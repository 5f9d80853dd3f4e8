package provider

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Fault is something wrong with a definition, and where.
type Fault struct {
	File string
	Line int // 0 when the fault concerns the file as a whole
	Says string
}

func (f Fault) Error() string {
	if f.Line == 0 {
		return f.File + ": " + f.Says
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Says)
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
func yamlFaults(file string, err error) Faults {
	// Compiled here, since a faulty definition is rare and every start would pay.
	lineNumber := regexp.MustCompile(`^(?:yaml: )?line (\d+): (?s:(.*))$`)
	unknownField := regexp.MustCompile(`^field (\S+) not found in type \S+$`)
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
			f.Says = fmt.Sprintf("unknown key %q", m[1])
		} else if m := wrongType.FindStringSubmatch(f.Says); m != nil {
			f.Says = fmt.Sprintf("expected %s, found %s%s", plainType(m[3]), plainTag(m[1]), m[2])
		}
		faults = append(faults, f)
	}
	return faults
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

// lineOf finds the line of a key by its way through a YAML document: names for
// mappings, positions for lists. It stops at the last step that is there.
func lineOf(data []byte, way ...any) int {
	var root yaml.Node
	if yaml.Unmarshal(data, &root) != nil || len(root.Content) == 0 {
		return 1
	}
	node, line := root.Content[0], root.Content[0].Line
	for _, step := range way {
		var next *yaml.Node
		switch step := step.(type) {
		case int:
			if node.Kind == yaml.SequenceNode && step < len(node.Content) {
				next = node.Content[step]
				line = next.Line
			}
		case string:
			for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
				if node.Content[i].Value == step {
					next, line = node.Content[i+1], node.Content[i].Line
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
	return line
}
