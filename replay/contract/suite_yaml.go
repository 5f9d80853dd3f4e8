package contract

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"whk/verify/display"
	"whk/verify/provider"
)

// Position is a place in a suite.
type Position struct{ Line, Column int }

// SuiteError is a mistake in a suite, at the place where it stands.
type SuiteError struct {
	File string
	Position
	Msg, Hint string
	// Err is the cause, if another error is one.
	Err error
}

// Error gives the place in the form that editors jump to, then the message.
func (e *SuiteError) Error() string {
	text := e.File
	if e.Line > 0 {
		text += fmt.Sprintf(":%d:%d", e.Line, e.Column)
	}
	text += ": " + e.Msg
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *SuiteError) Unwrap() error { return e.Err }

// maxSuite is how large a suite may be, maxCases how much it may ask for.
const (
	maxSuite      = 1 << 20
	maxCases      = 1000
	maxDeliveries = 1000
	maxAtOnce     = 100
)

// suiteReader reads the nodes of a suite and remembers the first mistake, so that each
// step need not ask.
type suiteReader struct {
	file string
	err  *SuiteError
}

func (r *suiteReader) fail(n *yaml.Node, hint, format string, args ...any) {
	e := &SuiteError{File: r.file, Msg: fmt.Sprintf(format, args...), Hint: hint}
	if n != nil {
		e.Position = at(n)
	}
	if r.err == nil || e.Line < r.err.Line || e.Line == r.err.Line && e.Column < r.err.Column {
		r.err = e
	}
}

func at(n *yaml.Node) Position { return Position{n.Line, n.Column} }

// document reads the only document of a file.
func (r *suiteReader) document(data []byte) *yaml.Node {
	if len(data) > maxSuite {
		r.fail(nil, "", "the file is larger than %d bytes", maxSuite)
		return nil
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(data)))
	var doc, more yaml.Node
	if err := decoder.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			r.fail(nil, "whk test --init FILE --provider NAME writes one to begin with", "the file is empty")
		} else {
			r.syntax(err)
		}
		return nil
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		if err != nil {
			r.syntax(err)
		} else {
			r.fail(&more, "", "there is a second document; a suite is one")
		}
		return nil
	}
	root := doc.Content[0]
	r.plain(root, 0)
	if r.err != nil {
		return nil
	}
	return root
}

var yamlLine = regexp.MustCompile(`^yaml: (?:while .*: )?line (\d+): `)

func (r *suiteReader) syntax(err error) {
	text := err.Error()
	e := &SuiteError{File: r.file, Msg: "not YAML: " + display.Line(strings.TrimPrefix(text, "yaml: "))}
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
		e.Column, e.Msg = 1, "not YAML: "+display.Line(text[len(m[0]):])
	}
	r.err = e
}

// plain refuses what a suite does not need and a person does not expect: references to
// other nodes, tags and endless depth.
func (r *suiteReader) plain(n *yaml.Node, depth int) {
	switch {
	case depth > 50:
		r.fail(n, "", "this is nested too deeply")
		return
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.fail(n, "write the value where it is needed", "a suite has no anchors and aliases")
		return
	case n.Style&yaml.TaggedStyle != 0:
		r.fail(n, "", "a suite has no tags such as %s", n.Tag)
		return
	}
	for _, child := range n.Content {
		r.plain(child, depth+1)
	}
}

// pair is a member of a mapping.
type pair struct {
	key   string
	name  *yaml.Node
	value *yaml.Node
}

// mapping reads a mapping with these keys, any when none is given.
func (r *suiteReader) mapping(n *yaml.Node, what string, known ...string) []pair {
	if n.Kind != yaml.MappingNode {
		r.fail(n, "", "%s: expected keys with values, found %s", what, kindName(n))
		return nil
	}
	var all []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i]
		key := name.Value
		switch {
		case name.Kind != yaml.ScalarNode:
			r.fail(name, "", "%s: a key has to be a word", what)
			continue
		case slices.ContainsFunc(all, func(p pair) bool { return p.key == key }):
			r.fail(name, "", "%s: %s stands here twice", what, shown(key))
			continue
		case len(known) > 0 && !slices.Contains(known, key):
			text := "the keys are " + strings.Join(known, ", ")
			if nearest := provider.Nearest(key, known); len(nearest) > 0 {
				text = "did you mean " + provider.Either(nearest) + "? " + text
			}
			r.fail(name, text, "%s: there is no key %s", what, shown(key))
			continue
		}
		all = append(all, pair{key, name, n.Content[i+1]})
	}
	return all
}

func shown(s string) string { return strconv.Quote(display.Shorten(display.Line(s), 60, "...")) }

func kindName(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "keys with values"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	}
	return shown(n.Value)
}

// text reads a scalar that is not empty.
func (r *suiteReader) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || n.Value == "" {
		r.fail(n, "", "%s: expected a text, found %s", what, kindName(n))
		return ""
	}
	return n.Value
}

func (r *suiteReader) flag(n *yaml.Node, what string) bool {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		r.fail(n, "", "%s: expected true or false, found %s", what, kindName(n))
		return false
	}
	return strings.EqualFold(n.Value, "true")
}

func (r *suiteReader) number(n *yaml.Node, what string, low, high int) int {
	v, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || v < low || v > high {
		r.fail(n, "", "%s: expected a whole number from %d to %d, found %s", what, low, high, kindName(n))
		return low
	}
	return v
}

func (r *suiteReader) duration(n *yaml.Node, what string) time.Duration {
	d, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || d <= 0 {
		r.fail(n, "", "%s: expected a time such as 2s or 500ms, found %s", what, kindName(n))
		return 0
	}
	return d
}

// items are the elements of a list, or the one value that stands in its place.
func (r *suiteReader) items(n *yaml.Node) []*yaml.Node {
	if n.Kind == yaml.SequenceNode {
		return n.Content
	}
	return []*yaml.Node{n}
}

// texts reads a list of texts.
func (r *suiteReader) texts(n *yaml.Node, what string) []string {
	if n.Kind != yaml.SequenceNode {
		r.fail(n, "", "%s: expected a list, found %s", what, kindName(n))
		return nil
	}
	all := []string{}
	for _, item := range n.Content {
		all = append(all, r.text(item, what))
	}
	return all
}

// oneOf reads a word out of several.
func (r *suiteReader) oneOf(n *yaml.Node, what string, words ...string) string {
	if n.Kind != yaml.ScalarNode || !slices.Contains(words, n.Value) {
		r.fail(n, "", "%s: expected %s, found %s", what, strings.Join(words, ", "), kindName(n))
		return ""
	}
	return n.Value
}

var reference = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}`)

// expanded reads a text in which ${NAME} and ${NAME:-default} stand for variables of the
// environment; an empty one counts as none. Given reports whether a variable was used.
func (r *suiteReader) expanded(n *yaml.Node, what string, env func(string) (string, bool)) (text string, given bool) {
	source := r.text(n, what)
	text = reference.ReplaceAllStringFunc(source, func(ref string) string {
		m := reference.FindStringSubmatch(ref)
		if value, ok := env(m[1]); ok && value != "" {
			given = true
			return value
		}
		if m[2] == "" {
			r.fail(n, "export it, or give it a default: ${"+m[1]+":-...}", "%s: the variable %s is not set", what, m[1])
		}
		return m[3]
	})
	if rest := reference.ReplaceAllString(source, ""); strings.Contains(rest, "${") {
		r.fail(n, "", "%s: expected ${NAME} or ${NAME:-default}", what)
	}
	return text, given
}
