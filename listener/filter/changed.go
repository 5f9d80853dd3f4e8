package filter

import (
	"bytes"
	"encoding/json"
	"strings"

	"whk/verify/provider"
)

// changedTest is changed:.
type changedTest struct{ path string }

func parseChanged(_ *parser, values []value) (test, error) {
	return &changedTest{path: dotted(values[0].text)}, nil
}

// dotted spells "Phones[0].PhoneNumber", as differences are shown, as a path.
func dotted(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if length := strings.IndexByte(path[i:], ']'); path[i] == '[' && length > 1 {
			if index := path[i+1 : i+length]; index == "#" || strings.Trim(index, "0123456789") == "" {
				if i > 0 {
					b.WriteByte('.')
				}
				b.WriteString(index)
				i += length
				continue
			}
		}
		b.WriteByte(path[i])
	}
	return b.String()
}

func (t *changedTest) needs() Needs { return Needs{Body: true, Facts: true} }

// match compares what the sender says was there before with what is there now. Senders
// give the old values of what changed only, so a field without an old value has not
// changed, and neither has anything in an event that has no old or no new state.
func (t *changedTest) match(x *Subject) bool {
	f := x.Facts()
	before, ok := provider.Get(f.Old, t.path)
	if !ok || !isObject(f.New) {
		return false
	}
	after, ok := provider.Get(f.New, t.path)
	return !ok || differs(decode(before), decode(after))
}

func isObject(raw json.RawMessage) bool {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	return len(raw) > 0 && raw[0] == '{'
}

// decode reads a value that is known to be JSON. Numbers stay as they are written.
func decode(raw json.RawMessage) any {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	_ = d.Decode(&v) // it has been read once already
	return v
}

func differs(before, after any) bool {
	switch b := before.(type) {
	case map[string]any:
		a, ok := after.(map[string]any)
		if !ok {
			return true
		}
		for name, value := range b {
			if now, ok := a[name]; !ok || differs(value, now) {
				return true
			}
		}
		return false
	case []any:
		a, ok := after.([]any)
		if !ok || len(a) != len(b) {
			return true
		}
		for i := range b {
			if differs(b[i], a[i]) {
				return true
			}
		}
		return false
	}
	switch after.(type) {
	case map[string]any, []any:
		return true
	}
	return before != after
}
