package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"whk/verify"
)

// sampleFile is one file of a definition's samples folder: the shape of one kind of
// delivery, and its variants. Texts may hold placeholders; see placeholder.
type sampleFile struct {
	// Events are globs over the names of the definition's events. A file that spells a
	// name out goes before one whose glob fits it.
	Events []string `json:"events"`
	// Variant makes the file a variant of its events, by this name, beside the sample
	// that serves them. A file beside a definition that is not its own is always one.
	Variant string `json:"variant"`
	// Note says where the shape comes from; Certainty how far it can be relied on.
	Note      string    `json:"note"`
	Certainty Certainty `json:"certainty"`
	// Method is the definition's first when left out.
	Method string `json:"method"`
	// Headers are set besides those of the definition.
	Headers map[string]string `json:"headers"`
	// Query is the raw query of the URL.
	Query string `json:"query"`
	// Body is the body, its keys in the order they are sent.
	Body json.RawMessage `json:"body"`
	// Form is a body that is a form, in place of Body: its fields in the order they are
	// sent, every value a text.
	Form json.RawMessage `json:"form"`
	// Variants are other forms of the same delivery, by name.
	Variants map[string]variant `json:"variants"`

	file string
	data []byte
}

// variant says how a form differs from its sample.
type variant struct {
	Note      string    `json:"note"`
	Certainty Certainty `json:"certainty"`
	// Events narrows the variant to some of the sample's events.
	Events []string `json:"events"`
	Method string   `json:"method"`
	// Body takes the place of the sample's; null sends none. Then Set puts values at
	// paths, in the order of the paths, and Unset takes paths away. Form is for samples
	// that are forms; Set and Unset work on its fields.
	Body  json.RawMessage            `json:"body"`
	Form  json.RawMessage            `json:"form"`
	Set   map[string]json.RawMessage `json:"set"`
	Unset []string                   `json:"unset"`
	// Query takes the place of the sample's; Headers are set besides the sample's, ""
	// takes one away.
	Query   *string           `json:"query"`
	Headers map[string]string `json:"headers"`
	// EscapeSlashes writes every slash of the body as PHP does by default: "\/".
	EscapeSlashes bool `json:"escape_slashes"`
}

// SamplesFolder is what the folder of samples is called, beside a definition.
const SamplesFolder = "samples"

// sampleFolder is where samples are read from; shown is its name for people.
type sampleFolder struct {
	files      fs.FS
	dir, shown string
	variants   bool // whether every file in it has to be a variant
}

// readSamples reads the samples folder beside the definition, then those that were
// added, each in the order of names. It returns the sound ones, and what is wrong with
// the others.
func (p *Provider) readSamples() ([]*sampleFile, error) {
	own := sampleFolder{files: p.files, dir: path.Join(p.dir, SamplesFolder), shown: path.Join(path.Dir(slashed(p.file)), SamplesFolder)}
	var samples []*sampleFile
	var faults Faults
	for _, folder := range append([]sampleFolder{own}, p.added...) {
		items, err := fs.ReadDir(folder.files, folder.dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			faults = append(faults, Fault{File: folder.shown, Says: reason(err)})
			continue
		}
		for _, item := range items {
			if path.Ext(item.Name()) != ".json" {
				continue
			}
			s, found := p.sampleIn(folder, item.Name())
			if faults = append(faults, found...); len(found) == 0 {
				samples = append(samples, s)
			}
		}
	}
	claims := p.checkClaims(samples)
	if len(faults) == 0 { // the claims of the others may be what is missing
		faults = claims
	}
	for len(claims) > 0 {
		samples = slices.DeleteFunc(samples, func(s *sampleFile) bool {
			return slices.ContainsFunc(claims, func(f Fault) bool { return f.File == s.file })
		})
		claims = p.checkClaims(samples)
	}
	if len(faults) > 0 {
		return samples, faults
	}
	return samples, nil
}

// reason is why a file could not be read, without its name.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return err.Error()
}

// sampleIn reads one file of a folder.
func (p *Provider) sampleIn(folder sampleFolder, name string) (*sampleFile, Faults) {
	shown := path.Join(folder.shown, name)
	data, err := readFile(folder.files, path.Join(folder.dir, name), shown)
	if faults, ok := FaultsOf(err); ok {
		return nil, faults
	}
	if err != nil {
		return nil, Faults{{File: shown, Says: reason(err)}}
	}
	s, faults := p.readSample(data, shown)
	if len(faults) == 0 && folder.variants && s.Variant == "" {
		faults = Faults{{File: shown, Line: 1, Column: 1, Says: "variant: missing; a sample beside another's definition is a variant, give it a name"}}
	}
	return s, faults
}

func slashed(name string) string { return strings.ReplaceAll(name, `\`, "/") }

func (p *Provider) readSample(data []byte, file string) (*sampleFile, Faults) {
	s := &sampleFile{file: file, data: data}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(s); err != nil {
		return s, Faults{faultIn(data, file, jsonOffset(data, err), "%s", plainJSON(err))}
	}
	end := skipSpace(data, int(decoder.InputOffset()))
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return s, Faults{faultIn(data, file, end, "more than one JSON value in the file; expected one object")}
	}
	var faults Faults
	fault := func(near, format string, args ...any) {
		faults = append(faults, faultIn(data, file, bytes.Index(data, quote(near)), format, args...))
	}
	if s.Certainty == "" {
		s.Certainty = p.Certainty
	}
	if s.Certainty.rank() < 0 {
		fault("certainty", "certainty %q: expected documented, seen or guessed", clip(string(s.Certainty)))
	}
	if s.Form != nil {
		if s.Body != nil {
			fault("form", "form: a sample has a body or a form")
		}
		if _, err := formFields(s.Form); err != nil {
			fault("form", "form: %s", err)
		}
	}
	if len(s.Events) == 0 {
		fault("events", "events: missing; it lists the events that the sample stands for")
	}
	if s.Variant != "" {
		if why := RefuseVariantName(s.Variant); why != "" {
			fault("variant", "variant: %s", why)
		}
		if len(s.Variants) > 0 {
			fault("variants", "variants: a file that is a variant has none of its own")
		}
	}
	for name, value := range s.Headers {
		if !validHeader(name, value) {
			fault(name, "headers: %q cannot be sent", clip(name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Variants)) {
		v := s.Variants[name]
		if why := RefuseVariantName(name); why != "" {
			fault(name, "variants: %s", why)
		}
		if v.Certainty.rank() < 0 && v.Certainty != "" {
			fault(string(v.Certainty), "certainty %q: expected documented, seen or guessed", clip(string(v.Certainty)))
		}
		if _, err := s.body(v); err != nil {
			fault(name, "variant %s: %s", name, err)
		}
	}
	return s, faults
}

// RefuseVariantName says why a name cannot be a variant's, or nothing.
func RefuseVariantName(name string) string {
	if name == "" || strings.EqualFold(name, DefaultVariant) || refuseName(name, "") != "" {
		return fmt.Sprintf("%q cannot be a name: letters, digits and _ . : - only, at most %d, and not %q", clip(name), maxName, DefaultVariant)
	}
	return ""
}

// body returns the body of a variant, compact, with its placeholders; nil for none.
func (s *sampleFile) body(v variant) ([]byte, error) {
	body := []byte(s.Body)
	switch {
	case v.Body != nil:
		body = v.Body
	case v.Form != nil:
		body = v.Form
	case s.Form != nil:
		body = s.Form
	}
	var err error
	for _, at := range slices.Sorted(maps.Keys(v.Set)) {
		if body, err = Put(body, at, v.Set[at]); err != nil {
			return nil, err
		}
	}
	for _, at := range v.Unset {
		if body, err = Unset(body, at); err != nil {
			return nil, err
		}
	}
	if len(body) == 0 || string(body) == "null" {
		return nil, nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, body); err != nil {
		return nil, err
	}
	return compact.Bytes(), nil
}

// compiled is a sample whose texts are taken apart, so that rendering only makes values
// and puts them between literals.
type compiled struct {
	method      string
	hasBody     bool
	hashes      bool // whether the query holds the hash of the body
	body, query text
	headers     []compiledHeader
	makers      []maker // in the order in which the placeholders stand
}

type compiledHeader struct {
	name string
	text text
}

// compile takes the texts apart.
func (s *Sample) compile() (compiled, error) {
	fail := func(err error) (compiled, error) {
		return compiled{}, fmt.Errorf("render %s/%s (%s): %w", s.provider.Name, Name(s.Entity, s.Action), s.Variant, err)
	}
	c := compiler{sample: s, slots: map[string]int{}}
	out := compiled{method: s.method()}
	body, err := s.file.body(s.form)
	if err == nil && body != nil {
		out.hasBody = true
		if s.isForm() {
			out.body, err = c.form(body)
		} else {
			out.body, err = c.json(body)
		}
	}
	if err != nil {
		return fail(err)
	}
	query := s.file.Query
	if s.form.Query != nil {
		query = *s.form.Query
	}
	out.hashes = strings.Contains(query, bodyHash)
	if out.query, err = c.text(strings.ReplaceAll(query, bodyHash, bodyMark), url.QueryEscape); err != nil {
		return fail(fmt.Errorf("query: %w", err))
	}
	set := func(name string, t text) {
		if name == "Content-Type" && s.isForm() {
			t = text{last: formType}
		}
		out.headers = slices.DeleteFunc(out.headers, func(h compiledHeader) bool { return h.name == name })
		if out.hasBody || name != "Content-Type" {
			out.headers = append(out.headers, compiledHeader{name, t})
		}
	}
	for _, h := range s.provider.headers {
		value, _ := h.template.Text(&verify.Values{Delivery: &verify.Delivery{}, Entity: s.Entity, Action: s.Action})
		set(h.name, text{last: value})
	}
	for _, headers := range []map[string]string{s.file.Headers, s.form.Headers} {
		for _, name := range slices.Sorted(maps.Keys(headers)) {
			t, err := c.text(headers[name], nil)
			if err != nil {
				return fail(fmt.Errorf("header %s: %w", name, err))
			}
			set(http.CanonicalHeaderKey(name), t)
		}
	}
	out.headers = slices.DeleteFunc(out.headers, func(h compiledHeader) bool { return len(h.text.parts) == 0 && h.text.last == "" })
	out.makers = c.makers
	return out, nil
}

// isForm reports whether the body is sent as a form.
func (s *Sample) isForm() bool {
	return s.form.Form != nil || s.form.Body == nil && s.file.Form != nil
}

func (s *Sample) method() string {
	for _, method := range [...]string{s.form.Method, s.file.Method} {
		if method != "" {
			return method
		}
	}
	return s.provider.Methods[0]
}

// serves returns how well the sample fits an event: 2 when it spells the name out, 1
// when a glob fits, 0 when it does not.
func (s *sampleFile) serves(name string) int {
	fit := 0
	for _, glob := range s.Events {
		switch {
		case strings.EqualFold(glob, name):
			return 2
		case matchPart(glob, name):
			fit = 1
		}
	}
	return fit
}

// checkClaims finds events that two samples serve equally well, and globs that serve
// none.
func (p *Provider) checkClaims(samples []*sampleFile) Faults {
	var faults Faults
	names := p.eventNames()
	for _, s := range samples {
		for _, glob := range s.Events {
			if !slices.ContainsFunc(names, func(name string) bool { return matchPart(glob, name) }) {
				faults = append(faults, faultIn(s.data, s.file, bytes.Index(s.data, quote(glob)), "events: %q fits no event of %s", clip(glob), p.Name))
			}
		}
	}
	for _, name := range names {
		if first, second := pick(samples, name); second != nil {
			faults = append(faults, faultIn(second.data, second.file, bytes.Index(second.data, []byte(`"events"`)), "events: %s is served by %s too", name, first.file))
			break
		}
		if fault, ok := doubledVariant(samples, name); ok {
			return append(faults, fault)
		}
	}
	return faults
}

// doubledVariant finds two forms of an event that have one name.
func doubledVariant(samples []*sampleFile, name string) (Fault, bool) {
	taken := map[string]string{}
	if s, _ := pick(samples, name); s != nil {
		for variant, v := range s.Variants {
			if v.fits(name) {
				taken[strings.ToLower(variant)] = s.file
			}
		}
	}
	for _, s := range samples {
		if s.Variant == "" || s.serves(name) == 0 {
			continue
		}
		folded := strings.ToLower(s.Variant)
		if other, ok := taken[folded]; ok {
			return faultIn(s.data, s.file, bytes.Index(s.data, []byte(`"variant"`)), "variant: %s of %s is in %s too", s.Variant, name, other), true
		}
		taken[folded] = s.file
	}
	return Fault{}, false
}

// pick returns the sample that serves an event best, and another that does so equally.
// Files that are variants serve an event that has nothing else, the first of them.
func pick(samples []*sampleFile, name string) (best, rival *sampleFile) {
	fit := 0
	for _, s := range samples {
		if s.Variant != "" {
			continue
		}
		switch n := s.serves(name); {
		case n > fit:
			best, rival, fit = s, nil, n
		case n == fit && n > 0:
			rival = s
		}
	}
	if best == nil {
		if i := slices.IndexFunc(samples, func(s *sampleFile) bool { return s.serves(name) > 0 }); i >= 0 {
			best = samples[i]
		}
	}
	return best, rival
}
