package explain

import (
	"strings"

	"whk/verify"
)

// Fix is what to write in one framework.
type Fix struct {
	Stack string `json:"stack"`
	Code  string `json:"code"`
}

// topic is what several causes have in common when they are mended.
type topic int

const (
	rawBody topic = iota
	transport
	secretText
	secretEncoding
	secretChoice
	algorithm
	signedContent
	signedURL
	encoding
	header
	clock
)

// Fixes says how a receiver avoids a cause, in the frameworks that most receivers are
// written in. They are advice for a handler of one's own, and hold for a sender's script
// where that is what was wrong. They are examples of an HMAC-SHA256 in X-Signature;
// FixesFor has those of a scheme.
func Fixes(c Cause) []Fix {
	_, code := adviceOn(causeOf(c).advice)
	return code.fixes()
}

// FixesFor are the fixes for deliveries of one scheme: whatever they name is its own, the
// hash, the header, the text around the signature, the encoding. There are none where the
// scheme is of a kind that a line of code does not do justice to.
func FixesFor(c Cause, r verify.Recipe) []Fix {
	code, ok := codeFor(causeOf(c).advice, r)
	if !ok {
		return nil
	}
	return code.fixes()
}

// Advice says in a sentence what to do about a cause.
func Advice(c Cause) string {
	text, _ := adviceOn(causeOf(c).advice)
	return text
}

// AdviceFor is the advice for deliveries of one scheme.
func AdviceFor(c Cause, r verify.Recipe) string {
	switch causeOf(c).advice {
	case algorithm:
		return computingAdvice(r)
	case encoding:
		if text, ok := comparingAdvice(r); ok {
			return text
		}
	}
	return Advice(c)
}

func computingAdvice(r verify.Recipe) string {
	content := "exactly what the scheme names"
	switch _, plain := piecesOf(r.Signed); {
	case r.Signed == "{body}":
		content = "the raw body"
	case plain:
		content = r.Signed
	}
	const pinned = "; write the hash down and never take its name from the message"
	switch r.Kind {
	case verify.KindHMAC:
		return "compute what the provider documents: the HMAC-" + strings.ToUpper(r.Algorithm) + " with the secret as key and " + content + " as message, in this order" + pinned
	case verify.KindHash:
		return "compute what the provider documents: the plain " + title(r.Algorithm) + " of " + content + ", no HMAC" + pinned
	case verify.KindStatic:
		return "compare the header with the secret itself, in constant time: the scheme has no hash"
	}
	return "compute what the provider documents" + pinned
}

func comparingAdvice(r verify.Recipe) (string, bool) {
	form := map[string]string{"hex": "lower-case hexadecimal digits", "base64": "padded base64", "base64url": "base64 with the alphabet for URLs"}[r.Encoding]
	before, after, ok := around(r)
	if !ok || form == "" {
		return "", false
	}
	switch {
	case before != "" && after != "":
		form += " between " + before + " and " + after
	case before != "":
		form += " behind " + before
	default:
		form += " without a prefix"
	}
	return "write the signature as the scheme has it, " + form + " in " + r.Header + ", and compare in constant time", true
}

// code is one line for each of the frameworks, in the order of Fixes.
type code [9]string

func (c code) fixes() []Fix {
	stacks := []string{"Express", "Flask", "FastAPI", "Laravel", "PHP", "Spring", "Rails", "ASP.NET", "Go"}
	fixes := make([]Fix, len(stacks))
	for i, stack := range stacks {
		fixes[i] = Fix{stack, c[i]}
	}
	return fixes
}

func adviceOn(t topic) (string, code) {
	switch t {
	case transport:
		return "take the body as it crossed the wire, whole and once: compare its length with Content-Length at each hop, and check the signature before anything unpacks or stores it", code{
			`app.post("/hook", express.raw({type: "*/*", limit: "25mb", inflate: false}), handler) // req.body.length === Number(req.get("content-length"))`,
			`app.config["MAX_CONTENT_LENGTH"] = 25 << 20; body = request.get_data(cache=True)  # len(body) == request.content_length`,
			`body = await request.body()  # len(body) == int(request.headers["content-length"])`,
			`$body = $request->getContent(); // strlen($body) == $request->header("Content-Length")`,
			`$body = file_get_contents("php://input"); // read it once; strlen($body) == $_SERVER["CONTENT_LENGTH"]`,
			`@PostMapping("/hook") void hook(@RequestBody byte[] body, @RequestHeader("Content-Length") int length)`,
			`body = request.raw_post # body.bytesize == request.content_length`,
			`Request.EnableBuffering(); await Request.Body.CopyToAsync(buffer); // buffer.Length == Request.ContentLength`,
			`body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 25<<20)) // int64(len(body)) == r.ContentLength`,
		}
	case secretText:
		return "store the secret without quotes, blanks or a newline, and trim it once where it is read", code{
			`const secret = process.env.WEBHOOK_SECRET.trim()`,
			`secret = os.environ["WEBHOOK_SECRET"].strip().encode()`,
			`secret = os.environ["WEBHOOK_SECRET"].strip().encode()`,
			`'secret' => trim(env("WEBHOOK_SECRET")), // in config/services.php; quote a value that holds # or $ in .env`,
			`$secret = trim(getenv("WEBHOOK_SECRET"));`,
			`byte[] secret = environment.getRequiredProperty("WEBHOOK_SECRET").strip().getBytes(UTF_8);`,
			`secret = ENV.fetch("WEBHOOK_SECRET").strip`,
			`var secret = Encoding.UTF8.GetBytes(configuration["WebhookSecret"]!.Trim());`,
			`secret := []byte(strings.TrimSpace(os.Getenv("WEBHOOK_SECRET")))`,
		}
	case secretEncoding:
		return "make the key of the secret's text as the provider says: as it stands, or without its prefix and decoded", code{
			`const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64") // or Buffer.from(secret, "utf8")`,
			`key = base64.b64decode(secret.removeprefix("whsec_"))  # or secret.encode()`,
			`key = base64.b64decode(secret.removeprefix("whsec_"))  # or secret.encode()`,
			`$key = base64_decode(Str::after($secret, "whsec_")); // or $secret itself`,
			`$key = base64_decode(substr($secret, strlen("whsec_"))); // or hex2bin($secret), or $secret itself`,
			`byte[] key = Base64.getDecoder().decode(secret.substring("whsec_".length())); // or secret.getBytes(UTF_8)`,
			`key = Base64.decode64(secret.delete_prefix("whsec_")) # or secret itself`,
			`var key = Convert.FromBase64String(secret["whsec_".Length..]); // or Encoding.UTF8.GetBytes(secret)`,
			`key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_")) // or []byte(secret)`,
		}
	case secretChoice:
		return "take the secret of this very webhook from the provider's page, give each provider and environment a variable of its own, and stop where it is not set", code{
			`const secret = process.env.WEBHOOK_SECRET ?? fail("WEBHOOK_SECRET is not set")`,
			`secret = os.environ["WEBHOOK_SECRET"]  # a KeyError is better than an empty secret`,
			`secret = os.environ["WEBHOOK_SECRET"]  # a KeyError is better than an empty secret`,
			`$secret = config("services.webhook.secret") ?? throw new RuntimeException("no secret"); // and php artisan config:clear after a change`,
			`$secret = getenv("WEBHOOK_SECRET") ?: throw new RuntimeException("no secret");`,
			`@Value("${webhook.secret}") String secret; // without a default`,
			`secret = ENV.fetch("WEBHOOK_SECRET")`,
			`var secret = configuration["Webhook:Secret"] ?? throw new InvalidOperationException("no secret");`,
			`secret, ok := os.LookupEnv("WEBHOOK_SECRET") // stop when it is not ok, or empty`,
		}
	case algorithm:
		return "compute what the provider documents: the HMAC of its hash, with the secret as key and the raw body as message, in this order; write the hash down and never take its name from the message", code{
			`crypto.createHmac("sha256", secret).update(rawBody).digest()`,
			`hmac.new(secret, request.get_data(), hashlib.sha256).digest()`,
			`hmac.new(secret, await request.body(), hashlib.sha256).digest()`,
			`hash_hmac("sha256", $request->getContent(), $secret)`,
			`hash_hmac("sha256", file_get_contents("php://input"), $secret); // the message first, the key second`,
			`Mac mac = Mac.getInstance("HmacSHA256"); mac.init(new SecretKeySpec(secret, "HmacSHA256")); mac.doFinal(body);`,
			`OpenSSL::HMAC.hexdigest("SHA256", secret, request.raw_post) # the key first`,
			`HMACSHA256.HashData(secret, body)`,
			`mac := hmac.New(sha256.New, secret); mac.Write(body); sum := mac.Sum(nil)`,
		}
	case signedContent:
		return "sign exactly what the scheme names, in its order and with its separators, around the raw body: often a time stamp, a full stop and the body", code{
			"crypto.createHmac(\"sha256\", secret).update(`${timestamp}.`).update(rawBody).digest()",
			`hmac.new(secret, f"{timestamp}.".encode() + request.get_data(), hashlib.sha256).digest()`,
			`hmac.new(secret, f"{timestamp}.".encode() + await request.body(), hashlib.sha256).digest()`,
			`hash_hmac("sha256", $timestamp.".".$request->getContent(), $secret)`,
			`hash_hmac("sha256", $timestamp.".".file_get_contents("php://input"), $secret);`,
			`mac.update((timestamp + ".").getBytes(UTF_8)); mac.doFinal(body);`,
			`OpenSSL::HMAC.hexdigest("SHA256", secret, "#{timestamp}.#{request.raw_post}")`,
			`HMACSHA256.HashData(secret, [.. Encoding.UTF8.GetBytes(timestamp + "."), .. body])`,
			`fmt.Fprintf(mac, "%s.", timestamp); mac.Write(body)`,
		}
	case signedURL:
		return "sign the URL by which the sender knows the receiver, letter by letter: write it into the configuration, since a proxy hides it (for whk: --public-url)", code{
			`const url = process.env.PUBLIC_URL + req.originalUrl // or app.set("trust proxy", true)`,
			`url = os.environ["PUBLIC_URL"] + request.full_path.rstrip("?")  # or werkzeug's ProxyFix`,
			`url = os.environ["PUBLIC_URL"] + request.url.path  # or uvicorn --proxy-headers`,
			`$url = $request->fullUrl(); // with TrustProxies set`,
			`$url = getenv("PUBLIC_URL").$_SERVER["REQUEST_URI"];`,
			`server.forward-headers-strategy=framework`,
			`url = ENV.fetch("PUBLIC_URL") + request.fullpath`,
			`app.UseForwardedHeaders(); // then Request.GetEncodedUrl()`,
			`url := publicURL + r.URL.RequestURI()`,
		}
	case encoding:
		return "write the signature as the scheme has it (lower-case hexadecimal digits or padded base64, with its prefix), and compare decoded bytes in constant time", code{
			`crypto.timingSafeEqual(Buffer.from(received.replace(/^sha256=/, ""), "hex"), expected) // lengths first`,
			`hmac.compare_digest(received.removeprefix("sha256="), expected.hexdigest())`,
			`hmac.compare_digest(received.removeprefix("sha256="), expected.hexdigest())`,
			`hash_equals("sha256=".$expected, $request->header("X-Signature"))`,
			`hash_equals("sha256=".$expected, $_SERVER["HTTP_X_SIGNATURE"]); // base64_encode(hash_hmac(…, true)), never of the digits`,
			`MessageDigest.isEqual(HexFormat.of().parseHex(received), expected)`,
			`ActiveSupport::SecurityUtils.secure_compare(received, "sha256=#{expected}")`,
			`CryptographicOperations.FixedTimeEquals(Convert.FromHexString(received), expected) // not BitConverter.ToString`,
			`got, err := hex.DecodeString(strings.TrimPrefix(received, "sha256=")) // then hmac.Equal(got, expected)`,
		}
	case header:
		return "read the one header that the provider documents, and let proxies pass it on unchanged: nginx drops names with an underscore", code{
			`const received = req.get("X-Signature")`,
			`received = request.headers.get("X-Signature")`,
			`received: str = Header(alias="X-Signature")`,
			`$received = $request->header("X-Signature");`,
			`$received = $_SERVER["HTTP_X_SIGNATURE"] ?? "";`,
			`@RequestHeader("X-Signature") String received`,
			`received = request.headers["X-Signature"]`,
			`var received = Request.Headers["X-Signature"].SingleOrDefault();`,
			`received := r.Header.Get("X-Signature")`,
		}
	case clock:
		return "set both clocks by NTP, compare in UTC and in the unit of the scheme, and judge a queued delivery by when it was received", code{
			`Math.abs(Date.now() / 1000 - Number(timestamp)) <= 300`,
			`abs(time.time() - int(timestamp)) <= 300`,
			`abs(time.time() - int(timestamp)) <= 300`,
			`abs(now()->timestamp - (int) $timestamp) <= 300`,
			`abs(time() - (int) $timestamp) <= 300`,
			`Duration.between(Instant.ofEpochSecond(timestamp), Instant.now()).abs().toSeconds() <= 300`,
			`(Time.now.to_i - timestamp.to_i).abs <= 300`,
			`(DateTimeOffset.UtcNow - DateTimeOffset.FromUnixTimeSeconds(timestamp)).Duration() <= TimeSpan.FromMinutes(5)`,
			`time.Since(time.Unix(seconds, 0)).Abs() <= 5*time.Minute`,
		}
	}
	return "check the signature over the raw bytes of the body, before any parser, logger or editor touches them, and pass on the same bytes", code{
		`app.post("/hook", express.raw({type: "*/*"}), (req, res) => check(req.body)) // before app.use(express.json())`,
		`body = request.get_data()  # before request.json; never json.dumps(request.json)`,
		`body = await request.body()  # before any model is filled in`,
		`$body = $request->getContent(); // not json_encode($request->all()); leave the route out of TrimStrings`,
		`$body = file_get_contents("php://input"); // not json_encode($_POST)`,
		`@PostMapping("/hook") void hook(@RequestBody byte[] body) // not String, not a record`,
		`body = request.raw_post # not params.to_json`,
		`Request.EnableBuffering(); await Request.Body.CopyToAsync(buffer); // then Request.Body.Position = 0`,
		`body, err := io.ReadAll(r.Body) // then json.Unmarshal(body, &event)`,
	}
}
