package contract

import (
	"net/http"
	"strings"

	"whk/verify/explain"
)

// Topic is what several checks have in common when they are mended.
type Topic string

// The topics.
const (
	AboutVerifying Topic = "verifying" // check first, then parse
	AboutRawBody   Topic = "raw-body"
	AboutSecret    Topic = "secret"
	AboutKeyForm   Topic = "key-form"
	AboutAlgorithm Topic = "algorithm"
	AboutEncoding  Topic = "encoding"
	AboutHeader    Topic = "header"
	AboutClock     Topic = "clock"
	AboutStatus    Topic = "status"
	AboutShape     Topic = "shape"
	AboutUnknown   Topic = "unknown"
	AboutRepeats   Topic = "repeats"
	AboutOrder     Topic = "order"
	AboutSpeed     Topic = "speed"
	AboutMethod    Topic = "method"
	AboutSize      Topic = "size"
	AboutErrors    Topic = "errors"
	AboutCSRF      Topic = "csrf"
	AboutRoute     Topic = "route"
	AboutServer    Topic = "server"
	AboutExposure  Topic = "exposure"
	AboutTLS       Topic = "tls"
	AboutValues    Topic = "values"
)

// Advice is what to do, in a sentence and in the frameworks that most receivers are
// written in.
type Advice struct {
	Text  string        `json:"text"`
	Fixes []explain.Fix `json:"fixes,omitempty"`
}

// stacks are the frameworks, in the order of the lines below.
func stacks() []string {
	return []string{"Express", "Flask", "FastAPI", "Laravel", "PHP", "Spring", "Rails", "ASP.NET", "Go"}
}

// StackOf guesses the framework from an answer's headers, "" when nothing tells.
func StackOf(h http.Header) string {
	signs := strings.ToLower(h.Get("X-Powered-By") + " " + h.Get("Server") + " " + strings.Join(h.Values("Set-Cookie"), " "))
	for _, known := range [...]struct{ sign, stack string }{
		{"express", "Express"}, {"werkzeug", "Flask"}, {"gunicorn", "Flask"}, {"uvicorn", "FastAPI"}, {"hypercorn", "FastAPI"},
		{"laravel", "Laravel"}, {"php", "PHP"}, {"jsessionid", "Spring"}, {"puma", "Rails"}, {"phusion", "Rails"},
		{"kestrel", "ASP.NET"}, {"asp.net", "ASP.NET"}, {"microsoft-iis", "ASP.NET"},
	} {
		if strings.Contains(signs, known.sign) {
			return known.stack
		}
	}
	if h.Get("X-Runtime") != "" && h.Get("X-Request-Id") != "" {
		return "Rails"
	}
	return ""
}

// AdviceOn says what to do about a topic.
func AdviceOn(t Topic) Advice {
	if cause, ok := causeOf(t); ok {
		return Advice{Text: explain.Advice(cause), Fixes: explain.Fixes(cause)}
	}
	text, code := adviceOn(t)
	a := Advice{Text: text}
	for i, stack := range stacks() {
		if code[i] != "" {
			a.Fixes = append(a.Fixes, explain.Fix{Stack: stack, Code: code[i]})
		}
	}
	return a
}

// causeOf names the topics that package explain knows how to mend.
func causeOf(t Topic) (explain.Cause, bool) {
	switch t {
	case AboutRawBody:
		return explain.JSONRewritten, true
	case AboutSecret:
		return explain.SecretMissing, true
	case AboutKeyForm:
		return explain.SecretPrefix, true
	case AboutAlgorithm:
		return explain.OtherAlgorithm, true
	}
	return "", false
}

// inStacks is one line for each of the stacks.
type inStacks [9]string

func adviceOn(t Topic) (string, inStacks) {
	switch t {
	case AboutVerifying:
		return "check the signature before anything else, and answer 401 unless it is there and equal, compared in constant time", inStacks{
			`if (!received || received.length !== expected.length || !crypto.timingSafeEqual(Buffer.from(received), Buffer.from(expected))) return res.sendStatus(401)`,
			`if not hmac.compare_digest(request.headers.get("X-Signature", ""), expected): abort(401)`,
			`if not hmac.compare_digest(request.headers.get("x-signature", ""), expected): raise HTTPException(401)`,
			`abort_unless(hash_equals($expected, (string) $request->header("X-Signature")), 401);`,
			`if (!hash_equals($expected, $_SERVER["HTTP_X_SIGNATURE"] ?? "")) { http_response_code(401); exit; }`,
			`if (received == null || !MessageDigest.isEqual(received.getBytes(UTF_8), expected)) return ResponseEntity.status(401).build();`,
			`return head :unauthorized unless ActiveSupport::SecurityUtils.secure_compare(expected, request.headers["X-Signature"].to_s)`,
			`if (received is null || !CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(received), expected)) return Results.Unauthorized();`,
			`if !hmac.Equal([]byte(r.Header.Get("X-Signature")), expected) { http.Error(w, "unauthorized", http.StatusUnauthorized); return }`,
		}
	case AboutEncoding:
		return "take the signature only in the form that the provider sends: decode it strictly, compare whole values of the right length, and treat what cannot be decoded as wrong, not as a crash", inStacks{
			`const got = Buffer.from(received, "hex"); if (got.length !== expected.length || !crypto.timingSafeEqual(got, expected)) return res.sendStatus(401)`,
			`valid = hmac.compare_digest(received.encode("utf-8", "replace"), expected.encode())  # bytes: a text with non-ASCII letters raises`,
			`valid = hmac.compare_digest(received.encode("utf-8", "replace"), expected.encode())`,
			`$valid = hash_equals($expected, (string) $request->header("X-Signature")); // never str_starts_with, == or in_array`,
			`$valid = hash_equals($expected, $_SERVER["HTTP_X_SIGNATURE"] ?? ""); // never strpos, == or strncmp`,
			`try { got = HexFormat.of().parseHex(received); } catch (IllegalArgumentException e) { return ResponseEntity.status(401).build(); }`,
			`valid = received.bytesize == expected.bytesize && ActiveSupport::SecurityUtils.fixed_length_secure_compare(received, expected)`,
			`if (received.Length != expected.Length * 2) return Results.Unauthorized(); // before Convert.FromHexString, which throws`,
			`got, err := hex.DecodeString(received); if err != nil || !hmac.Equal(got, expected) { http.Error(w, "unauthorized", 401); return }`,
		}
	case AboutHeader:
		return "read exactly the header that the provider documents, without regard to case, and no other in its place", inStacks{
			`const received = req.get("X-Signature") // any case; not req.headers["X-Signature"]`,
			`received = request.headers.get("X-Signature", "")`,
			`received = request.headers.get("x-signature", "")`,
			`$received = (string) $request->header("X-Signature");`,
			`$received = $_SERVER["HTTP_X_SIGNATURE"] ?? ""; // getallheaders() keeps the case that was sent`,
			`@RequestHeader(name = "X-Signature", required = false) String received`,
			`received = request.headers["X-Signature"].to_s`,
			`var received = Request.Headers["X-Signature"].ToString();`,
			`received := r.Header.Get("X-Signature")`,
		}
	case AboutClock:
		return "refuse a signed time that is older than the provider allows, or ahead of the clock, and answer 401 to one that cannot be read; the time has to be part of what is signed", inStacks{
			`const age = Math.abs(Date.now() / 1000 - Number(ts)); if (!(age <= 300)) return res.sendStatus(401) // NaN fails, too`,
			`if not ts.isdigit() or abs(time.time() - int(ts)) > 300: abort(401)`,
			`if not ts.isdigit() or abs(time.time() - int(ts)) > 300: raise HTTPException(401)`,
			`abort_unless(ctype_digit($ts) && abs(time() - (int) $ts) <= 300, 401);`,
			`if (!ctype_digit($ts) || abs(time() - (int) $ts) > 300) { http_response_code(401); exit; }`,
			`if (!ts.matches("\\d{1,12}") || Math.abs(Instant.now().getEpochSecond() - Long.parseLong(ts)) > 300) return ResponseEntity.status(401).build();`,
			`return head :unauthorized unless ts.match?(/\A\d+\z/) && (Time.now.to_i - ts.to_i).abs <= 300`,
			`if (!long.TryParse(ts, out var sent) || Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - sent) > 300) return Results.Unauthorized();`,
			`sent, err := strconv.ParseInt(ts, 10, 64); if err != nil || time.Since(time.Unix(sent, 0)).Abs() > 5*time.Minute { http.Error(w, "unauthorized", 401); return }`,
		}
	case AboutStatus:
		return "say it with the status: 2xx once the event is safe, 401 when it is not believed; providers read no text", inStacks{
			`return res.status(401).json({error: "signature"}) // not res.json({error: "signature"})`,
			`return {"error": "signature"}, 401`,
			`raise HTTPException(status_code=401)`,
			`return response()->json(["error" => "signature"], 401);`,
			`http_response_code(401); echo json_encode(["error" => "signature"]); exit;`,
			`return ResponseEntity.status(HttpStatus.UNAUTHORIZED).build();`,
			`render json: {error: "signature"}, status: :unauthorized`,
			`return Results.Json(new {error = "signature"}, statusCode: 401);`,
			`http.Error(w, "signature", http.StatusUnauthorized); return`,
		}
	case AboutShape:
		return "read every field as one that may be null, missing or of another form, and take lists of any length; keep the event and answer 2xx even when a part of it is not understood", inStacks{
			`for (const item of event.items ?? []) { const id = typeof item === "object" ? item?.id : item }`,
			`for item in event.get("items") or []: item_id = item.get("id") if isinstance(item, dict) else item`,
			`class Event(BaseModel): user: User | None = None; items: list[Item | int] = []`,
			`foreach ($event["items"] ?? [] as $item) { $id = is_array($item) ? ($item["id"] ?? null) : $item; }`,
			`foreach ($event["items"] ?? [] as $item) { $id = is_array($item) ? ($item["id"] ?? null) : $item; }`,
			`for (JsonNode item : event.path("items")) { JsonNode id = item.isObject() ? item.path("id") : item; }`,
			`Array(event["items"]).each { |item| id = item.is_a?(Hash) ? item["id"] : item }`,
			`foreach (var item in root.GetProperty("items").EnumerateArray()) { var id = item.ValueKind == JsonValueKind.Object ? item.GetProperty("id") : item; }`,
			`var event struct { User *User; Items []json.RawMessage } // then each item by its own form`,
		}
	case AboutUnknown:
		return "answer 2xx to events, fields and types that are new to you, and pass over them: providers add them without asking", inStacks{
			`switch (event.type) { default: return res.sendStatus(204) }`,
			`handler = handlers.get(kind, lambda event: None)`,
			`model_config = ConfigDict(extra="ignore")  # not extra="forbid"`,
			`default => response()->noContent(),`,
			`default: http_response_code(204); exit;`,
			`@JsonIgnoreProperties(ignoreUnknown = true)`,
			`else head :no_content`,
			`_ => Results.NoContent()`,
			`default: w.WriteHeader(http.StatusNoContent) // and no DisallowUnknownFields`,
		}
	case AboutRepeats:
		return "remember each delivery by its id or a hash of its body, in the same transaction as its effect and under a unique index; answer 2xx to the second one, and do not take a second change of one object for a repeat", inStacks{
			`await db.query("INSERT INTO seen(hash) VALUES($1) ON CONFLICT DO NOTHING RETURNING hash", [sha256(req.body)]) // nothing came back: seen before`,
			`INSERT INTO seen(hash) VALUES(%s) ON CONFLICT DO NOTHING  -- and the effect in the same transaction`,
			`INSERT INTO seen(hash) VALUES(%s) ON CONFLICT DO NOTHING  -- and the effect in the same transaction`,
			`if (DB::table("seen")->insertOrIgnore(["hash" => hash("sha256", $body)]) === 0) return response()->noContent();`,
			`INSERT IGNORE INTO seen(hash) VALUES(?) -- no row affected: seen before`,
			`insert into seen(hash) values(?) on conflict do nothing // @Transactional around it and the effect`,
			`return head :ok if Seen.insert({hash: digest}, unique_by: :hash).empty?`,
			`INSERT INTO seen(hash) ... ON CONFLICT DO NOTHING; // one transaction with the effect`,
			`res, err := tx.Exec("INSERT INTO seen(hash) VALUES($1) ON CONFLICT DO NOTHING", sum) // 0 rows: seen before`,
		}
	case AboutOrder:
		return "compare the event's own time with that of what you have, and let the newer one stay; or read the present state from the provider's API", inStacks{
			`UPDATE contacts SET ... WHERE id = $1 AND changed_at < $2`, `UPDATE contacts SET ... WHERE id = %s AND changed_at < %s`, `UPDATE contacts SET ... WHERE id = %s AND changed_at < %s`,
			`Contact::where("id", $id)->where("changed_at", "<", $at)->update($values);`, `UPDATE contacts SET ... WHERE id = ? AND changed_at < ?`, `update contacts set ... where id = ? and changed_at < ?`,
			`Contact.where(id: id).where("changed_at < ?", at).update_all(values)`, `UPDATE contacts SET ... WHERE id = @id AND changed_at < @at`, `UPDATE contacts SET ... WHERE id = $1 AND changed_at < $2`,
		}
	case AboutSpeed:
		return "store the event and answer; work on it afterwards, from a queue", inStacks{
			`await queue.add(event); res.sendStatus(202)`, `queue.enqueue(handle, event); return "", 202`, `background.add_task(handle, event); return Response(status_code=202)`,
			`HandleEvent::dispatch($event); return response()->noContent(202);`, `http_response_code(202); fastcgi_finish_request(); handle($event);`, `executor.submit(() -> handle(event)); return ResponseEntity.accepted().build();`,
			`HandleEventJob.perform_later(event); head :accepted`, `await channel.Writer.WriteAsync(evt); return Results.Accepted();`, `queue <- event; w.WriteHeader(http.StatusAccepted)`,
		}
	case AboutMethod:
		return "take the provider's method alone and answer 405 to others", inStacks{
			`app.post("/hook", handler); app.all("/hook", (req, res) => res.sendStatus(405))`, `@app.route("/hook", methods=["POST"])`, `@app.post("/hook")`,
			`Route::post("/hook", Hook::class); // not Route::any`, `if ($_SERVER["REQUEST_METHOD"] !== "POST") { http_response_code(405); exit; }`, `@PostMapping("/hook") // not @RequestMapping`,
			`post "/hook", to: "hooks#create" # not match via: :all`, `app.MapPost("/hook", Handle);`, `mux.HandleFunc("POST /hook", handle)`,
		}
	case AboutSize:
		return "allow bodies as large as the provider sends, bound them, and answer 413 beyond, before the whole body is read or unpacked", inStacks{
			`express.raw({type: "*/*", limit: "25mb"})`, `app.config["MAX_CONTENT_LENGTH"] = 25 << 20`, `if int(request.headers.get("content-length", 0)) > 25 << 20: raise HTTPException(413)`,
			`client_max_body_size 25m; # nginx, and post_max_size in php.ini`, `post_max_size = 25M ; php.ini`, `server.tomcat.max-http-form-post-size=25MB`,
			`client_max_body_size 25m; # nginx`, `[RequestSizeLimit(25_000_000)]`, `body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 25<<20))`,
		}
	case AboutErrors:
		return "answer errors with a status and a short text: traces, paths and values stay in the log", inStacks{
			`NODE_ENV=production // and an error handler that sends a status alone`, `FLASK_DEBUG=0`, `uvicorn app:app  # without debug=True`, `APP_DEBUG=false`, `display_errors = Off ; php.ini`,
			`server.error.include-stacktrace=never`, `config.consider_all_requests_local = false`, `app.UseExceptionHandler("/error"); // no UseDeveloperExceptionPage`, `http.Error(w, "internal error", http.StatusInternalServerError) // and log err`,
		}
	case AboutCSRF:
		return "leave the route out of the protection against forged forms: a provider has no session; the signature is the protection", inStacks{
			`app.post("/hook", raw, handler) // before app.use(csrf())`, `csrf.exempt(hook)  # in Django: @csrf_exempt`, `# leave the path out of the CSRF middleware`,
			`$middleware->validateCsrfTokens(except: ["hook"]);`, `// leave the script out of the token check`, `http.csrf(csrf -> csrf.ignoringRequestMatchers("/hook"))`,
			`skip_before_action :verify_authenticity_token`, `[IgnoreAntiforgeryToken]`, `// leave the path out of the CSRF handler`,
		}
	case AboutRoute:
		return "give the provider the final URL: scheme, host, path and slash; it follows no redirect, or loses the body on the way", inStacks{}
	case AboutServer:
		return "let a server that keeps to RFC 9112 stand in front: nginx, Caddy, or the framework's own production server", inStacks{}
	case AboutExposure:
		return "whoever knows the address can send this: choose a path that cannot be guessed, allow only known addresses, or let a proxy add and check a secret", inStacks{}
	case AboutTLS:
		return "serve https with a certificate of a known authority, renewed by itself, and nothing on http", inStacks{}
	case AboutValues:
		return "treat every value as text from a stranger: bind it in SQL, escape it in HTML, pass it to no shell, template or formula, and call no address that it names", inStacks{}
	}
	return "", inStacks{}
}
