package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"whk/verify"
)

// SaveOptions say how a delivery becomes a sample.
type SaveOptions struct {
	// Variant is the name under which the sample is sent.
	Variant string
	// File is what the sample's file will be called, for people. A variant that stands
	// in it already is replaced.
	File string
	// KeepAll masks nothing and makes nothing fresh; Mask says what is masked otherwise.
	// The names of a query are paths where a delivery has no body.
	KeepAll bool
	Mask    MaskOptions
}

// Saved is a sample that was made of a delivery.
type Saved struct {
	// Event is the event that it is a variant of, "Contact.create".
	Event string
	// Content is the file, for the samples folder of the provider.
	Content []byte
	// Masked lists what was replaced; Fresh is the path of the event's time, which is
	// made anew whenever the sample is sent; empty where it stays as it was.
	Masked []Masked
	Fresh  string
}

// Save makes a sample of a delivery, to be sent as a variant of its event; see
// Set.AddSamples. Personal data and credentials are masked. What names the event stays,
// and so do ids, since handlers look them up and references point to them. The event's
// time becomes a placeholder when there is one of its form, since handlers refuse what
// is old. Of the headers only a content type is kept that is not the definition's.
//
// The sample was rendered and read once, and is what it says: a delivery that names
// the same event and is recognised as the provider's.
func (p *Provider) Save(d *verify.Delivery, o SaveOptions) (Saved, error) {
	entity, action, note := p.EventOf(d)
	if entity == "" {
		return Saved{}, errors.New(note)
	}
	event := Name(entity, action)
	e, emit, action, ok := p.resolve(event)
	if !ok {
		return Saved{}, p.unknownEvent(event)
	}
	if len(d.Body) > maxFile {
		return Saved{}, tooLarge(len(d.Body))
	}
	if len(d.Body) > 0 && !json.Valid(d.Body) {
		if d.IsForm() {
			return Saved{}, errForm
		}
		return Saved{}, errNotJSON
	}
	if why := RefuseVariantName(o.Variant); why != "" {
		return Saved{}, errors.New(why)
	}
	saved := Saved{Event: Name(e.Name, action)}
	_, query, _ := strings.Cut(d.URL, "?")
	body := bytes.Clone(trimJSON(d.Body))
	var err error
	if !o.KeepAll {
		if body, query, saved.Masked, err = p.mask(body, query, o.Mask); err != nil {
			return Saved{}, err
		}
	}
	// A placeholder that somebody sent is text, not an order: the sign means the same.
	body = bytes.ReplaceAll(body, []byte("{{"), []byte(`{\u007b`))
	query = strings.ReplaceAll(query, "{{", "%7B%7B")
	if !o.KeepAll {
		body, saved.Fresh = p.freshen(body, o.Mask.Keep)
	}
	if saved.Content, err = p.sampleContent(d, saved.Event, body, query, o); err != nil {
		return Saved{}, err
	}
	sample := &Sample{Entity: emit, Action: action, Variant: o.Variant, provider: p, of: e}
	return saved, p.checkSaved(sample, saved, o)
}

// mask masks body and query alike, but for what names the event.
func (p *Provider) mask(body []byte, query string, o MaskOptions) ([]byte, string, []Masked, error) {
	asked := len(o.Keep)
	o.Keep = slices.Concat(o.Keep, p.event.name.paths(), p.event.entity.paths(), p.event.action.paths())
	for i := range p.detect.equals {
		o.Keep = append(o.Keep, p.detect.equals[i].paths()...)
	}
	m, err := newMasker(o)
	if err != nil {
		return nil, "", nil, err
	}
	for _, keep := range o.Keep[:asked] {
		if !leads(keep, body, query) {
			return nil, "", nil, fmt.Errorf("keep %s: there is nothing at this path", keep)
		}
	}
	if len(body) > 0 {
		if err := m.collectBody(body); err != nil {
			return nil, "", nil, err
		}
	}
	m.collectQuery(query)
	m.seal()
	if len(body) > 0 {
		body = m.rewrite(body, 0)
	}
	query = m.rewriteQuery(query)
	return body, query, m.masked, nil
}

// leads reports whether there is anything at a path of the body, or of the query of a
// delivery that has none.
func leads(at string, body []byte, query string) bool {
	if len(body) > 0 {
		_, ok := Get(body, at)
		return ok
	}
	for pair := range strings.SplitSeq(query, "&") {
		if name, _, _ := strings.Cut(pair, "="); EscapeKey(name) == at {
			return true
		}
	}
	return false
}

// paths are the paths of the body that the field is read from, as far as it is.
func (f *field) paths() []string {
	var all []string
	for _, a := range f.alternatives {
		if a.path != nil {
			all = append(all, a.path.String())
		}
	}
	return all
}

// freshen puts placeholders where the event is named and where its time stands, and
// returns the path of the time.
func (p *Provider) freshen(body []byte, keep []string) (out []byte, at string) {
	put := func(f field, placeholder func(raw []byte) string) string {
		for _, path := range f.paths() {
			raw, ok := Get(body, path)
			if !ok || slices.Contains(keep, path) {
				continue
			}
			if text := placeholder(raw); text != "" {
				if out, err := Put(body, path, quote(text)); err == nil {
					body = out
					return path
				}
			}
			break // the alternatives behind a value do not count
		}
		return ""
	}
	put(p.event.entity, func([]byte) string { return "{{entity}}" })
	put(p.event.action, func([]byte) string { return "{{action}}" })
	at = put(p.event.time, p.timePlaceholder)
	return body, at
}

// timePlaceholder returns the placeholder that writes times as this one is written; Z
// and +00:00 are one.
func (p *Provider) timePlaceholder(raw []byte) string {
	if raw[0] != '"' {
		if p.event.timeFormat != "rfc3339" && !bytes.ContainsAny(raw, ".eE-") {
			return "{{now:" + p.event.timeFormat + "}}"
		}
		return ""
	}
	text := unquote(raw)
	for _, form := range [][2]string{
		{"2006-01-02T15:04:05-07:00", "{{now:rfc3339}}"}, {"2006-01-02T15:04:05Z", "{{now:rfc3339}}"}, {"2006-01-02T15:04:05.000000Z", "{{now:micros}}"},
	} {
		if at, err := time.Parse(form[0], text); err == nil && at.Format(form[0]) == text {
			return form[1]
		}
	}
	return ""
}

// sampleContent writes the file, its keys in the order in which built-in samples have
// them.
func (p *Provider) sampleContent(d *verify.Delivery, event string, body []byte, query string, o SaveOptions) ([]byte, error) {
	note := "saved from a delivery"
	if !o.KeepAll {
		note += ", personal data masked"
	}
	file := struct {
		Events    []string          `json:"events"`
		Variant   string            `json:"variant"`
		Certainty Certainty         `json:"certainty"`
		Note      string            `json:"note"`
		Method    string            `json:"method,omitempty"`
		Headers   map[string]string `json:"headers,omitempty"`
		Query     string            `json:"query,omitempty"`
	}{Events: []string{event}, Variant: o.Variant, Certainty: Seen, Note: note, Query: query}
	if d.Method != p.Methods[0] {
		file.Method = d.Method
	}
	const contentType = "Content-Type"
	if got := d.Header[contentType]; len(got) == 1 && len(body) > 0 && got[0] != p.sets(contentType) && validHeader(contentType, got[0]) && !strings.Contains(got[0], "{{") {
		file.Headers = map[string]string{contentType: got[0]}
	}
	for _, name := range p.telling() {
		if got := d.Header[name]; len(got) > 0 && validHeader(name, got[0]) && !strings.Contains(got[0], "{{") {
			if file.Headers == nil {
				file.Headers = map[string]string{}
			}
			file.Headers[name] = got[0]
		}
	}
	var head bytes.Buffer
	encoder := json.NewEncoder(&head)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(file); err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return head.Bytes(), nil
	}
	var out bytes.Buffer
	out.Write(bytes.TrimSuffix(head.Bytes(), []byte("\n}\n")))
	out.WriteString(",\n  \"body\": ")
	if err := json.Indent(&out, body, "  ", "  "); err != nil {
		return nil, err
	}
	out.WriteString("\n}\n")
	if out.Len() > maxFile {
		return nil, tooLarge(len(body))
	}
	return out.Bytes(), nil
}

// telling are the headers by which a delivery of the provider is recognised and its
// event named, but for those that are set whenever one is sent.
func (p *Provider) telling() []string {
	var names []string
	fields := slices.Concat(p.detect.present, []field{p.event.name, p.event.entity, p.event.action})
	for _, e := range p.detect.equals {
		fields = append(fields, e.field)
	}
	signed := p.Scheme.Headers()
	for _, f := range fields {
		for _, a := range f.alternatives {
			for _, name := range a.template.HeaderNames() {
				if p.sets(name) == "" && !slices.Contains(signed, name) && !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// errForm says that a body cannot be masked, and so not be saved.
var errForm = errors.New("the body is a form; only bodies of JSON can be saved")

func tooLarge(n int) error {
	return fmt.Errorf("the body of %d bytes makes a sample of more than 1 MiB", n)
}

// sets returns the value that the definition gives to a header, if it has no variables.
func (p *Provider) sets(header string) string {
	for _, h := range p.headers {
		if h.name == header {
			return h.template.String()
		}
	}
	return ""
}

// checkSaved reads the sample back, as it will be read and sent.
func (p *Provider) checkSaved(s *Sample, saved Saved, o SaveOptions) error {
	file, faults := p.readSample(saved.Content, o.File)
	if len(faults) > 0 {
		return faults
	}
	known, _ := p.samples() // a file that cannot be used takes no name
	known = slices.DeleteFunc(slices.Clone(known), func(other *sampleFile) bool { return o.File != "" && other.file == o.File })
	if fault, ok := doubledVariant(append(known, file), saved.Event); ok {
		return errors.New(fault.Says)
	}
	s.file = file
	r, err := s.Render(lintTime(), rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		return err
	}
	d := r.delivery(p.Name)
	if _, err := p.signed(d); err != nil {
		return err
	}
	if entity, action, note := p.EventOf(d); entity != s.Entity || action != s.Action {
		return fmt.Errorf("masked, it would be the event %q (%s): keep the path that names it", Name(entity, action), note)
	}
	if !p.PathOnly && !p.Recognises(d) {
		return fmt.Errorf("it would not be recognised as %s", p.Name)
	}
	return nil
}
