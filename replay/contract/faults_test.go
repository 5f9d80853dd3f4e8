package contract_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"whk/replay/contract"
)

// fault is an endpoint with one thing done wrong.
type fault struct {
	name     string
	provider string
	build    func(f *fake)
	// found is the check that is made for it; also are others that cannot but notice.
	found   string
	also    []string
	options func(o *contract.Options)
}

// refusing are the checks that demand refusal of what is not signed at all.
func refusing() []string {
	return []string{"sig.*", "body.*", "key.*", "replay.*", "http.method-override"}
}

func faults() []fault {
	post := []string{http.MethodPost}
	rentman := func(name, found string, build func(*fake), also ...string) fault {
		return fault{name: name, provider: "rentman", found: found, also: also, build: func(f *fake) {
			f.check, f.methods = rentmanCheck, post
			build(f)
		}}
	}
	handles := func(name, provider, found string, handle func(f *fake, r *http.Request, body []byte) int, also ...string) fault {
		return fault{name: name, provider: provider, found: found, also: also, build: func(f *fake) {
			f.check, f.methods, f.handle = map[string]func(*fake, *http.Request, []byte) int{"rentman": rentmanCheck, "ploomes": ploomesCheck, "cassaincloud": cassaCheck}[provider], post, handle
			if provider == "ubiqo" {
				f.methods = append(f.methods, http.MethodGet)
			}
		}}
	}
	crashIf := func(broken func(event map[string]any) bool) func(*fake, *http.Request, []byte) int {
		return func(_ *fake, _ *http.Request, body []byte) int {
			if event := parsed(body); event != nil && broken(event) {
				return http.StatusInternalServerError
			}
			return 0
		}
	}
	stripes := func(name, found string, s stripe, also ...string) fault {
		return fault{name: name, provider: "stripe", found: found, also: also, build: func(f *fake) { f.check, f.methods = s.check, post }}
	}
	careful := stripe{tolerance: 5 * time.Minute}
	return []fault{
		rentman("M1 no header is fine", "sig.missing", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				if r.Header.Get("Digest") == "" {
					return 0
				}
				return rentmanCheck(f, r, body)
			}
		}, "sig.empty", "sig.wrong-header", "sig.other-provider", "http.method-override", "body.not-json"),
		rentman("M4 nothing is verified", "sig.wrong-key", func(f *fake) { f.check = nil }, refusing()...),
		rentman("M3 the result is not looked at", "body.tampered", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int { _ = rentmanCheck(f, r, body); return 0 }
		}, refusing()...),
		rentman("M5 the header names the hash", "sig.downgrade", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				name, text, _ := strings.Cut(r.Header.Get("Digest"), "=")
				got, err := hex.DecodeString(text)
				if h := weak(name); h == nil || err != nil || !hmac.Equal(got, mac(h, f.secret, string(body))) {
					return http.StatusUnauthorized
				}
				return 0
			}
		}),
		rentman("M6 an unknown hash crashes", "sig.unknown-alg", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				if name, _, ok := strings.Cut(r.Header.Get("Digest"), "="); ok && weak(name) == nil {
					return http.StatusInternalServerError
				}
				return rentmanCheck(f, r, body)
			}
		}, "sig.downgrade"),
		rentman("a value without = crashes", "sig.no-separator", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				if value := r.Header.Get("Digest"); value != "" && strings.Count(value, "=") == 0 {
					return http.StatusInternalServerError
				}
				return rentmanCheck(f, r, body)
			}
		}, "sig.key-as-value"),
		rentman("M8 no answer without a header", "sig.missing", func(f *fake) {
			f.before = func(_ http.ResponseWriter, r *http.Request) bool {
				if r.Header.Get("Digest") == "" && r.Method == http.MethodPost {
					_, _ = io.ReadAll(r.Body)
					<-r.Context().Done()
					return true
				}
				return false
			}
		}, "sig.empty", "sig.wrong-header", "sig.other-provider", "http.method-override", "body.not-json", "fail.verbose-reason"),
		rentman("the shorter text decides", "sig.truncated", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				text, ok := strings.CutPrefix(r.Header.Get("Digest"), "sha512=")
				if !ok || text == "" || !strings.HasPrefix(hex.EncodeToString(mac(sha512.New, f.secret, string(body))), text) {
					return http.StatusUnauthorized
				}
				return 0
			}
		}),
		rentman("the value is searched for", "sig.extended", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				if !strings.Contains(r.Header.Get("Digest"), hex.EncodeToString(mac(sha512.New, f.secret, string(body)))) {
					return http.StatusUnauthorized
				}
				return 0
			}
		}, "sig.unknown-alg", "sig.no-separator"),
		rentman("only the first bytes are compared", "sig.one-bit", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				text, ok := strings.CutPrefix(r.Header.Get("Digest"), "sha512=")
				want := hex.EncodeToString(mac(sha512.New, f.secret, string(body)))
				if !ok || len(text) != len(want) || text[:64] != want[:64] {
					return http.StatusUnauthorized
				}
				return 0
			}
		}, "sig.non-ascii"),
		rentman("M2 an empty secret counts, too", "sig.empty-key", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				if rentmanCheck(&fake{secret: ""}, r, body) == 0 {
					return 0
				}
				return rentmanCheck(f, r, body)
			}
		}),
		rentman("a plain hash counts, too", "sig.plain-hash", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				if sum := sha512.Sum512(body); r.Header.Get("Digest") == "sha512="+hex.EncodeToString(sum[:]) {
					return 0
				}
				return rentmanCheck(f, r, body)
			}
		}),
		rentman("the secret counts, too", "sig.key-as-value", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				if r.Header.Get("Digest") == f.secret {
					return 0
				}
				return rentmanCheck(f, r, body)
			}
		}),
		rentman("base64 counts, too", "sig.encoding", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				if r.Header.Get("Digest") == "sha512="+base64.StdEncoding.EncodeToString(mac(sha512.New, f.secret, string(body))) {
					return 0
				}
				return rentmanCheck(f, r, body)
			}
		}),
		rentman("bytes over 0x7F crash", "sig.non-ascii", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				if strings.ContainsFunc(r.Header.Get("Digest"), func(c rune) bool { return c > 0x7f }) {
					return http.StatusInternalServerError
				}
				return rentmanCheck(f, r, body)
			}
		}),
		rentman("a long value crashes", "sig.huge", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				if len(r.Header.Get("Digest")) > 4096 {
					return http.StatusInternalServerError
				}
				return rentmanCheck(f, r, body)
			}
		}),
		rentman("M10 another header is read, too", "sig.wrong-header", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				if digest(f, r.Header.Get("X-Digest"), body) == 0 {
					return 0
				}
				return rentmanCheck(f, r, body)
			}
		}),
		rentman("M11 the look of it is enough", "sig.wrong-key", func(f *fake) {
			f.check = func(_ *fake, r *http.Request, body []byte) int {
				text, ok := strings.CutPrefix(r.Header.Get("Digest"), "sha512=")
				if sum, err := hex.DecodeString(text); !ok || err != nil || len(sum) != 64 || parsed(body)["itemType"] == nil {
					return http.StatusUnauthorized
				}
				return 0
			}
		}, "sig.*", "body.*", "raw.empty-object"),
		rentman("M9 parsed before it is verified", "body.not-json", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				if !json.Valid(body) {
					return http.StatusInternalServerError
				}
				return rentmanCheck(f, r, body)
			}
		}, "body.empty", "raw.non-utf8", "http.gzip", "raw.bom"),
		rentman("M15 verified as text", "raw.non-utf8", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				return rentmanCheck(f, r, []byte(strings.ToValidUTF8(string(body), "\ufffd")))
			}
		}, "http.gzip"),
		rentman("M15 verified after it was written anew", "raw.pretty", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int { return rentmanCheck(f, r, compacted(body)) }
		}, "body.space-added"),
		rentman("verified without a last newline", "body.space-added", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				return rentmanCheck(f, r, []byte(strings.TrimRight(string(body), "\n")))
			}
		}),
		rentman("slashes are unescaped first", "raw.slashes", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				return rentmanCheck(f, r, []byte(strings.ReplaceAll(string(body), `\/`, "/")))
			}
		}, "accept.valid"),
		rentman("letters are unescaped first", "raw.unicode", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				return rentmanCheck(f, r, []byte(strings.ReplaceAll(string(body), `\u00e9`, "é")))
			}
		}),
		rentman("signs of HTML are escaped first", "raw.html-chars", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				return rentmanCheck(f, r, []byte(strings.ReplaceAll(string(body), "<", `\u003c`)))
			}
		}, "schema.long-strings"),
		rentman("numbers are written anew", "raw.numbers", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				return rentmanCheck(f, r, []byte(strings.ReplaceAll(string(body), "9007199254740993", "9007199254740992")))
			}
		}),
		handles("an empty object crashes", "rentman", "raw.empty-object", crashIf(func(e map[string]any) bool { return len(e) == 0 }), "body.empty"),
		handles("an empty body crashes", "rentman", "body.empty", func(_ *fake, _ *http.Request, body []byte) int {
			if len(body) == 0 {
				return http.StatusInternalServerError
			}
			return 0
		}),
		handles("M19 no user crashes", "rentman", "schema.null-user", crashIf(func(e map[string]any) bool { _, there := e["user"]; return there && e["user"] == nil }), "accept.valid", "schema.types-off"),
		handles("M18 a number among items crashes", "rentman", "schema.delete-ints", crashIf(func(e map[string]any) bool {
			items, _ := e["items"].([]any)
			if len(items) == 0 {
				return false
			}
			_, number := items[0].(float64)
			return number
		}), "accept.valid", "accept.each-type", "order.*"),
		handles("a parent crashes", "rentman", "schema.parent-null", crashIf(func(e map[string]any) bool {
			items, _ := e["items"].([]any)
			if len(items) == 0 {
				return false
			}
			item, _ := items[0].(map[string]any)
			return item["parent"] != nil
		}), "accept.valid", "accept.each-type"),
		handles("M20 a hundred items are too many", "rentman", "schema.many-items", crashIf(func(e map[string]any) bool { items, _ := e["items"].([]any); return len(items) > 100 })),
		handles("an alias is refused", "rentman", "schema.typo-types", func(_ *fake, _ *http.Request, body []byte) int {
			if parsed(body)["itemType"] == "Reapair" {
				return http.StatusUnprocessableEntity
			}
			return 0
		}),
		handles("M21 a new type is refused", "rentman", "schema.unknown-type", func(_ *fake, _ *http.Request, body []byte) int {
			if t, _ := parsed(body)["itemType"].(string); strings.HasPrefix(t, "Whk") {
				return http.StatusUnprocessableEntity
			}
			return 0
		}),
		handles("an unknown field is refused", "rentman", "schema.extra-field", func(_ *fake, _ *http.Request, body []byte) int {
			if _, ok := parsed(body)["whk_test"]; ok {
				return http.StatusUnprocessableEntity
			}
			return 0
		}, "http.large"),
		handles("a long text crashes", "rentman", "schema.long-strings", func(_ *fake, _ *http.Request, body []byte) int {
			if len(body) > 60_000 {
				return http.StatusInternalServerError
			}
			return 0
		}, "http.large"),
		handles("a text for a list crashes", "rentman", "schema.types-off", crashIf(func(e map[string]any) bool {
			_, list := e["items"].([]any)
			return e["items"] != nil && !list
		})),
		handles("one type is refused", "rentman", "accept.each-type", func(_ *fake, _ *http.Request, body []byte) int {
			if parsed(body)["itemType"] == "Vehicle" {
				return http.StatusNotFound
			}
			return 0
		}),
		rentman("repeats count again", "idem.duplicate", func(f *fake) { f.unseen = func(*fake, []byte) bool { return true } }, "idem.*"),
		rentman("repeats are refused", "idem.duplicate", func(f *fake) {
			f.handle = func(f *fake, r *http.Request, body []byte) int {
				if !once(f, body) {
					return http.StatusBadRequest
				}
				return 0
			}
			f.unseen = func(*fake, []byte) bool { return true }
		}, "idem.*", "accept.*"),
		rentman("looking and remembering are two steps", "idem.concurrent", racy),
		rentman("M25 a second change is a repeat", "idem.window", func(f *fake) {
			f.unseen = func(f *fake, body []byte) bool {
				items, _ := json.Marshal(parsed(body)["items"])
				return once(f, items)
			}
		}, "order.shuffle"),
		rentman("an aborted delivery is lost", "idem.after-error", func(f *fake) {
			f.handle = func(f *fake, r *http.Request, body []byte) int {
				select { // work, during which the sender may hang up
				case <-r.Context().Done():
					_ = once(f, append([]byte(r.URL.RawQuery), body...))
				case <-time.After(25 * time.Millisecond):
				}
				return 0
			}
		}),
		{name: "the older change wins", provider: "rentman", found: "order.reversed", also: []string{"idem.*", "order.shuffle"}, build: func(f *fake) {
			f.check, f.methods = rentmanCheck, post
			f.handle = func(f *fake, _ *http.Request, body []byte) int {
				f.mu.Lock()
				defer f.mu.Unlock()
				f.state, _ = parsed(body)["eventDate"].(string)
				return 0
			}
		}, options: func(o *contract.Options) { o.Probe = &contract.Probe{Path: "state"}; o.Only = []string{"order.*"} }},
		rentman("M23 slow work before the answer", "perf.budget", func(f *fake) {
			f.handle = func(*fake, *http.Request, []byte) int { time.Sleep(60 * time.Millisecond); return 0 }
		}),
		rentman("too few workers", "perf.concurrent", func(f *fake) {
			var busy atomic.Int32
			f.handle = func(*fake, *http.Request, []byte) int {
				defer busy.Add(-1)
				if busy.Add(1) > 12 {
					return http.StatusServiceUnavailable
				}
				time.Sleep(5 * time.Millisecond)
				return 0
			}
		}),
		rentman("every method is taken", "http.get", func(f *fake) { f.methods = nil }),
		rentman("HEAD crashes", "http.head", func(f *fake) { f.before = answering(http.MethodHead, http.StatusInternalServerError) }),
		rentman("OPTIONS crashes", "http.options", func(f *fake) { f.before = answering(http.MethodOptions, http.StatusInternalServerError) }),
		rentman("the URL is another", "http.no-redirect", func(f *fake) {
			f.before = func(w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, "/hook/", http.StatusTemporaryRedirect)
				return true
			}
		}, "accept.valid"),
		rentman("a length is demanded", "http.chunked", func(f *fake) {
			f.before = func(w http.ResponseWriter, r *http.Request) bool {
				if r.ContentLength < 0 {
					w.WriteHeader(http.StatusLengthRequired)
				}
				return r.ContentLength < 0
			}
		}),
		rentman("HTTP/1.0 is refused", "http.http10", func(f *fake) {
			f.before = func(w http.ResponseWriter, r *http.Request) bool {
				if r.ProtoMinor == 0 {
					w.WriteHeader(http.StatusHTTPVersionNotSupported)
				}
				return r.ProtoMinor == 0
			}
		}),
		rentman("Expect is refused", "http.expect-100", func(f *fake) {
			f.before = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Header.Get("Expect") != "" {
					w.WriteHeader(http.StatusExpectationFailed)
				}
				return r.Header.Get("Expect") != ""
			}
		}),
		rentman("the body is read once", "http.slow-body", func(f *fake) {
			f.read = func(_ http.ResponseWriter, r *http.Request) ([]byte, bool) {
				body := make([]byte, 5<<20)
				n, _ := r.Body.Read(body)
				if r.ContentLength > 1<<15 { // a larger one comes in pieces on any line
					more, _ := io.ReadFull(r.Body, body[n:r.ContentLength])
					n += more
				}
				return body[:n], true
			}
		}, "http.chunked", "http.large", "http.expect-100", "idem.concurrent", "perf.concurrent", "schema.many-items"),
		rentman("100 KB are too many", "http.large", func(f *fake) {
			f.read = func(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
				body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 100<<10))
				if err != nil {
					w.WriteHeader(http.StatusInternalServerError)
				}
				return body, err == nil
			}
		}),
		rentman("a packed body crashes", "http.gzip", func(f *fake) {
			f.before = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Header.Get("Content-Encoding") != "" {
					w.WriteHeader(http.StatusInternalServerError)
				}
				return r.Header.Get("Content-Encoding") != ""
			}
		}),
		rentman("a query is another route", "accept.query", func(f *fake) {
			f.before = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.RawQuery != "" {
					w.WriteHeader(http.StatusNotFound)
				}
				return r.URL.RawQuery != ""
			}
		}),
		rentman("the charset is too much", "accept.charset", func(f *fake) { f.before = contentType(http.StatusUnsupportedMediaType, "; charset") }),
		rentman("no content type crashes", "accept.no-content-type", func(f *fake) {
			f.before = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Header.Get("Content-Type") == "" && r.Method == http.MethodPost {
					w.WriteHeader(http.StatusInternalServerError)
					return true
				}
				return false
			}
		}),
		rentman("an unknown agent is refused", "accept.user-agent", func(f *fake) {
			f.before = func(w http.ResponseWriter, r *http.Request) bool {
				if strings.HasPrefix(r.UserAgent(), "unheard-of") {
					w.WriteHeader(http.StatusForbidden)
					return true
				}
				return false
			}
		}),
		rentman("a proxy's header is refused", "accept.extra-header", func(f *fake) {
			f.before = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Header.Get("Via") != "" {
					w.WriteHeader(http.StatusBadRequest)
				}
				return r.Header.Get("Via") != ""
			}
		}),
		rentman("a trace in the answer", "fail.5xx-body", func(f *fake) {
			f.refuse = func(w http.ResponseWriter, status int) {
				http.Error(w, "Traceback (most recent call last):\n  File \"/srv/app.py\"", status)
			}
		}),
		rentman("M27 the expected signature in the answer", "fail.5xx-body", func(f *fake) {
			f.check = func(f *fake, r *http.Request, body []byte) int {
				status := rentmanCheck(f, r, body)
				if status != 0 {
					f.mu.Lock()
					f.state = hex.EncodeToString(mac(sha512.New, f.secret, string(body)))
					f.mu.Unlock()
				}
				return status
			}
			f.refuse = func(w http.ResponseWriter, status int) { http.Error(w, "expected "+f.state, status) }
		}, "fail.verbose-reason"),
		rentman("no is said in words", "fail.status-in-body", func(f *fake) {
			f.refuse = func(w http.ResponseWriter, _ int) { fmt.Fprint(w, `{"ok":false,"message":"invalid signature"}`) }
		}),
		rentman("a form's token is demanded", "fail.csrf", func(f *fake) {
			f.before = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodPost {
					w.WriteHeader(419)
					fmt.Fprint(w, "<title>Page Expired</title>")
				}
				return r.Method == http.MethodPost
			}
		}, "accept.valid"),
		rentman("every page may send", "cors.none", func(f *fake) {
			f.before = func(w http.ResponseWriter, r *http.Request) bool {
				w.Header().Set("Access-Control-Allow-Origin", "*")
				w.Header().Set("Access-Control-Allow-Credentials", "true")
				return false
			}
		}),
		rentman("no is a server error", "sig.wrong-key", func(f *fake) {
			f.refuse = func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusInternalServerError) }
		}, append(refusing(), "accept.sig-upper-hex")...),

		stripes("an old stamp is fine", "replay.old", stripe{}, "replay.future"),
		{name: "a stamp ahead is fine", provider: "standardwebhooks", found: "replay.future", build: func(f *fake) {
			f.methods = post
			f.check = func(f *fake, r *http.Request, body []byte) int { return standard(r, body, keyOf(f.secret), -time.Hour) }
		}},
		stripes("the stamp is not signed", "replay.ts-swapped", stripe{tolerance: 5 * time.Minute, anyStamp: true}),
		stripes("a stamp of no form crashes", "replay.ts-format", stripe{tolerance: 5 * time.Minute, crash: true}, "sig.missing", "sig.empty", "sig.wrong-header", "sig.other-provider", "sig.key-as-value", "http.method-override", "body.not-json", "fail.verbose-reason"),
		stripes("only the first signature counts", "accept.rotation", stripe{tolerance: 5 * time.Minute, firstOnly: true}),
		{name: "a repeat is told by its signature", provider: "stripe", found: "idem.duplicate", build: func(f *fake) {
			f.check, f.methods = careful.check, post
			f.handle = func(f *fake, r *http.Request, _ []byte) int {
				if once(f, []byte(r.Header.Get("Stripe-Signature"))) {
					f.mu.Lock()
					f.count++
					f.mu.Unlock()
				}
				return 0
			}
			f.unseen = func(*fake, []byte) bool { return false }
		}},
		{name: "custom fields are taken for granted", provider: "stripe", found: "schema.other-properties", also: []string{"raw.empty-object", "schema.types-off"}, build: func(f *fake) {
			f.check, f.methods = careful.check, post
			f.handle = crashIf(func(e map[string]any) bool {
				data, _ := e["data"].(map[string]any)
				object, _ := data["object"].(map[string]any)
				_, ok := object["metadata"].(map[string]any)
				return object != nil && !ok
			})
		}},

		{name: "a key without case", provider: "ploomes", found: "key.case", build: func(f *fake) {
			f.methods = post
			f.check = func(f *fake, r *http.Request, _ []byte) int {
				if !strings.EqualFold(r.Header.Get("X-Ploomes-Validation-Key"), f.secret) {
					return http.StatusUnauthorized
				}
				return 0
			}
		}},
		{name: "a part of the key is enough", provider: "ploomes", found: "key.prefix", also: []string{"sig.empty", "sig.missing", "sig.wrong-header", "sig.other-provider", "key.*", "http.method-override", "body.not-json"}, build: func(f *fake) {
			f.methods = post
			f.check = func(f *fake, r *http.Request, _ []byte) int {
				if !strings.HasPrefix(f.secret, r.Header.Get("X-Ploomes-Validation-Key")) {
					return http.StatusUnauthorized
				}
				return 0
			}
		}},
		{name: "M12 the key may stand in the URL", provider: "ploomes", found: "key.in-query", build: func(f *fake) {
			f.methods = post
			f.check = func(f *fake, r *http.Request, body []byte) int {
				if r.URL.Query().Get("key") == f.secret {
					return 0
				}
				return ploomesCheck(f, r, body)
			}
		}},
		{name: "the key may stand in the body", provider: "ploomes", found: "key.in-body", build: func(f *fake) {
			f.methods = post
			f.check = func(f *fake, r *http.Request, body []byte) int {
				if parsed(body)["key"] == f.secret {
					return 0
				}
				return ploomesCheck(f, r, body)
			}
		}},
		handles("M17 no new values crash", "ploomes", "schema.old-null", crashIf(func(e map[string]any) bool { _, there := e["New"]; return there && e["New"] == nil }), "accept.*", "order.*", "schema.types-off"),
		handles("a won deal is refused", "ploomes", "schema.actions", func(_ *fake, _ *http.Request, body []byte) int {
			if parsed(body)["Action"] == "Win" {
				return http.StatusNotFound
			}
			return 0
		}, "accept.*", "schema.old-null"),

		handles("an asset without id crashes", "cmmshere", "schema.asset-null", crashIf(func(e map[string]any) bool {
			data, _ := e["data"].(map[string]any)
			for _, part := range data {
				if m, ok := part.(map[string]any); ok {
					if id, there := m["id"]; there && id == nil {
						return true
					}
				}
			}
			return false
		}), "accept.*"),
		handles("another zone crashes", "cmmshere", "schema.micros", crashIf(func(e map[string]any) bool {
			created, there := e["created"].(string)
			return there && !strings.HasSuffix(created, "Z")
		})),
		{name: "any path will do", provider: "cmmshere", found: "none.path-guess", build: func(f *fake) { f.methods = post }, options: func(o *contract.Options) { o.Target += "/token" }},
		handles("a comma crashes", "ubiqo", "schema.gps", crashIf(func(e map[string]any) bool { _, text := e["lat"].(string); return text }), "schema.types-off"),
		handles("another entity crashes", "cassaincloud", "schema.pos", func(_ *fake, r *http.Request, body []byte) int {
			if strings.HasPrefix(r.Header.Get("X-Cn-Operation"), "TAX/") && parsed(body)["rate"] == nil {
				return http.StatusInternalServerError
			}
			return 0
		}),
		{name: "the text is the key", provider: "standardwebhooks", found: "accept.b64-key-forms", also: []string{"accept.valid"}, build: func(f *fake) {
			f.methods = post
			f.check = func(f *fake, r *http.Request, body []byte) int {
				return standard(r, body, f.secret, -5*time.Minute)
			}
		}},
		{name: "an id that comes again is refused", provider: "standardwebhooks", found: "replay.same-id", also: []string{"idem.*"}, build: func(f *fake) {
			f.methods = post
			f.check = func(f *fake, r *http.Request, body []byte) int {
				if status := standard(r, body, keyOf(f.secret), -5*time.Minute); status != 0 {
					return status
				}
				if !once(f, []byte(r.Header.Get("Webhook-Id"))) {
					return http.StatusBadRequest
				}
				return 0
			}
		}},
		{name: "consent without an origin", provider: "cloudevents", found: "http.options-ce", build: func(f *fake) {
			f.methods = post
			f.before = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodOptions {
					w.Header().Set("WebHook-Allowed-Rate", "*")
					w.WriteHeader(http.StatusOK)
				}
				return r.Method == http.MethodOptions
			}
		}},
	}
}

// racy looks and then remembers, with a little work in between.
func racy(f *fake) {
	f.unseen = func(f *fake, body []byte) bool {
		f.mu.Lock()
		if f.seen == nil {
			f.seen = map[string]time.Time{}
		}
		_, known := f.seen[string(body)]
		f.mu.Unlock()
		time.Sleep(time.Millisecond)
		f.mu.Lock()
		f.seen[string(body)] = time.Now()
		f.mu.Unlock()
		return !known
	}
}

func answering(method string, status int) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == method {
			w.WriteHeader(status)
		}
		return r.Method == method
	}
}

func contentType(status int, part string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.Header.Get("Content-Type"), part) {
			w.WriteHeader(status)
			return true
		}
		return false
	}
}

// standard judges what Standard Webhooks sends; youngest is how far ahead of the clock a
// stamp may be, as a negative age.
func standard(r *http.Request, body []byte, key string, youngest time.Duration) int {
	stamp := r.Header.Get("Webhook-Timestamp")
	want := "v1," + base64.StdEncoding.EncodeToString(mac(weak("sha256"), key, r.Header.Get("Webhook-Id"), ".", stamp, ".", string(body)))
	at, err := time.ParseDuration(stamp + "s")
	if age := time.Since(time.Unix(0, 0)) - at; err != nil || age > 5*time.Minute || age < youngest {
		return http.StatusUnauthorized
	}
	if !slices.Contains(strings.Split(r.Header.Get("Webhook-Signature"), " "), want) {
		return http.StatusUnauthorized
	}
	return 0
}

// Every fault is found by the check that is made for it, and no check cries without one.
func TestFaults(t *testing.T) {
	matrix := make([]string, len(faults()))
	t.Run("matrix", func(t *testing.T) {
		for i, f := range faults() {
			if raced && i%4 != 0 {
				continue
			}
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				p := lookup(t, f.provider)
				h := &fake{}
				if secrets := secretsOf(p); len(secrets) > 0 {
					h.secret = secrets[0].Reveal()
				}
				f.build(h)
				report := test(t, p, h, func(o *contract.Options) {
					o.Mode, o.Sender.Timeout = contract.Full, 700*time.Millisecond
					o.Probe = &contract.Probe{Path: "count"}
					o.Budget = 5 * time.Second
					if f.found == "perf.budget" {
						o.Budget = 50 * time.Millisecond
					}
					if f.found == "http.slow-body" || f.found == "http.expect-100" {
						o.Sleep = func(_ context.Context, d time.Duration) { time.Sleep(min(d, 50*time.Millisecond)) }
					}
					if f.options != nil {
						f.options(o)
					}
				})
				var fired []string
				for _, r := range report.Results {
					if r.Status != contract.Failed {
						continue
					}
					fired = append(fired, r.ID)
					if r.ID != f.found && !slices.ContainsFunc(f.also, func(glob string) bool { ok, _ := path.Match(glob, r.ID); return ok }) {
						t.Errorf("%s fired, too: %s", r.ID, findings(r))
					}
				}
				if !slices.Contains(fired, f.found) {
					for _, r := range report.Results {
						if r.ID == f.found {
							t.Errorf("%s did not fire: %s %s", f.found, r.Status, findings(r))
						}
					}
					t.Errorf("%s did not fire; %v did", f.found, fired)
				}
				matrix[i] = fmt.Sprintf("%-44s %-13s %-22s also %v", f.name, f.provider, f.found, slices.DeleteFunc(fired, func(id string) bool { return id == f.found }))
			})
		}
	})
	t.Logf("%d faults:\n%s", len(matrix), strings.Join(matrix, "\n"))
}
