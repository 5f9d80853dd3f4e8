package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"whk/verify"
	"whk/verify/provider"
)

// ErrNoOldValues says that an event does not tell what was before a change.
var ErrNoOldValues = errors.New("the event has no old and new values to change")

// changes are the edits of an event that tells what was before it and what is after it.
// With a Change, the old values are made anew, as Ploomes sends them: those that are the
// same in the new ones, which is the id, and those that changed.
type changes struct {
	old, new string // where the definition reads them
	edits    []Edit
}

// newChanges finds out where a delivery holds its old and new values.
func newChanges(p *provider.Provider, d *verify.Delivery, edits []Edit) (*changes, error) {
	facts, err := p.Facts(d)
	if err != nil {
		return nil, err
	}
	if len(facts.Old) == 0 || len(facts.New) == 0 {
		return nil, fmt.Errorf("%s/%s: %w", p.Name, provider.Name(facts.Entity, facts.Action), ErrNoOldValues)
	}
	c := &changes{edits: edits}
	c.find(p, d, "", 0)
	if c.old == "" || c.new == "" {
		return nil, fmt.Errorf("%s/%s: %w", p.Name, provider.Name(facts.Entity, facts.Action), ErrNoOldValues)
	}
	return c, nil
}

// maxSearch is how deep in a body the old and new values may stand.
const maxSearch = 4

// find asks the definition itself: the member whose replacement is reported as the old
// or new values is where they stand.
func (c *changes) find(p *provider.Provider, d *verify.Delivery, below string, depth int) {
	object := json.RawMessage(d.Body)
	if below != "" {
		object, _ = provider.Get(d.Body, below)
		below += "."
	}
	var members map[string]json.RawMessage
	if depth == maxSearch || json.Unmarshal(object, &members) != nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		at := below + provider.EscapeKey(name)
		probe := json.RawMessage(`{"probe":` + fmt.Sprint(len(d.Body)) + `}`)
		body, err := provider.Put(d.Body, at, probe)
		if err != nil {
			continue
		}
		probed := *d
		probed.Body = body
		facts, _ := p.Facts(&probed) // the probe may have replaced what else is read
		switch {
		case c.old == "" && bytes.Equal(facts.Old, probe):
			c.old = at
		case c.new == "" && bytes.Equal(facts.New, probe):
			c.new = at
		default:
			c.find(p, d, at, depth+1)
		}
	}
}

func (c *changes) apply(d *verify.Delivery, strict bool) error {
	before, _ := provider.Get(d.Body, c.new)
	old, ok := provider.Get(d.Body, c.old)
	if !ok || len(before) == 0 {
		return fmt.Errorf("--old and --change: the edits took %s or %s away", c.old, c.new)
	}
	after := before
	var err error
	var changed []string
	for _, e := range c.edits {
		if e.kind != editChange {
			continue
		}
		if len(changed) == 0 {
			if old, err = common(old, before); err != nil {
				return err
			}
		}
		if after, err = e.change(after); err != nil {
			return err
		}
		at, was := whole(before, e.path)
		changed = append(changed, at)
		if _, there := provider.Get(old, at); !there {
			if old, err = provider.Put(old, at, was); err != nil {
				return fmt.Errorf("change %s: %w", e.path, err)
			}
		}
	}
	for _, e := range c.edits {
		if e.kind != editOld {
			continue
		}
		if old, err = e.changeOld(old, after); err != nil {
			return err
		}
	}
	for _, at := range changed {
		a, _ := provider.Get(old, at)
		b, _ := provider.Get(after, at)
		if strict && bytes.Equal(a, b) {
			return fmt.Errorf("change %s: %w", at, errUnchanged)
		}
	}
	if d.Body, err = provider.Put(d.Body, c.old, old); err != nil {
		return err
	}
	d.Body, err = provider.Put(d.Body, c.new, after)
	return err
}

// change sets a new value.
func (e Edit) change(values json.RawMessage) (json.RawMessage, error) {
	edited, err := e.applyBody(values)
	if err != nil {
		return nil, fmt.Errorf("change: %w", err)
	}
	return edited, nil
}

// changeOld sets an old value, in the type of the new one where there is no old one.
func (e Edit) changeOld(old, after json.RawMessage) (json.RawMessage, error) {
	current, ok := provider.Get(old, e.path)
	if !ok || typeName(current) == "" {
		current, _ = provider.Get(after, e.path)
	}
	value, err := e.replacing(current)
	if err != nil {
		return nil, fmt.Errorf("old: set %s: %w", e.path, err)
	}
	edited, err := provider.Put(old, e.path, value)
	if err != nil {
		return nil, fmt.Errorf("old: %w", err)
	}
	return edited, nil
}

// common keeps of the old values those that the new ones have as well.
func common(old, after json.RawMessage) (json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(old, &members); err != nil {
		return nil, fmt.Errorf("the old values are no object: %w", err)
	}
	kept := old
	for name, value := range members {
		at := provider.EscapeKey(name)
		if same, ok := provider.Get(after, at); ok && bytes.Equal(same, value) {
			continue
		}
		var err error
		if kept, err = provider.Unset(kept, at); err != nil {
			return nil, fmt.Errorf("old values: %w", err)
		}
	}
	return kept, nil
}

// whole returns the path up to the first array on it, since an array is sent whole, and
// what stands there; null when there is nothing.
func whole(values json.RawMessage, path string) (at string, value json.RawMessage) {
	for i := 0; i <= len(path); i++ {
		if i < len(path) && path[i] == '\\' {
			i++
			continue
		}
		if i < len(path) && path[i] != '.' {
			continue
		}
		at = path[:i]
		if value, ok := provider.Get(values, at); ok && (value[0] == '[' || at == path) {
			return at, value
		}
	}
	return path, json.RawMessage("null")
}
