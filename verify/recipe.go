package verify

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The kinds of recipe.
const (
	KindHMAC   = "hmac"   // a keyed hash of the signed content
	KindHash   = "hash"   // a plain hash; with {secret} in the signed content it is keyed
	KindStatic = "static" // the secret itself, in clear
	KindNone   = "none"   // no authentication documented

	KindEd25519 = "ed25519" // an Ed25519 signature
	KindECDSA   = "ecdsa"   // an ECDSA signature; the hash pins the curve
	KindRSA     = "rsa"     // an RSA signature, PKCS #1 v1.5
	KindRSAPSS  = "rsa-pss" // an RSA signature, PSS with a salt as long as the hash
	KindMessage = "rfc9421" // an HTTP message signature, RFC 9421
)

// Recipe is one way of authenticating a delivery, as a provider definition spells it.
// The same recipe checks and signs. The algorithm is pinned here: nothing in a message
// can change it.
type Recipe struct {
	// Kind is hmac, hash, static, none, ed25519, ecdsa, rsa, rsa-pss or rfc9421.
	Kind string `yaml:"kind"`
	// When chooses between recipes: this one counts only for deliveries that it holds
	// of. It may look at the head of a delivery alone.
	When *Conditions `yaml:"when,omitempty"`
	// Algorithm is md5, sha1, sha256, sha384 or sha512; for ecdsa sha256 (P-256),
	// sha384 (P-384) or sha512 (P-521), for rsa and rsa-pss one of the last three; for
	// rfc9421 a name of its registry, such as ed25519 or hmac-sha256.
	Algorithm string `yaml:"algorithm,omitempty"`
	// AlgorithmsAllowed widens what a header that names its algorithm may name.
	AlgorithmsAllowed []string `yaml:"algorithms_allowed,omitempty"`
	// Encoding is hex (lower case), base64 or base64url.
	Encoding string `yaml:"encoding,omitempty"`
	// Form is how an ecdsa signature is written: asn1 (when empty) or raw, which is r
	// and s side by side.
	Form string `yaml:"form,omitempty"`
	// Header is the name of the header that carries the signature.
	Header string `yaml:"header,omitempty"`
	// Body says where the signature stands when it is part of the body. It takes the
	// place of Header, and is the one exception to the law that nothing looks into a
	// body before it is judged: these fields, and nothing else, are read from it.
	Body *BodyFields `yaml:"body,omitempty"`
	// Value is the form of the header: text around {sig} and, with a Separator, {ts}.
	// "{sig}" when empty. A text such as "sha512=" that spells the algorithm makes the
	// header name it.
	Value string `yaml:"value,omitempty"`
	// Separator divides a header that holds several fields or signatures; every field
	// of Value must come, others are passed over, and any matching {sig} is enough.
	Separator string `yaml:"separator,omitempty"`
	// Signed is the template of the signed content, "{body}" when empty.
	Signed string `yaml:"signed,omitempty"`
	// Require maps templates to templates: both must give the same text. It binds to
	// the signature what is signed by its hash alone.
	Require map[string]string `yaml:"require,omitempty"`
	// SecretEncoding is how the secret's text becomes the key: raw, base64 or hex.
	SecretEncoding string `yaml:"secret_encoding,omitempty"`
	// SecretPrefix is taken off the secret's text first, if it is there.
	SecretPrefix string `yaml:"secret_prefix,omitempty"`
	// Timestamp is the signed time, if the scheme has one.
	Timestamp *Timestamp `yaml:"timestamp,omitempty"`
	// ID is the name of the header with the delivery's id, for {id}.
	ID string `yaml:"id,omitempty"`
	// RequireURL says that the signed content holds the public URL, which a receiver
	// behind a proxy must be told.
	RequireURL bool `yaml:"require_url,omitempty"`
	// Label names the one HTTP message signature that counts; any does when empty.
	Label string `yaml:"label,omitempty"`
	// KeyID is the keyid of the HTTP message signatures that Sign makes.
	KeyID string `yaml:"key_id,omitempty"`
	// Covered lists the components that an HTTP message signature must cover at least,
	// as in "@method", "content-digest" or "@query-param:id". Sign covers exactly these.
	Covered []string `yaml:"covered,omitempty"`
}

// Timestamp says where a signed time stands and how it is judged.
type Timestamp struct {
	// Header carries the stamp; empty when {ts} stands in Recipe.Value.
	Header string `yaml:"header,omitempty"`
	// Format is unix (seconds), unix_ms or rfc3339; unix when empty.
	Format string `yaml:"format,omitempty"`
	// Tolerance is how far the stamp may be from the time of receipt, as in "5m";
	// without one the stamp is signed but not judged.
	Tolerance string `yaml:"tolerance,omitempty"`
	// Future accepts stamps ahead of the clock, however far.
	Future bool `yaml:"future,omitempty"`
}

// compiled is a recipe made ready: checked, parsed, with defaults in place.
type compiled struct {
	Recipe
	// hashes holds the pinned algorithm first, then the others that are allowed.
	hashes    []algorithm
	encoding  encoding
	header    string
	fields    []field
	signed    *Template
	stamp     string // canonical name of the time stamp's header
	id        string
	tolerance time.Duration
	when      *conditions
	require   []requirement
	body      *bodyFields
	message   *messageScheme
	// group is the index of the first recipe that reads the same header.
	group int
}

// field is one piece of a signature header: a fixed text around {sig} or {ts}.
type field struct {
	prefix, suffix string
	variable       variable
	// names is set when prefix spells the algorithm, as in "sha512=".
	names bool
}

func compile(r Recipe) (*compiled, error) {
	c := &compiled{Recipe: r, header: http.CanonicalHeaderKey(r.Header), id: http.CanonicalHeaderKey(r.ID)}
	if err := c.compileWhen(); err != nil {
		return nil, err
	}
	switch r.Kind {
	case KindNone:
		return c, c.refuseFields()
	case KindMessage:
		return c, c.compileMessage()
	case KindHMAC, KindHash, KindStatic, KindEd25519, KindECDSA, KindRSA, KindRSAPSS:
	default:
		return nil, fmt.Errorf("kind %q: expected hmac, hash, static, none, ed25519, ecdsa, rsa, rsa-pss or rfc9421", r.Kind)
	}
	for _, step := range []func() error{
		c.compilePlace, c.compileHash, c.compileFields, c.compileSigned, c.compileSecret, c.compileTimestamp, c.compileRequire,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// compilePlace says where the signature stands.
func (c *compiled) compilePlace() error {
	if c.Label != "" || c.KeyID != "" || len(c.Covered) > 0 {
		return errors.New("label, key_id and covered belong to kind rfc9421")
	}
	if c.Form != "" && c.Kind != KindECDSA {
		return errors.New("form belongs to kind ecdsa")
	}
	if c.Body != nil {
		return c.compileBody()
	}
	if c.Header == "" {
		return errors.New("header: missing; it names the header that carries the signature")
	}
	return nil
}

func (c *compiled) compileSecret() error {
	switch c.SecretEncoding {
	case "", "raw", "base64", "hex":
	default:
		return fmt.Errorf("secret_encoding %q: expected raw, base64 or hex", c.SecretEncoding)
	}
	if c.SecretEncoding != "" && c.asymmetric() {
		return fmt.Errorf("secret_encoding: a key for kind %s is told by its own form", c.Kind)
	}
	return nil
}

func (c *compiled) refuseFields() error {
	if c.Header != "" || c.Algorithm != "" || c.Value != "" || c.Signed != "" || c.Timestamp != nil || c.Body != nil {
		return errors.New("kind none takes no other field")
	}
	return nil
}

func (c *compiled) compileHash() error {
	switch c.Kind {
	case KindStatic:
		if c.Algorithm != "" || c.Encoding != "" || c.Signed != "" || len(c.Require) > 0 {
			return errors.New("kind static takes no algorithm, encoding or signed content: the header carries the secret itself")
		}
		return nil
	case KindEd25519:
		if c.Algorithm != "" || len(c.AlgorithmsAllowed) > 0 {
			return errors.New("kind ed25519 takes no algorithm, it has its own")
		}
		c.hashes = []algorithm{{"", newCollector}}
		return c.compileEncoding()
	case KindECDSA, KindRSA, KindRSAPSS:
		if err := c.compileAsymmetric(); err != nil {
			return err
		}
	}
	for _, name := range append([]string{c.Algorithm}, c.AlgorithmsAllowed...) {
		a, err := findAlgorithm(name)
		if err != nil {
			return err
		}
		if name != c.Algorithm || len(c.hashes) == 0 {
			c.hashes = append(c.hashes, a)
		}
	}
	return c.compileEncoding()
}

func (c *compiled) compileEncoding() error {
	switch c.encoding = encoding(c.Encoding); c.encoding {
	case encodingHex, encodingBase64, encodingBase64URL:
		return nil
	}
	return fmt.Errorf("encoding %q: expected hex, base64 or base64url", c.Encoding)
}

func (c *compiled) compileFields() error {
	if c.Value == "" {
		c.Value = "{sig}"
	}
	sources := []string{c.Value}
	if c.Separator != "" {
		sources = strings.Split(c.Value, c.Separator)
	}
	signatures := 0
	for _, source := range sources {
		f, err := c.parseField(source)
		if err != nil {
			return fmt.Errorf("value %q: %w", c.Value, err)
		}
		if f.variable == varSig {
			signatures++
		}
		c.fields = append(c.fields, f)
	}
	if signatures != 1 {
		return fmt.Errorf("value %q: expected {sig} once", c.Value)
	}
	return nil
}

func (c *compiled) parseField(source string) (field, error) {
	t, err := ParseTemplate(source)
	if err != nil {
		return field{}, err
	}
	var f field
	for _, p := range t.parts {
		switch {
		case p.variable == literal && f.variable == literal:
			f.prefix = p.text
		case p.variable == literal:
			f.suffix = p.text
		case f.variable != literal:
			return field{}, errors.New("two variables in one field; a separator must divide them")
		case p.variable == varSig, p.variable == varTS:
			f.variable = p.variable
		default:
			return field{}, errors.New("only {sig} and {ts} may stand in a header's value")
		}
	}
	if name, _, ok := strings.Cut(f.prefix, "="); ok && f.variable == varSig && len(c.hashes) > 0 {
		f.names = plainName(name) == c.Algorithm
	}
	return f, nil
}

func (c *compiled) compileSigned() error {
	if c.Signed == "" {
		c.Signed = "{body}"
	}
	t, err := ParseTemplate(c.Signed)
	if err != nil {
		return fmt.Errorf("signed: %w", err)
	}
	if t.ReadsBodyPath() {
		return fmt.Errorf("signed %q: a path into the body may not stand here, nothing is parsed before it is judged", c.Signed)
	}
	for _, v := range []variable{varSig, varEntity, varAction} {
		if t.has(v) {
			return fmt.Errorf("signed %q: {sig}, {entity} and {action} are not known when a delivery is judged", c.Signed)
		}
	}
	if t.has(varID) && c.ID == "" && !c.body.has(varID) {
		return fmt.Errorf("signed %q: {id} needs id: HEADER", c.Signed)
	}
	if t.has(varTS) && c.Timestamp == nil {
		return fmt.Errorf("signed %q: {ts} needs a timestamp", c.Signed)
	}
	if t.has(varSecret) && c.Kind != KindHash {
		return fmt.Errorf("signed %q: {secret} belongs to kind hash", c.Signed)
	}
	c.signed = t
	return nil
}

func (c *compiled) compileTimestamp() error {
	inValue := false
	for _, f := range c.fields {
		inValue = inValue || f.variable == varTS
	}
	if c.Timestamp == nil {
		if inValue {
			return fmt.Errorf("value %q: {ts} needs a timestamp", c.Value)
		}
		return nil
	}
	c.stamp = http.CanonicalHeaderKey(c.Timestamp.Header)
	inValue = inValue || c.body.has(varTS)
	if (c.stamp == "") != inValue {
		return errors.New("timestamp: give either header or {ts} in value")
	}
	return c.compileTolerance()
}

func (c *compiled) compileTolerance() error {
	if c.Timestamp.Tolerance != "" {
		d, err := time.ParseDuration(c.Timestamp.Tolerance)
		if err != nil || d <= 0 {
			return fmt.Errorf("timestamp tolerance %q: expected a duration such as 5m", c.Timestamp.Tolerance)
		}
		c.tolerance = d
	}
	switch c.Timestamp.Format {
	case "", "unix", "unix_ms", "rfc3339":
		return nil
	}
	return fmt.Errorf("timestamp format %q: expected unix, unix_ms or rfc3339", c.Timestamp.Format)
}

// keyed reports whether the recipe involves a secret.
func (c *compiled) keyed() bool {
	return c.Kind != KindNone && (c.Kind != KindHash || c.signed.has(varSecret))
}

// asymmetric reports whether a public key checks what a private one signed.
func (c *compiled) asymmetric() bool {
	switch c.Kind {
	case KindEd25519, KindECDSA, KindRSA, KindRSAPSS:
		return true
	case KindMessage:
		return c.message.kind != KindHMAC
	}
	return false
}

// key turns the text of a secret into the key's bytes.
func (c *compiled) key(s Secret) ([]byte, error) {
	text := strings.TrimPrefix(s.value, c.SecretPrefix)
	if text == "" {
		return nil, fmt.Errorf("secret %s is empty", s.Name)
	}
	switch c.SecretEncoding {
	case "base64":
		key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
		if err != nil {
			return nil, fmt.Errorf("secret %s: expected base64 after %q", s.Name, c.SecretPrefix)
		}
		return key, nil
	case "hex":
		key, err := hex.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("secret %s: expected hexadecimal digits", s.Name)
		}
		return key, nil
	}
	return []byte(text), nil
}

func (t *Timestamp) format(at time.Time) string {
	switch t.Format {
	case "unix_ms":
		return strconv.FormatInt(at.UnixMilli(), 10)
	case "rfc3339":
		return at.UTC().Format(time.RFC3339)
	}
	return strconv.FormatInt(at.Unix(), 10)
}

func (t *Timestamp) parse(text string) (time.Time, error) {
	if t.Format == "rfc3339" {
		return time.Parse(time.RFC3339, text)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if t.Format == "unix_ms" {
		return time.UnixMilli(n), err
	}
	return time.Unix(n, 0), err
}
