package explain_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
	"whk/verify/explain"
	"whk/verify/provider"
)

// codesOf joins what is to be written in all frameworks.
func codesOf(fixes []explain.Fix) []string {
	var all []string
	for _, f := range fixes {
		all = append(all, f.Stack+": "+f.Code)
	}
	return all
}

// hashNames are the names of hashes in code, however a language spells them.
func hashNames(code string) []string {
	var all []string
	for _, name := range regexp.MustCompile(`(?i)(sha-?_?(1|224|256|384|512)|md5)`).FindAllString(code, -1) {
		all = append(all, strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name)))
	}
	return all
}

// The code for every provider that is built in names the scheme's own hash, header, text
// around the signature and encoding, and no other.
func TestFixesAreOfTheScheme(t *testing.T) {
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	encodings := map[string]*regexp.Regexp{
		"hex":       regexp.MustCompile(`(?i)hex|unpack1\("H\*"\)|\bhash_hmac\("`),
		"base64":    regexp.MustCompile(`(?i)base64|b64encode`),
		"base64url": regexp.MustCompile(`(?i)base64url|urlsafe|"-_"|RawURL|getUrlEncoder`),
	}
	tried := map[string]int{}
	for _, p := range set.All() {
		for _, r := range p.Scheme.Recipes() {
			if r.Kind != verify.KindHMAC || r.Header == "" {
				continue
			}
			server := "HTTP_" + strings.ToUpper(strings.ReplaceAll(r.Header, "-", "_"))
			before, separator := "", r.Separator
			if separator == "" {
				separator = "\x00" // one field
			}
			for field := range strings.SplitSeq(r.Value, separator) {
				if text, _, ok := strings.Cut(field, "{sig}"); ok {
					before = text
				}
			}
			for _, c := range explain.Causes() {
				fixes := explain.FixesFor(c, r)
				if len(fixes) != 0 && len(fixes) != 9 {
					t.Errorf("%s, %s: %d fixes", p.Name, c, len(fixes))
				}
				for _, f := range fixes {
					where := p.Name + ", " + string(c) + ", " + f.Stack + ": " + f.Code
					// Names and prefixes may spell a hash, as X-Hub-Signature-256 does.
					bare := strings.NewReplacer(server, "", r.Header, "", `"`+before+`"`, "").Replace(f.Code)
					for _, name := range hashNames(bare) {
						// Go has SHA-384 in the package of SHA-512.
						if name != r.Algorithm && (name != "sha512" || f.Stack != "Go" || r.Algorithm != "sha384") {
							t.Errorf("%s: names %s, the scheme has %s", where, name, r.Algorithm)
						}
					}
					if strings.Contains(strings.ToLower(bare), "x-signature") || strings.Contains(bare, "X_SIGNATURE") || strings.Contains(bare, "sha256=") {
						t.Errorf("%s: holds an example that is not of the scheme", where)
					}
					if strings.Contains(f.Code, "whsec_") && r.SecretPrefix != "whsec_" {
						t.Errorf("%s: the secret has no such prefix", where)
					}
					switch c {
					case explain.OtherAlgorithm, explain.SignedContent:
						tried["hash"]++
						if !slices.Contains(hashNames(bare), r.Algorithm) || !encodings[r.Encoding].MatchString(bare) || r.Encoding == "hex" && encodings["base64"].MatchString(bare) {
							t.Errorf("%s: lacks %s or %s", where, r.Algorithm, r.Encoding)
						}
					case explain.OtherEncoding, explain.Prefix:
						tried["encoding"]++
						if !strings.Contains(f.Code, before) || !encodings[r.Encoding].MatchString(bare) {
							t.Errorf("%s: lacks %q or %s", where, before, r.Encoding)
						}
						if !strings.Contains(f.Code, r.Header) && !strings.Contains(f.Code, server) {
							t.Errorf("%s: lacks %s", where, r.Header)
						}
						if r.Encoding == "hex" && encodings["base64"].MatchString(bare) {
							t.Errorf("%s: the scheme has no base64", where)
						}
					case explain.OtherHeader:
						tried["header"]++
						if !strings.Contains(f.Code, `"`+r.Header+`"`) && !strings.Contains(f.Code, `"`+server+`"`) {
							t.Errorf("%s: lacks %s", where, r.Header)
						}
					}
				}
			}
		}
	}
	for _, name := range []string{"hash", "encoding", "header"} {
		if tried[name] < 9*15 {
			t.Errorf("%s: %d lines were looked at, want those of 15 providers", name, tried[name])
		}
	}
}

// The whole code for one scheme with hexadecimal digits, one with base64, and one whose
// header holds fields and whose content more than the body.
func TestFixesForSchemes(t *testing.T) {
	rentman := verify.Recipe{Kind: "hmac", Algorithm: "sha512", Encoding: "hex", Header: "Digest", Value: "sha512={sig}", Signed: "{body}"}
	shopify := verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "base64", Header: "X-Shopify-Hmac-Sha256", Value: "{sig}", Signed: "{body}"}
	stripe := verify.Recipe{Kind: "hmac", Algorithm: "sha256", Encoding: "hex", Header: "Stripe-Signature", Value: "t={ts},v1={sig}", Separator: ",", Signed: "{ts}.{body}", Timestamp: &verify.Timestamp{Tolerance: "5m"}}
	tests := []struct {
		name   string
		cause  explain.Cause
		recipe verify.Recipe
		want   []string
	}{
		{"hash", explain.OtherAlgorithm, rentman, []string{
			`Express: crypto.createHmac("sha512", secret).update(rawBody).digest("hex")`,
			`Flask: hmac.new(secret, request.get_data(), hashlib.sha512).hexdigest()`,
			`FastAPI: hmac.new(secret, await request.body(), hashlib.sha512).hexdigest()`,
			`Laravel: hash_hmac("sha512", $request->getContent(), $secret)`,
			`PHP: hash_hmac("sha512", file_get_contents("php://input"), $secret); // the message first, the key second`,
			`Spring: Mac mac = Mac.getInstance("HmacSHA512"); mac.init(new SecretKeySpec(secret, "HmacSHA512")); mac.update(body); HexFormat.of().formatHex(mac.doFinal());`,
			`Rails: OpenSSL::HMAC.hexdigest("SHA512", secret, request.raw_post) # the key first`,
			`ASP.NET: Convert.ToHexString(HMACSHA512.HashData(secret, body)).ToLowerInvariant()`,
			`Go: mac := hmac.New(sha512.New, secret); mac.Write(body); hex.EncodeToString(mac.Sum(nil))`,
		}},
		{"base64", explain.OtherEncoding, shopify, []string{
			`Express: const a = Buffer.from(req.get("X-Shopify-Hmac-Sha256") ?? ""), b = Buffer.from(digest.toString("base64")); a.length === b.length && crypto.timingSafeEqual(a, b)`,
			`Flask: hmac.compare_digest(request.headers.get("X-Shopify-Hmac-Sha256", ""), base64.b64encode(mac.digest()).decode())`,
			`FastAPI: hmac.compare_digest(request.headers.get("X-Shopify-Hmac-Sha256", ""), base64.b64encode(mac.digest()).decode())`,
			`Laravel: hash_equals(base64_encode($digest), (string) $request->header("X-Shopify-Hmac-Sha256"))`,
			`PHP: hash_equals(base64_encode($digest), $_SERVER["HTTP_X_SHOPIFY_HMAC_SHA256"] ?? ""); // $digest is raw: hash_hmac(…, true)`,
			`Spring: MessageDigest.isEqual((Base64.getEncoder().encodeToString(digest)).getBytes(UTF_8), Objects.toString(request.getHeader("X-Shopify-Hmac-Sha256"), "").getBytes(UTF_8))`,
			`Rails: ActiveSupport::SecurityUtils.secure_compare(request.headers["X-Shopify-Hmac-Sha256"].to_s, Base64.strict_encode64(digest))`,
			`ASP.NET: CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Request.Headers["X-Shopify-Hmac-Sha256"].ToString()), Encoding.UTF8.GetBytes(Convert.ToBase64String(digest)))`,
			`Go: hmac.Equal([]byte(r.Header.Get("X-Shopify-Hmac-Sha256")), []byte(base64.StdEncoding.EncodeToString(digest)))`,
		}},
		{"time stamp", explain.SignedContent, stripe, []string{
			"Express: crypto.createHmac(\"sha256\", secret).update(`${timestamp}.`).update(rawBody).digest(\"hex\")",
			`Flask: hmac.new(secret, f"{timestamp}.".encode() + request.get_data(), hashlib.sha256).hexdigest()`,
			`FastAPI: hmac.new(secret, f"{timestamp}.".encode() + await request.body(), hashlib.sha256).hexdigest()`,
			`Laravel: hash_hmac("sha256", $timestamp.".".$request->getContent(), $secret)`,
			`PHP: hash_hmac("sha256", $timestamp.".".file_get_contents("php://input"), $secret); // the message first, the key second`,
			`Spring: Mac mac = Mac.getInstance("HmacSHA256"); mac.init(new SecretKeySpec(secret, "HmacSHA256")); mac.update((timestamp + ".").getBytes(UTF_8)); mac.update(body); HexFormat.of().formatHex(mac.doFinal());`,
			`Rails: OpenSSL::HMAC.hexdigest("SHA256", secret, "#{timestamp}.#{request.raw_post}") # the key first`,
			`ASP.NET: Convert.ToHexString(HMACSHA256.HashData(secret, (byte[])[.. Encoding.UTF8.GetBytes(timestamp + "."), .. body])).ToLowerInvariant()`,
			`Go: mac := hmac.New(sha256.New, secret); io.WriteString(mac, timestamp+"."); mac.Write(body); hex.EncodeToString(mac.Sum(nil))`,
		}},
		{"a static key has no hash", explain.KeyedHash, verify.Recipe{Kind: "static", Header: "X-Gitlab-Token"}, nil},
		{"a form is no line of code", explain.OtherAlgorithm, verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "base64", Header: "X-Twilio-Signature", Signed: "{url}{form_sorted}"}, nil},
		{"quotes in a template", explain.SignedContent, verify.Recipe{Kind: "hmac", Algorithm: "sha1", Encoding: "hex", Header: "X-A", Signed: `"{body}"`}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, codesOf(explain.FixesFor(tt.cause, tt.recipe))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	last := codesOf(explain.FixesFor(explain.Prefix, stripe))[8]
	if want := `Go: hmac.Equal([]byte(received), []byte("v1="+hex.EncodeToString(digest))) // received is a field of Stripe-Signature, divided by ","`; last != want {
		t.Errorf("got %s\nwant %s", last, want)
	}
}

// What is explained gets the code of the scheme that it was checked against.
func TestExplainedWithTheSchemesCode(t *testing.T) {
	set, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	body, secret := []byte(`{"id":1}`), "some_secret_key"
	sign := func() []byte {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		return mac.Sum(nil)
	}
	tests := []struct {
		provider, header, value string
		cause                   explain.Cause
		advice, express         string
	}{
		{"rentman", "Digest", "sha512=" + hex.EncodeToString(sign()), explain.OtherAlgorithm, "the HMAC-SHA512 with", `createHmac("sha512"`},
		{"intercom", "X-Hub-Signature", "sha1=" + hex.EncodeToString(sign()), explain.OtherAlgorithm, "the HMAC-SHA1 with", `createHmac("sha1"`},
		{"shopify", "X-Shopify-Hmac-Sha256", hex.EncodeToString(sign()), explain.OtherEncoding, "padded base64 without a prefix in X-Shopify-Hmac-Sha256", `Buffer.from(digest.toString("base64"))`},
		{"github", "X-Hub-Signature-256", "sha256=" + base64.StdEncoding.EncodeToString(sign()), explain.OtherEncoding, "hexadecimal digits behind sha256= in X-Hub-Signature-256", `"sha256=" + digest.toString("hex")`},
	}
	for _, tt := range tests {
		t.Run(tt.provider, func(t *testing.T) {
			p, err := set.Lookup(tt.provider)
			if err != nil {
				t.Fatal(err)
			}
			d := &verify.Delivery{Method: "POST", URL: "/in", Header: http.Header{http.CanonicalHeaderKey(tt.header): {tt.value}}, Body: body}
			e := explain.Explain(t.Context(), explain.Input{Delivery: d, Scheme: p.Scheme, Provider: p.Name, Secrets: []verify.Secret{verify.NewSecret("env A", secret)}, Received: received()})
			if len(e.Changes) != 1 || e.Changes[0].Cause != tt.cause || !strings.Contains(e.Advice, tt.advice) {
				t.Fatalf("got %q, advice %q", e.What(), e.Advice)
			}
			if len(e.Fixes) != 9 || !strings.Contains(e.Fixes[0].Code, tt.express) {
				t.Errorf("got %q, want %s", codesOf(e.Fixes), tt.express)
			}
		})
	}
}
