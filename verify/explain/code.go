package explain

import (
	"fmt"
	"strings"
	"time"

	"whk/verify"
)

// codeFor is the code that mends a topic for one scheme: with its hash, its header, its
// encoding. It is false where there is none that would be true of the scheme, for wrong
// code is worse than none.
func codeFor(t topic, r verify.Recipe) (code, bool) {
	switch t {
	case algorithm, signedContent:
		return computing(r)
	case encoding:
		return comparing(r)
	case header:
		return reads(r.Header), plainWord(r.Header)
	case secretEncoding:
		return keying(r)
	case clock:
		return timing(r)
	}
	_, generic := adviceOn(t)
	return generic, true
}

// spelling is how the languages of the frameworks name a hash.
type spelling struct{ node, python, php, java, ruby, net, golang string }

func spellingOf(name string) (spelling, bool) {
	golang := map[string]string{"md5": "md5.New", "sha1": "sha1.New", "sha256": "sha256.New", "sha384": "sha512.New384", "sha512": "sha512.New"}[name]
	upper := strings.ToUpper(name)
	return spelling{name, "hashlib." + name, name, "Hmac" + upper, upper, "HMAC" + upper, golang}, golang != ""
}

// computing is how the signature of an HMAC scheme is made, in the scheme's encoding.
func computing(r verify.Recipe) (code, bool) {
	hash, known := spellingOf(r.Algorithm)
	signed, plain := piecesOf(r.Signed)
	if r.Kind != verify.KindHMAC || !known || !plain {
		return code{}, false
	}
	key := keyName(r)
	python := func(body string) string {
		return inPython(r.Encoding, fmt.Sprintf("hmac.new(%s, %s, %s)", key, signed.python(body), hash.python))
	}
	php := func(body string) string {
		return inPHP(r.Encoding, hash.php, signed.php(body), "$"+key)
	}
	return code{
		fmt.Sprintf("crypto.createHmac(%q, %s)%s.digest(%q)", hash.node, key, signed.node(), r.Encoding),
		python("request.get_data()"),
		python("await request.body()"),
		php("$request->getContent()"),
		php(`file_get_contents("php://input")`) + "; // the message first, the key second",
		fmt.Sprintf("Mac mac = Mac.getInstance(%q); mac.init(new SecretKeySpec(%s, %q)); %s%s;", hash.java, key, hash.java, signed.java(), inJava(r.Encoding, "mac.doFinal()")),
		inRuby(r.Encoding, hash.ruby, key, signed.ruby()) + " # the key first",
		inNET(r.Encoding, fmt.Sprintf("%s.HashData(%s, %s)", hash.net, key, signed.net())),
		fmt.Sprintf("mac := hmac.New(%s, %s); %s%s", hash.golang, key, signed.golang(), inGo(r.Encoding, "mac.Sum(nil)")),
	}, true
}

// comparing is how the header's text is compared with one's own digest.
func comparing(r verify.Recipe) (code, bool) {
	before, after, ok := around(r)
	if !ok || r.Kind != verify.KindHMAC && r.Kind != verify.KindHash {
		return code{}, false
	}
	from, notes := headerText(r), [2]string{}
	if r.Separator != "" {
		note := fmt.Sprintf(" received is a field of %s, divided by %q", r.Header, r.Separator)
		from, notes = receivedText(), [2]string{" //" + note, "  #" + note}
	}
	mac, made := "mac", "hash_hmac"
	if r.Kind == verify.KindHash {
		mac, made = "hashed", "hash"
	}
	join := func(plus, text string) string {
		if before != "" {
			text = fmt.Sprintf("%q", before) + plus + text
		}
		if after != "" {
			text += plus + fmt.Sprintf("%q", after)
		}
		return text
	}
	ruby := map[string]string{"hex": `digest.unpack1("H*")`, "base64": "Base64.strict_encode64(digest)", "base64url": "Base64.urlsafe_encode64(digest, padding: false)"}[r.Encoding]
	php := map[string]string{"hex": "bin2hex($digest)", "base64": "base64_encode($digest)", "base64url": `rtrim(strtr(base64_encode($digest), "+/", "-_"), "=")`}[r.Encoding]
	return code{
		fmt.Sprintf("const a = Buffer.from(%s), b = Buffer.from(%s); a.length === b.length && crypto.timingSafeEqual(a, b)", from[0], join(" + ", fmt.Sprintf("digest.toString(%q)", r.Encoding))) + notes[0],
		fmt.Sprintf("hmac.compare_digest(%s, %s)", from[1], join(" + ", inPython(r.Encoding, mac))) + notes[1],
		fmt.Sprintf("hmac.compare_digest(%s, %s)", from[2], join(" + ", inPython(r.Encoding, mac))) + notes[1],
		fmt.Sprintf("hash_equals(%s, %s)", join(".", php), from[3]) + notes[0],
		fmt.Sprintf("hash_equals(%s, %s); // $digest is raw: %s(…, true)", join(".", php), from[4], made) + strings.Replace(notes[0], " //", ";", 1),
		fmt.Sprintf("MessageDigest.isEqual((%s).getBytes(UTF_8), %s.getBytes(UTF_8))", join(" + ", inJava(r.Encoding, "digest")), from[5]) + notes[0],
		fmt.Sprintf("ActiveSupport::SecurityUtils.secure_compare(%s, %s)", from[6], join(" + ", ruby)) + notes[1],
		fmt.Sprintf("CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(%s), Encoding.UTF8.GetBytes(%s))", from[7], join(" + ", inNET(r.Encoding, "digest"))) + notes[0],
		fmt.Sprintf("hmac.Equal([]byte(%s), []byte(%s))", from[8], join("+", inGo(r.Encoding, "digest"))) + notes[0],
	}, true
}

// around is the text before and after the signature, in a header or in one field of it.
func around(r verify.Recipe) (before, after string, ok bool) {
	if !plainWord(r.Header) {
		return "", "", false
	}
	fields := []string{r.Value}
	if r.Separator != "" {
		fields = strings.Split(r.Value, r.Separator)
	}
	for _, field := range fields {
		if before, after, ok = strings.Cut(field, "{sig}"); ok {
			return before, after, plainText(before+after) && plainText(r.Separator)
		}
	}
	return "", "", r.Value == ""
}

// headerText is a header as an expression, which is an empty text where there is none.
func headerText(r verify.Recipe) code {
	h := r.Header
	return code{
		fmt.Sprintf(`req.get(%q) ?? ""`, h),
		fmt.Sprintf(`request.headers.get(%q, "")`, h),
		fmt.Sprintf(`request.headers.get(%q, "")`, h),
		fmt.Sprintf(`(string) $request->header(%q)`, h),
		fmt.Sprintf(`$_SERVER[%q] ?? ""`, serverName(h)),
		fmt.Sprintf(`Objects.toString(request.getHeader(%q), "")`, h),
		fmt.Sprintf(`request.headers[%q].to_s`, h),
		fmt.Sprintf(`Request.Headers[%q].ToString()`, h),
		fmt.Sprintf(`r.Header.Get(%q)`, h),
	}
}

// receivedText is the name of a text that was read before.
func receivedText() code {
	return code{"received", "received", "received", "$received", "$received", "received", "received", "received", "received"}
}

// reads is how a header is read.
func reads(h string) code {
	return code{
		fmt.Sprintf(`const received = req.get(%q)`, h),
		fmt.Sprintf(`received = request.headers.get(%q)`, h),
		fmt.Sprintf(`received: str = Header(alias=%q)`, h),
		fmt.Sprintf(`$received = $request->header(%q);`, h),
		fmt.Sprintf(`$received = $_SERVER[%q] ?? "";`, serverName(h)),
		fmt.Sprintf(`@RequestHeader(%q) String received`, h),
		fmt.Sprintf(`received = request.headers[%q]`, h),
		fmt.Sprintf(`var received = Request.Headers[%q].SingleOrDefault();`, h),
		fmt.Sprintf(`received := r.Header.Get(%q)`, h),
	}
}

// serverName is what PHP makes of a header's name.
func serverName(h string) string {
	return "HTTP_" + strings.ToUpper(strings.ReplaceAll(h, "-", "_"))
}

// timing judges a stamp in seconds by the scheme's own tolerance.
func timing(r verify.Recipe) (code, bool) {
	if r.Timestamp == nil || r.Timestamp.Format != "" && r.Timestamp.Format != "unix" {
		return code{}, false
	}
	within, err := time.ParseDuration(r.Timestamp.Tolerance)
	if err != nil || within < time.Second { // the scheme judges none
		return code{}, false
	}
	_, lines := adviceOn(clock)
	seconds := fmt.Sprint(int(within.Seconds()))
	change := strings.NewReplacer("<= 300", "<= "+seconds, "FromMinutes(5)", "FromSeconds("+seconds+")", "5*time.Minute", seconds+"*time.Second")
	for i := range lines {
		lines[i] = change.Replace(lines[i])
	}
	return lines, true
}
