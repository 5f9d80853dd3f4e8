package provider

import (
	"encoding/json"
	"net/url"
	"strings"

	"whk/verify"
)

// sort divides the deliveries into those that are learned from and those that are left
// out: bodies of JSON and forms are two kinds, of which the more frequent counts.
func (l *learner) sort(recorded []*Recorded) {
	var objects, forms, others []*Recorded
	for _, r := range recorded {
		own := *r
		if own.view = trimJSON(r.Delivery.Body); json.Valid(own.view) && len(own.view) > 0 && own.view[0] == '{' {
			objects = append(objects, &own)
		} else if own.view = formView(r.Delivery); own.view != nil {
			forms = append(forms, &own)
		} else {
			others = append(others, r)
		}
	}
	kind := "no JSON objects"
	l.recorded = objects
	if l.form = len(forms) > len(objects); l.form {
		l.recorded, forms, kind = forms, objects, "no forms"
	}
	if passed := append(forms, others...); len(passed) > 0 && len(l.recorded) > 0 {
		refs := make([]string, len(passed))
		for i, r := range passed {
			refs[i] = r.Ref
		}
		l.note("left out, since their bodies are %s: %s", kind, few(refs))
	}
}

// formView is a form as an object of texts, each field once; nil for what is no form.
func formView(d *verify.Delivery) []byte {
	if !d.IsForm() || len(d.Body) == 0 {
		return nil
	}
	values, err := url.ParseQuery(string(d.Body))
	if err != nil {
		return nil
	}
	view := []byte{'{'}
	for pair := range strings.SplitSeq(string(d.Body), "&") {
		name, _, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if value, ok := values[name]; err == nil && ok && name != "" {
			delete(values, name)
			if len(view) > 1 {
				view = append(view, ',')
			}
			view = append(append(append(view, quote(name)...), ':'), quote(value[0])...)
		}
	}
	return append(view, '}')
}
