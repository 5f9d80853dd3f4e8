package provider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"whk/verify"
)

// handshakeDef is a question that a provider asks of an address before it sends events
// there, and the answer it wants. The conditions are those of detect.
type handshakeDef struct {
	// Name is what the vendor calls it.
	Name      string    `yaml:"name"`
	Certainty Certainty `yaml:"certainty"`
	// Method is the HTTP method of the question.
	Method  string            `yaml:"method"`
	Present []templates       `yaml:"present"`
	Equals  map[string]string `yaml:"equals"`
	// Verified asks for a valid signature of the question itself.
	Verified bool `yaml:"verified"`
	// Proof is an HMAC with the provider's secret, {sig} in the answer.
	Proof *proofDef `yaml:"proof"`
	// Status, Headers and Body are the answer; headers and body are templates.
	Status  int               `yaml:"status"`
	Headers map[string]string `yaml:"headers"`
	Body    string            `yaml:"body"`
}

// proofDef is an HMAC: its algorithm and encoding as in a recipe, and a template of
// what it is made of.
type proofDef struct {
	Algorithm string `yaml:"algorithm"`
	Encoding  string `yaml:"encoding"`
	Of        string `yaml:"of"`
}

// handshake is a handshakeDef made ready.
type handshake struct {
	name      string
	certainty Certainty
	method    string
	when      conditions
	verified  bool
	proof     *verify.Scheme
	of, body  *verify.Template
	status    int
	headers   []headerTemplate
	json      bool
}

// Answer is what a provider wants to hear when it asks whether an address is the
// receiver's.
type Answer struct {
	// Handshake is the vendor's name of the question.
	Handshake string
	Status    int
	Header    http.Header
	Body      []byte
}

// Handshake describes one question of a provider for people.
type Handshake struct {
	Name      string
	Method    string
	Certainty Certainty
	// Verified says that only a question with a valid signature is answered, Proof that
	// the answer needs the secret.
	Verified bool
	Proof    bool
}

// Handshakes lists the questions that the definition can answer.
func (p *Provider) Handshakes() []Handshake {
	list := make([]Handshake, len(p.shakes))
	for i := range p.shakes {
		h := &p.shakes[i]
		list[i] = Handshake{Name: h.name, Method: h.method, Certainty: h.certainty, Verified: h.verified, Proof: h.proof != nil}
	}
	return list
}

// Asks reports whether the provider asks anything by an HTTP method.
func (p *Provider) Asks(method string) bool {
	return slices.ContainsFunc(p.shakes, func(h handshake) bool { return h.method == method })
}

// The longest answer that is put together from what a stranger sent.
const maxAnswer = 8 << 10

const proofHeader = "X-Proof"

// Handshake answers a delivery that is a question and no event. The verdict is what was
// thought of its signature: where the answer is made with a secret, only a question
// that was itself signed gets one, since anybody else could have texts of his own choice
// signed. It reports false for everything that is no question.
func (p *Provider) Handshake(d *verify.Delivery, verdict verify.Verdict, secrets []verify.Secret) (Answer, bool) {
	for i := range p.shakes {
		h := &p.shakes[i]
		if h.method != d.Method {
			continue
		}
		var doc document
		doc.read(d, h.when.readsBody)
		if h.when.hold(&doc) {
			return h.answer(&doc, verdict, secrets)
		}
	}
	return Answer{}, false
}

func (h *handshake) answer(doc *document, verdict verify.Verdict, secrets []verify.Secret) (Answer, bool) {
	if h.verified && verdict.Status != verify.Valid {
		return Answer{}, false
	}
	values := verify.Values{Delivery: doc.delivery, Lookup: Lookup}
	if h.proof != nil {
		var ok bool
		if values.Sig, ok = h.prove(&values, verdict, secrets); !ok {
			return Answer{}, false
		}
	}
	a := Answer{Handshake: h.name, Status: h.status, Header: http.Header{}}
	for _, header := range h.headers {
		text, ok := header.template.Text(&values)
		if !ok || !validHeader(header.name, text) {
			return Answer{}, false
		}
		a.Header[header.name] = []string{text}
	}
	if h.json {
		values.Lookup = escapedLookup
	}
	body, ok := h.body.Append(nil, &values)
	if !ok || len(body) > maxAnswer {
		return Answer{}, false
	}
	a.Body = body
	return a, true
}

// escapedLookup is Lookup for texts that go between the quotes of JSON.
func escapedLookup(body []byte, at string) (string, bool) {
	text, ok := Lookup(body, at)
	quoted, err := json.Marshal(text)
	return string(bytes.Trim(quoted, `"`)), ok && err == nil && !strings.HasPrefix(text, `"`) && !strings.HasSuffix(text, `"`)
}

// prove makes the proof with the secret that the question was signed with.
func (h *handshake) prove(values *verify.Values, verdict verify.Verdict, secrets []verify.Secret) (string, bool) {
	text, ok := h.of.Text(values)
	i := slices.IndexFunc(secrets, func(s verify.Secret) bool { return s.Name == verdict.Secret })
	if !ok || i < 0 || len(text) > maxAnswer {
		return "", false
	}
	keyring, err := h.proof.Bind("", secrets[i])
	if err != nil {
		return "", false
	}
	signed := verify.Delivery{Header: http.Header{}, Body: []byte(text)}
	if err := keyring.Sign(&signed, lintTime(), ""); err != nil {
		return "", false
	}
	return signed.Header.Get(proofHeader), true
}

func (b *builder) handshakes(p *Provider) {
	for i, d := range b.d.Handshake {
		way := func(key string) []any { return at("handshake", i, key) }
		h := handshake{name: d.Name, certainty: d.Certainty, method: d.Method, verified: d.Verified, status: d.Status}
		b.certainty(way("certainty"), &h.certainty)
		b.conditions(&h.when, detectDef{present: d.Present, equals: d.Equals}, "handshake", i)
		if d.Name == "" || d.Method == "" || strings.Trim(d.Method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			b.fault(way("name"), "handshake: give its name, and the HTTP method of the question")
		}
		if d.Status < 200 || d.Status > 299 {
			b.fault(way("status"), "handshake: status %d: expected one from 200 to 299", d.Status)
		}
		h.body = b.template(way("body"), d.Body)
		for _, name := range slices.Sorted(maps.Keys(d.Headers)) {
			if !validHeader(name, "") {
				b.fault(way("headers"), "handshake: %q is no header name", name)
			}
			if t := b.template(way("headers"), d.Headers[name]); t != nil {
				h.headers = append(h.headers, headerTemplate{http.CanonicalHeaderKey(name), t})
			}
			h.json = h.json || strings.EqualFold(name, "Content-Type") && strings.HasPrefix(d.Headers[name], "application/json")
		}
		if h.json {
			for _, variable := range []string{"{query.", "{header.", "{form.", "{body}", "{path}", "{url}"} {
				if strings.Contains(d.Body, variable) {
					b.fault(way("body"), "handshake: in an answer of JSON only {body.PATH} and {sig} may stand, which are escaped")
				}
			}
		}
		b.proof(&h, d, i)
		p.shakes = append(p.shakes, h)
	}
}

func (b *builder) proof(h *handshake, d handshakeDef, i int) {
	if d.Proof == nil {
		if strings.Contains(d.Body, "{sig}") {
			b.fault(at("handshake", i, "body"), "handshake: {sig} needs a proof")
		}
		return
	}
	if !d.Verified {
		b.fault(at("handshake", i, "proof"), "handshake: a proof needs verified: true, else anybody could have a text of his choice signed")
	}
	h.of = b.template(at("handshake", i, "proof", "of"), d.Proof.Of)
	var err error
	h.proof, err = verify.NewScheme(verify.Recipe{Kind: verify.KindHMAC, Algorithm: d.Proof.Algorithm, Encoding: d.Proof.Encoding, Header: proofHeader})
	if err != nil {
		b.fault(at("handshake", i, "proof"), "handshake: proof: %s", strings.TrimPrefix(err.Error(), "verify[0]: "))
	}
}

func (b *builder) template(way []any, source string) *verify.Template {
	t, err := verify.ParseTemplate(source)
	if err != nil {
		b.fault(way, "%s: %s", label(way), err)
		return nil
	}
	for _, variable := range [...]string{"{secret}", "{ts}", "{id}", "{entity}", "{action}"} {
		if strings.Contains(source, variable) {
			b.fault(way, "%s: %s has no value here", label(way), variable)
		}
	}
	return t
}

// describe is for errors and lists.
func (h Handshake) String() string { return fmt.Sprintf("%s, by %s", h.Name, h.Method) }
