package explain_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"whk/verify"
	"whk/verify/explain"
)

// received is when all deliveries of these tests came.
func received() time.Time { return time.Unix(1_700_000_000, 0).UTC() }

// kind is a scheme that deliveries of these tests are signed by.
type kind struct {
	name   string
	recipe verify.Recipe
	secret string
}

func kinds() []kind {
	return []kind{
		{"rentman", verify.Recipe{Kind: "hmac", Algorithm: "sha512", Encoding: "hex", Header: "Digest", Value: "sha512={sig}"}, "some_secret_key"},
		{"cassaincloud", verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "hex", Header: "x-cn-signature"}, "pos$secret#1"},
		{"github", verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "hex", Header: "X-Hub-Signature-256", Value: "sha256={sig}"}, "It's a Secret to Everybody"},
		{"shopify", verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "base64", Header: "X-Shopify-Hmac-Sha256"}, "s3cr3t-key"},
		{"stripe", verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "hex", Header: "Stripe-Signature", Value: "t={ts},v1={sig}", Separator: ",",
			Signed: "{ts}.{body}", Timestamp: &verify.Timestamp{Tolerance: "5m"}}, "whsec_dGVzdC1rZXktMTIz"},
		{"slack", verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "hex", Header: "X-Slack-Signature", Value: "v0={sig}", Signed: "v0:{ts}:{body}",
			Timestamp: &verify.Timestamp{Header: "X-Slack-Request-Timestamp", Tolerance: "5m"}}, "8f742231b10e8888abcd99yyyzzz85a5"},
		{"standard", verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "base64", Header: "webhook-signature", Value: "v1,{sig}", Separator: " ",
			Signed: "{id}.{ts}.{body}", ID: "webhook-id", Timestamp: &verify.Timestamp{Header: "webhook-timestamp", Tolerance: "5m"},
			SecretPrefix: "whsec_", SecretEncoding: "base64"}, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
		{"square", verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "base64url", Header: "X-Square-Signature", Signed: "{url}{body}", RequireURL: true}, "Ibxx_5AKakO-3qeNVR61Dw"},
		{"hubspot", verify.Recipe{Kind: "hash", Algorithm: "sha256", Encoding: "hex", Header: "X-HubSpot-Signature", Signed: "{secret}{body}"}, "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"},
		{"digest", verify.Recipe{Kind: "hash", Algorithm: "sha256", Encoding: "base64", Header: "Content-Digest", Value: "sha-256=:{sig}:", Separator: ","}, ""},
		{"ploomes", verify.Recipe{Kind: "static", Header: "X-Ploomes-Validation-Key"}, "Key-of-Ploomes-1234"},
	}
}

// sample is a body with most of what is written differently by different libraries.
const sample = `{"name":"Caf\u00e9 é 😀","ref":"/crew/33","price":1.10,"qty":2.0,"tags":["<a&b>","it's"],"meta":{"z":1,"a":{},"b":[]},"note":null,"n":12014}`

// mutation is one thing that goes wrong between the sender and whk.
type mutation struct {
	name string
	// causes are those that name it, or something that gives the same bytes.
	causes []explain.Cause
	// recipe and secret are what the sender signs with; came is what becomes of the
	// signed body on its way, head what becomes of the head.
	recipe func(*verify.Recipe)
	secret func(string) string
	signs  func(string) string
	came   func(string) string
	head   func(d *verify.Delivery, header string)
	at     time.Duration // how long after the signature the delivery comes
	body   string        // what is signed, in place of the sample
	only   func(verify.Recipe) bool
	pair   bool // it changes two things
}

// signed makes the delivery that came of the mutations, and the input to explain it.
func signed(t testing.TB, k kind, mutations ...mutation) (explain.Input, bool) {
	t.Helper()
	recipe, secret, signs, came := k.recipe, k.secret, sample, []func(string) string{}
	var at time.Duration
	for _, m := range mutations {
		if m.only != nil && !m.only(k.recipe) {
			return explain.Input{}, false
		}
		if m.body != "" {
			signs = m.body
		}
	}
	arrived := signs
	for _, m := range mutations {
		if m.recipe != nil {
			m.recipe(&recipe)
		}
		if m.secret != nil {
			secret = m.secret(secret)
		}
		if m.signs != nil {
			signs = m.signs(signs)
		}
		if m.came != nil {
			came = append(came, m.came)
		}
		at += m.at
	}
	if len(came) > 0 {
		arrived = signs
	}
	for _, change := range came {
		arrived = change(arrived)
	}
	scheme, err := verify.NewScheme(k.recipe)
	if err != nil {
		t.Fatal(err)
	}
	sender, err := verify.NewScheme(recipe)
	if err != nil {
		t.Fatalf("%s: %v", k.name, err)
	}
	d := &verify.Delivery{Method: "POST", URL: "/hooks/in?shop=3", Host: "hooks.example.com", Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(signs)}
	keyring, err := sender.Bind(base, verify.NewSecret("sender", secret))
	if err != nil {
		return explain.Input{}, false
	}
	if err := keyring.Sign(d, received().Add(-at), "msg_1"); err != nil {
		return explain.Input{}, false
	}
	d.Body = []byte(arrived)
	for _, m := range mutations {
		if m.head != nil {
			m.head(d, http.CanonicalHeaderKey(recipe.Header))
		}
	}
	in := explain.Input{Delivery: d, Scheme: scheme, Provider: k.name, Base: base, Received: received(), Budget: 20 * time.Second,
		Others: map[string][]verify.Secret{"other": {verify.NewSecret("env OTHER", otherSecret)}, k.name: {verify.NewSecret("env SECOND", secondSecret)}}}
	if k.secret != "" {
		in.Secrets = []verify.Secret{verify.NewSecret("env FIRST", k.secret)}
	}
	own, err := scheme.Bind(base, in.Secrets...)
	if err != nil {
		t.Fatal(err)
	}
	v := own.Check(d, received())
	return in, v.Status == verify.Invalid || v.Status == verify.Missing
}

const (
	base         = "https://hooks.example.com"
	otherSecret  = "whsec_b3RoZXItcHJvdmlkZXItc2VjcmV0"
	secondSecret = "whsec_c2Vjb25kLXNlY3JldC1vZi1pdA=="
)

func signsBody(r verify.Recipe) bool { return r.Kind != "static" }
func isKeyed(r verify.Recipe) bool {
	return r.Kind != "static" && (r.Kind == "hmac" || strings.Contains(r.Signed, "{secret}"))
}
func isHMAC(r verify.Recipe) bool     { return r.Kind == "hmac" }
func isHex(r verify.Recipe) bool      { return r.Encoding == "hex" }
func isBase64(r verify.Recipe) bool   { return strings.HasPrefix(r.Encoding, "base64") }
func isStatic(r verify.Recipe) bool   { return r.Kind == "static" }
func hasTime(r verify.Recipe) bool    { return r.Timestamp != nil }
func stampHead(r verify.Recipe) bool  { return r.Timestamp != nil && r.Timestamp.Header != "" }
func hasSecret(r verify.Recipe) bool  { return r.Header != "Content-Digest" }
func hasPrefix(r verify.Recipe) bool  { return r.Value != "" && r.Separator == "" }
func wholeValue(r verify.Recipe) bool { return r.Separator == "" }

// remade is JSON as Go writes it.
func remade(indent string, escape bool) func(string) string {
	return func(text string) string {
		var value any
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		if decoder.Decode(&value) != nil {
			return text
		}
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(escape)
		encoder.SetIndent("", indent)
		if encoder.Encode(value) != nil {
			return text
		}
		return strings.TrimSuffix(out.String(), "\n")
	}
}

func indented(indent string) func(string) string {
	return func(text string) string {
		var out bytes.Buffer
		if json.Indent(&out, []byte(text), "", indent) != nil {
			return text
		}
		return out.String()
	}
}

func replacing(old ...string) func(string) string { return strings.NewReplacer(old...).Replace }

func ending(text string) func(string) string { return func(s string) string { return s + text } }

// rewritten changes the signature header of a delivery.
func rewritten(change func(string) string) func(*verify.Delivery, string) {
	return func(d *verify.Delivery, header string) {
		for i, value := range d.Header[header] {
			d.Header[header][i] = change(value)
		}
	}
}

// inner changes the signature within its header.
func inner(decode func(string) ([]byte, error), encode func([]byte) string) func(*verify.Delivery, string) {
	return rewritten(func(value string) string {
		prefix := ""
		for _, p := range []string{"sha512=", "sha256=", "sha-256=:", "v0=", "v1,"} {
			if strings.HasPrefix(value, p) {
				prefix = p
			}
		}
		if i := strings.Index(value, "v1="); i >= 0 {
			prefix = value[:i+3]
		}
		text := strings.TrimPrefix(value, prefix)
		suffix := ""
		if strings.HasSuffix(text, ":") {
			text, suffix = text[:len(text)-1], ":"
		}
		sum, err := decode(text)
		if err != nil {
			return value
		}
		return prefix + encode(sum) + suffix
	})
}

func anyBase64(s string) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(s), "="))
}

func mutations() []mutation {
	rewrittenJSON := []explain.Cause{explain.JSONRewritten, explain.JSONEscapes, explain.JSONKeyOrder, explain.JSONNumbers}
	longer := strings.Repeat(`{"id":1,"ref":"/crew/33"}`, 200)
	all := []mutation{
		// The body.
		{name: "a final newline was added", causes: []explain.Cause{explain.NewlineAdded}, came: ending("\n")},
		{name: "a final CRLF was added", causes: []explain.Cause{explain.NewlineAdded}, came: ending("\r\n")},
		{name: "a blank was added", causes: []explain.Cause{explain.BlanksAdded}, came: ending(" ")},
		{name: "the final newline was lost", causes: []explain.Cause{explain.NewlineLost}, signs: ending("\n"), came: func(s string) string { return strings.TrimSuffix(s, "\n") }},
		{name: "white space around was trimmed", causes: []explain.Cause{explain.BlanksAdded}, came: func(s string) string { return " " + s + "\n\n" }},
		{name: "LF became CRLF", causes: []explain.Cause{explain.LineEnds}, signs: indented(" "), came: replacing("\n", "\r\n")},
		{name: "CRLF became LF", causes: []explain.Cause{explain.LineEnds}, signs: func(s string) string { return replacing("\n", "\r\n")(indented(" ")(s)) }, came: replacing("\r\n", "\n")},
		{name: "a byte order mark was added", causes: []explain.Cause{explain.ByteOrderMark}, came: func(s string) string { return "\ufeff" + s }},
		{name: "the byte order mark was lost", causes: []explain.Cause{explain.ByteOrderMark}, signs: func(s string) string { return "\ufeff" + s }, came: replacing("\ufeff", "")},
		{name: "indented by 2 on the way", causes: rewrittenJSON, came: indented("  ")},
		{name: "indented by 4 and signed compactly", causes: rewrittenJSON, came: indented("    ")},
		{name: "signed with an indent of 2", causes: rewrittenJSON, signs: indented("  "), came: func(string) string { return sample }},
		{name: "signed with tabs", causes: rewrittenJSON, signs: indented("\t"), came: func(string) string { return sample }},
		{name: "signed with blanks, as Python", causes: rewrittenJSON, signs: replacing(`,"`, `, "`, `":`, `": `), came: func(string) string { return sample }},
		{name: "slashes escaped on the way", causes: rewrittenJSON, came: replacing("/", `\/`)},
		{name: "slashes escaped by PHP, signed so", causes: rewrittenJSON, signs: replacing("/", `\/`), came: replacing(`\/`, "/")},
		{name: "Unicode unescaped on the way", causes: rewrittenJSON, signs: func(string) string { return `{"a":"\u00e9\ud83d\ude00"}` }, came: func(string) string { return `{"a":"é😀"}` }},
		{name: "Unicode escaped on the way", causes: rewrittenJSON, signs: func(string) string { return `{"a":"é😀"}` }, came: func(string) string { return `{"a":"\u00e9\ud83d\ude00"}` }},
		{name: "signed as .NET writes", causes: rewrittenJSON, signs: func(string) string { return `{"a":"\u00E9\u0027s \u003Cb\u003E"}` }, came: func(string) string { return `{"a":"é's <b>"}` }},
		{name: "keys sorted and HTML escaped by Go", causes: rewrittenJSON, signs: remade("", true), came: func(string) string { return sample }},
		{name: "keys sorted", causes: rewrittenJSON, signs: remade("", false), came: func(string) string { return `{"b":1,"a":{"d":2,"c":3}}` }, body: `{"b":1,"a":{"d":2,"c":3}}`},
		{name: "1.10 became 1.1 on the way to the signer", causes: rewrittenJSON, signs: replacing("1.10", "1.1", "2.0", "2"), came: func(string) string { return sample }},
		{name: "1e3 became 1000.0 as in Python", causes: rewrittenJSON, signs: func(string) string { return `{"a": 1000.0, "b": 1.1}` }, came: func(string) string { return `{"a": 1e3, "b": 1.10}` }},
		{name: "signed in Latin-1", causes: []explain.Cause{explain.Charset}, signs: func(string) string { return "{\"a\":\"caf\xe9\"}" }, came: func(string) string { return `{"a":"café"}` }},
		{name: "came in Latin-1", causes: []explain.Cause{explain.Charset}, signs: func(string) string { return `{"a":"café"}` }, came: func(string) string { return "{\"a\":\"caf\xe9\"}" }},
		{name: "signed with U+FFFD", causes: []explain.Cause{explain.BodyNormalised}, signs: func(string) string { return "{\"a\":\"\ufffd\"}" }, came: func(string) string { return "{\"a\":\"\xff\"}" }},
		{name: "put into a form", causes: []explain.Cause{explain.FormWrapped}, came: func(string) string { return "payload=" + pathEscape(sample) }},
		{name: "taken out of a form", causes: []explain.Cause{explain.FormWrapped}, signs: func(string) string { return "payload=" + pathEscape(sample) }, came: func(string) string { return sample }},
		{name: "a form signed as JSON", causes: []explain.Cause{explain.FormParsed}, signs: func(string) string { return `{"a":"1","b":"x y"}` }, came: func(string) string { return "a=1&b=x+y" }},
		{name: "a form with %20 for +", causes: []explain.Cause{explain.FormRewritten}, signs: func(string) string { return "a=1&b=x+y" }, came: func(string) string { return "a=1&b=x%20y" }},
		{name: "gzip was not undone", causes: []explain.Cause{explain.Compressed}, came: zipped},
		{name: "base64 was not undone", causes: []explain.Cause{explain.BodyEncoded}, came: func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
		{name: "chunks were not put together", causes: []explain.Cause{explain.Chunked}, came: func(s string) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(s), s) }},
		{name: "the body came twice", causes: []explain.Cause{explain.BodyTwice, explain.BodyTooLong}, came: func(s string) string { return s + s }},
		{name: "the body was signed twice", causes: []explain.Cause{explain.BodyTwice}, signs: func(s string) string { return s + s }, came: func(string) string { return sample }},
		{name: "garbage was appended", causes: []explain.Cause{explain.BodyTooLong}, came: ending("\x00garbage")},
		{name: "only 100 bytes were signed", causes: []explain.Cause{explain.BodyTooLong}, signs: func(s string) string { return s[:100] }, came: func(string) string { return sample }},
		{name: "only 4096 bytes were signed", causes: []explain.Cause{explain.BodyTooLong}, signs: func(string) string { return longer[:4096] }, came: func(string) string { return longer }},
		{name: "the last bracket was lost", causes: []explain.Cause{explain.BodyTooShort}, came: func(s string) string { return s[:len(s)-1] }},
		{name: "nothing was signed", causes: []explain.Cause{explain.BodyNotSigned}, signs: func(string) string { return "" }, came: func(string) string { return sample }},
		{name: "an object was signed as text", causes: []explain.Cause{explain.BodyAsText}, signs: func(string) string { return "[object Object]" }, came: func(string) string { return sample }},
		{name: "only a part was signed", causes: []explain.Cause{explain.JSONPart}, signs: func(string) string { return `{"z":1,"a":{},"b":[]}` }, came: func(string) string { return sample }},
		{name: "quoted as JSON once more", causes: []explain.Cause{explain.JSONQuoted}, came: func(s string) string {
			b, _ := json.Marshal(s)
			return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b))
		}},
	}
	for i := range all {
		all[i].only = signsBody
	}
	return append(append(append(all, secretMutations()...), methodMutations()...), headMutations()...)
}

func secretMutations() []mutation {
	is := func(c ...explain.Cause) []explain.Cause { return c }
	return []mutation{
		{name: "another secret of the provider", causes: is(explain.SecretUnused), secret: func(string) string { return secondSecret }, only: hasSecret},
		{name: "another provider's secret", causes: is(explain.SecretOfOther), secret: func(string) string { return otherSecret }, only: hasSecret},
		{name: "a newline behind the secret", causes: is(explain.SecretBlanks), secret: ending("\n"), only: isKeyed},
		{name: "a blank behind the secret", causes: is(explain.SecretBlanks), secret: ending(" "), only: isKeyed},
		{name: "quotes around the secret", causes: is(explain.SecretQuotes, explain.Quotes), secret: func(s string) string { return `"` + s + `"` }, only: hasSecret},
		{name: "the secret without its prefix", causes: is(explain.SecretPrefix, explain.SecretCut), secret: func(s string) string { return strings.TrimPrefix(s, "whsec_") },
			only: func(r verify.Recipe) bool { return r.Separator == "," && r.Kind == "hmac" }},
		{name: "the secret decoded from base64", causes: is(explain.SecretEncoding), secret: func(s string) string {
			b, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, "whsec_"))
			return string(b)
		}, only: func(r verify.Recipe) bool { return r.Separator == "," && r.Kind == "hmac" }},
		{name: "the secret not decoded", causes: is(explain.SecretEncoding), recipe: func(r *verify.Recipe) { r.SecretEncoding = "" },
			only: func(r verify.Recipe) bool { return r.SecretEncoding != "" }},
		{name: "the prefix of the secret kept", causes: is(explain.SecretPrefix, explain.SecretEncoding), recipe: func(r *verify.Recipe) { r.SecretEncoding, r.SecretPrefix = "", "" },
			only: func(r verify.Recipe) bool { return r.SecretEncoding != "" }},
		{name: "the secret in lower case", causes: is(explain.SecretCase, explain.KeyCase), secret: strings.ToLower, only: hasSecret},
		{name: "the secret cut at $", causes: is(explain.SecretCut), secret: func(s string) string { head, _, _ := strings.Cut(s, "$"); return head },
			only: func(r verify.Recipe) bool { return r.Header == "x-cn-signature" }},
		{name: "no secret, but a word", causes: is(explain.SecretMissing), secret: func(string) string { return "undefined" }, only: isKeyed},
		{name: "the development secret", causes: is(explain.SecretDevelopment), secret: nil, head: nil, only: func(verify.Recipe) bool { return false }},
		{name: "the hash of the secret as key", causes: is(explain.SecretHashed), secret: func(s string) string {
			sum := sha256.Sum256([]byte(s))
			return hex.EncodeToString(sum[:])
		}, only: func(r verify.Recipe) bool { return isKeyed(r) && r.SecretEncoding == "" }},
	}
}

// resigned signs with what a recipe cannot express.
func resigned(sum func(secret, body string) []byte) func(d *verify.Delivery, header string) {
	return func(d *verify.Delivery, header string) {
		k := kinds()[slices.IndexFunc(kinds(), func(k kind) bool { return http.CanonicalHeaderKey(k.recipe.Header) == header })]
		b := sum(k.secret, string(d.Body))
		text := hex.EncodeToString(b)
		if k.recipe.Encoding == "base64" {
			text = base64.StdEncoding.EncodeToString(b)
		}
		value := cmpOr(k.recipe.Value, "{sig}")
		d.Header[header] = []string{strings.Replace(value, "{sig}", text, 1)}
	}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func plain256(parts ...string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(parts, "")))
	return sum[:]
}

func methodMutations() []mutation {
	is := func(c ...explain.Cause) []explain.Cause { return c }
	hash := func(name string) func(*verify.Recipe) { return func(r *verify.Recipe) { r.Algorithm = name } }
	content := func(template string) func(*verify.Recipe) { return func(r *verify.Recipe) { r.Signed = template } }
	bodyOnly256 := func(r verify.Recipe) bool { return r.Kind == "hmac" && r.Algorithm == "sha256" && r.Signed == "" }
	others := []mutation{
		{name: "secret and body hashed", causes: is(explain.PlainHash), head: resigned(func(s, b string) []byte { return plain256(s, b) }), only: bodyOnly256},
		{name: "body and secret hashed", causes: is(explain.PlainHash), head: resigned(func(s, b string) []byte { return plain256(b, s) }), only: bodyOnly256},
		{name: "secret, colon and body hashed", causes: is(explain.PlainHash), head: resigned(func(s, b string) []byte { return plain256(s, ":", b) }), only: bodyOnly256},
		{name: "no secret, only a hash", causes: is(explain.Unkeyed), head: resigned(func(_, b string) []byte { return plain256(b) }), only: bodyOnly256},
		{name: "key and message swapped", causes: is(explain.KeySwapped), head: resigned(func(s, b string) []byte {
			mac := hmac.New(sha256.New, []byte(b))
			mac.Write([]byte(s))
			return mac.Sum(nil)
		}), only: bodyOnly256},
		{name: "the secret in clear", causes: is(explain.SecretInClear), head: func(d *verify.Delivery, header string) {
			d.Header[header] = []string{kinds()[2].secret}
		}, only: func(r verify.Recipe) bool { return r.Header == "X-Hub-Signature-256" }},
		{name: "an HMAC in place of the key", causes: is(explain.KeyedHash), head: func(d *verify.Delivery, header string) {
			mac := hmac.New(sha1.New, []byte("Key-of-Ploomes-1234"))
			mac.Write(d.Body)
			d.Header[header] = []string{hex.EncodeToString(mac.Sum(nil))}
		}, only: isStatic},
		{name: "only the body is signed", causes: is(explain.SignedContent), recipe: content("{body}"), only: func(r verify.Recipe) bool { return hasTime(r) || r.RequireURL }},
		{name: "stamp and body without a separator", causes: is(explain.SignedContent), recipe: content("{ts}{body}"), only: hasTime},
		{name: "stamp and body with a colon", causes: is(explain.SignedContent), recipe: content("{ts}:{body}"), only: hasTime},
		{name: "body before the stamp", causes: is(explain.SignedContent), recipe: content("{body}.{ts}"), only: hasTime},
		{name: "the URL is signed, too", causes: is(explain.SignedContent), recipe: content("{url}{body}"), only: func(r verify.Recipe) bool { return isHMAC(r) && !r.RequireURL }},
		{name: "method and path are signed, too", causes: is(explain.SignedContent), recipe: content("{method}{path}{body}"), only: isHMAC},
		{name: "the hash of the body is signed", causes: is(explain.SignedContent), recipe: content("{body_sha256}"), only: isHMAC},
		{name: "the URL without its query", causes: is(explain.SignedURL), recipe: content("https://hooks.example.com/hooks/in{body}"), only: func(r verify.Recipe) bool { return r.RequireURL }},
		{name: "http in place of https", causes: is(explain.SignedURL), recipe: content("http://hooks.example.com/hooks/in?shop=3{body}"), only: func(r verify.Recipe) bool { return r.RequireURL }},
		{name: "a slash at the end of the path", causes: is(explain.SignedURL), recipe: content("https://hooks.example.com/hooks/in/?shop=3{body}"), only: func(r verify.Recipe) bool { return r.RequireURL }},
	}
	for _, name := range []string{"md5", "sha1", "sha256", "sha384", "sha512"} {
		m := mutation{name: "signed with " + name, causes: is(explain.OtherAlgorithm), recipe: hash(name), only: func(r verify.Recipe) bool { return r.Algorithm != name && r.Kind != "static" }}
		others = append(others, m)
		m.name += ", as the header says"
		m.recipe = func(r *verify.Recipe) {
			r.Value = strings.Replace(r.Value, r.Algorithm+"=", name+"=", 1)
			r.Algorithm = name
		}
		m.only = func(r verify.Recipe) bool {
			return r.Kind == "hmac" && r.Algorithm != name && strings.HasPrefix(r.Value, r.Algorithm)
		}
		others = append(others, m)
	}
	return others
}

func headMutations() []mutation {
	is := func(c ...explain.Cause) []explain.Cause { return c }
	moved := func(to string) func(d *verify.Delivery, header string) {
		return func(d *verify.Delivery, header string) {
			d.Header[to] = d.Header[header]
			delete(d.Header, header)
		}
	}
	return []mutation{
		{name: "digits in upper case", causes: is(explain.HexCase, explain.Prefix), head: inner(hex.DecodeString, func(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }), only: isHex},
		{name: "base64 in place of digits", causes: is(explain.OtherEncoding), head: inner(hex.DecodeString, base64.StdEncoding.EncodeToString), only: isHex},
		{name: "base64url in place of digits", causes: is(explain.OtherEncoding), head: inner(hex.DecodeString, base64.RawURLEncoding.EncodeToString), only: isHex},
		{name: "digits in place of base64", causes: is(explain.OtherEncoding), head: inner(anyBase64, hex.EncodeToString), only: isBase64},
		{name: "base64 without padding", causes: is(explain.Padding), head: inner(anyBase64, base64.RawStdEncoding.EncodeToString), only: func(r verify.Recipe) bool { return r.Encoding == "base64" }},
		{name: "base64 of the digits", causes: is(explain.DoubleEncoding), head: inner(hex.DecodeString, func(b []byte) string {
			return base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(b)))
		}), only: isHex},
		{name: "digits with hyphens, as .NET", causes: is(explain.OtherEncoding), head: inner(hex.DecodeString, func(b []byte) string {
			return strings.ToUpper(strings.ReplaceAll(fmt.Sprintf("% x", b), " ", "-"))
		}), only: isHex},
		{name: "cut to 20 bytes", causes: is(explain.SignatureCut), head: inner(hex.DecodeString, func(b []byte) string { return hex.EncodeToString(b[:19]) + "0a"[:0] }), only: isHex},
		{name: "cut in the middle of a byte", causes: is(explain.SignatureCut), head: inner(hex.DecodeString, func(b []byte) string { return hex.EncodeToString(b)[:31] }), only: isHex},
		{name: "without its prefix", causes: is(explain.Prefix), head: rewritten(func(s string) string { _, rest, _ := strings.Cut(s, "="); return rest }), only: hasPrefix},
		{name: "with a prefix of its own", causes: is(explain.Prefix), head: rewritten(func(s string) string { return "signature=" + s }), only: func(r verify.Recipe) bool { return r.Value == "" && r.Kind != "static" }},
		{name: "with its prefix in upper case", causes: is(explain.Prefix), head: rewritten(func(s string) string { name, rest, _ := strings.Cut(s, "="); return strings.ToUpper(name) + "=" + rest }), only: hasPrefix},
		{name: "in quotes", causes: is(explain.Quotes, explain.Prefix, explain.SecretQuotes), head: rewritten(func(s string) string { return `"` + s + `"` }), only: wholeValue},
		{name: "in another header", causes: is(explain.OtherHeader), head: moved("X-Signature")},
		{name: "twice, the first from somewhere else", causes: is(explain.HeaderTwice), head: func(d *verify.Delivery, header string) {
			d.Header[header] = append([]string{"0000"}, d.Header[header]...)
		}, only: wholeValue},
		{name: "in the query", causes: is(explain.InQuery), head: func(d *verify.Delivery, header string) {
			d.URL += "&signature=" + pathEscape(d.Header.Get(header))
			delete(d.Header, header)
		}, only: func(r verify.Recipe) bool { return !r.RequireURL && r.Separator == "" }},
		{name: "a digest as in RFC 3230", causes: is(explain.Unkeyed), pair: true, head: func(d *verify.Delivery, header string) {
			sum := sha512.Sum512(d.Body)
			d.Header[header] = []string{"SHA-512=" + base64.StdEncoding.EncodeToString(sum[:])}
		}, only: func(r verify.Recipe) bool { return r.Header == "Digest" }},
		{name: "as a bearer token", causes: is(explain.Prefix), head: rewritten(func(s string) string { return "Bearer " + s }), only: isStatic},
		{name: "as a bearer token in Authorization", causes: is(explain.OtherHeader), head: func(d *verify.Delivery, header string) {
			d.Header["Authorization"] = []string{"Bearer " + d.Header.Get(header)}
			delete(d.Header, header)
		}, only: isStatic},
		{name: "an hour late", causes: is(explain.TimeStale), at: time.Hour, only: hasTime},
		{name: "two hours early", causes: is(explain.TimeFuture), at: -2 * time.Hour, only: hasTime},
		{name: "milliseconds for seconds", causes: is(explain.TimeUnit), recipe: func(r *verify.Recipe) {
			ts := *r.Timestamp
			ts.Format = "unix_ms"
			r.Timestamp = &ts
		}, only: hasTime},
		{name: "a time in words", causes: is(explain.TimeUnit), recipe: func(r *verify.Recipe) {
			ts := *r.Timestamp
			ts.Format = "rfc3339"
			r.Timestamp = &ts
		}, only: stampHead},
	}
}
