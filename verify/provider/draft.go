package provider

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"whk/verify"
)

// Draft is a definition that is written and not read: by a person's answers, or from
// what was learned of recorded deliveries.
type Draft struct {
	Name, Title string
	// Page says where the definition comes from.
	Page      string
	Certainty Certainty
	Methods   []string
	// Present are the templates that tell the provider; none means that only the path
	// does.
	Present []string
	Recipe  verify.Recipe
	// EventName is the template of the event's name, split at Split; or Entity and Action
	// are those of its parts.
	EventName, Split, Entity, Action string
	Time, TimeFormat                 string
	Account                          string
	IDs                              []string
	// Headers are templates of what forging sets besides the signature.
	Headers map[string]string
	// Events are the entities with their actions, in order.
	Events []DraftEntity
	// Limits are sentences about what the check does not prove.
	Limits []string
	Advice string

	form bool // whether the bodies are forms
}

// DraftEntity is one entity of a draft; without actions its events are called by its
// name alone.
type DraftEntity struct {
	Name    string
	Actions []string
}

// Definition writes the draft as a provider.yaml, with comments that say what each part
// is for.
func (d *Draft) Definition() ([]byte, error) {
	recipe, err := recipeYAML(d.Recipe)
	if err != nil {
		return nil, err
	}
	w := &draftWriter{}
	w.line("# How %s signs its webhooks and names its events. whk providers lint checks this file,", d.Name)
	w.line("# whk schema provider describes every key.")
	w.line("version: 1")
	w.line("name: %s", d.Name)
	w.line("title: %s", quoteYAML(d.Title))
	w.line("docs: {page: %s}", quoteYAML(d.Page))
	w.line("# How far this can be relied on: documented, seen or guessed.")
	w.line("certainty: %s", d.Certainty)
	if len(d.Methods) > 0 {
		w.line("methods: [%s]", strings.Join(d.Methods, ", "))
	}
	d.writeDetect(w)
	w.line("# The first recipe whose header came is the one that counts.")
	w.line("verify:\n%s", recipe)
	w.list("limits", d.Limits)
	if d.Advice != "" {
		w.line("advice: %s", quoteYAML(d.Advice))
	}
	d.writeEvent(w)
	if len(d.Headers) > 0 {
		w.line("# What a forged delivery has besides the signature.")
		w.line("headers:")
		for _, name := range slices.Sorted(maps.Keys(d.Headers)) {
			w.line("  %s: %s", name, quoteYAML(d.Headers[name]))
		}
	}
	d.writeEvents(w)
	return w.Bytes(), nil
}

type draftWriter struct{ bytes.Buffer }

func (w *draftWriter) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (w *draftWriter) list(key string, texts []string) {
	if len(texts) == 0 {
		return
	}
	w.line("%s:", key)
	for _, text := range texts {
		w.line("  - %s", quoteYAML(text))
	}
}

func (d *Draft) writeDetect(w *draftWriter) {
	if len(d.Present) == 0 {
		w.line("# Only the path /%s tells whose a delivery is.", d.Name)
		w.line("detect: path")
		return
	}
	w.line("# What tells a delivery from those of others, besides the path /%s.", d.Name)
	w.line("detect:\n  present:")
	for _, source := range d.Present {
		w.line("    - %s", quoteYAML(source))
	}
}

func (d *Draft) writeEvent(w *draftWriter) {
	w.line("# Where a delivery says what happened.")
	w.line("event:")
	if d.EventName != "" {
		w.line("  name: %s", quoteYAML(d.EventName))
		if d.Split != "" && d.Split != "." {
			w.line("  split: %s", quoteYAML(d.Split))
		}
	} else {
		w.line("  entity: %s", quoteYAML(d.Entity))
		w.line("  action: %s", quoteYAML(d.Action))
	}
	if d.Time != "" {
		w.line("  time: {from: %s, format: %s}", quoteYAML(d.Time), d.TimeFormat)
	}
	if d.Account != "" {
		w.line("  account: %s", quoteYAML(d.Account))
	}
	if len(d.IDs) > 0 {
		quoted := make([]string, len(d.IDs))
		for i, id := range d.IDs {
			quoted[i] = quoteYAML(id)
		}
		w.line("  ids: [%s]", strings.Join(quoted, ", "))
	}
}

func (d *Draft) writeEvents(w *draftWriter) {
	var actions []string
	for _, e := range d.Events {
		for _, action := range e.Actions {
			if !slices.Contains(actions, action) {
				actions = append(actions, action)
			}
		}
	}
	if len(actions) > 0 {
		w.line("actions:")
		for _, action := range actions {
			w.line("  - {name: %s}", quoteYAML(action))
		}
	}
	w.line("entities:")
	for _, e := range d.Events {
		quoted := make([]string, len(e.Actions))
		for i, action := range e.Actions {
			quoted[i] = quoteYAML(action)
		}
		w.line("  %s: {actions: [%s]}", quoteYAML(e.Name), strings.Join(quoted, ", "))
	}
}

// recipeYAML writes one recipe as an element of a list.
func recipeYAML(r verify.Recipe) (string, error) {
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode([]verify.Recipe{r}); err != nil {
		return "", fmt.Errorf("write recipe: %w", err)
	}
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	return "  " + strings.Join(lines, "\n  "), nil
}

// quoteYAML writes a text as YAML and JSON both read it.
func quoteYAML(text string) string { return string(quote(text)) }
