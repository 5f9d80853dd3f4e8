package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// HTTP message signatures, RFC 9421: what is signed is a list of components of the
// request, which the sender names in Signature-Input. The recipe pins the algorithm and
// the components that must be among them; what a message says of itself can only narrow
// that.

const (
	signatureHeader = "Signature"
	inputHeader     = "Signature-Input"
	digestHeader    = "Content-Digest"
	// The most signatures of one request that are looked at.
	maxSignatures = 8
	// defaultLabel names the signatures that Sign makes, unless the recipe names them.
	defaultLabel = "sig1"
)

// messageScheme is what the name of an algorithm in RFC 9421's registry stands for.
type messageScheme struct {
	kind, hash string
}

var messageSchemes = map[string]messageScheme{
	"hmac-sha256":       {KindHMAC, "sha256"},
	"ed25519":           {KindEd25519, ""},
	"ecdsa-p256-sha256": {KindECDSA, "sha256"},
	"ecdsa-p384-sha384": {KindECDSA, "sha384"},
	"rsa-pss-sha512":    {KindRSAPSS, "sha512"},
	"rsa-v1_5-sha256":   {KindRSA, "sha256"},
}

func (c *compiled) compileMessage() error {
	scheme, ok := messageSchemes[c.Algorithm]
	if !ok {
		return fmt.Errorf("algorithm %q: kind rfc9421 takes hmac-sha256, ed25519, ecdsa-p256-sha256, ecdsa-p384-sha384, rsa-pss-sha512 or rsa-v1_5-sha256", c.Algorithm)
	}
	if c.Value != "" || c.Separator != "" || c.Signed != "" || c.Encoding != "" || c.Form != "" || c.ID != "" || c.Body != nil ||
		len(c.Require)+len(c.AlgorithmsAllowed) > 0 || c.Header != "" && c.header != signatureHeader {
		return errors.New("kind rfc9421 takes algorithm, label, key_id, covered, timestamp, secret_encoding and secret_prefix; the header is Signature")
	}
	for i, id := range c.Covered {
		if _, err := parseComponent(id); err != nil {
			return err
		}
		if slices.Contains(c.Covered[:i], id) {
			return fmt.Errorf("covered: %s is there twice", id)
		}
	}
	c.message, c.Header, c.header, c.encoding = &scheme, signatureHeader, signatureHeader, encodingBase64
	if scheme.kind == KindEd25519 {
		c.hashes = []algorithm{{"", newCollector}}
	} else {
		a, err := findAlgorithm(scheme.hash)
		if err != nil {
			return err
		}
		c.hashes = []algorithm{a}
	}
	if scheme.kind == KindECDSA {
		c.Form = "raw"
	}
	if c.Timestamp != nil {
		if c.Timestamp.Header != "" || c.Timestamp.Format != "" {
			return errors.New("timestamp: the time of an HTTP message signature is its parameter created, in seconds")
		}
		if err := c.compileTolerance(); err != nil {
			return err
		}
	}
	return c.compileSecret()
}

// parseComponent reads the identifier of a component: a name, and for @query-param the
// parameter's name behind a colon, as in "@query-param:id".
func parseComponent(id string) (fieldItem, error) {
	name, query, found := strings.Cut(id, ":")
	item := fieldItem{value: name}
	if name == "" || strings.ToLower(name) != name || found != (name == "@query-param") {
		return item, fmt.Errorf("covered %q: expected a header's name in lower case, or one of @method, @target-uri, @authority, @scheme, @request-target, @path, @query and @query-param:NAME", id)
	}
	if found {
		item.params = []fieldParam{{"name", query}}
	}
	if _, err := component(&Delivery{Header: http.Header{http.CanonicalHeaderKey(name): {""}}, URL: "/?" + url.QueryEscape(query) + "="}, "", item); err != nil {
		return item, fmt.Errorf("covered %q: %w", id, err)
	}
	return item, nil
}

func (b *bound) checkMessage(d *Delivery, base string, at time.Time) Verdict {
	inputs, err := parseDictionary(d.Header[inputHeader])
	if err != nil || len(d.Header[inputHeader]) == 0 {
		return malformed("%s, which belongs to Signature, is missing or not as RFC 9421 writes it", inputHeader)
	}
	signatures, err := parseDictionary(d.Header[signatureHeader])
	if err != nil {
		return malformed("%s is not as RFC 9421 writes it", signatureHeader)
	}
	var labels []string
	for _, m := range inputs {
		labels = append(labels, m.key)
	}
	if b.Label != "" {
		labels = []string{b.Label}
	}
	best, rank := malformed("%s names no signature", inputHeader), -1
	for _, label := range labels[:min(len(labels), maxSignatures)] {
		v := b.checkLabel(d, base, at, label, inputs, signatures)
		if r := promise(v); r > rank {
			best, rank = v, r
		}
	}
	return best
}

// checkLabel judges one of the signatures.
func (b *bound) checkLabel(d *Delivery, base string, at time.Time, label string, inputs, signatures []fieldMember) Verdict {
	list, _ := memberNamed(inputs, label)
	member, _ := memberNamed(signatures, label)
	if !list.listed || member.listed || len(member.items) != 1 {
		return malformed("there is no signature %q in both %s and %s", label, inputHeader, signatureHeader)
	}
	signature, ok := member.items[0].value.([]byte)
	if !ok {
		return malformed("the signature %q in %s is not base64 between colons", label, signatureHeader)
	}
	if alg, ok := param(list.params, "alg"); ok && alg != b.Algorithm {
		return b.otherAlgorithm(alg)
	}
	for _, id := range b.Covered {
		want, _ := parseComponent(id)
		if !slices.ContainsFunc(list.items, func(i fieldItem) bool { return i.String() == want.String() }) {
			return Verdict{Status: Invalid, Reason: Downgrade, Detail: "the signature " + label + " does not cover " + id}
		}
	}
	content, err := signatureBase(d, base, list.items, list.params)
	if err != nil {
		return malformed("%s: %s", inputHeader, err)
	}
	matched := b.matchMessage(content, signature)
	if matched == nil {
		return Verdict{Status: Invalid, Reason: WrongValue, Detail: "the signature " + label + " does not match the request and the secret"}
	}
	if slices.ContainsFunc(list.items, func(i fieldItem) bool { return i.value == "content-digest" }) {
		if err := checkDigest(d); err != nil {
			return Verdict{Status: Invalid, Reason: WrongValue, Detail: err.Error()}
		}
	}
	if v := b.judgeSpan(list.params, at); v.Status != "" {
		return v
	}
	return Verdict{Status: Valid, Secret: matched.secret.Name, Development: matched.secret.Development}
}

// otherAlgorithm judges a message that names another algorithm than the pinned one.
func (b *bound) otherAlgorithm(named any) Verdict {
	name := fmt.Sprint(named)
	v := Verdict{Status: Invalid, Reason: UnsupportedAlgorithm, Detail: fmt.Sprintf("%s names %q, the scheme is %s", inputHeader, name, b.Algorithm)}
	if _, known := messageSchemes[name]; known {
		v.Reason = Downgrade
	}
	return v
}

// matchMessage tries every key, without an early way out.
func (b *bound) matchMessage(content, signature []byte) *key {
	var matched *key
	for _, k := range b.keys {
		s := k.states[0].Get().(*state)
		s.hash.Reset()
		s.hash.Write(content)
		s.sum = s.hash.Sum(s.sum[:0])
		if k.holds(b.compiled, s.sum, signature) && matched == nil {
			matched = k
		}
		k.states[0].Put(s)
	}
	return matched
}

// judgeSpan judges when a signature was made and until when it is good.
func (b *bound) judgeSpan(params []fieldParam, at time.Time) Verdict {
	if expires, ok := param(params, "expires"); ok {
		end, isNumber := expires.(int64)
		switch {
		case !isNumber:
			return malformed("%s: expires is no number of seconds", inputHeader)
		case at.After(time.Unix(end, 0)):
			return Verdict{Status: Invalid, Reason: Stale, Detail: fmt.Sprintf("expired %s before it came", at.Sub(time.Unix(end, 0)).Round(time.Second))}
		}
	}
	if b.Timestamp == nil || b.tolerance == 0 {
		return Verdict{}
	}
	created, _ := param(params, "created")
	if _, ok := created.(int64); !ok {
		return malformed("%s does not say when the signature was created", inputHeader)
	}
	return b.judgeTime(fmt.Sprint(created), at)
}

// signatureBase is what is signed: a line for each component, and one for the
// parameters of the signature.
func signatureBase(d *Delivery, base string, items []fieldItem, params []fieldParam) ([]byte, error) {
	var out []byte
	seen := map[string]bool{}
	for _, item := range items {
		id := item.String()
		if seen[id] {
			return nil, fmt.Errorf("the component %s is there twice", id)
		}
		seen[id] = true
		value, err := component(d, base, item)
		if err != nil {
			return nil, err
		}
		out = append(append(append(append(out, id...), ": "...), value...), '\n')
	}
	return appendList(append(out, `"@signature-params": `...), items, params), nil
}

// component is the value of one component of a request.
func component(d *Delivery, base string, item fieldItem) (string, error) {
	name, ok := item.value.(string)
	if !ok {
		return "", errors.New("a component is named by a text")
	}
	if len(item.params) > 0 && (name != "@query-param" || len(item.params) > 1) {
		return "", fmt.Errorf("the parameter %s of the component %q is not supported", item.params[0].name, name)
	}
	if !strings.HasPrefix(name, "@") {
		return headerComponent(d, name)
	}
	target := d.PublicURL(base)
	scheme, rest, _ := strings.Cut(target, "://")
	host, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, tail = rest[:i], rest[i:]
	}
	path, query, asked := strings.Cut(tail, "?")
	if path == "" {
		path = "/"
	}
	switch name {
	case "@method":
		return d.Method, nil
	case "@target-uri":
		return target, nil
	case "@authority":
		return authority(scheme, host), nil
	case "@scheme":
		return strings.ToLower(scheme), nil
	case "@request-target":
		if asked {
			return path + "?" + query, nil
		}
		return path, nil
	case "@path":
		return path, nil
	case "@query":
		return "?" + query, nil
	case "@query-param":
		return queryComponent(d, item)
	}
	return "", fmt.Errorf("a request has no component %q", name)
}

func headerComponent(d *Delivery, name string) (string, error) {
	if name == "host" {
		return d.Host, nil
	}
	values := d.Header[http.CanonicalHeaderKey(name)]
	if len(values) == 0 {
		if name == "content-length" {
			return fmt.Sprint(len(d.Body)), nil
		}
		return "", fmt.Errorf("the signed header %q did not come", name)
	}
	trimmed := make([]string, len(values))
	for i, v := range values {
		if trimmed[i] = strings.Trim(v, " \t"); strings.ContainsAny(v, "\r\n") {
			return "", fmt.Errorf("the signed header %q has a line break", name)
		}
	}
	return strings.Join(trimmed, ", "), nil
}

// authority is the host in lower case, without the port that the scheme implies.
func authority(scheme, host string) string {
	host = strings.ToLower(host)
	switch strings.ToLower(scheme) {
	case "http":
		return strings.TrimSuffix(host, ":80")
	case "https":
		return strings.TrimSuffix(host, ":443")
	}
	return host
}

func queryComponent(d *Delivery, item fieldItem) (string, error) {
	value, _ := param(item.params, "name")
	text, ok := value.(string)
	if !ok {
		return "", errors.New("@query-param has no name")
	}
	name, err := url.QueryUnescape(text)
	if err != nil {
		return "", fmt.Errorf("@query-param: %w", err)
	}
	query, err := url.ParseQuery(d.RawQuery())
	if err != nil || len(query[name]) != 1 {
		return "", fmt.Errorf("the signed query parameter %q is not there once", name)
	}
	return strings.ReplaceAll(url.QueryEscape(query[name][0]), "+", "%20"), nil
}

// digests are the ways of Content-Digest that are recomputed.
var digests = map[string]func([]byte) []byte{
	"sha-256": func(b []byte) []byte { sum := sha256.Sum256(b); return sum[:] },
	"sha-512": func(b []byte) []byte { sum := sha512.Sum512(b); return sum[:] },
}

// checkDigest compares Content-Digest, which is signed, with the body, which is not.
func checkDigest(d *Delivery) error {
	dictionary, err := parseDictionary(d.Header[digestHeader])
	if err != nil {
		return fmt.Errorf("%s is not as RFC 9530 writes it", digestHeader)
	}
	known := 0
	for _, m := range dictionary {
		digest := digests[m.key]
		if digest == nil {
			continue
		}
		known++
		if m.listed {
			return fmt.Errorf("%s is not as RFC 9530 writes it", digestHeader)
		}
		if sum, isBytes := m.items[0].value.([]byte); !isBytes || !hmac.Equal(sum, digest(d.Body)) {
			return fmt.Errorf("%s is signed and does not match the body", digestHeader)
		}
	}
	if known == 0 {
		return fmt.Errorf("%s holds neither sha-256 nor sha-512, so the body is not proven", digestHeader)
	}
	return nil
}

// signMessage sets Signature and Signature-Input, and Content-Digest when it is covered
// and not there.
func (b *bound) signMessage(d *Delivery, base string, at time.Time, k *key) error {
	var items []fieldItem
	for _, id := range b.Covered {
		item, err := parseComponent(id)
		if err != nil {
			return err
		}
		items = append(items, item)
		if id == "content-digest" {
			sum := sha256.Sum256(d.Body)
			d.Header[digestHeader] = []string{"sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"}
		}
	}
	params := []fieldParam{{"created", at.Unix()}}
	if b.KeyID != "" {
		params = append(params, fieldParam{"keyid", b.KeyID})
	}
	content, err := signatureBase(d, base, items, params)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	s := k.states[0].Get().(*state)
	defer k.states[0].Put(s)
	s.hash.Reset()
	s.hash.Write(content)
	signature := s.hash.Sum(nil)
	if k.pair.private != nil {
		if signature, err = k.pair.sign(b.compiled, signature); err != nil {
			return err
		}
	}
	label := b.Label
	if label == "" {
		label = defaultLabel
	}
	d.Header[inputHeader] = []string{label + "=" + string(appendList(nil, items, params))}
	d.Header[signatureHeader] = []string{label + "=:" + base64.StdEncoding.EncodeToString(signature) + ":"}
	return nil
}
