package zoo

// fault is one thing done wrong, by the name that the endpoint knows it under.
type fault struct {
	name string
	// found is the check that is made for it; also are others that cannot but notice.
	found string
	also  []string
	flags []string
	// full asks for more than the mode of the check, where what it looks at comes of others.
	full bool
}

// faults are those of each endpoint. M-numbers are those of faults that were seen in
// endpoints in use.
func faults() map[string][]fault {
	return map[string][]fault{
		"express/rentman": {
			{name: "M1 no header is fine", found: "sig.missing", also: []string{"sig.empty"}},
			{name: "M2 a secret that is not set is empty", found: "secret.unset"},
			{name: "M8 the check is not awaited", found: "sig.wrong-key", also: []string{"sig.*", "body.*"}},
			{name: "M8 no header, no answer", found: "sig.missing", also: []string{"sig.empty"}, flags: []string{"--request-timeout", "1s"}},
			{name: "M5 the header names the hash", found: "sig.downgrade"},
			{name: "timingSafeEqual without a look at the lengths", found: "sig.truncated", also: []string{"sig.missing", "sig.empty", "sig.downgrade", "sig.unknown-alg", "sig.no-separator"}},
			{name: "Buffer.from ends at what is no hex", found: "sig.extended"},
			{name: "M11 the right shape is enough", found: "sig.wrong-key", also: []string{"sig.*", "body.*"}},
			{name: "the header is found by its spelling", found: "accept.header-case"},
			{name: "M15 express.json, then JSON.stringify", found: "raw.pretty", also: []string{"accept.valid", "body.space-added", "raw.*"}},
			{name: "M15 express.text", found: "raw.non-utf8"},
			{name: "express.raw of application/json alone", found: "accept.no-content-type", also: []string{"body.empty"}},
			{name: "a body is always there", found: "body.empty"},
			{name: "express.json, whose errors are shown", found: "fail.5xx-body", full: true},
			{name: "what is signed is JSON", found: "body.empty"},
			{name: "M18 deleted items have no ref", found: "schema.delete-ints", also: []string{"accept.valid"}},
			{name: "M19 nobody is the user", found: "schema.null-user", also: []string{"accept.valid"}},
			{name: "M20 there is a first item", found: "schema.many-items", also: []string{"schema.types-off"}},
			{name: "M21 what is not known is refused", found: "schema.unknown-type"},
			{name: "M23 the work comes before the answer", found: "perf.budget", flags: []string{"--budget", "250ms"}},
			{name: "every delivery is new", found: "idem.duplicate"},
			{name: "a repeat is refused", found: "idem.duplicate"},
			{name: "looking and remembering are two queries", found: "idem.concurrent"},
			{name: "M25 once in thirty seconds", found: "idem.window"},
			{name: "no is said with 200", found: "fail.status-in-body"},
			{name: "app.use takes every method", found: "http.get"},
			{name: "every page may send, with cookies", found: "cors.none"},
		},
		"php/rentman": {
			{name: "M1 no header is fine", found: "sig.missing"},
			{name: "M2 getenv is false, which is empty", found: "secret.unset"},
			{name: "M3 the result is not looked at", found: "body.tampered", also: []string{"sig.*", "body.*"}},
			{name: "M5 the header names the hash", found: "sig.downgrade"},
			{name: "M6 the header names a hash that is none", found: "sig.unknown-alg", also: []string{"sig.empty", "sig.downgrade", "sig.no-separator"}},
			{name: "explode without a look at what it gives", found: "sig.no-separator", also: []string{"sig.missing", "sig.empty", "sig.unknown-alg"}},
			{name: "the name in getallheaders", found: "accept.header-case"},
			{name: "M10 $_SERVER[DIGEST]", found: "accept.valid"},
			{name: "M14 the key is hashed first", found: "accept.valid"},
			{name: "$_POST", found: "accept.valid"},
			{name: "M15 json_encode of json_decode", found: "raw.pretty", also: []string{"accept.valid", "body.space-added", "raw.*"}},
			{name: "trim", found: "body.space-added"},
			{name: "strncmp", found: "sig.one-bit", also: []string{"sig.truncated"}},
			{name: "base64 is as good as hex", found: "sig.encoding"},
			{name: "errors are displayed", found: "fail.5xx-body", also: []string{"fail.status-in-body", "sig.missing", "sig.empty", "sig.unknown-alg", "sig.no-separator"}},
			{name: "M18 an item is an array", found: "schema.delete-ints", also: []string{"accept.valid"}},
			{name: "M19 the user is an array", found: "schema.null-user", also: []string{"accept.valid"}},
			{name: "die with a text", found: "fail.status-in-body"},
			{name: "every method is taken", found: "http.get"},
			{name: "every delivery is new", found: "idem.duplicate"},
			{name: "SELECT, then INSERT", found: "idem.concurrent"},
		},
		"flask/cassaincloud": {
			{name: "M1 no header is fine", found: "sig.missing"},
			{name: "M2 a secret that is not set is a default", found: "secret.unset"},
			{name: "M3 the error is swallowed", found: "body.tampered", also: []string{"sig.*", "body.*"}},
			{name: "M13 SHA-256 instead of SHA-1", found: "accept.valid"},
			{name: "compare_digest of texts", found: "sig.non-ascii"},
			{name: "bytes.fromhex of the header", found: "sig.encoding", also: []string{"sig.extended", "sig.non-ascii", "sig.duplicate-header"}},
			{name: "zip compares the shorter", found: "sig.truncated"},
			{name: "the signature is searched for", found: "sig.extended"},
			{name: "M9 get_json before it is verified", found: "body.not-json", also: []string{"raw.empty-object"}},
			{name: "M15 json.dumps of get_json", found: "raw.pretty", also: []string{"accept.valid", "body.space-added", "raw.*"}},
			{name: "M15 get_data(as_text=True)", found: "raw.non-utf8"},
			{name: "debug=True", found: "fail.5xx-body", also: []string{"sig.missing", "sig.empty"}},
			{name: "M27 what was expected is told", found: "fail.5xx-body"},
			{name: "a route that ends in a slash", found: "http.no-redirect", also: []string{"accept.valid"}},
			{name: "CSRFProtect", found: "fail.csrf", also: []string{"accept.valid"}},
			{name: "M21 another entity is a KeyError", found: "schema.unknown-type", also: []string{"accept.valid"}},
			{name: "every delivery is new", found: "idem.duplicate"},
			{name: "SELECT, then INSERT", found: "idem.concurrent"},
			{name: "M25 the id of the thing is the delivery's", found: "idem.window"},
		},
		"flask/slack": {
			{name: "M1 no header is fine", found: "sig.missing", also: []string{"sig.empty"}},
			{name: "M3 only the time stamp is looked at", found: "sig.wrong-key", also: []string{"sig.*", "body.*", "replay.ts-swapped"}},
			{name: "the time stamp is not looked at", found: "replay.old"},
			{name: "the time stamp is not signed", found: "replay.ts-swapped"},
			{name: "a time stamp is a number", found: "replay.ts-format", also: []string{"body.not-json"}},
			{name: "request.form before get_data", found: "accept.valid"},
			{name: "every delivery is new", found: "idem.duplicate"},
			{name: "the retry is told by its signature", found: "idem.duplicate"},
		},
		"go/ploomes": {
			{name: "M1 no header is fine", found: "sig.missing", also: []string{"sig.empty"}},
			{name: "M4 nothing is verified", found: "sig.missing", also: []string{"sig.*", "key.*"}},
			{name: "M10 another header is read, too", found: "sig.wrong-header"},
			{name: "M12 the key may stand in the URL", found: "key.in-query"},
			{name: "M2 nothing is as good as a key that is not set", found: "secret.unset"},
			{name: "a prefix of the key is enough", found: "key.prefix", also: []string{"sig.missing", "sig.empty"}},
			{name: "EqualFold", found: "key.case"},
			{name: "M17 deletions have no New", found: "schema.old-null", also: []string{"accept.valid"}},
			{name: "DisallowUnknownFields", found: "schema.extra-field"},
			{name: "a field of another type is an error of ours", found: "schema.types-off", also: []string{"body.not-json", "body.empty", "http.gzip"}},
			{name: "a won deal is not found", found: "schema.actions", also: []string{"accept.*", "schema.unknown-type", "schema.old-null"}},
			{name: "every delivery is new", found: "idem.duplicate"},
			{name: "looking and remembering are two locks", found: "idem.concurrent"},
		},
	}
}
